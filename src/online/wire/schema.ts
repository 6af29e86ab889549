/** Look-ups in the schema of the APIs of a participant (src/online/wire/proto). */
import type { FieldSchema, MessageSchema } from '../../wire/field-schema.ts'
import { MESSAGE_SCHEMAS, type MessageTypes } from './generated/schema.ts'

export type ApiMessageName = keyof MessageTypes

const numbered = new Map<MessageSchema, ReadonlyMap<number, FieldSchema>>()

/** The schema of a message; asking for a name that is not in src/online/wire/proto is a fault. */
export function apiSchemaOf(name: string): MessageSchema {
  if (!(name in MESSAGE_SCHEMAS)) throw new Error(`no message ${name} in the schema of the APIs`)
  return MESSAGE_SCHEMAS[name as ApiMessageName]
}

export function fieldsByNumber(schema: MessageSchema): ReadonlyMap<number, FieldSchema> {
  const known = numbered.get(schema)
  if (known !== undefined) return known
  const fields = new Map(schema.fields.map((field) => [field.number, field]))
  numbered.set(schema, fields)
  return fields
}
