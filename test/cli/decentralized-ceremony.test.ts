/** docs/ceremony/decentralized-namespace.md, command by command, in a directory for each company. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { answered, expectedStatus, fingerprintsMissing, missingIn } from './support/ceremony.ts'
import { scratch } from './support/program.ts'
import { readRunbook, readStep, runWords, type Step } from './support/runbook.ts'

const sections = readRunbook('docs/ceremony/decentralized-namespace.md')
const place = scratch()
mkdirSync(join(place, 'shared'))

/** A Canton hash, made here from its definition and not by the code under test. */
function cantonHash(purpose: number, ...parts: readonly Uint8Array[]): string {
  const head = Buffer.alloc(4)
  head.writeInt32BE(purpose)
  const sum = createHash('sha256').update(head)
  for (const part of parts) sum.update(part)
  return `1220${sum.digest('hex')}`
}

/** Of an Ed25519 key: the last 32 bytes of its SubjectPublicKeyInfo. */
const fingerprintOf = (company: string, file: string): string =>
  cantonHash(12, readFileSync(join(place, `owner${company}`, file)).subarray(-32))

function lengthAndText(text: string): Buffer {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(4)
  length.writeInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** The value of a name of the document. */
function valueOf(name: string): string {
  const [, kind, number = ''] = /^([A-Z]+)([0-9]*)$/.exec(name) ?? []
  switch (kind) {
    case 'OWNER':
      return fingerprintOf(number, 'root.pub.der')
    case 'KEY':
      return fingerprintOf(number, 'party.pub.der')
    case 'HOST':
      return fingerprintOf(number, 'participant.pub.der')
    case 'NAMESPACE': {
      const owners = [1, 2, 3, 4, 5, 6, 7].map((i) => valueOf(`OWNER${i}`)).sort()
      return cantonHash(37, ...owners.map(lengthAndText))
    }
    case 'SYNCHRONIZER':
      return `global::1220${'ab'.repeat(32)}`
    default:
      throw new Error(`the document does not say what $${name} is`)
  }
}

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

  for (const { title, blocks } of sections) {
    test(title, { timeout: 300_000 }, async () => {
      for (const { names, commands } of blocks) {
        const perCompany = async (name: string): Promise<void> => {
          const number = name.slice('owner'.length)
          const value = (one: string): string => (one === 'N' ? number : valueOf(one))
          for (const command of commands) await runStep(readStep(command, value), number)
        }
        await Promise.all(names.map(perCompany))
      }
    })
  }
})
