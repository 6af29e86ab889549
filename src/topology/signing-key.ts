/** SigningPublicKey of the wire, judged and turned into a key (docs/protocol/wire.md section 4). */
import { toHex } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import type { FindingCode } from '../base/finding-codes.ts'
import { hash, HashPurpose } from '../crypto/hash.ts'
import type { SigningKeySpec } from '../crypto/key-spec.ts'
import {
  parseSubjectPublicKeyInfo,
  publicKeyFromRaw,
  type PublicKey,
} from '../crypto/public-key.ts'
import { isFingerprint, type Fingerprint } from '../ident/fingerprint.ts'
import type { EncryptionPublicKey, SigningPublicKey } from '../wire/generated/schema.ts'
import { enumName } from '../wire/schema.ts'

export interface SigningKeyReading {
  /** Name of the spec as on the wire or as the old scheme implies it; `unknown n` otherwise. */
  readonly keySpec: string
  /** `undefined` if the bytes are no key this tool can verify with. */
  readonly key: PublicKey | undefined
  /** Over the bytes as they were given (docs/protocol/hashing.md section 3). */
  readonly fingerprint: Fingerprint | undefined
  readonly problem: { readonly code: FindingCode; readonly message: string } | undefined
}

const SPEC_BY_SCHEME: Readonly<Record<number, number>> = { 1: 1, 2: 2, 3: 3 }
const ML_DSA_65 = 5
const FORMAT_DER = 2
const FORMAT_RAW = 3
const FORMAT_SPKI = 4

function isSupported(name: string | undefined): name is SigningKeySpec {
  return (
    name === 'EC_CURVE25519' || name === 'EC_P256' || name === 'EC_P384' || name === 'EC_SECP256K1'
  )
}

function fingerprintOver(bytes: Uint8Array): Fingerprint | undefined {
  const text = toHex(hash(HashPurpose.publicKeyFingerprint, bytes))
  return isFingerprint(text) ? text : undefined
}

function unusable(
  keySpec: string,
  code: FindingCode,
  message: string,
  fingerprint?: Fingerprint,
): SigningKeyReading {
  return { keySpec, key: undefined, fingerprint, problem: { code, message } }
}

function readKeyBytes(spec: SigningKeySpec, format: number, bytes: Uint8Array): SigningKeyReading {
  if (spec === 'EC_CURVE25519' && format === FORMAT_RAW) {
    const key = publicKeyFromRaw(spec, bytes)
    return { keySpec: spec, key, fingerprint: key.fingerprint, problem: undefined }
  }
  // Legacy DER was the same bytes as SPKI, for the NIST curves only.
  const legacyDer = format === FORMAT_DER && (spec === 'EC_P256' || spec === 'EC_P384')
  if (format !== FORMAT_SPKI && !legacyDer) {
    const name = enumName('CryptoKeyFormat', format) ?? `unknown ${format}`
    return unusable(spec, 'bad-key', `a ${spec} key does not come in format ${name}`)
  }
  const { key, compressed, fingerprintOfGivenBytes } = parseSubjectPublicKeyInfo(bytes)
  if (key.keySpec !== spec) {
    return unusable(spec, 'bad-key', `the key bytes are a ${key.keySpec} key, not ${spec}`)
  }
  if (compressed) {
    const message =
      'the point is compressed: the same key has another fingerprint in its usual encoding'
    // A signature names the fingerprint of these bytes, so the key is known under that one.
    return {
      keySpec: spec,
      key: { ...key, fingerprint: fingerprintOfGivenBytes },
      fingerprint: fingerprintOfGivenBytes,
      problem: { code: 'compressed-point', message },
    }
  }
  return { keySpec: spec, key, fingerprint: key.fingerprint, problem: undefined }
}

/** Distinct keys recur all over a snapshot; checking a point costs far more than a look-up. */
const CACHE_LIMIT = 4096
const cache = new Map<string, SigningKeyReading>()

/** Reads a key; nothing is thrown, what is wrong stands in `problem`. */
export function readSigningPublicKey(wire: SigningPublicKey): SigningKeyReading {
  const id = `${wire.format}/${wire.scheme}/${wire.keySpec}/${toHex(wire.publicKey)}`
  const known = cache.get(id)
  if (known !== undefined) return known
  const reading = judge(wire)
  if (cache.size >= CACHE_LIMIT) cache.clear()
  cache.set(id, reading)
  return reading
}

function judge(wire: SigningPublicKey): SigningKeyReading {
  const byScheme = SPEC_BY_SCHEME[wire.scheme] ?? 0
  const number = wire.keySpec === 0 ? byScheme : wire.keySpec
  const name = enumName('SigningKeySpec', number)
  if (wire.keySpec !== 0 && wire.scheme !== 0 && byScheme !== wire.keySpec) {
    return unusable(name ?? `unknown ${number}`, 'bad-key', 'key_spec and the old scheme differ')
  }
  if (number === ML_DSA_65) {
    return unusable(
      'ML_DSA_65',
      'ml-dsa-65-unsupported',
      'an ML-DSA-65 key: known to Canton 3.6, not supported by this tool',
      fingerprintOver(wire.publicKey),
    )
  }
  if (number === 0) return unusable('UNSPECIFIED', 'bad-key', 'the key names no key spec')
  if (!isSupported(name)) {
    return unusable(`unknown ${number}`, 'bad-key', `the key has the unknown spec ${number}`)
  }
  try {
    return readKeyBytes(name, wire.format, wire.publicKey)
  } catch (error) {
    if (!(error instanceof CantosignError)) throw error
    return unusable(name, 'bad-key', error.message)
  }
}

/** Encryption keys never sign; their fingerprint is over the bytes as given. */
export function encryptionKeyFingerprint(wire: EncryptionPublicKey): Fingerprint | undefined {
  return fingerprintOver(wire.publicKey)
}
