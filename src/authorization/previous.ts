/** The record that a transaction follows, and whether its serial fits. */
import type { TransactionFacts } from './facts.ts'
import type { StateRecord, TopologyState } from './state.ts'

/**
 * - `first`: nothing before it, serial 1;
 * - `next`: one above the record before it;
 * - `repeated`: the same transaction again, with late signatures at most;
 * - `used`: another transaction has this serial or a later one;
 * - `gap`: the record before it is missing.
 */
export type SerialFit = 'first' | 'next' | 'repeated' | 'used' | 'gap'

/**
 * How a serial fits the state (docs/protocol/authorization.md section 9). Without an earlier record
 * only 1 fits, as this tool builds it; nodes take any.
 */
export function serialFit(
  transaction: Pick<TransactionFacts, 'hash' | 'serial'>,
  last: StateRecord | undefined,
): SerialFit {
  if (last === undefined) return transaction.serial === 1 ? 'first' : 'gap'
  if (last.hash === transaction.hash) return 'repeated'
  if (transaction.serial === last.serial + 1) return 'next'
  return transaction.serial <= last.serial ? 'used' : 'gap'
}

/** What a transaction is judged against. */
export interface PreviousReading {
  readonly last: StateRecord | undefined
  readonly fit: SerialFit
  /** False where the state is partial and lacks the record that the transaction follows. */
  readonly known: boolean
}

export function previousOf(transaction: TransactionFacts, state: TopologyState): PreviousReading {
  const { uniqueKey } = transaction
  const last = uniqueKey === undefined ? undefined : state.last(uniqueKey)
  const fit = uniqueKey === undefined ? 'first' : serialFit(transaction, last)
  const known = state.completeness === 'complete' || (fit !== 'used' && fit !== 'gap')
  return { last, fit, known }
}
