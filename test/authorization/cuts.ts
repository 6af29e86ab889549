/** Cases of fixtures/authorization-cuts: pieces of a topology history, and who still has to sign. */
import type {
  AuthorizationMode,
  AuthorizationResult,
  MissingNamespace,
} from '../../src/authorization/result.ts'
import type { StateRecord } from '../../src/authorization/state.ts'
import { TopologyState } from '../../src/authorization/state.ts'

interface CutNamespace {
  readonly namespace: string
  readonly kind: string
  readonly need: number
  readonly of: number
  readonly candidates: readonly string[]
}

interface CutAlternative {
  readonly namespaces: readonly CutNamespace[]
  readonly keys: readonly string[]
}

export interface Cut {
  readonly id: string
  readonly index: number
  readonly kept_signers: readonly string[]
  readonly dropped_state: readonly number[]
  readonly removed_state: readonly number[]
  readonly sets_only: boolean
  readonly mode: AuthorizationMode
  readonly verdict: string
  readonly missing_namespaces: readonly CutNamespace[]
  readonly missing_keys: readonly string[]
  readonly missing_any_of: readonly (readonly CutAlternative[])[]
  readonly superfluous: readonly string[]
}

export interface CutFile {
  readonly synchronizer: string
  readonly transactions?: readonly { readonly hex: string; readonly signers: readonly string[] }[]
  readonly cases: readonly Cut[]
}

/** The state before the judged transaction, every record applied as it stands. */
export function cutState(
  records: readonly (StateRecord | undefined)[],
  cut: Cut,
  synchronizer: string,
): TopologyState {
  const state = new TopologyState({
    completeness: 'complete',
    store: { $case: 'synchronizer', id: synchronizer },
  })
  const dropped = new Set(cut.dropped_state)
  const removed = new Set(cut.removed_state)
  records.slice(0, cut.index).forEach((record, i) => {
    if (record === undefined || dropped.has(i)) return
    state.apply(removed.has(i) ? { ...record, operation: 'remove' } : record)
  })
  return state
}

const sorted = (texts: readonly string[]): readonly string[] => [...texts].sort()

const namespaces = (all: readonly (CutNamespace | MissingNamespace)[]): readonly string[] =>
  sorted(
    all.map((one) =>
      JSON.stringify([one.namespace, one.kind, one.need, one.of, sorted(one.candidates)]),
    ),
  )

const alternatives = (
  all: readonly {
    readonly namespaces: readonly (CutNamespace | MissingNamespace)[]
    readonly keys: readonly string[]
  }[],
): string =>
  sorted(all.map((one) => JSON.stringify([namespaces(one.namespaces), sorted(one.keys)]))).join(
    ' or ',
  )

/** Everything that a case fixes, in one comparable form. */
export function expectedOf(cut: Cut): unknown {
  return {
    id: cut.id,
    status: cut.verdict,
    namespaces: namespaces(cut.missing_namespaces),
    keys: sorted(cut.missing_keys),
    anyOf: sorted(cut.missing_any_of.map(alternatives)),
    superfluous: sorted(cut.superfluous),
  }
}

export function answeredFor(cut: Cut, result: AuthorizationResult): unknown {
  return {
    id: cut.id,
    status: result.status,
    namespaces: namespaces(result.missing.namespaces),
    keys: sorted(result.missing.keys),
    anyOf: sorted(result.missing.anyOf.map(alternatives)),
    superfluous: sorted(result.superfluous),
  }
}
