/** `sandbox`: participants in memory, until the program is interrupted. */
import { once } from 'node:events'
import { ExitStatus } from '../../src/base/error-codes.ts'
import { decodeUtf8, utf8Bytes } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import { readWholeFile } from '../../src/host/files.ts'
import { takeLock, type HeldLock, type TakenLock } from '../../src/host/lock.ts'
import type { ServerTls } from '../../src/sandbox/server/start.ts'
import { requireOutput, writeOutput } from '../commands/output.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'

const MAX_PEM_BYTES = 1024 * 1024
const MAX_TOKEN_BYTES = 64 * 1024
/** Every participant takes three ports. */
const MAX_PARTICIPANTS = 20
const MAX_SEED = 1_000_000
const HOUR_MILLIS = 3_600_000

function numberOption(
  args: Arguments,
  name: string,
  byDefault: number,
  least: number,
  most: number,
  byDefaultInWords = String(byDefault),
): number {
  const text = args.string(name)
  if (text === undefined) return byDefault
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN
  if (value >= least && value <= most) return value
  throw new CantosignError(
    'usage',
    `--${name} is not a whole number from ${least} to ${most}`,
    `leave it out for ${byDefaultInWords}`,
  )
}

function tlsOf(args: Arguments): ServerTls | undefined {
  const [certificate, key, clientCa] = ['tls-cert', 'tls-key', 'tls-client-ca'].map((name) =>
    args.string(name),
  )
  if (certificate === undefined && key === undefined && clientCa === undefined) return undefined
  if (certificate === undefined || key === undefined) {
    throw new CantosignError(
      'usage',
      'TLS needs a certificate and its key',
      'give both --tls-cert and --tls-key',
    )
  }
  return {
    certificate: readWholeFile(certificate, MAX_PEM_BYTES),
    key: readWholeFile(key, MAX_PEM_BYTES),
    clientCa: clientCa === undefined ? undefined : readWholeFile(clientCa, MAX_PEM_BYTES),
  }
}

function tokenOf(args: Arguments, name: string): string | undefined {
  const path = args.string(name)
  if (path === undefined) return undefined
  const token = decodeUtf8(readWholeFile(path, MAX_TOKEN_BYTES))?.trim() ?? ''
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw new CantosignError(
    'token-invalid',
    `${path} holds no token`,
    'a token is one line of printable ASCII without spaces',
  )
}

const LOCK_PATIENCE_MILLIS = 200

/**
 * Two sandboxes with one file would each write over what the other one keeps.
 * @throws CantosignError `sandbox-locked`
 */
function lockState(path: string): HeldLock | undefined {
  let held: HeldLock | TakenLock
  try {
    held = takeLock(path, LOCK_PATIENCE_MILLIS)
  } catch {
    // Where no lock can be written no state can either: the first save says why.
    return undefined
  }
  if (held.$case === 'held') return held
  const { lock, pid } = held
  throw new CantosignError(
    'sandbox-locked',
    `another sandbox keeps its state in ${escapeText(path)}${pid === undefined ? '' : ` (process ${pid})`}`,
    `give each sandbox a file of its own; if there is no other, remove ${escapeText(lock)}`,
    { details: { lock, pid: pid ?? null } },
  )
}

const INTERRUPTED = 'interrupted'

/** Aborted when the program is asked to end, which nothing else may do until then. */
function untilInterrupted(): AbortController {
  const end = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // In place of the ending that every other command has.
    process.removeAllListeners(signal)
    process.once(signal, () => {
      end.abort(INTERRUPTED)
    })
  }
  return end
}

export const run: CommandRun = async (args, io) => {
  const output = args.output === undefined ? undefined : requireOutput(args, io)
  const state = args.string('state')
  const lock = state === undefined ? undefined : lockState(state)
  try {
    await runSandbox(args, io, state, output)
  } finally {
    lock?.release()
  }
  return ExitStatus.done
}

async function runSandbox(
  args: Arguments,
  io: Io,
  state: string | undefined,
  output: string | undefined,
): Promise<void> {
  const { startSandbox } = await import('../../src/sandbox/server/start.ts')
  const millis = (name: string, byDefault: number): bigint =>
    BigInt(numberOption(args, name, byDefault, 0, HOUR_MILLIS)) * 1000n
  const end = untilInterrupted()
  const { stop, ...ready } = await startSandbox({
    participants: numberOption(args, 'participants', 2, 1, MAX_PARTICIPANTS),
    protocolVersion: Number(args.string('protocol-version') ?? 35),
    effectDelay: millis('effect-delay', 250),
    clearanceDelay: millis('clearance-delay', 2000),
    port: numberOption(args, 'port', 0, 0, 65_535 - 3 * MAX_PARTICIPANTS, 'free ports'),
    tls: tlsOf(args),
    tokens: { admin: tokenOf(args, 'token-file'), reader: tokenOf(args, 'reader-token-file') },
    stateFile: state,
    seed: numberOption(args, 'seed-parties', 0, 0, MAX_SEED),
    onFault: (error) => {
      end.abort(error)
    },
  })
  try {
    const line = `${JSON.stringify({ ready: true, ...ready })}\n`
    if (output === undefined) io.stdout.write(line)
    else writeOutput(output, utf8Bytes(line), args, io, [])
    if (!end.signal.aborted) await once(end.signal, 'abort')
  } finally {
    await stop()
  }
  const reason: unknown = end.signal.reason
  if (reason !== INTERRUPTED) throw reason
}
