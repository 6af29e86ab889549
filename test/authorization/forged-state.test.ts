/** State from somebody who wants a transaction to look authorized. */
import { describe, expect, it } from 'vitest'
import { evaluate } from '../../src/authorization/evaluate.ts'
import type { StateEvidence } from '../../src/authorization/evidence.ts'
import { proveState } from '../../src/authorization/prove.ts'
import type { AuthorizationResult } from '../../src/authorization/result.ts'
import type { Store } from '../../src/authorization/state.ts'
import {
  ALICE,
  BOB,
  CAROL,
  DAVE,
  definitionMapping,
  delegationMapping,
  EVE,
  factsOf,
  hashOf,
  HOST,
  hostingMapping,
  MALLORY,
  namespaceOf,
  NO_DELEGATIONS,
  REMOVE,
  root,
  signed,
} from './signed.ts'

const NODE: Store = { $case: 'other' }

function judge(
  judged: StateEvidence,
  state: readonly StateEvidence[],
  store: Store = NODE,
): AuthorizationResult {
  return evaluate(factsOf(judged), judged.signers, proveState(state, store).state)
}

/** The verdict, whatever the order of the evidence. */
function verdict(judged: StateEvidence, state: readonly StateEvidence[], store?: Store): string {
  const forward = judge(judged, state, store)
  const backward = judge(judged, state.toReversed(), store)
  expect(backward).toEqual(forward)
  return forward.status
}

function aside(state: readonly StateEvidence[], one: StateEvidence, store: Store = NODE): unknown {
  return proveState(state, store).aside.find(({ hash }) => hash === hashOf(one))?.reason
}

const vetted = (by: readonly (typeof ALICE)[], owner = ALICE): StateEvidence =>
  signed(
    {
      $case: 'vettedPackages',
      value: { participantUid: `p::${owner.fingerprint}`, packageIds: [], packages: [] },
    },
    { by },
  )

describe('delegations', () => {
  const toBob = signed(delegationMapping(ALICE, BOB), { by: [ALICE] })
  const bobToCarol = signed(delegationMapping(ALICE, CAROL), { by: [BOB] })

  it('are proved from the root on, in any order', () => {
    expect(verdict(vetted([CAROL]), [bobToCarol, root(ALICE), toBob])).toBe('authorized')
    expect(proveState([bobToCarol, root(ALICE), toBob], NODE).aside).toEqual([])
  })

  it('prove nothing without their root certificate', () => {
    const answer = judge(vetted([CAROL]), [toBob, bobToCarol])
    expect(answer.status).toBe('unknown')
    expect(answer.neededState).toEqual([{ $case: 'namespace', namespace: ALICE.fingerprint }])
  })

  it('prove nothing without the link between', () => {
    const answer = judge(vetted([CAROL]), [root(ALICE), bobToCarol])
    expect(answer.status).toBe('unknown')
    expect(answer.neededState).toEqual([
      { $case: 'delegations', namespace: ALICE.fingerprint, keys: [CAROL.fingerprint] },
    ])
    expect(aside([root(ALICE), bobToCarol], bobToCarol)).toBe('not-entitled')
  })

  it('that an outsider made for himself are not used', () => {
    const forged = signed(delegationMapping(ALICE, MALLORY), { by: [MALLORY] })
    expect(verdict(vetted([MALLORY]), [root(ALICE), forged])).toBe('unknown')
    expect(aside([root(ALICE), forged], forged)).toBe('not-entitled')
  })

  it('cannot be begun by an outsider who signs a root certificate for another', () => {
    const forged = signed(delegationMapping(ALICE, ALICE), { by: [MALLORY] })
    const own = signed(delegationMapping(ALICE, MALLORY), { by: [MALLORY] })
    expect(verdict(vetted([MALLORY]), [forged, own])).toBe('unknown')
    expect(aside([forged, own], own)).toBe('not-entitled')
  })

  it('of two outsiders who vouch for each other are not used', () => {
    const circle = [
      signed(delegationMapping(ALICE, MALLORY), { by: [EVE] }),
      signed(delegationMapping(ALICE, EVE), { by: [MALLORY] }),
    ]
    expect(verdict(vetted([MALLORY]), [root(ALICE), ...circle])).toBe('unknown')
  })

  it('by a key that may not delegate are not used', () => {
    const weak = signed(delegationMapping(ALICE, BOB, NO_DELEGATIONS), { by: [ALICE] })
    expect(verdict(vetted([CAROL]), [root(ALICE), weak, bobToCarol])).toBe('unknown')
    expect(verdict(vetted([BOB]), [root(ALICE), weak, bobToCarol])).toBe('authorized')
    expect(aside([root(ALICE), weak, bobToCarol], bobToCarol)).toBe('not-proved')
  })

  it('whose signature does not verify are not used', () => {
    const { transaction } = signed(delegationMapping(ALICE, MALLORY), { by: [ALICE] })
    const invalid = new Set([ALICE.fingerprint])
    const broken = {
      transaction,
      signers: { valid: new Set<string>(), invalid, unverifiable: new Set<string>() },
    }
    expect(verdict(vetted([MALLORY]), [root(ALICE), broken])).toBe('unknown')
    expect(aside([root(ALICE), broken], broken)).toBe('unsigned')
  })

  it('with a key that lacks the usage are not read', () => {
    const forged = signed(delegationMapping(ALICE, BOB, undefined, [4]), { by: [ALICE] })
    expect(proveState([root(ALICE), forged], NODE).aside.map(({ reason }) => reason)).toEqual([
      'unreadable',
    ])
  })

  it('are out of use once removed, and the removed key is known to be', () => {
    const removal = signed(delegationMapping(ALICE, BOB), {
      by: [ALICE],
      serial: 2,
      operation: REMOVE,
    })
    expect(verdict(vetted([BOB]), [root(ALICE), toBob, removal])).toBe('unauthorized')
    expect(verdict(vetted([CAROL]), [root(ALICE), toBob, bobToCarol, removal])).toBe('unknown')
    expect(aside([root(ALICE), toBob, removal], toBob)).toBe('superseded')
  })

  it('stay removed, whatever is signed afterwards', () => {
    const removal = signed(delegationMapping(ALICE, BOB), {
      by: [ALICE],
      serial: 2,
      operation: REMOVE,
    })
    const again = signed(delegationMapping(ALICE, BOB), { by: [ALICE], serial: 3 })
    expect(verdict(vetted([BOB]), [root(ALICE), toBob, removal, again])).toBe('unauthorized')
  })

  it('are in doubt if a delegate removed them whose own authority is gone', () => {
    const toCarol = signed(delegationMapping(ALICE, CAROL), { by: [ALICE] })
    const byBob = signed(delegationMapping(ALICE, CAROL), {
      by: [BOB],
      serial: 2,
      operation: REMOVE,
    })
    const bobGone = signed(delegationMapping(ALICE, BOB), {
      by: [ALICE],
      serial: 2,
      operation: REMOVE,
    })
    const state = [root(ALICE), toBob, toCarol, byBob, bobGone]
    expect(verdict(vetted([CAROL]), state)).toBe('unknown')
    expect(aside(state, toCarol)).toBe('doubtful')
  })

  it('are not in doubt because an outsider claims to have removed them', () => {
    const junk = signed(delegationMapping(ALICE, BOB), {
      by: [MALLORY],
      serial: 2,
      operation: REMOVE,
    })
    expect(verdict(vetted([BOB]), [root(ALICE), toBob, junk])).toBe('authorized')
    expect(aside([root(ALICE), toBob, junk], junk)).toBe('not-entitled')
  })

  it('are in doubt where the one who removed them may own the synchronizer', () => {
    const removal = signed(delegationMapping(ALICE, BOB), {
      by: [MALLORY],
      serial: 2,
      operation: REMOVE,
    })
    const store: Store = { $case: 'synchronizer', id: `sync::${MALLORY.fingerprint}` }
    expect(verdict(vetted([BOB]), [root(ALICE), toBob, removal], store)).toBe('unknown')
    expect(verdict(vetted([BOB]), [root(ALICE), toBob, removal], { $case: 'unknown' })).toBe(
      'unknown',
    )
  })

  it('of one serial that contradict each other are both left out', () => {
    const other = signed(delegationMapping(ALICE, BOB, NO_DELEGATIONS), { by: [ALICE] })
    expect(verdict(vetted([BOB]), [root(ALICE), toBob, other])).toBe('unknown')
    expect(aside([root(ALICE), toBob, other], toBob)).toBe('contradiction')
  })

  it('count with their latest serial only', () => {
    const narrowed = signed(
      delegationMapping(ALICE, BOB, { $case: 'canSignSpecificMapings', value: { mappings: [9] } }),
      { by: [ALICE], serial: 2 },
    )
    expect(verdict(vetted([BOB]), [root(ALICE), toBob, narrowed])).toBe('unknown')
    expect(aside([root(ALICE), toBob, narrowed], toBob)).toBe('superseded')
  })

  it('say what is taken for granted', () => {
    const answer = judge(vetted([BOB]), [root(ALICE), toBob])
    expect(answer.status).toBe('authorized')
    expect(answer.assumptions).toEqual([
      { $case: 'no-later-revocation', namespace: ALICE.fingerprint },
      { $case: 'serial-free', serial: 1 },
      { $case: 'accepted-by-network' },
    ])
  })

  it('are not taken for accepted where there are none', () => {
    const party = hostingMapping(ALICE.fingerprint, [{ key: ALICE }], { keys: [ALICE] })
    const answer = judge(signed(party, { by: [ALICE] }), [])
    expect(answer.assumptions).toContainEqual({ $case: 'serial-free', serial: 1 })
    expect(answer.assumptions).not.toContainEqual({ $case: 'accepted-by-network' })
  })
})

describe('root certificates', () => {
  it('prove themselves, and leave open what no file can prove', () => {
    const free = { $case: 'no-later-revocation', namespace: ALICE.fingerprint }
    expect(judge(root(ALICE), []).assumptions).toEqual([free, { $case: 'serial-free', serial: 1 }])
    expect(judge(root(ALICE), [root(ALICE)]).assumptions).toEqual([
      free,
      { $case: 'accepted-by-network' },
    ])
  })

  it('are used although somebody has signed beside the root', () => {
    const both = signed(delegationMapping(ALICE, ALICE), { by: [ALICE, MALLORY] })
    expect(verdict(vetted([ALICE]), [both])).toBe('authorized')
    expect(verdict(vetted([MALLORY]), [both])).toBe('unknown')
  })

  it('that the root removed end the namespace', () => {
    const removal = signed(delegationMapping(ALICE, ALICE), {
      by: [ALICE],
      serial: 2,
      operation: REMOVE,
    })
    expect(verdict(vetted([ALICE]), [root(ALICE), removal])).toBe('unauthorized')
    const party = signed(hostingMapping(ALICE.fingerprint, [{ key: ALICE }], { keys: [ALICE] }), {
      by: [ALICE],
    })
    expect(verdict(party, [])).toBe('authorized')
    expect(verdict(party, [root(ALICE), removal])).toBe('unauthorized')
  })

  it('that a delegate replaced prove nothing any more', () => {
    const toBob = signed(delegationMapping(ALICE, BOB), { by: [ALICE] })
    const replaced = signed(delegationMapping(ALICE, ALICE), { by: [BOB], serial: 2 })
    expect(verdict(vetted([ALICE]), [root(ALICE), toBob, replaced])).toBe('unknown')
    const repaired = signed(delegationMapping(ALICE, ALICE), { by: [ALICE], serial: 3 })
    expect(verdict(vetted([ALICE]), [root(ALICE), toBob, replaced, repaired])).toBe('authorized')
  })
})

describe('decentralized namespaces', () => {
  const owners = [ALICE, BOB, CAROL]
  const roots = [...owners, DAVE, MALLORY].map(root)
  const first = signed(definitionMapping(owners, 2), { by: owners })
  const namespace = namespaceOf(owners)
  const vet = (by: readonly (typeof ALICE)[]): StateEvidence =>
    signed(
      {
        $case: 'vettedPackages',
        value: { participantUid: `p::${namespace}`, packageIds: [], packages: [] },
      },
      { by },
    )

  it('are proved by all of their first owners', () => {
    expect(verdict(vet([ALICE, CAROL]), [...roots, first])).toBe('authorized')
    expect(verdict(vet([ALICE]), [...roots, first])).toBe('incomplete')
    expect(verdict(vet([MALLORY]), [...roots, first])).toBe('unknown')
  })

  it('are not proved by some of them', () => {
    const partial = signed(definitionMapping(owners, 2), { by: [ALICE, BOB] })
    expect(verdict(vet([ALICE, BOB]), [...roots, partial])).toBe('unknown')
    expect(aside([...roots, partial], partial)).toBe('not-proved')
  })

  it('cannot be claimed by somebody with owners of his own', () => {
    const claimed = signed(definitionMapping([MALLORY], 1, namespace), { by: [MALLORY] })
    expect(verdict(vet([MALLORY]), [...roots, claimed])).toBe('unknown')
    expect(aside([...roots, claimed], claimed)).toBe('wrong-namespace')
    expect(verdict(vet([MALLORY]), [...roots, first, claimed])).toBe('unknown')
    expect(verdict(vet([ALICE, BOB]), [...roots, first, claimed])).toBe('authorized')
  })

  it('cannot be taken over by a later definition, signed by its own owners', () => {
    for (const serial of [2, 7]) {
      const later = signed(definitionMapping([MALLORY], 1, namespace), { by: [MALLORY], serial })
      const answer = judge(vet([MALLORY]), [...roots, first, later])
      expect(answer.status).toBe('unknown')
      expect(proveState([...roots, first, later], NODE).proved.has(hashOf(later))).toBe(false)
    }
  })

  it('are not proved by a later definition alone, even with its owners all signing', () => {
    const later = signed(definitionMapping(owners, 1), { by: owners, serial: 7 })
    expect(verdict(vet([ALICE]), [...roots, later])).toBe('unknown')
    expect(aside([...roots, later], later)).toBe('previous-missing')
  })

  it('are changed by the old owners and the old threshold', () => {
    const change = definitionMapping([ALICE, DAVE], 1, namespace)
    const sound = signed(change, { by: [ALICE, BOB, DAVE], serial: 2 })
    expect(verdict(vet([DAVE]), [...roots, first, sound])).toBe('authorized')
    expect(verdict(vet([BOB, CAROL]), [...roots, first, sound])).toBe('unknown')
    const withoutNew = signed(change, { by: [ALICE, BOB], serial: 2 })
    expect(verdict(vet([DAVE]), [...roots, first, withoutNew])).toBe('unknown')
    const withoutOld = signed(change, { by: [ALICE, DAVE], serial: 2 })
    expect(verdict(vet([DAVE]), [...roots, first, withoutOld])).toBe('unknown')
    // Not enough signatures to have been accepted: the first definition still stands.
    expect(verdict(vet([BOB, CAROL]), [...roots, first, withoutOld])).toBe('authorized')
  })

  it('are in doubt if a later definition shows that something is missing between', () => {
    const later = signed(definitionMapping([ALICE, BOB], 1, namespace), {
      by: [ALICE, BOB],
      serial: 4,
    })
    const answer = judge(vet([ALICE, BOB]), [...roots, first, later])
    expect(answer.status).toBe('unknown')
    expect(aside([...roots, first, later], first)).toBe('doubtful')
    expect(aside([...roots, first, later], later)).toBe('previous-missing')
  })

  it('are in doubt if two different changes are signed', () => {
    const change = (threshold: number): StateEvidence =>
      signed(definitionMapping(owners, threshold), { by: [ALICE, BOB], serial: 2 })
    const state = [...roots, first, change(1), change(3)]
    expect(verdict(vet([ALICE]), state)).toBe('unknown')
    expect(aside(state, change(1))).toBe('contradiction')
  })

  it('are in doubt if a revoked delegate of an owner may have changed them', () => {
    const toDave = signed(delegationMapping(ALICE, DAVE), { by: [ALICE] })
    const gone = signed(delegationMapping(ALICE, DAVE), {
      by: [ALICE],
      serial: 2,
      operation: REMOVE,
    })
    const byDave = signed(definitionMapping(owners, 3), { by: [DAVE, BOB], serial: 2 })
    const state = [...roots, first, toDave, gone, byDave]
    expect(verdict(vet([ALICE, BOB]), state)).toBe('unknown')
    expect(aside(state, byDave)).toBe('not-proved')
  })

  it('are in doubt if a rival of a proved change may have been accepted before it', () => {
    const sound = signed(definitionMapping(owners, 1), { by: [ALICE, BOB], serial: 2 })
    const toDave = signed(delegationMapping(ALICE, DAVE), { by: [ALICE] })
    const gone = signed(delegationMapping(ALICE, DAVE), {
      by: [ALICE],
      serial: 2,
      operation: REMOVE,
    })
    const rival = (by: readonly (typeof ALICE)[]): StateEvidence =>
      signed(definitionMapping(owners, 3), { by, serial: 2 })
    const state = [...roots, first, toDave, gone, sound]
    expect(verdict(vet([ALICE]), state)).toBe('authorized')
    expect(verdict(vet([ALICE]), [...state, rival([DAVE, CAROL])])).toBe('unknown')
    expect(verdict(vet([ALICE]), [...state, rival([DAVE])])).toBe('authorized')
    expect(verdict(vet([ALICE]), [...state, rival([MALLORY, EVE])])).toBe('authorized')
  })

  it('are not changed by a revoked delegate', () => {
    const toDave = signed(delegationMapping(ALICE, DAVE), { by: [ALICE] })
    const gone = signed(delegationMapping(ALICE, DAVE), {
      by: [ALICE],
      serial: 2,
      operation: REMOVE,
    })
    const theft = signed(definitionMapping([MALLORY], 1, namespace), {
      by: [DAVE, BOB, MALLORY],
      serial: 2,
    })
    expect(verdict(vet([MALLORY]), [...roots, first, toDave, theft])).toBe('authorized')
    expect(verdict(vet([MALLORY]), [...roots, first, toDave, gone, theft])).toBe('unknown')
  })

  it('end with their removal', () => {
    const removal = signed(definitionMapping(owners, 2), {
      by: [ALICE, BOB],
      serial: 2,
      operation: REMOVE,
    })
    expect(verdict(vet([ALICE, BOB, CAROL]), [...roots, first, removal])).toBe('unauthorized')
  })
})

describe('the record before', () => {
  const party = ALICE.fingerprint
  const roots = [root(ALICE), root(BOB), root(HOST)]
  const firstHosting = hostingMapping(party, [{ key: BOB }])
  const twoHosts = hostingMapping(party, [{ key: BOB }, { key: HOST }])
  const first = signed(firstHosting, { by: [ALICE, BOB] })
  const onlyThreshold = hostingMapping(party, [{ key: BOB }, { key: HOST }], { threshold: 2 })

  it('is what a change is held against', () => {
    const change = signed(twoHosts, { by: [ALICE, HOST], serial: 2 })
    expect(verdict(change, [...roots, first])).toBe('authorized')
    const missing = judge(signed(twoHosts, { by: [ALICE], serial: 2 }), [...roots, first])
    expect(missing.status).toBe('incomplete')
    expect(missing.missing.namespaces.map(({ namespace }) => namespace)).toEqual([HOST.fingerprint])
    expect(missing.assumptions).toContainEqual({ $case: 'no-further-delegation' })
  })

  it('is asked for by name where it is missing', () => {
    const answer = judge(signed(twoHosts, { by: [ALICE], serial: 2 }), roots)
    expect(answer.status).toBe('unknown')
    expect(answer.neededState).toMatchObject([{ $case: 'previous', serial: 1 }])
    expect(answer.missing).toEqual({ namespaces: [], keys: [], anyOf: [] })
  })

  it('does not matter where everybody has signed whom a first transaction would need', () => {
    expect(verdict(signed(twoHosts, { by: [ALICE, BOB, HOST], serial: 5 }), roots)).toBe(
      'authorized',
    )
  })

  it('cannot be forged to make a host look as if it had agreed', () => {
    const forged = signed(twoHosts, { by: [ALICE] })
    const change = signed(onlyThreshold, { by: [ALICE], serial: 2 })
    expect(verdict(change, [...roots, forged])).toBe('unknown')
    expect(aside([...roots, forged], forged)).toBe('not-proved')
  })

  it('in the middle of a chain stands alone only with all signatures', () => {
    const change = signed(onlyThreshold, { by: [ALICE], serial: 6 })
    const middle = (by: readonly (typeof ALICE)[]): StateEvidence =>
      signed(twoHosts, { by, serial: 5 })
    expect(verdict(change, [...roots, middle([ALICE, HOST])])).toBe('unknown')
    expect(aside([...roots, middle([ALICE, HOST])], middle([ALICE, HOST]))).toBe('previous-missing')
    expect(verdict(change, [...roots, middle([ALICE, BOB, HOST])])).toBe('authorized')
  })

  it('is not taken from an older or a later serial', () => {
    const third = signed(onlyThreshold, { by: [ALICE], serial: 3 })
    expect(judge(third, [...roots, first]).reasons.map(({ code }) => code)).toEqual([
      'previous-unknown',
    ])
    const second = signed(twoHosts, { by: [ALICE, HOST], serial: 2 })
    const rival = signed(hostingMapping(party, [{ key: BOB }], { threshold: 2 }), {
      by: [ALICE],
      serial: 2,
    })
    expect(judge(rival, [...roots, first, second]).reasons.map(({ code }) => code)).toEqual([
      'serial-used',
    ])
  })

  it('is in doubt where two are signed', () => {
    const rival = signed(hostingMapping(party, [{ key: BOB }, { key: HOST }], { threshold: 2 }), {
      by: [ALICE, BOB, HOST],
    })
    const both = signed(twoHosts, { by: [ALICE, BOB, HOST] })
    const change = signed(hostingMapping(party, [{ key: HOST }]), { by: [ALICE], serial: 2 })
    expect(verdict(change, [...roots, both])).toBe('authorized')
    expect(verdict(change, [...roots, both, rival])).toBe('unknown')
    expect(aside([...roots, both, rival], both)).toBe('contradiction')
  })

  it('that is the transaction itself makes it already active, if it is proved', () => {
    expect(judge(first, [...roots, first]).reasons).toEqual([
      { code: 'already-active', subjects: [] },
    ])
    const half = signed(firstHosting, { by: [ALICE] })
    expect(verdict(half, [...roots, half])).toBe('incomplete')
  })
})

describe('proved state', () => {
  it('unites the signatures of copies', () => {
    const one = signed(definitionMapping([ALICE, BOB], 2), { by: [ALICE] })
    const other = signed(definitionMapping([ALICE, BOB], 2), { by: [BOB] })
    const state = [root(ALICE), root(BOB), one, other]
    expect(proveState(state, NODE).proved.has(hashOf(one))).toBe(true)
    expect(proveState(state.slice(0, 3), NODE).proved.has(hashOf(one))).toBe(false)
  })

  it('keeps only signatures that counted', () => {
    const record = signed(delegationMapping(ALICE, BOB), { by: [ALICE, MALLORY] })
    const { state } = proveState([root(ALICE), record], NODE)
    const { uniqueKey } = factsOf(record)
    expect([...(state.last(uniqueKey ?? '')?.signers ?? [])]).toEqual([ALICE.fingerprint])
  })

  it('is empty for no evidence', () => {
    const { state, proved, aside: rest } = proveState([], NODE)
    expect([state.size, proved.size, rest.length]).toEqual([0, 0, 0])
    expect(state.completeness).toBe('partial')
  })
})
