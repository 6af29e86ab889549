/** Making a package: every rule of docs/format.md sections 2 to 6 that is not about JSON. */
import { compareBytes, parseHex, toBase64 } from '../base/bytes.ts'
import { isMultihash } from '../crypto/hash.ts'
import { parseSubjectPublicKeyInfo, type PublicKey } from '../crypto/public-key.ts'
import { combinedHash } from '../topology/namespace.ts'
import type { VerifiedSignature } from '../topology/signed-transaction.ts'
import type { Signature } from '../wire/generated/schema.ts'
import {
  packageNetwork,
  packageSignatures,
  packageText,
  stateEntry,
  transactionEntry,
  type StateContent,
  type TransactionContent,
} from './entries.ts'
import { checkLimit, placeError } from './json-shape.ts'
import {
  DEFAULT_LIMITS,
  type CombinedSigning,
  type PackageLimits,
  type PackageNetwork,
  type PackageText,
  type PackageVerdicts,
  type SigningPackage,
} from './model.ts'
import {
  compareSources,
  compareState,
  compareText,
  PREPARED_SIGNATURE_ORDER,
  SIGNATURE_ORDER,
} from './order.ts'
import { checkNetworkOf, preparedEntry, type PreparedContent } from './prepared-entries.ts'
import { rootOf, verifyPackage } from './verdicts.ts'

/** Signatures over the combined hash of these transactions, each named by its hash in hex. */
export interface CombinedContent {
  readonly transactionHashes: readonly string[]
  readonly signatures: readonly Signature[]
}

/** What a package is made of. */
export interface PackageContent {
  readonly network?: Partial<PackageNetwork>
  readonly text?: Partial<PackageText>
  readonly transactions: readonly TransactionContent[]
  readonly combined?: readonly CombinedContent[]
  readonly preparedTransactions?: readonly PreparedContent[]
  readonly publicKeys?: readonly PublicKey[]
  readonly state?: readonly StateContent[]
}

/** The limits in force: the default ones, raised where the caller says so. */
export function limitsOf(limits: Partial<PackageLimits> = {}): PackageLimits {
  return { ...DEFAULT_LIMITS, ...limits }
}

/** @throws CantosignError `hash-invalid`, `package-duplicate-entry`, `package-combined-coverage` */
function combinedEntry(
  content: CombinedContent,
  own: ReadonlySet<string>,
  path: string,
): CombinedSigning {
  const seen = new Set<string>()
  const hashes = content.transactionHashes.map((text) => {
    const bytes = /^[0-9a-f]{68}$/.test(text) ? parseHex(text) : new Uint8Array()
    if (!isMultihash(bytes)) {
      throw placeError(
        'hash-invalid',
        path,
        'a hash in its list is not 68 lower-case hex characters beginning 1220',
      )
    }
    if (seen.has(text)) {
      throw placeError('package-duplicate-entry', path, `the hash ${text} is listed twice`)
    }
    seen.add(text)
    return bytes
  })
  const transactions = [...seen].filter((hash) => own.has(hash)).sort(compareText)
  if (transactions.length === 0) {
    throw placeError(
      'package-combined-coverage',
      path,
      'none of the transactions that it covers is in the package',
    )
  }
  return {
    hash: combinedHash(hashes),
    transactions,
    elsewhere: [...seen].filter((hash) => !own.has(hash)).sort(compareText),
    signatures: packageSignatures(content.signatures, `${path}.signatures`),
  }
}

/** Refuses what occurs twice in a list; `identity` names an item. */
function refuseTwice<T>(
  items: readonly T[],
  path: string,
  identity: (item: T) => string,
  code: 'package-duplicate-transaction' | 'package-duplicate-entry',
): void {
  const first = new Map<string, number>()
  items.forEach((item, i) => {
    const name = identity(item)
    const earlier = first.get(name)
    if (earlier !== undefined) {
      throw placeError(code, `${path}[${i}]`, `this is the same as ${path}[${earlier}]`)
    }
    first.set(name, i)
  })
}

/** The signatures of one transaction, with every combined one that covers it. */
function checkSignatureCounts(content: SigningPackage, limits: PackageLimits): void {
  const counts = new Map(content.transactions.map((one) => [one.hash, one.signatures.length]))
  for (const { transactions, signatures } of content.combined) {
    for (const hash of transactions) {
      counts.set(hash, (counts.get(hash) ?? 0) + signatures.length)
    }
  }
  content.transactions.forEach(({ hash }, i) => {
    checkLimit(
      `transactions[${i}]`,
      counts.get(hash) ?? 0,
      limits.signatures,
      'signatures, its own and the combined ones that cover it',
    )
  })
}

/** The signatures of one prepared transaction, for all parties. */
function checkPreparedCounts(content: SigningPackage, limits: PackageLimits): void {
  content.preparedTransactions.forEach(({ signatures }, i) => {
    checkLimit(
      `preparedTransactions[${i}].signatures`,
      signatures.length,
      limits.signatures,
      'signatures of one prepared transaction',
    )
  })
}

function checkCarried(content: SigningPackage): void {
  const roots = new Map(content.transactions.map((entry) => [entry.hash, rootOf(entry)]))
  content.combined.forEach(({ transactions, signatures }, i) => {
    const owners = new Set(transactions.map((hash) => roots.get(hash)))
    if (owners.has(undefined)) return // some covered transaction carries whatever there is
    signatures.forEach(({ signedBy }, j) => {
      if (owners.has(signedBy)) return
      throw placeError(
        'package-combined-uncarried',
        `combined[${i}].signatures[${j}]`,
        'it covers nothing but root delegations of other owners, which must not carry it',
        'only the owner of a root delegation signs it: leave this signature out',
      )
    })
  })
}

type Counted = 'transactions' | 'preparedTransactions' | 'state'

/** @throws CantosignError `limit-exceeded` */
function checkCounts(
  {
    transactions,
    preparedTransactions = [],
    state = [],
  }: Partial<Record<Counted, readonly unknown[]>> & { readonly transactions: readonly unknown[] },
  limits: PackageLimits,
): void {
  checkLimit('transactions', transactions.length, limits.transactions, 'transactions')
  checkLimit(
    'preparedTransactions',
    preparedTransactions.length,
    limits.transactions,
    'prepared transactions',
  )
  checkLimit('state', state.length, limits.state, 'state transactions')
}

/**
 * Brings entries into the normal form: what occurs twice and what exceeds a limit is refused, and
 * the lists whose order has no meaning are sorted.
 * @throws CantosignError `package-duplicate-transaction`, `package-duplicate-entry`,
 * `package-value`, `package-combined-uncarried`, `limit-exceeded`
 */
export function normalForm(content: SigningPackage, limits: PackageLimits): SigningPackage {
  const { transactions, combined, preparedTransactions, publicKeys, state } = content
  checkCounts(content, limits)
  checkLimit('publicKeys', publicKeys.length, limits.state, 'public keys')
  checkLimit('combined', combined.length, limits.transactions, 'combined signings')
  refuseTwice(transactions, 'transactions', ({ hash }) => hash, 'package-duplicate-transaction')
  refuseTwice(
    preparedTransactions,
    'preparedTransactions',
    ({ hash }) => hash,
    'package-duplicate-transaction',
  )
  refuseTwice(combined, 'combined', ({ hash }) => toBase64(hash), 'package-duplicate-entry')
  refuseTwice(publicKeys, 'publicKeys', ({ fingerprint }) => fingerprint, 'package-duplicate-entry')
  refuseTwice(state, 'state', ({ signed }) => toBase64(signed.bytes), 'package-duplicate-entry')
  combined.forEach(({ signatures }, i) => {
    if (signatures.length > 0) return
    throw placeError('package-value', `combined[${i}].signatures`, 'there is no signature')
  })
  checkSignatureCounts(content, limits)
  checkPreparedCounts(content, limits)
  checkCarried(content)
  return {
    network: content.network,
    text: content.text,
    transactions,
    combined: combined.toSorted((a, b) => compareBytes(a.hash, b.hash)),
    preparedTransactions,
    publicKeys: publicKeys.toSorted((a, b) => compareText(a.fingerprint, b.fingerprint)),
    state: state
      .map(({ signed, sources }) => ({ signed, sources: sources.toSorted(compareSources) }))
      .sort(compareState),
  }
}

/**
 * Two valid signatures by one key over one hash say no more than one does; a list of signers with
 * both would show one signer twice.
 * @throws CantosignError `package-duplicate-signature`
 */
function refuseTwoValid(content: SigningPackage, verdicts: PackageVerdicts): void {
  const refuse = (list: readonly VerifiedSignature[], signers: readonly string[]): void => {
    const first = new Map<string, VerifiedSignature>()
    list.forEach((one, i) => {
      if (one.status !== 'valid') return
      const { path } = one.signature
      const signer = signers[i] ?? ''
      const earlier = first.get(signer)
      if (earlier !== undefined) {
        throw placeError(
          'package-duplicate-signature',
          path,
          `the same key has a valid signature at ${earlier.signature.path}`,
          'one valid signature of a key is enough: keep one of the two',
        )
      }
      first.set(signer, one)
    })
  }
  for (const [lists, signed] of [
    [verdicts.transactions, content.transactions],
    [verdicts.combined, content.combined],
  ] as const) {
    lists.forEach((list, i) => {
      refuse(list, (signed[i]?.signatures ?? []).map(SIGNATURE_ORDER.signer))
    })
  }
  verdicts.preparedTransactions.forEach((list, i) => {
    const { signatures = [] } = content.preparedTransactions[i] ?? {}
    refuse(list, signatures.map(PREPARED_SIGNATURE_ORDER.signer))
  })
}

/**
 * True if the key has the fingerprint of the bytes that a package holds of it. The one key that has
 * not is one whose mapping has its point compressed: it stays known through that mapping only.
 */
export function isStorable(key: PublicKey): boolean {
  return parseSubjectPublicKeyInfo(key.spki).key.fingerprint === key.fingerprint
}

/** @throws CantosignError `package-hash-mismatch` for a key that is not storable */
export function checkStorable(key: PublicKey, path: string): void {
  if (isStorable(key)) return
  throw placeError(
    'package-hash-mismatch',
    `${path}.fingerprint`,
    `${key.fingerprint} is not the fingerprint of the key in its usual encoding`,
  )
}

/** A package with what its signatures are worth. */
export interface JudgedPackage {
  readonly package: SigningPackage
  readonly verdicts: PackageVerdicts
}

/**
 * Reads every entry by itself; the lists stay in their order, which errors and claims go by.
 * @throws CantosignError `package-value`, `package-duplicate-signature`,
 * `package-combined-coverage`, `package-hash-mismatch`, `limit-exceeded`, `hash-invalid`,
 * `identifier-invalid`, `prepared-hash-undetermined`, `package-summary-mismatch`, or the code of a
 * fatal finding in the bytes of a transaction. The message names the place.
 */
export function packageEntries(content: PackageContent, limits: PackageLimits): SigningPackage {
  const { transactions, combined = [], preparedTransactions = [] } = content
  const { publicKeys = [], state = [] } = content
  if (transactions.length === 0 && preparedTransactions.length === 0) {
    throw placeError('package-value', 'transactions', 'there is no transaction')
  }
  checkCounts(content, limits)
  const entries = transactions.map((one, i) => transactionEntry(one, `transactions[${i}]`, limits))
  const own = new Set(entries.map(({ hash }) => hash))
  publicKeys.forEach((key, i) => {
    checkStorable(key, `publicKeys[${i}]`)
  })
  const network = packageNetwork(content.network ?? {})
  const prepared = preparedTransactions.map((one, i) =>
    preparedEntry(one, `preparedTransactions[${i}]`, limits),
  )
  checkNetworkOf(network, prepared)
  return {
    network,
    text: packageText(content.text ?? {}, limits),
    transactions: entries,
    combined: combined.map((one, i) => combinedEntry(one, own, `combined[${i}]`)),
    preparedTransactions: prepared,
    publicKeys,
    state: state.map((one, i) => stateEntry(one, `state[${i}]`, limits)),
  }
}

/**
 * Brings entries into the normal form and verifies every signature as far as the keys inside the
 * package go. Signatures that do not verify stay, with their status.
 * @throws CantosignError as `normalForm`, and `package-duplicate-signature`
 */
export function judgedPackage(entries: SigningPackage, limits: PackageLimits): JudgedPackage {
  const made = normalForm(entries, limits)
  const verdicts = verifyPackage(made)
  refuseTwoValid(made, verdicts)
  return { package: made, verdicts }
}

/**
 * Makes a package of parts: what `build` and `fetch` call. The bytes are copied.
 * @throws CantosignError as `packageEntries` and `judgedPackage`
 */
export function createPackage(
  content: PackageContent,
  limits: Partial<PackageLimits> = {},
): SigningPackage {
  const copied: PackageContent = {
    ...content,
    transactions: content.transactions.map((one) => ({ ...one, bytes: one.bytes.slice() })),
    preparedTransactions: (content.preparedTransactions ?? []).map((one) => ({
      ...one,
      bytes: one.bytes.slice(),
    })),
    state: (content.state ?? []).map((one) => ({ ...one, bytes: one.bytes.slice() })),
  }
  const all = limitsOf(limits)
  return judgedPackage(packageEntries(copied, all), all).package
}
