/**
 * Attempts to trick the signer, each through the executable: it ends in an exit status and a message
 * that names the trick, nothing is written, and the honest twin of the same input signs.
 */
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { assembleSignedTransaction } from '../../src/topology/assemble.ts'
import { mappingRow } from '../../src/topology/mapping.ts'
import { combinedHash } from '../../src/topology/namespace.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import { encodeMessage, wrap } from '../../src/wire/codec.ts'
import { delegationMapping, hostingMapping, REMOVE } from '../authorization/signed.ts'
import { bytesOf, hashHex, textOf, transactionBytes } from '../package/support.ts'
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
  packageFile,
  person,
  refusal,
  signArgs,
  signedBy,
  type Desk,
  type Refusal,
} from './support/desk.ts'

interface Attempt {
  readonly trick: string
  /** Lays out the honest input; what it gives are the arguments. */
  readonly honest: (at: Desk) => readonly string[]
  readonly tricked: (at: Desk) => readonly string[]
  readonly status: number
  readonly code: string
  /** What the message has to say, so that a person knows what was tried. */
  readonly names: readonly string[]
}

/** A package with the change in it and the state it follows. */
function offered(at: Desk, transaction = change(), ...known: readonly Uint8Array[]): void {
  at.write('in.json', packageFile({ unsigned: [transaction], known: [inForce(), ...known] }))
}

/** The same file with another text in one place. */
function edited(at: Desk, from: string, to: string): void {
  const text = textOf(at.read('in.json'))
  if (!text.includes(from)) throw new Error(`the package has no ${from}`)
  at.write('in.json', text.replace(from, to))
}

const honestly =
  (...more: readonly string[]) =>
  (at: Desk): readonly string[] => {
    offered(at)
    return signArgs('alice', more)
  }

const expecting =
  (transaction = change(), spec = changeSpec()) =>
  (at: Desk): readonly string[] => {
    offered(at, transaction)
    at.write('agreed.yaml', spec)
    return signArgs('alice', ['--expect', 'agreed.yaml'])
  }

const attaching =
  (signed: Uint8Array) =>
  (at: Desk): readonly string[] => {
    offered(at)
    at.write('signature', person('alice').signBytes(signed))
    const by = ['--signature', 'signature', '--signed-by', fingerprint('alice')]
    return ['attach', 'in.json', ...by, '-o', 'out.json']
  }

const TAG_LENGTH_DELIMITED = 2
function field(number: number, content: Uint8Array): Uint8Array {
  const low = content.length & 0x7f
  return Uint8Array.of(
    (number << 3) | TAG_LENGTH_DELIMITED,
    ...(content.length < 128 ? [low] : [low | 0x80, content.length >> 7]),
    ...content,
  )
}

const OPERATION_AND_SERIAL = Uint8Array.of(0x08, 1, 0x10, 2)
const mappingBytes = (mapping: Parameters<typeof transactionBytes>[0]): Uint8Array =>
  encodeMessage('TopologyMapping', { mapping })
const observed = hostingMapping(fingerprint('alice'), [
  { key: person('host') },
  { key: person('dave'), permission: 3, onboarding: true },
])

/** What the fields say, with bytes behind them that no field of the schema has. */
const withUnknownField = (): Uint8Array =>
  wrap(
    Uint8Array.of(
      ...OPERATION_AND_SERIAL,
      ...field(3, mappingBytes(observed)),
      ...field(15, bytesOf('host::elsewhere')),
    ),
  )

/** One reader sees the hosting, another a delegation. */
const withSecondMapping = (): Uint8Array => {
  const hidden = delegationMapping(person('alice'), person('mallory'))
  const both = Uint8Array.of(...mappingBytes(observed), ...mappingBytes(hidden))
  return wrap(Uint8Array.of(...OPERATION_AND_SERIAL, ...field(3, both)))
}

/** A file that the host has signed over a list of transactions. */
function combinedFile(listed: readonly Uint8Array[], signed: readonly Uint8Array[]): Uint8Array {
  const signature = person('host').signature(combinedHash(signed.map(transactionHash)))
  return assembleSignedTransaction({
    transaction: change(),
    signatures: [],
    proposal: true,
    multiTransactionSignatures: [
      { transactionHashes: listed.map(transactionHash), signatures: [signature] },
    ],
  })
}

const combining =
  (listed: readonly Uint8Array[], signed = listed) =>
  (at: Desk): readonly string[] => {
    at.write('in.bin', combinedFile(listed, signed))
    at.write('state.json', packageFile({ unsigned: [hosting()], known: [inForce()] }))
    return signArgs('alice', ['--state', 'state.json', '--state', 'host.pub'], 'in.bin')
  }
const second = hosting({ serial: 7 })
const third = hosting({ serial: 8 })

/** A request that bob signs as a delegate of alice, with what proves that he is one. */
const delegated =
  (...known: readonly Uint8Array[]) =>
  (at: Desk): readonly string[] => {
    offered(at, change(), signedBy(delegation('alice', 'alice'), 'alice'), ...known)
    return signArgs('bob')
  }
const bobMay = (code?: number): Uint8Array =>
  signedBy(
    delegation('alice', 'bob', {
      ...(code === undefined
        ? {}
        : { restriction: { $case: 'canSignSpecificMapings', value: { mappings: [code] } } }),
    }),
    'alice',
  )

const copies =
  (other: Uint8Array) =>
  (at: Desk): readonly string[] => {
    at.write('one.json', packageFile({ unsigned: [change()], known: [inForce()] }))
    at.write('other.json', packageFile({ unsigned: [other], known: [inForce()] }))
    return ['combine', 'one.json', 'other.json', '-o', 'out.json']
  }

const named =
  (party: string) =>
  (at: Desk): readonly string[] => {
    const mapping = hostingMapping(fingerprint('alice'), [{ key: person('host') }], {
      keys: [person('alice')],
    })
    if (mapping.$case !== 'partyToParticipant') throw new Error('not a hosting')
    const value = { ...mapping.value, party: `${party}::${fingerprint('alice')}` }
    at.write('in.bin', transactionBytes({ ...mapping, value }))
    return signArgs('alice', [], 'in.bin')
  }

/** Asks for serial 3 alone; serial 2 is in the package as well, and nobody has signed it. */
const behind =
  (threshold: number) =>
  (at: Desk): readonly string[] => {
    const bob = { name: 'bob', permission: 2 } as const
    const before = hosting({ threshold: 2, more: [bob] })
    const between = hosting({ serial: 2, threshold, more: [bob, { name: 'carol' }] })
    const last = hosting({ serial: 3, threshold, more: [bob, { name: 'carol' }, { name: 'dave' }] })
    const roots = (['host', 'bob'] as const).map((name) => signedBy(delegation(name, name), name))
    const known = [signedBy(before, 'alice', 'host', 'bob'), ...roots]
    at.write('in.json', packageFile({ unsigned: [between, last], known }))
    return signArgs('alice', ['--transaction', hashHex(last)])
  }

/** Serial 3 is in force; a signed transaction that has its serial too stands before serial 4. */
const behindRival =
  (rival: boolean, serial = 3) =>
  (at: Desk): readonly string[] => {
    const bob = { name: 'bob', permission: 2 } as const
    const inForceNow = hosting({ serial: 3, threshold: 2, more: [bob, { name: 'carol' }] })
    const decoy = hosting({ serial, threshold: 1, more: [bob, { name: 'carol' }] })
    const next = hosting({
      serial: serial + 1,
      threshold: rival ? 1 : 2,
      more: [bob, { name: 'carol' }, { name: 'dave' }],
    })
    const names = ['alice', 'host', 'bob', 'carol'] as const
    const roots = names.map((name) => signedBy(delegation(name, name), name))
    const signatures = names.map((name) => person(name).signature(transactionHash(decoy)))
    const lasts = [{ bytes: next, proposal: true }]
    const transactions = rival ? [{ bytes: decoy, proposal: false, signatures }, ...lasts] : lasts
    const known = [...roots, signedBy(inForceNow, ...names)]
    at.write('in.json', packageFile({ transactions, known }))
    return signArgs('alice', ['--transaction', hashHex(next)])
  }

const attempts: readonly Attempt[] = [
  {
    trick: 'a package whose hash is that of another transaction',
    honest: honestly(),
    tricked: (at) => {
      offered(at)
      edited(at, hashHex(change()), hashHex(second))
      return signArgs('alice')
    },
    status: 4,
    code: 'package-hash-mismatch',
    names: ['transactions[0].hash', hashHex(change())],
  },
  {
    trick: 'a signature over the hash of another transaction',
    honest: attaching(transactionHash(change())),
    tricked: attaching(transactionHash(second)),
    status: 4,
    code: 'signature-invalid',
    names: [fingerprint('alice'), hashHex(change())],
  },
  {
    trick: 'an extra signing key of the party',
    honest: expecting(),
    tricked: expecting(change({ keys: ['alice', 'mallory'] })),
    status: 8,
    code: 'expectation-mismatch',
    names: ['partySigningKeys.keys', fingerprint('mallory'), 'absent is expected'],
  },
  {
    trick: 'a permission one step up',
    honest: expecting(),
    tricked: expecting(change({ more: [{ name: 'dave', permission: 2 }] })),
    status: 8,
    code: 'expectation-mismatch',
    names: [`participants[host::${fingerprint('dave')}].permission`, 'observation', 'confirmation'],
  },
  {
    trick: 'a confirmation threshold one step off',
    honest: expecting(),
    tricked: expecting(change({ threshold: 2 })),
    status: 8,
    code: 'expectation-mismatch',
    names: ['partyToParticipant.threshold 1 is expected, and there is 2'],
  },
  {
    trick: 'a decoy field outside the schema',
    honest: honestly(),
    tricked: (at) => {
      offered(at, withUnknownField())
      return signArgs('alice')
    },
    status: 3,
    code: 'unknown-field',
    names: ['#15'],
  },
  {
    trick: 'a second mapping in the same transaction',
    honest: honestly(),
    tricked: (at) => {
      offered(at, withSecondMapping())
      return signArgs('alice')
    },
    status: 3,
    code: 'oneof-conflict',
    names: ['mapping'],
  },
  {
    trick: 'a package whose summary lies about the serial',
    honest: honestly(),
    tricked: (at) => {
      offered(at)
      edited(at, '"serial": 2', '"serial": 3')
      return signArgs('alice')
    },
    status: 4,
    code: 'package-summary-mismatch',
    names: ['transactions[0].summary.serial', '2', '3'],
  },
  {
    trick: 'a package whose summary lies about the party',
    honest: honestly(),
    tricked: (at) => {
      offered(at)
      edited(at, `"party::${fingerprint('alice')}"`, `"party::${fingerprint('bob')}"`)
      return signArgs('alice')
    },
    status: 4,
    code: 'package-summary-mismatch',
    names: ['transactions[0].summary.subject', fingerprint('bob')],
  },
  {
    trick: 'a list of signed hashes that lacks this transaction',
    honest: combining([change(), second]),
    tricked: combining([second, third]),
    status: 3,
    code: 'multi-hash-mismatch',
    names: ['hash'],
  },
  {
    trick: 'a list of signed hashes with one too many',
    honest: combining([change(), second]),
    tricked: combining([change(), second, third], [change(), second]),
    status: 4,
    code: 'signature-invalid',
    names: ['does not verify'],
  },
  {
    trick: 'forged state: a delegation that a stranger signed',
    honest: delegated(bobMay()),
    tricked: delegated(signedBy(delegation('alice', 'bob'), 'mallory')),
    status: 8,
    code: 'key-unneeded',
    names: [hashHex(change()), fingerprint('bob')],
  },
  {
    trick: 'forged state: a delegation whose signature is damaged',
    honest: delegated(bobMay()),
    tricked: delegated(damagedBy(delegation('alice', 'bob'), 'alice')),
    status: 4,
    code: 'state-invalid',
    names: [hashHex(delegation('alice', 'bob')), 'does not verify'],
  },
  {
    trick: 'a delegation that was revoked',
    honest: delegated(bobMay()),
    tricked: delegated(
      bobMay(),
      signedBy(delegation('alice', 'bob', { serial: 2, operation: REMOVE }), 'alice'),
    ),
    status: 8,
    code: 'key-unneeded',
    names: [hashHex(change()), fingerprint('bob')],
  },
  {
    trick: 'a key that is restricted to other mappings',
    honest: delegated(bobMay(mappingRow('partyToParticipant').code)),
    tricked: delegated(bobMay(mappingRow('vettedPackages').code)),
    status: 8,
    code: 'key-unneeded',
    names: [hashHex(change()), fingerprint('bob')],
  },
  {
    trick: 'a transaction that is another in one of the copies',
    honest: copies(change()),
    tricked: copies(change({ threshold: 2 })),
    status: 3,
    code: 'package-transactions-differ',
    names: ['one.json', 'other.json', hashHex(change()), hashHex(change({ threshold: 2 }))],
  },
  {
    trick: 'a serial that goes back',
    honest: honestly(),
    tricked: (at) => {
      const later = hosting({ serial: 3, more: [{ name: 'bob', permission: 2 }] })
      offered(at, change(), signedBy(later, 'alice', 'host', 'bob'))
      return signArgs('alice')
    },
    status: 8,
    code: 'danger-not-accepted',
    names: ['serial-taken', 'the serial is 2, and serial 3 is in force already'],
  },
  {
    trick: 'an unsigned transaction before it, against which nothing dangerous changes',
    honest: behind(2),
    tricked: behind(1),
    status: 8,
    code: 'danger-not-accepted',
    names: ['confirmation-threshold-lowered', '1 confirmation will do where 2 were needed'],
  },
  {
    trick: 'a rival of what is in force, signed by all, against which nothing changes',
    honest: behindRival(false),
    tricked: behindRival(true),
    status: 8,
    code: 'danger-not-accepted',
    names: ['confirmation-threshold-lowered', '1 confirmation will do where 2 were needed'],
  },
  {
    trick: 'the same with a later serial',
    honest: behindRival(false),
    tricked: behindRival(true, 5),
    status: 8,
    code: 'danger-not-accepted',
    names: ['confirmation-threshold-lowered', '1 confirmation will do where 2 were needed'],
  },
  {
    trick: 'control characters in the name of a party',
    honest: named('alice'),
    tricked: named('ali\u001b[2Kce'),
    status: 3,
    code: 'unsafe-text',
    names: ['party'],
  },
]

describe.each(attempts)('$trick', ({ honest, tricked, status, code, names }) => {
  test('is refused, and named', () => {
    const at = desk()
    const error: Refusal = refusal(at, status, tricked(at))
    expect(error.code).toBe(code)
    for (const name of names) expect(error.message).toContain(name)
    expect(error.hint).not.toBe('')
  })

  test('while the honest twin signs', () => {
    const at = desk()
    document(at, honest(at))
    expect(at.has('out.json')).toBe(true)
  })
})

test('what a trick puts into a name reaches no terminal', () => {
  const at = desk()
  const { status, stdout, stderr } = at.run(...named('ali\u001b[2K\u202ece')(at))
  expect({ status, stdout }).toEqual({ status: 3, stdout: '' })
  expect(stderr).not.toMatch(/[\u001b\u202e]/)
  const inspected = at.run('inspect', 'in.bin')
  expect(inspected.stdout).toContain('\\u{1b}')
  expect(inspected.stdout).not.toMatch(/[\u001b\u202e]/)
})

test('what changes is shown against what is in force, and the claim in between is named', () => {
  const at = desk()
  const { status, stderr } = at.run(...behind(2)(at))
  expect(status).toBe(0)
  expect(stderr).toContain('what changes against serial 1')
  expect(stderr).toContain(`${fingerprint('carol')} is added`)
  expect(stderr).toContain('also given, serial 2 (1220')
  expect(stderr).toContain('note serial-jump')
  const together = behind(2)(at).slice(0, -2)
  expect(at.run(...together, '--force').stderr).toContain('what changes against serial 2')
})

test.each([
  ['bob has nothing that would make him one', []],
  ['and saying so does not help the one who was revoked', ['--expect', 'agreed.yaml']],
])('a key that nothing asks for: %s', (_why, more) => {
  const at = desk()
  const revocation = delegation('alice', 'bob', { serial: 2, operation: REMOVE })
  const args = delegated(bobMay(), signedBy(revocation, 'alice'))(at)
  at.write('agreed.yaml', changeSpec())
  expect(refusal(at, 8, [...args, ...more]).code).toBe('key-unneeded')
})

test('the expectation lifts a danger only if it is what was agreed', () => {
  const at = desk()
  const lowered = hosting({ serial: 3 })
  const former = hosting({ serial: 2, threshold: 2, more: [{ name: 'bob', permission: 2 }] })
  offered(at, lowered, signedBy(former, 'alice', 'host', 'bob'))
  const spec = changeSpec({
    'serial: 2': 'serial: 3',
    [`        - { participant: host::${fingerprint('dave')}, permission: observation, onboarding: true }\n`]:
      '',
  })
  at.write('agreed.yaml', spec)
  at.write('other.yaml', spec.replace('threshold: 1', 'threshold: 2'))
  expect(refusal(at, 8, signArgs('alice'))).toMatchObject({
    code: 'danger-not-accepted',
    details: { danger: 'confirmation-threshold-lowered' },
  })
  expect(refusal(at, 8, signArgs('alice', ['--expect', 'other.yaml'])).code).toBe(
    'expectation-mismatch',
  )
  expect(toHex(transactionHash(lowered))).toBe(
    document(at, signArgs('alice', ['--expect', 'agreed.yaml']))['hash'],
  )
})
