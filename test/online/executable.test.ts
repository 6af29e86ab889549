/** The built program as a process: how it ends, what interrupts leave behind, what is killed at any point. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Identity, TopologyRead } from '../../src/online/wire/services.ts'
import type { RunningSandbox } from '../../src/sandbox/server/start.ts'
import { programPath } from '../cli/support/program.ts'
import { place } from './support/cli.ts'
import { Desk, done, participant, sandbox, type Person } from './support/rehearsal.ts'
import { reply, startServer } from './support/server.ts'

let running: RunningSandbox
const desk = new Desk()
let alice: Person
beforeAll(async () => {
  running = await sandbox()
  alice = await desk.person('alice')
})
afterAll(async () => {
  await running.stop()
})

interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

function start(
  args: readonly string[],
  command: readonly string[] = [],
): {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
} {
  const [program, ...before] = [...command, process.execPath]
  const child = spawn(program, [...before, programPath('cantosign-online'), ...args], {
    env: { PATH: process.env['PATH'], HOME: desk.directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (part: Buffer) => (stdout += part.toString()))
  child.stderr.on('data', (part: Buffer) => (stderr += part.toString()))
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (status, signal) => {
      resolve({ status, signal, stdout, stderr })
    })
  })
  return { child, ended }
}

const admin = (): readonly string[] => ['--admin-api', participant(running, 0).adminApi]

describe('the program', { timeout: 120_000 }, () => {
  test('ends when it is done, and says nothing that was not asked for', async () => {
    const { adminApi, ledgerApi, jsonApi } = participant(running, 0)
    for (const ledger of [
      ['--ledger-api', ledgerApi],
      ['--json-api', jsonApi],
    ]) {
      const { ended } = start(['info', '--admin-api', adminApi, ...ledger, '--json'])
      const { status, stdout, stderr } = await ended
      expect(status, stderr).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({
        participantId: participant(running, 0).participant,
      })
      expect(stderr).toBe('')
    }
  })

  test('offers every command in its help and its completion', async () => {
    const help = await start(['--help']).ended
    const script = await start(['completion', 'bash']).ended
    for (const word of ['info', 'proposals', 'fetch', 'submit', 'watch', 'state', 'party']) {
      expect(help.stdout).toContain(word)
      expect(script.stdout).toContain(word)
    }
  })

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'that waits for a participant which hangs ends at once on %s, with 130 and no file',
    async (signal) => {
      const silent = createServer(() => undefined)
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
      const { port } = silent.address() as AddressInfo
      const directory = place()
      const connected = new Promise((resolve) => silent.once('connection', resolve))
      const { child, ended } = start([
        ...['state', 'export', '--all', '--admin-api', `127.0.0.1:${port}`],
        ...['--timeout', '600', '-o', join(directory, 'x'), '--json'],
      ])
      await connected
      child.kill(signal)
      const { status, stdout } = await ended
      silent.close()
      expect(status).toBe(130)
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'interrupted' } })
      expect(readdirSync(directory)).toEqual([])
    },
  )

  test('that is interrupted in the middle of a stream leaves no file', async () => {
    const directory = place()
    let streaming: () => void = () => undefined
    const begun = new Promise<void>((resolve) => {
      streaming = resolve
    })
    const { address, stop } = await startServer([
      [
        Identity.GetId,
        {
          $case: 'unary',
          run: () =>
            reply('GetIdResponse', {
              initialized: true,
              uniqueIdentifier: `p::1220${'ab'.repeat(32)}`,
            }),
        },
      ],
      [
        TopologyRead.ListAvailableStores,
        {
          $case: 'unary',
          run: () =>
            reply('ListAvailableStoresResponse', {
              storeIds: [
                {
                  store: {
                    $case: 'synchronizer',
                    value: { kind: { $case: 'id', value: `s::1220${'ab'.repeat(32)}` } },
                  },
                },
              ],
            }),
        },
      ],
      [
        TopologyRead.ExportTopologySnapshotV2,
        {
          $case: 'stream',
          run: async function* () {
            yield reply('ExportTopologySnapshotV2Response', {
              chunk: new Uint8Array([0xff, 0x7f, 1]),
            })
            streaming()
            await new Promise(() => undefined)
          },
        },
      ],
    ])
    const { child, ended } = start([
      ...['state', 'export', '--all', '--admin-api', `127.0.0.1:${address.port}`],
      ...['-o', join(directory, 'x')],
    ])
    await begun
    await expect.poll(() => readdirSync(directory).length, { timeout: 20_000 }).toBe(1)
    child.kill('SIGINT')
    expect((await ended).status).toBe(130)
    stop()
    expect(readdirSync(directory)).toEqual([])
  })
})

const hasStrace = spawnSync('strace', ['-V']).status === 0
if (!hasStrace) process.stderr.write('skipped: kills at every call (there is no strace)\n')

describe.skipIf(!hasStrace)('a submission that is killed', { timeout: 240_000 }, () => {
  /** Runs under strace, which kills the program at its n-th call of a kind. */
  async function killedAt(call: string, n: number, args: readonly string[]): Promise<Ended> {
    return await start(args, [
      ...['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${call}`],
      ...['-e', `inject=${call}:signal=KILL:when=${n}`],
    ]).ended
  }

  test('at any write to a socket leaves a store in which the same command finds its way', async () => {
    const file = desk.file('killed.json')
    await done(
      ...['build', 'root-delegation', '--namespace-key', alice.publicKey, '-o', file],
      ...['--synchronizer', running.synchronizer],
    )
    const signed = await desk.sign(file, alice)
    let kills = 0
    for (const n of [1, 3, 5, 8, 12, 18]) {
      const { signal, status } = await killedAt('write,writev,sendto,sendmsg', n, [
        'submit',
        signed,
        ...admin(),
      ])
      if (signal === 'SIGKILL' || status === 137) kills++
    }
    expect(kills).toBeGreaterThan(2)
    const { json } = await done('submit', signed, ...admin(), '--wait', '--json')
    expect(json).toMatchObject({ transactions: [{ standing: 'effective' }] })
  })

  test.each(['fsync', 'link', 'unlink'])(
    'a fetch that is killed at %s leaves a whole file or none',
    async (call) => {
      const directory = place()
      const output = join(directory, 'state.snapshot')
      const namespace = participant(running, 0).participant.split('::')[1] ?? ''
      await killedAt(call, 1, [
        'state',
        'export',
        '--namespace',
        namespace,
        ...admin(),
        '-o',
        output,
      ])
      const names = readdirSync(directory).filter((name) => !name.startsWith('.cantosign-'))
      for (const name of names) {
        const { json } = await done('inspect', join(directory, name), '--json')
        expect(json).toMatchObject({ kind: 'topology-snapshot' })
        expect(readFileSync(join(directory, name)).length).toBeGreaterThan(100)
      }
      // Again, and it is there.
      await done('state', 'export', '--namespace', namespace, ...admin(), '-o', output, '--force')
      expect(readdirSync(directory)).toContain('state.snapshot')
    },
  )
})
