/** What a key file is, what it holds and what is to be said about it: for people, not for signing. */
import { CantosignError, unreachable } from '../base/errors.ts'
import {
  decryptKey,
  describeEncryption,
  parseEncryptedKey,
  type KeyEncryption,
} from '../crypto/encrypted-key.ts'
import { STRONG_ITERATIONS } from '../crypto/pbes2.ts'
import { parseEcPrivateKey, parsePrivateKeyInfo, type PrivateKey } from '../crypto/private-key.ts'
import { parseSubjectPublicKeyInfo, type PublicKey } from '../crypto/public-key.ts'
import { cantonPrivateKey, cantonPublicKey, usageNames, type CantonKey } from './canton-key.ts'
import { identifyKey, type KeyContainer } from './key-container.ts'
import type { PassphraseQuestion } from './open-private-key.ts'

/** Something to know about a key that is read all the same. */
export interface KeyRemark {
  readonly code:
    | 'key-unencrypted'
    | 'key-kdf-weak'
    | 'key-encryption'
    | 'key-raw'
    | 'key-container-not-for-signing'
    | 'compressed-point'
  /** One sentence with what to do, lower case, no full stop. */
  readonly message: string
}

export type ContainerName =
  | 'PKCS#8'
  | 'PKCS#8 v2'
  | 'EncryptedPrivateKeyInfo'
  | 'SEC1'
  | 'SubjectPublicKeyInfo'
  | 'raw'
  | 'SigningPublicKey'
  | 'CryptoKeyPair'

export interface KeyReading {
  readonly kind: 'public-key' | 'private-key'
  readonly container: ContainerName
  readonly encoding: 'DER' | 'PEM' | 'raw' | 'protobuf'
  readonly encrypted: boolean
  /** In words, for encrypted keys. */
  readonly encryption: string | undefined
  /** The public half; `undefined` if it is known only with the passphrase. */
  readonly key: PublicKey | undefined
  /** Canton's names, where the file states them; an empty list there means every usage. */
  readonly usage: readonly string[] | undefined
  readonly remarks: readonly KeyRemark[]
}

export interface KeyReadingOptions {
  /** Without it, an encrypted key is described and not opened. */
  readonly passphrase?: PassphraseQuestion
}

const UNENCRYPTED: KeyRemark = {
  code: 'key-unencrypted',
  message:
    'the private key is not encrypted: who reads the file has the key (key convert writes it encrypted)',
}

/** Parses and wipes; only the public half is handed on. */
async function publicHalf<Key extends PrivateKey>(
  der: Uint8Array,
  parse: (der: Uint8Array) => Promise<Key>,
): Promise<Omit<Key, 'secret'>> {
  try {
    const { secret, ...rest } = await parse(der)
    secret.fill(0)
    return rest
  } finally {
    der.fill(0)
  }
}

function compressedRemark(fingerprint: string | undefined): KeyRemark {
  const other =
    fingerprint === undefined ? '' : `; a node that is given these bytes knows it as ${fingerprint}`
  return {
    code: 'compressed-point',
    message: `the point is compressed, and the fingerprint shown is that of the usual uncompressed form${other}`,
  }
}

function encryptionRemarks(encryption: KeyEncryption): readonly KeyRemark[] {
  if (encryption.$case === 'foreign') {
    const message = encryption.convertible
      ? 'signing does not take this encryption: key convert writes the key anew'
      : 'this tool does not open this encryption: write the key anew with openssl pkcs8 -topk8'
    return [{ code: 'key-encryption', message }]
  }
  const { derivation } = encryption.pbes2
  if (derivation.$case === 'scrypt' || derivation.iterations >= STRONG_ITERATIONS) return []
  return [
    {
      code: 'key-kdf-weak',
      message: `${derivation.iterations} iterations are fewer than the ${STRONG_ITERATIONS} of today: key convert writes the key anew`,
    },
  ]
}

async function readEncrypted(
  der: Uint8Array,
  passphrase: PassphraseQuestion | undefined,
): Promise<Pick<KeyReading, 'encryption' | 'key' | 'remarks'>> {
  const encrypted = await parseEncryptedKey(der)
  const { encryption } = encrypted
  const open = encryption.$case === 'pbes2' && passphrase !== undefined
  let key: PublicKey | undefined
  if (open) {
    const secret = await passphrase()
    try {
      const opened = await decryptKey(encrypted, secret, false)
      key = (await publicHalf(opened, parsePrivateKeyInfo)).publicKey
    } finally {
      secret.fill(0)
    }
  }
  return {
    encryption: describeEncryption(encryption),
    key,
    remarks: encryptionRemarks(encryption),
  }
}

async function readCanton(canton: CantonKey): Promise<KeyReading> {
  const common = { encoding: 'protobuf', encrypted: false, encryption: undefined } as const
  if (canton.$case === 'public') {
    const { key, fingerprintOfGivenBytes } = cantonPublicKey(canton.message)
    const compressed = key.fingerprint !== fingerprintOfGivenBytes
    return {
      ...common,
      kind: 'public-key',
      container: 'SigningPublicKey',
      key,
      usage: usageNames(canton.message),
      remarks: compressed ? [compressedRemark(fingerprintOfGivenBytes)] : [],
    }
  }
  const { secret, publicKey } = await cantonPrivateKey(canton.message)
  secret.fill(0)
  return {
    ...common,
    kind: 'private-key',
    container: 'CryptoKeyPair',
    key: publicKey,
    usage:
      canton.message.publicKey === undefined ? undefined : usageNames(canton.message.publicKey),
    remarks: [
      UNENCRYPTED,
      {
        code: 'key-container-not-for-signing',
        message: 'a key pair of a Canton node: key convert makes a file of it that signing takes',
      },
    ],
  }
}

async function describe(
  container: KeyContainer,
  passphrase: PassphraseQuestion | undefined,
): Promise<KeyReading> {
  const plain = { encrypted: false, encryption: undefined, usage: undefined } as const
  switch (container.$case) {
    case 'PrivateKeyInfo': {
      const { encoding, der } = container
      const { publicKey: key, version } = await publicHalf(der, parsePrivateKeyInfo)
      const name = version === 2 ? 'PKCS#8 v2' : 'PKCS#8'
      return {
        ...plain,
        kind: 'private-key',
        container: name,
        encoding,
        key,
        remarks: [UNENCRYPTED],
      }
    }
    case 'ECPrivateKey': {
      const { encoding, der } = container
      const { publicKey: key } = await publicHalf(der, parseEcPrivateKey)
      const remarks = [UNENCRYPTED]
      return { ...plain, kind: 'private-key', container: 'SEC1', encoding, key, remarks }
    }
    case 'EncryptedPrivateKeyInfo': {
      const { encoding, der } = container
      const read = await readEncrypted(der, passphrase)
      return {
        kind: 'private-key',
        container: 'EncryptedPrivateKeyInfo',
        encoding,
        encrypted: true,
        usage: undefined,
        ...read,
      }
    }
    case 'SubjectPublicKeyInfo': {
      const { encoding, der } = container
      const { key, compressed, fingerprintOfGivenBytes } = parseSubjectPublicKeyInfo(der)
      const remarks = compressed ? [compressedRemark(fingerprintOfGivenBytes)] : []
      return {
        ...plain,
        kind: 'public-key',
        container: 'SubjectPublicKeyInfo',
        encoding,
        key,
        remarks,
      }
    }
    case 'raw': {
      const { key, compressed } = container
      const remarks = compressed ? [compressedRemark(undefined)] : []
      if (key.keySpec === 'EC_CURVE25519') {
        remarks.push({
          code: 'key-raw',
          message:
            '32 bare bytes are read as a public key of Ed25519; if they are a secret seed, what is shown here gives it away',
        })
      }
      return { ...plain, kind: 'public-key', container: 'raw', encoding: 'raw', key, remarks }
    }
    case 'canton':
      return await readCanton(container.key)
    default:
      return unreachable(container)
  }
}

/**
 * Reads any key file this tool knows, as far as it goes without the passphrase.
 * @param bytes the file, which stays the caller's to wipe
 * @throws CantosignError what `identifyKey` and the parsers throw, `key-kdf-bounds`, and
 * `key-passphrase` for a passphrase that does not open it
 */
export async function readAnyKey(
  bytes: Uint8Array,
  options: KeyReadingOptions = {},
): Promise<KeyReading> {
  return await describe(identifyKey(bytes), options.passphrase)
}

/**
 * Reads a file that must hold a public key.
 * @throws CantosignError `key-not-public` for a private key, otherwise as `readAnyKey`
 */
export async function readPublicKey(bytes: Uint8Array): Promise<PublicKey> {
  const container = identifyKey(bytes)
  const isPublic =
    container.$case === 'SubjectPublicKeyInfo' ||
    container.$case === 'raw' ||
    (container.$case === 'canton' && container.key.$case === 'public')
  if ('der' in container && !isPublic) container.der.fill(0)
  const { key } = isPublic ? await describe(container, undefined) : {}
  if (key !== undefined) return key
  throw new CantosignError(
    'key-not-public',
    'the file holds a private key, and a public one is needed',
    'give the public half alone: key convert FILE --to spki-der -o NEW',
  )
}
