/**
 * The signing package as a value (docs/format.md): what is to be signed, by exact bytes, with the
 * signatures so far and what a signer needs to judge it.
 *
 * A package is always in its normal form: lists whose order has no meaning are sorted, nothing
 * occurs twice. Only `createPackage` and what builds on it make one, so that equal packages are
 * equal values and, written, equal files.
 */
import type { PublicKey } from '../crypto/public-key.ts'
import {
  MAX_PREPARED_TRANSACTION_BYTES,
  type ReadPreparedTransaction,
} from '../daml/prepared-transaction.ts'
import type { HashingScheme } from '../daml/scheme.ts'
import type { Fingerprint } from '../ident/fingerprint.ts'
import type { KnownMapping } from '../topology/mapping.ts'
import type { ReadSignedTransaction, VerifiedSignature } from '../topology/signed-transaction.ts'
import type { ReadTransaction } from '../topology/transaction.ts'
import type {
  PreparedTransaction,
  Signature,
  TopologyTransaction,
} from '../wire/generated/schema.ts'

/** What `format` says in every package. */
export const PACKAGE_FORMAT = 'cantosign-package'

/** A package without prepared Daml transactions; it has no property for them. */
export const TOPOLOGY_VERSION = 1

/** A package with prepared Daml transactions, at least one. A file of any other version is refused. */
export const PREPARED_VERSION = 2

/** Where the transactions are meant to go. Signatures do not bind any of it. */
export interface PackageNetwork {
  /** `identifier::namespace`, or the physical form with `::version-serial` behind it. */
  readonly synchronizerId: string | undefined
  readonly protocolVersion: number | undefined
}

/** What people say about the package. Never interpreted; shown as text from outside. */
export interface PackageText {
  /** Who asks for the signatures. */
  readonly requestedBy: string | undefined
  /** Why. */
  readonly reason: string | undefined
  /** Until when, in words or as a date: nothing enforces it. */
  readonly validUntil: string | undefined
}

/**
 * A signature as the Signature message has it: `signedBy` is a fingerprint, `format` and
 * `signingAlgorithmSpec` are known enum numbers or 0 where absent, and there is no delegation.
 */
export type PackageSignature = Signature & {
  readonly signedBy: Fingerprint
  readonly signatureDelegation: undefined
}

export interface PackageTransaction {
  /** Read without a fatal finding, so that it has a value; other findings are the caller's to judge. */
  readonly transaction: ReadTransaction & { readonly value: TopologyTransaction }
  /** The hash of `transaction.bytes` in 68 hex characters: the name of the transaction. */
  readonly hash: string
  /** The flag of SignedTopologyTransaction. No signature covers it. */
  readonly proposal: boolean
  /** Over the transaction's own hash. Sorted. */
  readonly signatures: readonly PackageSignature[]
}

/**
 * A signature over the 32 bytes of a prepared transaction's hash. Format and algorithm are those of
 * a key: the Ledger API has no legacy of signatures without them.
 */
export type PreparedSignature = PackageSignature & {
  /** The acting party that it is handed in for: one of `act_as`. No signature covers this. */
  readonly party: string
}

export interface PackagePreparedTransaction {
  /** Read without a fatal finding; whether it may be signed is the caller's to judge. */
  readonly prepared: ReadPreparedTransaction & { readonly value: PreparedTransaction }
  /** Part of what is signed, and not in the bytes. */
  readonly scheme: HashingScheme
  /** The hash of the bytes under the scheme in 64 hex characters: the name of the transaction. */
  readonly hash: string
  /** The same as 32 bytes: what is signed. */
  readonly digest: Uint8Array
  /** Sorted by party, then as those of topology transactions. */
  readonly signatures: readonly PreparedSignature[]
}

/** Signatures over the combined hash of several transactions. */
export interface CombinedSigning {
  /** The combined hash of `transactions` and `elsewhere`, 34 bytes. */
  readonly hash: Uint8Array
  /** Covered hashes of this package, ascending; at least one. */
  readonly transactions: readonly string[]
  /** Covered hashes that this package does not contain, ascending. */
  readonly elsewhere: readonly string[]
  readonly signatures: readonly PackageSignature[]
}

/** Who says so, and when. Believed by nobody; for people. */
export interface StateSource {
  readonly from: string
  /** RFC 3339, UTC, `Z`. */
  readonly at: string | undefined
}

/** A signed transaction that a decision needs. It proves no more than its own signatures do. */
export interface StateTransaction {
  readonly signed: ReadSignedTransaction
  readonly sources: readonly StateSource[]
}

export interface SigningPackage {
  readonly network: PackageNetwork
  readonly text: PackageText
  /**
   * In the order in which they are meant to be submitted; each occurs once. At least one, unless
   * there are prepared transactions.
   */
  readonly transactions: readonly PackageTransaction[]
  /** Sorted by combined hash; each set of hashes occurs once. */
  readonly combined: readonly CombinedSigning[]
  /** In the order in which they are meant to be executed; each hash occurs once. */
  readonly preparedTransactions: readonly PackagePreparedTransaction[]
  /** Keys that signed and are in no mapping here. A key proves nothing but its own fingerprint. */
  readonly publicKeys: readonly PublicKey[]
  /** Sorted by transaction hash, then bytes. */
  readonly state: readonly StateTransaction[]
}

/**
 * What every signature of a package is worth, index by index. `path` of each signature is its place
 * in the file, `transactions[0].signatures[1]`.
 */
export interface PackageVerdicts {
  readonly transactions: readonly (readonly VerifiedSignature[])[]
  readonly combined: readonly (readonly VerifiedSignature[])[]
  readonly preparedTransactions: readonly (readonly VerifiedSignature[])[]
}

/** Limits of docs/format.md section 6; every one can be raised. */
export interface PackageLimits {
  readonly packageBytes: number
  readonly transactionBytes: number
  readonly preparedBytes: number
  /** Topology transactions, and prepared ones. */
  readonly transactions: number
  /** For one transaction, counting its own and every combined one that covers it. */
  readonly signatures: number
  /** Entries of `state`, and of `publicKeys`. */
  readonly state: number
  /** UTF-8 bytes of each free text. */
  readonly textBytes: number
}

const MEBIBYTE = 1024 * 1024

export const DEFAULT_LIMITS: PackageLimits = {
  packageBytes: 256 * MEBIBYTE,
  transactionBytes: 4 * MEBIBYTE,
  preparedBytes: MAX_PREPARED_TRANSACTION_BYTES,
  transactions: 10_000,
  signatures: 1_000,
  state: 100_000,
  textBytes: 64 * 1024,
}

/** The mapping of a transaction, if it has one that this tool knows. */
export function mappingOf(entry: PackageTransaction): KnownMapping | undefined {
  return entry.transaction.value.mapping?.mapping
}
