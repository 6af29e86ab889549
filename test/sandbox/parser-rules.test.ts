/** What a node does not even read, and what it reads although it is odd: one rule, one test. */
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../src/base/bytes.ts'
import { parseSubmitted, parseTransaction } from '../../src/sandbox/core/submitted.ts'
import { assembleSignedTransaction } from '../../src/topology/assemble.ts'
import type { KnownMapping } from '../../src/topology/mapping.ts'
import { combinedHash } from '../../src/topology/namespace.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import { encodeMessage, unwrap, wrap } from '../../src/wire/codec.ts'
import type {
  HostingParticipant,
  NamespaceDelegation,
  PartyToParticipant,
  SigningPublicKey,
} from '../../src/wire/generated/schema.ts'
import { hosting, newPerson, refusal, root, transactionOf, type Person } from './network.ts'

const alice = await newPerson()
const bob = await newPerson()
const people = await Promise.all(Array.from({ length: 21 }, newPerson))

const encoded = (mapping: KnownMapping, { operation = 1, serial = 1 } = {}): Uint8Array =>
  wrap(encodeMessage('TopologyTransaction', { operation, serial, mapping: { mapping } }))

const isRead = (bytes: Uint8Array): boolean => parseTransaction(bytes).bytes === bytes

const MALFORMED = 'PROTO_DESERIALIZATION_FAILURE'

/** Rows of a mapping and whether it is read. */
function rows(cases: readonly (readonly [string, boolean, KnownMapping])[]): void {
  test.each(cases)('%s: read is %s', (_what, read, mapping) => {
    if (read) expect(isRead(encoded(mapping))).toBe(true)
    else expect(refusal(() => parseTransaction(encoded(mapping)))).toBe(MALFORMED)
  })
}

const key = (change: Partial<SigningPublicKey>, person: Person = alice): SigningPublicKey => ({
  ...person.publicKey(),
  ...change,
})

describe('every transaction', () => {
  test.each([
    ['serial 0', { serial: 0 }],
    ['a serial above 2147483647', { serial: 2_147_483_648 }],
    ['no operation', { operation: 0 }],
    ['an unknown operation', { operation: 3 }],
  ])('%s', (_what, change) => {
    expect(refusal(() => parseTransaction(encoded(root(alice), change)))).toBe(MALFORMED)
  })

  test('the greatest serial is read', () => {
    expect(isRead(encoded(root(alice), { serial: 2_147_483_647 }))).toBe(true)
  })

  test('another version than 30', () => {
    const data = unwrap(encoded(root(alice)))
    const other = encodeMessage('UntypedVersionedMessage', {
      wrapper: { $case: 'data', value: data },
      version: 31,
    })
    expect(refusal(() => parseTransaction(other))).toBe(MALFORMED)
  })

  test('no mapping, and one of an older release line', () => {
    const none = wrap(
      encodeMessage('TopologyTransaction', { operation: 1, serial: 1, mapping: undefined }),
    )
    expect(refusal(() => parseTransaction(none))).toBe(MALFORMED)
    const purge: KnownMapping = {
      $case: 'purgeTopologyTxs',
      value: {
        synchronizerId: `s::${alice.fingerprint}`,
        mappings: [{ mapping: root(alice) }],
      },
    }
    expect(refusal(() => parseTransaction(encoded(purge)))).toBe(MALFORMED)
  })

  test('unknown fields are overlooked', () => {
    const data = concatBytes(unwrap(encoded(root(alice))), Uint8Array.of(0x78, 0x01))
    expect(isRead(wrap(data))).toBe(true)
  })

  test('bytes that are no message', () => {
    for (const bytes of [new Uint8Array(), Uint8Array.of(0xff), encoded(root(alice)).subarray(1)]) {
      expect(refusal(() => parseTransaction(bytes))).toBe(MALFORMED)
    }
  })
})

describe('signatures', () => {
  const transaction = transactionOf({ mapping: root(alice) })
  const hash = transactionHash(transaction)
  const nothing = {
    transaction,
    signatures: [],
    proposal: false,
    multiTransactionSignatures: [],
  }
  const parse = (change: Partial<Parameters<typeof assembleSignedTransaction>[0]>) =>
    parseSubmitted(assembleSignedTransaction({ ...nothing, ...change }))
  const multi = (transactionHashes: readonly Uint8Array[], signers: readonly Person[]) => ({
    multiTransactionSignatures: [
      {
        transactionHashes,
        signatures: signers.map(({ sign }) => sign(combinedHash([hash]))),
      },
    ],
  })

  test('none at all', () => {
    expect(refusal(() => parse({}))).toBe(MALFORMED)
  })

  test('an entry for several transactions without hashes, without signatures, without this one', () => {
    expect(refusal(() => parse(multi([], [alice])))).toBe(MALFORMED)
    expect(refusal(() => parse(multi([hash], [])))).toBe(MALFORMED)
    const other = transactionHash(transactionOf({ mapping: root(bob) }))
    expect(refusal(() => parse(multi([other], [alice])))).toBe(MALFORMED)
    expect(refusal(() => parse(multi([hash, hash.subarray(1)], [alice])))).toBe(MALFORMED)
  })

  test('of one key the first stays, single ones first', () => {
    const single = alice.sign(hash)
    const { signatures } = parse({ ...multi([hash], [alice, bob]), signatures: [single] })
    expect(signatures.map(({ wire }) => wire.signedBy)).toEqual([
      alice.fingerprint,
      bob.fingerprint,
    ])
    expect(signatures[0]?.hashes).toBeUndefined()
  })
})

describe('keys', () => {
  const listed = (one: SigningPublicKey): KnownMapping =>
    hosting(alice, [], { partySigningKeys: { keys: [one], threshold: 1 } })
  rows([
    ['proof of ownership alone', false, listed(key({ usage: [5] }))],
    ['namespace and proof of ownership', false, listed(key({ usage: [1, 5] }))],
    ['an unspecified usage', false, listed(key({ usage: [0, 4] }))],
    ['an unknown usage', false, listed(key({ usage: [4, 9] }))],
    ['no usage, which means every one', true, listed(key({ usage: [] }))],
    ['the deprecated usage beside another', true, listed(key({ usage: [2, 4] }))],
    ['a format that does not fit the spec', false, listed(key({ format: 2 }))],
    ['bytes that are no key', false, listed(key({ publicKey: new Uint8Array(44) }))],
    ['no spec', false, listed(key({ keySpec: 0 }))],
    ['a spec of a later release line', false, listed(key({ keySpec: 5 }))],
    [
      'raw Ed25519, an old format',
      true,
      listed(key({ format: 3, publicKey: alice.key.publicKey.spki.slice(-32) })),
    ],
  ])
})

describe('NamespaceDelegation', () => {
  const delegation = (change: Partial<NamespaceDelegation>): KnownMapping => ({
    $case: 'namespaceDelegation',
    value: {
      namespace: alice.fingerprint,
      targetKey: bob.publicKey(),
      isRootDelegation: false,
      restriction: undefined,
      ...change,
    },
  })
  const specific = (mappings: readonly number[]): NamespaceDelegation['restriction'] => ({
    $case: 'canSignSpecificMapings',
    value: { mappings },
  })
  const all: NamespaceDelegation['restriction'] = { $case: 'canSignAllMappings', value: {} }
  rows([
    ['a target without NAMESPACE', false, delegation({ targetKey: bob.publicKey([4]) })],
    ['no target', false, delegation({ targetKey: undefined })],
    ['an empty list of mappings', false, delegation({ restriction: specific([]) })],
    ['an unknown mapping code', false, delegation({ restriction: specific([99]) })],
    [
      'the old flag beside a restriction',
      false,
      delegation({ isRootDelegation: true, restriction: all }),
    ],
    ['the old flag alone', true, delegation({ isRootDelegation: true })],
    [
      'the root key without NamespaceDelegation',
      false,
      delegation({ targetKey: alice.publicKey(), restriction: specific([9]) }),
    ],
    [
      'the root key with a list that has it',
      true,
      delegation({ targetKey: alice.publicKey(), restriction: specific([1, 9]) }),
    ],
    ['no restriction', true, delegation({})],
  ])
})

describe('DecentralizedNamespaceDefinition', () => {
  const definition = (owners: readonly string[], threshold: number): KnownMapping => ({
    $case: 'decentralizedNamespaceDefinition',
    value: { decentralizedNamespace: alice.fingerprint, threshold, owners },
  })
  const [a, b] = [alice.fingerprint, bob.fingerprint]
  rows([
    ['no owners', false, definition([], 1)],
    ['threshold 0', false, definition([a, b], 0)],
    ['a threshold above the owners', false, definition([a, b], 3)],
    ['a threshold above the distinct owners', false, definition([a, a], 2)],
    ['an owner twice', true, definition([a, b, b], 2)],
    ['one owner', true, definition([a], 1)],
  ])
})

describe('OwnerToKeyMapping and PartyToKeyMapping', () => {
  const owner = (keys: readonly SigningPublicKey[]): KnownMapping => ({
    $case: 'ownerToKeyMapping',
    value: {
      member: `PAR::p::${alice.fingerprint}`,
      publicKeys: keys.map((value) => ({ key: { $case: 'signingPublicKey', value } })),
    },
  })
  const party = (signingKeys: readonly SigningPublicKey[], threshold = 1): KnownMapping => ({
    $case: 'partyToKeyMapping',
    value: { party: `p::${alice.fingerprint}`, threshold, signingKeys },
  })
  const keys = people.map((person) => person.publicKey())
  rows([
    ['a member without keys', false, owner([])],
    ['a key of a member twice', false, owner([key({}), key({ usage: [4] })])],
    ['21 keys of a member', false, owner(keys)],
    ['20 keys of a member', true, owner(keys.slice(1))],
    ['a party without keys', false, party([])],
    ['threshold 0', false, party([key({})], 0)],
    ['a threshold above the keys', true, party([key({})], 2)],
    ['21 keys of a party', false, party(keys)],
  ])
})

describe('PartyToParticipant', () => {
  const one: HostingParticipant = {
    participantUid: `p::${bob.fingerprint}`,
    permission: 2,
    onboarding: undefined,
  }
  const withKeys = (
    keys: readonly SigningPublicKey[],
    threshold = 1,
  ): Partial<PartyToParticipant> => ({
    partySigningKeys: { keys, threshold },
  })
  rows([
    ['threshold 0', false, hosting(alice, [one], { threshold: 0 })],
    ['no hosts', true, hosting(alice, [])],
    ['a threshold above the hosts', true, hosting(alice, [one], { threshold: 2 })],
    ['a host without permission', false, hosting(alice, [{ ...one, permission: 0 }])],
    ['a host with an unknown permission', false, hosting(alice, [{ ...one, permission: 4 }])],
    ['a host twice', true, hosting(alice, [one, { ...one, permission: 3 }])],
    [
      'a host by its old name',
      true,
      hosting(alice, [{ ...one, participantUid: `PAR::${one.participantUid}` }]),
    ],
    ['an empty list of signing keys', false, hosting(alice, [one], withKeys([]))],
    ['a signing threshold of 0', false, hosting(alice, [one], withKeys([key({})], 0))],
    ['a signing threshold above the keys', true, hosting(alice, [one], withKeys([key({})], 2))],
    ['a signing key twice', false, hosting(alice, [one], withKeys([key({}), key({ usage: [4] })]))],
    [
      '21 signing keys',
      false,
      hosting(alice, [one], withKeys(people.map((person) => person.publicKey()))),
    ],
  ])

  test('of two entries for a host the one with more rights counts', () => {
    const lower = { ...one, permission: 3, onboarding: {} }
    const { facts } = parseTransaction(encoded(hosting(alice, [lower, one])))
    if (facts.mapping.$case !== 'partyToParticipant') throw new Error('another mapping')
    expect(facts.mapping.hosts.get(one.participantUid)).toMatchObject({
      permission: 2,
      onboarding: false,
    })
  })
})

describe('VettedPackages', () => {
  const validity = (from: bigint, until: bigint) => ({
    validFromInclusive: { seconds: from, nanos: 0 },
    validUntilExclusive: { seconds: until, nanos: 0 },
  })
  const vetted = (
    packageIds: readonly string[],
    ids: readonly string[],
    from = 0n,
  ): KnownMapping => ({
    $case: 'vettedPackages',
    value: {
      participantUid: `p::${alice.fingerprint}`,
      packageIds,
      packages: ids.map((packageId) => ({ packageId, ...validity(from, 1n) })),
    },
  })
  rows([
    ['a package in both lists', false, vetted(['a'], ['a'])],
    ['a package twice in one list', true, vetted([], ['a', 'a'])],
    ['a validity that ends before it begins', true, vetted([], ['a'], 2n)],
  ])
})

describe('MediatorSynchronizerState and SequencerSynchronizerState', () => {
  const uid = (name: string): string => `${name}::${alice.fingerprint}`
  const group = (
    active: readonly string[],
    threshold: number,
    observers: readonly string[] = [],
  ): readonly KnownMapping[] => {
    const value = { synchronizerId: uid('s'), threshold, active, observers }
    return [
      { $case: 'mediatorSynchronizerState', value: { ...value, group: 0 } },
      { $case: 'sequencerSynchronizerState', value },
    ]
  }
  const both = (
    what: string,
    read: boolean,
    mappings: readonly KnownMapping[],
  ): readonly (readonly [string, boolean, KnownMapping])[] =>
    mappings.map((mapping) => [`${mapping.$case}: ${what}`, read, mapping] as const)
  rows([
    ...both('nobody active', false, group([], 1)),
    ...both('threshold 0', false, group([uid('a')], 0)),
    ...both('a threshold above the members', false, group([uid('a')], 2)),
    ...both('somebody active who observes', false, group([uid('a')], 1, [uid('a')])),
    ...both('a member twice, who counts twice', true, group([uid('a'), uid('a')], 2)),
  ])
})

test('feature flags without a name are kept', () => {
  const mapping: KnownMapping = {
    $case: 'synchronizerTrustCertificate',
    value: {
      participantUid: `p::${alice.fingerprint}`,
      synchronizerId: `s::${alice.fingerprint}`,
      featureFlags: [1, 77],
    },
  }
  expect(isRead(encoded(mapping))).toBe(true)
})
