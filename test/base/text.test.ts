/** Text from outside on its way to a terminal and into JSON. */
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { escapeJson, escapeText, isUnsafeText } from '../../src/base/text.ts'

describe('characters that never show as they are', () => {
  test.each([
    ['a control', '\u001b'],
    ['a control of the upper half', '\u009b'],
    ['a bidirectional override', '\u202e'],
    ['a bidirectional isolate', '\u2066'],
    ['a zero-width space', '\u200b'],
    ['a soft hyphen', '\u00ad'],
    ['a tag', '\u{e0041}'],
    ['a line separator', '\u2028'],
    ['private use', '\ue000'],
    ['half a pair', '\ud800'],
    ['no character', '\u{2fffe}'],
    ['a variation selector', '\ufe0f'],
    ['a variation selector of the second block', '\u{e0100}'],
    ['a grapheme joiner', '\u034f'],
    ['a filler', '\u3164'],
    ['a half-width filler', '\uffa0'],
  ])('%s', (_what, character) => {
    const text = `ali${character}ce`
    expect(isUnsafeText(text)).toBe(true)
    expect(escapeText(text)).toMatch(/^ali\\u\{[0-9a-f]+\}ce$/)
    const json = escapeJson(JSON.stringify({ text }))
    expect(json).toMatch(/^[\x20-\x7e]+$/)
    expect(JSON.parse(json)).toEqual({ text })
  })

  test.each(['alice', 'Zoë', '日本', 'a b', '🙂', 'e\u0301'])('not: %s', (text) => {
    expect(isUnsafeText(text)).toBe(false)
    expect(escapeText(text)).toBe(text)
  })

  property.prop([fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })])(
    'are gone from what is shown, and different texts stay different',
    (one, other) => {
      expect(isUnsafeText(escapeText(one))).toBe(false)
      expect(escapeText(one) === escapeText(other)).toBe(one === other)
    },
  )
})
