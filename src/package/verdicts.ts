/**
 * What the signatures of a package are worth, as far as the keys are known: from the mappings of
 * its transactions, from its state, from its public keys, and from outside where the caller has more.
 *
 * A key is found by its fingerprint, which it alone has, so it does not matter who brought it.
 */
import type { PublicKey } from '../crypto/public-key.ts'
import type { Fingerprint } from '../ident/fingerprint.ts'
import { isRootDelegation } from '../topology/check/namespaces.ts'
import {
  keysInside,
  verifyPlaced,
  type KeyResolver,
  type VerifiedSignature,
} from '../topology/signed-transaction.ts'
import type { Signature } from '../wire/generated/schema.ts'
import {
  mappingOf,
  type PackageTransaction,
  type PackageVerdicts,
  type SigningPackage,
} from './model.ts'

/** Every public key that the package holds, by fingerprint. */
export function keysOf(
  content: Pick<SigningPackage, 'transactions' | 'publicKeys' | 'state'>,
): ReadonlyMap<Fingerprint, PublicKey> {
  const keys = new Map<Fingerprint, PublicKey>()
  const addInside = (transaction: Parameters<typeof keysInside>[0]): void => {
    for (const [fingerprint, key] of keysInside(transaction)) keys.set(fingerprint, key)
  }
  for (const { transaction } of content.transactions) addInside(transaction)
  for (const { signed } of content.state) addInside(signed.transaction)
  for (const key of content.publicKeys) keys.set(key.fingerprint, key)
  return keys
}

/** The keys of the package, then those the caller knows. */
export function keyResolver(
  content: Parameters<typeof keysOf>[0],
  outside: KeyResolver = () => undefined,
): KeyResolver {
  const keys = keysOf(content)
  return (fingerprint) => keys.get(fingerprint) ?? outside(fingerprint)
}

/**
 * Verifies one signature over the 34 bytes of a hash, or the 32 of a prepared transaction's.
 * @param path its place in the package, for findings
 */
export function verifyPackageSignature(
  wire: Signature,
  message: Uint8Array,
  multiTransaction: boolean,
  path: string,
  resolve: KeyResolver,
): VerifiedSignature {
  const signature = { wire, path, message, multiTransaction }
  return verifyPlaced(signature, resolve, () => undefined)
}

/**
 * Verifies every signature of the package, once each.
 * @param outside keys from elsewhere, such as a state file beside the package
 */
export function verifyPackage(
  content: Pick<
    SigningPackage,
    'transactions' | 'combined' | 'preparedTransactions' | 'publicKeys' | 'state'
  >,
  outside?: KeyResolver,
): PackageVerdicts {
  const resolve = keyResolver(content, outside)
  return {
    transactions: content.transactions.map(({ transaction, signatures }, i) =>
      signatures.map((one, j) =>
        verifyPackageSignature(
          one,
          transaction.hash,
          false,
          `transactions[${i}].signatures[${j}]`,
          resolve,
        ),
      ),
    ),
    combined: content.combined.map(({ hash, signatures }, i) =>
      signatures.map((one, j) =>
        verifyPackageSignature(one, hash, true, `combined[${i}].signatures[${j}]`, resolve),
      ),
    ),
    preparedTransactions: content.preparedTransactions.map(({ digest, signatures }, i) =>
      signatures.map((one, j) =>
        verifyPackageSignature(
          one,
          digest,
          false,
          `preparedTransactions[${i}].signatures[${j}]`,
          resolve,
        ),
      ),
    ),
  }
}

/** The same verdicts, with more keys for the signatures that could not be verified so far. */
export function verifyRest(verdicts: PackageVerdicts, outside: KeyResolver): PackageVerdicts {
  const again = (one: VerifiedSignature): VerifiedSignature => {
    const { wire, message, multiTransaction, path } = one.signature
    return one.status === 'unverifiable'
      ? verifyPackageSignature(wire, message, multiTransaction, path, outside)
      : one
  }
  return {
    transactions: verdicts.transactions.map((list) => list.map(again)),
    combined: verdicts.combined.map((list) => list.map(again)),
    preparedTransactions: verdicts.preparedTransactions.map((list) => list.map(again)),
  }
}

/** The namespace, if the transaction is a root delegation. */
export function rootOf(entry: PackageTransaction): string | undefined {
  const mapping = mappingOf(entry)
  return mapping?.$case === 'namespaceDelegation' && isRootDelegation(mapping.value)
    ? mapping.value.namespace
    : undefined
}

/**
 * Whether a transaction carries the combined signature of a key that covers it. A root delegation
 * carries that of its own namespace key alone: any other signer on it would take it off the path
 * of root certificates and could freeze the namespace (docs/protocol/signatures.md).
 */
export function carriesCombined(entry: PackageTransaction, signer: string): boolean {
  const root = rootOf(entry)
  return root === undefined || root === signer
}

/**
 * For every transaction, by index, all signatures that count for it: its own, then the combined
 * ones that it carries. This is what authorization is decided on.
 */
export function carriedSignatures(
  content: SigningPackage,
  verdicts: PackageVerdicts,
): readonly (readonly VerifiedSignature[])[] {
  const carried = verdicts.transactions.map((own) => [...own])
  const roots = content.transactions.map(rootOf)
  const indexOf = new Map(content.transactions.map(({ hash }, i) => [hash, i]))
  content.combined.forEach((signing, c) => {
    const signatures = verdicts.combined[c] ?? []
    for (const hash of signing.transactions) {
      const i = indexOf.get(hash) ?? -1
      const root = roots[i]
      for (const one of signatures) {
        if (root === undefined || root === one.signature.wire.signedBy) carried[i]?.push(one)
      }
    }
  })
  return carried
}
