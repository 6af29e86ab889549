/** `-o FILE` for commands that print: what they would print goes to the file. */
import { utf8Bytes } from '../src/base/bytes.ts'
import { escapeJson } from '../src/base/text.ts'
import type { ExitStatus } from '../src/base/error-codes.ts'
import { startFile } from '../src/host/files.ts'
import type { Arguments, CommandSpec } from './command.ts'
import type { Io } from './io.ts'
import { ReportedError } from './present/error.ts'

/**
 * Runs a command that prints, with its standard output led to `output`. What it says of an input is
 * a result whatever the exit status is, and is kept; an error leaves no file.
 * @param run the command, to be given the world with that standard output
 * @throws CantosignError `output-exists`, `output-is-input`, `output-unwritable`, and what the
 * command throws
 */
export async function printInto(
  output: string,
  command: CommandSpec,
  args: Arguments,
  io: Io,
  run: (io: Io) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  const file = startFile(output, { force: args.force, inputs: inputsOf(command, args) })
  const bytesOf = (data: string | Uint8Array): Uint8Array =>
    typeof data === 'string' ? utf8Bytes(escapeJson(data)) : data
  try {
    const stdout = {
      isTerminal: false,
      write: (data: string | Uint8Array): void => {
        file.write(bytesOf(data))
      },
    }
    const status = await run({ ...io, stdout })
    file.finish()
    return status
  } catch (error) {
    file.discard()
    // The error stood at the end of what is gone now.
    throw error instanceof ReportedError ? error.reported : error
  }
}

/** Every argument and option that names a file. */
function inputsOf(command: CommandSpec, args: Arguments): readonly string[] {
  const options = command.options.filter(({ path }) => path === true)
  return [...command.positionals, ...options].flatMap(({ name }) => args.strings(name))
}
