/** Nothing escapes: each field is either in the hash or named as not signed. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { encodeValue } from '../../src/daml/encode-value.ts'
import { hashPreparedTransaction } from '../../src/daml/hash.ts'
import { judgePreparedTransaction } from '../../src/daml/judge.ts'
import { Preimage } from '../../src/daml/preimage.ts'
import { readPreparedTransaction } from '../../src/daml/prepared-transaction.ts'
import { decodeMessage, encodeMessage } from '../../src/wire/codec.ts'
import type { PreparedTransaction, Value } from '../../src/wire/generated/schema.ts'
import { bytesOf, createTransaction, exerciseTransaction, keyTransaction } from './transactions.ts'

type Change = readonly [path: string, value: unknown]

/** Other values for a leaf. */
function otherLeaf(value: unknown): readonly unknown[] {
  if (typeof value === 'bigint') return [value + 1n]
  if (typeof value === 'number') return [value + 1]
  if (typeof value === 'boolean') return [!value]
  if (typeof value === 'string') return [`${value}0`, value.slice(0, -1)]
  return []
}

/** Every copy of a plain value with one thing in it changed: a leaf, a list, an optional message. */
function* changesOf(value: unknown, path: string): Generator<Change> {
  if (value instanceof Uint8Array) {
    if (value.length > 0) yield [path, value.with(0, (value[0] ?? 0) ^ 1)]
    return
  }
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value
    for (let i = 0; i < items.length; i++) {
      yield [`${path}[${i}]`, items.toSpliced(i, 1)]
      yield [`${path}[${i}]`, items.toSpliced(i, 0, items[i])]
      for (const [at, changed] of changesOf(items[i], `${path}[${i}]`))
        yield [at, items.with(i, changed)]
    }
    if (items.length > 1) yield [path, items.toReversed()]
    return
  }
  if (typeof value !== 'object' || value === null) {
    for (const other of otherLeaf(value)) yield [path, other]
    return
  }
  for (const [name, inner] of Object.entries(value)) {
    if (name === '$case') continue
    const at = path === '' ? name : `${path}.${name}`
    // A message or oneof that may be absent: the encoder of this project leaves it out.
    if (
      typeof inner === 'object' &&
      inner !== null &&
      !Array.isArray(inner) &&
      !(inner instanceof Uint8Array)
    ) {
      if (!('$case' in value)) yield [at, { ...value, [name]: undefined }]
    }
    for (const [where, changed] of changesOf(inner, at))
      yield [where, { ...value, [name]: changed }]
  }
}

const NOT_SIGNED_BY_DESIGN = new Set(['event-blob-not-signed', 'max-record-time-not-signed'])

describe('a changed field', () => {
  test.each([
    ['a create with a record time', createTransaction({}, { maxRecordTime: 5n }), 'V2', 150],
    ['an exercise', exerciseTransaction(), 'V2', 250],
    ['keys and queries', keyTransaction(), 'V3', 250],
  ] as const)(
    'changes the hash or is refused or named as unsigned: %s',
    (_what, prepared, scheme, atLeast) => {
      const base = toHex(bytesOf(prepared))
      const original = hashPreparedTransaction(bytesOf(prepared), scheme)
      if (original.$case !== 'hashed') throw new Error('the base has no hash')
      let count = 0
      const open: string[] = []
      for (const [path, changed] of changesOf(prepared, '')) {
        count++
        const bytes = bytesOf(changed as PreparedTransaction)
        if (toHex(bytes) === base) continue
        const read = readPreparedTransaction(bytes)
        const result = hashPreparedTransaction(read, scheme)
        if (result.$case === 'hashed' && toHex(result.hash) !== toHex(original.hash)) continue
        const { refusals, warnings } = judgePreparedTransaction(read, scheme)
        const isBlob = path.includes('eventBlob') || path.includes('maxRecordTime')
        const named = warnings.some(({ code }) => NOT_SIGNED_BY_DESIGN.has(code))
        if (refusals.length === 0 && !(isBlob && named)) {
          // The list of nodes and of seeds may be in any order: the tree is signed.
          if (path === 'transaction.nodes' || path === 'transaction.nodeSeeds') continue
          open.push(path)
        }
      }
      expect(open).toEqual([])
      expect(count).toBeGreaterThan(atLeast)
    },
  )
})

const { value: anyValue } = fc.letrec<{ value: Value }>((tie) => {
  const inner = tie('value')
  const name = fc.stringMatching(/^[a-z]{1,3}$/)
  const id = fc.option(fc.record({ packageId: name, moduleName: name, entityName: name }), {
    nil: undefined,
  })
  const sum = fc.oneof(
    { maxDepth: 4 },
    fc.constant({ $case: 'unit' as const, value: {} }),
    fc.boolean().map((value) => ({ $case: 'bool' as const, value })),
    fc
      .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
      .map((value) => ({ $case: 'int64' as const, value })),
    fc
      .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
      .map((value) => ({ $case: 'timestamp' as const, value })),
    fc.integer().map((value) => ({ $case: 'date' as const, value })),
    fc.string({ unit: 'grapheme' }).map((value) => ({ $case: 'text' as const, value })),
    fc.string({ unit: 'grapheme' }).map((value) => ({ $case: 'party' as const, value })),
    fc.string().map((value) => ({ $case: 'numeric' as const, value })),
    fc
      .uint8Array({ maxLength: 4 })
      .map((bytes) => ({ $case: 'contractId' as const, value: toHex(bytes) })),
    fc
      .option(inner, { nil: undefined })
      .map((value) => ({ $case: 'optional' as const, value: { value } })),
    fc
      .array(inner, { maxLength: 3 })
      .map((elements) => ({ $case: 'list' as const, value: { elements } })),
    fc
      .array(fc.record({ key: name, value: inner }), { maxLength: 3 })
      .map((entries) => ({ $case: 'textMap' as const, value: { entries } })),
    fc
      .array(fc.record({ key: inner, value: inner }), { maxLength: 2 })
      .map((entries) => ({ $case: 'genMap' as const, value: { entries } })),
    fc
      .record({
        recordId: id,
        fields: fc.array(fc.record({ label: name, value: inner }), { maxLength: 3 }),
      })
      .map((value) => ({ $case: 'record' as const, value })),
    fc
      .record({ variantId: id, constructor: name, value: inner })
      .map((value) => ({ $case: 'variant' as const, value })),
    fc
      .record({ enumId: id, constructor: name })
      .map((value) => ({ $case: 'enum' as const, value })),
  )
  return { value: sum.map((one) => ({ sum: one })) }
})

const encoded = (value: Value): string => {
  const preimage = new Preimage()
  encodeValue(preimage, value)
  return toHex(preimage.bytes)
}

describe('any Daml value', () => {
  test.prop([anyValue])('is the same after the wire, and so is its encoding', (value) => {
    const read = decodeMessage('Value', encodeMessage('Value', value))
    expect(read).toEqual(value)
    expect(encoded(read)).toBe(encoded(value))
  })

  test.prop([anyValue, anyValue])('shares its encoding with no other value', (a, b) => {
    const sameOnTheWire = toHex(encodeMessage('Value', a)) === toHex(encodeMessage('Value', b))
    expect(encoded(a) === encoded(b)).toBe(sameOnTheWire)
  })

  test.prop([fc.uint8Array({ maxLength: 300 })])(
    'noise is judged without an exception, and refused',
    (noise) => {
      const read = readPreparedTransaction(noise)
      expect(judgePreparedTransaction(read, 'V3').refusals.length).toBeGreaterThan(0)
      hashPreparedTransaction(read, 'V3')
    },
  )

  const withoutBlobs = (prepared: PreparedTransaction | undefined): unknown => ({
    ...prepared,
    metadata: {
      ...prepared?.metadata,
      inputContracts: prepared?.metadata?.inputContracts.map((one) => ({ ...one, eventBlob: '' })),
    },
  })
  const sound = bytesOf(keyTransaction())
  const before = hashPreparedTransaction(sound, 'V3')
  test.prop([fc.nat({ max: sound.length - 1 }), fc.integer({ min: 1, max: 255 })], {
    numRuns: 200,
  })('a flipped byte gives another hash, or a refusal, or is in an event blob', (at, flip) => {
    const bytes = sound.with(at, (sound[at] ?? 0) ^ flip)
    const read = readPreparedTransaction(bytes)
    const after = hashPreparedTransaction(read, 'V3')
    if (before.$case !== 'hashed') throw new Error('the base has no hash')
    if (after.$case !== 'hashed' || toHex(after.hash) !== toHex(before.hash)) return
    if (judgePreparedTransaction(read, 'V3').refusals.length > 0) return
    // Left are the blobs, which are named as unsigned, and other writings of the same value.
    expect(withoutBlobs(read.value)).toEqual(withoutBlobs(keyTransaction()))
  })
})
