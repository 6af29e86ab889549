/** Topology state as a snapshot file: of parties and namespaces with what proves them, or whole. */
import { concatBytes } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import { severityOf } from '../base/finding-codes.ts'
import { escapeText } from '../base/text.ts'
import { readTransactionFacts } from '../authorization/facts.ts'
import { subjectOf } from '../package/summary.ts'
import type { MappingCase } from '../topology/mapping.ts'
import { RecordSplitter, type StreamLayout } from '../topology/record-splitter.ts'
import type { SnapshotRecord } from '../topology/snapshot.ts'
import { encodeMessage, wrap } from '../wire/codec.ts'
import { isUnsupported, type AdminApi } from './admin.ts'
import { gatherState } from './gather.ts'
import type { ChosenStore } from './store.ts'
import { baseQuery, excludedCodes, listTopology, QUERY_FILTER } from './topology-query.ts'
import { TopologyRead } from './wire/services.ts'

/** A stream that stands still for so long has ended. */
const IDLE_MILLIS = 60_000

function lengthPrefix(length: number): Uint8Array {
  const bytes: number[] = []
  let rest = length
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return new Uint8Array([...bytes, rest])
}

/** A record of a snapshot of version 2; the signed transaction in it is as it came. */
export function snapshotRecordBytes({ item, signed }: SnapshotRecord): Uint8Array {
  const message = wrap(
    encodeMessage('TopologyTransactions.Item', {
      validFrom: item?.validFrom,
      validUntil: item?.validUntil,
      sequenced: item?.sequenced,
      rejectionReason: item?.rejectionReason,
      transaction: signed.bytes,
    }),
  )
  return concatBytes(lengthPrefix(message.length), message)
}

const timeOf = ({ item }: SnapshotRecord): readonly [bigint, number] => [
  item?.sequenced?.seconds ?? 0n,
  item?.sequenced?.nanos ?? 0,
]

/** In the order in which the network saw them. */
function inOrder(records: readonly SnapshotRecord[]): readonly SnapshotRecord[] {
  return records.toSorted((a, b) => {
    const [[seconds, nanos], [otherSeconds, otherNanos]] = [timeOf(a), timeOf(b)]
    if (seconds !== otherSeconds) return seconds < otherSeconds ? -1 : 1
    return nanos - otherNanos || a.index - b.index
  })
}

export interface StateScope {
  readonly namespaces: readonly string[]
  readonly parties: readonly string[]
  readonly mappings: readonly MappingCase[]
}

const PARTY_MAPPINGS: readonly MappingCase[] = ['partyToParticipant', 'partyToKeyMapping']

const nothingThere = (store: ChosenStore, what: string): CantosignError =>
  new CantosignError(
    'in-force-unclear',
    `store ${store.name} holds nothing in force about ${escapeText(what)}`,
    'check the party or namespace; info shows the synchronizers that there are',
  )

/**
 * The records about parties and namespaces, each with its history, and what proves them.
 * @throws CantosignError `in-force-unclear` for one of which the store holds nothing
 */
export async function scopedState(
  admin: AdminApi,
  store: ChosenStore,
  { namespaces, parties, mappings }: StateScope,
): Promise<readonly SnapshotRecord[]> {
  const head = { store: store.id, proposals: false, time: 'head' } as const
  const named: SnapshotRecord[] = []
  for (const namespace of namespaces) {
    const records = await listTopology(admin, { ...head, namespace, mappings })
    const own = records.filter(({ signed }) => {
      const reading = readTransactionFacts(signed.transaction)
      return reading.ok && reading.facts.mapping.namespace === namespace
    })
    if (own.length === 0) throw nothingThere(store, namespace)
    named.push(...own)
  }
  for (const party of parties) {
    const namespace = party.slice(party.lastIndexOf('::') + 2)
    const kinds = mappings.length === 0 ? PARTY_MAPPINGS : mappings
    const records = await listTopology(admin, { ...head, namespace, mappings: kinds })
    const own = records.filter(({ signed }) => {
      const mapping = signed.transaction.value?.mapping?.mapping
      return mapping !== undefined && subjectOf(mapping) === party
    })
    if (own.length === 0) throw nothingThere(store, party)
    named.push(...own)
  }
  const ofParties = parties.map((party) => party.slice(party.lastIndexOf('::') + 2))
  const transactions = named.map(({ signed }) => signed.transaction)
  return inOrder(await gatherState(admin, store, transactions, [...namespaces, ...ofParties]))
}

/**
 * Streams a whole store, chunk by chunk, as version 2 where the node has it. Every record is counted
 * on its way, so that a stream that breaks off is noticed.
 * @param time what is in force, or every record there ever was
 * @throws CantosignError `response-malformed` from the chunks for what is no snapshot
 */
export function wholeState(
  admin: AdminApi,
  store: ChosenStore,
  {
    mappings,
    time,
  }: { readonly mappings: readonly MappingCase[]; readonly time: 'head' | 'history' },
  onRecords: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  const request = {
    baseQuery: baseQuery({ store: store.id, proposals: false, time, mappings }),
    excludeMappings: excludedCodes(mappings),
  }
  const options = { effect: 'read', filter: QUERY_FILTER } as const
  const stream = async function* (): AsyncGenerator<Uint8Array> {
    try {
      const call = admin.connection.stream(
        TopologyRead.ExportTopologySnapshotV2,
        request,
        options,
        IDLE_MILLIS,
      )
      yield* counted(chunksOf(call), 'snapshot-v2', admin, onRecords)
    } catch (error) {
      if (!isUnsupported(error)) throw error
      const call = admin.connection.stream(
        TopologyRead.ExportTopologySnapshot,
        request,
        options,
        IDLE_MILLIS,
      )
      yield* counted(chunksOf(call), 'snapshot-v1', admin, onRecords)
    }
  }
  return stream()
}

async function* chunksOf(
  call: AsyncIterable<{ readonly chunk: Uint8Array }>,
): AsyncGenerator<Uint8Array> {
  for await (const { chunk } of call) yield chunk
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  layout: StreamLayout,
  admin: AdminApi,
  onRecords: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  const splitter = new RecordSplitter(layout)
  const check = (): void => {
    const fatal = splitter.findings.find(({ code }) => severityOf(code) === 'fatal')
    if (fatal === undefined) return
    throw new CantosignError(
      'response-malformed',
      `the snapshot that ${admin.connection.address} streams is damaged: ${escapeText(fatal.message)}`,
      'run the command again; nothing was written',
    )
  }
  for await (const chunk of chunks) {
    splitter.push(chunk)
    check()
    onRecords(splitter.count)
    yield chunk
  }
  splitter.end()
  check()
  onRecords(splitter.count)
}
