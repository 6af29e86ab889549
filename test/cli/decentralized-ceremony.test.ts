/** docs/ceremony/decentralized-namespace.md, command by command, in a directory for each company. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decentralizedCeremony, runSection } from './support/ceremonies.ts'
import { answered, expectedStatus, fingerprintsMissing, missingIn } from './support/ceremony.ts'
import { runWords, type Step } from './support/runbook.ts'

const ceremony = decentralizedCeremony()
const { sections, place, valueOf } = ceremony

async function runStep({ words, comment }: Step, number: string): Promise<void> {
  const directory = join(place, `owner${number}`)
  const isVerify = words[1] === 'verify'
  const { status, stdout, stderr } = await runWords(
    [...answered(words), ...(isVerify ? ['--json'] : [])],
    directory,
  )
  const what = `owner${number}: ${words.join(' ')}\n${stdout}${stderr}`
  expect(status, what).toBe(expectedStatus(comment))
  const [, printed] = /^prints \$([A-Z]+)/.exec(comment) ?? []
  if (printed !== undefined) expect(stdout.trim()).toBe(valueOf(printed))
  if (!isVerify) return
  const document = JSON.parse(stdout) as { readonly ok: boolean }
  expect(document.ok, what).toBe(status === 0)
  if (status === 0) expect(missingIn(stdout)).toEqual([])
  const value = (name: string): string => valueOf(name.replace('$N', number))
  if (comment.includes('missing:')) {
    expect(missingIn(stdout), what).toEqual(fingerprintsMissing(comment, value))
  }
}

describe('the ceremony of a decentralized namespace', () => {
  test('has all its sections', () => {
    expect(sections.map(({ title }) => title.slice(0, 2))).toEqual(['1.', '2.', '3.', '4.', '5.'])
    const verifications = sections
      .flatMap(({ blocks }) => blocks)
      .flatMap(({ commands }) => commands)
      .filter((command) => command.startsWith('cantosign verify'))
    expect(verifications.every((command) => / # exit \d/.test(command))).toBe(true)
    expect(verifications.filter((command) => command.includes('missing:'))).toHaveLength(18)
  })

  for (const section of sections) {
    test(section.title, { timeout: 300_000 }, async () => {
      await runSection(ceremony, section, runStep)
    })
  }
})
