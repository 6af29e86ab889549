/** Which keys sign Daml transactions for a party, as far as state proves it. */
import { describe, expect, test } from 'vitest'
import { actingKeys, judgeParty, type ActingKeys } from '../../src/explain/acting-keys.ts'
import { readState } from '../../src/explain/judgement.ts'
import type { KnownMapping } from '../../src/topology/mapping.ts'
import { readSignedTransaction } from '../../src/topology/signed-transaction.ts'
import {
  delegation,
  ed25519Key,
  signedBytes,
  transactionBytes,
  type TestKey,
} from '../package/support.ts'

const [alice, bob, carol, host] = [1, 2, 3, 200].map(ed25519Key) as [
  TestKey,
  TestKey,
  TestKey,
  TestKey,
]
const PARTY = `alice::${alice.fingerprint}`
const REMOVE = 2

const message = ({ key }: TestKey, usage: readonly number[]) =>
  ({ format: 4, publicKey: key.spki, scheme: 0, usage, keySpec: 1 }) as const

const hosting = (
  keys: readonly (readonly [TestKey, readonly number[]])[],
  threshold: number,
): KnownMapping => ({
  $case: 'partyToParticipant',
  value: {
    party: PARTY,
    threshold: 1,
    participants: [
      { participantUid: `p1::${host.fingerprint}`, permission: 2, onboarding: undefined },
    ],
    partySigningKeys:
      keys.length === 0
        ? undefined
        : { threshold, keys: keys.map(([key, usage]) => message(key, usage)) },
  },
})

const keyMapping = (keys: readonly TestKey[], threshold: number): KnownMapping => ({
  $case: 'partyToKeyMapping',
  value: { party: PARTY, threshold, signingKeys: keys.map((key) => message(key, [4, 5])) },
})

const roots = [alice, host].map((key) => signedBytes(delegation(key), [key]))
const everyone = [alice, bob, carol, host]

function keysIn(...transactions: readonly Uint8Array[]): ActingKeys {
  const signed = [...roots, ...transactions].map((bytes) => readSignedTransaction(bytes))
  const known = new Map(everyone.map(({ fingerprint, key }) => [fingerprint, key]))
  return actingKeys(
    readState(signed, { $case: 'unknown' }, (fingerprint) => known.get(fingerprint)),
    PARTY,
  )
}

const names = ({ listed }: ActingKeys): readonly string[] | undefined =>
  listed === undefined
    ? undefined
    : everyone.flatMap(({ fingerprint }, i) => (listed.keys.has(fingerprint) ? [`key ${i}`] : []))

const FULL = [1, 4, 5]

describe('the keys of a party', () => {
  test('are those of its PartyToParticipant that have the usage PROTOCOL', () => {
    const mapping = hosting(
      [
        [alice, FULL],
        [bob, [4, 5]],
        [carol, [1]],
      ],
      2,
    )
    const found = keysIn(signedBytes(transactionBytes(mapping), everyone))
    expect(names(found)).toEqual(['key 0', 'key 1'])
    expect(found.listed?.threshold).toBe(2)
  })

  test('with no usage listed sign for everything', () => {
    const mapping = hosting([[alice, []]], 1)
    expect(names(keysIn(signedBytes(transactionBytes(mapping), [alice, host])))).toEqual(['key 0'])
  })

  test('are those of PartyToKeyMapping where PartyToParticipant lists none', () => {
    const found = keysIn(
      signedBytes(transactionBytes(hosting([], 0)), [alice, host]),
      signedBytes(transactionBytes(keyMapping([bob, carol], 2)), [alice, bob, carol]),
    )
    expect(names(found)).toEqual(['key 1', 'key 2'])
  })

  test('of PartyToParticipant come before those of PartyToKeyMapping', () => {
    const found = keysIn(
      signedBytes(transactionBytes(hosting([[alice, FULL]], 1)), [alice, host]),
      signedBytes(transactionBytes(keyMapping([bob], 1)), [alice, bob]),
    )
    expect(names(found)).toEqual(['key 0'])
  })

  test('are none once the party is hosted no more', () => {
    const mapping = hosting([[alice, FULL]], 1)
    const found = keysIn(
      signedBytes(transactionBytes(mapping), [alice, host]),
      signedBytes(transactionBytes(mapping, 2, REMOVE), [alice, host]),
    )
    expect(names(found)).toEqual([])
  })

  test.each<[string, readonly Uint8Array[]]>([
    ['there is no mapping of it', []],
    ['only a host has signed', [signedBytes(transactionBytes(hosting([[bob, FULL]], 1)), [host])]],
    ['only a listed key has signed', [signedBytes(transactionBytes(keyMapping([bob], 1)), [bob])]],
  ])('are not known where %s', (_what, transactions) => {
    expect(names(keysIn(...transactions))).toBeUndefined()
  })
})

describe('a party', () => {
  const listed = { threshold: 2, keys: new Set([alice.fingerprint, bob.fingerprint]) }

  test.each<[readonly TestKey[], string, number | undefined]>([
    [[], 'incomplete', 2],
    [[alice], 'incomplete', 1],
    [[alice, carol], 'incomplete', 1],
    [[alice, bob], 'authorized', undefined],
    [[alice, bob, carol], 'authorized', undefined],
  ])('is judged by its own keys alone (case %#)', (signers, status, need) => {
    const fingerprints = new Set<string>(signers.map(({ fingerprint }) => fingerprint))
    const verdict = judgeParty({ party: PARTY, listed }, fingerprints)
    expect([verdict.status, verdict.missing?.need]).toEqual([status, need])
    expect(verdict.signed).not.toContain(carol.fingerprint)
  })

  test('whose keys are not known is neither complete nor incomplete', () => {
    const signers = new Set<string>([alice.fingerprint])
    const verdict = judgeParty({ party: PARTY, listed: undefined }, signers)
    expect(verdict).toMatchObject({ status: 'unknown', missing: undefined })
  })
})
