/** `reassign` killed at system calls, then run again: every contract moves once. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { place } from '../support/cli.ts'
import { done } from '../support/rehearsal.ts'
import { FROM, Ledger, ONE, PARTY, serveLedger, TO, TWO } from '../support/reassigning-ledger.ts'
import {
  countCalls,
  EVERYWHERE,
  hasStrace,
  killedAt,
  killPoints,
  type Traced,
} from '../support/strace.ts'

const TIMEOUT = EVERYWHERE ? 60 * 60_000 : 120_000

/** Runs on a new ledger, then whatever follows on the same one. */
async function onLedger(
  run: (args: readonly string[]) => Promise<Traced>,
): Promise<{ readonly ledger: Ledger; readonly traced: Traced }> {
  const ledger = new Ledger()
  const directory = place()
  const record = join(directory, 'record.json')
  const { address, stop } = await serveLedger(ledger)
  const connection = ['reassign', '--record', record, '--ledger-api', address, '--yes']
  const plan = ['--party', PARTY, '--from', FROM, '--to', TO, ONE, TWO]
  try {
    const traced = await run([...connection, ...plan])
    await done(...connection, ...(existsSync(record) ? [] : plan))
    expect([...ledger.place.values()]).toEqual([TO, TO])
    expect(ledger.updates).toHaveLength(2)
    const files = readdirSync(directory).filter((name) => !/^\.cantosign-.*\.tmp$/.test(name))
    expect(files).toEqual(['record.json'])
    return { ledger, traced }
  } finally {
    stop()
  }
}

describe.skipIf(!hasStrace)('killed at a call', { timeout: TIMEOUT }, () => {
  test('reassign goes on where it was', async () => {
    let counts: Awaited<ReturnType<typeof countCalls>>['counts'] = new Map()
    await onLedger(async (args) => {
      const counted = await countCalls(args)
      expect(counted.run.status, counted.run.stderr).toBe(0)
      counts = counted.counts
      return counted.run
    })
    const points = killPoints(counts, { write: 2, writev: 2, fsync: 2, link: 1, rename: 2 })
    let kills = 0
    const commands = new Set<number>()
    for (const point of points) {
      const { ledger, traced } = await onLedger(async (args) => await killedAt(point, args))
      if (traced.signal === 'SIGKILL') kills += 1
      commands.add(ledger.commands.length)
    }
    expect(kills).toBeGreaterThan(points.length / 2)
    // Nothing was ever asked for three times over.
    expect(Math.max(...commands)).toBeLessThanOrEqual(3)
  })
})
