/** What a person reads of each kind of Daml transaction, line by line (test/explain/golden). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { preparedLines } from '../../cli/present/prepared.ts'
import { readPreparedTransaction } from '../../src/daml/prepared-transaction.ts'
import type { HashingScheme } from '../../src/daml/scheme.ts'
import { preparedReport } from '../../src/explain/prepared-report.ts'
import type { Exercise, PreparedTransaction } from '../../src/wire/generated/schema.ts'
import {
  ALICE,
  BANK,
  bytesOf,
  CAROL,
  create,
  createTransaction,
  exercise,
  exerciseTransaction,
  fetched,
  input,
  inputCreate,
  int64,
  keyTransaction,
  metadata,
  placedNode,
  record,
  SECOND_INPUT_ID,
  seed,
} from '../daml/transactions.ts'

const golden = (name: string): string =>
  readFileSync(join(import.meta.dirname, 'golden', `${name}.txt`), 'utf8')

/** A root exercise with these nodes below it. */
const exercising = (
  root: Partial<Exercise>,
  below: readonly Parameters<typeof placedNode>[1][],
): PreparedTransaction => ({
  transaction: {
    version: '2.1',
    roots: ['0'],
    nodes: [
      placedNode('0', {
        $case: 'exercise',
        value: exercise({ ...root, children: below.map((_node, i) => String(i + 1)) }),
      }),
      ...below.map((node, i) => placedNode(String(i + 1), node)),
    ],
    nodeSeeds: [
      seed(0),
      ...below.flatMap((node, i) => (node.$case === 'create' ? [seed(i + 1)] : [])),
    ],
  },
  metadata: metadata({
    inputContracts: [
      input(inputCreate()),
      ...(below.some(({ $case }) => $case === 'fetch')
        ? [input(inputCreate({ contractId: SECOND_INPUT_ID }))]
        : []),
    ],
  }),
})

const plain = { interfaceId: undefined, choiceObservers: [] } as const

const texts: readonly (readonly [string, PreparedTransaction, HashingScheme])[] = [
  ['create', createTransaction({ argument: record({ amount: int64(5n) }) }), 'V2'],
  [
    'consuming-exercise',
    exercising(plain, [
      {
        $case: 'create',
        value: create({
          argument: record({ amount: int64(5n) }),
          signatories: [BANK],
          stakeholders: [BANK, CAROL].sort(),
        }),
      },
    ]),
    'V2',
  ],
  [
    'non-consuming-exercise',
    exercising({ ...plain, consuming: false, choiceId: 'Price', exerciseResult: int64(12n) }, []),
    'V2',
  ],
  [
    'fetch',
    exercising({ ...plain, exerciseResult: undefined }, [
      { $case: 'fetch', value: fetched({ interfaceId: undefined }) },
    ]),
    'V2',
  ],
  ['rollback', exerciseTransaction(), 'V2'],
  ['key', keyTransaction(), 'V3'],
]

describe('a transaction reads as it is written down', () => {
  test.each(texts)('%s', (name, prepared, scheme) => {
    const read = readPreparedTransaction(bytesOf(prepared))
    // Without a clock: what it says changes every day.
    const report = preparedReport(read, scheme, { ownParties: new Set([ALICE]) })
    expect(report.refusals).toEqual([])
    expect(`${preparedLines([report]).join('\n')}\n`).toBe(golden(name))
  })
})
