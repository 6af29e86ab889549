/** The ceremonies of docs/ceremony: what their names stand for, and a directory for each company. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PreparedTransaction } from '../../../src/wire/generated/schema.ts'
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
} from '../../daml/transactions.ts'
import { digestOf } from '../../package/prepared.ts'
import { answer } from './prepared.ts'
import { root, scratch } from './program.ts'
import { readRunbook, readStep, type Section, type Step } from './runbook.ts'

export interface Ceremony {
  readonly sections: readonly Section[]
  /** The directory that holds those of the companies. */
  readonly place: string
  /** The value of a name of the document. */
  readonly valueOf: (name: string) => string
  /** Makes what is there before a section begins and does not come from this program. */
  readonly provide: (section: Section) => void
}

/** A Canton hash, made here from its definition and not by the code under test. */
function cantonHash(purpose: number, ...parts: readonly Uint8Array[]): string {
  const head = Buffer.alloc(4)
  head.writeInt32BE(purpose)
  const sum = createHash('sha256').update(head)
  for (const part of parts) sum.update(part)
  return `1220${sum.digest('hex')}`
}

function lengthAndText(text: string): Buffer {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(4)
  length.writeInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

function newPlace(): string {
  const place = scratch()
  mkdirSync(join(place, 'shared'))
  return place
}

const SYNCHRONIZER = `global::1220${'ab'.repeat(32)}`

/** The names that both documents have. */
function commonNames(place: string, owners: readonly number[]): (name: string) => string {
  /** Of an Ed25519 key: the last 32 bytes of its SubjectPublicKeyInfo. */
  const fingerprintOf = (company: string, file: string): string =>
    cantonHash(12, readFileSync(join(place, `owner${company}`, file)).subarray(-32))
  return function valueOf(name: string): string {
    const [, kind, number = ''] = /^([A-Z]+)([0-9]*)$/.exec(name) ?? []
    switch (kind) {
      case 'OWNER':
        return fingerprintOf(number, 'root.pub.der')
      case 'KEY':
        return fingerprintOf(number, 'party.pub.der')
      case 'HOST':
        return fingerprintOf(number, 'participant.pub.der')
      case 'NAMESPACE':
        return cantonHash(
          37,
          ...owners
            .map((i) => valueOf(`OWNER${i}`))
            .sort()
            .map(lengthAndText),
        )
      case 'SYNCHRONIZER':
        return SYNCHRONIZER
      default:
        throw new Error(`the document does not say what $${name} is`)
    }
  }
}

/** docs/ceremony/decentralized-namespace.md */
export function decentralizedCeremony(): Ceremony {
  const place = newPlace()
  return {
    sections: readRunbook('docs/ceremony/decentralized-namespace.md'),
    place,
    valueOf: commonNames(place, [1, 2, 3, 4, 5, 6, 7]),
    provide: () => undefined,
  }
}

export interface DamlCeremony extends Ceremony {
  /** The transaction that a participant prepares for the party, made once. */
  readonly prepared: () => Uint8Array
}

/** docs/ceremony/daml-transaction.md */
export function damlCeremony(): DamlCeremony {
  const page = 'docs/ceremony/daml-transaction.md'
  const place = newPlace()
  const common = commonNames(place, [1, 2, 3])

  function valueOf(name: string): string {
    switch (name) {
      case 'TREASURY':
        return `treasury::${common('NAMESPACE')}`
      case 'CONTRACT':
        return INPUT_ID
      case 'HASH':
        return Buffer.from(digestOf(prepared())).toString('hex')
      default:
        return common(name)
    }
  }

  let made: Uint8Array | undefined
  const prepared = (): Uint8Array => (made ??= bytesOf(transferBy(valueOf('TREASURY'))))

  function provide({ title }: Section): void {
    if (!title.startsWith('2.')) return
    const [, yaml = ''] =
      /^```yaml expected\.yaml\n([^]*?)^```$/m.exec(readFileSync(join(root, page), 'utf8')) ?? []
    const text = yaml.replaceAll(/\$([A-Z]+[0-9]*)/g, (_, name: string) => valueOf(name))
    for (const number of [1, 2, 3]) {
      writeFileSync(join(place, `owner${number}`, 'expected.yaml'), text)
    }
    const file = answer(prepared(), digestOf(prepared()), 'V2')
    writeFileSync(join(place, 'shared', 'answer.json'), file)
  }

  return { sections: readRunbook(page), place, valueOf, provide, prepared }
}

function transferBy(treasury: string): PreparedTransaction {
  const both = [BANK, treasury].sort()
  return {
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
}

/**
 * Runs the steps of a section: block after block, and within one the companies side by side.
 * @param run gets a step and the number of the company
 */
export async function runSection(
  ceremony: Ceremony,
  section: Section,
  run: (step: Step, number: string) => Promise<void>,
): Promise<void> {
  ceremony.provide(section)
  for (const { names, commands } of section.blocks) {
    const perCompany = async (name: string): Promise<void> => {
      const number = name.slice('owner'.length)
      const value = (one: string): string => (one === 'N' ? number : ceremony.valueOf(one))
      for (const command of commands) await run(readStep(command, value), number)
    }
    await Promise.all(names.map(perCompany))
  }
}
