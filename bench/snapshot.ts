/** A topology snapshot of our own making, shaped like a live network's. */
import { createHash, createPrivateKey, sign, type KeyObject } from 'node:crypto'
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { toHex } from '../src/base/bytes.ts'
import { hash, HashPurpose } from '../src/crypto/hash.ts'
import { transactionHash } from '../src/topology/transaction.ts'
import { encodeMessage, wrap } from '../src/wire/codec.ts'
import type { Signature, SigningPublicKey, TopologyMapping } from '../src/wire/generated/schema.ts'

export interface BenchKey {
  readonly fingerprint: string
  readonly wire: SigningPublicKey
  readonly privateKey: KeyObject
}

const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** Keys are derived from a counter: the same snapshot every time, and nobody's key. */
function benchKey(label: string): BenchKey {
  const seed = createHash('sha256').update(`bench ${label}`).digest()
  return keyOf(Buffer.concat([PKCS8_PREFIX, seed]))
}

/** @param der an Ed25519 key as PKCS#8 */
export function keyOf(der: Buffer): BenchKey {
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const { x } = privateKey.export({ format: 'jwk' })
  const raw = Buffer.from(x ?? '', 'base64url')
  return {
    privateKey,
    fingerprint: toHex(hash(HashPurpose.publicKeyFingerprint, raw)),
    wire: {
      format: 4,
      publicKey: Uint8Array.from(Buffer.concat([SPKI_PREFIX, raw])),
      scheme: 0,
      usage: [1, 4, 5],
      keySpec: 1,
    },
  }
}

function signature(key: BenchKey, message: Uint8Array): Signature {
  return {
    format: 3,
    signature: Uint8Array.from(sign(null, message, key.privateKey)),
    signedBy: key.fingerprint,
    signingAlgorithmSpec: 1,
    signatureDelegation: undefined,
  }
}

/** A network that has lived longer has more history, not more members. */
const PARTICIPANTS = 205

const GENESIS = { seconds: -62_135_596_800n, nanos: 1000 }

export interface SnapshotFigures {
  readonly transactions: number
  readonly signatures: number
  readonly keys: number
  readonly bytes: number
}

/**
 * Writes a snapshot in the one-message format: for every participant a root delegation, its keys
 * and a party, and vetted packages over and over, all distinct, as on a network that has lived.
 */
export function writeSnapshot(path: string, transactions: number): SnapshotFigures {
  const items: Uint8Array[] = []
  let signatures = 0
  const add = (
    mapping: TopologyMapping['mapping'],
    serial: number,
    signers: readonly BenchKey[],
  ): void => {
    const transaction = wrap(
      encodeMessage('TopologyTransaction', { operation: 1, serial, mapping: { mapping } }),
    )
    const message = transactionHash(transaction)
    signatures += signers.length
    const signed = wrap(
      encodeMessage('SignedTopologyTransaction', {
        transaction,
        signatures: signers.map((key) => signature(key, message)),
        proposal: false,
        multiTransactionSignatures: [],
      }),
    )
    const item = encodeMessage('TopologyTransactions.Item', {
      sequenced: GENESIS,
      validFrom: GENESIS,
      validUntil: undefined,
      transaction: signed,
      rejectionReason: undefined,
    })
    items.push(record(item))
  }

  let packages = 0
  const vetted = (): {
    packageId: string
    validFromInclusive: undefined
    validUntilExclusive: undefined
  }[] =>
    Array.from({ length: 50 }, () => ({
      packageId: createHash('sha256')
        .update(`package ${packages++ % 5000}`)
        .digest('hex'),
      validFromInclusive: undefined,
      validUntilExclusive: undefined,
    }))
  const keys: BenchKey[] = []
  const members: { root: BenchKey; protocol: BenchKey; uid: string }[] = []
  for (let i = 0; i < PARTICIPANTS; i++) {
    const root = benchKey(`root ${i}`)
    const protocol = benchKey(`protocol ${i}`)
    const uid = `participant${i}::${root.fingerprint}`
    keys.push(root, protocol)
    members.push({ root, protocol, uid })
    add(
      {
        $case: 'namespaceDelegation',
        value: {
          namespace: root.fingerprint,
          targetKey: { ...root.wire, usage: [1] },
          isRootDelegation: false,
          restriction: { $case: 'canSignAllMappings', value: {} },
        },
      },
      1,
      [root],
    )
    add(
      {
        $case: 'ownerToKeyMapping',
        value: {
          member: `PAR::${uid}`,
          publicKeys: [{ key: { $case: 'signingPublicKey', value: protocol.wire } }],
        },
      },
      1,
      [root, protocol],
    )
    add(
      {
        $case: 'partyToParticipant',
        value: {
          party: `party${i}::${root.fingerprint}`,
          threshold: 1,
          participants: [{ participantUid: uid, permission: 2, onboarding: undefined }],
          partySigningKeys: { keys: [root.wire, protocol.wire], threshold: 1 },
        },
      },
      1,
      [root, protocol],
    )
  }
  const serials = new Map<string, number>()
  for (let done = items.length; done < transactions; done++) {
    const member = members[done % members.length]
    if (member === undefined) throw new Error('a snapshot needs participants')
    const serial = (serials.get(member.uid) ?? 0) + 1
    serials.set(member.uid, serial)
    // One in nine is signed twice, as changes of shared state are.
    const other = members[(done + 1) % members.length]
    const signers =
      done % 9 === 0 && other !== undefined ? [member.root, other.root] : [member.root]
    add(
      {
        $case: 'vettedPackages',
        value: { participantUid: member.uid, packageIds: [], packages: vetted() },
      },
      serial,
      signers,
    )
  }
  const length = items.reduce((sum, item) => sum + item.length, 0)
  const file = openSync(path, 'w')
  try {
    writeSync(file, Uint8Array.of(0x0a, ...varint(length)))
    for (const item of items) writeSync(file, item)
    writeSync(file, Uint8Array.of(0x10, 30))
  } finally {
    closeSync(file)
  }
  return { transactions: items.length, signatures, keys: keys.length, bytes: length }
}

function rootDelegation({ fingerprint, wire }: BenchKey): Uint8Array {
  return wrap(
    encodeMessage('TopologyTransaction', {
      operation: 1,
      serial: 1,
      mapping: {
        mapping: {
          $case: 'namespaceDelegation',
          value: {
            namespace: fingerprint,
            targetKey: { ...wire, usage: [1] },
            isRootDelegation: false,
            restriction: { $case: 'canSignAllMappings', value: {} },
          },
        },
      },
    }),
  )
}

/** Writes the root delegation of a key, as `prepare-cert.sh` of Canton would; gives its hash. */
export function writeRootDelegation(path: string, keyPath: string): { readonly hash: Uint8Array } {
  const transaction = rootDelegation(keyOf(readFileSync(keyPath)))
  writeFileSync(path, transaction)
  return { hash: transactionHash(transaction) }
}

/** The same with the signature of the key, as a wrapped SignedTopologyTransaction. */
export function signedRootDelegation(key: BenchKey): Uint8Array {
  const transaction = rootDelegation(key)
  return wrap(
    encodeMessage('SignedTopologyTransaction', {
      transaction,
      signatures: [signature(key, transactionHash(transaction))],
      proposal: false,
      multiTransactionSignatures: [],
    }),
  )
}

function varint(value: number): readonly number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return [...bytes, rest]
}

/** One entry of a repeated message field 1. */
function record(content: Uint8Array): Uint8Array {
  return Uint8Array.from([0x0a, ...varint(content.length), ...content])
}
