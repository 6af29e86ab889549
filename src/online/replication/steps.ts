/** Each step done at the participants, in the order of docs/protocol/replication.md section 2. */
import { CantosignError } from '../../base/errors.ts'
import type { JudgedPackage } from '../../package/create.ts'
import { writePackage } from '../../package/write.ts'
import { readSignedTransaction } from '../../topology/signed-transaction.ts'
import type { RetryClock } from '../retry.ts'
import { proposalPackage, submitSigned } from './authorization.ts'
import {
  neededPackages,
  ownProposal,
  removed,
  rivals,
  type Facts,
  type TargetFacts,
} from './checks.ts'
import type { ReplicationDirectory } from './directory.ts'
import { hostIn, hostingOf, sameHosting, withTarget, type Hosting } from './hosting.ts'
import type { ReplicationNode } from './node.ts'
import {
  dataOf,
  type NotedStep,
  type ReplicationState,
  type Step,
  type StepData,
  type StepRecord,
} from './state.ts'

/** What the steps have to work with. */
export interface World {
  readonly source: ReplicationNode | undefined
  readonly target: ReplicationNode | undefined
  readonly directory: ReplicationDirectory
  /** The package that came back from the party. */
  readonly signed: JudgedPackage | undefined
  /** The operator of the target says that its database is backed up. */
  readonly backedUp: boolean
  /** The operator of the target says that an import whose end was not known did take place. */
  readonly imported: boolean
  /** The operator of the target says that such an import came to nothing, and is at work no more. */
  readonly importAgain: boolean
  /** How long something that happens by itself is waited for. */
  readonly waitMillis: number
  readonly clock: RetryClock
  /** RFC 3339 in UTC with milliseconds. */
  readonly now: () => string
  readonly report: (line: string) => void
}

/** One step at work. */
export interface Task<S extends Step = Step> {
  readonly state: ReplicationState
  readonly facts: Facts
  readonly world: World
  /** What was noted when the step was begun before, if it was. */
  readonly begun: S extends NotedStep ? StepData[S] | undefined : undefined
  /** Writes down, before anything is changed, what is needed to finish the step. */
  readonly note: (record: StepRecord<NotedStep>) => void
  /** Takes it back: nothing was changed, and nothing will be. */
  readonly forget: () => void
}

/** It goes on when somebody else has done something. */
export function waiting(message: string, hint: string, step: Step): CantosignError {
  return new CantosignError('replication-waiting', message, hint, { details: { step } })
}

function sourceOf({ world }: Task): ReplicationNode {
  if (world.source === undefined) throw new Error('the step needs the source')
  return world.source
}

function targetOf({ world }: Task): ReplicationNode {
  if (world.target === undefined) throw new Error('the step needs the target')
  return world.target
}

function targetFacts({ facts }: Task): TargetFacts {
  if (facts.target === undefined) throw new Error('the step needs to have asked the target')
  return facts.target
}

/** Pauses between two looks at something that happens by itself. */
const SHORTEST_PAUSE_MILLIS = 200
const LONGEST_PAUSE_MILLIS = 30_000

/** Looks until there is something to see. */
async function until<T>(
  { waitMillis, clock }: World,
  look: () => Promise<{ readonly found: T | undefined; readonly pauseMillis?: number }>,
): Promise<T | undefined> {
  const end = clock.now() + waitMillis
  for (let pause = SHORTEST_PAUSE_MILLIS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MILLIS)) {
    const { found, pauseMillis = pause } = await look()
    if (found !== undefined) return found
    const left = end - clock.now()
    if (left <= 0) return undefined
    const wanted = Math.min(Math.max(pauseMillis, SHORTEST_PAUSE_MILLIS), LONGEST_PAUSE_MILLIS)
    await clock.sleep(Math.min(wanted, left))
  }
}

/** The proposal in the form that is kept, once it is known to be what was asked for. */
function accepted(signed: Hosting, task: Task): StepData['proposal'] {
  const { plan } = task.state
  const last = targetFacts(task).hosting.last
  const wanted =
    last === undefined ? undefined : withTarget(last.mapping, plan.target, plan.permission)
  const fits =
    wanted !== undefined &&
    signed.hosted &&
    signed.serial === (last?.serial ?? 0) + 1 &&
    sameHosting(signed.mapping, wanted)
  if (!fits) {
    throw new CantosignError(
      'replication-hosting',
      `the target proposed something else than it was asked to: ${signed.hash}`,
      'do not sign it; have the operator of the target look into it',
    )
  }
  return { hash: signed.hash, serial: signed.serial, transaction: signed.signed.bytes }
}

/** Has the target propose, or finds what it proposed before a run was stopped. */
async function propose(task: Task, last: Hosting): Promise<Hosting> {
  const { plan } = task.state
  const target = targetOf(task)
  try {
    const mapping = withTarget(last.mapping, plan.target, plan.permission)
    const proposed = hostingOf(
      readSignedTransaction(await target.propose(mapping, last.serial + 1)),
    )
    if (proposed !== undefined) return proposed
  } catch (error) {
    const exists =
      error instanceof CantosignError &&
      error.details['cantonCode'] === 'TOPOLOGY_MAPPING_ALREADY_EXISTS'
    if (!exists) throw error
    // It is on its way to the synchronizer, and seen when it comes back from there.
    const seen = await until(task.world, async () => ({
      found: ownProposal(plan, await target.hosting()),
    }))
    if (seen !== undefined) return seen
    throw error
  }
  throw new CantosignError(
    'replication-hosting',
    'the target answered with a transaction that this version cannot account for',
    'see it with: proposals, then inspect; nothing was signed by the party',
  )
}

/** Codes of errors that are an answer of the node. */
const ANSWERS: readonly string[] = [
  'ledger-refused',
  'ledger-forbidden',
  'ledger-unauthenticated',
  'ledger-unsupported',
]

const WORK: { readonly [S in Step]: (task: Task<S>) => Promise<StepData[S]> } = {
  vetting: async (task) =>
    await Promise.resolve({ packages: neededPackages(task.state.plan, targetFacts(task)) }),

  retention: async (task) => {
    const source = sourceOf(task)
    const schedule = task.begun === undefined ? task.facts.source?.schedule : task.begun.schedule
    const data = { schedule }
    if (task.begun === undefined) task.note({ step: 'retention', at: task.world.now(), data })
    if (schedule !== undefined) await source.clearSchedule()
    return data
  },

  proposal: async (task) => {
    const { plan } = task.state
    const { hosting } = targetFacts(task)
    const { last } = hosting
    if (last === undefined) throw new Error('the checks found nothing to propose upon')
    for (const { hash, serial } of rivals(plan, hosting)) {
      task.world.report(
        `another change of the hosts is proposed with serial ${serial}: ${hash}; if the party signs both, either can take effect`,
      )
    }
    const known = ownProposal(plan, hosting) ?? (await propose(task, last))
    return accepted(known, task)
  },

  isolation: async (task) => {
    const target = targetOf(task)
    const registrations = await target.registrations()
    const data = task.begun ?? {
      synchronizers: registrations.map(({ alias, connected, manualConnect }) => ({
        alias,
        connected,
        manualConnect,
      })),
    }
    if (task.begun === undefined) task.note({ step: 'isolation', at: task.world.now(), data })
    if (registrations.some(({ connected }) => connected)) await target.disconnectAll()
    for (const one of await target.registrations()) await target.setManualConnect(one, true)
    return data
  },

  package: async (task) => {
    const { state, world } = task
    const source = sourceOf(task)
    const data = task.begun ?? { ledgerEnd: await source.ledgerEnd() }
    const at = world.now()
    if (task.begun === undefined) task.note({ step: 'package', at, data })
    const content = await proposalPackage(state.plan, dataOf(state, 'proposal'), source)
    world.directory.writePackage(writePackage(content))
    return data
  },

  authorization: async (task) => {
    const { state, world, facts } = task
    const source = sourceOf(task)
    const proposal = dataOf(state, 'proposal')
    const inForce = facts.source?.hosting.last?.hash === proposal.hash
    if (!inForce) {
      const { signed } = world
      if (signed === undefined) throw new Error('the step needs a signed package')
      await submitSigned(signed, proposal, source)
    }
    const seen = await until(world, async () => {
      const { last, effective } = await source.hosting()
      return { found: last?.hash === proposal.hash && effective ? last : undefined }
    })
    if (seen === undefined) {
      throw waiting(
        `the hosts of the party did not change to ${proposal.hash} in the time that was waited`,
        'run the command again; if it goes on so, see what the participant makes of it with: watch PACKAGE',
        'authorization',
      )
    }
    return {}
  },

  export: async (task) => {
    const { ledgerEnd } = dataOf(task.state, 'package')
    const stream = sourceOf(task).exportContracts(ledgerEnd)
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for await (const { chunk } of stream) yield chunk
    }
    return await task.world.directory.writeContracts(chunks())
  },

  schedule: async (task) => {
    const { schedule } = dataOf(task.state, 'retention')
    if (schedule !== undefined) await sourceOf(task).setSchedule(schedule)
    return {}
  },

  backup: async () => await Promise.resolve({}),

  import: async (task) => {
    const { world, state } = task
    const target = targetOf(task)
    if (task.begun !== undefined && world.imported) return task.begun
    const present = await target.ledgerEnd()
    world.directory.checkContracts(dataOf(state, 'export').sha256)
    if (task.begun !== undefined && present !== task.begun.ledgerEnd) {
      throw new CantosignError(
        'replication-outcome',
        `the ledger of the target grew from ${task.begun.ledgerEnd} to ${present} since an import was begun: something of it took place`,
        'have its operator restore the backup, then run the command again with --import-again',
        { details: { before: String(task.begun.ledgerEnd), now: String(present) } },
      )
    }
    const data = { ledgerEnd: present }
    if (task.begun === undefined) task.note({ step: 'import', at: world.now(), data })
    try {
      await target.importContracts(world.directory.contracts())
    } catch (error) {
      // A node that refused has ended; where it answers nothing, it may still be at work.
      const isAnswer = error instanceof CantosignError && ANSWERS.includes(error.code)
      if (isAnswer && (await target.ledgerEnd()) === present) task.forget()
      throw error
    }
    return data
  },

  connection: async (task) => {
    const target = targetOf(task)
    const data = task.begun ?? { ledgerEnd: await target.ledgerEnd() }
    if (task.begun === undefined) task.note({ step: 'connection', at: task.world.now(), data })
    const before = dataOf(task.state, 'isolation').synchronizers
    const present = await target.registrations()
    for (const { alias, connected, manualConnect } of before) {
      const registration = present.find((one) => one.alias === alias)
      if (registration === undefined) continue
      if (connected && !registration.connected) await target.reconnect(alias)
      await target.setManualConnect(registration, manualConnect)
    }
    return data
  },

  clearance: async (task) => {
    const { state, world } = task
    const target = targetOf(task)
    const { ledgerEnd } = dataOf(state, 'connection')
    const { serial } = dataOf(state, 'proposal')
    const cleared = await until(world, async () => {
      const { last, effective } = await target.hosting()
      // Connected again, it catches up first.
      if (last === undefined || last.serial < serial) return { found: undefined }
      const host = hostIn(last.mapping, state.plan.target)
      if (!last.hosted || host === undefined) throw removed(state.plan.party, last.serial)
      if (host.onboarding === undefined && effective) return { found: true }
      const { onboarded, earliestRetry } = await target.clearFlag(ledgerEnd)
      if (onboarded || earliestRetry === undefined) return { found: undefined }
      const pauseMillis = Number((earliestRetry - (await target.time())) / 1000n)
      world.report(`the flag can be cleared in ${Math.max(1, Math.ceil(pauseMillis / 1000))} s`)
      return { found: undefined, pauseMillis }
    })
    if (cleared === true) return {}
    throw waiting(
      'the onboarding flag of the target is not cleared yet; the target does it by itself at the safe time',
      'run the command again later',
      'clearance',
    )
  },
}

/**
 * What a person has to have done before a step can be: it is asked for before anything is confirmed.
 * @returns `undefined` if there is nothing to wait for
 */
export function waitsFor(
  step: Step,
  state: ReplicationState,
  { source }: Facts,
  { signed, backedUp, directory, imported, importAgain }: World,
): CantosignError | undefined {
  if (step === 'import' && state.begun !== undefined && !imported && !importAgain) {
    return new CantosignError(
      'replication-outcome',
      'an import was begun and it is not known how it ended: the target may still be at work on it',
      'have its operator look in the log: if it ended, add --imported; if it failed, or the backup was restored, add --import-again',
      { details: { step } },
    )
  }
  if (step === 'backup' && !backedUp) {
    return waiting(
      'the database of the target has to be backed up before contracts are imported',
      'have its operator do it, and run the command again with --backed-up',
      step,
    )
  }
  const inForce = source?.hosting.last?.hash
  if (step !== 'authorization' || signed !== undefined) return undefined
  if (inForce === dataOf(state, 'proposal').hash) return undefined
  return waiting(
    `the party has to sign ${directory.packagePath}`,
    'carry it to the party, inspect and sign it there, and run the command again with --signed FILE',
    step,
  )
}

/** Does one step; the checks were passed. @returns what stays of it */
export async function doStep<S extends Step>(step: S, task: Task<S>): Promise<StepData[S]> {
  return await WORK[step](task)
}
