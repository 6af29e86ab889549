/** Verification by node:crypto, one at a time or on the thread pool, and the encodings allowed. */
import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import { CantosignError } from '../base/errors.ts'
import { checkDer, derChildren, derInteger, DerTag, encodeDer, encodeDerInteger } from './der.ts'
import { keySpecRow, type SigningKeySpec } from './key-spec.ts'
import { rawPublicKey, type PublicKey } from './public-key.ts'

const ED25519_SIGNATURE_LENGTH = 64
/** Two numbers of P-384 with all around them take 104. */
const MAX_ECDSA_SIGNATURE_LENGTH = 256

export type SignatureDefect = 'empty-signature' | 'bad-signature-length' | 'bad-der-signature'

function isStrictEcdsa(signature: Uint8Array): boolean {
  try {
    const outer = checkDer(signature, MAX_ECDSA_SIGNATURE_LENGTH)
    if (outer.tag !== DerTag.sequence) return false
    const [r, s, ...more] = derChildren(outer)
    // Zero and negative numbers are no part of any signature; a high s is valid.
    return (
      r !== undefined &&
      s !== undefined &&
      more.length === 0 &&
      derInteger(r) > 0n &&
      derInteger(s) > 0n
    )
  } catch (error) {
    if (error instanceof CantosignError) return false
    throw error
  }
}

/** What keeps the bytes from being a signature by a key of this spec, if anything. */
export function checkSignatureEncoding(
  keySpec: SigningKeySpec,
  signature: Uint8Array,
): SignatureDefect | undefined {
  if (signature.length === 0) return 'empty-signature'
  if (keySpec === 'EC_CURVE25519') {
    return signature.length === ED25519_SIGNATURE_LENGTH ? undefined : 'bad-signature-length'
  }
  return isStrictEcdsa(signature) ? undefined : 'bad-der-signature'
}

/** r and s side by side, each half of the bytes, as the DER that Canton takes. */
export function encodeEcdsaSignature(concatenated: Uint8Array): Uint8Array {
  const half = concatenated.length / 2
  return encodeDer(
    DerTag.sequence,
    encodeDerInteger(concatenated.subarray(0, half)),
    encodeDerInteger(concatenated.subarray(half)),
  )
}

/** Key objects are costly to make and cheap to keep; no more than this many are kept. */
const KEY_OBJECTS = 1024
const keyObjects = new Map<string, KeyObject>()

function keyObject(key: PublicKey): KeyObject {
  const known = keyObjects.get(key.fingerprint)
  if (known !== undefined) return known
  const { jwkCurve, length, keySpec } = keySpecRow(key.keySpec)
  const raw = rawPublicKey(key)
  const text = (from: number, to: number): string =>
    Buffer.from(raw.subarray(from, to)).toString('base64url')
  // A JSON Web Key is read about ten times faster than DER.
  const made = createPublicKey({
    format: 'jwk',
    key:
      keySpec === 'EC_CURVE25519'
        ? { kty: 'OKP', crv: jwkCurve, x: text(0, length) }
        : {
            kty: 'EC',
            crv: jwkCurve,
            x: text(1, 1 + length),
            y: text(1 + length, 1 + 2 * length),
          },
  })
  const oldest = keyObjects.keys().next().value
  if (keyObjects.size >= KEY_OBJECTS && oldest !== undefined) keyObjects.delete(oldest)
  keyObjects.set(key.fingerprint, made)
  return made
}

/**
 * Verifies a signature over the message (34 bytes for topology), which ECDSA digests once more.
 * Wrong encodings are false.
 */
export function verifySignature(
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (checkSignatureEncoding(key.keySpec, signature) !== undefined) return false
  return verify(keySpecRow(key.keySpec).digest ?? null, message, keyObject(key), signature)
}

/** One signature to verify, with the key and the message it should be by and over. */
export interface SignatureCheck {
  readonly key: PublicKey
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/** The same for many on the thread pool: whether each is valid, in their order. */
export async function verifySignaturesAsync(
  checks: readonly SignatureCheck[],
): Promise<readonly boolean[]> {
  return await new Promise((resolve, reject) => {
    const valid = checks.map(() => false)
    let open = 1
    const done = (): void => {
      if (--open === 0) resolve(valid)
    }
    checks.forEach(({ key, message, signature }, i) => {
      if (checkSignatureEncoding(key.keySpec, signature) !== undefined) return
      open++
      const digest = keySpecRow(key.keySpec).digest ?? null
      verify(digest, message, keyObject(key), signature, (error, verifies) => {
        if (error !== null) reject(error)
        valid[i] = verifies
        done()
      })
    })
    done()
  })
}
