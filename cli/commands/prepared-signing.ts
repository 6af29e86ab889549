/** Prepared transactions on their way to a signature: shown, decided upon, confirmed. */
import type { PublicKey } from '../../src/crypto/public-key.ts'
import type { ExpectedTransaction } from '../../src/daml/expectation.ts'
import type { ReadPreparedTransaction } from '../../src/daml/prepared-transaction.ts'
import type { HashingScheme } from '../../src/daml/scheme.ts'
import { preparedReport, type PreparedReport } from '../../src/explain/prepared-report.ts'
import type { PreparedJudgement } from '../../src/explain/prepared-judgement.ts'
import { preparedFactsOf } from '../../src/policy/prepared-facts.ts'
import { escapeText } from '../../src/base/text.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'
import { actingLines, preparedLines } from '../present/prepared.ts'
import { preparedStandingLines } from '../present/prepared-verdict.ts'
import { asksPerson, confirmSignature } from './confirmation.ts'
import { requireAllowedPrepared } from './prepared-agreement.ts'
import type { ActingState } from './prepared-state.ts'

/** A prepared transaction that a signature is asked for. */
export interface PreparedTarget {
  /** What it is called in messages. */
  readonly name: string
  readonly read: ReadPreparedTransaction
  readonly scheme: HashingScheme
  readonly acting: ActingState
  /** In a package: who has signed so far. */
  readonly before: PreparedJudgement | undefined
}

/** One that is about to be signed. */
export interface ShownPrepared extends PreparedTarget {
  /** Told from the side of the parties that the key signs for. */
  readonly report: PreparedReport
  /** 64 hex characters. */
  readonly hash: string
}

/** @param own the signer's parties, as far as they are known */
export function reportOf(
  { read, scheme }: PreparedTarget,
  own: readonly string[],
  expected: ExpectedTransaction | undefined,
  now: bigint,
): PreparedReport {
  return preparedReport(read, scheme, {
    ...(expected === undefined ? {} : { expected }),
    ownParties: new Set(own),
    now,
  })
}

function shownLines(
  { name, report, acting, before }: ShownPrepared,
  key: PublicKey,
): readonly string[] {
  return [
    escapeText(name),
    ...preparedLines([report]),
    ...actingLines(acting.parties, key.fingerprint),
    ...(before === undefined ? [] : ['', 'who has signed', ...preparedStandingLines(before)]),
    '',
    `with the key    ${key.fingerprint}`,
  ]
}

/**
 * Has the policy decide, shows each transaction and has it confirmed by itself.
 * @returns the names of the policy's rules; `undefined` without a policy
 * @throws CantosignError `policy-refused`, `declined`
 */
export async function confirmPrepared(
  shown: readonly ShownPrepared[],
  key: PublicKey,
  now: bigint,
  args: Arguments,
  io: Io,
): Promise<readonly string[] | undefined> {
  const facts = (): ReturnType<typeof preparedFactsOf>[] =>
    shown.flatMap(({ read: { value }, report }) =>
      value === undefined ? [] : [preparedFactsOf(value, report, now)],
    )
  const audited = (names?: readonly string[]): void =>
    io.audit?.about(shown.map(({ hash }, i) => ({ hash, rule: names?.[i] ?? null })))
  audited()
  const rules = requireAllowedPrepared(facts, args)
  audited(rules)
  for (const one of shown) {
    if (!args.quiet || asksPerson(args)) io.stderr.write(`${shownLines(one, key).join('\n')}\n`)
    await confirmSignature({ hash: one.hash, count: 1, combined: false, key }, args, io)
  }
  return rules
}
