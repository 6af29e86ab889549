/**
 * How transactions stand in a store: in force, waiting for signatures, overtaken or not there
 * (docs/protocol/participant-apis.md section 4).
 */
import { CantosignError } from '../base/errors.ts'
import { toHex } from '../base/bytes.ts'
import { readTransactionFacts } from '../authorization/facts.ts'
import type { ReadSignedTransaction } from '../topology/signed-transaction.ts'
import type { ReadTransaction } from '../topology/transaction.ts'
import type { AdminApi } from './admin.ts'
import { mayPass } from './failure.ts'
import { hashOf, inForce } from './gather.ts'
import type { ChosenStore } from './store.ts'
import { listTopology } from './topology-query.ts'

export type Standing =
  /** It took effect, and nothing has replaced it. */
  | { readonly $case: 'effective'; readonly stored: ReadSignedTransaction }
  /** The store keeps it as a proposal. */
  | { readonly $case: 'pending'; readonly stored: ReadSignedTransaction }
  /** Its serial, or a later one, is taken by another transaction. */
  | { readonly $case: 'superseded'; readonly by: string; readonly serial: number }
  | { readonly $case: 'absent' }

/**
 * Looks transactions up, by filtered calls.
 * @returns one standing for each, in their order
 */
export async function standingOf(
  admin: AdminApi,
  store: ChosenStore,
  transactions: readonly ReadTransaction[],
): Promise<readonly Standing[]> {
  const wanted = transactions.map((transaction) => {
    const reading = readTransactionFacts(transaction)
    const mapping = transaction.value?.mapping?.mapping?.$case
    if (!reading.ok || mapping === undefined) {
      throw new CantosignError(
        'mapping-not-followed',
        `the transaction ${toHex(transaction.hash)} has a mapping that this tool cannot follow`,
        'see what it is with: inspect',
      )
    }
    return { facts: reading.facts, mapping }
  })
  const queries = new Map(
    wanted.map(({ facts: { mapping: facts }, mapping }) => [
      `${facts.namespace} ${mapping}`,
      { store: store.id, namespace: facts.namespace, mappings: [mapping] },
    ]),
  )
  const records = []
  const proposals = new Map<string, ReadSignedTransaction>()
  for (const query of queries.values()) {
    // Proposals first: one that becomes complete in between is found in force.
    const pending = await listTopology(admin, { ...query, proposals: true, time: 'head' })
    for (const record of pending) proposals.set(hashOf(record), record.signed)
    records.push(...(await listTopology(admin, { ...query, proposals: false, time: 'head' })))
  }
  const force = inForce(records)
  return wanted.map(({ facts }): Standing => {
    const last = force.get(facts.uniqueKey ?? '')
    if (last !== undefined && hashOf(last) === facts.hash) {
      return { $case: 'effective', stored: last.signed }
    }
    const serial = last?.signed.transaction.value?.serial ?? 0
    if (last !== undefined && serial >= facts.serial) {
      return { $case: 'superseded', by: hashOf(last), serial }
    }
    const stored = proposals.get(facts.hash)
    return stored === undefined ? { $case: 'absent' } : { $case: 'pending', stored }
  })
}

const FIRST_PAUSE_MILLIS = 500
const LONGEST_PAUSE_MILLIS = 5_000

export interface FollowOptions<T> {
  /** `Infinity`: until every transaction is settled. */
  readonly timeoutMillis: number
  /** What is made of standings; where it asks the participant, its failures are waited out as well. */
  readonly judge: (standings: readonly Standing[]) => Promise<T>
  /** Called for a failure that is waited out. */
  readonly onFailure?: (error: CantosignError) => void
}

/** True for what will not change by waiting. */
export function isSettled(standing: Standing): boolean {
  return standing.$case === 'effective' || standing.$case === 'superseded'
}

/**
 * Follows transactions until each is in force or overtaken, or the time is over.
 * @returns what was made of the standings whenever they were read; the last are those at the end
 * @throws CantosignError for failures that do not pass
 */
export async function* follow<T>(
  admin: AdminApi,
  store: ChosenStore,
  transactions: readonly ReadTransaction[],
  { timeoutMillis, judge, onFailure }: FollowOptions<T>,
): AsyncGenerator<T> {
  const end = performance.now() + timeoutMillis
  for (let pause = FIRST_PAUSE_MILLIS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MILLIS)) {
    let settled = false
    try {
      const standings = await standingOf(admin, store, transactions)
      yield await judge(standings)
      settled = standings.every(isSettled)
    } catch (error) {
      if (!mayPass(error) || performance.now() >= end) throw error
      onFailure?.(error)
    }
    const left = end - performance.now()
    if (settled || left <= 0) return
    await new Promise((resolve) => setTimeout(resolve, Math.min(pause, left)))
  }
}
