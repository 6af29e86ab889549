/** What changes at a participant while a person is asked. */
import { expect, test } from 'vitest'
import { readHostPort } from '../../../src/online/address.ts'
import { CantosignError } from '../../../src/base/errors.ts'
import { Routes } from '../../../src/online/connection.ts'
import { GrpcLedgerApi } from '../../../src/online/ledger-grpc.ts'
import { AdminApi } from '../../../src/online/admin.ts'
import { ReplicationDirectory } from '../../../src/online/replication/directory.ts'
import { ReplicationNode } from '../../../src/online/replication/node.ts'
import { runReplication } from '../../../src/online/replication/run.ts'
import { newReplication, type Plan } from '../../../src/online/replication/state.ts'
import { SYSTEM_CLOCK } from '../../../src/online/retry.ts'
import { participant, sandbox } from '../support/rehearsal.ts'
import { stage } from '../support/replication.ts'
import { settingsFor } from '../support/server.ts'

test('is noticed before the step is done', { timeout: 60_000 }, async () => {
  const running = await sandbox()
  const closing: { close: () => void }[] = []
  try {
    const { desk, party } = await stage(running)
    const plan: Plan = {
      party,
      synchronizer: running.physicalSynchronizer,
      source: participant(running, 0).participant,
      target: participant(running, 1).participant,
      permission: 'observation',
      packages: [],
    }
    const routes = new Routes(settingsFor())
    const node = (index: number): ReplicationNode => {
      const { adminApi, ledgerApi } = participant(running, index)
      const admin = new AdminApi(routes.grpc(readHostPort(adminApi, 'admin')))
      const ledger = new GrpcLedgerApi(routes.grpc(readHostPort(ledgerApi, 'ledger')))
      closing.push(admin, ledger)
      return new ReplicationNode(admin, ledger, plan)
    }
    const target = node(1)
    const directory = new ReplicationDirectory(desk.file('replication'))
    const start = newReplication(plan)
    directory.create(start)
    const world = {
      source: node(0),
      target,
      directory,
      signed: undefined,
      backedUp: false,
      imported: false,
      importAgain: false,
      waitMillis: 10_000,
      clock: SYSTEM_CLOCK,
      now: () => new Date().toISOString(),
      report: () => undefined,
    }
    const asked: string[] = []
    const ended = await runReplication(start, world, {
      dryRun: false,
      only: undefined,
      confirm: async (step) => {
        asked.push(step)
        // While the person thinks, the target comes back.
        if (step === 'package') await target.reconnect('sandbox')
        return true
      },
    }).catch((error: unknown) => error)
    expect(ended).toBeInstanceOf(CantosignError)
    expect((ended as CantosignError).code).toBe('replication-order')
    expect(asked).toEqual(['vetting', 'retention', 'proposal', 'isolation', 'package'])
    expect(directory.load()?.done.map(({ step }) => step)).toEqual(asked.slice(0, 4))
    expect(directory.load()?.begun).toBeUndefined()
  } finally {
    for (const one of closing) one.close()
    await running.stop()
  }
})
