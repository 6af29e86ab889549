/** Combining is a join, and no broken or foreign signature spoils it. */
import type { fc } from '@fast-check/vitest'
import { test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { combinePackages } from '../../src/package/combine.ts'
import { createPackage, type PackageContent } from '../../src/package/create.ts'
import type {
  PackageSignature,
  PackageVerdicts,
  PreparedSignature,
  SigningPackage,
} from '../../src/package/model.ts'
import type { VerifiedSignature } from '../../src/topology/signed-transaction.ts'
import { readPackage } from '../../src/package/read.ts'
import { verifyPackage } from '../../src/package/verdicts.ts'
import { writePackage } from '../../src/package/write.ts'
import { combinedHash } from '../../src/topology/namespace.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import { bytesOf as encoded, exerciseTransaction } from '../daml/transactions.ts'
import { partyOf, preparedOf } from './prepared.ts'
import { keys, preparedPackage, signingPackage } from './arbitrary.ts'
import {
  corrupted,
  delegation,
  ecKey,
  ed25519Key,
  errorOf,
  hashHex,
  partyTransaction,
  signedBytes,
  textOf,
} from './support.ts'

const join = (...copies: readonly SigningPackage[]): SigningPackage =>
  combinePackages(copies.map((one, i) => ({ name: `copy ${i}`, package: one }))).package

/** The file, or the code of the refusal: differing text is refused whatever the order. */
function joined(join: () => SigningPackage): string {
  try {
    return textOf(writePackage(join()))
  } catch (error) {
    return String((error as { readonly code?: unknown }).code)
  }
}

const agreeingOf = (some: fc.Arbitrary<SigningPackage>): fc.Arbitrary<SigningPackage> =>
  some.map((one) => ({
    ...one,
    text: { requestedBy: undefined, reason: undefined, validUntil: undefined },
  }))

const kinds: readonly (readonly [string, fc.Arbitrary<SigningPackage>])[] = [
  ['topology', signingPackage],
  ['prepared transactions', preparedPackage(false)],
  ['both', preparedPackage(true)],
]

type SignedList = readonly PackageSignature[]

/** Every list of a package: what its signatures are worth, and they themselves. */
const listsOf = (
  content: SigningPackage,
  verdicts: PackageVerdicts,
): readonly (readonly [readonly VerifiedSignature[], SignedList, string])[] =>
  (['transactions', 'combined', 'preparedTransactions'] as const).flatMap((name) =>
    verdicts[name].map(
      (list, i) =>
        [
          list,
          content[name][i]?.signatures ?? [],
          `${name} ${String(content[name][i]?.hash)}`,
        ] as const,
    ),
  )

/** A key signs for each party by itself. */
const signerOf = (one: Partial<PreparedSignature> | undefined): string =>
  `${one?.party ?? ''} ${one?.signedBy ?? ''}`

/** Signer of every valid signature, by place. */
function validOf(content: SigningPackage): ReadonlySet<string> {
  const verdicts = verifyPackage(
    content,
    (fingerprint) => keys.find(({ key }) => key.fingerprint === fingerprint)?.key,
  )
  return new Set(
    listsOf(content, verdicts).flatMap(([list, signed, place]) =>
      list.flatMap(({ status }, i) =>
        status === 'valid' ? [`${place} ${signerOf(signed[i])}`] : [],
      ),
    ),
  )
}

describe.each(kinds)('combining %s', (_kind, some) => {
  const agreeing = agreeingOf(some)

  property.prop([some, some], { numRuns: 20 })('is commutative', (a, b) => {
    expect(joined(() => join(a, b))).toBe(joined(() => join(b, a)))
  })

  property.prop([some, some, some], { numRuns: 20 })('is associative', (a, b, c) => {
    const left = joined(() => join(join(a, b), c))
    expect(left).toBe(joined(() => join(a, join(b, c))))
    expect(left).toBe(joined(() => join(c, a, b)))
  })

  property.prop([agreeing, agreeing], { numRuns: 20 })('is idempotent', (a, b) => {
    const once = join(a, b)
    expect(join(once)).toEqual(once)
    expect(join(once, once)).toEqual(once)
    expect(join(once, a, b)).toEqual(once)
  })

  property.prop([agreeing, agreeing], { numRuns: 20 })(
    'keeps every valid signature, and every signer once',
    (a, b) => {
      const made = join(a, b)
      const valid = validOf(made)
      for (const one of [...validOf(a), ...validOf(b)]) expect(valid).toContain(one)
      const inside = verifyPackage(made)
      for (const [list, signed] of listsOf(made, inside)) {
        const signers = list.flatMap(({ status }, i) =>
          status === 'valid' ? [signerOf(signed[i])] : [],
        )
        expect(new Set(signers).size).toBe(signers.length)
        expect(list.map(({ status }) => status)).not.toContain('invalid')
      }
      expect(new Set(made.state.map(({ signed }) => signed.transaction.hash.join()))).toEqual(
        new Set([...a.state, ...b.state].map(({ signed }) => signed.transaction.hash.join())),
      )
    },
  )

  property.prop([agreeing, agreeing], { numRuns: 10 })('makes what reads back', (a, b) => {
    const made = join(a, b)
    expect(readPackage(writePackage(made)).package).toEqual(made)
  })
})

describe('combining', () => {
  test('takes the good signature of a key after a broken one, and names the broken one', () => {
    const [alice, bytes] = [ed25519Key(1), partyTransaction('alice', [ed25519Key(1)])]
    const good = alice.signature(transactionHash(bytes))
    const copy = (signature: typeof good): SigningPackage =>
      createPackage({ transactions: [{ bytes, proposal: true, signatures: [signature] }] })
    const copies = [
      { name: 'early', package: copy(corrupted(good)) },
      { name: 'late', package: copy(good) },
    ]
    for (const order of [copies, copies.toReversed()]) {
      const { package: made, leftOut } = combinePackages(order)
      expect(made.transactions[0]?.signatures).toEqual([good])
      expect(leftOut).toEqual([
        {
          source: 'early',
          path: 'transactions[0].signatures[0]',
          hash: hashHex(bytes),
          signedBy: alice.fingerprint,
          code: 'signature-invalid',
          message: 'the signature does not verify over the hash of these bytes',
        },
      ])
    }
  })

  test('keeps all that cannot be verified, and sorts them out when the key comes', () => {
    const [alice, carol] = [ed25519Key(1), ed25519Key(5)]
    const bytes = partyTransaction('alice', [alice])
    const good = carol.signature(transactionHash(bytes))
    const copy = (content: Partial<PackageContent>, signatures = [good]): SigningPackage =>
      createPackage({ transactions: [{ bytes, proposal: true, signatures }], ...content })
    const unknown = join(copy({}), copy({}, [corrupted(good)]))
    expect(unknown.transactions[0]?.signatures).toHaveLength(2)
    const state = [{ bytes: signedBytes(delegation(alice, carol), [alice]) }]
    const { package: known, leftOut } = combinePackages([
      { name: 'a', package: unknown },
      { name: 'b', package: copy({ state }, []) },
    ])
    expect(known.transactions[0]?.signatures).toEqual([good])
    expect(leftOut.map(({ source, code }) => `${source} ${code}`)).toEqual(['a signature-invalid'])
  })

  test.each([ecKey('EC_P256'), ecKey('EC_P384'), ecKey('EC_SECP256K1')])(
    'keeps one of two valid signatures of a key, whatever the order ($key.keySpec)',
    (key) => {
      const bytes = partyTransaction('alice', [key])
      const copy = (): SigningPackage =>
        createPackage({
          transactions: [
            { bytes, proposal: true, signatures: [key.signature(transactionHash(bytes))] },
          ],
        })
      const [a, b] = [copy(), copy()]
      expect(a).not.toEqual(b)
      expect(join(a, b)).toEqual(join(b, a))
      expect([a, b]).toContainEqual(join(a, b))
    },
  )

  test('makes a proposal of what any copy calls one', () => {
    const bytes = partyTransaction('alice', [ed25519Key(1)])
    const copy = (proposal: boolean): SigningPackage =>
      createPackage({ transactions: [{ bytes, proposal }] })
    expect(join(copy(false), copy(true)).transactions[0]?.proposal).toBe(true)
    expect(join(copy(false), copy(false)).transactions[0]?.proposal).toBe(false)
  })

  test('drops a combined signing of which no signature is left', () => {
    const alice = ed25519Key(1)
    const bytes = partyTransaction('alice', [alice])
    const message = combinedHash([transactionHash(bytes)])
    const made = createPackage({
      transactions: [{ bytes, proposal: true }],
      combined: [
        { transactionHashes: [hashHex(bytes)], signatures: [corrupted(alice.signature(message))] },
      ],
    })
    const { package: combined, leftOut } = combinePackages([{ name: 'a', package: made }])
    expect(combined.combined).toEqual([])
    expect(leftOut.map(({ path }) => path)).toEqual(['combined[0].signatures[0]'])
  })
})

describe('what is refused to be combined', () => {
  const alice = ed25519Key(1)
  const [one, two] = [partyTransaction('alice', [alice]), partyTransaction('bob', [alice])]
  const copy = (list: readonly Uint8Array[], rest: Partial<PackageContent> = {}): SigningPackage =>
    createPackage({ ...rest, transactions: list.map((bytes) => ({ bytes, proposal: true })) })

  /** Both orders are refused alike. */
  const refusal = (a: SigningPackage, b: SigningPackage): { code: string; message: string } => {
    const error = errorOf(() => join(a, b))
    expect(errorOf(() => join(b, a)).code).toBe(error.code)
    return error
  }

  test('other bytes of a transaction, naming both hashes', () => {
    const error = refusal(copy([one, two]), copy([one, partyTransaction('bob', [alice], 2)]))
    expect(error.code).toBe('package-transactions-differ')
    expect(error.message).toContain('transactions[1]')
    expect(error.message).toContain(hashHex(two))
    expect(error.message).toContain(hashHex(partyTransaction('bob', [alice], 2)))
  })

  test('a transaction more', () => {
    const error = refusal(copy([one]), copy([one, two]))
    expect(error.code).toBe('package-transactions-differ')
    expect(error.message).toContain(`transactions[1] is missing in the first and ${hashHex(two)}`)
  })

  test('another order of the same transactions', () => {
    expect(refusal(copy([one, two]), copy([two, one])).message).toContain('different orders')
  })

  test.each([
    ['text.reason', { text: { reason: 'a' } }, { text: { reason: 'b' } }],
    ['text.requestedBy', { text: { requestedBy: 'a' } }, { text: { requestedBy: 'b' } }],
    ['text.validUntil', { text: { validUntil: 'a' } }, { text: { validUntil: 'b' } }],
    [
      'network.protocolVersion',
      { network: { protocolVersion: 34 } },
      { network: { protocolVersion: 35 } },
    ],
    [
      'network.synchronizerId',
      { network: { synchronizerId: `a::${alice.fingerprint}` } },
      { network: { synchronizerId: `b::${alice.fingerprint}` } },
    ],
  ])('differing %s', (path, a, b) => {
    const error = refusal(copy([one], a), copy([one], b))
    expect(error.code).toBe('package-fields-differ')
    expect(error.message).toContain(path)
  })

  test('parts of a network that contradict each other only together', () => {
    const physical = { network: { synchronizerId: `a::${alice.fingerprint}::34-0` } }
    const error = refusal(copy([one], physical), copy([one], { network: { protocolVersion: 35 } }))
    expect(error.code).toBe('package-value')
  })

  test('but not text that only one of them has', () => {
    const made = join(
      copy([one], { text: { reason: 'why' } }),
      copy([one], { text: { requestedBy: 'who' } }),
    )
    expect(made.text).toEqual({ requestedBy: 'who', reason: 'why', validUntil: undefined })
  })

  test('more signatures than the limit', () => {
    const hash = transactionHash(one)
    const part = (from: number): SigningPackage =>
      createPackage({
        transactions: [
          {
            bytes: one,
            proposal: true,
            signatures: [0, 1, 2].map((i) => ed25519Key(from + i).signature(hash)),
          },
        ],
      })
    const copies = [part(10), part(20)].map((own) => ({ name: 'copy', package: own }))
    expect(errorOf(() => combinePackages(copies, { limits: { signatures: 5 } })).code).toBe(
      'limit-exceeded',
    )
    expect(
      combinePackages(copies, { limits: { signatures: 6 } }).package.transactions[0]?.signatures,
    ).toHaveLength(6)
  })

  const prepared = (...list: readonly Uint8Array[]): SigningPackage =>
    createPackage({
      transactions: [],
      preparedTransactions: list.map((bytes) => ({ bytes, scheme: 'V2' as const })),
    })
  const [first, second] = ['one', 'two'].map((note) =>
    encoded(preparedOf([partyOf(alice)], note)),
  ) as [Uint8Array, Uint8Array]

  test.each([
    ['another one', prepared(first), prepared(second)],
    ['one more', prepared(first), prepared(first, second)],
    ['another order', prepared(first, second), prepared(second, first)],
    [
      'another scheme',
      prepared(first),
      createPackage({ transactions: [], preparedTransactions: [{ bytes: first, scheme: 'V3' }] }),
    ],
    [
      'none',
      copy([one]),
      createPackage({
        transactions: [{ bytes: one, proposal: true }],
        preparedTransactions: [{ bytes: first, scheme: 'V2' }],
      }),
    ],
  ])('of prepared transactions: %s', (_what, a, b) => {
    const error = refusal(a, b)
    expect(error.code).toBe('package-transactions-differ')
    expect(error.message).toContain('preparedTransactions[')
  })

  test('prepared transactions that hash alike and differ in what no signature covers', () => {
    const blob = (byte: number): SigningPackage => {
      const whole = exerciseTransaction()
      if (whole.metadata === undefined) throw new Error('no metadata')
      const inputContracts = whole.metadata.inputContracts.map((input) => ({
        ...input,
        eventBlob: Uint8Array.of(byte),
      }))
      return prepared(encoded({ ...whole, metadata: { ...whole.metadata, inputContracts } }))
    }
    const error = refusal(blob(1), blob(2))
    expect(error.code).toBe('package-transactions-differ')
    expect(error.message).toContain('what no signature covers')
  })
})
