import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { CantosignError } from '../../src/base/errors.ts'
import { SecretLine } from '../../src/host/terminal.ts'

/** Types the bytes; gives the line, or the code of the error. */
function typed(bytes: Uint8Array): string | undefined {
  const line = new SecretLine()
  try {
    const done = bytes.findIndex((byte) => line.type(byte)) !== -1
    return done ? Buffer.from(line.take()).toString('utf8') : undefined
  } catch (error) {
    if (error instanceof CantosignError) return error.code
    throw error
  } finally {
    line.wipe()
  }
}

const type = (text: string): string | undefined => typed(Buffer.from(text, 'utf8'))

describe('a line typed without echo', () => {
  test.each([
    ['a line feed ends it', 'secret\nmore', 'secret'],
    ['a return ends it', 'secret\rmore', 'secret'],
    ['it may be empty', '\r', ''],
    ['spaces are kept', ' a b \r', ' a b '],
    ['a backspace takes a character back', 'ab\x7f\x7f\x7fcd\x08e\r', 'ce'],
    ['a backspace takes a whole character back', 'aü€😀\x7f\x7f\x7fb\r', 'ab'],
    ['Ctrl-U takes all back', 'wrong\x15right\r', 'right'],
    ['Ctrl-D ends a line that is begun', 'abc\x04', 'abc'],
    ['Ctrl-D alone is no answer', '\x04', 'declined'],
    ['Ctrl-D after all was taken back is no answer', 'a\x7f\x04', 'declined'],
    ['Ctrl-C ends the program', 'abc\x03', 'interrupted'],
    ['an arrow key is refused, not taken for text', 'abc\x1b[D', 'passphrase-invalid'],
    ['a tab is refused', 'a\tb', 'passphrase-invalid'],
    ['a NUL is refused', 'a\0b', 'passphrase-invalid'],
    ['a line that goes on is not complete', 'abc', undefined],
    ['4096 bytes are taken', `${'x'.repeat(4096)}\r`, 'x'.repeat(4096)],
    ['one more is refused, not cut off', 'x'.repeat(4097), 'passphrase-invalid'],
  ])('%s', (_what, text, expected) => {
    expect(type(text)).toBe(expected)
  })

  property.prop([fc.string({ unit: 'grapheme', maxLength: 40 })])('is what was typed', (text) => {
    fc.pre(Buffer.from(text).every((byte) => byte >= 0x20 && byte !== 0x7f))
    expect(type(`${text}\r`)).toBe(text)
  })

  test('is given as bytes of its own, and wiped', () => {
    const line = new SecretLine()
    for (const byte of Buffer.from('secret')) line.type(byte)
    const taken = line.take()
    line.wipe()
    expect(Buffer.from(taken).toString()).toBe('secret')
    expect(line.take()).toHaveLength(0)
    taken.fill(0)
  })
})
