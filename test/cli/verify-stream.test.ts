/** `verify` of snapshots and lists, through the executable. */
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { KnownMapping } from '../../src/topology/mapping.ts'
import { hostingMapping, keyMessageOf } from '../authorization/signed.ts'
import { hashHex, transactionBytes } from '../package/support.ts'
import { outsideVector } from '../support/vectors.ts'
import {
  change,
  damagedBy,
  delegation,
  desk,
  fingerprint,
  hosting,
  inForce,
  person,
  signedBy,
  type Desk,
  type Person,
} from './support/desk.ts'
import { run } from './support/program.ts'
import { LAYOUTS, streamFile } from './support/streams.ts'

interface Verified {
  readonly transactions: number
  readonly signatures: {
    readonly valid: number
    readonly invalid: number
    readonly unverifiable: number
  }
  readonly authorization: readonly {
    readonly hash: string
    readonly status: string
    readonly relaxations?: readonly string[]
  }[]
  readonly ok: boolean
  readonly relaxations: readonly {
    readonly name: string
    readonly count: number
    readonly first: string
  }[]
  readonly warnings: readonly { readonly code: string; readonly count: number }[]
  readonly error?: { readonly code: string }
}

function verify(at: Desk, status: number, ...args: readonly string[]): Verified {
  const result = at.run('verify', ...args, '--json')
  expect({ status: result.status, stderr: result.stderr }).toEqual({ status, stderr: '' })
  const document = JSON.parse(result.stdout) as Verified
  expect(document.ok).toBe(status === 0)
  return document
}

const statusesOf = ({ authorization }: Verified): readonly string[] =>
  authorization.map((one) => one.status)
const root = (name: Person): Uint8Array => signedBy(delegation(name, name), name)

/** Roots, a party and its first change, all authorized. */
const HISTORY = [
  root('alice'),
  root('host'),
  root('dave'),
  inForce(),
  signedBy(change(), 'alice', 'dave'),
]
const authorized = (count: number): readonly string[] =>
  Array.from({ length: count }, () => 'authorized')

describe('a history', () => {
  test.each(LAYOUTS)('is authorized record by record: %s, plain and compressed', (layout) => {
    const at = desk()
    for (const timesFirst of [true, false]) {
      const file = streamFile(layout, HISTORY, timesFirst)
      at.write('plain', file)
      at.write('compressed', gzipSync(file))
      for (const name of ['plain', 'compressed']) {
        const document = verify(at, 0, name)
        expect(document.transactions).toBe(5)
        expect(document.signatures).toEqual({ valid: 7, invalid: 0, unverifiable: 0 })
        expect(statusesOf(document)).toEqual(authorized(5))
        expect(document.authorization.map(({ hash }) => hash)).toEqual([
          ...(['alice', 'host', 'dave'] as const).map((one) => hashHex(delegation(one, one))),
          hashHex(hosting()),
          hashHex(change()),
        ])
      }
    }
  })

  test('is judged in its order', () => {
    const at = desk()
    const [alice, host, dave, party, changed] = HISTORY as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    at.write('swapped', streamFile('snapshot-v2', [alice, host, dave, changed, party]))
    const document = verify(at, 4, 'swapped')
    expect(statusesOf(document)).toEqual([
      'authorized',
      'authorized',
      'authorized',
      'incomplete',
      'unauthorized',
    ])
  })

  test.each([
    ['a signature is missing', signedBy(change(), 'alice'), 'incomplete', 6],
    ['a stranger signed', signedBy(change(), 'mallory'), 'unauthorized', 4],
    ['a signature does not verify', damagedBy(change(), 'alice'), 'unauthorized', 4],
    [
      'a serial is used',
      signedBy(hosting({ more: [{ name: 'dave' }] }), 'alice', 'dave'),
      'unauthorized',
      4,
    ],
    ['a serial is left out', signedBy(change({ serial: 3 }), 'alice', 'dave'), 'unauthorized', 4],
  ] as const)('says so where %s', (_what, last, status, exit) => {
    const at = desk()
    at.write('snapshot', streamFile('snapshot-v1', [...HISTORY.slice(0, 4), root('mallory'), last]))
    const document = verify(at, exit, 'snapshot')
    expect(statusesOf(document)).toEqual([...authorized(5), status])
  })

  test('needs all its keys, also those that come later', () => {
    const at = desk()
    // bob's signature counts for nothing; it is verified with a key that the last record has.
    const early = signedBy(hosting(), 'alice', 'host', 'bob')
    const file = streamFile('snapshot-v1', [root('alice'), root('host'), early, root('bob')])
    at.write('snapshot', file)
    expect(verify(at, 0, 'snapshot').signatures).toEqual({ valid: 6, invalid: 0, unverifiable: 0 })
    expect(verify(at, 0, 'snapshot', '--signatures-only').signatures.valid).toBe(6)
    at.write('short', streamFile('snapshot-v1', [root('alice'), root('host'), early]))
    expect(verify(at, 6, 'short').signatures.unverifiable).toBe(1)
    expect(statusesOf(verify(at, 6, 'short'))).toEqual(authorized(3))
    verify(at, 0, 'short', '--state', 'bob.pub')
  })

  test('is not worse for oddities that its network took, and names them', () => {
    const at = desk()
    const twice = Buffer.concat([signedBy(delegation('alice', 'bob'), 'alice', 'alice')])
    at.write('snapshot', streamFile('snapshot-v1', [root('alice'), twice]))
    const { warnings } = verify(at, 0, 'snapshot')
    expect(warnings).toMatchObject([{ code: 'duplicate-signer', count: 1 }])
  })

  test('is not held against rules for packages, which inspect names, but accounted for', () => {
    const at = desk()
    const packages = [{ packageId: 'a' }, { packageId: 'a' }].map((one) => ({
      ...one,
      validFromInclusive: undefined,
      validUntilExclusive: undefined,
    }))
    const vetting = transactionBytes({
      $case: 'vettedPackages',
      value: { participantUid: `host::${fingerprint('host')}`, packageIds: [], packages },
    })
    // Of the last package the text gets a character that does not show.
    const odd = Uint8Array.from(vetting)
    const last = odd.lastIndexOf(0x61)
    odd[last] = 0x07
    for (const [name, transaction] of Object.entries({ twice: vetting, odd })) {
      at.write(name, streamFile('snapshot-v1', [root('host'), signedBy(transaction, 'host')]))
    }
    const codes = ({ warnings }: Pick<Verified, 'warnings'>): readonly string[] =>
      warnings.map(({ code }) => code)
    expect(codes(verify(at, 0, 'twice'))).toEqual([])
    expect(codes(verify(at, 0, 'twice', '--signatures-only'))).toEqual([])
    expect(at.run('inspect', 'twice').stdout).toContain('duplicate-entry')
    expect(codes(verify(at, 0, 'odd'))).toEqual(['unsafe-text'])
    expect(codes(verify(at, 0, 'odd', '--signatures-only'))).toEqual(['unsafe-text'])
  })

  test('of which only signatures are asked has no verdicts', () => {
    const at = desk()
    at.write('one', streamFile('list', [root('alice')]))
    const { authorization } = verify(at, 0, 'one', '--signatures-only')
    expect(authorization).toEqual([])
  })
})

describe('relaxations', () => {
  const observer: KnownMapping = hostingMapping(fingerprint('alice'), [
    { key: person('host'), permission: 3 },
  ])
  const confirmer: KnownMapping = hostingMapping(fingerprint('alice'), [{ key: person('host') }])
  const keys: KnownMapping = {
    $case: 'ownerToKeyMapping',
    value: {
      member: `PAR::host::${fingerprint('host')}`,
      publicKeys: [
        { key: { $case: 'signingPublicKey', value: keyMessageOf(person('bob'), [3, 4, 5]) } },
      ],
    },
  }
  const raised = transactionBytes(confirmer, 2)
  const owned = transactionBytes(keys)
  const file = (layout: (typeof LAYOUTS)[number]): Uint8Array =>
    streamFile(layout, [
      root('alice'),
      root('host'),
      signedBy(transactionBytes(observer), 'alice', 'host'),
      signedBy(raised, 'alice'),
      signedBy(owned, 'host'),
    ])

  test.each(LAYOUTS)('are named where they are used, and left out on demand: %s', (layout) => {
    const at = desk()
    at.write('file', file(layout))
    const document = verify(at, 0, 'file')
    expect(document.relaxations).toEqual([
      { name: 'raised-permission', count: 1, first: hashHex(raised) },
      { name: 'missing-extra-keys', count: 1, first: hashHex(owned) },
    ])
    expect(document.authorization.flatMap(({ relaxations = [] }) => relaxations)).toEqual([
      'raised-permission',
      'missing-extra-keys',
    ])
    const strict = verify(at, 6, 'file', '--strict')
    expect(statusesOf(strict)).toEqual([...authorized(3), 'incomplete', 'incomplete'])
    expect(strict.relaxations).toEqual([])
  })

  test('are told to a person', () => {
    const at = desk()
    at.write('file', file('snapshot-v1'))
    const { stdout } = at.run('verify', 'file')
    expect(stdout).toContain('--strict leaves them out')
    expect(stdout).toContain(
      `did not sign for the permission that was raised (first ${hashHex(raised)})`,
    )
    const strict = at.run('verify', 'file', '--strict')
    expect(strict.status).toBe(6)
    expect(strict.stdout).toContain(`${hashHex(raised)}\n  incomplete`)
    expect(strict.stdout).toContain('authorized 3, incomplete 2, unauthorized 0, unknown 0')
  })
})

describe('a list that is an extract', () => {
  test.each(['list', 'delimited'] as const)('is judged in the state beside it: %s', (layout) => {
    const at = desk()
    at.write('list', streamFile(layout, HISTORY.slice(3)))
    at.write('roots', streamFile('snapshot-v2', HISTORY.slice(0, 3)))
    expect(statusesOf(verify(at, 6, 'list'))).toEqual(['unknown', 'unknown'])
    expect(statusesOf(verify(at, 0, 'list', '--state', 'roots'))).toEqual(authorized(2))
  })

  test('as a snapshot it would be a history, in which nothing is missing', () => {
    const at = desk()
    at.write('snapshot', streamFile('snapshot-v1', HISTORY.slice(3)))
    expect(statusesOf(verify(at, 6, 'snapshot'))).toEqual(['incomplete', 'incomplete'])
  })

  test('state that was tampered with is refused', () => {
    const at = desk()
    at.write('list', streamFile('list', HISTORY.slice(3)))
    at.write('bad', streamFile('list', [damagedBy(delegation('host', 'host'), 'host')]))
    const { status, stdout } = at.run('verify', 'list', '--state', 'bad', '--json')
    expect(status).toBe(4)
    expect((JSON.parse(stdout) as Verified).error?.code).toBe('state-invalid')
  })
})

describe('a damaged stream', () => {
  test.each(LAYOUTS)('ends one document with the error: %s', (layout) => {
    const at = desk()
    const file = streamFile(layout, HISTORY)
    at.write('cut', file.subarray(0, file.length - 40))
    const { status, stdout } = at.run('verify', 'cut', '--json')
    expect(status).toBe(3)
    expect(stdout.endsWith('}\n')).toBe(true)
    const document = JSON.parse(stdout) as Verified
    expect(document.error?.code).toMatch(/^[a-z-]+$/)
    expect(document.ok).not.toBe(true)
    const text = at.run('verify', 'cut')
    expect(text.status).toBe(3)
    expect(text.stdout).toBe('')
    expect(at.run('verify', 'cut', '--signatures-only').status).toBe(3)
  })

  const long = streamFile(
    'list',
    Array.from({ length: 2000 }, () => root('host')),
  )
  // Stored, so that the damage is met long after the first verdicts.
  const compressed = gzipSync(long, { level: 0 })
  const wrongChecksum = Buffer.from(compressed)
  wrongChecksum[compressed.length - 8] = (compressed[compressed.length - 8] ?? 0) ^ 1
  test.each([
    ['its checksum is wrong', wrongChecksum],
    ['its end is missing', compressed.subarray(0, -20)],
    ['something follows it', Buffer.concat([compressed, Buffer.from('hello\n')])],
  ])('ends one document with the error when compressed data are damaged: %s', (_, bytes) => {
    const at = desk()
    at.write('damaged', bytes)
    const { status, stdout } = at.run('verify', 'damaged', '--json')
    expect(status).toBe(3)
    const document = JSON.parse(stdout) as Verified
    expect(document.authorization.length).toBeGreaterThan(0)
    expect(document).toMatchObject({ ok: false, error: { code: 'gzip-invalid' } })
  })
})

describe('snapshots of networks', () => {
  const cases = [
    ['cn-genesis-prefix/first-400.gz', 400, 556],
    ['topology-snapshot/topology-snapshot-duplicate-signatures', 8, undefined],
    ['topology-snapshot/topology-snapshot-duplicate-signatures-old', 12, undefined],
  ] as const
  test.each(cases)('%s is authorized from its first record to its last', (name, count, valid) => {
    const path = outsideVector(name)
    if (path === undefined) return
    const at = desk()
    const document = verify(at, 0, path)
    expect(statusesOf(document)).toEqual(authorized(count))
    expect(document.signatures.invalid + document.signatures.unverifiable).toBe(0)
    if (valid !== undefined) expect(document.signatures.valid).toBe(valid)
    at.write('compressed', gzipSync(readFileSync(path)))
    const twice = run(['verify', 'compressed', '--json'], { directory: at.directory })
    // A file that is compressed twice is not taken apart twice.
    expect(twice.status).toBe(name.endsWith('.gz') ? 3 : 0)
  })

  test('without the relaxations 44 of the first 400 are incomplete', () => {
    const path = outsideVector('cn-genesis-prefix/first-400.gz')
    if (path === undefined) return
    const { authorization } = verify(desk(), 6, path, '--strict')
    expect(authorization.filter(({ status }) => status === 'incomplete')).toHaveLength(44)
    expect(authorization.filter(({ status }) => status === 'authorized')).toHaveLength(356)
  })
})
