/** A participant that gives out topology which nobody signed. */
import { existsSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { RunningSandbox } from '../../src/sandbox/server/start.ts'
import { online } from './support/cli.ts'
import { lossyProxy, type LossyProxy } from './support/lossy-proxy.ts'
import { Desk, done, participant, refused, sandbox, type Person } from './support/rehearsal.ts'

let running: RunningSandbox
const desk = new Desk()
let alice: Person
let party = ''
let onboarding = ''
let files = 0
const proxies: LossyProxy[] = []

const uid = (index: number): string => participant(running, index).participant
const fingerprintOf = (id: string): string => id.slice(id.lastIndexOf('::') + 2)

beforeAll(async () => {
  running = await sandbox()
  alice = await desk.person('alice')
  party = `alice::${alice.fingerprint}`
  const api = ['--json-api', participant(running, 0).jsonApi]
  const file = desk.file('onboarding')
  await done(
    ...['party', 'generate', '--hint', 'alice', '--public-key', alice.publicKey],
    ...['-o', file, ...api],
  )
  onboarding = await desk.sign(file, alice)
  await done('party', 'allocate', onboarding, '--wait', ...api)
}, 60_000)
afterEach(async () => {
  for (const proxy of proxies.splice(0)) await proxy.stop()
})
afterAll(async () => {
  await running.stop()
})

/** Every place of a text, replaced by one of the same length. */
function replaced(message: Buffer, from: string, to: string): Buffer {
  expect(to).toHaveLength(from.length)
  return Buffer.from(message.toString('latin1').replaceAll(from, to), 'latin1')
}

async function through(alter: (message: Buffer) => Buffer): Promise<readonly string[]> {
  const proxy = await lossyProxy(participant(running, 0).adminApi, (call) =>
    call.includes('/ListAllV2') ? { $case: 'alter', alter } : undefined,
  )
  proxies.push(proxy)
  return ['--admin-api', proxy.address]
}

const lies = [
  ['another host', (message: Buffer) => replaced(message, uid(0), uid(1))],
  [
    'signers whom nobody knows',
    (message: Buffer) =>
      [alice.fingerprint, fingerprintOf(uid(0))].reduce(
        // Field 3 of a signature, 68 bytes long: who made it.
        (now, one) => replaced(now, `\x1aD${one}`, `\x1aD1220${'ab'.repeat(32)}`),
        message,
      ),
  ],
] as const

describe('what is in force', { timeout: 60_000 }, () => {
  test('is said to be proved where it is', async () => {
    const { json } = await done(
      ...['fetch', '--in-force', '--party', party, '--admin-api'],
      ...[participant(running, 0).adminApi, '-o', desk.file('true.cert'), '--json'],
    )
    expect(json).toMatchObject({ serial: 1, proved: true })
  })

  test.each(lies)('with %s is not written', async (_what, alter) => {
    const file = desk.file(`lie${(files += 1)}.cert`)
    const code = await refused(
      ...([4, 'fetch', '--in-force', '--party', party, '-o', file] as const),
      ...(await through(alter)),
    )
    expect(code).toBe('state-invalid')
    expect(existsSync(file)).toBe(false)
  })
})

describe('state with another host', { timeout: 60_000 }, () => {
  const [, alter] = lies[0]

  test('is not added to a package', async () => {
    const file = desk.file(`lie${(files += 1)}.json`)
    const args = ['fetch', '--package', onboarding, '-o', file]
    expect(await refused(4, ...args, ...(await through(alter)))).toBe('state-invalid')
    expect(existsSync(file)).toBe(false)
  })

  test.each(['submit', 'watch'])('ends %s', async (command) => {
    const args = [command, onboarding, ...(await through(alter))]
    expect(await refused(4, ...args)).toBe('state-invalid')
  })
})

describe('a proposal that is called in force', { timeout: 60_000 }, () => {
  let signed = ''
  let of = ''
  beforeAll(async () => {
    of = `carol::${alice.fingerprint}`
    const file = desk.file('carol')
    await done(
      ...['build', 'external-party', '--party', 'carol', '--namespace-key', alice.publicKey],
      ...['--host', `${uid(0)}=confirmation`, '--synchronizer', running.synchronizer, '-o', file],
    )
    signed = await desk.sign(file, alice)
    await done('submit', signed, '--admin-api', participant(running, 0).adminApi)
  })

  /** What was a proposal in one answer is in every later one. */
  async function hasty(): Promise<readonly string[]> {
    let proposal: Buffer | undefined
    const api = await through((message) => {
      if (message.includes(of)) proposal = message
      // Fields that come again are merged: both lists are one.
      return Buffer.concat(proposal === undefined ? [message] : [message, proposal])
    })
    await done('proposals', '--party', of, ...api)
    return api
  }

  test.each([
    ['submit', '--wait', '--wait-timeout', '2'],
    ['submit'],
    ['watch', '--wait-timeout', '2'],
  ])('is not believed by %s', async (command, ...more) => {
    const run = await online(command, signed, ...more, '--json', ...(await hasty()))
    expect(run.status, run.stdout).toBe(6)
    const { transactions } = run.json as { transactions: readonly object[] }
    expect(transactions).toMatchObject([
      { standing: 'effective', proved: false, authorization: 'incomplete' },
    ])
  })

  test('is told as what it is', async () => {
    const run = await online('watch', signed, '--wait-timeout', '2', ...(await hasty()))
    expect(run.status).toBe(6)
    expect(run.stdout).toContain('so says the participant')
    expect(run.stdout).toContain('missing')
  })

  test('is fetched with a warning', async () => {
    const args = ['fetch', '--in-force', '--party', of, '-o', desk.file('hasty.cert')]
    const run = await done(...args, '--quiet', ...(await hasty()))
    expect(run.stderr).toContain('does not prove')
  })
})

describe(
  'a proposal that is called in force, and what was before it held back',
  {
    timeout: 60_000,
  },
  () => {
    const owners: Person[] = []
    let signed = ''
    let namespace = ''
    beforeAll(async () => {
      const api = ['--admin-api', participant(running, 0).adminApi]
      const on = ['--synchronizer', running.synchronizer]
      for (const name of ['olga', 'oskar', 'otto']) owners.push(await desk.person(name))
      for (const owner of owners) {
        const root = desk.file(`root${(files += 1)}`)
        await done(
          ...['build', 'root-delegation', '--namespace-key', owner.publicKey, '-o', root, ...on],
        )
        await done('submit', await desk.sign(root, owner), ...api, '--wait')
      }
      let founding = desk.file('founding')
      const named = owners.flatMap(({ fingerprint }) => ['--owner', fingerprint])
      await done(
        ...[
          'build',
          'decentralized-namespace',
          '--threshold',
          '2',
          '-o',
          founding,
          ...named,
          ...on,
        ],
      )
      for (const owner of owners) founding = await desk.sign(founding, owner)
      await done('submit', founding, ...api, '--wait')
      const { json } = await done('namespace', 'decentralized', '--json', ...named)
      namespace = (json as { namespace: string }).namespace
      const [before, change, full] = ['before', 'change', 'full'].map((name) => desk.file(name))
      if (before === undefined || change === undefined || full === undefined) throw new Error()
      await done(
        ...['fetch', '--in-force', '--namespace', namespace, ...api, '-o', before],
        ...['--mapping', 'decentralized-namespace-definition'],
      )
      await done(
        ...['build', 'decentralized-namespace', '--threshold', '3', '-o', change, ...on],
        ...['--previous', before],
      )
      await done('fetch', '--package', change, ...api, '-o', full)
      const [first] = owners
      if (first === undefined) throw new Error('nobody owns it')
      signed = await desk.sign(full, first)
      await done('submit', signed, ...api)
    }, 60_000)

    /** Whatever is asked about the namespace, the answer is the proposal. */
    async function hiding(): Promise<readonly string[]> {
      let proposal: Buffer | undefined
      const api = await through((message) =>
        message.includes(namespace) ? (proposal ??= message) : message,
      )
      await done('proposals', '--namespace', namespace, ...api)
      return api
    }

    test.each([
      ['submit', '--wait', '--wait-timeout', '2'],
      ['submit'],
      ['watch', '--wait-timeout', '2'],
    ])('is not believed by %s', async (command, ...more) => {
      const run = await online(command, signed, ...more, '--json', ...(await hiding()))
      expect(run.status, run.stdout).toBe(6)
      const { transactions } = run.json as { transactions: readonly object[] }
      expect(transactions).toMatchObject([
        { standing: 'effective', proved: false, authorization: 'unknown' },
      ])
    })
  },
)
