/** docs/ceremony/daml-transaction.md, command by command, in a directory for each company. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeMessage } from '../../src/wire/codec.ts'
import { fromProtoJson } from '../../src/wire/proto-json.ts'
import { damlCeremony, runSection } from './support/ceremonies.ts'
import { answered, expectedStatus, fingerprintsMissing } from './support/ceremony.ts'
import { runWords, type Step } from './support/runbook.ts'

const ceremony = damlCeremony()
const { sections, place, valueOf, prepared } = ceremony

interface Verified {
  readonly ok: boolean
  readonly authorization: readonly {
    readonly hash: string
    readonly party?: string
    readonly missing: readonly {
      readonly party?: string
      readonly need: number
      readonly anyOf: readonly string[]
    }[]
  }[]
}

const missingKeys = ({ authorization }: Verified): readonly string[] =>
  authorization
    .flatMap(({ missing }) => missing)
    .map(({ need, anyOf }) => `${need} of ${[...anyOf].sort().join(' ')}`)

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
  const document = JSON.parse(stdout) as Verified
  expect(document.ok, what).toBe(status === 0)
  expect(missingKeys(document), what).toEqual(
    comment.includes('missing:') ? fingerprintsMissing(comment, valueOf) : [],
  )
  if (words[2]?.startsWith('transfer') !== true) return
  expect(document.authorization.map(({ hash, party }) => [hash, party])).toEqual([
    [valueOf('HASH'), valueOf('TREASURY')],
  ])
}

describe('the ceremony of a Daml transaction', () => {
  test('has all its sections', () => {
    expect(sections.map(({ title }) => title.slice(0, 2))).toEqual(['1.', '2.', '3.', '4.', '5.'])
    const verifications = sections
      .flatMap(({ blocks }) => blocks)
      .flatMap(({ commands }) => commands)
      .filter((command) => / verify /.test(command))
    expect(verifications.every((command) => / # exit \d/.test(command))).toBe(true)
    expect(verifications.filter((command) => command.includes('missing:'))).toHaveLength(5)
  })

  for (const section of sections) {
    test(section.title, { timeout: 300_000 }, async () => {
      await runSection(ceremony, section, runStep)
    })
  }

  const readJson = (...names: readonly string[]): Record<string, unknown> =>
    JSON.parse(readFileSync(join(place, ...names), 'utf8')) as Record<string, unknown>

  /** Signers by party, as execute takes them. */
  const signersOf = (body: Record<string, unknown>): unknown => {
    const { signatures } = body['partySignatures'] as {
      readonly signatures: readonly {
        readonly party: string
        readonly signatures: readonly { readonly signedBy: string }[]
      }[]
    }
    return signatures.map((one) => [one.party, one.signatures.map(({ signedBy }) => signedBy)])
  }

  test('ends in what a participant executes, with all three signatures', () => {
    const body = readJson('owner1', 'execute', '01-execute.json')
    const keys = [1, 2, 3].map((i) => valueOf(`KEY${i}`)).sort()
    expect(signersOf(body)).toEqual([[valueOf('TREASURY'), keys]])
    expect(body).toMatchObject({
      preparedTransaction: Buffer.from(prepared()).toString('base64'),
      deduplicationPeriod: { Empty: {} },
      submissionId: '4c6471d3-4e09-49dd-addf-6cd90e19c583',
      userId: '',
      hashingSchemeVersion: 'HASHING_SCHEME_VERSION_V2',
      minLedgerTime: null,
    })
    const submission = readJson('owner1', 'execute', '01-execute-submission.json')
    expect(signersOf(submission)).toEqual([[valueOf('TREASURY'), keys]])
    expect(fromProtoJson('PreparedTransaction', submission['preparedTransaction'])).toEqual(
      decodeMessage('PreparedTransaction', prepared(), 400),
    )
  })

  test('leaves nothing where something was refused, and the 32 bytes where they were exported', () => {
    for (const owner of ['owner1', 'owner2', 'owner3']) {
      expect(existsSync(join(place, owner, 'transfer.x.cantosign.json'))).toBe(false)
    }
    expect(existsSync(join(place, 'owner1', 'too-early'))).toBe(false)
    const hash = readFileSync(join(place, 'owner1', 'to-sign', '01-prepared-transaction.hash'))
    expect(hash.toString('hex')).toBe(valueOf('HASH'))
  })
})
