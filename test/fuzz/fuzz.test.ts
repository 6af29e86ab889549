/** A short, seeded run of the fuzz lane; the long one is `npm run fuzz`. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decoders } from './decoders.ts'
import { fuzz, type FuzzResult } from './run.ts'
import { codesNamedIn, WALKER_FILES } from './walker-codes.ts'

const COUNT = 2000

describe('damaged input', () => {
  const hit = new Set<string>()

  test.each(decoders.map((one) => [one.name, one] as const))(
    'never does more than be refused: %s',
    async (_name, decoder) => {
      const result: FuzzResult = await fuzz(decoder, { seed: 20_260_501, count: COUNT })
      const crashes = result.crashes.map(({ number, error }) => `${number}: ${String(error)}`)
      expect(crashes).toEqual([])
      // Otherwise the mutants say little about what lies behind the gate.
      expect(result.inside).toBeGreaterThan(COUNT / 2)
      expect(result.codes.size).toBeGreaterThan(1)
      for (const code of result.codes.keys()) hit.add(code)
    },
  )

  test('provokes every code of the walker', () => {
    const codes = codesNamedIn(join(import.meta.dirname, '../..'), ...WALKER_FILES)
    expect(codes.size).toBeGreaterThan(20)
    expect([...codes].filter((code) => !hit.has(code)).sort()).toEqual([])
  })

  test('is the same for the same seed', async () => {
    const [decoder] = decoders
    if (decoder === undefined) throw new Error('no decoder')
    const [a, b] = [
      await fuzz(decoder, { seed: 7, count: 200 }),
      await fuzz(decoder, { seed: 7, count: 200 }),
    ]
    expect([...a.codes]).toEqual([...b.codes])
    const other = await fuzz(decoder, { seed: 8, count: 200 })
    expect([...other.codes]).not.toEqual([...a.codes])
  })
})
