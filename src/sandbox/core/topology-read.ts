/** What TopologyManagerReadService finds: records of a store as they stood at a time (docs/protocol/nodes.md section 7). */
import protobuf from 'protobufjs/minimal.js'
import { concatBytes } from '../../base/bytes.ts'
import { mappingRows, type MappingCase } from '../../topology/mapping.ts'
import { encodeMessage, wrap } from '../../wire/codec.ts'
import type { Item } from '../../wire/generated/schema.ts'
import { CantonError } from './canton-error.ts'
import { signedBytes } from './kept-signature.ts'
import type { StoredTransaction } from './stored.ts'
import { timestampOf } from './times.ts'
import type { TopologyStore } from './topology-store.ts'

/** Times are microseconds since 1970. */
export type TimeQuery =
  | { readonly $case: 'headState' }
  | { readonly $case: 'snapshot'; readonly at: bigint }
  | {
      readonly $case: 'range'
      readonly from: bigint | undefined
      readonly until: bigint | undefined
    }

export interface ReadQuery {
  readonly proposals: boolean
  readonly operation: 'replace' | 'remove' | undefined
  readonly time: TimeQuery
  /** The beginning of a signer's fingerprint. */
  readonly signedKey: string
  /** Mapping codes; empty for all. */
  readonly codes: ReadonlySet<number>
  /** The beginning of the namespace that a mapping is about. */
  readonly namespace: string
}

/** The string codes of mappings in filters. */
const SHORT_CODES: ReadonlyMap<string, MappingCase> = new Map([
  ['nsd', 'namespaceDelegation'],
  ['dnd', 'decentralizedNamespaceDefinition'],
  ['otk', 'ownerToKeyMapping'],
  ['dtc', 'synchronizerTrustCertificate'],
  ['pdp', 'participantPermission'],
  ['phl', 'partyHostingLimits'],
  ['vtp', 'vettedPackages'],
  ['ptp', 'partyToParticipant'],
  ['dop', 'synchronizerParametersState'],
  ['mds', 'mediatorSynchronizerState'],
  ['sds', 'sequencerSynchronizerState'],
  ['sep', 'sequencingDynamicParametersState'],
  ['ptk', 'partyToKeyMapping'],
  ['lsu', 'synchronizerUpgradeAnnouncement'],
  ['scs', 'sequencerConnectionSuccessor'],
])

/** @throws CantonError PROTO_DESERIALIZATION_FAILURE on a short code that there is none of */
export function mappingCodes(shortCodes: readonly string[]): ReadonlySet<number> {
  const rows = mappingRows()
  return new Set(
    shortCodes.map((short) => {
      const row = rows.find(({ $case }) => $case === SHORT_CODES.get(short))
      if (row === undefined) {
        throw new CantonError('PROTO_DESERIALIZATION_FAILURE', `${short} is no code of a mapping`)
      }
      return row.code
    }),
  )
}

/** Every code but these. @throws CantonError PROTO_DESERIALIZATION_FAILURE */
export function mappingCodesWithout(shortCodes: readonly string[]): ReadonlySet<number> {
  const without = mappingCodes(shortCodes)
  return new Set(mappingRows().flatMap(({ code }) => (without.has(code) ? [] : [code])))
}

/**
 * Records that are seen by a node that knows the topology up to the horizon, oldest first; one at a
 * time, because a store can be large.
 * @throws CantonError TOPOLOGY_INVALID_QUERY_TIME
 */
export function readRecords(
  store: TopologyStore,
  query: ReadQuery,
  horizon: bigint,
): Iterable<StoredTransaction> {
  const { time } = query
  if (time.$case === 'snapshot' && time.at > horizon) {
    throw new CantonError('TOPOLOGY_INVALID_QUERY_TIME', 'the node does not know that time yet')
  }
  return matching(store, query, horizon)
}

function* matching(
  { records }: TopologyStore,
  query: ReadQuery,
  horizon: bigint,
): Generator<StoredTransaction> {
  // What is stored while a reader waits for its client is not for that reader.
  const count = records.length
  for (let i = 0; i < count; i++) {
    const record = records[i]
    if (record !== undefined && isSeen(record, query.time, horizon) && matches(record, query)) {
      // What takes its place after the horizon is not known yet.
      yield record.validUntil !== undefined && record.validUntil > horizon
        ? { ...record, validUntil: undefined }
        : record
    }
  }
}

function isSeen(
  { validFrom, validUntil, rejectionReason }: StoredTransaction,
  time: TimeQuery,
  horizon: bigint,
): boolean {
  if (validFrom > horizon) return false
  switch (time.$case) {
    case 'headState':
      return rejectionReason === undefined && (validUntil === undefined || validUntil > horizon)
    case 'snapshot':
      return (
        rejectionReason === undefined &&
        validFrom <= time.at &&
        (validUntil === undefined || validUntil > time.at)
      )
    case 'range':
      return (
        (time.from === undefined || validFrom >= time.from) &&
        (time.until === undefined || validFrom <= time.until)
      )
  }
}

function matches({ facts, proposal, signatures }: StoredTransaction, query: ReadQuery): boolean {
  return (
    proposal === query.proposals &&
    (query.operation === undefined || facts.operation === query.operation) &&
    (query.codes.size === 0 || query.codes.has(facts.mapping.code)) &&
    facts.mapping.namespace.startsWith(query.namespace) &&
    (query.signedKey === '' ||
      signatures.some(({ wire }) => wire.signedBy.startsWith(query.signedKey)))
  )
}

/** A record as lists and snapshots carry it. */
export function itemOf(record: StoredTransaction): Item {
  const { bytes, signatures, proposal, validUntil, rejectionReason } = record
  return {
    validFrom: timestampOf(record.validFrom),
    validUntil: validUntil === undefined ? undefined : timestampOf(validUntil),
    transaction: signedBytes(bytes, signatures, proposal),
    sequenced: timestampOf(record.sequenced),
    rejectionReason,
  }
}

/** A length before its bytes. */
const delimited = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(protobuf.Writer.create().bytes(bytes).finish())

/** A snapshot of the second format: for each record the length of a wrapped item, then the item. */
export function* snapshotV2(records: Iterable<StoredTransaction>): Generator<Uint8Array> {
  for (const record of records) {
    yield delimited(wrap(encodeMessage('TopologyTransactions.Item', itemOf(record))))
  }
}

const ITEM_TAG = Uint8Array.of(0x0a)
/** `version = 30` behind the data of the wrapper. */
const VERSION = wrap(new Uint8Array()).subarray(-2)

/**
 * A snapshot of the first format: one wrapped message with every item. Its length comes first, so the
 * records are gone through twice.
 */
export function* snapshotV1(records: () => Iterable<StoredTransaction>): Generator<Uint8Array> {
  const encoded = function* (): Generator<Uint8Array> {
    for (const record of records()) {
      const item = encodeMessage('TopologyTransactions.Item', itemOf(record))
      yield concatBytes(ITEM_TAG, delimited(item))
    }
  }
  let length = 0
  for (const one of encoded()) length += one.length
  yield new Uint8Array(protobuf.Writer.create().uint32(0x0a).uint32(length).finish())
  yield* encoded()
  yield VERSION
}

/** Bytes in pieces of at least so many, the last one apart. */
export function* inChunks(parts: Iterable<Uint8Array>, size: number): Generator<Uint8Array> {
  let waiting: Uint8Array[] = []
  let length = 0
  for (const part of parts) {
    waiting.push(part)
    length += part.length
    if (length < size) continue
    yield concatBytes(...waiting)
    waiting = []
    length = 0
  }
  if (length > 0) yield concatBytes(...waiting)
}
