/** The single entries of a package, checked one by one. */
import { toHex, utf8Bytes } from '../base/bytes.ts'
import { severityOf, type Finding } from '../base/finding-codes.ts'
import { isFingerprint } from '../ident/fingerprint.ts'
import { readPhysicalSynchronizerId, readUniqueIdentifier } from '../ident/identifiers.ts'
import { readSignedTransaction } from '../topology/signed-transaction.ts'
import { readTransaction } from '../topology/transaction.ts'
import type { Signature } from '../wire/generated/schema.ts'
import { enumName } from '../wire/schema.ts'
import { checkLimit, placeError } from './json-shape.ts'
import type {
  PackageLimits,
  PackageNetwork,
  PackageSignature,
  PackageText,
  PackageTransaction,
  StateSource,
  StateTransaction,
} from './model.ts'
import { compareSources, SIGNATURE_ORDER } from './order.ts'
import type { SignatureOrder } from './settle.ts'

/** Bytes of one signature: the largest that Canton knows, ML-DSA-65, has 3309. */
export const MAX_SIGNATURE_BYTES = 8192

/** Sources of one state transaction: every holder of a copy may have fetched it. */
export const MAX_SOURCES = 1000

/** @throws CantosignError the code of a finding that leaves bytes without a place */
export function refuseFatal(findings: readonly Finding[], path: string): void {
  const fatal = findings.find(({ code }) => severityOf(code) === 'fatal')
  if (fatal === undefined) return
  const offset = fatal.offset === undefined ? '' : ` (offset ${fatal.offset} of the bytes)`
  throw placeError(
    fatal.code,
    path,
    `${fatal.message}${fatal.path === '' ? '' : ` at ${fatal.path}`}${offset}`,
    'the bytes are damaged: get them again from where they came from',
  )
}

/**
 * A signature in the form that packages hold.
 * @throws CantosignError `package-value`, `limit-exceeded`
 */
export function packageSignature(wire: Signature, path: string): PackageSignature {
  const { format, signature, signedBy, signingAlgorithmSpec, signatureDelegation } = wire
  if (!isFingerprint(signedBy)) {
    throw placeError('package-value', `${path}.signedBy`, 'this is not a fingerprint')
  }
  if (enumName('SignatureFormat', format) === undefined) {
    throw placeError('package-value', `${path}.format`, 'this is no signature format')
  }
  if (enumName('SigningAlgorithmSpec', signingAlgorithmSpec) === undefined) {
    throw placeError('package-value', `${path}.algorithm`, 'this is no signing algorithm')
  }
  if (signatureDelegation !== undefined) {
    throw placeError(
      'signature-delegation',
      path,
      'a session key cannot sign a topology transaction',
      'get a signature of the key itself',
    )
  }
  if (signature.length === 0) {
    throw placeError('package-value', `${path}.signature`, 'this is empty')
  }
  checkLimit(`${path}.signature`, signature.length, MAX_SIGNATURE_BYTES, 'bytes of a signature')
  return { format, signature, signedBy, signingAlgorithmSpec, signatureDelegation }
}

/**
 * Checks and sorts one list of signatures.
 * @throws CantosignError `package-duplicate-signature` and what `packageSignature` throws
 */
export function packageSignatures(
  signatures: readonly Signature[],
  path: string,
): readonly PackageSignature[] {
  return sortedSignatures(signatures, path, packageSignature, SIGNATURE_ORDER)
}

/**
 * Checks each signature of a list, and sorts the list.
 * @throws CantosignError `package-duplicate-signature` and what `check` throws
 */
export function sortedSignatures<Given, Checked extends PackageSignature>(
  signatures: readonly Given[],
  path: string,
  check: (given: Given, path: string) => Checked,
  { identity: identityOf, compare }: SignatureOrder<Checked>,
): readonly Checked[] {
  const seen = new Set<string>()
  const checked = signatures.map((given, i) => {
    const one = check(given, `${path}[${i}]`)
    const identity = identityOf(one)
    if (seen.has(identity)) {
      throw placeError(
        'package-duplicate-signature',
        `${path}[${i}]`,
        'this signature stands in the list already',
      )
    }
    seen.add(identity)
    return one
  })
  return checked.sort(compare)
}

/** A transaction and its own signatures, as given. */
export interface TransactionContent {
  /** The wrapped TopologyTransaction, exactly. */
  readonly bytes: Uint8Array
  readonly proposal: boolean
  readonly signatures?: readonly Signature[]
}

/**
 * @throws CantosignError a fatal finding's code, `limit-exceeded`, and what `packageSignatures`
 * throws
 */
export function transactionEntry(
  content: TransactionContent,
  path: string,
  limits: PackageLimits,
): PackageTransaction {
  const { transactionBytes } = limits
  const at = `${path}.transaction`
  checkLimit(at, content.bytes.length, transactionBytes, 'bytes of a transaction')
  const transaction = readTransaction(content.bytes)
  refuseFatal(transaction.findings, at)
  const { value } = transaction
  if (value === undefined) throw new Error('a transaction without a fatal finding has a value')
  return {
    transaction: { ...transaction, value },
    hash: toHex(transaction.hash),
    proposal: content.proposal,
    signatures: packageSignatures(content.signatures ?? [], `${path}.signatures`),
  }
}

/** A signed transaction of the state, as given. */
export interface StateContent {
  /** The wrapped SignedTopologyTransaction, exactly. */
  readonly bytes: Uint8Array
  readonly sources?: readonly StateSource[]
}

const UTC_TIME = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?Z$/

/** RFC 3339 in UTC, and a time that the calendar has. */
function isUtcTime(text: string): boolean {
  const [, seconds] = UTC_TIME.exec(text) ?? []
  if (seconds === undefined) return false
  const at = Date.parse(`${seconds}Z`)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(seconds)
}

/** @throws CantosignError `package-value`, `limit-exceeded`, `package-duplicate-entry` */
function stateSources(
  sources: readonly StateSource[],
  path: string,
  limits: PackageLimits,
): readonly StateSource[] {
  checkLimit(path, sources.length, MAX_SOURCES, 'sources of one state transaction')
  const seen = new Set<string>()
  const checked = sources.map(({ from, at }, i) => {
    checkText(from, `${path}[${i}].from`, limits)
    if (at !== undefined && !isUtcTime(at)) {
      throw placeError(
        'package-value',
        `${path}[${i}].at`,
        'this is not a time like 2030-01-31T12:00:00Z',
      )
    }
    const identity = JSON.stringify([from, at])
    if (seen.has(identity)) {
      throw placeError('package-duplicate-entry', `${path}[${i}]`, 'this source is listed already')
    }
    seen.add(identity)
    return { from, at }
  })
  return checked.sort(compareSources)
}

/** @throws CantosignError a fatal finding's code, and as `stateSources` and `transactionEntry` */
export function stateEntry(
  content: StateContent,
  path: string,
  limits: PackageLimits,
): StateTransaction {
  const at = `${path}.signedTransaction`
  checkLimit(at, content.bytes.length, limits.transactionBytes, 'bytes of a transaction')
  const signed = readSignedTransaction(content.bytes)
  refuseFatal(signed.findings, at)
  return { signed, sources: stateSources(content.sources ?? [], `${path}.sources`, limits) }
}

/** @throws CantosignError `package-value` for empty text or lone surrogates, `limit-exceeded` */
function checkText(text: string, path: string, limits: PackageLimits): void {
  if (text === '') throw placeError('package-value', path, 'this is empty; leave it out instead')
  // A character of UTF-16 is at most three bytes of UTF-8.
  if (text.length * 3 > limits.textBytes) {
    checkLimit(path, utf8Bytes(text).length, limits.textBytes, 'bytes of text')
  }
  if (/\p{Cs}/u.test(text)) {
    throw placeError('package-value', path, 'the text holds half of a character')
  }
}

/** @throws CantosignError `package-value`, `limit-exceeded` */
export function packageText(text: Partial<PackageText>, limits: PackageLimits): PackageText {
  const { requestedBy, reason, validUntil } = text
  for (const [name, own] of Object.entries({ requestedBy, reason, validUntil })) {
    if (own !== undefined) checkText(own, `text.${name}`, limits)
  }
  return { requestedBy, reason, validUntil }
}

const MAX_PROTOCOL_VERSION = 2_147_483_647

/** @throws CantosignError `identifier-invalid`, `package-value` */
export function packageNetwork(network: Partial<PackageNetwork>): PackageNetwork {
  const { synchronizerId, protocolVersion } = network
  const path = 'network.synchronizerId'
  if (
    protocolVersion !== undefined &&
    (!Number.isInteger(protocolVersion) ||
      protocolVersion < 1 ||
      protocolVersion > MAX_PROTOCOL_VERSION)
  ) {
    throw placeError('package-value', 'network.protocolVersion', 'this is no protocol version')
  }
  if (synchronizerId === undefined) return { synchronizerId, protocolVersion }
  const logical = readUniqueIdentifier(synchronizerId)
  const physical = readPhysicalSynchronizerId(synchronizerId)
  if (!logical.ok && !physical.ok) {
    throw placeError('identifier-invalid', path, `this is no synchronizer id: ${logical.problem}`)
  }
  if (
    physical.ok &&
    protocolVersion !== undefined &&
    physical.value.protocolVersion !== String(protocolVersion)
  ) {
    throw placeError(
      'package-value',
      path,
      `it names protocol version ${physical.value.protocolVersion}, and network.protocolVersion says ${protocolVersion}`,
    )
  }
  return { synchronizerId, protocolVersion }
}
