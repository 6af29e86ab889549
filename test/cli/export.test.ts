/** `export` of packages and transaction files, through the executable. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { toBase64 } from '../../src/base/bytes.ts'
import { combinedHash } from '../../src/topology/namespace.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import { decodeMessage, unwrap } from '../../src/wire/codec.ts'
import { hashHex, textOf } from '../package/support.ts'
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
  type Desk,
  type PackageParts,
  type Person,
} from './support/desk.ts'
import { proposalFlag, streamFile } from './support/streams.ts'

const SYNCHRONIZER = `global::${fingerprint('carol')}`

/** Transactions with signatures of these people each. */
const signedParts = (
  ...parts: readonly (readonly [Uint8Array, ...Person[]])[]
): NonNullable<PackageParts['transactions']> =>
  parts.map(([bytes, ...names]) => ({
    bytes,
    proposal: true,
    signatures: names.map((name) => person(name).signature(transactionHash(bytes))),
  }))

const rootOfHost = signedBy(delegation('host', 'host'), 'host')
const complete = (more: PackageParts = {}): Uint8Array =>
  packageFile({
    network: { synchronizerId: SYNCHRONIZER },
    transactions: signedParts(
      [delegation('alice', 'alice'), 'alice'],
      [hosting(), 'alice', 'host'],
    ),
    known: [rootOfHost],
    ...more,
  })

const filesIn = (at: Desk, directory: string): readonly string[] =>
  readdirSync(join(at.directory, directory)).sort()
const bytesIn = (at: Desk, path: string): Uint8Array =>
  new Uint8Array(readFileSync(join(at.directory, path)))
const jsonIn = (at: Desk, path: string): Readonly<Record<string, unknown>> =>
  JSON.parse(textOf(bytesIn(at, path))) as Readonly<Record<string, unknown>>

interface Failure {
  readonly error: { readonly code: string }
}

/** The error of an export that has to fail, having written nothing. */
function failure(at: Desk, status: number, ...args: readonly string[]): string {
  const listed = (): readonly string[] =>
    readdirSync(at.directory)
      .filter((name) => !name.startsWith('.'))
      .sort()
  const before = listed()
  const result = at.run('export', ...args, '--json')
  expect(result.status).toBe(status)
  expect(listed()).toEqual(before)
  return (JSON.parse(result.stdout) as Failure).error.code
}

describe('a package', () => {
  test('for the console: signed transactions and the lines that load them', () => {
    const at = desk()
    at.write('in.json', complete())
    const told = document(at, ['export', 'in.json', '--format', 'console', '-d', 'out'])
    const names = ['01-namespace-delegation.signed.bin', '02-party-to-participant.signed.bin']
    expect(told).toMatchObject({ directory: 'out', files: [...names, 'load.canton'], remarks: [] })
    expect(filesIn(at, 'out')).toEqual([...names, 'load.canton'])
    const [first, second] = names.map((name) =>
      decodeMessage('SignedTopologyTransaction', unwrap(bytesIn(at, `out/${name}`))),
    )
    expect(first?.transaction).toEqual(new Uint8Array(delegation('alice', 'alice')))
    expect(first?.signatures.map(({ signedBy: by }) => by)).toEqual([fingerprint('alice')])
    expect(second?.transaction).toEqual(new Uint8Array(hosting()))
    expect(second?.signatures).toHaveLength(2)
    const load = textOf(bytesIn(at, 'out/load.canton'))
    expect(load).toContain(`SynchronizerId.tryFromString("${SYNCHRONIZER}")`)
    expect(load.indexOf(names[0] ?? '')).toBeLessThan(load.indexOf(names[1] ?? ''))
    expect(load).toContain('participant1.topology')
  })

  test('what was exported is what verify takes', () => {
    const at = desk()
    at.write('in.json', complete())
    at.write('host.cert', rootOfHost)
    at.run('export', 'in.json', '--format', 'console', '-d', 'out')
    const args = ['verify', 'out/02-party-to-participant.signed.bin', '--state', 'host.cert']
    expect(at.run(...args).status).toBe(0)
  })

  test('as certificates, and as what is to be signed', () => {
    const at = desk()
    at.write('in.json', complete())
    for (const format of ['cert', 'hash', 'prep', 'console']) {
      at.run('export', 'in.json', '--format', format, '-d', format)
    }
    at.write('open.json', packageFile({ unsigned: [hosting()] }))
    // No word of the proposal flag, which neither of the two carries.
    for (const format of ['hash', 'prep']) {
      const { stderr } = at.run('export', 'open.json', '--format', format, '-d', `open-${format}`)
      expect(stderr).toBe(`wrote 01-party-to-participant.${format}\n`)
    }
    expect(filesIn(at, 'cert')).toEqual([
      '01-namespace-delegation.cert',
      '02-party-to-participant.cert',
    ])
    expect(bytesIn(at, 'cert/02-party-to-participant.cert')).toEqual(
      bytesIn(at, 'console/02-party-to-participant.signed.bin'),
    )
    expect(bytesIn(at, 'hash/02-party-to-participant.hash')).toEqual(
      new Uint8Array(transactionHash(hosting())),
    )
    expect(bytesIn(at, 'prep/02-party-to-participant.prep')).toEqual(new Uint8Array(hosting()))
  })

  test('for gRPC', () => {
    const at = desk()
    at.write('in.json', complete())
    at.run('export', 'in.json', '--format', 'grpc', '-d', 'out')
    expect(jsonIn(at, 'out/add-transactions.json')).toMatchObject({
      store: { synchronizer: { id: SYNCHRONIZER } },
      transactions: [
        { transaction: toBase64(delegation('alice', 'alice')), proposal: false },
        { transaction: toBase64(hosting()), proposal: false },
      ],
    })
  })

  test('for the JSON Ledger API', () => {
    const at = desk()
    const bytes = hosting()
    const combined = [
      {
        transactionHashes: [hashHex(bytes)],
        signatures: [person('alice').signature(combinedHash([transactionHash(bytes)]))],
      },
    ]
    at.write(
      'in.json',
      packageFile({ network: { synchronizerId: SYNCHRONIZER }, unsigned: [bytes], combined }),
    )
    at.run('export', 'in.json', '--format', 'json-api', '-d', 'out')
    expect(jsonIn(at, 'out/allocate.json')).toMatchObject({
      synchronizer: SYNCHRONIZER,
      onboardingTransactions: [{ transaction: toBase64(bytes) }],
      multiHashSignatures: [{ signedBy: fingerprint('alice') }],
    })
  })

  test.each([
    ['authorized', ['--store', 'authorized'], 'TopologyStoreId.Authorized'],
    [
      'another synchronizer',
      ['--store', `other::${fingerprint('bob')}`],
      `other::${fingerprint('bob')}`,
    ],
    ['another node', ['--node', 'validator'], 'validator.topology'],
  ])('to where it is told: %s', (_what, more, expected) => {
    const at = desk()
    at.write('in.json', complete())
    at.run('export', 'in.json', '--format', 'console', '-d', 'out', ...more)
    expect(textOf(bytesIn(at, 'out/load.canton'))).toContain(expected)
  })

  test('without a synchronizer goes to the node’s own store, and says so', () => {
    const at = desk()
    at.write('in.json', complete({ network: {} }))
    const { stderr, status } = at.run('export', 'in.json', '--format', 'console', '-d', 'out')
    expect(status).toBe(0)
    expect(stderr).toContain('authorized store')
    expect(textOf(bytesIn(at, 'out/load.canton'))).toContain('TopologyStoreId.Authorized')
    expect(failure(at, 2, 'in.json', '--format', 'json-api', '-d', 'new')).toBe('export-target')
  })
})

describe('the proposal flag', () => {
  const flags = (at: Desk, ...more: readonly string[]): readonly unknown[] => {
    const told = document(at, [
      'export',
      'in.json',
      '--format',
      'cert',
      '-d',
      'out',
      '--force',
      ...more,
    ])
    const stated = (told['transactions'] as readonly { proposal: boolean }[]).map(
      ({ proposal }) => proposal,
    )
    expect(filesIn(at, 'out').map((name) => proposalFlag(bytesIn(at, `out/${name}`)))).toEqual(
      stated,
    )
    return stated
  }

  test('is false only where nothing is missing, as far as the state proves', () => {
    const at = desk()
    at.write('in.json', complete())
    expect(flags(at)).toEqual([false, false])
    at.write('in.json', complete({ known: [] }))
    expect(flags(at)).toEqual([false, true])
    at.write('host.cert', rootOfHost)
    expect(flags(at, '--state', 'host.cert')).toEqual([false, false])
    at.write('in.json', complete({ transactions: signedParts([hosting(), 'alice']) }))
    const { stderr } = at.run('export', 'in.json', '--format', 'cert', '-d', 'more')
    expect(stderr).toContain('written as a proposal')
  })

  test('is what is chosen', () => {
    const at = desk()
    at.write('in.json', complete())
    expect(flags(at, '--proposal', 'true')).toEqual([true, true])
    at.write('in.json', complete({ known: [] }))
    expect(flags(at, '--proposal', 'false')).toEqual([false, false])
  })
})

describe('a transaction file', () => {
  test('leaves byte for byte', () => {
    const at = desk()
    at.write('one.cert', inForce())
    at.run('export', 'one.cert', '--format', 'cert', '-d', 'out')
    expect(bytesIn(at, 'out/01-party-to-participant.cert')).toEqual(new Uint8Array(inForce()))
  })

  test('gets another flag only where one is chosen, with the same transaction and signatures', () => {
    const at = desk()
    at.write('one.cert', inForce())
    at.run('export', 'one.cert', '--format', 'cert', '-d', 'out', '--proposal', 'true')
    const [before, after] = [inForce(), bytesIn(at, 'out/01-party-to-participant.cert')].map(
      (bytes) => decodeMessage('SignedTopologyTransaction', unwrap(bytes)),
    )
    expect([before?.proposal, after?.proposal]).toEqual([false, true])
    expect(after?.transaction).toEqual(before?.transaction)
    expect([...(after?.signatures ?? [])].map(({ signedBy: by }) => by).sort()).toEqual(
      [...(before?.signatures ?? [])].map(({ signedBy: by }) => by).sort(),
    )
  })

  test('for the console and as a hash', () => {
    const at = desk()
    at.write('one.cert', inForce())
    at.write('one.prep', hosting())
    at.run('export', 'one.cert', '--format', 'console', '-d', 'out', '--store', SYNCHRONIZER)
    expect(filesIn(at, 'out')).toEqual(['01-party-to-participant.signed.bin', 'load.canton'])
    at.run('export', 'one.prep', '--format', 'hash', '-d', 'hash')
    expect(bytesIn(at, 'hash/01-party-to-participant.hash')).toEqual(
      new Uint8Array(transactionHash(hosting())),
    )
  })

  test('with a signature whose key is not known leaves with a remark', () => {
    const at = desk()
    at.write('one.cert', signedBy(delegation('alice', 'bob'), 'alice'))
    const { status, stderr } = at.run('export', 'one.cert', '--format', 'cert', '-d', 'out')
    expect(status).toBe(0)
    expect(stderr).toContain('is not verified')
  })
})

describe('what does not leave', () => {
  test.each([
    ['no format', 2, ['-d', 'out']],
    ['no directory', 2, ['--format', 'cert']],
    ['an unknown format', 2, ['--format', 'pdf', '-d', 'out']],
    ['a store for a certificate', 2, ['--format', 'cert', '-d', 'out', '--store', 'authorized']],
    ['a node for gRPC', 2, ['--format', 'grpc', '-d', 'out', '--node', 'x']],
    ['a flag for a hash', 2, ['--format', 'hash', '-d', 'out', '--proposal', 'true']],
    [
      'a party in the authorized store',
      2,
      ['--format', 'json-api', '-d', 'out', '--store', 'authorized'],
    ],
    ['what is no synchronizer', 3, ['--format', 'console', '-d', 'out', '--store', 'sync']],
    ['a name that is none', 2, ['--format', 'console', '-d', 'out', '--node', 'a b']],
    ['a finding that is none', 2, ['--format', 'cert', '-d', 'out', '--accept-finding', 'x']],
  ] as const)('%s', (_what, status, args) => {
    const at = desk()
    at.write('in.json', complete())
    failure(at, status, 'in.json', ...args)
  })

  test('a transaction without a signature', () => {
    const at = desk()
    at.write('in.json', packageFile({ unsigned: [hosting()] }))
    at.write('one.prep', hosting())
    for (const name of ['in.json', 'one.prep']) {
      expect(failure(at, 6, name, '--format', 'cert', '-d', 'out')).toBe('signatures-missing')
    }
  })

  test('a signature that does not verify', () => {
    const at = desk()
    const bytes = hosting()
    const good = person('alice').signature(transactionHash(bytes))
    const bad = { ...good, signature: good.signature.map((byte) => byte ^ 1) }
    at.write(
      'in.json',
      packageFile({ transactions: [{ bytes, proposal: true, signatures: [bad] }] }),
    )
    at.write('one.cert', damagedBy(bytes, 'alice'))
    for (const name of ['in.json', 'one.cert']) {
      expect(failure(at, 4, name, '--format', 'cert', '-d', 'out')).toBe('signature-invalid')
    }
  })

  test('one that cannot be verified, unless that is allowed', () => {
    const at = desk()
    const transactions = signedParts([delegation('bob', 'carol'), 'bob'])
    at.write('in.json', packageFile({ transactions, publicKeys: [] }))
    const args = ['in.json', '--format', 'cert', '-d', 'out']
    expect(failure(at, 6, ...args)).toBe('signature-unverifiable')
    expect(at.run('export', ...args, '--allow-unverifiable').status).toBe(0)
    at.run('export', 'in.json', '--format', 'cert', '-d', 'known', '--state', 'bob.pub')
    expect(filesIn(at, 'known')).toHaveLength(1)
  })

  test('beside state that was tampered with', () => {
    const at = desk()
    at.write('in.json', complete({ known: [damagedBy(delegation('host', 'host'), 'host')] }))
    expect(failure(at, 4, 'in.json', '--format', 'cert', '-d', 'out')).toBe('state-invalid')
  })

  test('a list, a hash, a key', () => {
    const at = desk()
    at.write('list', streamFile('list', [inForce()]))
    at.write('hash', transactionHash(hosting()))
    for (const name of ['list', 'hash', 'alice.pub']) {
      expect(failure(at, 3, name, '--format', 'cert', '-d', 'out')).toBe('file-kind')
    }
  })

  test('more than the Ledger API allocates', () => {
    const at = desk()
    at.write(
      'in.json',
      complete({ transactions: signedParts([change(), 'alice']), known: proved() }),
    )
    expect(failure(at, 3, 'in.json', '--format', 'json-api', '-d', 'out')).toBe(
      'export-not-allocatable',
    )
  })

  test('over files that are there, unless --force says so', () => {
    const at = desk()
    at.write('in.json', complete())
    const args = ['export', 'in.json', '--format', 'hash', '-d', 'out']
    expect(at.run(...args).status).toBe(0)
    expect(at.run(...args).status).toBe(2)
    expect(at.run(...args, '--force').status).toBe(0)
  })
})
