/** One decision: what is asked, and what an answer consists of before it is put together. */
import type { Namespace } from '../ident/fingerprint.ts'
import type { NamespaceAuthority } from './authority.ts'
import type { TransactionFacts } from './facts.ts'
import type { Met } from './missing.ts'
import type { Requirement } from './need.ts'
import type { PreviousReading } from './previous.ts'
import type {
  Assumption,
  AuthorizationMode,
  AuthorizationStatus,
  Missing,
  NeededState,
  Reason,
  ReasonCode,
  Relaxation,
  Signers,
} from './result.ts'
import type { TopologyState } from './state.ts'

/** Everything that one decision looks at. */
export interface Question {
  readonly transaction: TransactionFacts
  /** With those that are stored with the same transaction already. */
  readonly signers: Signers
  readonly state: TopologyState
  readonly mode: AuthorizationMode
  readonly previous: PreviousReading
}

/** An answer; what is left out is empty. */
export interface Verdict {
  readonly status: AuthorizationStatus
  readonly reasons: readonly Reason[]
  /** Signers that count, valid or not; left out where that was not asked. */
  readonly counting?: ReadonlySet<string>
  readonly missing?: Missing
  readonly neededState?: readonly NeededState[]
  readonly assumptions?: readonly Assumption[]
  readonly relaxations?: readonly Relaxation[]
}

/** Who counts, and what is met, as far as the state shows. */
export interface Shown {
  readonly required: Requirement
  /** Of every namespace that the requirement or a first transaction names. */
  readonly authorities: ReadonlyMap<Namespace, NamespaceAuthority>
  /** Signers that stand for a namespace. */
  readonly forNamespaces: ReadonlySet<string>
  /** Signers that count at all. */
  readonly counting: ReadonlySet<string>
  readonly met: Met
}

export function reason(
  code: ReasonCode,
  subjects: readonly string[] = [],
  detail?: string,
): Reason {
  return detail === undefined ? { code, subjects } : { code, subjects, detail }
}

/** Mostly all but one are empty, and then nothing is copied. */
export function union(...sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  const filled = sets.filter((set) => set.size > 0)
  const [only, other] = filled
  if (other === undefined) return only ?? NO_KEYS
  return new Set(filled.flatMap((set) => [...set]))
}

const NO_KEYS: ReadonlySet<string> = new Set()

export function difference(
  set: ReadonlySet<string>,
  other: ReadonlySet<string>,
): ReadonlySet<string> {
  return new Set([...set].filter((one) => !other.has(one)))
}

/** What both have, sorted. */
export function common(set: ReadonlySet<string>, other: ReadonlySet<string>): readonly string[] {
  return [...set].filter((one) => other.has(one)).sort()
}

export function allOf(signers: Signers): ReadonlySet<string> {
  return union(signers.valid, signers.invalid, signers.unverifiable)
}
