/** Whatever a preparer puts beside a transaction, into the package or its state, hides no grave danger. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Store } from '../../src/authorization/state.ts'
import { judgeTransactions, readState, type JudgementEntry } from '../../src/explain/judgement.ts'
import { dangersOf } from '../../src/explain/signing-dangers.ts'
import {
  readSignedTransaction,
  verifySignatures,
  type KeyResolver,
} from '../../src/topology/signed-transaction.ts'
import {
  ALICE,
  BOB,
  delegationMapping,
  HOST,
  hostingMapping,
  MALLORY,
  REMOVE,
} from '../authorization/signed.ts'
import { signedBytes, transactionBytes, type TestKey } from '../package/support.ts'

const OWNERS = [ALICE, HOST, BOB]
const KEYS = new Map([...OWNERS, MALLORY].map(({ key }) => [key.fingerprint, key]))
const resolve: KeyResolver = (fingerprint) => KEYS.get(fingerprint)

interface Content {
  readonly serial: number
  readonly threshold?: number
  readonly keys?: readonly TestKey[]
  readonly operation?: number
}

function hosting(content: Content, by: readonly TestKey[]): Uint8Array {
  const { serial, threshold = 2, keys = [ALICE], operation } = content
  const hosts = [{ key: HOST }, { key: BOB }]
  const mapping = hostingMapping(ALICE.fingerprint, hosts, { threshold, keys })
  return signedBytes(transactionBytes(mapping, serial, operation), by)
}

const entryOf = (bytes: Uint8Array): JudgementEntry => {
  const signed = readSignedTransaction(bytes)
  return {
    transaction: signed.transaction,
    signatures: verifySignatures(signed, resolve),
  }
}

const ROOTS = [...OWNERS, MALLORY].map((key) =>
  signedBytes(transactionBytes(delegationMapping(key, key)), [key]),
)
const TARGET = hosting({ serial: 6, threshold: 1, keys: [ALICE, MALLORY] }, [])

const BY_MALLORY: Store = { $case: 'synchronizer', id: `sync::${MALLORY.fingerprint}` }

/** What is signed: the target alone, or all that nobody has signed. */
type Chosen = 'target' | 'unsigned'

/** Codes of the grave dangers that are told of the target among these, and of what is signed with it. */
function told(
  state: readonly Uint8Array[],
  before: readonly Uint8Array[],
  after: readonly Uint8Array[],
  store: Store,
  chosen: Chosen,
): readonly string[] {
  const reading = readState([...state, ...ROOTS].map(readSignedTransaction), store, resolve)
  const entries = [...before, TARGET, ...after].map(entryOf)
  const judgements = judgeTransactions(entries, reading)
  const own = new Set([ALICE.fingerprint])
  const positions =
    chosen === 'target'
      ? [before.length]
      : entries.flatMap(({ signatures }, i) => (signatures.length === 0 ? [i] : []))
  const { each } = dangersOf(entries, judgements, reading, positions, own)
  return each.flat().flatMap(({ code, grave }) => (grave ? [code] : []))
}

const content = fc.record({
  serial: fc.integer({ min: 1, max: 8 }),
  threshold: fc.constantFrom(1, 2),
  keys: fc.constantFrom([ALICE], [ALICE, MALLORY]),
  operation: fc.constantFrom(1, REMOVE),
})
/** By anybody but alice. */
const forged = fc
  .tuple(content, fc.constantFrom([MALLORY], [HOST], [HOST, BOB, MALLORY]))
  .map(([one, by]) => hosting(one, by))
const unsigned = content.map((one) => hosting(one, []))
/** Alice has signed it too, and it does not follow what is in force. */
const foreign = content
  .filter(({ serial }) => serial !== 4)
  .map((one) => hosting(one, [...OWNERS, MALLORY]))

const several = (one: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array[]> =>
  fc.array(one, { maxLength: 4 })

test.each([
  ['proved', OWNERS, 'target'],
  ['not proved', [ALICE], 'target'],
  ['proved, and the decoys are signed too', OWNERS, 'unsigned'],
  ['not proved, and the decoys are signed too', [ALICE], 'unsigned'],
] as const)('where what is in force is %s', (_how, by, chosen) => {
  const inForce = hosting({ serial: 3 }, by)
  const honest = told([inForce], [], [], BY_MALLORY, chosen)
  expect(honest).toEqual(['confirmation-threshold-lowered', 'party-key-acts-alone'])
  const hiding = (
    state: readonly Uint8Array[],
    before: readonly Uint8Array[],
    after: readonly Uint8Array[],
    store: Store,
  ): readonly string[] => {
    const left = new Set(told([inForce, ...state], before, after, store, chosen))
    return honest.filter((code) => !left.has(code))
  }
  fc.assert(
    fc.property(
      several(forged),
      several(fc.oneof(unsigned, forged)),
      several(fc.oneof(unsigned, forged)),
      (state, before, after) => {
        expect(hiding(state, before, after, BY_MALLORY)).toEqual([])
      },
    ),
  )
  fc.assert(
    fc.property(several(fc.oneof(unsigned, foreign)), several(foreign), (before, after) => {
      expect(hiding([], before, after, { $case: 'unknown' })).toEqual([])
    }),
  )
})
