import { describe, expect, it } from 'vitest'
import { Replay, type ReplayResult } from '../../src/authorization/replay.ts'
import type { AuthorizationMode } from '../../src/authorization/result.ts'
import { signersOf } from '../../src/authorization/signers.ts'
import type { KnownMapping } from '../../src/topology/mapping.ts'
import {
  readSignedTransaction,
  verifySignatures,
  type VerifiedSignature,
} from '../../src/topology/signed-transaction.ts'
import type { VerifiedRecord } from '../../src/topology/stream.ts'
import { assembleSignedTransaction } from '../../src/topology/assemble.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import { corrupted, transactionBytes, type TestKey } from '../package/support.ts'
import {
  ALICE,
  BOB,
  CAROL,
  delegationMapping,
  HOST,
  hostingMapping,
  REMOVE,
  type Signing,
} from './signed.ts'

interface Entry extends Signing {
  readonly mapping: KnownMapping
  readonly proposal?: boolean
  readonly rejectionReason?: string
}

const KEYS = new Map<string, TestKey>(
  [ALICE, BOB, CAROL, HOST].map((key) => [key.fingerprint, key]),
)

function record(entry: Entry, index: number): VerifiedRecord {
  const { mapping, by, serial = 1, operation = 1, proposal = false, rejectionReason } = entry
  const transaction = transactionBytes(mapping, serial, operation)
  const hash = transactionHash(transaction)
  const bytes = assembleSignedTransaction({
    transaction,
    signatures: by.map((one) => one.signature(hash)),
    proposal,
    multiTransactionSignatures: [],
  })
  const signed = readSignedTransaction(bytes)
  const item = {
    validFrom: undefined,
    validUntil: undefined,
    sequenced: undefined,
    rejectionReason,
  }
  return {
    record: { index, signed, item, findings: signed.findings },
    signatures: verifySignatures(signed, (fingerprint) => KEYS.get(fingerprint)?.key),
  }
}

function replay(
  entries: readonly Entry[],
  mode: AuthorizationMode = 'snapshot',
): readonly ReplayResult[] {
  const history = new Replay({ mode })
  return entries.map((entry, i) => history.add(record(entry, i)))
}

const statuses = (results: readonly ReplayResult[]): readonly string[] =>
  results.map(({ authorization }) => authorization.status)
const serials = (results: readonly ReplayResult[]): readonly string[] =>
  results.map(({ serial }) => serial)

const rootOf = (key: TestKey): Entry => ({ mapping: delegationMapping(key, key), by: [key] })
const ROOTS = [ALICE, BOB, CAROL, HOST].map(rootOf)
const party = ALICE.fingerprint
const asObserver = hostingMapping(party, [{ key: HOST, permission: 3 }])
const asConfirmer = hostingMapping(party, [{ key: HOST, permission: 2 }])

describe('a replay', () => {
  it('judges each record in the state of those before it', () => {
    const entries: readonly Entry[] = [
      ...ROOTS,
      { mapping: asObserver, by: [ALICE, HOST] },
      { mapping: asConfirmer, by: [ALICE, HOST], serial: 2 },
    ]
    expect(statuses(replay(entries, 'strict'))).toEqual(entries.map(() => 'authorized'))
    expect(statuses(replay(entries.slice(1), 'strict')).slice(3)).toEqual([
      'incomplete',
      'incomplete',
    ])
  })

  it('names a relaxation where one is used, and only in a snapshot', () => {
    const entries: readonly Entry[] = [
      ...ROOTS,
      { mapping: asObserver, by: [ALICE, HOST] },
      { mapping: asConfirmer, by: [ALICE], serial: 2 },
    ]
    const last = replay(entries)[5]?.authorization
    expect(last).toMatchObject({ status: 'authorized', relaxations: ['raised-permission'] })
    expect(replay(entries, 'strict')[5]?.authorization).toMatchObject({
      status: 'incomplete',
      relaxations: [],
    })
  })

  it('does not take up proposals and what the network rejected', () => {
    const proposal: Entry = { mapping: asObserver, by: [ALICE], proposal: true }
    const rejected: Entry = { mapping: asObserver, by: [ALICE, HOST], rejectionReason: 'no' }
    const results = replay([
      ...ROOTS,
      proposal,
      rejected,
      { mapping: asConfirmer, by: [ALICE, HOST] },
    ])
    expect(statuses(results).slice(4)).toEqual(['incomplete', 'authorized', 'authorized'])
    expect(results.slice(4).map(({ applied }) => applied)).toEqual([false, false, true])
    expect(serials(results).slice(4)).toEqual(['first', 'first', 'first'])
  })

  it('holds serials against each other', () => {
    const at = (serial: number, threshold: number): Entry => ({
      mapping: hostingMapping(party, [{ key: HOST, permission: 3 }], { threshold }),
      by: [ALICE, HOST],
      serial,
    })
    const results = replay([...ROOTS, at(1, 1), at(2, 2), at(2, 2), at(2, 1), at(4, 1), at(3, 1)])
    expect(serials(results).slice(4)).toEqual(['first', 'next', 'repeated', 'used', 'gap', 'used'])
    expect(serials(replay([...ROOTS, at(3, 1)])).slice(4)).toEqual(['gap'])
  })

  it('joins late signatures to the record they belong to', () => {
    const first: Entry = { mapping: delegationMapping(ALICE, BOB), by: [ALICE] }
    const late: Entry = { mapping: delegationMapping(ALICE, BOB), by: [CAROL] }
    const toCarol: Entry = { mapping: delegationMapping(ALICE, CAROL), by: [ALICE] }
    const results = replay([...ROOTS, toCarol, first, late])
    expect(results[6]).toMatchObject({
      serial: 'repeated',
      authorization: { status: 'authorized' },
    })
    expect(results[6]?.authorization.signed).toEqual([CAROL.fingerprint])
  })

  it('keeps what was signed first beside late signatures', () => {
    const toCarol: Entry = { mapping: delegationMapping(ALICE, CAROL), by: [ALICE] }
    const toBob = delegationMapping(ALICE, BOB)
    const carolGone: Entry = { ...toCarol, serial: 2, operation: REMOVE }
    const byBob: Entry = { mapping: delegationMapping(ALICE, HOST), by: [BOB] }
    const history = [rootOf(ALICE), toCarol, { mapping: toBob, by: [ALICE] }]
    const late: Entry = { mapping: toBob, by: [CAROL] }
    expect(statuses(replay([...history, late, carolGone, byBob]))).toEqual(
      Array.from({ length: 6 }, () => 'authorized'),
    )
  })

  it('learns the synchronizer, whose owner may then remove', () => {
    const state: KnownMapping = {
      $case: 'synchronizerParametersState',
      value: { synchronizerId: `sync::${CAROL.fingerprint}`, synchronizerParameters: undefined },
    }
    const present: Entry = { mapping: asObserver, by: [ALICE, HOST] }
    const removal: Entry = { mapping: asObserver, by: [CAROL], serial: 2, operation: REMOVE }
    const learned = replay([...ROOTS, { mapping: state, by: [CAROL] }, present, removal])
    expect(statuses(learned)[6]).toBe('authorized')
    expect(statuses(replay([...ROOTS, present, removal]))[5]).toBe('unknown')
  })

  it('applies what is not authorized too, so that the history stays what it is', () => {
    const results = replay([
      ...ROOTS,
      { mapping: asObserver, by: [ALICE] },
      { mapping: asConfirmer, by: [ALICE], serial: 2 },
    ])
    expect(statuses(results).slice(4)).toEqual(['incomplete', 'authorized'])
    expect(serials(results).slice(4)).toEqual(['first', 'next'])
  })

  it('answers for a record that cannot be read', () => {
    const broken = record(rootOf(ALICE), 0)
    const { signed } = broken.record
    const transaction = { ...signed.transaction, value: undefined }
    const result = new Replay({ mode: 'strict' }).add({
      ...broken,
      record: { ...broken.record, signed: { ...signed, transaction } },
    })
    expect(result).toMatchObject({ applied: false, authorization: { status: 'unknown' } })
  })
})

describe('signers', () => {
  const [valid] = record(rootOf(ALICE), 0).signatures
  if (valid === undefined) throw new Error('no signature')
  const invalid: VerifiedSignature = {
    ...valid,
    status: 'invalid',
    signature: { ...valid.signature, wire: corrupted(valid.signature.wire) },
  }

  it('are worth what their first signature is', () => {
    expect([...signersOf([valid, invalid]).valid]).toEqual([ALICE.fingerprint])
    expect(signersOf([valid, invalid]).invalid.size).toBe(0)
    expect([...signersOf([invalid, valid]).invalid]).toEqual([ALICE.fingerprint])
    expect(signersOf([invalid, valid]).valid.size).toBe(0)
  })
})
