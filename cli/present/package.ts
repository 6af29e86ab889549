/** A signing package as a person reads it. Everything that comes from the file is escaped. */
import { toHex } from '../../src/base/bytes.ts'
import { ASIDE_REASONS } from '../../src/authorization/evidence.ts'
import type { Danger } from '../../src/explain/dangers.ts'
import type { JudgementEntry, StateReading } from '../../src/explain/judgement.ts'
import type { SeenJudgement } from '../../src/explain/standing.ts'
import type { TransactionReport } from '../../src/explain/report.ts'
import type { CombinedSigning, PackageVerdicts, SigningPackage } from '../../src/package/model.ts'
import type { VerifiedSignature } from '../../src/topology/signed-transaction.ts'
import { authorizationLines } from './authorization.ts'
import { preparedEntryLines, type PreparedEntryView } from './prepared-entry.ts'
import { changeLines, packageTextLines } from './signing.ts'
import { counted } from './text.ts'
import { dangerLines, transactionLines } from './transaction.ts'

/** One transaction with all that is known of it. */
export interface ShownEntry {
  readonly entry: JudgementEntry
  readonly report: TransactionReport
  readonly judgement: SeenJudgement
  readonly dangers: readonly Danger[]
}

function entryLines(shown: ShownEntry, position: number, count: number): readonly string[] {
  const { report, judgement, dangers } = shown
  return [
    '',
    `transaction ${position} of ${count}`,
    ...transactionLines(report),
    ...changeLines(shown),
    '',
    'who has to sign',
    ...authorizationLines(judgement.authorization, '  '),
    ...(dangers.length === 0 ? [] : ['', 'before signing', ...dangerLines(dangers)]),
  ]
}

function combinedLines(
  { hash, transactions, elsewhere }: CombinedSigning,
  signatures: readonly VerifiedSignature[],
): readonly string[] {
  const others =
    elsewhere.length === 0 ? '' : ` and ${counted(elsewhere.length, 'transaction')} elsewhere`
  return [
    `  ${toHex(hash)}`,
    `    covers ${counted(transactions.length, 'transaction')} of this package${others}`,
    ...signatures.map(
      ({ signature, status }) => `    ${status.padEnd(12)} ${signature.wire.signedBy}`,
    ),
  ]
}

/** What state came with it, and what of it its own signatures prove. */
function stateLines({ proved, transactions, damaged }: StateReading): readonly string[] {
  if (transactions.size === 0) {
    return ['', 'state: none; what is in force is not known from this file']
  }
  return [
    '',
    `state: ${counted(transactions.size, 'transaction')}, of which ${proved.proved.size} proved by their signatures`,
    ...proved.aside.map(({ hash, reason }) => `  not used ${hash}: ${ASIDE_REASONS[reason]}`),
    ...damaged.map((hash) => `  DAMAGED ${hash}: a signature on it does not verify`),
  ]
}

export function packageLines(
  content: SigningPackage,
  shown: readonly ShownEntry[],
  together: readonly Danger[],
  prepared: readonly PreparedEntryView[],
  state: StateReading,
  verdicts: PackageVerdicts,
): readonly string[] {
  return [
    ...packageTextLines(content),
    ...shown.flatMap((one, i) => entryLines(one, i + 1, shown.length)),
    ...(content.combined.length === 0
      ? []
      : [
          '',
          'signatures over several transactions',
          ...content.combined.flatMap((one, i) => combinedLines(one, verdicts.combined[i] ?? [])),
        ]),
    ...(together.length === 0 ? [] : ['', 'all together', ...dangerLines(together)]),
    ...prepared.flatMap((one, i) => preparedEntryLines(one, i + 1, prepared.length)),
    ...stateLines(state),
  ]
}
