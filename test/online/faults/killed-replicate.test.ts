/** `replicate` killed at system calls, then run again: it ends as if nothing had happened. */
import { copyFileSync, cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hashOf } from '../../../src/online/gather.ts'
import { listTopology } from '../../../src/online/topology-query.ts'
import { Pruning } from '../../../src/online/wire/services.ts'
import type { RunningSandbox } from '../../../src/sandbox/server/start.ts'
import { place } from '../support/cli.ts'
import { sandbox } from '../support/rehearsal.ts'
import {
  answerOf,
  beginning,
  contractsOf,
  profiles,
  registrationsOf,
  replicate,
  stage,
  stateFile,
  withAdminApi,
  type Stage,
} from '../support/replication.ts'
import { countCalls, EVERYWHERE, hasStrace, killedAt, killPoints } from '../support/strace.ts'
import type { Call, KillPoint } from '../support/strace.ts'

const TIMEOUT = EVERYWHERE ? 4 * 60 * 60_000 : 180_000

const SCHEDULE = {
  schedule: {
    cron: '0 0 20 ? * SAT',
    maxDuration: { seconds: 3600n, nanos: 0 },
    retention: { seconds: 86_400n, nanos: 0 },
  },
  pruneInternallyOnly: false,
}

/** What a run begins with: files that are copied for each. */
interface Start {
  readonly sandboxState: string
  readonly directory: string | undefined
}

let at: Stage
let begun: Start
let signedStart: Start
let signed = ''

/** The sandbox of a start, with its replication, for as long as it is used. */
async function from<T>(
  start: Start,
  use: (running: RunningSandbox, directory: string, here: Stage) => Promise<T>,
): Promise<T> {
  const desk = place()
  const state = join(desk, 'sandbox.json')
  copyFileSync(start.sandboxState, state)
  const directory = join(desk, 'replication')
  if (start.directory !== undefined) cpSync(start.directory, directory, { recursive: true })
  const running = await sandbox({ stateFile: state })
  try {
    return await use(running, directory, { ...at, config: profiles(at.desk, running) })
  } finally {
    await running.stop()
  }
}

beforeAll(async () => {
  if (!hasStrace) return
  const desk = place()
  const state = join(desk, 'sandbox.json')
  const running = await sandbox({ stateFile: state, clearanceDelay: 300_000n })
  at = await stage(running)
  await withAdminApi(running, 0, async ({ connection }) => {
    await connection.unary(
      Pruning.SetParticipantSchedule,
      { schedule: SCHEDULE },
      { effect: 'repeatable' },
    )
  })
  await running.stop()
  begun = { sandboxState: join(desk, 'begun.json'), directory: undefined }
  copyFileSync(state, begun.sandboxState)
  signedStart = await from(begun, async (again, directory, here) => {
    const run = await replicate(here, directory, ...beginning(here))
    expect(answerOf(run).error?.code, run.stdout).toBe('replication-waiting')
    signed = await at.desk.sign(join(directory, 'hosting.cantosign.json'), at.alice)
    const kept = join(desk, 'replication')
    cpSync(directory, kept, { recursive: true })
    await again.stop()
    const after = join(desk, 'signed.json')
    copyFileSync(join(directory, '..', 'sandbox.json'), after)
    return { sandboxState: after, directory: kept }
  })
}, 180_000)

afterAll(() => {
  signed = ''
})

/** Serials and hashes of every PartyToParticipant that the party ever had, proposals included. */
async function hostingsOf(
  running: RunningSandbox,
): Promise<readonly (readonly [number, string])[]> {
  return await withAdminApi(running, 0, async (api) => {
    const query = {
      store: {
        store: {
          $case: 'synchronizer',
          value: { kind: { $case: 'physicalId', value: running.physicalSynchronizer } },
        },
      },
      mappings: ['partyToParticipant'],
      namespace: at.alice.fingerprint,
      time: 'history',
    } as const
    const records = [
      ...(await listTopology(api, { ...query, proposals: true })),
      ...(await listTopology(api, { ...query, proposals: false })),
    ]
    const hashes = new Map(
      records.map((one) => [hashOf(one), one.signed.transaction.value?.serial ?? 0]),
    )
    return [...hashes].map(([hash, serial]) => [serial, hash] as const).sort(([a], [b]) => a - b)
  })
}

/** Goes on to the end, and looks at everything that a replication touches. */
async function finish(running: RunningSandbox, directory: string, here: Stage): Promise<void> {
  const begins = stateFile(directory) === undefined
  let run = await replicate(here, directory, ...(begins ? beginning(here) : []))
  if (answerOf(run).error?.code === 'replication-waiting') {
    const steps = stateFile(directory)?.done.length
    const file =
      steps === 5 ? await at.desk.sign(join(directory, 'hosting.cantosign.json'), at.alice) : signed
    run = await replicate(here, directory, '--signed', file, '--backed-up')
  }
  // What the operator of the target decides: the sandbox imports as it is asked, or not at all.
  if (answerOf(run).error?.code === 'replication-outcome') {
    run = await replicate(here, directory, '--import-again')
  }
  expect(run.status, run.stdout).toBe(0)
  expect(answerOf(run).complete).toBe(true)
  expect((await hostingsOf(running)).map(([serial]) => serial)).toEqual([1, 2, 3])
  const carried = await contractsOf(running, 1, at.party)
  expect(carried.length).toBeGreaterThan(0)
  expect(carried).toEqual(await contractsOf(running, 0, at.party))
  expect(await registrationsOf(running, 1)).toMatchObject([
    { connected: true, manualConnect: false },
  ])
  const schedule = await withAdminApi(running, 0, async ({ connection }) => {
    const read = { effect: 'read' } as const
    return (await connection.unary(Pruning.GetParticipantSchedule, {}, read)).schedule
  })
  expect(schedule).toEqual(SCHEDULE)
  // Beside what a killed process left behind, and the signed package.
  const files = readdirSync(directory).filter(
    (name) => !/^\.cantosign-.*\.tmp$|\.lock\.\d+-\d+$|^hosting\.cantosign\.json\../.test(name),
  )
  expect(files.sort()).toEqual(['contracts.acs.gz', 'hosting.cantosign.json', 'replication.json'])
}

function command({ config }: Stage, directory: string, ...more: readonly string[]): string[] {
  return [
    ...['replicate', '-d', directory, '--config', config, '--yes', '--json'],
    ...['--source', 'source', '--target', 'target', ...more],
  ]
}

/** Kills a run at each point, each from the same start, and has it go on to the end. */
async function killAll(
  start: Start,
  more: (here: Stage) => readonly string[],
  sample: Readonly<Partial<Record<Call, number>>>,
  status: number,
): Promise<readonly (KillPoint & { readonly steps: number })[]> {
  const counts = await from(start, async (_running, directory, here) => {
    const { run, counts: counted } = await countCalls(command(here, directory, ...more(here)))
    expect(run.status, run.stdout).toBe(status)
    return counted
  })
  expect([...counts.keys()]).toEqual(expect.arrayContaining(['fsync', 'rename', 'connect']))
  const killed: (KillPoint & { readonly steps: number })[] = []
  for (const point of killPoints(counts, sample)) {
    await from(start, async (running, directory, here) => {
      const { signal } = await killedAt(point, command(here, directory, ...more(here)))
      const steps = stateFile(directory)?.done.length ?? 0
      if (signal === 'SIGKILL') killed.push({ ...point, steps })
      await finish(running, directory, here)
    })
  }
  return killed
}

describe.skipIf(!hasStrace)('killed at a call', { timeout: TIMEOUT }, () => {
  test('on the way to the package for the party', async () => {
    const sample = { write: 1, fsync: 1, rename: 2 }
    const killed = await killAll(begun, beginning, sample, 6)
    // Not all before the first step, nor all behind the last.
    expect(new Set(killed.map(({ steps }) => steps)).size).toBeGreaterThan(1)
  })

  test('from the signed package to the end', async () => {
    const sample = { write: 1, fsync: 1, rename: 2 }
    const more = (): readonly string[] => ['--signed', signed, '--backed-up']
    const killed = await killAll(signedStart, more, sample, 0)
    expect(new Set(killed.map(({ steps }) => steps)).size).toBeGreaterThan(1)
  })
})
