/** Prepared transactions that are sound in every way, for tests to spoil. */
import { encodeMessage } from '../../src/wire/codec.ts'
import type {
  Create,
  DamlTransaction,
  Exercise,
  Fetch,
  GlobalKeyWithMaintainers,
  Identifier,
  Metadata,
  Node,
  PreparedTransaction,
  QueryByKey,
  Value,
} from '../../src/wire/generated/schema.ts'

const NAMESPACE = `1220${'ab'.repeat(32)}`
export const ALICE = `alice::${NAMESPACE}`
export const BANK = `bank::${NAMESPACE}`
export const CAROL = `carol::${NAMESPACE}`

export const PACKAGE = 'aa'.repeat(32)
export const INPUT_ID = `00${'11'.repeat(32)}ca1112${'77'.repeat(32)}`
export const SECOND_INPUT_ID = `00${'22'.repeat(32)}ca1112${'77'.repeat(32)}`
export const NEW_ID = `00${'33'.repeat(32)}`

export const typeOf = (entityName: string, packageId = PACKAGE): Identifier => ({
  packageId,
  moduleName: 'Main.Assets',
  entityName,
})

export const text = (value: string): Value => ({ sum: { $case: 'text', value } })
export const int64 = (value: bigint): Value => ({ sum: { $case: 'int64', value } })
export const record = (fields: Readonly<Record<string, Value>>, entity = 'Iou'): Value => ({
  sum: {
    $case: 'record',
    value: {
      recordId: typeOf(entity),
      fields: Object.entries(fields).map(([label, value]) => ({ label, value })),
    },
  },
})

/** One of every kind of value. */
export const everyValue = record({
  owner: { sum: { $case: 'party', value: ALICE } },
  amount: { sum: { $case: 'numeric', value: '-12.50' } },
  count: int64(-3n),
  day: { sum: { $case: 'date', value: 20000 } },
  at: { sum: { $case: 'timestamp', value: 1_729_788_226_000_000n } },
  note: text('first line\nsecond "line"'),
  flag: { sum: { $case: 'bool', value: true } },
  nothing: { sum: { $case: 'unit', value: {} } },
  reference: { sum: { $case: 'contractId', value: INPUT_ID } },
  maybe: { sum: { $case: 'optional', value: { value: int64(1n) } } },
  none: { sum: { $case: 'optional', value: { value: undefined } } },
  items: { sum: { $case: 'list', value: { elements: [text('one'), text('two')] } } },
  labels: {
    sum: {
      $case: 'textMap',
      value: {
        entries: [
          { key: 'a', value: int64(1n) },
          { key: 'b', value: int64(2n) },
        ],
      },
    },
  },
  prices: {
    sum: { $case: 'genMap', value: { entries: [{ key: int64(7n), value: text('seven') }] } },
  },
  side: {
    sum: {
      $case: 'variant',
      value: { variantId: typeOf('Side'), constructor: 'Buy', value: int64(5n) },
    },
  },
  colour: { sum: { $case: 'enum', value: { enumId: typeOf('Colour'), constructor: 'Red' } } },
})

export const key: GlobalKeyWithMaintainers = {
  key: {
    templateId: typeOf('Iou'),
    packageName: 'assets',
    key: text('iou-1'),
    hash: new Uint8Array(32).fill(9),
  },
  maintainers: [BANK],
}

export const create = (changes: Partial<Create> = {}): Create => ({
  lfVersion: '2.1',
  contractId: NEW_ID,
  packageName: 'assets',
  templateId: typeOf('Iou'),
  argument: everyValue,
  signatories: [ALICE],
  stakeholders: [ALICE, BANK],
  key: undefined,
  ...changes,
})

export const inputCreate = (changes: Partial<Create> = {}): Create =>
  create({
    contractId: INPUT_ID,
    argument: record({ owner: text('alice') }),
    signatories: [ALICE, BANK],
    ...changes,
  })

export const exercise = (changes: Partial<Exercise> = {}): Exercise => ({
  lfVersion: '2.1',
  contractId: INPUT_ID,
  packageName: 'assets',
  templateId: typeOf('Iou'),
  signatories: [ALICE, BANK],
  stakeholders: [ALICE, BANK],
  actingParties: [ALICE],
  interfaceId: typeOf('Holding'),
  choiceId: 'Transfer',
  chosenValue: record({ to: text('carol') }, 'Transfer'),
  consuming: true,
  children: [],
  exerciseResult: { sum: { $case: 'contractId', value: NEW_ID } },
  choiceObservers: [CAROL],
  key: undefined,
  byKey: false,
  externalCallResults: [],
  ...changes,
})

export const fetched = (changes: Partial<Fetch> = {}): Fetch => ({
  lfVersion: '2.1',
  contractId: SECOND_INPUT_ID,
  packageName: 'assets',
  templateId: typeOf('Iou'),
  signatories: [ALICE, BANK],
  stakeholders: [ALICE, BANK],
  actingParties: [ALICE],
  interfaceId: typeOf('Holding'),
  key: undefined,
  byKey: false,
  ...changes,
})

export const query = (changes: Partial<QueryByKey> = {}): QueryByKey => ({
  lfVersion: '2',
  packageName: 'assets',
  templateId: typeOf('Iou'),
  exhaustive: true,
  key,
  result: [SECOND_INPUT_ID],
  ...changes,
})

type NodeType = NonNullable<Node['nodeType']>

export const placedNode = (
  nodeId: string,
  nodeType: NodeType,
): DamlTransaction['nodes'][number] => ({
  nodeId,
  versionedNode: { $case: 'v1', value: { nodeType } },
})

export const seed = (nodeId: number): DamlTransaction['nodeSeeds'][number] => ({
  nodeId,
  seed: new Uint8Array(32).fill(nodeId + 1),
})

export const metadata = (changes: Partial<Metadata> = {}): Metadata => ({
  submitterInfo: { actAs: [ALICE], commandId: 'transfer-1' },
  synchronizerId: `global::${NAMESPACE}`,
  mediatorGroup: 0,
  transactionUuid: '4c6471d3-4e09-49dd-addf-6cd90e19c583',
  preparationTime: 1_759_128_228_168_348n,
  inputContracts: [],
  globalKeyMapping: [],
  minLedgerEffectiveTime: undefined,
  maxLedgerEffectiveTime: undefined,
  maxRecordTime: undefined,
  ...changes,
})

export const input = (contract: Create): Metadata['inputContracts'][number] => ({
  contract: { $case: 'v1', value: contract },
  createdAt: 1_700_000_000_000_000n,
  eventBlob: Uint8Array.of(1, 2, 3),
})

/** A single create, fit for V2 and V3. */
export const createTransaction = (
  changes: Partial<Create> = {},
  metadataChanges: Partial<Metadata> = {},
): PreparedTransaction => ({
  transaction: {
    version: '2.1',
    roots: ['0'],
    nodes: [placedNode('0', { $case: 'create', value: create(changes) })],
    nodeSeeds: [seed(0)],
  },
  metadata: metadata(metadataChanges),
})

/** A consuming exercise with a create, a fetch and a rolled back exercise below it, fit for V2. */
export const exerciseTransaction = (): PreparedTransaction => ({
  transaction: {
    version: '2.1',
    roots: ['0'],
    nodes: [
      placedNode('0', { $case: 'exercise', value: exercise({ children: ['1', '2', '3'] }) }),
      placedNode('1', { $case: 'fetch', value: fetched() }),
      placedNode('2', { $case: 'create', value: create() }),
      placedNode('3', { $case: 'rollback', value: { children: ['4'] } }),
      placedNode('4', {
        $case: 'exercise',
        value: exercise({
          contractId: SECOND_INPUT_ID,
          choiceId: 'Probe',
          consuming: false,
          interfaceId: undefined,
          exerciseResult: undefined,
        }),
      }),
    ],
    nodeSeeds: [seed(0), seed(2), seed(4)],
  },
  metadata: metadata({
    inputContracts: [input(inputCreate()), input(inputCreate({ contractId: SECOND_INPUT_ID }))],
    minLedgerEffectiveTime: 1_759_128_228_000_000n,
    maxLedgerEffectiveTime: 1_759_128_288_000_000n,
  }),
})

/** As `exerciseTransaction`, with keys and a query by key: fit for V3 alone. */
export const keyTransaction = (): PreparedTransaction => ({
  transaction: {
    version: '2',
    roots: ['0'],
    nodes: [
      placedNode('0', {
        $case: 'exercise',
        value: exercise({ lfVersion: '2', children: ['1', '2', '3'], key, byKey: true }),
      }),
      placedNode('1', { $case: 'queryByKey', value: query() }),
      placedNode('2', { $case: 'create', value: create({ lfVersion: '2', key }) }),
      placedNode('3', {
        $case: 'fetch',
        value: fetched({ lfVersion: '2', key, byKey: true }),
      }),
    ],
    nodeSeeds: [seed(0), seed(2)],
  },
  metadata: metadata({
    synchronizerId: `global::${NAMESPACE}::35-0`,
    inputContracts: [
      input(inputCreate({ lfVersion: '2', key })),
      input(inputCreate({ lfVersion: '2', contractId: SECOND_INPUT_ID, key })),
    ],
    maxRecordTime: 1_759_131_828_000_000n,
  }),
})

export const bytesOf = (prepared: PreparedTransaction): Uint8Array =>
  encodeMessage('PreparedTransaction', prepared)
