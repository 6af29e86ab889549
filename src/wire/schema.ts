/** Look-ups in the schema, and the facts about it that a .proto file cannot say. */
import type { FieldSchema, FieldType, MessageSchema } from './field-schema.ts'
import { ENUM_NAMES, MESSAGE_SCHEMAS, type MessageTypes } from './generated/schema.ts'
import { wireTypeOf } from './message.ts'
import { WireType } from './reader.ts'

export type MessageName = keyof MessageTypes

export const WRAPPER: MessageName = 'UntypedVersionedMessage'

/** The one version of every wrapped message (docs/protocol/wire.md section 1). */
export const PROTO_VERSION = 30

/** Number and tag of the wrapper's `data`. */
export const DATA = 1
export const DATA_TAG = DATA * 8 + WireType.len

/** Most numbers in one list: four million fit into a transaction, and mean nothing. */
export const MAX_PACKED = 1000

/** Deepest nesting of messages that is read. */
export const MAX_DEPTH = 200

/** Bytes fields that hold a wrapped message (docs/protocol/wire.md section 2). */
const WRAPPED_CONTENT: Readonly<Record<string, MessageName>> = {
  'SignedTopologyTransaction.transaction': 'TopologyTransaction',
  'SignedTopologyTransactions.signed_transaction': 'SignedTopologyTransaction',
  'TopologyTransactions.Item.transaction': 'SignedTopologyTransaction',
}

/**
 * Fields that left the schema but are part of what live networks carry, with what they meant
 * (docs/protocol/wire.md section 6). They have no authority and stay in the hash.
 */
const LEGACY_FIELDS: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  SigningPublicKey: { 1: 'the old key id' },
  DynamicSynchronizerParameters: { 4: 'the topology change delay of release line 3.3' },
  ParticipantSynchronizerLimits: {
    2: 'an old limit on the number of parties',
    3: 'an old limit on the number of packages',
  },
}

/** Limits of a number beside those of its type, both included; each is exact. */
export interface Limits {
  readonly least: number
  readonly most: number
}

const NANOS_MAX = 999_999_999
const DURATION_MAX = 315_576_000_000

/** google.protobuf.Timestamp and Duration: the years 1 to 9999, and 10,000 years either way. */
const LIMITS: Readonly<Record<string, Limits>> = {
  'Timestamp.seconds': { least: -62_135_596_800, most: 253_402_300_799 },
  'Timestamp.nanos': { least: 0, most: NANOS_MAX },
  'Duration.seconds': { least: -DURATION_MAX, most: DURATION_MAX },
  'Duration.nanos': { least: -NANOS_MAX, most: NANOS_MAX },
}

/** The bytes field that two release lines fill differently (src/wire/successor.ts). */
const SUCCESSOR = 'TopologyMapping.sequencer_connection_successor'

/** A field of the schema with what reading it asks for again and again, looked up once. */
export class IndexedField implements FieldSchema {
  readonly number: number
  readonly name: string
  readonly json: string
  readonly type: FieldType
  readonly ref: string | undefined
  readonly repeated: boolean
  readonly presence: boolean
  readonly oneof: string | undefined
  readonly deprecated: boolean
  /** Message and field, e.g. `TopologyTransaction.serial`. */
  readonly fullName: string
  /** The wire type of one value. */
  readonly wireType: number
  readonly limits: Limits | undefined
  /** True where the bytes are a message in one of two encodings. */
  readonly isSuccessor: boolean
  /** A bit for each oneof of the message; 0 for a field that is in none. */
  readonly oneofBit: number
  readonly #wrapped: MessageName | undefined
  #message: IndexedSchema | undefined

  /** @param oneofs of the message */
  constructor(message: string, field: FieldSchema, oneofs: readonly string[]) {
    this.number = field.number
    this.name = field.name
    this.json = field.json
    this.type = field.type
    this.ref = field.ref
    this.repeated = field.repeated
    this.presence = field.presence
    this.oneof = field.oneof
    this.deprecated = field.deprecated
    this.fullName = `${message}.${field.name}`
    this.wireType = wireTypeOf(field)
    this.#wrapped = WRAPPED_CONTENT[this.fullName]
    this.limits = LIMITS[this.fullName]
    this.isSuccessor = this.fullName === SUCCESSOR
    this.oneofBit = field.oneof === undefined ? 0 : 1 << oneofs.indexOf(field.oneof)
  }

  /** The schema of the message that the field holds; asking a scalar field is a fault. */
  get message(): IndexedSchema {
    return (this.#message ??= schemaOf(this.ref ?? ''))
  }

  /** The schema of the message that is wrapped in this bytes field, if it is known to hold one. */
  get wrapped(): IndexedSchema | undefined {
    if (this.#wrapped === undefined) return undefined
    return (this.#message ??= schemaOf(this.#wrapped))
  }
}

/** A message schema with its fields by number. */
export interface IndexedSchema {
  readonly name: MessageName
  readonly schema: MessageSchema & { readonly fields: readonly IndexedField[] }
  readonly byNumber: ReadonlyMap<number, IndexedField>
  readonly byName: ReadonlyMap<string, IndexedField>
  readonly legacy: Readonly<Record<number, string>>
}

const index = new Map<string, IndexedSchema>()

export function isMessageName(name: string): name is MessageName {
  return name in MESSAGE_SCHEMAS
}

/** The schema of a message; asking for a name that is not in src/wire/proto is a fault. */
export function schemaOf(name: string): IndexedSchema {
  const known = index.get(name)
  if (known !== undefined) return known
  if (!isMessageName(name)) throw new Error(`no message ${name} in the schema`)
  const generated: MessageSchema = MESSAGE_SCHEMAS[name]
  const oneofs = [...new Set(generated.fields.flatMap(({ oneof }) => oneof ?? []))]
  const fields = generated.fields.map((field) => new IndexedField(name, field, oneofs))
  const schema = { ...generated, fields }
  const indexed: IndexedSchema = {
    name,
    schema,
    byNumber: new Map(fields.map((field) => [field.number, field])),
    byName: new Map(fields.map((field) => [field.name, field])),
    legacy: LEGACY_FIELDS[name] ?? {},
  }
  index.set(name, indexed)
  return indexed
}

/** The message that a field holds, where it is written as a message; `undefined` for scalars. */
export function messageOf(field: FieldSchema): string | undefined {
  return field.type === 'message' ? field.ref : undefined
}

/** The message that is wrapped in a bytes field, if the field is known to hold one. */
export function wrappedContent(message: string, field: FieldSchema): MessageName | undefined {
  return WRAPPED_CONTENT[`${message}.${field.name}`]
}

/** The name of an enum value without the common prefix, or `undefined` for an unknown number. */
export function enumName(type: string, value: number): string | undefined {
  return ENUM_NAMES[type]?.[value]
}
