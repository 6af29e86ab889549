/**
 * Cuts a stream of bytes into the records of a snapshot or list, holding no more than one record
 * (docs/protocol/wire.md section 5). Pure: chunks go in, records and findings come out.
 */
import { concatBytes } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import type { Finding, FindingCode } from '../base/finding-codes.ts'
import { WireFault, WireReader, WireType } from '../wire/reader.ts'
import { PROTO_VERSION } from '../wire/schema.ts'

/**
 * - `snapshot-v1`: one wrapped TopologyTransactions, items one after the other inside;
 * - `snapshot-v2`: records of a varint length and a wrapped Item;
 * - `list`: one wrapped SignedTopologyTransactions;
 * - `delimited`: records of a varint length and a plain SignedTopologyTransaction.
 */
export type StreamLayout = 'snapshot-v1' | 'snapshot-v2' | 'list' | 'delimited'

/** Opens the bytes from their start; called once for every pass that is needed. */
export type ChunkSource = () => AsyncIterable<Uint8Array>

export interface StreamRecord {
  readonly index: number
  /** Content of the record without its tag or length. */
  readonly bytes: Uint8Array
  /** Offset in the stream of `bytes`, and of the tag or length before them. */
  readonly offset: number
  readonly prefixOffset: number
}

/** The largest record: a transaction of the largest size and a thousand signatures. */
export const MAX_RECORD_BYTES = 8 * 1024 * 1024

/** A tag and a length take at most this many bytes. */
const MAX_PREFIX_BYTES = 20

const ITEM_NAME: Readonly<Record<StreamLayout, string>> = {
  'snapshot-v1': 'data.items',
  'snapshot-v2': '',
  list: 'data.signed_transaction',
  delimited: '',
}

/** Path of a record from the start of the stream. */
export function recordPath(layout: StreamLayout, index: number): string {
  return `${ITEM_NAME[layout]}[${index}]`
}

class NeedMore extends Error {}

/** One for all: it is thrown at the end of every chunk, and a new error would look for where it is. */
const NEED_MORE = new NeedMore()

export class RecordSplitter {
  readonly findings: Finding[] = []
  readonly #layout: StreamLayout
  #chunks: Uint8Array[] = []
  #available = 0
  /** Bytes that have to be there before trying again. */
  #needed = 1
  /** Offset in the stream of the first byte that is not consumed. */
  #offset = 0
  #index = 0
  #ended = false
  /** End of the wrapper's data in the stream, once its length was read. */
  #dataEnd: number | undefined
  #seenData = false
  #version: number | undefined

  constructor(layout: StreamLayout) {
    this.#layout = layout
  }

  /** True after a fatal finding: nothing more comes. */
  get stopped(): boolean {
    return this.#ended
  }

  get count(): number {
    return this.#index
  }

  /** Takes the next chunk and gives the records that are complete with it. */
  push(chunk: Uint8Array): readonly StreamRecord[] {
    const beyond = this.#available + chunk.length - this.#needed
    if (this.#available === 0 || this.#needed === 1 || beyond <= 0) return this.#take(chunk)
    // Only what completes the record that is waited for is copied together with its beginning.
    const end = chunk.length - beyond
    const records = this.#take(chunk.subarray(0, end))
    return this.#ended ? records : [...records, ...this.push(chunk.subarray(end))]
  }

  #take(chunk: Uint8Array): readonly StreamRecord[] {
    this.#chunks.push(chunk)
    this.#available += chunk.length
    return this.#available < this.#needed ? [] : this.#drain(false)
  }

  /** Ends the stream; an unfinished record or a missing version is a finding. */
  end(): readonly StreamRecord[] {
    const records = this.#drain(true)
    if (this.#ended) return records
    this.#ended = true
    if (this.#layout === 'snapshot-v1' || this.#layout === 'list') {
      if (this.#dataEnd !== undefined && this.#offset < this.#dataEnd) {
        this.#report('truncated', 0, 'data', 'the data end before their length is reached')
      } else if (this.#version !== PROTO_VERSION) {
        const what = this.#version === undefined ? 'no version' : `version ${this.#version}`
        this.#report('bad-version', 0, 'version', `the wrapper has ${what}, not ${PROTO_VERSION}`)
      }
    }
    return records
  }

  #report(code: FindingCode, offset: number, path: string, message: string): void {
    this.findings.push({ code, path, offset, message })
  }

  #stop(code: FindingCode, offset: number, path: string, message: string): void {
    this.#report(code, offset, path, message)
    this.#ended = true
  }

  #drain(last: boolean): StreamRecord[] {
    const records: StreamRecord[] = []
    if (this.#ended) return records
    const buffer =
      this.#chunks.length === 1
        ? (this.#chunks[0] ?? new Uint8Array())
        : concatBytes(...this.#chunks)
    const start = this.#offset
    let consumed = 0
    this.#needed = 1
    while (!this.stopped && consumed < buffer.length) {
      const reader = new WireReader(buffer, consumed)
      const reported = this.findings.length
      try {
        const record = this.#step(reader, start)
        consumed = reader.position
        this.#offset = start + consumed
        if (record !== undefined) records.push(record)
      } catch (error) {
        if (!(error instanceof NeedMore) && !(error instanceof WireFault)) throw error
        const short =
          error instanceof WireFault &&
          error.fault === 'truncated' &&
          buffer.length - consumed < MAX_PREFIX_BYTES
        if ((short || error instanceof NeedMore) && !last) {
          this.findings.length = reported // the step is taken again, with all of its findings
          break
        }
        const code = error instanceof WireFault ? error.fault : 'truncated'
        const path = this.#dataEnd === undefined && this.#isWrapped ? 'data' : this.#recordPath()
        this.#stop(code, start + consumed, path, 'the record reaches beyond the end of the data')
      }
    }
    const rest = buffer.subarray(consumed)
    this.#chunks = rest.length === 0 ? [] : [rest]
    this.#available = rest.length
    return records
  }

  get #isWrapped(): boolean {
    return this.#layout === 'snapshot-v1' || this.#layout === 'list'
  }

  #recordPath(): string {
    return recordPath(this.#layout, this.#index)
  }

  #step(reader: WireReader, start: number): StreamRecord | undefined {
    if (!this.#isWrapped) return this.#delimitedRecord(reader, start)
    if (this.#dataEnd !== undefined && this.#offset < this.#dataEnd) {
      return this.#field(reader, start, this.#dataEnd)
    }
    this.#wrapperField(reader, start)
    return undefined
  }

  /** Bytes of a length-delimited value; waits for the rest of it if the stream goes on. */
  #content(reader: WireReader, limit: number | undefined, start: number): Uint8Array {
    const lengthAt = reader.position
    reader.readVarint()
    if (reader.high !== 0 || reader.low >= 0x8000_0000) throw new WireFault('length-overflow')
    const { low: length, minimal } = reader
    const from = reader.position
    if (!minimal) {
      this.#report(
        'non-minimal-varint',
        start + lengthAt,
        this.#recordPath(),
        'a length has more bytes than it needs',
      )
    }
    if (limit !== undefined && start + from + length > limit) throw new WireFault('truncated')
    if (length > MAX_RECORD_BYTES) {
      throw new CantosignError(
        'limit-exceeded',
        `${this.#recordPath()}: a record of ${length} bytes is above the limit of ${MAX_RECORD_BYTES}`,
        'this is not a topology snapshot of a network',
      )
    }
    if (length > reader.end - from) {
      this.#needed = from + length - (this.#offset - start)
      throw NEED_MORE
    }
    reader.position = from + length
    return reader.bytes.subarray(from, from + length)
  }

  #delimitedRecord(reader: WireReader, start: number): StreamRecord | undefined {
    const prefixAt = reader.position
    const bytes = this.#content(reader, undefined, start)
    if (bytes.length === 0) {
      this.#stop('trailing-bytes', start + prefixAt, this.#recordPath(), 'a record of length 0')
      return undefined
    }
    return this.#record(bytes, start + reader.position - bytes.length, start + prefixAt)
  }

  #record(bytes: Uint8Array, offset: number, prefixOffset: number): StreamRecord {
    return { index: this.#index++, bytes, offset, prefixOffset }
  }

  /** One field of TopologyTransactions or SignedTopologyTransactions. */
  #field(reader: WireReader, start: number, limit: number): StreamRecord | undefined {
    const at = reader.position
    const { number, wireType } = this.#tag(reader, start)
    if (number === 1 && wireType === WireType.len) {
      const bytes = this.#content(reader, limit, start)
      return this.#record(bytes, start + reader.position - bytes.length, start + at)
    }
    this.#skip(reader, { number, wireType, limit }, start, at, `data.#${number}`)
    return undefined
  }

  #wrapperField(reader: WireReader, start: number): void {
    const at = reader.position
    const { number, wireType } = this.#tag(reader, start)
    if (number === 1 && wireType === WireType.len) {
      reader.readVarint()
      if (!reader.minimal) {
        this.#report(
          'non-minimal-varint',
          start + at,
          'data',
          'a length has more bytes than it needs',
        )
      }
      if (this.#seenData) this.#report('duplicate-field', start + at, 'data', 'data occurs twice')
      if (this.#version !== undefined && !this.#seenData) {
        this.#report('version-first', start + at, 'data', 'the wrapper has version before data')
      }
      this.#seenData = true
      this.#dataEnd = start + reader.position + reader.number
      return
    }
    if (number === 2 && wireType === WireType.varint) {
      reader.readVarint()
      if (!reader.minimal) {
        this.#report(
          'non-minimal-varint',
          start + at,
          'version',
          'the version has more bytes than it needs',
        )
      }
      if (this.#version !== undefined) {
        this.#report('duplicate-field', start + at, 'version', 'version occurs twice')
      }
      this.#version = reader.number
      if (this.#version !== PROTO_VERSION) {
        this.#stop('bad-version', start + at, 'version', `the wrapper has version ${this.#version}`)
      }
      return
    }
    this.#skip(reader, { number, wireType, limit: undefined }, start, at, `#${number}`)
  }

  #tag(reader: WireReader, start: number): { readonly number: number; readonly wireType: number } {
    const at = reader.position
    reader.readVarint()
    if (!reader.minimal) {
      this.#report('non-minimal-varint', start + at, 'data', 'a tag has more bytes than it needs')
    }
    return { number: Math.floor(reader.number / 8), wireType: reader.low & 7 }
  }

  /** A field that is none of the layout's own; `limit` is the end in the stream of what it stands in. */
  #skip(
    reader: WireReader,
    field: {
      readonly number: number
      readonly wireType: number
      readonly limit: number | undefined
    },
    start: number,
    at: number,
    path: string,
  ): void {
    const { number, wireType, limit } = field
    if (number === 0 || number > 0x1fff_ffff) {
      this.#stop('invalid-tag', start + at, path, `field number ${number} does not exist`)
      return
    }
    if (wireType === 3 || wireType === 4 || wireType > 5) {
      this.#stop('group-or-invalid-wire-type', start + at, path, `wire type ${wireType}`)
      return
    }
    if (wireType === WireType.varint) reader.readVarint()
    else if (wireType === WireType.len) this.#content(reader, limit, start)
    else reader.skip(wireType === WireType.fixed64 ? 8 : 4)
    if (limit !== undefined && start + reader.position > limit) throw new WireFault('truncated')
    this.#report('unknown-field', start + at, path, `there is no field ${number} here`)
  }
}
