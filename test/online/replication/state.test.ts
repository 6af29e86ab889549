/** The state of a replication as a file: one order, nothing unknown, nothing edited. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { utf8Bytes } from '../../../src/base/bytes.ts'
import { CantosignError } from '../../../src/base/errors.ts'
import {
  begin,
  complete,
  nextStep,
  readReplication,
  STEPS,
  writeReplication,
  type NotedStep,
  type ReplicationState,
  type Step,
  type StepRecord,
} from '../../../src/online/replication/state.ts'
import { before, PLAN, record } from './support.ts'

const NOTED: readonly Step[] = ['retention', 'isolation', 'package', 'import', 'connection']
const noted = (step: Step): StepRecord<NotedStep> => record(step) as StepRecord<NotedStep>

const text = (state: ReplicationState): string => new TextDecoder().decode(writeReplication(state))

/** The code that reading a text gives. */
function refusal(edited: string): string {
  try {
    readReplication(utf8Bytes(edited))
  } catch (error) {
    if (error instanceof CantosignError) return `${error.code}: ${error.message}`
    throw error
  }
  return 'read'
}

/** A file with one member changed, by the JSON around it. */
function edit(
  state: ReplicationState,
  change: (document: Record<string, unknown>) => void,
): string {
  const document = JSON.parse(text(state)) as Record<string, unknown>
  change(document)
  return refusal(JSON.stringify(document))
}

describe('a state that is written', () => {
  property.prop([fc.integer({ min: 0, max: STEPS.length }), fc.boolean()])(
    'is read as it was, and is the same file again',
    (count, begun) => {
      const plain = before(STEPS[count])
      const next = STEPS[count]
      const state =
        begun && next !== undefined && NOTED.includes(next) ? begin(plain, noted(next)) : plain
      const read = readReplication(writeReplication(state))
      expect(read).toEqual(state)
      expect(text(read)).toBe(text(state))
    },
  )

  test('keeps what a source without a pruning schedule had: nothing', () => {
    const state = complete(before('retention'), {
      step: 'retention',
      at: '2026-01-02T03:04:05.678Z',
      data: { schedule: undefined },
    })
    expect(readReplication(writeReplication(state))).toEqual(state)
  })
})

describe('steps have one order', () => {
  property.prop([fc.constantFrom(...STEPS), fc.constantFrom(...STEPS)])(
    'only the next one can be done',
    (next, asked) => {
      const state = before(next)
      const done = (): Step | undefined => nextStep(complete(state, record(asked)))
      if (asked === next) expect(done()).toBe(STEPS[STEPS.indexOf(next) + 1])
      else expect(done).toThrow('is not the next step')
    },
  )

  property.prop([fc.constantFrom(...STEPS), fc.constantFrom(...NOTED)])(
    'only the next one can be begun',
    (next, asked) => {
      const begun = (): ReplicationState => begin(before(next), noted(asked))
      if (asked === next) expect(begun().begun?.step).toBe(asked)
      else expect(begun).toThrow('is not the next step')
    },
  )

  test('a step that is done is not begun any more', () => {
    const begun = begin(before('import'), noted('import'))
    expect(complete(begun, record('import')).begun).toBeUndefined()
  })

  test('a file with a step left out is refused', () => {
    const answer = edit(before('backup'), (document) => {
      ;(document['done'] as unknown[]).splice(3, 1)
    })
    expect(answer).toContain('replication-state-invalid')
    expect(answer).toContain('where isolation has to stand')
  })

  test('a file with two steps exchanged is refused', () => {
    const answer = edit(before('backup'), (document) => {
      ;(document['done'] as unknown[]).reverse()
    })
    expect(answer).toContain('replication-state-invalid')
  })

  test('a file with more steps than there are is refused', () => {
    const answer = edit(before(undefined), (document) => {
      const done = document['done'] as unknown[]
      done.push(done[0])
    })
    expect(answer).toContain('at most 12 steps')
  })

  test('a file in which another step than the next is begun is refused', () => {
    const answer = edit(begin(before('import'), noted('import')), (document) => {
      ;(document['done'] as unknown[]).pop()
    })
    expect(answer).toContain('where backup has to stand')
  })

  test('a file in which a step is begun that notes nothing is refused', () => {
    const answer = edit(before('clearance'), (document) => {
      document['begun'] = { step: 'clearance', at: '2026-01-02T03:04:05.678Z' }
    })
    expect(answer).toContain('anything is noted beforehand')
  })

  test('a file in which something is begun after the end is refused', () => {
    const answer = edit(before(undefined), (document) => {
      document['begun'] = { step: 'clearance', at: '2026-01-02T03:04:05.678Z' }
    })
    expect(answer).toContain('every step is done')
  })
})

describe('a file that is not a state is refused with its place', () => {
  const edits: readonly (readonly [string, (document: Record<string, unknown>) => void, string])[] =
    [
      ['another format', (it) => (it['format'] = 'cantosign-package'), 'format'],
      ['another version', (it) => (it['version'] = 2), 'version'],
      ['an unknown member', (it) => (it['extra'] = 1), 'extra'],
      ['no plan', (it) => delete it['plan'], 'plan'],
      ['a plan that is a list', (it) => (it['plan'] = []), 'plan'],
      ['no list of steps', (it) => (it['done'] = {}), 'done'],
      ['steps that are numbers', (it) => (it['done'] = [1]), 'done[0]'],
      ['no word on what is begun', (it) => delete it['begun'], 'begun'],
    ]
  test.each(edits)('%s', (_name, change, place) => {
    const answer = edit(before('isolation'), (document) => {
      change(document)
    })
    expect(answer).toContain('replication-state-invalid')
    expect(answer).toContain(place)
  })

  const plans: readonly (readonly [string, unknown])[] = [
    ['party', 'alice'],
    ['synchronizer', PLAN.synchronizer.replace('::35-0', '')],
    ['source', ''],
    ['target', 'target::1220'],
    ['permission', 'submission'],
    ['packages', ['x']],
    ['packages', 'none'],
  ]
  test.each(plans)('a plan with another %s', (name, value) => {
    const answer = edit(before('vetting'), (document) => {
      ;(document['plan'] as Record<string, unknown>)[name] = value
    })
    expect(answer).toContain(`plan.${name}`)
  })

  const fields: readonly (readonly [Step, string, unknown])[] = [
    ['vetting', 'packages', [1]],
    ['vetting', 'at', '2026-01-02'],
    ['retention', 'schedule', 'x'],
    ['proposal', 'hash', '1220'],
    ['proposal', 'serial', 1],
    ['proposal', 'serial', 2 ** 31],
    ['proposal', 'transaction', 5],
    ['isolation', 'synchronizers', [{ alias: 'sync', connected: true }]],
    ['isolation', 'synchronizers', [{ alias: 'sync', connected: 1, manualConnect: false }]],
    ['package', 'ledgerEnd', '-1'],
    ['package', 'ledgerEnd', 7],
    ['export', 'sha256', 'd'],
    ['export', 'length', -1],
    ['import', 'ledgerEnd', '01'],
    ['connection', 'ledgerEnd', '9'.repeat(19)],
  ]
  test.each(fields)('a step %s with another %s (%j)', (step, name, value) => {
    const at = STEPS.indexOf(step)
    const answer = edit(before(undefined), (document) => {
      const one = (document['done'] as Record<string, unknown>[])[at]
      if (one !== undefined) one[name] = value
    })
    expect(answer).toContain(`done[${at}].${name}`)
  })

  test('a member of a step that the step does not have', () => {
    const answer = edit(before('isolation'), (document) => {
      const [first] = document['done'] as Record<string, unknown>[]
      if (first !== undefined) first['ledgerEnd'] = '7'
    })
    expect(answer).toContain('done[0].ledgerEnd')
  })

  test.each([
    ['half of a file', text(before('isolation')).slice(0, 100)],
    ['nothing', ''],
    [
      'a member twice',
      text(before('vetting')).replace('"version": 1', '"version": 1, "version": 1'),
    ],
    ['something behind the end', `${text(before('vetting'))}{}`],
  ])('%s', (_name, content) => {
    expect(refusal(content)).toContain('replication-state-invalid')
  })

  test('bytes that are no text', () => {
    expect(() => readReplication(Uint8Array.of(0xff, 0xfe))).toThrow(CantosignError)
  })
})

test('a pipe in the place of the state is refused, not waited for', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cantosign-replication-'))
  spawnSync('mkfifo', [join(directory, 'replication.json')])
  const program = join(process.cwd(), 'dist', 'cantosign-online.mjs')
  const args = ['replicate', '-d', directory, '--dry-run', '--json', '--yes']
  const { status, stdout } = spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    timeout: 20_000,
    killSignal: 'SIGKILL',
  })
  expect(stdout).toContain('file-unreadable')
  expect(status).toBe(3)
})
