/** What a serial does to a verdict, extracts of a history, and verdicts limited to known namespaces. */
import { describe, expect, it } from 'vitest'
import { evaluateBatch } from '../../src/authorization/batch.ts'
import { proveState } from '../../src/authorization/prove.ts'
import { Replay, type ReplayOptions, type ReplayResult } from '../../src/authorization/replay.ts'
import type { AuthorizationResult } from '../../src/authorization/result.ts'
import { withSerial } from '../../src/authorization/serial.ts'
import { withTrust, withTrustInOrder } from '../../src/authorization/trust.ts'
import { assembleSignedTransaction } from '../../src/topology/assemble.ts'
import type { KnownMapping } from '../../src/topology/mapping.ts'
import { readSignedTransaction, verifySignatures } from '../../src/topology/signed-transaction.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import { transactionBytes, type TestKey } from '../package/support.ts'
import {
  ALICE,
  BOB,
  CAROL,
  definitionMapping,
  delegationMapping,
  HOST,
  hostingMapping,
  MALLORY,
  namespaceOf,
  REMOVE,
  root,
  signed,
  type Signing,
} from './signed.ts'

const KEYS = new Map<string, TestKey>(
  [ALICE, BOB, CAROL, HOST, MALLORY].map((key) => [key.fingerprint, key]),
)

interface Entry extends Signing {
  readonly mapping: KnownMapping
  readonly proposal?: boolean
}

function replayed(
  entries: readonly Entry[],
  options: Partial<ReplayOptions> = {},
): readonly ReplayResult[] {
  const replay = new Replay({ mode: 'strict', ...options })
  return entries.map(({ mapping, by, serial = 1, operation = 1, proposal = false }, index) => {
    const transaction = transactionBytes(mapping, serial, operation)
    const bytes = assembleSignedTransaction({
      transaction,
      signatures: by.map((one) => one.signature(transactionHash(transaction))),
      proposal,
      multiTransactionSignatures: [],
    })
    const read = readSignedTransaction(bytes)
    const signatures = verifySignatures(read, (one) => KEYS.get(one)?.key)
    return replay.add({
      record: { index, signed: read, item: undefined, findings: [] },
      signatures,
    })
  })
}

const statuses = (results: readonly ReplayResult[]): readonly string[] =>
  results.map(({ authorization }) => authorization.status)

const rootOf = (key: TestKey): Entry => ({ mapping: delegationMapping(key, key), by: [key] })
const hosting = (serial: number, permission: number, ...by: readonly TestKey[]): Entry => ({
  mapping: hostingMapping(ALICE.fingerprint, [{ key: HOST, permission }]),
  by,
  serial,
})
const partial = proveState([root(ALICE), root(HOST)], { $case: 'unknown' }).state

describe('serials in a history', () => {
  const before = [rootOf(ALICE), rootOf(HOST), hosting(1, 3, ALICE, HOST)]

  it.each([
    ['the next one', hosting(2, 2, ALICE, HOST), 'authorized', undefined],
    ['one that is used', hosting(1, 2, ALICE, HOST), 'unauthorized', 'serial-used'],
    ['a gap', hosting(3, 2, ALICE, HOST), 'unauthorized', 'serial-gap'],
    ['the same again', hosting(1, 3, ALICE, HOST), 'authorized', 'already-active'],
  ] as const)('%s', (_what, last, status, code) => {
    const result = replayed([...before, last]).at(-1)?.authorization
    expect(result?.status).toBe(status)
    expect(result?.reasons.map((one) => one.code)).toEqual(code === undefined ? [] : [code])
  })

  it('may begin anywhere, as nodes take it', () => {
    const results = replayed([rootOf(ALICE), rootOf(HOST), hosting(5, 3, ALICE, HOST)])
    expect(statuses(results)).toEqual(['authorized', 'authorized', 'authorized'])
  })

  it('do not matter to a proposal, which is dead', () => {
    const results = replayed([...before, { ...hosting(1, 2, ALICE, HOST), proposal: true }])
    expect(results.at(-1)?.authorization.status).toBe('authorized')
    expect(results.at(-1)?.applied).toBe(false)
  })

  const [, , taken] = replayed(before)
  const authorized = taken?.authorization as AuthorizationResult

  it('leave open what a partial state cannot tell', () => {
    const context = { last: { hash: '1220' }, completeness: 'partial' } as const
    expect(withSerial(authorized, 'used', context).status).toBe('unknown')
    expect(withSerial(authorized, 'gap', context)).toBe(authorized)
    expect(withSerial(authorized, 'next', context)).toBe(authorized)
  })

  it('make nothing better', () => {
    const refused: AuthorizationResult = { ...authorized, status: 'unauthorized' }
    const context = { last: undefined, completeness: 'partial' } as const
    expect(withSerial(refused, 'used', context)).toBe(refused)
  })
})

describe('an extract', () => {
  it('is judged in the state it follows, which stays as it is', () => {
    const entries = [hosting(1, 3, ALICE, HOST), hosting(2, 2, ALICE, HOST)]
    expect(statuses(replayed(entries, { follows: partial }))).toEqual(['authorized', 'authorized'])
    expect(partial.size).toBe(2)
  })

  it('is unknown where the state lacks what it rests on', () => {
    const empty = proveState([], { $case: 'unknown' }).state
    expect(statuses(replayed([hosting(1, 3, ALICE, HOST)], { follows: empty }))).toEqual([
      'unknown',
    ])
    expect(statuses(replayed([hosting(1, 3, ALICE, HOST)]))).toEqual(['unauthorized'])
  })

  it('counts for what comes later only as far as it is authorized', () => {
    const entries: readonly Entry[] = [
      { mapping: delegationMapping(ALICE, MALLORY), by: [MALLORY] },
      hosting(1, 3, MALLORY, HOST),
    ]
    const results = replayed(entries, { follows: partial })
    expect(results.map(({ applied }) => applied)).toEqual([false, false])
    expect(statuses(results)).not.toContain('authorized')
  })
})

describe('verdicts limited to namespaces that are vouched for', () => {
  const owners = [ALICE, BOB, CAROL]
  const namespace = namespaceOf(owners)
  const history: readonly Entry[] = [
    ...owners.map(rootOf),
    rootOf(HOST),
    { mapping: definitionMapping(owners, 2), by: owners },
    { mapping: hostingMapping(namespace, [{ key: HOST }]), by: [ALICE, BOB, HOST] },
  ]
  const limited = (...trusted: readonly string[]): readonly string[] =>
    statuses(replayed(history, { trusted: new Set(trusted) }))
  const all = (status: string, count: number): readonly string[] =>
    Array.from({ length: count }, () => status)
  const names = owners.map(({ fingerprint }) => fingerprint)

  it('are as they were where everybody is known', () => {
    expect(limited(...names, HOST.fingerprint)).toEqual(all('authorized', 6))
  })

  it('are unknown for everybody else', () => {
    expect(limited()).toEqual(all('unknown', 6))
    expect(limited(MALLORY.fingerprint)).toEqual(all('unknown', 6))
    const result = replayed(history, { trusted: new Set(names) }).at(-1)?.authorization
    expect(result?.status).toBe('unknown')
    expect(result?.reasons.at(-1)).toEqual({
      code: 'namespace-not-trusted',
      subjects: [HOST.fingerprint],
    })
  })

  it('rest on a decentralized namespace that is named, or on all its owners', () => {
    const [first = '', second = ''] = names
    expect(limited(namespace, HOST.fingerprint).slice(3)).toEqual(all('authorized', 3))
    expect(limited(first, second, HOST.fingerprint).slice(4)).toEqual(all('unknown', 2))
  })

  it('follow the definition in force, not one that is only asked for', () => {
    // The first owners are strangers; who is listed later does not make their namespace known.
    const strangers = [ALICE, MALLORY]
    const own = namespaceOf(strangers)
    const entries: readonly Entry[] = [
      ...[ALICE, MALLORY, BOB].map(rootOf),
      { mapping: definitionMapping(strangers, 1), by: strangers },
      { mapping: definitionMapping([ALICE, BOB], 1, own), by: [MALLORY, BOB], serial: 2 },
    ]
    const trusted = new Set<string>([ALICE.fingerprint, BOB.fingerprint])
    expect(statuses(replayed(entries)).at(-1)).toBe('authorized')
    expect(statuses(replayed(entries, { trusted })).slice(3)).toEqual(['unknown', 'unknown'])
  })

  it('know the owner of a synchronizer who removes a mapping', () => {
    const synchronizer: KnownMapping = {
      $case: 'synchronizerParametersState',
      value: {
        synchronizerId: `sync::${CAROL.fingerprint}`,
        synchronizerParameters: undefined,
      },
    }
    const entries: readonly Entry[] = [
      ...[ALICE, HOST, CAROL].map(rootOf),
      { mapping: synchronizer, by: [CAROL] },
      hosting(1, 2, ALICE, HOST),
      { ...hosting(2, 2, CAROL), operation: REMOVE },
    ]
    const known = [ALICE.fingerprint, HOST.fingerprint]
    const last = (...trusted: readonly string[]): string | undefined =>
      statuses(replayed(entries, { trusted: new Set(trusted) })).at(-1)
    expect(last(...known, CAROL.fingerprint)).toBe('authorized')
    expect(last(...known)).toBe('unknown')
  })

  it('never turn a refusal into a doubt', () => {
    const { state } = proveState([root(ALICE)], { $case: 'unknown' })
    const evidence = signed(delegationMapping(ALICE, BOB), { by: [ALICE] })
    const [judged] = evaluateBatch([evidence], state)
    const refused: AuthorizationResult = {
      ...(judged?.authorization as AuthorizationResult),
      status: 'unauthorized',
    }
    expect(withTrust(refused, evidence.transaction, new Set(), state)).toBe(refused)
  })

  it('know in a batch what an earlier transaction of it defines', () => {
    const { state } = proveState(owners.map(root), { $case: 'unknown' })
    const entries = [
      signed(definitionMapping(owners, 2), { by: owners }),
      signed(hostingMapping(namespace, [{ key: ALICE }]), { by: [ALICE, BOB] }),
    ]
    const results = evaluateBatch(entries, state)
    const verdicts = entries.flatMap(({ transaction }, i) => {
      const authorization = results[i]?.authorization
      return authorization === undefined ? [] : [{ authorization, transaction }]
    })
    expect(verdicts).toHaveLength(2)
    const status = (trusted: readonly string[]): readonly string[] =>
      withTrustInOrder(verdicts, new Set(trusted), state).map((one) => one.status)
    expect(status(names)).toEqual(['authorized', 'authorized'])
    expect(status([...names.slice(1), namespace])).toEqual(['authorized', 'unknown'])
    expect(status(names.slice(1))).toEqual(['unknown', 'unknown'])
  })
})
