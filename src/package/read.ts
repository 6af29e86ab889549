/** Reads a package; the bytes in it are the truth, and all that repeats them must agree. */
import { toHex } from '../base/bytes.ts'
import type { CantosignError } from '../base/errors.ts'
import {
  MAX_PUBLIC_KEY_BYTES,
  parseSubjectPublicKeyInfo,
  type PublicKey,
} from '../crypto/public-key.ts'
import type { HashingScheme } from '../daml/scheme.ts'
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
  PREPARED_PROPERTIES,
  PREPARED_SIGNATURE_PROPERTIES,
  PREPARED_SUMMARY_PROPERTIES,
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
  type Members,
  type Place,
} from './json-shape.ts'
import { readJson } from './json-text.ts'
import {
  PACKAGE_FORMAT,
  PREPARED_VERSION,
  TOPOLOGY_VERSION,
  type PackageLimits,
  type PackageNetwork,
  type PackageText,
  type SigningPackage,
  type StateSource,
} from './model.ts'
import type { PreparedContent } from './prepared-entries.ts'
import { preparedSummaryOf, type PreparedSummary } from './prepared-summary.ts'
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
  readonly preparedTransactions: readonly {
    readonly hash: Place
    readonly summary: PreparedSummary
    readonly path: string
  }[]
  readonly state: readonly Place[]
}

/** The version. @throws CantosignError `package-format`, `package-version` */
function formatVersion(whole: Place): number {
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
  if (version === TOPOLOGY_VERSION || version === PREPARED_VERSION) return version
  const found = typeof version === 'number' ? `version ${version}` : 'a version that is no number'
  throw placeError(
    'package-version',
    'version',
    `${found} is not read by this tool, which reads the versions ${TOPOLOGY_VERSION} and ${PREPARED_VERSION}`,
    'use a tool that reads it, or have the package written again by this one',
  )
}

function enumAt(place: Place, type: SignatureEnum): number {
  const number = enumNumber(type, place.value === null ? null : textAt(place))
  if (number !== undefined) return number
  throw placeError('package-value', place.path, `this is no ${type}`)
}

function signatureAt(
  place: Place,
  properties: readonly string[] = SIGNATURE_PROPERTIES,
): Signature {
  const members = objectAt(place, properties)
  return {
    signedBy: textAt(members.required('signedBy')),
    format: enumAt(members.required('format'), 'SignatureFormat'),
    signingAlgorithmSpec: enumAt(members.required('algorithm'), 'SigningAlgorithmSpec'),
    signature: bytesAt(members.required('signature'), MAX_SIGNATURE_BYTES, 'bytes of a signature'),
    signatureDelegation: undefined,
  }
}

function signaturesAt(place: Place, limits: PackageLimits): readonly Signature[] {
  return listAt(place, limits.signatures, 'signatures of one transaction').map((one) =>
    signatureAt(one),
  )
}

const textOrNullAt = (place: Place): string | null => (place.value === null ? null : textAt(place))

function summaryAt(place: Place): TransactionSummary {
  const members = objectAt(place, SUMMARY_PROPERTIES)
  const operation = members.required('operation')
  const text = textAt(operation)
  if (text !== 'replace' && text !== 'remove' && text !== 'unspecified' && text !== 'unknown') {
    throw placeError('package-value', operation.path, 'this is no operation')
  }
  return {
    operation: text,
    serial: numberAt(members.required('serial')),
    mapping: textOrNullAt(members.required('mapping')),
    subject: textOrNullAt(members.required('subject')),
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

function schemeAt(place: Place): HashingScheme {
  const text = textAt(place)
  if (text === 'V2' || text === 'V3') return text
  throw placeError(
    text === 'V1' || text === 'V4' ? 'hashing-scheme-unsupported' : 'package-value',
    place.path,
    'this is neither V2 nor V3',
    'have the transaction prepared again with one of these hashing schemes',
  )
}

const ACTIONS = ['create', 'exercise', 'fetch', 'rollback', 'query-by-key'] as const

function preparedSummaryAt(place: Place, limits: PackageLimits): PreparedSummary {
  const members = objectAt(place, PREPARED_SUMMARY_PROPERTIES)
  const action = textOrNullAt(members.required('action'))
  const known = ACTIONS.find((one) => one === action) ?? null
  if (action !== known) {
    throw placeError('package-value', members.required('action').path, 'this is no action')
  }
  return {
    actAs: listAt(members.required('actAs'), limits.signatures, 'parties').map(textAt),
    commandId: textAt(members.required('commandId')),
    synchronizerId: textAt(members.required('synchronizerId')),
    action: known,
    template: textOrNullAt(members.required('template')),
    choice: textOrNullAt(members.required('choice')),
  }
}

function preparedAt(
  place: Place,
  limits: PackageLimits,
): {
  readonly content: PreparedContent
  readonly claim: Claims['preparedTransactions'][number]
} {
  const members = objectAt(place, PREPARED_PROPERTIES)
  const signatures = listAt(
    members.required('signatures'),
    limits.signatures,
    'signatures of one prepared transaction',
  )
  return {
    claim: {
      hash: members.required('hash'),
      summary: preparedSummaryAt(members.required('summary'), limits),
      path: place.path,
    },
    content: {
      scheme: schemeAt(members.required('hashingScheme')),
      bytes: bytesAt(
        members.required('preparedTransaction'),
        limits.preparedBytes,
        'bytes of a prepared transaction',
      ),
      signatures: signatures.map((one) => ({
        ...signatureAt(one, PREPARED_SIGNATURE_PROPERTIES),
        party: textAt(objectAt(one, PREPARED_SIGNATURE_PROPERTIES).required('party')),
      })),
    },
  }
}

/** A version has its own properties: those of version 2 are none of version 1. */
function preparedTransactionsAt(
  members: Members,
  version: number,
  limits: PackageLimits,
): readonly ReturnType<typeof preparedAt>[] {
  if (version === TOPOLOGY_VERSION) {
    const stray = members.optional('preparedTransactions')
    if (stray === undefined) return []
    throw placeError(
      'package-unknown-property',
      stray.path,
      `version ${TOPOLOGY_VERSION} of the format has no such property`,
      'get the package again from where it came from; nothing in a package is ignored',
    )
  }
  const place = members.required('preparedTransactions')
  const list = listAt(place, limits.transactions, 'prepared transactions')
  if (list.length > 0) return list.map((one) => preparedAt(one, limits))
  throw placeError(
    'package-value',
    place.path,
    `this is empty; a package without prepared transactions has version ${TOPOLOGY_VERSION}`,
  )
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
  const bytes = bytesAt(members.required('publicKey'), MAX_PUBLIC_KEY_BYTES, 'bytes of a key')
  const { key, compressed } = parseSubjectPublicKeyInfo(bytes)
  if (compressed) {
    throw placeError('package-value', place.path, 'the point of this key is compressed')
  }
  requireEqual(fingerprint, key.fingerprint, 'fingerprint of the key')
  requireEqual(keySpec, key.keySpec, 'key spec of the key')
  return key
}

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
  const version = formatVersion(whole)
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
  const prepared = preparedTransactionsAt(members, version, limits)
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
      preparedTransactions: prepared.map(({ content }) => content),
      publicKeys: keys,
      state: state.map(({ content }) => content),
    },
    claims: {
      transactions: transactions.map(({ claim }) => claim),
      combined: combined.map(({ claim }) => claim),
      preparedTransactions: prepared.map(({ claim }) => claim),
      state: state.map(({ hash }) => hash),
    },
  }
}

function summaryMismatch(path: string, is = '', said = ''): CantosignError {
  return placeError(
    'package-summary-mismatch',
    path,
    `the bytes say ${is}, not ${said}`,
    'do not sign: what is written beside the bytes is not what the bytes say',
  )
}

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
      throw summaryMismatch(
        `${claim.path}.summary.${name}`,
        JSON.stringify(computed[name]),
        JSON.stringify(claim.summary[name]),
      )
    }
  })
  entries.preparedTransactions.forEach((entry, i) => {
    const claim = claims.preparedTransactions[i]
    if (claim === undefined) throw new Error('a prepared transaction without its claim')
    requireEqual(claim.hash, entry.hash, `hash of the bytes under ${entry.scheme}`)
    const computed = preparedSummaryOf(entry.prepared.value)
    for (const name of PREPARED_SUMMARY_PROPERTIES) {
      const [said, is] = [claim.summary[name], computed[name]].map((one) => JSON.stringify(one))
      if (said !== is) throw summaryMismatch(`${claim.path}.summary.${name}`, is, said)
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
