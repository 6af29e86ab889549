/** `replicate`: a party gets one more host, with its contracts, step by step. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import {
  parsePartyId,
  participantUidText,
  parseUniqueIdentifier,
  readPhysicalSynchronizerId,
} from '../../src/ident/identifiers.ts'
import { ReplicationDirectory } from '../../src/online/replication/directory.ts'
import { ReplicationNode } from '../../src/online/replication/node.ts'
import { runReplication } from '../../src/online/replication/run.ts'
import {
  newReplication,
  PACKAGE_ID,
  STEPS,
  type HostPermission,
  type Plan,
  type ReplicationState,
  type Step,
} from '../../src/online/replication/state.ts'
import type { World } from '../../src/online/replication/steps.ts'
import { SYSTEM_CLOCK } from '../../src/online/retry.ts'
import { chooseStore } from '../../src/online/store.ts'
import { readPackageInput } from '../commands/package-input.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { connectionOf, DEFAULT_WAIT_SECONDS, missingAddress, secondsOf } from './connection.ts'
import { withApis, type Apis } from './open.ts'
import {
  changesSomething,
  replicationJson,
  replicationLines,
  stepLine,
} from './replicate-present.ts'
import { REPLICATE_OPTIONS } from './replicate-options.ts'

export const run: CommandRun = async (args, io) => {
  const path = args.string('directory')
  if (path === undefined) {
    throw new CantosignError(
      'output-missing',
      'no directory is named, and there is no default one',
      'say where the replication is: -d DIR',
    )
  }
  const dryRun = args.flag('dry-run')
  refuseUnasked(args, io, dryRun)
  const directory = new ReplicationDirectory(path)
  const signedFile = args.string('signed')
  const signed = signedFile === undefined ? undefined : await readPackageInput(signedFile)
  const waitSeconds = secondsOf(args, 'wait-timeout') ?? DEFAULT_WAIT_SECONDS
  const remark = (text: string): void => {
    if (!args.quiet) io.stderr.write(`${text}\n`)
  }

  const end = await withSide(args, 'source', async (source) =>
    withSide(args, 'target', async (target) => {
      const known = directory.load()
      const planned = known ?? newReplication(await plannedBy(args, source, target))
      if (known !== undefined) refuseOtherPlan(args, known.plan)
      if (known === undefined && !dryRun) directory.create(planned)
      const go = async (): Promise<ReplicationState> => {
        // Another run may have gone on since.
        const state = directory.load() ?? planned
        // A dry run ends where it began, and shows that once.
        if (!args.json && !dryRun) remark(replicationLines(state).join('\n'))
        const world: World = {
          source: nodeOf(source, state.plan),
          target: nodeOf(target, state.plan),
          directory,
          signed,
          backedUp: args.flag('backed-up'),
          imported: args.flag('imported'),
          importAgain: args.flag('import-again'),
          waitMillis: waitSeconds * 1000,
          clock: SYSTEM_CLOCK,
          now: () => new Date().toISOString(),
          report: (line) => {
            remark(`${io.program.name}: ${escapeText(line)}`)
          },
        }
        return await runReplication(state, world, {
          dryRun,
          only: stepOf(args),
          confirm: async (step) => {
            remark(stepLine(step))
            return await confirm(step, args, io)
          },
        })
      }
      return dryRun ? await go() : await directory.alone(go)
    }),
  )
  if (args.json) io.stdout.write(`${JSON.stringify(replicationJson(end, directory))}\n`)
  else io.stdout.write(`${replicationLines(end).join('\n')}\n`)
  return ExitStatus.done
}

/** @throws CantosignError `no-terminal` */
function refuseUnasked({ yes }: Arguments, io: Io, dryRun: boolean): void {
  if (yes || dryRun || io.terminal.interactive) return
  throw new CantosignError(
    'no-terminal',
    'every step that changes a participant is confirmed, and there is no terminal to ask on',
    'run it at a terminal, see what it would do with --dry-run, or add --yes',
  )
}

/**
 * @returns true if somebody was asked
 * @throws CantosignError `declined`
 */
async function confirm(step: Step, { yes }: Arguments, io: Io): Promise<boolean> {
  if (yes || !changesSomething(step)) return false
  const typed = await io.terminal.ask(`type the name of the step, ${step}, to do it: `)
  if (typed.trim() === step) return true
  throw new CantosignError(
    'declined',
    `the step ${step} was not confirmed, and not begun`,
    'run the command again to go on with it',
  )
}

function stepOf(args: Arguments): Step | undefined {
  const name = args.string('step')
  return STEPS.find((one) => one === name)
}

/** The command line as it is for one participant: its profile, and nothing of other options. */
function argumentsFor(args: Arguments, profile: string): Arguments {
  const taken = ['config', 'timeout']
  return {
    json: args.json,
    quiet: args.quiet,
    yes: args.yes,
    force: args.force,
    output: args.output,
    positional: (name) => args.positional(name),
    optionalPositional: (name) => args.optionalPositional(name),
    positionals: (name) => args.positionals(name),
    flag: () => false,
    string: (name) =>
      name === 'profile' ? profile : taken.includes(name) ? args.string(name) : undefined,
    strings: () => [],
  }
}

/** One participant with both its APIs. */
interface Side extends Apis {
  readonly name: 'source' | 'target'
  /** The synchronizer that its profile names. */
  readonly synchronizer: string | undefined
}

/** Runs with the participant of a profile, or without if none is named. */
async function withSide<T>(
  args: Arguments,
  name: 'source' | 'target',
  use: (side: Side | undefined) => Promise<T>,
): Promise<T> {
  const profile = args.string(name)
  if (profile === undefined) return await use(undefined)
  const { settings, synchronizer } = connectionOf(argumentsFor(args, profile), REPLICATE_OPTIONS)
  return await withApis(settings, async (apis) => await use({ ...apis, name, synchronizer }))
}

/** @throws CantosignError `address-missing` */
function nodeOf(side: Side | undefined, plan: Plan): ReplicationNode | undefined {
  if (side === undefined) return undefined
  const { admin, ledger, name } = side
  if (admin === undefined)
    throw missingAddress(`Admin API of the ${name}`, 'adminApi in its profile')
  if (ledger === undefined) {
    throw missingAddress(`Ledger API of the ${name}`, 'ledgerApi or jsonApi in its profile')
  }
  return new ReplicationNode(admin, ledger, plan)
}

const missing = (what: string, option: string): CantosignError =>
  new CantosignError(
    'usage',
    `a replication begins with ${what}, which nothing names`,
    `add ${option}; once it has begun, the directory knows it`,
  )

/** What a new replication is to do. */
async function plannedBy(
  args: Arguments,
  source: Side | undefined,
  target: Side | undefined,
): Promise<Plan> {
  const party = args.string('party')
  if (party === undefined) throw missing('a party', '--party PARTY')
  parsePartyId(party)
  const permission = permissionOf(args)
  if (permission === undefined)
    throw missing('a permission', '--permission confirmation|observation')
  const uids = {
    source: await uidOf(args, 'source', source),
    target: await uidOf(args, 'target', target),
  }
  if (uids.source === uids.target) {
    throw new CantosignError(
      'usage',
      `the source and the target are one participant, ${escapeText(uids.source)}`,
      'name two: --source NAME --target NAME',
    )
  }
  return {
    party,
    synchronizer: await synchronizerOf(args, source ?? target),
    ...uids,
    permission,
    packages: packagesOf(args),
  }
}

function permissionOf(args: Arguments): HostPermission | undefined {
  const text = args.string('permission')
  return text === 'confirmation' || text === 'observation' ? text : undefined
}

function packagesOf(args: Arguments): readonly string[] {
  const packages = args.strings('needs-package')
  const odd = packages.find((id) => !PACKAGE_ID.test(id))
  if (odd === undefined) return [...new Set(packages)].sort()
  throw new CantosignError(
    'usage',
    `--needs-package ${escapeText(odd)} is no package id`,
    'a package id is 64 lower-case hex characters',
  )
}

async function uidOf(
  args: Arguments,
  name: 'source' | 'target',
  side: Side | undefined,
): Promise<string> {
  const option = args.string(`${name}-participant`)
  if (option !== undefined) {
    parseUniqueIdentifier(participantUidText(option), `the participant of --${name}-participant`)
    return participantUidText(option)
  }
  const id = await side?.admin?.participantId()
  if (id !== undefined) return participantUidText(id)
  throw missing(`the id of the ${name}`, `--${name} NAME, or --${name}-participant UID`)
}

/** @throws CantosignError `usage`, `synchronizer-unknown`, `synchronizer-unclear` */
async function synchronizerOf(args: Arguments, side: Side | undefined): Promise<string> {
  const named = args.string('synchronizer') ?? side?.synchronizer
  if (named !== undefined && readPhysicalSynchronizerId(named).ok) return named
  if (side?.admin === undefined) throw missing('a synchronizer', '--synchronizer ID')
  const { synchronizerId } = await chooseStore(side.admin, named)
  if (synchronizerId !== undefined && readPhysicalSynchronizerId(synchronizerId).ok) {
    return synchronizerId
  }
  throw new CantosignError(
    'usage',
    `${escapeText(synchronizerId ?? named ?? 'the store')} is no physical synchronizer id`,
    'name the physical one, with its protocol version and serial: --synchronizer ID::PV-SERIAL; info lists it',
  )
}

/** @throws CantosignError `replication-plan` for an option that says otherwise than the directory */
function refuseOtherPlan(args: Arguments, plan: Plan): void {
  const packages = packagesOf(args)
  const said: readonly (readonly [string, string | undefined, string])[] = [
    ['--party', args.string('party'), plan.party],
    ['--permission', args.string('permission'), plan.permission],
    ['--synchronizer', args.string('synchronizer'), plan.synchronizer],
    ['--source-participant', args.string('source-participant'), plan.source],
    ['--target-participant', args.string('target-participant'), plan.target],
    [
      '--needs-package',
      packages.length === 0 ? undefined : packages.join(' '),
      plan.packages.join(' '),
    ],
  ]
  for (const [option, asked, planned] of said) {
    if (asked === undefined || asked === planned) continue
    throw new CantosignError(
      'replication-plan',
      `${option} says ${escapeText(asked)}, and the replication in the directory has ${escapeText(planned === '' ? 'nothing' : planned)}`,
      'leave the option out to go on with it, or begin another replication in a directory of its own',
    )
  }
}
