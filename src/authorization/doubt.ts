/**
 * Where state that is not at hand could change the answer (docs/protocol/authorization.md section 11).
 * A `no` from a partial state holds only if no delegation that may exist would make it a `yes`.
 */
import type { Namespace } from '../ident/fingerprint.ts'
import { couldBeAuthorized, type NamespaceAuthority } from './authority.ts'
import { isMet } from './missing.ts'
import { difference, reason, union, type Question, type Shown, type Verdict } from './question.ts'
import { NOTHING_MISSING, type NeededState } from './result.ts'
import type { TopologyState } from './state.ts'

/** The answer where the record that the transaction follows is not in the state. */
export function previousNeeded({ transaction, previous }: Question): Verdict {
  const { uniqueKey, serial } = transaction
  return {
    status: 'unknown',
    reasons: [reason(previous.fit === 'used' ? 'serial-used' : 'previous-unknown')],
    missing: NOTHING_MISSING,
    neededState:
      uniqueKey === undefined ? [] : [{ $case: 'previous', uniqueKey, serial: serial - 1 }],
  }
}

/** Which state would settle whether a namespace is authorized. */
function neededFor(
  authority: NamespaceAuthority,
  unattributed: ReadonlySet<string>,
  state: TopologyState,
): readonly NeededState[] {
  const open = (authority.decentralized?.owners ?? [authority]).filter(
    ({ authorized, knowledge }) => !authorized && knowledge !== 'ended',
  )
  return open.flatMap(({ namespace, knowledge }): readonly NeededState[] => {
    if (knowledge === 'absent') return [{ $case: 'namespace', namespace }]
    const keys = [...unattributed].filter((key) => !state.isRevoked(namespace, key)).sort()
    return keys.length === 0 ? [] : [{ $case: 'delegations', namespace, keys }]
  })
}

/**
 * The doubt about a verdict that is not `authorized`, or `undefined` if it holds whatever else the
 * network's state contains. Signers that count already are taken to have no other authority, which
 * the answer names as an assumption.
 */
export function doubtOf(question: Question, shown: Shown, verdict: Verdict): Verdict | undefined {
  const { transaction, signers, state, previous } = question
  const present = union(signers.valid, signers.unverifiable)
  if (present.size === 0) return undefined
  const { $case } = transaction.mapping
  if (!previous.known && $case !== 'namespaceDelegation' && $case !== 'plain') {
    return previousNeeded(question)
  }
  const unattributed = difference(present, shown.counting)
  const bySynchronizer = transaction.operation === 'remove' && state.store.$case === 'unknown'
  if (bySynchronizer && unattributed.size > 0) {
    return {
      status: 'unknown',
      reasons: [reason('synchronizer-unknown', [...unattributed].sort())],
      neededState: [{ $case: 'synchronizer' }],
    }
  }
  if (state.completeness === 'complete') return undefined

  const could = (authority: NamespaceAuthority | undefined): boolean =>
    authority !== undefined && couldBeAuthorized(authority, unattributed, present, state)
  const authorities = [...shown.authorities.values()]
  const mayChange =
    verdict.status === 'incomplete'
      ? isMet(shown.required, {
          namespace: (one: Namespace) => could(shown.authorities.get(one)),
          key: shown.met.key,
        })
      : authorities.some(could)
  if (!mayChange) return undefined
  const open = authorities.filter((one) => !one.authorized && could(one))
  return {
    status: 'unknown',
    reasons: [reason('authority-unknown', [...unattributed].sort())],
    neededState: open.flatMap((one) => neededFor(one, unattributed, state)),
  }
}
