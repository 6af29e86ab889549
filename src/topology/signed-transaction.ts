/** SignedTopologyTransaction: the transaction inside it, and what its signatures are worth. */
import { toHex } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import { severityOf, type Finding, type FindingCode } from '../base/finding-codes.ts'
import { isMultihash } from '../crypto/hash.ts'
import type { PublicKey } from '../crypto/public-key.ts'
import { verifySignature } from '../crypto/signature.ts'
import { isFingerprint, type Fingerprint } from '../ident/fingerprint.ts'
import { decodeMessage, unwrap } from '../wire/codec.ts'
import type { Signature, SignedTopologyTransaction } from '../wire/generated/schema.ts'
import { locateField } from '../wire/locate.ts'
import { walkMessage, type WalkResult } from '../wire/walk.ts'
import { FindingList } from './finding-list.ts'
import { signingKeysOf } from './keys.ts'
import { combinedHash } from './namespace.ts'
import { judgeSignature, type JudgedSignature, type SignatureStatus } from './signature.ts'
import { readSigningPublicKey } from './signing-key.ts'
import {
  AT_START,
  placedPath,
  readWalkedTransaction,
  type Placement,
  type ReadTransaction,
  type Wanted,
} from './transaction.ts'

/** One signature of a signed transaction and the hash it claims to be over. */
export interface PlacedSignature {
  readonly wire: Signature
  /** Path from the start of the input. */
  readonly path: string
  /** The 34 bytes that were signed: the transaction's own hash, or a combined one. */
  readonly message: Uint8Array
  readonly multiTransaction: boolean
}

/** A signed transaction as it was received. */
export interface ReadSignedTransaction {
  /** The wrapped SignedTopologyTransaction exactly as received. */
  readonly bytes: Uint8Array
  readonly transaction: ReadTransaction
  /** `undefined` only if a finding is fatal. */
  readonly value: SignedTopologyTransaction | undefined
  readonly signatures: readonly PlacedSignature[]
  /** Of the transaction and of everything around it. */
  readonly findings: readonly Finding[]
  readonly placement: Placement
}

/** Finds the key with a fingerprint, if it is known. */
export type KeyResolver = (fingerprint: Fingerprint) => PublicKey | undefined

/** A signature with its verdict. */
export interface VerifiedSignature {
  readonly signature: PlacedSignature
  readonly status: SignatureStatus
  readonly findings: readonly Finding[]
}

/** Puts the offset of a place to a finding about meaning. */
function locate(signed: Pick<ReadSignedTransaction, 'bytes' | 'placement'>, path: string): number {
  const prefix = signed.placement.path === '' ? '' : `${signed.placement.path}.`
  const below = path.startsWith(prefix) ? path.slice(prefix.length) : path
  return (
    signed.placement.offset + locateField('SignedTopologyTransaction', signed.bytes, true, below)
  )
}

function checkSignatureLists(
  value: SignedTopologyTransaction,
  hash: Uint8Array,
  placement: Placement,
  report: (code: FindingCode, path: string, message: string) => void,
): readonly PlacedSignature[] {
  const at = (path: string): string => placedPath(placement, `data.${path}`)
  const signatures: PlacedSignature[] = value.signatures.map((wire, i) => ({
    wire,
    path: at(`signatures[${i}]`),
    message: hash,
    multiTransaction: false,
  }))
  value.multiTransactionSignatures.forEach((multi, i) => {
    const path = at(`multi_transaction_signatures[${i}]`)
    const hashes = multi.transactionHashes
    const sound = hashes.filter(isMultihash)
    const listed = new Set<string>()
    hashes.forEach((one, j) => {
      if (!isMultihash(one)) {
        report('bad-hash', `${path}.transaction_hashes[${j}]`, 'not 34 bytes beginning 1220')
      }
      const text = toHex(one)
      if (listed.has(text)) {
        report('duplicate-entry', `${path}.transaction_hashes[${j}]`, 'this hash is listed already')
      }
      listed.add(text)
    })
    if (!listed.has(toHex(hash))) {
      report('multi-hash-mismatch', path, 'the list of hashes lacks the hash of this transaction')
    }
    if (multi.signatures.length === 0) {
      report('no-signature', path, 'a multi-transaction entry without a signature')
    }
    const message = sound.length === 0 ? new Uint8Array() : combinedHash(sound)
    multi.signatures.forEach((wire, j) => {
      signatures.push({ wire, path: `${path}.signatures[${j}]`, message, multiTransaction: true })
    })
  })
  if (signatures.length === 0) {
    report('no-signature', at('signatures'), 'the transaction has no signature')
  }
  if (signatures.length < 2) return signatures
  const signers = new Set<string>()
  for (const { wire, path } of signatures) {
    if (signers.has(wire.signedBy)) {
      report(
        'duplicate-signer',
        path,
        'this key has signed already; nodes keep the first signature',
      )
    }
    signers.add(wire.signedBy)
  }
  return signatures
}

/** What stands for a transaction whose bytes could not be placed. */
function unread(bytes: Uint8Array, placement: Placement, walk: WalkResult): ReadSignedTransaction {
  const { findings, unknownFields, canonical } = walk
  const nothing = new Uint8Array()
  return {
    bytes,
    placement,
    value: undefined,
    signatures: [],
    findings,
    transaction: {
      bytes: nothing,
      hash: nothing,
      value: undefined,
      findings,
      unknownFields,
      canonical,
    },
  }
}

/**
 * Reads a wrapped SignedTopologyTransaction that was walked already, alone or as a part of a
 * larger input. Nothing is thrown for any input; no signature is verified yet.
 */
export function readWalkedSignedTransaction(
  bytes: Uint8Array,
  walk: WalkResult,
  placement: Placement = AT_START,
  wanted: Wanted = 'everything',
): ReadSignedTransaction {
  if (walk.fatal) return unread(bytes, placement, walk)
  const value = decodeMessage('SignedTopologyTransaction', unwrap(bytes))
  const source = { bytes, placement }
  const list = new FindingList((path) => locate(source, path))
  const { findings } = list
  const report = (code: FindingCode, path: string, message: string): void => {
    list.add(code, path, message)
  }
  const inner = placedPath(placement, 'data.transaction')
  if (value.transaction.length === 0) {
    report('missing-field', inner, 'there is no transaction inside')
  }
  const within = {
    path: inner,
    offset: placement.offset + (value.transaction.byteOffset - bytes.byteOffset),
  }
  const transaction = readWalkedTransaction(value.transaction, walk, within, wanted)
  const signatures = checkSignatureLists(value, transaction.hash, placement, report)
  return {
    bytes,
    placement,
    value,
    signatures,
    transaction,
    findings: findings.length === 0 ? transaction.findings : [...transaction.findings, ...findings],
  }
}

/** Reads a wrapped SignedTopologyTransaction (a `.cert` file). Nothing is thrown for any input. */
export function readSignedTransaction(bytes: Uint8Array): ReadSignedTransaction {
  const walk = walkMessage('SignedTopologyTransaction', bytes, { wrapped: true })
  return readWalkedSignedTransaction(bytes, walk)
}

const NO_KEYS: ReadonlyMap<Fingerprint, PublicKey> = new Map()

/** Every key that the transaction's own mapping carries, by fingerprint. */
export function keysInside(transaction: ReadTransaction): ReadonlyMap<Fingerprint, PublicKey> {
  const mapping = transaction.value?.mapping?.mapping
  const placed = mapping === undefined ? [] : signingKeysOf(mapping)
  if (placed.length === 0) return NO_KEYS
  const keys = new Map<Fingerprint, PublicKey>()
  for (const { key } of placed) {
    const reading = readSigningPublicKey(key)
    if (reading.key !== undefined) keys.set(reading.key.fingerprint, reading.key)
  }
  return keys
}

/** Each offset costs a walk through all signatures before it: of more than these none is placed. */
const MAX_PLACED_SIGNATURES = 1000

/** Where in the input something about the signatures of a transaction stands. */
export type OffsetOf = (path: string) => number | undefined

export function offsetsIn(signed: ReadSignedTransaction): OffsetOf {
  return signed.signatures.length > MAX_PLACED_SIGNATURES
    ? () => undefined
    : (path) => locate(signed, path)
}

/** What a judged signature comes to once its check, if it has one, is computed. */
export function concludeSignature(
  signature: PlacedSignature,
  judged: JudgedSignature,
  verifies: boolean,
  offsetOf: OffsetOf,
): VerifiedSignature {
  const findings = judged.problems.map(({ code, path, message }): Finding => {
    const whole = path === '' ? signature.path : `${signature.path}.${path}`
    return { code, path: whole, offset: offsetOf(whole), message }
  })
  if (judged.check === undefined) return { signature, status: judged.settled, findings }
  if (verifies) return { signature, status: 'valid', findings }
  const path = `${signature.path}.signature`
  findings.push({
    code: 'signature-invalid',
    path,
    offset: offsetOf(path),
    message: 'the signature does not verify over the hash of these bytes',
  })
  return { signature, status: 'invalid', findings }
}

/** The judgement of one signature with the key that a resolver knows. */
export function judgePlaced(signature: PlacedSignature, resolve: KeyResolver): JudgedSignature {
  const { signedBy } = signature.wire
  return judgeSignature(signature.wire, isFingerprint(signedBy) ? resolve(signedBy) : undefined)
}

/** Verifies one signature with the key that a resolver knows. */
export function verifyPlaced(
  signature: PlacedSignature,
  resolve: KeyResolver,
  offsetOf: OffsetOf,
): VerifiedSignature {
  const judged = judgePlaced(signature, resolve)
  const { check } = judged
  const verifies =
    check !== undefined && verifySignature(check.key, signature.message, check.signature)
  return concludeSignature(signature, judged, verifies, offsetOf)
}

/** Verifies every signature with the keys inside the transaction and those the resolver knows. */
export function verifySignatures(
  signed: ReadSignedTransaction,
  resolve: KeyResolver = () => undefined,
): readonly VerifiedSignature[] {
  const inside = keysInside(signed.transaction)
  const known: KeyResolver = (fingerprint) => inside.get(fingerprint) ?? resolve(fingerprint)
  const offsetOf = offsetsIn(signed)
  return signed.signatures.map((signature) => verifyPlaced(signature, known, offsetOf))
}

/** The findings that keep a transaction from being signed, unless accepted by name. */
export function refusals(
  findings: readonly Finding[],
  accepted: ReadonlySet<string> = new Set(),
): readonly Finding[] {
  return findings.filter(({ code }) => severityOf(code) !== 'allow' && !accepted.has(code))
}

/** Turns a finding into the error that stops a command. */
export function findingError(
  findings: readonly Finding[],
  first: Finding,
  hint: string,
  file: string,
): CantosignError {
  const place = first.path === '' ? '' : ` at ${first.path}`
  const offset = first.offset === undefined ? '' : ` (offset ${first.offset})`
  return new CantosignError(first.code, `${file}: ${first.message}${place}${offset}`, hint, {
    details: { file, findings: [...findings] },
  })
}
