/** A replication for people and as JSON. */
import { escapeText } from '../../src/base/text.ts'
import type { ReplicationDirectory } from '../../src/online/replication/directory.ts'
import {
  nextStep,
  sideOf,
  STEPS,
  type ReplicationState,
  type Step,
} from '../../src/online/replication/state.ts'

/** What each step does, as one goes on with it. */
const STEP_TEXTS: Readonly<Record<Step, string>> = {
  vetting: 'see whether the target has vetted the packages that it needs',
  retention: 'note the pruning schedule of the source and clear it',
  proposal: 'have the target propose itself as a host, with the onboarding flag',
  isolation: 'disconnect the target from its synchronizers, and keep it so after a restart',
  package: 'note the end of the ledger of the source, and write the package for the party',
  authorization: 'hand in the package that the party signed, and wait until it is in effect',
  export: 'export the contracts of the party from the source',
  schedule: 'set the pruning schedule of the source again',
  backup: 'have the database of the target backed up',
  import: 'import the contracts into the target',
  connection: 'connect the target again, as it was before',
  clearance: 'have the target clear its onboarding flag',
}

/** Steps that change nothing at a participant. */
const HARMLESS: readonly Step[] = ['vetting', 'package', 'export', 'backup']

export const changesSomething = (step: Step): boolean => !HARMLESS.includes(step)

const place = (step: Step): string => `${STEPS.indexOf(step) + 1}/${STEPS.length}`

export function stepLine(step: Step): string {
  const side = sideOf[step]
  const where = side === 'operator' ? 'by hand, at the target' : `at the ${side}`
  return `${place(step)} ${step} (${where}): ${STEP_TEXTS[step]}`
}

export function replicationJson(
  state: ReplicationState,
  directory: ReplicationDirectory,
): Readonly<Record<string, unknown>> {
  const { plan, done, begun } = state
  const next = nextStep(state)
  return {
    ...plan,
    state: directory.statePath,
    package: directory.packagePath,
    contracts: directory.contractsPath,
    done: done.map(({ step, at }) => ({ step, at })),
    begun: begun?.step ?? null,
    next: next === undefined ? null : { step: next, side: sideOf[next], does: STEP_TEXTS[next] },
    complete: next === undefined,
  }
}

export function replicationLines(state: ReplicationState): readonly string[] {
  const { plan, begun } = state
  const next = nextStep(state)
  return [
    `replication of ${escapeText(plan.party)}`,
    `  from ${escapeText(plan.source)}`,
    `  to ${escapeText(plan.target)}, with ${plan.permission}`,
    `  on ${escapeText(plan.synchronizer)}`,
    next === undefined ? 'every step is done' : `next: ${stepLine(next)}`,
    ...(begun === undefined ? [] : ['  it was begun before, and is finished first']),
  ]
}
