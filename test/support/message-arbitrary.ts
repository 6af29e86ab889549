/** Any value of any message of the schema, also with enums and times that nothing accepts. */
import { fc } from '@fast-check/vitest'
import type { FieldSchema } from '../../src/wire/field-schema.ts'
import { ENUM_NAMES, type MessageTypes } from '../../src/wire/generated/schema.ts'
import { schemaOf, type MessageName } from '../../src/wire/schema.ts'

const MAX_NESTING = 4

const signed64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const signed32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })

function scalar(field: FieldSchema): fc.Arbitrary<unknown> {
  switch (field.type) {
    case 'string':
      return fc.string({ unit: 'grapheme', maxLength: 8 })
    case 'bytes':
      return fc.uint8Array({ maxLength: 8 })
    case 'bool':
      return fc.boolean()
    case 'int32':
      return fc.oneof(fc.integer({ min: 0, max: 999_999_999 }), signed32)
    case 'uint32':
      return fc.integer({ min: 0, max: 2 ** 32 - 1 })
    case 'uint64':
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    case 'int64':
    case 'sint64':
    case 'sfixed64':
      return fc.oneof(fc.bigInt({ min: -62_135_596_800n, max: 253_402_300_799n }), signed64)
    case 'enum': {
      const known = Object.keys(ENUM_NAMES[field.ref ?? ''] ?? {}).map(Number)
      return fc.oneof(fc.constantFrom(...known), signed32)
    }
    case 'message':
      throw new Error('a message is no scalar')
  }
}

function fieldValue(field: FieldSchema, depth: number): fc.Arbitrary<unknown> {
  const one = field.type === 'message' ? message(field.ref ?? '', depth + 1) : scalar(field)
  if (field.repeated) return fc.array(one, { maxLength: 3 })
  return field.presence && field.oneof === undefined ? fc.option(one, { nil: undefined }) : one
}

function message(name: string, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const fields: Record<string, fc.Arbitrary<unknown>> = {}
  const oneofs = new Map<string, fc.Arbitrary<unknown>[]>()
  for (const field of schemaOf(name).schema.fields) {
    const tooDeep = depth >= MAX_NESTING && field.type === 'message'
    if (field.oneof !== undefined) {
      const members = oneofs.get(field.oneof) ?? [fc.constant(undefined)]
      const value = tooDeep
        ? []
        : [fieldValue(field, depth).map((own) => ({ $case: field.json, value: own }))]
      oneofs.set(field.oneof, [...members, ...value])
    } else if (tooDeep) {
      fields[field.json] = fc.constant(field.repeated ? [] : undefined)
    } else {
      fields[field.json] = fieldValue(field, depth)
    }
  }
  for (const [oneof, members] of oneofs) fields[oneof] = fc.oneof(...members)
  return fc.record(fields)
}

export function messageArbitrary<Name extends MessageName>(
  name: Name,
): fc.Arbitrary<MessageTypes[Name]> {
  return message(name, 0) as unknown as fc.Arbitrary<MessageTypes[Name]> // built from its schema
}
