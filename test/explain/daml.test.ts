/** What the person who signs a Daml transaction gets to read. */
import { describe, expect, test } from 'vitest'
import { judgePreparedTransaction } from '../../src/daml/judge.ts'
import { readPreparedTransaction } from '../../src/daml/prepared-transaction.ts'
import type { HashingScheme } from '../../src/daml/scheme.ts'
import { describePreparedTransaction, type PreparedStatement } from '../../src/explain/daml.ts'
import type { PreparedTransaction, Value } from '../../src/wire/generated/schema.ts'
import {
  ALICE,
  BANK,
  bytesOf,
  CAROL,
  createTransaction,
  exerciseTransaction,
  INPUT_ID,
  keyTransaction,
  NEW_ID,
  PACKAGE,
  SECOND_INPUT_ID,
  text,
} from '../daml/transactions.ts'

const SHORT_ALICE = 'alice::1220abababab…abababab'
const SHORT_BANK = 'bank::1220abababab…abababab'
const SHORT_INPUT = '001111111111…77777777'
const SHORT_SECOND = '002222222222…77777777'
const SHORT_NEW = '003333333333…33333333'

const describeAs = (
  prepared: PreparedTransaction,
  scheme: HashingScheme = 'V2',
  own: readonly string[] = [],
): PreparedStatement => {
  const read = readPreparedTransaction(bytesOf(prepared))
  const { refusals, warnings } = judgePreparedTransaction(read, scheme)
  return describePreparedTransaction(prepared, {
    scheme,
    ownParties: new Set(own),
    findings: [...refusals, ...warnings],
  })
}

/** The lines of an argument as `label: text`, indented. */
const linesOf = (argument: Value): readonly string[] => {
  const [node] = describeAs(createTransaction({ argument })).nodes
  return (node?.values ?? []).map(
    ({ depth, label, text: words }) => `${' '.repeat(depth)}${label}: ${words}`,
  )
}

describe('the sentence', () => {
  test('says who creates what, and who signs the contract', () => {
    expect(describeAs(createTransaction()).summary).toBe(
      `${SHORT_ALICE} creates contract ${SHORT_NEW} of assets:Main.Assets:Iou, signed by ${SHORT_ALICE}; ` +
        'in all this creates 1 contract, archives 0 contracts and fetches 0 contracts',
    )
  })

  test('says who exercises which choice on which contract, and that it is archived', () => {
    expect(describeAs(exerciseTransaction()).summary).toBe(
      `${SHORT_ALICE} exercises the consuming choice Transfer on contract ${SHORT_INPUT} of assets:Main.Assets:Iou ` +
        'through interface Main.Assets:Holding, which archives it; ' +
        'in all this creates 1 contract, archives 1 contract and fetches 1 contract',
    )
  })

  test('is there for an empty transaction as well', () => {
    const empty = { transaction: undefined, metadata: undefined }
    expect(describeAs(empty).summary).toBe('the transaction does nothing')
  })
})

describe('the tree', () => {
  const { nodes } = describeAs(exerciseTransaction())

  test('is in the order of execution, with depth and what is undone', () => {
    expect(nodes.map(({ kind, depth, undone }) => [kind, depth, undone])).toEqual([
      ['exercise', 0, false],
      ['fetch', 1, false],
      ['create', 1, false],
      ['rollback', 1, false],
      ['exercise', 2, true],
    ])
  })

  test('tells a fetch', () => {
    expect(nodes[1]?.sentence).toBe(
      `${SHORT_ALICE} fetches contract ${SHORT_SECOND} of assets:Main.Assets:Iou through interface Main.Assets:Holding`,
    )
    expect(nodes[1]?.contractId).toBe(SECOND_INPUT_ID)
  })

  test('tells a create with its parties', () => {
    expect(nodes[2]?.sentence).toBe(
      `creates contract ${SHORT_NEW} of assets:Main.Assets:Iou, signed by ${SHORT_ALICE}`,
    )
    expect(nodes[2]?.contractId).toBe(NEW_ID)
    expect(nodes[2]?.facts).toEqual([
      { label: 'package', text: PACKAGE },
      { label: 'signatories', text: SHORT_ALICE },
      { label: 'observers', text: SHORT_BANK },
    ])
  })

  test('tells a rollback, and a non-consuming exercise below it', () => {
    expect(nodes[3]?.sentence).toContain('rolled back')
    expect(nodes[4]?.sentence).toBe(
      `${SHORT_ALICE} exercises the non-consuming choice Probe on contract ${SHORT_SECOND} of assets:Main.Assets:Iou, which leaves it active`,
    )
  })

  test('shows argument and result of a choice, and who else gets to see it', () => {
    expect(nodes[0]?.values).toEqual([
      { depth: 0, label: 'argument', text: 'record Main.Assets:Transfer' },
      { depth: 1, label: 'to', text: '"carol"' },
      { depth: 0, label: 'result', text: `contract ${SHORT_NEW}` },
    ])
    expect(nodes[0]?.facts).toContainEqual({
      label: 'choice observers',
      text: 'carol::1220abababab…abababab',
    })
  })

  test('tells keys and queries by key', () => {
    const keyed = describeAs(keyTransaction(), 'V3').nodes
    expect(keyed[0]?.sentence).toContain(', found by its key, which archives it')
    expect(keyed[0]?.values.at(-1)).toEqual({ depth: 0, label: 'key', text: '"iou-1"' })
    expect(keyed[1]?.sentence).toBe(
      'looks up contracts of assets:Main.Assets:Iou by key: 1 contract found, all that there are',
    )
    expect(keyed[1]?.facts).toContainEqual({ label: 'found', text: SHORT_SECOND })
  })
})

describe('values', () => {
  test('are all shown', () => {
    const [node] = describeAs(createTransaction()).nodes
    const lines = (node?.values ?? []).map(
      ({ depth, label, text: words }) => `${' '.repeat(depth)}${label}: ${words}`,
    )
    expect(lines).toEqual([
      'argument: record Main.Assets:Iou',
      ` owner: party ${SHORT_ALICE}`,
      ' amount: -12.50',
      ' count: -3',
      ' day: 2024-10-04',
      ' at: 2024-10-24T16:43:46.000000Z',
      ' note: "first line\nsecond ""line"""',
      ' flag: true',
      ' nothing: unit',
      ` reference: contract ${SHORT_INPUT}`,
      ' maybe: some 1',
      ' none: none',
      ' items: list of 2 elements',
      '  [0]: "one"',
      '  [1]: "two"',
      ' labels: map of 2 entries',
      '  "a": 1',
      '  "b": 2',
      ' prices: map of 1 entry',
      '  7: "seven"',
      ' side: variant Buy of Main.Assets:Side',
      '  value: 5',
      ' colour: Red (Main.Assets:Colour)',
    ])
  })

  test('keep a text apart from what it might pretend to be', () => {
    expect(linesOf(text('none'))).toEqual(['argument: "none"'])
    expect(linesOf(text('a" (signed by nobody'))).toEqual(['argument: "a"" (signed by nobody"'])
  })

  test('cut a long text, with its length and hash, never within a character', () => {
    const [line] = linesOf(text(`${'a'.repeat(199)}\u{1f600}${'b'.repeat(5000)}`))
    expect(line).toMatch(/^argument: "a{199}"… \(5201 characters in all, SHA-256 [0-9a-f]{64}\)$/)
  })

  test('show 64-bit numbers and times to the last digit', () => {
    const of = (sum: NonNullable<Value['sum']>): string => linesOf({ sum })[0] ?? ''
    expect(of({ $case: 'int64', value: -9_223_372_036_854_775_808n })).toBe(
      'argument: -9223372036854775808',
    )
    expect(of({ $case: 'timestamp', value: -1n })).toBe('argument: 1969-12-31T23:59:59.999999Z')
    expect(of({ $case: 'timestamp', value: 253_402_300_799_999_999n })).toBe(
      'argument: 9999-12-31T23:59:59.999999Z',
    )
    expect(of({ $case: 'date', value: -719_162 })).toBe('argument: 0001-01-01')
  })
})

describe('names', () => {
  test('are short in the text and in full in the legend', () => {
    const { names } = describeAs(exerciseTransaction())
    expect(names).toContainEqual({ kind: 'party', short: SHORT_ALICE, full: ALICE })
    expect(names).toContainEqual({ kind: 'contract', short: SHORT_INPUT, full: INPUT_ID })
  })

  test('that would look alike are not shortened', () => {
    // Same hint, same beginning and end of the namespace.
    const lookalike = `${ALICE.slice(0, 30)}0000${ALICE.slice(34)}`
    expect(lookalike).not.toBe(ALICE)
    const prepared = createTransaction({
      argument: { sum: { $case: 'party', value: lookalike } },
    })
    const [node] = describeAs(prepared).nodes
    expect(node?.values[0]?.text).toBe(`party ${lookalike}`)
  })
})

describe('around the tree', () => {
  test('stand the submission, the input contracts, the packages and who gets to know', () => {
    const statement = describeAs(exerciseTransaction())
    const fact = (label: string): string | undefined =>
      statement.submission.find((one) => one.label === label)?.text
    expect(fact('acting')).toBe(SHORT_ALICE)
    expect(fact('command id')).toBe('transfer-1')
    expect(fact('synchronizer')).toMatch(/^global::1220(ab){32} \(logical\)$/)
    expect(fact('transaction uuid')).toBe('4c6471d3-4e09-49dd-addf-6cd90e19c583')
    expect(fact('prepared')).toBe('2025-09-29T06:43:48.168348Z')
    expect(fact('ledger time until')).toBe('2025-09-29T06:44:48.000000Z')
    expect(statement.inputContracts.map(({ contractId }) => contractId)).toEqual([
      INPUT_ID,
      SECOND_INPUT_ID,
    ])
    expect(statement.inputContracts[0]?.sentence).toBe(
      `contract ${SHORT_INPUT} of assets:Main.Assets:Iou, created 2023-11-14T22:13:20.000000Z`,
    )
    expect(statement.packageIds).toEqual([PACKAGE])
    expect(statement.informed).toEqual([ALICE, BANK, CAROL])
  })

  test('stands what no signature covers', () => {
    const dated = createTransaction({}, { maxRecordTime: 1_759_131_828_000_000n })
    const statement = describeAs(dated)
    expect(statement.notSigned.join('\n')).toContain('metadata.max_record_time')
    expect(statement.submission.at(-1)?.text).toMatch(/not signed: no expiry/)
    expect(describeAs(exerciseTransaction()).notSigned.join('\n')).toContain('event_blob')
    expect(describeAs(dated, 'V3').notSigned.join('\n')).not.toContain('max_record_time')
  })
})

describe('dangers', () => {
  const codes = (statement: PreparedStatement): readonly string[] =>
    statement.dangers.map(({ code }) => code)

  test('always name that others can execute it, and until when', () => {
    const { dangers } = describeAs(createTransaction())
    expect(dangers.map(({ code }) => code)).toEqual(['executable-by-others'])
    expect(dangers[0]?.message).toContain('24 hours unless')
  })

  test('take an expiry as such only where it is signed', () => {
    const dated = createTransaction({}, { maxRecordTime: 1_759_131_828_000_000n })
    expect(describeAs(dated, 'V3').dangers[0]?.message).toContain(
      'until 2025-09-29T07:43:48.000000Z',
    )
    expect(describeAs(dated, 'V2').dangers[0]?.message).not.toContain('07:43:48')
  })

  test('name a long validity', () => {
    const late = createTransaction({}, { maxRecordTime: 1_759_128_228_168_348n + 86_400_000_001n })
    expect(codes(describeAs(late, 'V3'))).toEqual(['executable-by-others', 'valid-long'])
    const day = createTransaction({}, { maxRecordTime: 1_759_128_228_168_348n + 86_400_000_000n })
    expect(codes(describeAs(day, 'V3'))).toEqual(['executable-by-others'])
  })

  test('name that the signer acts with others, or not at all', () => {
    const both = createTransaction(
      { signatories: [ALICE, BANK] },
      { submitterInfo: { actAs: [ALICE, BANK], commandId: 'c' } },
    )
    expect(codes(describeAs(both, 'V2', [ALICE]))).toContain('acts-for-others')
    expect(codes(describeAs(both, 'V2', [CAROL]))).toContain('signer-does-not-act')
    expect(codes(describeAs(both, 'V2', [ALICE, BANK]))).toEqual(['executable-by-others'])
    const hidden = createTransaction({ signatories: [ALICE, BANK] })
    expect(codes(describeAs(hidden, 'V2', [ALICE]))).toContain('acts-for-others')
  })

  test('name ledger time and archived contracts of the signer', () => {
    expect(codes(describeAs(exerciseTransaction(), 'V2', [ALICE]))).toEqual([
      'executable-by-others',
      'ledger-time-bound',
      'own-contract-archived',
    ])
    expect(codes(describeAs(exerciseTransaction(), 'V2', [CAROL]))).not.toContain(
      'own-contract-archived',
    )
  })

  /** The exercise with other parties on its second input contract, and on what it creates. */
  const withParties = (
    stakeholders: readonly string[],
    signatories: readonly string[],
  ): PreparedTransaction => {
    const base = exerciseTransaction()
    if (base.metadata === undefined || base.transaction === undefined) throw new Error('empty')
    const inputContracts = base.metadata.inputContracts.map((one) => {
      const create = one.contract?.value
      if (create?.contractId !== SECOND_INPUT_ID) return one
      const value = { ...create, signatories: [BANK], stakeholders }
      return { ...one, contract: { $case: 'v1' as const, value } }
    })
    const nodes = base.transaction.nodes.map((one) => {
      const node = one.versionedNode?.value.nodeType
      if (node?.$case !== 'create') return one
      const nodeType = { $case: 'create' as const, value: { ...node.value, signatories } }
      return { ...one, versionedNode: { $case: 'v1' as const, value: { nodeType } } }
    })
    return {
      transaction: { ...base.transaction, nodes },
      metadata: { ...base.metadata, inputContracts },
    }
  }

  test('name a contract that no acting party is a stakeholder of', () => {
    const statement = describeAs(withParties([BANK, CAROL], [ALICE]))
    expect(codes(statement)).toContain('reads-as-others')
    expect(statement.dangers.find(({ code }) => code === 'reads-as-others')?.message).toContain(
      SHORT_SECOND,
    )
    expect(codes(describeAs(withParties([ALICE, BANK], [ALICE])))).not.toContain('reads-as-others')
  })

  test('name authority of others that is used below the root, and no other', () => {
    const statement = describeAs(withParties([ALICE, BANK], [ALICE, BANK]))
    const found = statement.dangers.find(({ code }) => code === 'writes-as-others')
    expect(found?.message).toContain(`the authority of ${SHORT_BANK} is used`)
    expect(codes(describeAs(withParties([ALICE, BANK], [ALICE])))).not.toContain('writes-as-others')
    // At the root it is refused, and what is rolled back takes nobody's authority.
    const root = createTransaction({ signatories: [ALICE, BANK] })
    expect(codes(describeAs(root))).not.toContain('writes-as-others')
    const rolledBack = exerciseTransaction()
    const nodes = rolledBack.transaction?.nodes.map((one) => {
      const node = one.versionedNode?.value.nodeType
      if (one.nodeId !== '4' || node?.$case !== 'exercise') return one
      const nodeType = { ...node, value: { ...node.value, actingParties: [BANK] } }
      return { ...one, versionedNode: { $case: 'v1' as const, value: { nodeType } } }
    })
    if (rolledBack.transaction === undefined || nodes === undefined) throw new Error('empty')
    const changed = { ...rolledBack, transaction: { ...rolledBack.transaction, nodes } }
    expect(changed).not.toEqual(rolledBack)
    expect(codes(describeAs(changed))).not.toContain('writes-as-others')
  })

  test('name a contract that is used through another package', () => {
    const base = exerciseTransaction()
    const [first, ...others] = base.metadata?.inputContracts ?? []
    const create = first?.contract?.value
    if (base.metadata === undefined || first === undefined || create?.templateId === undefined) {
      throw new Error('the base has no input contract')
    }
    const old = { ...create, templateId: { ...create.templateId, packageId: 'bb'.repeat(32) } }
    const upgraded = {
      ...base,
      metadata: {
        ...base.metadata,
        inputContracts: [{ ...first, contract: { $case: 'v1' as const, value: old } }, ...others],
      },
    }
    const statement = describeAs(upgraded)
    expect(codes(statement)).toContain('package-changed')
    expect(statement.packageIds).toEqual([PACKAGE, 'bb'.repeat(32)])
  })
})
