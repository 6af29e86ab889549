/**
 * Transactions judged together, as a signer has to see them: who may sign and who is missing, what
 * each one follows, and what endangers whoever signs. State counts only as far as its own
 * signatures prove it (docs/protocol/authorization.md section 11).
 */
import { toHex } from '../base/bytes.ts'
import { evaluateBatch } from '../authorization/batch.ts'
import type { ProvedState } from '../authorization/evidence.ts'
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
import type { TopologyTransaction } from '../wire/generated/schema.ts'
import type { ExplainContext } from './context.ts'
import { findConflicts, findDangers, isRefusedRemoval, type Danger } from './dangers.ts'
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
  /**
   * Who holds it: the state, which does not prove it or proves a removal of something else after it,
   * or an earlier entry of the same batch that does not stand.
   */
  readonly by: 'state' | 'removed' | 'batch'
  readonly transaction: ReadTransaction
}

/** An earlier entry of the same batch and unique key that does not take effect as it is. */
interface Pending {
  readonly index: number
  readonly transaction: ReadTransaction
  /** True if it cannot follow what comes before it: by its serial, or as a removal of something else. */
  readonly misfit: boolean
  readonly earlier: Pending | undefined
}

export interface Judgement {
  /** Hex of 68 characters. */
  readonly hash: string
  readonly authorization: AuthorizationResult
  readonly serial: SerialFit
  /** What is in force for the same unique key: proved by the state, or earlier in the same batch. */
  readonly inForce: ReadTransaction | undefined
  /** What the state holds for the same unique key beside what of it is proved, and not before that. */
  readonly held: readonly Claim[]
  /** The last one that is pending before it. */
  readonly pending: Pending | undefined
  /** The one of them that it follows, if it follows one. */
  readonly waitsFor: Pending | undefined
}

/** A judgement as whoever signs some of the transactions has to see it. */
export interface SeenJudgement extends Judgement {
  /** What comes before it: in force, or signed with it. */
  readonly previous: ReadTransaction | undefined
  /**
   * What else may stand before it, without being proved. It may be forged, so it adds to what
   * endangers and takes nothing away.
   */
  readonly claimed: readonly Claim[]
}

function uniqueKeyOf({ value }: ReadTransaction): string | undefined {
  const mapping = value?.mapping?.mapping
  const key = mapping === undefined ? undefined : mappingUniqueKey(mapping)
  return key === undefined ? undefined : toHex(key)
}

const serialOf = (transaction: ReadTransaction | undefined): number =>
  transaction?.value?.serial ?? 0

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
  const standing = new Map<string, ReadTransaction>()
  const pending = new Map<string, Pending>()
  const waiting = new Map<string, Pending>()
  return entries.map(({ transaction }, index) => {
    const result = results[index]
    if (result === undefined) throw new Error('the batch lost a transaction')
    const { hash, authorization, serial, place } = result
    const key = uniqueKeyOf(transaction)
    const proved = state.proved.state.last(key ?? '')
    const inForce = standing.get(key ?? '') ?? state.transactions.get(proved?.hash ?? '')
    const judgement: Judgement = {
      hash,
      authorization,
      serial,
      inForce: inForce !== undefined && toHex(inForce.hash) === hash ? undefined : inForce,
      held: held.get(key ?? '') ?? [],
      pending: pending.get(key ?? ''),
      waitsFor: waiting.get(key ?? ''),
    }
    const before = judgement.waitsFor?.transaction.value ?? inForce?.value
    const { value } = transaction
    const refused = value !== undefined && before !== undefined && isRefusedRemoval(value, before)
    if (key !== undefined && place === 'stands' && !refused) {
      standing.set(key, transaction)
      waiting.delete(key)
    } else if (key !== undefined) {
      const misfit = place === 'misfit' || refused
      const one = { index, transaction, misfit, earlier: pending.get(key) }
      pending.set(key, one)
      if (!misfit) waiting.set(key, one)
    }
    return judgement
  })
}

/** Of each unique key what the state holds beside what it proves to be in force. */
function heldByKey(state: StateReading): ReadonlyMap<string, readonly Claim[]> {
  const byKey = new Map<string, ReadTransaction[]>()
  for (const transaction of state.transactions.values()) {
    const key = uniqueKeyOf(transaction)
    if (key === undefined) continue
    const known = byKey.get(key)
    if (known === undefined) byKey.set(key, [transaction])
    else known.push(transaction)
  }
  return new Map([...byKey].map(([key, all]) => [key, heldBeside(all, state, key)]))
}

/**
 * Not what is earlier than the one in force. But who may remove it is told from the synchronizer
 * that a package names, which nothing checks: a removal of something else puts nothing out of force.
 */
function heldBeside(
  all: readonly ReadTransaction[],
  { proved, transactions }: StateReading,
  key: string,
): readonly Claim[] {
  const inForce = transactions.get(proved.state.last(key)?.hash ?? '')
  const isProved = (one: ReadTransaction): boolean => proved.proved.has(toHex(one.hash))
  const before = all
    .filter((one) => serialOf(one) < serialOf(inForce) && isProved(one))
    .reduce((latest, one) => Math.max(latest, serialOf(one)), 0)
  return all.flatMap((transaction): readonly Claim[] => {
    const { value } = transaction
    const serial = serialOf(transaction)
    if (transaction === inForce) return []
    if (serial >= serialOf(inForce)) return [{ by: 'state', transaction }]
    const removal = inForce?.value
    if (removal === undefined || value === undefined || serial < before) return []
    if (!isRefusedRemoval(removal, value)) return []
    return [{ by: isProved(transaction) ? 'removed' : 'state', transaction }]
  })
}

/**
 * The judgements of the chosen transactions as whoever signs these has to see them. An earlier one
 * of the batch that does not stand may never take effect, or another in its place: unless it is
 * signed with them, so that its own dangers are named, it is a claim.
 */
export function judgementsFor(
  judgements: readonly Judgement[],
  chosen: readonly number[],
): readonly SeenJudgement[] {
  const signed = new Set(chosen)
  return chosen.map((index): SeenJudgement => {
    const judgement = judgements[index]
    if (judgement === undefined) throw new Error('no such judgement')
    const { hash, waitsFor, inForce } = judgement
    const together = waitsFor !== undefined && signed.has(waitsFor.index) ? waitsFor : undefined
    const previous = together?.transaction ?? inForce
    const known = new Set([hash, previous === undefined ? '' : toHex(previous.hash)])
    const claims = [
      ...judgement.held.filter(
        ({ transaction }) => serialOf(transaction) >= serialOf(together?.transaction),
      ),
      ...pendingBefore(judgement)
        .filter(({ misfit }) => misfit || together === undefined)
        .map(({ transaction }): Claim => ({ by: 'batch', transaction })),
    ]
    const claimed = claims.filter(({ transaction }) => !known.has(toHex(transaction.hash)))
    return { ...judgement, previous, claimed }
  })
}

/** In the order of the batch. */
function pendingBefore(judgement: Judgement): readonly Pending[] {
  const all: Pending[] = []
  for (let one = judgement.pending; one !== undefined; one = one.earlier) all.push(one)
  return all.reverse()
}

/** What only one transaction can take: its unique key and serial. */
function placeOf(transaction: ReadTransaction): string | undefined {
  const key = uniqueKeyOf(transaction)
  return key === undefined ? undefined : `${key} ${serialOf(transaction)}`
}

/**
 * What endangers if a claim is in force: each once, with all the serials that it would come from.
 * @param certain what endangers in any case
 */
function possibleDangers(
  value: TopologyTransaction,
  context: ExplainContext,
  claimed: readonly Claim[],
  certain: readonly Danger[],
): readonly Danger[] {
  const told = new Set(certain.map(({ message }) => message))
  const possible = new Map<string, { readonly danger: Danger; readonly serials: Set<number> }>()
  for (const { transaction } of claimed) {
    for (const danger of findDangers(value, context, transaction.value)) {
      if (told.has(danger.message)) continue
      const known = possible.get(danger.message) ?? { danger, serials: new Set() }
      known.serials.add(serialOf(transaction))
      possible.set(danger.message, known)
    }
  }
  return [...possible.values()].map(({ danger, serials }) => ({
    ...danger,
    message: `if serial ${[...serials].join(' or ')} is in force: ${danger.message}`,
  }))
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
    each: chosen.map((index, i) => {
      const value = entries[index]?.transaction.value
      const { previous, claimed = [] } = seen[i] ?? {}
      if (value === undefined) return []
      const dangers = findDangers(value, context, previous?.value)
      return [...dangers, ...possibleDangers(value, context, claimed, dangers)]
    }),
    together: findConflicts(rivals),
  }
}
