/** Signing with node:crypto: at once, and many times with one key. */
import { createPrivateKey, sign, type KeyObject } from 'node:crypto'
import { keySpecRow, type SigningKeySpec } from './key-spec.ts'
import { encodePrivateKeyInfo, type PrivateKey } from './private-key.ts'

/**
 * A key opened once. Nothing here is verified by a second implementation: what leaves this tool as
 * the signature of a person goes through `src/signer` instead.
 */
export class NodeSigner {
  readonly #keySpec: SigningKeySpec
  readonly #key: KeyObject

  /** @param key stays the caller's; node:crypto holds a copy of the secret of its own */
  constructor(key: PrivateKey) {
    const der = encodePrivateKeyInfo(key)
    try {
      this.#key = createPrivateKey({
        key: Buffer.from(der.buffer, der.byteOffset, der.length),
        format: 'der',
        type: 'pkcs8',
      })
    } finally {
      der.fill(0)
    }
    this.#keySpec = key.keySpec
  }

  /** 64 bytes R ‖ S for Ed25519 (RFC 8032), DER for ECDSA over the digest of the message. */
  sign(message: Uint8Array): Uint8Array {
    const { digest } = keySpecRow(this.#keySpec)
    return new Uint8Array(sign(digest ?? null, message, this.#key))
  }
}
