/** Which keys a node signs a transaction with (docs/protocol/nodes.md section 5). */
import type { TransactionFacts } from '../../authorization/facts.ts'
import { firstRequirement, referencedBy, requirementOf } from '../../authorization/requirement.ts'
import type { TopologyState } from '../../authorization/state.ts'
import { mappingRow } from '../../topology/mapping.ts'
import { CantonError } from './canton-error.ts'
import type { KeyVault } from './key-vault.ts'
import type { StoreView } from './stored.ts'

const DELEGATION_CODE = mappingRow('namespaceDelegation').code

/** How many delegations lead from the root to each key of a namespace. */
function depths(store: StoreView, namespace: string): ReadonlyMap<string, number> {
  const edges: { readonly from: ReadonlySet<string>; readonly to: string }[] = []
  for (const { facts, signatures } of store.activeOf(DELEGATION_CODE)) {
    const { mapping } = facts
    if (mapping.$case !== 'namespaceDelegation' || mapping.namespace !== namespace) continue
    edges.push({
      from: new Set(signatures.map(({ wire }) => wire.signedBy)),
      to: mapping.target,
    })
  }
  const found = new Map([[namespace, 0]])
  // A map that grows while it is walked: each key is met once, nearest first.
  for (const [key, depth] of found) {
    for (const { from, to } of edges) {
      if (from.has(key) && !found.has(to)) found.set(to, depth + 1)
    }
  }
  return found
}

/** Keys that may stand for a namespace; for a decentralized one those of each owner apart. */
function candidateGroups(
  namespace: string,
  facts: TransactionFacts,
  state: TopologyState,
): readonly { readonly namespace: string; readonly keys: readonly string[] }[] {
  const { mapping } = facts
  const owners = state.definition(namespace)?.owners
  if (owners !== undefined) {
    return owners.map((owner) => ({
      namespace: owner,
      keys: state.candidates(owner, mapping.code),
    }))
  }
  const own: string[] = [...state.candidates(namespace, mapping.code)]
  // A root certificate is signed by its own root, whatever is there.
  if (mapping.$case === 'namespaceDelegation' && (mapping.target as string) === namespace) {
    own.push(namespace)
  }
  return [{ namespace, keys: own }]
}

/**
 * Every key that a node may sign with, and among them those that it chooses by itself: of each
 * namespace the one farthest from the root, then the greatest fingerprint, and listed keys.
 */
function choicesOf(
  facts: TransactionFacts & { readonly uniqueKey: string },
  store: StoreView,
  vault: KeyVault,
): { readonly allowed: ReadonlySet<string>; readonly chosen: readonly string[] } {
  const last = store.last(facts.uniqueKey)
  const required = requirementOf(facts, last?.facts, {
    mode: 'strict',
    synchronizer: store.state.synchronizerNamespace,
  })
  const { namespaces, keys } = referencedBy([
    ...(required ?? []),
    ...firstRequirement(facts.mapping),
  ])
  const allowed = new Set<string>()
  const chosen = new Set<string>()
  for (const one of namespaces) {
    for (const { namespace, keys: candidates } of candidateGroups(one, facts, store.state)) {
      for (const key of candidates) allowed.add(key)
      const own = candidates.filter((key) => vault.has(key))
      if (own.length === 0) continue
      const depth = depths(store, namespace)
      const [deepest] = own.toSorted(
        (a, b) => (depth.get(b) ?? 0) - (depth.get(a) ?? 0) || (a < b ? 1 : -1),
      )
      if (deepest !== undefined) chosen.add(deepest)
    }
  }
  if (facts.operation === 'replace') {
    for (const key of keys) {
      allowed.add(key)
      if (vault.has(key)) chosen.add(key)
    }
  }
  return { allowed, chosen: [...chosen] }
}

/**
 * @param signedBy fingerprints that the caller names; empty leaves the choice to the node
 * @param unvalidated keys that do not fit may be named
 * @throws CantonError
 */
export function chooseSigningKeys(
  facts: TransactionFacts & { readonly uniqueKey: string },
  store: StoreView,
  vault: KeyVault,
  signedBy: readonly string[],
  unvalidated: boolean,
): readonly string[] {
  const { allowed, chosen } = choicesOf(facts, store, vault)
  if (signedBy.length === 0) {
    if (chosen.length > 0) return chosen
    throw new CantonError(
      'TOPOLOGY_NO_APPROPRIATE_SIGNING_KEY_IN_STORE',
      'this node has no key that the transaction asks for',
    )
  }
  for (const key of new Set(signedBy)) {
    if (!unvalidated && !allowed.has(key)) {
      throw new CantonError(
        'TOPOLOGY_NO_APPROPRIATE_SIGNING_KEY_IN_STORE',
        `the key ${key} does not fit the transaction`,
      )
    }
    if (!vault.has(key)) {
      throw new CantonError('TOPOLOGY_SECRET_KEY_NOT_IN_STORE', `this node does not have ${key}`)
    }
  }
  return [...new Set(signedBy)]
}
