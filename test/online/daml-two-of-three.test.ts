/**
 * A party that three companies own and for which two of three keys sign: prepared by a participant,
 * signed in a directory for each company, brought together, executed.
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { online } from './support/cli.ts'
import { decentralizedParty } from './support/decentralized-party.ts'
import { Desk, done, participant, refused, type Person } from './support/rehearsal.ts'
import { sandboxProcess, type SandboxProcess } from './support/sandbox-process.ts'

const COMPANIES = ['one', 'two', 'three'] as const

let running: SandboxProcess
const desk = new Desk()
let party = ''
const keys: Person[] = []

const ledger = (): readonly string[] => ['--ledger-api', participant(running, 0).ledgerApi]
const json = (): readonly string[] => ['--json-api', participant(running, 0).jsonApi]
const admin = (): readonly string[] => ['--admin-api', participant(running, 0).adminApi]

/** The party is set up over the Ledger API; every company signs with its root key and its own key. */
beforeAll(async () => {
  running = await sandboxProcess('--effect-delay', '50')
  const owners: Person[] = []
  for (const name of COMPANIES) {
    owners.push(await desk.person(`${name}.root`))
    keys.push(await desk.person(`${name}.party`, name === 'two' ? 'p256' : 'ed25519'))
  }
  const made = await decentralizedParty(desk, {
    name: 'treasury',
    owners,
    threshold: 2,
    keys,
    keyThreshold: 2,
    hosts: [participant(running, 0).participant],
    synchronizer: running.synchronizer,
  })
  party = made.party
  await done('party', 'allocate', made.file, ...ledger(), '--wait', '--wait-timeout', '30')
}, 180_000)
afterAll(async () => {
  await running.stop()
})

interface Verification {
  readonly authorization: readonly {
    readonly status: string
    readonly signed: readonly string[]
    readonly missing: readonly { readonly need: number; readonly anyOf: readonly string[] }[]
  }[]
}

describe.each([
  ['gRPC', ledger],
  ['JSON', json],
] as const)('two of three, executed over %s', (transport, connection) => {
  /** The directory of a company on a machine without a network, with the package in it. */
  const directory = (company: string): string => desk.file(`${transport}.${company}`)
  const prepared = desk.file(`${transport}.prepared.json`)

  test('the participant prepares, and the package gets the state that says whose keys count', async () => {
    const command = desk.file(`${transport}.command.json`)
    writeFileSync(
      command,
      JSON.stringify({
        CreateCommand: {
          templateId: '#cantosign-sandbox:Main:Note',
          createArguments: { owner: party },
        },
      }),
    )
    const bare = desk.file(`${transport}.bare.json`)
    await done('transaction', 'prepare', command, '--act-as', party, ...json(), '-o', bare)
    await done('fetch', '--package', bare, ...admin(), '-o', prepared)
    const { status, json: verified } = await online('verify', prepared, '--json')
    expect(status).toBe(6)
    const [entry] = (verified as Verification).authorization
    expect(entry?.signed).toEqual([])
    expect(entry?.missing).toMatchObject([{ need: 2, of: 2 }])
    expect([...(entry?.missing[0]?.anyOf ?? [])].sort()).toEqual(
      keys.map(({ fingerprint }) => fingerprint).sort(),
    )
  })

  test('each company signs a copy of its own; one is not enough', async () => {
    for (const [i, company] of COMPANIES.entries()) {
      mkdirSync(directory(company))
      const own = join(directory(company), 'in.json')
      copyFileSync(prepared, own)
      const key = keys[i]?.key ?? ''
      const out = join(directory(company), 'out.json')
      await done('sign', own, '--key', key, '--yes', '-o', out)
      const { status, json: verified } = await online('verify', out, '--json')
      expect(status).toBe(6)
      const [entry] = (verified as Verification).authorization
      expect(entry?.signed).toEqual([keys[i]?.fingerprint])
      expect(entry?.missing).toMatchObject([{ need: 1 }])
      expect(await refused(6, 'transaction', 'execute', out, ...connection())).toBe(
        'signatures-missing',
      )
    }
  })

  test('two brought together are executed, and once only', async () => {
    const [first, , third] = COMPANIES
    const both = desk.file(`${transport}.both.json`)
    const copies = [first, third].map((company) => join(directory(company), 'out.json'))
    await done('combine', ...copies, '-o', both)
    const { json: verified } = await done('verify', both, '--json')
    expect((verified as Verification).authorization).toMatchObject([
      { status: 'authorized', missing: [] },
    ])
    const run = async () =>
      await done(
        ...['transaction', 'execute', both, ...connection(), '--wait', '--wait-timeout', '20'],
        '--json',
      )
    const outcome = ({ json: said }: Awaited<ReturnType<typeof run>>) =>
      (said as { transactions: { handedIn: string; updateId: string }[] }).transactions[0]
    const now = outcome(await run())
    expect(now?.handedIn).toBe('now')
    expect(now?.updateId).toMatch(/./)
    expect(outcome(await run())).toMatchObject({ handedIn: 'earlier', updateId: now?.updateId })
  })
})
