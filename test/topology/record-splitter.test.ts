/** The record splitter: however a stream is cut into chunks, the records and findings are the same. */
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { concatBytes, toHex } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import {
  MAX_RECORD_BYTES,
  RecordSplitter,
  type StreamLayout,
  type StreamRecord,
} from '../../src/topology/record-splitter.ts'
import { fromHex } from '../support/vectors.ts'

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Uint8Array.from([...bytes, rest])
}
const delimited = (content: Uint8Array): Uint8Array => concatBytes(varint(content.length), content)
const VERSION = Uint8Array.of(0x10, 30)

/** A stream with these records, as the layout prescribes. */
function streamOf(layout: StreamLayout, records: readonly Uint8Array[]): Uint8Array {
  if (layout === 'snapshot-v2' || layout === 'delimited') {
    return concatBytes(...records.map(delimited))
  }
  const data = concatBytes(...records.flatMap((record) => [Uint8Array.of(0x0a), delimited(record)]))
  return concatBytes(Uint8Array.of(0x0a), delimited(data), VERSION)
}

interface Split {
  readonly records: readonly StreamRecord[]
  readonly findings: readonly unknown[]
}

function split(layout: StreamLayout, chunks: readonly Uint8Array[]): Split {
  const splitter = new RecordSplitter(layout)
  const records = chunks.flatMap((chunk) => [...splitter.push(chunk)])
  records.push(...splitter.end())
  expect(splitter.count).toBe(records.length)
  return { records, findings: splitter.findings }
}

/** Bytes cut at the given places. */
function cut(bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort(
    (a, b) => a - b,
  )
  return [0, ...sorted].map((from, i) => bytes.slice(from, sorted[i] ?? bytes.length))
}

const LAYOUTS = ['snapshot-v1', 'snapshot-v2', 'list', 'delimited'] as const
const layouts = fc.constantFrom<StreamLayout>(...LAYOUTS)
const someRecords = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 5 })
const somePlaces = fc.array(fc.nat(), { maxLength: 12 })

describe('the record splitter', () => {
  property.prop([layouts, someRecords, somePlaces])(
    'gives back the records that a stream was made of, from any chunks',
    (layout, records, places) => {
      const bytes = streamOf(layout, records)
      const { records: got, findings } = split(layout, cut(bytes, places))
      expect(findings).toEqual([])
      expect(got.map((one) => toHex(one.bytes))).toEqual(records.map(toHex))
      for (const { bytes: content, offset, prefixOffset } of got) {
        expect(bytes.subarray(offset, offset + content.length)).toEqual(content)
        expect(prefixOffset).toBeLessThan(offset)
      }
      expect(got.map(({ index }) => index)).toEqual(records.map((_one, i) => i))
    },
  )

  property.prop([layouts, someRecords, somePlaces, fc.nat(), fc.integer({ min: 0, max: 255 })], {
    numRuns: 500,
  })(
    'finds the same in a damaged stream, from any chunks',
    (layout, records, places, at, value) => {
      const bytes = streamOf(layout, records).slice()
      if (bytes.length > 0) bytes[at % bytes.length] = value
      const outcome = (chunks: readonly Uint8Array[]): unknown => {
        try {
          return split(layout, chunks)
        } catch (error) {
          if (!(error instanceof CantosignError)) throw error
          return error.code
        }
      }
      const whole = outcome([bytes])
      expect(outcome(cut(bytes, places))).toEqual(whole)
      expect(outcome([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(whole)
    },
  )

  property.prop([
    layouts,
    fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 4 }),
    fc.nat(),
  ])(
    'names every stream that ends early, unless it ends between two records',
    (layout, records, at) => {
      const bytes = streamOf(layout, records)
      const end = at % bytes.length
      const { findings, records: got } = split(layout, [bytes.subarray(0, end)])
      const whole = got.reduce((sum, one) => sum + one.bytes.length, 0)
      const ends = layout === 'snapshot-v2' || layout === 'delimited'
      if (ends && findings.length === 0) {
        // Nothing says how many records there are: what is there is whole.
        expect(streamOf(layout, records.slice(0, got.length)).length).toBe(end)
      } else expect(findings.length).toBeGreaterThan(0)
      expect(whole).toBeLessThanOrEqual(end)
    },
  )

  const item = streamOf('snapshot-v1', [Uint8Array.of(1, 2, 3)])

  test.each([
    ['no version', toHex(item.subarray(0, -2)), ['bad-version']],
    ['another version', `${toHex(item.subarray(0, -1))}1f`, ['bad-version']],
    ['version before data', `101e${toHex(item.subarray(0, -2))}`, ['version-first']],
    ['two versions', `${toHex(item)}101e`, ['duplicate-field']],
    ['data twice', `${toHex(item.subarray(0, -2))}${toHex(item)}`, ['duplicate-field']],
    ['an unknown field behind it', `${toHex(item)}1801`, ['unknown-field']],
    ['unknown bytes behind it', `${toHex(item)}1a0141`, ['unknown-field']],
    ['four unknown bytes behind it', `${toHex(item)}1d01020304`, ['unknown-field']],
    ['eight unknown bytes that end early', `${toHex(item)}1901020304`, ['truncated']],
    ['a group', `${toHex(item)}1b`, ['group-or-invalid-wire-type']],
    ['field number 0', `${toHex(item)}0001`, ['invalid-tag']],
    ['a long tag', `8a00${toHex(item.subarray(1))}`, ['non-minimal-varint']],
    ['a long length', `0a8500${toHex(item.subarray(2))}`, ['non-minimal-varint']],
    ['a long version', `${toHex(item.subarray(0, -1))}9e00`, ['non-minimal-varint']],
    ['an unknown field beside the items', '0a027801101e', ['unknown-field']],
    ['four unknown bytes beside the items', '0a051d01020304101e', ['unknown-field']],
    ['an unknown number that is longer than the data', '0a011801101e', ['truncated']],
    ['unknown bytes that are longer than the data', '0a021a0141101e', ['truncated']],
    ['four unknown bytes that are longer than the data', '0a041d01020304101e', ['truncated']],
    ['a length of 2^31', '0a8080808008', ['truncated']],
    ['an item longer than the data', '0a030a7f01101e', ['truncated']],
    ['nothing', '', ['bad-version']],
  ])('names a snapshot with %s', (_what, hex, codes) => {
    const { findings } = split('snapshot-v1', [fromHex(hex)])
    expect((findings as { code: string }[]).map(({ code }) => code)).toEqual(codes)
  })

  test.each([
    ['a record of length 0', '00', 'trailing-bytes'],
    ['a record of length 0 behind another', '010000', 'trailing-bytes'],
    ['a record that ends early', '0501', 'truncated'],
    ['a length that ends early', '80', 'truncated'],
    ['a length of 2^31', '8080808008', 'length-overflow'],
    ['a length of 11 bytes', `${'80'.repeat(10)}01`, 'varint-overflow'],
    ['a long length', '810001', 'non-minimal-varint'],
  ])('names a stream of records with %s', (_what, hex, code) => {
    for (const layout of ['snapshot-v2', 'delimited'] as const) {
      const { findings } = split(layout, [fromHex(hex)])
      expect((findings as { code: string }[]).map((one) => one.code)).toEqual([code])
    }
  })

  test('names a defect once, however often it waits for the rest of the record', () => {
    const bytes = fromHex('838000010203')
    const { findings, records } = split(
      'snapshot-v2',
      [...bytes].map((byte) => Uint8Array.of(byte)),
    )
    expect((findings as { code: string }[]).map(({ code }) => code)).toEqual(['non-minimal-varint'])
    expect(records).toHaveLength(1)
  })

  test('refuses a record above its limit before waiting for its bytes', () => {
    const splitter = new RecordSplitter('snapshot-v2')
    expect(() => splitter.push(varint(MAX_RECORD_BYTES + 1))).toThrow(/limit of 8388608/)
    const large = new RecordSplitter('snapshot-v2')
    expect(large.push(varint(MAX_RECORD_BYTES))).toEqual([])
  })

  test('gives nothing more after it stopped', () => {
    const splitter = new RecordSplitter('snapshot-v2')
    splitter.push(Uint8Array.of(0))
    expect(splitter.stopped).toBe(true)
    expect(splitter.push(Uint8Array.of(1, 7))).toEqual([])
    expect(splitter.end()).toEqual([])
    expect(splitter.findings).toHaveLength(1)
  })

  test.each(LAYOUTS)(
    'does not copy what it holds over and over: %s',
    (layout) => {
      // 2 MB in chunks of 64 bytes; copying for every chunk would move 32 GB.
      const bytes = streamOf(layout, [new Uint8Array(2_000_000).fill(7)])
      const chunks = Array.from({ length: Math.ceil(bytes.length / 64) }, (_one, i) =>
        bytes.subarray(64 * i, 64 * (i + 1)),
      )
      expect(split(layout, chunks).records.map((one) => one.bytes.length)).toEqual([2_000_000])
    },
    5000,
  )
})
