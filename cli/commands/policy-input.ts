/** The policy that `--policy` names. */
import { decodeUtf8 } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { YAML_LIMITS } from '../../src/build/yaml.ts'
import { readWholeFile } from '../../src/host/files.ts'
import { readPolicy, type Policy } from '../../src/policy/policy.ts'
import type { Arguments } from '../command.ts'

/** By the command line: a run has one policy, and what decides is what the audit log names. */
const policies = new WeakMap<Arguments, Uint8Array>()

/**
 * The bytes of the policy, read once; `undefined` if none is named.
 * @throws CantosignError what reading a file gives
 */
export function policyBytes(args: Arguments): Uint8Array | undefined {
  const path = args.string('policy')
  if (path === undefined) return undefined
  const bytes = policies.get(args) ?? readWholeFile(path, 4 * YAML_LIMITS.characters)
  policies.set(args, bytes)
  return bytes
}

/**
 * Reads the policy; `undefined` if none is named.
 * @throws CantosignError `yaml-invalid`, `policy-invalid`, and what reading a file gives
 */
export function readPolicyFile(args: Arguments): Policy | undefined {
  const path = args.string('policy')
  const bytes = policyBytes(args)
  if (path === undefined || bytes === undefined) return undefined
  const text = decodeUtf8(bytes)
  if (text !== undefined) return readPolicy(text, path)
  throw new CantosignError('yaml-invalid', `${path} is not UTF-8 text`, 'save it as UTF-8')
}
