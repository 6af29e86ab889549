/** What a person reads before a signature: everything that it would authorize, and what endangers. */
import { ASIDE_REASONS, type AsideRecord } from '../../src/authorization/evidence.ts'
import { toHex } from '../../src/base/bytes.ts'
import type { Finding } from '../../src/base/finding-codes.ts'
import { escapeText } from '../../src/base/text.ts'
import type { Danger } from '../../src/explain/dangers.ts'
import { differenceOf } from '../../src/explain/difference.ts'
import type { JudgementEntry } from '../../src/explain/judgement.ts'
import { transactionReport } from '../../src/explain/report.ts'
import { spokenHash } from '../../src/explain/spoken.ts'
import type { Claim, Judgement, SeenJudgement } from '../../src/explain/standing.ts'
import type { SigningPackage } from '../../src/package/model.ts'
import { authorizationLines, missingJson } from './authorization.ts'
import { differenceLines } from './difference.ts'
import { counted, wrapText } from './text.ts'
import { dangerLines, transactionLines } from './transaction.ts'
import { spokenLines } from './words.ts'

export interface ShownTransaction {
  readonly entry: JudgementEntry & {
    readonly hash: string
    readonly proposal: boolean | undefined
    readonly findings: readonly Finding[]
  }
  /** Before the new signature. */
  readonly judgement: SeenJudgement
  readonly dangers: readonly Danger[]
  /** False if the combined signature covers it and is not put on it. */
  readonly carries: boolean
}

export interface SigningView {
  readonly path: string
  /** If it is a package: who asks, why, for which network. */
  readonly content: SigningPackage | undefined
  readonly chosen: readonly ShownTransaction[]
  /** Dangers of the transactions together. */
  readonly together: readonly Danger[]
  /** Hashes of transactions that this key does not sign. */
  readonly leftOut: readonly string[]
  /** Of the chosen ones, as they will be with the new signature. */
  readonly after: readonly Judgement[]
  readonly aside: readonly AsideRecord[]
  /** What is confirmed: of the one transaction, or the combined hash of the chosen ones; 34 bytes. */
  readonly hash: Uint8Array
  /** True if one signature over the combined hash is made. */
  readonly combined: boolean
  readonly key: string
}

function labelled(label: string, value: string | number | undefined): readonly string[] {
  return value === undefined ? [] : [`${label.padEnd(16)}${escapeText(String(value))}`]
}

/** Who asks and for what; nothing of it is checked, and it says so. */
export function packageTextLines({ network, text }: SigningPackage): readonly string[] {
  const lines = [
    ...labelled('requested by', text.requestedBy),
    ...labelled('reason', text.reason),
    ...labelled('valid until', text.validUntil),
    ...labelled('synchronizer', network.synchronizerId),
    ...labelled('protocol', network.protocolVersion),
  ]
  return lines.length === 0
    ? []
    : [
        'what the package says of itself (nothing checks it, no signature binds it)',
        ...lines.map((line) => `  ${line}`),
      ]
}

const CLAIMED: Readonly<Record<Claim['by'], string>> = {
  state:
    'the state holds it and does not prove it: it may be forged, or what proves it may be missing',
  removed: 'the state proves it, and after it a removal of something else, which nodes refuse',
  gap: 'the state proves it, and nothing that follows it: what comes later there may be of another network',
  batch:
    'a transaction of the package that does not follow what is proved, is not complete and not signed before this one, or comes too late: it may never take effect, or another in its place',
}

/** What changes against the transaction in force, field by field. */
export function changeLines({
  entry,
  judgement,
}: {
  readonly entry: JudgementEntry
  readonly judgement: SeenJudgement
}): readonly string[] {
  const { value } = entry.transaction
  if (value === undefined) return []
  const previous = judgement.previous?.value
  const [first, ...more] = judgement.claimed
  const against = previous ?? first?.transaction.value
  if (against === undefined) {
    return value.serial === 1
      ? []
      : ['', 'what changes', '  what is in force is not known here: the change cannot be shown']
  }
  const claims = previous === undefined ? more : judgement.claimed
  return [
    '',
    `what changes against serial ${against.serial}`,
    ...(previous === undefined && first !== undefined ? wrapText(CLAIMED[first.by], '  ') : []),
    ...differenceLines(differenceOf(against, value)),
    ...claims.flatMap(({ by, transaction }) =>
      wrapText(
        `also given, serial ${transaction.value?.serial ?? 0} (${toHex(transaction.hash)}): ${CLAIMED[by]}`,
        '  ',
      ),
    ),
  ]
}

const CONSEQUENCE =
  'whoever has the signatures can submit them, also much later, and the transaction takes effect: this key is not asked again'

/** What happens when the last signature that is needed is there. */
function consequenceLines({ authorization: { status, reasons } }: Judgement): readonly string[] {
  const lines = (condition: string): readonly string[] => [
    '  and then',
    ...wrapText(`${condition} ${CONSEQUENCE}`, '    '),
  ]
  if (status === 'authorized') return lines('nothing is missing:')
  if (status === 'unknown') return lines('if nothing else is missing,')
  // A node rejects what listed keys alone have signed, until somebody joins them.
  const waits =
    status === 'incomplete' || reasons.some(({ code }) => code === 'no-namespace-signature')
  return waits ? lines('once nothing is missing,') : []
}

function shownLines(shown: ShownTransaction, after: Judgement | undefined): readonly string[] {
  const { entry, judgement, dangers, carries } = shown
  const report = transactionReport(
    entry.transaction,
    entry.proposal === undefined
      ? undefined
      : { proposal: entry.proposal, signatures: entry.signatures, findings: entry.findings },
  )
  return [
    ...transactionLines(report),
    ...changeLines(shown),
    '',
    'who has to sign',
    ...authorizationLines(judgement.authorization, '  '),
    ...(carries
      ? []
      : [
          '',
          'not signed for',
          ...wrapText(
            'the combined signature covers this root delegation of another owner and is not put on it: a second signer would endanger the namespace. Whoever holds the signature could put it there.',
            '  ',
          ),
        ]),
    ...(after === undefined || !carries
      ? []
      : [
          '',
          'with this signature',
          ...authorizationLines(after.authorization, '  '),
          ...consequenceLines(after),
        ]),
    ...(dangers.length === 0 ? [] : ['', 'before signing', ...dangerLines(dangers)]),
  ]
}

/** How a transaction stands with all its signatures, for a script (docs/json.md section 5). */
export function standingJson({
  hash,
  authorization,
}: Judgement): Readonly<Record<string, unknown>> {
  const { status, missing } = authorization
  return { hash, status, missing: missingJson(missing) }
}

/** The same for a person. */
export function standingLines({ hash, authorization }: Judgement): readonly string[] {
  return [hash, ...authorizationLines(authorization, '  ')]
}

/** All lines, in the order in which they are to be read. */
export function beforeSigningLines(view: SigningView): readonly string[] {
  const { content, chosen, together, leftOut, aside, after, hash, combined } = view
  return [
    escapeText(view.path),
    ...(content === undefined ? [] : packageTextLines(content)),
    ...chosen.flatMap((shown, i) => [
      '',
      ...(chosen.length === 1 ? [] : [`transaction ${i + 1} of ${chosen.length}`]),
      ...shownLines(shown, after[i]),
    ]),
    ...(together.length === 0 ? [] : ['', 'all together', ...dangerLines(together)]),
    ...(aside.length === 0
      ? []
      : [
          '',
          `${counted(aside.length, 'state transaction')} not believed`,
          ...aside.map(({ hash, reason }) => `  ${hash}: ${ASIDE_REASONS[reason]}`),
        ]),
    ...(leftOut.length === 0
      ? []
      : [
          '',
          `${counted(leftOut.length, 'transaction')} of the package not signed by this key (not asked for, or signed already)`,
          ...leftOut.map((hash) => `  ${hash}`),
        ]),
    ...(chosen.length === 1 && !combined
      ? []
      : [
          '',
          combined ? 'one signature over the combined hash' : 'the combined hash of all of them',
          `  ${toHex(hash)}`,
          ...spokenLines(spokenHash(hash)).map((line) => `  ${line}`),
        ]),
    '',
    `with the key    ${view.key}`,
  ]
}
