/**
 * The JSON Schema of a spec, made of the same tables that reading follows. It is published as
 * schemas/spec.schema.json for editors; what it cannot say, reading says.
 */
import { schemaOf } from '../wire/schema.ts'
import { mappingRow, type MappingCase } from '../topology/mapping.ts'
import { MAX_SERIAL } from '../topology/transaction.ts'
import type { FieldSchema } from '../wire/field-schema.ts'
import { SUCCESSOR_MESSAGE } from '../wire/successor.ts'
import { enumChoices, MAPPING_CODES, MAPPINGS, OPERATIONS } from './names.ts'
import { RESTRICTIONS } from './spec.ts'
import { isMarker, isRequired, isWritable, spellings } from './spec-fields.ts'

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>

const BASE64 = { type: 'string', pattern: '^(file:.+|[A-Za-z0-9+/]+={0,2})$' }
const FINGERPRINT = { type: 'string', pattern: '^1220[0-9a-f]{64}$' }
const TIME: Readonly<Record<string, JsonSchema>> = {
  Timestamp: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?Z$' },
  Duration: { type: 'string', pattern: '^\\d+(\\.\\d+)?s$' },
}

function object(
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[],
): JsonSchema {
  return { type: 'object', additionalProperties: false, properties, required }
}

function names(choices: ReadonlyMap<string, unknown>): JsonSchema {
  return { enum: [...choices.keys()] }
}

function keySchema(name: string): JsonSchema {
  if (name === 'EncryptionPublicKey') return object({ publicKey: BASE64 }, ['publicKey'])
  const usage = {
    type: 'array',
    items: names(enumChoices('SigningKeyUsage')),
    minItems: 1,
    uniqueItems: true,
  }
  return object({ publicKey: BASE64, fingerprint: FINGERPRINT, usage }, ['publicKey', 'usage'])
}

function restrictionSchema(): JsonSchema {
  const list = { type: 'array', items: names(MAPPING_CODES), minItems: 1, uniqueItems: true }
  return { anyOf: [names(RESTRICTIONS), list] }
}

function valueSchema(field: FieldSchema): JsonSchema {
  switch (field.type) {
    case 'string':
      return { type: 'string', minLength: 1 }
    case 'bytes':
      return { type: 'string', pattern: '^[A-Za-z0-9+/]+={0,2}$' }
    case 'bool':
      return { type: 'boolean' }
    case 'enum':
      return names(enumChoices(field.ref ?? ''))
    case 'message':
      return isMarker(field) ? { type: 'boolean' } : messageSchema(field.ref ?? '')
    default:
      return { type: 'integer', minimum: 0 }
  }
}

function messageSchema(name: string): JsonSchema {
  if (name === 'SigningPublicKey' || name === 'EncryptionPublicKey') return keySchema(name)
  const time = TIME[name]
  if (time !== undefined) return time
  const properties: Record<string, JsonSchema> = {}
  const required: string[] = []
  const either: JsonSchema[] = []
  const alternatives: JsonSchema[] = []
  for (const field of schemaOf(name).schema.fields) {
    if (field.oneof === 'restriction' || !isWritable(field)) continue
    const [first, ...others] = spellings(name, field)
    const own = valueSchema(field)
    for (const spelling of [first, ...others]) {
      properties[spelling] = field.repeated ? { type: 'array', items: own } : own
    }
    if (field.oneof !== undefined) alternatives.push({ required: [first] })
    if (!isRequired(field)) continue
    if (others.length === 0) required.push(first)
    else either.push({ oneOf: [first, ...others].map((one) => ({ required: [one] })) })
  }
  if (name === 'NamespaceDelegation') {
    properties['restriction'] = restrictionSchema()
    required.push('restriction')
  }
  if (alternatives.length > 0) either.push({ oneOf: alternatives })
  const whole = object(properties, required)
  return either.length === 0 ? whole : { ...whole, allOf: either }
}

function mappingSchema($case: MappingCase): JsonSchema {
  if ($case !== 'sequencerConnectionSuccessor') return messageSchema(mappingRow($case).type)
  return { oneOf: Object.values(SUCCESSOR_MESSAGE).map(messageSchema) }
}

/** The schema that is published. */
export function specSchema(): JsonSchema {
  const mappings = Object.fromEntries(
    [...MAPPINGS].map(([name, $case]) => [name, mappingSchema($case)]),
  )
  const transaction = {
    ...object(
      {
        operation: names(OPERATIONS),
        serial: { type: 'integer', minimum: 1, maximum: MAX_SERIAL },
        ...mappings,
      },
      [],
    ),
    oneOf: [...MAPPINGS.keys()].map((name) => ({ required: [name] })),
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:cantosign:spec',
    title: 'cantosign spec',
    description: 'Topology transactions to build, or to hold a package against',
    ...object({ transactions: { type: 'array', items: transaction, minItems: 1 } }, [
      'transactions',
    ]),
  }
}
