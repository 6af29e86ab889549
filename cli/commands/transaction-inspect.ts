/** `transaction inspect`: what a prepared Daml transaction does, its hashes, and what is wrong with it. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { escapeText } from '../../src/base/text.ts'
import type { HashingScheme } from '../../src/daml/scheme.ts'
import { preparedReport, type PreparedReport } from '../../src/explain/prepared-report.ts'
import { systemTimeMicros } from '../../src/host/clock.ts'
import { CantosignError } from '../../src/base/errors.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { preparedJson } from '../present/prepared-json.ts'
import { preparedLines } from '../present/prepared.ts'
import { readAnyInput, type PreparedFile } from './input.ts'
import { limitsIn } from './limits.ts'
import type { FileReport } from './kinds.ts'
import {
  checkClaimedHash,
  namedScheme,
  preparedInputOf,
  readPreparedContent,
  schemesOf,
  type PreparedInput,
} from './prepared-input.ts'

const PREPARED_KIND = 'prepared-transaction'

/**
 * One report for the scheme, or for each where it is not known.
 * @throws CantosignError `prepared-hash-mismatch`
 */
function inspectPrepared(
  input: PreparedInput,
  scheme: HashingScheme | undefined,
  path: string,
): readonly PreparedReport[] {
  checkClaimedHash(input, scheme, path)
  const now = systemTimeMicros()
  return schemesOf(scheme).map((one) => preparedReport(input.read, one, { now }))
}

/**
 * A prepared transaction as `inspect` reports it; only the file can say which scheme is meant.
 * @throws CantosignError as `readPreparedContent`, and `prepared-hash-mismatch`
 */
export function reportPreparedFile(file: PreparedFile, path: string): FileReport {
  const input = readPreparedContent(file, path)
  const reports = inspectPrepared(input, input.scheme, path)
  return {
    kind: PREPARED_KIND,
    json: { transactions: [], ...preparedJson(input.read, reports) },
    lines: preparedLines(reports),
  }
}

export const run: CommandRun = async (args, io) => {
  const path = args.positional('file')
  const content = await readAnyInput(path, limitsIn(args))
  if (content.$case === 'package') return await inspectPackage(content.bytes, path, args, io)
  const input = preparedInputOf(content, path)
  const reports = inspectPrepared(input, namedScheme(input, path, args), path)
  if (args.json) {
    const document = { kind: PREPARED_KIND, ...preparedJson(input.read, reports) }
    io.stdout.write(`${JSON.stringify(document)}\n`)
  } else {
    const lines = [`${escapeText(path)}: ${PREPARED_KIND}`, ...preparedLines(reports)]
    io.stdout.write(`${lines.join('\n')}\n`)
  }
  return ExitStatus.done
}

/** A package says itself which hashing scheme is meant. @throws CantosignError `usage` */
async function inspectPackage(
  bytes: Uint8Array,
  path: string,
  args: Arguments,
  io: Io,
): Promise<ExitStatus> {
  const { reportPackage } = await import('./inspect-package.ts')
  const { kind, json, lines } = reportPackage(path, bytes, limitsIn(args))
  if (args.string('hashing-scheme') !== undefined) {
    throw new CantosignError(
      'usage',
      '--hashing-scheme is not for a package, which says itself what it holds',
      'leave it out',
    )
  }
  io.stdout.write(
    args.json
      ? `${JSON.stringify({ kind, ...json })}\n`
      : `${[`${escapeText(path)}: ${kind}`, ...lines].join('\n')}\n`,
  )
  return ExitStatus.done
}
