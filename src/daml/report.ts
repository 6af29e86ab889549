/** Collecting findings about a prepared transaction. */
import type { Finding, FindingCode } from '../base/finding-codes.ts'

/** A finding before its place in the bytes is known. */
export interface Judged {
  readonly code: FindingCode
  /** Proto field names from PreparedTransaction on, `[i]` a list index. */
  readonly path: string
  readonly message: string
}

export type Report = (code: FindingCode, path: string, message: string) => void

/** More than this is not listed: hostile input costs bounded memory. */
const MAX_JUDGED = 1000

class Full extends Error {}

/** Runs the checks and gives what they report, at most `MAX_JUDGED` and one that says so. */
export function collect(...checks: readonly ((report: Report) => void)[]): readonly Judged[] {
  const found: Judged[] = []
  try {
    for (const check of checks) {
      check((code, path, message) => {
        if (found.length === MAX_JUDGED) throw new Full()
        found.push({ code, path, message })
      })
    }
  } catch (error) {
    if (!(error instanceof Full)) throw error
    found.push({
      code: 'too-many-findings',
      path: '',
      message: `more than ${MAX_JUDGED} defects; the rest is not listed`,
    })
  }
  return found
}

/** Puts the offset in bytes to a finding about meaning. */
export function placed(judged: Judged, offsetOf: (path: string) => number): Finding {
  return { ...judged, offset: judged.path === '' ? undefined : offsetOf(judged.path) }
}
