/** What a reader refuses of prepared Daml transactions in a package, and what the schema refuses of it. */
import { describe, expect, test } from 'vitest'
import { concatBytes, toBase64 } from '../../src/base/bytes.ts'
import { createPackage } from '../../src/package/create.ts'
import { readPackage } from '../../src/package/read.ts'
import { writePackage } from '../../src/package/write.ts'
import { bytesOf as encoded, exerciseTransaction, keyTransaction } from '../daml/transactions.ts'
import { partyOf, preparedHashHex, preparedOf, preparedSignature } from './prepared.ts'
import { ed25519Key, errorOf } from './support.ts'
import {
  alice,
  at,
  bob,
  changed,
  document,
  documentOf,
  doubled,
  fileOf,
  fits,
  preparedBytes,
  root,
  wholePrepared,
} from './whole.ts'

const list = ['preparedTransactions'] as const
const first = [...list, 0] as const
const signature = [...first, 'signatures', 0] as const
const change = (path: readonly (string | number)[], value: unknown): unknown =>
  changed(path, value, wholePrepared)
const place = 'preparedTransactions[0]'
const other = encoded(preparedOf([partyOf(alice)], 'other'))

/** name, file, code, path; the last says whether the schema refuses it as well. */
const refused: readonly (readonly [string, unknown, string, string, boolean])[] = [
  ['version 1', change(['version'], 1), 'package-unknown-property', 'preparedTransactions', true],
  ['version 3', change(['version'], 3), 'package-version', 'version', true],
  [
    'version 2 and none of them',
    change(list, undefined),
    'package-missing-property',
    'preparedTransactions',
    true,
  ],
  ['an empty list of them', change(list, []), 'package-value', 'preparedTransactions', true],
  [
    'version 2, topology transactions alone',
    { ...document(), version: 2 },
    'package-missing-property',
    'preparedTransactions',
    true,
  ],
  ['an object for the list', change(list, {}), 'package-value', 'preparedTransactions', true],
  [
    'an unknown property',
    change([...first, 'proposal'], true),
    'package-unknown-property',
    `${place}.proposal`,
    true,
  ],
  [
    'an unknown property of a signature',
    change([...signature, 'signatureDelegation'], null),
    'package-unknown-property',
    `${place}.signatures[0].signatureDelegation`,
    true,
  ],
  [
    'an unknown property of the summary',
    change([...first, 'summary', 'readAs'], []),
    'package-unknown-property',
    `${place}.summary.readAs`,
    true,
  ],
  ...['hash', 'hashingScheme', 'summary', 'preparedTransaction', 'signatures'].map(
    (name) =>
      [
        `no ${name}`,
        change([...first, name], undefined),
        'package-missing-property',
        `${place}.${name}`,
        true,
      ] as const,
  ),
  ...['party', 'signedBy', 'format', 'algorithm', 'signature'].map(
    (name) =>
      [
        `a signature without ${name}`,
        change([...signature, name], undefined),
        'package-missing-property',
        `${place}.signatures[0].${name}`,
        true,
      ] as const,
  ),
  ...['actAs', 'commandId', 'synchronizerId', 'action', 'template', 'choice'].map(
    (name) =>
      [
        `a summary without ${name}`,
        change([...first, 'summary', name], undefined),
        'package-missing-property',
        `${place}.summary.${name}`,
        true,
      ] as const,
  ),
  [
    'the hash of another transaction',
    change([...first, 'hash'], preparedHashHex(other)),
    'package-hash-mismatch',
    `${place}.hash`,
    false,
  ],
  [
    'the hash under the other scheme',
    change([...first, 'hashingScheme'], 'V3'),
    'package-hash-mismatch',
    `${place}.hash`,
    false,
  ],
  [
    'a hash with the prefix of topology',
    change([...first, 'hash'], `1220${preparedHashHex(preparedBytes)}`),
    'package-hash-mismatch',
    `${place}.hash`,
    true,
  ],
  [
    'a hash in capitals',
    change([...first, 'hash'], preparedHashHex(preparedBytes).toUpperCase()),
    'package-hash-mismatch',
    `${place}.hash`,
    true,
  ],
  [
    'the bytes of another transaction',
    change([...first, 'preparedTransaction'], toBase64(other)),
    'package-hash-mismatch',
    `${place}.hash`,
    false,
  ],
  [
    'the scheme V4',
    change([...first, 'hashingScheme'], 'V4'),
    'hashing-scheme-unsupported',
    `${place}.hashingScheme`,
    true,
  ],
  [
    'the scheme V1',
    change([...first, 'hashingScheme'], 'V1'),
    'hashing-scheme-unsupported',
    `${place}.hashingScheme`,
    true,
  ],
  [
    'a scheme in lower case',
    change([...first, 'hashingScheme'], 'v2'),
    'package-value',
    `${place}.hashingScheme`,
    true,
  ],
  [
    'a scheme as a number',
    change([...first, 'hashingScheme'], 2),
    'package-value',
    `${place}.hashingScheme`,
    true,
  ],
  [
    'empty bytes',
    change([...first, 'preparedTransaction'], ''),
    'package-value',
    `${place}.preparedTransaction`,
    true,
  ],
  [
    'base64 with a line break',
    change([...first, 'preparedTransaction'], `${toBase64(preparedBytes)}\n`),
    'bad-base64',
    `${place}.preparedTransaction`,
    true,
  ],
  [
    'bytes cut short',
    change([...first, 'preparedTransaction'], toBase64(preparedBytes.subarray(0, -3))),
    'truncated',
    `${place}.preparedTransaction`,
    false,
  ],
  [
    'bytes without a single hash',
    change([...first, 'preparedTransaction'], toBase64(encoded(keyTransaction()))),
    'prepared-hash-undetermined',
    `${place}.preparedTransaction`,
    false,
  ],
  [
    'the message of topology',
    change([...first, 'preparedTransaction'], toBase64(root)),
    'prepared-hash-undetermined',
    `${place}.preparedTransaction`,
    false,
  ],
  [
    'another party in the summary',
    change([...first, 'summary', 'actAs'], [partyOf(bob)]),
    'package-summary-mismatch',
    `${place}.summary.actAs`,
    false,
  ],
  [
    'a party more in the summary',
    change([...first, 'summary', 'actAs'], [partyOf(alice), partyOf(bob)]),
    'package-summary-mismatch',
    `${place}.summary.actAs`,
    false,
  ],
  [
    'a party as the list of parties',
    change([...first, 'summary', 'actAs'], partyOf(alice)),
    'package-value',
    `${place}.summary.actAs`,
    true,
  ],
  [
    'another command id in the summary',
    change([...first, 'summary', 'commandId'], 'pay-2'),
    'package-summary-mismatch',
    `${place}.summary.commandId`,
    false,
  ],
  [
    'another synchronizer in the summary',
    change([...first, 'summary', 'synchronizerId'], `other::${bob.fingerprint}`),
    'package-summary-mismatch',
    `${place}.summary.synchronizerId`,
    false,
  ],
  [
    'another action in the summary',
    change([...first, 'summary', 'action'], 'exercise'),
    'package-summary-mismatch',
    `${place}.summary.action`,
    false,
  ],
  [
    'no action in the summary',
    change([...first, 'summary', 'action'], null),
    'package-summary-mismatch',
    `${place}.summary.action`,
    false,
  ],
  [
    'an action that is none',
    change([...first, 'summary', 'action'], 'archive'),
    'package-value',
    `${place}.summary.action`,
    true,
  ],
  [
    'another template in the summary',
    change([...first, 'summary', 'template'], '#assets:Main.Assets:Offer'),
    'package-summary-mismatch',
    `${place}.summary.template`,
    false,
  ],
  [
    'a choice in the summary of a create',
    change([...first, 'summary', 'choice'], 'Transfer'),
    'package-summary-mismatch',
    `${place}.summary.choice`,
    false,
  ],
  [
    'another synchronizer as the network',
    change(['network', 'synchronizerId'], `other::${bob.fingerprint}`),
    'package-summary-mismatch',
    'network.synchronizerId',
    false,
  ],
  [
    'the same transaction twice',
    doubled(list, wholePrepared),
    'package-duplicate-transaction',
    'preparedTransactions[1]',
    true,
  ],
  [
    'the same signature twice',
    doubled([...first, 'signatures'], wholePrepared),
    'package-duplicate-signature',
    `${place}.signatures[1]`,
    true,
  ],
  [
    'a signature for a party that does not act',
    change([...signature, 'party'], partyOf(bob)),
    'package-value',
    `${place}.signatures[0].party`,
    false,
  ],
  [
    'a signer that is no fingerprint',
    change([...signature, 'signedBy'], partyOf(alice)),
    'package-value',
    `${place}.signatures[0].signedBy`,
    true,
  ],
  ...['RAW', 'SYMBOLIC', null].map(
    (format) =>
      [
        `the format ${format ?? 'null'}`,
        change([...signature, 'format'], format),
        'package-value',
        `${place}.signatures[0].format`,
        true,
      ] as const,
  ),
  ...['ML_DSA_65', null].map(
    (algorithm) =>
      [
        `the algorithm ${algorithm ?? 'null'}`,
        change([...signature, 'algorithm'], algorithm),
        'package-value',
        `${place}.signatures[0].algorithm`,
        true,
      ] as const,
  ),
]

describe('a package with prepared transactions', () => {
  test('has the form of the published schema', () => {
    expect(fits(documentOf(wholePrepared)), JSON.stringify(fits.errors)).toBe(true)
    expect(documentOf(wholePrepared)['version']).toBe(2)
    expect(document()['version']).toBe(1)
  })

  test.each(refused)('and %s is refused', (_, json, code, path, bySchema) => {
    const error = errorOf(() => readPackage(fileOf(json)))
    expect(error.code).toBe(code)
    expect(error.message.startsWith(path), error.message).toBe(true)
    expect(fits(json), 'schema').toBe(!bySchema)
  })

  test('and a node that hashes alike, but not its bytes, is the same transaction: refused twice', () => {
    const prepared = exerciseTransaction()
    const [input, ...more] = prepared.metadata?.inputContracts ?? []
    if (prepared.metadata === undefined || input === undefined) throw new Error('no input')
    const blob = { ...input, eventBlob: Uint8Array.of(9) }
    const twin = {
      ...prepared,
      metadata: { ...prepared.metadata, inputContracts: [blob, ...more] },
    }
    expect(preparedHashHex(encoded(twin))).toBe(preparedHashHex(encoded(prepared)))
    const contents = [prepared, twin].map((one) => ({ bytes: encoded(one), scheme: 'V2' as const }))
    const error = errorOf(() => createPackage({ transactions: [], preparedTransactions: contents }))
    expect(error.code).toBe('package-duplicate-transaction')
  })

  test('and two valid signatures of one key for one party is refused, for two parties not', () => {
    const parties = [partyOf(alice), partyOf(alice, 'second')]
    const bytes = encoded(preparedOf(parties))
    const signatures = parties.map((party) => preparedSignature(alice, bytes, party))
    const made = createPackage({
      transactions: [],
      preparedTransactions: [{ bytes, scheme: 'V2', signatures }],
      publicKeys: [alice.key],
    })
    expect(readPackage(writePackage(made)).verdicts.preparedTransactions[0]).toHaveLength(2)
    const [own] = signatures
    if (own === undefined) throw new Error('no signature')
    const twice = [
      own,
      { ...own, signature: concatBytes(own.signature.subarray(0, 63), own.signature.subarray(63)) },
    ]
    const error = errorOf(() =>
      createPackage({
        transactions: [],
        preparedTransactions: [{ bytes, scheme: 'V2', signatures: twice }],
        publicKeys: [alice.key],
      }),
    )
    expect(error.code).toBe('package-duplicate-signature')
  })

  test('and nothing at all is refused', () => {
    const error = errorOf(() => createPackage({ transactions: [], preparedTransactions: [] }))
    expect([error.code, error.details['path']]).toEqual(['package-value', 'transactions'])
  })

  test('of more bytes than the limit is refused with the limit, 16 MiB unless raised', () => {
    const limits = { preparedBytes: 100 }
    const error = errorOf(() => readPackage(writePackage(wholePrepared), { limits }))
    expect(error.code).toBe('limit-exceeded')
    expect(error.message).toMatch(
      /^preparedTransactions\[0\]\.preparedTransaction: .* limit is 100$/,
    )
    const large = new Uint8Array(16 * 1024 * 1024 + 1)
    const content = {
      transactions: [],
      preparedTransactions: [{ bytes: large, scheme: 'V2' }],
    } as const
    expect(errorOf(() => createPackage(content)).message).toContain('the limit is 16777216')
  })

  test('of more signatures than the limit is refused', () => {
    const bytes = preparedBytes
    const keys = [1, 2, 3].map(ed25519Key)
    const made = createPackage({
      transactions: [],
      preparedTransactions: [
        {
          bytes,
          scheme: 'V2',
          signatures: keys.map((key) => preparedSignature(key, bytes, partyOf(alice))),
        },
      ],
    })
    const limits = { signatures: 2 }
    expect(errorOf(() => readPackage(writePackage(made), { limits })).code).toBe('limit-exceeded')
  })

  test('keeps its place in the order of the format', () => {
    expect(Object.keys(documentOf(wholePrepared))).toEqual([
      'format',
      'version',
      'network',
      'transactions',
      'combined',
      'preparedTransactions',
      'publicKeys',
      'state',
    ])
    expect(Object.keys(at(documentOf(wholePrepared), first))).toEqual([
      'hash',
      'hashingScheme',
      'summary',
      'preparedTransaction',
      'signatures',
    ])
    expect(at(documentOf(wholePrepared), [...first, 'summary'])).toEqual({
      actAs: [partyOf(alice)],
      commandId: 'pay-1',
      synchronizerId: `global::1220${'ab'.repeat(32)}`,
      action: 'create',
      template: '#assets:Main.Assets:Iou',
      choice: null,
    })
  })
})
