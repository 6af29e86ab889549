/** What `transaction verify` found, for people and scripts. */
import { escapeText } from '../../src/base/text.ts'
import type { PartyVerdict } from '../../src/explain/acting-keys.ts'
import type { PreparedJudgement } from '../../src/explain/prepared-judgement.ts'
import type { PreparedReport } from '../../src/explain/prepared-report.ts'
import { warningJson } from './json.ts'
import { counted, wrapText } from './text.ts'
import { schemeLines } from './prepared.ts'

export interface VerifiedPreparedSignature {
  /** The file that it came in. */
  readonly path: string
  /** `undefined` for bare bytes that no known key verifies. */
  readonly signedBy: string | undefined
  /** `undefined` for bare bytes, which name none. */
  readonly party: string | undefined
  readonly status: 'valid' | 'invalid' | 'unverifiable'
}

export interface PreparedVerdict {
  readonly report: PreparedReport
  readonly signatures: readonly VerifiedPreparedSignature[]
  /** One for each acting party; `undefined` if no state was given. */
  readonly parties: readonly PartyVerdict[] | undefined
  /** Valid signers that no acting party lists. */
  readonly superfluous: readonly string[]
}

const STATUSES = ['valid', 'invalid', 'unverifiable'] as const

function countOf(verdict: PreparedVerdict, status: (typeof STATUSES)[number]): number {
  return verdict.signatures.filter((one) => one.status === status).length
}

/** The members of `verify --json`, with a party to each entry of `authorization` (docs/json.md section 7). */
export function preparedVerdictJson(
  verdict: PreparedVerdict,
  ok: boolean,
): Readonly<Record<string, unknown>> {
  const { report, parties = [], superfluous } = verdict
  const hash = report.hashes?.hash ?? null
  return {
    transactions: 1,
    hashingScheme: report.scheme,
    hash,
    signatures: Object.fromEntries(STATUSES.map((status) => [status, countOf(verdict, status)])),
    authorization: preparedAuthorizationJson({ hash, parties }),
    superfluous,
    ok,
    refusals: report.refusals.map(warningJson),
    warnings: report.warnings.map(warningJson),
  }
}

/** One entry for each acting party, as `verify` lists them (docs/json.md section 4). */
export function preparedAuthorizationJson({
  hash,
  parties,
}: {
  readonly hash: string | null
  readonly parties: readonly PartyVerdict[]
}): readonly Readonly<Record<string, unknown>>[] {
  return parties.map(({ party, status, signed, missing }) => ({
    hash,
    party,
    status,
    signed,
    missing: missing === undefined ? [] : [{ party, ...missing }],
  }))
}

/** How a prepared transaction of a package stands, for a script (docs/json.md section 5). */
export function preparedStandingJson({
  hash,
  status,
  parties,
}: PreparedJudgement): Readonly<Record<string, unknown>> {
  return {
    hash,
    status,
    missing: parties.flatMap(({ party, missing }) =>
      missing === undefined ? [] : [{ party, ...missing }],
    ),
  }
}

/** The same for a person: each party that acts. */
export function preparedStandingLines({
  parties,
  superfluous,
}: PreparedJudgement): readonly string[] {
  return [
    ...parties.flatMap(partyLines),
    ...superfluous.map(
      ({ party, signedBy }) =>
        `  counts for nothing: ${escapeText(signedBy)} is no key of ${escapeText(party)}`,
    ),
  ]
}

function partyLines({ party, status, signed, missing }: PartyVerdict): readonly string[] {
  return [
    `  ${status}: ${escapeText(party)}`,
    ...signed.map((key) => `    signed by ${key}`),
    ...(missing === undefined
      ? []
      : [
          `    ${missing.need} more of the ${counted(missing.of, 'signature')} it needs, by any of`,
          ...missing.anyOf.map((key) => `      ${key}`),
        ]),
    ...(status === 'unknown' ? ['    the state does not prove which keys sign for it'] : []),
  ]
}

export function preparedVerdictLines(
  path: string,
  verdict: PreparedVerdict,
  ok: boolean,
): readonly string[] {
  const { report, signatures, parties, superfluous } = verdict
  return [
    `${escapeText(path)}: ${counted(signatures.length, 'signature')}`,
    ...wrapText(escapeText(report.statement.summary), ''),
    ...schemeLines(report),
    'signatures',
    ...signatures.map(
      ({ status, signedBy, path: file }) =>
        `  ${status.padEnd(12)} ${escapeText(signedBy ?? 'by none of the keys at hand')} (${escapeText(file)})`,
    ),
    ...(parties === undefined ? [] : ['parties that act', ...parties.flatMap(partyLines)]),
    ...superfluous.map((key) => `  counts for nothing: ${key}`),
    ok
      ? parties === undefined
        ? 'every signature is valid; whether they suffice is not decided without --state'
        : 'every party that acts has signed'
      : 'not everything is proved',
  ]
}
