/** From the results of a PKCS#11 module to errors with codes. */
import type { ErrorCode } from '../../base/error-codes.ts'
import { CantosignError } from '../../base/errors.ts'
import { escapeText } from '../../base/text.ts'
import { CKR, resultOf } from './cryptoki.ts'

type Row = readonly [code: ErrorCode, what: string, hint: string]

const LOST: Row = [
  'token-removed',
  'has gone',
  'put the token back or start its service, and start again',
]
const PIN: Row = [
  'token-pin',
  'does not take the PIN',
  'it was given once and is not tried again: check it first, since a token locks itself after some wrong ones',
]
const USAGE: Row = [
  'token-key-usage',
  'does not let this key sign',
  'take a key whose attribute CKA_SIGN is true',
]
const ALGORITHM: Row = [
  'token-mechanism',
  'does not make signatures of this kind',
  'see what the token can do: pkcs11-tool --module FILE -M; EdDSA needs a recent firmware or module',
]

const ROWS: ReadonlyMap<number, Row> = new Map([
  [CKR.deviceRemoved, LOST],
  [CKR.tokenNotPresent, LOST],
  [CKR.tokenNotRecognized, LOST],
  [CKR.sessionClosed, LOST],
  [CKR.sessionHandleInvalid, LOST],
  [CKR.keyHandleInvalid, LOST],
  [CKR.objectHandleInvalid, LOST],
  [CKR.cryptokiNotInitialized, LOST],
  [CKR.pinIncorrect, PIN],
  [CKR.pinInvalid, PIN],
  [CKR.pinLenRange, PIN],
  [
    CKR.pinExpired,
    ['token-pin', 'says that the PIN has expired', 'set a new PIN with the tool of the vendor'],
  ],
  [
    CKR.pinLocked,
    ['token-pin-locked', 'is locked', 'have the PIN reset by the security officer of the token'],
  ],
  [CKR.keyFunctionNotPermitted, USAGE],
  [CKR.mechanismInvalid, ALGORITHM],
  [CKR.curveNotSupported, ALGORITHM],
  [CKR.domainParamsInvalid, ALGORITHM],
])

/**
 * The error for what a module gave; an error of another kind comes back as it is.
 * @param name of the token, escaped
 * @param doing what failed, e.g. `while signing`
 */
export function tokenFault(error: unknown, name: string, doing: string): unknown {
  const result = resultOf(error)
  if (result === undefined) return error
  const text = error instanceof Error ? (/CKR_[A-Z0-9_]+/.exec(error.message)?.[0] ?? '') : ''
  const shown = text === '' ? `result 0x${result.toString(16)}` : escapeText(text)
  const [code, what, hint] = ROWS.get(result) ?? [
    'token-failed',
    'failed',
    'see the manual of the token and the log of its module; nothing was signed',
  ]
  return new CantosignError(code, `${name} ${what} ${doing} (${shown})`, hint, {
    details: { result, name: text },
    cause: error,
  })
}

/** Runs calls of a module; what they throw becomes an error with a code. */
export function withFaults<Result>(name: string, doing: string, calls: () => Result): Result {
  try {
    return calls()
  } catch (error) {
    throw tokenFault(error, name, doing)
  }
}

/** True if the token or the session is gone, and may be there again. */
export function isLost(error: unknown): boolean {
  const result = resultOf(error)
  return result !== undefined && (ROWS.get(result) === LOST || result === CKR.userNotLoggedIn)
}
