/** `replicate` at a terminal: each step that changes a participant is confirmed by its name. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunningSandbox } from '../../../src/sandbox/server/start.ts'
import { runAtTerminal, type TerminalResult } from '../../cli/support/program.ts'
import { sandbox } from '../support/rehearsal.ts'
import { beginning, registrationsOf, stage, stateFile, type Stage } from '../support/replication.ts'

let running: RunningSandbox
let at: Stage
let directory = ''

beforeAll(async () => {
  running = await sandbox()
  at = await stage(running)
  directory = at.desk.file('replication')
}, 60_000)
afterAll(async () => {
  await running.stop()
})

/** Runs it and answers the question about each of these steps. */
async function replicateAtTerminal(
  answers: readonly (readonly [step: string, answer: string])[],
): Promise<TerminalResult> {
  return await runAtTerminal(
    [
      ...['replicate', '-d', directory, '--config', at.config],
      ...['--source', 'source', '--target', 'target', ...beginning(at)],
    ],
    answers.map(([step, answer]) => ({
      prompt: `type the name of the step, ${step}, to do it: `,
      answer,
    })),
    { program: 'cantosign-online' },
  )
}

const done = (): readonly unknown[] => stateFile(directory)?.done.map((one) => one['step']) ?? []

describe('at the question', { timeout: 120_000 }, () => {
  test.each([
    ['yes', 'yes\r'],
    ['nothing', '\r'],
    ['the name of another step', 'proposal\r'],
    ['the end of the input', '\x04'],
  ])('%s does not do the step', async (_what, answer) => {
    const { status, stderr } = await replicateAtTerminal([['retention', answer]])
    expect(status, stderr).toBe(8)
    expect(stderr).toContain('[declined]')
    expect(done()).toEqual(['vetting'])
    expect(existsSync(join(directory, 'replication.json.lock'))).toBe(false)
  })

  test('Ctrl-C stops, and the directory is free again', async () => {
    const { status } = await replicateAtTerminal([['retention', '\x03']])
    expect(status).toBe(130)
    expect(done()).toEqual(['vetting'])
    expect(existsSync(join(directory, 'replication.json.lock'))).toBe(false)
  })

  test('what was confirmed before stays done', async () => {
    const { status } = await replicateAtTerminal([
      ['retention', 'retention\r'],
      ['proposal', 'proposal\r'],
      ['isolation', 'no\r'],
    ])
    expect(status).toBe(8)
    expect(done()).toEqual(['vetting', 'retention', 'proposal'])
    expect(await registrationsOf(running, 1)).toMatchObject([{ connected: true }])
  })

  test('its name does a step, and each is told before it is asked about', async () => {
    const { status, stderr } = await replicateAtTerminal([['isolation', 'isolation\r']])
    expect(status, stderr).toBe(6)
    expect(stderr).toContain('4/12 isolation (at the target): disconnect the target')
    expect(stderr).toContain('hosting.cantosign.json')
    expect(done()).toEqual(['vetting', 'retention', 'proposal', 'isolation', 'package'])
    expect(await registrationsOf(running, 1)).toMatchObject([
      { connected: false, manualConnect: true },
    ])
  })
})
