/** The time that a signer outside this process has for an answer. */
import { CantosignError } from '../base/errors.ts'

/** A person may have to touch a device or confirm at the signer. */
export const DEFAULT_TIMEOUT_MILLISECONDS = 60_000

export function timeoutFault(name: string, milliseconds: number): CantosignError {
  return new CantosignError(
    'signer-timeout',
    `${name} gave no answer within ${milliseconds / 1000} s`,
    'nothing was signed: see what the signer waits for, or give it more time with --timeout',
    { details: { seconds: milliseconds / 1000 } },
  )
}
