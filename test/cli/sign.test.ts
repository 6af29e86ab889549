/** `sign` on packages and transaction files: what is signed, what is refused, what scripts read. */
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { concatBytes, toHex } from '../../src/base/bytes.ts'
import { readSignedTransaction } from '../../src/topology/signed-transaction.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import { unwrap, wrap } from '../../src/wire/codec.ts'
import { definitionMapping, namespaceOf, REMOVE } from '../authorization/signed.ts'
import { bytesOf, corrupted, hashHex, transactionBytes } from '../package/support.ts'
import { fromHex } from '../support/vectors.ts'
import {
  change,
  changeSpec,
  damagedBy,
  delegation,
  desk,
  document,
  fingerprint,
  hosting,
  inForce,
  offer,
  packageFile,
  person,
  proved,
  refusal,
  signArgs,
  signedBy,
  verifies,
  type Desk,
  type Person,
} from './support/desk.ts'

const missingHost = {
  namespace: fingerprint('dave'),
  need: 1,
  of: 1,
  anyOf: [],
}

describe('a package', () => {
  test('is written anew with one signature more', () => {
    const at = offer()
    expect(document(at, signArgs('alice'))).toEqual({
      hash: hashHex(change()),
      combined: null,
      signedBy: fingerprint('alice'),
      algorithm: 'ED25519',
      format: 'CONCAT',
      proposal: null,
      verified: { nodeCrypto: 1, noble: 0 },
      output: 'out.json',
      transactions: [{ hash: hashHex(change()), status: 'incomplete', missing: [missingHost] }],
    })
    const [before, after] = [at.package('in.json'), at.package('out.json')]
    const [own] = after.transactions
    expect(own?.signatures.map((one) => one.signedBy)).toEqual([fingerprint('alice')])
    const signature = own?.signatures[0]?.signature ?? new Uint8Array()
    expect(verifies('alice', signature, transactionHash(change()))).toBe(true)
    expect({ ...after, transactions: [{ ...own, signatures: [] }] }).toEqual(before)
  })

  test('is signed where the key is asked for, and nowhere else', () => {
    const at = offer([change(), delegation('bob', 'bob'), delegation('alice', 'alice')])
    const { status, stderr } = at.run(...signArgs('alice'))
    expect(status).toBe(0)
    expect(stderr).toContain(
      `1 transaction of the package not signed by this key (not asked for, or signed already)\n  ${hashHex(delegation('bob', 'bob'))}`,
    )
    const signers = at.package('out.json').transactions.map(({ signatures }) => signatures.length)
    expect(signers).toEqual([1, 0, 1])
  })

  test('is signed only as far as it is named', () => {
    const at = offer([change(), delegation('alice', 'alice')])
    const named = ['--transaction', hashHex(delegation('alice', 'alice'))]
    document(at, signArgs('alice', named))
    const signers = at.package('out.json').transactions.map(({ signatures }) => signatures.length)
    expect(signers).toEqual([0, 1])
  })

  test.each<[string, Person, readonly string[], string]>([
    ['by a key that state does not entitle', 'mallory', [], 'key-unneeded'],
    ['by the owner of another host', 'bob', [], 'key-unneeded'],
    ['by a key that has signed', 'host', [], 'key-already-signed'],
  ])('is not signed %s', (_who, name, more, code) => {
    const at = desk()
    const hash = transactionHash(change())
    at.write(
      'in.json',
      packageFile({
        transactions: [
          { bytes: change(), proposal: true, signatures: [person('host').signature(hash)] },
        ],
        known: proved(),
      }),
    )
    const error = refusal(at, 8, signArgs(name, more))
    expect(error.code).toBe(code)
    expect(error.message).toContain(fingerprint(name))
  })

  test('without state a key that it does not name signs with a warning', () => {
    const at = offer([change()], [])
    const { status, stderr } = at.run(...signArgs('bob', ['--quiet']))
    expect(status).toBe(0)
    expect(stderr).toBe(
      `cantosign: warning: ${hashHex(change())} does not name the key ${fingerprint('bob')}; ` +
        'whether it may act by a delegation cannot be told without topology state\n',
    )
  })

  test('a delegate is told that the owner it signs for is removed', () => {
    const owners = ['alice', 'bob', 'carol'] as const
    const namespace = namespaceOf(owners.map(person))
    const define = (names: readonly Person[], serial: number): Uint8Array =>
      transactionBytes(definitionMapping(names.map(person), 2, namespace), serial)
    const known = [
      ...owners.map((name) => signedBy(delegation(name, name), name)),
      signedBy(define(owners, 1), ...owners),
      signedBy(delegation('carol', 'dave'), 'carol'),
    ]
    const at = offer([define(['alice', 'bob'], 2)], known)
    const { code, details } = refusal(at, 8, signArgs('dave'))
    expect({ code, details }).toMatchObject({
      code: 'danger-not-accepted',
      details: { dangers: ['own-control-lost'] },
    })
  })

  test('a delegate is no second signer of a root delegation either', () => {
    const root = delegation('alice', 'alice')
    const known = [signedBy(root, 'alice'), signedBy(delegation('alice', 'bob'), 'alice')]
    const { code, details } = refusal(
      offer([root], known),
      8,
      signArgs('bob', ['--allow-unneeded']),
    )
    expect(code).toBe('danger-not-accepted')
    expect(details).toMatchObject({ dangers: ['root-foreign-signature'] })
  })

  test('a root delegation takes no second signer, unless its danger is accepted too', () => {
    const at = offer([delegation('alice', 'alice')], [])
    expect(refusal(at, 8, signArgs('bob')).code).toBe('key-unneeded')
    expect(refusal(at, 8, signArgs('bob', ['--allow-unneeded']))).toMatchObject({
      code: 'danger-not-accepted',
      details: { dangers: ['root-foreign-signature'] },
    })
    const accepted = ['--allow-unneeded', '--accept-danger', 'root-foreign-signature']
    expect(document(at, signArgs('bob', accepted))['signedBy']).toBe(fingerprint('bob'))
  })

  test.each([
    ['that it does not hold', hashHex(hosting())],
    ['by half its hash', hashHex(change()).slice(0, 40)],
    ['in upper case', hashHex(change()).toUpperCase()],
  ])('is not signed if a transaction is named %s', (_how, name) => {
    const error = refusal(offer(), 3, signArgs('alice', ['--transaction', name]))
    expect(error.code).toBe('package-transaction-absent')
    expect(error.message).toContain(name)
  })

  test('a signature of another that does not verify is named, and hinders nobody', () => {
    const at = desk()
    const signature = corrupted(person('host').signature(transactionHash(change())))
    const transaction = { bytes: change(), proposal: true, signatures: [signature] }
    at.write('in.json', packageFile({ transactions: [transaction], known: proved() }))
    const { status, stderr } = at.run(...signArgs('alice', ['--quiet']))
    expect(status).toBe(0)
    expect(stderr).toBe(
      `cantosign: warning: the signature by ${fingerprint('host')} over ${hashHex(change())} does not verify\n`,
    )
  })

  test('a broken signature of the key itself gives way', () => {
    const at = desk()
    const signature = corrupted(person('alice').signature(transactionHash(change())))
    const transaction = { bytes: change(), proposal: true, signatures: [signature] }
    at.write('in.json', packageFile({ transactions: [transaction], known: proved() }))
    const { status, stderr } = at.run(...signArgs('alice'))
    expect(status).toBe(0)
    expect(stderr).toContain('an earlier signature by this key did not verify and gave way')
    const [own] = at.package('out.json').transactions
    expect(own?.signatures.length).toBe(1)
    expect(
      verifies(
        'alice',
        own?.signatures[0]?.signature ?? new Uint8Array(),
        transactionHash(change()),
      ),
    ).toBe(true)
  })
})

describe('what is shown before', () => {
  test('is what changes, who is missing, what the signature adds, and what endangers', () => {
    const { stderr } = offer().run(...signArgs('alice'))
    const order = [
      'in.json',
      `hash        ${hashHex(change())}`,
      'in words',
      'what changes against serial 1',
      'who has to sign',
      'with this signature',
      'and then',
      'before signing',
      'signature-unbound',
      `with the key    ${fingerprint('alice')}`,
      `signed ${hashHex(change())}`,
    ].map((text) => stderr.indexOf(text))
    expect(order).not.toContain(-1)
    expect(order).toEqual(order.toSorted((a, b) => a - b))
    expect(stderr).toMatch(new RegExp(`^  \\+ .*host::${fingerprint('dave')}`, 'm'))
    expect(stderr).not.toContain('does not prove')
  })

  test.each([
    ['one of several to come', signArgs('alice'), 'once nothing is missing, whoever has'],
    ['the last one', signArgs('dave', [], 'first.json'), 'nothing is missing: whoever has'],
  ])('is what happens when all have signed: %s', (_which, args, consequence) => {
    const at = offer([change()], [...proved(), signedBy(delegation('dave', 'dave'), 'dave')])
    at.run('sign', 'in.json', '--key', 'alice.key', '--yes', '-o', 'first.json')
    expect(at.run(...args).stderr.replace(/\s+/g, ' ')).toContain(`and then ${consequence}`)
  })

  test('is so too where listed keys alone have signed, though a node would reject that', () => {
    const at = offer([change({ keys: ['alice', 'bob'] })])
    const { stderr } = at.run(...signArgs('bob', ['--accept-danger', 'party-key-acts-alone']))
    expect(stderr).toContain('with this signature\n  unauthorized')
    expect(stderr).toContain('once nothing is missing, whoever has')
  })

  test('promises no effect of a signature that counts for nothing', () => {
    const revoked = [
      signedBy(delegation('alice', 'alice'), 'alice'),
      signedBy(delegation('alice', 'bob'), 'alice'),
      signedBy(delegation('alice', 'bob', { serial: 2, operation: REMOVE }), 'alice'),
    ]
    const at = offer([delegation('alice', 'carol')], revoked)
    const accept = ['--allow-unneeded', '--accept-danger', 'delegate-may-delegate']
    const { status, stderr } = at.run(...signArgs('bob', accept))
    expect(status).toBe(0)
    expect(stderr).toContain('with this signature\n  unauthorized')
    expect(stderr).not.toContain('and then')
  })

  test('says of state that is not proved that it may be forged', () => {
    const { stderr } = offer([change()], [inForce()]).run(...signArgs('alice'))
    expect(stderr).toContain('what changes against serial 1')
    expect(stderr).toContain('the state holds it and does not prove it: it may be forged')
    expect(stderr).toContain('1 state transaction not believed')
  })

  test('says that a change cannot be shown without state', () => {
    const { stderr } = offer([change()], []).run(...signArgs('alice'))
    expect(stderr).toContain('what is in force is not known here: the change cannot be shown')
  })

  test('holds no control characters of free text', () => {
    const at = desk()
    const text = { requestedBy: 'eve', reason: 'urgent\u001b[2J\u202egnp.exe', validUntil: 'now' }
    at.write('in.json', packageFile({ unsigned: [change()], known: proved(), text }))
    const { status, stderr } = at.run(...signArgs('alice'))
    expect(status).toBe(0)
    expect(stderr).toContain('urgent\\u{1b}[2J\\u{202e}gnp.exe')
    expect(stderr).toContain('nothing checks it, no signature binds it')
    expect(stderr).not.toMatch(/[\u001b\u202e]/)
  })

  test('is nothing with --quiet and --yes', () => {
    const { status, stdout, stderr } = offer().run(...signArgs('alice', ['--quiet']))
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
  })
})

describe('a file with one transaction', () => {
  const laid = (): Desk => {
    const at = desk()
    at.write('in.bin', delegation('alice', 'alice'))
    return at
  }

  test('becomes a signed transaction, complete only if it proves so', () => {
    const at = laid()
    expect(document(at, signArgs('alice', [], 'in.bin'))).toMatchObject({
      hash: hashHex(delegation('alice', 'alice')),
      proposal: false,
      transactions: [{ status: 'authorized', missing: [] }],
    })
    const { value, transaction } = readSignedTransaction(at.read('out.json'))
    expect(toHex(transaction.hash)).toBe(hashHex(delegation('alice', 'alice')))
    expect(value?.proposal).toBe(false)
    expect(value?.signatures.map((one) => one.signedBy)).toEqual([fingerprint('alice')])
  })

  test('becomes a proposal otherwise, or as is said', () => {
    const at = desk()
    at.write('in.bin', change())
    const { status, stderr } = at.run(...signArgs('alice', [], 'in.bin'))
    expect(status).toBe(0)
    expect(stderr).toContain('written as a proposal')
    expect(readSignedTransaction(at.read('out.json')).value?.proposal).toBe(true)
    at.write('second.bin', at.read('out.json'))
    const chosen = ['--proposal', 'false', '--force']
    expect(document(at, signArgs('host', chosen, 'second.bin'))['proposal']).toBe(false)
  })

  test('--detached gives the bare bytes', () => {
    const at = laid()
    expect(document(at, signArgs('alice', ['--detached'], 'in.bin'))['proposal']).toBeNull()
    const signature = at.read('out.json')
    expect(signature.length).toBe(64)
    expect(verifies('alice', signature, transactionHash(delegation('alice', 'alice')))).toBe(true)
  })

  test.each<[string, Uint8Array, number, string]>([
    ['has signed', signedBy(hosting(), 'alice'), 8, 'key-already-signed'],
    ['seems to have signed', damagedBy(hosting(), 'alice'), 4, 'signature-invalid'],
  ])('is not signed by a key that %s, though the file lacks it', (_what, bytes, status, code) => {
    const at = desk()
    at.write('in.bin', bytes)
    expect(refusal(at, status, signArgs('alice', ['--allow-unneeded'], 'in.bin')).code).toBe(code)
  })
})

describe('is refused as a mistake', () => {
  test.each<[string, readonly string[], number, string]>([
    ['--combined for a file', ['--combined'], 2, 'usage'],
    ['a danger that does not exist', ['--accept-danger', 'no-such'], 2, 'usage'],
    ['a finding that does not exist', ['--accept-finding', 'no-such'], 2, 'usage'],
    ['a finding that cannot be accepted', ['--accept-finding', 'truncated'], 2, 'usage'],
    ['dangers beside a policy', ['--accept-danger', 'serial-taken', '--policy', 'x'], 2, 'usage'],
    ['--blind for a transaction', ['--blind', '--detached'], 2, 'blind-not-hash'],
    [
      'another transaction than the file',
      ['--transaction', hashHex(hosting())],
      3,
      'package-transaction-absent',
    ],
    ['state that proves nothing', ['--state', 'in.bin'], 3, 'file-kind'],
  ])('%s', (_what, more, status, code) => {
    const at = desk()
    at.write('in.bin', change())
    expect(refusal(at, status, signArgs('alice', more, 'in.bin')).code).toBe(code)
  })

  test('a danger that does not exist, with where its codes are named', () => {
    const at = desk()
    at.write('in.bin', change())
    const { hint } = refusal(at, 2, signArgs('alice', ['--accept-danger', 'no-such'], 'in.bin'))
    expect(hint).toContain('leave the option out')
  })

  test.each<[string, readonly string[], string]>([
    ['--proposal for a package', ['--proposal', 'true'], 'usage'],
    ['--detached for several transactions', ['--detached'], 'usage'],
    ['two keys', ['--key', 'bob.key'], 'usage'],
  ])('%s', (_what, more, code) => {
    const at = offer([change(), delegation('alice', 'alice')])
    expect(refusal(at, 2, signArgs('alice', more)).code).toBe(code)
  })

  test.each<[string, string, readonly string[], number, string]>([
    ['a bare hash', 'hash', [], 2, 'blind-missing'],
    ['a bare hash with --blind alone', 'hash', ['--blind'], 2, 'blind-missing'],
    [
      'a bare hash held against a spec',
      'hash',
      ['--blind', '--detached', '--expect', 'x'],
      2,
      'usage',
    ],
    [
      'a bare hash with an accepted finding',
      'hash',
      ['--blind', '--detached', '--accept-finding', 'unknown-field'],
      2,
      'usage',
    ],
    ['32 bytes', 'short', ['--blind', '--detached'], 2, 'blind-not-hash'],
    ['a key', 'alice.pub', [], 3, 'file-kind'],
    ['nothing that is known', 'noise', [], 3, 'file-unrecognised'],
    ['an empty file', 'empty', [], 3, 'file-empty'],
    ['a file that is not there', 'gone', [], 3, 'file-unreadable'],
    ['JSON that is no package', 'other.json', [], 3, 'package-format'],
  ])('%s', (_what, input, more, status, code) => {
    const at = desk()
    at.write('hash', transactionHash(change()))
    at.write('short', transactionHash(change()).slice(2))
    at.write('noise', bytesOf('\u0000\u0001 no such thing'))
    at.write('empty', '')
    at.write('other.json', '{"format": "another"}')
    expect(refusal(at, status, signArgs('alice', more, input)).code).toBe(code)
  })

  test.each(['sign', 'transaction sign'])('no key, whatever else is missing: %s', (words) => {
    const { status, stderr } = offer().run(...words.split(' '), 'none', '-o', 'x')
    expect(status).toBe(2)
    expect(stderr).toContain('no key is given [usage]')
  })

  test('no terminal and no --yes', () => {
    const at = offer()
    const args = ['sign', 'in.json', '--key', 'alice.key', '-o', 'out.json']
    expect(refusal(at, 2, args).code).toBe('no-terminal')
    at.write('agreed.yaml', changeSpec())
    expect(refusal(at, 2, [...args, '--expect', 'agreed.yaml']).code).toBe('no-terminal')
  })

  test('no output, or one that is there already', () => {
    const at = offer()
    expect(refusal(at, 2, ['sign', 'in.json', '--key', 'alice.key', '--yes']).code).toBe(
      'output-missing',
    )
    const onto = (output: string): readonly string[] =>
      signArgs('alice').map((one) => (one === 'out.json' ? output : one))
    const before = at.read('in.json')
    expect(refusal(at, 2, onto('in.json')).code).toBe('output-exists')
    expect(at.read('in.json')).toEqual(before)
  })

  test('a key that others can read', () => {
    const at = offer()
    chmodSync(join(at.directory, 'alice.key'), 0o640)
    expect(refusal(at, 5, signArgs('alice')).code).toBe('key-file-mode')
  })
})

test.each([
  ['a number', '4801'],
  ['eight bytes', '49ffffffffffffffff'],
  ['bytes', '4a0141'],
  ['four bytes', '4d0a000000'],
])('a field of %s beside the signatures is left out, and they stay', (_what, field) => {
  const at = desk()
  const before = signedBy(change(), 'alice')
  at.write('in.bin', withField(before, field))
  const accepted = ['--accept-finding', 'unknown-field']
  const { status, stderr } = at.run(...signArgs('dave', accepted, 'in.bin'))
  expect({ status, stderr }).toEqual({ status: 0, stderr })
  const { value, findings } = readSignedTransaction(at.read('out.json'))
  expect(findings).toEqual([])
  expect(value?.transaction).toEqual(change())
  expect(value?.signatures).toMatchObject([
    person('alice').signature(transactionHash(change())),
    { signedBy: fingerprint('dave') },
  ])
})

test('a finding is signed only if it is accepted by its name', () => {
  const at = desk()
  at.write('in.bin', withField(change(), '7a03616263'))
  const args = (...more: readonly string[]): readonly string[] => signArgs('alice', more, 'in.bin')
  expect(refusal(at, 3, args()).code).toBe('unknown-field')
  expect(refusal(at, 3, args('--accept-finding', 'duplicate-field')).code).toBe('unknown-field')
  const { status, stderr } = at.run(...args('--accept-finding', 'unknown-field'))
  expect(status).toBe(0)
  expect(stderr).toContain('fields outside the schema')
  expect(stderr).toContain('unknown-field')
})

/** The content of a wrapper with one more field behind it, wrapped again. */
const withField = (wrapped: Uint8Array, field: string): Uint8Array =>
  wrap(concatBytes(unwrap(wrapped), fromHex(field)))
