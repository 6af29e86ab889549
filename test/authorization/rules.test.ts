/** Single rules that the generated cases reach seldom or not at all. */
import { describe, expect, it } from 'vitest'
import { evaluateBatch } from '../../src/authorization/batch.ts'
import { evaluate, unreadableResult } from '../../src/authorization/evaluate.ts'
import type { StateEvidence } from '../../src/authorization/evidence.ts'
import { readTransactionFacts } from '../../src/authorization/facts.ts'
import type { AuthorizationResult, Signers } from '../../src/authorization/result.ts'
import { TopologyState, type Store } from '../../src/authorization/state.ts'
import { effectiveUsages } from '../../src/authorization/usage.ts'
import type { KnownMapping } from '../../src/topology/mapping.ts'
import { readTransaction } from '../../src/topology/transaction.ts'
import { encodeMessage, wrap } from '../../src/wire/codec.ts'
import { transactionBytes, type TestKey } from '../package/support.ts'
import {
  ALICE,
  ALL,
  BOB,
  CAROL,
  definitionMapping,
  delegationMapping,
  factsOf,
  HOST,
  hostingMapping,
  MALLORY,
  namespaceOf,
  REMOVE,
  root,
  signed,
} from './signed.ts'

const NO_SIGNERS: Signers = { valid: new Set(), invalid: new Set(), unverifiable: new Set() }

function stateOf(
  records: readonly StateEvidence[],
  store: Store = { $case: 'other' },
  completeness: 'complete' | 'partial' = 'complete',
): TopologyState {
  const state = new TopologyState({ completeness, store })
  for (const record of records) state.apply({ ...factsOf(record), signers: record.signers.valid })
  return state
}

const judge = (one: StateEvidence, state: TopologyState): AuthorizationResult =>
  evaluate(factsOf(one), one.signers, state)

const codes = ({ reasons }: AuthorizationResult): readonly string[] =>
  reasons.map(({ code }) => code)

describe('root certificates', () => {
  const mapping = delegationMapping(ALICE, ALICE)

  it('need nothing but the root key', () => {
    expect(judge(root(ALICE), stateOf([])).status).toBe('authorized')
    const removal = signed(mapping, { by: [ALICE], serial: 9, operation: REMOVE })
    expect(judge(removal, stateOf([])).status).toBe('authorized')
  })

  it('are spoilt by one foreign signature: here adding one makes an answer worse', () => {
    const answer = judge(signed(mapping, { by: [ALICE, MALLORY] }), stateOf([]))
    expect(answer.status).toBe('unauthorized')
    expect(codes(answer)).toEqual(['no-usable-signature', 'root-certificate-foreign-signer'])
    const replaced = signed(mapping, { by: [ALICE, MALLORY], serial: 2 })
    expect(judge(replaced, stateOf([root(ALICE)])).status).toBe('authorized')
  })

  it('are named as spoilt where a state that lacks the rest leaves the answer open', () => {
    const partial = stateOf([], { $case: 'unknown' }, 'partial')
    const answer = judge(signed(mapping, { by: [ALICE, MALLORY] }), partial)
    expect(answer.status).toBe('unknown')
    expect(codes(answer)).toEqual(['authority-unknown', 'root-certificate-foreign-signer'])
    const delegation = signed(delegationMapping(ALICE, BOB), { by: [MALLORY] })
    expect(codes(judge(delegation, partial))).toEqual(['authority-unknown'])
  })

  it('can be replaced by a delegate, which the unsigned one warns of', () => {
    const state = stateOf([root(ALICE), signed(delegationMapping(ALICE, BOB), { by: [ALICE] })])
    expect(judge(signed(mapping, { by: [BOB], serial: 2 }), state).status).toBe('authorized')
    const answer = judge(
      { ...signed(mapping, { by: [ALICE], serial: 2 }), signers: NO_SIGNERS },
      state,
    )
    expect(codes(answer)).toEqual(['no-signature', 'root-alone-is-safe'])
    expect(answer.missing.namespaces[0]?.candidates).toEqual(
      [ALICE, BOB].map((k) => k.fingerprint).sort(),
    )
    expect(codes(judge({ ...root(BOB), signers: NO_SIGNERS }, state))).toEqual(['no-signature'])
  })

  it('with an invalid or unverifiable signature', () => {
    const only = new Set<string>([ALICE.fingerprint])
    const with_ = (signers: Partial<Signers>): AuthorizationResult =>
      judge({ ...root(ALICE), signers: { ...NO_SIGNERS, ...signers } }, stateOf([]))
    expect(with_({ invalid: only })).toMatchObject({ status: 'unauthorized', signed: [] })
    expect(with_({ unverifiable: only })).toMatchObject({
      status: 'unknown',
      neededState: [{ $case: 'key', fingerprint: ALICE.fingerprint }],
    })
  })
})

describe('delegations', () => {
  const chain = (keys: readonly TestKey[]): readonly StateEvidence[] =>
    keys
      .slice(1)
      .map((target, i) => signed(delegationMapping(ALICE, target), { by: [keys[i] ?? ALICE] }))
  const asks = (by: TestKey): StateEvidence => signed(delegationMapping(ALICE, HOST), { by: [by] })

  it('come back with the link that was missing', () => {
    const records = chain([ALICE, BOB, CAROL, MALLORY])
    const state = stateOf([root(ALICE), ...records])
    expect(judge(asks(MALLORY), state).status).toBe('authorized')
    const middle = records[1]
    if (middle === undefined) throw new Error('no link')
    const { signers } = middle
    state.apply({
      ...factsOf(middle),
      operation: 'remove',
      serial: 2,
      hash: 'removed',
      signers: signers.valid,
    })
    expect(judge(asks(MALLORY), state).status).toBe('unauthorized')
    expect(judge(asks(BOB), state).status).toBe('authorized')
    state.apply({ ...factsOf(middle), serial: 3, hash: 'again', signers: signers.valid })
    expect(judge(asks(MALLORY), state).status).toBe('authorized')
  })

  it('in a circle without a root lead nowhere', () => {
    const circle = [
      signed(delegationMapping(ALICE, BOB), { by: [CAROL] }),
      signed(delegationMapping(ALICE, CAROL), { by: [BOB] }),
    ]
    expect(judge(asks(BOB), stateOf(circle)).status).toBe('unauthorized')
    expect(judge(asks(BOB), stateOf([...circle, root(ALICE)])).status).toBe('unauthorized')
  })

  it('may be applied in any order', () => {
    const records = [root(ALICE), ...chain([ALICE, BOB, CAROL, MALLORY])]
    expect(judge(asks(MALLORY), stateOf(records.toReversed())).status).toBe('authorized')
  })

  it('lose their former signers when they are replaced', () => {
    const state = stateOf([root(ALICE), ...chain([ALICE, BOB, CAROL])])
    const again = signed(delegationMapping(ALICE, CAROL), { by: [ALICE], serial: 2 })
    state.apply({ ...factsOf(again), signers: again.signers.valid })
    const bob = signed(delegationMapping(ALICE, BOB), { by: [ALICE], serial: 2, operation: REMOVE })
    state.apply({ ...factsOf(bob), signers: bob.signers.valid })
    expect(judge(asks(CAROL), state).status).toBe('authorized')
  })
})

describe('the party that authorizes itself', () => {
  const party = ALICE.fingerprint
  const at = (usage: readonly number[], by: readonly TestKey[]): StateEvidence =>
    signed(hostingMapping(party, [{ key: HOST }], { keys: [ALICE], usage }), { by })

  it('needs NAMESPACE in the listed copy, even with a delegation', () => {
    const state = stateOf([root(ALICE), root(HOST)])
    expect(judge(at([1, 4], [ALICE, HOST]), state).status).toBe('authorized')
    const answer = judge(at([4], [ALICE, HOST]), state)
    expect(answer.status).toBe('unauthorized')
    expect(codes(answer)).toEqual(['self-key-without-namespace-usage'])
    expect(answer.signed).toEqual([HOST.fingerprint])
    expect(judge(at([4], [HOST]), state).status).toBe('incomplete')
  })

  it('does not stand for a host with the same key', () => {
    const mapping = hostingMapping(namespaceOf([BOB, CAROL]), [{ key: HOST }], { keys: [HOST] })
    const answer = judge(signed(mapping, { by: [HOST] }), stateOf([]))
    expect(codes(answer)).toEqual(['no-namespace-signature'])
  })

  it('is blocked only by a root removal that the root alone has signed', () => {
    const blocked = (by: readonly TestKey[]): string => {
      const removal = signed(delegationMapping(ALICE, ALICE), { by, serial: 2, operation: REMOVE })
      return judge(at([1, 4], [ALICE, HOST]), stateOf([root(HOST), removal])).status
    }
    expect(blocked([ALICE])).toBe('incomplete')
    expect(blocked([BOB])).toBe('authorized')
    expect(blocked([ALICE, BOB])).toBe('authorized')
  })
})

describe('a removal', () => {
  const mapping = hostingMapping(ALICE.fingerprint, [{ key: HOST }])
  const present = signed(mapping, { by: [ALICE, HOST] })
  const store: Store = { $case: 'synchronizer', id: `sync::${CAROL.fingerprint}` }
  const removal = (by: readonly TestKey[], what: KnownMapping = mapping): StateEvidence =>
    signed(what, { by, serial: 2, operation: REMOVE })
  const roots = [root(ALICE), root(CAROL), root(HOST)]

  it('is up to the owner or the owner of the synchronizer', () => {
    expect(judge(removal([ALICE]), stateOf([...roots, present], store)).status).toBe('authorized')
    expect(judge(removal([CAROL]), stateOf([...roots, present], store)).status).toBe('authorized')
    expect(judge(removal([CAROL]), stateOf([...roots, present])).status).toBe('unauthorized')
    const unknown = judge(removal([CAROL]), stateOf([...roots, present], { $case: 'unknown' }))
    expect(unknown.neededState).toEqual([{ $case: 'synchronizer' }])
    // A host is permissible, since it would have to sign a first transaction, and not enough.
    const host = judge(removal([HOST]), stateOf([...roots, present], store))
    expect(host.status).toBe('incomplete')
    expect(host.missing.anyOf).toHaveLength(1)
  })

  it('of something else than what is there is not settled', () => {
    const other = hostingMapping(ALICE.fingerprint, [{ key: HOST, permission: 3 }])
    for (const state of [stateOf([...roots, present], store), stateOf(roots, store)]) {
      const answer = judge(removal([ALICE], other), state)
      expect(answer.status).toBe('unknown')
      expect(codes(answer)).toEqual(['removal-of-other-content'])
    }
  })
})

describe('the store', () => {
  const limits = (id: string): KnownMapping => ({
    $case: 'partyHostingLimits',
    value: { synchronizerId: id, party: `party::${ALICE.fingerprint}` },
  })
  const id = `sync::${CAROL.fingerprint}`

  it('takes mappings for its own synchronizer only', () => {
    const state = stateOf([root(CAROL), root(BOB)], { $case: 'synchronizer', id })
    expect(judge(signed(limits(id), { by: [CAROL] }), state).status).toBe('authorized')
    const foreign = signed(limits(`other::${CAROL.fingerprint}`), { by: [CAROL] })
    expect(codes(judge(foreign, state))).toEqual(['wrong-synchronizer'])
    expect(judge(foreign, stateOf([root(CAROL)])).status).toBe('authorized')
  })
})

describe('signatures that cannot be verified', () => {
  it('leave the answer open only if they would count', () => {
    const mapping = hostingMapping(ALICE.fingerprint, [{ key: HOST }])
    const state = stateOf([root(ALICE), root(HOST)])
    const by = (unverifiable: TestKey): AuthorizationResult =>
      judge(
        {
          ...signed(mapping, { by: [ALICE] }),
          signers: {
            valid: new Set<string>([ALICE.fingerprint]),
            invalid: new Set(),
            unverifiable: new Set<string>([unverifiable.fingerprint]),
          },
        },
        state,
      )
    expect(by(HOST).status).toBe('unknown')
    expect(by(MALLORY).status).toBe('incomplete')
    expect(by(MALLORY).superfluous).toEqual([MALLORY.fingerprint])
  })
})

describe('mappings that no node reads', () => {
  const reading = (mapping: KnownMapping, operation = 1): unknown => {
    const facts = readTransactionFacts(readTransaction(transactionBytes(mapping, 1, operation)))
    return facts.ok ? 'read' : unreadableResult(facts, NO_SIGNERS).status
  }
  const hosting = hostingMapping(ALICE.fingerprint, [{ key: HOST }])
  const noParty: KnownMapping = {
    $case: 'partyToParticipant',
    value: { party: 'nobody', threshold: 1, participants: [], partySigningKeys: undefined },
  }

  it.each<readonly [string, KnownMapping, number, string]>([
    ['a sound one', hosting, 1, 'read'],
    ['no operation', hosting, 0, 'unauthorized'],
    ['an unknown operation', hosting, 3, 'unauthorized'],
    [
      'no permission',
      hostingMapping(ALICE.fingerprint, [{ key: HOST, permission: 0 }]),
      1,
      'unauthorized',
    ],
    [
      'an unknown permission',
      hostingMapping(ALICE.fingerprint, [{ key: HOST, permission: 4 }]),
      1,
      'unauthorized',
    ],
    ['threshold 0', hostingMapping(ALICE.fingerprint, [], { threshold: 0 }), 1, 'unauthorized'],
    ['no listed key', hostingMapping(ALICE.fingerprint, [], { keys: [] }), 1, 'unauthorized'],
    [
      'a key listed twice',
      hostingMapping(ALICE.fingerprint, [], { keys: [BOB, BOB] }),
      1,
      'unauthorized',
    ],
    [
      'a forbidden usage',
      hostingMapping(ALICE.fingerprint, [], { keys: [BOB], usage: [5] }),
      1,
      'unauthorized',
    ],
    ['a party without namespace', noParty, 1, 'unknown'],
    ['a target for signing only', delegationMapping(ALICE, BOB, ALL, [4]), 1, 'unauthorized'],
    [
      'an empty restriction',
      delegationMapping(ALICE, BOB, { $case: 'canSignSpecificMapings', value: { mappings: [] } }),
      1,
      'unauthorized',
    ],
    [
      'an unknown code',
      delegationMapping(ALICE, BOB, { $case: 'canSignSpecificMapings', value: { mappings: [16] } }),
      1,
      'unauthorized',
    ],
    [
      'a root that may not delegate',
      delegationMapping(ALICE, ALICE, { $case: 'canSignAllButNamespaceDelegations', value: {} }),
      1,
      'unauthorized',
    ],
    ['a threshold above the owners', definitionMapping([ALICE], 2), 1, 'unauthorized'],
    ['a threshold of no owners', definitionMapping([ALICE], 0), 1, 'unauthorized'],
  ])('%s', (_, mapping, operation, expected) => {
    expect(reading(mapping, operation)).toBe(expected)
  })

  it('takes the entry with more rights of two for one participant', () => {
    const double = (permissions: readonly number[]): unknown => {
      const mapping = hostingMapping(
        ALICE.fingerprint,
        permissions.map((permission) => ({ key: HOST, permission })),
      )
      const facts = factsOf(signed(mapping, { by: [ALICE] })).mapping
      return facts.$case === 'partyToParticipant'
        ? [...facts.hosts.values()][0]?.permission
        : undefined
    }
    expect(double([3, 1])).toBe(1)
    expect(double([1, 3])).toBe(1)
  })

  it('reads the legacy flag of a delegation', () => {
    const legacy = (isRootDelegation: boolean): unknown => {
      const mapping = delegationMapping(ALICE, BOB, undefined)
      if (mapping.$case !== 'namespaceDelegation') throw new Error('no delegation')
      const value = { ...mapping.value, isRootDelegation, restriction: undefined }
      const bytes = wrap(
        encodeMessage('TopologyTransaction', {
          operation: 1,
          serial: 1,
          mapping: { mapping: { $case: 'namespaceDelegation', value } },
        }),
      )
      const facts = readTransactionFacts(readTransaction(bytes))
      return facts.ok && facts.facts.mapping.$case === 'namespaceDelegation'
        ? facts.facts.mapping.restriction
        : undefined
    }
    expect(legacy(true)).toEqual({ $case: 'all' })
    expect(legacy(false)).toEqual({ $case: 'allButNamespaceDelegations' })
  })
})

describe('key usages', () => {
  it.each([
    [[], [1, 3, 4, 5]],
    [[2], [1, 3, 4, 5]],
    [[1], [1]],
    [[1, 2], [1]],
    [[4], [4, 5]],
    [
      [3, 4],
      [3, 4, 5],
    ],
    [
      [1, 4],
      [1, 4, 5],
    ],
    [
      [4, 5, 1],
      [1, 4, 5],
    ],
    [[5], undefined],
    [[1, 5], undefined],
    [[2, 5], undefined],
    [[0], undefined],
    [[1, 0], undefined],
    [[6], undefined],
  ])('%j', (usage, expected) => {
    expect(effectiveUsages(usage)).toEqual(expected)
  })
})

describe('a batch', () => {
  const owners = [ALICE, BOB]
  const namespace = namespaceOf(owners)
  const definition = (by: readonly TestKey[]): StateEvidence =>
    signed(definitionMapping(owners, 2), { by })
  const party = (by: readonly TestKey[]): StateEvidence =>
    signed(hostingMapping(namespace, [{ key: HOST }]), { by })
  const statuses = (entries: readonly StateEvidence[]): readonly string[] =>
    evaluateBatch(entries, stateOf([], { $case: 'unknown' }, 'partial')).map(
      ({ authorization }) => authorization.status,
    )
  const everybody = [ALICE, BOB, HOST]

  it('lets each transaction build on those before it', () => {
    const roots = everybody.map(root)
    expect(statuses([...roots, definition(owners), party(everybody)])).toEqual(
      Array.from({ length: 5 }, () => 'authorized'),
    )
    expect(statuses([party(everybody), ...roots, definition(owners)])[0]).toBe('unknown')
  })

  it('tells who is missing for what waits', () => {
    const roots = everybody.map(root)
    const entries = [...roots, definition([ALICE]), party([ALICE, HOST])]
    const results = evaluateBatch(entries, stateOf([], { $case: 'unknown' }, 'partial'))
    expect(results.slice(3).map(({ authorization }) => authorization.status)).toEqual([
      'incomplete',
      'incomplete',
    ])
    expect(results[4]?.authorization.missing.namespaces).toMatchObject([
      { namespace, kind: 'decentralized', need: 1, of: 2, candidates: [BOB.fingerprint] },
    ])
    const signedOff = evaluateBatch(
      [...roots, definition([ALICE]), party(everybody)],
      stateOf([], { $case: 'unknown' }, 'partial'),
    )
    expect(signedOff[4]?.authorization.status).toBe('incomplete')
    expect(codes(signedOff[4]?.authorization ?? judge(root(ALICE), stateOf([])))).toEqual([
      'waits-for-batch',
    ])
  })

  it('finds no fault in a transaction that nobody has signed yet', () => {
    const fresh = { ...root(ALICE), signers: NO_SIGNERS }
    expect(statuses([fresh])).toEqual(['incomplete'])
    expect(
      statuses([signed(delegationMapping(ALICE, ALICE), { by: [ALICE, MALLORY] })]),
    ).not.toEqual(['authorized'])
  })

  it('leaves the state as it was', () => {
    const state = stateOf([], { $case: 'unknown' }, 'partial')
    evaluateBatch([root(ALICE)], state)
    expect(state.size).toBe(0)
  })

  it('of ten thousand transactions is done in one go', () => {
    const one = root(ALICE)
    const facts = factsOf(one)
    const state = stateOf([one])
    // A chain as long as a package may be: each key delegates to the next.
    for (let i = 0; i < 10_000; i++) {
      if (facts.mapping.$case !== 'namespaceDelegation') throw new Error('no delegation')
      const target = `1220${i.toString(16).padStart(64, '0')}` as typeof facts.mapping.target
      const before = i === 0 ? ALICE.fingerprint : `1220${(i - 1).toString(16).padStart(64, '0')}`
      const mapping = { ...facts.mapping, target }
      const record = {
        ...facts,
        mapping,
        hash: target,
        uniqueKey: target,
        signers: new Set([before]),
      }
      const answer = evaluate(record, { ...NO_SIGNERS, valid: record.signers }, state)
      expect(answer.status).toBe('authorized')
      state.apply(record)
    }
  })
})
