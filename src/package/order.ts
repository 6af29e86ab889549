/** The order of every list of a package whose order has no meaning. */
import { compareBytes, toBase64 } from '../base/bytes.ts'
import type { SignatureOrder } from './settle.ts'
import type { PackageSignature, PreparedSignature, StateSource, StateTransaction } from './model.ts'

/** By code unit: the same on every machine, and for hex the same as by byte. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/**
 * By signer, then bytes. Of equal bytes the one with the fuller label comes first: RAW and an
 * absent algorithm are legacy and have the lower numbers.
 */
export function compareSignatures(a: PackageSignature, b: PackageSignature): number {
  return (
    compareText(a.signedBy, b.signedBy) ||
    compareBytes(a.signature, b.signature) ||
    b.format - a.format ||
    b.signingAlgorithmSpec - a.signingAlgorithmSpec
  )
}

/** Two signatures are one and the same if this text is. */
function signatureIdentity(signature: PackageSignature): string {
  const { signedBy, format, signingAlgorithmSpec } = signature
  return `${signedBy} ${format} ${signingAlgorithmSpec} ${toBase64(signature.signature)}`
}

/** By party, then as `compareSignatures`. */
export function comparePreparedSignatures(a: PreparedSignature, b: PreparedSignature): number {
  return compareText(a.party, b.party) || compareSignatures(a, b)
}

/** As `signatureIdentity`: the same signature may stand there for several parties. */
function preparedSignatureIdentity(signature: PreparedSignature): string {
  return `${signature.party} ${signatureIdentity(signature)}`
}

/** Of one transaction's or combined hash's list. */
export const SIGNATURE_ORDER: SignatureOrder<PackageSignature> = {
  signer: ({ signedBy }) => signedBy,
  compare: compareSignatures,
  identity: signatureIdentity,
}

/** Of a prepared transaction: a key may sign for several parties, once for each. */
export const PREPARED_SIGNATURE_ORDER: SignatureOrder<PreparedSignature> = {
  signer: ({ party, signedBy }) => `${party} ${signedBy}`,
  compare: comparePreparedSignatures,
  identity: preparedSignatureIdentity,
}

export function compareSources(a: StateSource, b: StateSource): number {
  return compareText(a.from, b.from) || compareText(a.at ?? '', b.at ?? '')
}

export function compareState(a: StateTransaction, b: StateTransaction): number {
  return (
    compareBytes(a.signed.transaction.hash, b.signed.transaction.hash) ||
    compareBytes(a.signed.bytes, b.signed.bytes)
  )
}
