/** Reading and writing: what is written reads back, and what is odd is refused where it stands. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { toBase64, toHex } from '../../src/base/bytes.ts'
import { createPackage } from '../../src/package/create.ts'
import { DEFAULT_LIMITS } from '../../src/package/model.ts'
import { readPackage } from '../../src/package/read.ts'
import { writePackage } from '../../src/package/write.ts'
import { combinedHash } from '../../src/topology/namespace.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import { signingPackage } from './arbitrary.ts'
import {
  bytesOf,
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

const schema: unknown = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../schemas/signing-package.schema.json'), 'utf8'),
)
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true })
if (typeof schema !== 'object' || schema === null) throw new Error('the schema is an object')
const fits = ajv.compile(schema)

const alice = ed25519Key(1)
const bob = ed25519Key(2)
const party = partyTransaction('alice', [alice, bob])
const root = delegation(alice)
const both = [root, party].map(transactionHash)

/** A package with something in every property. */
const whole = createPackage({
  network: { synchronizerId: `global::${bob.fingerprint}`, protocolVersion: 34 },
  text: { requestedBy: 'Treasury', reason: 'alice gets a host', validUntil: 'Friday' },
  transactions: [
    { bytes: root, proposal: false, signatures: [alice.signature(transactionHash(root))] },
    { bytes: party, proposal: true },
  ],
  combined: [
    {
      transactionHashes: [root, party].map(hashHex),
      signatures: [alice.signature(combinedHash(both)), bob.signature(combinedHash(both))],
    },
  ],
  publicKeys: [ed25519Key(3).key],
  state: [
    {
      bytes: signedBytes(delegation(bob), [bob]),
      sources: [{ from: 'participant1', at: '2030-01-31T12:00:00Z' }],
    },
  ],
})

type Json = Record<string, unknown>
type Path = readonly (string | number)[]

const document = (): Json => JSON.parse(textOf(writePackage(whole))) as Json

function at(value: unknown, path: Path): Json {
  return path.reduce<unknown>((so, part) => (so as Json)[part], value) as Json
}

/** The file with the value at a path replaced; `undefined` takes the property away. */
function changed(path: Path, value: unknown): Json {
  const copy = document()
  const last = path.at(-1) ?? ''
  const parent = at(copy, path.slice(0, -1))
  if (value === undefined) Reflect.deleteProperty(parent, last)
  else parent[last] = value
  return copy
}

const fileOf = (json: unknown): Uint8Array => bytesOf(JSON.stringify(json))

/** One entry of a list said twice. */
function doubled(path: Path): Json {
  const copy = document()
  const list = at(copy, path) as unknown as unknown[]
  list.push(structuredClone(list[0]))
  return copy
}

const first = ['transactions', 0] as const
const signature = [...first, 'signatures', 0] as const
const combined = ['combined', 0] as const
const foreignHash = hashHex(delegation(ed25519Key(9)))
const signatureJson = (): Json => at(document(), signature)
const garbage = toBase64(Uint8Array.of(1, 2, 3))
const invalidPoint = '302a300506032b6570032100' + 'ff'.repeat(32)

/** name, file, code, path; the last says whether the schema refuses it as well. */
const refused: readonly (readonly [string, unknown, string, string, boolean])[] = [
  ['another format', changed(['format'], 'psbt'), 'package-format', '', true],
  ['no format', changed(['format'], undefined), 'package-format', '', true],
  ['a list', [], 'package-format', '', true],
  ['a later version', changed(['version'], 2), 'package-version', 'version', true],
  ['a version as text', changed(['version'], '1'), 'package-version', 'version', true],
  ['no version', changed(['version'], undefined), 'package-version', 'version', true],
  ['an unknown property', changed(['comment'], 1), 'package-unknown-property', 'comment', true],
  [
    'a property of a later version',
    changed(['preparedTransactions'], []),
    'package-unknown-property',
    'preparedTransactions',
    true,
  ],
  [
    'an unknown property deep inside',
    changed([...signature, 'signatureDelegation'], null),
    'package-unknown-property',
    'transactions[0].signatures[0].signatureDelegation',
    true,
  ],
  [
    'no transactions',
    changed(['transactions'], undefined),
    'package-missing-property',
    'transactions',
    true,
  ],
  [
    'an empty list of transactions',
    changed(['transactions'], []),
    'package-value',
    'transactions',
    true,
  ],
  [
    'transactions as an object',
    changed(['transactions'], {}),
    'package-value',
    'transactions',
    true,
  ],
  ['a transaction as text', changed(first, garbage), 'package-value', 'transactions[0]', true],
  [
    'a proposal as text',
    changed([...first, 'proposal'], 'false'),
    'package-value',
    'transactions[0].proposal',
    true,
  ],
  [
    'a proposal as a number',
    changed([...first, 'proposal'], 0),
    'package-value',
    'transactions[0].proposal',
    true,
  ],
  [
    'a missing proposal',
    changed([...first, 'proposal'], undefined),
    'package-missing-property',
    'transactions[0].proposal',
    true,
  ],
  [
    'bytes as numbers',
    changed([...first, 'transaction'], [1]),
    'package-value',
    'transactions[0].transaction',
    true,
  ],
  [
    'empty bytes',
    changed([...first, 'transaction'], ''),
    'package-value',
    'transactions[0].transaction',
    true,
  ],
  [
    'base64 without padding',
    changed([...signature, 'signature'], 'AAAA=='),
    'bad-base64',
    'transactions[0].signatures[0].signature',
    true,
  ],
  [
    'base64 with a line break',
    changed([...first, 'transaction'], 'AAAA\nAAAA'),
    'bad-base64',
    'transactions[0].transaction',
    true,
  ],
  [
    'base64 of the URL alphabet',
    changed([...first, 'transaction'], '-_-_'),
    'bad-base64',
    'transactions[0].transaction',
    true,
  ],
  [
    'base64 with bits left over',
    changed([...first, 'transaction'], 'AB=='),
    'bad-base64',
    'transactions[0].transaction',
    true,
  ],
  [
    'bytes that are no transaction',
    changed([...first, 'transaction'], garbage),
    'invalid-tag',
    'transactions[0].transaction',
    false,
  ],
  [
    'a hash of another transaction',
    changed([...first, 'hash'], foreignHash),
    'package-hash-mismatch',
    'transactions[0].hash',
    false,
  ],
  [
    'a hash in capitals',
    changed([...first, 'hash'], hashHex(root).toUpperCase()),
    'package-hash-mismatch',
    'transactions[0].hash',
    true,
  ],
  [
    'bytes of another transaction',
    changed([...first, 'transaction'], toBase64(delegation(bob))),
    'package-hash-mismatch',
    'transactions[0].hash',
    false,
  ],
  [
    'another operation',
    changed([...first, 'summary', 'operation'], 'remove'),
    'package-summary-mismatch',
    'transactions[0].summary.operation',
    false,
  ],
  [
    'no operation',
    changed([...first, 'summary', 'operation'], 'add'),
    'package-value',
    'transactions[0].summary.operation',
    true,
  ],
  [
    'another serial',
    changed([...first, 'summary', 'serial'], 2),
    'package-summary-mismatch',
    'transactions[0].summary.serial',
    false,
  ],
  [
    'a serial as text',
    changed([...first, 'summary', 'serial'], '1'),
    'package-value',
    'transactions[0].summary.serial',
    true,
  ],
  [
    'another mapping',
    changed([...first, 'summary', 'mapping'], 'PartyToParticipant'),
    'package-summary-mismatch',
    'transactions[0].summary.mapping',
    false,
  ],
  [
    'another subject',
    changed([...first, 'summary', 'subject'], bob.fingerprint),
    'package-summary-mismatch',
    'transactions[0].summary.subject',
    false,
  ],
  [
    'a null subject',
    changed([...first, 'summary', 'subject'], null),
    'package-summary-mismatch',
    'transactions[0].summary.subject',
    false,
  ],
  [
    'the same transaction twice',
    doubled(['transactions']),
    'package-duplicate-transaction',
    'transactions[2]',
    true,
  ],
  [
    'the same signature twice',
    doubled([...first, 'signatures']),
    'package-duplicate-signature',
    'transactions[0].signatures[1]',
    true,
  ],
  [
    'the same combined signature twice',
    doubled([...combined, 'signatures']),
    'package-duplicate-signature',
    'combined[0].signatures[2]',
    true,
  ],
  [
    'the same combined signing twice',
    doubled(['combined']),
    'package-duplicate-entry',
    'combined[1]',
    true,
  ],
  ['the same key twice', doubled(['publicKeys']), 'package-duplicate-entry', 'publicKeys[1]', true],
  ['the same state twice', doubled(['state']), 'package-duplicate-entry', 'state[1]', true],
  [
    'the same source twice',
    doubled(['state', 0, 'sources']),
    'package-duplicate-entry',
    'state[0].sources[1]',
    true,
  ],
  [
    'a signer that is no fingerprint',
    changed([...signature, 'signedBy'], 'alice'),
    'package-value',
    'transactions[0].signatures[0].signedBy',
    true,
  ],
  [
    'a signer in capitals',
    changed([...signature, 'signedBy'], alice.fingerprint.toUpperCase()),
    'package-value',
    'transactions[0].signatures[0].signedBy',
    true,
  ],
  [
    'an unknown format',
    changed([...signature, 'format'], 'P1363'),
    'package-value',
    'transactions[0].signatures[0].format',
    true,
  ],
  [
    'the format UNSPECIFIED',
    changed([...signature, 'format'], 'UNSPECIFIED'),
    'package-value',
    'transactions[0].signatures[0].format',
    true,
  ],
  [
    'a format as a number',
    changed([...signature, 'format'], 3),
    'package-value',
    'transactions[0].signatures[0].format',
    true,
  ],
  [
    'an unknown algorithm',
    changed([...signature, 'algorithm'], 'RSA'),
    'package-value',
    'transactions[0].signatures[0].algorithm',
    true,
  ],
  [
    'a property name as an algorithm',
    changed([...signature, 'algorithm'], 'constructor'),
    'package-value',
    'transactions[0].signatures[0].algorithm',
    true,
  ],
  [
    'a missing algorithm',
    changed([...signature, 'algorithm'], undefined),
    'package-missing-property',
    'transactions[0].signatures[0].algorithm',
    true,
  ],
  [
    'an empty signature',
    changed([...signature, 'signature'], ''),
    'package-value',
    'transactions[0].signatures[0].signature',
    true,
  ],
  [
    'a combined hash of others',
    changed([...combined, 'hash'], foreignHash),
    'package-hash-mismatch',
    'combined[0].hash',
    false,
  ],
  [
    'a combined list that lacks a transaction',
    changed([...combined, 'transactions'], [hashHex(root)]),
    'package-hash-mismatch',
    'combined[0].hash',
    false,
  ],
  [
    'a combined list with one too many',
    changed([...combined, 'transactions'], [hashHex(root), hashHex(party), foreignHash]),
    'package-combined-coverage',
    'combined[0].transactions',
    false,
  ],
  [
    'a combined list with one too many that is said to be elsewhere',
    changed([...combined, 'elsewhere'], [foreignHash]),
    'package-hash-mismatch',
    'combined[0].hash',
    false,
  ],
  [
    'a combined list that calls one of its own foreign',
    {
      ...document(),
      combined: [
        { ...at(document(), combined), transactions: [hashHex(root)], elsewhere: [hashHex(party)] },
      ],
    },
    'package-combined-coverage',
    'combined[0].elsewhere',
    false,
  ],
  [
    'a combined list of strangers',
    changed([...combined, 'transactions'], [foreignHash]),
    'package-combined-coverage',
    'combined[0]',
    false,
  ],
  [
    'a combined list with a hash twice',
    changed([...combined, 'transactions'], [hashHex(root), hashHex(root)]),
    'package-duplicate-entry',
    'combined[0]',
    true,
  ],
  [
    'an empty combined list',
    changed([...combined, 'transactions'], []),
    'package-combined-coverage',
    'combined[0]',
    true,
  ],
  [
    'an empty list of other hashes',
    changed([...combined, 'elsewhere'], []),
    'package-value',
    'combined[0].elsewhere',
    true,
  ],
  [
    'a combined list without signatures',
    changed([...combined, 'signatures'], []),
    'package-value',
    'combined[0].signatures',
    true,
  ],
  [
    'a hash that is none',
    changed([...combined, 'transactions'], ['1220']),
    'hash-invalid',
    'combined[0]',
    true,
  ],
  [
    'another fingerprint',
    changed(['publicKeys', 0, 'fingerprint'], bob.fingerprint),
    'package-hash-mismatch',
    'publicKeys[0].fingerprint',
    false,
  ],
  [
    'another key spec',
    changed(['publicKeys', 0, 'keySpec'], 'EC_P256'),
    'package-hash-mismatch',
    'publicKeys[0].keySpec',
    false,
  ],
  [
    'a key that is none',
    changed(['publicKeys', 0, 'publicKey'], toBase64(Buffer.from(invalidPoint, 'hex'))),
    'key-point',
    '',
    false,
  ],
  [
    'another hash of state',
    changed(['state', 0, 'hash'], foreignHash),
    'package-hash-mismatch',
    'state[0].hash',
    false,
  ],
  [
    'state that is no signed transaction',
    changed(['state', 0, 'signedTransaction'], garbage),
    'invalid-tag',
    'state[0].signedTransaction',
    false,
  ],
  [
    'a source without a name',
    changed(['state', 0, 'sources', 0, 'from'], ''),
    'package-value',
    'state[0].sources[0].from',
    true,
  ],
  [
    'a time without a zone',
    changed(['state', 0, 'sources', 0, 'at'], '2030-01-31T12:00:00'),
    'package-value',
    'state[0].sources[0].at',
    true,
  ],
  [
    'a day that does not exist',
    changed(['state', 0, 'sources', 0, 'at'], '2030-02-30T12:00:00Z'),
    'package-value',
    'state[0].sources[0].at',
    false,
  ],
  [
    'a null time',
    changed(['state', 0, 'sources', 0, 'at'], null),
    'package-value',
    'state[0].sources[0].at',
    true,
  ],
  ['an empty text', changed(['text', 'reason'], ''), 'package-value', 'text.reason', true],
  [
    'half a character',
    changed(['text', 'reason'], '\ud800'),
    'package-value',
    'text.reason',
    false,
  ],
  ['a text that is a number', changed(['text', 'reason'], 7), 'package-value', 'text.reason', true],
  [
    'a network that is no synchronizer',
    changed(['network', 'synchronizerId'], 'global'),
    'identifier-invalid',
    'network.synchronizerId',
    true,
  ],
  [
    'protocol version 0',
    changed(['network', 'protocolVersion'], 0),
    'package-value',
    'network.protocolVersion',
    true,
  ],
  [
    'two protocol versions',
    changed(['network', 'synchronizerId'], `global::${bob.fingerprint}::35-0`),
    'package-value',
    'network.synchronizerId',
    false,
  ],
]

describe('a package', () => {
  test('has the form of the published schema', () => {
    expect(fits(document()), JSON.stringify(fits.errors)).toBe(true)
  })

  test.each(refused)('with %s is refused', (_, json, code, path, bySchema) => {
    const error = errorOf(() => readPackage(fileOf(json)))
    expect(error.code).toBe(code)
    if (path !== '')
      expect(
        error.message.startsWith(`${path}: `) || error.message.startsWith(`${path} `),
        error.message,
      ).toBe(true)
    expect(fits(json), 'schema').toBe(!bySchema)
  })

  test('is refused with anything behind its end', () => {
    const bytes = bytesOf(`${textOf(writePackage(whole))}{}`)
    expect(errorOf(() => readPackage(bytes)).code).toBe('package-trailing-data')
  })

  test('is refused with a property twice, even with equal values', () => {
    const text = textOf(writePackage(whole)).replace('"version": 1,', '"version": 1, "version": 1,')
    const error = errorOf(() => readPackage(bytesOf(text)))
    expect(error.code).toBe('package-duplicate-property')
    expect(error.details['path']).toBe('version')
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

  property.prop([signingPackage], { numRuns: 40 })(
    'reads back as it was written, and is written as it was read',
    (made) => {
      const file = writePackage(made)
      const read = readPackage(file).package
      expect(read).toEqual(made)
      expect(textOf(writePackage(read))).toBe(textOf(file))
      expect(fits(JSON.parse(textOf(file))), JSON.stringify(fits.errors)).toBe(true)
    },
  )

  property.prop([signingPackage, fc.integer()], { numRuns: 20 })(
    'is the same whatever the order of lists without an order and of properties',
    (made, salt) => {
      const shuffled = (list: unknown): unknown[] =>
        (list as unknown[]).toSorted((a, b) =>
          String(salt) + JSON.stringify(a) < String(salt) + JSON.stringify(b) ? 1 : -1,
        )
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
    expect(Object.keys(signatureJson())).toEqual(['signedBy', 'format', 'algorithm', 'signature'])
    expect(signatureJson()['signedBy']).toBe(alice.fingerprint)
    expect(toHex(both[0] ?? new Uint8Array())).toBe(
      document()['transactions'] && at(document(), first)['hash'],
    )
  })
})
