/** What `verify` says, as one JSON document or as text (docs/json.md section 4). */
import type { CantosignError } from '../../src/base/errors.ts'
import { ExitStatus } from '../../src/base/error-codes.ts'
import { severityOf } from '../../src/base/finding-codes.ts'
import { escapeText } from '../../src/base/text.ts'
import type { Verdict, Verification } from '../commands/verification.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'
import { authorizationJson, authorizationLines, relaxationText } from './authorization.ts'
import { errorJson, ReportedError } from './error.ts'
import { warningJson } from './json.ts'
import { preparedAuthorizationJson, preparedStandingLines } from './prepared-verdict.ts'
import { counted } from './text.ts'
import { findingLines } from './transaction.ts'

/** What was verified. */
export interface Verified {
  readonly path: string
  readonly kind: 'transaction' | 'signed' | 'package' | 'stream'
}

/** The members beside `authorization`. */
function resultJson({
  summary,
  relaxations,
  status,
}: Verification): Readonly<Record<string, unknown>> {
  const { valid, invalid, unverifiable } = summary.signatures
  return {
    ok: status === ExitStatus.done,
    relaxations: [...relaxations].map(([name, { count, first }]) => ({ name, count, first })),
    warnings: [...summary.findings].map(
      ([
        code,
        {
          count,
          examples: [first],
        },
      ]) => {
        const { path, message } =
          first === undefined ? { path: '', message: '' } : warningJson(first)
        return { code, count, path, message }
      },
    ),
    transactions: summary.transactions,
    signatures: { valid, invalid, unverifiable },
  }
}

function countLines({ summary }: Verification, { path }: Verified): readonly string[] {
  const { valid, invalid, unverifiable } = summary.signatures
  const unknown = unverifiable > 0 ? ' (the key that signed is not known here)' : ''
  return [
    `${escapeText(path)}: ${counted(summary.transactions, 'transaction')}, ${counted(valid + invalid + unverifiable, 'signature')}`,
    `  valid         ${valid}`,
    `  invalid       ${invalid}`,
    `  unverifiable  ${unverifiable}${unknown}`,
    ...[...summary.mappings].map(([type, count]) => `  ${String(count).padStart(6)}  ${type}`),
    ...[...summary.findings].flatMap(([code, { count, examples: some }]) => [
      `  ${severityOf(code) === 'allow' ? 'named' : 'found'} ${counted(count, 'time')}:`,
      ...findingLines(some.slice(0, 1)).map((line) => `  ${line}`),
    ]),
  ]
}

function preparedLines(prepared: Verification['prepared']): readonly string[] {
  return prepared.flatMap((judgement) => ['', judgement.hash, ...preparedStandingLines(judgement)])
}

function verdictLines(verdicts: readonly Verdict[]): readonly string[] {
  return verdicts.flatMap(({ hash, authorization }) => [
    '',
    hash,
    ...authorizationLines(authorization, '  '),
  ])
}

function relaxationLines({ relaxations }: Verification): readonly string[] {
  if (relaxations.size === 0) return []
  return [
    '',
    'accepted by the relaxations with which nodes take in a snapshot (--strict leaves them out)',
    ...[...relaxations].map(
      ([relaxation, { count, first }]) =>
        `  ${counted(count, 'time')}: ${relaxationText(relaxation)} (first ${first})`,
    ),
  ]
}

const CONCLUSIONS = {
  [ExitStatus.done]: 'every signature is valid and every transaction is authorized',
  [ExitStatus.incomplete]: 'not everything is there that has to be, or that is needed to decide',
  [ExitStatus.malformed]: 'the transactions hold something that keeps them from being signed',
  [ExitStatus.unverified]:
    'NOT VALID: a signature does not verify, or a transaction is unauthorized',
} as const

function conclusion(status: ExitStatus): string {
  return status in CONCLUSIONS ? CONCLUSIONS[status as keyof typeof CONCLUSIONS] : ''
}

/** Of many transactions only those that are not authorized are shown, the first of them. */
function openLines(verification: Verification): readonly string[] {
  const { open, undecided, statuses } = verification
  const { authorized, incomplete, unauthorized, unknown } = statuses
  const more = undecided - open.length
  return [
    `  authorized ${authorized}, incomplete ${incomplete}, unauthorized ${unauthorized}, unknown ${unknown}`,
    ...verdictLines(open),
    ...(more > 0 ? ['', `and ${more} more that are not authorized: --json lists all`] : []),
  ]
}

function resultLines(verification: Verification, verified: Verified): readonly string[] {
  return [
    ...countLines(verification, verified),
    ...openLines(verification),
    ...relaxationLines(verification),
    '',
    conclusion(verification.status),
  ]
}

function signaturesOnlyLines(verification: Verification, verified: Verified): readonly string[] {
  return [
    ...countLines(verification, verified),
    verification.status === ExitStatus.done
      ? 'every signature is valid; whether the signers were entitled to sign was not asked'
      : 'not every signature is proved valid',
  ]
}

const documentOf = (verification: Verification, verdicts: readonly Verdict[]): object => {
  const { transactions, signatures, ok, ...rest } = resultJson(verification)
  const authorization = [
    ...verdicts.map(({ hash, authorization: one }) => authorizationJson(hash, one)),
    ...verification.prepared.flatMap(preparedAuthorizationJson),
  ]
  return { transactions, signatures, authorization, ok, ...rest }
}

/** Prints what was found out about transactions that are all at hand. */
export function presentVerification(
  verification: Verification,
  verified: Verified & { readonly verdicts: readonly Verdict[] },
  args: Arguments,
  io: Io,
): void {
  const { verdicts } = verified
  if (args.json) {
    io.stdout.write(`${JSON.stringify(documentOf(verification, verdicts))}\n`)
    return
  }
  const lines = args.flag('signatures-only')
    ? signaturesOnlyLines(verification, verified)
    : [
        ...countLines(verification, verified),
        ...verdictLines(verdicts),
        ...preparedLines(verification.prepared),
        '',
        conclusion(verification.status),
      ]
  io.stdout.write(`${lines.join('\n')}\n`)
}

/** Prints verdicts while they come: in JSON each at once, as text a summary at the end. */
export class VerificationStream {
  readonly #verification: Verification
  readonly #verified: Verified
  readonly #json: boolean
  readonly #io: Io
  #pending: string[] = []
  #begun = false

  constructor(verification: Verification, verified: Verified, args: Arguments, io: Io) {
    this.#verification = verification
    this.#verified = verified
    this.#json = args.json
    this.#io = io
  }

  add({ hash, authorization }: Verdict): void {
    if (this.#json) this.#pending.push(JSON.stringify(authorizationJson(hash, authorization)))
  }

  flush(): void {
    if (this.#pending.length === 0) return
    const start = this.#begun ? ',' : '{"authorization":['
    this.#io.stdout.write(`${start}${this.#pending.join(',')}`)
    this.#pending = []
    this.#begun = true
  }

  end(): void {
    this.flush()
    if (this.#json) {
      const members = JSON.stringify(resultJson(this.#verification)).slice(1)
      this.#io.stdout.write(`${this.#begun ? '' : '{"authorization":['}],${members}\n`)
      return
    }
    const lines = resultLines(this.#verification, this.#verified)
    this.#io.stdout.write(`${lines.join('\n')}\n`)
  }

  /** An error in a document that is begun becomes its last member: one document all the same. */
  fail(error: CantosignError): never {
    this.flush()
    if (!this.#begun) throw error
    this.#io.stdout.write(`],"ok":false,"error":${JSON.stringify(errorJson(error))}}\n`)
    throw new ReportedError(error)
  }
}
