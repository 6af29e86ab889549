/** `verify` of transactions and packages, through the executable. */
import { describe, expect, test } from 'vitest'
import { combinedHash } from '../../src/topology/namespace.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import { encodeMessage, wrap } from '../../src/wire/codec.ts'
import { definitionMapping, hostingMapping, namespaceOf, REMOVE } from '../authorization/signed.ts'
import { bytesOf, hashHex, textOf, transactionBytes } from '../package/support.ts'
import {
  change,
  damagedBy,
  delegation,
  desk,
  fingerprint,
  hosting,
  inForce,
  packageFile,
  person,
  proved,
  signedBy,
  type Desk,
} from './support/desk.ts'

interface Entry {
  readonly hash: string
  readonly status: string
  readonly signed: readonly string[]
  readonly missing: readonly Readonly<Record<string, unknown>>[]
  readonly reasons?: readonly { readonly code: string }[]
}

interface Verified {
  readonly transactions: number
  readonly signatures: {
    readonly valid: number
    readonly invalid: number
    readonly unverifiable: number
  }
  readonly authorization: readonly Entry[]
  readonly ok: boolean
  readonly warnings: readonly { readonly code: string }[]
  readonly error?: { readonly code: string }
}

/** Runs `verify --json`; the document's `ok` has to agree with the exit status. */
function verify(at: Desk, status: number, ...args: readonly string[]): Verified {
  const result = at.run('verify', ...args, '--json')
  expect({ status: result.status, stderr: result.stderr }).toEqual({ status, stderr: '' })
  const document = JSON.parse(result.stdout) as Verified
  if (document.error === undefined) expect(document.ok).toBe(status === 0)
  return document
}

const statusesOf = ({ authorization }: Verified): readonly string[] =>
  authorization.map((one) => one.status)

const root = (name: Parameters<typeof fingerprint>[0]): Uint8Array =>
  signedBy(delegation(name, name), name)

describe('a transaction file', () => {
  test('that is signed by all, without and with state', () => {
    const at = desk()
    at.write('root.cert', root('host'))
    at.write('party.cert', inForce())
    const own = verify(at, 0, 'root.cert')
    expect(own.authorization).toMatchObject([
      { hash: hashHex(delegation('host', 'host')), status: 'authorized', missing: [] },
    ])
    expect(own.authorization[0]?.signed).toEqual([fingerprint('host')])
    expect(verify(at, 6, 'party.cert').authorization[0]?.status).toBe('unknown')
    expect(statusesOf(verify(at, 0, 'party.cert', '--state', 'root.cert'))).toEqual(['authorized'])
  })

  test('has exactly the members that scripts rely on', () => {
    const at = desk()
    at.write('root.cert', root('host'))
    const { transactions, signatures, ok } = verify(at, 0, 'root.cert')
    expect({ transactions, signatures, ok }).toEqual({
      transactions: 1,
      signatures: { valid: 1, invalid: 0, unverifiable: 0 },
      ok: true,
    })
  })

  test('names who is missing: the namespace of a host, a key that is listed', () => {
    const at = desk()
    at.write('root.cert', root('host'))
    const transaction = hosting({ keys: ['alice', 'bob'] })
    at.write('party.cert', signedBy(transaction, 'alice'))
    const { authorization } = verify(at, 6, 'party.cert', '--state', 'root.cert')
    expect(authorization).toEqual([
      {
        hash: hashHex(transaction),
        status: 'incomplete',
        signed: [fingerprint('alice')],
        missing: [
          { namespace: fingerprint('host'), need: 1, of: 1, anyOf: [fingerprint('host')] },
          { key: fingerprint('bob'), need: 1, of: 1, anyOf: [fingerprint('bob')] },
        ],
        reasons: [{ code: 'signatures-missing', subjects: [] }],
        assumptions: expect.any(Array) as unknown,
      },
    ])
  })

  test('without any signature says who has to sign', () => {
    const at = desk()
    at.write('root.prep', delegation('alice', 'alice'))
    const { authorization, signatures } = verify(at, 6, 'root.prep')
    expect(signatures).toEqual({ valid: 0, invalid: 0, unverifiable: 0 })
    expect(authorization).toMatchObject([
      { status: 'incomplete', missing: [{ namespace: fingerprint('alice') }] },
    ])
  })

  test('an OR that is not met is one entry with its alternatives', () => {
    const at = desk()
    for (const one of [root('host'), root('dave')]) at.write(`${hashHex(one)}.cert`, one)
    at.write('before.cert', signedBy(change({ serial: 1 }), 'alice', 'host', 'dave'))
    at.write(
      'state.json',
      packageFile({ unsigned: [hosting()], known: [root('host'), root('dave')] }),
    )
    // dave leaves: the party or dave himself.
    at.write('after.prep', hosting({ serial: 2 }))
    const { authorization } = verify(
      at,
      6,
      'after.prep',
      '--state',
      'before.cert',
      '--state',
      'state.json',
    )
    const [alice, dave] = [fingerprint('alice'), fingerprint('dave')]
    expect(authorization[0]?.missing).toEqual([
      {
        namespace: alice,
        need: 1,
        of: 1,
        anyOf: [alice, dave].sort(),
        alternatives: [
          [{ namespace: alice, need: 1, of: 1, anyOf: [alice] }],
          [{ namespace: dave, need: 1, of: 1, anyOf: [dave] }],
        ],
      },
    ])
  })

  test.each([
    ['a signature that does not verify', () => damagedBy(delegation('alice', 'alice'), 'alice'), 4],
    ['a signer that has no say', () => signedBy(delegation('alice', 'alice'), 'mallory'), 6],
    [
      'a foreign signer on a root delegation',
      () => signedBy(delegation('alice', 'alice'), 'alice', 'mallory'),
      6,
    ],
    [
      'a removal of a root by its key',
      () => signedBy(delegation('alice', 'alice', { serial: 2, operation: REMOVE }), 'alice'),
      0,
    ],
  ] as const)('%s', (_what, make, status) => {
    const at = desk()
    at.write('one.cert', make())
    verify(at, status, 'one.cert', '--state', 'alice.pub', '--state', 'mallory.pub')
  })

  test('that a stranger has signed is not settled by an extract of the state', () => {
    const at = desk()
    at.write('roots.json', packageFile({ unsigned: [hosting()], known: [root('alice')] }))
    at.write('one.cert', signedBy(delegation('alice', 'bob'), 'bob'))
    // The network may have a delegation to bob that the state lacks.
    expect(statusesOf(verify(at, 6, 'one.cert', '--state', 'roots.json'))).toEqual(['unknown'])
  })

  test('that only listed keys have signed is unauthorized: a node takes it not even as a proposal', () => {
    const at = desk()
    at.write('host.cert', root('host'))
    at.write('one.cert', signedBy(hosting({ keys: ['alice', 'bob'] }), 'bob'))
    const [entry] = verify(at, 4, 'one.cert', '--state', 'host.cert').authorization
    expect(entry?.status).toBe('unauthorized')
    expect(entry?.reasons?.map(({ code }) => code)).toEqual(['no-namespace-signature'])
    expect(entry?.missing.map((one) => one['namespace'] ?? one['key'])).toEqual([
      fingerprint('alice'),
      fingerprint('host'),
      fingerprint('alice'),
    ])
  })

  test('with a key that is not known is not decided', () => {
    const at = desk()
    at.write('one.cert', signedBy(delegation('alice', 'bob'), 'alice'))
    const { signatures, authorization } = verify(at, 6, 'one.cert')
    expect(signatures).toEqual({ valid: 0, invalid: 0, unverifiable: 1 })
    expect(authorization[0]?.status).toBe('unknown')
    expect(verify(at, 6, 'one.cert', '--state', 'alice.pub').signatures.valid).toBe(1)
  })

  test('with a serial that the state has used is not decided', () => {
    const at = desk()
    at.write('used.cert', signedBy(delegation('alice', 'bob', { serial: 2 }), 'alice'))
    at.write('root.cert', root('alice'))
    at.write('one.cert', signedBy(delegation('alice', 'bob'), 'alice'))
    const [entry] = verify(
      at,
      6,
      'one.cert',
      '--state',
      'used.cert',
      '--state',
      'root.cert',
    ).authorization
    expect(entry?.status).toBe('unknown')
    expect(entry?.reasons?.map(({ code }) => code)).toContain('serial-used')
  })

  test('with something that is not signed is exit 3, and a bad signature beside it 4', () => {
    const at = desk()
    const bare = wrap(
      Buffer.concat([
        encodeMessage('TopologyTransaction', {
          operation: 1,
          serial: 1,
          mapping: {
            mapping: hostingMapping(fingerprint('alice'), [{ key: person('host') }], {
              keys: [person('alice')],
            }),
          },
        }),
        Uint8Array.of(0x7a, 1, 0x61),
      ]),
    )
    at.write('odd.cert', signedBy(bare, 'alice'))
    at.write('bad.cert', damagedBy(bare, 'alice'))
    expect(verify(at, 3, 'odd.cert').warnings.map(({ code }) => code)).toContain('unknown-field')
    verify(at, 4, 'bad.cert')
  })

  test('is not believed beside state with a signature that does not verify', () => {
    const at = desk()
    at.write('root.cert', root('alice'))
    at.write('bad.cert', damagedBy(delegation('bob', 'bob'), 'bob'))
    const { error } = verify(at, 4, 'root.cert', '--state', 'bad.cert')
    expect(error?.code).toBe('state-invalid')
  })

  test('signatures only: nothing is decided', () => {
    const at = desk()
    at.write('party.cert', signedBy(hosting({ keys: ['alice', 'bob'] }), 'alice'))
    const document = verify(at, 0, 'party.cert', '--signatures-only')
    expect(document.authorization).toEqual([])
    at.write('bad.cert', damagedBy(hosting(), 'alice'))
    verify(at, 4, 'bad.cert', '--signatures-only')
  })
})

describe('a package', () => {
  const two = [delegation('alice', 'alice'), hosting()]

  test('names who is missing for each transaction, in their order', () => {
    const at = desk()
    at.write('in.json', packageFile({ unsigned: two, known: [root('host')] }))
    const { authorization, transactions } = verify(at, 6, 'in.json')
    expect(transactions).toBe(2)
    expect(authorization.map(({ hash }) => hash)).toEqual(two.map(hashHex))
    expect(
      authorization.map(({ missing }) => missing.map((one) => one['namespace'] ?? one['key'])),
    ).toEqual([
      [fingerprint('alice')],
      [fingerprint('alice'), fingerprint('host'), fingerprint('alice')],
    ])
  })

  test('is complete once everybody has signed, with state inside or beside it', () => {
    const at = desk()
    const transactions = two.map((bytes, i) => ({
      bytes,
      proposal: true,
      signatures: (i === 0 ? ['alice'] : ['alice', 'host']).map((name) =>
        person(name as 'alice' | 'host').signature(transactionHash(bytes)),
      ),
    }))
    at.write('inside.json', packageFile({ transactions, known: [root('host')] }))
    at.write('alone.json', packageFile({ transactions }))
    at.write('host.cert', root('host'))
    expect(statusesOf(verify(at, 0, 'inside.json'))).toEqual(['authorized', 'authorized'])
    expect(statusesOf(verify(at, 6, 'alone.json'))).toEqual(['authorized', 'unknown'])
    verify(at, 0, 'alone.json', '--state', 'host.cert')
  })

  test('an owner short of the threshold is named with the number that is needed', () => {
    const at = desk()
    const owners = (['alice', 'bob', 'carol'] as const).map(person)
    const definition = transactionBytes(definitionMapping(owners, 2))
    const namespace = namespaceOf(owners)
    const transaction = transactionBytes(hostingMapping(namespace, [{ key: person('host') }]))
    const known = [
      root('alice'),
      root('bob'),
      root('carol'),
      root('host'),
      signedBy(
        delegation('carol', 'dave', { restriction: { $case: 'canSignAllMappings', value: {} } }),
        'carol',
      ),
      signedBy(definition, 'alice', 'bob', 'carol'),
    ]
    const signatures = [person('bob'), person('host')].map((one) =>
      one.signature(transactionHash(transaction)),
    )
    at.write(
      'in.json',
      packageFile({ transactions: [{ bytes: transaction, proposal: true, signatures }], known }),
    )
    const [entry] = verify(at, 6, 'in.json').authorization
    const [alice, carol, dave] = [fingerprint('alice'), fingerprint('carol'), fingerprint('dave')]
    expect(entry?.signed).toEqual([fingerprint('bob'), fingerprint('host')].sort())
    expect(entry?.missing).toMatchObject([
      { namespace, need: 1, of: 2, anyOf: [alice, carol, dave].sort() },
    ])
    const owned = entry?.missing[0]?.['owners'] as readonly { readonly namespace: string }[]
    expect(owned.map((one) => one.namespace).sort()).toEqual([alice, carol].sort())
  })

  test('a combined signature counts for what carries it', () => {
    const at = desk()
    const both = [delegation('alice', 'alice'), delegation('bob', 'bob')]
    const hash = combinedHash(both.map(transactionHash))
    const combined = [
      {
        transactionHashes: both.map(hashHex),
        signatures: [person('alice').signature(hash), person('bob').signature(hash)],
      },
    ]
    at.write('in.json', packageFile({ unsigned: both, combined }))
    const { authorization, signatures } = verify(at, 0, 'in.json')
    expect(signatures.valid).toBe(2)
    expect(authorization.map(({ signed }) => signed)).toEqual([
      [fingerprint('alice')],
      [fingerprint('bob')],
    ])
  })

  test('with a signature that does not verify is exit 4, whatever else is there', () => {
    const at = desk()
    const [bytes] = two
    if (bytes === undefined) throw new Error('no transaction')
    const good = person('alice').signature(transactionHash(bytes))
    const bad = { ...good, signature: good.signature.map((byte, i) => (i === 5 ? byte ^ 1 : byte)) }
    at.write(
      'in.json',
      packageFile({ transactions: [{ bytes, proposal: true, signatures: [bad] }] }),
    )
    const { signatures } = verify(at, 4, 'in.json')
    expect(signatures).toEqual({ valid: 0, invalid: 1, unverifiable: 0 })
    verify(at, 4, 'in.json', '--signatures-only')
  })

  test('that says another hash than its bytes have is refused', () => {
    const at = desk()
    const text = textOf(packageFile({ unsigned: two }))
    at.write('in.json', bytesOf(text.replace(hashHex(hosting()), hashHex(change()))))
    expect(verify(at, 4, 'in.json').error?.code).toBe('package-hash-mismatch')
  })

  test('a package that was signed is state for another', () => {
    const at = desk()
    const bytes = delegation('host', 'host')
    const signatures = [person('host').signature(transactionHash(bytes))]
    at.write('host.json', packageFile({ transactions: [{ bytes, proposal: false, signatures }] }))
    at.write('party.cert', inForce())
    verify(at, 0, 'party.cert', '--state', 'host.json')
  })
})

describe('--trust', () => {
  const setup = (): Desk => {
    const at = desk()
    at.write('party.cert', inForce())
    at.write('host.cert', root('host'))
    return at
  }
  const args = ['party.cert', '--state', 'host.cert'] as const

  test('leaves what rests on the named namespaces as it is', () => {
    const at = setup()
    verify(at, 0, ...args)
    verify(at, 0, ...args, '--trust', fingerprint('alice'), '--trust', fingerprint('host'))
  })

  test('makes everything else unknown, and names whom nobody vouches for', () => {
    const at = setup()
    const { authorization } = verify(at, 6, ...args, '--trust', fingerprint('alice'))
    expect(authorization[0]).toMatchObject({ status: 'unknown' })
    expect(authorization[0]?.reasons).toContainEqual({
      code: 'namespace-not-trusted',
      subjects: [fingerprint('host')],
    })
  })

  test('does not take the word of a package for its synchronizer', () => {
    const at = desk()
    const removal = transactionBytes(
      hostingMapping(fingerprint('alice'), [{ key: person('host') }], { keys: [person('alice')] }),
      2,
      REMOVE,
    )
    const signatures = [person('mallory').signature(transactionHash(removal))]
    at.write(
      'in.json',
      packageFile({
        network: { synchronizerId: `sync::${fingerprint('mallory')}` },
        transactions: [{ bytes: removal, proposal: false, signatures }],
        known: [...proved(), root('mallory')],
      }),
    )
    expect(statusesOf(verify(at, 0, 'in.json'))).toEqual(['authorized'])
    const trust = ['alice', 'host'].flatMap((name) => ['--trust', fingerprint(name as 'alice')])
    expect(statusesOf(verify(at, 6, 'in.json', ...trust))).toEqual(['unknown'])
  })

  test.each([
    ['what is no fingerprint', ['--trust', 'alice'], 'identifier-invalid'],
    ['what decides nothing', ['--trust', fingerprint('alice'), '--signatures-only'], 'usage'],
    ['what decides nothing, strictly', ['--strict', '--signatures-only'], 'usage'],
  ])('refuses %s', (_what, more, code) => {
    const at = setup()
    const result = at.run('verify', ...args, ...more, '--json')
    expect(result.status).toBe(code === 'usage' ? 2 : 3)
    expect((JSON.parse(result.stdout) as Verified).error?.code).toBe(code)
  })
})

describe('what cannot be verified', () => {
  test.each([
    ['a key', 'alice.pub', 'file-kind'],
    ['a hash', 'one.hash', 'file-kind'],
    ['nothing at all', 'absent', 'file-unreadable'],
    ['other JSON', 'other.json', 'package-format'],
    ['noise', 'noise', 'file-unrecognised'],
  ])('%s', (_what, file, code) => {
    const at = desk()
    at.write('one.hash', transactionHash(hosting()))
    at.write('other.json', '{"a":1}')
    at.write('noise', 'noise')
    expect(verify(at, 3, file).error?.code).toBe(code)
  })
})

describe('for a person', () => {
  test('who signed, who is missing and how it ends', () => {
    const at = desk()
    at.write(
      'in.json',
      packageFile({
        unsigned: [hosting({ keys: ['alice', 'bob'] })],
        known: [root('host')],
        text: { reason: 'because\u001b[2J\u202e' },
      }),
    )
    at.run('sign', 'in.json', '--key', 'alice.key', '-o', 'out.json', '--yes')
    const { status, stdout } = at.run('verify', 'out.json')
    expect(status).toBe(6)
    expect(stdout).toContain('incomplete')
    expect(stdout).toMatch(new RegExp(`signed by\\n +${fingerprint('alice')}`))
    expect(stdout).toMatch(new RegExp(`the namespace ${fingerprint('host')}\\n +by its own key`))
    expect(stdout).toContain(`the key ${fingerprint('bob')} itself`)
    expect(stdout).not.toMatch(/[\u001b\u202e]/)
  })

  test('a refusal says why', () => {
    const at = desk()
    at.write('bad.cert', damagedBy(delegation('alice', 'alice'), 'alice'))
    const { status, stdout } = at.run('verify', 'bad.cert')
    expect(status).toBe(4)
    expect(stdout).toMatch(/unauthorized\n +- a signature that would count does not verify/)
    expect(stdout).toContain('NOT VALID')
  })
})
