/** The one transaction that is in force for what a filter names. */
import { CantosignError } from '../base/errors.ts'
import { escapeText } from '../base/text.ts'
import { readTransactionFacts } from '../authorization/facts.ts'
import { subjectOf } from '../package/summary.ts'
import { mappingRow } from '../topology/mapping.ts'
import { signersOf } from '../authorization/signers.ts'
import { verifySignatures, type ReadSignedTransaction } from '../topology/signed-transaction.ts'
import type { AdminApi } from './admin.ts'
import { hashOf, inForce } from './gather.ts'
import { fetchState, isProved, type StateOrigin } from './judged-state.ts'
import type { ProposalFilter } from './proposals.ts'
import type { ChosenStore } from './store.ts'
import { listTopology } from './topology-query.ts'

export interface InForce {
  readonly hash: string
  readonly serial: number
  readonly signed: ReadSignedTransaction
}

/** What is in force, held against the state that would have to prove it. */
export interface ProvedInForce extends InForce {
  /** False: the state of the store does not prove that its signers were entitled to it. */
  readonly proved: boolean
  readonly origin: StateOrigin
}

const REPLACE = 1

/**
 * Finds it by what the store says; nothing is verified.
 * @throws CantosignError `in-force-unclear` if none or several are meant
 */
export async function onlyInForce(
  admin: AdminApi,
  store: ChosenStore,
  filter: Omit<ProposalFilter, 'hashes'>,
): Promise<InForce> {
  const { namespaces, parties, mappings } = filter
  const ofParties = parties.map((party) => party.slice(party.lastIndexOf('::') + 2))
  const kinds = mappings.length === 0 && parties.length > 0 ? PARTY : mappings
  const records = []
  for (const namespace of new Set([...namespaces, ...ofParties])) {
    const query = { store: store.id, proposals: false, time: 'head', mappings: kinds } as const
    records.push(...(await listTopology(admin, { ...query, namespace })))
  }
  const fitting = [...inForce(records).values()].filter(({ signed }) => {
    const { value } = signed.transaction
    const mapping = value?.mapping?.mapping
    const reading = readTransactionFacts(signed.transaction)
    if (mapping === undefined || !reading.ok || value?.operation !== REPLACE) return false
    if (namespaces.length > 0 && !namespaces.includes(reading.facts.mapping.namespace)) return false
    return parties.length === 0 || parties.includes(subjectOf(mapping) ?? '')
  })
  const [only, second] = fitting
  if (only === undefined || second !== undefined) {
    const names = fitting.slice(0, 10).map(({ signed }) => {
      const mapping = signed.transaction.value?.mapping?.mapping
      if (mapping === undefined) return 'unknown'
      return `${mappingRow(mapping.$case).slug} ${escapeText(subjectOf(mapping) ?? '')}`
    })
    throw new CantosignError(
      'in-force-unclear',
      only === undefined
        ? `nothing in force in store ${store.name} fits`
        : `${fitting.length} transactions in force fit: ${names.join(', ')}`,
      'name one with --party or --namespace, and --mapping',
    )
  }
  const { serial = 0 } = only.signed.transaction.value ?? {}
  return { hash: hashOf(only), serial, signed: only.signed }
}

const PARTY = ['partyToParticipant'] as const

/**
 * As `onlyInForce`, and verified: what is built on it rests on it.
 * @throws CantosignError as `onlyInForce` and `fetchState`; `state-invalid` for one that nobody
 * signed
 */
export async function provedInForce(
  admin: AdminApi,
  store: ChosenStore,
  filter: Omit<ProposalFilter, 'hashes'>,
): Promise<ProvedInForce> {
  const found = await onlyInForce(admin, store, filter)
  const { transaction } = found.signed
  const { reading, origin } = await fetchState(admin, store, [transaction])
  const { valid, invalid } = signersOf(verifySignatures(found.signed, reading.resolve))
  if (invalid.size > 0 || valid.size === 0) {
    throw new CantosignError(
      'state-invalid',
      `the participant at ${admin.connection.address} calls ${found.hash} in force, and ${invalid.size > 0 ? 'a signature on it does not verify' : 'no signature on it can be verified'}`,
      'build nothing on it: take the state from another participant that you trust',
      { details: { hashes: [found.hash] } },
    )
  }
  return { ...found, proved: isProved(reading, transaction), origin }
}
