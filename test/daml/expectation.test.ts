import { describe, expect, test } from 'vitest'
import type { FindingCode } from '../../src/base/finding-codes.ts'
import type { ExpectedRoot, ExpectedTransaction } from '../../src/daml/expectation.ts'
import { judgePreparedTransaction } from '../../src/daml/judge.ts'
import { readPreparedTransaction } from '../../src/daml/prepared-transaction.ts'
import { parseHashingScheme, type HashingScheme } from '../../src/daml/scheme.ts'
import type { PreparedTransaction } from '../../src/wire/generated/schema.ts'
import {
  ALICE,
  BANK,
  bytesOf,
  createTransaction,
  everyValue,
  exerciseTransaction,
  INPUT_ID,
  keyTransaction,
  PACKAGE,
  record,
  SECOND_INPUT_ID,
  text,
} from './transactions.ts'

const template = { moduleName: 'Main.Assets', entityName: 'Iou' }
const holding = { moduleName: 'Main.Assets', entityName: 'Holding' }
const argument = record({ to: text('carol') }, 'Transfer')

type ExpectedExercise = Extract<ExpectedRoot, { $case: 'exercise' }>

const asked: ExpectedExercise = {
  $case: 'exercise',
  template: { ...template, packageId: PACKAGE },
  packageName: 'assets',
  contractId: INPUT_ID,
  interface: holding,
  choice: 'Transfer',
  argument,
}

const refusals = (
  prepared: PreparedTransaction,
  expected: ExpectedTransaction,
  scheme: HashingScheme = 'V2',
): readonly string[] =>
  judgePreparedTransaction(
    readPreparedTransaction(bytesOf(prepared)),
    scheme,
    expected,
  ).refusals.map(({ code }) => code)

describe('what was asked for', () => {
  test('is found again in full', () => {
    const expected = {
      root: asked,
      actAs: [ALICE],
      commandId: 'transfer-1',
      synchronizerId: exerciseTransaction().metadata?.synchronizerId ?? '',
    }
    expect(refusals(exerciseTransaction(), expected)).toEqual([])
    const root = { $case: 'create', template, argument: everyValue } as const
    expect(refusals(createTransaction(), { root })).toEqual([])
  })

  test.each<[string, ExpectedTransaction, FindingCode]>([
    ['another contract', { root: { ...asked, contractId: SECOND_INPUT_ID } }, 'other-contract'],
    [
      'another interface',
      { root: { ...asked, interface: { ...holding, entityName: 'Locked' } } },
      'other-interface',
    ],
    [
      'an interface where none was named',
      { root: { ...asked, interface: null } },
      'other-interface',
    ],
    ['another choice', { root: { ...asked, choice: 'Burn' } }, 'other-choice'],
    [
      'another argument',
      { root: { ...asked, argument: record({ to: text('mallory') }, 'Transfer') } },
      'other-argument',
    ],
    [
      'another template',
      { root: { ...asked, template: { ...template, entityName: 'Bond' } } },
      'other-template',
    ],
    [
      'another package of the same name',
      { root: { ...asked, template: { ...template, packageId: 'bb'.repeat(32) } } },
      'other-template',
    ],
    ['another package name', { root: { ...asked, packageName: 'asset' } }, 'other-package'],
    ['no key where one was asked for', { root: { ...asked, key: text('iou-1') } }, 'other-key'],
    ['an exercise where a create was', { root: { $case: 'create', template } }, 'other-root-kind'],
    ['fewer parties', { actAs: [ALICE, BANK] }, 'other-act-as'],
    ['other parties', { actAs: [BANK] }, 'other-act-as'],
    ['another command id', { commandId: 'transfer-2' }, 'other-command-id'],
    ['another synchronizer', { synchronizerId: 'elsewhere' }, 'other-synchronizer'],
  ])('is refused when it comes back as %s', (_what, expected, code) => {
    expect(refusals(exerciseTransaction(), expected)).toEqual([code])
  })

  test('a key asked for must be the key that was looked up', () => {
    const byKey: ExpectedExercise = {
      $case: 'exercise',
      template,
      interface: holding,
      choice: 'Transfer',
      key: text('iou-1'),
    }
    expect(refusals(keyTransaction(), { root: byKey }, 'V3')).toEqual([])
    const other = { ...byKey, key: text('iou-2') }
    expect(refusals(keyTransaction(), { root: other }, 'V3')).toEqual(['other-key'])
    expect(refusals(keyTransaction(), { root: asked }, 'V3')).toEqual(['other-key'])
  })
})

describe('hashing schemes', () => {
  test.each(['v2', 'V2', 'HASHING_SCHEME_VERSION_V2'])('%s is V2', (name) => {
    expect(parseHashingScheme(name)).toBe('V2')
  })

  test.each(['v1', 'V4', 'HASHING_SCHEME_VERSION_V4'])(
    '%s is known and refused by name',
    (name) => {
      expect(() => parseHashingScheme(name)).toThrow(
        expect.objectContaining({ code: 'hashing-scheme-unsupported' }),
      )
    },
  )

  test.each(['', '3', 'v', 'v5', 'v02', 'v3 ', 'HASHING_SCHEME_VERSION_UNSPECIFIED'])(
    '%j is no scheme',
    (name) => {
      expect(() => parseHashingScheme(name)).toThrow(
        expect.objectContaining({ code: 'hashing-scheme-unknown' }),
      )
    },
  )
})
