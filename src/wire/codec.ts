/**
 * Messages as plain values: protobufjs decodes and encodes, this file gives its objects the shape
 * of the generated types (defaults filled in, absent messages `undefined`, oneofs as unions with
 * `$case`, 64-bit numbers as bigint, enums as numbers).
 *
 * Decode only what `walkMessage` found sound: protobufjs overlooks what the walker refuses.
 */
import protobuf from 'protobufjs/minimal.js'
import { is64Bit, type FieldSchema, type MessageSchema } from './field-schema.ts'
import * as generated from './generated/codec.ts'
import type { MessageTypes } from './generated/schema.ts'
import { MAX_DEPTH, PROTO_VERSION, schemaOf, type MessageName } from './schema.ts'

/** Deepest nesting that is encoded: more than any limit for reading. */
const ENCODE_DEPTH = 1000

/** What protobufjs makes for one message: a class of its own, with these two functions. */
interface GeneratedMessage {
  decode(input: protobuf.Reader): Record<string, unknown>
  encode(message: Record<string, unknown>): { finish(): Uint8Array }
}

/**
 * Reads whatever the walker lets pass, where the library would throw: text that is not UTF-8 (shown
 * with U+FFFD), tags and lengths in more bytes than they need. The walker has named each of these,
 * and the rest of the message is worth showing.
 */
class LenientReader extends protobuf.Reader {
  override stringVerify(): string {
    return this.string()
  }

  override tag(): number {
    return this.#varint()
  }

  override size(): number {
    return this.#varint()
  }

  /** Up to ten bytes; the walker has held the value to 32 bits. */
  #varint(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.buf[this.pos++] ?? 0
      if (shift < 32) value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function isGeneratedMessage(value: unknown): value is GeneratedMessage & Record<string, unknown> {
  return isObject(value) && typeof value['decode'] === 'function'
}

function generatedMessage(schema: MessageSchema): GeneratedMessage {
  let at: unknown = generated
  for (const part of schema.codec.split('.')) at = isObject(at) ? at[part] : undefined
  if (!isGeneratedMessage(at)) throw new Error(`no generated codec for ${schema.codec}`)
  return at
}

function plainField(field: FieldSchema, value: unknown): unknown {
  if (field.type === 'message') {
    return isObject(value) ? plain(schemaOf(field.ref ?? '').schema, value) : undefined
  }
  if (field.type === 'bytes') {
    // A view of the input: a Buffer would print and compare unlike a Uint8Array.
    return value instanceof Uint8Array
      ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      : new Uint8Array()
  }
  if (is64Bit(field.type)) {
    return BigInt(String(value))
  }
  return value
}

function plain(schema: MessageSchema, message: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const field of schema.fields) {
    const value = message[field.json]
    if (field.oneof !== undefined) {
      // With two members present (a finding that is refused) the highest field is shown.
      if (!(field.oneof in result)) result[field.oneof] = undefined
      if (value !== null && value !== undefined && Object.hasOwn(message, field.json)) {
        result[field.oneof] = { $case: field.json, value: plainField(field, value) }
      }
    } else if (field.repeated) {
      result[field.json] = Array.isArray(value) ? value.map((item) => plainField(field, item)) : []
    } else if (field.presence) {
      const present = Object.hasOwn(message, field.json) && value !== null
      result[field.json] = present ? plainField(field, value) : undefined
    } else result[field.json] = plainField(field, value)
  }
  return result
}

/**
 * Reads an unwrapped message.
 * @param bytes a message that was walked without a fatal finding
 * @param maxDepth the depth that it was walked with
 */
export function decodeMessage<Name extends MessageName>(
  name: Name,
  bytes: Uint8Array,
  maxDepth = MAX_DEPTH,
): MessageTypes[Name] {
  // The walker has bounded the depth already; the library's own limit must not decide.
  protobuf.Reader.recursionLimit = maxDepth + 50
  const { schema } = schemaOf(name)
  const message = plain(schema, generatedMessage(schema).decode(new LenientReader(bytes)))
  return message as unknown as MessageTypes[Name] // the generated types mirror the same schema
}

function isDefault(value: unknown): boolean {
  return (
    value === 0 ||
    value === 0n ||
    value === '' ||
    value === false ||
    (value instanceof Uint8Array && value.length === 0)
  )
}

function wireValue(field: FieldSchema, value: unknown): unknown {
  if (field.type === 'message') {
    return isObject(value) ? wireForm(schemaOf(field.ref ?? '').schema, value) : value
  }
  // As text: a JavaScript number would lose digits.
  if (is64Bit(field.type)) return String(value)
  return value
}

function wireForm(schema: MessageSchema, value: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const field of schema.fields) {
    if (field.oneof !== undefined) {
      const chosen = value[field.oneof]
      if (isObject(chosen) && chosen['$case'] === field.json) {
        result[field.json] = wireValue(field, chosen['value'])
      }
      continue
    }
    const own = value[field.json]
    if (own === undefined) continue
    if (field.repeated) {
      const items: unknown[] = Array.isArray(own) ? own : []
      result[field.json] = items.map((item) => wireValue(field, item))
    } else if (field.presence || !isDefault(own)) result[field.json] = wireValue(field, own)
  }
  return result
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
  // What is encoded was made or read here: the library's own limit must not decide either.
  protobuf.util.recursionLimit = ENCODE_DEPTH
  const { schema } = schemaOf(name)
  const bytes = generatedMessage(schema)
    .encode(wireForm(schema, { ...value }))
    .finish()
  return new Uint8Array(bytes)
}

/** The message inside UntypedVersionedMessage, version 30, data first. */
export function wrap(data: Uint8Array): Uint8Array {
  return encodeMessage('UntypedVersionedMessage', {
    wrapper: { $case: 'data', value: data },
    version: PROTO_VERSION,
  })
}

/** The content of a wrapper that was walked without a fatal finding. */
export function unwrap(bytes: Uint8Array): Uint8Array {
  return decodeMessage('UntypedVersionedMessage', bytes).wrapper?.value ?? new Uint8Array()
}
