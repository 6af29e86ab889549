/**
 * Verdicts limited to namespaces that somebody vouches for. A namespace proves by itself that a key
 * acts for it, and nothing about who holds that key: whoever verifies may say which ones are known.
 */
import { namespacesOf } from '../topology/keys.ts'
import type { KnownMapping } from '../topology/mapping.ts'
import type { ReadTransaction } from '../topology/transaction.ts'
import { reason } from './question.ts'
import type { AuthorizationResult } from './result.ts'
import type { TopologyState } from './state.ts'

const REMOVE = 2

/**
 * True for a namespace that is named, and for a decentralized one all of whose owners are: by the
 * definition in force or, for a first one, by the mapping itself.
 */
function isTrusted(
  namespace: string,
  trusted: ReadonlySet<string>,
  mapping: KnownMapping,
  state: TopologyState,
): boolean {
  if (trusted.has(namespace)) return true
  const first =
    mapping.$case === 'decentralizedNamespaceDefinition' &&
    mapping.value.decentralizedNamespace === namespace
      ? mapping.value.owners
      : []
  const owners = state.definition(namespace)?.owners ?? first
  return owners.length > 0 && owners.every((one) => trusted.has(one))
}

/** The namespaces that a verdict rests on; those a trusted definition admits are its own matter. */
function groundsOf(
  mapping: KnownMapping,
  operation: number,
  trusted: ReadonlySet<string>,
  state: TopologyState,
): readonly string[] {
  const synchronizer = operation === REMOVE ? state.synchronizerNamespace : undefined
  const also = synchronizer === undefined ? [] : [synchronizer]
  if (
    mapping.$case === 'decentralizedNamespaceDefinition' &&
    trusted.has(mapping.value.decentralizedNamespace)
  ) {
    return [mapping.value.decentralizedNamespace, ...also]
  }
  return [...namespacesOf(mapping), ...also]
}

/**
 * A verdict that rests on a namespace nobody vouches for becomes `unknown`; `unauthorized` stays.
 * @param trusted namespaces, of root keys or decentralized
 * @param state the one that the verdict was made in
 */
export function withTrust(
  result: AuthorizationResult,
  transaction: ReadTransaction,
  trusted: ReadonlySet<string>,
  state: TopologyState,
): AuthorizationResult {
  const { value } = transaction
  const mapping = value?.mapping?.mapping
  if (value === undefined || mapping === undefined || result.status === 'unauthorized') {
    return result
  }
  const strangers = groundsOf(mapping, value.operation, trusted, state).filter(
    (namespace) => !isTrusted(namespace, trusted, mapping, state),
  )
  if (strangers.length === 0) return result
  const subjects = [...new Set(strangers)].sort()
  return {
    ...result,
    status: 'unknown',
    reasons: [...result.reasons, reason('namespace-not-trusted', subjects)],
  }
}

/** One verdict of several about transactions that are submitted one after the other. */
export interface OrderedVerdict {
  readonly authorization: AuthorizationResult
  readonly transaction: ReadTransaction
}

/**
 * The same for a batch: a decentralized namespace that an earlier transaction of it defines rests
 * on its owners too.
 */
export function withTrustInOrder(
  verdicts: readonly OrderedVerdict[],
  trusted: ReadonlySet<string>,
  state: TopologyState,
): readonly AuthorizationResult[] {
  const known = new Set(trusted)
  return verdicts.map(({ authorization, transaction }) => {
    const limited = withTrust(authorization, transaction, known, state)
    const mapping = transaction.value?.mapping?.mapping
    const stands = limited.status === 'authorized' || limited.status === 'incomplete'
    if (mapping?.$case === 'decentralizedNamespaceDefinition' && stands) {
      known.add(mapping.value.decentralizedNamespace)
    }
    return limited
  })
}
