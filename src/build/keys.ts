/** Public keys as Canton takes them from a local builder (docs/protocol/wire.md section 4). */
import { toHex } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import { checkDer, derChildren, DerTag } from '../crypto/der.ts'
import type { SigningKeySpec } from '../crypto/key-spec.ts'
import { bitStringBytes, parseSubjectPublicKeyInfo, type PublicKey } from '../crypto/public-key.ts'
import type { EncryptionPublicKey, SigningPublicKey } from '../wire/generated/schema.ts'
import { Usage } from './names.ts'

const FORMAT_SPKI = 4
const KEY_SPEC: Readonly<Record<SigningKeySpec, number>> = {
  EC_CURVE25519: 1,
  EC_P256: 2,
  EC_P384: 3,
  EC_SECP256K1: 4,
}
const ENCRYPTION_P256 = 1
const ENCRYPTION_RSA_2048 = 2

/** rsaEncryption, 1.2.840.113549.1.1.1 (RFC 8017) */
const RSA_OID = '2a864886f70d010101'
const RSA_2048_BYTES = 256

/** Usages ascending and complete: a node adds PROOF_OF_OWNERSHIP to all but a namespace key. */
function completeUsage(usages: readonly number[]): readonly number[] {
  const namespaceOnly = usages.every((usage) => usage === Usage.namespace)
  const whole = namespaceOnly ? usages : [...usages, Usage.proofOfOwnership]
  return [...new Set(whole)].sort((a, b) => a - b)
}

/**
 * A SigningPublicKey in the one form this tool writes: SPKI, explicit spec, explicit usage with
 * PROOF_OF_OWNERSHIP unless the key is for NAMESPACE alone.
 */
export function signingPublicKey(key: PublicKey, usages: readonly number[]): SigningPublicKey {
  return {
    format: FORMAT_SPKI,
    publicKey: key.spki,
    scheme: 0,
    usage: completeUsage(usages),
    keySpec: KEY_SPEC[key.keySpec],
  }
}

/**
 * A signing key from DER SubjectPublicKeyInfo.
 * @throws CantosignError what parsing gives, or `compressed-point`
 */
export function signingKeyFromSpki(spki: Uint8Array): PublicKey {
  const { key, compressed } = parseSubjectPublicKeyInfo(spki)
  if (compressed) {
    throw new CantosignError(
      'compressed-point',
      'the public key has a compressed point: the same key has another fingerprint in its usual encoding',
      'write it uncompressed: openssl ec -pubin -conv_form uncompressed -pubout -outform DER',
    )
  }
  return key
}

function isRsa2048(spki: Uint8Array): boolean {
  const outer = checkDer(spki)
  const [algorithm, bits, ...more] = outer.tag === DerTag.sequence ? derChildren(outer) : []
  if (algorithm?.tag !== DerTag.sequence || bits === undefined || more.length > 0) return false
  const [oid, parameters, ...others] = derChildren(algorithm)
  const named = oid?.tag === DerTag.objectIdentifier && toHex(oid.content) === RSA_OID
  // RFC 3279: the parameters are NULL.
  if (
    !named ||
    parameters?.tag !== DerTag.null ||
    parameters.content.length > 0 ||
    others.length > 0
  ) {
    return false
  }
  const key = checkDer(bitStringBytes(bits))
  const [modulus, exponent, ...rest] = key.tag === DerTag.sequence ? derChildren(key) : []
  if (modulus?.tag !== DerTag.integer || exponent?.tag !== DerTag.integer || rest.length > 0) {
    return false
  }
  // A leading zero keeps the number positive.
  const [sign, top] = modulus.content
  return modulus.content.length === RSA_2048_BYTES + 1 && sign === 0 && (top ?? 0) >= 0x80
}

/**
 * An EncryptionPublicKey from DER SubjectPublicKeyInfo: P-256 or RSA with 2048 bits.
 * @throws CantosignError what parsing gives, `compressed-point`, `key-algorithm`
 */
export function encryptionKeyFromSpki(spki: Uint8Array): EncryptionPublicKey {
  const message = { format: FORMAT_SPKI, publicKey: spki.slice(), scheme: 0 }
  if (isRsa2048(spki)) return { ...message, keySpec: ENCRYPTION_RSA_2048 }
  const key = signingKeyFromSpki(spki)
  if (key.keySpec === 'EC_P256')
    return { ...message, publicKey: key.spki, keySpec: ENCRYPTION_P256 }
  throw new CantosignError(
    'key-algorithm',
    `an encryption key is on P-256 or RSA with 2048 bits, not ${key.keySpec}`,
    'take the encryption key of the node, not a signing key',
  )
}
