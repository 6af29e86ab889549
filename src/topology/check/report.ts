/** What a check writes to, and the checks that several mappings share. */
import type { FindingCode } from '../../base/finding-codes.ts'
import { utf8Bytes, toHex } from '../../base/bytes.ts'
import { isNamespace } from '../../ident/fingerprint.ts'
import type { Reading } from '../../ident/identifiers.ts'
import type { SigningPublicKey } from '../../wire/generated/schema.ts'
import { readSigningPublicKey } from '../signing-key.ts'

/** At most 20 keys in any list of keys (docs/protocol/construction.md). */
const MAX_KEYS = 20

const USAGE_NAMESPACE = 1
const USAGE_IDENTITY_DELEGATION = 2
const USAGE_PROOF_OF_OWNERSHIP = 5

export interface CheckContext {
  readonly serial: number
  /** Path is below the message that is checked. */
  report(code: FindingCode, path: string, message: string): void
  /** Old key ids as hex by the path of the key that carries one. */
  readonly oldKeyIds: ReadonlyMap<string, string>
}

/** The same context with everything reported one message deeper. */
export function below(context: CheckContext, prefix: string): CheckContext {
  const oldKeyIds = new Map<string, string>()
  for (const [path, id] of context.oldKeyIds) {
    if (path.startsWith(`${prefix}.`)) oldKeyIds.set(path.slice(prefix.length + 1), id)
  }
  return {
    serial: context.serial,
    oldKeyIds,
    report: (code, path, message) => {
      context.report(code, path === '' ? prefix : `${prefix}.${path}`, message)
    },
  }
}

export function checkIdentifier(
  context: CheckContext,
  path: string,
  text: string,
  read: (text: string) => Reading<unknown>,
): void {
  if (text === '') {
    context.report('missing-field', path, `${path} is missing`)
    return
  }
  const reading = read(text)
  if (!reading.ok)
    context.report('bad-identifier', path, `${path} is not valid: ${reading.problem}`)
}

export function checkNamespace(context: CheckContext, path: string, text: string): void {
  if (text === '') context.report('missing-field', path, `${path} is missing`)
  else if (!isNamespace(text)) {
    context.report(
      'bad-identifier',
      path,
      `${path} is not 68 lower-case hex characters beginning 1220`,
    )
  }
}

/** Reports every element that equals an earlier one of the list. */
export function checkDistinct(
  context: CheckContext,
  path: string,
  items: readonly (string | undefined)[],
  what: string,
): void {
  const seen = new Set<string>()
  let distinct = 0
  for (const [i, item] of items.entries()) {
    if (item === undefined) continue
    // The set is asked once for each: lists of packages are long.
    if (seen.add(item).size > distinct) distinct++
    else context.report('duplicate-entry', `${path}[${i}]`, `this ${what} is in the list already`)
  }
}

export function checkNotEmpty(
  context: CheckContext,
  path: string,
  items: readonly unknown[],
): void {
  if (items.length === 0) context.report('empty-list', path, `${path} is empty`)
}

/** A threshold is at least 1 and at most what it counts; `of` undefined leaves out the upper bound. */
export function checkThreshold(
  context: CheckContext,
  path: string,
  threshold: number,
  of: number | undefined,
  what: string,
): void {
  if (threshold < 1) {
    context.report('threshold-out-of-range', path, `the threshold is ${threshold}, below 1`)
  } else if (of !== undefined && threshold > of) {
    context.report(
      'threshold-out-of-range',
      path,
      `the threshold is ${threshold}, more than the number of ${what} (${of})`,
    )
  }
}

export interface KeyDemand {
  /** True where a key without NAMESPACE usage makes the mapping invalid. */
  readonly namespace: boolean
}

/** One signing key: bytes against spec, usages, and the old id against the computed fingerprint. */
export function checkKey(
  context: CheckContext,
  path: string,
  key: SigningPublicKey,
  demand: KeyDemand,
): void {
  const { problem, fingerprint } = readSigningPublicKey(key)
  if (problem !== undefined) context.report(problem.code, path, problem.message)

  const oldId = context.oldKeyIds.get(path)
  if (
    oldId !== undefined &&
    (fingerprint === undefined || oldId !== toHex(utf8Bytes(fingerprint)))
  ) {
    context.report(
      'legacy-key-id-mismatch',
      `${path}.#1`,
      'the old key id is not the fingerprint of the key beside it',
    )
  }

  const usagePath = `${path}.usage`
  if (key.usage.includes(0)) {
    context.report('unspecified-enum', usagePath, 'a key usage is UNSPECIFIED')
  }
  if (new Set(key.usage).size !== key.usage.length) {
    context.report('duplicate-entry', usagePath, 'a key usage is listed twice')
  }
  // Canton drops the deprecated usage; an empty list means every usage.
  const usage = new Set(key.usage.filter((one) => one !== USAGE_IDENTITY_DELEGATION))
  const onlyProof = usage.has(USAGE_PROOF_OF_OWNERSHIP) && usage.size === 1
  const onlyProofAndNamespace =
    usage.size === 2 && usage.has(USAGE_PROOF_OF_OWNERSHIP) && usage.has(USAGE_NAMESPACE)
  if (onlyProof || onlyProofAndNamespace) {
    context.report(
      'bad-key-usage',
      usagePath,
      onlyProof
        ? 'a key for proof of ownership alone is forbidden'
        : 'namespace and proof of ownership without a third usage are forbidden',
    )
  } else if (demand.namespace && usage.size > 0 && !usage.has(USAGE_NAMESPACE)) {
    context.report('bad-key-usage', usagePath, 'the key of a delegation lacks NAMESPACE usage')
  }
}

/** A list of signing keys: each one sound, no fingerprint twice, at most 20. */
export function checkKeys(
  context: CheckContext,
  path: string,
  keys: readonly SigningPublicKey[],
): void {
  keys.forEach((key, i) => {
    checkKey(context, `${path}[${i}]`, key, { namespace: false })
  })
  checkDistinct(
    context,
    path,
    keys.map((key) => readSigningPublicKey(key).fingerprint),
    'key',
  )
  checkKeyCount(context, path, keys.length)
}

export function checkKeyCount(context: CheckContext, path: string, count: number): void {
  if (count > MAX_KEYS) {
    context.report('too-many-keys', `${path}[${MAX_KEYS}]`, `${count} keys, more than ${MAX_KEYS}`)
  }
}
