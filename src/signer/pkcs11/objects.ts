/** Keys on a token: found by label and id, their public halves read in every encoding that is in use. */
import { decodeUtf8, equalBytes, toHex } from '../../base/bytes.ts'
import { CantosignError } from '../../base/errors.ts'
import { escapeText } from '../../base/text.ts'
import { keySpecByOid, keySpecRow, type SigningKeySpec } from '../../crypto/key-spec.ts'
import {
  parseSubjectPublicKeyInfo,
  publicKeyFromRaw,
  type PublicKey,
} from '../../crypto/public-key.ts'
import { CKA, CKK, CKO, CKR, resultOf, ulong, type Cryptoki, type Handle } from './cryptoki.ts'
import { withFaults } from './fault.ts'
import { matchesObject } from './uri.ts'

/** One object of a key, as it lies on the token. */
export interface TokenObject {
  readonly handle: Handle
  /** CKA_LABEL, untrusted text. */
  readonly label: string
  /** CKA_ID. */
  readonly id: Uint8Array
}

/** A session on a token that has this name in messages. */
export interface ObjectSource {
  readonly cryptoki: Cryptoki
  readonly session: Handle
  readonly name: string
}

export interface ObjectFilter {
  readonly object?: string
  readonly id?: Uint8Array
}

/** So many objects are asked for at a time. */
const BATCH = 64
/** A token that lists more objects than this is not searched to its end. */
const MAX_OBJECTS = 100_000

/** The value of an attribute; `undefined` if the object has none or keeps it to itself. */
function attributeOf(
  { cryptoki, session, name }: ObjectSource,
  object: Handle,
  type: number,
): Uint8Array | undefined {
  return withFaults(name, 'while a key was read', () => {
    try {
      const value = cryptoki.C_GetAttributeValue(session, object, [{ type }])[0]?.value
      return value === undefined || value.length === 0 ? undefined : new Uint8Array(value)
    } catch (error) {
      const result = resultOf(error)
      if (result === CKR.attributeTypeInvalid || result === CKR.attributeSensitive) return undefined
      throw error
    }
  })
}

/** `undefined` where the token does not say. */
export function flagOf(source: ObjectSource, object: Handle, type: number): boolean | undefined {
  const value = attributeOf(source, object, type)
  return value === undefined ? undefined : value[0] !== 0
}

/** The objects of a class that the filter fits. What is compared is read, not left to the module. */
export function findObjects(
  source: ObjectSource,
  objectClass: number,
  filter: ObjectFilter,
): readonly TokenObject[] {
  const { cryptoki, session, name } = source
  const handles = withFaults(name, 'while its keys were listed', () => {
    cryptoki.C_FindObjectsInit(session, [{ type: CKA.class, value: objectClass }])
    try {
      const all: Handle[] = []
      for (;;) {
        const some = cryptoki.C_FindObjects(session, BATCH)
        all.push(...some)
        if (some.length === 0 || all.length > MAX_OBJECTS) return all
      }
    } finally {
      cryptoki.C_FindObjectsFinal(session)
    }
  })
  return handles
    .map((handle): TokenObject => {
      const label = attributeOf(source, handle, CKA.label) ?? new Uint8Array()
      const id = attributeOf(source, handle, CKA.id) ?? new Uint8Array()
      return { handle, label: decodeUtf8(label) ?? '', id }
    })
    .filter((object) => matchesObject(filter, object))
}

const objectText = ({ label, id }: TokenObject): string =>
  `${label === '' ? 'without a label' : escapeText(label)} (id ${id.length === 0 ? 'none' : toHex(id)})`

/**
 * The one object that the filter fits.
 * @throws CantosignError `token-key-absent`, `token-key-ambiguous`
 */
export function findObject(
  source: ObjectSource,
  objectClass: number,
  filter: ObjectFilter,
): TokenObject {
  const what = objectClass === CKO.privateKey ? 'private key' : 'public key'
  const [object, ...more] = findObjects(source, objectClass, filter)
  if (object === undefined) {
    const present = findObjects(source, objectClass, {}).map(objectText).join(', ')
    throw new CantosignError(
      'token-key-absent',
      `no ${what} on ${source.name} fits the key URI; it shows ${present === '' ? 'none at all' : present}`,
      objectClass === CKO.privateKey
        ? 'correct object or id of the URI: key list shows what there is'
        : 'public keys may be seen with the PIN only: give it with --passphrase-file FILE',
    )
  }
  if (more.length > 0) {
    const all = [object, ...more]
    throw new CantosignError(
      'token-key-ambiguous',
      `${all.length} ${what}s on ${source.name} fit the key URI: ${all.map(objectText).join(', ')}`,
      'name one of them by object and id',
      { details: { keys: all.map(({ label, id }) => ({ object: label, id: toHex(id) })) } },
    )
  }
  return object
}

function keyFault(name: string, message: string): CantosignError {
  return new CantosignError(
    'signer-output',
    `${name} ${message}`,
    'give the public key as a file with --public-key FILE, or take another key',
  )
}

/** @throws CantosignError `key-algorithm` for a key of an algorithm that Canton does not sign with */
function refuseForeign(source: ObjectSource, object: TokenObject): void {
  const value = attributeOf(source, object.handle, CKA.keyType)
  const type = value === undefined ? undefined : ulong(value)
  if (type === undefined || type === CKK.ec || type === CKK.ecEdwards) return
  throw new CantosignError(
    'key-algorithm',
    `the key ${objectText(object)} on ${source.name} is of another algorithm (CKA_KEY_TYPE 0x${type.toString(16)})`,
    'Canton signs with Ed25519, P-256, P-384 and secp256k1',
  )
}

/** CKA_EC_PARAMS in hex: the object identifier of the curve in DER, or for Ed25519 its name. */
const ED25519_PARAMETERS = new Set([
  '06032b6570', // id-Ed25519, RFC 8410
  '130c656477617264733235353139', // PrintableString edwards25519, PKCS#11 v3.0
  '06092b06010401da470f01', // 1.3.6.1.4.1.11591.15.1, which was in use before RFC 8410
])

/** The key spec that CKA_EC_PARAMS names; `undefined` for a curve that Canton does not sign on. */
export function keySpecOfParameters(parameters: Uint8Array): SigningKeySpec | undefined {
  const hex = toHex(parameters)
  if (ED25519_PARAMETERS.has(hex)) return 'EC_CURVE25519'
  const [tag, length] = parameters
  if (tag !== 0x06 || length !== parameters.length - 2) return undefined
  return keySpecByOid(hex.slice(4))?.keySpec
}

/**
 * The point that CKA_EC_POINT holds: as it is, in an OCTET STRING (PKCS#11 v2.40) or in a BIT
 * STRING. The three differ in length, so none can be taken for another.
 */
export function rawPoint(keySpec: SigningKeySpec, value: Uint8Array): Uint8Array | undefined {
  const { length } = keySpecRow(keySpec)
  const size = keySpec === 'EC_CURVE25519' ? length : 1 + 2 * length
  const wrappings = [[], [0x04, size], [0x03, size + 1, 0x00]]
  const fits = wrappings.some(
    (head) =>
      value.length === head.length + size &&
      equalBytes(value.subarray(0, head.length), Uint8Array.from(head)),
  )
  return fits ? value.subarray(value.length - size) : undefined
}

/**
 * The public key that an object tells by CKA_PUBLIC_KEY_INFO or by its curve and point.
 * @throws CantosignError `signer-output`, and for a key that is none `key-point`, `key-weak`, …
 */
function publicKeyOf(source: ObjectSource, object: TokenObject): PublicKey | undefined {
  const info = attributeOf(source, object.handle, CKA.publicKeyInfo)
  if (info !== undefined) return parseSubjectPublicKeyInfo(info).key
  const parameters = attributeOf(source, object.handle, CKA.ecParams)
  const point = attributeOf(source, object.handle, CKA.ecPoint)
  if (parameters === undefined || point === undefined) return undefined
  const keySpec = keySpecOfParameters(parameters)
  if (keySpec === undefined) {
    throw new CantosignError(
      'key-algorithm',
      `the key ${objectText(object)} on ${source.name} is on another curve (CKA_EC_PARAMS ${toHex(parameters.subarray(0, 32))})`,
      'Canton signs with Ed25519, P-256, P-384 and secp256k1',
    )
  }
  const raw = rawPoint(keySpec, point)
  if (raw === undefined) {
    throw keyFault(
      source.name,
      `gives as the ${keySpecRow(keySpec).name} key ${objectText(object)} what is no point (${point.length} bytes)`,
    )
  }
  return publicKeyFromRaw(keySpec, raw)
}

/**
 * The public half of a private key: told by itself, or by the public key with the same id.
 * @returns `undefined` if the token tells none
 * @throws CantosignError `token-key-ambiguous` if it tells several, and as `publicKeyOf`
 */
export function publicHalfOf(source: ObjectSource, object: TokenObject): PublicKey | undefined {
  refuseForeign(source, object)
  const own = publicKeyOf(source, object)
  if (own !== undefined) return own
  const sameId = findObjects(
    source,
    CKO.publicKey,
    object.id.length > 0 ? { id: object.id } : { object: object.label },
  )
  const sameLabel = sameId.filter(({ label }) => label === object.label)
  const candidates = sameLabel.length > 0 ? sameLabel : sameId
  const keys = new Map<string, PublicKey>()
  for (const candidate of candidates) {
    const key = publicKeyOf(source, candidate)
    if (key !== undefined) keys.set(key.fingerprint, key)
  }
  const [key, ...more] = keys.values()
  if (more.length > 0) {
    throw new CantosignError(
      'token-key-ambiguous',
      `${source.name} has ${keys.size} public keys for the private key ${objectText(object)}`,
      'give each pair of keys an id of its own, or the right public key with --public-key FILE',
      { details: { fingerprints: [...keys.keys()] } },
    )
  }
  return key
}
