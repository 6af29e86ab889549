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

async function through(
  alter: (message: Buffer) => Buffer,
  altered = '/ListAllV2',
): Promise<readonly string[]> {
  const proxy = await lossyProxy(participant(running, 0).adminApi, (call) =>
    call.includes(altered) ? { $case: 'alter', alter } : undefined,
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

describe('a name that is text of another kind', { timeout: 60_000 }, () => {
  const calls = [
    ['of the participant', '/GetId', () => uid(0)],
    ['of its synchronizer', '/ListAvailableStores', () => running.synchronizer],
  ] as const
  const commands = [
    ['fetch', '--in-force', '--party', 'PARTY', '-o', 'FILE'],
    ['state', 'export', '--party', 'PARTY', '-o', 'FILE'],
    ['proposals'],
  ] as const
  test.each(calls.flatMap((call) => commands.map((words) => [...call, words] as const)))(
    '%s, is not taken over (%s)',
    async (_what, call, name, words) => {
      const file = desk.file(`name${(files += 1)}`)
      const lie = ', as five others vouch for it'
      const api = await through(
        (message) => replaced(message, name(), `${name().slice(0, -lie.length)}${lie}`),
        call,
      )
      const args = words.map((word) => (word === 'PARTY' ? party : word === 'FILE' ? file : word))
      expect(await refused(7, ...args, ...api)).toBe('response-malformed')
      expect(existsSync(file)).toBe(false)
    },
  )
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

/** A proposal that nobody completed, and a participant that calls it in force. */
interface Hasty {
  readonly signed: string
  /** The options that name it. */
  readonly named: readonly string[]
  /** What the first answer about it said is said again and again. */
  readonly api: () => Promise<readonly string[]>
}

type Alteration = (message: Buffer, proposal: Buffer, isAboutIt: boolean) => Buffer

/** Fields that come again are merged: both lists are one. */
const beside: Alteration = (message, proposal) => Buffer.concat([message, proposal])

/** Of what was before there is nothing. */
const instead: Alteration = (message, proposal, isAboutIt) => (isAboutIt ? proposal : message)

function hasty(signed: string, about: string, named: readonly string[], alter: Alteration): Hasty {
  const api = async (): Promise<readonly string[]> => {
    let proposal: Buffer | undefined
    const options = await through((message) => {
      const isAboutIt = message.includes(about)
      if (isAboutIt) proposal ??= message
      return proposal === undefined ? message : alter(message, proposal, isAboutIt)
    })
    await done('proposals', ...named.slice(0, 2), ...options)
    return options
  }
  return { signed, named, api }
}

const honest = (): readonly string[] => ['--admin-api', participant(running, 0).adminApi]
const onSandbox = (): readonly string[] => ['--synchronizer', running.synchronizer]

/** A party whose host has not signed. */
async function hastyParty(): Promise<Hasty> {
  const of = `carol::${alice.fingerprint}`
  const file = desk.file(`carol${(files += 1)}`)
  await done(
    ...['build', 'external-party', '--party', 'carol', '--namespace-key', alice.publicKey],
    ...['--host', `${uid(0)}=confirmation`, ...onSandbox(), '-o', file],
  )
  const signed = await desk.sign(file, alice)
  await done('submit', signed, ...honest())
  return hasty(signed, of, ['--party', of], beside)
}

/** Another transaction for the same party and serial, which is told to be taken. */
async function rivalOfParty(): Promise<string> {
  const file = desk.file(`rival${(files += 1)}`)
  await done(
    ...['build', 'external-party', '--party', 'carol', '--namespace-key', alice.publicKey],
    ...['--host', `${uid(1)}=confirmation`, ...onSandbox(), '-o', file],
  )
  return await desk.sign(file, alice)
}

/** A change of a namespace that one of two owners has signed, with all before it held back. */
async function hastyNamespace(): Promise<Hasty> {
  const owners: Person[] = []
  for (const name of ['olga', 'oskar', 'otto']) {
    const owner = await desk.person(name)
    const root = desk.file(`${name}.root`)
    await done(
      ...['build', 'root-delegation', '--namespace-key', owner.publicKey, '-o', root],
      ...onSandbox(),
    )
    await done('submit', await desk.sign(root, owner), ...honest(), '--wait')
    owners.push(owner)
  }
  const [first] = owners
  if (first === undefined) throw new Error('nobody owns it')
  const named = owners.flatMap(({ fingerprint }) => ['--owner', fingerprint])
  let founding = desk.file('founding')
  await done(
    ...['build', 'decentralized-namespace', '--threshold', '2', '-o', founding],
    ...[...named, ...onSandbox()],
  )
  for (const owner of owners) founding = await desk.sign(founding, owner)
  await done('submit', founding, ...honest(), '--wait')
  const { json } = await done('namespace', 'decentralized', '--json', ...named)
  const { namespace } = json as { namespace: string }
  const options = ['--namespace', namespace, '--mapping', 'decentralized-namespace-definition']
  const [before, change, full] = [desk.file('before'), desk.file('change'), desk.file('full')]
  await done('fetch', '--in-force', ...options, ...honest(), '-o', before)
  await done(
    ...['build', 'decentralized-namespace', '--threshold', '3', '-o', change],
    ...['--previous', before, ...onSandbox()],
  )
  await done('fetch', '--package', change, ...honest(), '-o', full)
  const signed = await desk.sign(full, first)
  await done('submit', signed, ...honest())
  return hasty(signed, namespace, options, instead)
}

describe.each([
  ['a proposal that is called in force', hastyParty, 'incomplete'],
  ['one for which what was before it is held back', hastyNamespace, 'unknown'],
] as const)('%s', { timeout: 60_000 }, (_what, make, authorization) => {
  let lie: Hasty
  beforeAll(async () => {
    lie = await make()
  }, 60_000)

  test.each([
    ['submit', '--wait', '--wait-timeout', '2'],
    ['submit'],
    ['watch', '--wait-timeout', '2'],
  ])('is not believed by %s', async (command, ...more) => {
    const run = await online(command, lie.signed, ...more, '--json', ...(await lie.api()))
    expect(run.status, run.stdout).toBe(6)
    const { transactions } = run.json as { transactions: readonly object[] }
    expect(transactions).toMatchObject([{ standing: 'effective', proved: false, authorization }])
  })

  test('is told as what it is', async () => {
    const run = await online('watch', lie.signed, '--wait-timeout', '2', ...(await lie.api()))
    expect(run.status).toBe(6)
    expect(run.stdout).toContain('so says the participant')
  })

  test('is fetched with a warning', async () => {
    const args = ['fetch', '--in-force', ...lie.named, '-o', desk.file(`lie${(files += 1)}.cert`)]
    const run = await done(...args, '--quiet', ...(await lie.api()))
    expect(run.stderr).toContain('does not prove')
  })
})

describe('a proposal that is said to have come first', { timeout: 60_000 }, () => {
  test.each([['submit'], ['watch', '--wait-timeout', '2']])(
    'is told by %s as what the participant says',
    async (command, ...more) => {
      const { api } = await hastyParty()
      const run = await online(command, await rivalOfParty(), ...more, '--json', ...(await api()))
      expect(run.status, run.stdout).toBe(7)
      const { error } = run.json as { error: { code: string; message: string; hint: string } }
      expect(error.code).toBe('serial-taken')
      expect(error.message).toContain('so says the participant')
      expect(error.hint).toContain('another participant')
    },
  )
})
