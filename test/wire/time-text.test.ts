import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { parseTimeText, timeText } from '../../src/wire/time-text.ts'

describe('times as text', () => {
  // Examples of the proto3 JSON guide, and the ends of the ranges.
  test.each([
    ['Timestamp', 0n, 0, '1970-01-01T00:00:00Z'],
    ['Timestamp', 63_108_020n, 21_000_000, '1972-01-01T10:00:20.021Z'],
    ['Timestamp', -62_135_596_800n, 0, '0001-01-01T00:00:00Z'],
    ['Timestamp', 253_402_300_799n, 999_999_999, '9999-12-31T23:59:59.999999999Z'],
    ['Timestamp', -1n, 500_000, '1969-12-31T23:59:59.000500Z'],
    ['Duration', 1n, 0, '1s'],
    ['Duration', 1n, 340_012, '1.000340012s'],
    ['Duration', 1n, 500_000_000, '1.500s'],
    ['Duration', 0n, -500_000_000, '-0.500s'],
    ['Duration', -315_576_000_000n, 0, '-315576000000s'],
  ] as const)('%s %s s %s ns is %s', (message, seconds, nanos, text) => {
    expect(timeText(message, { seconds, nanos })).toBe(text)
    expect(parseTimeText(message, text)).toEqual({ seconds, nanos })
  })

  test.each([
    ['Timestamp', -62_135_596_801n, 0],
    ['Timestamp', 253_402_300_800n, 0],
    ['Timestamp', 0n, -1],
    ['Timestamp', 0n, 1_000_000_000],
    ['Duration', 315_576_000_001n, 0],
    ['Duration', 1n, -1],
    ['Duration', -1n, 1],
    ['Duration', 0n, 1_000_000_000],
  ] as const)('%s %s s %s ns has no text', (message, seconds, nanos) => {
    expect(timeText(message, { seconds, nanos })).toBeUndefined()
  })

  test.each([
    ['Timestamp', ''],
    ['Timestamp', '1970-01-01'],
    ['Timestamp', '1970-01-01T00:00:00'],
    ['Timestamp', '1970-01-01T00:00:00+00:00'],
    ['Timestamp', '1970-01-01t00:00:00z'],
    ['Timestamp', '1970-01-01 00:00:00Z'],
    ['Timestamp', '1970-01-01T00:00:00.5Z'],
    ['Timestamp', '1970-01-01T00:00:00.000Z'],
    ['Timestamp', '2026-02-29T00:00:00Z'],
    ['Timestamp', '1970-01-01T24:00:00Z'],
    ['Timestamp', '1970-01-01T23:59:60Z'],
    ['Timestamp', '0000-12-31T00:00:00Z'],
    ['Timestamp', '+10000-01-01T00:00:00Z'],
    ['Duration', '1'],
    ['Duration', '1.5s'],
    ['Duration', '01s'],
    ['Duration', '+1s'],
    ['Duration', '-0s'],
    ['Duration', '1.000s'],
    ['Duration', '1 s'],
    ['Duration', '1e3s'],
    ['Duration', '315576000001s'],
  ] as const)('refuses the %s %j', (message, text) => {
    expect(parseTimeText(message, text)).toBeUndefined()
  })

  property.prop([
    fc.constantFrom('Timestamp', 'Duration'),
    fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
    fc.integer({ min: -999_999_999, max: 999_999_999 }),
  ])('come back as they were written', (message, seconds, nanos) => {
    const text = timeText(message, { seconds, nanos })
    if (text !== undefined) expect(parseTimeText(message, text)).toEqual({ seconds, nanos })
  })
})
