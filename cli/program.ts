/** The one place where a command is run, an error becomes a message, and the exit status is set. */
import { ExitStatus, exitStatusOf } from '../src/base/error-codes.ts'
import { CantosignError } from '../src/base/errors.ts'
import type { ParsedCommandLine } from './arguments.ts'
import type { CommandSpec } from './command.ts'
import type { Io } from './io.ts'
import { readPlainCommandLine } from './plain-arguments.ts'
import { errorJson, errorLines, ReportedError } from './present/error.ts'

/**
 * Runs one command line to its end.
 * @returns the exit status (docs/errors.md); nothing is thrown.
 */
export async function runProgram(
  commands: readonly CommandSpec[],
  argv: readonly string[],
  io: Io,
): Promise<ExitStatus> {
  // Known before the command line is understood, so that a usage error is JSON too.
  const json = argv.some((word) => /^--json(=|$)/.test(word))
  try {
    const parsed = await parse(commands, argv, io)
    if (parsed.$case === 'help') {
      const { text } = parsed
      io.stdout.write(`${json ? JSON.stringify({ help: text }) : text}\n`)
      return ExitStatus.done
    }
    const { command, args } = parsed
    if (args.json && args.output === '-') {
      throw new CantosignError(
        'json-with-stdout',
        '--json and -o - both claim standard output',
        'write to a file, or leave out --json',
      )
    }
    if (command.makesNoFile === true && args.output !== undefined) {
      throw new CantosignError(
        'usage',
        `${command.words.join(' ')} makes no file, and -o names one`,
        'leave it out; with --json the result goes to standard output',
      )
    }
    const { run } = await command.load()
    const { output } = args
    const auditLog = args.string('audit-log')
    if (auditLog !== undefined) {
      const { underAudit } = await import('./audit-trail.ts')
      return await underAudit(
        auditLog,
        command,
        args,
        io,
        async (world) => await run(args, world, commands),
      )
    }
    if (command.prints !== true || output === undefined || output === '-') {
      return await run(args, io, commands)
    }
    const { printInto } = await import('./printed-output.ts')
    return await printInto(
      output,
      command,
      args,
      io,
      async (world) => await run(args, world, commands),
    )
  } catch (error) {
    return reportError(error, json, io)
  }
}

async function parse(
  commands: readonly CommandSpec[],
  argv: readonly string[],
  io: Io,
): Promise<ParsedCommandLine> {
  const plain = readPlainCommandLine(commands, argv)
  if (plain !== undefined) return { $case: 'run', ...plain }
  const { parseCommandLine } = await import('./arguments.ts')
  return await parseCommandLine(io.program.name, io.program.version, commands, argv)
}

function reportError(error: unknown, json: boolean, io: Io): ExitStatus {
  if (error instanceof ReportedError) return exitStatusOf(error.reported.code)
  const known =
    error instanceof CantosignError
      ? error
      : new CantosignError(
          'internal-fault',
          `the program failed: ${error instanceof Error ? error.message : String(error)}`,
          'please report this with the version and the command',
          { cause: error },
        )
  if (json) io.stdout.write(`${JSON.stringify({ error: errorJson(known) })}\n`)
  else io.stderr.write(errorLines(io.program.name, known))
  return exitStatusOf(known.code)
}
