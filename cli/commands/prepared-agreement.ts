/** What has to agree before a prepared transaction is signed: its judgement, `--expect`, `--policy`. */
import { decodeUtf8 } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { readPreparedExpectation } from '../../src/build/prepared-expectation.ts'
import { YAML_LIMITS } from '../../src/build/yaml.ts'
import type { ExpectedTransaction } from '../../src/daml/expectation.ts'
import type { PreparedReport } from '../../src/explain/prepared-report.ts'
import { readWholeFile } from '../../src/host/files.ts'
import type { PolicyFacts } from '../../src/policy/facts.ts'
import { requirePolicy } from '../../src/policy/decide.ts'
import type { Arguments } from '../command.ts'
import { readPolicyFile } from './policy-input.ts'

/**
 * What was asked for, from `--expect`.
 * @throws CantosignError as `readPreparedExpectation`
 */
export function readExpectation(args: Arguments): ExpectedTransaction | undefined {
  const path = args.string('expect')
  if (path === undefined) return undefined
  const text = decodeUtf8(readWholeFile(path, 4 * YAML_LIMITS.characters))
  if (text !== undefined) return readPreparedExpectation(text, path)
  throw new CantosignError('yaml-invalid', `${path} is not UTF-8 text`, 'save it as UTF-8')
}

/**
 * The hashes of a transaction that nothing keeps from being signed.
 * @param name what it is called in messages
 * @throws CantosignError `prepared-refused`
 */
export function requireSignable(
  { hashes, refusals }: PreparedReport,
  name: string,
): NonNullable<PreparedReport['hashes']> {
  const [first] = refusals
  if (first === undefined && hashes !== undefined) return hashes
  const more = refusals.length > 1 ? `, and ${refusals.length - 1} more` : ''
  const where = first === undefined || first.path === '' ? '' : ` at ${first.path}`
  throw new CantosignError(
    'prepared-refused',
    `${name} is not signed: ${first === undefined ? 'its hash is not determined' : `${first.code}, ${first.message}${where}${more}`}`,
    'no option lifts this; see all of it with transaction inspect, and have the transaction prepared anew',
    { details: { refusals: refusals.map(({ code, path: place }) => ({ code, path: place })) } },
  )
}

/**
 * Has `--policy` decide on each transaction.
 * @returns the names of the rules that allow them; `undefined` without a policy
 * @throws CantosignError `policy-refused`, and what reading the policy gives
 */
export function requireAllowedPrepared(
  facts: () => readonly PolicyFacts[],
  args: Arguments,
): readonly string[] | undefined {
  const policy = readPolicyFile(args)
  return policy === undefined ? undefined : requirePolicy(policy, facts())
}
