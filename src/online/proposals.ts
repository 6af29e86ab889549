/** Proposals: transactions that a store holds and that still lack signatures. */
import { readTransactionFacts } from '../authorization/facts.ts'
import type { Alternative, Missing } from '../authorization/result.ts'
import { toHex } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import { judgeTransactions, type StateReading } from '../explain/judgement.ts'
import type { Judgement } from '../explain/standing.ts'
import { subjectOf } from '../package/summary.ts'
import type { MappingCase } from '../topology/mapping.ts'
import { verifySignatures, type ReadSignedTransaction } from '../topology/signed-transaction.ts'
import type { AdminApi } from './admin.ts'
import { fetchState, type FetchedState } from './judged-state.ts'
import type { ChosenStore } from './store.ts'
import { listTopology } from './topology-query.ts'

/** Which proposals are meant. */
export interface ProposalFilter {
  /** The namespaces that the mappings belong to, not those of hosts or owners in them. */
  readonly namespaces: readonly string[]
  readonly parties: readonly string[]
  readonly mappings: readonly MappingCase[]
  /** Hashes in 68 hex characters; empty: all that fit the rest. */
  readonly hashes: readonly string[]
}

export interface Proposal {
  readonly hash: string
  readonly signed: ReadSignedTransaction
}

const namespaceOfParty = (party: string): string => party.slice(party.lastIndexOf('::') + 2)

const PARTY_MAPPINGS: readonly MappingCase[] = ['partyToParticipant', 'partyToKeyMapping']

function fits(filter: ProposalFilter, { transaction }: ReadSignedTransaction): boolean {
  const mapping = transaction.value?.mapping?.mapping
  if (mapping === undefined) return false
  const hash = toHex(transaction.hash)
  if (filter.hashes.length > 0 && !filter.hashes.includes(hash)) return false
  if (filter.mappings.length > 0 && !filter.mappings.includes(mapping.$case)) return false
  if (filter.parties.length > 0) {
    const subject = subjectOf(mapping)
    if (!PARTY_MAPPINGS.includes(mapping.$case)) return false
    if (subject === null || !filter.parties.includes(subject)) return false
  }
  if (filter.namespaces.length === 0) return true
  const reading = readTransactionFacts(transaction)
  return reading.ok && filter.namespaces.includes(reading.facts.mapping.namespace)
}

/**
 * Lists proposals, by a call for each namespace that the filter names.
 * @returns each transaction once, in the order of the store
 * @throws CantosignError `response-too-large` naming the filters, and as `listTopology`
 */
export async function listProposals(
  admin: AdminApi,
  store: ChosenStore,
  filter: ProposalFilter,
): Promise<readonly Proposal[]> {
  const asked = new Set([...filter.namespaces, ...filter.parties.map(namespaceOfParty)])
  const query = {
    store: store.id,
    proposals: true,
    time: 'head',
    mappings:
      filter.mappings.length === 0 && filter.parties.length > 0 ? PARTY_MAPPINGS : filter.mappings,
  } as const
  const found = new Map<string, Proposal>()
  for (const namespace of asked.size === 0 ? [undefined] : asked) {
    for (const { signed } of await listTopology(admin, { ...query, namespace })) {
      const hash = toHex(signed.transaction.hash)
      // Of several records of one transaction the last has the most signatures.
      if (fits(filter, signed)) found.set(hash, { hash, signed })
    }
  }
  const absent = filter.hashes.find((hash) => !found.has(hash))
  if (absent !== undefined) {
    throw new CantosignError(
      'proposal-missing',
      `store ${store.name} has no proposal ${absent}`,
      'see what is pending with: proposals; what is complete is no proposal any more: watch PACKAGE shows it',
      { details: { hash: absent } },
    )
  }
  return [...found.values()]
}

export interface JudgedProposal extends Proposal {
  readonly judgement: Judgement
}

/** Judges each proposal by itself: they do not come as one batch. */
function judgeProposals(
  proposals: readonly Proposal[],
  state: StateReading,
): readonly JudgedProposal[] {
  return proposals.flatMap(({ hash, signed }) => {
    const signatures = verifySignatures(signed, state.resolve)
    const [judgement] = judgeTransactions([{ transaction: signed.transaction, signatures }], state)
    return judgement === undefined ? [] : [{ hash, signed, judgement }]
  })
}

/** Proposals with the state that judges them. */
export async function judgedProposals(
  admin: AdminApi,
  store: ChosenStore,
  filter: ProposalFilter,
): Promise<{ readonly proposals: readonly JudgedProposal[]; readonly state: FetchedState }> {
  const listed = await listProposals(admin, store, filter)
  const state = await fetchState(
    admin,
    store,
    listed.map(({ signed }) => signed.transaction),
  )
  return { proposals: judgeProposals(listed, state.reading), state }
}

function* neededOf({ namespaces, keys }: Alternative): Generator<string> {
  for (const { namespace, candidates, openOwners } of namespaces) {
    yield namespace
    yield* candidates
    for (const owner of openOwners) {
      yield owner.namespace
      yield* owner.candidates
    }
  }
  yield* keys
}

/** Which of these fingerprints, of keys or namespaces, a transaction still waits for. */
export function neededFrom(missing: Missing, own: ReadonlySet<string>): readonly string[] {
  const needed = new Set([
    ...neededOf(missing),
    ...missing.anyOf.flatMap((choice) => choice.flatMap((one) => [...neededOf(one)])),
  ])
  return [...own].filter((one) => needed.has(one)).sort()
}
