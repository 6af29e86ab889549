/**
 * What has to hold before each step, decided on what the participants say at that moment
 * (docs/protocol/replication.md section 3). Nothing here asks or changes anything.
 */
import { CantosignError } from '../../base/errors.ts'
import { escapeText } from '../../base/text.ts'
import { readSignedTransaction } from '../../topology/signed-transaction.ts'
import { hostIn, hostingOf, sameHosting, withTarget, type Hosting } from './hosting.ts'
import { dataOf, isDone, type Plan, type ReplicationState, type Step } from './state.ts'

/** Every PartyToParticipant of the party in the topology store of the synchronizer. */
export interface HostingFacts {
  /** The last one that has all its signatures; also if it takes effect only later. */
  readonly last: Hosting | undefined
  /** True once `last` is in effect. */
  readonly effective: boolean
  readonly proposals: readonly Hosting[]
}

/** A synchronizer that a participant is registered with. */
export interface Registration {
  readonly alias: string
  readonly connected: boolean
  readonly manualConnect: boolean
  /** `undefined` where the node does not say so. */
  readonly physicalId: string | undefined
  /** SynchronizerConnectionConfig. */
  readonly config: Uint8Array
}

export interface SourceFacts {
  readonly uid: string
  readonly hosting: HostingFacts
  /** ParticipantPruningSchedule; `undefined`: nothing is pruned by itself. */
  readonly schedule: Uint8Array | undefined
}

export interface TargetFacts {
  readonly uid: string
  readonly hosting: HostingFacts
  readonly registrations: readonly Registration[]
  /** Package ids, as the topology of the synchronizer has them now. */
  readonly vettedByTarget: ReadonlySet<string>
  readonly vettedBySource: ReadonlySet<string>
}

/** What could be asked; a side that cannot be reached from here is left out. */
export interface Facts {
  readonly source: SourceFacts | undefined
  readonly target: TargetFacts | undefined
}

type Problem = CantosignError | undefined

const node = (what: string, found: string, planned: string): CantosignError =>
  new CantosignError(
    'replication-node',
    `the participant that was named as the ${what} is ${escapeText(found)}, and this replication has ${planned} as its ${what}`,
    `give the profile of the right participant: --${what} NAME`,
  )

const hosting = (message: string, hint: string): CantosignError =>
  new CantosignError('replication-hosting', message, hint)

const disorder = (message: string, hint: string): CantosignError =>
  new CantosignError('replication-order', message, hint)

function wrongNode({ source, target }: Plan, facts: Facts): Problem {
  if (facts.source !== undefined && facts.source.uid !== source) {
    return node('source', facts.source.uid, source)
  }
  if (facts.target !== undefined && facts.target.uid !== target) {
    return node('target', facts.target.uid, target)
  }
  return undefined
}

const SHOWN_PACKAGES = 5

/** The packages that the target has to have vetted. */
export function neededPackages({ packages }: Plan, facts: TargetFacts): readonly string[] {
  return packages.length > 0 ? packages : [...facts.vettedBySource].sort()
}

function unvetted({ plan }: ReplicationState, facts: TargetFacts): Problem {
  const missing = neededPackages(plan, facts).filter((id) => !facts.vettedByTarget.has(id))
  const [first] = missing
  if (first === undefined) return undefined
  const shown = missing
    .slice(0, SHOWN_PACKAGES)
    .map((id) => escapeText(id))
    .join(', ')
  const more = missing.length > SHOWN_PACKAGES ? ` and ${missing.length - SHOWN_PACKAGES} more` : ''
  return new CantosignError(
    'replication-unvetted',
    `the target has not vetted ${missing.length === 1 ? 'a package' : `${missing.length} packages`} of the source: ${shown}${more}`,
    plan.packages.length > 0
      ? 'have the operator of the target upload and vet them, then run the command again'
      : 'have the operator of the target upload and vet them; if the contracts of the party need fewer, begin anew in another directory, with --needs-package ID for each that they need',
    { details: { packages: missing } },
  )
}

/** The party is hosted by the source, wholly, and not yet by the target. */
function notHostedAsPlanned(
  { plan }: ReplicationState,
  { last, effective }: HostingFacts,
): Problem {
  if (last?.hosted !== true) {
    return hosting(
      `${plan.party} is hosted nowhere on ${plan.synchronizer}`,
      'compare the party and the synchronizer with: state export --party PARTY',
    )
  }
  if (!effective) {
    return hosting(
      `a change of the hosts of ${plan.party} (serial ${last.serial}) is not in effect yet`,
      'run the command again in a minute',
    )
  }
  const source = hostIn(last.mapping, plan.source)
  if (source === undefined || source.onboarding !== undefined) {
    return hosting(
      `${plan.source} does not host ${plan.party}${source === undefined ? '' : ' wholly: its onboarding flag is set'}`,
      `choose a source that hosts the party and has its contracts: see the hosts with state export --party PARTY`,
    )
  }
  if (hostIn(last.mapping, plan.target) !== undefined) {
    return hosting(
      `${plan.target} is a host of ${plan.party} already`,
      'a host is not replicated to again: see the hosts with state export --party PARTY',
    )
  }
  return undefined
}

/** The proposal that this replication makes, if the store has it already. */
export function ownProposal(plan: Plan, { last, proposals }: HostingFacts): Hosting | undefined {
  if (last === undefined) return undefined
  const wanted = withTarget(last.mapping, plan.target, plan.permission)
  return proposals.find(
    (one) =>
      one.hosted &&
      one.serial === last.serial + 1 &&
      sameHosting(one.mapping, wanted) &&
      one.signed.signatures.length > 0,
  )
}

/** Other pending changes: of those with one serial only one can ever take effect. */
export function rivals(plan: Plan, facts: HostingFacts): readonly Hosting[] {
  const { last, proposals } = facts
  if (last === undefined) return []
  const own = ownProposal(plan, facts)
  return proposals.filter((one) => one.serial > last.serial && one.hash !== own?.hash)
}

/** The proposal is still what it was: neither in force nor overtaken. */
function proposalMoved(state: ReplicationState, facts: HostingFacts): Problem {
  const { hash, serial } = dataOf(state, 'proposal')
  const { last } = facts
  if (last?.hash === hash) {
    return disorder(
      `the party authorized ${hash} before it was time: the target may have processed transactions for a party whose contracts it lacks`,
      'disconnect the target from its synchronizers at once, and have both operators settle it by hand; this replication cannot go on',
    )
  }
  return overtaken(state, facts) ?? (last?.serial === serial - 1 ? undefined : lost(state))
}

/**
 * The proposal is the present hosts with the target added, and nothing else: the state may come from
 * the operator of the target, and the party is told that this is what it signs.
 */
function proposesMore(state: ReplicationState, { last }: HostingFacts): Problem {
  const { plan } = state
  const { hash, serial, transaction } = dataOf(state, 'proposal')
  if (last?.serial !== serial - 1) return undefined
  const proposed = hostingOf(readSignedTransaction(transaction))
  const wanted = withTarget(last.mapping, plan.target, plan.permission)
  if (proposed !== undefined && sameHosting(proposed.mapping, wanted)) return undefined
  return hosting(
    `the proposal ${hash} changes more of the hosts of ${plan.party} than the plan says`,
    'do not sign it; have the operator of the target look into it',
  )
}

/** The serial of the proposal went to another transaction. */
function overtaken(state: ReplicationState, { last }: HostingFacts): Problem {
  const { hash, serial } = dataOf(state, 'proposal')
  if (last === undefined || last.serial < serial || last.hash === hash) return undefined
  return hosting(
    `serial ${last.serial} of the hosts of ${state.plan.party} is taken by ${last.hash}: the proposal ${hash} is void`,
    isDone(state, 'isolation')
      ? 'start a new replication in another directory; the target stays disconnected until its operator connects it again'
      : 'start a new replication in another directory',
  )
}

const lost = ({ plan }: ReplicationState): CantosignError =>
  hosting(
    `the hosts of ${plan.party} are not those that the proposal was made upon`,
    'compare the synchronizer with state export --party PARTY, and start a new replication',
  )

/** The target takes part in nothing, and will not by itself. */
function notIsolated({ registrations }: TargetFacts): Problem {
  const connected = registrations.find((one) => one.connected)
  if (connected !== undefined) {
    return disorder(
      `the target is connected to ${escapeText(connected.alias)}, and has to stay disconnected until the contracts are imported`,
      'have its operator disconnect it; if the party has signed already, both operators settle by hand what it missed',
    )
  }
  const automatic = registrations.find((one) => !one.manualConnect)
  if (automatic === undefined) return undefined
  return disorder(
    `the target would connect to ${escapeText(automatic.alias)} by itself when it restarts`,
    'have its operator set manual_connect again, then run the command again',
  )
}

/** The target is no host any more. */
export function removed(party: string, serial: number): CantosignError {
  return hosting(
    `the target was taken from the hosts of ${party} again by serial ${serial}`,
    'nothing is to be carried over; start a new replication if it is meant to host the party',
  )
}

/** The target is listed with its flag set, by the transaction that was proposed or one after it. */
function notOnboarding(state: ReplicationState, facts: HostingFacts): Problem {
  const { hash, serial } = dataOf(state, 'proposal')
  const { last, effective } = facts
  if (last === undefined || last.serial < serial) return lost(state)
  if (last.serial === serial && last.hash !== hash) return overtaken(state, facts)
  const host = hostIn(last.mapping, state.plan.target)
  if (!last.hosted || host === undefined) {
    return removed(state.plan.party, last.serial)
  }
  if (host.onboarding === undefined) {
    return disorder(
      'the onboarding flag of the target is cleared already, before its contracts were imported',
      'have both operators settle it by hand: the target counts as a host and lacks contracts',
    )
  }
  return effective ? undefined : lateEffect(last.serial)
}

const lateEffect = (serial: number): CantosignError =>
  new CantosignError(
    'replication-waiting',
    `the change with serial ${serial} is not in effect yet`,
    'run the command again in a minute',
  )

function pruned({ schedule }: SourceFacts): Problem {
  if (schedule === undefined) return undefined
  return disorder(
    'the source prunes by itself again, and could remove what the export needs',
    'have its operator clear the pruning schedule, then run the command again',
  )
}

function checkAtTarget(state: ReplicationState, step: Step, target: TargetFacts): Problem {
  switch (step) {
    case 'vetting':
      return unvetted(state, target)
    case 'proposal':
      return unvetted(state, target) ?? notHostedAsPlanned(state, target.hosting)
    case 'isolation':
      // Half isolated, it no longer learns what happens.
      return state.begun === undefined ? proposalMoved(state, target.hosting) : undefined
    case 'package':
    case 'authorization':
    case 'export':
    case 'schedule':
    case 'backup':
    case 'import':
      return notIsolated(target)
    default:
      return undefined
  }
}

function checkAtSource(state: ReplicationState, step: Step, source: SourceFacts): Problem {
  switch (step) {
    case 'vetting':
      return notHostedAsPlanned(state, source.hosting)
    case 'package':
      return (
        (state.begun === undefined ? proposalMoved(state, source.hosting) : undefined) ??
        proposesMore(state, source.hosting)
      )
    case 'authorization':
      return overtaken(state, source.hosting) ?? proposesMore(state, source.hosting)
    case 'export':
      return pruned(source) ?? notOnboarding(state, source.hosting)
    case 'backup':
    case 'import':
      return notOnboarding(state, source.hosting)
    default:
      return undefined
  }
}

/**
 * Why the next step must not be done now, or `undefined` if nothing speaks against it. Both sides
 * are looked at, as far as they can be reached.
 */
export function checkStep(state: ReplicationState, step: Step, facts: Facts): Problem {
  return (
    wrongNode(state.plan, facts) ??
    (facts.target === undefined ? undefined : checkAtTarget(state, step, facts.target)) ??
    (facts.source === undefined ? undefined : checkAtSource(state, step, facts.source))
  )
}
