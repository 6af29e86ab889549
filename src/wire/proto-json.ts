/**
 * Messages as proto3 JSON (https://protobuf.dev/programming-guides/json), driven by the schema.
 *
 * camelCase names; enums by name without their common prefix, an unknown one as its number; bytes
 * as base64; 64-bit numbers as text; Timestamp as RFC 3339 and Duration as seconds with `s`, each
 * with 0, 3, 6 or 9 digits of fraction. Fields without presence are always there, also with their
 * default. What has presence and is absent (a message, an `optional` field, a oneof) is left out.
 *
 * Nothing is lost: a time outside the range of its text form is written as its two numbers, and
 * SequencerConnectionSuccessor, which the schema holds as bytes, is written as a message only if
 * that message encodes to the same bytes, otherwise as base64.
 */
import { equalBytes, parseBase64, toBase64 } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import { encodeMessage } from './codec.ts'
import { is64Bit, type FieldSchema, type FieldType } from './field-schema.ts'
import { ENUM_NAMES, type MessageTypes } from './generated/schema.ts'
import { enumName, MAX_DEPTH, schemaOf, type MessageName } from './schema.ts'
import { readSuccessor, SUCCESSOR_MESSAGE, type SuccessorForm } from './successor.ts'
import { parseTimeText, timeText, type TimeMessage, type TimeValue } from './time-text.ts'

export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [name: string]: JsonValue }

/**
 * - `own`: exactly what `toProtoJson` writes.
 * - `protobuf`: what other programs write as well: defaults left out, enum names with their
 *   prefix, the names of the .proto file, `null` for what is absent, 64-bit numbers as numbers as
 *   long as they are exact.
 */
export type JsonDialect = 'own' | 'protobuf'

const SUCCESSOR_FIELD = 'TopologyMapping.sequencer_connection_successor'

type PlainObject = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const isTime = (name: string): name is TimeMessage => name === 'Timestamp' || name === 'Duration'

// ---- writing

function successorJson(bytes: Uint8Array): JsonValue {
  const reading = readSuccessor(bytes)
  if (reading.form === 'ambiguous') return toBase64(bytes)
  const name = SUCCESSOR_MESSAGE[reading.form]
  return equalBytes(encodeMessage(name, reading.value), bytes)
    ? messageJson(name, { ...reading.value })
    : toBase64(bytes)
}

/** One value of a field (one item of a repeated one) of the named message, as proto3 JSON. */
export function fieldToProtoJson(message: string, field: FieldSchema, value: unknown): JsonValue {
  switch (field.type) {
    case 'message':
      return messageJson(field.ref ?? '', isObject(value) ? value : {})
    case 'enum':
      return enumName(field.ref ?? '', Number(value)) ?? Number(value)
    case 'bytes': {
      const bytes = value instanceof Uint8Array ? value : new Uint8Array()
      return `${message}.${field.name}` === SUCCESSOR_FIELD ? successorJson(bytes) : toBase64(bytes)
    }
    case 'int64':
    case 'uint64':
    case 'sint64':
    case 'sfixed64':
      return String(value)
    case 'int32':
    case 'uint32':
      return Number(value)
    case 'bool':
      return value === true
    case 'string':
      return String(value)
  }
}

function messageJson(name: string, value: PlainObject): JsonValue {
  if (isTime(name)) {
    const time = value as unknown as TimeValue // both time messages have exactly these two fields
    return timeText(name, time) ?? { seconds: String(time.seconds), nanos: time.nanos }
  }
  const result: Record<string, JsonValue> = {}
  for (const field of schemaOf(name).schema.fields) {
    if (field.oneof !== undefined) {
      const chosen = value[field.oneof]
      if (isObject(chosen) && chosen['$case'] === field.json) {
        result[field.json] = fieldToProtoJson(name, field, chosen['value'])
      }
    } else if (field.repeated) {
      const own = value[field.json]
      const items: readonly unknown[] = Array.isArray(own) ? own : []
      result[field.json] = items.map((item) => fieldToProtoJson(name, field, item))
    } else if (value[field.json] !== undefined) {
      result[field.json] = fieldToProtoJson(name, field, value[field.json])
    }
  }
  return result
}

/** The message as proto3 JSON: values ready for `JSON.stringify`, in the order of the schema. */
export function toProtoJson<Name extends MessageName>(
  name: Name,
  value: MessageTypes[Name],
): JsonValue {
  return messageJson(name, value as unknown as PlainObject) // every message is a plain object
}

// ---- reading

interface Reading {
  readonly dialect: JsonDialect
  readonly depth: number
}

function wrong(path: string, problem: string): CantosignError {
  const place = path === '' ? 'the message' : path
  return new CantosignError(
    'proto-json',
    `${place}: ${problem}`,
    'write it in the JSON form of the message, as docs/json.md gives it',
    { details: { path } },
  )
}

const kindOf = (json: unknown): string =>
  json === null ? 'null' : Array.isArray(json) ? 'a list' : typeof json

const below = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)

/** The integer as it is written, whatever its size; `undefined` for anything else. */
function writtenInteger(json: unknown, wide: boolean, dialect: JsonDialect): bigint | undefined {
  if (typeof json === 'number' && (!wide || dialect === 'protobuf')) {
    return Number.isSafeInteger(json) && !Object.is(json, -0) ? BigInt(json) : undefined
  }
  const text = typeof json === 'string' && wide ? json : ''
  return /^(0|-?[1-9][0-9]{0,19})$/.test(text) ? BigInt(text) : undefined
}

function readInteger(json: unknown, path: string, type: FieldType, dialect: JsonDialect): bigint {
  const wide = is64Bit(type)
  const value = writtenInteger(json, wide, dialect)
  if (value === undefined) {
    throw wrong(path, wide ? 'not a whole number written as text' : 'not a whole number')
  }
  const bits = wide ? 64 : 32
  const unsigned = type === 'uint32' || type === 'uint64'
  if (value !== (unsigned ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value))) {
    throw wrong(path, `outside the range of ${type}`)
  }
  return value
}

/** Common prefix of the value names of an enum in the .proto file. */
const enumPrefix = (type: string): string =>
  `${type.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()}_`

function readEnum(json: unknown, path: string, type: string, dialect: JsonDialect): number {
  if (typeof json === 'number') return Number(readInteger(json, path, 'int32', dialect))
  if (typeof json !== 'string') throw wrong(path, `not the name of a ${type} but ${kindOf(json)}`)
  const prefix = enumPrefix(type)
  const name = dialect === 'protobuf' && json.startsWith(prefix) ? json.slice(prefix.length) : json
  const entry = Object.entries(ENUM_NAMES[type] ?? {}).find(([, known]) => known === name)
  if (entry === undefined) throw wrong(path, `no ${type} has this name`)
  return Number(entry[0])
}

function readBytes(json: unknown, path: string): Uint8Array {
  if (typeof json !== 'string') throw wrong(path, `not base64 text but ${kindOf(json)}`)
  try {
    return parseBase64(json)
  } catch (cause) {
    if (!(cause instanceof CantosignError)) throw cause
    throw wrong(path, 'not canonical base64 with padding')
  }
}

/** The form of a successor written as a message is told by the field that only it has. */
function readSuccessorJson(json: PlainObject, path: string, reading: Reading): Uint8Array {
  const has = (camel: string, proto: string): boolean =>
    Object.hasOwn(json, camel) || (reading.dialect === 'protobuf' && Object.hasOwn(json, proto))
  const form: Exclude<SuccessorForm, 'ambiguous'> = has('synchronizerId', 'synchronizer_id')
    ? '3.4'
    : '3.5'
  const name = SUCCESSOR_MESSAGE[form]
  const value = readMessage(name, json, path, reading)
  return encodeMessage(name, value as MessageTypes[typeof name]) // read as this very type
}

function readTime(name: TimeMessage, json: unknown, path: string, reading: Reading): TimeValue {
  if (typeof json === 'string') {
    const value = parseTimeText(name, json)
    if (value !== undefined) return value
    throw wrong(path, name === 'Timestamp' ? 'not an RFC 3339 time in UTC' : 'not seconds with s')
  }
  if (!isObject(json)) throw wrong(path, `not a ${name} but ${kindOf(json)}`)
  const value = readFields(name, json, path, reading) as unknown as TimeValue // the two fields
  if (timeText(name, value) !== undefined) {
    throw wrong(path, `this ${name} has a text form, which has to be used`)
  }
  return value
}

function readValue(
  message: string,
  field: FieldSchema,
  json: unknown,
  path: string,
  reading: Reading,
): unknown {
  switch (field.type) {
    case 'message':
      return readMessage(field.ref ?? '', json, path, reading)
    case 'enum':
      return readEnum(json, path, field.ref ?? '', reading.dialect)
    case 'bytes':
      return `${message}.${field.name}` === SUCCESSOR_FIELD && isObject(json)
        ? readSuccessorJson(json, path, reading)
        : readBytes(json, path)
    case 'int64':
    case 'uint64':
    case 'sint64':
    case 'sfixed64':
      return readInteger(json, path, field.type, reading.dialect)
    case 'int32':
    case 'uint32':
      return Number(readInteger(json, path, field.type, reading.dialect))
    case 'bool':
      if (typeof json !== 'boolean') throw wrong(path, `not true or false but ${kindOf(json)}`)
      return json
    case 'string':
      if (typeof json !== 'string') throw wrong(path, `not text but ${kindOf(json)}`)
      if (/\p{Surrogate}/u.test(json)) throw wrong(path, 'half a surrogate pair, which is no text')
      return json
  }
}

function defaultOf(field: FieldSchema): unknown {
  if (field.repeated) return []
  if (field.presence) return undefined
  switch (field.type) {
    case 'string':
      return ''
    case 'bytes':
      return new Uint8Array()
    case 'bool':
      return false
    case 'int64':
    case 'uint64':
    case 'sint64':
    case 'sfixed64':
      return 0n
    default:
      return 0
  }
}

/** The fields by the names they have in the JSON: unknown names and doubles are refused. */
function namedFields(
  name: string,
  json: PlainObject,
  path: string,
  dialect: JsonDialect,
): ReadonlyMap<FieldSchema, unknown> {
  const found = new Map<FieldSchema, unknown>()
  const { schema, byName } = schemaOf(name)
  for (const [key, value] of Object.entries(json)) {
    const field =
      schema.fields.find((one) => one.json === key) ??
      (dialect === 'protobuf' ? byName.get(key) : undefined)
    if (field === undefined) throw wrong(below(path, key), `${name} has no such field`)
    if (found.has(field)) throw wrong(below(path, key), 'this field is given twice')
    if (value === null && dialect === 'protobuf') continue
    found.set(field, value)
  }
  return found
}

function readFields(
  name: string,
  json: PlainObject,
  path: string,
  reading: Reading,
): Record<string, unknown> {
  const given = namedFields(name, json, path, reading.dialect)
  const result: Record<string, unknown> = {}
  for (const field of schemaOf(name).schema.fields) {
    const at = below(path, field.json)
    const own = given.get(field)
    if (field.oneof !== undefined) {
      if (!(field.oneof in result)) result[field.oneof] = undefined
      if (!given.has(field)) continue
      if (result[field.oneof] !== undefined) {
        throw wrong(at, `two members of ${field.oneof} at once`)
      }
      result[field.oneof] = {
        $case: field.json,
        value: readValue(name, field, own, at, reading),
      }
    } else if (!given.has(field)) {
      if (reading.dialect === 'own' && !field.presence) throw wrong(at, 'this field is missing')
      result[field.json] = defaultOf(field)
    } else if (field.repeated) {
      if (!Array.isArray(own)) throw wrong(at, `not a list but ${kindOf(own)}`)
      result[field.json] = own.map((item: unknown, i) =>
        readValue(name, field, item, `${at}[${i}]`, reading),
      )
    } else {
      result[field.json] = readValue(name, field, own, at, reading)
    }
  }
  return result
}

function readMessage(name: string, json: unknown, path: string, reading: Reading): unknown {
  if (reading.depth >= MAX_DEPTH) throw wrong(path, `messages nested deeper than ${MAX_DEPTH}`)
  if (isTime(name)) return readTime(name, json, path, reading)
  if (!isObject(json)) throw wrong(path, `not an object but ${kindOf(json)}`)
  return readFields(name, json, path, { ...reading, depth: reading.depth + 1 })
}

/**
 * The message that `json` (as `JSON.parse` gives it) stands for. Strict: unknown names, wrong
 * types, values out of range and, in the dialect `own`, missing fields are refused. JSON text with
 * a name twice is the caller's to refuse: `JSON.parse` has dropped one.
 * @throws CantosignError `proto-json`, with the place in `details.path`
 */
export function fromProtoJson<Name extends MessageName>(
  name: Name,
  json: unknown,
  dialect: JsonDialect = 'own',
): MessageTypes[Name] {
  const value = readMessage(name, json, '', { dialect, depth: 0 })
  return value as MessageTypes[Name] // built field by field from the schema of this very type
}
