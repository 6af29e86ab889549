/**
 * Transactions judged together, as a signer has to see them: who may sign and who is missing, what
 * each one follows, and what endangers whoever signs. State counts only as far as its own
 * signatures prove it (docs/protocol/authorization.md section 11).
 */
import { toHex } from '../base/bytes.ts'
import { evaluateBatch } from '../authorization/batch.ts'
import type { ProvedState } from '../authorization/evidence.ts'
import { readTransactionFacts } from '../authorization/facts.ts'
import type { SerialFit } from '../authorization/previous.ts'
import { proveState } from '../authorization/prove.ts'
import type { AuthorizationResult } from '../authorization/result.ts'
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
import { mappingUniqueKey } from '../topology/unique-key.ts'
import { findConflicts, findDangers, type Danger } from './dangers.ts'
import { statementContext } from './report.ts'

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

/** A transaction of the same unique key that may have taken effect, and that nothing proves. */
export interface Claim {
  /** Who holds it: the state, or an earlier entry of the same batch that is not complete. */
  readonly by: 'state' | 'batch'
  readonly transaction: ReadTransaction
}

export interface Judgement {
  /** Hex of 68 characters. */
  readonly hash: string
  readonly authorization: AuthorizationResult
  readonly serial: SerialFit
  /** What is in force for the same unique key: proved by the state, or earlier in the same batch. */
  readonly previous: ReadTransaction | undefined
  /**
   * What may stand before it without being proved, if that is later than `previous`, or there is
   * none. It may be forged, so it adds to what endangers and takes nothing away.
   */
  readonly claimed: readonly Claim[]
  /** If `previous` is of the same batch and not complete: its position, and what there is without it. */
  readonly waitsFor:
    (Pick<Judgement, 'previous' | 'claimed'> & { readonly index: number }) | undefined
}

function uniqueKeyOf(transaction: ReadTransaction): string | undefined {
  const reading = readTransactionFacts(transaction)
  return reading.ok ? reading.facts.uniqueKey : undefined
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
  const latestInBatch = new Map<string, number>()
  const misfits = new Map<string, Claim[]>()
  const latest = latestOf(state)
  return entries.map(({ transaction }, i) => {
    const result = results[i]
    if (result === undefined) throw new Error('the batch lost a transaction')
    const key = uniqueKeyOf(transaction)
    const last = key === undefined ? undefined : state.proved.state.last(key)
    const { hash, authorization, serial } = result
    const another = (one: ReadTransaction | undefined): ReadTransaction | undefined =>
      one !== undefined && toHex(one.hash) === hash ? undefined : one
    const held = another(latest.get(key ?? ''))
    const others = misfits.get(key ?? '') ?? []
    const claimedAfter = (previous: ReadTransaction | undefined): readonly Claim[] =>
      held !== undefined && (held.value?.serial ?? 0) > (previous?.value?.serial ?? 0)
        ? [{ by: 'state', transaction: held }, ...others]
        : others
    const proved = another(state.transactions.get(last?.hash ?? ''))
    const inForce = { previous: proved, claimed: claimedAfter(proved) }
    const index = key === undefined ? undefined : latestInBatch.get(key)
    // One that does not follow what is proved, however well it is signed, is not what comes before
    // the next: it may be of another network, or have lost a race.
    const isMisfit = last !== undefined && (serial === 'used' || serial === 'gap')
    if (key !== undefined && isMisfit) {
      misfits.set(key, [...others, { by: 'batch', transaction }])
    } else if (key !== undefined) latestInBatch.set(key, i)
    if (index === undefined) {
      return { hash, authorization, serial, ...inForce, waitsFor: undefined }
    }
    const previous = entries[index]?.transaction
    const isComplete = results[index]?.authorization.status === 'authorized'
    const waitsFor = isComplete ? undefined : { index, ...inForce }
    return { hash, authorization, serial, previous, claimed: claimedAfter(previous), waitsFor }
  })
}

/**
 * The judgements as whoever signs the chosen transactions has to see them. An earlier one of the
 * batch that is not complete may never take effect, or another in its place: unless it is signed
 * with them, so that its own dangers are named, it is a claim.
 */
export function judgementsFor(
  judgements: readonly Judgement[],
  chosen: readonly number[],
): readonly Judgement[] {
  const signed = new Set(chosen)
  return judgements.map((judgement): Judgement => {
    const { waitsFor, previous } = judgement
    if (waitsFor === undefined || previous === undefined || signed.has(waitsFor.index)) {
      return judgement
    }
    const claimed: readonly Claim[] = [...waitsFor.claimed, { by: 'batch', transaction: previous }]
    return { ...judgement, previous: waitsFor.previous, claimed }
  })
}

/** Of each unique key the transaction with the highest serial that the state holds, proved or not. */
function latestOf({ transactions }: StateReading): ReadonlyMap<string, ReadTransaction> {
  const latest = new Map<string, ReadTransaction>()
  for (const transaction of transactions.values()) {
    const key = uniqueKeyOf(transaction)
    if (key === undefined) continue
    const known = latest.get(key)?.value?.serial ?? 0
    if ((transaction.value?.serial ?? 0) > known) latest.set(key, transaction)
  }
  return latest
}

/** What only one transaction can take: its unique key and serial. */
function placeOf({ value }: ReadTransaction): string | undefined {
  const mapping = value?.mapping?.mapping
  const key = mapping === undefined ? undefined : mappingUniqueKey(mapping)
  return value === undefined || key === undefined ? undefined : `${toHex(key)} ${value.serial}`
}

/**
 * The dangers of signing each transaction, and those of the chosen ones together with all others:
 * whatever else claims their serial, in the package or in the state, counts among them.
 * @param chosen positions of the transactions that are to be signed
 * @param own fingerprints of the signer's own keys and namespaces; empty if nobody signs yet
 */
export function dangersOf(
  entries: readonly JudgementEntry[],
  judgements: readonly Judgement[],
  state: StateReading,
  chosen: readonly number[],
  own: ReadonlySet<string>,
  signer?: Fingerprint,
): { readonly each: readonly (readonly Danger[])[]; readonly together: readonly Danger[] } {
  const context = {
    ...statementContext,
    ...(own.size === 0 ? {} : { own }),
    ...(signer === undefined ? {} : { signer }),
  }
  const signed = chosen.flatMap((i) => entries[i]?.transaction ?? [])
  const places = new Set(signed.map(placeOf))
  const rivals = [
    ...entries.map(({ transaction }) => transaction),
    ...state.transactions.values(),
  ].filter((one) => placeOf(one) !== undefined && places.has(placeOf(one)))
  const seen = judgementsFor(judgements, chosen)
  return {
    each: chosen.map((i) => {
      const value = entries[i]?.transaction.value
      const { previous, claimed = [] } = seen[i] ?? {}
      if (value === undefined) return []
      const dangers = [...findDangers(value, context, previous?.value)]
      for (const { transaction } of claimed) {
        const known = new Set(dangers.map(({ code }) => code))
        const serial = transaction.value?.serial ?? 0
        const possible = findDangers(value, context, transaction.value)
          .filter(({ code }) => !known.has(code))
          .map((one) => ({ ...one, message: `if serial ${serial} is in force: ${one.message}` }))
        dangers.push(...possible)
      }
      return dangers
    }),
    together: findConflicts(rivals),
  }
}
