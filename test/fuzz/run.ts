/** Feeds a decoder with mutants and keeps the books. */
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { toHex } from '../../src/base/bytes.ts'
import type { Decoder } from './decoders.ts'
import { Random } from './random.ts'

export interface Crash {
  /** Reproduces the input: `--decoder NAME --seed SEED --from NUMBER --count 1`. */
  readonly number: number
  readonly error: unknown
  readonly input: string
}

export interface FuzzResult {
  readonly name: string
  readonly count: number
  /** How many mutants were sound on the outside. */
  readonly inside: number
  readonly codes: ReadonlyMap<string, number>
  readonly crashes: readonly Crash[]
  readonly slowestMillis: number
  readonly slowestNumber: number
  readonly millis: number
}

export interface FuzzOptions {
  readonly seed: number
  readonly count: number
  readonly from?: number
}

const MAX_CRASHES = 5

/** A seed of its own for every input, so that one can be made again without those before it. */
function seedOf(name: string, seed: number, number: number): number {
  let mixed = seed ^ 0x9e37_79b9
  for (const character of name)
    mixed = Math.imul(mixed ^ (character.codePointAt(0) ?? 0), 0x0100_0193)
  return Math.imul(mixed ^ number, 0x85eb_ca6b) ^ (number << 7)
}

export async function fuzz(decoder: Decoder, options: FuzzOptions): Promise<FuzzResult> {
  const { seed, count, from = 0 } = options
  const codes = new Map<string, number>()
  const crashes: Crash[] = []
  let inside = 0
  let slowestMillis = 0
  let slowestNumber = 0
  const began = performance.now()
  for (let number = from; number < from + count && crashes.length < MAX_CRASHES; number++) {
    const random = new Random(seedOf(decoder.name, seed, number))
    const input = decoder.mutant(random)
    const start = process.cpuUsage()
    try {
      const outcome = await decoder.decode(input, random)
      if (outcome.inside) inside++
      for (const code of new Set(outcome.codes)) codes.set(code, (codes.get(code) ?? 0) + 1)
    } catch (error) {
      crashes.push({ number, error, input: toHex(input) })
    }
    // Of this process: a busy machine says nothing about an input.
    const { user, system } = process.cpuUsage(start)
    const took = (user + system) / 1000
    if (took > slowestMillis) {
      slowestMillis = took
      slowestNumber = number
    }
  }
  const millis = performance.now() - began
  return { name: decoder.name, count, inside, codes, crashes, slowestMillis, slowestNumber, millis }
}
