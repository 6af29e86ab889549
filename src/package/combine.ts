/**
 * Brings copies of one package together (docs/format.md section 7). The result is a join: it does
 * not depend on the order or the grouping of the copies, and combining a copy twice changes nothing.
 */
import { equalBytes, toBase64, toHex } from '../base/bytes.ts'
import type { FindingCode } from '../base/finding-codes.ts'
import { CantosignError } from '../base/errors.ts'
import type { KeyResolver, VerifiedSignature } from '../topology/signed-transaction.ts'
import { limitsOf, normalForm } from './create.ts'
import { packageNetwork } from './entries.ts'
import type {
  CombinedSigning,
  PackageLimits,
  PackagePreparedTransaction,
  PackageSignature,
  PackageTransaction,
  SigningPackage,
  StateSource,
  StateTransaction,
} from './model.ts'
import { PREPARED_SIGNATURE_ORDER, SIGNATURE_ORDER } from './order.ts'
import { settle, type Candidate, type SignatureOrder } from './settle.ts'
import { keyResolver, verifyPackageSignature } from './verdicts.ts'

/** One copy. */
export interface Copy {
  /** Where it came from, such as the path of its file; for messages. */
  readonly name: string
  readonly package: SigningPackage
}

/** A signature that was not taken because it does not verify. */
export interface LeftOut {
  /** The name of the copy that had it. */
  readonly source: string
  /** Its place in that copy. */
  readonly path: string
  /**
   * The transaction hash, combined hash or hash of a prepared transaction that it should have been
   * over, in hex.
   */
  readonly hash: string
  readonly signedBy: string
  readonly code: FindingCode
  readonly message: string
}

export interface Combined {
  readonly package: SigningPackage
  readonly leftOut: readonly LeftOut[]
}

export interface CombineOptions {
  /** Keys from outside the copies. */
  readonly resolve?: KeyResolver
  readonly limits?: Partial<PackageLimits>
}

function differ(
  code: 'package-transactions-differ' | 'package-fields-differ',
  first: Copy,
  other: Copy,
  problem: string,
  details: Readonly<Record<string, unknown>>,
): CantosignError {
  return new CantosignError(
    code,
    `${first.name} and ${other.name} are not copies of one package: ${problem}`,
    code === 'package-transactions-differ'
      ? 'find out which of the two holds what was agreed, and have the other signed anew'
      : 'agree on one text, and write it into the copy that is to be the base',
    { details: { copies: [first.name, other.name], ...details } },
  )
}

/** @throws CantosignError `package-transactions-differ`, naming the first difference */
function requireSameTransactions(first: Copy, other: Copy): void {
  const mine = first.package.transactions
  const theirs = other.package.transactions
  for (let i = 0; i < Math.max(mine.length, theirs.length); i++) {
    const a = mine[i]?.hash
    const b = theirs[i]?.hash
    if (a === b) continue
    const reordered =
      mine.length === theirs.length &&
      new Set([...mine, ...theirs].map(({ hash }) => hash)).size === mine.length
    throw differ(
      'package-transactions-differ',
      first,
      other,
      reordered
        ? `their transactions stand in different orders, first at transactions[${i}]`
        : `transactions[${i}] is ${a ?? 'missing'} in the first and ${b ?? 'missing'} in the second`,
      { index: i, hashes: [a ?? null, b ?? null] },
    )
  }
}

/** @throws CantosignError `package-transactions-differ`, naming the first difference */
function requireSamePrepared(first: Copy, other: Copy): void {
  const mine = first.package.preparedTransactions
  const theirs = other.package.preparedTransactions
  for (let i = 0; i < Math.max(mine.length, theirs.length); i++) {
    const [a, b] = [mine[i], theirs[i]]
    const sameHash = a?.hash === b?.hash
    // Some bytes are in no hash: copies with two of a kind could not both be handed on.
    if (sameHash && equalBytes(a?.prepared.bytes ?? NO_BYTES, b?.prepared.bytes ?? NO_BYTES)) {
      continue
    }
    throw differ(
      'package-transactions-differ',
      first,
      other,
      sameHash
        ? `preparedTransactions[${i}] has one hash in both, and the bytes differ in what no signature covers`
        : `preparedTransactions[${i}] is ${a?.hash ?? 'missing'} in the first and ${b?.hash ?? 'missing'} in the second`,
      { index: i, hashes: [a?.hash ?? null, b?.hash ?? null] },
    )
  }
}

const NO_BYTES = new Uint8Array()

/** The value that some copies have and the others leave out. @throws `package-fields-differ` */
function joinField<T extends string | number>(
  copies: readonly Copy[],
  path: string,
  value: (content: SigningPackage) => T | undefined,
): T | undefined {
  let found: { readonly copy: Copy; readonly value: T } | undefined
  for (const copy of copies) {
    const own = value(copy.package)
    if (own === undefined) continue
    if (found !== undefined && found.value !== own) {
      throw differ('package-fields-differ', found.copy, copy, `they differ in ${path}`, { path })
    }
    found ??= { copy, value: own }
  }
  return found?.value
}

function joinState(copies: readonly Copy[]): readonly StateTransaction[] {
  const byBytes = new Map<
    string,
    { readonly signed: StateTransaction['signed']; readonly sources: Map<string, StateSource> }
  >()
  for (const copy of copies) {
    for (const { signed, sources } of copy.package.state) {
      const identity = toBase64(signed.bytes)
      const entry = byBytes.get(identity) ?? { signed, sources: new Map<string, StateSource>() }
      for (const source of sources) {
        entry.sources.set(JSON.stringify([source.from, source.at]), source)
      }
      byBytes.set(identity, entry)
    }
  }
  return [...byBytes.values()].map(({ signed, sources }) => ({
    signed,
    sources: [...sources.values()],
  }))
}

/** One list of signatures of one copy, with its place there. */
interface Contribution<Wire extends PackageSignature> {
  readonly source: string
  readonly path: string
  readonly signatures: readonly Wire[]
}

/** Verifies each distinct signature once, and keeps what `settle` keeps. */
function joinSignatures<Wire extends PackageSignature>(
  contributions: readonly Contribution<Wire>[],
  order: SignatureOrder<Wire>,
  message: Uint8Array,
  hash: string,
  multiTransaction: boolean,
  resolve: KeyResolver,
  leftOut: LeftOut[],
): readonly Wire[] {
  const judged = new Map<string, Candidate<Wire> & { readonly verdict: VerifiedSignature }>()
  for (const { source, path, signatures } of contributions) {
    signatures.forEach((wire, i) => {
      const identity = order.identity(wire)
      const place = `${path}[${i}]`
      const known = judged.get(identity)
      const verdict =
        known?.verdict ?? verifyPackageSignature(wire, message, multiTransaction, place, resolve)
      if (known === undefined) judged.set(identity, { wire, status: verdict.status, verdict })
      if (verdict.status !== 'invalid') return
      const finding = verdict.findings.at(-1)
      leftOut.push({
        source,
        path: place,
        hash,
        signedBy: wire.signedBy,
        code: finding?.code ?? 'signature-invalid',
        message: finding?.message ?? 'the signature does not verify',
      })
    })
  }
  return settle([...judged.values()], order)
}

function joinTransactions(
  copies: readonly Copy[],
  base: readonly PackageTransaction[],
  resolve: KeyResolver,
  leftOut: LeftOut[],
): readonly PackageTransaction[] {
  return base.map((entry, i) => ({
    transaction: entry.transaction,
    hash: entry.hash,
    // No signature covers the flag; a proposal that is complete becomes active all the same.
    proposal: copies.some((copy) => copy.package.transactions[i]?.proposal === true),
    signatures: joinSignatures(
      copies.map((copy) => ({
        source: copy.name,
        path: `transactions[${i}].signatures`,
        signatures: copy.package.transactions[i]?.signatures ?? [],
      })),
      SIGNATURE_ORDER,
      entry.transaction.hash,
      entry.hash,
      false,
      resolve,
      leftOut,
    ),
  }))
}

function joinCombined(
  copies: readonly Copy[],
  resolve: KeyResolver,
  leftOut: LeftOut[],
): readonly CombinedSigning[] {
  const bySet = new Map<
    string,
    { signing: CombinedSigning; contributions: Contribution<PackageSignature>[] }
  >()
  for (const copy of copies) {
    copy.package.combined.forEach((signing, i) => {
      const identity = toBase64(signing.hash)
      const entry = bySet.get(identity) ?? { signing, contributions: [] }
      entry.contributions.push({
        source: copy.name,
        path: `combined[${i}].signatures`,
        signatures: signing.signatures,
      })
      bySet.set(identity, entry)
    })
  }
  return [...bySet.values()].flatMap(({ signing, contributions }) => {
    const { hash } = signing
    const signatures = joinSignatures(
      contributions,
      SIGNATURE_ORDER,
      hash,
      toHex(hash),
      true,
      resolve,
      leftOut,
    )
    return signatures.length === 0 ? [] : [{ ...signing, signatures }]
  })
}

function joinPrepared(
  copies: readonly Copy[],
  base: readonly PackagePreparedTransaction[],
  resolve: KeyResolver,
  leftOut: LeftOut[],
): readonly PackagePreparedTransaction[] {
  return base.map((entry, i) => ({
    ...entry,
    signatures: joinSignatures(
      copies.map((copy) => ({
        source: copy.name,
        path: `preparedTransactions[${i}].signatures`,
        signatures: copy.package.preparedTransactions[i]?.signatures ?? [],
      })),
      PREPARED_SIGNATURE_ORDER,
      entry.digest,
      entry.hash,
      false,
      resolve,
      leftOut,
    ),
  }))
}

/**
 * Combines copies of one package. Every signature is verified, as far as the keys of all copies
 * together go, before it is taken: invalid ones are reported and left out, and can displace no
 * valid one. Differing text is not chosen from but refused.
 * @param copies one or more
 * @throws CantosignError `package-transactions-differ`, `package-fields-differ`, `limit-exceeded`
 */
export function combinePackages(copies: readonly Copy[], options: CombineOptions = {}): Combined {
  const [first, ...others] = copies
  if (first === undefined) throw new Error('there is nothing to combine')
  for (const other of others) {
    requireSameTransactions(first, other)
    requireSamePrepared(first, other)
  }

  const network = {
    synchronizerId: joinField(
      copies,
      'network.synchronizerId',
      (one) => one.network.synchronizerId,
    ),
    protocolVersion: joinField(
      copies,
      'network.protocolVersion',
      (one) => one.network.protocolVersion,
    ),
  }
  const text = {
    requestedBy: joinField(copies, 'text.requestedBy', (one) => one.text.requestedBy),
    reason: joinField(copies, 'text.reason', (one) => one.text.reason),
    validUntil: joinField(copies, 'text.validUntil', (one) => one.text.validUntil),
  }
  const publicKeys = [
    ...new Map(
      copies.flatMap((copy) => copy.package.publicKeys.map((key) => [key.fingerprint, key])),
    ).values(),
  ]
  const state = joinState(copies)
  const base = first.package.transactions
  const resolve = keyResolver({ transactions: base, publicKeys, state }, options.resolve)
  const leftOut: LeftOut[] = []
  const made = normalForm(
    {
      network: packageNetwork(network),
      text,
      transactions: joinTransactions(copies, base, resolve, leftOut),
      combined: joinCombined(copies, resolve, leftOut),
      preparedTransactions: joinPrepared(
        copies,
        first.package.preparedTransactions,
        resolve,
        leftOut,
      ),
      publicKeys,
      state,
    },
    limitsOf(options.limits),
  )
  return { package: made, leftOut }
}
