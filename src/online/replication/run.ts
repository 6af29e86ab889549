/** A replication carried as far as it goes: checks, then the step, then the state, over and over. */
import { CantosignError } from '../../base/errors.ts'
import { checkStep, type Facts } from './checks.ts'
import {
  begin,
  complete,
  isNoted,
  nextStep,
  sideOf,
  STEPS,
  type ReplicationState,
  type Step,
  type StepRecord,
} from './state.ts'
import { doStep, waiting, waitsFor, type Task, type World } from './steps.ts'

export interface RunOptions {
  /** Nothing is changed: the next step is checked and named. */
  readonly dryRun: boolean
  /** This step alone. */
  readonly only: Step | undefined
  /**
   * Called before a step; what it throws ends the run.
   * @returns true if a person was asked, so that time has passed
   */
  readonly confirm: (step: Step) => Promise<boolean>
}

/** @throws CantosignError `replication-step` */
function refuseOutOfOrder(next: Step | undefined, only: Step | undefined): void {
  if (only === undefined || only === next) return
  const done = next === undefined || STEPS.indexOf(only) < STEPS.indexOf(next)
  throw new CantosignError(
    'replication-step',
    done
      ? `the step ${only} is done already`
      : `the step ${only} comes after ${next}, which is not done`,
    next === undefined
      ? 'every step of this replication is done'
      : `the steps have one order: run the command without --step, or with --step ${next}`,
  )
}

async function observe(world: World): Promise<Facts> {
  return {
    source: await world.source?.sourceFacts(),
    target: await world.target?.targetFacts(),
  }
}

/** What the participants say now, if nothing of it speaks against the step. */
async function soundFacts(state: ReplicationState, step: Step, world: World): Promise<Facts> {
  const facts = await observe(world)
  const problem = checkStep(state, step, facts)
  if (problem !== undefined) throw problem
  return facts
}

/** @throws CantosignError `replication-waiting` */
function requireSide(step: Step, world: World): void {
  const side = sideOf[step]
  if (side === 'operator' || world[side] !== undefined) return
  throw waiting(
    `the next step, ${step}, is done at the ${side}, which was not named`,
    `run the command where the ${side} can be reached, with --${side} NAME; the directory goes there as it is`,
    step,
  )
}

function taskOf(
  state: ReplicationState,
  facts: Facts,
  world: World,
  { note, forget }: { readonly note: (record: StepRecord) => void; readonly forget: () => void },
): Task<never> {
  return { state, facts, world, begun: state.begun?.data as never, note, forget }
}

/**
 * Runs the steps that can be done from here, one after the other. The state is saved after each,
 * and before each that has something to be noted.
 * @returns the state at the end: complete, or after the one step that was asked for
 * @throws CantosignError what a check or a step gives; `replication-waiting` where it goes on
 * when somebody has done something
 */
export async function runReplication(
  start: ReplicationState,
  world: World,
  { dryRun, only, confirm }: RunOptions,
): Promise<ReplicationState> {
  let state = start
  refuseOutOfOrder(nextStep(state), only)
  for (;;) {
    const step = nextStep(state)
    if (step === undefined) return state
    requireSide(step, world)
    let facts = await soundFacts(state, step, world)
    if (dryRun) return state
    const wait = waitsFor(step, state, facts, world)
    if (wait !== undefined) throw wait
    if (await confirm(step)) facts = await soundFacts(state, step, world)
    const task = taskOf(state, facts, world, {
      note: (record) => {
        if (!isNoted(record)) throw new Error(`nothing is noted of ${record.step}`)
        state = begin(state, record)
        world.directory.save(state)
      },
      forget: () => {
        state = { ...state, begun: undefined }
        world.directory.save(state)
      },
    })
    const data = await doStep(step, task)
    state = complete(state, { step, at: world.now(), data } as StepRecord)
    world.directory.save(state)
    if (only !== undefined) return state
  }
}
