/** Runs cantosign-online beside stand-ins that live in this process, which has to go on meanwhile. */
import { spawn } from 'node:child_process'
import { programPath } from '../../cli/support/program.ts'
import { recordOutput } from '../../cli/support/record.ts'

export interface OnlineResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export async function runOnline(
  args: readonly string[],
  directory: string,
  environment: Readonly<Record<string, string>> = {},
  program = programPath('cantosign-online'),
): Promise<OnlineResult> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: directory,
    env: { PATH: process.env['PATH'], HOME: directory, LANG: 'C.UTF-8', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A session of its own has no controlling terminal, wherever the tests are started.
    detached: true,
  })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve))
  recordOutput(Buffer.concat(out), Buffer.concat(err))
  return {
    status,
    stdout: Buffer.concat(out).toString('utf8'),
    stderr: Buffer.concat(err).toString('utf8'),
  }
}
