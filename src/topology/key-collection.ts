/**
 * The keys of a whole stream before any of it is judged, so that each signature is judged with all
 * of them. Only records that can carry a key are read; the others are looked at for the number of
 * their mapping and passed over, which costs a small part of reading them.
 */
import { schemaOf, WRAPPER, type MessageName } from '../wire/schema.ts'
import { WireFault, WireReader, WireType } from '../wire/reader.ts'
import { KEY_CARRYING } from './keys.ts'
import { mappingRow } from './mapping.ts'
import { RecordSplitter, type StreamLayout, type StreamRecord } from './record-splitter.ts'
import type { KeyResolver } from './signed-transaction.ts'
import { readRecord } from './snapshot.ts'
import { KeyBook, type ChunkSource } from './stream.ts'

function numberOf(message: MessageName, field: string): number {
  const found = schemaOf(message).byName.get(field)
  if (found === undefined) throw new Error(`${message} has no field ${field}`)
  return found.number
}

const DATA = numberOf(WRAPPER, 'data')
const MAPPING_OF_SIGNED = [
  numberOf('SignedTopologyTransaction', 'transaction'),
  DATA,
  numberOf('TopologyTransaction', 'mapping'),
]
const SIGNED_OF_ITEM = numberOf('TopologyTransactions.Item', 'transaction')

/** The fields that lead from a record to its TopologyMapping. */
const PATHS: Readonly<Record<StreamLayout, readonly number[]>> = {
  'snapshot-v1': [SIGNED_OF_ITEM, DATA, ...MAPPING_OF_SIGNED],
  'snapshot-v2': [DATA, SIGNED_OF_ITEM, DATA, ...MAPPING_OF_SIGNED],
  list: [DATA, ...MAPPING_OF_SIGNED],
  delimited: MAPPING_OF_SIGNED,
}

const KEY_FIELDS: ReadonlySet<number> = new Set(
  KEY_CARRYING.map(($case) => numberOf('TopologyMapping', mappingRow($case).member)),
)

interface Span {
  readonly from: number
  readonly to: number
}

interface Field extends Span {
  readonly number: number
}

/** The length-delimited fields of a message; `undefined` if it has others than these and varints. */
function fieldsOf(bytes: Uint8Array, { from, to }: Span): readonly Field[] | undefined {
  const reader = new WireReader(bytes, from, to)
  const fields: Field[] = []
  while (reader.position < to) {
    reader.readVarint()
    const number = Math.floor(reader.number / 8)
    const wireType = reader.low & 7
    if (wireType === WireType.varint) reader.readVarint()
    else if (wireType === WireType.len) {
      fields.push({ number, from: reader.readLength(), to: reader.position })
    } else return undefined
  }
  return fields
}

/** False only where every reader of the record finds one mapping, of a kind that has no keys. */
function mayCarryKeys(layout: StreamLayout, { bytes }: StreamRecord): boolean {
  let within: Span = { from: 0, to: bytes.length }
  try {
    for (const wanted of PATHS[layout]) {
      const [next, other] = fieldsOf(bytes, within)?.filter(({ number }) => number === wanted) ?? []
      if (next === undefined || other !== undefined) return true
      within = next
    }
    return fieldsOf(bytes, within)?.some(({ number }) => KEY_FIELDS.has(number)) ?? true
  } catch (error) {
    if (!(error instanceof WireFault)) throw error
    return true
  }
}

/**
 * Collects every key of a stream. What is damaged is left to whoever reads the stream in earnest.
 * @param outside keys known from elsewhere
 */
export async function collectKeys(
  source: ChunkSource,
  layout: StreamLayout,
  outside?: KeyResolver,
): Promise<KeyBook> {
  const book = new KeyBook(outside)
  const splitter = new RecordSplitter(layout)
  const add = (records: readonly StreamRecord[]): void => {
    for (const record of records) {
      if (!mayCarryKeys(layout, record)) continue
      book.addFrom(readRecord(layout, record).signed, record.index)
    }
  }
  for await (const chunk of source()) {
    add(splitter.push(chunk))
    if (splitter.stopped) return book
  }
  add(splitter.end())
  return book
}
