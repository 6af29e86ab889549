/** The strict JSON reader: what it takes is what JSON.parse makes of it, and much is refused. */
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { MAX_JSON_NESTING, readJson, type JsonValue } from '../../src/package/json-text.ts'
import { bytesOf, errorOf } from './support.ts'

function plain(value: JsonValue): unknown {
  if (value instanceof Map) {
    return Object.fromEntries(
      [...value].map(([name, own]: [string, JsonValue]) => [name, plain(own)]),
    )
  }
  return Array.isArray(value) ? value.map(plain) : value
}

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

const refused: readonly (readonly [string, string, string, number])[] = [
  ['nothing', '', 'package-json', 0],
  ['space alone', '  ', 'package-json', 2],
  ['a byte order mark', '\ufeff{}', 'package-json', 0],
  ['an unquoted name', '{a:1}', 'package-json', 1],
  ['a comma before }', '{"a":1,}', 'package-json', 7],
  ['a comma before ]', '[1,]', 'package-json', 3],
  ['a missing comma', '[1 2]', 'package-json', 3],
  ['a missing colon', '{"a" 1}', 'package-json', 5],
  ['a comment', '/* */ {}', 'package-json', 0],
  ['single quotes', "['a']", 'package-json', 1],
  ['a line break in a string', '["a\nb"]', 'package-json', 3],
  ['a tab in a string', '["a\tb"]', 'package-json', 3],
  ['an unknown escape', '["\\x41"]', 'package-json', 2],
  ['a short escape', '["\\u12"]', 'package-json', 2],
  ['an open string', '["abc', 'package-json', 5],
  ['an open list', '[1', 'package-json', 2],
  ['an open object', '{"a":1', 'package-json', 6],
  ['a fraction', '[1.5]', 'package-json', 1],
  ['an exponent', '[1e3]', 'package-json', 1],
  ['a leading zero', '[01]', 'package-json', 2],
  ['a plus sign', '[+1]', 'package-json', 1],
  ['minus zero', '[-0]', 'package-json', 1],
  ['2^53', '[9007199254740992]', 'package-json', 1],
  ['NaN', '[NaN]', 'package-json', 1],
  ['a word cut short', '[tru]', 'package-json', 1],
  ['a second value', '{} {}', 'package-trailing-data', 3],
  ['a stray bracket', '{}}', 'package-trailing-data', 2],
  ['a zero byte behind', '{}\0', 'package-trailing-data', 2],
  ['one property twice', '{"a":1,"a":1}', 'package-duplicate-property', 7],
  ['one property twice, spelt differently', '{"a":1,"\\u0061":2}', 'package-duplicate-property', 7],
  ['__proto__ twice', '{"__proto__":1,"__proto__":2}', 'package-duplicate-property', 15],
  ['too deep a nesting', nested(MAX_JSON_NESTING + 1), 'limit-exceeded', MAX_JSON_NESTING],
]

describe('a JSON text', () => {
  test.each(refused)('with %s is refused where it stands', (_, text, code, offset) => {
    const error = errorOf(() => readJson(bytesOf(text), 'it'))
    expect(error.code).toBe(code)
    expect(error.details['offset']).toBe(offset)
  })

  test('is refused with the offset in bytes and the path of the place', () => {
    const error = errorOf(() => readJson(bytesOf('{"ä":[{"b c":[0,{"d":1,"d":2}]}]}'), 'it'))
    expect(error.details).toEqual({ path: '"ä"[0]."b c"[1].d', offset: 24 })
    expect(error.message).toContain('at offset 24 in "ä"[0]."b c"[1].d')
  })

  test.each([
    [0x7b, 0xff, 0x7d],
    [0x22, 0xc0, 0x80, 0x22],
    [0x22, 0xed, 0xa0, 0x80, 0x22],
  ])('that is not UTF-8 is refused (%i %i %i)', (...bytes) => {
    expect(errorOf(() => readJson(Uint8Array.from(bytes), 'it')).code).toBe('package-json')
  })

  test('may be nested to the limit', () => {
    expect(readJson(bytesOf(nested(MAX_JSON_NESTING)), 'it')).toBeInstanceOf(Array)
  })

  test('keeps __proto__ as a property like any other', () => {
    const value = readJson(bytesOf('{"__proto__":{"polluted":true}}'), 'it')
    expect(value instanceof Map ? [...value.keys()] : []).toEqual(['__proto__'])
    expect('polluted' in {}).toBe(false)
  })

  const names = fc.string({ unit: 'binary' }).filter((name) => name !== '__proto__')
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, true, false),
      fc.maxSafeInteger().map((value) => value || 0),
      fc.string({ unit: 'binary' }),
      fc.array(tie('json')),
      fc.dictionary(names, tie('json')),
    ),
  }))

  property.prop([json, fc.constantFrom(undefined, 1, '\t', ' \r\n')])(
    'of whole numbers reads as JSON.parse reads it',
    (value, indentation) => {
      const text = JSON.stringify(value, null, indentation)
      expect(plain(readJson(bytesOf(text), 'it'))).toEqual(JSON.parse(text))
    },
  )

  property.prop([fc.string()])('that JSON.parse does not read is not read', (text) => {
    let readable = true
    try {
      JSON.parse(text)
    } catch {
      readable = false
    }
    fc.pre(!readable)
    expect(() => readJson(bytesOf(text), 'it')).toThrow()
  })
})
