/** `replicate` in several runs, in several hands, and what it refuses. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { toBase64, toHex } from '../../../src/base/bytes.ts'
import { takeLock } from '../../../src/host/lock.ts'
import { withTarget } from '../../../src/online/replication/hosting.ts'
import { ReplicationNode } from '../../../src/online/replication/node.ts'
import type { Plan } from '../../../src/online/replication/state.ts'
import type { RunningSandbox } from '../../../src/sandbox/server/start.ts'
import { readSignedTransaction } from '../../../src/topology/signed-transaction.ts'
import { online } from '../support/cli.ts'
import { participant, sandbox } from '../support/rehearsal.ts'
import {
  answerOf,
  beginning,
  contractsOf,
  replicate,
  stage,
  stateFile,
  withAdminApi,
  type Answer,
  type Stage,
} from '../support/replication.ts'

describe('a run that was stopped', { timeout: 120_000 }, () => {
  let running: RunningSandbox
  let at: Stage
  beforeAll(async () => {
    // Long enough for a proposal to be on its way when it is asked for again.
    running = await sandbox({ effectDelay: 1_500_000n })
    at = await stage(running)
  }, 120_000)
  afterAll(async () => {
    await running.stop()
  })

  /** As if the last step had been done and not written down. */
  function forget(directory: string): void {
    const path = join(directory, 'replication.json')
    const state = JSON.parse(readFileSync(path, 'utf8')) as { done: unknown[] }
    state.done.pop()
    writeFileSync(path, JSON.stringify(state))
  }

  test('takes up the proposal that the target made', async () => {
    const directory = at.desk.file('stopped')
    for (const step of ['vetting', 'retention', 'proposal']) {
      const run = await replicate(at, directory, ...beginning(at), '--step', step)
      expect(run.status, run.stdout).toBe(0)
    }
    const hash = stateFile(directory)?.done[2]?.['hash']
    forget(directory)
    const again = await replicate(at, directory, '--step', 'proposal')
    expect(again.status, again.stdout).toBe(0)
    expect(stateFile(directory)?.done[2]?.['hash']).toBe(hash)
  })
})

describe('two operators who reach one participant each', { timeout: 120_000 }, () => {
  let running: RunningSandbox
  let at: Stage
  let directory = ''
  beforeAll(async () => {
    running = await sandbox({ clearanceDelay: 100_000n })
    at = await stage(running)
    directory = at.desk.file('carried')
  }, 120_000)
  afterAll(async () => {
    await running.stop()
  })

  const source = ['--source', 'source']
  const target = ['--target', 'target']

  /** Runs and expects to be told who comes next. */
  async function handsOver(step: string, ...args: readonly string[]): Promise<void> {
    const run = await replicate(at, directory, ...args)
    expect(run.status, run.stdout).toBe(6)
    expect(answerOf(run).error).toMatchObject({ code: 'replication-waiting', details: { step } })
  }

  describe('to begin, everything has to be named', () => {
    const all = () => [
      ...['--party', at.party, '--permission', 'observation', ...source],
      ...['--target-participant', participant(running, 1).participant],
    ]
    const without = (option: string): string[] => {
      const args = all()
      args.splice(args.indexOf(option), 2)
      return args
    }
    test.each(['--party', '--permission', '--target-participant'])('%s', async (option) => {
      const run = await replicate(at, directory, ...without(option))
      expect(run.status, run.stdout).toBe(2)
      expect(answerOf(run).error?.code).toBe('usage')
      expect(existsSync(directory)).toBe(false)
    })
    const odd: readonly (readonly [string, string])[] = [
      ['--needs-package', 'x'],
      ['--synchronizer', 'sync::1220'],
      ['--wait-timeout', '-1'],
    ]
    test.each(odd)('%s %s is no good', async (option, value) => {
      const run = await replicate(at, directory, ...all(), option, value)
      expect(run.status, run.stdout).not.toBe(0)
      expect(existsSync(directory)).toBe(false)
    })
    test('one participant is not source and target', async () => {
      const run = await replicate(
        at,
        directory,
        ...['--party', at.party, '--permission', 'observation', ...source],
        ...['--target-participant', participant(running, 0).participant],
      )
      expect(answerOf(run).error?.code).toBe('usage')
    })
    test('nor is a replication begun without a directory or somebody to ask', async () => {
      const bare = await online('replicate', '--config', at.config, '--yes', '--json', ...source)
      expect((bare.json as Answer).error?.code).toBe('output-missing')
      const unasked = await online(
        ...['replicate', '-d', directory, '--config', at.config, '--json', ...all()],
      )
      expect(unasked.status).toBe(2)
      expect((unasked.json as Answer).error?.code).toBe('no-terminal')
    })
  })

  test('a package that nobody has is missed by the target', async () => {
    const run = await replicate(
      at,
      at.desk.file('unvetted'),
      ...[...beginning(at), '--needs-package', '7'.repeat(64)],
    )
    expect(run.status, run.stdout).toBe(8)
    expect(answerOf(run).error).toMatchObject({
      code: 'replication-unvetted',
      details: { packages: ['7'.repeat(64)] },
    })
  })

  test('the source hands no proposal on that says more than was agreed', async () => {
    const forged = at.desk.file('forged')
    const go = async (...args: readonly string[]) => await replicate(at, forged, ...args)
    await go(
      ...['--party', at.party, '--permission', 'observation', ...source],
      ...['--target-participant', participant(running, 1).participant],
    )
    await go(...target)
    await go(...source)
    const path = join(forged, 'replication.json')
    const state = JSON.parse(readFileSync(path, 'utf8')) as {
      readonly plan: Plan
      readonly done: Record<string, unknown>[]
    }
    // The source itself is to see only, which nobody agreed to.
    const transaction = await withAdminApi(running, 1, async (admin) => {
      const node = new ReplicationNode(admin, undefined as never, state.plan)
      const { last } = await node.hosting()
      if (last === undefined) throw new Error('the party is hosted nowhere')
      const { participants, ...rest } = withTarget(last.mapping, state.plan.target, 'observation')
      const lowered = participants.map((one) => ({ ...one, permission: 3 }))
      return await node.propose({ ...rest, participants: lowered }, last.serial + 1)
    })
    const hash = toHex(readSignedTransaction(transaction).transaction.hash)
    const time = state.done[0]?.['at']
    state.done.push(
      { step: 'proposal', at: time, hash, serial: 2, transaction: toBase64(transaction) },
      { step: 'isolation', at: time, synchronizers: [] },
    )
    writeFileSync(path, JSON.stringify(state))
    const run = await go(...source)
    expect(run.status, run.stdout).toBe(8)
    expect(answerOf(run).error?.code).toBe('replication-hosting')
    expect(existsSync(join(forged, 'hosting.cantosign.json'))).toBe(false)
  })

  test('they hand the directory to each other, as they are told', async () => {
    await handsOver(
      'vetting',
      ...['--party', at.party, '--permission', 'observation', ...source],
      ...['--target-participant', participant(running, 1).participant],
    )
    await handsOver('retention', ...target)
    await handsOver('proposal', ...source)
    await handsOver('package', ...target)
    await handsOver('authorization', ...source)
    const file = await at.desk.sign(join(directory, 'hosting.cantosign.json'), at.alice)
    await handsOver('backup', ...source, '--signed', file)
    await handsOver('backup', ...target)
  })

  test('profiles that are exchanged are noticed', async () => {
    const run = await replicate(at, directory, '--source', 'target', '--target', 'source')
    expect(run.status, run.stdout).toBe(8)
    expect(answerOf(run).error?.code).toBe('replication-node')
  })

  describe('an import whose end is not known', () => {
    const path = (): string => join(directory, 'replication.json')
    let before = ''
    beforeAll(async () => {
      const run = await replicate(at, directory, ...target, '--backed-up', '--step', 'backup')
      expect(run.status, run.stdout).toBe(0)
      before = readFileSync(path(), 'utf8')
    })
    afterEach(() => {
      writeFileSync(path(), before)
    })

    /** As if an import had been begun when the ledger ended there. */
    function begun(ledgerEnd: string): void {
      const state = JSON.parse(before) as Record<string, unknown>
      const noted = { step: 'import', at: '2026-01-02T03:04:05.678Z', ledgerEnd }
      writeFileSync(path(), JSON.stringify({ ...state, begun: noted }))
    }
    const importing = async (...more: readonly string[]): ReturnType<typeof replicate> =>
      await replicate(at, directory, ...target, '--step', 'import', ...more)
    const imported = async (): Promise<number> => (await contractsOf(running, 1, at.party)).length

    test('is not repeated by itself', async () => {
      begun('0')
      const run = await importing()
      expect(run.status, run.stdout).toBe(6)
      expect(answerOf(run).error?.code).toBe('replication-outcome')
      expect(await imported()).toBe(0)
    })

    test('is another thing than one that the target refused', async () => {
      const contracts = join(directory, 'contracts.acs.gz')
      const good = readFileSync(contracts)
      const junk = Buffer.from('no contracts')
      writeFileSync(contracts, junk)
      const sha256 = createHash('sha256').update(junk).digest('hex')
      writeFileSync(path(), before.replace(/"sha256": "[^"]*"/, `"sha256": "${sha256}"`))
      const run = await importing()
      writeFileSync(contracts, good)
      expect(run.status, run.stdout).toBe(7)
      expect(answerOf(run).error?.code).toBe('ledger-refused')
      expect(stateFile(directory)?.begun).toBeNull()
    })

    test('is believed to have ended if that is said', async () => {
      begun('0')
      const run = await importing('--imported')
      expect(run.status, run.stdout).toBe(0)
      expect(await imported()).toBe(0)
    })

    test('is not repeated on a ledger that has grown, whatever is said', async () => {
      begun('0')
      const run = await importing('--import-again')
      expect(run.status, run.stdout).toBe(6)
      expect(answerOf(run).error).toMatchObject({
        code: 'replication-outcome',
        details: { before: '0' },
      })
      expect(await imported()).toBe(0)
    })
  })

  test('the target brings it to its end alone', async () => {
    const run = await replicate(at, directory, ...target, '--backed-up')
    expect(run.status, run.stdout).toBe(0)
    expect(answerOf(run).complete).toBe(true)
    expect((await contractsOf(running, 1, at.party)).length).toBeGreaterThan(0)
  })

  test('two runs at once are one too many', async () => {
    const held = takeLock(join(directory, 'replication.json'), 0)
    if (held.$case !== 'held') throw new Error('the lock is taken')
    const run = await replicate(at, directory, ...target)
    expect(run.status, run.stdout).toBe(2)
    expect(answerOf(run).error?.code).toBe('replication-locked')
    const dry = await replicate(at, directory, ...target, '--dry-run')
    expect(dry.status, dry.stdout).toBe(0)
    held.release()
    expect((await replicate(at, directory, ...target)).status).toBe(0)
    expect(existsSync(join(directory, 'replication.json.lock'))).toBe(false)
  })

  test('the lock of a run that was killed gives way', async () => {
    const lock = join(directory, 'replication.json.lock')
    const held = takeLock(join(directory, 'replication.json'), 0)
    if (held.$case !== 'held') throw new Error('the lock is taken')
    const holder = JSON.parse(readFileSync(lock, 'utf8')) as Record<string, unknown>
    // This process started at another time than the one that took the lock.
    writeFileSync(lock, JSON.stringify({ ...holder, started: '1' }))
    expect((await replicate(at, directory, ...target)).status).toBe(0)
    expect(existsSync(lock)).toBe(false)
  })

  test.each([
    ['permission', '"observation"', '"confirmation"'],
    ['party', '"alice::', '"mallory::'],
    ['serial', '"serial": 2', '"serial": 3'],
  ])('a plan or proposal whose %s was edited is refused', async (_what, from, to) => {
    const path = join(directory, 'replication.json')
    const before = readFileSync(path, 'utf8')
    expect(before).toContain(from)
    writeFileSync(path, before.replace(from, to))
    const run = await replicate(at, directory, ...target)
    writeFileSync(path, before)
    expect(run.status).toBe(3)
    expect(answerOf(run).error?.code).toBe('replication-state-invalid')
  })

  test('a state that was edited is refused', async () => {
    const path = join(directory, 'replication.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"vetting"', '"retention"'))
    const run = await replicate(at, directory, ...target)
    expect(run.status).toBe(3)
    expect(answerOf(run).error?.code).toBe('replication-state-invalid')
  })

  test('files of another replication are not written over', async () => {
    const other = at.desk.file('other')
    mkdirSync(other)
    writeFileSync(join(other, 'contracts.acs.gz'), 'not ours')
    const run = await replicate(at, other, ...beginning(at))
    expect(run.status).toBe(2)
    expect(answerOf(run).error?.code).toBe('output-exists')
    expect(readFileSync(join(other, 'contracts.acs.gz'), 'utf8')).toBe('not ours')
  })
})
