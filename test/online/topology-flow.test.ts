/** From a package built offline to a party in force: fetch, sign, submit, watch, over real sockets. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunningSandbox } from '../../src/sandbox/server/start.ts'
import { online } from './support/cli.ts'
import {
  authorize,
  Desk,
  done,
  participant,
  refused,
  sandbox,
  type Person,
} from './support/rehearsal.ts'

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

const admin = (index = 0): readonly string[] => [
  '--admin-api',
  participant(running, index).adminApi,
]

interface Standing {
  readonly hash: string
  readonly standing: string
  readonly authorization: string
  readonly missing: readonly { readonly namespace?: string; readonly key?: string }[]
}
interface Submitted {
  readonly sent: number
  readonly transactions: readonly Standing[]
}

const uid = (index: number): string => participant(running, index).participant

async function externalParty(name: string, person: Person): Promise<string> {
  const file = desk.file(`${name}.cantosign.json`)
  await done(
    ...['build', 'external-party', '--party', name, '--namespace-key', person.publicKey],
    ...['--host', `${uid(0)}=confirmation`],
    ...['--synchronizer', running.synchronizer, '-o', file],
  )
  return file
}

describe('a party with one host', { timeout: 60_000 }, () => {
  let file = ''
  let signed = ''
  let hash = ''

  test('is not handed in before anybody signed', async () => {
    file = await externalParty('alice', alice)
    expect(await refused(6, 'submit', file, ...admin())).toBe('signatures-missing')
  })

  test('is handed in as a proposal, and what is missing is named', async () => {
    signed = await desk.sign(file, alice)
    const { json } = await done('submit', signed, ...admin(), '--json')
    const { sent, transactions } = json as Submitted
    expect(sent).toBe(1)
    expect(transactions[0]).toMatchObject({ standing: 'pending', authorization: 'incomplete' })
    expect(transactions[0]?.missing.map((one) => one.namespace)).toEqual([uid(0).split('::')[1]])
    hash = transactions[0]?.hash ?? ''
  })

  test('handing it in again is harmless, and sends nothing', async () => {
    const { json } = await done('submit', signed, ...admin(), '--json')
    expect(json).toMatchObject({ sent: 0, transactions: [{ standing: 'pending' }] })
  })

  test('is listed among the proposals, marked for who has to sign', async () => {
    const namespace = uid(0).split('::')[1] ?? ''
    const { json } = await done('proposals', ...admin(), '--mine', namespace, '--json')
    const { proposals } = json as { proposals: { hash: string; mine: string[]; status: string }[] }
    expect(proposals).toMatchObject([{ hash, mine: [namespace], status: 'incomplete' }])
    const text = await done('proposals', ...admin(), '--mine', namespace)
    expect(text.stdout).toContain(`WAITS FOR YOU: ${namespace}`)
  })

  test('is fetched with all that judges it', async () => {
    const fetched = desk.file('fetched.cantosign.json')
    const { json } = await done('fetch', hash, ...admin(), '-o', fetched, '--json')
    expect(json).toMatchObject({
      state: { from: expect.stringContaining(uid(0)) as string },
      transactions: [{ hash, status: 'incomplete' }],
    })
    const verified = await online('verify', fetched, '--json')
    expect(verified.status).toBe(6)
    expect(verified.json).toMatchObject({ authorization: [{ hash, status: 'incomplete' }] })
  })

  test('that is still incomplete is waited for in vain', async () => {
    const run = await online('watch', signed, ...admin(), '--wait-timeout', '0.5', '--json')
    expect(run.status).toBe(6)
    expect(run.json).toMatchObject({ transactions: [{ standing: 'pending' }] })
  })

  test('is shown at once to whoever watches, with who is missing', async () => {
    const run = await online('watch', signed, ...admin(), '--wait-timeout', '0.5')
    expect(run.stderr).toMatch(/waits for signatures.*missing\s+the namespace/s)
  })

  test('takes effect when the host has signed, while one watches', async () => {
    const watching = online('watch', signed, ...admin(), '--wait-timeout', '30', '--json')
    await authorize(participant(running, 0), running.synchronizer, hash)
    const run = await watching
    expect(run.status, run.stdout + run.stderr).toBe(0)
    expect(run.json).toMatchObject({ transactions: [{ hash, standing: 'effective' }] })
  })

  test('in force is handed in again without harm', async () => {
    const { json } = await done('submit', signed, ...admin(), '--wait', '--json')
    expect(json).toMatchObject({ sent: 0, transactions: [{ standing: 'effective' }] })
  })

  test('is fetched as what is in force, and a change of it is built, signed and waited for', async () => {
    const before = desk.file('alice.cert')
    const party = `alice::${alice.fingerprint}`
    await done('fetch', '--in-force', '--party', party, ...admin(1), '-o', before)
    const change = desk.file('change.cantosign.json')
    await done(
      ...['build', 'hosting', '--previous', before, '--add-host', `${uid(1)}=observation`],
      ...['--synchronizer', running.synchronizer, '-o', change],
    )
    const withState = desk.file('change-state.cantosign.json')
    await done('fetch', '--package', change, ...admin(), '-o', withState)
    const ready = await desk.sign(withState, alice)
    const waiting = online('submit', ready, ...admin(), '--wait', '--wait-timeout', '30', '--json')
    let pending: string | undefined
    await expect
      .poll(async () => {
        const { json } = await done('proposals', '--party', party, ...admin(1), '--json')
        pending = (json as { proposals: { hash: string }[] }).proposals[0]?.hash
        return pending
      })
      .toBeDefined()
    await authorize(participant(running, 1), running.synchronizer, pending ?? '')
    const run = await waiting
    expect(run.status, run.stdout + run.stderr).toBe(0)
    expect(run.json).toMatchObject({ sent: 1, transactions: [{ standing: 'effective' }] })
  })

  test('whose serial is taken by another is refused', async () => {
    expect(await refused(7, 'submit', signed, ...admin())).toBe('serial-taken')
    const run = await online('watch', signed, ...admin(), '--json')
    expect(run.status).toBe(7)
    expect(run.json).toMatchObject({ error: { code: 'serial-taken', details: { proved: true } } })
  })
})

describe('what would be refused is refused here', { timeout: 60_000 }, () => {
  let count = 0

  test('a signature that does not verify', async () => {
    const bob = await desk.person('bob')
    const file = await desk.sign(await externalParty('bob', bob), bob)
    const { readFileSync, writeFileSync } = await import('node:fs')
    const content = JSON.parse(readFileSync(file, 'utf8')) as {
      transactions: { signatures: { signature: string }[] }[]
    }
    const [signature] = content.transactions[0]?.signatures ?? []
    if (signature === undefined) throw new Error('there is no signature')
    const bytes = Buffer.from(signature.signature, 'base64')
    bytes.writeUInt8(bytes.readUInt8(3) ^ 1, 3)
    signature.signature = bytes.toString('base64')
    const damaged = desk.file('damaged.cantosign.json')
    writeFileSync(damaged, JSON.stringify(content))
    expect(await refused(4, 'submit', damaged, ...admin())).toBe('signature-invalid')
  })

  test.each([
    [
      'an unknown synchronizer',
      ['--synchronizer', `other::1220${'ab'.repeat(32)}`],
      7,
      'synchronizer-unknown',
    ],
    ['a number of seconds that is none', ['--wait', '--wait-timeout', 'soon'], 2, 'usage'],
    ['a timeout without --wait', ['--wait-timeout', '3'], 2, 'usage'],
  ] as const)('%s', async (_what, more, status, code) => {
    const file = await externalParty(`carol${++count}`, alice)
    expect(await refused(status, 'submit', file, ...admin(), ...more)).toBe(code)
  })

  test.each([
    ['nothing to say what', ['fetch', '-o', 'x'], 'usage'],
    ['a hash that is none', ['fetch', '1220', '-o', 'x'], 'usage'],
    ['no output', ['fetch', `1220${'ab'.repeat(32)}`], 'output-missing'],
    [
      'a package and a filter',
      ['fetch', '--package', 'x', '--mapping', 'namespace-delegation', '-o', 'x'],
      'usage',
    ],
    [
      'a text for no new package',
      ['fetch', '--in-force', '--mapping', 'namespace-delegation', '--reason', 'x', '-o', 'x'],
      'usage',
    ],
    ['--mine that is no fingerprint', ['proposals', '--mine', 'x'], 'usage'],
  ])('a command with %s', async (_what, args, code) => {
    expect(await refused(2, ...args, ...admin())).toBe(code)
  })

  test('a proposal that is not there', async () => {
    const hash = `1220${'ab'.repeat(32)}`
    expect(await refused(7, 'fetch', hash, ...admin(), '-o', desk.file('none'))).toBe(
      'proposal-missing',
    )
  })
})
