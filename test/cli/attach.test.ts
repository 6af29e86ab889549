/** `attach`: a signature made elsewhere, verified before it goes into the package. */
import { describe, expect, test } from 'vitest'
import { transactionHash } from '../../src/topology/transaction.ts'
import { corrupted, hashHex } from '../package/support.ts'
import {
  change,
  damagedBy,
  delegation,
  desk,
  document,
  fingerprint,
  hosting,
  packageFile,
  person,
  proved,
  refusal,
  type Desk,
  type PackageParts,
  type Person,
} from './support/desk.ts'

const HASH = transactionHash(change())

function laid(signature: Uint8Array | string, parts: PackageParts = {}): Desk {
  const at = desk()
  at.write('in.json', packageFile({ unsigned: [change()], known: proved(), ...parts }))
  at.write('signature', signature)
  return at
}

const args = (name: Person, more: readonly string[] = []): readonly string[] => [
  ...['attach', 'in.json', '--signature', 'signature', '--signed-by', fingerprint(name)],
  ...['-o', 'out.json', ...more],
]
const signatureBy = (name: Person, hash = HASH): Uint8Array => person(name).signBytes(hash)

describe('a sound signature', () => {
  test('goes in, and it is said what is still missing', () => {
    const at = laid(signatureBy('alice'))
    expect(document(at, args('alice'))).toEqual({
      combined: null,
      signedBy: fingerprint('alice'),
      algorithm: 'ED25519',
      format: 'CONCAT',
      output: 'out.json',
      replaced: 0,
      transactions: [
        {
          hash: hashHex(change()),
          status: 'incomplete',
          missing: [{ namespace: fingerprint('dave'), need: 1, of: 1, anyOf: [] }],
        },
      ],
    })
    const [own] = at.package('out.json').transactions
    expect(own?.signatures).toMatchObject([
      { signedBy: fingerprint('alice'), signature: signatureBy('alice') },
    ])
  })

  test('is the same as one that was made here', () => {
    const at = laid(signatureBy('alice'))
    document(at, args('alice'))
    const attached = at.read('out.json')
    at.run('sign', 'in.json', '--key', 'alice.key', '--yes', '-o', 'out.json', '--force')
    expect(at.read('out.json')).toEqual(attached)
  })

  test('takes the place of a broken one', () => {
    const broken = corrupted(person('alice').signature(HASH))
    const transactions = [{ bytes: change(), proposal: true, signatures: [broken] }]
    const at = laid(signatureBy('alice'), { transactions })
    expect(document(at, args('alice'))).toMatchObject({ replaced: 1 })
    expect(at.package('out.json').transactions[0]?.signatures.length).toBe(1)
  })

  test('needs its public key', () => {
    const at = laid(signatureBy('bob'), { publicKeys: [] })
    const error = refusal(at, 6, args('bob'))
    expect(error.code).toBe('signer-key-unknown')
    expect(error.message).toContain(fingerprint('bob'))
    expect(refusal(at, 6, args('bob', ['--public-key', 'carol.pub'])).code).toBe(
      'signer-key-unknown',
    )
    document(at, [...args('bob', ['--public-key', 'bob.pub']), '--allow-unneeded'])
    expect(at.package('out.json').publicKeys.map((one) => one.fingerprint)).toEqual([
      fingerprint('bob'),
    ])
  })

  test('by a key that may act by a delegation unknown here is taken with a warning', () => {
    const at = laid(signatureBy('bob'), { known: [] })
    const { status, stderr } = at.run(...args('bob', ['--quiet']))
    expect(status).toBe(0)
    expect(stderr).toContain(`nothing here names the key ${fingerprint('bob')}`)
  })

  test('for one of several transactions is for the one that is named', () => {
    const at = laid(signatureBy('alice'), { unsigned: [delegation('alice', 'alice'), change()] })
    document(at, args('alice', ['--transaction', hashHex(change())]))
    expect(at.package('out.json').transactions.map((one) => one.signatures.length)).toEqual([0, 1])
  })
})

describe('nothing is attached', () => {
  test.each<[string, Uint8Array | string, number, string]>([
    [
      'a bit is turned',
      corrupted(person('alice').signature(HASH)).signature,
      4,
      'signature-invalid',
    ],
    [
      'it is over the transaction itself',
      person('alice').signBytes(change()),
      4,
      'signature-invalid',
    ],
    [
      'it is over the digest alone',
      person('alice').signBytes(HASH.slice(2)),
      4,
      'signature-invalid',
    ],
    ['it is by another key', person('mallory').signBytes(HASH), 4, 'signature-invalid'],
    ['it is cut short', signatureBy('alice').slice(0, 63), 3, 'bad-signature-length'],
    [
      'it has a newline behind it',
      Uint8Array.of(...signatureBy('alice'), 10),
      3,
      'bad-signature-length',
    ],
    ['it is in hex', Buffer.from(signatureBy('alice')).toString('hex'), 3, 'bad-signature-length'],
    ['it is empty', '', 3, 'file-empty'],
  ])('if %s', (_what, signature, status, code) => {
    expect(refusal(laid(signature), status, args('alice')).code).toBe(code)
  })

  test('if the key has signed already', () => {
    const transactions = [
      { bytes: change(), proposal: true, signatures: [person('alice').signature(HASH)] },
    ]
    const at = laid(signatureBy('alice'), { transactions })
    expect(refusal(at, 8, args('alice')).code).toBe('key-already-signed')
  })

  test('if a root delegation would get a second signer', () => {
    const root = delegation('alice', 'alice')
    const at = laid(signatureBy('bob', transactionHash(root)), { unsigned: [root] })
    expect(refusal(at, 8, args('bob')).code).toBe('key-unneeded')
    expect(refusal(at, 8, args('bob', ['--allow-unneeded'])).code).toBe('danger-not-accepted')
    const accepted = ['--allow-unneeded', '--accept-danger', 'root-foreign-signature']
    expect(refusal(at, 2, args('bob', ['--accept-danger', 'root'])).code).toBe('usage')
    document(at, args('bob', accepted))
  })

  test('if the state has a signature that does not verify', () => {
    const known = damagedBy(hosting(), 'alice')
    const at = laid(signatureBy('alice'), { known: [known] })
    expect(refusal(at, 4, args('alice')).code).toBe('state-invalid')
  })

  test.each<[string, readonly string[], number, string]>([
    ['one of several transactions is meant and none named', [], 2, 'usage'],
    [
      'two are named',
      ['--transaction', hashHex(change()), '--transaction', hashHex(hosting())],
      2,
      'usage',
    ],
    [
      'one is named that is not there',
      ['--transaction', hashHex(hosting())],
      3,
      'package-transaction-absent',
    ],
    [
      'a private key is given as the public one',
      ['--public-key', 'alice.key'],
      3,
      'key-not-public',
    ],
  ])('if %s', (_what, more, status, code) => {
    const at = laid(signatureBy('alice'), { unsigned: [delegation('alice', 'alice'), change()] })
    expect(refusal(at, status, args('alice', more)).code).toBe(code)
  })

  test.each<[string, readonly string[], number, string]>([
    ['no signature is named', ['--signed-by', fingerprint('alice')], 2, 'usage'],
    ['no signer is named', ['--signature', 'signature'], 2, 'usage'],
    [
      'the signer is no fingerprint',
      ['--signature', 'signature', '--signed-by', 'alice'],
      3,
      'identifier-invalid',
    ],
    [
      'the signature is not there',
      ['--signature', 'gone', '--signed-by', fingerprint('alice')],
      3,
      'file-unreadable',
    ],
  ])('if %s', (_what, more, status, code) => {
    const at = laid(signatureBy('alice'))
    expect(refusal(at, status, ['attach', 'in.json', '-o', 'out.json', ...more]).code).toBe(code)
  })

  test('to what is no package, or over what is there', () => {
    const at = laid(signatureBy('alice'))
    at.write('in.bin', change())
    const [, , ...rest] = args('alice')
    expect(refusal(at, 3, ['attach', 'in.bin', ...rest]).code).toBe('file-kind')
    const onto = args('alice').map((one) => (one === 'out.json' ? 'in.json' : one))
    expect(refusal(at, 2, onto).code).toBe('output-exists')
    expect(refusal(at, 2, [...onto, '--force']).code).toBe('output-is-input')
  })
})
