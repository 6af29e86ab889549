/** Setting up an external party: what is generated, what is taken, what is refused. */
import { describe, expect, test } from 'vitest'
import { Usage } from '../../src/build/names.ts'
import { parseNamespace } from '../../src/ident/fingerprint.ts'
import {
  allocateExternalParty,
  generateExternalParty,
  type AllocateRequest,
  type GenerateRequest,
} from '../../src/sandbox/core/external-party.ts'
import { combinedHash, decentralizedNamespace } from '../../src/topology/namespace.ts'
import { readTransaction, transactionHash } from '../../src/topology/transaction.ts'
import type { KnownMapping } from '../../src/topology/mapping.ts'
import {
  delegation,
  host,
  hosting,
  newPerson,
  refusal,
  root,
  transactionOf,
  type Draft,
  type Person,
} from './network.ts'
import { newStage, setUpParty, type Stage } from './rehearsal.ts'

function request(stage: Stage, person: Person, change: Partial<GenerateRequest> = {}) {
  return {
    synchronizer: stage.rehearsal.sandbox.synchronizer.logical,
    partyHint: 'alice',
    publicKey: person.key.publicKey,
    localObservationOnly: false,
    otherConfirming: [],
    threshold: 0,
    observing: [],
    ...change,
  }
}

describe('generating', () => {
  test('gives one PartyToParticipant with the key in it', async () => {
    const stage = await newStage(3)
    const alice = await newPerson()
    const [two, three] = [stage.node(2).uid, stage.node(3).uid]
    const generated = generateExternalParty(
      stage.node(1),
      request(stage, alice, { otherConfirming: [two], observing: [three] }),
    )
    expect(generated.partyId).toBe(`alice::${alice.fingerprint}`)
    const [bytes, other] = generated.transactions
    expect(other).toBeUndefined()
    const read = readTransaction(bytes ?? new Uint8Array())
    expect(read.findings).toEqual([])
    expect(generated.multiHash).toEqual(combinedHash([read.hash]))
    const mapping = read.value?.mapping?.mapping
    if (mapping?.$case !== 'partyToParticipant') throw new Error('another mapping')
    const { value } = mapping
    expect(value.threshold).toBe(2)
    expect(value.participants.map(({ permission }) => permission)).toEqual([2, 2, 3])
    expect(value.participants.map(({ participantUid }) => participantUid)).toEqual([
      stage.node(1).uid,
      two,
      three,
    ])
    expect(value.partySigningKeys?.keys[0]?.usage).toEqual([1, 5, 4])
  })

  test('writes nothing', async () => {
    const stage = await newStage()
    const { records } = stage.rehearsal.sandbox.synchronizer.store
    const before = records.length
    generateExternalParty(stage.node(1), request(stage, await newPerson()))
    expect(records).toHaveLength(before)
  })

  test.each<[string, (stage: Stage) => Partial<GenerateRequest>]>([
    [
      'another synchronizer',
      (stage) => ({ synchronizer: `x${stage.rehearsal.sandbox.synchronizer.logical}` }),
    ],
    ['a physical id', (stage) => ({ synchronizer: stage.rehearsal.sandbox.synchronizer.physical })],
    ['an empty hint', () => ({ partyHint: '' })],
    ['an illegal hint', () => ({ partyHint: 'a/b' })],
    ['this node among the others', (stage) => ({ otherConfirming: [stage.node(1).uid] })],
    [
      'a uid twice',
      (stage) => ({ otherConfirming: [stage.node(2).uid], observing: [stage.node(2).uid] }),
    ],
    ['a uid with its code', (stage) => ({ observing: [`PAR::${stage.node(2).uid}`] })],
    ['a threshold above the confirming hosts', () => ({ threshold: 2 })],
    ['nobody who confirms', () => ({ localObservationOnly: true })],
  ])('refuses %s', async (_what, change) => {
    const stage = await newStage()
    const alice = await newPerson()
    expect(
      refusal(() => generateExternalParty(stage.node(1), request(stage, alice, change(stage)))),
    ).toBe('INVALID_ARGUMENT')
  })

  test('refuses while the node is not connected', async () => {
    const stage = await newStage()
    stage.node(1).participant.disconnectedAt = stage.now
    const wanted = request(stage, await newPerson())
    expect(refusal(() => generateExternalParty(stage.node(1), wanted))).toBe('INVALID_ARGUMENT')
  })
})

function allocation(
  stage: Stage,
  drafts: readonly Draft[],
  signers: readonly Person[],
): AllocateRequest {
  const transactions = drafts.map(transactionOf)
  const message = combinedHash(transactions.map(transactionHash))
  return {
    synchronizer: stage.rehearsal.sandbox.synchronizer.logical,
    transactions: transactions.map((transaction) => ({ transaction, signatures: [] })),
    multiHashSignatures: signers.map(({ sign }) => sign(message)),
  }
}

describe('allocating', () => {
  test('on one host: the party is there after the delay', async () => {
    const stage = await newStage()
    const alice = await newPerson()
    const party = setUpParty(stage, alice)
    expect(stage.node(2).ledger.hostsOf(party).get(stage.node(1).uid)?.permission).toBe(2)
    expect(stage.node(2).ledger.updates.at(-1)).toMatchObject({
      $case: 'topology',
      events: [{ $case: 'added', party }],
    })
  })

  test('on several hosts: complete with the last', async () => {
    const stage = await newStage(3)
    const alice = await newPerson()
    const party = setUpParty(stage, alice, [1, 2, 3])
    expect([...stage.node(1).ledger.hostsOf(party).keys()].toSorted()).toEqual(
      [1, 2, 3].map((i) => stage.node(i).uid).toSorted(),
    )
  })

  test('the others may send it without the signature of the party', async () => {
    const stage = await newStage()
    const alice = await newPerson()
    const hosts = [host(stage.node(1)), host(stage.node(2))]
    const drafts = [{ mapping: hosting(alice, hosts, { threshold: 2 }) }]
    const first = allocateExternalParty(
      stage.node(1),
      allocation(stage, drafts, [alice]),
      stage.now,
    )
    const second = allocateExternalParty(stage.node(2), allocation(stage, drafts, []), stage.now)
    expect([first.complete, second.complete]).toEqual([false, true])
  })

  test('a party of a root delegation with keys of its own', async () => {
    const stage = await newStage()
    const [alice, key] = [await newPerson(), await newPerson()]
    const keys = { keys: [key.publicKey([Usage.protocol])], threshold: 1 }
    const mapping = hosting(alice, [host(stage.node(1))], { partySigningKeys: keys })
    const drafts = [{ mapping: root(alice) }, { mapping }]
    const all = allocation(stage, drafts, [alice, key])
    expect(allocateExternalParty(stage.node(1), all, stage.now).complete).toBe(true)
    const { store } = stage.rehearsal.sandbox.synchronizer
    // Of the root only its own signature went on.
    expect(store.state.graph(alice.fingerprint)?.rootSigners).toEqual(new Set([alice.fingerprint]))
  })

  test('a PartyToKeyMapping is looked at and not submitted', async () => {
    const stage = await newStage()
    const alice = await newPerson()
    const mapping = hosting(alice, [host(stage.node(1))], { partySigningKeys: undefined })
    const keys: KnownMapping = {
      $case: 'partyToKeyMapping',
      value: {
        party: `alice::${alice.fingerprint}`,
        threshold: 1,
        signingKeys: [alice.publicKey()],
      },
    }
    const drafts = [{ mapping: root(alice) }, { mapping: keys }, { mapping }]
    const all = allocation(stage, drafts, [alice])
    expect(allocateExternalParty(stage.node(1), all, stage.now).complete).toBe(true)
    const { store } = stage.rehearsal.sandbox.synchronizer
    expect([...store.activeOf(18)]).toEqual([])
  })

  test('what nobody signed is left out, also of what all have signed for', async () => {
    const stage = await newStage()
    const alice = await newPerson()
    const mapping = hosting(alice, [host(stage.node(1))])
    const transactions = [transactionOf({ mapping: root(alice) }), transactionOf({ mapping })]
    const [, hostingBytes] = transactions
    if (hostingBytes === undefined) throw new Error('no transaction')
    const wanted = {
      synchronizer: stage.rehearsal.sandbox.synchronizer.logical,
      multiHashSignatures: [],
      transactions: transactions.map((transaction, i) => ({
        transaction,
        signatures: i === 0 ? [] : [alice.sign(transactionHash(hostingBytes))],
      })),
    }
    expect(allocateExternalParty(stage.node(1), wanted, stage.now).complete).toBe(true)
    const { state } = stage.rehearsal.sandbox.synchronizer.store
    expect(state.knowledge(alice.fingerprint)).toBe('absent')
  })

  test('a decentralized party', async () => {
    const stage = await newStage()
    const owners = [await newPerson(), await newPerson(), await newPerson()]
    const namespace = decentralizedNamespace(
      owners.map(({ fingerprint }) => parseNamespace(fingerprint)),
    )
    const definition: KnownMapping = {
      $case: 'decentralizedNamespaceDefinition',
      value: {
        decentralizedNamespace: namespace,
        threshold: 2,
        owners: owners.map(({ fingerprint }) => fingerprint),
      },
    }
    const keys = {
      keys: owners.map((one) => one.publicKey([Usage.protocol])),
      threshold: 2,
    }
    const party: KnownMapping = {
      $case: 'partyToParticipant',
      value: {
        party: `shared::${namespace}`,
        threshold: 1,
        participants: [host(stage.node(1))],
        partySigningKeys: keys,
      },
    }
    const drafts = [...owners.map(root), definition, party].map((mapping) => ({ mapping }))
    const all = allocation(stage, drafts, owners)
    expect(allocateExternalParty(stage.node(1), all, stage.now).complete).toBe(true)
  })

  const refused = async (
    make: (stage: Stage, alice: Person) => AllocateRequest | Promise<AllocateRequest>,
  ): Promise<string> => {
    const stage = await newStage()
    const wanted = await make(stage, await newPerson())
    const code = refusal(() => allocateExternalParty(stage.node(1), wanted, stage.now))
    return code
  }
  const one = (stage: Stage, alice: Person, draft: Partial<Draft> = {}, others: Draft[] = []) =>
    allocation(
      stage,
      [{ mapping: hosting(alice, [host(stage.node(1))]), ...draft }, ...others],
      [alice],
    )

  test.each<[string, (stage: Stage, alice: Person) => AllocateRequest | Promise<AllocateRequest>]>([
    ['a removal', (stage, alice) => one(stage, alice, { remove: true })],
    ['a serial above 1', (stage, alice) => one(stage, alice, { serial: 2 })],
    [
      'another mapping',
      (stage, alice) =>
        one(stage, alice, {}, [
          {
            mapping: {
              $case: 'vettedPackages',
              value: { participantUid: `p::${alice.fingerprint}`, packageIds: [], packages: [] },
            },
          },
        ]),
    ],
    ['no party', (stage, alice) => allocation(stage, [{ mapping: root(alice) }], [alice])],
    [
      'two parties',
      (stage, alice) =>
        one(stage, alice, {}, [
          { mapping: hosting(alice, [host(stage.node(1))], { party: `b::${alice.fingerprint}` }) },
        ]),
    ],
    [
      'SUBMISSION',
      (stage, alice) => one(stage, alice, { mapping: hosting(alice, [host(stage.node(1), 1)]) }),
    ],
    [
      'only observers',
      (stage, alice) => one(stage, alice, { mapping: hosting(alice, [host(stage.node(1), 3)]) }),
    ],
    [
      'other hosts alone',
      (stage, alice) => one(stage, alice, { mapping: hosting(alice, [host(stage.node(2))]) }),
    ],
    [
      'no signing keys',
      (stage, alice) =>
        one(stage, alice, {
          mapping: hosting(alice, [host(stage.node(1))], { partySigningKeys: undefined }),
        }),
    ],
    [
      'signing keys in both mappings',
      (stage, alice) =>
        one(stage, alice, {}, [
          {
            mapping: {
              $case: 'partyToKeyMapping',
              value: {
                party: `alice::${alice.fingerprint}`,
                threshold: 1,
                signingKeys: [alice.publicKey()],
              },
            },
          },
        ]),
    ],
    [
      'a key without PROTOCOL',
      (stage, alice) =>
        one(stage, alice, {
          mapping: hosting(alice, [host(stage.node(1))], {
            partySigningKeys: { keys: [alice.publicKey([Usage.namespace])], threshold: 1 },
          }),
        }),
    ],
    [
      "the namespace's key without NAMESPACE",
      (stage, alice) =>
        one(stage, alice, {
          mapping: hosting(alice, [host(stage.node(1))], {
            partySigningKeys: { keys: [alice.publicKey([Usage.protocol])], threshold: 1 },
          }),
        }),
    ],
    [
      'a delegation that is no root',
      async (stage, alice) =>
        one(stage, alice, {}, [{ mapping: delegation(alice.fingerprint, await newPerson()) }]),
    ],
    [
      'a synchronizer that is not there',
      (stage, alice) => ({ ...one(stage, alice), synchronizer: 'x' }),
    ],
    [
      'bytes that are no transaction',
      (stage) => ({
        synchronizer: stage.rehearsal.sandbox.synchronizer.logical,
        multiHashSignatures: [],
        transactions: [{ transaction: Uint8Array.of(1, 2, 3), signatures: [] }],
      }),
    ],
  ])('refuses %s', async (_what, make) => {
    expect(await refused(make)).toBe('INVALID_ARGUMENT')
  })

  test('a party that is there already', async () => {
    const stage = await newStage()
    const alice = await newPerson()
    setUpParty(stage, alice)
    expect(refusal(() => setUpParty(stage, alice))).toBe('EXTERNAL_PARTY_ALREADY_EXISTS')
  })

  test('a signature that does not verify is not named', async () => {
    const stage = await newStage()
    const alice = await newPerson()
    const wanted = one(stage, alice)
    const bad = { ...wanted, multiHashSignatures: [alice.sign(new Uint8Array(34))] }
    expect(refusal(() => allocateExternalParty(stage.node(1), bad, stage.now))).toBe(
      'TOPOLOGY_INVALID_TX_SIGNATURE',
    )
  })
})
