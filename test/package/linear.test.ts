/**
 * Work grows with the size of a package and not with its square. What is counted is every reading
 * of a list entry: a search through a list inside a loop over it would show at once.
 */
import { describe, expect, test } from 'vitest'
import { addSignatures } from '../../src/package/add.ts'
import { addPreparedSignatures } from '../../src/package/add-prepared.ts'
import { combinePackages } from '../../src/package/combine.ts'
import { createPackage } from '../../src/package/create.ts'
import { exportPreparedHashes } from '../../src/package/export-execute.ts'
import { signedTransactions } from '../../src/package/export.ts'
import type { SigningPackage } from '../../src/package/model.ts'
import { carriedSignatures, verifyPackage } from '../../src/package/verdicts.ts'
import { writePackage } from '../../src/package/write.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import { bytesOf } from '../daml/transactions.ts'
import { partyOf, preparedOf } from './prepared.ts'
import { delegation, ed25519Key, hashHex, partyTransaction, signedBytes } from './support.ts'

const alice = ed25519Key(1)

/** As many transactions, state entries and hashes in a combined set as the size says. */
function packageOf(size: number): SigningPackage {
  const list = Array.from({ length: size }, (_, i) => partyTransaction(`party${i}`, [alice]))
  const signature = alice.signature(transactionHash(list[0] ?? new Uint8Array()))
  return createPackage({
    transactions: list.map((bytes) => ({ bytes, proposal: true })),
    combined: [
      { transactionHashes: list.map(hashHex), signatures: [signature] },
      ...list.map((bytes) => ({ transactionHashes: [hashHex(bytes)], signatures: [signature] })),
    ],
    state: list.map((_, i) => ({ bytes: signedBytes(delegation(alice, alice, i + 1), []) })),
    publicKeys: [alice.key],
    preparedTransactions: list.map((_, i) => ({
      bytes: bytesOf(preparedOf([partyOf(alice)], `note ${i}`)),
      scheme: 'V2' as const,
    })),
  })
}

/** The same package with every list, at any depth, counting how often an entry of it is read. */
function counted(content: SigningPackage): {
  readonly package: SigningPackage
  reads: () => number
} {
  let reads = 0
  const counting = <T>(list: readonly T[]): readonly T[] =>
    new Proxy(list, {
      get(target, property, receiver): unknown {
        if (typeof property === 'string' && /^\d+$/.test(property)) reads += 1
        return Reflect.get(target, property, receiver)
      },
    })
  return {
    reads: () => reads,
    package: {
      ...content,
      transactions: counting(
        content.transactions.map((one) => ({ ...one, signatures: counting(one.signatures) })),
      ),
      combined: counting(
        content.combined.map((one) => ({
          ...one,
          transactions: counting(one.transactions),
          signatures: counting(one.signatures),
        })),
      ),
      state: counting(content.state),
      preparedTransactions: counting(
        content.preparedTransactions.map((one) => ({
          ...one,
          signatures: counting(one.signatures),
        })),
      ),
    },
  }
}

const additions = (content: SigningPackage): Parameters<typeof addSignatures>[1] =>
  content.transactions.map(({ hash, transaction }) => ({
    target: { $case: 'transaction', hash },
    signedBy: alice.fingerprint,
    signature: alice.signBytes(transaction.hash),
  }))

const jobs: readonly (readonly [string, (content: SigningPackage) => unknown])[] = [
  ['writing', (content) => writePackage(content)],
  ['verifying', (content) => carriedSignatures(content, verifyPackage(content))],
  ['adding a signature to each', (content) => addSignatures(content, additions(content))],
  [
    'adding a signature to each prepared transaction',
    (content) =>
      addPreparedSignatures(
        content,
        content.preparedTransactions.map(({ hash, digest }) => ({
          hash,
          parties: [partyOf(alice)],
          signedBy: alice.fingerprint,
          signature: alice.signBytes(digest),
        })),
      ),
  ],
  ['exporting hashes', (content) => exportPreparedHashes(content)],
  [
    'combining',
    (content) =>
      combinePackages([
        { name: 'a', package: content },
        { name: 'b', package: content },
      ]),
  ],
  [
    'exporting',
    (content) => signedTransactions({ ...content, combined: [] }, { proposal: true }, 'allow'),
  ],
]

describe('ten times the package is ten times the work', () => {
  const small = packageOf(20)
  const large = packageOf(200)

  test.each(jobs)('%s', (_, run) => {
    const [few, many] = [small, large].map((content) => {
      const counter = counted(content)
      run(counter.package)
      return counter.reads()
    })
    expect(few).toBeGreaterThanOrEqual(20)
    // Sorting adds a logarithm; a square would be a hundred times.
    expect(many).toBeLessThan(20 * (few ?? 0))
  })
})
