/** The process around a program: standard streams, signals, the exit status. */
import { fstatSync, writeSync } from 'node:fs'
import { ExitStatus, exitStatusOf } from '../src/base/error-codes.ts'
import { CantosignError } from '../src/base/errors.ts'
import { escapeJson } from '../src/base/text.ts'
import { ControllingTerminal } from '../src/host/terminal.ts'
import type { CommandSpec } from './command.ts'
import type { Io, Output } from './io.ts'
import { errorJson, errorLines } from './present/error.ts'
import { runProgram } from './program.ts'
import type { Program } from './version.ts'

/** Signals that ask a program to end; the others are left to the system. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

const FAILED_OUTPUT = exitStatusOf('output-unwritable')

/** @param open gives the stream when it is first written to: most runs need one of them or none. */
function output(
  descriptor: number,
  open: () => NodeJS.WriteStream,
  onError: (error: NodeJS.ErrnoException) => void,
): Output {
  let stream: NodeJS.WriteStream | undefined
  const opened = (): NodeJS.WriteStream => {
    if (stream === undefined) {
      stream = open()
      stream.on('error', onError)
    }
    return stream
  }
  return {
    get isTerminal() {
      // Asked of the system first: opening a stream takes longer than most of what a command does.
      return fstatSync(descriptor).isCharacterDevice() && opened().isTTY
    },
    write: (data) => {
      // Text for people is escaped where it is made; JSON is not, and text from outside is in it.
      opened().write(typeof data === 'string' ? escapeJson(data) : data)
    },
  }
}

/** The one document of a run that had printed nothing yet; at once, as the process ends here. */
function printInterruption(): void {
  const error = new CantosignError(
    'interrupted',
    'stopped by a signal',
    'start again when you are ready',
  )
  try {
    writeSync(1, `${JSON.stringify({ error: errorJson(error) })}\n`)
  } catch {
    // Nobody reads it any more.
  }
}

/**
 * Runs the program of this process to its end and sets the exit status. Nothing is cut off: the
 * process ends by itself once its output is written.
 */
export async function runProcess(
  program: Program,
  commands: readonly CommandSpec[],
): Promise<void> {
  let begun = false
  for (const signal of SIGNALS) {
    // Files are written without a turn of the event loop, so none is half written here; the
    // terminal gets its mode back as the process ends.
    process.once(signal, () => {
      if (!begun && process.argv.includes('--json')) printInterruption()
      process.exit(ExitStatus.interrupted)
    })
  }
  const stderr = output(
    2,
    () => process.stderr,
    () => undefined, // nothing is left to tell it on
  )
  const onError = ({ code = '' }: NodeJS.ErrnoException): void => {
    // A reader that has gone, such as `head`, is no failure of this program.
    if (code === 'EPIPE' || process.exitCode === FAILED_OUTPUT) return
    process.exitCode = FAILED_OUTPUT
    stderr.write(
      errorLines(
        program.name,
        new CantosignError(
          'output-unwritable',
          `standard output cannot be written: the system says ${code}`,
          'what was written is not whole: make room, or write to another place',
        ),
      ),
    )
  }
  const openStdout = (): NodeJS.WriteStream => {
    begun = true
    return process.stdout
  }
  const io: Io = {
    stdout: output(1, openStdout, onError),
    stderr,
    terminal: new ControllingTerminal(),
    program,
  }
  const status = await runProgram(commands, process.argv.slice(2), io)
  // Output that failed meanwhile has set it.
  process.exitCode ??= status
}
