/** The schema of src/wire/proto as data: what the walker, the codec and the JSON form read. */

export type FieldType =
  | 'string'
  | 'bytes'
  | 'bool'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'sint64'
  | 'sfixed64'
  | 'enum'
  | 'message'

/** True for the integers that a JavaScript number cannot hold; values are bigint. */
export function is64Bit(type: FieldType): type is 'int64' | 'uint64' | 'sint64' | 'sfixed64' {
  return type === 'int64' || type === 'uint64' || type === 'sint64' || type === 'sfixed64'
}

export interface FieldSchema {
  readonly number: number
  /** As in the .proto file; paths of findings are made of these. */
  readonly name: string
  /** The proto3 JSON name (camelCase). */
  readonly json: string
  readonly type: FieldType
  /** Name of the message or enum. */
  readonly ref?: string | undefined
  readonly repeated: boolean
  /** True where absence differs from the default: messages, `optional` fields, oneof members. */
  readonly presence: boolean
  /** camelCase, as the property of the decoded message. */
  readonly oneof?: string | undefined
  readonly deprecated: boolean
}

export interface MessageSchema {
  /** Dotted below its package, e.g. `PartyToParticipant.HostingParticipant`. */
  readonly name: string
  readonly reserved: readonly number[]
  readonly fields: readonly FieldSchema[]
  /** Makes the message with nothing in it: defaults, empty lists, absent messages `undefined`. */
  readonly empty: () => Record<string, unknown>
}
