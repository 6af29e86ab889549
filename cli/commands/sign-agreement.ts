/**
 * What has to agree before anything is signed: findings, the expectation, the policy, the dangers
 * (rules S2 and S6).
 */
import { toHex } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { isAcceptable } from '../../src/base/finding-codes.ts'
import { requireExpectation } from '../../src/build/expectation.ts'
import type { SpecTransaction } from '../../src/build/spec.ts'
import type { Danger } from '../../src/explain/dangers.ts'
import { DANGER_CODES } from '../../src/explain/dangers/codes.ts'
import { requirePolicy } from '../../src/policy/decide.ts'
import { factsOf } from '../../src/policy/facts.ts'
import type { KnownMapping } from '../../src/topology/mapping.ts'
import { findingError, refusals } from '../../src/topology/signed-transaction.ts'
import type { ReadTransaction } from '../../src/topology/transaction.ts'
import { mappingUniqueKey } from '../../src/topology/unique-key.ts'
import type { Arguments } from '../command.ts'
import { acceptedFindings } from './accepted-findings.ts'
import { readPolicyFile } from './policy-input.ts'
import type { SigningEntry } from './sign-request.ts'
import { readSpecFile } from './spec-input.ts'

/**
 * Refuses what is not sound enough to be signed.
 * @throws CantosignError `usage`, or the code of the first finding that stands in the way
 */
export function refuseFindings(
  entries: readonly SigningEntry[],
  path: string,
  args: Arguments,
): void {
  const accepted = acceptedFindings(args)
  for (const { findings } of entries) {
    const [refusal] = refusals(findings, accepted)
    if (refusal === undefined) continue
    throw findingError(
      findings,
      refusal,
      isAcceptable(refusal.code)
        ? `do not sign it unless you know why it is so; then add --accept-finding ${refusal.code}`
        : 'it cannot be signed: ask who prepared it for a sound one',
      path,
    )
  }
}

/** Serials that the spec leaves out follow what the state proves to be in force. */
function withSerials(
  spec: readonly SpecTransaction[],
  previous: readonly ReadTransaction[],
): readonly SpecTransaction[] {
  const next = new Map<string, number>()
  for (const { value } of previous) {
    const key = uniqueKeyOf(value?.mapping?.mapping)
    if (value !== undefined && key !== undefined) next.set(key, value.serial + 1)
  }
  return spec.map((one) => {
    const key = uniqueKeyOf(one.mapping)
    const serial = key === undefined ? undefined : next.get(key)
    // The next one of the same key follows this one.
    if (key !== undefined) next.delete(key)
    return one.serial === undefined && serial !== undefined ? { ...one, serial } : one
  })
}

function uniqueKeyOf(mapping: KnownMapping | undefined): string | undefined {
  const key = mapping === undefined ? undefined : mappingUniqueKey(mapping)
  return key === undefined ? undefined : toHex(key)
}

/** What `--expect` is held against. */
export interface ToBeExpected {
  readonly signed: readonly ReadTransaction[]
  /** Those signed among them. */
  readonly all: readonly ReadTransaction[]
  /** In force before them, as far as it is proved. */
  readonly previous: readonly ReadTransaction[]
}

/**
 * Holds the transactions against `--expect`: the spec names exactly those that are signed, or
 * exactly all of the package.
 * @returns true if there is an expectation and everything is as expected
 * @throws CantosignError `expectation-mismatch`, and what reading the spec gives
 */
export async function requireExpected(
  { signed, all, previous }: ToBeExpected,
  args: Arguments,
): Promise<boolean> {
  const path = args.string('expect')
  if (path === undefined) return false
  const spec = await readSpecFile(path)
  const expected = withSerials(spec.transactions, previous)
  const whole = expected.length !== signed.length && expected.length === all.length
  requireExpectation(expected, whole ? all : signed)
  return true
}

/** What `--policy` said of each transaction: the name of the rule that allowed it. */
export type PolicyRules = readonly string[]

/**
 * Has `--policy` decide.
 * @param dangers of each transaction, those of all together included
 * @returns `undefined` without a policy
 * @throws CantosignError `policy-refused`, and what reading the policy gives
 */
export function requireAllowed(
  transactions: readonly ReadTransaction[],
  dangers: readonly (readonly Danger[])[],
  args: Arguments,
): PolicyRules | undefined {
  const policy = readPolicyFile(args)
  if (policy === undefined) return undefined
  return requirePolicy(
    policy,
    transactions.map((transaction, i) => factsOf(transaction, dangers[i] ?? [])),
  )
}

/**
 * The dangers that `--accept-danger` names.
 * @throws CantosignError `usage` for a code that does not exist, or beside a policy, which has its own
 */
export function acceptedDangers(args: Arguments): ReadonlySet<string> {
  const accepted = args.strings('accept-danger')
  for (const code of accepted) {
    if (Object.hasOwn(DANGER_CODES, code)) continue
    throw new CantosignError(
      'usage',
      `--accept-danger ${code}: there is no such danger`,
      'leave the option out: the refusal names each danger that this file needs accepted; docs/errors.md lists all',
    )
  }
  if (accepted.length > 0 && args.string('policy') !== undefined) {
    throw new CantosignError(
      'usage',
      '--accept-danger and --policy do not go together',
      'list the danger in the rule of the policy that allows the transaction',
    )
  }
  return new Set(accepted)
}

/**
 * Refuses grave dangers that nobody has accepted by name.
 * @throws CantosignError `danger-not-accepted`
 */
export function refuseDangers(dangers: readonly Danger[], accepted: ReadonlySet<string>): void {
  const open = dangers.filter(({ code, grave }) => grave && !accepted.has(code))
  const [danger] = open
  if (danger === undefined) return
  const codes = [...new Set(open.map(({ code }) => code))]
  throw new CantosignError(
    'danger-not-accepted',
    `grave danger ${danger.code}: ${danger.message}`,
    `if this is what you intend, add ${codes.map((code) => `--accept-danger ${code}`).join(' ')}, or give an expectation that says so`,
    { details: { danger: danger.code, dangers: codes } },
  )
}
