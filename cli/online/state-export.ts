/** `state export`: topology state for use without a network, as a snapshot file. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import { startFile } from '../../src/host/files.ts'
import type { AdminApi } from '../../src/online/admin.ts'
import { originOf, type StateOrigin } from '../../src/online/judged-state.ts'
import { scopedState, snapshotRecordBytes, wholeState } from '../../src/online/state-export.ts'
import { chooseStore, type ChosenStore } from '../../src/online/store.ts'
import { concatBytes } from '../../src/base/bytes.ts'
import { requireOutput, writeOutput } from '../commands/output.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { counted } from '../present/text.ts'
import { connectionOf } from './connection.ts'
import { filterOf } from './filter.ts'
import { withAdmin } from './open.ts'
import { STATE_EXPORT_OPTIONS } from './topology-options.ts'

export const run: CommandRun = async (args, io) => {
  const scope = filterOf(args)
  const isScoped = scope.namespaces.length + scope.parties.length > 0
  const all = args.flag('all')
  if (isScoped === all) {
    throw new CantosignError(
      'usage',
      all
        ? '--all is everything, with --namespace or --party it is not'
        : 'nothing says what to export',
      'name --namespace or --party, or give --all for the whole store',
    )
  }
  if (args.flag('history') && !all) {
    throw new CantosignError(
      'usage',
      'the history of what is named is exported anyway',
      'leave out --history, or export the whole store with --all',
    )
  }
  const output = requireOutput(args, io)
  const { settings, synchronizer } = connectionOf(args, STATE_EXPORT_OPTIONS)
  const exported = await withAdmin(settings, async (admin) => {
    const store = await chooseStore(admin, args.string('synchronizer') ?? synchronizer)
    const origin = await originOf(admin, store)
    const records = all
      ? await exportWhole(admin, store, output, scope.mappings, args, io)
      : await exportScope(admin, store, output, scope, args, io)
    return { records, origin }
  })
  present(exported, output, args, io)
  return ExitStatus.done
}

async function exportScope(
  admin: AdminApi,
  store: ChosenStore,
  output: string,
  scope: ReturnType<typeof filterOf>,
  args: Arguments,
  io: Io,
): Promise<number> {
  const records = await scopedState(admin, store, scope)
  writeOutput(output, concatBytes(...records.map(snapshotRecordBytes)), args, io, [])
  return records.length
}

/** The file gets its name when the stream has ended well; until then there is none. */
async function exportWhole(
  admin: AdminApi,
  store: ChosenStore,
  output: string,
  mappings: ReturnType<typeof filterOf>['mappings'],
  args: Arguments,
  io: Io,
): Promise<number> {
  let records = 0
  const time = args.flag('history') ? 'history' : 'head'
  const chunks = wholeState(admin, store, { mappings, time }, (count) => {
    records = count
  })
  if (output === '-') {
    // A reader of a pipe sees the end only by the status.
    for await (const chunk of chunks) io.stdout.write(chunk)
    return records
  }
  const file = startFile(output, { force: args.force })
  try {
    for await (const chunk of chunks) file.write(chunk)
  } catch (error) {
    file.discard()
    throw error
  }
  file.finish()
  return records
}

function present(
  { records, origin }: { readonly records: number; readonly origin: StateOrigin },
  output: string,
  args: Arguments,
  io: Io,
): void {
  if (args.json) {
    io.stdout.write(`${JSON.stringify({ output, records, from: origin.from, at: origin.at })}\n`)
  } else if (!args.quiet) {
    io.stderr.write(
      `wrote ${escapeText(output)}: ${counted(records, 'record')}\n  from ${escapeText(origin.from)}\n  at ${origin.at}\n`,
    )
  }
}
