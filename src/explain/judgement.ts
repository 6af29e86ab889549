/**
 * Transactions judged together: who may sign and who is missing, and what each one follows. State
 * counts only as far as its own signatures prove it (docs/protocol/authorization.md section 11).
 */
import { toHex } from '../base/bytes.ts'
import { evaluateBatch } from '../authorization/batch.ts'
import type { ProvedState } from '../authorization/evidence.ts'
import { proveState } from '../authorization/prove.ts'
import { signersOf } from '../authorization/signers.ts'
import type { Store } from '../authorization/state.ts'
import type { PublicKey } from '../crypto/public-key.ts'
import type { Fingerprint } from '../ident/fingerprint.ts'
import {
  readPhysicalSynchronizerId,
  readUniqueIdentifier,
  uniqueIdentifierText,
} from '../ident/identifiers.ts'
import {
  keysInside,
  verifySignatures,
  type KeyResolver,
  type ReadSignedTransaction,
  type VerifiedSignature,
} from '../topology/signed-transaction.ts'
import type { ReadTransaction } from '../topology/transaction.ts'
import { isRefusedRemoval } from './dangers.ts'
import { heldByKey, uniqueKeyOf, type Judgement, type Peer } from './standing.ts'

/** State as it was handed over, and what of it is proved. */
export interface StateReading {
  readonly proved: ProvedState
  /** Every transaction that was handed over, by hash in hex. */
  readonly transactions: ReadonlyMap<string, ReadTransaction>
  /** Hashes of those with a signature that does not verify. */
  readonly damaged: readonly string[]
  readonly resolve: KeyResolver
}

/** The store that a synchronizer id names, logical or physical; `unknown` for none. */
export function storeOf(synchronizerId: string | undefined): Store {
  if (synchronizerId === undefined) return { $case: 'unknown' }
  const physical = readPhysicalSynchronizerId(synchronizerId)
  if (physical.ok) {
    return { $case: 'synchronizer', id: uniqueIdentifierText(physical.value.logical) }
  }
  const logical = readUniqueIdentifier(synchronizerId)
  return logical.ok ? { $case: 'synchronizer', id: synchronizerId } : { $case: 'unknown' }
}

/**
 * Reads state: verifies every signature with the keys inside it and those known from outside, and
 * sorts out what they prove.
 */
export function readState(
  signed: readonly ReadSignedTransaction[],
  store: Store,
  outside: KeyResolver = () => undefined,
): StateReading {
  const keys = new Map<Fingerprint, PublicKey>()
  for (const { transaction } of signed) {
    for (const [fingerprint, key] of keysInside(transaction)) keys.set(fingerprint, key)
  }
  const resolve: KeyResolver = (fingerprint) => keys.get(fingerprint) ?? outside(fingerprint)
  const transactions = new Map<string, ReadTransaction>()
  const damaged: string[] = []
  const evidence = signed.map((one) => {
    const { transaction } = one
    const hash = toHex(transaction.hash)
    transactions.set(hash, transaction)
    const signers = signersOf(verifySignatures(one, resolve))
    if (signers.invalid.size > 0) damaged.push(hash)
    return { transaction, signers }
  })
  return { proved: proveState(evidence, store), transactions, damaged, resolve }
}

/** One of the transactions to be judged. */
export interface JudgementEntry {
  readonly transaction: ReadTransaction
  /** All that count for it, verified. */
  readonly signatures: readonly VerifiedSignature[]
}

/**
 * Judges transactions in the order of their submission.
 * @param added a key that is judged as if it had signed the transactions of these hashes as well
 */
export function judgeTransactions(
  entries: readonly JudgementEntry[],
  state: StateReading,
  added?: { readonly key: Fingerprint; readonly hashes: ReadonlySet<string> },
): readonly Judgement[] {
  const results = evaluateBatch(
    entries.map(({ transaction, signatures }) => {
      const signers = signersOf(signatures)
      if (added?.hashes.has(toHex(transaction.hash)) !== true) return { transaction, signers }
      const without = (set: ReadonlySet<string>): ReadonlySet<string> =>
        new Set([...set].filter((one) => one !== added.key))
      return {
        transaction,
        signers: {
          valid: new Set([...signers.valid, added.key]),
          invalid: without(signers.invalid),
          unverifiable: without(signers.unverifiable),
        },
      }
    }),
    state.proved.state,
  )
  const held = heldByKey(state)
  const places = new Map<string, Place>()
  return entries.map(({ transaction }, index) => {
    const result = results[index]
    if (result === undefined) throw new Error('the batch lost a transaction')
    const { hash, authorization, serial } = result
    const key = uniqueKeyOf(transaction)
    const judgement = { hash, authorization, serial, transaction, index }
    if (key === undefined) {
      return { ...judgement, inForce: undefined, waitsFor: undefined, held: [], peers: [] }
    }
    const proved = state.transactions.get(state.proved.state.last(key)?.hash ?? '')
    const at = places.get(key) ?? { inForce: proved, waitsFor: undefined, peers: [] }
    const { inForce, waitsFor, peers } = at
    const place = isRefused(transaction, waitsFor?.transaction ?? inForce) ? 'misfit' : result.place
    const peer = { index, transaction, place }
    peers.push(peer)
    places.set(key, {
      inForce: place === 'stands' ? transaction : inForce,
      waitsFor: place === 'stands' ? undefined : place === 'waits' ? peer : waitsFor,
      peers,
    })
    const isItself = inForce !== undefined && toHex(inForce.hash) === hash
    return {
      ...judgement,
      inForce: isItself ? undefined : inForce,
      waitsFor,
      held: held.get(key) ?? [],
      peers,
    }
  })
}

/** What comes next to a unique key. */
interface Place extends Pick<Judgement, 'inForce' | 'waitsFor'> {
  readonly peers: Peer[]
}

function isRefused({ value }: ReadTransaction, before: ReadTransaction | undefined): boolean {
  return value !== undefined && before?.value !== undefined && isRefusedRemoval(value, before.value)
}
