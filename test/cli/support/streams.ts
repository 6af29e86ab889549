/** Snapshots and lists in every layout, made of signed transactions. */
import { encodeMessage, wrap } from '../../../src/wire/codec.ts'
import type { StreamLayout } from '../../../src/topology/record-splitter.ts'
import { decodeMessage, unwrap } from '../../../src/wire/codec.ts'

export const LAYOUTS: readonly StreamLayout[] = ['snapshot-v1', 'snapshot-v2', 'list', 'delimited']

function varint(value: number): readonly number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))]
}

const withLength = (bytes: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.from(varint(bytes.length)), bytes])

/** The first seconds of a genesis, as live networks have them. */
const GENESIS = { seconds: -62_135_596_800n, nanos: 1000 }

const item = (transaction: Uint8Array, timesFirst: boolean): Uint8Array =>
  encodeMessage('TopologyTransactions.Item', {
    validFrom: timesFirst ? GENESIS : undefined,
    validUntil: undefined,
    transaction,
    sequenced: GENESIS,
    rejectionReason: undefined,
  })

/**
 * A file of a layout.
 * @param signed wrapped SignedTopologyTransactions
 * @param timesFirst false for items that begin with their transaction
 */
export function streamFile(
  layout: StreamLayout,
  signed: readonly Uint8Array[],
  timesFirst = true,
): Uint8Array {
  switch (layout) {
    case 'snapshot-v1': {
      const items = signed.map((one) => {
        const bytes = withLength(item(one, timesFirst))
        return Buffer.concat([Uint8Array.of(0x0a), bytes])
      })
      return wrap(Buffer.concat(items))
    }
    case 'snapshot-v2':
      return Buffer.concat(signed.map((one) => withLength(wrap(item(one, timesFirst)))))
    case 'list': {
      const entries = signed.map((one) => Buffer.concat([Uint8Array.of(0x0a), withLength(one)]))
      return wrap(Buffer.concat(entries))
    }
    case 'delimited':
      return Buffer.concat(signed.map((one) => withLength(unwrap(one))))
  }
}

/** What a wrapped SignedTopologyTransaction says of itself. */
export const proposalFlag = (signed: Uint8Array): boolean =>
  decodeMessage('SignedTopologyTransaction', unwrap(signed)).proposal
