/** A prepared Daml transaction of a package, with its signatures, for people and scripts. */
import { escapeText } from '../../src/base/text.ts'
import type { ReadPreparedTransaction } from '../../src/daml/prepared-transaction.ts'
import type { PreparedJudgement } from '../../src/explain/prepared-judgement.ts'
import type { PreparedReport } from '../../src/explain/prepared-report.ts'
import type { SignatureReport } from '../../src/explain/report.ts'
import { preparedJson } from './prepared-json.ts'
import { preparedLines } from './prepared.ts'
import { preparedAuthorizationJson, preparedStandingLines } from './prepared-verdict.ts'

export interface PreparedEntryView {
  readonly read: ReadPreparedTransaction
  readonly report: PreparedReport
  readonly judgement: PreparedJudgement
  readonly signatures: readonly { readonly party: string; readonly report: SignatureReport }[]
}

/** The members of `transaction inspect`, and who has signed (docs/json.md section 3). */
export function preparedEntryJson(view: PreparedEntryView): Readonly<Record<string, unknown>> {
  const { read, report, judgement, signatures } = view
  return {
    ...preparedJson(read, [report]),
    signatures: signatures.map(({ party, report: { signedBy, format, algorithm, status } }) => ({
      party,
      signedBy,
      format,
      algorithm,
      status,
    })),
    authorization: preparedAuthorizationJson(judgement),
  }
}

export function preparedEntryLines(
  { report, judgement, signatures }: PreparedEntryView,
  position: number,
  count: number,
): readonly string[] {
  return [
    '',
    `prepared transaction ${position} of ${count}`,
    ...preparedLines([report]),
    '',
    'signatures',
    ...(signatures.length === 0 ? ['  none'] : []),
    ...signatures.map(
      ({ party, report: { signedBy, status } }) =>
        `  ${status.padEnd(12)} ${escapeText(signedBy)} for ${escapeText(party)}`,
    ),
    '',
    'who has to sign',
    ...preparedStandingLines(judgement),
  ]
}
