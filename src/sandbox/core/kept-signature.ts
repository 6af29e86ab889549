/** The signatures of a stored transaction: one for each key (docs/protocol/signatures.md). */
import { toHex } from '../../base/bytes.ts'
import { assembleSignedTransaction } from '../../topology/assemble.ts'
import type {
  MultiTransactionSignatures,
  Signature,
  SignedTopologyTransaction,
} from '../../wire/generated/schema.ts'

export interface KeptSignature {
  readonly wire: Signature
  /** Of a signature over several transactions: the hashes of all of them, 34 bytes each. */
  readonly hashes: readonly Uint8Array[] | undefined
}

/** Of several signatures by one key the first stays, single ones before multi-transaction ones. */
export function keptSignatures(signed: SignedTopologyTransaction): readonly KeptSignature[] {
  const all = [
    ...signed.signatures.map((wire): KeptSignature => ({ wire, hashes: undefined })),
    ...signed.multiTransactionSignatures.flatMap(({ transactionHashes, signatures }) =>
      signatures.map((wire): KeptSignature => ({ wire, hashes: transactionHashes })),
    ),
  ]
  return mergeSignatures([], all)
}

/** Stored signatures with those of keys that have not signed yet. */
export function mergeSignatures(
  stored: readonly KeptSignature[],
  added: readonly KeptSignature[],
): readonly KeptSignature[] {
  const merged = new Map(stored.map((one) => [one.wire.signedBy, one]))
  for (const one of added) {
    if (!merged.has(one.wire.signedBy)) merged.set(one.wire.signedBy, one)
  }
  return [...merged.values()]
}

/**
 * An unwrapped SignedTopologyTransaction.
 * @param transaction the wrapped TopologyTransaction, which stays as it is
 */
export function signedMessage(
  transaction: Uint8Array,
  signatures: readonly KeptSignature[],
  proposal: boolean,
): SignedTopologyTransaction {
  const multi = new Map<string, { hashes: readonly Uint8Array[]; signatures: Signature[] }>()
  for (const { wire, hashes } of signatures) {
    if (hashes === undefined) continue
    const id = hashes.map(toHex).join()
    const group = multi.get(id) ?? { hashes, signatures: [] }
    group.signatures.push(wire)
    multi.set(id, group)
  }
  return {
    transaction,
    signatures: signatures.flatMap(({ wire, hashes }) => (hashes === undefined ? [wire] : [])),
    proposal,
    multiTransactionSignatures: [...multi.values()].map((group): MultiTransactionSignatures => ({
      transactionHashes: group.hashes,
      signatures: group.signatures,
    })),
  }
}

/** The wrapped form, as lists and snapshots carry it. */
export function signedBytes(
  transaction: Uint8Array,
  signatures: readonly KeptSignature[],
  proposal: boolean,
): Uint8Array {
  return assembleSignedTransaction(signedMessage(transaction, signatures, proposal))
}
