/** Adding signatures over prepared Daml transactions to a package. */
import { CantosignError } from '../base/errors.ts'
import type { PublicKey } from '../crypto/public-key.ts'
import type { Fingerprint } from '../ident/fingerprint.ts'
import { signatureMessage } from '../topology/assemble.ts'
import type { KeyResolver } from '../topology/signed-transaction.ts'
import { alreadySigned, requireSignerKey, transactionAbsent, type AddOptions } from './add.ts'
import { isStorable, limitsOf, normalForm } from './create.ts'
import type { PackagePreparedTransaction, PreparedSignature, SigningPackage } from './model.ts'
import { comparePreparedSignatures } from './order.ts'
import { preparedSignature } from './prepared-entries.ts'
import { keysOf, verifyPackageSignature } from './verdicts.ts'

export interface PreparedSignatureToAdd {
  /** Of the prepared transaction, 64 hex characters. */
  readonly hash: string
  /** Acting parties that the key signs for; at least one. */
  readonly parties: readonly string[]
  readonly signedBy: Fingerprint
  /** Over the 32 bytes of the hash: 64 bytes R ‖ S for Ed25519, strict DER for ECDSA. */
  readonly signature: Uint8Array
}

export interface PreparedAdded {
  readonly package: SigningPackage
  /** Signatures by the same key for the same party that do not verify and had to give way. */
  readonly replaced: readonly PreparedSignature[]
}

/** @throws CantosignError the code of what is wrong with the signature */
function verified(
  { hash, signedBy, signature }: PreparedSignatureToAdd,
  party: string,
  key: PublicKey,
  { prepared, digest }: PackagePreparedTransaction,
  resolve: KeyResolver,
): PreparedSignature {
  const message = signatureMessage(key.keySpec, key.fingerprint, signature.slice())
  const actAs = prepared.value.metadata?.submitterInfo?.actAs ?? []
  const wire = preparedSignature({ ...message, party }, actAs, 'the signature')
  const verdict = verifyPackageSignature(wire, digest, false, '', resolve)
  if (verdict.status === 'valid') return wire
  const finding = verdict.findings.at(-1)
  throw new CantosignError(
    finding?.code ?? 'signature-invalid',
    `the signature by ${signedBy} over ${hash} is not valid: ${finding?.message ?? 'it does not verify'}`,
    'sign the 32 bytes of the hash of the prepared transaction, with this key',
    { details: { hash, signedBy } },
  )
}

/** The entry with one signature more; broken ones by the same key for the same party give way. */
function withSignature(
  entry: PackagePreparedTransaction,
  wire: PreparedSignature,
  resolve: KeyResolver,
  replaced: PreparedSignature[],
): PackagePreparedTransaction {
  const kept = entry.signatures.filter((one) => {
    if (one.signedBy !== wire.signedBy || one.party !== wire.party) return true
    if (verifyPackageSignature(one, entry.digest, false, '', resolve).status === 'valid') {
      throw alreadySigned(wire.signedBy, entry.hash)
    }
    replaced.push(one)
    return false
  })
  return { ...entry, signatures: [...kept, wire].sort(comparePreparedSignatures) }
}

/**
 * Adds signatures, each verified before it is taken.
 * @throws CantosignError `package-transaction-absent`, `signer-key-unknown`, `signature-invalid` or
 * what is wrong with its encoding, `package-value` for a party that does not act,
 * `key-already-signed`, `limit-exceeded`; then nothing is added
 */
export function addPreparedSignatures(
  content: SigningPackage,
  additions: readonly PreparedSignatureToAdd[],
  options: AddOptions = {},
): PreparedAdded {
  const inside = keysOf(content)
  const resolve: KeyResolver = (fingerprint) =>
    inside.get(fingerprint) ?? options.resolve?.(fingerprint)
  const entries = new Map(content.preparedTransactions.map((entry) => [entry.hash, entry]))
  const newKeys = new Map<Fingerprint, PublicKey>()
  const replaced: PreparedSignature[] = []
  for (const one of additions) {
    const key = requireSignerKey(one.signedBy, resolve)
    for (const party of one.parties) {
      const entry = entries.get(one.hash)
      if (entry === undefined) throw transactionAbsent(one.hash)
      const wire = verified(one, party, key, entry, resolve)
      entries.set(one.hash, withSignature(entry, wire, resolve, replaced))
    }
    if (!inside.has(key.fingerprint) && isStorable(key)) newKeys.set(key.fingerprint, key)
  }
  const made = normalForm(
    {
      ...content,
      preparedTransactions: [...entries.values()],
      publicKeys: [...content.publicKeys, ...newKeys.values()],
    },
    limitsOf(options.limits),
  )
  return { package: made, replaced }
}
