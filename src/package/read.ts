/** Reads a package; the bytes in it are the truth, and all that repeats them must agree. */
import { toHex } from '../base/bytes.ts'
import { parseSubjectPublicKeyInfo, type PublicKey } from '../crypto/public-key.ts'
import type { KeyResolver } from '../topology/signed-transaction.ts'
import type { Signature } from '../wire/generated/schema.ts'
import {
  judgedPackage,
  limitsOf,
  packageEntries,
  type CombinedContent,
  type JudgedPackage,
  type PackageContent,
} from './create.ts'
import {
  MAX_SIGNATURE_BYTES,
  MAX_SOURCES,
  type StateContent,
  type TransactionContent,
} from './entries.ts'
import {
  COMBINED_PROPERTIES,
  enumNumber,
  NETWORK_PROPERTIES,
  PACKAGE_PROPERTIES,
  PUBLIC_KEY_PROPERTIES,
  SIGNATURE_PROPERTIES,
  SOURCE_PROPERTIES,
  STATE_PROPERTIES,
  SUMMARY_PROPERTIES,
  TEXT_PROPERTIES,
  TRANSACTION_PROPERTIES,
  type SignatureEnum,
} from './format.ts'
import {
  bytesAt,
  checkLimit,
  flagAt,
  isObject,
  listAt,
  numberAt,
  objectAt,
  placeError,
  textAt,
  type Place,
} from './json-shape.ts'
import { readJson } from './json-text.ts'
import {
  PACKAGE_FORMAT,
  PACKAGE_VERSION,
  type PackageLimits,
  type PackageNetwork,
  type PackageText,
  type SigningPackage,
  type StateSource,
} from './model.ts'
import { summaryOf, type TransactionSummary } from './summary.ts'
import { verifyRest } from './verdicts.ts'

export interface ReadOptions {
  /** Limits to raise. */
  readonly limits?: Partial<PackageLimits>
  /** Keys from outside the package, for the statuses of signatures. */
  readonly resolve?: KeyResolver
}

/** What the file claims of bytes that it holds; held against them once they are read. */
interface Claims {
  readonly transactions: readonly {
    readonly hash: Place
    readonly summary: TransactionSummary
    readonly path: string
  }[]
  readonly combined: readonly {
    readonly hash: Place
    readonly transactions: readonly string[]
    readonly path: string
  }[]
  readonly state: readonly Place[]
}

/** @throws CantosignError `package-format`, `package-version` */
function checkFormat(whole: Place): void {
  const format = isObject(whole.value) ? whole.value.get('format') : undefined
  if (format !== PACKAGE_FORMAT) {
    throw placeError(
      'package-format',
      '',
      `it does not begin as a signing package: "format" is not "${PACKAGE_FORMAT}"`,
      'give a file that this tool wrote as a package (*.cantosign.json)',
    )
  }
  const version = isObject(whole.value) ? whole.value.get('version') : undefined
  if (version !== PACKAGE_VERSION) {
    const found = typeof version === 'number' ? `version ${version}` : 'a version that is no number'
    throw placeError(
      'package-version',
      'version',
      `${found} is not read by this tool, which reads version ${PACKAGE_VERSION}`,
      'use a tool that reads it, or have the package written again by this one',
    )
  }
}

function enumAt(place: Place, type: SignatureEnum): number {
  const number = enumNumber(type, place.value === null ? null : textAt(place))
  if (number !== undefined) return number
  throw placeError('package-value', place.path, `this is no ${type}`)
}

function signatureAt(place: Place): Signature {
  const members = objectAt(place, SIGNATURE_PROPERTIES)
  return {
    signedBy: textAt(members.required('signedBy')),
    format: enumAt(members.required('format'), 'SignatureFormat'),
    signingAlgorithmSpec: enumAt(members.required('algorithm'), 'SigningAlgorithmSpec'),
    signature: bytesAt(members.required('signature'), MAX_SIGNATURE_BYTES, 'bytes of a signature'),
    signatureDelegation: undefined,
  }
}

function signaturesAt(place: Place, limits: PackageLimits): readonly Signature[] {
  return listAt(place, limits.signatures, 'signatures of one transaction').map(signatureAt)
}

function summaryAt(place: Place): TransactionSummary {
  const members = objectAt(place, SUMMARY_PROPERTIES)
  const nullable = (name: string): string | null => {
    const member = members.required(name)
    return member.value === null ? null : textAt(member)
  }
  const operation = members.required('operation')
  const text = textAt(operation)
  if (text !== 'replace' && text !== 'remove' && text !== 'unspecified' && text !== 'unknown') {
    throw placeError('package-value', operation.path, 'this is no operation')
  }
  return {
    operation: text,
    serial: numberAt(members.required('serial')),
    mapping: nullable('mapping'),
    subject: nullable('subject'),
  }
}

function transactionAt(
  place: Place,
  limits: PackageLimits,
): { readonly content: TransactionContent; readonly claim: Claims['transactions'][number] } {
  const members = objectAt(place, TRANSACTION_PROPERTIES)
  return {
    claim: {
      hash: members.required('hash'),
      summary: summaryAt(members.required('summary')),
      path: place.path,
    },
    content: {
      proposal: flagAt(members.required('proposal')),
      bytes: bytesAt(
        members.required('transaction'),
        limits.transactionBytes,
        'bytes of a transaction',
      ),
      signatures: signaturesAt(members.required('signatures'), limits),
    },
  }
}

function combinedAt(
  place: Place,
  limits: PackageLimits,
): { readonly content: CombinedContent; readonly claim: Claims['combined'][number] } {
  const members = objectAt(place, COMBINED_PROPERTIES)
  const hashes = (list: Place): readonly string[] =>
    listAt(list, limits.transactions, 'hashes').map(textAt)
  const transactions = hashes(members.required('transactions'))
  const others = members.optional('elsewhere')
  const elsewhere = others === undefined ? [] : hashes(others)
  if (others !== undefined && elsewhere.length === 0) {
    throw placeError('package-value', others.path, 'this is empty; leave it out instead')
  }
  return {
    claim: { hash: members.required('hash'), transactions, path: place.path },
    content: {
      transactionHashes: [...transactions, ...elsewhere],
      signatures: signaturesAt(members.required('signatures'), limits),
    },
  }
}

/** @throws CantosignError `package-hash-mismatch` and what a key that is none gives */
function publicKeyAt(place: Place): PublicKey {
  const members = objectAt(place, PUBLIC_KEY_PROPERTIES)
  const fingerprint = members.required('fingerprint')
  const keySpec = members.required('keySpec')
  const bytes = bytesAt(members.required('publicKey'), MAX_KEY_BYTES, 'bytes of a key')
  const { key, compressed } = parseSubjectPublicKeyInfo(bytes)
  if (compressed) {
    throw placeError('package-value', place.path, 'the point of this key is compressed')
  }
  requireEqual(fingerprint, key.fingerprint, 'fingerprint of the key')
  requireEqual(keySpec, key.keySpec, 'key spec of the key')
  return key
}

const MAX_KEY_BYTES = 4096

function sourcesAt(place: Place): readonly StateSource[] {
  return listAt(place, MAX_SOURCES, 'sources').map((source) => {
    const members = objectAt(source, SOURCE_PROPERTIES)
    const at = members.optional('at')
    return {
      from: textAt(members.required('from')),
      at: at === undefined ? undefined : textAt(at),
    }
  })
}

/** @throws CantosignError `package-hash-mismatch` */
function requireEqual(claimed: Place, computed: string, what: string): void {
  if (textAt(claimed) === computed) return
  throw placeError(
    'package-hash-mismatch',
    claimed.path,
    `the ${what} is ${computed}, which is not what stands here`,
    'do not use this package: the bytes or what is said of them was changed',
  )
}

function networkAt(place: Place | undefined): Partial<PackageNetwork> {
  if (place === undefined) return {}
  const members = objectAt(place, NETWORK_PROPERTIES)
  const id = members.optional('synchronizerId')
  const version = members.optional('protocolVersion')
  return {
    synchronizerId: id === undefined ? undefined : textAt(id),
    protocolVersion: version === undefined ? undefined : numberAt(version),
  }
}

function packageTextAt(place: Place | undefined): Partial<PackageText> {
  if (place === undefined) return {}
  const members = objectAt(place, TEXT_PROPERTIES)
  const own = (name: string): string | undefined => {
    const member = members.optional(name)
    return member === undefined ? undefined : textAt(member)
  }
  return { requestedBy: own('requestedBy'), reason: own('reason'), validUntil: own('validUntil') }
}

function parse(whole: Place, limits: PackageLimits): { content: PackageContent; claims: Claims } {
  checkFormat(whole)
  const members = objectAt(whole, PACKAGE_PROPERTIES)
  const transactions = listAt(
    members.required('transactions'),
    limits.transactions,
    'transactions',
  ).map((place) => transactionAt(place, limits))
  const combined = listAt(
    members.required('combined'),
    limits.transactions,
    'combined signings',
  ).map((place) => combinedAt(place, limits))
  const keys = listAt(members.required('publicKeys'), limits.state, 'public keys').map(publicKeyAt)
  const state = listAt(members.required('state'), limits.state, 'state transactions').map(
    (place): { readonly content: StateContent; readonly hash: Place } => {
      const entry = objectAt(place, STATE_PROPERTIES)
      const bytes = entry.required('signedTransaction')
      return {
        hash: entry.required('hash'),
        content: {
          bytes: bytesAt(bytes, limits.transactionBytes, 'bytes of a transaction'),
          sources: sourcesAt(entry.required('sources')),
        },
      }
    },
  )
  return {
    content: {
      network: networkAt(members.optional('network')),
      text: packageTextAt(members.optional('text')),
      transactions: transactions.map(({ content }) => content),
      combined: combined.map(({ content }) => content),
      publicKeys: keys,
      state: state.map(({ content }) => content),
    },
    claims: {
      transactions: transactions.map(({ claim }) => claim),
      combined: combined.map(({ claim }) => claim),
      state: state.map(({ hash }) => hash),
    },
  }
}

const SUMMARY_MISMATCH = 'do not sign: what is written beside the bytes is not what the bytes say'

/**
 * Holds what the file says of the bytes against the bytes.
 * @throws CantosignError `package-hash-mismatch`, `package-summary-mismatch`,
 * `package-combined-coverage`
 */
function checkClaims(entries: SigningPackage, claims: Claims): void {
  entries.transactions.forEach((entry, i) => {
    const claim = claims.transactions[i]
    if (claim === undefined) throw new Error('a transaction without its claim')
    requireEqual(claim.hash, entry.hash, 'hash of the bytes')
    const computed = summaryOf(entry)
    for (const name of SUMMARY_PROPERTIES) {
      if (claim.summary[name] === computed[name]) continue
      throw placeError(
        'package-summary-mismatch',
        `${claim.path}.summary.${name}`,
        `the bytes say ${JSON.stringify(computed[name])}, not ${JSON.stringify(claim.summary[name])}`,
        SUMMARY_MISMATCH,
      )
    }
  })
  entries.combined.forEach((signing, i) => {
    const claim = claims.combined[i]
    if (claim === undefined) throw new Error('a combined signing without its claim')
    const claimed = new Set(claim.transactions)
    const stray = signing.elsewhere.find((hash) => claimed.has(hash))
    const hidden = signing.transactions.find((hash) => !claimed.has(hash))
    if (stray !== undefined || hidden !== undefined) {
      throw placeError(
        'package-combined-coverage',
        `${claim.path}.${stray === undefined ? 'elsewhere' : 'transactions'}`,
        stray === undefined
          ? `the transaction ${hidden ?? ''} is in this package, not elsewhere`
          : `there is no transaction ${stray} in this package`,
      )
    }
    requireEqual(claim.hash, toHex(signing.hash), 'combined hash of the listed hashes')
  })
  entries.state.forEach(({ signed }, i) => {
    const claim = claims.state[i]
    if (claim === undefined) throw new Error('a state transaction without its claim')
    requireEqual(claim, toHex(signed.transaction.hash), 'hash of the bytes')
  })
}

/**
 * Reads a package and verifies every signature in it as far as the keys are known. Invalid
 * signatures stay where they are: `verdicts` says what each is worth, and the caller decides.
 * @param bytes the whole file
 * @throws CantosignError `package-json`, `package-trailing-data`, `package-duplicate-property`,
 * `package-format`, `package-version`, `package-unknown-property`, `package-missing-property`,
 * `package-value`, `package-hash-mismatch`, `package-summary-mismatch`, `bad-base64`,
 * `limit-exceeded`, and as `packageEntries` and `judgedPackage`; each names the place
 */
export function readPackage(bytes: Uint8Array, options: ReadOptions = {}): JudgedPackage {
  const limits = limitsOf(options.limits)
  checkLimit('', bytes.length, limits.packageBytes, 'bytes of a package')
  const { content, claims } = parse({ value: readJson(bytes, 'the package'), path: '' }, limits)
  const entries = packageEntries(content, limits)
  checkClaims(entries, claims)
  const judged = judgedPackage(entries, limits)
  return options.resolve === undefined
    ? judged
    : { ...judged, verdicts: verifyRest(judged.verdicts, options.resolve) }
}
