/** What the events of reassignments say about one that is under way. */
import { isOffset } from '../answers.ts'
import type { Reassignment } from '../wire/generated/schema.ts'
import { REASSIGNMENT_ID } from './record.ts'
import type { Assigned, ReassignmentPlan, Unassigned } from './record.ts'

/** Events by their kind. */
function eventsOf({ events }: Reassignment) {
  return {
    unassigned: events.flatMap(({ event }) => (event?.$case === 'unassigned' ? [event.value] : [])),
    assigned: events.flatMap(({ event }) => (event?.$case === 'assigned' ? [event.value] : [])),
  }
}

/**
 * The unassignment of exactly these contracts from source to target, if this is it: one id for all
 * of them.
 */
export function unassignmentOf(
  plan: ReassignmentPlan,
  reassignment: Reassignment,
): Unassigned | undefined {
  const { unassigned } = eventsOf(reassignment)
  const contracts = [...new Set(unassigned.map(({ contractId }) => contractId))].sort()
  const same =
    contracts.length === plan.contracts.length &&
    contracts.every((contract, i) => contract === plan.contracts[i])
  const [first] = unassigned
  const together = unassigned.every(
    ({ source, target, reassignmentId }) =>
      source === plan.source && target === plan.target && reassignmentId === first?.reassignmentId,
  )
  if (!same || !together || first === undefined) return undefined
  const { reassignmentId } = first
  const { offset } = reassignment
  return REASSIGNMENT_ID.test(reassignmentId) && isOffset(offset)
    ? { reassignmentId, offset }
    : undefined
}

/** The assignment that ends this reassignment, if this is it. */
export function assignmentOf(
  plan: ReassignmentPlan,
  { reassignmentId }: Unassigned,
  reassignment: Reassignment,
): Assigned | undefined {
  const { assigned } = eventsOf(reassignment)
  const fits =
    assigned.length > 0 &&
    assigned.every(
      (one) =>
        one.reassignmentId === reassignmentId &&
        one.source === plan.source &&
        one.target === plan.target,
    )
  return fits && isOffset(reassignment.offset) ? { offset: reassignment.offset } : undefined
}
