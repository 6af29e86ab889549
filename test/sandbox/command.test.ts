/** `cantosign-online sandbox` as a process: its line, its end, its file, its mistakes. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Connectivity, Identity } from '../../src/online/wire/services.ts'
import type { RunningSandbox } from '../../src/sandbox/server/start.ts'
import { programPath, root, run, runJson, scratch } from '../cli/support/program.ts'
import { call, clientOf, failure } from './plain-client.ts'

const TIMEOUT = 120_000

interface Started {
  readonly child: ChildProcess
  readonly ready: RunningSandbox & { readonly ready: boolean }
  /** Sends a signal, if any, and gives what the process ended with. */
  readonly end: (signal: NodeJS.Signals | undefined) => Promise<number | null>
}

async function start(...args: readonly string[]): Promise<Started> {
  const child = spawn(process.execPath, [programPath('cantosign-online'), 'sandbox', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', resolve)
  })
  let text = ''
  for await (const chunk of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk
    if (text.includes('\n')) break
  }
  const ready = JSON.parse(text) as Started['ready']
  return {
    child,
    ready,
    end: async (signal) => {
      if (signal !== undefined) child.kill(signal)
      return await ended
    },
  }
}

describe('the command', { timeout: TIMEOUT }, () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('answers until %s, and ends well', async (signal) => {
    const { ready, end } = await start('--participants', '3')
    expect(ready.ready).toBe(true)
    expect(ready.participants.map(({ participant }) => participant.split('::')[0])).toEqual([
      'participant1',
      'participant2',
      'participant3',
    ])
    const [one] = ready.participants
    const client = clientOf(one?.adminApi ?? '')
    expect(await call(client, Identity.GetId, {})).toEqual({
      initialized: true,
      uniqueIdentifier: one?.participant,
    })
    expect(await end(signal)).toBe(0)
    expect(await failure(call(client, Identity.GetId, {}))).toMatchObject({ status: 14 })
  })

  test('takes the ports that follow each other', async () => {
    const free = await new Promise<number>((resolve, reject) => {
      const server = createServer().once('error', reject)
      server.listen(0, '127.0.0.1', () => {
        const address = server.address()
        server.close(() => {
          resolve(typeof address === 'object' && address !== null ? address.port : 0)
        })
      })
    })
    const port = Math.min(free, 60_000)
    const { ready, end } = await start('--port', String(port), '--json')
    const line: Partial<typeof ready> & { readonly error?: object } = ready
    // Others of this machine may have taken one of them meanwhile.
    if (line.error !== undefined) expect(line.error).toMatchObject({ code: 'sandbox-port' })
    else {
      const [one, two] = ready.participants
      expect(one).toMatchObject({
        adminApi: `127.0.0.1:${port}`,
        ledgerApi: `127.0.0.1:${port + 1}`,
        jsonApi: `http://127.0.0.1:${port + 2}`,
      })
      expect(two?.adminApi).toBe(`127.0.0.1:${port + 3}`)
      await end('SIGTERM')
    }
  })

  test('says once, in its own words, that a port is taken', async () => {
    const { ready, end } = await start('--participants', '1')
    const taken = String(ready.participants[0]?.ports.adminApi)
    const { status, stderr } = run(['sandbox', '--port', taken], { program: 'cantosign-online' })
    expect(status).toBe(2)
    expect(stderr).toMatch(/^cantosign-online: error: [^\n]*\[sandbox-port\]\n[^\n]*\n$/)
    expect(await end('SIGTERM')).toBe(0)
  })

  test('goes on from its file after it was killed', async () => {
    const state = join(scratch(), 'state.json')
    const first = await start('--state', state)
    await first.end('SIGKILL')
    const second = await start('--state', state, '--participants', '5')
    expect(second.ready.synchronizer).toBe(first.ready.synchronizer)
    expect(second.ready.participants.map(({ participant }) => participant)).toEqual(
      first.ready.participants.map(({ participant }) => participant),
    )
    expect(await second.end('SIGTERM')).toBe(0)
  })

  test('writes its line to a file, and not over one that is there', async () => {
    const output = join(scratch(), 'ready.json')
    const child = spawn(
      process.execPath,
      [programPath('cantosign-online'), 'sandbox', '-o', output],
      { stdio: 'ignore' },
    )
    const ended = new Promise<number | null>((resolve) => {
      child.once('exit', resolve)
    })
    while (!existsSync(output)) await new Promise((resolve) => setTimeout(resolve, 50))
    const line = JSON.parse(readFileSync(output, 'utf8')) as Started['ready']
    expect(line.participants).toHaveLength(2)
    expect(refusal(['-o', output])).toMatchObject({
      status: 2,
      document: { error: { code: 'output-exists' } },
    })
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  test('has its file for itself as long as it runs', async () => {
    const state = join(scratch(), 'state.json')
    const { end } = await start('--state', state)
    const kept = readFileSync(state)
    expect(refusal(['--state', state])).toMatchObject({
      status: 2,
      document: { error: { code: 'sandbox-locked' } },
    })
    expect(readFileSync(state)).toEqual(kept)
    expect(await end('SIGTERM')).toBe(0)
    expect(existsSync(`${state}.lock`)).toBe(false)
  })

  test('ends with the reason if its state cannot be written any more', async () => {
    const directory = join(scratch(), 'gone')
    mkdirSync(directory)
    const { ready, end } = await start('--state', join(directory, 'state.json'), '--json')
    rmSync(directory, { recursive: true })
    const client = clientOf(ready.participants[0]?.adminApi ?? '')
    await call(client, Connectivity.DisconnectAllSynchronizers, {})
    expect(await end(undefined)).toBe(2)
  })

  const refusal = (args: readonly string[]) =>
    runJson(['sandbox', ...args, '--json'], { program: 'cantosign-online' })

  test.each([
    ['--participants', '0'],
    ['--participants', '21'],
    ['--participants', 'two'],
    ['--port', '-1'],
    ['--port', '65535'],
    ['--effect-delay', '1.5'],
    ['--seed-parties', '1000001'],
    ['--protocol-version', '33'],
    ['--tls-cert', '/dev/null'],
    ['--tls-client-ca', '/dev/null'],
  ])('%s %s is refused', (...args) => {
    expect(refusal(args)).toMatchObject({ status: 2, document: { error: { code: 'usage' } } })
  })

  test('files that are none', () => {
    const directory = scratch()
    const file = (name: string, text: string): string => {
      const path = join(directory, name)
      writeFileSync(path, text)
      return path
    }
    const missing = join(directory, 'missing')
    const rows: readonly (readonly [number, string, readonly string[]])[] = [
      [3, 'sandbox-state', ['--state', file('state', '{}')]],
      [3, 'file-unreadable', ['--token-file', missing]],
      [3, 'token-invalid', ['--token-file', file('token', 'two words')]],
      [3, 'token-invalid', ['--reader-token-file', file('empty', '')]],
      [3, 'file-unreadable', ['--tls-cert', missing, '--tls-key', missing]],
      [3, 'tls-file-invalid', ['--tls-cert', file('cert', 'x'), '--tls-key', file('key', 'y')]],
      [2, 'output-unwritable', ['--state', join(missing, 'state')]],
    ]
    for (const [status, code, args] of rows) {
      expect(refusal(args), args.join(' ')).toMatchObject({
        status,
        document: { error: { code } },
      })
    }
  })

  test('a pipe in the place of the state is refused, not waited for', () => {
    const pipe = join(scratch(), 'state')
    spawnSync('mkfifo', [pipe])
    const program = programPath('cantosign-online')
    const { status, stdout } = spawnSync(
      process.execPath,
      [program, 'sandbox', '--state', pipe, '--json'],
      { encoding: 'utf8', timeout: 20_000, killSignal: 'SIGKILL' },
    )
    expect(stdout).toContain('file-unreadable')
    expect(status).toBe(3)
  })

  test('what docs/sandbox.md starts, starts', async () => {
    const page = readFileSync(join(root, 'docs', 'sandbox.md'), 'utf8')
    const [, line] = /^cantosign-online sandbox (.*)$/m.exec(page) ?? []
    const args = (line ?? '').replace('rehearsal.json', join(scratch(), 'state.json')).split(' ')
    const { ready, end } = await start(...args)
    const [, example] = /^```json\n([\s\S]*?)^```$/m.exec(page) ?? []
    const shown = JSON.parse(example ?? '') as typeof ready
    expect(Object.keys(ready)).toEqual(Object.keys(shown))
    expect(Object.keys(ready.participants[0] ?? {})).toEqual(
      Object.keys(shown.participants[0] ?? {}),
    )
    expect(await end('SIGTERM')).toBe(0)
  })
})
