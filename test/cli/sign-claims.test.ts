/**
 * What may stand before a transaction: whatever a dishonest preparer puts into the package or its
 * state, what the change takes away from any of it is told before the signature.
 */
import { describe, expect, test } from 'vitest'
import { transactionHash } from '../../src/topology/transaction.ts'
import { definitionMapping, keyMessageOf, namespaceOf, REMOVE } from '../authorization/signed.ts'
import { hashHex, transactionBytes } from '../package/support.ts'
import {
  delegation,
  desk,
  fingerprint,
  hosting,
  packageFile,
  person,
  refusal,
  signArgs,
  signedBy,
  type Desk,
  type Hosting,
  type Person,
} from './support/desk.ts'

const REPLACE = 1
const ALL = ['alice', 'host', 'bob', 'carol'] as const
const ROOTS = ALL.map((name) => signedBy(delegation(name, name), name))

/** The party with bob who confirms and carol who observes. */
const PARTY = { more: [{ name: 'bob', permission: 2 }, { name: 'carol' }] } as const
const party = (serial: number, threshold: number, more: Hosting['more'] = []): Uint8Array =>
  hosting({ serial, threshold, more: [...PARTY.more, ...more] })

/** An entry of the package. */
const entry = (
  bytes: Uint8Array,
  ...names: readonly Person[]
): {
  readonly bytes: Uint8Array
  readonly proposal: boolean
  readonly signatures: ReturnType<ReturnType<typeof person>['signature']>[]
} => ({
  bytes,
  proposal: true,
  signatures: names.map((name) => person(name).signature(transactionHash(bytes))),
})

const TRUTH = party(3, 2)
/** Its signatures stand alone. */
const PROVED = [...ROOTS, signedBy(TRUTH, ...ALL)]
/** As a node holds it: a change that needed alice alone, without what was before it. */
const UNPROVED = [...ROOTS, signedBy(TRUTH, 'alice')]

interface Case {
  readonly what: string
  /** The serial of what is to be signed. */
  readonly serial: number
  /** What stands before it in the package. */
  readonly earlier: readonly ReturnType<typeof entry>[]
  readonly known: (target: Uint8Array) => readonly Uint8Array[]
  /** In the file of `--state`. */
  readonly beside?: readonly Uint8Array[]
  readonly message: string
}

const LOWERED = '1 confirmation will do where 2 were needed'

const cases: readonly Case[] = [
  {
    what: 'two of another network in a row, signed by all',
    serial: 7,
    earlier: [entry(party(5, 1), ...ALL), entry(party(6, 1), ...ALL)],
    known: () => PROVED,
    message: LOWERED,
  },
  {
    what: 'one of another network, signed by all, that an unsigned one leads to',
    serial: 6,
    earlier: [entry(party(4, 2)), entry(party(5, 1), ...ALL)],
    known: () => PROVED,
    message: LOWERED,
  },
  {
    what: 'one of another network behind what is in force, without state',
    serial: 4,
    earlier: [entry(TRUTH, ...ALL), entry(party(3, 1), ...ALL)],
    known: () => ROOTS,
    message: LOWERED,
  },
  {
    what: 'one of another network in place of what the state holds and does not prove',
    serial: 4,
    earlier: [entry(party(3, 1), ...ALL)],
    known: () => UNPROVED,
    message: `if serial 3 is in force: ${LOWERED}`,
  },
  {
    what: 'a later one of another network',
    serial: 8,
    earlier: [entry(party(7, 1), ...ALL)],
    known: () => UNPROVED,
    message: `if serial 3 is in force: ${LOWERED}`,
  },
  {
    what: 'a forged one of the same serial in the state of the package',
    serial: 4,
    earlier: [],
    known: () => [...ROOTS, signedBy(party(3, 1), 'mallory')],
    beside: UNPROVED,
    message: `if serial 3 is in force: ${LOWERED}`,
  },
  {
    what: 'a forged one that leads to the next serial',
    serial: 5,
    earlier: [],
    known: () => [...ROOTS, signedBy(party(4, 1), 'mallory')],
    beside: UNPROVED,
    message: `if serial 3 is in force: ${LOWERED}`,
  },
  {
    what: 'one of another network, signed by all, in the state of the package',
    serial: 8,
    earlier: [],
    known: () => [...PROVED, signedBy(party(7, 1), ...ALL)],
    message: `if serial 3 is in force: ${LOWERED}`,
  },
  {
    what: 'the same, where the signer’s own state does not prove what is in force',
    serial: 8,
    earlier: [],
    known: () => [...ROOTS, signedBy(party(7, 1), ...ALL)],
    beside: UNPROVED,
    message: `if serial 3 is in force: ${LOWERED}`,
  },
  {
    what: 'two of another network with a gap between in the state',
    serial: 8,
    earlier: [],
    known: () => [signedBy(party(5, 1), ...ALL), signedBy(party(7, 1), ...ALL)],
    beside: PROVED,
    message: `if serial 3 is in force: ${LOWERED}`,
  },
  {
    what: 'what is to be signed, in the state',
    serial: 4,
    earlier: [],
    known: (target) => [...UNPROVED, signedBy(target, 'mallory')],
    message: `if serial 3 is in force: ${LOWERED}`,
  },
]

function laidOut(at: Desk, { serial, earlier, known, beside }: Case, threshold: number): string[] {
  const target = party(serial, threshold, [{ name: 'dave' }])
  const transactions = [...earlier, entry(target)]
  at.write('in.json', packageFile({ transactions, known: known(target) }))
  if (beside !== undefined) {
    at.write('state.json', packageFile({ unsigned: [hosting()], known: beside }))
  }
  const state = beside === undefined ? [] : ['--state', 'state.json']
  return [...signArgs('alice', ['--transaction', hashHex(target), ...state])]
}

describe('a lowered threshold is told behind', () => {
  test.each(cases)('$what', (one) => {
    const at = desk()
    const { code, message, details } = refusal(at, 8, laidOut(at, one, 1))
    expect({ code, details }).toMatchObject({
      code: 'danger-not-accepted',
      details: { dangers: ['confirmation-threshold-lowered'] },
    })
    expect(message).toContain(one.message)
  })

  test.each(cases)('$what; what lowers nothing is signed', (one) => {
    const at = desk()
    const { status, stderr } = at.run(...laidOut(at, one, 2))
    expect({ status, stderr }).toEqual({ status: 0, stderr })
  })
})

test('the order of the package hides nothing', () => {
  const at = desk()
  const transactions = [entry(party(5, 2)), entry(party(4, 3))]
  at.write('in.json', packageFile({ transactions, known: PROVED }))
  const { details, message } = refusal(at, 8, signArgs('alice'))
  expect(details).toMatchObject({ dangers: ['confirmation-threshold-lowered', 'serial-taken'] })
  expect(message).toContain('if serial 4 is in force: 2 confirmations will do where 3 were needed')
})

describe('keys beside those that the hosting of the party lists are new', () => {
  const keys = (serial: number, threshold: number, ...names: readonly Person[]): Uint8Array => {
    const signingKeys = names.map((name) => keyMessageOf(person(name), [4, 5]))
    const value = { party: `party::${fingerprint('alice')}`, threshold, signingKeys }
    return transactionBytes({ $case: 'partyToKeyMapping', value }, serial)
  }

  test.each([
    ['in a first mapping', [keys(1, 1, 'mallory')], PROVED],
    ['in steps', [keys(1, 2, 'alice', 'bob'), keys(2, 2, 'alice', 'bob', 'mallory')], PROVED],
    ['where the hosting is not proved', [keys(1, 1, 'mallory')], UNPROVED],
    ['in one package with a first hosting', [hosting(), keys(1, 1, 'mallory')], []],
  ])('%s', (_what, unsigned, known) => {
    const at = desk()
    at.write('in.json', packageFile({ unsigned, known }))
    expect(refusal(at, 8, signArgs('alice'))).toMatchObject({
      code: 'danger-not-accepted',
      details: { dangers: ['party-key-acts-alone'] },
    })
  })

  test.each([
    ['', [keys(1, 1, 'alice')], PROVED],
    [' where the hosting is not proved', [keys(1, 1, 'alice')], UNPROVED],
    [' in one package with a first hosting', [hosting(), keys(1, 1, 'alice')], []],
  ])('and the same keys are not%s', (_what, unsigned, known) => {
    const at = desk()
    at.write('in.json', packageFile({ unsigned, known }))
    const { status, stderr } = at.run(...signArgs('alice'))
    expect({ status, stderr }).toEqual({ status: 0, stderr })
  })
})

describe('new owners in steps', () => {
  const owners = ['alice', 'bob', 'carol'] as const
  const namespace = namespaceOf(owners.map(person))
  const define = (serial: number, ...more: readonly Person[]): Uint8Array =>
    transactionBytes(definitionMapping([...owners, ...more].map(person), 2, namespace), serial)
  const known = [...ROOTS, signedBy(define(1), ...owners)]

  test('that reach the threshold together are told of together', () => {
    const at = desk()
    const unsigned = [define(2, 'dave'), define(3, 'dave', 'mallory')]
    at.write('in.json', packageFile({ unsigned, known }))
    const { details, message } = refusal(at, 8, signArgs('alice'))
    expect(details).toMatchObject({ dangers: ['owners-added-suffice'] })
    expect(message).toContain('together with what comes before it here: the new owners reach')
  })

  test('are told of together also where a last step takes one back: nobody has to submit it', () => {
    const at = desk()
    const unsigned = [define(2, 'dave'), define(3, 'dave', 'mallory'), define(4, 'dave')]
    at.write('in.json', packageFile({ unsigned, known }))
    expect(refusal(at, 8, signArgs('alice')).details).toMatchObject({
      dangers: ['owners-added-suffice'],
    })
  })

  test('are told of together also where what what is in force is not proved', () => {
    const at = desk()
    const unsigned = [define(2, 'dave'), define(3, 'dave', 'mallory')]
    const unproved = [...ROOTS, signedBy(define(1), 'alice')]
    at.write('in.json', packageFile({ unsigned, known: unproved }))
    const { details, message } = refusal(at, 8, signArgs('alice'))
    expect(details).toMatchObject({ dangers: ['owners-added-suffice'] })
    expect(message).toContain('together with what comes before it here: if serial 1 is in force')
  })

  test('are signed one at a time', () => {
    const at = desk()
    at.write('in.json', packageFile({ unsigned: [define(2, 'dave')], known }))
    const { status, stderr } = at.run(...signArgs('alice'))
    expect({ status, stderr }).toEqual({ status: 0, stderr })
  })
})

test('more than can be compared is a danger of its own', () => {
  const at = desk()
  const rivals = Array.from({ length: 60 }, (_one, i) => entry(party(3, 3 + i)))
  const last = party(4, 2)
  at.write('in.json', packageFile({ transactions: [...rivals, entry(last)], known: PROVED }))
  const { details } = refusal(at, 8, signArgs('alice', ['--transaction', hashHex(last)]))
  expect(details).toMatchObject({
    dangers: ['previous-too-many', 'confirmation-threshold-lowered'].sort(),
  })
})

describe('a removal between hides nothing', () => {
  const hostingRemoval = (serial: number, threshold: number): Uint8Array =>
    hosting({ ...PARTY, serial, threshold, operation: REMOVE })
  const removal = (threshold: number): Uint8Array => hostingRemoval(4, threshold)
  const back = (threshold: number): Uint8Array => party(5, threshold)

  test.each([
    ['of what is in force', 2, PROVED],
    ['of something else, which nodes refuse', 1, PROVED],
    ['of something else than what is not proved', 1, UNPROVED],
  ])('%s', (_what, removed, known) => {
    const at = desk()
    const transactions = [entry(removal(removed)), entry(back(1))]
    at.write('in.json', packageFile({ transactions, known }))
    expect(refusal(at, 8, signArgs('alice'))).toMatchObject({
      code: 'danger-not-accepted',
      details: { dangers: ['confirmation-threshold-lowered'] },
    })
  })

  test.each([
    ['was', [removal(2), back(2)]],
    ['was signed just before', [party(4, 3), hostingRemoval(5, 3), party(6, 3)]],
  ])('what comes back as it %s is signed', (_what, unsigned) => {
    const at = desk()
    at.write('in.json', packageFile({ unsigned, known: PROVED }))
    const { status, stderr } = at.run(...signArgs('alice'))
    expect({ status, stderr }).toEqual({ status: 0, stderr })
    expect(stderr).toContain('what changes against serial 4')
    expect(stderr).not.toContain('serial-jump')
    expect(stderr).not.toContain('also given')
  })
})

describe('the owner of a synchronizer that the package names', () => {
  const keys = (serial: number, key: Person, operation = REPLACE): Uint8Array => {
    const signingKeys = [keyMessageOf(person(key), [4, 5])]
    const value = { party: `party::${fingerprint('alice')}`, threshold: 1, signingKeys }
    return transactionBytes({ $case: 'partyToKeyMapping', value }, serial, operation)
  }
  const known = [
    ...(['alice', 'mallory'] as const).map((name) => signedBy(delegation(name, name), name)),
    signedBy(keys(1, 'bob'), 'alice', 'bob'),
  ]
  const laidOutAt = (at: Desk, removed: readonly Person[], next: Person): readonly string[] => {
    const removals = removed.map((one, i) => signedBy(keys(2 + i, one, REMOVE), 'mallory'))
    const network = { synchronizerId: `sync::${fingerprint('mallory')}` }
    const unsigned = [keys(2 + removed.length, next)]
    at.write('in.json', packageFile({ unsigned, known: [...known, ...removals], network }))
    return signArgs('alice')
  }

  test.each([1, 2])('hides nothing with %i removals of something else', (count) => {
    const at = desk()
    const removed = Array.from({ length: count }, () => 'mallory' as const)
    expect(refusal(at, 8, laidOutAt(at, removed, 'mallory'))).toMatchObject({
      code: 'danger-not-accepted',
      details: { dangers: ['party-key-acts-alone'] },
    })
    expect(at.run('inspect', 'in.json').stdout.replace(/\s+/g, ' ')).toContain(
      'the state proves it, and after it a removal of something else',
    )
  })

  test('may remove what is there, and what was there may come back', () => {
    const at = desk()
    const { status, stderr } = at.run(...laidOutAt(at, ['bob'], 'bob'))
    expect({ status, stderr }).toEqual({ status: 0, stderr })
    expect(stderr).not.toContain('also given')
  })
})

test('the change is shown against the latest of what is not proved, of the signer’s own state first', () => {
  const at = desk()
  const shown = party(3, 2)
  const known = [signedBy(party(2, 2), 'mallory'), signedBy(party(3, 3), 'mallory')]
  at.write('in.json', packageFile({ unsigned: [party(4, 3)], known: [...ROOTS, ...known] }))
  at.write('own.bin', signedBy(shown, 'alice'))
  const { stderr } = at.run(...signArgs('alice', ['--state', 'own.bin']))
  expect(stderr).toContain('what changes against serial 3')
  expect(stderr).toContain(`also given, serial 2 (${hashHex(party(2, 2))})`)
  expect(stderr).not.toContain(`also given, serial 3 (${hashHex(shown)})`)
})

test('what is signed in the same run is not hidden by one between that is not', () => {
  const at = desk()
  const raised = party(4, 3)
  const last = party(6, 2, [{ name: 'dave' }])
  const transactions = [entry(raised), entry(party(5, 2), 'alice'), entry(last)]
  at.write('in.json', packageFile({ transactions, known: PROVED }))
  const { message } = refusal(at, 8, signArgs('alice'))
  expect(message).toContain('if serial 4 is in force: 2 confirmations will do where 3 were needed')
})

describe('every host that would be dropped is named', () => {
  const observed = (serial: number, ...names: readonly Person[]): Uint8Array =>
    hosting({ serial, more: names.map((name) => ({ name })) })
  const known = [...ROOTS, signedBy(observed(3, 'bob'), 'alice', 'host', 'bob')]
  const names = (...hosts: readonly Person[]): string =>
    `no longer a host of the party: ${hosts.map((one) => `host::${person(one).fingerprint}`).join(' and ')}`
  const toldBy = (at: Desk, args: readonly string[]): string => {
    const { status, stdout, stderr } = at.run(...args)
    expect({ status, stderr }).toEqual({ status: 0, stderr })
    return (stdout + stderr).replace(/\s+/g, ' ')
  }

  test('by sign, for each transaction that may stand before it', () => {
    const at = desk()
    const last = observed(5, 'mallory')
    const before = [observed(4, 'bob', 'carol'), observed(4, 'carol', 'dave')]
    const transactions = [...before, last].map((bytes) => entry(bytes))
    at.write('in.json', packageFile({ transactions, known }))
    const text = toldBy(at, signArgs('alice', ['--transaction', hashHex(last)]))
    expect(text).toContain(`note host-removed: ${names('bob')} note`)
    expect(text).toContain(`if serial 4 is in force: ${names('bob', 'carol')}`)
    expect(text).toContain(`if serial 4 is in force: ${names('carol', 'dave')}`)
    for (const one of before) expect(text).toContain(`also given, serial 4 (${hashHex(one)})`)
  })

  test('by inspect, and once where several drop the same', () => {
    const at = desk()
    const transactions = [
      entry(observed(3, 'carol')),
      entry(observed(2, 'carol', 'dave')),
      entry(observed(1, 'carol')),
      entry(observed(4, 'mallory')),
    ]
    at.write('in.json', packageFile({ transactions, known }))
    const text = toldBy(at, ['inspect', 'in.json'])
    expect(text).toContain(`note host-removed: ${names('bob')} note`)
    expect(text).toContain(`if serial 3 or 1 is in force: ${names('carol')}`)
    expect(text).toContain(`if serial 2 is in force: ${names('carol', 'dave')}`)
  })
})

test('of a history without a gap nothing earlier is told', () => {
  const at = desk()
  const history = [4, 5].map((serial) => signedBy(party(serial, 5 - serial + 1), 'alice'))
  at.write('in.json', packageFile({ unsigned: [party(6, 1)], known: [...PROVED, ...history] }))
  const { status, stderr } = at.run(...signArgs('alice'))
  expect({ status, stderr }).toEqual({ status: 0, stderr })
  expect(stderr).not.toContain('also given')
})
