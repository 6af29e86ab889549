/** What the operating system says of a call that failed. */

/** `ENOENT` and the like; empty if the error has no code. */
export function systemErrorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
