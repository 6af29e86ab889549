/** Faults between the commands and a participant: what is lost, late, cut or garbled on the way. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { MAX_MESSAGE_BYTES } from '../../../src/online/connection.ts'
import type { RunningSandbox } from '../../../src/sandbox/server/start.ts'
import { online, place, type Run } from '../support/cli.ts'
import { grpcFrame, lossyProxy, type Fault, type LossyProxy } from '../support/lossy-proxy.ts'
import { Desk, done, participant, sandbox, type Person } from '../support/rehearsal.ts'
import {
  answerOf,
  beginning,
  contractsOf,
  registrationsOf,
  replicate,
  stage,
} from '../support/replication.ts'

let running: RunningSandbox
const desk = new Desk()
let alice: Person
let parties = 0
const proxies: LossyProxy[] = []

beforeAll(async () => {
  running = await sandbox()
  alice = await desk.person('alice')
}, 60_000)
afterEach(async () => {
  for (const proxy of proxies.splice(0)) await proxy.stop()
})
afterAll(async () => {
  await running.stop()
})

/** A proxy before an API of the first participant. */
async function through(
  faultOf: (call: string) => Fault | undefined,
  api: 'adminApi' | 'ledgerApi' = 'adminApi',
): Promise<LossyProxy> {
  const proxy = await lossyProxy(participant(running, 0)[api], faultOf)
  proxies.push(proxy)
  return proxy
}

/** The fault for the first so many times that a call is made. */
function first(name: string, fault: Fault, times = 1): (call: string) => Fault | undefined {
  let left = times
  return (call) => (call.endsWith(`/${name}`) && left-- > 0 ? fault : undefined)
}

async function signedPackage(): Promise<{ readonly file: string; readonly party: string }> {
  const name = `party${(parties += 1)}`
  const file = desk.file(`${name}.cantosign.json`)
  await done(
    ...['build', 'external-party', '--party', name, '--namespace-key', alice.publicKey],
    ...['--host', `${participant(running, 0).participant}=confirmation`],
    ...['--synchronizer', running.synchronizer, '-o', file],
  )
  return { file: await desk.sign(file, alice), party: `${name}::${alice.fingerprint}` }
}

const codeOf = ({ json }: Run): string => (json as { error: { code: string } }).error.code
const sentOf = ({ json }: Run): unknown => (json as { sent: unknown }).sent
const admin = (): readonly string[] => ['--admin-api', participant(running, 0).adminApi]

const EVERY = 1_000_000

describe('submit', { timeout: 60_000 }, () => {
  test('whose answer is lost once asks again, and has handed in once', async () => {
    const { file } = await signedPackage()
    const proxy = await through(first('AddTransactions', { $case: 'loseAnswer' }))
    const run = await online('submit', file, '--admin-api', proxy.address, '--json')
    expect(run.status, run.stdout).toBe(0)
    expect(proxy.calls.filter((call) => call.endsWith('/AddTransactions'))).toHaveLength(2)
    expect(sentOf(await done('submit', file, ...admin(), '--json'))).toBe(0)
  })

  test('whose answers are always lost says so, and is repeated without harm', async () => {
    const { file } = await signedPackage()
    const proxy = await through(first('AddTransactions', { $case: 'loseAnswer' }, EVERY))
    const run = await online(
      ...['submit', file, '--admin-api', proxy.address, '--timeout', '2', '--json'],
    )
    expect(run.status, run.stdout).toBe(7)
    expect(sentOf(await done('submit', file, ...admin(), '--json'))).toBe(0)
  })

  test('of which nothing arrives ends in time', async () => {
    const { file } = await signedPackage()
    const proxy = await through(first('AddTransactions', { $case: 'hang' }, EVERY))
    const run = await online(
      ...['submit', file, '--admin-api', proxy.address, '--timeout', '1', '--json'],
    )
    expect(run.status, run.stdout).toBe(7)
    expect(codeOf(run)).toBe('deadline-exceeded')
    expect(sentOf(await done('submit', file, ...admin(), '--json'))).toBe(1)
  })
})

describe('who waits', { timeout: 60_000 }, () => {
  /** What a wait for one more signature came to, when a call that is no look at the store fails once. */
  async function waited(command: readonly string[], time: number): Promise<Run> {
    const { file } = await signedPackage()
    let asked = 0
    const proxy = await through((call) =>
      call.endsWith('/GetId') && (asked += 1) === time ? { $case: 'hang' } : undefined,
    )
    const run = await online(
      ...[...command, file, '--admin-api', proxy.address, '--timeout', '1', '--json'],
      ...['--wait-timeout', '4'],
    )
    expect(asked).toBeGreaterThan(time)
    return run
  }

  test.each([
    ['watch', ['watch'], 1],
    ['submit --wait', ['submit', '--wait'], 2],
  ] as const)('with %s waits out whatever fails for a time', async (_name, command, time) => {
    const run = await waited(command, time)
    expect(run.status, run.stdout).toBe(6)
    expect(run.json).toMatchObject({ transactions: [{ authorization: 'incomplete' }] })
    expect(run.stderr).toContain('trying again')
  })
})

describe('fetch', { timeout: 60_000 }, () => {
  let party = ''
  beforeAll(async () => {
    const made = await signedPackage()
    party = made.party
    await done('submit', made.file, ...admin())
  })

  /** Fetches through a fault; gives how it ended and whether there is a file. */
  async function fetched(
    fault: Fault,
    times: number,
  ): Promise<{ readonly run: Run; readonly isWritten: boolean }> {
    const output = `${place()}/package`
    const proxy = await through(first('ListAllV2', fault, times))
    const run = await online(
      ...['fetch', '--party', party, '--admin-api', proxy.address, '-o', output],
      ...['--timeout', '2', '--json'],
    )
    return { run, isWritten: existsSync(output) }
  }

  test.each([
    ['lost', { $case: 'loseAnswer' }],
    ['cut in its head', { $case: 'cut', after: 3 }],
    ['cut in the middle', { $case: 'cut', after: 100 }],
  ] as const)('an answer that is %s once is asked for again', async (_name, fault) => {
    const { run, isWritten } = await fetched(fault, 1)
    expect(run.status, run.stdout).toBe(0)
    expect(isWritten).toBe(true)
  })

  const faults: readonly (readonly [string, Fault, string])[] = [
    ['that does not come', { $case: 'hang' }, 'deadline-exceeded'],
    ['that is always cut', { $case: 'cut', after: 100 }, 'connection-failed'],
    [
      'that is no message',
      { $case: 'replace', body: grpcFrame(Buffer.from('not protobuf')) },
      'response-malformed',
    ],
    [
      'with a result that is no topology',
      { $case: 'replace', body: grpcFrame(Buffer.from([10, 3, 10, 1, 255])) },
      'response-malformed',
    ],
    [
      'larger than is taken',
      { $case: 'replace', body: grpcFrame(Buffer.alloc(10), MAX_MESSAGE_BYTES + 1) },
      'response-too-large',
    ],
  ]
  test.each(faults)('an answer %s leaves no file', async (_name, fault, code) => {
    const { run, isWritten } = await fetched(fault, EVERY)
    expect(run.status, run.stdout).toBe(7)
    expect(codeOf(run)).toBe(code)
    expect(isWritten).toBe(false)
  })
})

test('a snapshot that breaks off leaves no file', { timeout: 60_000 }, async () => {
  const output = `${place()}/state`
  const fault = { $case: 'cut', after: 2000 } as const
  const proxy = await through((call) =>
    call.includes('/ExportTopologySnapshot') ? fault : undefined,
  )
  const run = await online(
    ...['state', 'export', '--all', '--admin-api', proxy.address, '-o', output],
    ...['--timeout', '5', '--json'],
  )
  expect(run.status, run.stdout).toBe(7)
  expect(existsSync(output)).toBe(false)
})

describe('party allocate over gRPC', { timeout: 60_000 }, () => {
  async function generated(): Promise<string> {
    const file = desk.file(`generated${(parties += 1)}`)
    await done(
      ...['party', 'generate', '--hint', `made${parties}`, '--public-key', alice.publicKey],
      ...['--ledger-api', participant(running, 0).ledgerApi],
      ...['--synchronizer', running.synchronizer, '-o', file],
    )
    return await desk.sign(file, alice, '--combined')
  }

  test('whose answer is lost is repeated without harm', async () => {
    const file = await generated()
    const fault = first('AllocateExternalParty', { $case: 'loseAnswer' }, EVERY)
    const proxy = await through(fault, 'ledgerApi')
    const lost = await online(
      ...['party', 'allocate', file, '--ledger-api', proxy.address, '--timeout', '2', '--json'],
    )
    expect(lost.status, lost.stdout).toBe(7)
    const { ledgerApi } = participant(running, 0)
    await done('party', 'allocate', file, '--ledger-api', ledgerApi, '--wait')
  })
})

test(
  'replicate goes on although every change loses its answer once',
  { timeout: 120_000 },
  async () => {
    const own = await sandbox({ clearanceDelay: 300_000n })
    try {
      const at = await stage(own)
      const changes = new Set<string>()
      const losesFirst = (call: string): Fault | undefined => {
        const name = call.slice(call.indexOf('/') + 1)
        if (/^(Get|List|Current|Sign)/.test(name) || changes.has(name)) return undefined
        changes.add(name)
        return { $case: 'loseAnswer' }
      }
      const before = readFileSync(at.config, 'utf8')
      let config = before
      for (const index of [0, 1]) {
        const { adminApi } = participant(own, index)
        const proxy = await lossyProxy(adminApi, losesFirst)
        proxies.push(proxy)
        config = config.replace(adminApi, proxy.address)
      }
      writeFileSync(at.config, config)
      const directory = at.desk.file('replication')
      const more = [...beginning(at), '--backed-up', '--timeout', '5']
      let run = await replicate(at, directory, ...more)
      let broken = 0
      let asked = 0
      for (let i = 0; i < 20 && run.status !== 0; i++) {
        if (run.status === 7) broken += 1
        else expect(run.status, run.stdout).toBe(6)
        const signed =
          answerOf(run).error?.code === 'replication-waiting'
            ? ['--signed', await at.desk.sign(`${directory}/hosting.cantosign.json`, at.alice)]
            : []
        const decided = answerOf(run).error?.code === 'replication-outcome' ? ['--imported'] : []
        if (decided.length > 0) asked += 1
        run = await replicate(at, directory, ...more, ...signed, ...decided)
      }
      expect(run.status, run.stdout).toBe(0)
      expect(broken).toBeGreaterThan(0)
      // Whether it was imported is what only the operator can say.
      expect(asked).toBe(1)
      expect([...changes].sort()).toEqual([
        'AddTransactions',
        'Authorize',
        'ClearPartyOnboardingFlag',
        'DisconnectAllSynchronizers',
        'ExportPartyAcs',
        'ImportPartyAcs',
        'ModifySynchronizer',
        'ReconnectSynchronizer',
      ])
      const carried = await contractsOf(own, 1, at.party)
      expect(carried).toEqual(await contractsOf(own, 0, at.party))
      expect(carried.length).toBeGreaterThan(0)
      expect(await registrationsOf(own, 1)).toMatchObject([
        { connected: true, manualConnect: false },
      ])
    } finally {
      await own.stop()
    }
  },
)
