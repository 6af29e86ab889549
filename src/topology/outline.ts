/**
 * What kind of mapping a transaction carries, told from a few tags of it: a mapping without keys can
 * then be passed over where keys and signatures are all that is asked for.
 */
import { WireFault, WireReader, WireType } from '../wire/reader.ts'
import { DATA, schemaOf, type MessageName } from '../wire/schema.ts'
import { KEY_CARRYING } from './keys.ts'
import { mappingRow, mappingRows, type MappingRow } from './mapping.ts'
import type { StreamLayout } from './record-splitter.ts'

export interface Outline {
  readonly operation: number
  readonly row: MappingRow
}

function numberOf(message: MessageName, field: string): number {
  const found = schemaOf(message).byName.get(field)
  if (found === undefined) throw new Error(`${message} has no field ${field}`)
  return found.number
}

const OPERATION = numberOf('TopologyTransaction', 'operation')
const MAPPING = numberOf('TopologyTransaction', 'mapping')
const TRANSACTION_OF_SIGNED = numberOf('SignedTopologyTransaction', 'transaction')
const SIGNED_OF_ITEM = numberOf('TopologyTransactions.Item', 'transaction')

/** The fields that lead from a record to its TopologyTransaction. */
const PATHS: Readonly<Record<StreamLayout, readonly number[]>> = {
  'snapshot-v1': [SIGNED_OF_ITEM, DATA, TRANSACTION_OF_SIGNED, DATA],
  'snapshot-v2': [DATA, SIGNED_OF_ITEM, DATA, TRANSACTION_OF_SIGNED, DATA],
  list: [DATA, TRANSACTION_OF_SIGNED, DATA],
  delimited: [TRANSACTION_OF_SIGNED, DATA],
}

const ROW_BY_NUMBER: ReadonlyMap<number, MappingRow> = new Map(
  mappingRows().map((row) => [numberOf('TopologyMapping', row.member), row]),
)

const KEYED: ReadonlySet<MappingRow> = new Set(KEY_CARRYING.map(mappingRow))

/** Where a message lies; stepped into from the outside to the inside. */
interface Span {
  from: number
  to: number
}

/** Steps over the value whose tag was just read; false for wire types that no message here has. */
function passOver(reader: WireReader, wireType: number): boolean {
  if (wireType === WireType.varint) reader.readVarint()
  else if (wireType === WireType.len) reader.readLength()
  else return false
  return true
}

/** Steps into the one field with this number; false if there is none, or more than one. */
function enter(bytes: Uint8Array, span: Span, wanted: number): boolean {
  const reader = new WireReader(bytes, span.from, span.to)
  let found = false
  while (reader.position < reader.end) {
    reader.readVarint()
    const wireType = reader.low & 7
    if (Math.floor(reader.number / 8) !== wanted) {
      if (!passOver(reader, wireType)) return false
      continue
    }
    if (found || wireType !== WireType.len) return false
    found = true
    span.from = reader.readLength()
    span.to = reader.position
  }
  return found
}

/** The row of the only field that a TopologyMapping has. */
function onlyRow(bytes: Uint8Array, { from, to }: Span): MappingRow | undefined {
  const reader = new WireReader(bytes, from, to)
  reader.readVarint()
  if ((reader.low & 7) !== WireType.len) return undefined
  const row = ROW_BY_NUMBER.get(Math.floor(reader.number / 8))
  reader.readLength()
  return reader.position === reader.end ? row : undefined
}

function readOutline(bytes: Uint8Array, transaction: Span): Outline | undefined {
  const reader = new WireReader(bytes, transaction.from, transaction.to)
  let operation = 0
  while (reader.position < reader.end) {
    reader.readVarint()
    const wireType = reader.low & 7
    const isOperation = Math.floor(reader.number / 8) === OPERATION
    if (!passOver(reader, wireType)) return undefined
    if (isOperation) operation = reader.low
  }
  const mapping = { from: transaction.from, to: transaction.to }
  const row = enter(bytes, mapping, MAPPING) ? onlyRow(bytes, mapping) : undefined
  return row === undefined || KEYED.has(row) ? undefined : { operation, row }
}

/** `undefined` where the bytes are damaged: whoever reads them in earnest says so. */
function unlessDamaged<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (!(error instanceof WireFault)) throw error
    return undefined
  }
}

/**
 * The outline of an unwrapped TopologyTransaction that has one mapping, of a kind without keys;
 * otherwise `undefined`.
 */
export function keylessOutline(data: Uint8Array): Outline | undefined {
  return unlessDamaged(() => readOutline(data, { from: 0, to: data.length }))
}

/** True only where every reader of the record finds one mapping, of a kind that has no keys. */
export function carriesNoKeys(layout: StreamLayout, record: Uint8Array): boolean {
  const span = { from: 0, to: record.length }
  const outline = unlessDamaged(() =>
    PATHS[layout].every((number) => enter(record, span, number))
      ? readOutline(record, span)
      : undefined,
  )
  return outline !== undefined
}
