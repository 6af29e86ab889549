/** A preparer who lies: everything that differs from what was agreed has to be named. */
import { describe, expect, test } from 'vitest'
import { CantosignError } from '../../src/base/errors.ts'
import { concatBytes } from '../../src/base/bytes.ts'
import { buildTransaction, resolveSerials } from '../../src/build/build.ts'
import {
  compareTransaction,
  compareWithExpectation,
  requireExpectation,
} from '../../src/build/expectation.ts'
import type { TransactionDraft } from '../../src/build/rules.ts'
import { readTransaction, type ReadTransaction } from '../../src/topology/transaction.ts'
import { encodeMessage, unwrap, wrap } from '../../src/wire/codec.ts'
import type { KnownMapping } from '../../src/topology/mapping.ts'
import type { PartyToParticipant, SigningPublicKey } from '../../src/wire/generated/schema.ts'
import { codeOf, fixtureKey, key, specFrom, uid } from './support.ts'

const alice = fixtureKey('ed25519-a')
const AGREED = `
transactions:
  - serial: 2
    partyToParticipant:
      party: ${uid('alice', alice)}
      threshold: 2
      participants:
        - { participant: ${uid('p1', key(1))}, permission: confirmation }
        - { participant: ${uid('p2', key(2))}, permission: confirmation }
        - { participant: ${uid('p3', key(3))}, permission: observation }
      partySigningKeys:
        threshold: 1
        keys:
          - { publicKey: file:alice, usage: [namespace, protocol, proof-of-ownership] }
          - { publicKey: file:second, usage: [protocol] }
`
const spec = specFrom(AGREED, { alice, second: key(4) })
const drafts = resolveSerials(spec.transactions)
const [agreed] = drafts
if (agreed?.mapping.$case !== 'partyToParticipant') throw new Error('another mapping')
const honest = agreed.mapping.value
const [first, second, third] = honest.participants
const keysAgreed = honest.partySigningKeys
if (
  first === undefined ||
  second === undefined ||
  third === undefined ||
  keysAgreed === undefined
) {
  throw new Error('the spec lacks what it says')
}
const [aliceKey, secondKey] = keysAgreed.keys
if (aliceKey === undefined || secondKey === undefined) throw new Error('the spec lacks a key')

/** What the preparer hands over: encoded without any of the checks of a builder. */
function prepared(
  value: PartyToParticipant,
  more: { readonly operation?: number; readonly serial?: number } = {},
): ReadTransaction {
  return preparedOf({ $case: 'partyToParticipant', value }, more)
}

function preparedOf(
  mapping: KnownMapping,
  { operation = 1, serial = 2 }: { readonly operation?: number; readonly serial?: number } = {},
): ReadTransaction {
  return readTransaction(
    wrap(encodeMessage('TopologyTransaction', { operation, serial, mapping: { mapping } })),
  )
}

const pathsOf = (found: ReadTransaction): readonly string[] =>
  compareTransaction(agreed, found).map(({ path }) => path)

const withKeys = (...keys: readonly SigningPublicKey[]): PartyToParticipant => ({
  ...honest,
  partySigningKeys: { ...keysAgreed, keys },
})
const P = 'partyToParticipant'
const at = (name: string, own: ReturnType<typeof key>): string =>
  `${P}.participants[${uid(name, own)}]`
const keyAt = (fingerprint: string): string => `${P}.partySigningKeys.keys[${fingerprint}]`

describe('what was agreed', () => {
  test('is no difference', () => {
    expect(pathsOf(prepared(honest))).toEqual([])
    expect(pathsOf(buildTransaction(agreed))).toEqual([])
  })

  test('nor are sets in another order', () => {
    expect(pathsOf(prepared({ ...honest, participants: [third, first, second] }))).toEqual([])
    expect(pathsOf(prepared(withKeys(secondKey, aliceKey)))).toEqual([])
    const shuffled = { ...aliceKey, usage: [5, 1, 4] }
    expect(pathsOf(prepared(withKeys(shuffled, secondKey)))).toEqual([])
  })
})

describe('a preparer who lies', () => {
  const other = key(5)
  const cases: readonly [string, ReadTransaction, readonly string[]][] = [
    [
      'lists one more signing key',
      prepared(
        withKeys(aliceKey, secondKey, {
          ...secondKey,
          publicKey: other.spki,
          keySpec: aliceKey.keySpec,
        }),
      ),
      [],
    ],
    ['drops a signing key', prepared(withKeys(aliceKey)), [keyAt(key(4).fingerprint)]],
    [
      'lists a key twice',
      prepared(withKeys(aliceKey, secondKey, secondKey)),
      [`${keyAt(key(4).fingerprint)}[1]`],
    ],
    [
      'adds a usage',
      prepared(withKeys(aliceKey, { ...secondKey, usage: [1, 4, 5] })),
      [`${keyAt(key(4).fingerprint)}.usage[namespace]`],
    ],
    [
      'drops a usage',
      prepared(withKeys(aliceKey, { ...secondKey, usage: [4] })),
      [`${keyAt(key(4).fingerprint)}.usage[proof-of-ownership]`],
    ],
    [
      'leaves the usage open, which is every usage',
      prepared(withKeys(aliceKey, { ...secondKey, usage: [] })),
      [
        `${keyAt(key(4).fingerprint)}.usage[protocol]`,
        `${keyAt(key(4).fingerprint)}.usage[proof-of-ownership]`,
      ],
    ],
    [
      'repeats a usage',
      prepared(withKeys(aliceKey, { ...secondKey, usage: [4, 4, 5] })),
      [`${keyAt(key(4).fingerprint)}.usage[protocol][1]`],
    ],
    [
      'lets every key sign alone no more',
      prepared({ ...honest, partySigningKeys: { ...keysAgreed, threshold: 2 } }),
      [`${P}.partySigningKeys.threshold`],
    ],
    [
      'drops the keys as a whole',
      prepared({ ...honest, partySigningKeys: undefined }),
      [`${P}.partySigningKeys`],
    ],
    [
      'raises a permission one step',
      prepared({ ...honest, participants: [first, second, { ...third, permission: 2 }] }),
      [`${at('p3', key(3))}.permission`],
    ],
    [
      'lowers a permission one step',
      prepared({ ...honest, participants: [first, { ...second, permission: 3 }, third] }),
      [`${at('p2', key(2))}.permission`],
    ],
    [
      'gives submission',
      prepared({ ...honest, participants: [{ ...first, permission: 1 }, second, third] }),
      [`${at('p1', key(1))}.permission`],
    ],
    ['lowers the threshold', prepared({ ...honest, threshold: 1 }), [`${P}.threshold`]],
    ['raises the threshold', prepared({ ...honest, threshold: 3 }), [`${P}.threshold`]],
    [
      'adds a participant',
      prepared({
        ...honest,
        participants: [first, second, third, { ...third, participantUid: uid('p4', key(4)) }],
      }),
      [at('p4', key(4))],
    ],
    [
      'adds a participant of the same name',
      prepared({
        ...honest,
        participants: [first, second, third, { ...third, participantUid: uid('p3', key(4)) }],
      }),
      [at('p3', key(4))],
    ],
    [
      'drops a participant',
      prepared({ ...honest, participants: [first, second] }),
      [at('p3', key(3))],
    ],
    [
      'exchanges a participant',
      prepared({
        ...honest,
        participants: [first, second, { ...third, participantUid: uid('p3', key(4)) }],
      }),
      [at('p3', key(3)), at('p3', key(4))],
    ],
    [
      'lists a participant twice',
      prepared({ ...honest, participants: [first, second, third, { ...third, permission: 1 }] }),
      [`${at('p3', key(3))}[1]`],
    ],
    [
      'hides an onboarding flag',
      prepared({ ...honest, participants: [first, second, { ...third, onboarding: {} }] }),
      [`${at('p3', key(3))}.onboarding`],
    ],
    [
      'asks for another party',
      prepared({ ...honest, party: uid('alicia', alice) }),
      [`${P}.party`],
    ],
    [
      'asks for the party of another namespace',
      prepared({ ...honest, party: uid('alice', other) }),
      [`${P}.party`],
    ],
    ['asks for a later serial', prepared(honest, { serial: 3 }), ['serial']],
    ['asks for the removal', prepared(honest, { operation: 2 }), ['operation']],
    ['asks for nothing at all', prepared(honest, { operation: 0 }), ['operation']],
    [
      'asks for another mapping',
      preparedOf({
        $case: 'partyToKeyMapping',
        value: { party: honest.party, threshold: 1, signingKeys: [aliceKey] },
      }),
      ['mapping'],
    ],
    [
      'gives a key its old format',
      prepared(
        withKeys(
          { ...aliceKey, format: 3, publicKey: aliceKey.publicKey.subarray(-32) },
          secondKey,
        ),
      ),
      [`${keyAt(alice.fingerprint)}.format`, `${keyAt(alice.fingerprint)}.publicKey`],
    ],
    [
      'names a key spec by its old scheme',
      prepared(withKeys({ ...aliceKey, scheme: 1 }, secondKey)),
      [`${keyAt(alice.fingerprint)}.scheme`],
    ],
  ]

  test.each(cases)('%s', (_what, found, paths) => {
    const differences = pathsOf(found)
    expect(differences.length).toBeGreaterThan(0)
    for (const path of paths) expect(differences).toContain(path)
  })

  test('names nothing but what differs', () => {
    const [, found] = cases.find(([what]) => what === 'raises a permission one step') ?? []
    if (found === undefined) throw new Error('no such case')
    expect(compareTransaction(agreed, found)).toEqual([
      { path: `${at('p3', key(3))}.permission`, expected: 'observation', found: 'confirmation' },
    ])
  })

  test('other key bytes under the same place are another key', () => {
    const exchanged = prepared(
      withKeys(aliceKey, { ...secondKey, publicKey: key(6).spki, keySpec: 1 }),
    )
    expect(pathsOf(exchanged)).toContain(keyAt(key(4).fingerprint))
    expect(pathsOf(exchanged)).toContain(keyAt(key(6).fingerprint))
  })

  test('a message that stands on one side only is shown with everything in it', () => {
    const [difference] = compareTransaction(
      agreed,
      prepared({
        ...honest,
        participants: [
          first,
          second,
          third,
          { participantUid: uid('p4', key(4)), permission: 1, onboarding: {} },
        ],
      }),
    )
    expect(difference?.expected).toBe('absent')
    expect(difference?.found).toContain(uid('p4', key(4)))
    expect(difference?.found).toContain('submission')
    expect(difference?.found).toContain('onboarding present')
  })

  test('hides content in a field that nobody reads', () => {
    const bytes = buildTransaction(agreed).bytes
    const hidden = readTransaction(
      wrap(concatBytes(unwrap(bytes), Uint8Array.of(0xa2, 0x06, 1, 7))),
    )
    expect(hidden.value).toEqual(readTransaction(bytes).value)
    expect(compareTransaction(agreed, hidden).length).toBeGreaterThan(0)
  })

  test('says a field twice, so that two readers read two things', () => {
    const bytes = buildTransaction(agreed).bytes
    const twice = readTransaction(wrap(concatBytes(Uint8Array.of(0x10, 9), unwrap(bytes))))
    expect(twice.value?.serial).toBe(2)
    expect(pathsOf(twice)).toEqual(['data.serial'])
  })

  test('hands over bytes that cannot be read', () => {
    expect(pathsOf(readTransaction(Uint8Array.of(1, 2, 3)))).toContain('mapping')
  })
})

describe('several transactions', () => {
  const delegationSpec = specFrom(
    `transactions:
  - namespaceDelegation: { namespace: ${alice.fingerprint}, targetKey: { publicKey: file:k, usage: [namespace] }, restriction: all-but-namespace-delegations }
  - partyHostingLimits: { synchronizerId: ${uid('global', key(0))}, party: ${uid('alice', alice)} }
`,
    { k: key(3) },
  )
  const both = resolveSerials([...delegationSpec.transactions, ...spec.transactions])
  const found = both.map((draft) => buildTransaction(draft))

  test('match in any order', () => {
    expect(compareWithExpectation(both, found)).toEqual([])
    expect(compareWithExpectation(both, found.toReversed())).toEqual([])
    expect(() => {
      requireExpectation([...delegationSpec.transactions, ...spec.transactions], found)
    }).not.toThrow()
  })

  test('a delegation that may sign more, or is for another key, is a difference', () => {
    const [own] = both
    if (own?.mapping.$case !== 'namespaceDelegation') throw new Error('another mapping')
    const value = own.mapping.value
    const asked = (more: object): readonly string[] =>
      compareWithExpectation(
        [own],
        [preparedOf({ $case: 'namespaceDelegation', value: { ...value, ...more } }, { serial: 1 })],
      ).map(({ path }) => path)
    expect(asked({})).toEqual([])
    expect(asked({ restriction: { $case: 'canSignAllMappings', value: {} } })).toEqual([
      'transactions[0].namespaceDelegation.restriction',
    ])
    expect(asked({ restriction: undefined })).toEqual([
      'transactions[0].namespaceDelegation.restriction',
    ])
    expect(asked({ restriction: undefined, isRootDelegation: true })).toContain(
      'transactions[0].namespaceDelegation.isRootDelegation',
    )
    expect(asked({ targetKey: { ...value.targetKey, publicKey: key(5).spki } })).toContain(
      'transactions[0].namespaceDelegation.targetKey.publicKey',
    )
    expect(asked({ targetKey: undefined })).toContain(
      'transactions[0].namespaceDelegation.targetKey',
    )
    expect(asked({ namespace: key(5).fingerprint })).toContain(
      'transactions[0].namespaceDelegation.namespace',
    )
  })

  test('a transaction too many is named with its hash', () => {
    const [extra] = found
    const differences = compareWithExpectation(both.slice(1), found)
    expect(differences).toHaveLength(1)
    expect(differences[0]).toMatchObject({ path: 'transactions[0]', expected: 'nothing' })
    expect(differences[0]?.found).toContain(Buffer.from(extra?.hash ?? []).toString('hex'))
  })

  test('the same transaction twice is one too many', () => {
    expect(compareWithExpectation(both, [...found, ...found.slice(0, 1)])).toHaveLength(1)
  })

  test('a transaction too few is named', () => {
    expect(compareWithExpectation(both, found.slice(1))).toEqual([
      { path: 'transactions', expected: 'namespaceDelegation, serial 1', found: 'nothing' },
    ])
  })

  test('an expectation of nothing meets everything with a difference', () => {
    expect(compareWithExpectation([], found)).toHaveLength(3)
  })

  test('thousands of transactions are matched at once', () => {
    const many: TransactionDraft[] = Array.from({ length: 5000 }, (_, i) => ({
      operation: 1,
      serial: 1,
      mapping: {
        $case: 'partyHostingLimits',
        value: { synchronizerId: uid('global', key(0)), party: uid(`party-${i}`, alice) },
      },
    }))
    const built = many.map((draft) => buildTransaction(draft))
    expect(compareWithExpectation(many, built.toReversed())).toEqual([])
  })
})

describe('requireExpectation', () => {
  test('refuses with every difference, and escapes what comes from outside', () => {
    const lie = prepared({ ...honest, threshold: 1, party: `al\u202eice::${alice.fingerprint}` })
    try {
      requireExpectation(spec.transactions, [lie])
      expect.unreachable()
    } catch (error) {
      if (!(error instanceof CantosignError)) throw error
      expect(error.code).toBe('expectation-mismatch')
      expect(error.message).not.toContain('\u202e')
      expect(JSON.stringify(error.details)).toContain(
        'transactions[0].partyToParticipant.threshold',
      )
      expect(JSON.stringify(error.details)).toContain('transactions[0].partyToParticipant.party')
    }
  })

  test('takes a serial that is left out for 1, or for what follows', () => {
    const open = specFrom(AGREED.replace('- serial: 2', '- operation: replace'), {
      alice,
      second: key(4),
    })
    expect(
      codeOf(() => {
        requireExpectation(open.transactions, [prepared(honest)])
      }),
    ).toBe('expectation-mismatch')
    expect(
      codeOf(() => {
        requireExpectation(open.transactions, [prepared(honest, { serial: 1 })])
      }),
    ).toBe('no error')
    const previous = [{ operation: 1, serial: 1, mapping: agreed.mapping }]
    expect(
      codeOf(() => {
        requireExpectation(open.transactions, [prepared(honest)], previous)
      }),
    ).toBe('no error')
  })
})
