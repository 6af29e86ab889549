/** Whether a prepared transaction may be signed (docs/protocol/prepared-transactions.md section 4). */
import { severityOf, type Finding } from '../base/finding-codes.ts'
import { locateField } from '../wire/locate.ts'
import { checkAuthority } from './check-authority.ts'
import { checkContracts } from './check-contracts.ts'
import { checkScheme } from './check-scheme.ts'
import { checkExpectation, type ExpectedTransaction } from './expectation.ts'
import { checkEncodable, checkForm, isHashObstacle } from './form.ts'
import type { ReadPreparedTransaction } from './prepared-transaction.ts'
import { collect, placed } from './report.ts'
import type { HashingScheme } from './scheme.ts'

export interface Judgement {
  /** Any of these, and it is not signed; no flag lifts them. */
  readonly refusals: readonly Finding[]
  /** To be shown; they do not prevent a signature. */
  readonly warnings: readonly Finding[]
}

/**
 * Judges what was read. Contracts, authority and expectation are compared only once the form is
 * beyond doubt: over a doubtful form they would compare one reading of several.
 * @param expected what was asked for, if it is known
 */
export function judgePreparedTransaction(
  read: ReadPreparedTransaction,
  scheme: HashingScheme,
  expected: ExpectedTransaction = {},
): Judgement {
  const { value, bytes } = read
  const findings: Finding[] = [...read.findings]
  if (value !== undefined) {
    const offsetOf = (path: string): number =>
      locateField('PreparedTransaction', bytes, false, path)
    const form = collect((report) => {
      checkForm(value, report)
      checkEncodable(value, scheme, report)
    })
    const clear = ![...read.findings, ...form].some(({ code }) => isHashObstacle(code))
    const meaning = collect((report) => {
      checkScheme(value, scheme, report)
      if (!clear) return
      checkContracts(value, report)
      checkAuthority(value, report)
      checkExpectation(value, expected, report)
    })
    findings.push(...[...form, ...meaning].map((judged) => placed(judged, offsetOf)))
  }
  return {
    refusals: findings.filter(({ code }) => severityOf(code) !== 'allow'),
    warnings: findings.filter(({ code }) => severityOf(code) === 'allow'),
  }
}
