/** A reassignment carried to its end: what has happened is looked up before anything is asked for. */
import { CantosignError } from '../../base/errors.ts'
import { escapeText } from '../../base/text.ts'
import type { ReassignmentCommand } from '../wire/generated/schema.ts'
import { assignmentOf, unassignmentOf } from './events.ts'
import type { ReassignmentLedger } from './ledger.ts'
import type { Assigned, ReassignmentPlan, ReassignmentRecord, Unassigned } from './record.ts'

export interface ReassignmentWorld {
  readonly ledger: ReassignmentLedger
  /** Empty: the user of the token. */
  readonly userId: string
  /** Keeps the record; after a crash there is the one before or this one. */
  readonly save: (record: ReassignmentRecord) => void
  readonly report: (line: string) => void
}

/**
 * Refuses what cannot go well.
 * @throws CantosignError `reassignment-not-connected`
 */
export async function requireConnected(
  ledger: ReassignmentLedger,
  { source, target }: Pick<ReassignmentPlan, 'source' | 'target'>,
): Promise<void> {
  const connected = await ledger.synchronizers()
  const missing = [source, target].find((id) => !connected.includes(id))
  if (missing === undefined) return
  throw new CantosignError(
    'reassignment-not-connected',
    `the participant at ${ledger.address} is not connected to ${escapeText(missing)}`,
    'contracts are reassigned by a participant that is connected to both synchronizers: see them with info',
    { details: { connected } },
  )
}

const unassignCommands = ({
  contracts,
  source,
  target,
}: ReassignmentPlan): readonly ReassignmentCommand[] =>
  contracts.map((contractId) => ({
    command: { $case: 'unassignCommand', value: { contractId, source, target } },
  }))

const assignCommand = (
  { source, target }: ReassignmentPlan,
  { reassignmentId }: Unassigned,
): ReassignmentCommand => ({
  command: { $case: 'assignCommand', value: { reassignmentId, source, target } },
})

function unexpected(address: string, what: string): CantosignError {
  return new CantosignError(
    'outcome-unknown',
    `the participant at ${address} took the command to ${what} and told something else than was asked for`,
    'run the command again: it looks for what happened on the ledger before it does anything',
  )
}

async function findUnassignment(
  plan: ReassignmentPlan,
  ledger: ReassignmentLedger,
): Promise<Unassigned | undefined> {
  let found: Unassigned | undefined
  // The last: a contract may have come back and left again.
  for await (const one of ledger.since(plan)) found = unassignmentOf(plan, one) ?? found
  return found
}

async function findAssignment(
  plan: ReassignmentPlan,
  unassigned: Unassigned,
  ledger: ReassignmentLedger,
): Promise<Assigned | undefined> {
  for await (const one of ledger.since(plan)) {
    const found = assignmentOf(plan, unassigned, one)
    if (found !== undefined) return found
  }
  return undefined
}

async function unassign(plan: ReassignmentPlan, world: ReassignmentWorld): Promise<Unassigned> {
  const { ledger, userId } = world
  const before = await findUnassignment(plan, ledger)
  if (before !== undefined) {
    world.report('the contracts were unassigned before')
    return before
  }
  const made = await orFound(
    async () => {
      const answer = await ledger.submit(plan, 'unassign', unassignCommands(plan), userId)
      return answer === undefined ? undefined : unassignmentOf(plan, answer)
    },
    async () => await findUnassignment(plan, ledger),
  )
  if (made === undefined) throw unexpected(ledger.address, 'unassign')
  return made
}

/**
 * Asks for something, and where that is refused looks whether it has happened meanwhile: what an
 * earlier run asked for may have been on its way.
 */
async function orFound<T>(
  ask: () => Promise<T | undefined>,
  find: () => Promise<T | undefined>,
): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof CantosignError) || error.code !== 'ledger-refused') throw error
    const found = await find()
    if (found === undefined) throw error
    return found
  }
}

async function assign(
  plan: ReassignmentPlan,
  unassigned: Unassigned,
  world: ReassignmentWorld,
): Promise<Assigned> {
  const { ledger, userId } = world
  const before = await findAssignment(plan, unassigned, ledger)
  if (before !== undefined) {
    // After a time participants assign by themselves.
    world.report('the contracts were assigned before')
    return before
  }
  const made = await orFound(
    async () => {
      const answer = await ledger.submit(plan, 'assign', [assignCommand(plan, unassigned)], userId)
      return answer === undefined ? undefined : assignmentOf(plan, unassigned, answer)
    },
    async () => await findAssignment(plan, unassigned, ledger),
  )
  if (made === undefined) throw unexpected(ledger.address, 'assign')
  return made
}

/**
 * Brings a reassignment to its end, from wherever it is.
 * @throws CantosignError as the calls; what was reached is kept
 */
export async function runReassignment(
  start: ReassignmentRecord,
  world: ReassignmentWorld,
): Promise<ReassignmentRecord> {
  const { plan } = start
  let record = start
  if (record.unassigned === undefined) {
    record = { ...record, unassigned: await unassign(plan, world) }
    world.save(record)
  }
  const { unassigned } = record
  if (unassigned !== undefined && record.assigned === undefined) {
    record = { ...record, assigned: await assign(plan, unassigned, world) }
    world.save(record)
  }
  return record
}
