/** Reading and writing: what is written reads back, and signatures get a status. */
import { createHash } from 'node:crypto'
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { createPackage } from '../../src/package/create.ts'
import { DEFAULT_LIMITS } from '../../src/package/model.ts'
import { readPackage } from '../../src/package/read.ts'
import { writePackage } from '../../src/package/write.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import { preparedPackage, signingPackage } from './arbitrary.ts'
import {
  bytesOf,
  corrupted,
  delegation,
  ecKey,
  ed25519Key,
  errorOf,
  partyTransaction,
  signedBytes,
  textOf,
} from './support.ts'
import {
  alice,
  at,
  bob,
  both,
  document,
  fileOf,
  fits,
  party,
  preparedBytes,
  root,
  whole,
  wholePrepared,
  type Json,
} from './whole.ts'

const first = ['transactions', 0] as const
const signature = [...first, 'signatures', 0] as const

describe('a package', () => {
  test('has the form of the published schema', () => {
    expect(fits(document()), JSON.stringify(fits.errors)).toBe(true)
  })

  test('names what is odd about a fatal transaction', () => {
    const cut = root.slice(0, -5)
    const error = errorOf(() => createPackage({ transactions: [{ bytes: cut, proposal: false }] }))
    expect(error.code).toBe('truncated')
    expect(error.message).toMatch(/^transactions\[0\]\.transaction: /)
  })

  test('keeps findings of its transactions for the caller', () => {
    const bytes = partyTransaction('alice', [alice], 0)
    const made = createPackage({ transactions: [{ bytes, proposal: true }] })
    const { package: read } = readPackage(writePackage(made))
    expect(read.transactions[0]?.transaction.findings.map(({ code }) => code)).toEqual([
      'bad-serial',
    ])
  })

  property.prop([fc.oneof(signingPackage, preparedPackage(true), preparedPackage(false))], {
    numRuns: 60,
  })('reads back as it was written, and is written as it was read', (made) => {
    const file = writePackage(made)
    const read = readPackage(file).package
    expect(read).toEqual(made)
    expect(textOf(writePackage(read))).toBe(textOf(file))
    expect(fits(JSON.parse(textOf(file))), JSON.stringify(fits.errors)).toBe(true)
  })

  property.prop([signingPackage, fc.integer()], { numRuns: 20 })(
    'is the same whatever the order of lists without an order and of properties',
    (made, salt) => {
      const rank = (one: unknown): string =>
        createHash('sha256')
          .update(`${salt}${JSON.stringify(one)}`)
          .digest('hex')
      const shuffled = (list: unknown): unknown[] =>
        (list as unknown[]).toSorted((a, b) => (rank(a) < rank(b) ? 1 : -1))
      const json = JSON.parse(textOf(writePackage(made))) as Json
      const reordered = {
        ...Object.fromEntries(Object.entries(json).reverse()),
        state: shuffled(json['state']),
        publicKeys: shuffled(json['publicKeys']),
        transactions: (json['transactions'] as Json[]).map((one) => ({
          ...one,
          signatures: shuffled(one['signatures']),
        })),
      }
      expect(textOf(writePackage(readPackage(fileOf(reordered)).package))).toBe(
        textOf(writePackage(made)),
      )
    },
  )

  property.prop([fc.nat(), fc.integer({ min: 1, max: 255 })], { numRuns: 200 })(
    'with a prepared transaction and one byte changed is refused, or its signature is not valid',
    (place, flip) => {
      const file = writePackage(wholePrepared)
      const i = place % file.length
      const bytes = file.with(i, (file[i] ?? 0) ^ flip)
      try {
        const { package: read, verdicts } = readPackage(bytes)
        const [entry] = read.preparedTransactions
        expect(entry?.prepared.bytes).toEqual(preparedBytes)
        expect(entry?.scheme).toBe('V2')
        const [verdict] = verdicts.preparedTransactions[0] ?? []
        const same =
          JSON.stringify(entry?.signatures) ===
          JSON.stringify(wholePrepared.preparedTransactions[0]?.signatures)
        expect(verdict?.status === 'valid').toBe(same)
      } catch (error) {
        expect(error).toHaveProperty('code')
      }
    },
  )

  property.prop([fc.nat(), fc.integer({ min: 1, max: 255 })], { numRuns: 200 })(
    'with one byte changed is refused, or says the same, or says so of a signature or a text',
    (place, flip) => {
      const file = writePackage(whole)
      const bytes = file.slice()
      const i = place % bytes.length
      bytes[i] = (bytes[i] ?? 0) ^ flip
      try {
        const { package: read, verdicts } = readPackage(bytes)
        expect(read.transactions.map(({ hash }) => hash)).toEqual(
          whole.transactions.map(({ hash }) => hash),
        )
        const statuses = [...verdicts.transactions, ...verdicts.combined].flat()
        const valid = statuses.filter(({ status }) => status === 'valid').length
        const sameSignatures =
          JSON.stringify(read.transactions.map((one) => one.signatures)) ===
            JSON.stringify(whole.transactions.map((one) => one.signatures)) &&
          JSON.stringify(read.combined) === JSON.stringify(whole.combined)
        expect(valid === 3).toBe(sameSignatures)
      } catch (error) {
        expect(error).toHaveProperty('code')
      }
    },
  )
})

describe('the file', () => {
  test('is two-space indented JSON with a newline at its end', () => {
    const text = textOf(writePackage(whole))
    expect(text).toBe(`${JSON.stringify(JSON.parse(text), null, 2)}\n`)
    expect(Object.keys(document())).toEqual([
      'format',
      'version',
      'network',
      'text',
      'transactions',
      'combined',
      'publicKeys',
      'state',
    ])
  })

  test('holds no character that could change how a terminal shows it', () => {
    const reason = 'safe ü, \u202e unsafe \u0007\u007f\u2028 \u{e0041} "end"'
    const made = createPackage({
      text: { reason },
      transactions: [{ bytes: root, proposal: false }],
    })
    const text = textOf(writePackage(made))
    expect(text).toContain('safe ü, \\u202e unsafe \\u0007\\u007f\\u2028 \\udb40\\udc41 \\"end\\"')
    expect(readPackage(bytesOf(text)).package.text.reason).toBe(reason)
  })
})

describe('limits', () => {
  const small = (limits: Parameters<typeof readPackage>[1]): string =>
    errorOf(() => readPackage(writePackage(whole), limits)).message

  test('are named in the message', () => {
    expect(small({ limits: { packageBytes: 1000 } })).toMatch(
      /bytes of a package, and the limit is 1000$/,
    )
    expect(small({ limits: { transactions: 1 } })).toBe(
      'transactions: 2 transactions, and the limit is 1',
    )
    expect(small({ limits: { transactionBytes: 50 } })).toMatch(
      /^transactions\[0\]\.transaction: .* limit is 50$/,
    )
    expect(small({ limits: { signatures: 2 } })).toMatch(
      /^transactions\[0\]: 3 signatures, .* limit is 2$/,
    )
    expect(small({ limits: { state: 0 } })).toMatch(/limit is 0$/)
    expect(small({ limits: { textBytes: 5 } })).toMatch(
      /^text\.requestedBy: 8 bytes of text, .* limit is 5$/,
    )
  })

  test('are those of the product', () => {
    expect(DEFAULT_LIMITS).toMatchObject({
      packageBytes: 268_435_456,
      transactionBytes: 4_194_304,
      transactions: 10_000,
      signatures: 1_000,
      textBytes: 65_536,
    })
  })

  test('of text count bytes of UTF-8', () => {
    const make = (reason: string): unknown =>
      createPackage({ text: { reason }, transactions: [{ bytes: root, proposal: false }] })
    expect(make('ü'.repeat(32_768))).toBeDefined()
    expect(errorOf(() => make(`${'ü'.repeat(32_768)}.`)).code).toBe('limit-exceeded')
  })

  test('can be raised', () => {
    const reason = 'x'.repeat(70_000)
    const limits = { textBytes: 80_000 }
    const made = createPackage(
      { text: { reason }, transactions: [{ bytes: root, proposal: false }] },
      limits,
    )
    expect(errorOf(() => readPackage(writePackage(made))).code).toBe('limit-exceeded')
    expect(readPackage(writePackage(made), { limits }).package.text.reason).toBe(reason)
  })
})

describe('signatures that are read', () => {
  const hash = transactionHash(party)
  const read = (signatures: readonly Parameters<typeof corrupted>[0][], extra = {}) => {
    const made = createPackage({
      transactions: [{ bytes: party, proposal: true, signatures }],
      ...extra,
    })
    return readPackage(writePackage(made))
  }
  const statuses = (judged: ReturnType<typeof read>): unknown =>
    judged.verdicts.transactions[0]?.map(({ status }) => status)

  test('are valid, invalid or unverifiable, and stay', () => {
    const judged = read([
      alice.signature(hash),
      corrupted(bob.signature(hash)),
      ed25519Key(5).signature(hash),
    ])
    const bySigner = new Map(
      judged.verdicts.transactions[0]?.map(({ signature: { wire }, status }) => [
        wire.signedBy,
        status,
      ]),
    )
    expect(bySigner).toEqual(
      new Map([
        [alice.fingerprint, 'valid'],
        [bob.fingerprint, 'invalid'],
        [ed25519Key(5).fingerprint, 'unverifiable'],
      ]),
    )
    expect(judged.package.transactions[0]?.signatures).toHaveLength(3)
  })

  test('are verified with keys of the state, of the package and of the caller', () => {
    const carol = ed25519Key(5)
    const one = [carol.signature(hash)]
    expect(statuses(read(one))).toEqual(['unverifiable'])
    expect(statuses(read(one, { publicKeys: [carol.key] }))).toEqual(['valid'])
    const state = [{ bytes: signedBytes(delegation(bob, carol), [bob]) }]
    expect(statuses(read(one, { state }))).toEqual(['valid'])
    const file = writePackage(read(one).package)
    const resolve = (fingerprint: string) =>
      fingerprint === carol.fingerprint ? carol.key : undefined
    expect(statuses(readPackage(file, { resolve }))).toEqual(['valid'])
  })

  test('by one key may be several while none can be told to be good', () => {
    const carol = ed25519Key(5)
    expect(statuses(read([carol.signature(hash), corrupted(carol.signature(hash))]))).toEqual([
      'unverifiable',
      'unverifiable',
    ])
  })

  test('by one key are refused if two are valid', () => {
    const p256 = ecKey('EC_P256')
    const bytes = partyTransaction('alice', [p256])
    const own = transactionHash(bytes)
    const error = errorOf(() =>
      createPackage({
        transactions: [
          { bytes, proposal: true, signatures: [p256.signature(own), p256.signature(own)] },
        ],
      }),
    )
    expect(error.code).toBe('package-duplicate-signature')
    expect(error.message).toMatch(/^transactions\[0\]\.signatures\[1\]: /)
  })

  test('in the old RAW format without an algorithm keep their form', () => {
    const legacy = { ...alice.signature(hash), format: 1, signingAlgorithmSpec: 0 }
    const judged = read([legacy])
    expect(statuses(judged)).toEqual(['valid'])
    expect(judged.package.transactions[0]?.signatures).toEqual([legacy])
    const json = JSON.parse(textOf(writePackage(judged.package))) as Json
    expect(at(json, signature)).toMatchObject({ format: 'RAW', algorithm: null })
  })

  test('are of the shape that the format says', () => {
    expect(Object.keys(at(document(), signature))).toEqual([
      'signedBy',
      'format',
      'algorithm',
      'signature',
    ])
    expect(at(document(), signature)['signedBy']).toBe(alice.fingerprint)
    expect(toHex(both[0] ?? new Uint8Array())).toBe(
      document()['transactions'] && at(document(), first)['hash'],
    )
  })
})
