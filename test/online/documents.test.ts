/** docs/online.md and docs/config.md: every command and every example, as they are written. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ONLINE_COMMANDS } from '../../cli/commands/online-table.ts'
import { readConfig } from '../../src/online/config.ts'
import type { RunningSandbox } from '../../src/sandbox/server/start.ts'
import { expectedStatus } from '../cli/support/ceremony.ts'
import { readRunbook, readStep } from '../cli/support/runbook.ts'
import { root } from '../cli/support/program.ts'
import { online, place } from './support/cli.ts'
import { participant, sandbox } from './support/rehearsal.ts'

let running: RunningSandbox
const desk = place()
const before = process.cwd()
beforeAll(async () => {
  running = await sandbox()
  process.chdir(desk)
})
afterAll(async () => {
  process.chdir(before)
  await running.stop()
})

const text = readFileSync(join(root, 'docs/online.md'), 'utf8')
let party = ''

function valueOf(name: string): string {
  const { adminApi, ledgerApi, jsonApi } = participant(running, 0)
  const values: Readonly<Record<string, string>> = {
    ADMIN: adminApi,
    LEDGER: ledgerApi,
    JSON: jsonApi,
    PARTY: party,
  }
  const value = values[name]
  if (value === undefined) throw new Error(`the document names $${name}`)
  return value
}

/** Files that the document shows, with the values of its names in them. */
function writeShownFiles(): void {
  for (const [, name = '', content = ''] of text.matchAll(/^```json (\S+)\n([^]*?)^```$/gm)) {
    writeFileSync(join(desk, name), content.replaceAll('$PARTY', party))
  }
}

describe('docs/online.md', { timeout: 120_000 }, () => {
  for (const { title, blocks } of readRunbook('docs/online.md')) {
    test(title, async () => {
      writeShownFiles()
      for (const command of blocks.flatMap((block) => block.commands)) {
        const { words, comment } = readStep(command, valueOf)
        expect(words[0]).toBe('cantosign-online')
        const run = await online(...words.slice(1))
        const shown = `${words.join(' ')}\n${run.stdout}${run.stderr}`
        expect(run.status, shown).toBe(expectedStatus(comment))
        if (words[1] !== 'party' || words[2] !== 'generate') continue
        const package_ = JSON.parse(readFileSync('onboarding.cantosign.json', 'utf8')) as {
          transactions: { summary: { subject: string } }[]
        }
        party = package_.transactions[0]?.summary.subject ?? ''
      }
    })
  }

  test('says what every command of the online half prints', () => {
    const own = ONLINE_COMMANDS.map(({ words }) => words.join(' ')).filter((name) =>
      /^(info|proposals|fetch|submit|watch|state export|party|transaction (prepare|execute))/.test(
        name,
      ),
    )
    for (const name of own) expect(text).toContain(`| \`${name}\` | \``)
  })
})

describe('docs/config.md', () => {
  const document = readFileSync(join(root, 'docs/config.md'), 'utf8')

  test('shows a configuration that is read', () => {
    const [, yaml = ''] = /^```yaml\n([^]*?)^```$/m.exec(document) ?? []
    const path = join(desk, 'config.yaml')
    writeFileSync(path, yaml)
    const { defaultProfile, profiles } = readConfig(path)
    expect(defaultProfile).toBe('rehearsal')
    expect(profiles.get('production')).toMatchObject({
      jsonApi: { host: 'participant.example.com', port: 7575, secure: true, prefix: '/api' },
      tls: { ca: join(desk, 'authority.pem') },
      tokenFile: '/run/secrets/participant.jwt',
      timeoutSeconds: 60,
    })
  })

  test('names every option by which a participant is found', () => {
    const info = ONLINE_COMMANDS.find(({ words }) => words.join(' ') === 'info')
    for (const { name } of info?.options ?? []) expect(document).toContain(`--${name}`)
  })
})
