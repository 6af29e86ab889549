/**
 * Runs the command of an `exec:` key. The only file that knows `node:child_process`, which is
 * loaded when such a key signs and not before.
 */
import type { Readable } from 'node:stream'
import { CantosignError } from '../../base/errors.ts'
import { escapeText } from '../../base/text.ts'
import { atProcessEnd, killProcessGroup } from '../../host/process-end.ts'
import { reasonOf } from '../../host/reading.ts'
import { timeoutFault } from '../timeout.ts'

export interface ProcessOptions {
  /** For messages: the program by its name, escaped. */
  readonly name: string
  /** A file, open for reading: what the command reads on standard input. */
  readonly input: number
  readonly milliseconds: number
}

/** No signature is longer, and no tool says more beside it. */
export const MAX_COMMAND_OUTPUT_BYTES = 64 * 1024
/** As much of standard error as goes into a message. */
const MAX_COMPLAINT_BYTES = 2048

/** Keeps the first bytes of a stream, and tells when there are more. */
function collect(stream: Readable, limit: number, exceeded: () => void): () => Buffer {
  const chunks: Buffer[] = []
  let length = 0
  stream.on('data', (chunk: Buffer) => {
    if (length < limit) chunks.push(chunk.subarray(0, limit - length))
    length += chunk.length
    if (length > limit) exceeded()
  })
  return () => Buffer.concat(chunks)
}

function failure(
  name: string,
  code: number | null,
  signal: string | null,
  complaint: Buffer,
): CantosignError {
  const end = code === null ? `was ended by ${signal ?? 'a signal'}` : `ended with status ${code}`
  const said = escapeText(complaint.toString('utf8').trim().replaceAll(/\s+/g, ' '))
  return new CantosignError(
    'signer-command-failed',
    `${name} ${end}${said === '' ? ' and said nothing' : `: ${said}`}`,
    'nothing was signed: run the command by hand; it has no terminal and no shell here',
    { details: { status: code, signal } },
  )
}

/**
 * Runs a program to its end, in a session of its own, and ends all of its process group with it.
 * @returns what it wrote to standard output
 * @throws CantosignError `signer-command-start`, `signer-command-failed`, `signer-timeout`,
 * `signer-output` for more output than any signature has
 */
export async function runProcess(
  [program, ...args]: readonly [string, ...string[]],
  { name, input, milliseconds }: ProcessOptions,
): Promise<Uint8Array> {
  const { spawn } = await import('node:child_process')
  return await new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      detached: true,
      shell: false,
      stdio: [input, 'pipe', 'pipe'],
    })
    const { stdout, stderr } = child
    if (stdout === null || stderr === null) throw new Error('a pipe was asked for')
    const kill = (): void => {
      if (child.pid !== undefined) killProcessGroup(child.pid)
    }
    const takeBack = atProcessEnd(kill)
    const end = (): void => {
      clearTimeout(timer)
      takeBack()
    }
    const stop = (reason: CantosignError): void => {
      end()
      kill()
      // A process that left the group, or changed its user, is not waited for.
      stdout.destroy()
      stderr.destroy()
      child.unref()
      reject(reason)
    }
    const timer = setTimeout(() => {
      stop(timeoutFault(name, milliseconds))
    }, milliseconds)
    const output = collect(stdout, MAX_COMMAND_OUTPUT_BYTES, () => {
      stop(
        new CantosignError(
          'signer-output',
          `${name} wrote more than ${MAX_COMMAND_OUTPUT_BYTES} bytes to standard output`,
          'nothing was signed: the command has to write the signature and nothing else',
        ),
      )
    })
    const complaint = collect(stderr, MAX_COMPLAINT_BYTES, () => undefined)
    child.on('error', (cause) => {
      stop(
        new CantosignError(
          'signer-command-start',
          `${name} cannot be started: ${reasonOf(cause)}`,
          'give the path of a program that can be executed, or a name that PATH leads to',
          { cause },
        ),
      )
    })
    // Whatever it started and left behind would otherwise keep the pipes open.
    child.on('exit', kill)
    child.on('close', (code, signal) => {
      end()
      if (code === 0) resolve(new Uint8Array(output()))
      else reject(failure(name, code, signal, complaint()))
    })
  })
}
