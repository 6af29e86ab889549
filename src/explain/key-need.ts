/** Which transactions ask for a key (rule S5: no signature that nothing asks for). */
import { toHex } from '../base/bytes.ts'
import type { Fingerprint } from '../ident/fingerprint.ts'
import { needOf, type Need } from '../topology/need.ts'
import { judgeTransactions, type JudgementEntry, type StateReading } from './judgement.ts'

/** Transactions, and the state that decides who may sign them. */
export interface Judged {
  readonly entries: readonly JudgementEntry[]
  readonly state: StateReading
}

/** One transaction that a key may be asked for. */
export interface KeyNeed {
  readonly index: number
  readonly need: Need | 'signed'
}

const hashOf = (entry: JudgementEntry | undefined): string =>
  entry === undefined ? '' : toHex(entry.transaction.hash)

/**
 * What the key is for each transaction: asked for, not asked for, or not to be told.
 * @param indices the transactions in question
 */
export function needsOf(
  request: Judged,
  indices: readonly number[],
  key: Fingerprint,
): readonly KeyNeed[] {
  const { entries, state } = request
  const alone = entries.map(({ transaction }): Need => {
    const mapping = transaction.value?.mapping?.mapping
    return mapping === undefined ? 'unneeded' : needOf(mapping, key)
  })
  // A second signer spoils a root delegation, also for those that come after it in the package.
  const hashes = new Set(
    indices.flatMap((i) => (alone[i] === 'unneeded' ? [] : [hashOf(entries[i])])),
  )
  const judged = judgeTransactions(entries, state, { key, hashes })
  return indices.map((index): KeyNeed => {
    const entry = entries[index]
    const hasSigned = entry?.signatures.some(
      ({ signature, status }) => status === 'valid' && signature.wire.signedBy === key,
    )
    if (hasSigned === true) return { index, need: 'signed' }
    const own = alone[index] ?? 'unneeded'
    const { authorization } = judged[index] ?? {}
    if (own === 'unneeded' || authorization === undefined) return { index, need: 'unneeded' }
    if (authorization.signed.includes(key)) return { index, need: 'needed' }
    return { index, need: authorization.status === 'unknown' ? own : 'unneeded' }
  })
}
