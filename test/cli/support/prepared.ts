/** Prepared transactions, keys and topology state as files for the executable. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toBase64 } from '../../../src/base/bytes.ts'
import type { PreparedTransaction } from '../../../src/wire/generated/schema.ts'
import { BANK, bytesOf, createTransaction, text } from '../../daml/transactions.ts'
import { delegation, ed25519Key, signedBytes, transactionBytes } from '../../package/support.ts'
import { scratch } from './program.ts'

const PKCS8_PREFIX = '302e020100300506032b657004220420'

export const [ALICE_KEY, SECOND_KEY, THIRD_KEY, STRANGER_KEY, HOST_KEY] = [11, 12, 13, 66, 200].map(
  ed25519Key,
) as [TestKey, TestKey, TestKey, TestKey, TestKey]

type TestKey = ReturnType<typeof ed25519Key>

/** The party of the first key. */
export const PARTY = `alice::${ALICE_KEY.fingerprint}`

export interface Files {
  readonly directory: string
  /** Writes a file and gives its path. */
  readonly write: (name: string, content: Uint8Array | string, mode?: number) => string
  readonly path: (name: string) => string
}

export function files(): Files {
  const directory = scratch()
  const path = (name: string): string => join(directory, name)
  const write = (name: string, content: Uint8Array | string, mode = 0o600): string => {
    writeFileSync(path(name), content, { mode })
    return path(name)
  }
  return { directory, write, path }
}

/** PKCS#8 of the Ed25519 key with this byte 32 times as its seed. */
export const pkcs8 = (seed: number): Uint8Array =>
  new Uint8Array(Buffer.concat([Buffer.from(PKCS8_PREFIX, 'hex'), Buffer.alloc(32, seed)]))

/** A sound transaction of the party; prepared just now unless told. */
export function ownTransaction(
  changes: {
    readonly actAs?: readonly string[]
    readonly preparationTime?: bigint
    readonly note?: string
    readonly maxLedgerEffectiveTime?: bigint
  } = {},
): PreparedTransaction {
  const { actAs = [PARTY], preparationTime = BigInt(Date.now()) * 1000n, note = 'agreed' } = changes
  const parties = [...actAs].sort()
  return createTransaction(
    {
      argument: text(note),
      signatories: parties,
      stakeholders: [...new Set([...parties, BANK])].sort(),
    },
    {
      submitterInfo: { actAs: parties, commandId: 'pay-1' },
      preparationTime,
      maxLedgerEffectiveTime: changes.maxLedgerEffectiveTime,
    },
  )
}

export const ownBytes = (...changes: Parameters<typeof ownTransaction>): Uint8Array =>
  bytesOf(ownTransaction(...changes))

/** What the JSON Ledger API answers to a prepare call. */
export function answer(
  bytes: Uint8Array,
  hash: Uint8Array,
  scheme: string,
  more: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({
    preparedTransaction: toBase64(bytes),
    preparedTransactionHash: toBase64(hash),
    hashingSchemeVersion: `HASHING_SCHEME_VERSION_${scheme}`,
    hashingDetails: null,
    costEstimation: { totalTrafficCostEstimation: 2 },
    ...more,
  })
}

/** Who signs Daml transactions for the party, as a list of files that prove it. */
export function partyState(
  keys: readonly TestKey[],
  threshold: number,
  usage: readonly number[] = [1, 4, 5],
): readonly Uint8Array[] {
  const hosting = transactionBytes({
    $case: 'partyToParticipant',
    value: {
      party: PARTY,
      threshold: 1,
      participants: [
        {
          participantUid: `participant1::${HOST_KEY.fingerprint}`,
          permission: 2,
          onboarding: undefined,
        },
      ],
      partySigningKeys: {
        threshold,
        keys: keys.map(({ key, fingerprint }) => ({
          format: 4,
          publicKey: key.spki,
          scheme: 0,
          usage: fingerprint === ALICE_KEY.fingerprint ? [1, 4, 5] : usage,
          keySpec: 1,
        })),
      },
    },
  })
  return [
    signedBytes(delegation(HOST_KEY), [HOST_KEY]),
    signedBytes(delegation(ALICE_KEY), [ALICE_KEY]),
    signedBytes(hosting, [...new Set([ALICE_KEY, ...keys, HOST_KEY])]),
  ]
}
