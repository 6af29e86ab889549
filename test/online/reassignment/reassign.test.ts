/**
 * `reassign` against a participant that keeps contracts on two synchronizers, as docs/protocol/reassignment.md
 * has it: real gRPC, and answers that get lost.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { programPath } from '../../cli/support/program.ts'
import { online, place, type Run } from '../support/cli.ts'
import {
  FROM,
  Ledger,
  namespace,
  ONE,
  PARTY,
  serveLedger,
  TO,
  TWO,
} from '../support/reassigning-ledger.ts'

let ledger: Ledger
let address = ''
let stop: () => void
let record = ''

beforeEach(async () => {
  ledger = new Ledger()
  record = join(place(), 'record.json')
  const served = await serveLedger(ledger)
  address = served.address
  stop = served.stop
})
afterEach(() => {
  stop()
})

const reassign = async (...args: readonly string[]): Promise<Run> =>
  await online(
    ...['reassign', '--ledger-api', address, '--plaintext', '--record', record],
    ...['--yes', '--json', ...args],
  )
const begin = async (...contracts: readonly string[]): Promise<Run> =>
  await reassign('--party', PARTY, '--from', FROM, '--to', TO, ...contracts)

const codeOf = ({ json }: Run): string => (json as { error: { code: string } }).error.code

test('contracts go from one synchronizer to the other', async () => {
  const run = await begin(TWO, ONE, ONE)
  expect(run.status, run.stdout).toBe(0)
  expect(run.json).toEqual({
    party: PARTY,
    source: FROM,
    target: TO,
    contracts: [ONE, TWO],
    reassignmentId: expect.stringMatching(/^00/) as string,
    unassignedAt: '1',
    assignedAt: '2',
  })
  expect([...ledger.place.values()]).toEqual([TO, TO])
  expect(ledger.commands.map((id) => id.replace(/^.*-/, ''))).toEqual(['unassign', 'assign'])
})

test('what is done is not done again', async () => {
  await begin(ONE)
  const run = await reassign()
  expect(run.status, run.stdout).toBe(0)
  expect(ledger.commands).toHaveLength(2)
})

test('a physical id stands for the synchronizer', async () => {
  const run = await reassign('--party', PARTY, '--from', `${FROM}::35-0`, '--to', TO, ONE)
  expect(run.status, run.stdout).toBe(0)
  expect(ledger.place.get(ONE)).toBe(TO)
})

describe('a participant that says what no participant says', () => {
  test.each([-1n, 2n ** 62n])('as the end of its ledger (%s) leaves no record', async (end) => {
    ledger.claimedEnd = end
    const run = await begin(ONE)
    expect(run.status, run.stdout).toBe(7)
    expect(codeOf(run)).toBe('response-malformed')
    expect(existsSync(record)).toBe(false)
  })

  test.each(['no id', 'x'.repeat(300), '../\u001b[2J'])(
    'as the id of a reassignment leaves a record that can be read',
    async (id) => {
      ledger.claimedId = id
      expect(codeOf(await begin(ONE))).toBe('outcome-unknown')
      const again = await reassign()
      expect(codeOf(again), again.stdout).not.toBe('reassignment-record-invalid')
    },
  )
})

describe('an answer that is lost', () => {
  test.each(['lost', 'empty'] as const)('of the unassignment (%s)', async (answer) => {
    ledger.answers = [answer]
    const first = await begin(ONE)
    expect(first.status).toBe(7)
    expect(codeOf(first)).toBe('outcome-unknown')
    expect(ledger.place.get(ONE)).toBe('nowhere')
    const again = await reassign()
    expect(again.status, again.stdout).toBe(0)
    expect(ledger.place.get(ONE)).toBe(TO)
    expect(ledger.commands.filter((id) => id.endsWith('-unassign'))).toHaveLength(1)
  })

  test.each(['lost', 'empty'] as const)('of the assignment (%s)', async (answer) => {
    ledger.answers = ['well', answer]
    const first = await begin(ONE)
    expect(first.status).toBe(7)
    expect(codeOf(first)).toBe('outcome-unknown')
    const again = await reassign()
    expect(again.status, again.stdout).toBe(0)
    expect(ledger.commands).toHaveLength(2)
  })

  test('and comes to pass after all is found when the command is refused', async () => {
    ledger.answers = ['late', 'late']
    const run = await begin(ONE)
    expect(run.status, run.stdout).toBe(0)
    expect(ledger.updates).toHaveLength(2)
    expect(ledger.place.get(ONE)).toBe(TO)
  })

  test('of an unassignment that came to nothing is asked for again, with the same command', async () => {
    ledger.answers = ['refused']
    expect(codeOf(await begin(ONE))).toBe('ledger-refused')
    expect(ledger.place.get(ONE)).toBe(FROM)
    const again = await reassign()
    expect(again.status, again.stdout).toBe(0)
    expect(new Set(ledger.commands.slice(0, 2)).size).toBe(1)
  })
})

test('an assignment that participants made by themselves is found', async () => {
  ledger.answers = ['well', 'refused']
  expect(codeOf(await begin(ONE))).toBe('ledger-refused')
  const [[reassignmentId] = ['']] = [...ledger.underway]
  ledger.underway.clear()
  ledger.place.set(ONE, TO)
  const event = { $case: 'assigned', value: { source: FROM, target: TO, reassignmentId } } as const
  ledger.updates.push({ offset: ledger.end + 1n, events: [{ event }] })
  const again = await reassign()
  expect(again.status, again.stdout).toBe(0)
  expect(again.json).toMatchObject({ assignedAt: '2' })
})

test('the reassignment of another contract is not taken for this one', async () => {
  ledger.answers = ['refused']
  await begin(ONE)
  const other = { contractId: TWO, source: FROM, target: TO, reassignmentId: '00ff' }
  ledger.updates.push({ offset: 1n, events: [{ event: { $case: 'unassigned', value: other } }] })
  const run = await reassign()
  expect(run.status, run.stdout).toBe(0)
  expect(ledger.place.get(ONE)).toBe(TO)
  expect(run.json).toMatchObject({ unassignedAt: '2' })
})

describe('is refused, with nothing asked for and nothing written', () => {
  const rows: readonly (readonly [string, number, string, readonly string[]])[] = [
    ['no contract', 2, 'usage', ['--party', PARTY, '--from', FROM, '--to', TO]],
    ['no party', 2, 'usage', ['--from', FROM, '--to', TO, ONE]],
    ['no source', 2, 'usage', ['--party', PARTY, '--to', TO, ONE]],
    [
      'one synchronizer',
      2,
      'usage',
      ['--party', PARTY, '--from', FROM, '--to', `${FROM}::35-0`, ONE],
    ],
    [
      'no contract id',
      2,
      'usage',
      ['--party', PARTY, '--from', FROM, '--to', TO, ONE.toUpperCase().replace('0', 'G')],
    ],
    [
      'half of a contract id',
      2,
      'usage',
      ['--party', PARTY, '--from', FROM, '--to', TO, ONE.slice(1)],
    ],
    ['no party id', 3, 'identifier-invalid', ['--party', 'alice', '--from', FROM, '--to', TO, ONE]],
    [
      'no synchronizer id',
      3,
      'identifier-invalid',
      ['--party', PARTY, '--from', 'here', '--to', TO, ONE],
    ],
  ]
  test.each(rows)('%s', async (_name, exit, code, args) => {
    const run = await reassign(...args)
    expect(run.status, run.stdout).toBe(exit)
    expect(codeOf(run)).toBe(code)
    expect(ledger.commands).toEqual([])
    expect(existsSync(record)).toBe(false)
  })

  test('a participant that is connected to one of the two', async () => {
    ledger.connected = [FROM]
    const run = await begin(ONE)
    expect(run.status).toBe(8)
    expect(codeOf(run)).toBe('reassignment-not-connected')
    expect(existsSync(record)).toBe(false)
  })

  test('nobody to ask', async () => {
    const run = await online(
      ...['reassign', '--ledger-api', address, '--plaintext', '--record', record, '--json'],
      ...['--party', PARTY, '--from', FROM, '--to', TO, ONE],
    )
    expect(run.status).toBe(2)
    expect(codeOf(run)).toBe('no-terminal')
  })

  test('no record', async () => {
    const run = await online('reassign', '--ledger-api', address, '--yes', '--json', ONE)
    expect(codeOf(run)).toBe('output-missing')
  })

  test('the JSON API alone', async () => {
    const run = await online(
      'reassign',
      '--json-api',
      'http://127.0.0.1:1',
      '--record',
      record,
      '--yes',
      '--json',
    )
    expect(codeOf(run)).toBe('address-missing')
  })
})

test('a pipe in the place of the record is refused, not waited for', () => {
  spawnSync('mkfifo', [record])
  const { status, stdout } = spawnSync(
    process.execPath,
    [
      ...[programPath('cantosign-online'), 'reassign', '--ledger-api', address],
      ...['--record', record, '--yes', '--json'],
    ],
    { encoding: 'utf8', timeout: 20_000, killSignal: 'SIGKILL' },
  )
  expect(stdout).toContain('file-unreadable')
  expect(status).toBe(3)
})

describe('a record', () => {
  beforeEach(async () => {
    ledger.answers = ['well', 'refused']
    await begin(ONE)
  })

  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['another party', ['--party', `bob::${namespace}`]],
    ['another source', ['--from', `x::${namespace}`]],
    ['another target', ['--to', `x::${namespace}`]],
    ['other contracts', [TWO]],
  ]
  test.each(rows)('is not gone on with for %s', async (_name, args) => {
    const run = await reassign(...args)
    expect(run.status).toBe(2)
    expect(codeOf(run)).toBe('reassignment-plan')
    expect(ledger.commands).toHaveLength(2)
  })

  const edits: readonly (readonly [string, (it: Record<string, unknown>) => void])[] = [
    ['another format', (it) => (it['format'] = 'x')],
    ['another version', (it) => (it['version'] = 2)],
    ['an unknown member', (it) => (it['x'] = 1)],
    ['no contracts', (it) => (it['contracts'] = [])],
    ['a contract that is none', (it) => (it['contracts'] = ['00'])],
    ['a party that is none', (it) => (it['party'] = 'alice')],
    ['a physical synchronizer', (it) => (it['source'] = `${FROM}::35-0::x`)],
    ['a command id that is none', (it) => (it['commandId'] = '')],
    ['an offset that is none', (it) => (it['ledgerEnd'] = 7)],
    ['an id that is none', (it) => (it['unassigned'] = { reassignmentId: 'a b', offset: '1' })],
    [
      'an end without a middle',
      (it) => Object.assign(it, { unassigned: null, assigned: { offset: '2' } }),
    ],
    ['no end', (it) => delete it['assigned']],
  ]
  test.each(edits)('with %s is refused', async (_name, change) => {
    const document = JSON.parse(readFileSync(record, 'utf8')) as Record<string, unknown>
    change(document)
    writeFileSync(record, JSON.stringify(document))
    const run = await reassign()
    expect(run.status, run.stdout).toBe(3)
    expect(codeOf(run)).toBe('reassignment-record-invalid')
  })

  test('that is cut is refused', async () => {
    writeFileSync(record, readFileSync(record, 'utf8').slice(0, 50))
    expect(codeOf(await reassign())).toBe('reassignment-record-invalid')
  })
})
