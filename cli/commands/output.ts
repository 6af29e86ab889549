/** Where results go: `-o FILE`, `-o -`, and what is refused before anything is computed. */
import { CantosignError } from '../../src/base/errors.ts'
import { checkTarget, writeWholeFile } from '../../src/host/files.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'

/**
 * The named output, refused before any work is done for it.
 * @throws CantosignError `output-missing`, `output-to-terminal`, `output-exists`, `output-unwritable`
 */
export function requireOutput(args: Arguments, io: Io): string {
  const { output } = args
  if (output === undefined) {
    throw new CantosignError(
      'output-missing',
      'no output is named, and there is no default one',
      'say where to write: -o FILE',
    )
  }
  if (output === '-' && io.stdout.isTerminal) {
    throw new CantosignError(
      'output-to-terminal',
      'the output is binary and standard output is a terminal',
      'write to a file with -o FILE, or redirect standard output',
    )
  }
  if (output !== '-') checkTarget(output, { force: args.force })
  return output
}

/** Writes the bytes whole or not at all. */
export function writeOutput(
  output: string,
  bytes: Uint8Array,
  args: Arguments,
  io: Io,
  inputs: readonly string[],
  mode?: number,
): void {
  if (output === '-') {
    io.stdout.write(bytes)
    return
  }
  writeWholeFile(output, bytes, {
    force: args.force,
    inputs,
    ...(mode === undefined ? {} : { mode }),
  })
}
