/** Transactions that are to be submitted one after the other, as a package has them. */
import { toHex } from '../base/bytes.ts'
import type { ReadTransaction } from '../topology/transaction.ts'
import { evaluate, unreadableResult } from './evaluate.ts'
import { readTransactionFacts, type TransactionFacts } from './facts.ts'
import { previousOf, type PreviousReading, type SerialFit } from './previous.ts'
import { reason } from './question.ts'
import type { AuthorizationResult, Signers } from './result.ts'
import type { TopologyState } from './state.ts'

export interface BatchEntry {
  readonly transaction: ReadTransaction
  readonly signers: Signers
}

export interface BatchResult {
  /** Hex of 68 characters. */
  readonly hash: string
  readonly authorization: AuthorizationResult
  readonly serial: SerialFit
  /**
   * What it is to later ones of the batch:
   * - `stands`: it is complete and follows what is in force;
   * - `waits`: it, or one before it, is not complete;
   * - `misfit`: it does not follow what comes before it, however well it is signed.
   */
  readonly place: 'stands' | 'waits' | 'misfit'
}

/**
 * Judges transactions in the order of their submission. Each sees the state and what earlier ones
 * of the batch put in force. Where an earlier one is not complete yet, the question is asked again
 * as if it were, to say who is missing for a party whose namespace is still being made: the answer
 * is then `incomplete` at best. That nobody has signed is `incomplete` here as well: a batch is
 * there to be signed.
 * @param state is left as it was
 */
export function evaluateBatch(
  entries: readonly BatchEntry[],
  state: TopologyState,
): readonly BatchResult[] {
  const firm = state.copy()
  const expected = state.copy()
  let waiting = false
  return entries.map(({ transaction, signers }): BatchResult => {
    const reading = readTransactionFacts(transaction)
    if (!reading.ok) {
      waiting = true
      const authorization = unreadableResult(reading, signers)
      return { hash: toHex(transaction.hash), authorization, serial: 'first', place: 'waits' }
    }
    const { facts } = reading
    const { hash } = facts
    const shown = evaluate(facts, signers, firm)
    const inForce = previousOf(facts, firm)
    const stands = shown.status === 'authorized' && !isMisfit(inForce)
    const before = stands || !waiting ? inForce : previousOf(facts, expected)
    const serial = before.fit
    const judged =
      waiting && shown.status !== 'authorized'
        ? asIfComplete(evaluate(facts, signers, expected))
        : shown
    const authorization = withoutBlame(judged)
    const place = stands ? 'stands' : isMisfit(before) ? 'misfit' : 'waits'
    // Another has its serial: whatever its signatures are worth, it does not take effect.
    if (serial === 'used') return { hash, authorization, serial, place }
    if (stands) firm.apply({ ...facts, signers: new Set(shown.signed) })
    else waiting = true
    expected.apply({ ...facts, signers: expectedSigners(facts, signers) })
    return { hash, authorization, serial, place }
  })
}

/**
 * True if it does not follow the record before it: it may be of another network, or have lost a
 * race. Where no record is known, nothing speaks against it.
 */
function isMisfit({ fit, last }: PreviousReading): boolean {
  return fit === 'used' || (fit === 'gap' && last !== undefined)
}

/** What is authorized only once something before it is, is not authorized yet. */
function asIfComplete(result: AuthorizationResult): AuthorizationResult {
  if (result.status !== 'authorized') return result
  return {
    ...result,
    status: 'incomplete',
    reasons: [...result.reasons, reason('waits-for-batch')],
  }
}

function withoutBlame(result: AuthorizationResult): AuthorizationResult {
  const unsigned =
    result.status === 'unauthorized' && result.reasons.some(({ code }) => code === 'no-signature')
  return unsigned ? { ...result, status: 'incomplete' } : result
}

/** A delegation has no edges until it is signed; the root is who can sign every one. */
function expectedSigners({ mapping }: TransactionFacts, signers: Signers): ReadonlySet<string> {
  return mapping.$case === 'namespaceDelegation'
    ? new Set([...signers.valid, mapping.namespace])
    : signers.valid
}
