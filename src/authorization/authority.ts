/** Whether signers authorize a namespace (docs/protocol/authorization.md sections 4, 5 and 7). */
import type { Fingerprint, Namespace } from '../ident/fingerprint.ts'
import type { TransactionFacts } from './facts.ts'
import type { MissingNamespace, OpenOwner } from './result.ts'
import type { NamespaceKnowledge, TopologyState } from './state.ts'

/** The signers of one transaction as the decision sees them. */
export interface ClaimedSigners {
  /** All, whatever their signatures are worth. */
  readonly all: ReadonlySet<string>
  /** Those whose signatures verify. */
  readonly valid: ReadonlySet<string>
}

/** Delegated authority over one normal namespace. */
interface NormalAuthority {
  readonly namespace: Namespace
  readonly knowledge: NamespaceKnowledge
  /** Claimed signers that may sign for it, valid or not. */
  readonly used: readonly Fingerprint[]
  /** A valid signer may sign for it. */
  readonly authorized: boolean
}

export interface NamespaceAuthority extends NormalAuthority {
  readonly decentralized:
    { readonly threshold: number; readonly owners: readonly NormalAuthority[] } | undefined
  /** The party's own key, where it may stand for the party without a delegation. */
  readonly selfKey: Fingerprint | undefined
}

function normalAuthority(
  namespace: Namespace,
  code: number,
  signers: ClaimedSigners,
  state: TopologyState,
): NormalAuthority {
  const used = state.graph(namespace)?.authorizing(signers.all, code) ?? []
  return {
    namespace,
    knowledge: state.knowledge(namespace),
    used,
    authorized: used.some((key) => signers.valid.has(key)),
  }
}

/**
 * The key with which a party stands for its own namespace. Only the party's: a listed key that
 * happens to be a host's root does not stand for the host.
 */
function selfKeyOf(
  namespace: Namespace,
  { mapping }: TransactionFacts,
  state: TopologyState,
): Fingerprint | undefined {
  if (mapping.$case !== 'partyToParticipant' || mapping.namespace !== namespace) return undefined
  if (mapping.selfKey !== 'usable' || state.isSelfAuthorizationBlocked(namespace)) return undefined
  const keys = [...(mapping.signingKeys?.keys.values() ?? [])]
  return keys.find((key) => (key as string) === namespace)
}

/** How far the signers authorize a namespace for the mapping of a transaction. */
export function authorityOver(
  namespace: Namespace,
  transaction: TransactionFacts,
  signers: ClaimedSigners,
  state: TopologyState,
): NamespaceAuthority {
  const { code } = transaction.mapping
  const definition = state.definition(namespace)
  const selfKey = selfKeyOf(namespace, transaction, state)
  if (definition !== undefined) {
    const { threshold } = definition
    const owners = definition.owners.map((owner) => normalAuthority(owner, code, signers, state))
    return {
      namespace,
      knowledge: 'decentralized',
      used: [...new Set(owners.flatMap(({ used }) => used))],
      authorized: owners.filter(({ authorized }) => authorized).length >= threshold,
      decentralized: { threshold, owners },
      selfKey: undefined,
    }
  }
  const normal = normalAuthority(namespace, code, signers, state)
  if (selfKey === undefined || !signers.all.has(selfKey)) {
    return { ...normal, decentralized: undefined, selfKey }
  }
  return {
    ...normal,
    used: [...new Set([...normal.used, selfKey])],
    authorized: normal.authorized || signers.valid.has(selfKey),
    decentralized: undefined,
    selfKey,
  }
}

/**
 * Whether a namespace that is not authorized could be, if the state lacks delegations: to signers
 * that count for nothing as far as it shows, or the root certificate of a signer.
 * @param unattributed valid or unverifiable signers that count for nothing
 */
export function couldBeAuthorized(
  authority: NamespaceAuthority,
  unattributed: ReadonlySet<string>,
  signers: ReadonlySet<string>,
  state: TopologyState,
): boolean {
  const open = (one: NormalAuthority): boolean =>
    one.authorized ||
    (one.knowledge !== 'ended' &&
      ([...unattributed].some((key) => !state.isRevoked(one.namespace, key)) ||
        (one.knowledge === 'absent' && signers.has(one.namespace))))
  const { decentralized } = authority
  if (authority.authorized) return true
  return decentralized === undefined
    ? open(authority)
    : decentralized.owners.filter(open).length >= decentralized.threshold
}

function withSelfKey(
  candidates: readonly Fingerprint[],
  selfKey: Fingerprint | undefined,
): readonly Fingerprint[] {
  return selfKey === undefined ? candidates : [...new Set([...candidates, selfKey])].sort()
}

/** What a namespace that is not authorized still lacks. */
export function missingNamespace(
  authority: NamespaceAuthority,
  code: number,
  state: TopologyState,
): MissingNamespace {
  const { namespace, decentralized, knowledge, selfKey } = authority
  if (decentralized === undefined) {
    const unknown = knowledge === 'absent' && state.completeness === 'partial'
    return {
      namespace,
      kind: unknown ? 'unknown' : 'normal',
      need: 1,
      of: 1,
      candidates: withSelfKey(state.candidates(namespace, code), selfKey),
      openOwners: [],
    }
  }
  const { owners, threshold } = decentralized
  const openOwners = owners
    .filter(({ authorized }) => !authorized)
    .map((owner): OpenOwner => {
      return { namespace: owner.namespace, candidates: state.candidates(owner.namespace, code) }
    })
  return {
    namespace,
    kind: 'decentralized',
    need: threshold - (owners.length - openOwners.length),
    of: threshold,
    candidates: [...new Set(openOwners.flatMap(({ candidates }) => candidates))].sort(),
    openOwners,
  }
}
