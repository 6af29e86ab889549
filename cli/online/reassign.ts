/** `reassign`: contracts of a party go from one synchronizer to another. */
import { existsSync } from 'node:fs'
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import { readRegularFile, writeWholeFile } from '../../src/host/files.ts'
import {
  logicalSynchronizerText,
  parsePartyId,
  parseSynchronizerId,
} from '../../src/ident/identifiers.ts'
import { Routes } from '../../src/online/connection.ts'
import { ReassignmentLedger } from '../../src/online/reassignment/ledger.ts'
import {
  CONTRACT_ID,
  readReassignment,
  writeReassignment,
  type ReassignmentPlan,
  type ReassignmentRecord,
} from '../../src/online/reassignment/record.ts'
import { requireConnected, runReassignment } from '../../src/online/reassignment/run.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { counted } from '../present/text.ts'
import { connectionOf, missingAddress } from './connection.ts'
import { REASSIGN_OPTIONS } from './reassign-options.ts'

const MAX_RECORD_BYTES = 16 * 1024 * 1024

export const run: CommandRun = async (args, io) => {
  const path = args.string('record')
  if (path === undefined) {
    throw new CantosignError(
      'output-missing',
      'no record is named, and without one a run that is stopped could not go on',
      'say where to keep it: --record FILE',
    )
  }
  const { settings } = connectionOf(args, REASSIGN_OPTIONS)
  if (settings.ledgerApi === undefined) {
    throw missingAddress('Ledger API (over gRPC)', '--ledger-api HOST:PORT')
  }
  const ledger = new ReassignmentLedger(new Routes(settings).grpc(settings.ledgerApi))
  try {
    const record = existsSync(path) ? goOn(args, path) : await begin(args, io, path, ledger)
    const end = await runReassignment(record, {
      ledger,
      userId: args.string('user-id') ?? '',
      save: (one) => {
        writeWholeFile(path, writeReassignment(one), { force: true })
      },
      report: (line) => {
        if (!args.quiet) io.stderr.write(`${io.program.name}: ${line}\n`)
      },
    })
    present(end, args, io)
  } finally {
    ledger.close()
  }
  return ExitStatus.done
}

/** @throws CantosignError `reassignment-record-invalid`, `reassignment-plan` */
function goOn(args: Arguments, path: string): ReassignmentRecord {
  const record = readReassignment(readRegularFile(path, MAX_RECORD_BYTES))
  const { plan } = record
  const contracts = contractsOf(args)
  const said: readonly (readonly [string, string | undefined, string])[] = [
    ['--party', args.string('party'), plan.party],
    ['--from', synchronizerOf(args, 'from'), plan.source],
    ['--to', synchronizerOf(args, 'to'), plan.target],
    [
      'the list',
      contracts.length === 0 ? undefined : contracts.join(' '),
      plan.contracts.join(' '),
    ],
  ]
  for (const [option, asked, planned] of said) {
    if (asked === undefined || asked === planned) continue
    throw new CantosignError(
      'reassignment-plan',
      `${option} says ${escapeText(asked)}, and the record has ${escapeText(planned)}`,
      'leave it out to go on with the record, or begin another one with --record FILE',
    )
  }
  return record
}

function required(args: Arguments, name: string): string {
  const value = args.string(name)
  if (value !== undefined) return value
  throw new CantosignError(
    'usage',
    `a reassignment begins with --${name}, which is missing`,
    'give --party, --from, --to and the contract ids; once it has begun, the record knows them',
  )
}

/** Whether it is there: a physical id stands for its logical one. */
function synchronizerOf(args: Arguments, name: 'from' | 'to'): string | undefined {
  const value = args.string(name)
  return value === undefined ? undefined : logicalSynchronizerText(value)
}

/** @throws CantosignError `usage` */
function contractsOf(args: Arguments): readonly string[] {
  const contracts = args.positionals('contracts')
  const odd = contracts.find((id) => !CONTRACT_ID.test(id))
  if (odd === undefined) return [...new Set(contracts)].sort()
  throw new CantosignError(
    'usage',
    `${escapeText(odd)} is no contract id`,
    'a contract id is lower-case hex that begins 00 or 01',
  )
}

async function begin(
  args: Arguments,
  io: Io,
  path: string,
  ledger: ReassignmentLedger,
): Promise<ReassignmentRecord> {
  const contracts = contractsOf(args)
  if (contracts.length === 0) {
    throw new CantosignError(
      'usage',
      'no contract is named',
      'give contract ids, separated by spaces',
    )
  }
  const party = required(args, 'party')
  parsePartyId(party)
  const source = logicalSynchronizerText(required(args, 'from'))
  const target = logicalSynchronizerText(required(args, 'to'))
  parseSynchronizerId(source)
  parseSynchronizerId(target)
  if (source === target) {
    throw new CantosignError('usage', '--from and --to are the same', 'name two synchronizers')
  }
  refuseUnasked(args, io)
  await requireConnected(ledger, { source, target })
  const plan: ReassignmentPlan = {
    party,
    source,
    target,
    contracts,
    commandId: `cantosign-${globalThis.crypto.randomUUID()}`,
    ledgerEnd: await ledger.ledgerEnd(),
  }
  await confirm(plan, args, io)
  const record = { plan, unassigned: undefined, assigned: undefined }
  writeWholeFile(path, writeReassignment(record), { force: false })
  return record
}

/** @throws CantosignError `no-terminal` */
function refuseUnasked({ yes }: Arguments, io: Io): void {
  if (yes || io.terminal.interactive) return
  throw new CantosignError(
    'no-terminal',
    'a reassignment is confirmed before it begins, and there is no terminal to ask on',
    'run it at a terminal, or add --yes',
  )
}

/** @throws CantosignError `declined` */
async function confirm(plan: ReassignmentPlan, { yes }: Arguments, io: Io): Promise<void> {
  if (yes) return
  const question =
    `${counted(plan.contracts.length, 'contract')} of ${escapeText(plan.party)}\n` +
    `from ${escapeText(plan.source)}\nto ${escapeText(plan.target)}\n` +
    'no signature of the party is asked for; between the two synchronizers the contracts cannot be used\n' +
    'type reassign to begin: '
  if ((await io.terminal.ask(question)).trim() === 'reassign') return
  throw new CantosignError('declined', 'the reassignment was not begun', 'run it again to begin')
}

function present(
  { plan, unassigned, assigned }: ReassignmentRecord,
  args: Arguments,
  io: Io,
): void {
  const { party, source, target, contracts } = plan
  if (args.json) {
    const document = {
      party,
      source,
      target,
      contracts,
      reassignmentId: unassigned?.reassignmentId ?? null,
      unassignedAt: unassigned === undefined ? null : String(unassigned.offset),
      assignedAt: assigned === undefined ? null : String(assigned.offset),
    }
    io.stdout.write(`${JSON.stringify(document)}\n`)
    return
  }
  io.stdout.write(
    `${counted(contracts.length, 'contract')} of ${escapeText(party)} moved\n` +
      `  from ${escapeText(source)}\n  to ${escapeText(target)}\n` +
      `  reassignment ${escapeText(unassigned?.reassignmentId ?? '')}\n`,
  )
}
