/**
 * MiniStack, an emulator of AWS by others, as a second reading of how AWS KMS behaves. It speaks
 * plain HTTP; a server of ours puts TLS in front. It does not check who is asking.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startHttps, type Authority } from './authority.ts'

/** Where it is: a path in the environment, or a name that PATH leads to. */
const PROGRAM = process.env['MINISTACK'] ?? 'ministack'

export const hasMinistack = spawnSync(PROGRAM, ['--help']).status === 0
if (!hasMinistack) process.stderr.write('skipped: awskms: against MiniStack (no ministack)\n')

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function answers(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, path: '/_ministack/health' }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    sent.on('error', () => {
      resolve(false)
    })
    sent.end()
  })
}

export interface Ministack {
  readonly endpoint: string
  close(): Promise<void>
}

export async function startMinistack(authority: Authority): Promise<Ministack> {
  const port = await freePort()
  const directory = mkdtempSync(join(tmpdir(), 'cantosign-ministack-'))
  const child = spawn(PROGRAM, [], {
    cwd: directory,
    env: { ...process.env, GATEWAY_PORT: String(port), HOME: directory, TMPDIR: directory },
    stdio: 'ignore',
  })
  const ended = new Promise((resolve) => child.on('close', resolve))
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`${PROGRAM} ended with ${child.exitCode}`)
    await pause(100)
  }
  const front = await startHttps(authority, (incoming, outgoing) => {
    const { method, url, headers } = incoming
    const sent = request({ host: '127.0.0.1', port, method, path: url, headers }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers)
      response.pipe(outgoing)
    })
    sent.on('error', () => outgoing.destroy())
    incoming.pipe(sent)
  })
  return {
    endpoint: `127.0.0.1:${front.port}`,
    close: async () => {
      await front.close()
      child.kill('SIGTERM')
      await ended
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
