/** Files told by their content, whatever their name. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { recognise } from '../../src/explain/recognise.ts'
import { ALICE, BOB, delegationMapping } from '../authorization/signed.ts'
import { packageFile } from '../cli/support/desk.ts'
import { LAYOUTS, streamFile } from '../cli/support/streams.ts'
import { bytesOf, signedBytes, textOf, transactionBytes } from '../package/support.ts'
import { fixture, fixtureBytes, fromHex, outsideVector } from '../support/vectors.ts'

const transaction = transactionBytes(delegationMapping(ALICE, BOB))
const signed = signedBytes(transaction, [ALICE])

const caseOf = (bytes: Uint8Array): string => recognise(bytes, bytes.length).$case

describe('streams', () => {
  it.each(LAYOUTS)('%s, of one record or several, whichever field comes first', (layout) => {
    for (const count of [1, 2, 30]) {
      for (const timesFirst of [true, false]) {
        const file = streamFile(
          layout,
          Array.from({ length: count }, () => signed),
          timesFirst,
        )
        expect(recognise(file, file.length)).toEqual({ $case: 'stream', layout })
        // The head of a file that goes on, cut inside of a record.
        expect(recognise(file.subarray(0, file.length - 9), undefined)).toEqual({
          $case: 'stream',
          layout,
        })
      }
    }
  })

  it.each([
    ['cn-genesis-prefix/first-400.gz', 'snapshot-v1'],
    ['topology-snapshot/topology-snapshot-duplicate-signatures', 'snapshot-v2'],
    ['topology-snapshot/topology-snapshot-duplicate-signatures-old', 'snapshot-v1'],
  ])('%s', (name, layout) => {
    const path = outsideVector(name)
    if (path === undefined) return
    const bytes = readFileSync(path)
    const plain = name.endsWith('.gz') ? gunzipSync(bytes) : bytes
    const head = plain.subarray(0, 64 * 1024)
    expect(recognise(head, undefined)).toEqual({ $case: 'stream', layout })
  })
})

describe('transactions', () => {
  it('with and without a signature', () => {
    expect(caseOf(transaction)).toBe('transaction')
    expect(recognise(signed, signed.length)).toEqual({ $case: 'signed-transaction', wrapped: true })
  })

  it('as the scripts of Canton write them', () => {
    const { cases } = fixture('namespace-delegations/reference-script-certificates.json') as {
      readonly cases: readonly {
        readonly prepared_transaction_hex: string
        readonly certificate_hex: string
        readonly hash_hex: string
      }[]
    }
    expect(cases.length).toBeGreaterThan(10)
    for (const one of cases) {
      expect(caseOf(fromHex(one.prepared_transaction_hex))).toBe('transaction')
      expect(caseOf(fromHex(one.certificate_hex))).toBe('signed-transaction')
      expect(caseOf(fromHex(one.hash_hex))).toBe('hash')
    }
  })

  it('of every kind of mapping', () => {
    const { transactions } = fixture('synthetic-topology/transactions.json') as {
      readonly transactions: readonly { readonly transaction_base64: string }[]
    }
    for (const { transaction_base64: text } of transactions) {
      expect(caseOf(new Uint8Array(Buffer.from(text, 'base64')))).toBe('transaction')
    }
  })
})

describe('packages', () => {
  const file = packageFile({ unsigned: [transaction] })

  it('by being JSON, indented or not', () => {
    expect(caseOf(file)).toBe('json')
    for (const before of [' ', '\n', '\r\n\t', '\n\n  ']) {
      expect(caseOf(bytesOf(before + textOf(file)))).toBe('json')
    }
    expect(caseOf(bytesOf('\n {\n}'))).toBe('json')
    expect(caseOf(bytesOf('[{}]'))).toBe('json')
  })

  it('and not for looking like JSON from afar', () => {
    // A wrapper is 0a, then its length: a line feed and a brace, if the data have 123 bytes.
    for (const length of [0x7b, 0x5b]) {
      const data = Uint8Array.from({ length }, (_, i) =>
        i === 0 ? 0x0a : i === 1 ? length - 2 : 0,
      )
      expect(
        caseOf(Buffer.concat([Uint8Array.of(0x0a, length), data, Uint8Array.of(0x10, 30)])),
      ).not.toBe('json')
    }
    expect(caseOf(bytesOf('\n\nplain words'))).not.toBe('json')
    expect(caseOf(bytesOf('   '))).not.toBe('json')
  })
})

describe('the answer of a prepare call', () => {
  it.each([
    ['its own members', '{"preparedTransaction":"AAAA"}', 'prepare-answer'],
    ['a space before the colon', '{ "preparedTransactionHash" : "AAAA"}', 'prepare-answer'],
    ['another member first', '{"costEstimation":{"a":1},"x":2}', 'prepare-answer'],
    ['a name that is only text', '{"reason":"preparedTransaction","x":1}', 'json'],
    ['a name that is inside', '{"a":{"preparedTransaction":"AAAA"}}', 'json'],
    ['a name in a list', '[{"preparedTransaction":"AAAA"}]', 'json'],
    [
      'a package',
      '{"format":"cantosign-package","preparedTransactions":[{"preparedTransaction":"AAAA"}]}',
      'json',
    ],
    [
      'a package in another order',
      '{"preparedTransactions":[{"preparedTransaction":"AAAA"}],"format":"cantosign-package"}',
      'json',
    ],
    ['quotation marks in a text', '{"a":"\\"preparedTransaction\\":","b":1}', 'json'],
    ['text that does not end', '{"preparedTransaction', 'json'],
  ])('by %s', (_what, json, expected) => {
    expect(caseOf(bytesOf(json))).toBe(expected)
  })

  it('costs no more than its length to look for', () => {
    const hostile = bytesOf(`{"${'\\"'.repeat(32_000)}`)
    const many = bytesOf(`{${'""'.repeat(32_000)}`)
    for (const bytes of [hostile, many]) expect(caseOf(bytes)).toBe('json')
  })
})

describe('keys and hashes', () => {
  it.each([
    'ed25519-a.pkcs8.der',
    'ed25519-a.pkcs8.pem',
    'ed25519-a.leading-text.pem',
    'ed25519-a.spki.der',
    'ed25519-a.raw.pub',
    'p256-a.sec1.pem',
    'p256-a.spki-compressed.der',
    'ed25519-b.enc-pbes1-sha1-3des.der',
  ])('%s', (name) => {
    expect(caseOf(fixtureBytes(`keys/${name}`))).toBe('key')
  })

  it('a hash has 34 bytes and nothing else', () => {
    const hash = fromHex(`1220${'ab'.repeat(32)}`)
    expect(caseOf(hash)).toBe('hash')
    // The first 34 bytes of something longer.
    expect(recognise(hash, undefined).$case).not.toBe('hash')
    expect(caseOf(Buffer.concat([hash, Uint8Array.of(0)]))).not.toBe('hash')
    expect(caseOf(hash.subarray(1))).not.toBe('hash')
  })
})

it.each([
  ['nothing', new Uint8Array()],
  ['one byte', Uint8Array.of(0)],
  ['text', bytesOf('hello, world\n')],
  ['noise', Uint8Array.from({ length: 500 }, (_, i) => (i * 151 + 7) % 256)],
])('%s is not recognised', (_what, bytes) => {
  expect(caseOf(bytes)).toBe('unrecognised')
})
