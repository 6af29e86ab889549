/** Public keys: parsed strictly, held in one encoding, named by their fingerprint. */
import { createPublicKey } from 'node:crypto'
import { concatBytes, parseHex, toHex } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import { parseFingerprint, type Fingerprint } from '../ident/fingerprint.ts'
import { checkDer, derChildren, DerTag, encodeDer, type DerElement } from './der.ts'
import { hash, HashPurpose } from './hash.ts'
import { keySpecByOid, keySpecRow, type KeySpecRow, type SigningKeySpec } from './key-spec.ts'
import { ed25519PointProblem } from './noble.ts'
import { algorithmName } from './oid-names.ts'

export interface PublicKey {
  readonly keySpec: SigningKeySpec
  /** SubjectPublicKeyInfo (RFC 5280, RFC 8410, RFC 5480) with a named curve and, for EC, an uncompressed point. */
  readonly spki: Uint8Array
  readonly fingerprint: Fingerprint
}

export interface ParsedPublicKey {
  readonly key: PublicKey
  /** True if the point was compressed: the fingerprint of the given bytes is another one. */
  readonly compressed: boolean
  readonly fingerprintOfGivenBytes: Fingerprint
}

const ED25519_LENGTH = 32
/** id-ecPublicKey, 1.2.840.10045.2.1 */
export const EC_PUBLIC_KEY_OID = '2a8648ce3d0201'
const UNCOMPRESSED = 0x04

/**
 * docs/protocol/hashing.md section 3: over the raw 32 bytes for Ed25519, over the whole SPKI for
 * EC keys.
 */
function fingerprintOver(bytes: Uint8Array): Fingerprint {
  return parseFingerprint(toHex(hash(HashPurpose.publicKeyFingerprint, bytes)))
}

function malformed(
  message: string,
  hint: string,
  code: 'key-point' | 'key-weak' | 'key-structure' | 'key-parameters' | 'key-algorithm',
): CantosignError {
  return new CantosignError(code, message, hint)
}

function spkiOf(row: KeySpecRow, raw: Uint8Array): Uint8Array {
  const oid = encodeDer(DerTag.objectIdentifier, parseHex(row.oid))
  const algorithm =
    row.keySpec === 'EC_CURVE25519'
      ? [oid]
      : [encodeDer(DerTag.objectIdentifier, parseHex(EC_PUBLIC_KEY_OID)), oid]
  return encodeDer(
    DerTag.sequence,
    encodeDer(DerTag.sequence, ...algorithm),
    encodeDer(DerTag.bitString, Uint8Array.of(0), raw),
  )
}

function keyOf(row: KeySpecRow, raw: Uint8Array): PublicKey {
  const spki = spkiOf(row, raw)
  const fingerprint = fingerprintOver(row.keySpec === 'EC_CURVE25519' ? raw : spki)
  return { keySpec: row.keySpec, spki, fingerprint }
}

function ed25519Key(row: KeySpecRow, raw: Uint8Array): PublicKey {
  const hint = 'this is no key that a sound key generator makes: ask its owner for the right one'
  if (raw.length !== ED25519_LENGTH) {
    throw malformed(`an Ed25519 public key has 32 bytes, this one ${raw.length}`, hint, 'key-point')
  }
  const problem = ed25519PointProblem(raw)
  if (problem === 'small-order') {
    throw malformed('the Ed25519 public key is a point of small order', hint, 'key-weak')
  }
  if (problem === 'not-a-point') {
    throw malformed('the Ed25519 public key is not the encoding of a point', hint, 'key-point')
  }
  return keyOf(row, raw.slice())
}

/** The point uncompressed, checked to lie on the curve by OpenSSL. */
function uncompressedPoint(row: KeySpecRow, point: Uint8Array): Uint8Array {
  const hint = 'ask the owner for the key as a named curve with an uncompressed point'
  const [first] = point
  const compressed = first === 0x02 || first === 0x03
  const length = compressed ? 1 + row.length : 1 + 2 * row.length
  if ((!compressed && first !== UNCOMPRESSED) || point.length !== length) {
    throw malformed(
      `the ${row.keySpec} public key is not a point of that curve (${point.length} bytes)`,
      hint,
      'key-point',
    )
  }
  try {
    const key = createPublicKey({
      key: Buffer.from(spkiOf(row, point)),
      format: 'der',
      type: 'spki',
    })
    const { x, y } = key.export({ format: 'jwk' })
    const coordinate = (text: string | undefined): Uint8Array =>
      Buffer.from(text ?? '', 'base64url')
    return concatBytes(Uint8Array.of(UNCOMPRESSED), coordinate(x), coordinate(y))
  } catch (cause) {
    throw new CantosignError(
      'key-point',
      `the ${row.keySpec} public key is not a point of that curve`,
      hint,
      { cause },
    )
  }
}

/**
 * A key from its raw form: 32 bytes for Ed25519; an uncompressed (65 or 97 bytes) or compressed
 * point for EC keys, held uncompressed.
 * @throws CantosignError `key-point`, `key-weak`
 */
export function publicKeyFromRaw(keySpec: SigningKeySpec, raw: Uint8Array): PublicKey {
  const row = keySpecRow(keySpec)
  if (keySpec === 'EC_CURVE25519') return ed25519Key(row, raw)
  return keyOf(row, uncompressedPoint(row, raw))
}

/** 32 bytes for Ed25519, the uncompressed point for EC keys. */
export function rawPublicKey(key: PublicKey): Uint8Array {
  const { keySpec, length } = keySpecRow(key.keySpec)
  const size = keySpec === 'EC_CURVE25519' ? length : 1 + 2 * length
  return key.spki.subarray(key.spki.length - size)
}

/** The row of an AlgorithmIdentifier. @throws CantosignError `key-algorithm`, `key-parameters` */
export function algorithmRow(algorithm: DerElement | undefined): KeySpecRow {
  const [oid, parameters, ...more] =
    algorithm?.tag === DerTag.sequence ? derChildren(algorithm) : []
  if (oid?.tag !== DerTag.objectIdentifier || more.length > 0) {
    throw malformed(
      'the key has no proper algorithm identifier',
      'get the key again',
      'key-structure',
    )
  }
  const name = toHex(oid.content)
  const supported = 'Canton signs with Ed25519, P-256, P-384 and secp256k1'
  if (name === EC_PUBLIC_KEY_OID) {
    if (parameters?.tag !== DerTag.objectIdentifier) {
      throw malformed(
        'the curve is given by explicit parameters or not at all, not by its name',
        'a key whose curve is not named is never used: write it anew with -ec_param_enc named_curve',
        'key-parameters',
      )
    }
    const row = keySpecByOid(toHex(parameters.content))
    if (row === undefined || row.keySpec === 'EC_CURVE25519') {
      throw malformed(
        `the key is on the curve ${algorithmName(parameters.content)}`,
        supported,
        'key-algorithm',
      )
    }
    return row
  }
  const row = keySpecByOid(name)
  if (row?.keySpec !== 'EC_CURVE25519') {
    throw malformed(
      `the key is of the algorithm ${algorithmName(oid.content)}`,
      supported,
      'key-algorithm',
    )
  }
  if (parameters !== undefined) {
    throw malformed(
      'an Ed25519 key has algorithm parameters, which RFC 8410 forbids',
      'write the key anew with openssl',
      'key-parameters',
    )
  }
  return row
}

/** The content of a BIT STRING of whole bytes. @throws CantosignError `key-structure` */
export function bitStringBytes(element: DerElement | undefined): Uint8Array {
  if (element?.tag !== DerTag.bitString || element.content[0] !== 0) {
    throw malformed(
      'the public key is not a bit string of whole bytes',
      'get the key again from its owner',
      'key-structure',
    )
  }
  return element.content.subarray(1)
}

/** Of a SubjectPublicKeyInfo: one of RSA with 16,384 bits has half as many. */
export const MAX_PUBLIC_KEY_BYTES = 4096

/**
 * Parses SubjectPublicKeyInfo.
 * @throws CantosignError `key-der`, `key-structure`, `key-algorithm`, `key-parameters`,
 * `key-point`, `key-weak`
 */
export function parseSubjectPublicKeyInfo(der: Uint8Array): ParsedPublicKey {
  const outer = checkDer(der, MAX_PUBLIC_KEY_BYTES)
  const [algorithm, bits, ...more] = outer.tag === DerTag.sequence ? derChildren(outer) : []
  if (algorithm === undefined || bits === undefined || more.length > 0) {
    throw malformed(
      'the structure is not a SubjectPublicKeyInfo',
      'a public key is written by: openssl pkey -pubout -outform DER',
      'key-structure',
    )
  }
  const row = algorithmRow(algorithm)
  const raw = bitStringBytes(bits)
  const key = publicKeyFromRaw(row.keySpec, raw)
  const compressed = row.keySpec !== 'EC_CURVE25519' && raw[0] !== UNCOMPRESSED
  return {
    key,
    compressed,
    fingerprintOfGivenBytes: compressed ? fingerprintOver(der) : key.fingerprint,
  }
}
