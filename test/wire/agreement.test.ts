/** Three readers of the same bytes: what one says has to hold for the others. */
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { equalBytes, toHex } from '../../src/base/bytes.ts'
import { MAX_PREPARED_DEPTH } from '../../src/daml/prepared-transaction.ts'
import { decodeMessage, encodeMessage, unwrap } from '../../src/wire/codec.ts'
import { locateField } from '../../src/wire/locate.ts'
import { MAX_DEPTH } from '../../src/wire/schema.ts'
import { isSound } from '../../src/wire/sound.ts'
import { walkEveryByte, walkMessage } from '../../src/wire/walk.ts'
import { mutate } from '../fuzz/protobuf-mutator.ts'
import { Random } from '../fuzz/random.ts'
import { preparedTransactions, transactions } from '../fuzz/seeds.ts'

/** Its content is bytes to the codec and a message to the walker. */
const isSuccessor = (bytes: Uint8Array): boolean =>
  decodeMessage('TopologyTransaction', bytes).mapping?.mapping?.$case ===
  'sequencerConnectionSuccessor'

const topology = transactions.map(unwrap).filter((bytes) => !isSuccessor(bytes))

/** Reads with both and says what came of it. */
function both(
  name: 'TopologyTransaction' | 'PreparedTransaction',
  bytes: Uint8Array,
  maxDepth: number,
) {
  const walk = walkEveryByte(name, bytes, { wrapped: false, maxDepth })
  if (walk.fatal) return undefined
  return { walk, again: encodeMessage(name, decodeMessage(name, bytes, maxDepth)) }
}

const kinds = [
  ['TopologyTransaction', topology, MAX_DEPTH],
  ['PreparedTransaction', preparedTransactions, MAX_PREPARED_DEPTH],
] as const

describe.each(kinds)('%s', (name, seeds, maxDepth) => {
  const anyMutant = fc
    .nat()
    .map((seed) => new Random(seed))
    .map((random) => mutate(random.pick(seeds), name, false, random))

  property.prop([anyMutant], { numRuns: 2000 })(
    'is called canonical exactly if encoding what was decoded gives the same bytes',
    (mutant) => {
      const reading = both(name, mutant, maxDepth)
      // The codec has no place for what it does not know and for text that is not text.
      if (reading === undefined || reading.walk.unknownFields.length > 0) return
      const { findings, canonical } = reading.walk
      if (findings.some(({ code }) => code === 'invalid-utf8')) return
      // To the codec the successor is bytes: a defect inside it survives being encoded again.
      if (findings.some(({ path }) => path.includes('sequencer_connection_successor.'))) return
      if (canonical !== equalBytes(reading.again, mutant)) {
        throw new Error(`${toHex(mutant)} ${JSON.stringify(findings)}`)
      }
    },
  )

  property.prop([anyMutant], { numRuns: 2000 })(
    'is called sound only if the walk of every byte finds nothing',
    (mutant) => {
      if (!isSound(name, mutant, false, maxDepth)) return
      const walk = walkEveryByte(name, mutant, { wrapped: false, maxDepth })
      expect(walk).toEqual({ findings: [], unknownFields: [], canonical: true, fatal: false })
    },
  )

  // The others hold text that is not ASCII, negative numbers or a successor.
  test('is called sound in most cases where nothing is wrong with it', () => {
    const clean = seeds.filter((seed) => {
      const { findings } = walkEveryByte(name, seed, { wrapped: false, maxDepth })
      return findings.length === 0
    })
    const sound = clean.filter((seed) => isSound(name, seed, false, maxDepth))
    expect(clean.length).toBeGreaterThan(5)
    expect(sound.length).toBeGreaterThan(clean.length * 0.6)
  })

  property.prop([anyMutant], { numRuns: 1000 })(
    'without any finding is what Canton would write',
    (mutant) => {
      const reading = both(name, mutant, maxDepth)
      if (reading?.walk.findings.length === 0) expect(reading.again).toEqual(mutant)
    },
  )

  property.prop([anyMutant], { numRuns: 1000 })(
    'has every finding and every unknown field at a place inside the bytes',
    (mutant) => {
      const { findings, unknownFields, fatal } = walkMessage(name, mutant, {
        wrapped: false,
        maxDepth,
      })
      for (const { offset, path } of findings) {
        expect(offset).toBeGreaterThanOrEqual(0)
        expect(offset).toBeLessThanOrEqual(mutant.length)
        // A path can be looked up again, whatever else is wrong with the message.
        if (!fatal)
          expect(locateField(name, mutant, false, path)).toBeLessThanOrEqual(mutant.length)
      }
      for (const { hex } of unknownFields) expect(toHex(mutant)).toContain(hex)
    },
  )
})

describe('a wrapped transaction that is called sound', () => {
  const wrapped = transactions.filter((bytes) =>
    isSound('TopologyTransaction', bytes, true, MAX_DEPTH),
  )

  test('is what most without a finding are', () => {
    const clean = transactions.filter((bytes) => {
      const { findings } = walkEveryByte('TopologyTransaction', bytes, { wrapped: true })
      return findings.length === 0
    })
    expect(wrapped.length).toBeGreaterThan(20)
    expect(wrapped.length).toBeGreaterThan(clean.length * 0.6)
  })

  // Every byte of the wrapper and of the first fields, with every bit turned.
  test.each(wrapped.slice(0, 20).map((bytes) => [toHex(bytes).slice(0, 40), bytes] as const))(
    '%s is sound with a bit turned only if the walk of every byte says so',
    (_name, bytes) => {
      for (let at = 0; at < bytes.length; at++) {
        for (let bit = 0; bit < 8; bit++) {
          const turned = Uint8Array.from(bytes)
          turned[at] = (turned[at] ?? 0) ^ (1 << bit)
          if (!isSound('TopologyTransaction', turned, true, MAX_DEPTH)) continue
          const walk = walkEveryByte('TopologyTransaction', turned, { wrapped: true })
          expect(walk).toEqual({ findings: [], unknownFields: [], canonical: true, fatal: false })
        }
      }
    },
  )

  test('is nested no deeper than is read', () => {
    for (const bytes of wrapped) {
      const depths = Array.from({ length: 12 }, (_unused, depth) => ({
        sound: isSound('TopologyTransaction', bytes, true, depth),
        walked:
          walkEveryByte('TopologyTransaction', bytes, { wrapped: true, maxDepth: depth }).findings
            .length === 0,
      }))
      for (const { sound, walked } of depths) expect(sound).toBe(walked)
    }
  })
})
