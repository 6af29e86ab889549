/** Signed transactions that are offered as evidence of a state, and where each of them goes. */
import type { ReadTransaction } from '../topology/transaction.ts'
import type { TransactionFacts } from './facts.ts'
import type { Signers } from './result.ts'
import type { TopologyState } from './state.ts'

export interface StateEvidence {
  readonly transaction: ReadTransaction
  readonly signers: Signers
}

/** A record with the keys whose signatures verify, of all its copies together. */
export interface SignedFacts extends TransactionFacts {
  readonly uniqueKey: string
  readonly signers: ReadonlySet<string>
}

/** Why a record is not used. */
export const ASIDE_REASONS = {
  unreadable: 'what it says about authority cannot be read',
  unsigned: 'it has no signature that verifies',
  'not-entitled': 'none of its signers is known to be entitled to it',
  'not-proved': 'its signatures and the records beside it do not prove that it was authorized',
  'previous-missing':
    'the record before it is missing or not proved, and its own signatures do not stand alone',
  contradiction: 'another transaction with the same serial may have been accepted instead',
  superseded: 'a later record of the same delegation is in use, or its removal',
  doubtful:
    'a later record that entitled keys have signed, and that is not proved, puts it in doubt',
  'wrong-namespace': 'a first definition whose namespace is not the hash of its owners',
} as const

export type AsideReason = keyof typeof ASIDE_REASONS

/** A record that is kept aside and never used. */
export interface AsideRecord {
  /** Hex of 68 characters. */
  readonly hash: string
  readonly reason: AsideReason
}

export interface ProvedState {
  readonly state: TopologyState
  /** Hashes of the records that are proved; the last of each mapping is in the state. */
  readonly proved: ReadonlySet<string>
  /** Everything else, sorted by hash. */
  readonly aside: readonly AsideRecord[]
}

/** Keeps which records are used and which are not, while a state is being proved. */
export class Sorting {
  readonly state: TopologyState
  readonly #proved = new Set<string>()
  readonly #aside = new Map<string, AsideReason>()

  constructor(state: TopologyState) {
    this.state = state
  }

  /** @param signers those of its signers that count */
  use(record: SignedFacts, signers: ReadonlySet<string>): void {
    this.state.apply({ ...record, signers })
    this.#proved.add(record.hash)
    this.#aside.delete(record.hash)
  }

  putAside(hash: string, reason: AsideReason): void {
    this.#proved.delete(hash)
    this.#aside.set(hash, reason)
  }

  /** Takes what is in use of a mapping out of use. */
  withdraw(uniqueKey: string, reason: AsideReason): void {
    const last = this.state.last(uniqueKey)
    if (last === undefined) return
    this.state.forget(uniqueKey)
    this.putAside(last.hash, reason)
  }

  result(): ProvedState {
    const aside = [...this.#aside].map(([hash, reason]) => ({ hash, reason }))
    aside.sort((a, b) => (a.hash < b.hash ? -1 : 1))
    return { state: this.state, proved: this.#proved, aside }
  }
}
