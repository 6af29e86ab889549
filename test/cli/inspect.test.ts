/** `inspect` and `hash` of packages, transactions, snapshots and lists, through the executable. */
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { combinedHash } from '../../src/topology/namespace.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import { toHex } from '../../src/base/bytes.ts'
import { bytesOf, hashHex, textOf } from '../package/support.ts'
import { fixture, fromHex, outsideVector } from '../support/vectors.ts'
import {
  change,
  damagedBy,
  delegation,
  desk,
  document,
  fingerprint,
  hosting,
  inForce,
  packageFile,
  person,
  proved,
  signedBy,
} from './support/desk.ts'
import { LAYOUTS, streamFile } from './support/streams.ts'

interface Inspected {
  readonly kind: string
  readonly transactions: readonly {
    readonly hash: string
    readonly operation: string
    readonly serial: number
    readonly mapping: { readonly type: string }
    readonly protoVersion: number
    readonly proposal: boolean | null
    readonly signatures: readonly { readonly signedBy: string; readonly status: string }[]
    readonly canonical: boolean
    readonly dangers?: readonly { readonly code: string }[]
    readonly authorization?: {
      readonly status: string
      readonly signed: readonly string[]
      readonly missing: readonly Readonly<Record<string, unknown>>[]
    }
  }[]
  readonly warnings: readonly { readonly code: string; readonly path: string }[]
}

interface InspectedPackage extends Inspected {
  readonly network: Readonly<Record<string, unknown>>
  readonly text: Readonly<Record<string, unknown>>
  readonly combined: readonly {
    readonly hash: string
    readonly transactions: readonly string[]
    readonly signatures: readonly { readonly status: string }[]
  }[]
  readonly publicKeys: readonly { readonly fingerprint: string }[]
  readonly state: {
    readonly transactions: number
    readonly proved: number
    readonly aside: readonly { readonly hash: string; readonly reason: string }[]
    readonly damaged: readonly string[]
  }
  readonly dangers: readonly { readonly code: string }[]
}

const inspect = (at: ReturnType<typeof desk>, ...args: readonly string[]): InspectedPackage =>
  document(at, ['inspect', ...args]) as unknown as InspectedPackage // checked member by member below

describe('a package', () => {
  test('is told with everything in it, and stays as it is', () => {
    const at = desk()
    const bytes = change()
    const signatures = [person('alice').signature(transactionHash(bytes))]
    const file = packageFile({
      network: { synchronizerId: `sync::${fingerprint('carol')}`, protocolVersion: 34 },
      text: { requestedBy: 'Operations', reason: 'dave observes', validUntil: 'Friday' },
      transactions: [{ bytes, proposal: true, signatures }],
      known: proved(),
    })
    at.write('in.json', file)
    const told = inspect(at, 'in.json')
    expect(told.kind).toBe('signing-package')
    expect(told.transactions).toMatchObject([
      {
        hash: hashHex(bytes),
        operation: 'replace',
        serial: 2,
        mapping: { type: 'PartyToParticipant', party: `party::${fingerprint('alice')}` },
        protoVersion: 30,
        proposal: true,
        signatures: [{ signedBy: fingerprint('alice'), status: 'valid' }],
        canonical: true,
        authorization: {
          signed: [fingerprint('alice')],
          missing: [{ namespace: fingerprint('dave'), need: 1, of: 1 }],
        },
      },
    ])
    expect(told.network).toEqual({
      synchronizerId: `sync::${fingerprint('carol')}`,
      protocolVersion: 34,
    })
    expect(told.text).toEqual({
      requestedBy: 'Operations',
      reason: 'dave observes',
      validUntil: 'Friday',
    })
    expect(told.state).toEqual({ transactions: 2, proved: 2, aside: [], damaged: [] })
    expect(told.publicKeys.map((key) => key.fingerprint)).toContain(fingerprint('bob'))
    expect(told.warnings).toEqual([])
    expect(at.read('in.json')).toEqual(new Uint8Array(file))
  })

  test('shows what changes, who is missing, and state that is not believed', () => {
    const at = desk()
    const forged = signedBy(delegation('host', 'mallory'), 'mallory')
    at.write('in.json', packageFile({ unsigned: [change()], known: [...proved(), forged] }))
    const { status, stdout } = at.run('inspect', 'in.json')
    expect(status).toBe(0)
    expect(stdout).toContain('in.json: signing-package')
    expect(stdout).toContain('what changes against serial 1')
    expect(stdout).toContain(`the namespace ${fingerprint('dave')}`)
    expect(stdout).toContain('3 transactions, of which 2 proved')
    expect(stdout).toContain(`not used ${hashHex(delegation('host', 'mallory'))}`)
    const { state } = inspect(at, 'in.json')
    expect(state.aside).toHaveLength(1)
  })

  test('free text cannot change what a terminal shows', () => {
    const at = desk()
    const reason = 'pay\u001b[2J\u202eliec\u0007\r\nhash        1220'
    at.write('in.json', packageFile({ unsigned: [hosting()], text: { reason } }))
    const { stdout } = at.run('inspect', 'in.json')
    expect(stdout).not.toMatch(/[\u001b\u202e\u0007\r]/)
    expect(stdout).toContain('\\u{1b}[2J\\u{202e}')
    expect(stdout.split('\n').filter((line) => line.startsWith('hash  '))).toEqual([
      `hash        ${hashHex(hosting())}`,
    ])
    expect(inspect(at, 'in.json').text['reason']).toBe(reason)
  })

  test('names damage and goes on: an invalid signature, damaged state', () => {
    const at = desk()
    const bytes = hosting()
    const good = person('alice').signature(transactionHash(bytes))
    const bad = { ...good, signature: good.signature.map((byte) => byte ^ 1) }
    at.write(
      'in.json',
      packageFile({
        transactions: [{ bytes, proposal: true, signatures: [bad] }],
        known: [damagedBy(delegation('host', 'host'), 'host')],
      }),
    )
    const { transactions, state, warnings } = inspect(at, 'in.json')
    expect(transactions[0]?.signatures[0]?.status).toBe('invalid')
    expect(transactions[0]?.authorization?.status).toBe('unauthorized')
    expect(state.damaged).toEqual([hashHex(delegation('host', 'host'))])
    expect(warnings).toMatchObject([
      { code: 'signature-invalid', path: 'transactions[0].signatures[0].signature' },
    ])
    expect(at.run('inspect', 'in.json').stdout).toContain('DAMAGED')
  })

  test('shows what one signature over several transactions covers', () => {
    const at = desk()
    const both = [delegation('alice', 'alice'), hosting()]
    const hash = combinedHash(both.map(transactionHash))
    const combined = [
      { transactionHashes: both.map(hashHex), signatures: [person('alice').signature(hash)] },
    ]
    at.write('in.json', packageFile({ unsigned: both, combined }))
    const told = inspect(at, 'in.json')
    expect(told.combined).toMatchObject([
      {
        hash: toHex(hash),
        transactions: both.map(hashHex).sort(),
        signatures: [{ signedBy: fingerprint('alice'), status: 'valid', multiTransaction: true }],
      },
    ])
    expect(told.transactions.map(({ signatures }) => signatures.length)).toEqual([1, 1])
    expect(at.run('inspect', 'in.json').stdout).toContain('covers 2 transactions of this package')
  })

  test('names the dangers of each transaction and of all together', () => {
    const at = desk()
    at.write('in.json', packageFile({ unsigned: [change(), change({ threshold: 2 })] }))
    const told = inspect(at, 'in.json')
    expect(told.transactions.every(({ dangers = [] }) => dangers.length > 0)).toBe(true)
    expect(told.dangers.length).toBeGreaterThan(0)
  })

  test('one transaction a line', () => {
    const at = desk()
    at.write('in.json', packageFile({ unsigned: [delegation('alice', 'alice'), hosting()] }))
    const { status, stdout } = at.run('inspect', 'in.json', '--ndjson')
    expect(status).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as { hash: string }).hash)).toEqual([
      hashHex(delegation('alice', 'alice')),
      hashHex(hosting()),
    ])
  })

  test.each([
    [
      'a changed hash',
      'package-hash-mismatch',
      4,
      (text: string) => text.replace(hashHex(hosting()), hashHex(change())),
    ],
    [
      'an unknown property',
      'package-unknown-property',
      3,
      (text: string) => text.replace('{', '{"note": 1,'),
    ],
    ['something behind its end', 'package-trailing-data', 3, (text: string) => `${text}x`],
    ['nothing but a brace', 'package-json', 3, () => '{"'],
  ] as const)('is refused with %s', (_what, code, exit, broken) => {
    const at = desk()
    at.write('in.json', broken(textOf(packageFile({ unsigned: [hosting()] }))))
    const { status, stdout } = at.run('inspect', 'in.json', '--json')
    expect(status).toBe(exit)
    expect((JSON.parse(stdout) as { error: { code: string } }).error.code).toBe(code)
  })
})

describe('transactions', () => {
  test('kinds are told by content and held against --type', () => {
    const at = desk()
    at.write('a.txt', hosting())
    at.write('b.txt', inForce())
    at.write('c.txt', packageFile({ unsigned: [hosting()] }))
    at.write('d.txt', streamFile('list', [inForce()]))
    at.write('e.txt', transactionHash(hosting()))
    const kinds = [
      'topology-transaction',
      'signed-topology-transaction',
      'signing-package',
      'topology-snapshot',
      'hash',
    ]
    const names = ['a.txt', 'b.txt', 'c.txt', 'd.txt', 'e.txt']
    const told = document(at, ['inspect', ...names]) as unknown as readonly Inspected[] // an array here
    expect(told.map(({ kind }) => kind)).toEqual(kinds)
    names.forEach((name, i) => {
      expect(at.run('inspect', name, '--type', kinds[i] ?? '').status).toBe(0)
      expect(at.run('inspect', name, '--type', kinds[(i + 1) % 5] ?? '').status).toBe(3)
    })
  })

  test('of several files each has its document or its error', () => {
    const at = desk()
    at.write('good', hosting())
    at.write('bad', 'noise')
    const { status, stdout } = at.run('inspect', 'good', 'bad', 'good', '--json')
    expect(status).toBe(3)
    const told = JSON.parse(stdout) as readonly Readonly<Record<string, unknown>>[]
    expect(told.map((one) => one['kind'] ?? 'error')).toEqual([
      'topology-transaction',
      'error',
      'topology-transaction',
    ])
  })

  test('a decoded certificate of Canton’s scripts is what is recorded', () => {
    const at = desk()
    const { cases } = fixture('namespace-delegations/reference-script-certificates.json') as {
      readonly cases: readonly { readonly certificate_hex: string; readonly hash_hex: string }[]
    }
    const names = cases.map(({ certificate_hex: hex }, i) => at.write(`${i}.cert`, fromHex(hex)))
    const told = document(at, ['inspect', ...names]) as unknown as readonly Inspected[] // an array here
    expect(told.map(({ transactions }) => transactions[0]?.hash)).toEqual(
      cases.map(({ hash_hex: hash }) => hash),
    )
  })
})

describe('snapshots and lists', () => {
  test.each(LAYOUTS)('%s, plain and compressed, to the same document', (layout) => {
    const at = desk()
    const file = streamFile(layout, [
      signedBy(delegation('alice', 'alice'), 'alice'),
      signedBy(hosting(), 'alice', 'host', 'bob'),
      signedBy(delegation('bob', 'bob'), 'bob'),
    ])
    at.write('plain', file)
    at.write('compressed', gzipSync(file))
    const told = inspect(at, 'plain')
    expect(told.kind).toBe('topology-snapshot')
    expect(told.transactions.map(({ mapping }) => mapping.type)).toEqual([
      'NamespaceDelegation',
      'PartyToParticipant',
      'NamespaceDelegation',
    ])
    // bob's key comes after his first signature; the host's never comes.
    const status = (name: 'bob' | 'host'): string | undefined =>
      told.transactions[1]?.signatures.find((one) => one.signedBy === fingerprint(name))?.status
    expect([status('bob'), status('host')]).toEqual(['valid', 'unverifiable'])
    expect(inspect(at, 'compressed')).toEqual(told)
    expect(at.run('inspect', 'compressed').stdout).toContain('3 transactions')
    const lines = at.run('inspect', 'plain', '--ndjson').stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(3)
  })

  test.each([
    ['topology-snapshot/topology-snapshot-duplicate-signatures', 8],
    ['topology-snapshot/topology-snapshot-duplicate-signatures-old', 12],
    ['cn-genesis-prefix/first-400.gz', 400],
  ])('%s', (name, count) => {
    const path = outsideVector(name)
    if (path === undefined) return
    const told = inspect(desk(), path)
    expect(told.transactions).toHaveLength(count)
    const statuses = told.transactions.flatMap(({ signatures }) =>
      signatures.map((one) => one.status),
    )
    expect(new Set(statuses)).toEqual(new Set(['valid']))
  })
})

describe('a stream that breaks off', () => {
  const whole = streamFile(
    'list',
    Array.from({ length: 300 }, () => inForce()),
  )
  const damaged = Buffer.from(gzipSync(whole))
  damaged[damaged.length - 8] = (damaged[damaged.length - 8] ?? 0) ^ 1 // in the checksum at its end
  const files = { cut: whole.subarray(0, -5), damaged }

  test.each([
    ['cut', 'truncated'],
    ['damaged', 'gzip-invalid'],
  ] as const)('is one document with the error in it: %s', (name, code) => {
    const at = desk()
    at.write(name, files[name])
    const { status, stdout } = at.run('inspect', name, '--json')
    expect(status).toBe(3)
    expect(JSON.parse(stdout)).toMatchObject({ error: { code } })
  })

  test('keeps no other file from being told, and decides the exit status', () => {
    const at = desk()
    at.write('cut', files.cut)
    at.write('damaged', files.damaged)
    at.write('one', hosting())
    const json = at.run('inspect', 'cut', 'one', 'damaged', 'one', '--json')
    expect(json.status).toBe(3)
    expect(JSON.parse(json.stdout)).toMatchObject([
      { kind: 'topology-snapshot', error: { code: 'truncated' } },
      { kind: 'topology-transaction' },
      { error: { code: 'gzip-invalid' } },
      { kind: 'topology-transaction' },
    ])
    const lines = at.run('inspect', 'cut', 'one')
    expect(lines.status).toBe(3)
    expect(lines.stdout).toContain('topology-transaction')
  })
})

describe('what is taken for granted without any state', () => {
  test('is not that the network took something, for a transaction that rests on nothing', () => {
    const at = desk()
    at.write('in.json', packageFile({ unsigned: [hosting()] }))
    const { stdout } = at.run('inspect', 'in.json')
    expect(stdout).toContain('taken for granted')
    expect(stdout).not.toContain('the network took')
  })

  test('is that it took what others of the package set, which is no state that was given', () => {
    const at = desk()
    const transactions = [delegation('alice', 'alice'), delegation('alice', 'bob')]
    at.write('in.json', packageFile({ unsigned: transactions }))
    at.run(
      'sign',
      'in.json',
      '--key',
      'alice.key',
      '--yes',
      '--accept-danger',
      'delegate-may-delegate',
      '-o',
      'out.json',
    )
    const { stdout } = at.run('inspect', 'out.json')
    expect(stdout).toContain('state: none')
    expect(stdout).toContain('- the network took what this rests on')
  })
})

describe('hash', () => {
  test('of a transaction, signed or not, and of a package with one', () => {
    const at = desk()
    at.write('one.prep', hosting())
    at.write('one.cert', inForce())
    at.write('one.json', packageFile({ unsigned: [hosting()] }))
    for (const name of ['one.prep', 'one.cert', 'one.json']) {
      expect(at.run('hash', name).stdout).toBe(`${hashHex(hosting())}\n`)
      expect(document(at, ['hash', name])).toEqual({ hash: hashHex(hosting()) })
    }
  })

  test('of a package with several: all of them, or the combined one', () => {
    const at = desk()
    const both = [delegation('alice', 'alice'), hosting()]
    at.write('two.json', packageFile({ unsigned: both }))
    expect(document(at, ['hash', 'two.json'])).toEqual({ hashes: both.map(hashHex) })
    const namespace = fingerprint('alice')
    expect(at.run('hash', 'two.json').stdout).toBe(
      `${hashHex(delegation('alice', 'alice'))}  NamespaceDelegation, replace, serial 1, ${namespace}\n` +
        `${hashHex(hosting())}  PartyToParticipant, replace, serial 1, party::${namespace}\n`,
    )
    const combined = toHex(combinedHash(both.map(transactionHash)))
    expect(document(at, ['hash', '--multi', 'two.json'])).toEqual({ hash: combined })
    at.write('a.prep', both[0] ?? new Uint8Array())
    at.write('b.prep', both[1] ?? new Uint8Array())
    expect(document(at, ['hash', '--multi', 'b.prep', 'a.prep'])).toEqual({ hash: combined })
  })

  test('of the vectors', () => {
    const at = desk()
    const { onboarding } = fixture('end-to-end/signing.json') as {
      readonly onboarding: readonly {
        readonly transactions: readonly {
          readonly transaction_base64: string
          readonly hash_hex: string
        }[]
        readonly multi_hash_hex: string
      }[]
    }
    expect(onboarding.length).toBeGreaterThan(2)
    onboarding.forEach(({ transactions, multi_hash_hex: combined }, s) => {
      const names = transactions.map(({ transaction_base64: text }, i) =>
        at.write(`${s}-${i}.prep`, Buffer.from(text, 'base64')),
      )
      transactions.forEach(({ hash_hex: hash }, i) => {
        expect(document(at, ['hash', names[i] ?? ''])).toEqual({ hash })
      })
      expect(document(at, ['hash', '--multi', ...names])).toEqual({ hash: combined })
    })
  })

  test.each([
    ['a key', 'alice.pub', 3],
    ['a hash', 'one.hash', 3],
    ['a list', 'list', 3],
    ['noise', 'noise', 3],
  ])('refuses %s', (_what, name, status) => {
    const at = desk()
    at.write('one.hash', transactionHash(hosting()))
    at.write('list', streamFile('list', [inForce()]))
    at.write('noise', bytesOf('noise'))
    expect(at.run('hash', name).status).toBe(status)
  })

  test('takes one file, unless they are combined', () => {
    const at = desk()
    at.write('a', hosting())
    at.write('b', change())
    expect(at.run('hash', 'a', 'b').status).toBe(2)
  })
})

test.each([
  ['hash bad.json'],
  ['verify bad.json'],
  ['sign bad.json --key alice.key --yes -o out.json'],
  ['combine in.json bad.json -o out.json'],
  ['verify in.json --state bad.json'],
])('an error in a package names the file: %s', (line) => {
  const at = desk()
  at.write('in.json', packageFile({ unsigned: [change()] }))
  at.write('bad.json', bytesOf('{"format":"cantosign-package","version":1}'))
  const { status, stdout } = at.run(...line.split(' '), '--json')
  expect(status).toBe(3)
  const { error } = JSON.parse(stdout) as { readonly error: { readonly message: string } }
  expect(error.message).toMatch(/^bad\.json: /)
})
