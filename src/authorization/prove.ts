/**
 * State believed as far as its own signatures prove it (docs/protocol/authorization.md section 11).
 *
 * Whoever hands over a file may have forged, reordered, aged or left out any of it. What is used is
 * what the signatures inside prove from the roots on:
 *
 * - A **root certificate** is proved by the root key's signature, since the namespace is that key's
 *   fingerprint. A **delegation** is proved by a signature of a key that the root reaches.
 * - A **definition** of a decentralized namespace is proved from serial 1 on, where the namespace is
 *   the hash of the owners and all of them have signed, and then step by step: who may change it is
 *   who it belonged to before. A later definition alone, however many signatures it has, proves
 *   nothing: its owners may have been put out in between.
 * - Any **other mapping** is proved by the calculator against the record before it or, where that is
 *   missing, by signatures of everybody whom a first transaction with this content would need: no
 *   change of the same content asks for more.
 *
 * Every record is judged with the delegations and definitions that are in force *after* all of
 * them, so that a key that was revoked proves nothing, not even about the past: when it signed
 * cannot be seen. And what grants authority gives way to doubt: a removal, a later definition or a
 * contradiction that was signed by a key ever entitled to it takes the earlier record out of use,
 * even where it is not proved itself. Answers that would need it are then `unknown`.
 *
 * What no file can prove (that nothing newer exists, that the network took it) is named by each
 * answer as an assumption.
 */
import { toHex } from '../base/bytes.ts'
import { Entitlement } from './entitlement.ts'
import { Sorting, type ProvedState, type SignedFacts, type StateEvidence } from './evidence.ts'
import { readTransactionFacts } from './facts.ts'
import { proveChain } from './prove-chain.ts'
import { proveDelegations } from './prove-delegations.ts'
import { TopologyState, type Store } from './state.ts'

/** One entry a transaction, with the valid signers of all copies: signatures stand by themselves. */
function collect(evidence: Iterable<StateEvidence>, sorting: Sorting): readonly SignedFacts[] {
  const byHash = new Map<string, SignedFacts & { readonly signers: Set<string> }>()
  for (const { transaction, signers } of evidence) {
    const reading = readTransactionFacts(transaction)
    if (!reading.ok || reading.facts.uniqueKey === undefined) {
      sorting.putAside(toHex(transaction.hash), 'unreadable')
      continue
    }
    const { hash, uniqueKey } = reading.facts
    const known = byHash.get(hash) ?? { ...reading.facts, uniqueKey, signers: new Set<string>() }
    for (const signer of signers.valid) known.signers.add(signer)
    byHash.set(hash, known)
  }
  const records = [...byHash.values()]
  for (const { hash, signers } of records) {
    if (signers.size === 0) sorting.putAside(hash, 'unsigned')
  }
  // The order of the file says nothing and decides nothing.
  return records
    .filter(({ signers }) => signers.size > 0)
    .sort((a, b) => a.serial - b.serial || (a.hash < b.hash ? -1 : 1))
}

function groups(records: readonly SignedFacts[]): Iterable<readonly SignedFacts[]> {
  const byKey = new Map<string, SignedFacts[]>()
  for (const record of records) {
    const group = byKey.get(record.uniqueKey)
    if (group === undefined) byKey.set(record.uniqueKey, [record])
    else group.push(record)
  }
  return byKey.values()
}

/**
 * Builds a partial state from signed transactions in any order.
 * @param evidence with every signature verified; what has no valid one is put aside
 * @param store decides whether a synchronizer's owner has a say in removals
 */
export function proveState(evidence: Iterable<StateEvidence>, store: Store): ProvedState {
  const sorting = new Sorting(new TopologyState({ completeness: 'partial', store }))
  const records = collect(evidence, sorting)
  const entitlement = new Entitlement(records, sorting.state.synchronizerNamespace, store)
  const of = ($case: SignedFacts['mapping']['$case']): readonly SignedFacts[] =>
    records.filter(({ mapping }) => mapping.$case === $case)
  proveDelegations(groups(of('namespaceDelegation')), sorting, entitlement)
  for (const chain of groups(of('decentralizedNamespaceDefinition'))) {
    proveChain(chain, sorting, entitlement)
  }
  const others = records.filter(
    ({ mapping: { $case } }) =>
      $case !== 'namespaceDelegation' && $case !== 'decentralizedNamespaceDefinition',
  )
  for (const chain of groups(others)) proveChain(chain, sorting, entitlement)
  return sorting.result()
}
