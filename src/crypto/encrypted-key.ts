/**
 * EncryptedPrivateKeyInfo (RFC 5958 section 3): which encryption it names, and opening it. The
 * structure is given names by asn1js and pkijs after the strict walker has passed it; both are
 * loaded only here, when there is an encrypted key.
 */
import { createPrivateKey } from 'node:crypto'
import { toHex } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import { checkDer, derChildren, DerTag } from './der.ts'
import { algorithmName } from './oid-names.ts'
import {
  AES_BLOCK,
  assertDerivationBounds,
  CIPHER_OIDS,
  decryptPbes2,
  describeDerivation,
  describePbes2,
  DIGEST_OIDS,
  keyLengthOf,
  Pbes2Oid,
  wrongPassphrase,
  type CipherName,
  type KeyDerivation,
  type Pbes2,
  type Pbkdf2Digest,
} from './pbes2.ts'

export type KeyEncryption =
  | { readonly $case: 'pbes2'; readonly pbes2: Pbes2 }
  /** Known by name; `convertible` if `key convert` can open it. */
  | { readonly $case: 'foreign'; readonly name: string; readonly convertible: boolean }

export interface EncryptedKey {
  readonly encryption: KeyEncryption
  /** The whole EncryptedPrivateKeyInfo. */
  readonly der: Uint8Array
  readonly ciphertext: Uint8Array
}

/** Loaded once, on demand. */
async function asn1Names() {
  return await import('./asn1-names.ts')
}
type Asn1Names = Awaited<ReturnType<typeof asn1Names>>

const DES_EDE3_CBC = '2a864886f70d0307'
/** PBES1 by object identifier: OpenSSL opens triple DES without its legacy provider, no other. */
const PBES1: Readonly<Record<string, { readonly name: string; readonly convertible: boolean }>> = {
  '2a864886f70d010501': { name: 'PBES1, MD2 and DES-CBC', convertible: false },
  '2a864886f70d010503': { name: 'PBES1, MD5 and DES-CBC', convertible: false },
  '2a864886f70d010504': { name: 'PBES1, MD2 and RC2-CBC', convertible: false },
  '2a864886f70d010506': { name: 'PBES1, MD5 and RC2-CBC', convertible: false },
  '2a864886f70d01050a': { name: 'PBES1, SHA-1 and DES-CBC', convertible: false },
  '2a864886f70d01050b': { name: 'PBES1, SHA-1 and RC2-CBC', convertible: false },
  '2a864886f70d010c0101': { name: 'PKCS#12 PBE, SHA-1 and RC4 (128 bits)', convertible: false },
  '2a864886f70d010c0102': { name: 'PKCS#12 PBE, SHA-1 and RC4 (40 bits)', convertible: false },
  '2a864886f70d010c0103': { name: 'PKCS#12 PBE, SHA-1 and 3DES (3 keys)', convertible: true },
  '2a864886f70d010c0104': { name: 'PKCS#12 PBE, SHA-1 and 3DES (2 keys)', convertible: true },
  '2a864886f70d010c0105': { name: 'PKCS#12 PBE, SHA-1 and RC2 (128 bits)', convertible: false },
  '2a864886f70d010c0106': { name: 'PKCS#12 PBE, SHA-1 and RC2 (40 bits)', convertible: false },
}
const MAX_PBES1_ITERATIONS = 10_000_000n

function structureFault(message: string, cause?: unknown): CantosignError {
  return new CantosignError(
    'key-structure',
    message,
    'the file is damaged, or written by a program that does not keep to RFC 8018: write it anew with openssl pkcs8 -topk8',
    { cause },
  )
}

/** The content of an object identifier of asn1js, in hex. */
function oidHex(names: Asn1Names, dotted: string): string {
  const bytes = new Uint8Array(new names.ObjectIdentifier({ value: dotted }).toBER())
  return toHex(bytes.subarray(2))
}

const bytesOf = (block: { readonly valueBlock: { readonly valueHexView: Uint8Array } }) =>
  block.valueBlock.valueHexView.slice()

function nameOf<Name extends string>(
  table: Readonly<Record<Name, string>>,
  oid: string,
): Name | undefined {
  for (const name in table) if (table[name] === oid) return name
  return undefined
}

/**
 * The fields of a SEQUENCE, whose number must be in the range: pkijs passes over what follows the
 * fields that it knows.
 */
function fieldsOf(
  names: Asn1Names,
  sequence: unknown,
  [least, most]: readonly [number, number],
  what: string,
): readonly unknown[] {
  const fields = sequence instanceof names.Sequence ? sequence.valueBlock.value : []
  if (fields.length >= least && fields.length <= most) return fields
  throw structureFault(`${what} has not the fields that its standard gives it`)
}

/** A derivation within its bounds, and the key length it states if it does. */
interface StatedDerivation {
  readonly derivation: KeyDerivation
  readonly keyLength: number | undefined
}

function readPbkdf2(names: Asn1Names, schema: unknown): StatedDerivation {
  const parameters = new names.PBKDF2Params({ schema })
  const { Integer, OctetString } = names
  // pkijs reads a count of 32 bits or more as 0: it is taken from the integer itself.
  const [, count] = fieldsOf(names, schema, [2, 4], 'PBKDF2')
  if (!(count instanceof Integer)) throw structureFault('PBKDF2 has no iteration count')
  if (!(parameters.salt instanceof OctetString)) {
    throw structureFault('the salt of PBKDF2 is not given by its bytes')
  }
  // RFC 8018 appendix A.2: HMAC-SHA1 where nothing is said.
  const prf = parameters.prf === undefined ? undefined : oidHex(names, parameters.prf.algorithmId)
  const digest: Pbkdf2Digest | undefined = prf === undefined ? 'sha1' : nameOf(DIGEST_OIDS, prf)
  if (digest === undefined) {
    throw new CantosignError(
      'key-encryption',
      `PBKDF2 with the pseudo-random function ${parameters.prf?.algorithmId ?? ''}, which is not known`,
      'write it anew with openssl pkcs8 -topk8 -v2prf hmacWithSHA256',
    )
  }
  const derivation: KeyDerivation = {
    $case: 'pbkdf2',
    digest,
    iterations: Number(count.toBigInt()),
    salt: bytesOf(parameters.salt),
  }
  return { derivation, keyLength: parameters.keyLength }
}

/** RFC 7914 section 7.1; pkijs has no class for it. */
function readScrypt(names: Asn1Names, schema: unknown): StatedDerivation {
  const { Integer, OctetString } = names
  const [salt, ...numbers] = fieldsOf(names, schema, [4, 5], 'scrypt')
  const [cost, blockSize, parallelization, keyLength] = numbers.map((field) =>
    field instanceof Integer ? Number(field.toBigInt()) : Number.NaN,
  )
  if (
    !(salt instanceof OctetString) ||
    cost === undefined ||
    blockSize === undefined ||
    parallelization === undefined ||
    numbers.some((field) => !(field instanceof Integer))
  ) {
    throw structureFault('the parameters of scrypt are not those of RFC 7914')
  }
  const derivation: KeyDerivation = {
    $case: 'scrypt',
    cost,
    blockSize,
    parallelization,
    salt: bytesOf(salt),
  }
  return { derivation, keyLength }
}

function readPbes2(names: Asn1Names, schema: unknown): KeyEncryption {
  for (const part of fieldsOf(names, schema, [2, 2], 'PBES2')) {
    fieldsOf(names, part, [1, 2], 'an algorithm of PBES2')
  }
  const { keyDerivationFunc, encryptionScheme } = new names.PBES2Params({ schema })
  const kdf = oidHex(names, keyDerivationFunc.algorithmId)
  if (kdf !== Pbes2Oid.pbkdf2 && kdf !== Pbes2Oid.scrypt) {
    const name = `PBES2 with the key derivation ${keyDerivationFunc.algorithmId}`
    return { $case: 'foreign', name, convertible: false }
  }
  const read = kdf === Pbes2Oid.pbkdf2 ? readPbkdf2 : readScrypt
  const { derivation, keyLength } = read(names, keyDerivationFunc.algorithmParams)
  assertDerivationBounds(derivation)
  const cipherOid = oidHex(names, encryptionScheme.algorithmId)
  const cipher: CipherName | undefined = nameOf(CIPHER_OIDS, cipherOid)
  if (cipher === undefined) {
    const tripleDes = cipherOid === DES_EDE3_CBC
    const cipherName = tripleDes ? '3DES-CBC' : `the cipher ${encryptionScheme.algorithmId}`
    const name = `PBES2, ${describeDerivation(derivation)}, ${cipherName}`
    // OpenSSL allows scrypt less memory than this tool; such a pair is not known to exist.
    return { $case: 'foreign', name, convertible: tripleDes && derivation.$case === 'pbkdf2' }
  }
  const iv: unknown = encryptionScheme.algorithmParams
  if (!(iv instanceof names.OctetString) || bytesOf(iv).length !== AES_BLOCK) {
    throw structureFault('the initialization vector of AES-CBC is not 16 bytes')
  }
  if (keyLength !== undefined && keyLength !== keyLengthOf(cipher)) {
    throw structureFault(`a derived key of ${keyLength} bytes does not fit ${cipher}`)
  }
  return { $case: 'pbes2', pbes2: { derivation, cipher, iv: bytesOf(iv) } }
}

/** RFC 8018 appendix A.3: a salt and an iteration count. */
function readPbes1(names: Asn1Names, oid: string, schema: unknown): KeyEncryption {
  const { Integer, OctetString } = names
  const known = PBES1[oid]
  if (known === undefined) {
    const name = algorithmName(Buffer.from(oid, 'hex'))
    return { $case: 'foreign', name: `the scheme ${name}`, convertible: false }
  }
  const [salt, count] = fieldsOf(names, schema, [2, 2], 'PBES1')
  if (!(salt instanceof OctetString) || !(count instanceof Integer)) {
    throw structureFault(`the parameters of ${known.name} are not those of RFC 8018`)
  }
  const iterations = count.toBigInt()
  if (iterations < 1n || iterations > MAX_PBES1_ITERATIONS) {
    throw new CantosignError(
      'key-kdf-bounds',
      `${known.name} with ${iterations} iterations; 1 to ${MAX_PBES1_ITERATIONS} are allowed`,
      'the file is hostile or damaged: get it again from its source',
    )
  }
  return { $case: 'foreign', ...known }
}

/**
 * Reads what an EncryptedPrivateKeyInfo says of itself; nothing is derived.
 * @throws CantosignError `key-der`, `key-structure`, `key-kdf-bounds`, `key-encryption`
 */
export async function parseEncryptedKey(der: Uint8Array): Promise<EncryptedKey> {
  checkDer(der)
  const names = await asn1Names()
  try {
    const { result } = names.fromBER(der)
    const [algorithm] = fieldsOf(names, result, [2, 2], 'EncryptedPrivateKeyInfo')
    fieldsOf(names, algorithm, [1, 2], 'the encryption algorithm')
    // The structure of a shrouded key bag of PKCS#12 is EncryptedPrivateKeyInfo.
    const outer = new names.PKCS8ShroudedKeyBag({ schema: result })
    const oid = oidHex(names, outer.encryptionAlgorithm.algorithmId)
    const params: unknown = outer.encryptionAlgorithm.algorithmParams
    const encryption =
      oid === Pbes2Oid.pbes2 ? readPbes2(names, params) : readPbes1(names, oid, params)
    return { encryption, der, ciphertext: bytesOf(outer.encryptedData) }
  } catch (error) {
    if (error instanceof CantosignError) throw error
    throw structureFault('the structure of the encrypted key is not that of RFC 5958', error)
  }
}

/** In words: scheme, derivation with its parameters, cipher. */
export function describeEncryption(encryption: KeyEncryption): string {
  return encryption.$case === 'pbes2' ? describePbes2(encryption.pbes2) : encryption.name
}

/**
 * Opens an encrypted key.
 * @param foreign true to open also what signing does not take, as far as OpenSSL does
 * @returns a PrivateKeyInfo, which the caller wipes
 * @throws CantosignError `key-passphrase`, `key-encryption`
 */
export async function decryptKey(
  { encryption, der, ciphertext }: EncryptedKey,
  passphrase: Uint8Array,
  foreign: boolean,
): Promise<Uint8Array> {
  if (encryption.$case === 'pbes2') {
    return await decryptPbes2(encryption.pbes2, ciphertext, passphrase)
  }
  if (!foreign || !encryption.convertible) throw foreignEncryption(encryption)
  return decryptForeign(der, passphrase)
}

/** The refusal of an encryption that is known by name only, or not taken for signing. */
export function foreignEncryption(
  encryption: Extract<KeyEncryption, { $case: 'foreign' }>,
): CantosignError {
  return new CantosignError(
    'key-encryption',
    `the key is encrypted with ${encryption.name}`,
    encryption.convertible
      ? 'write it anew with today’s encryption: key convert FILE --to pkcs8-der -o NEW'
      : 'write it anew with: openssl pkcs8 -topk8 -provider legacy -provider default -in FILE -out NEW',
    { details: { convertible: encryption.convertible } },
  )
}

function decryptForeign(der: Uint8Array, passphrase: Uint8Array): Uint8Array {
  try {
    const exported = createPrivateKey({
      key: Buffer.from(der),
      format: 'der',
      type: 'pkcs8',
      passphrase: Buffer.from(passphrase.buffer, passphrase.byteOffset, passphrase.length),
    }).export({ format: 'der', type: 'pkcs8' })
    const plain = new Uint8Array(exported)
    exported.fill(0)
    return plain
  } catch (cause) {
    throw wrongPassphrase(cause)
  }
}

const EXPLICIT_VERSION = 0xa0
/** Fields of a TBSCertificate between the serial number and the subject's key (RFC 5280 section 4.1). */
const FIELDS_BEFORE_KEY = 5

/** What kind of key a certificate is for, as its name; `undefined` if it is no sound certificate. */
export function certificateKeyName(der: Uint8Array): string | undefined {
  try {
    const [certificate] = derChildren(checkDer(der))
    const fields = certificate === undefined ? [] : derChildren(certificate)
    const first = fields[0]?.tag === EXPLICIT_VERSION ? 1 : 0
    const key = fields[first + FIELDS_BEFORE_KEY]
    const [algorithm] = key === undefined ? [] : derChildren(key)
    const [oid, curve] = algorithm === undefined ? [] : derChildren(algorithm)
    const named = curve?.tag === DerTag.objectIdentifier ? curve : oid
    return named?.tag === DerTag.objectIdentifier ? algorithmName(named.content) : undefined
  } catch (error) {
    if (error instanceof CantosignError) return undefined
    throw error
  }
}
