/** State that a participant handed out, verified, with where and when it came from. */
import { toBase64, toHex } from '../base/bytes.ts'
import { readTransactionFacts } from '../authorization/facts.ts'
import { CantosignError } from '../base/errors.ts'
import { readState, storeOf, type StateReading } from '../explain/judgement.ts'
import type { StateContent } from '../package/entries.ts'
import type { PackageLimits } from '../package/model.ts'
import type { KeyResolver } from '../topology/signed-transaction.ts'
import type { SnapshotRecord } from '../topology/snapshot.ts'
import type { ReadTransaction } from '../topology/transaction.ts'
import type { AdminApi } from './admin.ts'
import { gatherState } from './gather.ts'
import { scopedState } from './state-export.ts'
import type { ChosenStore } from './store.ts'

/** For people: the store, the participant and the time of this machine. */
export interface StateOrigin {
  readonly from: string
  /** RFC 3339, UTC. */
  readonly at: string
}

export interface FetchedState {
  readonly records: readonly SnapshotRecord[]
  readonly reading: StateReading
  readonly origin: StateOrigin
}

export async function originOf(admin: AdminApi, store: ChosenStore): Promise<StateOrigin> {
  const id = await admin.participantId()
  return {
    from: `store ${store.name} of participant ${id ?? 'without id'} at ${admin.connection.address}`,
    at: new Date().toISOString(),
  }
}

export interface StateOptions {
  /** Keys from elsewhere. */
  readonly resolve?: KeyResolver
  /** Parties whose keys and hosts are needed as well: those that act in Daml transactions. */
  readonly parties?: readonly string[]
  readonly limits?: PackageLimits
}

/**
 * Gathers what the transactions need to be judged, and verifies it.
 * @throws CantosignError `state-invalid` if a signature in it does not verify
 */
export async function fetchState(
  admin: AdminApi,
  store: ChosenStore,
  transactions: readonly ReadTransaction[],
  { resolve, parties = [], limits }: StateOptions = {},
): Promise<FetchedState> {
  const gathered = await gatherState(admin, store, transactions, [], limits)
  const ofParties =
    parties.length === 0
      ? []
      : await scopedState(admin, store, { namespaces: [], parties, mappings: [] })
  const byBytes = new Map(
    [...gathered, ...ofParties].map((record) => [toBase64(record.signed.bytes), record]),
  )
  const records = [...byBytes.values()]
  const signed = records.map((record) => record.signed)
  const reading = readState(signed, storeOf(store.synchronizerId), resolve)
  const [damaged] = reading.damaged
  if (damaged !== undefined) {
    throw new CantosignError(
      'state-invalid',
      `the participant at ${admin.connection.address} gave a transaction as state whose signature does not verify: ${damaged}`,
      'do not trust this participant: take the state from another one that you trust',
      { details: { hashes: [...reading.damaged] } },
    )
  }
  return { records, reading, origin: await originOf(admin, store) }
}

/**
 * True if state proves that what came into force last for the mapping of a transaction is itself.
 * @param hash in place of its own: another transaction for the same mapping
 */
export function isProved(
  { proved }: StateReading,
  transaction: ReadTransaction,
  hash = toHex(transaction.hash),
): boolean {
  const reading = readTransactionFacts(transaction)
  const key = reading.ok ? reading.facts.uniqueKey : undefined
  return key !== undefined && proved.state.last(key)?.hash === hash
}

/** The records as a package holds them, each once. */
export function stateContent({ records, origin }: FetchedState): readonly StateContent[] {
  return records.map(({ signed }) => ({ bytes: signed.bytes, sources: [origin] }))
}
