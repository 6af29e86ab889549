/** The records of snapshots and lists as signed transactions, one at a time. */
import { unreachable } from '../base/errors.ts'
import type { Finding } from '../base/finding-codes.ts'
import { decodeMessage, unwrap, wrap } from '../wire/codec.ts'
import type { Item } from '../wire/generated/schema.ts'
import { walkMessage, type WalkResult } from '../wire/walk.ts'
import { recordPath, type StreamLayout, type StreamRecord } from './record-splitter.ts'
import { readWalkedSignedTransaction, type ReadSignedTransaction } from './signed-transaction.ts'
import type { Wanted } from './transaction.ts'

export interface SnapshotRecord {
  readonly index: number
  readonly signed: ReadSignedTransaction
  /** When the network saw it; `undefined` in lists, which do not say. */
  readonly item: Omit<Item, 'transaction'> | undefined
  /** Of the record itself and everything inside it. */
  readonly findings: readonly Finding[]
}

function fromItem(
  index: number,
  item: Item,
  outer: Uint8Array,
  walk: WalkResult,
  path: string,
  offset: number,
  wanted: Wanted,
): SnapshotRecord {
  const { transaction } = item
  const placement = { path, offset: offset + (transaction.byteOffset - outer.byteOffset) }
  const signed = readWalkedSignedTransaction(transaction, walk, placement, wanted)
  if (transaction.length > 0) return { index, signed, item, findings: signed.findings }
  const missing: Finding = {
    code: 'missing-field',
    path,
    offset,
    message: 'the item has no transaction',
  }
  return { index, signed, item, findings: [...signed.findings, missing] }
}

function broken(index: number, bytes: Uint8Array, walk: WalkResult): SnapshotRecord {
  const signed = readWalkedSignedTransaction(bytes, walk)
  return { index, signed, item: undefined, findings: walk.findings }
}

/** Reads one record. Nothing is thrown for any input; no signature is verified yet. */
export function readRecord(
  layout: StreamLayout,
  record: StreamRecord,
  wanted: Wanted = 'everything',
): SnapshotRecord {
  const { index, bytes, offset } = record
  const path = recordPath(layout, index)
  switch (layout) {
    case 'snapshot-v1': {
      const walk = walkMessage('TopologyTransactions.Item', bytes, { wrapped: false, path, offset })
      if (walk.fatal) return broken(index, bytes, walk)
      const item = decodeMessage('TopologyTransactions.Item', bytes)
      return fromItem(index, item, bytes, walk, `${path}.transaction`, offset, wanted)
    }
    case 'snapshot-v2': {
      const walk = walkMessage('TopologyTransactions.Item', bytes, { wrapped: true, path, offset })
      if (walk.fatal) return broken(index, bytes, walk)
      const item = decodeMessage('TopologyTransactions.Item', unwrap(bytes))
      return fromItem(index, item, bytes, walk, `${path}.data.transaction`, offset, wanted)
    }
    case 'list': {
      const placement = { path, offset }
      const walk = walkMessage('SignedTopologyTransaction', bytes, { wrapped: true, ...placement })
      const signed = readWalkedSignedTransaction(bytes, walk, placement, wanted)
      return { index, signed, item: undefined, findings: signed.findings }
    }
    case 'delimited': {
      // The container is transport, not what is signed: it gets the wrapper that files have.
      const wrapped = wrap(bytes)
      const header = wrapped.length - bytes.length - VERSION_BYTES
      const placement = { path, offset: offset - header }
      const walk = walkMessage('SignedTopologyTransaction', wrapped, {
        wrapped: true,
        ...placement,
      })
      const signed = readWalkedSignedTransaction(wrapped, walk, placement, wanted)
      return { index, signed, item: undefined, findings: signed.findings }
    }
    default:
      return unreachable(layout)
  }
}

/** Tag and value of `version = 30` behind the data. */
const VERSION_BYTES = 2
