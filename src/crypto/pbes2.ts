/**
 * PBES2 (RFC 8018 section 6.2) with PBKDF2 or scrypt (RFC 7914) and AES-CBC: derivation and cipher
 * are node:crypto's. Parameters are held to bounds before anything is derived.
 */
import {
  createCipheriv,
  createDecipheriv,
  pbkdf2,
  randomBytes,
  scrypt,
  type ScryptOptions,
} from 'node:crypto'
import { parseHex } from '../base/bytes.ts'
import { CantosignError, unreachable } from '../base/errors.ts'
import { derChildren, DerTag, encodeDer, encodeDerInteger, readDer } from './der.ts'
import { looksLikePrivateKeyInfo } from './private-key.ts'

export type Pbkdf2Digest =
  'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512' | 'sha512-224' | 'sha512-256'
export type CipherName = 'aes-128-cbc' | 'aes-192-cbc' | 'aes-256-cbc'

export type KeyDerivation =
  | {
      readonly $case: 'pbkdf2'
      readonly digest: Pbkdf2Digest
      readonly iterations: number
      readonly salt: Uint8Array
    }
  | {
      readonly $case: 'scrypt'
      /** N: how many blocks of 128 r bytes are held in memory. */
      readonly cost: number
      /** r */
      readonly blockSize: number
      /** p */
      readonly parallelization: number
      readonly salt: Uint8Array
    }

export interface Pbes2 {
  readonly derivation: KeyDerivation
  readonly cipher: CipherName
  /** 16 bytes. */
  readonly iv: Uint8Array
}

/** Object identifiers, content bytes in hex (RFC 8018 appendix C, RFC 7914 section 7). */
export const Pbes2Oid = {
  pbes2: '2a864886f70d01050d',
  pbkdf2: '2a864886f70d01050c',
  scrypt: '2b06010401da47040b',
} as const

export const DIGEST_OIDS: Readonly<Record<Pbkdf2Digest, string>> = {
  sha1: '2a864886f70d0207',
  sha224: '2a864886f70d0208',
  sha256: '2a864886f70d0209',
  sha384: '2a864886f70d020a',
  sha512: '2a864886f70d020b',
  'sha512-224': '2a864886f70d020c',
  'sha512-256': '2a864886f70d020d',
}

export const CIPHER_OIDS: Readonly<Record<CipherName, string>> = {
  'aes-128-cbc': '608648016503040102',
  'aes-192-cbc': '608648016503040116',
  'aes-256-cbc': '60864801650304012a',
}

const KEY_LENGTHS: Readonly<Record<CipherName, number>> = {
  'aes-128-cbc': 16,
  'aes-192-cbc': 24,
  'aes-256-cbc': 32,
}

export const AES_BLOCK = 16
const MIN_ITERATIONS = 1_000
const MAX_ITERATIONS = 10_000_000
const MIN_SALT = 8
const MAX_SALT = 1024
const MIB = 1024 * 1024
const MAX_SCRYPT_MEMORY = 256 * MIB
/** What the p passes begin with lies in memory at once, beside what each of them takes. */
const MAX_SCRYPT_START = 16 * MIB
/** Memory times p: bounds the time as the memory bounds the space. */
const MAX_SCRYPT_WORK = 1024 * MIB

/** Below this many iterations of PBKDF2 a key file is told to be weak. */
export const STRONG_ITERATIONS = 600_000

export type DerivationKind = KeyDerivation['$case']

/**
 * What new files get, after OWASP's password storage advice of 2023: PBKDF2-HMAC-SHA256 with
 * 600,000 iterations, or scrypt with N = 2^14, r = 8, p = 5. A larger N would be beyond the 32 MiB
 * that OpenSSL allows, and a key must be recoverable with openssl alone.
 */
function newDerivation(kind: DerivationKind): KeyDerivation {
  const salt = new Uint8Array(randomBytes(16))
  switch (kind) {
    case 'pbkdf2':
      return { $case: 'pbkdf2', digest: 'sha256', iterations: STRONG_ITERATIONS, salt }
    case 'scrypt':
      return { $case: 'scrypt', cost: 16_384, blockSize: 8, parallelization: 5, salt }
    default:
      return unreachable(kind)
  }
}

export function keyLengthOf(cipher: CipherName): number {
  return KEY_LENGTHS[cipher]
}

function outOfBounds(message: string): CantosignError {
  return new CantosignError(
    'key-kdf-bounds',
    message,
    'the file is hostile, damaged or too weak: if you trust it, write it anew with openssl pkcs8 -topk8 -iter 600000',
  )
}

/**
 * Holds the derivation to its bounds: PBKDF2 1,000 to 10,000,000 iterations; scrypt up to 256 MiB
 * of memory, N a power of two, p so that all passes together touch 1 GiB and begin with 16 MiB at
 * most; salts of 8 to 1,024 bytes.
 * @throws CantosignError `key-kdf-bounds`
 */
export function assertDerivationBounds(derivation: KeyDerivation): void {
  const { salt } = derivation
  if (salt.length < MIN_SALT || salt.length > MAX_SALT) {
    throw outOfBounds(
      `the salt of the key derivation has ${salt.length} bytes; ${MIN_SALT} to ${MAX_SALT} are allowed`,
    )
  }
  switch (derivation.$case) {
    case 'pbkdf2': {
      const { iterations } = derivation
      if (!(iterations >= MIN_ITERATIONS && iterations <= MAX_ITERATIONS)) {
        throw outOfBounds(
          `PBKDF2 with ${iterations} iterations; ${MIN_ITERATIONS} to ${MAX_ITERATIONS} are allowed`,
        )
      }
      return
    }
    case 'scrypt': {
      const { cost, blockSize, parallelization } = derivation
      const memory = 128 * cost * blockSize
      if (!(cost > 1 && Number.isInteger(Math.log2(cost)))) {
        throw outOfBounds(`scrypt with N = ${cost}, which is not a power of two above 1`)
      }
      if (blockSize < 1 || parallelization < 1 || !(memory <= MAX_SCRYPT_MEMORY)) {
        throw outOfBounds(
          `scrypt with N = ${cost}, r = ${blockSize}, p = ${parallelization}; at most 256 MiB (128 N r) are allowed`,
        )
      }
      if (!(128 * blockSize * parallelization <= MAX_SCRYPT_START)) {
        throw outOfBounds(
          `scrypt with N = ${cost}, r = ${blockSize}, p = ${parallelization}; at most 16 MiB for all passes (128 r p) are allowed`,
        )
      }
      if (!(memory * parallelization <= MAX_SCRYPT_WORK)) {
        throw outOfBounds(
          `scrypt with N = ${cost}, r = ${blockSize}, p = ${parallelization}; at most 1 GiB of work (128 N r p) is allowed`,
        )
      }
      return
    }
    default:
      unreachable(derivation)
  }
}

/** On the thread pool; the caller wipes the key. */
async function deriveKey(
  derivation: KeyDerivation,
  passphrase: Uint8Array,
  length: number,
): Promise<Uint8Array> {
  assertDerivationBounds(derivation)
  return await new Promise((resolve, reject) => {
    const done = (error: Error | null, key: Uint8Array): void => {
      if (error === null) resolve(key)
      else reject(error)
    }
    if (derivation.$case === 'pbkdf2') {
      const { salt, iterations, digest } = derivation
      pbkdf2(passphrase, salt, iterations, length, digest, done)
    } else {
      const { salt, cost, blockSize, parallelization } = derivation
      const working = 128 * blockSize * (cost + parallelization + 2)
      const options: ScryptOptions = { cost, blockSize, parallelization, maxmem: working + MIB }
      scrypt(passphrase, salt, length, options, done)
    }
  })
}

/** A wrong passphrase and a damaged file cannot be told apart. */
export function wrongPassphrase(cause?: unknown): CantosignError {
  return new CantosignError(
    'key-passphrase',
    'the passphrase does not open the key (or the encrypted part of the file is damaged)',
    'try again with the right passphrase; a newline at its end is ignored, every other character counts',
    { cause },
  )
}

/**
 * Decrypts a PrivateKeyInfo.
 * @returns its DER in a buffer of its own, which the caller wipes
 * @throws CantosignError `key-passphrase`, `key-kdf-bounds`
 */
export async function decryptPbes2(
  { derivation, cipher, iv }: Pbes2,
  ciphertext: Uint8Array,
  passphrase: Uint8Array,
): Promise<Uint8Array> {
  const key = await deriveKey(derivation, passphrase, keyLengthOf(cipher))
  const parts: Uint8Array[] = []
  try {
    const decipher = createDecipheriv(cipher, key, iv)
    parts.push(decipher.update(ciphertext))
    parts.push(decipher.final())
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    const plain = new Uint8Array(length)
    plain.set(parts[0] ?? [])
    plain.set(parts[1] ?? [], parts[0]?.length ?? 0)
    // Padding fits by chance for one wrong passphrase in 256.
    if (isPrivateKeyInfo(plain)) return plain
    plain.fill(0)
  } catch (cause) {
    throw wrongPassphrase(cause)
  } finally {
    key.fill(0)
    for (const part of parts) part.fill(0)
  }
  throw wrongPassphrase()
}

function isPrivateKeyInfo(der: Uint8Array): boolean {
  try {
    const outer = readDer(der)
    return outer.tag === DerTag.sequence && looksLikePrivateKeyInfo(derChildren(outer))
  } catch (error) {
    if (error instanceof CantosignError) return false
    throw error
  }
}

const integer = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return encodeDerInteger(bytes)
}

const oid = (hex: string): Uint8Array => encodeDer(DerTag.objectIdentifier, parseHex(hex))

function encodeDerivation(derivation: KeyDerivation): Uint8Array {
  const salt = encodeDer(DerTag.octetString, derivation.salt)
  switch (derivation.$case) {
    case 'pbkdf2': {
      const { digest, iterations } = derivation
      const prf = encodeDer(DerTag.sequence, oid(DIGEST_OIDS[digest]), encodeDer(DerTag.null))
      const parameters = encodeDer(DerTag.sequence, salt, integer(iterations), prf)
      return encodeDer(DerTag.sequence, oid(Pbes2Oid.pbkdf2), parameters)
    }
    case 'scrypt': {
      const { cost, blockSize, parallelization } = derivation
      const parameters = encodeDer(
        DerTag.sequence,
        salt,
        integer(cost),
        integer(blockSize),
        integer(parallelization),
      )
      return encodeDer(DerTag.sequence, oid(Pbes2Oid.scrypt), parameters)
    }
    default:
      return unreachable(derivation)
  }
}

/**
 * EncryptedPrivateKeyInfo (RFC 5958 section 3) with a fresh salt and IV and AES-256-CBC.
 * @param privateKeyInfo DER, which stays the caller's to wipe
 */
export async function encryptPbes2(
  privateKeyInfo: Uint8Array,
  passphrase: Uint8Array,
  kind: DerivationKind,
): Promise<Uint8Array> {
  const derivation = newDerivation(kind)
  const cipher = 'aes-256-cbc'
  const iv = new Uint8Array(randomBytes(AES_BLOCK))
  const key = await deriveKey(derivation, passphrase, keyLengthOf(cipher))
  try {
    const encipher = createCipheriv(cipher, key, iv)
    const first = encipher.update(privateKeyInfo)
    const scheme = encodeDer(
      DerTag.sequence,
      oid(CIPHER_OIDS[cipher]),
      encodeDer(DerTag.octetString, iv),
    )
    return encodeDer(
      DerTag.sequence,
      encodeDer(
        DerTag.sequence,
        oid(Pbes2Oid.pbes2),
        encodeDer(DerTag.sequence, encodeDerivation(derivation), scheme),
      ),
      encodeDer(DerTag.octetString, first, encipher.final()),
    )
  } finally {
    key.fill(0)
  }
}

/** `PBES2, PBKDF2-HMAC-SHA256 with 600000 iterations, AES-256-CBC` */
export function describePbes2({ derivation, cipher }: Pbes2): string {
  return `PBES2, ${describeDerivation(derivation)}, ${cipher.toUpperCase()}`
}

export function describeDerivation(derivation: KeyDerivation): string {
  switch (derivation.$case) {
    case 'pbkdf2':
      return `PBKDF2-HMAC-${derivation.digest.toUpperCase()} with ${derivation.iterations} iterations`
    case 'scrypt':
      return `scrypt with N = ${derivation.cost}, r = ${derivation.blockSize}, p = ${derivation.parallelization}`
    default:
      return unreachable(derivation)
  }
}
