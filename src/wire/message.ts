/**
 * Messages as plain values, whichever schema they are of: how they are written.
 */
import type protobuf from 'protobufjs/minimal.js'
import { is64Bit, type FieldSchema, type MessageSchema } from './field-schema.ts'
import { WireType } from './reader.ts'

/** Deepest nesting that is encoded: more than any limit for reading. */
const ENCODE_DEPTH = 1000

export type Message = Record<string, unknown>

export type SchemaLookup = (name: string) => MessageSchema

/** The wire type that a single value of a field is written with. */
export function wireTypeOf({ type }: FieldSchema): number {
  if (type === 'string' || type === 'bytes' || type === 'message') return WireType.len
  return type === 'sfixed64' ? WireType.fixed64 : WireType.varint
}

/** A 64-bit integer of the library, by its text: a JavaScript number would have lost digits already. */
export function exact(value: unknown): bigint {
  if (typeof value === 'number') throw new Error('protobufjs runs without its 64-bit integers')
  return BigInt(String(value))
}

export function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null
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

/** The value without a tag; nothing is written for a value of another type, which is a fault. */
function writeValue(
  writer: protobuf.Writer,
  field: FieldSchema,
  value: unknown,
  schemaOf: SchemaLookup,
  depth: number,
): void {
  const { type } = field
  if (type === 'message') {
    if (!isMessage(value)) throw new Error(`${field.name} is no message`)
    writer.fork()
    writeMessage(writer, schemaOf(field.ref ?? ''), value, schemaOf, depth - 1)
    writer.ldelim()
  } else if (type === 'string' && typeof value === 'string') writer.string(value)
  else if (type === 'bytes' && value instanceof Uint8Array) writer.bytes(value)
  else if (type === 'bool' && typeof value === 'boolean') writer.bool(value)
  else if (type === 'uint32' && typeof value === 'number') writer.uint32(value)
  else if ((type === 'int32' || type === 'enum') && typeof value === 'number') writer.int32(value)
  // As text: a JavaScript number would lose digits.
  else if (is64Bit(type) && typeof value === 'bigint') writer[type](String(value))
  else throw new Error(`${field.name} is no ${type}`)
}

/**
 * Writes the fields of a message the way Canton does: ascending, defaults left out, enums packed.
 * @param schemaOf the schema of a message that a field names
 */
export function writeMessage(
  writer: protobuf.Writer,
  schema: MessageSchema,
  message: Message,
  schemaOf: SchemaLookup,
  depth = ENCODE_DEPTH,
): void {
  if (depth < 0) throw new Error('a message is nested deeper than any that is read')
  for (const field of schema.fields) {
    const tag = field.number * 8 + wireTypeOf(field)
    if (field.oneof !== undefined) {
      const member = message[field.oneof]
      if (!isMessage(member) || member['$case'] !== field.json) continue
      writer.uint32(tag)
      writeValue(writer, field, member['value'], schemaOf, depth)
      continue
    }
    const own = message[field.json]
    if (own === undefined) continue
    if (!field.repeated) {
      if (!field.presence && isDefault(own)) continue
      writer.uint32(tag)
      writeValue(writer, field, own, schemaOf, depth)
      continue
    }
    const items: readonly unknown[] = Array.isArray(own) ? own : []
    if (items.length > 0 && wireTypeOf(field) !== WireType.len) {
      writer.uint32(field.number * 8 + WireType.len).fork()
      for (const item of items) writeValue(writer, field, item, schemaOf, depth)
      writer.ldelim()
      continue
    }
    for (const item of items) {
      writer.uint32(tag)
      writeValue(writer, field, item, schemaOf, depth)
    }
  }
}
