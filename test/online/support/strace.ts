/** A client that is killed by the kernel's hand at a chosen system call. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programPath } from '../../cli/support/program.ts'

export const hasStrace = spawnSync('strace', ['-V']).status === 0
if (!hasStrace) process.stderr.write('skipped: kills at system calls (there is no strace)\n')

/** Calls by which a program changes files or says something to a participant. */
export const CALLS = [
  'write',
  'writev',
  'pwrite64',
  'sendto',
  'sendmsg',
  'connect',
  'fsync',
  'rename',
  'link',
  'unlink',
] as const
export type Call = (typeof CALLS)[number]

export interface Traced {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

async function strace(options: readonly string[], args: readonly string[]): Promise<Traced> {
  // Without -f: what the program writes and sends, its main thread does.
  const child = spawn(
    'strace',
    ['-qq', ...options, process.execPath, programPath('cantosign-online'), ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
  return await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status, signal) => {
      resolve({ status, signal, stdout, stderr })
    })
  })
}

/** Runs a command line to its end and counts its calls. */
export async function countCalls(
  args: readonly string[],
): Promise<{ readonly run: Traced; readonly counts: ReadonlyMap<Call, number> }> {
  const directory = mkdtempSync(join(tmpdir(), 'cantosign-strace-'))
  const log = join(directory, 'log')
  try {
    const run = await strace(['-o', log, '-e', `trace=${CALLS.join(',')}`], args)
    const lines = readFileSync(log, 'utf8').split('\n')
    const counts = CALLS.map(
      (call) => [call, lines.filter((line) => line.startsWith(`${call}(`)).length] as const,
    )
    return { run, counts: new Map(counts.filter(([, count]) => count > 0)) }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Where a client is killed: as it enters a call for the n-th time. The call is not made. */
export interface KillPoint {
  readonly call: Call
  readonly n: number
}

export async function killedAt({ call, n }: KillPoint, args: readonly string[]): Promise<Traced> {
  const inject = `inject=${call}:signal=KILL:when=${n}`
  return await strace(['-o', '/dev/null', '-e', `trace=${call}`, '-e', inject], args)
}

/** Set: a client is killed at every call; else at a sample. */
export const EVERYWHERE = process.env['CANTOSIGN_FAULTS'] === 'all'

/**
 * Where to kill: at every call if that is asked for, else at so many of each, spread from the first
 * to the last.
 */
export function killPoints(
  counts: ReadonlyMap<Call, number>,
  sample: Readonly<Partial<Record<Call, number>>>,
): readonly KillPoint[] {
  return [...counts].flatMap(([call, count]) => {
    const wanted = EVERYWHERE ? count : Math.min(count, sample[call] ?? 0)
    return Array.from({ length: wanted }, (_, i) => ({
      call,
      n: wanted === 1 ? Math.ceil(count / 2) : 1 + Math.round((i * (count - 1)) / (wanted - 1)),
    }))
  })
}
