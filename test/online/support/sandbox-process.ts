/** A sandbox as a process of its own, started from the program as it is built. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { programPath } from '../../cli/support/program.ts'
import type { RunningSandbox } from '../../../src/sandbox/server/start.ts'

export interface SandboxProcess extends RunningSandbox {
  /** Ends it at once, as a machine does that loses its power. */
  readonly kill: () => Promise<void>
}

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  await new Promise((resolve) => child.once('exit', resolve))
}

/** A port with so many free ones behind it, as far as that can be known. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Starts `sandbox` with these options and waits for its ready line. */
export async function sandboxProcess(...args: readonly string[]): Promise<SandboxProcess> {
  const child = spawn(process.execPath, [programPath('cantosign-online'), 'sandbox', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stderr.on('data', (part: Buffer) => (stderr += part.toString()))
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (part: Buffer) => {
      stdout += part.toString()
      const end = stdout.indexOf('\n')
      if (end >= 0) resolve(stdout.slice(0, end))
    })
    child.once('exit', (status) => {
      reject(new Error(`the sandbox ended with ${String(status)}: ${stderr}${stdout}`))
    })
  })
  const ready = JSON.parse(line) as Omit<RunningSandbox, 'stop'>
  return {
    ...ready,
    stop: async () => {
      child.kill('SIGTERM')
      await ended(child)
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended(child)
    },
  }
}
