/** What the receiving node alone checks, and which flag lets it pass: one rule, one test. */
import { describe, expect, test } from 'vitest'
import { mappingOf } from '../../src/sandbox/core/stored.ts'
import { readForceFlags } from '../../src/sandbox/core/submission-checks.ts'
import type { KnownMapping } from '../../src/topology/mapping.ts'
import {
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
  type Signer,
} from './network.ts'

interface Row {
  readonly network: Network
  readonly draft: Draft
  readonly signers: readonly Signer[]
}

/** Refused with the code, and taken with the flag. */
function expectFlag({ network, draft, signers }: Row, code: string, flag: number): void {
  const before = network.synchronizer.store.records.length
  expect(
    refusal(() => {
      submit(network, [signed(draft, signers)], { flags: new Set([flag === 1 ? 14 : 1]) })
    }),
  ).toBe(code)
  expect(network.synchronizer.store.records).toHaveLength(before)
  submit(network, [signed(draft, signers)], { flags: new Set([flag]) })
  expect(network.synchronizer.store.records).toHaveLength(before + 1)
}

test('flag 1: keys of another member', async () => {
  const network = await newNetwork()
  const two = network.participant(2)
  const record = [...network.synchronizer.store.activeOf(4)].find(
    ({ facts }) => facts.mapping.namespace === two.id.namespace,
  )
  if (record === undefined) throw new Error('no keys')
  const mapping = mappingOf(record)
  if (mapping.$case !== 'ownerToKeyMapping') throw new Error('no keys')
  const publicKeys = mapping.value.publicKeys.toReversed()
  const draft = {
    mapping: { $case: mapping.$case, value: { ...mapping.value, publicKeys } } as KnownMapping,
    serial: 2,
  }
  expectFlag(
    { network, draft, signers: [ofNode(two)] },
    'TOPOLOGY_DANGEROUS_COMMAND_REQUIRES_FORCE_ALIEN_MEMBER',
    1,
  )
})

function vetting(uid: string, packageId: string): KnownMapping {
  const validity = { validFromInclusive: undefined, validUntilExclusive: undefined }
  return {
    $case: 'vettedPackages',
    value: { participantUid: uid, packageIds: [], packages: [{ packageId, ...validity }] },
  }
}

test('flag 1: packages of another participant', async () => {
  const network = await newNetwork()
  const two = network.participant(2)
  const draft = { mapping: vetting(two.uid, 'known'), serial: 2 }
  expectFlag(
    { network, draft, signers: [ofNode(two)] },
    'TOPOLOGY_DANGEROUS_COMMAND_REQUIRES_FORCE_ALIEN_MEMBER',
    1,
  )
})

test('flag 4: a package that the node does not have', async () => {
  const network = await newNetwork()
  const one = network.participant(1)
  const draft = { mapping: vetting(one.uid, 'unknown'), serial: 2 }
  expectFlag(
    { network, draft, signers: [ofNode(one)] },
    'TOPOLOGY_CANNOT_VET_DUE_TO_MISSING_PACKAGES',
    4,
  )
})

async function withHost(permission = 2): Promise<Row & { readonly party: string }> {
  const network = await newNetwork()
  const alice = await newPerson()
  const one = network.participant(1)
  const signers = [alice.sign, ofNode(one)]
  submit(network, [signed({ mapping: hosting(alice, [host(one, permission)]) }, signers)])
  return {
    network,
    draft: { mapping: hosting(alice, []), serial: 2 },
    signers,
    party: `alice::${alice.fingerprint}`,
  }
}

test('flag 6: the node stops hosting a party and has contracts of it', async () => {
  const row = await withHost()
  row.network.contracts.set(row.party, 'observer')
  expectFlag(row, 'TOPOLOGY_DISABLE_PARTY_WITH_ACTIVE_CONTRACTS', 6)
})

test('flag 6: so does the removal of the mapping', async () => {
  const row = await withHost()
  row.network.contracts.set(row.party, 'observer')
  const record = row.network.synchronizer.store.records.at(-1)
  if (record === undefined) throw new Error('no record')
  const draft = { mapping: mappingOf(record), serial: 2, remove: true }
  expectFlag({ ...row, draft }, 'TOPOLOGY_DISABLE_PARTY_WITH_ACTIVE_CONTRACTS', 6)
})

test('without contracts the node may stop hosting', async () => {
  const { network, draft, signers } = await withHost()
  submit(network, [signed(draft, signers)])
  expect(network.synchronizer.store.records.at(-1)?.facts.serial).toBe(2)
})

test('flag 10: the node would only observe a signatory', async () => {
  const { network, party, signers } = await withHost()
  network.contracts.set(party, 'signatory')
  const record = network.synchronizer.store.records.at(-1)
  const mapping = record === undefined ? undefined : mappingOf(record)
  if (mapping?.$case !== 'partyToParticipant') throw new Error('no party')
  const participants = [host(network.participant(1), 3)]
  const lowered: KnownMapping = { $case: mapping.$case, value: { ...mapping.value, participants } }
  expectFlag(
    { network, draft: { mapping: lowered, serial: 2 }, signers },
    'TOPOLOGY_INSUFFICIENT_PERMISSION_FOR_SIGNATORY_PARTY',
    10,
  )
})

test('flag 14: more confirmations than hosts', async () => {
  const network = await newNetwork()
  const alice = await newPerson()
  const one = network.participant(1)
  const draft = { mapping: hosting(alice, [host(one)], { threshold: 2 }) }
  expectFlag(
    { network, draft, signers: [alice.sign, ofNode(one)] },
    'TOPOLOGY_CONFIRMING_THRESHOLD_CANNOT_BE_REACHED',
    14,
  )
})

test('observers count for that threshold, and a party without hosts is exempt', async () => {
  const network = await newNetwork()
  const alice = await newPerson()
  const [one, two] = [network.participant(1), network.participant(2)]
  const signers = [alice.sign, ofNode(one), ofNode(two)]
  const observed = hosting(alice, [host(one), host(two, 3)], { threshold: 2 })
  submit(network, [signed({ mapping: observed }, signers)])
  submit(network, [signed({ mapping: hosting(alice, [], { threshold: 2 }), serial: 2 }, signers)])
  expect(network.synchronizer.store.records.at(-1)?.facts.serial).toBe(2)
})

describe('a signing threshold above the number of keys', () => {
  test('in PartyToParticipant, for which there is no flag', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const keys = { keys: [alice.publicKey()], threshold: 2 }
    const mapping = hosting(alice, [host(network.participant(1))], { partySigningKeys: keys })
    const all = new Set([1, 4, 6, 9, 10, 14])
    expect(
      refusal(() => {
        submit(network, [signed({ mapping }, [alice.sign], true)], { flags: all })
      }),
    ).toBe('TOPOLOGY_SIGNING_THRESHOLD_CANNOT_BE_REACHED')
  })

  test('in PartyToKeyMapping', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const mapping: KnownMapping = {
      $case: 'partyToKeyMapping',
      value: { party: `a::${alice.fingerprint}`, threshold: 2, signingKeys: [alice.publicKey()] },
    }
    submit(network, [signed({ mapping: root(alice) }, [alice.sign])])
    expect(
      refusal(() => {
        submit(network, [signed({ mapping }, [alice.sign])])
      }),
    ).toBe('TOPOLOGY_SIGNING_THRESHOLD_CANNOT_BE_REACHED')
  })

  test('also where the mapping is removed', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const one = network.participant(1)
    const keys = { keys: [alice.publicKey()], threshold: 2 }
    const mapping = hosting(alice, [host(one)], { partySigningKeys: keys })
    // It arrived by another way, where this is not looked at.
    network.synchronizer.sequence(
      [signed({ mapping }, [alice.sign, ofNode(one)])],
      true,
      network.now,
    )
    expect(
      refusal(() => {
        submit(network, [signed({ mapping, serial: 2, remove: true }, [alice.sign])])
      }),
    ).toBe('TOPOLOGY_SIGNING_THRESHOLD_CANNOT_BE_REACHED')
  })
})

function tolerance(network: Network, hours: bigint): KnownMapping {
  const [record] = network.synchronizer.store.activeOf(11)
  const mapping = record === undefined ? undefined : mappingOf(record)
  if (mapping?.$case !== 'synchronizerParametersState') throw new Error('no parameters')
  const { synchronizerParameters } = mapping.value
  if (synchronizerParameters === undefined) throw new Error('no parameters')
  return {
    $case: mapping.$case,
    value: {
      ...mapping.value,
      synchronizerParameters: {
        ...synchronizerParameters,
        preparationTimeRecordTimeTolerance: { seconds: hours * 3600n, nanos: 0 },
        mediatorDeduplicationTimeout: { seconds: 60n * 3600n, nanos: 0 },
      },
    },
  }
}

test('flag 9: a tolerance above half of the memory of the mediator', async () => {
  const network = await newNetwork()
  const draft = { mapping: tolerance(network, 31n), serial: 2 }
  expectFlag(
    { network, draft, signers: [ofOwner(network)] },
    'TOPOLOGY_INCREASE_OF_PREPARATION_TIME_TOLERANCE',
    9,
  )
})

test.each([30n, 20n])('a tolerance of %s hours passes', async (hours) => {
  const network = await newNetwork()
  submit(network, [signed({ mapping: tolerance(network, hours), serial: 2 }, [ofOwner(network)])])
  expect(network.synchronizer.store.records.at(-1)?.facts.serial).toBe(2)
})

test('a sequencer that was removed does not come back', async () => {
  const network = await newNetwork()
  const [record] = network.synchronizer.store.activeOf(13)
  const mapping = record === undefined ? undefined : mappingOf(record)
  if (mapping?.$case !== 'sequencerSynchronizerState') throw new Error('no sequencers')
  const [sequencer] = mapping.value.active
  const mediator = sequencer?.replace('sequencer1', 'mediator1') ?? ''
  const other: KnownMapping = {
    $case: mapping.$case,
    value: { ...mapping.value, active: [mediator] },
  }
  submit(network, [signed({ mapping: other, serial: 2 }, [ofOwner(network)])])
  expect(
    refusal(() => {
      submit(network, [signed({ mapping, serial: 3 }, [ofOwner(network)])])
    }),
  ).toBe('TOPOLOGY_MEMBER_CANNOT_REJOIN_SYNCHRONIZER')
  // Only the receiving node looks at that.
  const three = signed({ mapping, serial: 3 }, [ofOwner(network)])
  expect(network.synchronizer.sequence([three], true, network.now)).toHaveLength(1)
})

test.each([0, 15, -1])('%i is no flag', (flag) => {
  expect(refusal(() => readForceFlags([1, flag]))).toBe('PROTO_DESERIALIZATION_FAILURE')
})

test('too many transactions on their way', async () => {
  const network = await newNetwork()
  const one = network.participant(1)
  one.disconnectedAt = network.now
  const people = await Promise.all(Array.from({ length: 101 }, newPerson))
  const [last, ...rest] = people
  submit(
    network,
    rest.map((person) => signed({ mapping: root(person) }, [person.sign])),
  )
  if (last === undefined) throw new Error('nobody')
  expect(
    refusal(() => {
      submit(network, [signed({ mapping: root(last) }, [last.sign])])
    }),
  ).toBe('TOPOLOGY_TOO_MANY_PENDING_TOPOLOGY_TRANSACTIONS')
})
