/** Errors as scripts and people get them (docs/errors.md). */
import type { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'

export function errorJson(error: CantosignError): Readonly<Record<string, unknown>> {
  const { code, message, hint, details } = error
  return { code, message, hint, details }
}

export function errorLines(program: string, error: CantosignError): string {
  return (
    `${program}: error: ${escapeText(error.message)} [${error.code}]\n` +
    `${program}: hint: ${escapeText(error.hint)}\n`
  )
}

/** An error that a command has printed itself already: only the exit status is left to set. */
export class ReportedError extends Error {
  readonly reported: CantosignError

  constructor(reported: CantosignError) {
    super(reported.message)
    this.reported = reported
  }
}
