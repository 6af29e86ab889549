/** `audit verify`: is every entry of an audit log in its place, and nothing else there. */
import { verifyAuditLog } from '../../src/audit/chain.ts'
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import { openChunks } from '../../src/host/files.ts'
import type { Arguments, CommandRun } from '../command.ts'

/** @throws CantosignError `usage` */
function namedHeads(args: Arguments): readonly string[] {
  return args.strings('head').map((head) => {
    if (/^[0-9a-f]{64}$/.test(head)) return head
    throw new CantosignError(
      'usage',
      `--head ${head} is not the hash of an entry`,
      'give the 64 lower-case hex characters that audit verify printed before',
    )
  })
}

export const run: CommandRun = async (args, io) => {
  const path = args.positional('file')
  const heads = namedHeads(args)
  const summary = await verifyAuditLog(path, openChunks(path), heads)
  const { entries, head, first, last, events, clockWentBack } = summary
  if (args.json) {
    const document = { entries, head, first, last, ...events, clockWentBack, ok: true }
    io.stdout.write(`${JSON.stringify(document)}\n`)
    return ExitStatus.done
  }
  const lines = [
    `${escapeText(path)}: every entry is in its place`,
    ...(first === null || last === null ? [] : [`  from ${first} to ${last}`]),
    `  ${entries} in all: ${events.signed} signed, ${events.refused} refused, ${events.failed} failed`,
    ...(head === null ? [] : [`  head ${head}`]),
    ...clockWentBack.map((sequence) => `  the clock was behind at entry ${sequence}`),
  ]
  io.stdout.write(`${lines.join('\n')}\n`)
  return ExitStatus.done
}
