import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import type { FieldSchema, MessageSchema } from '../../src/wire/field-schema.ts'
import { ENUM_NAMES, MESSAGE_SCHEMAS, type MessageTypes } from '../../src/wire/generated/schema.ts'
import { decodeMessage, encodeMessage, unwrap, wrap } from '../../src/wire/codec.ts'
import { schemaOf, type MessageName } from '../../src/wire/schema.ts'
import { walkMessage } from '../../src/wire/walk.ts'
import { fixture, fromBase64 } from '../support/vectors.ts'

/** Any value of a field's type, within what the wire can carry without a finding. */
function fieldArbitrary(message: string, field: FieldSchema, depth: number): fc.Arbitrary<unknown> {
  const one = ((): fc.Arbitrary<unknown> => {
    switch (field.type) {
      case 'string':
        return fc.stringMatching(/^[ -~]{0,12}$/)
      case 'bytes':
        return fc.uint8Array({ maxLength: 12 })
      case 'bool':
        return fc.boolean()
      case 'int32':
        return fc.integer({ min: message === 'Timestamp' ? 0 : -999_999_999, max: 999_999_999 })
      case 'uint32':
        return fc.integer({ min: 0, max: 0xffff_ffff })
      case 'int64':
        return message === 'Timestamp' || message === 'Duration'
          ? fc.bigInt({ min: -62_135_596_800n, max: 253_402_300_799n })
          : fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
      case 'sint64':
      case 'sfixed64':
        return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
      case 'uint64':
        return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
      case 'enum':
        return fc.constantFrom(...Object.keys(ENUM_NAMES[field.ref ?? ''] ?? {}).map(Number))
      case 'message':
        return messageArbitrary(schemaOf(field.ref ?? '').schema, depth + 1)
    }
  })()
  // Bytes that hold something wrapped are covered by the vectors; here they stay empty.
  const wrapped =
    field.type === 'bytes' &&
    ['transaction', 'signed_transaction', 'sequencer_connection_successor'].includes(field.name)
  const value = wrapped ? fc.constant(new Uint8Array()) : one
  const many =
    field.name === 'signed_transaction' ? fc.constant([]) : fc.array(value, { maxLength: 3 })
  if (field.repeated) return many
  return field.presence && field.oneof === undefined ? fc.option(value, { nil: undefined }) : value
}

function messageArbitrary(schema: MessageSchema, depth = 0): fc.Arbitrary<Record<string, unknown>> {
  const plain: Record<string, fc.Arbitrary<unknown>> = {}
  const oneofs = new Map<string, fc.Arbitrary<unknown>[]>()
  for (const field of schema.fields) {
    if (field.oneof === undefined) {
      plain[field.json] =
        depth > 3 && field.type === 'message'
          ? fc.constant(field.repeated ? [] : undefined)
          : fieldArbitrary(schema.name, field, depth)
      continue
    }
    const members = oneofs.get(field.oneof) ?? [fc.constant(undefined)]
    if (depth <= 3 && field.name !== 'sequencer_connection_successor') {
      members.push(
        fieldArbitrary(schema.name, field, depth).map((value) => ({ $case: field.json, value })),
      )
    }
    oneofs.set(field.oneof, members)
  }
  for (const [oneof, members] of oneofs) plain[oneof] = fc.oneof(...members)
  return fc.record(plain)
}

const names = Object.keys(MESSAGE_SCHEMAS).filter(
  (name) => name !== 'UntypedVersionedMessage',
) as MessageName[]

describe('the codec', () => {
  test.each(names)('decodes what it encodes, and the walker finds nothing in it: %s', (name) => {
    const { schema } = schemaOf(name)
    fc.assert(
      fc.property(messageArbitrary(schema), (value) => {
        const message = value as unknown as MessageTypes[typeof name]
        const bytes = encodeMessage(name, message)
        const walk = walkMessage(name, bytes, { wrapped: false })
        expect(walk.findings.filter(({ code }) => code !== 'legacy-field')).toEqual([])
        expect(walk.canonical).toBe(true)
        expect(decodeMessage(name, bytes)).toEqual(message)
      }),
      { numRuns: 60 },
    )
  })

  test('agrees with two other implementations on every mapping, and encodes back to their bytes', () => {
    const { transactions } = fixture('synthetic-topology/transactions.json') as {
      transactions: { mapping: string; serial: number; transaction_base64: string }[]
    }
    expect(transactions.length).toBe(30)
    for (const vector of transactions) {
      const bytes = fromBase64(vector.transaction_base64)
      const value = decodeMessage('TopologyTransaction', unwrap(bytes))
      expect(value.serial).toBe(vector.serial)
      expect(wrap(encodeMessage('TopologyTransaction', value))).toEqual(bytes)
    }
  })

  test.prop([fc.uint8Array({ maxLength: 200 })])(
    'is never asked to read what the walker cannot place: nothing that passes makes it fail',
    (noise) => {
      for (const name of ['TopologyTransaction', 'SignedTopologyTransaction'] as const) {
        if (!walkMessage(name, noise, { wrapped: false }).fatal) decodeMessage(name, noise)
      }
    },
  )
})
