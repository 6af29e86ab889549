/** What was asked for, read from YAML and held against transactions. */
import { describe, expect, test } from 'vitest'
import { readPreparedExpectation } from '../../src/build/prepared-expectation.ts'
import { judgePreparedTransaction } from '../../src/daml/judge.ts'
import { readPreparedTransaction } from '../../src/daml/prepared-transaction.ts'
import type { PreparedTransaction } from '../../src/wire/generated/schema.ts'
import {
  ALICE,
  BANK,
  bytesOf,
  createTransaction,
  exerciseTransaction,
  INPUT_ID,
  PACKAGE,
  SECOND_INPUT_ID,
} from '../daml/transactions.ts'
import { codeOf, messageOf } from './support.ts'

const SYNCHRONIZER = exerciseTransaction().metadata?.synchronizerId ?? ''

const EXERCISE = `actAs: ["${ALICE}"]
commandId: transfer-1
synchronizerId: "${SYNCHRONIZER}"
exercise:
  template: Main.Assets:Iou
  packageName: assets
  packageId: ${PACKAGE}
  contractId: ${INPUT_ID}
  interface: Main.Assets:Holding
  choice: Transfer
`
const CREATE = `actAs: ["${ALICE}"]
create: { template: "Main.Assets:Iou" }
`

const refusals = (text: string, prepared: PreparedTransaction): readonly string[] =>
  judgePreparedTransaction(
    readPreparedTransaction(bytesOf(prepared)),
    'V2',
    readPreparedExpectation(text, 'expect.yaml'),
  ).refusals.map(({ code }) => code)

describe('an expectation', () => {
  test('is met by the transaction that it describes', () => {
    expect(refusals(EXERCISE, exerciseTransaction())).toEqual([])
    expect(refusals(CREATE, createTransaction())).toEqual([])
  })

  test.each([
    [INPUT_ID, SECOND_INPUT_ID, 'other-contract'],
    ['choice: Transfer', 'choice: Burn', 'other-choice'],
    ['Main.Assets:Holding', 'Main.Assets:Locked', 'other-interface'],
    ['  interface: Main.Assets:Holding\n', '', 'other-interface'],
    ['Main.Assets:Iou', 'Main.Assets:Bond', 'other-template'],
    ['Main.Assets:Iou', 'Main:Iou', 'other-template'],
    [PACKAGE, 'bb'.repeat(32), 'other-template'],
    ['packageName: assets', 'packageName: asset', 'other-package'],
    ['commandId: transfer-1', 'commandId: transfer-2', 'other-command-id'],
    [`"${SYNCHRONIZER}"`, `"${SYNCHRONIZER}::35-0"`, 'other-synchronizer'],
    [`["${ALICE}"]`, `["${BANK}"]`, 'other-act-as'],
    [`["${ALICE}"]`, `["${ALICE}", "${BANK}"]`, 'other-act-as'],
    [`["${ALICE}"]`, '[]', 'other-act-as'],
  ])('with %j as %j differs by name', (from, to, code) => {
    expect(EXERCISE).toContain(from)
    expect(refusals(EXERCISE.replace(from, to), exerciseTransaction())).toContain(code)
  })

  test('of a create is not met by an exercise, nor the other way round', () => {
    expect(refusals(CREATE, exerciseTransaction())).toContain('other-root-kind')
    expect(refusals(EXERCISE, createTransaction())).toContain('other-root-kind')
  })

  test.each([
    ['neither create nor exercise', `actAs: ["${ALICE}"]\n`],
    ['both', `${EXERCISE}create: { template: "A:B" }\n`],
    ['nobody who acts', 'create: { template: "A:B" }\n'],
    ['an unknown field', `${CREATE}argument: 1\n`],
    ['an unknown field of the exercise', EXERCISE.replace('choice:', 'argument: 1\n  choice:')],
    ['no contract', EXERCISE.replace(/ {2}contractId: .*\n/, '')],
    ['no choice', EXERCISE.replace('  choice: Transfer\n', '')],
    ['a template without module', EXERCISE.replace('Main.Assets:Iou', 'Iou')],
    [
      'a template with a package before it',
      EXERCISE.replace('Main.Assets:Iou', '"#assets:Main.Assets:Iou"'),
    ],
    ['a contract id in capitals', EXERCISE.replace(INPUT_ID, INPUT_ID.toUpperCase())],
    ['a short package id', EXERCISE.replace(PACKAGE, PACKAGE.slice(2))],
    ['a list in place of a name', EXERCISE.replace('choice: Transfer', 'choice: [Transfer]')],
  ])('with %s is refused, with its place', (_what, text) => {
    const read = (): unknown => readPreparedExpectation(text, 'expect.yaml')
    expect(codeOf(read)).toBe('spec-invalid')
    expect(messageOf(read)).toMatch(/^expect\.yaml, line \d+, column \d+: /)
  })

  test('with a field twice is refused', () => {
    const text = EXERCISE.replace('choice: Transfer', 'choice: Transfer\n  choice: Burn')
    expect(codeOf(() => readPreparedExpectation(text, 'expect.yaml'))).toBe('yaml-invalid')
  })
})
