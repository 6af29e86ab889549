/** docs/ceremony/daml-transaction.md, command by command, in a directory for each company. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeMessage } from '../../src/wire/codec.ts'
import { fromProtoJson } from '../../src/wire/proto-json.ts'
import type { PreparedTransaction } from '../../src/wire/generated/schema.ts'
import {
  BANK,
  bytesOf,
  CAROL,
  create,
  exercise,
  input,
  inputCreate,
  INPUT_ID,
  metadata,
  placedNode,
  seed,
} from '../daml/transactions.ts'
import { digestOf } from '../package/prepared.ts'
import { answered, expectedStatus, fingerprintsMissing } from './support/ceremony.ts'
import { answer } from './support/prepared.ts'
import { root, scratch } from './support/program.ts'
import { readRunbook, readStep, runWords, type Step } from './support/runbook.ts'

const PAGE = 'docs/ceremony/daml-transaction.md'
const sections = readRunbook(PAGE)
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

const fingerprintOf = (company: string, file: string): string =>
  cantonHash(12, readFileSync(join(place, `owner${company}`, file)).subarray(-32))

function lengthAndText(text: string): Buffer {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(4)
  length.writeInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

const SYNCHRONIZER = `global::1220${'ab'.repeat(32)}`

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
      const owners = [1, 2, 3].map((i) => valueOf(`OWNER${i}`)).sort()
      return cantonHash(37, ...owners.map(lengthAndText))
    }
    case 'TREASURY':
      return `treasury::${valueOf('NAMESPACE')}`
    case 'SYNCHRONIZER':
      return SYNCHRONIZER
    case 'CONTRACT':
      return INPUT_ID
    case 'HASH':
      return Buffer.from(digestOf(prepared())).toString('hex')
    default:
      throw new Error(`the document does not say what $${name} is`)
  }
}

let made: Uint8Array | undefined

/** The transaction that a participant prepares for the party, made once. */
function prepared(): Uint8Array {
  if (made !== undefined) return made
  const treasury = valueOf('TREASURY')
  const both = [BANK, treasury].sort()
  const whole: PreparedTransaction = {
    transaction: {
      version: '2.1',
      roots: ['0'],
      nodes: [
        placedNode('0', {
          $case: 'exercise',
          value: exercise({
            signatories: both,
            stakeholders: both,
            actingParties: [treasury],
            children: ['1'],
          }),
        }),
        placedNode('1', {
          $case: 'create',
          value: create({ signatories: [BANK], stakeholders: [BANK, CAROL].sort() }),
        }),
      ],
      nodeSeeds: [seed(0), seed(1)],
    },
    metadata: metadata({
      submitterInfo: { actAs: [treasury], commandId: 'transfer-1' },
      synchronizerId: SYNCHRONIZER,
      preparationTime: BigInt(Date.now()) * 1000n,
      inputContracts: [input(inputCreate({ signatories: both, stakeholders: both }))],
    }),
  }
  made = bytesOf(whole)
  return made
}

/** What is there before a section begins, and does not come from this program. */
function provide(): void {
  const [, yaml = ''] =
    /^```yaml expected\.yaml\n([^]*?)^```$/m.exec(readFileSync(join(root, PAGE), 'utf8')) ?? []
  const text = yaml.replaceAll(/\$([A-Z]+[0-9]*)/g, (_, name: string) => valueOf(name))
  for (const number of [1, 2, 3]) {
    writeFileSync(join(place, `owner${number}`, 'expected.yaml'), text)
  }
  const file = answer(prepared(), digestOf(prepared()), 'V2')
  writeFileSync(join(place, 'shared', 'answer.json'), file)
}

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

  for (const { title, blocks } of sections) {
    test(title, { timeout: 300_000 }, async () => {
      if (title.startsWith('2.')) provide()
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
