/**
 * What has to agree before anything is signed: findings, the expectation, the policy, the dangers
 * (rules S2 and S6).
 */
import { dirname, resolve } from 'node:path'
import { decodeUtf8 } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { FINDING_CODES, isAcceptable, type FindingCode } from '../../src/base/finding-codes.ts'
import { previousOf, type PreviousTransaction } from '../../src/build/build.ts'
import { requireExpectation } from '../../src/build/expectation.ts'
import { YAML_LIMITS } from '../../src/build/yaml.ts'
import type { Danger } from '../../src/explain/dangers.ts'
import { DANGER_CODES } from '../../src/explain/dangers/codes.ts'
import { readWholeFile } from '../../src/host/files.ts'
import { requirePolicy } from '../../src/policy/decide.ts'
import { factsOf } from '../../src/policy/facts.ts'
import { readPolicy } from '../../src/policy/policy.ts'
import { findingError, refusals } from '../../src/topology/signed-transaction.ts'
import type { ReadTransaction } from '../../src/topology/transaction.ts'
import type { Arguments } from '../command.ts'
import type { SigningEntry } from './sign-request.ts'
import { readSpecFile } from './spec-input.ts'

/** Accepted finding codes; a word that is no code, or one that cannot be accepted, is a mistake. */
function acceptedFindings(args: Arguments): ReadonlySet<string> {
  const accepted = args.strings('accept-finding')
  for (const code of accepted) {
    const known = Object.hasOwn(FINDING_CODES, code)
    if (!known || !isAcceptable(code as FindingCode)) {
      throw new CantosignError(
        'usage',
        `--accept-finding ${code}: ${known ? 'this finding cannot be accepted' : 'there is no such finding'}`,
        'docs/errors.md lists the findings that can be accepted',
      )
    }
  }
  return new Set(accepted)
}

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

/**
 * Holds the transactions against `--expect`.
 * @param previous what they follow, as far as it is proved: serials that the spec leaves out
 * @returns true if there is an expectation and everything is as expected
 * @throws CantosignError `expectation-mismatch`, and what reading the spec gives
 */
export async function requireExpected(
  transactions: readonly ReadTransaction[],
  previous: readonly ReadTransaction[],
  args: Arguments,
): Promise<boolean> {
  const path = args.string('expect')
  if (path === undefined) return false
  const spec = await readSpecFile(path, (name) => resolve(dirname(path), name))
  const before = previous.map((one): PreviousTransaction => previousOf(one))
  requireExpectation(spec.transactions, transactions, before)
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
  const path = args.string('policy')
  if (path === undefined) return undefined
  const text = decodeUtf8(readWholeFile(path, 4 * YAML_LIMITS.characters))
  if (text === undefined) {
    throw new CantosignError('yaml-invalid', `${path} is not UTF-8 text`, 'save it as UTF-8')
  }
  const policy = readPolicy(text, path)
  return requirePolicy(
    policy,
    transactions.map((transaction, i) => factsOf(transaction, dangers[i] ?? [])),
  )
}

/**
 * Refuses grave dangers that nobody has accepted by name.
 * @throws CantosignError `usage` for a code that does not exist, `danger-not-accepted`
 */
export function refuseDangers(dangers: readonly Danger[], args: Arguments): void {
  const accepted = new Set(args.strings('accept-danger'))
  for (const code of accepted) {
    if (Object.hasOwn(DANGER_CODES, code)) continue
    throw new CantosignError(
      'usage',
      `--accept-danger ${code}: there is no such danger`,
      'docs/errors.md lists the dangers',
    )
  }
  const danger = dangers.find(({ code, grave }) => grave && !accepted.has(code))
  if (danger === undefined) return
  throw new CantosignError(
    'danger-not-accepted',
    `grave danger ${danger.code}: ${danger.message}`,
    `if this is what you intend, add --accept-danger ${danger.code}, or give an expectation that says so`,
    { details: { danger: danger.code } },
  )
}
