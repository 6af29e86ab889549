import { Point } from '@noble/ed25519'
import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { ed25519PointProblem } from '../../src/crypto/noble.ts'

/** The points of order 8, 4, 2 and 1, as the library adds them up. */
function torsion(): readonly Point[] {
  const generator = Point.fromHex(
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  )
  const points = [generator]
  while (!(points.at(-1) ?? generator).is0()) {
    points.push((points.at(-1) ?? generator).add(generator))
  }
  return points
}

describe('points of small order', () => {
  it('are eight, each refused by the library and by the table', () => {
    const encodings = torsion().map((point) => {
      expect(point.isSmallOrder()).toBe(true)
      return point.toHex()
    })
    expect(new Set(encodings).size).toBe(8)
    for (const hex of encodings) {
      expect(ed25519PointProblem(Uint8Array.from(Buffer.from(hex, 'hex')))).toBe('small-order')
    }
  })

  it('with the sign of an x that is zero are no encodings at all', () => {
    for (const hex of [
      '0100000000000000000000000000000000000000000000000000000000000080',
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    ]) {
      expect(ed25519PointProblem(Uint8Array.from(Buffer.from(hex, 'hex')))).toBe('not-a-point')
    }
  })

  test.prop([fc.uint8Array({ minLength: 32, maxLength: 32 })])(
    'the library and the judgement agree on any 32 bytes',
    (bytes) => {
      let expected: string | undefined
      try {
        expected = Point.fromBytes(bytes, false).isSmallOrder() ? 'small-order' : undefined
      } catch {
        expected = 'not-a-point'
      }
      expect(ed25519PointProblem(bytes)).toBe(expected)
    },
  )
})
