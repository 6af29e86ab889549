/** From the bytes of a key file to its private key, for signing or for conversion. */
import { CantosignError, unreachable } from '../base/errors.ts'
import {
  decryptKey,
  foreignEncryption,
  parseEncryptedKey,
  type EncryptedKey,
} from '../crypto/encrypted-key.ts'
import { parseEcPrivateKey, parsePrivateKeyInfo, type PrivateKey } from '../crypto/private-key.ts'
import { cantonPrivateKey } from './canton-key.ts'
import { identifyKey } from './key-container.ts'

/** Asked only if the key is encrypted; the bytes are wiped after use. */
export type PassphraseQuestion = () => Uint8Array | Promise<Uint8Array>

export interface OpenOptions {
  /** Signing takes PKCS#8, SEC1 and PBES2 only; conversion also what else can be opened. */
  readonly purpose: 'signing' | 'conversion'
  readonly passphrase: PassphraseQuestion | undefined
}

/**
 * Decrypts with the passphrase, which is asked for and wiped here.
 * @returns a PrivateKeyInfo, which the caller wipes
 * @throws CantosignError `key-passphrase-needed`, `key-passphrase`, `key-encryption`
 */
async function decrypt(
  encrypted: EncryptedKey,
  { purpose, passphrase }: OpenOptions,
): Promise<Uint8Array> {
  const foreign = purpose === 'conversion'
  const { encryption } = encrypted
  // Refused before anybody types a passphrase in vain.
  if (encryption.$case === 'foreign' && !(foreign && encryption.convertible)) {
    throw foreignEncryption(encryption)
  }
  if (passphrase === undefined) {
    throw new CantosignError(
      'key-passphrase-needed',
      'the key is encrypted and there is no passphrase',
      'give --passphrase-file FILE or --passphrase-fd N, or work at a terminal',
    )
  }
  const secret = await passphrase()
  try {
    return await decryptKey(encrypted, secret, foreign)
  } finally {
    secret.fill(0)
  }
}

/**
 * Opens a private key.
 * @param bytes the key file, which stays the caller's to wipe
 * @returns the key; the caller wipes its secret
 * @throws CantosignError what `identifyKey` and the parsers throw, `key-not-private`,
 * `key-container-not-for-signing`, `key-encryption`, `key-kdf-bounds`, `key-passphrase-needed`,
 * `key-passphrase`, and what the passphrase question throws
 */
export async function openPrivateKey(bytes: Uint8Array, options: OpenOptions): Promise<PrivateKey> {
  const container = identifyKey(bytes)
  switch (container.$case) {
    case 'PrivateKeyInfo':
      return await wiping(container.der, parsePrivateKeyInfo)
    case 'ECPrivateKey':
      return await wiping(container.der, parseEcPrivateKey)
    case 'EncryptedPrivateKeyInfo': {
      const encrypted = await parseEncryptedKey(container.der)
      return await wiping(await decrypt(encrypted, options), parsePrivateKeyInfo)
    }
    case 'SubjectPublicKeyInfo':
    case 'raw':
      throw notPrivate()
    case 'canton': {
      if (container.key.$case === 'public') throw notPrivate()
      if (options.purpose === 'conversion') return await cantonPrivateKey(container.key.message)
      throw new CantosignError(
        'key-container-not-for-signing',
        'the file is a key pair of a Canton node, which is not signed with directly',
        'write it as PKCS#8 first: key convert FILE --to pkcs8-der -o NEW',
      )
    }
    default:
      return unreachable(container)
  }
}

async function wiping(
  der: Uint8Array,
  parse: (der: Uint8Array) => Promise<PrivateKey>,
): Promise<PrivateKey> {
  try {
    return await parse(der)
  } finally {
    der.fill(0)
  }
}

function notPrivate(): CantosignError {
  return new CantosignError(
    'key-not-private',
    'the file holds a public key, and a private one is needed',
    'give the file with the private key',
  )
}

/** Runs the action; an error of it names the file that it is about. */
export async function namingFile<Result>(
  path: string,
  action: () => Promise<Result>,
): Promise<Result> {
  try {
    return await action()
  } catch (error) {
    if (!(error instanceof CantosignError) || error.message.startsWith(path)) throw error
    throw new CantosignError(error.code, `${path}: ${error.message}`, error.hint, {
      details: { ...error.details, file: path },
      cause: error,
    })
  }
}
