/** `replicate` from the first check to the cleared flag, over the sockets of a sandbox. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Connectivity, Pruning } from '../../../src/online/wire/services.ts'
import type { RunningSandbox } from '../../../src/sandbox/server/start.ts'
import { online } from '../support/cli.ts'
import { done, participant, sandbox } from '../support/rehearsal.ts'
import {
  answerOf,
  beginning,
  contractsOf,
  replicate,
  stage,
  stateFile,
  withAdminApi,
  type Stage,
} from '../support/replication.ts'

const SCHEDULE = {
  schedule: {
    cron: '0 0 20 ? * SAT',
    maxDuration: { seconds: 3600n, nanos: 0 },
    retention: { seconds: 86_400n, nanos: 0 },
  },
  pruneInternallyOnly: true,
}

async function scheduleOf(running: RunningSandbox): Promise<unknown> {
  return await withAdminApi(running, 0, async ({ connection }) => {
    const { schedule } = await connection.unary(
      Pruning.GetParticipantSchedule,
      {},
      { effect: 'read' },
    )
    return schedule
  })
}

async function targetConnected(running: RunningSandbox): Promise<boolean> {
  return await withAdminApi(
    running,
    1,
    async (admin) => (await admin.connectedSynchronizers()).length > 0,
  )
}

for (const protocolVersion of [34, 35]) {
  describe(`on protocol version ${protocolVersion}`, { timeout: 120_000 }, () => {
    let running: RunningSandbox
    let at: Stage
    let directory = ''
    let signed = ''
    beforeAll(async () => {
      running = await sandbox({ protocolVersion })
      at = await stage(running)
      directory = at.desk.file('replication')
      await withAdminApi(running, 0, async ({ connection }) => {
        await connection.unary(
          Pruning.SetParticipantSchedule,
          { schedule: SCHEDULE },
          { effect: 'repeatable' },
        )
      })
    }, 120_000)
    afterAll(async () => {
      await running.stop()
    })

    test('a dry run checks, says what comes first, and leaves nothing', async () => {
      const run = await replicate(at, directory, ...beginning(at), '--dry-run')
      expect(run.status, run.stdout).toBe(0)
      expect(answerOf(run)).toMatchObject({ done: [], next: { step: 'vetting' }, complete: false })
      expect(existsSync(directory)).toBe(false)
    })

    test('a dry run shows once what comes first', async () => {
      const run = await online(
        ...['replicate', '-d', directory, '--config', at.config, '--dry-run'],
        ...['--source', 'source', '--target', 'target', ...beginning(at)],
      )
      expect(`${run.stderr}${run.stdout}`.match(/^next: .*vetting/gm), run.stderr).toHaveLength(1)
    })

    test('a step is not done before its turn', async () => {
      const run = await replicate(at, directory, ...beginning(at), '--step', 'export')
      expect(run.status).toBe(2)
      expect(answerOf(run).error?.code).toBe('replication-step')
    })

    test('it goes on until the party has to sign, with the target isolated', async () => {
      const run = await replicate(at, directory, ...beginning(at))
      expect(run.status, run.stdout).toBe(6)
      expect(answerOf(run).error).toMatchObject({
        code: 'replication-waiting',
        details: { step: 'authorization' },
      })
      expect(stateFile(directory)?.done.map((one) => one['step'])).toEqual([
        ...['vetting', 'retention', 'proposal', 'isolation', 'package'],
      ])
      expect(await scheduleOf(running)).toBeUndefined()
      expect(await targetConnected(running)).toBe(false)
    })

    test('another plan is not begun in the same directory', async () => {
      const run = await replicate(at, directory, '--permission', 'observation')
      expect(run.status).toBe(2)
      expect(answerOf(run).error?.code).toBe('replication-plan')
    })

    test('the package is enough for the party to judge it', async () => {
      const file = join(directory, 'hosting.cantosign.json')
      const verified = await online('verify', file, '--json')
      expect(verified.status, verified.stdout).toBe(6)
      expect(verified.json).toMatchObject({
        authorization: [
          { status: 'incomplete', missing: [{ namespace: at.alice.fingerprint, need: 1 }] },
        ],
      })
      signed = await at.desk.sign(file, at.alice)
    })

    test('an unsigned package is no authorization', async () => {
      const file = join(directory, 'hosting.cantosign.json')
      const run = await replicate(at, directory, '--signed', file)
      expect(run.status, run.stdout).toBe(6)
      expect(answerOf(run).error?.code).toBe('signatures-missing')
    })

    test('nor is a package of something else', async () => {
      const file = at.desk.file('alice.cantosign.json')
      const run = await replicate(at, directory, '--signed', file)
      expect(run.status, run.stdout).toBe(3)
      expect(answerOf(run).error?.code).toBe('replication-package')
    })

    test('the party does not authorize while the target is connected', async () => {
      await withAdminApi(running, 1, async ({ connection }) => {
        await connection.unary(
          Connectivity.ReconnectSynchronizer,
          { synchronizerAlias: 'sandbox', retry: false },
          { effect: 'repeatable' },
        )
      })
      const run = await replicate(at, directory, '--signed', signed)
      expect(run.status, run.stdout).toBe(8)
      expect(answerOf(run).error?.code).toBe('replication-order')
      await withAdminApi(running, 1, async ({ connection }) => {
        await connection.unary(
          Connectivity.DisconnectAllSynchronizers,
          {},
          { effect: 'repeatable' },
        )
      })
    })

    test('it goes on until the target has to be backed up, pruning as before', async () => {
      const run = await replicate(at, directory, '--signed', signed)
      expect(run.status, run.stdout).toBe(6)
      expect(answerOf(run).error).toMatchObject({
        code: 'replication-waiting',
        details: { step: 'backup' },
      })
      expect(await scheduleOf(running)).toMatchObject(SCHEDULE)
      expect(existsSync(join(directory, 'contracts.acs.gz'))).toBe(true)
    })

    test('contracts that were changed on the way are not imported', async () => {
      const path = join(directory, 'contracts.acs.gz')
      const contracts = readFileSync(path)
      writeFileSync(path, Buffer.concat([contracts, Buffer.of(0)]))
      const run = await replicate(at, directory, '--backed-up')
      expect(run.status, run.stdout).toBe(4)
      expect(answerOf(run).error?.code).toBe('replication-file')
      expect(stateFile(directory)?.begun).toBeNull()
      writeFileSync(path, contracts)
    })

    test('it goes on to the end: imported, connected, the flag cleared', async () => {
      const run = await replicate(at, directory)
      expect(run.status, run.stdout).toBe(0)
      expect(answerOf(run)).toMatchObject({ complete: true, next: null })
      expect(await targetConnected(running)).toBe(true)
      const carried = await contractsOf(running, 1, at.party)
      expect(carried.length).toBeGreaterThan(0)
      expect(carried).toEqual(await contractsOf(running, 0, at.party))
      const { adminApi } = participant(running, 0)
      const file = at.desk.file('after.cantosign.json')
      await done(
        ...['fetch', '--in-force', '--party', at.party, '--mapping', 'party-to-participant'],
        ...['--admin-api', adminApi, '-o', file],
      )
      const inspected = await done('inspect', file, '--json')
      const { transactions } = inspected.json as {
        transactions: { serial: number; mapping: { participants: Record<string, unknown>[] } }[]
      }
      expect(transactions[0]?.serial).toBe(3)
      const hosts = transactions[0]?.mapping.participants ?? []
      expect(hosts.map((one) => [one['participantUid'], 'onboarding' in one])).toEqual([
        [participant(running, 0).participant, false],
        [participant(running, 1).participant, false],
      ])
    })

    test('what is done is not done again', async () => {
      const before = readFileSync(join(directory, 'replication.json'))
      const run = await replicate(at, directory)
      expect(run.status).toBe(0)
      expect(readFileSync(join(directory, 'replication.json'))).toEqual(before)
      const again = await replicate(at, directory, '--step', 'import')
      expect(answerOf(again).error?.code).toBe('replication-step')
    })

    test('the party is not replicated to the same target again', async () => {
      const run = await replicate(at, at.desk.file('again'), ...beginning(at))
      expect(run.status).toBe(8)
      expect(answerOf(run).error?.code).toBe('replication-hosting')
    })
  })
}
