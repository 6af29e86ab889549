/** Random packages for properties: several keys of every spec, with and without state and text. */
import { fc } from '@fast-check/vitest'
import { createPackage, type PackageContent } from '../../src/package/create.ts'
import { combinedHash } from '../../src/topology/namespace.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import { toHex } from '../../src/base/bytes.ts'
import type { PackageSignature, SigningPackage } from '../../src/package/model.ts'
import { bytesOf } from '../daml/transactions.ts'
import { digestOf, partyOf, preparedOf } from './prepared.ts'
import {
  corrupted,
  delegation,
  ecKey,
  ed25519Key,
  partyTransaction,
  signedBytes,
  type TestKey,
} from './support.ts'

/** Fifty keys: a package lists the first, holds some more as keys or state, and never sees others. */
export const keys: readonly TestKey[] = [
  ...Array.from({ length: 44 }, (_, i) => ed25519Key(i + 1)),
  ecKey('EC_P256'),
  ecKey('EC_P384'),
  ecKey('EC_SECP256K1'),
  ecKey('EC_P256'),
  ecKey('EC_P384'),
  ecKey('EC_SECP256K1'),
]

export function keyAt(index: number): TestKey {
  const key = keys[index % keys.length]
  if (key === undefined) throw new Error('there are keys')
  return key
}

const listed = [0, 1, 2, 44, 45, 46].map(keyAt)

/** Bytes of the transactions that all packages here are about. */
export const transactionPool: readonly Uint8Array[] = [
  delegation(keyAt(0)),
  delegation(keyAt(1)),
  partyTransaction('alice', listed),
  partyTransaction('bob', listed, 7),
]

/** Delegations that bring the keys of signers. */
const statePool: readonly Uint8Array[] = [3, 4, 47, 48].map((i) => {
  const key = keyAt(i)
  return signedBytes(delegation(keyAt(5), key), [keyAt(5)])
})

/** Two sets that are signed at once: all transactions, and the last two. */
const combinedSets = [transactionPool, transactionPool.slice(2)].map((list) => ({
  transactionHashes: list.map((bytes) => toHex(transactionHash(bytes))),
  message: combinedHash(list.map(transactionHash)),
}))

/** Two prepared Daml transactions, the second of two parties under the other scheme. */
const preparedPool = [
  { bytes: bytesOf(preparedOf([partyOf(keyAt(0))])), scheme: 'V2' },
  { bytes: bytesOf(preparedOf([partyOf(keyAt(0)), partyOf(keyAt(1))], 'more')), scheme: 'V3' },
] as const

/** Signatures of one key over one message: a few good ones and a few bad ones, made once. */
const made = new Map<string, PackageSignature>()
function signatureOf(index: number, message: Uint8Array, variant: number): PackageSignature {
  const name = `${index} ${toHex(message)} ${variant}`
  const known = made.get(name)
  if (known !== undefined) return known
  const own = keyAt(index).signature(message)
  const one =
    variant < 2
      ? own
      : variant === 2
        ? corrupted(own)
        : keyAt(index).signature(message.toReversed())
  made.set(name, one)
  return one
}

/** Signer and variant: 0 and 1 are valid (equal for Ed25519), 2 and 3 are not. */
const signer = fc.tuple(fc.nat(keys.length - 1), fc.nat(3))

function signaturesOf(
  chosen: readonly (readonly [number, number])[],
  message: Uint8Array,
): readonly PackageSignature[] {
  const byName = new Map<string, PackageSignature>()
  for (const [index, variant] of chosen) {
    const one = signatureOf(index, message, variant)
    byName.set(toHex(one.signature), one)
  }
  // Two valid signatures by one key are refused in a package: only the first variant stays.
  const doubled = new Set(chosen.filter(([, variant]) => variant === 0).map(([index]) => index))
  for (const index of doubled) {
    const second = made.get(`${index} ${toHex(message)} 1`)
    const first = signatureOf(index, message, 0)
    if (second !== undefined && toHex(second.signature) !== toHex(first.signature)) {
      byName.delete(toHex(second.signature))
    }
  }
  return [...byName.values()]
}

const sources = fc.uniqueArray(
  fc.record({
    from: fc.constantFrom('participant1', 'a file', 'Börse — \u202e'),
    at: fc.constantFrom(undefined, '2030-01-31T12:00:00Z', '2030-01-31T12:00:00.123456Z'),
  }),
  { maxLength: 3, selector: ({ from, at }) => JSON.stringify([from, at]) },
)

const text = fc.record({
  requestedBy: fc.constantFrom(undefined, 'Treasury'),
  reason: fc.constantFrom(undefined, 'a new host\nfor alice'),
  validUntil: fc.constantFrom(undefined, 'Friday'),
})

const network = fc.record({
  synchronizerId: fc.constantFrom(undefined, `global::${keyAt(9).fingerprint}`),
  protocolVersion: fc.constantFrom(undefined, 34),
})

const packageContent: fc.Arbitrary<PackageContent> = fc
  .record({
    network,
    text,
    own: fc.array(fc.array(signer, { maxLength: 12 }), {
      minLength: transactionPool.length,
      maxLength: transactionPool.length,
    }),
    proposals: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean()),
    combined: fc.tuple(fc.array(signer, { maxLength: 8 }), fc.array(signer, { maxLength: 4 })),
    publicKeys: fc.uniqueArray(fc.nat(keys.length - 1), { maxLength: 8 }),
    state: fc.uniqueArray(fc.tuple(fc.nat(statePool.length - 1), sources), {
      maxLength: 4,
      selector: ([index]) => index,
    }),
  })
  .map(({ own, proposals, combined, publicKeys, state, ...rest }) => ({
    ...rest,
    transactions: transactionPool.map((bytes, i) => ({
      bytes,
      proposal: proposals[i] ?? false,
      signatures: signaturesOf(own[i] ?? [], transactionHash(bytes)),
    })),
    combined: combinedSets.flatMap(({ transactionHashes, message }, i) => {
      const signatures = signaturesOf(combined[i] ?? [], message)
      return signatures.length === 0 ? [] : [{ transactionHashes, signatures }]
    }),
    publicKeys: publicKeys.map((index) => keyAt(index).key),
    state: state.map(([index, own]) => ({
      bytes: statePool[index] ?? new Uint8Array(),
      sources: own,
    })),
  }))

export const signingPackage: fc.Arbitrary<SigningPackage> = packageContent.map((content) =>
  createPackage(content),
)

/** Signers by transaction and party; each may sign for both parties of the second transaction. */
const preparedContent = fc
  .tuple(
    fc.array(signer, { maxLength: 8 }),
    fc.array(signer, { maxLength: 6 }),
    fc.array(signer, { maxLength: 6 }),
  )
  .map(([alone, first, second]) => {
    const signed = (
      { bytes, scheme }: (typeof preparedPool)[number],
      byParty: readonly (typeof alone)[],
    ): NonNullable<PackageContent['preparedTransactions']>[number] => ({
      bytes,
      scheme,
      signatures: byParty.flatMap((chosen, party) =>
        signaturesOf(chosen, digestOf(bytes, scheme)).map((one) => ({
          ...one,
          party: partyOf(keyAt(party)),
        })),
      ),
    })
    return [signed(preparedPool[0], [alone]), signed(preparedPool[1], [first, second])]
  })

/** With prepared transactions too, the same in all; some have nothing else. */
export const preparedPackage = (topology: boolean): fc.Arbitrary<SigningPackage> =>
  fc
    .tuple(packageContent, preparedContent)
    .map(([{ network = {}, ...content }, preparedTransactions]) =>
      createPackage({
        ...content,
        network: { protocolVersion: network.protocolVersion },
        ...(topology ? {} : { transactions: [], combined: [] }),
        preparedTransactions,
      }),
    )
