/** Keys and transactions to make packages of. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from 'node:crypto'
import { toHex } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { keySpecRow, type SigningKeySpec } from '../../src/crypto/key-spec.ts'
import { parseSubjectPublicKeyInfo, type PublicKey } from '../../src/crypto/public-key.ts'
import type { Fingerprint } from '../../src/ident/fingerprint.ts'
import type { PackageSignature } from '../../src/package/model.ts'
import { packageSignature } from '../../src/package/entries.ts'
import { assembleSignedTransaction, signatureMessage } from '../../src/topology/assemble.ts'
import type { KnownMapping } from '../../src/topology/mapping.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import { encodeMessage, wrap } from '../../src/wire/codec.ts'
import type { Signature, SigningPublicKey } from '../../src/wire/generated/schema.ts'

export interface TestKey {
  readonly key: PublicKey
  readonly fingerprint: Fingerprint
  /** A fresh signature over 34 bytes; ECDSA ones differ every time. */
  signBytes(message: Uint8Array): Uint8Array
  signature(message: Uint8Array): PackageSignature
}

const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const CURVES = { EC_P256: 'P-256', EC_P384: 'P-384', EC_SECP256K1: 'secp256k1' } as const

function keyOf(privateKey: KeyObject): TestKey {
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const { key } = parseSubjectPublicKeyInfo(new Uint8Array(spki))
  const signBytes = (message: Uint8Array): Uint8Array =>
    new Uint8Array(sign(keySpecRow(key.keySpec).digest ?? null, message, privateKey))
  return {
    key,
    fingerprint: key.fingerprint,
    signBytes,
    signature: (message) =>
      packageSignature(
        signatureMessage(key.keySpec, key.fingerprint, signBytes(message)),
        'signature',
      ),
  }
}

/** The Ed25519 key whose seed is this byte, 32 times. */
export function ed25519Key(byte: number): TestKey {
  const der = Buffer.concat([ED25519_PKCS8, Buffer.alloc(32, byte)])
  return keyOf(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
}

export function ecKey(keySpec: Exclude<SigningKeySpec, 'EC_CURVE25519'>): TestKey {
  return keyOf(generateKeyPairSync('ec', { namedCurve: CURVES[keySpec] }).privateKey)
}

const KEY_SPEC_NUMBER = { EC_CURVE25519: 1, EC_P256: 2, EC_P384: 3, EC_SECP256K1: 4 } as const

function signingPublicKey({ key }: TestKey): SigningPublicKey {
  const format = 4
  const usage = [1, 4, 5]
  return { format, publicKey: key.spki, scheme: 0, usage, keySpec: KEY_SPEC_NUMBER[key.keySpec] }
}

const REPLACE = 1

export function transactionBytes(
  mapping: KnownMapping,
  serial = 1,
  operation = REPLACE,
): Uint8Array {
  return wrap(encodeMessage('TopologyTransaction', { operation, serial, mapping: { mapping } }))
}

/** A PartyToParticipant that lists the keys; the party is in the namespace of the first. */
export function partyTransaction(
  name: string,
  keys: readonly TestKey[],
  serial = 1,
  host: { readonly permission: number } = { permission: 2 },
): Uint8Array {
  const [first] = keys
  if (first === undefined) throw new Error('a party needs a key')
  return transactionBytes(
    {
      $case: 'partyToParticipant',
      value: {
        party: `${name}::${first.fingerprint}`,
        threshold: 1,
        participants: [
          {
            participantUid: `participant1::${ed25519Key(200).fingerprint}`,
            permission: host.permission,
            onboarding: undefined,
          },
        ],
        partySigningKeys: { keys: keys.map(signingPublicKey), threshold: 1 },
      },
    },
    serial,
  )
}

/** A NamespaceDelegation; a root one if both keys are the same. */
export function delegation(root: TestKey, target: TestKey = root, serial = 1): Uint8Array {
  const publicKey = { ...signingPublicKey(target), usage: [1] }
  return transactionBytes(
    {
      $case: 'namespaceDelegation',
      value: {
        namespace: root.fingerprint,
        targetKey: publicKey,
        isRootDelegation: false,
        restriction: { $case: 'canSignAllMappings', value: {} },
      },
    },
    serial,
  )
}

/** A wrapped SignedTopologyTransaction. */
export function signedBytes(transaction: Uint8Array, signers: readonly TestKey[]): Uint8Array {
  const hash = transactionHash(transaction)
  return assembleSignedTransaction({
    transaction,
    signatures: signers.map((one) => one.signature(hash)),
    proposal: false,
    multiTransactionSignatures: [],
  })
}

export const hashHex = (transaction: Uint8Array): string => toHex(transactionHash(transaction))

/** The same signature with one bit of its bytes changed: sound in form for Ed25519, never valid. */
export function corrupted<T extends Signature>(signature: T): T {
  const bytes = signature.signature.slice()
  bytes[9] = (bytes[9] ?? 0) ^ 1
  return { ...signature, signature: bytes }
}

/** The CantosignError that the function throws. */
export function errorOf(run: () => unknown): CantosignError {
  try {
    run()
  } catch (error) {
    if (error instanceof CantosignError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
