import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../src/base/bytes.ts'
import type { FindingCode } from '../../src/base/finding-codes.ts'
import { isHashObstacle } from '../../src/daml/form.ts'
import { hashPreparedTransaction } from '../../src/daml/hash.ts'
import { judgePreparedTransaction } from '../../src/daml/judge.ts'
import { readPreparedTransaction } from '../../src/daml/prepared-transaction.ts'
import type { HashingScheme } from '../../src/daml/scheme.ts'
import type {
  DamlTransaction,
  Metadata,
  PreparedTransaction,
  Value,
} from '../../src/wire/generated/schema.ts'
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
  INPUT_ID,
  input,
  inputCreate,
  int64,
  key,
  keyTransaction,
  metadata,
  NEW_ID,
  placedNode,
  query,
  record,
  SECOND_INPUT_ID,
  seed,
  text,
  typeOf,
} from './transactions.ts'

const judge = (
  prepared: PreparedTransaction,
  scheme: HashingScheme = 'V2',
): { readonly refusals: readonly string[]; readonly warnings: readonly string[] } => {
  const { refusals, warnings } = judgePreparedTransaction(
    readPreparedTransaction(bytesOf(prepared)),
    scheme,
  )
  const named = ({ code, path }: { code: string; path: string }): string => `${code} ${path}`
  return { refusals: refusals.map(named), warnings: warnings.map(named) }
}

/** The transaction with its halves changed. */
const changed = (
  base: PreparedTransaction,
  change: (transaction: DamlTransaction, metadata: Metadata) => Partial<DamlTransaction & Metadata>,
): PreparedTransaction => {
  const { transaction, metadata: meta } = base
  if (transaction === undefined || meta === undefined) throw new Error('the base lacks a half')
  const changes = change(transaction, meta)
  return { transaction: { ...transaction, ...changes }, metadata: { ...meta, ...changes } }
}

const withNode = (
  base: PreparedTransaction,
  i: number,
  node: DamlTransaction['nodes'][number],
): PreparedTransaction =>
  changed(base, ({ nodes }) => ({ nodes: nodes.map((old, at) => (at === i ? node : old)) }))

const withArgument = (argument: Value): PreparedTransaction => createTransaction({ argument })

const tx = 'transaction.nodes[0].v1.create'

describe('sound transactions', () => {
  test.each([
    ['a create', createTransaction(), 'V2'],
    ['a create', createTransaction(), 'V3'],
    ['an exercise with everything below it', exerciseTransaction(), 'V2'],
    ['an exercise with everything below it', exerciseTransaction(), 'V3'],
    ['keys and a query by key', keyTransaction(), 'V3'],
  ] as const)('have no refusal: %s', (_what, prepared, scheme) => {
    expect(judge(prepared, scheme).refusals).toEqual([])
    expect(hashPreparedTransaction(bytesOf(prepared), scheme).$case).toBe('hashed')
  })

  test('name what is unsigned by design and what cannot be shown as it is', () => {
    expect(judge(exerciseTransaction()).warnings).toEqual([
      expect.stringMatching(/^escaped-text /),
      'event-blob-not-signed metadata.input_contracts',
    ])
    const dated = createTransaction(
      { argument: int64(1n) },
      { maxRecordTime: 1_759_131_828_000_000n },
    )
    expect(judge(dated, 'V2')).toEqual({
      refusals: [],
      warnings: ['max-record-time-not-signed metadata.max_record_time'],
    })
    expect(judge(dated, 'V3').warnings).toEqual(['synchronizer-id-form metadata.synchronizer_id'])
  })

  test('may use a contract through another package of the same name', () => {
    const base = exerciseTransaction()
    const upgraded = withNode(
      base,
      0,
      placedNode('0', {
        $case: 'exercise',
        value: exercise({ children: ['1', '2', '3'], templateId: typeOf('Iou', 'bb'.repeat(32)) }),
      }),
    )
    expect(judge(upgraded).refusals).toEqual([])
  })
})

const scalar = (sum: NonNullable<Value['sum']>): Value => ({ sum })

describe('values', () => {
  test.each<[string, Value, FindingCode, string]>([
    ['no value', { sum: undefined }, 'missing-value', `${tx}.argument`],
    [
      'a numeric without point',
      scalar({ $case: 'numeric', value: '7' }),
      'bad-numeric',
      `${tx}.argument.numeric`,
    ],
    [
      'a plus sign',
      scalar({ $case: 'numeric', value: '+7.0' }),
      'bad-numeric',
      `${tx}.argument.numeric`,
    ],
    [
      'a leading zero',
      scalar({ $case: 'numeric', value: '07.0' }),
      'bad-numeric',
      `${tx}.argument.numeric`,
    ],
    [
      '39 digits',
      scalar({ $case: 'numeric', value: `${'9'.repeat(38)}.1` }),
      'bad-numeric',
      `${tx}.argument.numeric`,
    ],
    [
      '38 decimals',
      scalar({ $case: 'numeric', value: `0.${'0'.repeat(37)}1` }),
      'bad-numeric',
      `${tx}.argument.numeric`,
    ],
    [
      'minus zero',
      scalar({ $case: 'numeric', value: '-0.00' }),
      'numeric-minus-zero',
      `${tx}.argument.numeric`,
    ],
    [
      'the day after the last',
      scalar({ $case: 'date', value: 2_932_897 }),
      'time-out-of-range',
      `${tx}.argument.date`,
    ],
    [
      'the day before the first',
      scalar({ $case: 'date', value: -719_163 }),
      'time-out-of-range',
      `${tx}.argument.date`,
    ],
    [
      'the microsecond before the first',
      scalar({ $case: 'timestamp', value: -62_135_596_800_000_001n }),
      'time-out-of-range',
      `${tx}.argument.timestamp`,
    ],
    [
      'a party without namespace',
      scalar({ $case: 'party', value: 'alice' }),
      'bad-identifier',
      `${tx}.argument.party`,
    ],
    [
      'a contract id of another version',
      scalar({ $case: 'contractId', value: `02${'11'.repeat(32)}` }),
      'bad-contract-id',
      `${tx}.argument.contract_id`,
    ],
    [
      'a contract id that is too short',
      scalar({ $case: 'contractId', value: `00${'11'.repeat(31)}` }),
      'bad-contract-id',
      `${tx}.argument.contract_id`,
    ],
    [
      'a contract id that is too long',
      scalar({ $case: 'contractId', value: `00${'11'.repeat(127)}` }),
      'bad-contract-id',
      `${tx}.argument.contract_id`,
    ],
    [
      'an upper-case contract id',
      scalar({ $case: 'contractId', value: `00${'AA'.repeat(32)}` }),
      'bad-contract-id',
      `${tx}.argument.contract_id`,
    ],
    [
      'a record field without label',
      record({ '': int64(1n) }),
      'empty-record-label',
      `${tx}.argument.record.fields[0].label`,
    ],
    [
      'a record field without value',
      record({ a: { sum: undefined } }),
      'missing-value',
      `${tx}.argument.record.fields[0].value`,
    ],
    [
      'a package id that is no name',
      scalar({ $case: 'record', value: { recordId: typeOf('Iou', 'a/b'), fields: [] } }),
      'bad-identifier',
      `${tx}.argument.record.record_id.package_id`,
    ],
    [
      'an entity name with a space',
      scalar({ $case: 'enum', value: { enumId: typeOf('I ou'), constructor: 'Red' } }),
      'bad-identifier',
      `${tx}.argument.enum.enum_id.entity_name`,
    ],
    [
      'a variant without constructor',
      scalar({
        $case: 'variant',
        value: { variantId: undefined, constructor: '', value: int64(1n) },
      }),
      'missing-field',
      `${tx}.argument.variant.constructor`,
    ],
    [
      'a list element without content',
      scalar({ $case: 'list', value: { elements: [int64(1n), { sum: undefined }] } }),
      'missing-value',
      `${tx}.argument.list.elements[1]`,
    ],
    [
      'text map keys in the order of UTF-16, not of UTF-8',
      scalar({
        $case: 'textMap',
        value: {
          entries: [
            { key: '\u{1f600}', value: int64(1n) },
            { key: '\uff5e', value: int64(2n) },
          ],
        },
      }),
      'unsorted-text-map',
      `${tx}.argument.text_map.entries[1].key`,
    ],
    [
      'a text map key twice',
      scalar({
        $case: 'textMap',
        value: {
          entries: [
            { key: 'a', value: int64(1n) },
            { key: 'a', value: int64(1n) },
          ],
        },
      }),
      'duplicate-map-key',
      `${tx}.argument.text_map.entries[1].key`,
    ],
  ])('refuses %s', (_what, argument, code, path) => {
    const prepared = withArgument(argument)
    expect(judge(prepared).refusals).toContain(`${code} ${path}`)
    const { $case } = hashPreparedTransaction(bytesOf(prepared), 'V2')
    expect($case).toBe(isHashObstacle(code) ? 'undetermined' : 'hashed')
  })

  test.each<[string, Value]>([
    ['a numeric of scale 0', scalar({ $case: 'numeric', value: '5.' })],
    ['a numeric of 38 digits', scalar({ $case: 'numeric', value: `0.${'9'.repeat(37)}` })],
    ['the last day', scalar({ $case: 'date', value: 2_932_896 })],
    ['the first microsecond', scalar({ $case: 'timestamp', value: -62_135_596_800_000_000n })],
    ['a contract id of version 01', scalar({ $case: 'contractId', value: `01${'11'.repeat(12)}` })],
    [
      'a type without name',
      scalar({ $case: 'record', value: { recordId: undefined, fields: [] } }),
    ],
  ])('takes %s', (_what, argument) => {
    expect(judge(withArgument(argument)).refusals).toEqual([])
  })
})

describe('nodes and metadata', () => {
  const base = exerciseTransaction()
  const node = (i: number): string => `transaction.nodes[${i}]`
  const root = `${node(0)}.v1.exercise`

  test.each<[string, PreparedTransaction, string]>([
    ['no root', changed(base, () => ({ roots: [] })), 'no-root transaction.roots'],
    [
      'a second root',
      changed(createTransaction(), ({ nodes, nodeSeeds }) => ({
        roots: ['0', '1'],
        nodes: [
          ...nodes,
          placedNode('1', {
            $case: 'create',
            value: create({ contractId: `00${'44'.repeat(32)}` }),
          }),
        ],
        nodeSeeds: [...nodeSeeds, seed(1)],
      })),
      'several-roots transaction.roots[1]',
    ],
    ['a fetch as root', changed(base, () => ({ roots: ['1'] })), 'root-kind transaction.roots[0]'],
    [
      'a node id with a leading zero',
      changed(createTransaction(), ({ nodes }) => ({
        roots: ['00'],
        nodes: nodes.map((old) => ({ ...old, nodeId: '00' })),
      })),
      `bad-node-id ${node(0)}.node_id`,
    ],
    [
      'a node id above 2^31-1',
      changed(base, () => ({ roots: ['2147483648'] })),
      'bad-node-id transaction.roots[0]',
    ],
    [
      'two nodes of one id',
      changed(base, ({ nodes }) => ({ nodes: [...nodes, ...nodes.slice(4)] })),
      `duplicate-node ${node(5)}.node_id`,
    ],
    [
      'a child that is not there',
      changed(base, ({ nodes }) => ({ nodes: nodes.slice(0, 4) })),
      `missing-node ${node(3)}.v1.rollback.children[0]`,
    ],
    [
      'a child of two nodes',
      withNode(
        base,
        0,
        placedNode('0', { $case: 'exercise', value: exercise({ children: ['1', '1', '2', '3'] }) }),
      ),
      `node-shared ${root}.children[1]`,
    ],
    [
      'a node below itself',
      withNode(base, 3, placedNode('3', { $case: 'rollback', value: { children: ['4', '0'] } })),
      `node-cycle ${node(3)}.v1.rollback.children[1]`,
    ],
    [
      'a node that no root reaches',
      changed(base, () => ({ roots: ['2'] })),
      `unreachable-node ${node(0)}`,
    ],
    [
      'a node without content',
      withNode(base, 1, {
        nodeId: '1',
        versionedNode: { $case: 'v1', value: { nodeType: undefined } },
      }),
      `missing-content ${node(1)}.v1`,
    ],
    [
      'a seed for a fetch',
      changed(base, ({ nodeSeeds }) => ({ nodeSeeds: [...nodeSeeds, seed(1)] })),
      'superfluous-seed transaction.node_seeds[3].node_id',
    ],
    [
      'a second seed',
      changed(base, ({ nodeSeeds }) => ({ nodeSeeds: [...nodeSeeds, seed(0)] })),
      'duplicate-seed transaction.node_seeds[3].node_id',
    ],
    [
      'a seed of 31 bytes',
      changed(base, ({ nodeSeeds }) => ({
        nodeSeeds: nodeSeeds.map((one) => ({ ...one, seed: one.seed.subarray(1) })),
      })),
      'bad-seed transaction.node_seeds[0].seed',
    ],
    [
      'an exercise without seed',
      changed(base, () => ({ nodeSeeds: [seed(0), seed(2)] })),
      `missing-seed ${node(4)}.v1.exercise`,
    ],
    [
      'a create without seed',
      changed(createTransaction(), () => ({ nodeSeeds: [] })),
      `create-without-seed ${tx}`,
    ],
    [
      'an unknown Daml-LF version',
      createTransaction({ lfVersion: '1.17' }),
      `unknown-lf-version ${tx}.lf_version`,
    ],
    [
      'no template',
      createTransaction({ templateId: undefined }),
      `missing-field ${tx}.template_id`,
    ],
    ['no package name', createTransaction({ packageName: '' }), `missing-field ${tx}.package_name`],
    [
      'signatories out of order',
      createTransaction({ signatories: [BANK, ALICE] }),
      `unsorted-parties ${tx}.signatories[1]`,
    ],
    [
      'a signatory twice',
      createTransaction({ signatories: [ALICE, ALICE] }),
      `duplicate-party ${tx}.signatories[1]`,
    ],
    [
      'a signatory that is no party',
      createTransaction({ signatories: ['alice'] }),
      `bad-identifier ${tx}.signatories[0]`,
    ],
    [
      'a choice without name',
      withNode(base, 4, placedNode('4', { $case: 'exercise', value: exercise({ choiceId: '' }) })),
      `missing-field ${node(4)}.v1.exercise.choice_id`,
    ],
    [
      'no transaction',
      { transaction: undefined, metadata: metadata() },
      'missing-field transaction',
    ],
    [
      'no metadata',
      { transaction: createTransaction().transaction, metadata: undefined },
      'missing-field metadata',
    ],
    [
      'nobody who acts',
      createTransaction({}, { submitterInfo: { actAs: [], commandId: 'c' } }),
      'empty-list metadata.submitter_info.act_as',
    ],
    [
      'no command id',
      createTransaction({}, { submitterInfo: { actAs: [ALICE], commandId: '' } }),
      'missing-field metadata.submitter_info.command_id',
    ],
    [
      'a command id that would show as another',
      createTransaction({}, { submitterInfo: { actAs: [ALICE], commandId: 'a\u202eb' } }),
      'unsafe-text metadata.submitter_info.command_id',
    ],
    [
      'a synchronizer that is none',
      createTransaction({}, { synchronizerId: 'global' }),
      'bad-identifier metadata.synchronizer_id',
    ],
    [
      'an upper-case uuid',
      createTransaction({}, { transactionUuid: '4C6471D3-4E09-49DD-ADDF-6CD90E19C583' }),
      'uuid-not-canonical metadata.transaction_uuid',
    ],
    [
      'no uuid',
      createTransaction({}, { transactionUuid: '' }),
      'missing-field metadata.transaction_uuid',
    ],
    [
      'a mediator group of 2^31',
      createTransaction({}, { mediatorGroup: 2_147_483_648 }),
      'mediator-group-out-of-range metadata.mediator_group',
    ],
    [
      'a preparation in the year 10000',
      createTransaction({}, { preparationTime: 253_402_300_800_000_000n }),
      'time-out-of-range metadata.preparation_time',
    ],
    [
      'a latest ledger time that is none',
      createTransaction({}, { maxLedgerEffectiveTime: 253_402_300_799_999_999n }),
      'time-bound-unlimited metadata.max_ledger_effective_time',
    ],
    [
      'ledger times the wrong way round',
      createTransaction({}, { minLedgerEffectiveTime: 2n, maxLedgerEffectiveTime: 1n }),
      'time-bounds-inverted metadata.min_ledger_effective_time',
    ],
    [
      'input contracts out of order',
      changed(base, (_transaction, { inputContracts }) => ({
        inputContracts: inputContracts.toReversed(),
      })),
      'unsorted-input-contracts metadata.input_contracts[1].v1.contract_id',
    ],
    [
      'an input contract twice',
      changed(base, (_transaction, { inputContracts }) => ({
        inputContracts: [...inputContracts, ...inputContracts.slice(1)],
      })),
      'duplicate-input-contract metadata.input_contracts[2].v1.contract_id',
    ],
    [
      'an empty input contract',
      changed(base, (_transaction, { inputContracts }) => ({
        inputContracts: inputContracts.map((one) => ({ ...one, contract: undefined })),
      })),
      'missing-content metadata.input_contracts[0].v1',
    ],
    [
      'a global key mapping',
      changed(base, () => ({ globalKeyMapping: [{ key: key.key, value: undefined }] })),
      'global-key-mapping-not-signed metadata.global_key_mapping[0]',
    ],
  ])('refuses %s', (_what, prepared, refusal) => {
    expect(judge(prepared).refusals).toContain(refusal)
  })
})

describe('contracts and authority', () => {
  const base = exerciseTransaction()
  const withInputs = (
    ...contracts: readonly ReturnType<typeof inputCreate>[]
  ): PreparedTransaction => changed(base, () => ({ inputContracts: contracts.map(input) }))
  const second = inputCreate({ contractId: SECOND_INPUT_ID })

  test.each<[string, PreparedTransaction, string]>([
    [
      'a used contract that is no input',
      withInputs(inputCreate()),
      'input-contract-missing transaction.nodes[1].v1.fetch.contract_id',
    ],
    [
      'an input contract that nobody uses',
      withInputs(inputCreate(), second, inputCreate({ contractId: `00${'55'.repeat(33)}` })),
      'input-contract-unused metadata.input_contracts[2]',
    ],
    [
      'an input contract without suffix',
      withInputs(inputCreate(), second, inputCreate({ contractId: `00${'55'.repeat(32)}` })),
      'input-contract-without-suffix metadata.input_contracts[2].v1.contract_id',
    ],
    [
      'an input contract of other parties',
      withInputs(inputCreate({ signatories: [ALICE] }), second),
      'contract-differs transaction.nodes[0].v1.exercise.contract_id',
    ],
    [
      'an input contract of another template',
      withInputs(inputCreate({ templateId: typeOf('Other') }), second),
      'contract-differs transaction.nodes[0].v1.exercise.contract_id',
    ],
    [
      'an input contract of another package name',
      withInputs(inputCreate({ packageName: 'other' }), second),
      'contract-differs transaction.nodes[0].v1.exercise.contract_id',
    ],
    [
      'a create under the id of an input contract',
      withNode(
        base,
        2,
        placedNode('2', { $case: 'create', value: create({ contractId: INPUT_ID }) }),
      ),
      'created-contract-is-input transaction.nodes[2].v1.create.contract_id',
    ],
    [
      'a create with a suffix',
      createTransaction({ contractId: INPUT_ID }),
      `created-contract-suffix ${tx}.contract_id`,
    ],
    [
      'two creates of one id',
      withNode(base, 1, placedNode('1', { $case: 'create', value: create() })),
      'duplicate-contract transaction.nodes[2].v1.create.contract_id',
    ],
    [
      'a contract used before it is created',
      withNode(
        base,
        1,
        placedNode('1', { $case: 'fetch', value: fetched({ contractId: NEW_ID }) }),
      ),
      'contract-used-before-creation transaction.nodes[1].v1.fetch.contract_id',
    ],
    [
      'a created contract that is fetched with other parties',
      withNode(
        base,
        4,
        placedNode('4', {
          $case: 'exercise',
          value: exercise({ contractId: NEW_ID, consuming: false }),
        }),
      ),
      'contract-differs transaction.nodes[4].v1.exercise.contract_id',
    ],
    [
      'a create in the name of somebody who does not act',
      createTransaction({ signatories: [ALICE, BANK] }),
      `root-authority ${tx}.signatories[1]`,
    ],
    [
      'an exercise by somebody who does not act',
      withNode(
        base,
        0,
        placedNode('0', {
          $case: 'exercise',
          value: exercise({ children: ['1', '2', '3'], actingParties: [ALICE, CAROL] }),
        }),
      ),
      'root-authority transaction.nodes[0].v1.exercise.acting_parties[1]',
    ],
    [
      'a root that nobody authorizes',
      createTransaction({ signatories: [], stakeholders: [] }),
      `empty-list ${tx}.signatories`,
    ],
  ])('refuses %s', (_what, prepared, refusal) => {
    expect(judge(prepared).refusals).toContain(refusal)
  })

  test('warns of authority that is lent for nothing', () => {
    const lent = createTransaction({}, { submitterInfo: { actAs: [ALICE, BANK], commandId: 'c' } })
    const judgement = judge(lent)
    expect(judgement.refusals).toEqual([])
    expect(judgement.warnings).toContain('act-as-unneeded metadata.submitter_info.act_as[1]')
  })

  test('compares the key of a query with that of the contract it finds', () => {
    const other = { ...key, maintainers: [ALICE] }
    const prepared = withNode(
      keyTransaction(),
      1,
      placedNode('1', { $case: 'queryByKey', value: query({ key: other }) }),
    )
    expect(judge(prepared, 'V3').refusals).toEqual([
      'contract-differs transaction.nodes[1].v1.query_by_key.result[0]',
    ])
  })
})

describe('hashing schemes', () => {
  const v2 = exerciseTransaction()

  test.each<[string, PreparedTransaction, HashingScheme, string]>([
    ['V2 with a contract key', createTransaction({ key }), 'V2', `key-not-signed ${tx}.key`],
    [
      'V2 with a contract key in an input contract',
      changed(v2, () => ({
        inputContracts: [
          input(inputCreate({ key })),
          input(inputCreate({ contractId: SECOND_INPUT_ID })),
        ],
      })),
      'V2',
      'key-not-signed metadata.input_contracts[0].v1.key',
    ],
    [
      'V2 with by_key',
      withNode(v2, 1, placedNode('1', { $case: 'fetch', value: fetched({ byKey: true }) })),
      'V2',
      'by-key-not-signed transaction.nodes[1].v1.fetch.by_key',
    ],
    [
      'V2 with a query by key',
      keyTransaction(),
      'V2',
      'query-not-in-scheme transaction.nodes[1].v1.query_by_key',
    ],
    ['V2 with Daml-LF 2', keyTransaction(), 'V2', 'lf-version-not-in-scheme transaction.version'],
    [
      'V3 with Daml-LF dev',
      changed(createTransaction({ lfVersion: 'dev' }), () => ({ version: 'dev' })),
      'V3',
      `lf-version-not-in-scheme ${tx}.lf_version`,
    ],
    [
      'a node newer than its transaction',
      createTransaction({ lfVersion: '2' }),
      'V3',
      `lf-version-above-transaction ${tx}.lf_version`,
    ],
    [
      'V3 with a key on Daml-LF 2.1',
      createTransaction({ key }),
      'V3',
      `key-not-in-lf-version ${tx}.key`,
    ],
    [
      'V3 with by_key on Daml-LF 2.1',
      withNode(v2, 1, placedNode('1', { $case: 'fetch', value: fetched({ byKey: true }) })),
      'V3',
      'key-not-in-lf-version transaction.nodes[1].v1.fetch.by_key',
    ],
    [
      'external calls before V4',
      withNode(
        v2,
        4,
        placedNode('4', {
          $case: 'exercise',
          value: exercise({
            contractId: SECOND_INPUT_ID,
            externalCallResults: [
              {
                extensionId: 'e',
                functionId: 'f',
                config: Uint8Array.of(1),
                input: Uint8Array.of(2),
                output: Uint8Array.of(3),
              },
            ],
          }),
        }),
      ),
      'V3',
      'external-call-not-signed transaction.nodes[4].v1.exercise.external_call_results[0]',
    ],
    [
      'a key hash of 31 bytes',
      changed(keyTransaction(), () => ({
        inputContracts: [
          input(
            inputCreate({
              lfVersion: '2',
              key: { ...key, key: key.key && { ...key.key, hash: new Uint8Array(31) } },
            }),
          ),
          input(inputCreate({ lfVersion: '2', contractId: SECOND_INPUT_ID, key })),
        ],
      })),
      'V3',
      'bad-key-hash metadata.input_contracts[0].v1.key.key.hash',
    ],
  ])('refuses %s', (_what, prepared, scheme, refusal) => {
    expect(judge(prepared, scheme).refusals).toContain(refusal)
  })
})

describe('the encoding', () => {
  const sound = bytesOf(createTransaction())

  test('refuses an unknown field and still knows the hash', () => {
    const bytes = concatBytes(sound, Uint8Array.of(0x7a, 0x01, 0x61))
    const { refusals } = judgePreparedTransaction(readPreparedTransaction(bytes), 'V2')
    expect(refusals).toMatchObject([{ code: 'unknown-field', path: '#15', offset: sound.length }])
    expect(hashPreparedTransaction(bytes, 'V2')).toEqual(hashPreparedTransaction(sound, 'V2'))
  })

  test('refuses a second metadata and gives no hash: libraries merge them or take one', () => {
    const bytes = concatBytes(sound, Uint8Array.of(0x12, 0x00))
    const { refusals } = judgePreparedTransaction(readPreparedTransaction(bytes), 'V2')
    expect(refusals.map(({ code }) => code)).toEqual(['duplicate-field'])
    expect(hashPreparedTransaction(bytes, 'V2')).toMatchObject({
      $case: 'undetermined',
      obstacles: [{ code: 'duplicate-field' }],
    })
  })

  test('refuses every cut, and none has a hash', () => {
    for (let length = 1; length < sound.length; length++) {
      const read = readPreparedTransaction(sound.subarray(0, length))
      expect(
        judgePreparedTransaction(read, 'V2').refusals.length,
        `cut at ${length}`,
      ).toBeGreaterThan(0)
    }
  })

  test('places its findings in the bytes', () => {
    const bytes = bytesOf(createTransaction({}, { transactionUuid: 'no uuid' }))
    const { refusals } = judgePreparedTransaction(readPreparedTransaction(bytes), 'V2')
    const offset = refusals[0]?.offset ?? 0
    expect(bytes.subarray(offset, offset + 4)).toEqual(Uint8Array.of(0x2a, 7, 0x6e, 0x6f))
  })

  test('lists a bounded number of findings', () => {
    const prepared = createTransaction({
      argument: {
        sum: { $case: 'list', value: { elements: Array.from({ length: 5000 }, () => text('x')) } },
      },
      signatories: Array.from({ length: 5000 }, () => 'nobody'),
    })
    const { refusals } = judgePreparedTransaction(readPreparedTransaction(bytesOf(prepared)), 'V2')
    expect(refusals.length).toBeLessThan(1100)
    expect(refusals.map(({ code }) => code)).toContain('too-many-findings')
    expect(hashPreparedTransaction(bytesOf(prepared), 'V2').$case).toBe('undetermined')
  })
})
