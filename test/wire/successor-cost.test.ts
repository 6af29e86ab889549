/** What a hostile SequencerConnectionSuccessor costs to tell apart: no more than its bytes. */
import { expect, test } from 'vitest'
import { successorForm } from '../../src/wire/successor.ts'

/** Field 1, 2 or 3 with a length of any size. */
function field(number: number, content: Uint8Array): Uint8Array {
  const length: number[] = []
  for (let rest = content.length; ; rest >>>= 7) {
    if (rest < 128) {
      length.push(rest)
      break
    }
    length.push((rest & 127) | 128)
  }
  return Buffer.concat([Uint8Array.of((number << 3) | 2, ...length), content])
}

// Quadratic work on these endpoints would take hours.
test('hundreds of thousands of endpoints are read in one pass', { timeout: 60_000 }, () => {
  const namespace = `1220${'a'.repeat(64)}`
  const connection = Buffer.alloc(3 * 400_000, field(1, Buffer.from('x')))
  const bytes = Buffer.concat([
    field(1, Buffer.from(`SEQ::s::${namespace}`)),
    field(2, Buffer.from(`sync::${namespace}::35-1`)),
    field(3, connection),
  ])
  expect(successorForm(bytes)).toBe('3.5')
})
