/**
 * The noble libraries, which make every signature (node:crypto checks it). The only file that
 * imports them: @noble/ed25519 at once, since it is small, to judge points and verify; the larger
 * @noble/curves when something is signed.
 */
import * as ed25519 from '@noble/ed25519'
import { createHash } from 'node:crypto'
import { toHex } from '../base/bytes.ts'
import { digestOf } from './hash.ts'
import { keySpecRow, type SigningKeySpec } from './key-spec.ts'

/** @noble/ed25519 hashes synchronously only after it was given a SHA-512. */
function withSha512(): typeof ed25519 {
  ed25519.hashes.sha512 = (message) => new Uint8Array(createHash('sha512').update(message).digest())
  return ed25519
}

/**
 * Ed25519 for the one or two signatures that a run makes: without the table of multiples of the base
 * point, which takes longer to make than it saves, and with a blinded scalar.
 */
async function ed25519Signing() {
  const { ed25519: curve } = await import('./noble-ed25519.ts')
  curve.Point.BASE.precompute(1)
  return curve
}

async function curveOf(keySpec: Exclude<SigningKeySpec, 'EC_CURVE25519'>) {
  switch (keySpec) {
    case 'EC_P256':
      return (await import('./noble-nist.ts')).p256
    case 'EC_P384':
      return (await import('./noble-nist.ts')).p384
    case 'EC_SECP256K1':
      return (await import('./noble-secp256k1.ts')).secp256k1
  }
}

/** What ECDSA signs: the digest is node:crypto's, so that noble has no hash function of its own here. */
function ecdsaDigest(keySpec: SigningKeySpec, message: Uint8Array): Uint8Array {
  const { digest } = keySpecRow(keySpec)
  if (digest === undefined) throw new Error(`${keySpec} signs the message itself`)
  return digestOf(digest, message)
}

/**
 * The public key of a private one: 32 bytes for Ed25519, an uncompressed point (65 or 97 bytes)
 * otherwise.
 * @param secret the Ed25519 seed or the EC scalar, in range
 */
export async function derivePublicKey(
  keySpec: SigningKeySpec,
  secret: Uint8Array,
): Promise<Uint8Array> {
  if (keySpec === 'EC_CURVE25519') return (await ed25519Signing()).getPublicKey(secret)
  return (await curveOf(keySpec)).getPublicKey(secret, false)
}

/**
 * A signature in the encoding that Canton takes: 64 bytes R ‖ S for Ed25519 (RFC 8032), DER with a
 * low s for ECDSA with deterministic nonces (RFC 6979).
 */
export async function makeSignature(
  keySpec: SigningKeySpec,
  secret: Uint8Array,
  message: Uint8Array,
): Promise<Uint8Array> {
  if (keySpec === 'EC_CURVE25519') return (await ed25519Signing()).sign(message, secret)
  const curve = await curveOf(keySpec)
  return curve.sign(ecdsaDigest(keySpec, message), secret, {
    prehash: false,
    lowS: true,
    format: 'der',
  })
}

/**
 * Verifies as the second implementation: Ed25519 by RFC 8032 and not ZIP 215, ECDSA with high s
 * allowed, since Canton and OpenSSL make such signatures.
 * @param rawPublicKey 32 bytes for Ed25519, a point otherwise
 */
export async function verifyWithNoble(
  keySpec: SigningKeySpec,
  rawPublicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  try {
    if (keySpec === 'EC_CURVE25519') {
      return withSha512().verify(signature, message, rawPublicKey, { zip215: false })
    }
    const curve = await curveOf(keySpec)
    return curve.verify(signature, ecdsaDigest(keySpec, message), rawPublicKey, {
      prehash: false,
      lowS: false,
      format: 'der',
    })
  } catch {
    return false // noble throws on encodings it does not take: they do not verify
  }
}

export type Ed25519PointProblem = 'not-a-point' | 'small-order'

/** The canonical encodings of the eight points whose order divides 8, in hex. */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
])

/** What is wrong with 32 bytes as an Ed25519 public key (RFC 8032 section 5.1.3), if anything. */
export function ed25519PointProblem(raw: Uint8Array): Ed25519PointProblem | undefined {
  if (SMALL_ORDER.has(toHex(raw))) return 'small-order'
  try {
    ed25519.Point.fromBytes(raw, false)
    return undefined
  } catch {
    return 'not-a-point' // not canonical, or y without an x
  }
}
