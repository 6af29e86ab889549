/** `combine`: copies of one package become one that has what any of them has. */
import { describe, expect, test } from 'vitest'
import { transactionHash } from '../../src/topology/transaction.ts'
import { corrupted, hashHex, textOf } from '../package/support.ts'
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
  signedBy,
  type Desk,
  type PackageParts,
  type Person,
} from './support/desk.ts'

const HASH = transactionHash(change())

const signed = (...names: readonly Person[]): PackageParts => ({
  known: proved(),
  transactions: [
    {
      bytes: change(),
      proposal: true,
      signatures: names.map((name) => person(name).signature(HASH)),
    },
  ],
})

function laid(copies: Readonly<Record<string, PackageParts>>): Desk {
  const at = desk()
  for (const [name, parts] of Object.entries(copies)) at.write(name, packageFile(parts))
  return at
}

const combine = (...files: readonly string[]): readonly string[] => [
  'combine',
  ...files,
  '-o',
  'out.json',
]

const damaged = (): PackageParts => ({
  transactions: [
    { bytes: change(), proposal: true, signatures: [corrupted(person('host').signature(HASH))] },
  ],
})

describe('copies', () => {
  test('become one with the signatures of all', () => {
    const at = laid({
      'a.json': signed('alice'),
      'b.json': signed('host'),
      'c.json': signed('dave'),
    })
    expect(document(at, combine('a.json', 'b.json', 'c.json'))).toEqual({
      output: 'out.json',
      signatures: 3,
      copies: ['a.json', 'b.json', 'c.json'].map((file) => ({ file, signatures: 1 })),
      leftOut: [],
      damagedState: [],
      transactions: [
        {
          hash: hashHex(change()),
          status: 'unknown',
          missing: [{ namespace: fingerprint('dave'), need: 1, of: 1, anyOf: [] }],
        },
      ],
    })
  })

  test('give the same file in any order, and again', () => {
    const at = laid({ 'a.json': signed('alice'), 'b.json': signed('host', 'dave') })
    document(at, combine('a.json', 'b.json'))
    const made = at.read('out.json')
    for (const files of [
      ['b.json', 'a.json'],
      ['a.json', 'b.json', 'a.json'],
    ]) {
      document(at, [...combine(...files), '--force'])
      expect(at.read('out.json')).toEqual(made)
    }
    at.write('made.json', made)
    document(at, [...combine('made.json'), '--force'])
    expect(at.read('out.json')).toEqual(made)
  })

  test('bring their state and their text together', () => {
    const root = signedBy(delegation('host', 'host'), 'host')
    const at = laid({
      'a.json': { ...signed('alice'), known: [root], text: { reason: 'a new observer' } },
      'b.json': { ...signed('host'), known: [signedBy(hosting(), 'alice', 'host')] },
    })
    document(at, combine('a.json', 'b.json'))
    const made = at.package('out.json')
    expect(made.state.length).toBe(2)
    expect(made.text.reason).toBe('a new observer')
  })

  test('say what came from where', () => {
    const at = laid({ 'a.json': signed('alice'), 'b\u202e.json': signed('host', 'dave') })
    const { status, stdout, stderr } = at.run(...combine('a.json', 'b\u202e.json'))
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
    expect(stderr).toContain('  a.json: 1 signature\n  b\\u{202e}.json: 2 signatures\n')
    expect(stderr).toContain('combined: 1 transaction, 3 signatures\n')
  })
})

describe('a signature that does not verify', () => {
  test('is left out, and it is said whence it came', () => {
    const at = laid({ 'a.json': signed('alice'), 'b.json': damaged() })
    expect(document(at, combine('a.json', 'b.json'))).toMatchObject({
      signatures: 1,
      leftOut: [
        {
          file: 'b.json',
          path: 'transactions[0].signatures[0]',
          hash: hashHex(change()),
          signedBy: fingerprint('host'),
          code: 'signature-invalid',
        },
      ],
    })
    const text = at.run(...combine('a.json', 'b.json'), '--force', '--quiet')
    expect(text.stderr).toBe(
      `cantosign: warning: b.json: the signature by ${fingerprint('host')} over ${hashHex(change())} ` +
        'does not verify (signature-invalid at transactions[0].signatures[0]) and is left out\n',
    )
  })

  test('never hides the good one', () => {
    const at = laid({ 'a.json': damaged(), 'b.json': signed('host') })
    for (const files of [
      ['a.json', 'b.json'],
      ['b.json', 'a.json'],
    ]) {
      document(at, [...combine(...files), '--force'])
      expect(at.package('out.json').transactions[0]?.signatures).toEqual([
        person('host').signature(HASH),
      ])
    }
  })

  test('stays where its key is not known, and is told by a key from outside', () => {
    const at = laid({
      'a.json': { ...signed('alice'), known: [], publicKeys: [] },
      'b.json': { ...damaged(), publicKeys: [] },
    })
    expect(document(at, combine('a.json', 'b.json'))).toMatchObject({ signatures: 2, leftOut: [] })
    const more = ['--state', 'host.pub', '--force']
    expect(document(at, [...combine('a.json', 'b.json'), ...more])).toMatchObject({
      signatures: 1,
      leftOut: [{ file: 'b.json' }],
    })
  })

  test('in the state is named', () => {
    const known = damagedBy(hosting(), 'alice')
    const at = laid({ 'a.json': { ...signed('alice'), known: [known] }, 'b.json': signed('host') })
    expect(document(at, combine('a.json', 'b.json'))).toMatchObject({
      damagedState: [hashHex(hosting())],
    })
    const { stderr } = at.run(...combine('b.json', 'a.json'), '--force', '--quiet')
    expect(stderr).toContain(`warning: a.json: the state transaction ${hashHex(hosting())} has`)
    expect(stderr).not.toContain('b.json')
  })

  test('in the state beside is no fault of a copy', () => {
    const at = laid({ 'a.json': signed('alice'), 'b.json': signed('host') })
    at.write('party.cert', damagedBy(hosting(), 'alice'))
    const more = ['--state', 'party.cert', '--quiet']
    const { status, stderr } = at.run(...combine('a.json', 'b.json'), ...more)
    expect(status).toBe(0)
    expect(stderr).toContain(`warning: the state transaction ${hashHex(hosting())} has`)
  })
})

describe('is refused', () => {
  const second = delegation('alice', 'alice')
  const two = (...unsigned: readonly Uint8Array[]): PackageParts => ({ unsigned })
  test.each<[string, PackageParts, PackageParts, string]>([
    [
      'another transaction',
      signed('alice'),
      two(change({ threshold: 2 })),
      'package-transactions-differ',
    ],
    ['one transaction more', signed('alice'), two(change(), second), 'package-transactions-differ'],
    ['one transaction less', two(change(), second), signed('alice'), 'package-transactions-differ'],
    ['another order', two(change(), second), two(second, change()), 'package-transactions-differ'],
    [
      'another reason',
      { ...signed('alice'), text: { reason: 'a' } },
      { ...signed('host'), text: { reason: 'b' } },
      'package-fields-differ',
    ],
    [
      'another synchronizer',
      { ...signed('alice'), network: { synchronizerId: `a::${fingerprint('bob')}` } },
      { ...signed('host'), network: { synchronizerId: `b::${fingerprint('bob')}` } },
      'package-fields-differ',
    ],
  ])('a copy with %s', (_what, one, other, code) => {
    const at = laid({ 'a.json': one, 'b.json': other })
    const error = refusal(at, 3, combine('a.json', 'b.json'))
    expect(error.code).toBe(code)
    expect(error.message).toContain('a.json')
    expect(error.message).toContain('b.json')
  })

  test('a copy whose hash or summary lies', () => {
    const at = laid({ 'a.json': signed('alice'), 'b.json': signed('host') })
    const text = textOf(at.read('b.json'))
    at.write('b.json', text.replace('"serial": 2', '"serial": 1'))
    expect(refusal(at, 4, combine('a.json', 'b.json')).code).toBe('package-summary-mismatch')
    at.write('b.json', text.replace(hashHex(change()), hashHex(hosting())))
    expect(refusal(at, 4, combine('a.json', 'b.json')).code).toBe('package-hash-mismatch')
  })

  test('a copy with anything behind its end, or that is cut off', () => {
    const at = laid({ 'a.json': signed('alice'), 'b.json': signed('host') })
    const text = textOf(at.read('b.json'))
    at.write('b.json', `${text}{}`)
    expect(refusal(at, 3, combine('a.json', 'b.json')).code).toBe('package-trailing-data')
    at.write('b.json', text.slice(0, -10))
    expect(refusal(at, 3, combine('a.json', 'b.json')).code).toBe('package-json')
  })

  test('what is no package, is not there, or would be written over', () => {
    const at = laid({ 'a.json': signed('alice') })
    at.write('b.bin', change())
    expect(refusal(at, 3, combine('a.json', 'b.bin')).code).toBe('file-kind')
    expect(refusal(at, 3, combine('a.json', 'gone.json')).code).toBe('file-unreadable')
    expect(refusal(at, 2, ['combine', 'a.json']).code).toBe('output-missing')
    const onto = ['combine', 'a.json', '-o', 'a.json']
    expect(refusal(at, 2, onto).code).toBe('output-exists')
    expect(refusal(at, 2, [...onto, '--force']).code).toBe('output-is-input')
  })
})
