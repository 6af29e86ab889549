import type { ErrorCode } from './error-codes.ts'

/** JSON-safe facts that go with an error. Never key bytes, passphrases or PINs. */
export type ErrorDetails = Readonly<Record<string, unknown>>

/**
 * The one error of this project: a stable code, one sentence on what is wrong and where, one on
 * what to do. Everything else that is thrown is a fault of the program itself.
 */
export class CantosignError extends Error {
  readonly code: ErrorCode
  readonly hint: string
  readonly details: ErrorDetails

  constructor(
    code: ErrorCode,
    message: string,
    hint: string,
    options: { readonly details?: ErrorDetails; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'CantosignError'
    this.code = code
    this.hint = hint
    this.details = options.details ?? {}
  }
}

/** For the end of a switch over a union: compiles only while every member is handled. */
export function unreachable(value: never): never {
  throw new Error(`unhandled case ${String(value)}`)
}
