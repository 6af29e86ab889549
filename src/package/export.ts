/**
 * A package as the files that Canton takes (docs/format.md section 8). Nothing is written here: the
 * result is names and bytes.
 */
import { parseHex } from '../base/bytes.ts'
import type { CantosignError } from '../base/errors.ts'
import { assembleSignedTransaction } from '../topology/assemble.ts'
import { mappingRow } from '../topology/mapping.ts'
import {
  refusals,
  type KeyResolver,
  type VerifiedSignature,
} from '../topology/signed-transaction.ts'
import type { Signature, SignedTopologyTransaction } from '../wire/generated/schema.ts'
import { checkLimit, placeError } from './json-shape.ts'
import { mappingOf, type SigningPackage } from './model.ts'
import { compareText } from './order.ts'
import { rootOf, verifyPackage } from './verdicts.ts'

export interface ExportedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

export interface SignedExportOptions {
  /**
   * The flag of every exported transaction, or `stated` for what the package says of each. As a
   * proposal an incomplete transaction is kept by a node, else it is refused.
   */
  readonly proposal: boolean | 'stated'
  /** Findings that were accepted by name; others stop the export. */
  readonly acceptedFindings?: ReadonlySet<string>
  /** Keys from outside the package. */
  readonly resolve?: KeyResolver
  /** Hand on a signature that cannot be verified, as long as it is the only one of its key. */
  readonly allowUnverifiable?: boolean
}

/** Signatures that go with one transaction. */
interface HandedOn {
  readonly own: readonly Signature[]
  /** By index of the combined signing. */
  readonly combined: ReadonlyMap<number, readonly Signature[]>
}

/** `01-party-to-participant`: the position in the package, and what the mapping is. */
function exportNames(content: SigningPackage): readonly string[] {
  const width = Math.max(2, String(content.transactions.length).length)
  return content.transactions.map((entry, i) => {
    const mapping = mappingOf(entry)
    const slug = mapping === undefined ? 'unknown-mapping' : mappingRow(mapping.$case).slug
    return `${String(i + 1).padStart(width, '0')}-${slug}`
  })
}

function unfit(
  one: VerifiedSignature,
  code: 'signature-invalid' | 'signature-unverifiable',
): CantosignError {
  const { path, wire } = one.signature
  return code === 'signature-invalid'
    ? placeError(
        code,
        path,
        `the signature by ${wire.signedBy} does not verify`,
        'combining the package leaves it out; get the signature again from its signer',
      )
    : placeError(
        code,
        path,
        `the key ${wire.signedBy} is not known, so its signature cannot be verified`,
        'a node refuses a transaction for one bad signature: add the key, or state that holds it',
      )
}

/**
 * The signatures that leave: verified, one for each key.
 * @throws CantosignError `signature-invalid`, `signature-unverifiable`
 */
export function outgoing(
  list: readonly VerifiedSignature[],
  options: Pick<SignedExportOptions, 'allowUnverifiable'>,
): readonly Signature[] {
  const taken = new Map<string, VerifiedSignature>()
  for (const one of list) {
    const { signedBy } = one.signature.wire
    if (one.status === 'invalid') throw unfit(one, 'signature-invalid')
    const earlier = taken.get(signedBy)
    const open = one.status === 'unverifiable' || earlier?.status === 'unverifiable'
    if (open && (options.allowUnverifiable !== true || earlier !== undefined)) {
      throw unfit(one, 'signature-unverifiable')
    }
    // Two valid ones can meet here only if their key came from outside the package: one is enough.
    if (earlier === undefined) taken.set(signedBy, one)
  }
  return [...taken.values()].map(({ signature }) => signature.wire)
}

/**
 * For every transaction what goes with it. Nodes keep one signature of a key, so that a combined
 * one is left out where its key has signed the transaction itself, or in an earlier set.
 */
function handedOn(content: SigningPackage, options: SignedExportOptions): readonly HandedOn[] {
  const verdicts = verifyPackage(content, options.resolve)
  const result = content.transactions.map((_, i) => ({
    own: outgoing(verdicts.transactions[i] ?? [], options),
    combined: new Map<number, Signature[]>(),
  }))
  const signers = result.map(({ own }) => new Set(own.map(({ signedBy }) => signedBy)))
  const roots = content.transactions.map(rootOf)
  const indexOf = new Map(content.transactions.map(({ hash }, i) => [hash, i]))
  content.combined.forEach((signing, c) => {
    const signatures = outgoing(verdicts.combined[c] ?? [], options)
    for (const hash of signing.transactions) {
      const i = indexOf.get(hash) ?? -1
      const known = signers[i]
      if (known === undefined) throw new Error('a set names a transaction that is not there')
      const root = roots[i]
      const carried = signatures.filter(
        ({ signedBy }) => (root === undefined || root === signedBy) && !known.has(signedBy),
      )
      if (carried.length === 0) continue
      for (const { signedBy } of carried) known.add(signedBy)
      result[i]?.combined.set(c, carried)
    }
  })
  return result
}

/** @throws CantosignError the code of the first finding that was not accepted */
function refuseFindings(content: SigningPackage, accepted: ReadonlySet<string> | undefined): void {
  content.transactions.forEach(({ transaction }, i) => {
    const [finding] = refusals(transaction.findings, accepted)
    if (finding === undefined) return
    throw placeError(
      finding.code,
      `transactions[${i}].transaction`,
      `${finding.message}${finding.path === '' ? '' : ` at ${finding.path}`}`,
      'inspect the package; such a transaction is not handed on',
    )
  })
}

/** Hashes that all exported transactions may carry in their combined signatures, together. */
const MAX_CARRIED_HASHES = 2_000_000

/**
 * For each set all its hashes, ascending: a verifier needs the whole list with each transaction.
 * @throws CantosignError `limit-exceeded`: what is carried grows with the square of a set
 */
function coveredHashes(content: SigningPackage): readonly (readonly Uint8Array[])[] {
  const carried = content.combined.reduce(
    (sum, { transactions, elsewhere }) =>
      sum + transactions.length * (transactions.length + elsewhere.length),
    0,
  )
  checkLimit('combined', carried, MAX_CARRIED_HASHES, 'hashes to be carried by the transactions')
  return content.combined.map(({ transactions, elsewhere }) =>
    [...transactions, ...elsewhere].sort(compareText).map((hash) => parseHex(hash)),
  )
}

/** A signed transaction and the name that its files begin with. */
export interface ExportedTransaction {
  readonly name: string
  readonly value: SignedTopologyTransaction
}

/**
 * The signed transactions as messages.
 * @throws CantosignError `signatures-missing` for a transaction without any (unless `unsigned` is
 * allowed), `signature-invalid`, `signature-unverifiable`, or a finding's code
 */
export function signedTransactions(
  content: SigningPackage,
  options: SignedExportOptions,
  unsigned: 'refuse' | 'allow' = 'refuse',
): readonly ExportedTransaction[] {
  refuseFindings(content, options.acceptedFindings)
  const names = exportNames(content)
  const signatures = handedOn(content, options)
  const hashes = coveredHashes(content)
  return content.transactions.map((entry, i) => {
    const { own, combined } = signatures[i] ?? { own: [], combined: new Map<number, Signature[]>() }
    if (own.length === 0 && combined.size === 0 && unsigned === 'refuse') {
      throw placeError(
        'signatures-missing',
        `transactions[${i}]`,
        `the transaction ${entry.hash} has no signature, and nodes take none without`,
        'sign the package first',
      )
    }
    const value: SignedTopologyTransaction = {
      transaction: entry.transaction.bytes,
      signatures: own,
      proposal: options.proposal === 'stated' ? entry.proposal : options.proposal,
      multiTransactionSignatures: [...combined].map(([c, carried]) => ({
        transactionHashes: hashes[c] ?? [],
        signatures: carried,
      })),
    }
    return { name: names[i] ?? '', value }
  })
}

/**
 * Certificates: wrapped SignedTopologyTransaction files, `NN-<mapping>.cert`.
 * @throws CantosignError as `signedTransactions`
 */
export function exportCertificates(
  content: SigningPackage,
  options: SignedExportOptions,
): readonly ExportedFile[] {
  return signedTransactions(content, options).map(({ name, value }) => ({
    name: `${name}.cert`,
    bytes: assembleSignedTransaction(value),
  }))
}

/** What is to be signed, 34 raw bytes each: `NN-<mapping>.hash`. */
export function exportHashes(content: SigningPackage): readonly ExportedFile[] {
  const names = exportNames(content)
  return content.transactions.map(({ transaction }, i) => ({
    name: `${names[i] ?? ''}.hash`,
    bytes: transaction.hash,
  }))
}

/** The wrapped transactions without signatures: `NN-<mapping>.prep`. */
export function exportPrepared(content: SigningPackage): readonly ExportedFile[] {
  const names = exportNames(content)
  return content.transactions.map(({ transaction }, i) => ({
    name: `${names[i] ?? ''}.prep`,
    bytes: transaction.bytes,
  }))
}
