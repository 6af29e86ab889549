/** Lines that break, certificates and tokens that do not count: nothing is done twice or by halves. */
import { writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { RunningSandbox } from '../../src/sandbox/server/start.ts'
import { online } from './support/cli.ts'
import { Relay } from './support/relay.ts'
import { authorize, Desk, done, participant, refused, sandbox } from './support/rehearsal.ts'
import { mutualTls, securedOptions, securedSandbox } from './support/secured-sandbox.ts'

const desk = new Desk()
const tls = mutualTls()
const secure = securedOptions(desk, tls)
let running: RunningSandbox

beforeAll(async () => {
  running = await securedSandbox(desk, tls)
})
afterAll(async () => {
  await running.stop()
})

const admin = (address = participant(running, 0).adminApi): readonly string[] => [
  '--admin-api',
  address,
  ...secure,
]

const relays: Relay[] = []
afterEach(() => {
  for (const relay of relays.splice(0)) relay.close()
})
async function relayTo(target: string): Promise<{ relay: Relay; address: string }> {
  const relay = new Relay(target)
  relays.push(relay)
  return { relay, address: await relay.listen() }
}

describe('faults on the way', { timeout: 120_000 }, () => {
  let count = 0
  async function root(): Promise<string> {
    const person = await desk.person(`fault${++count}`)
    const file = desk.file(`fault${count}.json`)
    await done(
      ...['build', 'root-delegation', '--namespace-key', person.publicKey, '-o', file],
      ...['--synchronizer', running.synchronizer],
    )
    return await desk.sign(file, person)
  }

  test('a connection that is cut again and again while one waits is waited out', async () => {
    const { relay, address } = await relayTo(participant(running, 0).adminApi)
    const file = await root()
    const watching = online(
      'watch',
      file,
      ...admin(address),
      '--timeout',
      '1',
      '--wait-timeout',
      '60',
      '--json',
    )
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 700))
      relay.cut()
      await new Promise((resolve) => setTimeout(resolve, 700))
      relay.mend()
    }
    await done('submit', file, ...admin())
    const run = await watching
    expect(run.status, run.stdout + run.stderr).toBe(0)
    expect(run.json).toMatchObject({ transactions: [{ standing: 'effective' }] })
  })

  test('a submission that breaks off is repeated without harm', async () => {
    const { relay, address } = await relayTo(participant(running, 0).adminApi)
    const file = await root()
    relay.cut()
    expect(await refused(7, 'submit', file, ...admin(address), '--timeout', '1')).toBe(
      'connection-failed',
    )
    relay.mend()
    const first = await done('submit', file, ...admin(address), '--wait', '--json')
    expect(first.json).toMatchObject({ sent: 1 })
    const again = await done('submit', file, ...admin(address), '--wait', '--json')
    expect(again.json).toMatchObject({ sent: 0, transactions: [{ standing: 'effective' }] })
  })

  test.each([
    [
      'without a client certificate',
      ['--tls-ca', tls.authority.cert],
      ['tls-failed', 'connection-failed'],
    ],
    ['without TLS', ['--plaintext'], ['connection-failed', 'deadline-exceeded']],
    ['with a token that may only read', ['token:look'], ['ledger-forbidden']],
    ['with a token that nobody gave', ['token:other'], ['ledger-unauthenticated']],
  ] as const)('%s nothing is submitted', async (_what, more, codes) => {
    const file = await root()
    const [first = ''] = more
    const options = first.startsWith('token:')
      ? [...secure.slice(0, 6), '--token-file', desk.file(first)]
      : more
    if (first.startsWith('token:')) writeFileSync(desk.file(first), first.slice('token:'.length))
    const code = await refused(
      7,
      ...['submit', file, '--admin-api', participant(running, 0).adminApi, ...options],
      ...['--timeout', '3'],
    )
    expect(codes).toContain(code)
  })
})

/** A sandbox on ports that are known beforehand, so that it can come back. */
async function sandboxAt(stateFile: string, port: number): Promise<RunningSandbox> {
  return await sandbox({ participants: 1, stateFile, port })
}

describe('a participant that restarts', { timeout: 120_000 }, () => {
  test('while one waits is waited for, and what it had taken in is there', async () => {
    const stateFile = desk.file('state')
    let port = 0
    let first: RunningSandbox | undefined
    for (let i = 0; first === undefined && i < 20; i++) {
      port = 20_000 + Math.floor(Math.random() * 20_000)
      first = await sandboxAt(stateFile, port).catch(() => undefined)
    }
    if (first === undefined) throw new Error('no ports are free')
    const { synchronizer } = first
    const { adminApi, participant: uid } = participant(first, 0)
    const person = await desk.person('restart')
    const file = desk.file('restart.json')
    await done(
      ...['build', 'external-party', '--party', 'restart', '--namespace-key', person.publicKey],
      ...['--host', `${uid}=confirmation`, '--synchronizer', synchronizer, '-o', file],
    )
    const signed = await desk.sign(file, person)
    const waiting = online(
      ...['submit', signed, '--admin-api', adminApi, '--wait', '--wait-timeout', '60', '--json'],
    )
    let hash: string | undefined
    await expect
      .poll(
        async () => {
          const { json } = await done('proposals', '--admin-api', adminApi, '--json')
          hash = (json as { proposals: { hash: string }[] }).proposals[0]?.hash
          return hash
        },
        { timeout: 20_000 },
      )
      .toBeDefined()
    await first.stop()
    const second = await sandboxAt(stateFile, port)
    try {
      await authorize(participant(second, 0), synchronizer, hash ?? '')
      const run = await waiting
      expect(run.status, run.stdout + run.stderr).toBe(0)
      expect(run.json).toMatchObject({ transactions: [{ hash, standing: 'effective' }] })
    } finally {
      await second.stop()
    }
  })
})
