/** Malformed, ambiguous and partly unsigned transactions: each is refused under its own code. */
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import type { FindingCode } from '../../src/base/finding-codes.ts'
import { hashPreparedTransaction } from '../../src/daml/hash.ts'
import { judgePreparedTransaction } from '../../src/daml/judge.ts'
import { readPreparedTransaction } from '../../src/daml/prepared-transaction.ts'
import { parseHashingScheme } from '../../src/daml/scheme.ts'
import { fixture, fromBase64 } from '../support/vectors.ts'

interface Case {
  readonly name: string
  readonly hashing_scheme_version: number
  readonly observed: Readonly<Record<string, string>>
  readonly prepared_transaction_base64: string
}

interface Member {
  readonly change: string
  readonly prepared_transaction_base64: string
}

const { cases } = fixture('prepared-transactions/adversarial.json') as { cases: readonly Case[] }

/** What each case is refused for, and whether its hash is beyond doubt. */
const EXPECTED: Readonly<Record<string, readonly [FindingCode, 'hashed' | 'undetermined']>> = {
  'duplicate-parties': ['duplicate-party', 'undetermined'],
  'unsorted-act-as': ['unsorted-parties', 'undetermined'],
  'exercise-without-seed': ['missing-seed', 'undetermined'],
  'missing-child-node': ['missing-node', 'undetermined'],
  'duplicate-node-id': ['duplicate-node', 'undetermined'],
  'value-without-sum': ['missing-value', 'undetermined'],
  'contract-id-odd-length': ['bad-contract-id', 'undetermined'],
  'unknown-transaction-version': ['unknown-lf-version', 'hashed'],
  'no-metadata': ['missing-field', 'hashed'],
  'input-contract-without-contract': ['missing-content', 'undetermined'],
  'timestamp-out-of-range': ['time-out-of-range', 'hashed'],
  'numeric-without-dot': ['bad-numeric', 'hashed'],
  'unknown-field-in-node': ['unknown-field', 'hashed'],
  'v2-node-with-key-lf2.1': ['key-not-signed', 'hashed'],
  'v2-fetch-by-key': ['by-key-not-signed', 'hashed'],
  'empty-record-label': ['empty-record-label', 'undetermined'],
  'unsorted-input-contracts': ['unsorted-input-contracts', 'undetermined'],
  'create-without-seed': ['create-without-seed', 'hashed'],
  cycle: ['node-cycle', 'undetermined'],
  'duplicate-node-seed': ['duplicate-seed', 'undetermined'],
  'create-without-argument': ['missing-value', 'undetermined'],
  'contract-id-uppercase': ['bad-contract-id', 'undetermined'],
  'node-without-version': ['missing-content', 'undetermined'],
  'no-transaction': ['missing-field', 'hashed'],
  'mediator-group-2^31': ['mediator-group-out-of-range', 'hashed'],
  'date-out-of-range': ['time-out-of-range', 'hashed'],
  'numeric-non-canonical': ['bad-numeric', 'hashed'],
  'unreachable-node': ['unreachable-node', 'hashed'],
  'v3-key-on-lf-2.1-node': ['key-not-in-lf-version', 'hashed'],
  'key-without-global-key': ['missing-value', 'undetermined'],
  'external-call-results-before-v4': ['external-call-not-signed', 'hashed'],
  'empty-bytes': ['missing-field', 'hashed'],
  // The bytes of this case are well-formed UTF-8 after all; its random content is refused.
  'invalid-utf8': ['root-authority', 'hashed'],
  // Refused for its random content; what it is about is a warning (next test).
  'v2-max-record-time-not-hashed': ['root-authority', 'hashed'],
}

describe('adversarial prepared transactions', () => {
  test('are all here, each with what is expected of it', () => {
    expect(cases.map(({ name }) => name).toSorted()).toEqual(Object.keys(EXPECTED).toSorted())
    expect(cases).toHaveLength(34)
  })

  test.each(cases.map((one) => [one.name, one] as const))('%s', (name, one) => {
    const scheme = parseHashingScheme(`v${one.hashing_scheme_version}`)
    const read = readPreparedTransaction(fromBase64(one.prepared_transaction_base64))
    const [code, outcome] = EXPECTED[name] ?? []
    const refusals = judgePreparedTransaction(read, scheme).refusals.map((refusal) => refusal.code)
    expect(refusals).toContain(code)
    const result = hashPreparedTransaction(read, scheme)
    expect(result.$case).toBe(outcome)
    if (result.$case !== 'hashed') return
    // Whoever gives a hash for these bytes gives this one.
    const observed = Object.values(one.observed).filter((hash) => !hash.startsWith('ERR'))
    expect([...new Set(observed)]).toEqual([toHex(result.hash)])
  })

  test('max_record_time under V2 is a warning, not a refusal', () => {
    const one = cases.find(({ name }) => name === 'v2-max-record-time-not-hashed')
    const bytes = fromBase64(one?.prepared_transaction_base64 ?? '')
    const { refusals, warnings } = judgePreparedTransaction(readPreparedTransaction(bytes), 'V2')
    const isAbout = ({ path }: { readonly path: string }): boolean =>
      path === 'metadata.max_record_time'
    expect(refusals.filter(isAbout)).toEqual([])
    expect(warnings.filter(isAbout)).toMatchObject([{ code: 'max-record-time-not-signed' }])
  })
})

describe('transactions that hash alike', () => {
  const { groups } = fixture('prepared-transactions/equal-hash-groups.json') as {
    groups: readonly {
      readonly hashing_scheme_version: number
      readonly hash: string
      readonly members: readonly Member[]
    }[]
  }

  /** What names a change; `undefined` where the same tree is only written otherwise. */
  const NAMED: Readonly<Record<string, FindingCode | undefined>> = {
    original: undefined,
    'event_blob changed': 'event-blob-not-signed',
    'node ids renumbered': undefined,
    'nodes list shuffled': undefined,
    'global_key_mapping added (deprecated, not signed)': 'global-key-mapping-not-signed',
    'seed for a node that does not exist': 'superfluous-seed',
    'max_record_time changed (V2 only)': 'max-record-time-not-signed',
  }

  const members = groups.flatMap((group) =>
    group.members.map(
      (member) => [group.hashing_scheme_version, member.change, group, member] as const,
    ),
  )

  test('are two groups of thirteen in all', () => {
    expect([groups.length, members.length]).toEqual([2, 13])
  })

  test.each(members)('V%i: %s', (version, change, group, member) => {
    const scheme = parseHashingScheme(`v${version}`)
    const read = readPreparedTransaction(fromBase64(member.prepared_transaction_base64))
    const result = hashPreparedTransaction(read, scheme)
    expect(result.$case === 'hashed' ? toHex(result.hash) : result).toBe(group.hash)
    const { refusals, warnings } = judgePreparedTransaction(read, scheme)
    expect(Object.keys(NAMED)).toContain(change)
    const code = NAMED[change]
    const codes = [...refusals, ...warnings].map((finding) => finding.code)
    if (code !== undefined) expect(codes).toContain(code)
  })
})
