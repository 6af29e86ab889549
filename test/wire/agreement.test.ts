/** The walker and the codec read the same bytes: what the one says has to hold for the other. */
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { equalBytes, toHex } from '../../src/base/bytes.ts'
import { MAX_PREPARED_DEPTH } from '../../src/daml/prepared-transaction.ts'
import { decodeMessage, encodeMessage, unwrap } from '../../src/wire/codec.ts'
import { locateField } from '../../src/wire/locate.ts'
import { MAX_DEPTH } from '../../src/wire/schema.ts'
import { walkMessage } from '../../src/wire/walk.ts'
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
  const walk = walkMessage(name, bytes, { wrapped: false, maxDepth })
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
