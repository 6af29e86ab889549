/** The driver for `exec:` keys: any command that signs a file (docs/keys.md section 4). */
import {
  closeSync,
  constants,
  fstatSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { CantosignError } from '../../base/errors.ts'
import { escapeText } from '../../base/text.ts'
import type { PublicKey } from '../../crypto/public-key.ts'
import { atProcessEnd } from '../../host/process-end.ts'
import { reasonOf } from '../../host/reading.ts'
import { signerOf, type Signer, type SignerDriver, type SignerOptions } from '../signer.ts'
import { DEFAULT_TIMEOUT_MILLISECONDS } from '../timeout.ts'
import { fillWords, type Command } from './command.ts'
import { MAX_COMMAND_OUTPUT_BYTES, runProcess } from './process.ts'

export interface ExecSignerOptions extends SignerOptions {
  /** The key that the command signs with: a command tells none. */
  readonly publicKey: PublicKey
  /** What an EC key is given; the message unless told. Ed25519 is always given the message. */
  readonly takes?: 'message' | 'digest'
  /** How an EC key answers; DER unless told. Ed25519 always answers with 64 bytes. */
  readonly gives?: 'DER' | 'CONCAT'
  readonly timeoutMilliseconds?: number
}

function nameOf(command: Command): string {
  const [program] = fillWords(command, { msgfile: '', sigfile: '' })
  return `the command ${escapeText(program)}`
}

function withoutSignature(name: string, reason: string, cause?: unknown): CantosignError {
  return new CantosignError(
    'signer-output',
    `${name} wrote no signature to {sigfile}: ${reason}`,
    'nothing was signed: give {sigfile} to the option that names its output file',
    { cause },
  )
}

/** What the command wrote to {sigfile}: up to one byte more than is allowed. */
function readSignature(path: string, name: string): Uint8Array {
  const buffer = new Uint8Array(MAX_COMMAND_OUTPUT_BYTES + 1)
  try {
    // Without waiting: the time limit is not asked for a named pipe that nobody writes to.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      if (!fstatSync(descriptor).isFile()) throw withoutSignature(name, 'it is not a regular file')
      return buffer.slice(0, readSync(descriptor, buffer))
    } finally {
      closeSync(descriptor)
    }
  } catch (cause) {
    if (cause instanceof CantosignError) throw cause
    throw withoutSignature(name, reasonOf(cause), cause)
  }
}

/** Makes the directory of one signature, and removes it whatever happens. */
async function withDirectory<Result>(use: (directory: string) => Promise<Result>): Promise<Result> {
  const { tmpdir } = await import('node:os')
  const directory = mkdtempSync(join(tmpdir(), 'cantosign-'))
  const remove = (): void => {
    rmSync(directory, { recursive: true, force: true })
  }
  const takeBack = atProcessEnd(remove)
  try {
    return await use(directory)
  } finally {
    takeBack()
    remove()
  }
}

/** A driver that runs the command once for each signature. */
function execDriver(command: Command, options: ExecSignerOptions): SignerDriver {
  const name = nameOf(command)
  return {
    name,
    madeBy: 'other',
    ecdsa: { takes: options.takes ?? 'message', gives: options.gives ?? 'DER' },
    publicKey: async () => await Promise.resolve(options.publicKey.spki),
    sign: async (bytes) =>
      await withDirectory(async (directory) => {
        const msgfile = join(directory, 'message')
        const sigfile = join(directory, 'signature')
        writeFileSync(msgfile, bytes, { mode: 0o400 })
        // A file and not a pipe: some tools sign only what they can ask the size of.
        const input = openSync(msgfile, 'r')
        try {
          const output = await runProcess(fillWords(command, { msgfile, sigfile }), {
            name,
            input,
            milliseconds: options.timeoutMilliseconds ?? DEFAULT_TIMEOUT_MILLISECONDS,
          })
          return command.writesFile ? readSignature(sigfile, name) : output
        } finally {
          closeSync(input)
        }
      }),
    close: () => undefined,
  }
}

/** Puts the port around an `exec:` key: the command has not been run yet. */
export function openExecSigner(command: Command, options: ExecSignerOptions): Signer {
  return signerOf(execDriver(command, options), options)
}
