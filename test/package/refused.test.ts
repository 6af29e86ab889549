/** What a reader refuses, with the code and the place; and what the schema refuses of it. */
import { describe, expect, test } from 'vitest'
import { toBase64 } from '../../src/base/bytes.ts'
import { readPackage } from '../../src/package/read.ts'
import { writePackage } from '../../src/package/write.ts'
import { bytesOf, delegation, ed25519Key, errorOf, hashHex, textOf } from './support.ts'
import {
  alice,
  at,
  bob,
  changed,
  document,
  doubled,
  fileOf,
  fits,
  party,
  root,
  whole,
} from './whole.ts'

const first = ['transactions', 0] as const
const signature = [...first, 'signatures', 0] as const
const combined = ['combined', 0] as const
const foreignHash = hashHex(delegation(ed25519Key(9)))
const garbage = toBase64(Uint8Array.of(1, 2, 3))
const invalidPoint = '302a300506032b6570032100' + 'ff'.repeat(32)

/** name, file, code, path; the last says whether the schema refuses it as well. */
const refused: readonly (readonly [string, unknown, string, string, boolean])[] = [
  ['another format', changed(['format'], 'psbt'), 'package-format', '', true],
  ['no format', changed(['format'], undefined), 'package-format', '', true],
  ['a list', [], 'package-format', '', true],
  ['a later version', changed(['version'], 3), 'package-version', 'version', true],
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
})
