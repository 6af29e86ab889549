/** What the serial does to a verdict (docs/protocol/authorization.md section 9). */
import type { SerialFit } from './previous.ts'
import { reason } from './question.ts'
import type { AuthorizationResult } from './result.ts'
import type { StateOptions, StateRecord } from './state.ts'

/** The state that the serial was held against. */
export interface SerialContext {
  /** The record before the transaction, if there is one. */
  readonly last: Pick<StateRecord, 'hash'> | undefined
  readonly completeness: StateOptions['completeness']
}

/**
 * The verdict with the serial taken into account: nodes refuse one that is used, and one that
 * leaves a gap after an earlier record. Where the state is partial, a used serial leaves it open
 * which of the two the network took, and what a gap lacks may exist.
 */
export function withSerial(
  result: AuthorizationResult,
  fit: SerialFit,
  { last, completeness }: SerialContext,
): AuthorizationResult {
  const complete = completeness === 'complete'
  const misfit = fit === 'used' || (fit === 'gap' && last !== undefined && complete)
  if (!misfit || result.status === 'unauthorized') return result
  const code = fit === 'used' ? 'serial-used' : 'serial-gap'
  return {
    ...result,
    status: complete ? 'unauthorized' : 'unknown',
    reasons: [...result.reasons.filter((one) => one.code !== code), reason(code)],
  }
}
