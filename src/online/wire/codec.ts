/**
 * Requests and responses of the APIs as plain values, in the shape of the generated types.
 *
 * What a newer participant adds is overlooked: a field that is not in the schema, or that has another
 * wire type than here (an older release used the number for something else). All else that is not
 * sound is refused. What is signed never rests on this reader: it stands in bytes fields, which the
 * strict reader of src/wire takes.
 */
import protobuf from 'protobufjs/minimal.js'
import { CantosignError } from '../../base/errors.ts'
import type { FieldSchema, MessageSchema } from '../../wire/field-schema.ts'
import { exact, isMessage, wireTypeOf, writeMessage, type Message } from '../../wire/message.ts'
import { WireType } from '../../wire/reader.ts'
import type { MessageTypes } from './generated/schema.ts'
import { apiSchemaOf, fieldsByNumber, type ApiMessageName } from './schema.ts'

/** Deepest nesting of an answer that is read; none of the schema comes near it. */
const MAX_DEPTH = 100

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A reader of one message: it cannot run past its end. */
function readerOf(bytes: Uint8Array): protobuf.Reader {
  // A plain array: views of a Buffer would be Buffers.
  return protobuf.Reader.create(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
}

function readValue(
  reader: protobuf.Reader,
  field: FieldSchema,
  depth: number,
  before?: unknown,
): unknown {
  switch (field.type) {
    case 'string':
      return UTF8.decode(reader.bytes())
    case 'bytes':
      return reader.bytes()
    case 'bool':
      return reader.bool()
    case 'int32':
    case 'enum':
      return reader.int32()
    case 'uint32':
      return reader.uint32()
    case 'int64':
    case 'uint64':
    case 'sint64':
    case 'sfixed64':
      return exact(reader[field.type]())
    case 'message': {
      const into = isMessage(before) ? before : undefined
      return readMessage(readerOf(reader.bytes()), apiSchemaOf(field.ref ?? ''), depth - 1, into)
    }
  }
}

function readMessage(
  reader: protobuf.Reader,
  schema: MessageSchema,
  depth: number,
  message: Message = schema.empty(),
): Message {
  if (depth < 0) throw new RangeError(`nested deeper than ${MAX_DEPTH} messages`)
  const byNumber = fieldsByNumber(schema)
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    const wireType = tag & 7
    if (tag >>> 3 === 0 || wireType === 3 || wireType === 4)
      throw new RangeError(`a field with the tag ${tag}`)
    const field = byNumber.get(tag >>> 3)
    const expected = field === undefined ? undefined : wireTypeOf(field)
    if (field === undefined || expected === undefined) reader.skipType(wireType)
    else if (wireType === expected) {
      if (field.oneof !== undefined) {
        const held = message[field.oneof]
        const same = isMessage(held) && held['$case'] === field.json
        const value = readValue(reader, field, depth, same ? held['value'] : undefined)
        message[field.oneof] = { $case: field.json, value }
      } else if (field.repeated) append(message, field, readValue(reader, field, depth))
      else message[field.json] = readValue(reader, field, depth, message[field.json])
    } else if (field.repeated && wireType === WireType.len) {
      const packed = readerOf(reader.bytes())
      while (packed.pos < packed.len) append(message, field, readValue(packed, field, depth))
    } else reader.skipType(wireType)
  }
  return message
}

function append(message: Message, { json }: FieldSchema, value: unknown): void {
  const list = message[json]
  if (!Array.isArray(list)) throw new Error(`${json} is no list`)
  list.push(value)
}

/**
 * Reads a message of the APIs.
 * @throws CantosignError `response-malformed`
 */
export function decodeApiMessage<Name extends ApiMessageName>(
  name: Name,
  bytes: Uint8Array,
): MessageTypes[Name] {
  try {
    const message = readMessage(readerOf(bytes), apiSchemaOf(name), MAX_DEPTH)
    return message as unknown as MessageTypes[Name] // the generated types mirror the same schema
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause
    throw new CantosignError(
      'response-malformed',
      `an answer is no ${name}: ${cause.message}`,
      'check that the address is that of the API it is given for, and that nothing between rewrites it',
      { cause },
    )
  }
}

/** A message of which anything may be left out, at any depth. */
export type ApiInput<T> = T extends Uint8Array | string | number | bigint | boolean | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? readonly ApiInput<Item>[]
    : T extends { readonly $case: infer Case; readonly value: infer Value }
      ? { readonly $case: Case; readonly value: ApiInput<Value> }
      : { readonly [Key in keyof T]?: ApiInput<T[Key]> | undefined }

/** Encodes a message of the APIs; what is left out of `value` stands at its default. */
export function encodeApiMessage<Name extends ApiMessageName>(
  name: Name,
  value: ApiInput<MessageTypes[Name]>,
): Uint8Array {
  const writer = protobuf.Writer.create()
  writeMessage(writer, apiSchemaOf(name), value as Message, apiSchemaOf)
  return new Uint8Array(writer.finish())
}
