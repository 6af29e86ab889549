/** Who has to sign, what is kept, what becomes of proposals: one rule, one test. */
import { describe, expect, test } from 'vitest'
import { Usage } from '../../src/build/names.ts'
import { CantonError, CATEGORIES } from '../../src/sandbox/core/canton-error.ts'
import { parseSubmittedMessage } from '../../src/sandbox/core/submitted.ts'
import { TopologyStore } from '../../src/sandbox/core/topology-store.ts'
import { combinedHash } from '../../src/topology/namespace.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import {
  DELAY,
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
  signedTogether,
  submit,
  transactionOf,
  type Network,
  type Person,
} from './network.ts'

const last = (network: Network) => network.synchronizer.store.records.at(-1)
const signersOf = (network: Network): readonly string[] =>
  last(network)
    ?.signatures.map(({ wire }) => wire.signedBy)
    .toSorted() ?? []

async function party(network: Network, hosts = [1]): Promise<Person> {
  const alice = await newPerson()
  const nodes = hosts.map(network.participant)
  const mapping = hosting(
    alice,
    nodes.map((one) => host(one)),
  )
  submit(network, [signed({ mapping }, [alice.sign, ...nodes.map(ofNode)])])
  expect(last(network)?.proposal).toBe(false)
  return alice
}

describe('a first PartyToParticipant', () => {
  test.each([
    ['the party', ['host1', 'host2']],
    ['a host', ['party', 'host1']],
  ])('lacks %s', async (_missing, who) => {
    const network = await newNetwork()
    const alice = await newPerson()
    const [one, two] = [network.participant(1), network.participant(2)]
    const all = { party: alice.sign, host1: ofNode(one), host2: ofNode(two) }
    const signers = who.map((name) => all[name as keyof typeof all])
    const mapping = hosting(alice, [host(one), host(two)])
    submit(network, [signed({ mapping }, signers, true)])
    expect(last(network)?.proposal).toBe(true)
  })

  test('lacks a signing key that is not the namespace', async () => {
    const network = await newNetwork()
    const [alice, key] = [await newPerson(), await newPerson()]
    const one = network.participant(1)
    const keys = [alice.publicKey(), key.publicKey([Usage.protocol])]
    const mapping = hosting(alice, [host(one)], { partySigningKeys: { keys, threshold: 1 } })
    submit(network, [signed({ mapping }, [alice.sign, ofNode(one)], true)])
    expect(last(network)?.proposal).toBe(true)
    submit(network, [signed({ mapping }, [key.sign], true)])
    expect(last(network)?.proposal).toBe(false)
  })
})

describe('a change of hosting', () => {
  test('adds a host: party and host', async () => {
    const network = await newNetwork()
    const alice = await party(network)
    const [one, two] = [network.participant(1), network.participant(2)]
    const mapping = hosting(alice, [host(one), host(two, 2, true)])
    submit(network, [signed({ mapping, serial: 2 }, [ofNode(two)], true)])
    expect(last(network)?.proposal).toBe(true)
    submit(network, [signed({ mapping, serial: 2 }, [alice.sign], true)])
    expect(last(network)?.proposal).toBe(false)
  })

  test('clears the onboarding flag: the host alone', async () => {
    const network = await newNetwork()
    const alice = await party(network)
    const [one, two] = [network.participant(1), network.participant(2)]
    const flagged = hosting(alice, [host(one), host(two, 2, true)])
    submit(network, [signed({ mapping: flagged, serial: 2 }, [ofNode(two), alice.sign])])
    const cleared = hosting(alice, [host(one), host(two)])
    expect(
      refusal(() => {
        submit(network, [signed({ mapping: cleared, serial: 3 }, [alice.sign])])
      }),
    ).toBe('TOPOLOGY_UNAUTHORIZED_TRANSACTION')
    submit(network, [signed({ mapping: cleared, serial: 3 }, [ofNode(two)])])
    expect(last(network)?.proposal).toBe(false)
  })

  test.each(['party', 'host'] as const)('removes a host: the %s alone', async (who) => {
    const network = await newNetwork()
    const alice = await party(network, [1, 2])
    const signer = who === 'party' ? alice.sign : ofNode(network.participant(2))
    const mapping = hosting(alice, [host(network.participant(1))])
    submit(network, [signed({ mapping, serial: 2 }, [signer])])
    expect(last(network)?.proposal).toBe(false)
  })

  test('changes the threshold: the party', async () => {
    const network = await newNetwork()
    const alice = await party(network, [1, 2])
    const [one, two] = [network.participant(1), network.participant(2)]
    const mapping = hosting(alice, [host(one), host(two)], { threshold: 2 })
    const hosts = [ofNode(one), ofNode(two)]
    expect(
      refusal(() => {
        submit(network, [signed({ mapping, serial: 2 }, hosts)])
      }),
    ).toBe('TOPOLOGY_UNAUTHORIZED_TRANSACTION')
    submit(network, [signed({ mapping, serial: 2 }, [alice.sign])])
    expect(last(network)?.proposal).toBe(false)
  })

  test('removes the mapping: the party, or the owner of the synchronizer', async () => {
    for (const owner of [false, true]) {
      const network = await newNetwork()
      const alice = await party(network)
      const mapping = hosting(alice, [host(network.participant(1))])
      const draft = { mapping, serial: 2, remove: true }
      expect(
        refusal(() => {
          submit(network, [signed(draft, [ofNode(network.participant(1))])])
        }),
      ).toBe('TOPOLOGY_UNAUTHORIZED_TRANSACTION')
      submit(network, [signed(draft, [owner ? ofOwner(network) : alice.sign])])
      expect(last(network)?.proposal).toBe(false)
    }
  })
})

describe('signatures', () => {
  test('a superfluous one is dropped, even if it is broken', async () => {
    const network = await newNetwork()
    const [alice, stranger] = [await newPerson(), await newPerson()]
    const broken = () => stranger.sign(new Uint8Array(34))
    submit(network, [signed({ mapping: root(alice) }, [alice.sign])])
    const mapping = delegation(alice.fingerprint, await newPerson())
    submit(network, [signed({ mapping }, [alice.sign, broken])])
    expect(signersOf(network)).toEqual([alice.fingerprint])
  })

  test('one that counts and does not verify refuses the whole', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const one = network.participant(1)
    const mapping = hosting(alice, [host(one)])
    expect(
      refusal(() => {
        const broken = () => alice.sign(new Uint8Array(34))
        submit(network, [signed({ mapping }, [broken, ofNode(one)], true)])
      }),
    ).toBe('TOPOLOGY_INVALID_TX_SIGNATURE')
  })

  test("the party's own listed key without NAMESPACE", async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const one = network.participant(1)
    submit(network, [signed({ mapping: root(alice) }, [alice.sign])])
    const keys = [alice.publicKey([Usage.protocol])]
    const mapping = hosting(alice, [host(one)], { partySigningKeys: { keys, threshold: 1 } })
    expect(
      refusal(() => {
        submit(network, [signed({ mapping }, [alice.sign, ofNode(one)])])
      }),
    ).toBe('TOPOLOGY_INVALID_TX_SIGNATURE')
  })

  test('none that stands for a namespace', async () => {
    const network = await newNetwork()
    const [alice, stranger] = [await newPerson(), await newPerson()]
    for (const proposal of [false, true]) {
      const draft = { mapping: hosting(alice, [host(network.participant(1))]) }
      expect(
        refusal(() => {
          submit(network, [signed(draft, [stranger.sign], proposal)])
        }),
      ).toBe('TOPOLOGY_UNAUTHORIZED_TRANSACTION')
    }
  })

  test('a listed key alone cannot start a proposal', async () => {
    const network = await newNetwork()
    const [alice, key] = [await newPerson(), await newPerson()]
    const keys = [alice.publicKey(), key.publicKey([Usage.protocol])]
    const partySigningKeys = { keys, threshold: 1 }
    const mapping = hosting(alice, [host(network.participant(1))], { partySigningKeys })
    expect(
      refusal(() => {
        submit(network, [signed({ mapping }, [key.sign], true)])
      }),
    ).toBe('TOPOLOGY_UNAUTHORIZED_TRANSACTION')
  })

  test('a host alone can', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const one = network.participant(1)
    submit(network, [signed({ mapping: hosting(alice, [host(one)]) }, [ofNode(one)], true)])
    expect(last(network)?.proposal).toBe(true)
  })

  test('over several transactions at once', async () => {
    const network = await newNetwork()
    const [alice, delegate] = [await newPerson(), await newPerson()]
    const drafts = [{ mapping: root(alice) }, { mapping: delegation(alice.fingerprint, delegate) }]
    submit(network, signedTogether(drafts, [alice.sign]))
    expect(network.synchronizer.store.state.candidates(alice.fingerprint, 9)).toHaveLength(2)
  })

  test('over several transactions without this one', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const transaction = transactionOf({ mapping: root(alice) })
    const other = transactionHash(transactionOf({ mapping: root(await newPerson()) }))
    const message = {
      transaction,
      signatures: [],
      proposal: false,
      multiTransactionSignatures: [
        { transactionHashes: [other], signatures: [alice.sign(combinedHash([other]))] },
      ],
    }
    // The parser sees it first; the decision sees it where no parser was.
    expect(refusal(() => parseSubmittedMessage(message))).toBe('PROTO_DESERIALIZATION_FAILURE')
    const submitted = {
      ...signed({ mapping: root(alice) }, [alice.sign]),
      signatures: [{ wire: alice.sign(combinedHash([other])), hashes: [other] }],
    }
    expect(
      refusal(() => {
        submit(network, [submitted])
      }),
    ).toBe('TOPOLOGY_MULTI_TRANSACTION_HASH_MISMATCH')
  })

  test('the coverage of hashes, the serial and the mapping are looked at before the authority', async () => {
    const network = await newNetwork()
    const alice = await party(network)
    const stranger = await newPerson()
    const late = { mapping: hosting(alice, []), serial: 7 }
    expect(
      refusal(() => {
        submit(network, [signed(late, [stranger.sign])])
      }),
    ).toBe('TOPOLOGY_SERIAL_MISMATCH')
    const foreign = hosting(alice, [host({ uid: `p::${alice.fingerprint}` })])
    expect(
      refusal(() => {
        submit(network, [signed({ mapping: foreign, serial: 2 }, [stranger.sign])])
      }),
    ).toBe('TOPOLOGY_UNKNOWN_MEMBERS')
  })

  test('of one key only the first is kept', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const twice = signed({ mapping: root(alice) }, [
      alice.sign,
      () => alice.sign(new Uint8Array(34)),
    ])
    submit(network, [twice])
    expect(signersOf(network)).toEqual([alice.fingerprint])
  })

  test('a late one is stored with what is in force', async () => {
    const network = await newNetwork()
    const [alice, delegate] = [await newPerson(), await newPerson()]
    submit(network, [signed({ mapping: root(alice) }, [alice.sign])])
    submit(network, [
      signed({ mapping: delegation(alice.fingerprint, delegate, 'all') }, [alice.sign]),
    ])
    const mapping = delegation(alice.fingerprint, await newPerson())
    submit(network, [signed({ mapping }, [alice.sign])])
    const before = network.synchronizer.store.records.length
    submit(network, [signed({ mapping }, [delegate.sign])])
    expect(network.synchronizer.store.records).toHaveLength(before + 1)
    expect(signersOf(network)).toEqual([alice.fingerprint, delegate.fingerprint].toSorted())
  })

  test('stored ones of keys that lost their authority are dropped with the next', async () => {
    const network = await newNetwork()
    const [alice, delegate] = [await newPerson(), await newPerson()]
    const delegated = delegation(alice.fingerprint, delegate, 'all')
    submit(network, [signed({ mapping: root(alice) }, [alice.sign])])
    submit(network, [signed({ mapping: delegated }, [alice.sign])])
    const mapping = delegation(alice.fingerprint, await newPerson())
    submit(network, [signed({ mapping }, [delegate.sign])])
    submit(network, [signed({ mapping: delegated, serial: 2, remove: true }, [alice.sign])])
    submit(network, [signed({ mapping }, [alice.sign])])
    expect(signersOf(network)).toEqual([alice.fingerprint])
    const { state } = network.synchronizer.store
    expect(state.candidates(alice.fingerprint, 9)).toHaveLength(2)
  })

  test('nothing new is no error and changes nothing', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const draft = { mapping: root(alice) }
    submit(network, [signed(draft, [alice.sign])])
    const before = network.synchronizer.store.records.length
    submit(network, [signed(draft, [alice.sign])])
    expect(network.synchronizer.store.records).toHaveLength(before)
  })
})

describe('proposals', () => {
  test('incomplete and not sent as a proposal', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const mapping = hosting(alice, [host(network.participant(1))])
    expect(
      refusal(() => {
        submit(network, [signed({ mapping }, [alice.sign])])
      }),
    ).toBe('TOPOLOGY_UNAUTHORIZED_TRANSACTION')
  })

  test('a complete one becomes active', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    submit(network, [signed({ mapping: root(alice) }, [alice.sign], true)])
    expect(last(network)?.proposal).toBe(false)
  })

  test('the caller may ask for full authorization all the same', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const mapping = hosting(alice, [host(network.participant(1))])
    expect(
      refusal(() => {
        submit(network, [signed({ mapping }, [alice.sign], true)], { expectFull: true })
      }),
    ).toBe('TOPOLOGY_UNAUTHORIZED_TRANSACTION')
  })

  test('several of one serial live side by side; the first to be complete ends the others', async () => {
    const network = await newNetwork()
    const alice = await party(network)
    const [one, two] = [network.participant(1), network.participant(2)]
    const flagged = { mapping: hosting(alice, [host(one), host(two, 2, true)]), serial: 2 }
    const plain = { mapping: hosting(alice, [host(one), host(two)]), serial: 2 }
    submit(network, [signed(flagged, [ofNode(two)], true)])
    submit(network, [signed(plain, [ofNode(two)], true)])
    const hashes = [flagged, plain].map((draft) => signed(draft, [alice.sign]).facts.hash)
    const { store } = network.synchronizer
    expect(hashes.map((hash) => store.proposal(hash) !== undefined)).toEqual([true, true])
    submit(network, [signed(flagged, [alice.sign], true)])
    expect(hashes.map((hash) => store.proposal(hash) !== undefined)).toEqual([false, false])
    expect(
      refusal(() => {
        submit(network, [signed(plain, [alice.sign], true)])
      }),
    ).toBe('TOPOLOGY_SERIAL_MISMATCH')
  })

  test('other bytes of the same content are another proposal', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const one = network.participant(1)
    const keys = [{ ...alice.publicKey(), usage: [Usage.protocol, Usage.namespace] }]
    const other = hosting(alice, [host(one)], { partySigningKeys: { keys, threshold: 1 } })
    submit(network, [signed({ mapping: hosting(alice, [host(one)]) }, [alice.sign], true)])
    submit(network, [signed({ mapping: other }, [ofNode(one)], true)])
    expect(last(network)?.proposal).toBe(true)
    expect(signersOf(network)).toHaveLength(1)
  })
})

describe('stores', () => {
  test('the batch of a synchronizer is taken whole or not at all', async () => {
    const network = await newNetwork()
    const [alice, bob] = [await newPerson(), await newPerson()]
    const before = network.synchronizer.store.records.length
    const bad = signed({ mapping: root(bob) }, [() => bob.sign(new Uint8Array(34))])
    expect(
      refusal(() => {
        submit(network, [signed({ mapping: root(alice) }, [alice.sign]), bad])
      }),
    ).toBe('TOPOLOGY_INVALID_TX_SIGNATURE')
    expect(network.synchronizer.store.records).toHaveLength(before)
  })

  test('a later one of a batch builds on an earlier one', async () => {
    const network = await newNetwork()
    const [alice, delegate] = [await newPerson(), await newPerson()]
    submit(network, [
      signed({ mapping: root(alice) }, [alice.sign]),
      signed({ mapping: delegation(alice.fingerprint, delegate) }, [alice.sign]),
    ])
    expect(network.synchronizer.store.state.candidates(alice.fingerprint, 9)).toHaveLength(2)
  })

  test('the authorized store keeps what is valid, says the first refusal, and sends it later', async () => {
    const network = await newNetwork()
    const [alice, bob] = [await newPerson(), await newPerson()]
    const store = network.participant(1).authorized
    const bad = signed({ mapping: root(bob) }, [() => bob.sign(new Uint8Array(34))])
    expect(
      refusal(() => {
        submit(network, [bad, signed({ mapping: root(alice) }, [alice.sign])], { store })
      }),
    ).toBe('TOPOLOGY_INVALID_TX_SIGNATURE')
    expect(store.state.knowledge(alice.fingerprint)).toBe('rooted')
    const onSynchronizer = () => network.synchronizer.store.state.knowledge(alice.fingerprint)
    expect(onSynchronizer()).toBe('absent')
    submit(network, [signed({ mapping: root(bob) }, [bob.sign])], { store })
    expect(onSynchronizer()).toBe('rooted')
  })

  test('what names another synchronizer stays in the authorized store', async () => {
    const network = await newNetwork()
    const one = network.participant(1)
    const mapping = {
      $case: 'synchronizerTrustCertificate',
      value: {
        participantUid: one.uid,
        synchronizerId: `other::${one.id.namespace}`,
        featureFlags: [],
      },
    } as const
    const before = network.synchronizer.store.records.length
    submit(network, [signed({ mapping }, [ofNode(one)])], { store: one.authorized })
    expect(one.authorized.records.at(-1)?.facts.mapping).toMatchObject({ $case: 'plain' })
    expect(network.synchronizer.store.records).toHaveLength(before)
  })

  test('there the owner of the synchronizer has no say, and mappings are not held against state', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const store = network.participant(1).authorized
    submit(network, [signed({ mapping: root(alice) }, [alice.sign])], { store })
    expect(
      refusal(() => {
        const draft = { mapping: root(alice), serial: 2, remove: true }
        submit(network, [signed(draft, [ofOwner(network)])], { store })
      }),
    ).toBe('TOPOLOGY_UNAUTHORIZED_TRANSACTION')
    const mapping = hosting(alice, [])
    submit(network, [signed({ mapping, serial: 3 }, [alice.sign])], { store })
    expect(store.records.at(-1)?.facts.serial).toBe(3)
  })

  test('a temporary store lets the keys of an OwnerToKeyMapping be missing', async () => {
    const network = await newNetwork()
    const [alice, key] = [await newPerson(), await newPerson()]
    const one = network.participant(1)
    one.createTemporary('scratch')
    const mapping = {
      $case: 'ownerToKeyMapping',
      value: {
        member: `MED::m::${alice.fingerprint}`,
        publicKeys: [{ key: { $case: 'signingPublicKey', value: key.publicKey() } }],
      },
    } as const
    for (const [store, proposal] of [
      [one.authorized, true],
      [one.store({ $case: 'temporary', name: 'scratch' }), false],
    ] as const) {
      const flags = new Set([1])
      submit(network, [signed({ mapping: root(alice) }, [alice.sign])], { store })
      submit(network, [signed({ mapping }, [alice.sign], true)], { store, flags })
      expect(store.records.at(-1)?.proposal).toBe(proposal)
    }
  })

  test('names of temporary stores', async () => {
    const network = await newNetwork()
    const one = network.participant(1)
    one.createTemporary('scratch')
    expect(refusal(() => one.createTemporary('scratch'))).toBe(
      'TOPOLOGY_TEMPORARY_STORE_ALREADY_EXISTS',
    )
    one.dropTemporary('scratch')
    expect(
      refusal(() => {
        one.dropTemporary('scratch')
      }),
    ).toBe('TOPOLOGY_STORE_NOT_FOUND')
  })

  test('of another synchronizer there is none', async () => {
    const network = await newNetwork()
    const one = network.participant(1)
    for (const $case of ['logical', 'physical'] as const) {
      expect(refusal(() => one.store({ $case, id: `x::${one.id.namespace}` }))).toBe(
        'TOPOLOGY_STORE_NOT_FOUND',
      )
    }
    expect(one.store({ $case: 'logical', id: network.synchronizer.logical })).toBe(
      network.synchronizer.store,
    )
    expect(one.store({ $case: 'physical', id: network.synchronizer.physical })).toBe(
      network.synchronizer.store,
    )
  })
})

describe('time', () => {
  test('takes effect after the delay, and what it replaces ends then', async () => {
    const network = await newNetwork()
    const alice = await party(network)
    const first = last(network)
    submit(network, [signed({ mapping: hosting(alice, []), serial: 2 }, [alice.sign])])
    const second = last(network)
    expect(second?.validFrom).toBe((second?.sequenced ?? 0n) + DELAY)
    const ended = network.synchronizer.store.records.find(
      ({ facts }) => facts.hash === first?.facts.hash,
    )
    expect(ended?.validUntil).toBe(second?.validFrom)
  })

  test('what is sequenced at one moment gets times of its own', async () => {
    const network = await newNetwork()
    const { synchronizer } = network
    const times = [1, 2, 3].map(() => synchronizer.nextTime(network.now))
    expect(new Set(times).size).toBe(3)
  })

  test('what waits for the connection is decided again when it is sequenced', async () => {
    const network = await newNetwork()
    const alice = await party(network)
    const one = network.participant(1)
    const { connect, disconnect } = await import('../../src/sandbox/core/topology-write.ts')
    disconnect(one, network.now)
    const slow = {
      mapping: hosting(alice, [host(one)], { threshold: 1, participants: [] }),
      serial: 2,
    }
    submit(network, [signed(slow, [alice.sign])])
    const fast = { mapping: hosting(alice, [host(one, 3)]), serial: 2 }
    submit(network, [signed(fast, [alice.sign])], { node: 2 })
    connect(one, network.now)
    expect(last(network)?.rejectionReason).toMatch(/^TOPOLOGY_SERIAL_MISMATCH/)
    expect(network.synchronizer.store.find(signed(slow, [alice.sign]).facts.hash)).toBeUndefined()
  })
})

test('what is redacted', () => {
  const codes = [
    'TOPOLOGY_UNAUTHORIZED_TRANSACTION',
    'TOPOLOGY_INVALID_TX_SIGNATURE',
    'TOPOLOGY_MANAGER_ALARM',
  ] as const
  for (const code of codes) {
    const { category } = new CantonError(code, '')
    expect(CATEGORIES[category]).toEqual({ id: 5, grpc: 3, redacted: true })
  }
  const { category } = new CantonError('TOPOLOGY_SERIAL_MISMATCH', '')
  expect(CATEGORIES[category]).toEqual({ id: 9, grpc: 9, redacted: false })
})

test('a fork is a store of its own', async () => {
  const network = await newNetwork()
  const alice = await party(network)
  const { store } = network.synchronizer
  const copy = store.fork()
  expect(copy).toBeInstanceOf(TopologyStore)
  expect(copy.records).toEqual(store.records)
  const draft = { mapping: hosting(alice, []), serial: 2 }
  const accepted = copy.judge(signed(draft, [alice.sign]), { expectFull: true, effective: 0n })
  copy.commit(accepted, { sequenced: network.now, validFrom: network.now })
  expect(copy.records.length).toBe(store.records.length + 1)
  expect(store.find(accepted.submitted.facts.hash)).toBeUndefined()
})
