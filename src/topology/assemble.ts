/** SignedTopologyTransaction files, made around transaction bytes that stay as they are. */
import { concatBytes } from '../base/bytes.ts'
import {
  algorithmOf,
  encodingOf,
  type SigningAlgorithm,
  type SigningKeySpec,
} from '../crypto/key-spec.ts'
import type { Fingerprint } from '../ident/fingerprint.ts'
import { encodeMessage, unwrap, wrap } from '../wire/codec.ts'
import type { Signature, SignedTopologyTransaction } from '../wire/generated/schema.ts'
import { WireReader } from '../wire/reader.ts'

const ALGORITHM_NUMBER: Readonly<Record<SigningAlgorithm, number>> = {
  ED25519: 1,
  EC_DSA_SHA_256: 2,
  EC_DSA_SHA_384: 3,
}
const FORMAT_NUMBER = { DER: 2, CONCAT: 3 } as const

/** A Signature message as Canton writes it (docs/protocol/signatures.md). */
export function signatureMessage(
  keySpec: SigningKeySpec,
  signedBy: Fingerprint,
  signature: Uint8Array,
): Signature {
  return {
    format: FORMAT_NUMBER[encodingOf(keySpec)],
    signature,
    signedBy,
    signingAlgorithmSpec: ALGORITHM_NUMBER[algorithmOf(keySpec)],
    signatureDelegation: undefined,
  }
}

/** A wrapped SignedTopologyTransaction; the transaction inside it stays byte for byte. */
export function assembleSignedTransaction(signed: SignedTopologyTransaction): Uint8Array {
  return wrap(encodeMessage('SignedTopologyTransaction', signed))
}

/** A wrapped SignedTopologyTransaction with one signature over the wrapped transaction bytes. */
export function signedTransactionFile(
  transaction: Uint8Array,
  signature: Signature,
  proposal: boolean,
): Uint8Array {
  return assembleSignedTransaction({
    transaction,
    signatures: [signature],
    proposal,
    multiTransactionSignatures: [],
  })
}

/**
 * The same signed transaction with one more signature. The records of the transaction and of every
 * signature are carried over byte for byte; fields that the message does not have are left out.
 * @param signed a wrapped SignedTopologyTransaction without a fatal finding
 */
export function withSignature(
  signed: Uint8Array,
  signature: Signature,
  proposal: boolean,
): Uint8Array {
  const data = unwrap(signed)
  const records = new Map<number, Uint8Array[]>()
  const reader = new WireReader(data)
  while (reader.position < reader.end) {
    const at = reader.position
    reader.readVarint()
    const number = Math.floor(reader.number / 8)
    reader.skipValue(reader.low & 7)
    const record = data.subarray(at, reader.position)
    const same = records.get(number)
    if (same === undefined) records.set(number, [record])
    else same.push(record)
  }
  const added = encodeMessage('SignedTopologyTransaction', {
    transaction: new Uint8Array(),
    signatures: [signature],
    proposal,
    multiTransactionSignatures: [],
  })
  return wrap(
    concatBytes(
      ...(records.get(1) ?? []),
      ...(records.get(2) ?? []),
      added, // fields 2 and 3
      ...(records.get(4) ?? []),
    ),
  )
}
