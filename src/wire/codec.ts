/**
 * Messages as plain values: protobufjs reads and writes every value, this file says which one comes
 * next, from the generated schema, and gives messages the shape of the generated types (defaults
 * filled in, absent messages `undefined`, oneofs as unions with `$case`, 64-bit numbers as bigint,
 * enums as numbers).
 *
 * Decode only what `walkMessage` found sound: this reader overlooks what the walker refuses.
 */
import protobuf from 'protobufjs/minimal.js'
import type { FieldSchema } from './field-schema.ts'
import type { MessageTypes } from './generated/schema.ts'
import { exact, isMessage, writeMessage, type Message } from './message.ts'
import { WireType } from './reader.ts'
import {
  DATA_TAG,
  MAX_DEPTH,
  PROTO_VERSION,
  schemaOf,
  type IndexedField,
  type IndexedSchema,
  type MessageName,
} from './schema.ts'

/**
 * Reads whatever the walker lets pass, where the library would throw: tags and lengths in more
 * bytes than they need. The walker has named each of these, and the rest of the message is worth
 * showing.
 */
class LenientReader extends protobuf.Reader {
  /** Fields that are stepped over as if they were unknown, by their full names. */
  readonly without: ReadonlySet<string> | undefined
  /** The same bytes, for texts: a Buffer gives one out of its middle. */
  #buffer: Buffer | undefined

  constructor(bytes: Uint8Array, without?: ReadonlySet<string>) {
    super(bytes)
    this.without = without
  }

  /** Up to ten bytes; the walker has held the value to 32 bits. */
  varint(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.buf[this.pos++] ?? 0
      if (shift < 32) value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
  }

  /** The same for 64 bits, unsigned: the library would make a text of the number first. */
  varint64(): bigint {
    let low = 0
    let high = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.buf[this.pos++] ?? 0
      const bits = byte & 0x7f
      if (shift < 32) low |= bits << shift
      if (shift === 28) high = bits >>> 4
      else if (shift > 28) high |= bits << (shift - 32)
      if (byte < 0x80) return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
    }
  }

  /** A view of the input: a Buffer would print and compare unlike a Uint8Array. */
  content(): Uint8Array {
    const length = this.varint()
    const from = this.pos
    this.pos += length
    return this.buf.subarray(from, this.pos)
  }

  /** With U+FFFD for what is not UTF-8. */
  text(): string {
    const length = this.varint()
    const from = this.pos
    this.pos += length
    const { buffer, byteOffset, byteLength } = this.buf
    this.#buffer ??= Buffer.from(buffer, byteOffset, byteLength)
    return this.#buffer.toString('utf8', from, this.pos)
  }

  over(wireType: number): void {
    if (wireType === WireType.varint) while ((this.buf[this.pos++] ?? 0) >= 0x80);
    else if (wireType === WireType.len) this.pos = this.varint() + this.pos
    else this.pos += wireType === WireType.fixed64 ? 8 : 4
  }
}

/** @param before the value so far: a message that occurs twice is merged, as every library does */
function readValue(
  reader: LenientReader,
  field: IndexedField,
  depth: number,
  before?: unknown,
): unknown {
  switch (field.type) {
    case 'string':
      return reader.text()
    case 'message': {
      const end = reader.varint() + reader.pos
      const into = isMessage(before) ? before : undefined
      return readMessage(reader, field.message, end, depth - 1, into)
    }
    case 'bytes':
      return reader.content()
    case 'bool':
      return reader.bool()
    case 'int32':
    case 'enum':
      return reader.int32()
    case 'uint32':
      return reader.uint32()
    case 'int64':
      return BigInt.asIntN(64, reader.varint64())
    case 'uint64':
      return reader.varint64()
    case 'sint64':
      return exact(reader.sint64())
    case 'sfixed64':
      return exact(reader.sfixed64())
  }
}

/** The number of the member that a oneof holds so far; 0 if it holds none. */
function heldNumber(indexed: IndexedSchema, oneof: string, held: unknown): number {
  if (!isMessage(held)) return 0
  const { fields } = indexed.schema
  return fields.find((one) => one.oneof === oneof && one.json === held['$case'])?.number ?? 0
}

function readMessage(
  reader: LenientReader,
  indexed: IndexedSchema,
  end: number,
  depth: number,
  message: Message = indexed.schema.empty(),
): Message {
  if (depth < 0) throw new Error('a message is nested deeper than it was walked')
  let oneofs = 0
  while (reader.pos < end) {
    const tag = reader.varint()
    const wireType = tag & 7
    const field = indexed.byNumber.get(tag >>> 3)
    const expected = field?.wireType
    if (field === undefined || reader.without?.has(field.fullName) === true) reader.over(wireType)
    else if (wireType === expected) {
      if (field.oneof !== undefined) {
        const held = message[field.oneof]
        const same = isMessage(held) && held['$case'] === field.json
        const value = readValue(reader, field, depth, same ? held['value'] : undefined)
        // With two members present (a finding that is refused) the highest field is shown.
        const isSecond = (oneofs & field.oneofBit) !== 0
        if (isSecond && field.number < heldNumber(indexed, field.oneof, held)) continue
        oneofs |= field.oneofBit
        message[field.oneof] = { $case: field.json, value }
      } else if (field.repeated) listOf(message, field).push(readValue(reader, field, depth))
      else message[field.json] = readValue(reader, field, depth, message[field.json])
    } else if (field.repeated && wireType === WireType.len && expected !== WireType.len) {
      const list = listOf(message, field)
      const packedEnd = reader.varint() + reader.pos
      while (reader.pos < packedEnd) list.push(readValue(reader, field, depth))
    } else reader.over(wireType)
  }
  return message
}

function listOf(message: Message, { json }: FieldSchema): unknown[] {
  const list = message[json]
  if (!Array.isArray(list)) throw new Error(`${json} is no list`)
  return list
}

/**
 * Reads an unwrapped message.
 * @param bytes a message that was walked without a fatal finding
 * @param maxDepth the depth that it was walked with
 * @param without full names of fields that are left at their defaults
 */
export function decodeMessage<Name extends MessageName>(
  name: Name,
  bytes: Uint8Array,
  maxDepth = MAX_DEPTH,
  without?: ReadonlySet<string>,
): MessageTypes[Name] {
  // A plain array: views of a Buffer would be Buffers.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const reader = new LenientReader(plain, without)
  const message = readMessage(reader, schemaOf(name), plain.length, maxDepth)
  return message as unknown as MessageTypes[Name] // the generated types mirror the same schema
}

/**
 * Encodes a message the way Canton does: fields ascending, defaults left out, enums packed
 * (docs/protocol/wire.md section 2). Only for what this tool makes itself; received bytes are
 * never encoded again.
 */
export function encodeMessage<Name extends MessageName>(
  name: Name,
  value: MessageTypes[Name],
): Uint8Array {
  const writer = protobuf.Writer.create()
  writeMessage(writer, schemaOf(name).schema, { ...value }, (ref) => schemaOf(ref).schema)
  return new Uint8Array(writer.finish())
}

/** The message inside UntypedVersionedMessage, version 30, data first. */
export function wrap(data: Uint8Array): Uint8Array {
  return encodeMessage('UntypedVersionedMessage', {
    wrapper: { $case: 'data', value: data },
    version: PROTO_VERSION,
  })
}

/** The content of a wrapper that was walked without a fatal finding: the last `data` in it. */
export function unwrap(bytes: Uint8Array): Uint8Array {
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const reader = new LenientReader(plain)
  let data: Uint8Array = new Uint8Array()
  while (reader.pos < plain.length) {
    const tag = reader.varint()
    if (tag === DATA_TAG) data = reader.content()
    else reader.over(tag & 7)
  }
  return data
}
