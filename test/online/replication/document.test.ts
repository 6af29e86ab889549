/** docs/replicate.md: every command as it is written. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ONLINE_COMMANDS } from '../../../cli/commands/online-table.ts'
import { STEPS } from '../../../src/online/replication/state.ts'
import type { RunningSandbox } from '../../../src/sandbox/server/start.ts'
import { expectedStatus } from '../../cli/support/ceremony.ts'
import { root } from '../../cli/support/program.ts'
import { readRunbook, readStep } from '../../cli/support/runbook.ts'
import { online } from '../support/cli.ts'
import { participant, sandbox } from '../support/rehearsal.ts'
import { stage, type Stage } from '../support/replication.ts'

const text = readFileSync(join(root, 'docs/replicate.md'), 'utf8')

let running: RunningSandbox
let at: Stage
let other: Stage
const before = process.cwd()

function valueOf(name: string): string {
  const source = participant(running, 0)
  const target = participant(running, 1)
  const values: Readonly<Record<string, string>> = {
    SOURCEADMIN: source.adminApi,
    SOURCELEDGER: source.ledgerApi,
    TARGETADMIN: target.adminApi,
    TARGETLEDGER: target.ledgerApi,
    TARGET: target.participant,
    PARTY: at.party,
    PARTY2: other.party,
  }
  const value = values[name]
  if (value === undefined) throw new Error(`the document names $${name}`)
  return value
}

beforeAll(async () => {
  running = await sandbox({ protocolVersion: 35 })
  at = await stage(running)
  other = await stage(running)
  const [, yaml = ''] = /^```yaml\n([^]*?)^```$/m.exec(text) ?? []
  const configuration = join(process.env['XDG_CONFIG_HOME'] ?? '', 'cantosign')
  mkdirSync(configuration, { recursive: true })
  writeFileSync(
    join(configuration, 'config.yaml'),
    yaml.replaceAll(/\$([A-Z]+)/g, (_, name: string) => valueOf(name)),
  )
  process.chdir(at.desk.directory)
}, 120_000)
afterAll(async () => {
  process.chdir(before)
  await running.stop()
})

describe('docs/replicate.md', { timeout: 120_000 }, () => {
  for (const { title, blocks } of readRunbook('docs/replicate.md')) {
    test(title, async () => {
      for (const command of blocks.flatMap((block) => block.commands)) {
        const { words, comment } = readStep(command, valueOf)
        expect(words[0]).toBe('cantosign-online')
        const run = await online(...words.slice(1))
        const shown = `${words.join(' ')}\n${run.stdout}${run.stderr}`
        expect(run.status, shown).toBe(expectedStatus(comment))
      }
    })
  }

  test('leads to the end', () => {
    const state = JSON.parse(readFileSync('alice/replication.json', 'utf8')) as {
      done: { step: string }[]
    }
    expect(state.done.map(({ step }) => step)).toEqual(STEPS)
  })

  test('names every option that a replication has of its own', () => {
    const command = ONLINE_COMMANDS.find(({ words }) => words[0] === 'replicate')
    const elsewhere = ['config', 'timeout', 'synchronizer', 'source-participant']
    const own = command?.options.filter(({ name }) => !elsewhere.includes(name)) ?? []
    expect(own.length).toBeGreaterThan(8)
    for (const { name } of own) {
      expect(text).toMatch(new RegExp(name === 'directory' ? ' -d ' : `--${name}\\b`))
    }
  })
})
