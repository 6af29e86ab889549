/** What may come before a transaction, and what of it is told to whoever signs. */
import { toHex } from '../base/bytes.ts'
import type { ProvedState } from '../authorization/evidence.ts'
import type { SerialFit } from '../authorization/previous.ts'
import type { AuthorizationResult } from '../authorization/result.ts'
import type { ReadTransaction } from '../topology/transaction.ts'
import { mappingUniqueKey } from '../topology/unique-key.ts'
import { isRefusedRemoval } from './dangers.ts'

/** A transaction of the same unique key that may have taken effect, and that nothing proves. */
export interface Claim {
  /**
   * Who holds it: the state, which does not prove it, or proves it and after it a removal of something
   * else or nothing that follows it; or the same batch, where it does not stand or comes too late.
   */
  readonly by: 'state' | 'removed' | 'gap' | 'batch'
  readonly transaction: ReadTransaction
}

/** One of the transactions of a batch that have the same unique key. */
export interface Peer {
  readonly index: number
  readonly transaction: ReadTransaction
  /**
   * As in `BatchResult`; a removal of something else than what comes before it is a misfit too.
   */
  readonly place: 'stands' | 'waits' | 'misfit'
}

export interface Judgement {
  /** Hex of 68 characters. */
  readonly hash: string
  readonly authorization: AuthorizationResult
  readonly serial: SerialFit
  readonly transaction: ReadTransaction
  /** Its position in the batch. */
  readonly index: number
  /** What is in force for the same unique key: proved by the state, or earlier in the same batch. */
  readonly inForce: ReadTransaction | undefined
  /** The earlier one of the batch that it follows, where that does not stand. */
  readonly waitsFor: Peer | undefined
  /** What the state holds for the same unique key beside what of it is proved, and not before that. */
  readonly held: readonly Claim[]
  /** All of the batch with the same unique key, itself among them. */
  readonly peers: readonly Peer[]
}

/** A judgement as whoever signs some of the transactions has to see it. */
export interface SeenJudgement extends Judgement {
  /** What comes before it: in force, or signed with it. */
  readonly previous: ReadTransaction | undefined
  /**
   * What else may stand before it, without being proved; at most so many as are compared. It may be
   * forged, so it adds to what endangers and takes nothing away.
   */
  readonly claimed: readonly Claim[]
  /** How many more there are. */
  readonly unseen: number
}

/** Nobody honest has so many; each is compared with what is signed. */
export const MAX_CLAIMS = 50

/** Hex of the unique key; `undefined` where there is none. */
export function uniqueKeyOf({ value }: ReadTransaction): string | undefined {
  const mapping = value?.mapping?.mapping
  const key = mapping === undefined ? undefined : mappingUniqueKey(mapping)
  return key === undefined ? undefined : toHex(key)
}

export const serialOf = (transaction: ReadTransaction | undefined): number =>
  transaction?.value?.serial ?? 0

const REMOVE = 2
const isRemoval = ({ value }: ReadTransaction): boolean => value?.operation === REMOVE

interface State {
  readonly proved: ProvedState
  readonly transactions: ReadonlyMap<string, ReadTransaction>
}

/** Of each unique key what the state holds beside what it proves to be in force. */
export function heldByKey(state: State): ReadonlyMap<string, readonly Claim[]> {
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
 * Not what is earlier than the one in force, with two exceptions. Who may remove it is told from the
 * synchronizer that a package names, which nothing checks: a removal of something else puts nothing
 * out of force. And one that all have signed proves itself in force behind a gap, though it may be of
 * another network: what nothing proved follows may be in force still.
 */
function heldBeside(
  all: readonly ReadTransaction[],
  { proved, transactions }: State,
  key: string,
): readonly Claim[] {
  const inForce = transactions.get(proved.state.last(key)?.hash ?? '')
  const isProved = (one: ReadTransaction): boolean => proved.proved.has(toHex(one.hash))
  const before = all
    .filter((one) => serialOf(one) < serialOf(inForce) && isProved(one) && !isRemoval(one))
    .reduce((latest, one) => Math.max(latest, serialOf(one)), 0)
  const provedSerials = new Set(all.filter(isProved).map(serialOf))
  const claims = all.flatMap((transaction): readonly Claim[] => {
    const { value } = transaction
    const serial = serialOf(transaction)
    if (transaction === inForce) return []
    if (serial >= serialOf(inForce)) return [{ by: 'state', transaction }]
    const earlier = (by: Claim['by']): readonly Claim[] => [
      { by: isProved(transaction) ? by : 'state', transaction },
    ]
    if (!isLatestAlone(transaction) && !provedSerials.has(serial + 1)) return earlier('gap')
    const removal = inForce?.value
    if (removal === undefined || value === undefined || serial < before) return []
    return isRefusedRemoval(removal, value) ? earlier('removed') : []
  })
  // The latest first: what is shown in full is the change against it.
  return claims.toSorted((a, b) => serialOf(b.transaction) - serialOf(a.transaction))
}

/** Of a delegation the latest counts, whatever comes between. */
function isLatestAlone({ value }: ReadTransaction): boolean {
  return value?.mapping?.mapping?.$case === 'namespaceDelegation'
}

/**
 * No danger tells what is in a removal: unless it removes what is in force, or signed with it as well,
 * what comes after it is held against what was before.
 */
function isSignedWith(
  one: Peer | undefined,
  { inForce, peers }: Judgement,
  signed: ReadonlySet<number>,
): boolean {
  if (one === undefined || !signed.has(one.index)) return false
  if (!isRemoval(one.transaction)) return true
  const before = peers.filter(({ index }) => index < one.index && signed.has(index))
  return [inForce, ...before.map(({ transaction }) => transaction)].some((known) =>
    removes(one.transaction, known),
  )
}

function removes({ value }: ReadTransaction, known: ReadTransaction | undefined): boolean {
  if (value === undefined || known?.value === undefined) return false
  return !isRefusedRemoval(value, known.value)
}

/**
 * The judgements of the chosen transactions as whoever signs these has to see them. An earlier one
 * of the batch that does not stand may never take effect, or another in its place: unless it is
 * signed with them, so that its own dangers are named, it is a claim. So is a later one whose serial
 * comes first: the order of a package is the preparer's, and nodes go by the serial.
 */
export function judgementsFor(
  judgements: readonly Judgement[],
  chosen: readonly number[],
): readonly SeenJudgement[] {
  const signed = new Set(chosen)
  return chosen.map((index): SeenJudgement => {
    const judgement = judgements[index]
    if (judgement === undefined) throw new Error('no such judgement')
    const { hash, transaction: own, waitsFor, inForce, held, peers } = judgement
    const together = isSignedWith(waitsFor, judgement, signed) ? waitsFor : undefined
    const previous = together?.transaction ?? inForce
    const known = new Set([hash, previous === undefined ? '' : toHex(previous.hash)])
    const inBatch = peers.filter(({ place, ...peer }) => {
      if (peer.index > index) return serialOf(peer.transaction) < serialOf(own)
      return place === 'misfit' || (place === 'waits' && together === undefined)
    })
    const claims = [
      ...held.filter(({ transaction }) => serialOf(transaction) >= serialOf(together?.transaction)),
      ...inBatch.map(({ transaction }): Claim => ({ by: 'batch', transaction })),
    ].filter(({ transaction }) => !known.has(toHex(transaction.hash)))
    const claimed = claims.slice(0, MAX_CLAIMS)
    return { ...judgement, previous, claimed, unseen: claims.length - claimed.length }
  })
}
