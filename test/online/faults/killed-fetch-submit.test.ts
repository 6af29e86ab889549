/** `fetch` and `submit` killed at system calls, then run again: nothing half, nothing twice. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listTopology } from '../../../src/online/topology-query.ts'
import type { RunningSandbox } from '../../../src/sandbox/server/start.ts'
import { hashOf } from '../../../src/online/gather.ts'
import { place } from '../support/cli.ts'
import { Desk, done, participant, sandbox, type Person } from '../support/rehearsal.ts'
import { withAdminApi } from '../support/replication.ts'
import { countCalls, EVERYWHERE, hasStrace, killedAt, killPoints } from '../support/strace.ts'

const TIMEOUT = EVERYWHERE ? 60 * 60_000 : 180_000

let running: RunningSandbox
const desk = new Desk()
let parties = 0
let alice: Person

beforeAll(async () => {
  running = await sandbox()
  alice = await desk.person('alice')
}, 60_000)
afterAll(async () => {
  await running.stop()
})

const admin = (): readonly string[] => ['--admin-api', participant(running, 0).adminApi]

/** A package of a new party that it has signed, and its host has not. */
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

/** Hashes of everything that the store has about a party, with the number of signatures. */
async function storedOf(party: string): Promise<readonly (readonly [string, number])[]> {
  return await withAdminApi(running, 0, async (api) => {
    const query = {
      store: {
        store: {
          $case: 'synchronizer',
          value: { kind: { $case: 'physicalId', value: running.physicalSynchronizer } },
        },
      },
      mappings: ['partyToParticipant'],
      namespace: alice.fingerprint,
      time: 'history',
    } as const
    const records = [
      ...(await listTopology(api, { ...query, proposals: true })),
      ...(await listTopology(api, { ...query, proposals: false })),
    ]
    return records.flatMap((record) => {
      const mapping = record.signed.transaction.value?.mapping?.mapping
      const isOfParty = mapping?.$case === 'partyToParticipant' && mapping.value.party === party
      return isOfParty ? [[hashOf(record), record.signed.signatures.length] as const] : []
    })
  })
}

/** Files of a directory that are not left behind by a process that was killed. */
const named = (directory: string): readonly string[] =>
  readdirSync(directory).filter((name) => !/^\.cantosign-.*\.tmp$/.test(name))

describe.skipIf(!hasStrace)('killed at a call', { timeout: TIMEOUT }, () => {
  test('fetch leaves the whole package or none, and is repeated', async () => {
    const { file, party } = await signedPackage()
    await done('submit', file, ...admin())
    const command = (output: string): readonly string[] => [
      ...['fetch', '--party', party, ...admin(), '-o', output],
    ]
    const reference = `${place()}/package`
    const { run, counts } = await countCalls(command(reference))
    expect(run.status, run.stderr).toBe(0)
    expect([...counts.keys()]).toEqual(expect.arrayContaining(['connect', 'fsync', 'link']))
    const contentOf = (path: string): unknown => {
      // When the state was fetched stands in it.
      const text = readFileSync(path, 'utf8').replace(/"at": "[^"]*"/g, '"at": ""')
      return JSON.parse(text) as unknown
    }
    const points = killPoints(counts, { write: 3, writev: 2, fsync: 2, link: 1, unlink: 1 })
    let kills = 0
    for (const point of points) {
      const directory = place()
      const output = `${directory}/package`
      const { signal } = await killedAt(point, command(output))
      if (signal === 'SIGKILL') kills += 1
      if (existsSync(output)) expect(contentOf(output)).toEqual(contentOf(reference))
      else await done(...command(output))
      expect(named(directory)).toEqual(['package'])
      expect(contentOf(output)).toEqual(contentOf(reference))
    }
    // A run may make a call less than the one that was counted.
    expect(kills).toBeGreaterThan(points.length / 2)
  })

  test('submit hands in once, whatever came before', async () => {
    const first = await signedPackage()
    const command = (file: string): readonly string[] => ['submit', file, ...admin()]
    const { run, counts } = await countCalls(command(first.file))
    expect(run.status, run.stderr).toBe(0)
    const reference = await storedOf(first.party)
    expect(reference).toHaveLength(1)
    const points = killPoints(counts, { write: 4, writev: 2, connect: 1 })
    let early = 0
    let kills = 0
    for (const point of points) {
      const { file, party } = await signedPackage()
      const { signal } = await killedAt(point, command(file))
      if (signal === 'SIGKILL') kills += 1
      const between = await storedOf(party)
      expect(between.length).toBeLessThanOrEqual(1)
      if (between.length === 0) early += 1
      await done(...command(file))
      const after = await storedOf(party)
      expect(after.map(([, signatures]) => signatures)).toEqual([1])
      if (between.length === 1) expect(after).toEqual(between)
    }
    expect(kills).toBeGreaterThan(points.length / 2)
    // They were not all after the fact.
    expect(early).toBeGreaterThan(0)
  })
})
