/** Packages with several acting parties, and with topology beside prepared Daml transactions. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { PackageContent } from '../../src/package/create.ts'
import { hashHex, partyTransaction } from '../package/support.ts'
import { ALICE_KEY, ownBytes, PARTY, SECOND_KEY, THIRD_KEY } from './support/prepared.ts'
import {
  BOB,
  content,
  desk,
  HASH,
  refused,
  signature,
  signWith,
  state,
  transfer,
  type Desk,
  type Document,
  type Entry,
} from './support/prepared-desk.ts'

describe('several parties that act', () => {
  const shared = ownBytes({ actAs: [PARTY, BOB] })
  const both: PackageContent = {
    transactions: [],
    preparedTransactions: [{ bytes: shared, scheme: 'V2' }],
  }

  test('each have their signatures: a key signs for the party of its namespace', () => {
    const at = desk(both)
    expect(at.run(...signWith('second')).status).toBe(0)
    expect(at.package('out.json').preparedTransactions[0]?.signatures).toEqual([
      signature(SECOND_KEY, shared, BOB),
    ])
    const [status, { authorization }] = at.json('verify', 'out.json')
    expect(status).toBe(6)
    expect(authorization.map(({ party, status: one, signed }) => [party, one, signed])).toEqual(
      [PARTY, BOB]
        .sort()
        .map((party) => [party, 'unknown', party === BOB ? [SECOND_KEY.fingerprint] : []]),
    )
  })

  test("have to be told apart for a key that may be anybody's", () => {
    const at = desk(both)
    refused(at, 2, 'usage', ...signWith('stranger'))
    expect(at.run(...signWith('stranger', '--party', BOB, '--party', PARTY)).status).toBe(0)
    const signed = at.package('out.json').preparedTransactions[0]?.signatures ?? []
    expect(signed.map(({ party }) => party)).toEqual([PARTY, BOB].sort())
    expect(at.json('inspect', 'out.json')[1].preparedTransactions[0]?.signatures).toHaveLength(2)
  })

  test('one that lists the key is signed for, the other is not', () => {
    const at = desk({ ...both, state })
    expect(at.run(...signWith('third')).status).toBe(0)
    expect(at.package('out.json').preparedTransactions[0]?.signatures).toEqual([
      signature(THIRD_KEY, shared, PARTY),
    ])
  })
})

describe('a package with topology transactions as well', () => {
  const topology = partyTransaction('carol', [ALICE_KEY])
  const mixed = (): Desk =>
    desk(content([], { transactions: [{ bytes: topology, proposal: true }] }))
  const topologyHash = hashHex(topology)
  const signed = (at: Desk): readonly number[] => {
    const { transactions, preparedTransactions } = at.package('out.json')
    return [...transactions, ...preparedTransactions].map((one) => one.signatures.length)
  }

  test('is signed in both by sign, in one by transaction sign or by name', () => {
    const at = mixed()
    const [status, document] = at.json(...signWith('alice'))
    expect([status, document.hash, document.transactions.map(({ hash }) => hash)]).toEqual([
      0,
      undefined,
      [topologyHash, HASH],
    ])
    expect(signed(at)).toEqual([1, 1])
    for (const [words, counts] of [
      [
        ['transaction', ...signWith('alice')],
        [0, 1],
      ],
      [signWith('alice', '--transaction', HASH), [0, 1]],
      [signWith('alice', '--transaction', topologyHash), [1, 0]],
      [signWith('alice', '--transaction', topologyHash, '--transaction', HASH), [1, 1]],
      [signWith('alice', '--combined'), [0, 0]],
      // The topology transaction does not ask for this key, the other one does.
      [signWith('second'), [0, 1]],
    ] as const) {
      expect(at.run(...words, '--force').status, words.join(' ')).toBe(0)
      expect(signed(at), words.join(' ')).toEqual(counts)
    }
    expect(at.package('out.json').combined).toEqual([])
  })

  test.each<[string, readonly string[], number, string]>([
    ['a key that neither asks for', signWith('stranger'), 8, 'key-unneeded'],
    ['one signature of two', signWith('alice', '--detached'), 2, 'usage'],
    ['one expectation for both', signWith('alice', '--expect', 'in.json'), 2, 'usage'],
    [
      'a combined signature over a prepared one',
      signWith('alice', '--combined', '--transaction', HASH),
      2,
      'usage',
    ],
    [
      'a party for topology alone',
      signWith('alice', '--transaction', topologyHash, '--party', PARTY),
      2,
      'usage',
    ],
    [
      'a topology transaction by transaction sign',
      ['transaction', ...signWith('alice', '--transaction', topologyHash)],
      2,
      'usage',
    ],
    [
      'a named topology transaction that does not ask for the key',
      signWith('second', '--transaction', topologyHash, '--transaction', HASH),
      8,
      'key-unneeded',
    ],
  ])('refuses %s', (_what, words, status, code) => {
    refused(mixed(), status, code, ...words)
  })

  test('is verified and shown as a whole', () => {
    const at = mixed()
    at.run(...signWith('alice'))
    const [status, document] = at.json('verify', 'out.json')
    expect(status).toBe(6)
    expect(document.transactions).toBe(2)
    expect(document.signatures).toEqual({ valid: 2, invalid: 0, unverifiable: 0 })
    expect(document.authorization.map(({ hash }) => hash)).toEqual([topologyHash, HASH])
    const shown = at.json('inspect', 'out.json')[1]
    expect(shown.transactions.map(({ hash }) => hash)).toEqual([topologyHash])
    expect(shown.preparedTransactions.map(({ hash }) => hash)).toEqual([HASH])
    const lines = at.run('inspect', 'out.json', '--ndjson').stdout.trim().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as Entry).hash)).toEqual([topologyHash, HASH])
    expect(at.run('inspect', 'out.json').stdout).toContain('prepared transaction 1 of 1')
  })

  test('is exported each in its own form, or says what is left out', () => {
    const at = mixed()
    at.run(...signWith('alice'))
    const other = ['sign', 'out.json', '--key', 'second.key', '--yes', '-o', 'two.json']
    expect(at.run(...other).status).toBe(0)
    const to = (format: string): Document =>
      at.json('export', 'two.json', '--format', format, '-d', format)[1]
    expect(to('grpc').files).toEqual(['add-transactions.json', '01-execute-submission.json'])
    expect(to('hash').files).toEqual([
      '01-party-to-participant.hash',
      '01-prepared-transaction.hash',
    ])
    expect(to('prep').files).toEqual([
      '01-party-to-participant.prep',
      '01-prepared-transaction.bin',
    ])
    expect(new Uint8Array(readFileSync(at.path('prep/01-prepared-transaction.bin')))).toEqual(
      transfer,
    )
    const console_ = to('console')
    expect(console_.files).toEqual(['01-party-to-participant.signed.bin', 'load.canton'])
    expect(console_.remarks.join()).toContain('prepared Daml transactions are not written')
  })
})
