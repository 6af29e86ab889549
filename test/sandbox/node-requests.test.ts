/** GenerateTransactions, Authorize and SignTransactions: serials, the choice of keys, what is read back. */
import { describe, expect, test } from 'vitest'
import { Usage } from '../../src/build/names.ts'
import { generatePrivateKey } from '../../src/crypto/private-key.ts'
import { parseNamespace } from '../../src/ident/fingerprint.ts'
import type { Participant } from '../../src/sandbox/core/participant.ts'
import { readForceFlags } from '../../src/sandbox/core/submission-checks.ts'
import {
  mappingCodes,
  mappingCodesWithout,
  readRecords,
  type ReadQuery,
} from '../../src/sandbox/core/topology-read.ts'
import {
  authorizeHash,
  authorizeProposal,
  connect,
  disconnect,
  generateTransaction,
  signTransaction,
  type Proposal,
} from '../../src/sandbox/core/topology-write.ts'
import { decentralizedNamespace } from '../../src/topology/namespace.ts'
import type { KnownMapping } from '../../src/topology/mapping.ts'
import { signingPublicKey } from '../../src/build/keys.ts'
import {
  DELAY,
  host,
  hosting,
  newNetwork,
  newPerson,
  ofNode,
  refusal,
  root,
  signed,
  submit,
  type Network,
} from './network.ts'

const proposal = (mapping: KnownMapping, change: Partial<Proposal> = {}): Proposal => ({
  operation: 'replace',
  serial: 0,
  mapping,
  ...change,
})

const options = (network: Network, expectFull = false) => ({
  flags: new Set<number>(),
  expectFull,
  now: network.now,
})

describe('the serial', () => {
  const serialOf = (network: Network, wanted: Proposal): number =>
    generateTransaction(network.synchronizer.store, wanted).facts.serial

  test('is 1 before there is anything, whatever is proposed', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const mapping = hosting(alice, [host(network.participant(1))])
    submit(network, [signed({ mapping }, [alice.sign], true)])
    expect(serialOf(network, proposal(mapping))).toBe(1)
    expect(serialOf(network, proposal(mapping, { serial: 1 }))).toBe(1)
    expect(refusal(() => serialOf(network, proposal(mapping, { serial: 2 })))).toBe(
      'TOPOLOGY_SERIAL_MISMATCH',
    )
  })

  test('is that of the same content, and the next for other content or its removal', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const one = network.participant(1)
    const mapping = hosting(alice, [host(one)])
    submit(network, [signed({ mapping }, [alice.sign, ofNode(one)])])
    expect(serialOf(network, proposal(mapping))).toBe(1)
    expect(serialOf(network, proposal(hosting(alice, [])))).toBe(2)
    expect(serialOf(network, proposal(mapping, { operation: 'remove' }))).toBe(2)
    expect(refusal(() => serialOf(network, proposal(mapping, { serial: 2 })))).toBe(
      'TOPOLOGY_MAPPING_ALREADY_EXISTS',
    )
    expect(refusal(() => serialOf(network, proposal(hosting(alice, []), { serial: 1 })))).toBe(
      'TOPOLOGY_SERIAL_MISMATCH',
    )
  })

  test('the transaction that is there keeps its bytes; a new one is written anew', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const one = network.participant(1)
    const odd = [{ ...alice.publicKey(), usage: [Usage.protocol, Usage.namespace] }]
    const partySigningKeys = { keys: odd, threshold: 1 }
    const mapping = hosting(alice, [host(one), host(one, 3)], { partySigningKeys })
    const there = signed({ mapping }, [alice.sign, ofNode(one)])
    const fresh = generateTransaction(network.synchronizer.store, proposal(mapping))
    expect(fresh.facts.hash).not.toBe(there.facts.hash)
    expect(fresh.mapping).toEqual(hosting(alice, [host(one)]))
    const kept = hosting(alice, [host(one)], { partySigningKeys })
    submit(network, [signed({ mapping: kept }, [alice.sign, ofNode(one)])])
    const again = generateTransaction(
      network.synchronizer.store,
      proposal(hosting(alice, [host(one)])),
    )
    expect(again.facts.hash).toBe(signed({ mapping: kept }, [alice.sign]).facts.hash)
  })
})

/** A delegation of a participant's namespace to a new key in its vault, signed by a key of it. */
async function delegate(
  network: Network,
  participant: Participant,
  by: string = participant.id.namespace,
): Promise<string> {
  const key = await generatePrivateKey('EC_CURVE25519')
  participant.vault.add(key, [Usage.namespace])
  const mapping: KnownMapping = {
    $case: 'namespaceDelegation',
    value: {
      namespace: participant.id.namespace,
      targetKey: signingPublicKey(key.publicKey, [Usage.namespace]),
      isRootDelegation: false,
      restriction: { $case: 'canSignAllMappings', value: {} },
    },
  }
  submit(network, [signed({ mapping }, [(message) => participant.vault.sign(by, message)])])
  return key.publicKey.fingerprint
}

describe('the keys of a node', () => {
  const signersOf = (network: Network, mapping: KnownMapping, signedBy: readonly string[] = []) =>
    signTransaction(
      { ...signed({ mapping }, [() => ({ ...nobody })]), signatures: [] },
      network.synchronizer.store,
      network.participant(1),
      signedBy,
      readForceFlags([]),
    ).signatures.map(({ wire }) => wire.signedBy)
  const nobody = {
    format: 3,
    signature: new Uint8Array(64),
    signedBy: `1220${'0'.repeat(64)}`,
    signingAlgorithmSpec: 1,
    signatureDelegation: undefined,
  }

  test('the one farthest from the root', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const one = network.participant(1)
    const mapping = hosting(alice, [host(one)])
    expect(signersOf(network, mapping)).toEqual([one.id.namespace])
    const first = await delegate(network, one)
    expect(signersOf(network, mapping)).toEqual([first])
    const second = await delegate(network, one, first)
    expect(signersOf(network, mapping)).toEqual([second])
  })

  test('of two that are as far the greater fingerprint', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const one = network.participant(1)
    const keys = [await delegate(network, one), await delegate(network, one)]
    const mapping = hosting(alice, [host(one)])
    expect(signersOf(network, mapping)).toEqual([keys.toSorted().at(-1)])
  })

  test('exactly those that are named', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const one = network.participant(1)
    await delegate(network, one)
    const mapping = hosting(alice, [host(one)])
    expect(signersOf(network, mapping, [one.id.namespace])).toEqual([one.id.namespace])
  })

  test('one for each owner of a decentralized namespace', async () => {
    const network = await newNetwork()
    const one = network.participant(1)
    const people = [await newPerson(), await newPerson()]
    const owners = [
      one.id.namespace,
      ...people.map(({ fingerprint }) => parseNamespace(fingerprint)),
    ]
    for (const person of people) {
      one.vault.add(person.key, [Usage.namespace])
      submit(network, [signed({ mapping: root(person) }, [person.sign])])
    }
    const namespace = decentralizedNamespace(owners)
    const definition: KnownMapping = {
      $case: 'decentralizedNamespaceDefinition',
      value: { decentralizedNamespace: namespace, threshold: 2, owners },
    }
    const signers = [ofNode(one), ...people.map(({ sign }) => sign)]
    submit(network, [signed({ mapping: definition }, signers)])
    const mapping: KnownMapping = {
      $case: 'partyToParticipant',
      value: {
        party: `shared::${namespace}`,
        threshold: 1,
        participants: [host(network.participant(2))],
        partySigningKeys: undefined,
      },
    }
    expect(signersOf(network, mapping).toSorted()).toEqual([...owners].toSorted())
  })

  test('a listed key of the node signs as itself', async () => {
    const network = await newNetwork()
    const [alice, key] = [await newPerson(), await newPerson()]
    const one = network.participant(1)
    one.vault.add(key.key, [Usage.protocol])
    const keys = [alice.publicKey(), key.publicKey([Usage.protocol])]
    const mapping = hosting(alice, [host(one)], { partySigningKeys: { keys, threshold: 1 } })
    expect(signersOf(network, mapping).toSorted()).toEqual(
      [one.id.namespace, key.fingerprint].toSorted(),
    )
  })
})

describe('authorizing', () => {
  test('builds, signs and adds; the same again brings nothing', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const { store } = network.synchronizer
    const wanted = proposal(hosting(alice, [host(network.participant(1))]))
    const made = authorizeProposal(network.node(1), store, wanted, [], options(network))
    expect(store.proposal(made.facts.hash)?.signatures).toHaveLength(1)
    expect(
      refusal(() => authorizeProposal(network.node(1), store, wanted, [], options(network))),
    ).toBe('TOPOLOGY_MAPPING_ALREADY_EXISTS')
    expect(
      refusal(() => authorizeProposal(network.node(2), store, wanted, [], options(network))),
    ).toBe('TOPOLOGY_NO_APPROPRIATE_SIGNING_KEY_IN_STORE')
  })

  test('in full or not at all, if that is asked for', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const { store } = network.synchronizer
    const wanted = proposal(hosting(alice, [host(network.participant(1))]))
    expect(
      refusal(() => authorizeProposal(network.node(1), store, wanted, [], options(network, true))),
    ).toBe('TOPOLOGY_UNAUTHORIZED_TRANSACTION')
  })

  test('by hash completes what another proposed, byte for byte', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const { store } = network.synchronizer
    const [one, two] = [network.participant(1), network.participant(2)]
    const sent = signed({ mapping: hosting(alice, [host(one), host(two)]) }, [alice.sign], true)
    submit(network, [sent])
    authorizeHash(network.node(1), store, sent.facts.hash, [], options(network))
    authorizeHash(network.node(2), store, sent.facts.hash, [], options(network, true))
    expect(store.find(sent.facts.hash)).toMatchObject({ proposal: false, bytes: sent.bytes })
  })

  test('an unknown hash, and one that was overtaken', async () => {
    const network = await newNetwork()
    const alice = await newPerson()
    const { store } = network.synchronizer
    const first = signed({ mapping: root(alice) }, [alice.sign])
    submit(network, [first])
    submit(network, [signed({ mapping: root(alice), serial: 2 }, [alice.sign])])
    for (const hash of [first.facts.hash, `1220${'0'.repeat(64)}`]) {
      expect(refusal(() => authorizeHash(network.node(1), store, hash, [], options(network)))).toBe(
        'TOPOLOGY_TRANSACTION_NOT_FOUND',
      )
    }
  })
})

describe('reading', () => {
  const query = (change: Partial<ReadQuery> = {}): ReadQuery => ({
    proposals: false,
    operation: undefined,
    time: { $case: 'headState' },
    signedKey: '',
    codes: new Set(),
    namespace: '',
    ...change,
  })

  async function history() {
    const network = await newNetwork()
    const alice = await newPerson()
    const one = network.participant(1)
    const first = hosting(alice, [host(one)])
    submit(network, [signed({ mapping: first }, [alice.sign, ofNode(one)])])
    const firstSequenced = network.now
    submit(network, [signed({ mapping: hosting(alice, []), serial: 2 }, [alice.sign])])
    const open = hosting(alice, [host(one), host(network.participant(2))])
    submit(network, [signed({ mapping: open, serial: 3 }, [alice.sign], true)])
    const read = (change: Partial<ReadQuery>, horizon: bigint) =>
      [
        ...readRecords(
          network.synchronizer.store,
          query({ namespace: alice.fingerprint, ...change }),
          horizon,
        ),
      ].map(({ facts }) => facts.serial)
    return { network, alice, firstSequenced, read }
  }

  test('what is not in effect yet is not seen', async () => {
    const { network, firstSequenced, read } = await history()
    expect(read({}, firstSequenced + DELAY - 1n)).toEqual([])
    expect(read({}, firstSequenced + DELAY)).toEqual([1])
    expect(read({}, network.now + DELAY)).toEqual([2])
    expect(read({ proposals: true }, network.now + DELAY)).toEqual([3])
  })

  test('what takes its place later is not told', async () => {
    const { network, alice, firstSequenced } = await history()
    const wanted = query({ namespace: alice.fingerprint })
    const at = firstSequenced + DELAY
    const [seen] = readRecords(network.synchronizer.store, wanted, at)
    expect(seen?.validUntil).toBeUndefined()
  })

  test('as of a time, and between two', async () => {
    const { network, firstSequenced, read } = await history()
    const horizon = network.now + DELAY
    const at = firstSequenced + DELAY
    expect(read({ time: { $case: 'snapshot', at } }, horizon)).toEqual([1])
    expect(read({ time: { $case: 'range', from: at, until: undefined } }, horizon)).toEqual([1, 2])
    expect(read({ time: { $case: 'range', from: at + 1n, until: horizon } }, horizon)).toEqual([2])
    expect(refusal(() => read({ time: { $case: 'snapshot', at: horizon + 1n } }, horizon))).toBe(
      'TOPOLOGY_INVALID_QUERY_TIME',
    )
  })

  test('by signer, operation and mapping', async () => {
    const { network, alice, read } = await history()
    const horizon = network.now + DELAY
    expect(read({ signedKey: alice.fingerprint.slice(0, 12) }, horizon)).toEqual([2])
    expect(read({ signedKey: network.participant(2).id.namespace }, horizon)).toEqual([])
    expect(read({ operation: 'remove' }, horizon)).toEqual([])
    expect(read({ codes: mappingCodes(['ptp', 'nsd']) }, horizon)).toEqual([2])
    expect(read({ codes: mappingCodesWithout(['ptp']) }, horizon)).toEqual([])
    expect(refusal(() => mappingCodes(['PTP']))).toBe('PROTO_DESERIALIZATION_FAILURE')
  })

  test('a participant without a connection sees what it saw', async () => {
    const { network, alice } = await history()
    const one = network.participant(1)
    disconnect(one, network.now)
    submit(network, [signed({ mapping: hosting(alice, []), serial: 3 }, [alice.sign])], { node: 2 })
    expect(one.horizon(network.now + 10n * DELAY)).toBeLessThan(network.now)
    connect(one, network.now)
    expect(one.horizon(network.now)).toBe(network.now)
  })
})
