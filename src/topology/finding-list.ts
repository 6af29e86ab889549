/** Findings about meaning as they are gathered: their number and the cost of placing them are bounded. */
import type { Finding, FindingCode } from '../base/finding-codes.ts'

/** Of one transaction, or of the signatures around it; beyond it one finding says that there are more. */
const MAX_MEANING_FINDINGS = 1000

/** Each offset costs a walk through the bytes: the first ones have it. */
const MAX_PLACED = 100

export class FindingList {
  readonly findings: Finding[] = []
  readonly #offsetOf: (path: string) => number

  /** @param offsetOf where the field of a path begins */
  constructor(offsetOf: (path: string) => number) {
    this.#offsetOf = offsetOf
  }

  /** @param place the path as the finding names it, if that is not the one in these bytes */
  add(code: FindingCode, path: string, message: string, place = path): void {
    const { length } = this.findings
    if (length > MAX_MEANING_FINDINGS) return
    if (length === MAX_MEANING_FINDINGS) {
      this.findings.push({
        code: 'too-many-findings',
        path: '',
        offset: undefined,
        message: `more than ${MAX_MEANING_FINDINGS} defects; the rest is not listed`,
      })
      return
    }
    const offset = length < MAX_PLACED ? this.#offsetOf(path) : undefined
    this.findings.push({ code, path: place, offset, message })
  }
}
