/**
 * Private keys: PKCS#8 (RFC 5208, RFC 5958, RFC 8410) and SEC1 (RFC 5915), read strictly. The
 * public key is always derived; one that is attached must be the same.
 */
import { createPrivateKey, createPublicKey, randomFillSync } from 'node:crypto'
import { compareBytes, equalBytes, parseHex, toHex } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import {
  checkDer,
  derChildren,
  derInteger,
  DerTag,
  encodeDer,
  encodeDerInteger,
  type DerElement,
} from './der.ts'
import { keySpecByOid, keySpecRow, type KeySpecRow, type SigningKeySpec } from './key-spec.ts'
import { derivePublicKey } from './noble.ts'
import { algorithmName } from './oid-names.ts'
import {
  algorithmRow,
  bitStringBytes,
  EC_PUBLIC_KEY_OID,
  parseSubjectPublicKeyInfo,
  publicKeyFromRaw,
  rawPublicKey,
  type PublicKey,
} from './public-key.ts'

export interface PrivateKey {
  readonly keySpec: SigningKeySpec
  /**
   * Ed25519: the seed, 32 bytes. EC: the scalar, big-endian, 32 or 48 bytes, from 1 to the order
   * less 1. Whoever was given the key wipes it.
   */
  readonly secret: Uint8Array
  readonly publicKey: PublicKey
}

export interface ParsedPrivateKeyInfo extends PrivateKey {
  /** 2 is the one with a public key attached (RFC 5958). */
  readonly version: 1 | 2
}

/** A private key as it lies in a file, before its public key is derived. */
interface SecretParts {
  readonly row: KeySpecRow
  /** A view of the input. */
  readonly secret: Uint8Array
  /** Public keys that the file attaches, raw. */
  readonly attached: readonly Uint8Array[]
}

/** `[0]` and `[1]` of the context, constructed. */
const CONTEXT_0 = 0xa0
const CONTEXT_1 = 0xa1
/** `[1] IMPLICIT BIT STRING` */
const IMPLICIT_1 = 0x81

const REWRITE = 'write the key anew: openssl pkcs8 -topk8 -nocrypt -in FILE -out NEW'

function structureFault(message: string): CantosignError {
  return new CantosignError('key-structure', message, REWRITE)
}

function scalarFault(message: string): CantosignError {
  return new CantosignError(
    'key-scalar',
    message,
    'this is no key that a sound key generator makes: get it again from its source',
  )
}

function ed25519Seed(content: Uint8Array, row: KeySpecRow): Uint8Array {
  // RFC 8410 section 7: an OCTET STRING of its own inside the privateKey OCTET STRING.
  if (content[0] !== DerTag.octetString || content[1] !== content.length - 2) {
    throw structureFault('the Ed25519 seed does not lie in an octet string of its own (RFC 8410)')
  }
  const seed = content.subarray(2)
  if (seed.length !== row.length) {
    throw scalarFault(`an Ed25519 seed has 32 bytes, this one ${seed.length}`)
  }
  return seed
}

/** @param outer the row that the container around it names, if one does */
function ecPrivateKey(element: DerElement, outer: KeySpecRow | undefined): SecretParts {
  const [version, secret, ...optional] = element.tag === DerTag.sequence ? derChildren(element) : []
  if (version?.tag !== DerTag.integer || secret?.tag !== DerTag.octetString) {
    throw structureFault('the EC private key is not an ECPrivateKey (RFC 5915)')
  }
  if (derInteger(version) !== 1n) {
    throw new CantosignError(
      'key-version',
      `the ECPrivateKey has version ${derInteger(version)}, and only version 1 is known`,
      REWRITE,
    )
  }
  const parameters = optional[0]?.tag === CONTEXT_0 ? optional.shift() : undefined
  const publicKey = optional[0]?.tag === CONTEXT_1 ? optional.shift() : undefined
  if (optional.length > 0) throw structureFault('the ECPrivateKey has fields that it must not have')
  const row = curveRow(parameters, outer)
  if (secret.content.length !== row.length) {
    throw scalarFault(
      `a scalar of ${row.name} has ${row.length} bytes, this one ${secret.content.length}`,
    )
  }
  const attached = publicKey === undefined ? [] : [bitStringBytes(onlyChild(publicKey))]
  return { row, secret: secret.content, attached }
}

function onlyChild(element: DerElement): DerElement | undefined {
  const children = derChildren(element)
  return children.length === 1 ? children[0] : undefined
}

function curveRow(parameters: DerElement | undefined, outer: KeySpecRow | undefined): KeySpecRow {
  if (parameters === undefined) {
    if (outer !== undefined) return outer
    throw new CantosignError(
      'key-parameters',
      'the EC private key does not name its curve',
      REWRITE,
    )
  }
  const curve = onlyChild(parameters)
  if (curve?.tag !== DerTag.objectIdentifier) {
    throw new CantosignError(
      'key-parameters',
      'the curve is given by explicit parameters, not by its name',
      'a key whose curve is not named is never used: write it anew with -ec_param_enc named_curve',
    )
  }
  const row = keySpecByOid(toHex(curve.content))
  if (row?.order === undefined) {
    throw new CantosignError(
      'key-algorithm',
      `the key is on the curve ${algorithmName(curve.content)}`,
      'Canton signs with Ed25519, P-256, P-384 and secp256k1',
    )
  }
  if (outer !== undefined && row !== outer) {
    throw new CantosignError(
      'key-parameters',
      `the container names the curve ${outer.name} and the key inside ${row.name}`,
      'get the key again from its source: which curve is right cannot be guessed',
    )
  }
  return row
}

/** 1 to the order less 1. */
function isScalar(secret: Uint8Array, order: bigint): boolean {
  const limit = parseHex(order.toString(16).padStart(2 * secret.length, '0'))
  return secret.some((byte) => byte !== 0) && compareBytes(secret, limit) < 0
}

async function complete({ row, secret, attached }: SecretParts): Promise<PrivateKey> {
  if (row.order !== undefined && !isScalar(secret, row.order)) {
    throw scalarFault(`the private scalar is not between 1 and the order of ${row.name}`)
  }
  const publicKey = await Promise.resolve(derivedPublicKey(row.keySpec, secret))
  for (const raw of attached) {
    if (equalBytes(publicKeyFromRaw(row.keySpec, raw).spki, publicKey.spki)) continue
    throw new CantosignError(
      'key-public-mismatch',
      'the public key attached to the private key belongs to another private key',
      'do not use this file: signing with a foreign public key can give the private key away',
    )
  }
  return { keySpec: row.keySpec, secret: secret.slice(), publicKey }
}

/** True for the form of a PrivateKeyInfo, whatever it holds. */
export function looksLikePrivateKeyInfo(children: readonly DerElement[]): boolean {
  const [version, algorithm, key] = children
  return (
    version?.tag === DerTag.integer &&
    algorithm?.tag === DerTag.sequence &&
    key?.tag === DerTag.octetString
  )
}

/**
 * Parses PrivateKeyInfo (PKCS#8 v1) or OneAsymmetricKey (v2, with its public key).
 * @throws CantosignError `key-der`, `key-structure`, `key-version`, `key-algorithm`,
 * `key-parameters`, `key-scalar`, `key-point`, `key-weak`, `key-public-mismatch`
 */
export async function parsePrivateKeyInfo(der: Uint8Array): Promise<ParsedPrivateKeyInfo> {
  const outer = checkDer(der)
  const children = outer.tag === DerTag.sequence ? derChildren(outer) : []
  const [version, algorithm, key, ...optional] = children
  if (!looksLikePrivateKeyInfo(children) || version === undefined || key === undefined) {
    throw structureFault('the structure is not a PKCS#8 private key')
  }
  const number = derInteger(version)
  if (number !== 0n && number !== 1n) {
    throw new CantosignError(
      'key-version',
      `the PKCS#8 key has version ${number}; 0 (v1) and 1 (v2) are known`,
      REWRITE,
    )
  }
  const row = algorithmRow(algorithm)
  const attributes = optional[0]?.tag === CONTEXT_0 ? optional.shift() : undefined
  if (
    attributes !== undefined &&
    derChildren(attributes).some(({ tag }) => tag !== DerTag.sequence)
  ) {
    throw structureFault('the attributes of the PKCS#8 key are not attributes')
  }
  const publicKey = optional[0]?.tag === IMPLICIT_1 ? optional.shift() : undefined
  if (optional.length > 0) throw structureFault('the PKCS#8 key has fields that it must not have')
  if ((number === 1n) !== (publicKey !== undefined)) {
    throw structureFault(
      number === 0n
        ? 'a PKCS#8 key of version 1 has a public key attached, which only version 2 has'
        : 'a PKCS#8 key of version 2 has no public key attached',
    )
  }
  const outerKey =
    publicKey === undefined ? [] : [bitStringBytes({ ...publicKey, tag: DerTag.bitString })]
  if (row.order === undefined) {
    const secret = ed25519Seed(key.content, row)
    return { ...(await complete({ row, secret, attached: outerKey })), version: versionOf(number) }
  }
  const inner = ecPrivateKey(checkDer(key.content), row)
  const parts = { ...inner, attached: [...outerKey, ...inner.attached] }
  return { ...(await complete(parts)), version: versionOf(number) }
}

const versionOf = (number: bigint): 1 | 2 => (number === 0n ? 1 : 2)

/**
 * Parses ECPrivateKey (SEC1), which must name its curve.
 * @throws CantosignError as `parsePrivateKeyInfo`
 */
export async function parseEcPrivateKey(der: Uint8Array): Promise<PrivateKey> {
  return await complete(ecPrivateKey(checkDer(der), undefined))
}

/**
 * A private key from its bare secret.
 * @param secret 32 bytes for Ed25519, else a scalar of the curve's length; copied
 * @throws CantosignError `key-scalar`
 */
export async function privateKeyFromSecret(
  keySpec: SigningKeySpec,
  secret: Uint8Array,
): Promise<PrivateKey> {
  const row = keySpecRow(keySpec)
  if (secret.length !== row.length) {
    throw scalarFault(`a secret of ${row.name} has ${row.length} bytes, this one ${secret.length}`)
  }
  return await complete({ row, secret, attached: [] })
}

/**
 * PrivateKeyInfo version 1 as OpenSSL writes it: for EC keys with the public key and without the
 * curve inside. The caller wipes it.
 */
export function encodePrivateKeyInfo(key: PrivateKey): Uint8Array {
  return encodeWith(key.keySpec, key.secret, [
    encodeDer(
      CONTEXT_1,
      encodeDer(DerTag.bitString, Uint8Array.of(0), rawPublicKey(key.publicKey)),
    ),
  ])
}

/** @param attached what follows the scalar of an EC key */
function encodeWith(
  keySpec: SigningKeySpec,
  secret: Uint8Array,
  attached: readonly Uint8Array[],
): Uint8Array {
  const row = keySpecRow(keySpec)
  const curve = encodeDer(DerTag.objectIdentifier, parseHex(row.oid))
  const isEc = row.order !== undefined
  // Built around zeros: the secret is put into its place once, and no other buffer has held it.
  const place = encodeDer(DerTag.octetString, new Uint8Array(row.length))
  const inner = isEc
    ? encodeDer(DerTag.sequence, encodeDerInteger(Uint8Array.of(1)), place, ...attached)
    : place
  const algorithm = isEc
    ? [encodeDer(DerTag.objectIdentifier, parseHex(EC_PUBLIC_KEY_OID)), curve]
    : [curve]
  const der = encodeDer(
    DerTag.sequence,
    encodeDerInteger(Uint8Array.of(0)),
    encodeDer(DerTag.sequence, ...algorithm),
    encodeDer(DerTag.octetString, inner),
  )
  secretPlace(der, isEc).set(secret)
  return der
}

/** A view of the bytes of the secret in a PrivateKeyInfo of our own making. */
function secretPlace(der: Uint8Array, isEc: boolean): Uint8Array {
  const outer = derChildren(checkDer(der))[2]?.content ?? new Uint8Array()
  const inner = checkDer(outer)
  const place = isEc ? derChildren(inner)[1] : inner
  if (place === undefined) throw new Error('the PKCS#8 template has no place for the secret')
  return place.content
}

/**
 * A new key from the random number generator of node:crypto. Its public key is derived twice, by
 * node:crypto and by noble, and a difference is a fault of the program.
 */
export async function generatePrivateKey(keySpec: SigningKeySpec): Promise<PrivateKey> {
  const row = keySpecRow(keySpec)
  const secret = new Uint8Array(row.length)
  try {
    // Drawing again where the scalar is out of range keeps the choice uniform.
    do randomFillSync(secret)
    while (row.order !== undefined && !isScalar(secret, row.order))
    const key = await privateKeyFromSecret(keySpec, secret)
    if (!equalBytes(await derivePublicKey(keySpec, secret), rawPublicKey(key.publicKey))) {
      key.secret.fill(0)
      throw new Error('the two implementations derive different public keys')
    }
    return key
  } finally {
    secret.fill(0)
  }
}

/** The public key as node:crypto derives it from the private key alone. */
function derivedPublicKey(keySpec: SigningKeySpec, secret: Uint8Array): PublicKey {
  const der = encodeWith(keySpec, secret, [])
  try {
    const object = createPrivateKey({
      key: Buffer.from(der.buffer, der.byteOffset, der.length),
      format: 'der',
      type: 'pkcs8',
    })
    const spki = createPublicKey(object).export({ format: 'der', type: 'spki' })
    return parseSubjectPublicKeyInfo(new Uint8Array(spki)).key
  } finally {
    der.fill(0)
  }
}
