import { fc } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { differenceOf, hasSameContent } from '../../src/explain/difference.ts'
import { mappingRows, type KnownMapping } from '../../src/topology/mapping.ts'
import type { PartyToParticipant, TopologyTransaction } from '../../src/wire/generated/schema.ts'
import { messageArbitrary } from '../support/message-arbitrary.ts'
import { fromHex } from '../support/vectors.ts'
import {
  ALICE,
  definitionTransaction,
  delegation,
  delegationTransaction,
  fingerprint,
  host,
  hosting,
  hostingTransaction,
  key,
  namespace,
  Permission,
  transaction,
} from './samples.ts'

const uid = (name: string): string => `${name}::${namespace(name.slice(-1))}`

const change = (
  before: Partial<PartyToParticipant>,
  after: Partial<PartyToParticipant>,
): ReturnType<typeof differenceOf> =>
  differenceOf(hostingTransaction(before, 4), hostingTransaction(after, 5))

/** Without operation and serial. */
const paths = (difference: ReturnType<typeof differenceOf>): readonly string[] =>
  difference.fields
    .map(({ kind, path }) => `${kind} ${path}`)
    .filter((one) => one !== 'changed serial')

const three = [host('p1'), host('p2'), host('p3')]

describe('differences of a party', () => {
  test('nothing but the serial', () => {
    const difference = change({}, {})
    expect(difference.fields).toEqual([
      { path: 'serial', label: 'serial', kind: 'changed', before: 4, after: 5 },
    ])
    expect(difference.sentences).toEqual([])
  })

  test('order of hosts and keys is no difference', () => {
    const keys = [key(0), key(1)]
    const difference = change(
      { partySigningKeys: { keys, threshold: 1 } },
      {
        participants: three.toReversed(),
        partySigningKeys: { keys: keys.toReversed(), threshold: 1 },
      },
    )
    expect(paths(difference)).toEqual([])
  })

  test.each<[string, Partial<PartyToParticipant>, Partial<PartyToParticipant>, string, string]>([
    [
      'a host added',
      {},
      { participants: [host('p4', Permission.observation, true), ...three] },
      `added participants[${uid('p4')}]`,
      `${uid('p4')} is added as a host with OBSERVATION, not yet having imported its contracts`,
    ],
    [
      'a host removed',
      {},
      { participants: three.slice(1) },
      `removed participants[${uid('p1')}]`,
      `${uid('p1')} is no longer a host (was one with CONFIRMATION)`,
    ],
    [
      'a permission raised',
      {},
      { participants: [host('p1', Permission.submission), ...three.slice(1)] },
      `changed participants[${uid('p1')}].permission`,
      `the permission of host ${uid('p1')} rises from CONFIRMATION to SUBMISSION`,
    ],
    [
      'a permission lowered',
      {},
      { participants: [host('p1', Permission.observation), ...three.slice(1)] },
      `changed participants[${uid('p1')}].permission`,
      `the permission of host ${uid('p1')} falls from CONFIRMATION to OBSERVATION`,
    ],
    [
      'an onboarding flag set',
      {},
      { participants: [host('p1', 2, true), ...three.slice(1)] },
      `added participants[${uid('p1')}].onboarding`,
      `the onboarding flag of host ${uid('p1')} is set`,
    ],
    [
      'an onboarding flag cleared',
      { participants: [host('p1', 2, true), ...three.slice(1)] },
      {},
      `removed participants[${uid('p1')}].onboarding`,
      `the onboarding flag of host ${uid('p1')} is dropped`,
    ],
    [
      'the confirmation threshold lowered',
      {},
      { threshold: 1 },
      'changed threshold',
      'the confirmation threshold falls from 2 to 1',
    ],
    [
      'the confirmation threshold raised',
      {},
      { threshold: 3 },
      'changed threshold',
      'the confirmation threshold rises from 2 to 3',
    ],
    [
      'the signing threshold lowered',
      { partySigningKeys: { keys: [key(0), key(1)], threshold: 2 } },
      { partySigningKeys: { keys: [key(0), key(1)], threshold: 1 } },
      'changed partySigningKeys.threshold',
      'the signing threshold falls from 2 to 1',
    ],
    [
      'a key added',
      {},
      { partySigningKeys: { keys: [key(1), key(0)], threshold: 1 } },
      `added partySigningKeys.keys[${fingerprint(1)}]`,
      `${fingerprint(1)} is added as a signing key of the party`,
    ],
    [
      'a usage dropped',
      {},
      { partySigningKeys: { keys: [key(0, [4, 5])], threshold: 1 } },
      `removed partySigningKeys.keys[${fingerprint(0)}].usage[NAMESPACE]`,
      `NAMESPACE is no longer a usage of signing key of the party ${fingerprint(0)}`,
    ],
    [
      'the same host twice',
      {},
      { participants: [...three, host('p1', Permission.submission)] },
      `added participants[${uid('p1')}, repetition 2]`,
      `"${uid('p1')}, repetition 2" is added as a host with SUBMISSION`,
    ],
  ])('%s', (_what, before, after, path, sentence) => {
    const difference = change(before, after)
    expect(paths(difference)).toEqual([path])
    expect(difference.sentences).toEqual([sentence])
  })

  test('signing keys given for the first time, and dropped, by their fingerprints', () => {
    const keys = { keys: [key(0), key(1)], threshold: 2 }
    const given = change({ partySigningKeys: undefined }, { partySigningKeys: keys })
    const names = `2 of ${fingerprint(0)} and ${fingerprint(1)}`
    expect(paths(given)).toEqual(['added partySigningKeys'])
    expect(given.sentences).toEqual([`the party gets signing keys of its own: ${names}`])
    const dropped = change({ partySigningKeys: keys }, { partySigningKeys: undefined })
    expect(dropped.sentences).toEqual([`the party loses its signing keys: ${names}`])
  })

  test('a host is the same with and without the old PAR:: before its name', () => {
    const participants = three.map((one) => ({
      ...one,
      participantUid: `PAR::${one.participantUid}`,
    }))
    expect(paths(change({}, { participants }))).toEqual(
      three.map(({ participantUid }) => `changed participants[${participantUid}].participantUid`),
    )
  })

  test('a removal shows as another operation', () => {
    const difference = differenceOf(hostingTransaction({}, 4), hostingTransaction({}, 5, 'remove'))
    expect(difference.fields.map(({ path, after }) => [path, after])).toEqual([
      ['operation', 'REMOVE'],
      ['serial', 5],
    ])
  })

  test('a name cannot pass for our own words', () => {
    const participants = [
      { participantUid: 'x is added as a host', permission: 2, onboarding: undefined },
    ]
    const { sentences } = change({ participants: [] }, { participants, threshold: 2 })
    expect(sentences).toEqual(['"x is added as a host" is added as a host with CONFIRMATION'])
  })
})

describe('differences of other mappings', () => {
  test('owners are a set and their threshold is named', () => {
    const difference = differenceOf(
      definitionTransaction({}, 1),
      definitionTransaction({ threshold: 1, owners: ['e', 'c', 'a'].map(namespace) }, 2),
    )
    expect(difference.sentences).toEqual([
      'the threshold of owners falls from 2 to 1',
      `${namespace('b')} is no longer an owner`,
      `${namespace('e')} is added as an owner`,
    ])
  })

  test('another power of a delegate is said as a whole', () => {
    const { sentences } = differenceOf(
      delegationTransaction(delegation(), 1),
      delegationTransaction(
        delegation({ restriction: { $case: 'canSignAllMappings', value: {} } }),
        2,
      ),
    )
    expect(sentences[0]).toBe(
      'the key could sign every kind of mapping except delegations; now it can sign every kind of mapping, including further delegations',
    )
  })

  const vetted = (packageIds: readonly string[], seconds?: bigint): TopologyTransaction =>
    transaction({
      $case: 'vettedPackages',
      value: {
        participantUid: uid('p1'),
        packageIds,
        packages: [
          {
            packageId: 'timed',
            validFromInclusive: undefined,
            validUntilExclusive: seconds === undefined ? undefined : { seconds, nanos: 0 },
          },
        ],
      },
    })

  test('packages are matched by id, also their times', () => {
    expect(differenceOf(vetted(['a', 'b']), vetted(['b', 'c'], 0n)).sentences).toEqual([
      'a is no longer a vetted package',
      'c is added as a vetted package',
      'the end of validity of vetted package timed is set to 1970-01-01T00:00:00Z',
    ])
  })

  test('members of a synchronizer', () => {
    const sequencers = (active: readonly string[], observers: readonly string[]) =>
      transaction({
        $case: 'sequencerSynchronizerState',
        value: { synchronizerId: uid('s5'), threshold: 1, active, observers },
      })
    expect(differenceOf(sequencers(['a', 'b'], []), sequencers(['b'], ['a'])).sentences).toEqual([
      'a is no longer an active sequencer',
      'a is added as an observing sequencer',
    ])
  })

  test('a successor is compared by what it says, in whichever form', () => {
    const successor = (hex: string): TopologyTransaction =>
      transaction({ $case: 'sequencerConnectionSuccessor', value: fromHex(hex) })
    const text = (value: string): string =>
      value.length.toString(16).padStart(2, '0') + Buffer.from(value).toString('hex')
    const of = (address: string): string => {
      const endpoint = `0a${text(address)}`
      const connection = `1a${(endpoint.length / 2).toString(16).padStart(2, '0')}${endpoint}`
      return `0a${text('SEQ::q')}12${text('s::n::35-1')}${connection}`
    }
    const difference = differenceOf(successor(of('a:1')), successor(of('b:2')))
    expect(difference.fields).toEqual([
      {
        path: 'connection.endpoints',
        label: 'connection, endpoints',
        kind: 'changed',
        before: ['a:1'],
        after: ['b:2'],
      },
    ])
  })

  test.each([
    ['two kinds of mapping', hostingTransaction(), definitionTransaction()],
    ['no mapping before', { operation: 1, serial: 1, mapping: undefined }, hostingTransaction()],
    ['no mapping after', hostingTransaction(), { operation: 1, serial: 1, mapping: undefined }],
  ] as const)('refuses %s', (_what, previous, current) => {
    expect(() => differenceOf(previous, current)).toThrow(
      expect.objectContaining({ code: 'previous-mismatch' }) as Error,
    )
  })
})

describe('differences of any two mappings of a kind', () => {
  test.each(mappingRows().map(({ $case, type }) => [type, $case] as const))(
    '%s: none of a mapping to itself, and one sentence for each',
    (type, $case) => {
      const wrapped = (value: unknown): TopologyTransaction =>
        transaction({ $case, value } as unknown as KnownMapping) // built from its schema
      const value =
        $case === 'sequencerConnectionSuccessor'
          ? fc.uint8Array({ maxLength: 20 })
          : messageArbitrary(type)
      fc.assert(
        fc.property(value, value, (a, b) => {
          expect(differenceOf(wrapped(a), wrapped(a)).fields).toEqual([])
          const { fields, sentences } = differenceOf(wrapped(a), wrapped(b))
          const power = $case === 'namespaceDelegation' ? 1 : 0
          expect(sentences.length - fields.length).toBeGreaterThanOrEqual(0)
          expect(sentences.length - fields.length).toBeLessThanOrEqual(power)
          for (const { kind, before, after } of fields) {
            expect(kind).toBe(before === null ? 'added' : after === null ? 'removed' : 'changed')
            expect(before).not.toEqual(after)
          }
        }),
        { numRuns: 20 },
      )
    },
  )
})

describe('the same content', () => {
  const content = (one: TopologyTransaction): TopologyTransaction['mapping'] => one.mapping
  const raw = fromHex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')

  test.each([
    [
      'hosts in another order',
      hostingTransaction(),
      hostingTransaction({ participants: three.toReversed() }),
    ],
    [
      'the old and the new way to give all but delegations',
      delegationTransaction(delegation()),
      delegationTransaction(delegation({ restriction: undefined })),
    ],
    [
      'the old and the new encoding of one key',
      delegationTransaction(delegation()),
      delegationTransaction(
        delegation({
          targetKey: { format: 3, publicKey: raw, scheme: 1, usage: [1], keySpec: 0 },
        }),
      ),
    ],
  ] as const)('%s', (_what, a, b) => {
    expect(hasSameContent(content(a), content(b))).toBe(true)
  })

  test.each([
    ['another threshold', hostingTransaction(), hostingTransaction({ threshold: 1 })],
    [
      'another usage of a key',
      hostingTransaction(),
      hostingTransaction({ partySigningKeys: { keys: [key(0, [4])], threshold: 1 } }),
    ],
    [
      'another key of a delegation',
      delegationTransaction(delegation()),
      delegationTransaction(delegation({ targetKey: key(2, [1]) })),
    ],
    [
      'another power of a delegation',
      delegationTransaction(delegation()),
      delegationTransaction(delegation({ isRootDelegation: true, restriction: undefined })),
    ],
    [
      'another list of mappings',
      delegationTransaction(
        delegation({ restriction: { $case: 'canSignSpecificMapings', value: { mappings: [8] } } }),
      ),
      delegationTransaction(
        delegation({ restriction: { $case: 'canSignSpecificMapings', value: { mappings: [9] } } }),
      ),
    ],
    ['another kind', hostingTransaction(), definitionTransaction()],
    ['nothing', hostingTransaction(), { operation: 1, serial: 1, mapping: undefined }],
    [
      'another party',
      transaction({ $case: 'partyToParticipant', value: hosting() }),
      hostingTransaction({ party: ALICE.replace('alice', 'bob') }),
    ],
  ] as const)('not with %s', (_what, a, b) => {
    expect(hasSameContent(content(a), content(b))).toBe(false)
  })
})
