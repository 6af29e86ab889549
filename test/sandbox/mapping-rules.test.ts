/** What a mapping has to meet in the state of the synchronizer: one rule, one test. */
import { describe, expect, test } from 'vitest'
import { encryptionKeyFromSpki } from '../../src/build/keys.ts'
import { Usage } from '../../src/build/names.ts'
import { generatePrivateKey } from '../../src/crypto/private-key.ts'
import { parseNamespace } from '../../src/ident/fingerprint.ts'
import { mappingOf } from '../../src/sandbox/core/stored.ts'
import { decentralizedNamespace } from '../../src/topology/namespace.ts'
import type { KnownMapping } from '../../src/topology/mapping.ts'
import { MAX_SERIAL } from '../../src/topology/transaction.ts'
import { encodeMessage } from '../../src/wire/codec.ts'
import {
  delegation,
  host,
  hosting,
  newNetwork,
  newPerson,
  ofNode,
  ofOwner,
  refusal,
  root,
  signed,
  submit,
  type Draft,
  type Network,
  type Person,
  type Signer,
} from './network.ts'

/** Puts a party on the first participant; both have signed. */
async function withParty(network: Network): Promise<{ alice: Person; mapping: KnownMapping }> {
  const alice = await newPerson()
  const one = network.participant(1)
  const mapping = hosting(alice, [host(one)])
  submit(network, [signed({ mapping }, [alice.sign, ofNode(one)])])
  return { alice, mapping }
}

const answer = (network: Network, draft: Draft, signers: readonly Signer[]): string =>
  refusal(() => {
    submit(network, [signed(draft, signers)])
  })

function parametersOf(
  network: Network,
): Extract<KnownMapping, { readonly $case: 'synchronizerParametersState' }> {
  for (const record of network.synchronizer.store.activeOf(11)) {
    const mapping = mappingOf(record)
    if (mapping.$case === 'synchronizerParametersState') return mapping
  }
  throw new Error('there are no parameters')
}

function restrict(network: Network, onboardingRestriction: number): void {
  const { value } = parametersOf(network)
  const { synchronizerParameters } = value
  if (synchronizerParameters === undefined) throw new Error('the parameters are empty')
  const mapping: KnownMapping = {
    $case: 'synchronizerParametersState',
    value: {
      ...value,
      synchronizerParameters: { ...synchronizerParameters, onboardingRestriction },
    },
  }
  submit(network, [signed({ mapping, serial: 2 }, [ofOwner(network)])])
}

/** Somebody who is to become a member: root certificate, keys and identifier. */
async function newMember(
  network: Network,
  code: 'PAR' | 'MED' | 'SEQ' = 'PAR',
): Promise<{ person: Person; uid: string; keys: KnownMapping; join: () => void }> {
  const person = await newPerson()
  const uid = `member::${person.fingerprint}`
  const { publicKey } = await generatePrivateKey('EC_P256')
  const keys: KnownMapping = {
    $case: 'ownerToKeyMapping',
    value: {
      member: `${code}::${uid}`,
      publicKeys: [
        { key: { $case: 'signingPublicKey', value: person.publicKey() } },
        {
          key: { $case: 'encryptionPublicKey', value: encryptionKeyFromSpki(publicKey.spki) },
        },
      ],
    },
  }
  return {
    person,
    uid,
    keys,
    join: () => {
      submit(network, [signed({ mapping: root(person) }, [person.sign])])
      submit(network, [signed({ mapping: keys }, [person.sign])], { flags: new Set([1]) })
    },
  }
}

const trustCertificate = (
  network: Network,
  participantUid: string,
  featureFlags: readonly number[] = [],
): KnownMapping => ({
  $case: 'synchronizerTrustCertificate',
  value: { participantUid, synchronizerId: network.synchronizer.logical, featureFlags },
})

const mediators = (network: Network, group: number, active: readonly string[]): KnownMapping => ({
  $case: 'mediatorSynchronizerState',
  value: {
    synchronizerId: network.synchronizer.logical,
    group,
    threshold: 1,
    active,
    observers: [],
  },
})

const ownerUid = (network: Network, identifier: string): string =>
  identifier + network.synchronizer.logical.slice(network.synchronizer.logical.indexOf('::'))

describe('every mapping', () => {
  test('a serial that does not follow the last one', async () => {
    const network = await newNetwork()
    const { alice, mapping } = await withParty(network)
    const one = ofNode(network.participant(1))
    for (const serial of [1, 3]) {
      const changed = { mapping: hosting(alice, [], { threshold: 1 }), serial }
      expect(answer(network, changed, [alice.sign, one])).toBe('TOPOLOGY_SERIAL_MISMATCH')
    }
    expect(mapping.$case).toBe('partyToParticipant')
  })

  test('without a record before it any serial is taken', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    submit(network, [signed({ mapping: root(alice), serial: 5 }, [alice.sign])])
    expect(network.synchronizer.store.state.knowledge(alice.fingerprint)).toBe('rooted')
  })

  test('a REPLACE with the greatest serial', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const draft = { mapping: root(alice), serial: MAX_SERIAL }
    expect(answer(network, draft, [alice.sign])).toBe('TOPOLOGY_INVALID_MAPPING')
  })

  test('anything after the greatest serial', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const last = { mapping: root(alice), serial: MAX_SERIAL - 1 }
    submit(network, [signed(last, [alice.sign])])
    submit(network, [signed({ ...last, serial: MAX_SERIAL, remove: true }, [alice.sign])])
    expect(answer(network, { mapping: root(alice) }, [alice.sign])).toBe('TOPOLOGY_MANAGER_ALARM')
  })

  test('a removal of what is not there', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const draft = { mapping: hosting(alice, []), remove: true }
    expect(answer(network, draft, [alice.sign])).toBe(
      'TOPOLOGY_NO_CORRESPONDING_ACTIVE_TX_TO_REVOKE',
    )
  })

  test('a root certificate may be removed before it is there', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    submit(network, [signed({ mapping: root(alice), remove: true }, [alice.sign])])
    expect(network.synchronizer.store.state.knowledge(alice.fingerprint)).toBe('ended')
  })

  test('a removal with other content', async () => {
    const network = await newNetwork()
    const { alice } = await withParty(network)
    const draft = { mapping: hosting(alice, []), serial: 2, remove: true }
    expect(answer(network, draft, [alice.sign])).toBe('TOPOLOGY_REMOVE_MUST_NOT_CHANGE_MAPPING')
  })

  test('a removal in another encoding of the same content', async () => {
    const network = await newNetwork()
    const { alice } = await withParty(network)
    // PROOF_OF_OWNERSHIP is implied and need not be written.
    const keys = [alice.publicKey([Usage.namespace, Usage.protocol])].map((key) => ({
      ...key,
      usage: [Usage.protocol, Usage.namespace],
    }))
    const mapping = hosting(alice, [host(network.participant(1))], {
      partySigningKeys: { keys, threshold: 1 },
    })
    submit(network, [signed({ mapping, serial: 2, remove: true }, [alice.sign])])
    expect(network.synchronizer.store.records.at(-1)?.facts.operation).toBe('remove')
  })

  test('a trust certificate is removed by its key, whatever its flags', async () => {
    const network = await newNetwork()
    const member = await newMember(network)
    member.join()
    const { sign } = member.person
    submit(network, [signed({ mapping: trustCertificate(network, member.uid) }, [sign])])
    const mapping = trustCertificate(network, member.uid, [1])
    submit(network, [signed({ mapping, serial: 2, remove: true }, [sign])])
    expect(network.synchronizer.store.records.at(-1)?.facts.operation).toBe('remove')
  })

  test('a mapping for another synchronizer', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const mapping: KnownMapping = {
      $case: 'partyHostingLimits',
      value: { synchronizerId: `other::${alice.fingerprint}`, party: `a::${alice.fingerprint}` },
    }
    expect(answer(network, { mapping }, [alice.sign])).toBe('TOPOLOGY_INVALID_SYNCHRONIZER')
  })
})

describe('NamespaceDelegation', () => {
  test('for the namespace of a definition', async () => {
    const network = await newNetwork()
    const { namespace, owners } = await decentralized(network)
    const mapping = delegation(namespace, await newPerson())
    expect(answer(network, { mapping }, [owners[0].sign])).toBe('TOPOLOGY_NAMESPACE_ALREADY_IN_USE')
  })

  test('again after its removal', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const mapping = delegation(alice.fingerprint, await newPerson())
    submit(network, [signed({ mapping: root(alice) }, [alice.sign])])
    submit(network, [signed({ mapping }, [alice.sign])])
    submit(network, [signed({ mapping, serial: 2, remove: true }, [alice.sign])])
    expect(answer(network, { mapping, serial: 3 }, [alice.sign])).toBe(
      'TOPOLOGY_NAMESPACE_HAS_BEEN_REVOKED',
    )
  })

  test('a new restriction for the same target is taken', async () => {
    const network = await newNetwork()
    const [alice, delegate] = [await newPerson(), await newPerson()]
    submit(network, [signed({ mapping: root(alice) }, [alice.sign])])
    const before = delegation(alice.fingerprint, delegate)
    submit(network, [signed({ mapping: before }, [alice.sign])])
    const after = delegation(alice.fingerprint, delegate, 'all')
    submit(network, [signed({ mapping: after, serial: 2 }, [alice.sign])])
    const { state } = network.synchronizer.store
    expect(state.candidates(alice.fingerprint, 1)).toContain(delegate.fingerprint)
  })
})

type Three = readonly [Person, Person, Person]

const definition = (namespace: string, owners: readonly Person[], threshold = 2): KnownMapping => ({
  $case: 'decentralizedNamespaceDefinition',
  value: {
    decentralizedNamespace: namespace,
    threshold,
    owners: owners.map(({ fingerprint }) => fingerprint),
  },
})

const namespaceOf = (owners: readonly Person[]): string =>
  decentralizedNamespace(owners.map(({ fingerprint }) => parseNamespace(fingerprint)))

async function rooted(network: Network): Promise<Three> {
  const owners = [await newPerson(), await newPerson(), await newPerson()] as const
  for (const one of owners) submit(network, [signed({ mapping: root(one) }, [one.sign])])
  return owners
}

async function decentralized(network: Network): Promise<{ namespace: string; owners: Three }> {
  const owners = await rooted(network)
  const namespace = namespaceOf(owners)
  const mapping = definition(namespace, owners)
  submit(network, [
    signed(
      { mapping },
      owners.map(({ sign }) => sign),
    ),
  ])
  return { namespace, owners }
}

describe('DecentralizedNamespaceDefinition', () => {
  test('a first one whose namespace is not that of its owners', async () => {
    const network = await newNetwork()
    const [a, b, c] = await rooted(network)
    const mapping = definition(namespaceOf([a, b]), [a, b, c])
    expect(answer(network, { mapping }, [a.sign, b.sign, c.sign])).toBe('TOPOLOGY_INVALID_MAPPING')
  })

  test('a later one keeps the namespace, whoever its owners are', async () => {
    const network = await newNetwork()
    const { namespace, owners } = await decentralized(network)
    const [a, b] = owners
    submit(network, [
      signed({ mapping: definition(namespace, [a, b]), serial: 2 }, [a.sign, b.sign]),
    ])
    expect(network.synchronizer.store.state.definition(namespace)?.owners).toHaveLength(2)
  })

  test('an owner without a root certificate', async () => {
    const network = await newNetwork()
    const [a, b] = await rooted(network)
    const c = await newPerson()
    const mapping = definition(namespaceOf([a, b, c]), [a, b, c])
    expect(answer(network, { mapping }, [a.sign, b.sign, c.sign])).toBe('TOPOLOGY_INVALID_MAPPING')
  })

  test('an owner whose root certificate another key has signed too', async () => {
    const network = await newNetwork()
    const { namespace, owners } = await decentralized(network)
    const [a, b, c] = owners
    const delegate = await newPerson()
    const all = delegation(a.fingerprint, delegate, 'all')
    submit(network, [signed({ mapping: all }, [a.sign])])
    submit(network, [signed({ mapping: root(a) }, [delegate.sign])])
    const draft = { mapping: definition(namespace, [a, b, c], 3), serial: 2 }
    expect(answer(network, draft, [a.sign, b.sign])).toBe('TOPOLOGY_INVALID_MAPPING')
  })

  test('its root alone signs anew, and the definition can change again', async () => {
    const network = await newNetwork()
    const { namespace, owners } = await decentralized(network)
    const [a, b, c] = owners
    const delegate = await newPerson()
    submit(network, [signed({ mapping: delegation(a.fingerprint, delegate, 'all') }, [a.sign])])
    submit(network, [signed({ mapping: root(a) }, [delegate.sign])])
    submit(network, [signed({ mapping: root(a), serial: 2 }, [a.sign])])
    const draft = { mapping: definition(namespace, [a, b, c], 3), serial: 2 }
    submit(network, [signed(draft, [a.sign, b.sign])])
    expect(network.synchronizer.store.state.definition(namespace)?.threshold).toBe(3)
  })

  test('a namespace that a delegation uses', async () => {
    const network = await newNetwork()
    const owners = await rooted(network)
    const namespace = namespaceOf(owners)
    const intruder = delegation(namespace, await newPerson())
    // No node would take it; it is put there to see the rule.
    const { store } = network.synchronizer
    store.commit(
      {
        submitted: signed({ mapping: intruder }, [owners[0].sign]),
        signatures: [],
        proposal: false,
      },
      { sequenced: network.now, validFrom: network.now },
    )
    const draft = { mapping: definition(namespace, owners) }
    expect(
      answer(
        network,
        draft,
        owners.map(({ sign }) => sign),
      ),
    ).toBe('TOPOLOGY_NAMESPACE_ALREADY_IN_USE')
  })
})

describe('OwnerToKeyMapping', () => {
  test('a participant without an encryption key', async () => {
    const network = await newNetwork()
    const { person, uid } = await newMember(network)
    submit(network, [signed({ mapping: root(person) }, [person.sign])])
    const mapping: KnownMapping = {
      $case: 'ownerToKeyMapping',
      value: {
        member: `PAR::${uid}`,
        publicKeys: [{ key: { $case: 'signingPublicKey', value: person.publicKey() } }],
      },
    }
    expect(
      refusal(() => {
        submit(network, [signed({ mapping }, [person.sign])], { flags: new Set([1]) })
      }),
    ).toBe('TOPOLOGY_INVALID_OWNER_TO_KEY_MAPPING')
  })

  test('a member without a signing key', async () => {
    const network = await newNetwork()
    const { person, keys } = await newMember(network)
    if (keys.$case !== 'ownerToKeyMapping') throw new Error('other keys')
    submit(network, [signed({ mapping: root(person) }, [person.sign])])
    const mapping: KnownMapping = {
      $case: keys.$case,
      value: { ...keys.value, publicKeys: keys.value.publicKeys.slice(1) },
    }
    expect(
      refusal(() => {
        submit(network, [signed({ mapping }, [person.sign])], { flags: new Set([1]) })
      }),
    ).toBe('TOPOLOGY_INVALID_OWNER_TO_KEY_MAPPING')
  })

  test('again after its removal', async () => {
    const network = await newNetwork()
    const member = await newMember(network)
    member.join()
    const { sign } = member.person
    const flags = new Set([1])
    submit(network, [signed({ mapping: member.keys, serial: 2, remove: true }, [sign])], { flags })
    expect(
      refusal(() => {
        submit(network, [signed({ mapping: member.keys, serial: 3 }, [sign])], { flags })
      }),
    ).toBe('TOPOLOGY_MEMBER_CANNOT_REJOIN_SYNCHRONIZER')
  })

  test.each(['participant', 'mediator', 'sequencer'])(
    'its removal while the member is a %s of the synchronizer',
    async (role) => {
      const network = await newNetwork()
      const code = ({ participant: 'PAR', mediator: 'MED', sequencer: 'SEQ' } as const)[
        role as 'participant'
      ]
      const member = await newMember(network, code)
      member.join()
      const { synchronizerId, owner } = {
        synchronizerId: network.synchronizer.logical,
        owner: ofOwner(network),
      }
      if (role === 'participant') {
        const mapping = trustCertificate(network, member.uid)
        submit(network, [signed({ mapping }, [member.person.sign])])
      } else if (role === 'mediator') {
        submit(network, [signed({ mapping: mediators(network, 1, [member.uid]) }, [owner])])
      } else {
        const active = [ownerUid(network, 'sequencer1'), member.uid]
        const mapping: KnownMapping = {
          $case: 'sequencerSynchronizerState',
          value: { synchronizerId, threshold: 1, active, observers: [] },
        }
        submit(network, [signed({ mapping, serial: 2 }, [owner])])
      }
      const draft = { mapping: member.keys, serial: 2, remove: true }
      expect(
        refusal(() => {
          submit(network, [signed(draft, [member.person.sign])], { flags: new Set([1]) })
        }),
      ).toBe('TOPOLOGY_INVALID_REMOVAL_OF_OWNER_TO_KEY_MAPPING')
    },
  )
})

describe('PartyToParticipant', () => {
  test('a new host that is not on the synchronizer', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const mapping = hosting(alice, [host({ uid: `p::${alice.fingerprint}` })])
    expect(answer(network, { mapping }, [alice.sign])).toBe('TOPOLOGY_UNKNOWN_MEMBERS')
  })

  test('a new host without keys', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const uid = `p::${alice.fingerprint}`
    // No node lets a participant join without keys; it is put there to see the rule.
    network.synchronizer.store.commit(
      {
        submitted: signed({ mapping: trustCertificate(network, uid) }, [alice.sign]),
        signatures: [],
        proposal: false,
      },
      { sequenced: network.now, validFrom: network.now },
    )
    const mapping = hosting(alice, [host({ uid })])
    expect(answer(network, { mapping }, [alice.sign])).toBe('TOPOLOGY_INSUFFICIENT_KEYS')
  })

  test('a party with the identifier of a participant', async () => {
    const network = await newNetwork()
    const one = network.participant(1)
    const mapping: KnownMapping = {
      $case: 'partyToParticipant',
      value: {
        party: one.uid,
        threshold: 1,
        participants: [host(one, 2)],
        partySigningKeys: undefined,
      },
    }
    expect(answer(network, { mapping }, [ofNode(one)])).toBe(
      'TOPOLOGY_PARTY_ID_CONFLICT_WITH_ADMIN_PARTY',
    )
  })

  test('the admin party of a participant is taken', async () => {
    const network = await newNetwork()
    const one = network.participant(1)
    const mapping: KnownMapping = {
      $case: 'partyToParticipant',
      value: {
        party: one.uid,
        threshold: 1,
        participants: [host(one, 1)],
        partySigningKeys: undefined,
      },
    }
    submit(network, [signed({ mapping }, [ofNode(one)])])
    expect(network.synchronizer.store.records.at(-1)?.proposal).toBe(false)
  })

  test('a party that authorizes itself after its root was removed by the root', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    submit(network, [signed({ mapping: root(alice), remove: true }, [alice.sign])])
    const mapping = hosting(alice, [host(network.participant(1))])
    expect(answer(network, { mapping }, [alice.sign])).toBe('TOPOLOGY_NAMESPACE_HAS_BEEN_REVOKED')
  })

  test('not so where the owner of the synchronizer has removed the root', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    submit(network, [signed({ mapping: root(alice) }, [alice.sign])])
    submit(network, [signed({ mapping: root(alice), serial: 2, remove: true }, [ofOwner(network)])])
    const one = network.participant(1)
    submit(network, [signed({ mapping: hosting(alice, [host(one)]) }, [alice.sign, ofNode(one)])])
    expect(network.synchronizer.store.records.at(-1)?.proposal).toBe(false)
  })
})

describe('SynchronizerTrustCertificate', () => {
  test('without keys', async () => {
    const network = await newNetwork()
    const { person, uid } = await newMember(network)
    submit(network, [signed({ mapping: root(person) }, [person.sign])])
    const mapping = trustCertificate(network, uid)
    expect(answer(network, { mapping }, [person.sign])).toBe('TOPOLOGY_INSUFFICIENT_KEYS')
  })

  test('again after its removal', async () => {
    const network = await newNetwork()
    const member = await newMember(network)
    member.join()
    const { sign } = member.person
    const mapping = trustCertificate(network, member.uid)
    submit(network, [signed({ mapping }, [sign])])
    submit(network, [signed({ mapping, serial: 2, remove: true }, [sign])])
    expect(answer(network, { mapping, serial: 3 }, [sign])).toBe(
      'TOPOLOGY_MEMBER_CANNOT_REJOIN_SYNCHRONIZER',
    )
  })

  test.each([
    [2, 'locked'],
    [3, 'restricted, and there is no permission'],
    [4, 'restricted and locked'],
  ])('on a synchronizer with restriction %i: %s', async (restriction) => {
    const network = await newNetwork()
    const member = await newMember(network)
    member.join()
    restrict(network, restriction)
    const mapping = trustCertificate(network, member.uid)
    expect(answer(network, { mapping }, [member.person.sign])).toBe(
      'TOPOLOGY_PARTICIPANT_ONBOARDING_REFUSED',
    )
  })

  test.each([
    [undefined, false],
    [1n, false],
    [9_000_000_000_000_000n, true],
  ])('with a permission whose login is after %s', async (loginAfter, refused) => {
    const network = await newNetwork()
    const member = await newMember(network)
    member.join()
    restrict(network, 3)
    const permission: KnownMapping = {
      $case: 'participantPermission',
      value: {
        synchronizerId: network.synchronizer.logical,
        participantUid: member.uid,
        permission: 1,
        limits: undefined,
        loginAfter,
      },
    }
    submit(network, [signed({ mapping: permission }, [ofOwner(network)])])
    const draft = { mapping: trustCertificate(network, member.uid) }
    if (refused) {
      expect(answer(network, draft, [member.person.sign])).toBe(
        'TOPOLOGY_PARTICIPANT_ONBOARDING_REFUSED',
      )
    } else {
      submit(network, [signed(draft, [member.person.sign])])
      expect(network.synchronizer.store.records.at(-1)?.proposal).toBe(false)
    }
  })

  test('while a party has the identifier of the participant', async () => {
    const network = await newNetwork()
    const member = await newMember(network)
    member.join()
    const one = network.participant(1)
    const mapping = hosting(member.person, [host(one)], { party: member.uid })
    submit(network, [signed({ mapping }, [member.person.sign, ofNode(one)])])
    const draft = { mapping: trustCertificate(network, member.uid) }
    expect(answer(network, draft, [member.person.sign])).toBe(
      'TOPOLOGY_PARTICIPANT_ID_CONFLICT_WITH_PARTY',
    )
  })
})

describe('mappings of the synchronizer', () => {
  test('the parameters cannot be removed', async () => {
    const network = await newNetwork()
    const draft = { mapping: parametersOf(network), serial: 2, remove: true }
    expect(answer(network, draft, [ofOwner(network)])).toBe('TOPOLOGY_CANNOT_REMOVE_MAPPING')
  })

  test('a new mediator without keys', async () => {
    const network = await newNetwork()
    const mapping = mediators(network, 1, [ownerUid(network, 'nobody')])
    expect(answer(network, { mapping }, [ofOwner(network)])).toBe('TOPOLOGY_INSUFFICIENT_KEYS')
  })

  test('a new sequencer without keys', async () => {
    const network = await newNetwork()
    const active = [ownerUid(network, 'sequencer1'), ownerUid(network, 'nobody')]
    const mapping: KnownMapping = {
      $case: 'sequencerSynchronizerState',
      value: {
        synchronizerId: network.synchronizer.logical,
        threshold: 1,
        active,
        observers: [],
      },
    }
    const draft = { mapping, serial: 2 }
    expect(answer(network, draft, [ofOwner(network)])).toBe('TOPOLOGY_INSUFFICIENT_KEYS')
  })

  test('a mediator of another group', async () => {
    const network = await newNetwork()
    const mapping = mediators(network, 1, [ownerUid(network, 'mediator1')])
    expect(answer(network, { mapping }, [ofOwner(network)])).toBe(
      'TOPOLOGY_MEDIATORS_ALREADY_IN_OTHER_GROUPS',
    )
  })
})

describe('a logical upgrade', () => {
  const announcement = (network: Network, version: string, inSeconds = 3600n): KnownMapping => ({
    $case: 'synchronizerUpgradeAnnouncement',
    value: {
      successorPhysicalSynchronizerId: `${network.synchronizer.logical}::${version}`,
      upgradeTime: { seconds: network.now / 1_000_000n + inSeconds, nanos: 0 },
    },
  })

  const successor = (network: Network, version: string): KnownMapping => ({
    $case: 'sequencerConnectionSuccessor',
    value: encodeMessage('LsuSequencerConnectionSuccessor', {
      sequencerId: `SEQ::${ownerUid(network, 'sequencer1')}`,
      successorPhysicalSynchronizerId: `${network.synchronizer.logical}::${version}`,
      connection: { endpoints: ['https://localhost:1'], customTrustCertificates: undefined },
    }),
  })

  test('freezes everything else', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    submit(network, [signed({ mapping: announcement(network, '35-1') }, [ofOwner(network)])])
    expect(answer(network, { mapping: root(alice) }, [alice.sign])).toBe(
      'TOPOLOGY_LSU_TOPOLOGY_FREEZE',
    )
  })

  test.each(['35-0', '34-0'])('to %s, which does not come later', async (version) => {
    const network = await newNetwork()
    const mapping = announcement(network, version)
    expect(answer(network, { mapping }, [ofOwner(network)])).toBe(
      'TOPOLOGY_INVALID_SUCCESSOR_PHYSICAL_SYNCHRONIZER_ID',
    )
  })

  test('to a successor before the one that was announced', async () => {
    const network = await newNetwork()
    submit(network, [signed({ mapping: announcement(network, '35-2') }, [ofOwner(network)])])
    const draft = { mapping: announcement(network, '35-1'), serial: 2 }
    expect(answer(network, draft, [ofOwner(network)])).toBe(
      'TOPOLOGY_INVALID_SUCCESSOR_PHYSICAL_SYNCHRONIZER_ID',
    )
  })

  test('in the past', async () => {
    const network = await newNetwork()
    const mapping = announcement(network, '35-1', 0n)
    expect(answer(network, { mapping }, [ofOwner(network)])).toBe('TOPOLOGY_INVALID_UPGRADE_TIME')
  })

  test('a connection without an announcement', async () => {
    const network = await newNetwork()
    const mapping = successor(network, '35-1')
    expect(answer(network, { mapping }, [ofOwner(network)])).toBe('TOPOLOGY_NO_LSU_ANNOUNCED')
  })

  test('a connection to another successor', async () => {
    const network = await newNetwork()
    submit(network, [signed({ mapping: announcement(network, '35-1') }, [ofOwner(network)])])
    const mapping = successor(network, '35-2')
    expect(answer(network, { mapping }, [ofOwner(network)])).toBe(
      'LSU_SEQUENCER_SUCCESSOR_INVALID_SUCCESSOR_PSID',
    )
  })

  test('a connection to the one that is announced is taken', async () => {
    const network = await newNetwork()
    submit(network, [signed({ mapping: announcement(network, '35-1') }, [ofOwner(network)])])
    submit(network, [signed({ mapping: successor(network, '35-1') }, [ofOwner(network)])])
    expect(network.synchronizer.store.records.at(-1)?.facts.mapping.code).toBe(20)
  })
})
