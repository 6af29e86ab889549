import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import {
  buildSpec,
  buildTransaction,
  nextSerial,
  previousOf,
  resolveSerials,
} from '../../src/build/build.ts'
import { changedSigningKeys, ownerToKey, partyToKey } from '../../src/build/kinds/keys.ts'
import {
  changedOwners,
  decentralizedNamespaceDefinition,
  delegation,
  revocation,
  rootBlock,
  rootDelegation,
  type DelegationRestriction,
} from '../../src/build/kinds/namespaces.ts'
import { changedHosting, externalParty, type HostingChange } from '../../src/build/kinds/parties.ts'
import { encryptionKeyFromSpki } from '../../src/build/keys.ts'
import { remarksOf, type TransactionDraft } from '../../src/build/rules.ts'
import { isMultihash } from '../../src/crypto/hash.ts'
import { parseMemberId, parseUniqueIdentifier } from '../../src/ident/identifiers.ts'
import { decentralizedNamespace } from '../../src/topology/namespace.ts'
import { readTransaction } from '../../src/topology/transaction.ts'
import { encodeMessage, wrap } from '../../src/wire/codec.ts'
import type { TopologyTransaction } from '../../src/wire/generated/schema.ts'
import { fixture, fixtureBytes, fromBase64, fromHex } from '../support/vectors.ts'
import {
  codeOf,
  fixtureKey,
  inForce,
  key,
  namespaceOf,
  parsedUid,
  specFrom,
  uid,
} from './support.ts'

const CONFIRMATION = 2
const OBSERVATION = 3

describe('delegations compared with what the reference scripts and an independent encoder make', () => {
  const { cases } = fixture('namespace-delegations/reference-script-certificates.json') as {
    readonly cases: readonly {
      readonly name: string
      readonly root_key: string
      readonly target_key: string
      readonly script_arguments: readonly string[]
      readonly prepared_transaction_hex: string
      readonly revoked_prepared_transaction_hex: string | null
      readonly canton_target_pub_key_hex: string | null
      readonly python_protobuf_bytes_hex: string | null
      readonly python_protobuf_hash_hex: string
    }[]
  }
  const restrictionOf = (words: readonly string[]): DelegationRestriction => {
    if (words[0] === '--intermediate-delegation') {
      return { $case: 'canSignAllButNamespaceDelegations', value: {} }
    }
    const codes: Readonly<Record<string, number>> = {
      NAMESPACE_DELEGATION: 1,
      VETTED_PACKAGES: 8,
      PARTY_TO_PARTICIPANT: 9,
    }
    const mappings = (words[1] ?? '').split(',').map((name) => codes[name] ?? 0)
    return { $case: 'canSignSpecificMapings', value: { mappings: mappings.sort((a, b) => a - b) } }
  }
  const draftOf = (one: (typeof cases)[number]): TransactionDraft => {
    if (one.revoked_prepared_transaction_hex !== null) {
      return revocation(previousOf(readTransaction(fromHex(one.revoked_prepared_transaction_hex))))
    }
    const root = fixtureKey(one.root_key)
    if (one.script_arguments[0] === '--root-delegation') return rootDelegation(root)
    return delegation({
      namespace: namespaceOf(root),
      target: fixtureKey(one.target_key),
      restriction: restrictionOf(one.script_arguments),
    })
  }
  // The one for a key exported by a node names a usage that a delegation may not have.
  const comparable = cases.filter((one) => one.canton_target_pub_key_hex === null)

  test('there are twelve of them', () => {
    expect(comparable).toHaveLength(12)
  })

  /** The script keeps the order it is given; Canton sorts, and so does this tool. */
  const sorted = (value: TopologyTransaction | undefined): TopologyTransaction | undefined => {
    const own = value?.mapping?.mapping
    if (own?.$case !== 'namespaceDelegation' || value === undefined) return value
    const { restriction } = own.value
    if (restriction?.$case !== 'canSignSpecificMapings') return value
    const mappings = restriction.value.mappings.toSorted((a, b) => a - b)
    const inOrder = { ...own.value, restriction: { ...restriction, value: { mappings } } }
    return { ...value, mapping: { mapping: { ...own, value: inOrder } } }
  }

  test.each(comparable)('$name: same content as the script', (one) => {
    const reference = readTransaction(fromHex(one.prepared_transaction_hex))
    expect(buildTransaction(draftOf(one)).value).toEqual(sorted(reference.value))
  })

  const encoded = comparable.filter(
    (one) => one.python_protobuf_bytes_hex !== null && !one.name.includes('2 mappings'),
  )

  test('nine of them were encoded independently in an order that Canton would write', () => {
    expect(encoded).toHaveLength(9)
  })

  test.each(encoded)('$name: same bytes as the independent encoder', (one) => {
    const built = buildTransaction(draftOf(one))
    expect(toHex(built.bytes)).toBe(one.python_protobuf_bytes_hex)
    expect(toHex(built.hash)).toBe(one.python_protobuf_hash_hex)
  })
})

describe('external parties compared with independently made onboardings', () => {
  const { onboarding } = fixture('end-to-end/signing.json') as {
    readonly onboarding: readonly {
      readonly name: string
      readonly transactions: readonly {
        readonly transaction_base64: string
        readonly hash_hex: string
      }[]
    }[]
  }
  const bytesOf = (name: string): readonly string[] => {
    const found = onboarding.find((one) => one.name === name)
    return (found?.transactions ?? []).map((one) => toHex(fromBase64(one.transaction_base64)))
  }
  const built = (drafts: readonly TransactionDraft[]): readonly string[] =>
    drafts.map((draft) => toHex(buildTransaction(draft).bytes))
  const host = (
    text: string,
  ): { participant: ReturnType<typeof parseUniqueIdentifier>; permission: number } => ({
    participant: parseUniqueIdentifier(text),
    permission: CONFIRMATION,
  })

  test('one self-signed transaction, single host', () => {
    const drafts = externalParty({
      hint: 'dave',
      control: { $case: 'key', key: fixtureKey('ed25519-b') },
      signingKeys: [],
      signingThreshold: undefined,
      hosts: [
        host('participant::1220f36ce49413e177ed54edbef155417043d7c2db58327066f4eb3a5765f6064239'),
      ],
      threshold: undefined,
      release: '3.5',
    })
    expect(drafts).toHaveLength(1)
    expect(built(drafts)).toEqual(bytesOf('onboarding, one self-signed PartyToParticipant'))
  })

  test('two hosts and a protocol key beside a namespace that is delegated elsewhere', () => {
    const root = fixtureKey('ed25519-a')
    const drafts = externalParty({
      hint: 'bob',
      control: { $case: 'namespace', namespace: namespaceOf(root) },
      signingKeys: [fixtureKey('p256-a')],
      signingThreshold: undefined,
      hosts: [
        host('participant::122090698eee395824668502ff5cce61dd5d6a86ca5215ec418026c4bf781dafd1ef'),
        host('participant2::1220e99b39d7975ed91aa649cad16158597ebd2002fe26a15e4c6e4f7f15665b8221'),
      ],
      threshold: 2,
      release: '3.5',
    })
    const [, expected] = bytesOf('onboarding, separate protocol key (P-256), two hosts')
    expect(built(drafts)).toEqual([expected])
  })

  test('three transactions for release line 3.3', () => {
    const drafts = externalParty({
      hint: 'alice',
      control: { $case: 'key', key: fixtureKey('ed25519-a') },
      signingKeys: [],
      signingThreshold: undefined,
      hosts: [
        host('participant::1220914ba06cbdc7908c1e0d20b692368a617677b1be316265d30c64bacce58e86b8'),
      ],
      threshold: undefined,
      release: '3.3',
    })
    const expected = bytesOf('onboarding, three transactions')
    expect(expected).toHaveLength(3)
    expect(built(drafts)).toEqual(expected)
  })
})

describe('external parties that are refused', () => {
  const sound = {
    hint: 'alice',
    control: { $case: 'key' as const, key: key(0) },
    signingKeys: [],
    signingThreshold: undefined,
    hosts: [{ participant: parsedUid('p1', key(1)), permission: CONFIRMATION }],
    threshold: undefined,
    release: '3.5' as const,
  }
  const two = [...sound.hosts, { participant: parsedUid('p2', key(2)), permission: CONFIRMATION }]

  test('the request that the next cases spoil is sound', () => {
    expect(externalParty(sound).map((draft) => buildTransaction(draft).findings)).toEqual([[]])
  })

  test.each([
    ['no host', { hosts: [] }, 'build-rule'],
    [
      'the same host twice',
      { hosts: [...sound.hosts, ...sound.hosts], threshold: 1 },
      'build-rule',
    ],
    [
      'a host with two permissions',
      {
        hosts: [...sound.hosts, { participant: parsedUid('p1', key(1)), permission: OBSERVATION }],
      },
      'build-rule',
    ],
    [
      'observers alone',
      { hosts: [{ participant: parsedUid('p1', key(1)), permission: OBSERVATION }] },
      'build-rule',
    ],
    ['two confirming hosts without a threshold', { hosts: two }, 'build-rule'],
    [
      'a threshold that the confirming hosts cannot reach',
      { hosts: two, threshold: 3 },
      'build-rule',
    ],
    [
      'a threshold that counts an observer',
      {
        hosts: [...sound.hosts, { participant: parsedUid('p2', key(2)), permission: OBSERVATION }],
        threshold: 2,
      },
      'build-rule',
    ],
    [
      'a namespace without a key',
      { control: { $case: 'namespace' as const, namespace: namespaceOf(key(0)) } },
      'build-rule',
    ],
    [
      'the namespace key as a signing key again',
      { signingKeys: [key(0)], signingThreshold: 1 },
      'build-rule',
    ],
    ['two keys without a signing threshold', { signingKeys: [key(1)] }, 'build-rule'],
    [
      'the form for 3.3 without the namespace key',
      {
        control: { $case: 'namespace' as const, namespace: namespaceOf(key(0)) },
        signingKeys: [key(1)],
        release: '3.3' as const,
      },
      'build-rule',
    ],
    ['a name with two colons', { hint: 'a::b' }, 'identifier-invalid'],
    ['an empty name', { hint: '' }, 'identifier-invalid'],
    ['a name with control characters', { hint: 'a\nb' }, 'identifier-invalid'],
  ])('%s', (_what, spoilt, code) => {
    expect(codeOf(() => externalParty({ ...sound, ...spoilt }))).toBe(code)
  })

  test('a signing threshold above the keys', () => {
    const drafts = externalParty({ ...sound, signingThreshold: 2 })
    expect(codeOf(() => drafts.map((draft) => buildTransaction(draft)))).toBe(
      'threshold-out-of-range',
    )
  })

  test('SUBMISSION for a host', () => {
    const hosts = [{ participant: parsedUid('p1', key(1)), permission: 1 }]
    const [draft] = externalParty({ ...sound, hosts })
    if (draft === undefined) throw new Error('nothing drafted')
    expect(codeOf(() => buildTransaction(draft))).toBe('build-rule')
    expect(codeOf(() => buildTransaction(draft, { allowSubmission: true }))).toBe('no error')
  })
})

describe('hosting', () => {
  const first = (): TransactionDraft => {
    const [draft] = externalParty({
      hint: 'alice',
      control: { $case: 'key', key: key(0) },
      signingKeys: [],
      signingThreshold: undefined,
      hosts: [
        { participant: parsedUid('p1', key(1)), permission: CONFIRMATION },
        { participant: parsedUid('p2', key(2)), permission: OBSERVATION },
      ],
      threshold: undefined,
      release: '3.5',
    })
    if (draft === undefined) throw new Error('nothing drafted')
    return draft
  }
  const nothing = {
    addHosts: [],
    removeHosts: [],
    permissions: [],
    onboarding: [],
    onboarded: [],
    threshold: undefined,
  }
  const change = (previous: TransactionDraft, asked: Partial<HostingChange>): TransactionDraft =>
    changedHosting({ previous: inForce(previous), ...nothing, ...asked })
  const valueOf = (draft: TransactionDraft): object => {
    if (draft.mapping.$case !== 'partyToParticipant') throw new Error('another mapping')
    return draft.mapping.value
  }
  const p1 = parsedUid('p1', key(1))
  const p2 = parsedUid('p2', key(2))
  const p3 = parsedUid('p3', key(3))

  test('a replication: list the target with the flag, then clear the flag, and nothing else', () => {
    const start = first()
    const listed = change(start, {
      addHosts: [{ participant: p3, permission: CONFIRMATION }],
      onboarding: [p3],
    })
    expect(listed.serial).toBe(2)
    expect(valueOf(listed)).toEqual({
      ...valueOf(start),
      participants: [
        { participantUid: uid('p1', key(1)), permission: 2, onboarding: undefined },
        { participantUid: uid('p2', key(2)), permission: 3, onboarding: undefined },
        { participantUid: uid('p3', key(3)), permission: 2, onboarding: {} },
      ],
    })
    const cleared = change(listed, { onboarded: [p3] })
    expect(cleared.serial).toBe(3)
    expect(valueOf(cleared)).toEqual({
      ...valueOf(start),
      participants: [
        { participantUid: uid('p1', key(1)), permission: 2, onboarding: undefined },
        { participantUid: uid('p2', key(2)), permission: 3, onboarding: undefined },
        { participantUid: uid('p3', key(3)), permission: 2, onboarding: undefined },
      ],
    })
    expect(buildTransaction(cleared).findings).toEqual([])
  })

  test('a raised permission with the flag, a threshold and a removal change just that', () => {
    const raised = change(first(), {
      permissions: [{ participant: p2, permission: CONFIRMATION }],
      onboarding: [p2],
      threshold: 2,
    })
    expect(valueOf(raised)).toMatchObject({
      threshold: 2,
      participants: [
        { participantUid: uid('p1', key(1)), permission: 2, onboarding: undefined },
        { participantUid: uid('p2', key(2)), permission: 2, onboarding: {} },
      ],
    })
    expect(remarksOf(raised)).toHaveLength(1)
    const removed = change(raised, { removeHosts: [p1], threshold: 1 })
    expect(removed.serial).toBe(3)
    expect(valueOf(removed)).toMatchObject({
      threshold: 1,
      participants: [{ participantUid: uid('p2', key(2)), permission: 2, onboarding: {} }],
    })
  })

  test('says that nothing could be confirmed where the threshold counts an observer', () => {
    const draft = change(first(), { threshold: 2 })
    expect(buildTransaction(draft).findings).toEqual([])
    expect(remarksOf(draft)).toHaveLength(1)
    expect(remarksOf(first())).toEqual([])
  })

  test('keeps a host that was recorded with its code', () => {
    const start = first()
    if (start.mapping.$case !== 'partyToParticipant') throw new Error('another mapping')
    const old = {
      ...start.mapping.value,
      participants: start.mapping.value.participants.map((host) => ({
        ...host,
        participantUid: `PAR::${host.participantUid}`,
      })),
    }
    const changed = change(
      { ...start, mapping: { $case: 'partyToParticipant', value: old } },
      { removeHosts: [p2] },
    )
    expect(valueOf(changed)).toMatchObject({
      participants: [{ participantUid: uid('p1', key(1)), permission: 2 }],
    })
  })

  test.each([
    ['nothing', {}],
    ['a host that is one already', { addHosts: [{ participant: p1, permission: OBSERVATION }] }],
    [
      'a host to be added twice',
      {
        addHosts: [
          { participant: p3, permission: 2 },
          { participant: p3, permission: 3 },
        ],
      },
    ],
    [
      'a host to be added and removed',
      { addHosts: [{ participant: p3, permission: 2 }], removeHosts: [p3] },
    ],
    [
      'a present host to be replaced by itself',
      { addHosts: [{ participant: p1, permission: 3 }], removeHosts: [p1] },
    ],
    ['a host to be removed that is none', { removeHosts: [p3] }],
    ['a host to be removed twice', { removeHosts: [p2, p2] }],
    ['a permission of a stranger', { permissions: [{ participant: p3, permission: 2 }] }],
    ['the permission that a host has', { permissions: [{ participant: p1, permission: 2 }] }],
    [
      'two permissions of one host',
      {
        permissions: [
          { participant: p2, permission: 2 },
          { participant: p2, permission: 1 },
        ],
      },
    ],
    [
      'a permission of a host that is removed',
      { permissions: [{ participant: p2, permission: 2 }], removeHosts: [p2] },
    ],
    ['the flag of a stranger', { onboarding: [p3] }],
    ['the flag of a host that is removed', { onboarding: [p2], removeHosts: [p2] }],
    ['the flag set and cleared', { onboarding: [p2], onboarded: [p2] }],
    ['a flag cleared that is not set', { onboarded: [p2] }],
    ['the threshold that holds already', { threshold: 1 }],
    ['the same threshold beside another change', { threshold: 1, removeHosts: [p2] }],
    ['a threshold above the hosts', { threshold: 3 }],
    ['the last hosts to be removed', { removeHosts: [p1, p2] }],
  ])('refuses %s', (_what, asked) => {
    expect(codeOf(() => change(first(), asked))).toBe('build-rule')
  })

  test('refuses to set a flag that is set', () => {
    const flagged = change(first(), { onboarding: [p2] })
    expect(codeOf(() => change(flagged, { onboarding: [p2] }))).toBe('build-rule')
  })

  test('refuses a previous transaction of another kind, or a removal', () => {
    expect(codeOf(() => change(rootDelegation(key(0)), { threshold: 2 }))).toBe('previous-mismatch')
    const removal = revocation(inForce(first()))
    expect(codeOf(() => change(removal, { threshold: 2 }))).toBe('previous-mismatch')
  })
})

describe('signing keys', () => {
  const first = (): TransactionDraft => {
    const [draft] = externalParty({
      hint: 'alice',
      control: { $case: 'key', key: key(0) },
      signingKeys: [key(1)],
      signingThreshold: 2,
      hosts: [{ participant: parsedUid('p1', key(2)), permission: CONFIRMATION }],
      threshold: undefined,
      release: '3.5',
    })
    if (draft === undefined) throw new Error('nothing drafted')
    return draft
  }
  const nothing = {
    addKeys: [],
    removeKeys: [],
    signingThreshold: undefined,
    dropNamespaceKey: false,
  }
  const change = (asked: object, previous = first()): TransactionDraft =>
    changedSigningKeys({ previous: inForce(previous), ...nothing, ...asked })
  const listed = (draft: TransactionDraft): readonly string[] => {
    const own = buildTransaction(draft).value.mapping?.mapping
    if (own?.$case !== 'partyToParticipant') throw new Error('another mapping')
    return (own.value.partySigningKeys?.keys ?? []).map(({ publicKey }) => toHex(publicKey))
  }

  test('a rotation keeps the namespace key and everything else', () => {
    const rotated = change({ addKeys: [key(3)], removeKeys: [key(1).fingerprint] })
    expect(rotated.serial).toBe(2)
    expect([...listed(rotated)].sort()).toEqual([toHex(key(0).spki), toHex(key(3).spki)].sort())
    if (rotated.mapping.$case !== 'partyToParticipant') throw new Error('another mapping')
    const before = inForce(first()).mapping
    if (before.$case !== 'partyToParticipant') throw new Error('another mapping')
    expect(rotated.mapping.value).toMatchObject({
      party: before.value.party,
      threshold: 1,
      participants: before.value.participants,
      partySigningKeys: { threshold: 2 },
    })
  })

  test.each([
    ['nothing', {}],
    ['a key that is listed', { addKeys: [key(1)] }],
    ['a key that is not listed', { removeKeys: [key(5).fingerprint] }],
    ['a key added and removed', { addKeys: [key(3)], removeKeys: [key(3).fingerprint] }],
    ['a key added twice', { addKeys: [key(3), key(3)] }],
    ['the threshold left above the keys', { removeKeys: [key(1).fingerprint] }],
    ['a threshold above the keys', { signingThreshold: 3 }],
    ['the namespace key', { removeKeys: [key(0).fingerprint], signingThreshold: 1 }],
    ['every key', { removeKeys: [key(0).fingerprint, key(1).fingerprint], dropNamespaceKey: true }],
  ])('refuses %s', (_what, asked) => {
    expect(codeOf(() => change(asked))).toBe('build-rule')
  })

  test('drops the namespace key only if that is said', () => {
    const asked = { removeKeys: [key(0).fingerprint], signingThreshold: 1, dropNamespaceKey: true }
    expect(listed(change(asked))).toEqual([toHex(key(1).spki)])
  })

  test('rotates a partyToKeyMapping as well', () => {
    const old = partyToKey({
      party: parsedUid('alice', key(0)),
      signingKeys: [key(1)],
      signingThreshold: undefined,
    })
    const rotated = change({ addKeys: [key(3)], removeKeys: [key(1).fingerprint] }, old)
    expect(rotated).toMatchObject({
      serial: 2,
      mapping: { $case: 'partyToKeyMapping', value: { threshold: 1 } },
    })
    expect(buildTransaction(rotated).findings).toEqual([])
    expect(codeOf(() => change({ removeKeys: [key(1).fingerprint] }, old))).toBe('build-rule')
  })

  test('refuses a mapping without keys', () => {
    expect(codeOf(() => change({ addKeys: [key(3)] }, rootDelegation(key(0))))).toBe(
      'previous-mismatch',
    )
    const start = first()
    if (start.mapping.$case !== 'partyToParticipant') throw new Error('another mapping')
    const value = { ...start.mapping.value, partySigningKeys: undefined }
    const without = { ...start, mapping: { $case: 'partyToParticipant' as const, value } }
    expect(codeOf(() => change({ addKeys: [key(3)] }, without))).toBe('build-rule')
  })

  test.each([
    ['no key', { signingKeys: [], signingThreshold: 1 }],
    ['a key twice', { signingKeys: [key(1), key(1)], signingThreshold: 1 }],
    [
      'two keys without a threshold',
      { signingKeys: [key(1), key(3)], signingThreshold: undefined },
    ],
  ])('partyToKey refuses %s', (_what, asked) => {
    expect(codeOf(() => partyToKey({ party: parsedUid('a', key(0)), ...asked }))).toBe('build-rule')
  })
})

describe('namespaces', () => {
  const allBut: DelegationRestriction = { $case: 'canSignAllButNamespaceDelegations', value: {} }
  const root = key(0)

  test('a namespace key rotation: delegate, then revoke with the same content', () => {
    const made = delegation({ namespace: namespaceOf(root), target: key(1), restriction: allBut })
    const gone = revocation(inForce(made))
    expect(gone).toEqual({ ...made, operation: 2, serial: 2 })
    expect(codeOf(() => revocation(inForce(gone)))).toBe('previous-mismatch')
  })

  test('a delegation that was revoked is never made again', () => {
    const made = delegation({ namespace: namespaceOf(root), target: key(1), restriction: allBut })
    const gone = inForce(revocation(inForce(made)))
    const again = { operation: 1, serial: undefined, mapping: made.mapping }
    expect(codeOf(() => resolveSerials([again], [gone]))).toBe('previous-mismatch')
    const both = [made, { ...made, operation: 2, serial: undefined }, again]
    expect(codeOf(() => resolveSerials(both))).toBe('previous-mismatch')
  })

  test('a new restriction for the same key follows the old one', () => {
    const made = delegation({ namespace: namespaceOf(root), target: key(1), restriction: allBut })
    const all: DelegationRestriction = { $case: 'canSignAllMappings', value: {} }
    const changed = delegation({
      namespace: namespaceOf(root),
      target: key(1),
      restriction: all,
      previous: inForce(made),
    })
    expect(changed).toMatchObject({ serial: 2, mapping: { value: { restriction: all } } })
  })

  test('a removal repeats what nodes understand of an old record', () => {
    const value = {
      namespace: root.fingerprint,
      targetKey: {
        format: 3,
        publicKey: fixtureKey('ed25519-b').spki.subarray(-32),
        scheme: 1,
        usage: [],
        keySpec: 0,
      },
      isRootDelegation: true,
      restriction: undefined,
    }
    const mapping = { mapping: { $case: 'namespaceDelegation' as const, value } }
    const bytes = wrap(encodeMessage('TopologyTransaction', { operation: 1, serial: 4, mapping }))
    const removal = buildTransaction(revocation(previousOf(readTransaction(bytes))))
    expect(removal.value).toMatchObject({
      operation: 2,
      serial: 5,
      mapping: {
        mapping: {
          value: {
            isRootDelegation: false,
            restriction: { $case: 'canSignAllMappings' },
            targetKey: { format: 4, scheme: 0, keySpec: 1, usage: [1, 3, 4, 5] },
          },
        },
      },
    })
  })

  test('blocks a root key that was never published', () => {
    expect(rootBlock(root)).toEqual({ ...rootDelegation(root), operation: 2 })
    expect(buildTransaction(rootBlock(root)).findings).toEqual([])
  })

  test('refuses a delegation to the root itself, and a change of another namespace', () => {
    const asked = { namespace: namespaceOf(root), target: root, restriction: allBut }
    expect(codeOf(() => delegation(asked))).toBe('build-rule')
    const other = delegation({
      namespace: namespaceOf(key(2)),
      target: key(1),
      restriction: allBut,
    })
    expect(codeOf(() => delegation({ ...asked, target: key(1), previous: inForce(other) }))).toBe(
      'build-rule',
    )
  })

  test('a previous delegation to another key is none that could be changed', () => {
    const made = delegation({ namespace: namespaceOf(root), target: key(1), restriction: allBut })
    const asked = { namespace: namespaceOf(root), target: key(2), restriction: allBut }
    expect(codeOf(() => delegation({ ...asked, previous: inForce(made) }))).toBe('build-rule')
  })

  const owners = [key(1), key(2), key(3)].map(namespaceOf)

  test('a decentralized namespace keeps its name while owners come and go', () => {
    const made = decentralizedNamespaceDefinition(owners, 2)
    const name = decentralizedNamespace(owners)
    expect(made).toMatchObject({ serial: 1, mapping: { value: { decentralizedNamespace: name } } })
    expect(isMultihash(fromHex(name))).toBe(true)
    const added = changedOwners({
      previous: inForce(made),
      addOwners: [namespaceOf(key(4))],
      removeOwners: [],
      threshold: undefined,
    })
    expect(added.mapping.value).toEqual({
      decentralizedNamespace: name,
      threshold: 2,
      owners: [...owners, namespaceOf(key(4))],
    })
    const removed = changedOwners({
      previous: inForce(added),
      addOwners: [],
      removeOwners: [namespaceOf(key(1))],
      threshold: 3,
    })
    expect(removed.serial).toBe(3)
    expect(buildTransaction(removed).findings).toEqual([])
    expect(removed.mapping.value).toEqual({
      decentralizedNamespace: name,
      threshold: 3,
      owners: [namespaceOf(key(2)), namespaceOf(key(3)), namespaceOf(key(4))],
    })
  })

  test('a party of a decentralized namespace follows its definition in one spec', () => {
    const name = decentralizedNamespace(owners)
    const built = buildSpec(
      specFrom(
        `transactions:
  - decentralizedNamespaceDefinition: { decentralizedNamespace: ${name}, threshold: 2, owners: [${owners.join(', ')}] }
  - partyToParticipant:
      party: treasury::${name}
      threshold: 1
      participants: [{ participant: ${uid('p1', key(5))}, permission: confirmation }]
      partySigningKeys: { threshold: 1, keys: [{ publicKey: file:k, usage: [protocol] }] }
`,
        { k: key(6) },
      ).transactions,
    )
    expect(built.map(({ value }) => value.serial)).toEqual([1, 1])
  })

  test.each([
    ['no owner', () => decentralizedNamespaceDefinition([], 1), 'build-rule'],
    [
      'an owner twice',
      () => decentralizedNamespaceDefinition([...owners, ...owners], 1),
      'build-rule',
    ],
    [
      'a threshold above the owners',
      () => buildTransaction(decentralizedNamespaceDefinition(owners, 4)),
      'threshold-out-of-range',
    ],
    [
      'a threshold of nothing',
      () => buildTransaction(decentralizedNamespaceDefinition(owners, 0)),
      'threshold-out-of-range',
    ],
  ])('refuses %s', (_what, call, code) => {
    expect(codeOf(call)).toBe(code)
  })

  const none = { addOwners: [], removeOwners: [], threshold: undefined }
  test.each([
    ['nothing', {}],
    ['the threshold that holds', { threshold: 2 }],
    ['an owner that is one', { addOwners: [namespaceOf(key(1))] }],
    ['an owner that is none', { removeOwners: [namespaceOf(key(5))] }],
    [
      'an owner added and removed',
      { addOwners: [namespaceOf(key(5))], removeOwners: [namespaceOf(key(5))] },
    ],
    ['owners below the threshold', { removeOwners: [namespaceOf(key(1)), namespaceOf(key(2))] }],
    ['a threshold above the owners', { threshold: 4 }],
  ])('refuses as a change %s', (_what, asked) => {
    const previous = inForce(decentralizedNamespaceDefinition(owners, 2))
    expect(codeOf(() => changedOwners({ previous, ...none, ...asked }))).toBe('build-rule')
  })
})

describe('keys of members', () => {
  const member = parseMemberId(`PAR::${uid('p', key(0))}`)
  const encryption = encryptionKeyFromSpki(fixtureBytes('keys/bad-rsa2048.spki.der'))
  const asked = {
    member,
    signingKeys: [{ key: key(1), usages: [4] }],
    encryptionKeys: [encryption],
    removeKeys: [],
  }

  test('a first list, and a rotation of one key', () => {
    const first = ownerToKey(asked)
    expect(buildTransaction(first).findings).toEqual([])
    const rotated = ownerToKey({
      member: undefined,
      signingKeys: [{ key: key(2), usages: [4] }],
      encryptionKeys: [],
      previous: inForce(first),
      removeKeys: [key(1).fingerprint],
    })
    expect(rotated).toMatchObject({
      serial: 2,
      mapping: {
        value: {
          publicKeys: [
            { key: { $case: 'encryptionPublicKey' } },
            {
              key: { $case: 'signingPublicKey', value: { publicKey: key(2).spki, usage: [4, 5] } },
            },
          ],
        },
      },
    })
  })

  test.each([
    ['no member', { member: undefined }],
    ['a key twice', { signingKeys: [...asked.signingKeys, ...asked.signingKeys] }],
    ['a removal from nothing', { removeKeys: [key(5).fingerprint] }],
  ])('refuses %s', (_what, spoilt) => {
    expect(codeOf(() => ownerToKey({ ...asked, ...spoilt }))).toBe('build-rule')
  })

  const none = { signingKeys: [], encryptionKeys: [], removeKeys: [] }
  test.each([
    ['nothing', {}],
    [
      'another member',
      { member: parseMemberId(`PAR::${uid('q', key(0))}`), removeKeys: [key(1).fingerprint] },
    ],
    [
      'the same name as another kind of member',
      { member: parseMemberId(`MED::${uid('p', key(0))}`), removeKeys: [key(1).fingerprint] },
    ],
    ['a key that is listed', { signingKeys: [{ key: key(1), usages: [3] }] }],
    ['a key that is not listed', { removeKeys: [key(5).fingerprint] }],
  ])('refuses as a change %s', (_what, spoilt) => {
    const previous = inForce(ownerToKey(asked))
    expect(codeOf(() => ownerToKey({ member, previous, ...none, ...spoilt }))).toBe('build-rule')
  })
})

describe('serials', () => {
  const party = (threshold: number, more = ''): string =>
    `{ ${more} partyToParticipant: { party: ${uid('alice', key(0))}, threshold: ${threshold}, participants: [{ participant: ${uid('p1', key(1))}, permission: confirmation }, { participant: ${uid('p2', key(1))}, permission: confirmation }] } }`
  const spec = (...list: readonly string[]): ReturnType<typeof specFrom>['transactions'] =>
    specFrom(`transactions: [${list.join(', ')}]`).transactions
  const serials = (...args: Parameters<typeof resolveSerials>): readonly number[] =>
    resolveSerials(...args).map(({ serial }) => serial)
  const inForceOf = (text: string): ReturnType<typeof inForce> => {
    const [draft] = resolveSerials(spec(text))
    if (draft === undefined) throw new Error('nothing drafted')
    return inForce(draft)
  }

  test('go on behind a removal of what may come again', () => {
    const removed = inForceOf(party(1, 'operation: remove, serial: 2,'))
    expect(serials(spec(party(1)), [removed])).toEqual([3])
  })

  test('1 for a first, what follows for the next, also within one spec', () => {
    expect(serials(spec(party(1)))).toEqual([1])
    expect(serials(spec(party(1), party(2)))).toEqual([1, 2])
    expect(serials(spec(party(2)), [inForceOf(party(1, 'serial: 7,'))])).toEqual([8])
    expect(serials(spec(party(2, 'serial: 9,')))).toEqual([9])
  })

  test('a removal of what is in force', () => {
    expect(serials(spec(party(1, 'operation: remove,')), [inForceOf(party(1))])).toEqual([2])
  })

  test.each([
    [
      'a serial that does not follow',
      () => resolveSerials(spec(party(2, 'serial: 3,')), [inForceOf(party(1))]),
    ],
    [
      'a serial that is taken',
      () => resolveSerials(spec(party(2, 'serial: 1,')), [inForceOf(party(1))]),
    ],
    [
      'a removal of something else',
      () => resolveSerials(spec(party(2, 'operation: remove,')), [inForceOf(party(1))]),
    ],
    [
      'a removal after a removal',
      () =>
        resolveSerials(spec(party(1, 'operation: remove,')), [
          inForceOf(party(1, 'operation: remove, serial: 2,')),
        ]),
    ],
    [
      'a previous transaction that nothing follows',
      () => resolveSerials(spec(party(2)), [inForce(rootDelegation(key(0)))]),
    ],
    [
      'two previous transactions for one key',
      () =>
        resolveSerials(spec(party(2)), [inForceOf(party(1)), inForceOf(party(2, 'serial: 2,'))]),
    ],
    ['the last serial', () => nextSerial({ ...inForceOf(party(1)), serial: 2_147_483_647 })],
    [
      'a previous transaction with a finding',
      () => previousOf(readTransaction(fromHex('0a00101e'))),
    ],
    [
      'a previous transaction that is no transaction',
      () => previousOf(readTransaction(new Uint8Array([1, 2, 3]))),
    ],
  ])('refuses %s', (_what, call) => {
    expect(codeOf(call)).toBe('previous-mismatch')
  })
})
