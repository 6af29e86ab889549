/**
 * Canton's own key files: SigningPublicKey, wrapped (`keys.public.download`) or plain, and the
 * key-pair files of a node (docs/protocol/wire.md sections 2 and 4). Written here, too.
 */
import { CantosignError } from '../base/errors.ts'
import { severityOf } from '../base/finding-codes.ts'
import { keySpecRow, keySpecRows, type SigningKeySpec } from '../crypto/key-spec.ts'
import {
  parsePrivateKeyInfo,
  privateKeyFromSecret,
  type PrivateKey,
} from '../crypto/private-key.ts'
import { publicKeyFromRaw, rawPublicKey, type PublicKey } from '../crypto/public-key.ts'
import type { Fingerprint } from '../ident/fingerprint.ts'
import { readSigningPublicKey } from '../topology/signing-key.ts'
import { decodeMessage, encodeMessage, unwrap, wrap } from '../wire/codec.ts'
import type { SigningKeyPair, SigningPublicKey } from '../wire/generated/schema.ts'
import { enumName, type MessageName } from '../wire/schema.ts'
import { walkMessage } from '../wire/walk.ts'

export type CantonKey =
  | { readonly $case: 'public'; readonly wrapped: boolean; readonly message: SigningPublicKey }
  | { readonly $case: 'pair'; readonly message: SigningKeyPair }

const FORMAT_RAW = 3
const FORMAT_SPKI = 4
const FORMAT_PKCS8 = 5

/** A message that the walker places without a finding that stops a transaction. */
function isSound(name: MessageName, bytes: Uint8Array, wrapped: boolean): boolean {
  const { findings } = walkMessage(name, bytes, { wrapped })
  return findings.every(({ code }) => severityOf(code) === 'allow')
}

function encryptionKey(what: string): CantosignError {
  return new CantosignError(
    'key-algorithm',
    `the file is ${what} of a Canton node: it encrypts and signs nothing`,
    'take the signing key: keys.secret.list() of the node says which one that is',
  )
}

const holdsKey = ({ publicKey, format }: SigningPublicKey): boolean =>
  publicKey.length > 0 && format !== 0

function readPublic(bytes: Uint8Array, wrapped: boolean): CantonKey | undefined {
  if (isSound('SigningPublicKey', bytes, wrapped)) {
    const message = decodeMessage('SigningPublicKey', wrapped ? unwrap(bytes) : bytes)
    const named = message.keySpec !== 0 || message.scheme !== 0
    if (holdsKey(message) && named) return { $case: 'public', wrapped, message }
  }
  // The two kinds of public keys differ on the wire in field 5 alone.
  if (isSound('EncryptionPublicKey', bytes, wrapped)) {
    const message = decodeMessage('EncryptionPublicKey', wrapped ? unwrap(bytes) : bytes)
    if (message.publicKey.length > 0 && message.format !== 0) {
      throw encryptionKey('a public encryption key')
    }
  }
  return undefined
}

function readPair(bytes: Uint8Array): CantonKey | undefined {
  if (!isSound('CryptoKeyPair', bytes, true)) return undefined
  const { pair } = decodeMessage('CryptoKeyPair', unwrap(bytes))
  if (pair?.$case === 'encryptionKeyPair') throw encryptionKey('an encryption key pair')
  const message = pair?.value
  if (message?.privateKey === undefined) return undefined
  return { $case: 'pair', message }
}

/**
 * The Canton key that a file holds, `undefined` if it holds none.
 * @throws CantosignError `key-algorithm` for encryption keys
 */
export function readCantonKey(bytes: Uint8Array): CantonKey | undefined {
  return readPair(bytes) ?? readPublic(bytes, true) ?? readPublic(bytes, false)
}

/**
 * The public key of a SigningPublicKey, in its usual encoding.
 * @returns beside it the fingerprint that nodes know it by: another one if its point is compressed
 * @throws CantosignError with the code of the finding that a transaction with this key has
 */
export function cantonPublicKey(message: SigningPublicKey): {
  readonly key: PublicKey
  readonly fingerprintOfGivenBytes: Fingerprint
} {
  const { key, problem } = readSigningPublicKey(message)
  if (key === undefined || (problem !== undefined && problem.code !== 'compressed-point')) {
    throw new CantosignError(
      problem?.code ?? 'bad-key',
      `the Canton public key is not usable: ${problem?.message ?? 'its bytes are no key'}`,
      'export it again from the node: keys.public.download',
    )
  }
  const usual = publicKeyFromRaw(key.keySpec, rawPublicKey(key))
  return { key: usual, fingerprintOfGivenBytes: key.fingerprint }
}

/**
 * The private key of a node's key pair, compared with its id and with the public key that old
 * releases write beside it. The caller wipes it.
 * @throws CantosignError `key-structure`, `key-public-mismatch`, and what PKCS#8 gives
 */
export async function cantonPrivateKey({
  privateKey,
  publicKey,
}: SigningKeyPair): Promise<PrivateKey> {
  const stated = enumName('SigningKeySpec', privateKey?.keySpec ?? 0)
  const row = keySpecRows().find(({ keySpec }) => keySpec === stated)
  const bytes = privateKey?.privateKey ?? new Uint8Array()
  const key = await readPrivate(privateKey?.format, row?.keySpec, bytes)
  const beside = publicKey === undefined ? undefined : cantonPublicKey(publicKey).key
  const id = privateKey?.id ?? ''
  const { fingerprint } = key.publicKey
  if (
    (row !== undefined && row.keySpec !== key.keySpec) ||
    (beside !== undefined && beside.fingerprint !== fingerprint) ||
    (id !== '' && id !== fingerprint)
  ) {
    key.secret.fill(0)
    throw new CantosignError(
      'key-public-mismatch',
      'the private key of the key pair does not belong to its id, its key spec or the public key beside it',
      'do not use this file: export the key pair again from the node',
    )
  }
  return key
}

async function readPrivate(
  format: number | undefined,
  keySpec: SigningKeySpec | undefined,
  bytes: Uint8Array,
): Promise<PrivateKey> {
  if (format === FORMAT_PKCS8) return await parsePrivateKeyInfo(bytes)
  if (format === FORMAT_RAW && keySpec === 'EC_CURVE25519') {
    return await privateKeyFromSecret(keySpec, bytes)
  }
  const name = enumName('CryptoKeyFormat', format ?? 0) ?? `unknown ${format ?? 0}`
  throw new CantosignError(
    'key-structure',
    `the key pair holds a private key in the format ${name}`,
    'export the key pair again with a present release of Canton, which writes PKCS#8',
  )
}

/** Usages by their names on the command line, with their numbers on the wire. */
const KEY_USAGES = {
  namespace: 1,
  'sequencer-authentication': 3,
  protocol: 4,
  'proof-of-ownership': 5,
} as const satisfies Readonly<Record<string, number>>
export type KeyUsage = keyof typeof KEY_USAGES

export function isKeyUsage(text: string): text is KeyUsage {
  return text in KEY_USAGES
}

/**
 * The usages as Canton completes them: a key with any usage beside NAMESPACE can also prove that
 * its owner has it (docs/protocol/wire.md section 4). In the order of their numbers.
 * @throws CantosignError `bad-key-usage` for the sets that Canton forbids
 */
export function completeUsages(chosen: readonly KeyUsage[]): readonly KeyUsage[] {
  const wanted = new Set(chosen)
  const beyond = [...wanted].filter(
    (usage) => usage !== 'proof-of-ownership' && usage !== 'namespace',
  )
  if (wanted.has('proof-of-ownership') && beyond.length === 0) {
    throw new CantosignError(
      'bad-key-usage',
      `Canton forbids a key whose usages are ${[...wanted].join(' and ')} and nothing else`,
      'leave out proof-of-ownership, or add protocol or sequencer-authentication',
    )
  }
  if (beyond.length > 0) wanted.add('proof-of-ownership')
  return [...wanted].toSorted((a, b) => KEY_USAGES[a] - KEY_USAGES[b])
}

/** A SigningPublicKey in its wrapper, with SubjectPublicKeyInfo inside, as nodes of today write it. */
export function encodeCantonPublicKey(key: PublicKey, usages: readonly KeyUsage[]): Uint8Array {
  const { keySpec } = keySpecRow(key.keySpec)
  const number = [1, 2, 3, 4].find((value) => enumName('SigningKeySpec', value) === keySpec) ?? 0
  return wrap(
    encodeMessage('SigningPublicKey', {
      format: FORMAT_SPKI,
      publicKey: key.spki,
      scheme: 0,
      usage: usages.map((usage) => KEY_USAGES[usage]),
      keySpec: number,
    }),
  )
}

/** Names of usages as on the wire, for people. */
export function usageNames(message: SigningPublicKey): readonly string[] {
  return message.usage.map((usage) => enumName('SigningKeyUsage', usage) ?? `unknown ${usage}`)
}
