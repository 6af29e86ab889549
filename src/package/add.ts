/** Adding to a package: signatures made here or elsewhere, and state. */
import { toHex } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import type { PublicKey } from '../crypto/public-key.ts'
import type { Fingerprint } from '../ident/fingerprint.ts'
import { signatureMessage } from '../topology/assemble.ts'
import { combinedHash } from '../topology/namespace.ts'
import type { KeyResolver } from '../topology/signed-transaction.ts'
import { checkStorable, isStorable, limitsOf, normalForm } from './create.ts'
import { packageSignature, stateEntry, type StateContent } from './entries.ts'
import { combinePackages, type Combined, type CombineOptions } from './combine.ts'
import type {
  CombinedSigning,
  PackageLimits,
  PackageSignature,
  PackageTransaction,
  SigningPackage,
} from './model.ts'
import { compareSignatures, compareText } from './order.ts'
import { carriesCombined, keysOf, verifyPackageSignature } from './verdicts.ts'

/** What a signature is over. */
export type SignatureTarget =
  /** One transaction of the package, by its hash in hex. */
  | { readonly $case: 'transaction'; readonly hash: string }
  /** Several transactions of the package at once: all of them, unless some are named. */
  | { readonly $case: 'combined'; readonly hashes?: readonly string[] }

export interface SignatureToAdd {
  readonly target: SignatureTarget
  readonly signedBy: Fingerprint
  /** 64 bytes R ‖ S for Ed25519, strict DER for ECDSA. */
  readonly signature: Uint8Array
}

export interface AddOptions {
  /** Keys from outside the package; one that signs is put into the package. */
  readonly resolve?: KeyResolver
  readonly limits?: Partial<PackageLimits>
}

export interface Added {
  readonly package: SigningPackage
  /** Signatures by the same keys over the same hashes that do not verify and had to give way. */
  readonly replaced: readonly PackageSignature[]
}

/** The refusal of a hash that names nothing in the package. */
export function transactionAbsent(hash: string): CantosignError {
  return new CantosignError(
    'package-transaction-absent',
    `the package holds no transaction ${JSON.stringify(hash.slice(0, 80))}`,
    'name it by the hash that inspect shows: 68 lower-case hex characters, for a prepared Daml transaction 64',
  )
}

/** The refusal of a key that has signed already, a hash or what else is said. */
export function alreadySigned(signer: string, what: string): CantosignError {
  return new CantosignError(
    'key-already-signed',
    `the key ${signer} has signed ${what} already`,
    'nothing is left to do with this key',
  )
}

/** @throws CantosignError `signer-key-unknown` */
export function requireSignerKey(signedBy: Fingerprint, resolve: KeyResolver): PublicKey {
  const key = resolve(signedBy)
  if (key !== undefined) return key
  throw new CantosignError(
    'signer-key-unknown',
    `the public key with the fingerprint ${signedBy} is not in the package`,
    'give it with --public-key FILE, or state that holds it with --state FILE',
  )
}

/** The target with every hash named and looked up. */
interface Resolved {
  /** In hex; the name of the list that the signature goes to. */
  readonly hash: string
  readonly message: Uint8Array
  readonly covered: readonly PackageTransaction[]
  readonly combined: boolean
}

function resolveTarget(
  target: SignatureTarget,
  byHash: ReadonlyMap<string, PackageTransaction>,
): Resolved {
  const find = (hash: string): PackageTransaction => {
    const entry = byHash.get(hash)
    if (entry === undefined) throw transactionAbsent(hash)
    return entry
  }
  if (target.$case === 'transaction') {
    const entry = find(target.hash)
    const message = entry.transaction.hash
    return { hash: entry.hash, message, covered: [entry], combined: false }
  }
  const covered = [...new Set(target.hashes ?? byHash.keys())].sort(compareText).map(find)
  const message = combinedHash(covered.map(({ transaction }) => transaction.hash))
  return { hash: toHex(message), message, covered, combined: true }
}

function indexOf(content: SigningPackage): ReadonlyMap<string, PackageTransaction> {
  return new Map(content.transactions.map((entry) => [entry.hash, entry]))
}

/**
 * The 34 bytes to sign for a target.
 * @throws CantosignError `package-transaction-absent`; `hash-invalid` for an empty list of hashes
 */
export function signingMessage(content: SigningPackage, target: SignatureTarget): Uint8Array {
  return resolveTarget(target, indexOf(content)).message
}

/** The lists of signatures while additions are worked in; each is copied when first touched. */
class SignatureLists {
  readonly #resolve: KeyResolver
  readonly #own: Map<string, readonly PackageSignature[]>
  readonly #combined: Map<string, CombinedSigning>
  /** Keys with a valid signature, by list and signer, as far as it was asked for. */
  readonly #valid = new Set<string>()
  readonly replaced: PackageSignature[] = []

  constructor(content: SigningPackage, signers: ReadonlySet<string>, resolve: KeyResolver) {
    this.#resolve = resolve
    this.#own = new Map(content.transactions.map((one) => [one.hash, one.signatures]))
    this.#combined = new Map(content.combined.map((one) => [toHex(one.hash), one]))
    for (const { transaction, hash, signatures } of content.transactions) {
      this.#note(signatures, transaction.hash, signers, [hash])
    }
    const byHash = indexOf(content)
    for (const { hash, transactions, signatures } of content.combined) {
      const covered = transactions.flatMap((name) => byHash.get(name) ?? [])
      this.#note(signatures, hash, signers, [toHex(hash)], covered)
    }
  }

  #note(
    signatures: readonly PackageSignature[],
    message: Uint8Array,
    signers: ReadonlySet<string>,
    hashes: readonly string[],
    covered: readonly PackageTransaction[] = [],
  ): void {
    for (const wire of signatures) {
      if (!signers.has(wire.signedBy) || !this.#verifies(wire, message)) continue
      this.#markValid(wire.signedBy, hashes, covered)
    }
  }

  #markValid(
    signer: string,
    hashes: readonly string[],
    covered: readonly PackageTransaction[],
  ): void {
    const carriers = covered.filter((entry) => carriesCombined(entry, signer))
    for (const hash of [...hashes, ...carriers.map((entry) => entry.hash)]) {
      this.#valid.add(`${signer} ${hash}`)
    }
  }

  #verifies(wire: PackageSignature, message: Uint8Array): boolean {
    return verifyPackageSignature(wire, message, false, '', this.#resolve).status === 'valid'
  }

  /** True if the key has a valid signature over the hash, or a combined one that it carries. */
  hasSigned(signer: string, hash: string): boolean {
    return this.#valid.has(`${signer} ${hash}`)
  }

  add(target: Resolved, wire: PackageSignature): void {
    const { hash, message, covered, combined } = target
    const current = combined ? (this.#combined.get(hash)?.signatures ?? []) : this.#own.get(hash)
    const kept: PackageSignature[] = []
    for (const one of current ?? []) {
      if (one.signedBy === wire.signedBy && !this.#verifies(one, message)) this.replaced.push(one)
      else kept.push(one)
    }
    const signatures = [...kept, wire].sort(compareSignatures)
    if (combined) {
      const transactions = covered.map((entry) => entry.hash)
      this.#combined.set(hash, { hash: message, transactions, elsewhere: [], signatures })
    } else this.#own.set(hash, signatures)
    this.#markValid(wire.signedBy, [hash], combined ? covered : [])
  }

  ownOf(entry: PackageTransaction): PackageTransaction {
    return { ...entry, signatures: this.#own.get(entry.hash) ?? [] }
  }

  combined(): readonly CombinedSigning[] {
    return [...this.#combined.values()]
  }
}

/** @throws CantosignError `key-already-signed`, `combined-root-delegation` */
function checkUseful(target: Resolved, signer: string, lists: SignatureLists): void {
  if (lists.hasSigned(signer, target.hash)) throw alreadySigned(signer, target.hash)
  if (!target.combined) return
  const carriers = target.covered.filter((entry) => carriesCombined(entry, signer))
  if (carriers.length === 0) {
    throw new CantosignError(
      'combined-root-delegation',
      `every transaction that is covered is a root delegation of another owner than ${signer}`,
      'a second signer on a root delegation would endanger its namespace: only its owner signs it',
    )
  }
  if (carriers.every(({ hash }) => lists.hasSigned(signer, hash))) {
    throw alreadySigned(signer, 'every transaction that would carry this signature')
  }
}

/** The signature as a Signature message, verified. @throws CantosignError the finding's code */
function verified(
  one: SignatureToAdd,
  key: PublicKey,
  target: Resolved,
  resolve: KeyResolver,
): PackageSignature {
  const message = signatureMessage(key.keySpec, key.fingerprint, one.signature.slice())
  const wire = packageSignature(message, 'the signature')
  const verdict = verifyPackageSignature(wire, target.message, target.combined, '', resolve)
  if (verdict.status === 'valid') return wire
  const finding = verdict.findings.at(-1)
  throw new CantosignError(
    finding?.code ?? 'signature-invalid',
    `the signature by ${one.signedBy} over ${target.combined ? 'the combined hash ' : ''}${target.hash} is not valid: ${finding?.message ?? 'it does not verify'}`,
    target.combined
      ? 'sign the 34 bytes of the combined hash of just these transactions, with this key'
      : 'sign the 34 bytes of the hash, not the transaction and not the hash in hex, with this key',
    { details: { hash: target.hash, signedBy: one.signedBy } },
  )
}

/**
 * Adds signatures, each verified before it is taken. A combined signature covers every transaction
 * of its set; which of them carry it is decided by `carriesCombined`, always.
 * @throws CantosignError `package-transaction-absent`, `signer-key-unknown`, `signature-invalid` or
 * what is wrong with its encoding, `key-already-signed`, `combined-root-delegation`,
 * `limit-exceeded`; then nothing is added
 */
export function addSignatures(
  content: SigningPackage,
  additions: readonly SignatureToAdd[],
  options: AddOptions = {},
): Added {
  const inside = keysOf(content)
  const resolve: KeyResolver = (fingerprint) =>
    inside.get(fingerprint) ?? options.resolve?.(fingerprint)
  const byHash = indexOf(content)
  const signers = new Set<string>(additions.map(({ signedBy }) => signedBy))
  const lists = new SignatureLists(content, signers, resolve)
  const newKeys = new Map<Fingerprint, PublicKey>()
  let allHashes: Resolved | undefined
  for (const one of additions) {
    const whole = one.target.$case === 'combined' && one.target.hashes === undefined
    const target = (whole ? allHashes : undefined) ?? resolveTarget(one.target, byHash)
    if (whole) allHashes = target
    const key = requireSignerKey(one.signedBy, resolve)
    const wire = verified(one, key, target, resolve)
    checkUseful(target, one.signedBy, lists)
    lists.add(target, wire)
    if (!inside.has(key.fingerprint) && isStorable(key)) newKeys.set(key.fingerprint, key)
  }
  const made = normalForm(
    {
      ...content,
      transactions: content.transactions.map((entry) => lists.ownOf(entry)),
      combined: lists.combined(),
      publicKeys: [...content.publicKeys, ...newKeys.values()],
    },
    limitsOf(options.limits),
  )
  return { package: made, replaced: lists.replaced }
}

/** Adds one signature. @throws CantosignError as `addSignatures` */
export function addSignature(
  content: SigningPackage,
  addition: SignatureToAdd,
  options: AddOptions = {},
): Added {
  return addSignatures(content, [addition], options)
}

/** What helps to judge a package, and is not part of what is signed. */
export interface PackageContext {
  readonly state?: readonly StateContent[]
  readonly publicKeys?: readonly PublicKey[]
}

/**
 * Adds state and keys; what is there already stays. With the new keys some signatures can be
 * verified that could not before: those that prove invalid are left out and reported.
 * @throws CantosignError a fatal finding's code, `package-value`, `package-duplicate-entry`,
 * `package-hash-mismatch`, `limit-exceeded`
 */
export function addContext(
  content: SigningPackage,
  context: PackageContext,
  options: CombineOptions = {},
): Combined {
  const limits = limitsOf(options.limits)
  const { publicKeys = [], state = [] } = context
  publicKeys.forEach((key, i) => {
    checkStorable(key, `publicKeys[${i}]`)
  })
  const added: SigningPackage = {
    ...content,
    transactions: content.transactions.map((entry) => ({ ...entry, signatures: [] })),
    combined: [],
    preparedTransactions: content.preparedTransactions.map((entry) => ({
      ...entry,
      signatures: [],
    })),
    publicKeys,
    state: state.map(({ bytes, sources = [] }, i) =>
      stateEntry({ bytes: bytes.slice(), sources }, `state[${i}]`, limits),
    ),
  }
  const copies = [
    { name: 'the package', package: content },
    { name: 'what is added', package: added },
  ]
  return combinePackages(copies, options)
}
