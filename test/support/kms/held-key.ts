/** Keys that a stand-in for a service holds: real ones, made for the test. */
import {
  createHash,
  generateKeyPairSync,
  sign,
  type KeyObject,
  type KeyPairKeyObjectResult,
} from 'node:crypto'
import { p256, p384 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import type { SigningKeySpec } from '../../../src/crypto/key-spec.ts'

const CURVES = { EC_P256: 'P-256', EC_P384: 'P-384', EC_SECP256K1: 'secp256k1' } as const
const NOBLE = { EC_P256: p256, EC_P384: p384, EC_SECP256K1: secp256k1 } as const
export type EcSpec = keyof typeof CURVES
export const HASHES = { EC_P256: 'sha256', EC_P384: 'sha384', EC_SECP256K1: 'sha256' } as const
export const SPECS: readonly SigningKeySpec[] = [
  ...(['EC_CURVE25519', 'EC_P256', 'EC_P384', 'EC_SECP256K1'] as const),
]

export interface HeldKey {
  readonly keySpec: SigningKeySpec
  readonly privateKey: KeyObject
  readonly spki: Uint8Array
  readonly pem: string
}

export function holdKey(keySpec: SigningKeySpec): HeldKey {
  const pair: KeyPairKeyObjectResult =
    keySpec === 'EC_CURVE25519'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: CURVES[keySpec] })
  return {
    keySpec,
    privateKey: pair.privateKey,
    spki: new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' })),
    pem: pair.publicKey.export({ type: 'spki', format: 'pem' }) as string,
  }
}

/** Over the message: 64 bytes for Ed25519, DER for ECDSA with this digest (its own unless told). */
export function signMessage(key: HeldKey, message: Uint8Array, hash?: string): Uint8Array {
  const digest = key.keySpec === 'EC_CURVE25519' ? null : (hash ?? HASHES[key.keySpec])
  return new Uint8Array(sign(digest, message, key.privateKey))
}

/** Over a digest as it is, which node:crypto does not do. */
export function signDigest(
  key: HeldKey,
  digest: Uint8Array,
  format: 'der' | 'compact',
): Uint8Array {
  if (key.keySpec === 'EC_CURVE25519') throw new Error('Ed25519 signs no digests')
  const { d } = key.privateKey.export({ format: 'jwk' })
  const secret = new Uint8Array(Buffer.from(d ?? '', 'base64url'))
  return NOBLE[key.keySpec].sign(digest, secret, { prehash: false, lowS: false, format })
}

/** The other one of the two s that fit: high for low, low for high. */
export function otherS(keySpec: EcSpec, der: Uint8Array): Uint8Array {
  const curve = NOBLE[keySpec]
  const { r, s } = curve.Signature.fromBytes(der, 'der')
  return new curve.Signature(r, curve.Point.Fn.ORDER - s).toBytes('der')
}

export function isHighS(keySpec: EcSpec, der: Uint8Array): boolean {
  const curve = NOBLE[keySpec]
  return curve.Signature.fromBytes(der, 'der').s > curve.Point.Fn.ORDER / 2n
}

/** r and s side by side. */
export function sideBySide(keySpec: EcSpec, der: Uint8Array): Uint8Array {
  return NOBLE[keySpec].Signature.fromBytes(der, 'der').toBytes('compact')
}

export function hashOf(name: string, message: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(name).update(message).digest())
}
