/** What has to hold of every answer. */
import { describe, expect, it } from 'vitest'
import type { AuthorizationResult } from '../../src/authorization/result.ts'
import { Random } from '../fuzz/random.ts'
import { calculated, generatedCase, settled } from './generated-cases.ts'
import type { RefCase } from './referee.ts'

const RANK = { unauthorized: 0, unknown: 0, incomplete: 1, authorized: 2 } as const

/** A signature on a root certificate that is not the root's, or by a party key without NAMESPACE. */
function isException(input: RefCase, result: AuthorizationResult): boolean {
  const { mapping } = input.judged
  const isRoot = mapping.kind === 'delegation' && mapping.target === mapping.namespace
  const badOwnKey = result.reasons.some(({ code }) => code === 'self-key-without-namespace-usage')
  return isRoot || badOwnKey
}

function cases(count: number, seed: number): readonly RefCase[] {
  const random = new Random(seed)
  return Array.from({ length: count }, () => {
    const input = settled(generatedCase(random))
    return { ...input, invalid: [] }
  })
}

describe('signatures', () => {
  const inputs = cases(250, 7)

  it('never make an answer worse, one valid one at a time', () => {
    let better = 0
    for (const input of inputs) {
      const after = calculated(input)
      if (isException(input, after) || after.status === 'unknown') continue
      for (const taken of input.valid) {
        const before = calculated({ ...input, valid: input.valid.filter((one) => one !== taken) })
        expect(RANK[before.status], input.judged.name).toBeLessThanOrEqual(RANK[after.status])
        if (RANK[before.status] < RANK[after.status]) better++
      }
    }
    expect(better).toBeGreaterThan(50)
  })

  it('change nothing if they are superfluous', () => {
    for (const input of inputs) {
      const all = calculated(input)
      if (isException(input, all)) continue
      const counting = input.valid.filter((one) => !all.superfluous.includes(one))
      const without = calculated({ ...input, valid: counting })
      expect(without.missing).toEqual(all.missing)
      // With nobody left only the reason is another.
      if (counting.length > 0) expect(without.status).toBe(all.status)
    }
  })

  it('complete a transaction when everybody who is missing signs', () => {
    let completed = 0
    for (const input of inputs) {
      const { status, missing } = calculated(input)
      if (status !== 'incomplete' || missing.anyOf.length > 0) continue
      if (missing.namespaces.some(({ candidates, need }) => candidates.length < need)) continue
      if (missing.keys.length > 0 && input.judged.operation === 'remove') continue
      const more = [...missing.namespaces.flatMap(({ candidates }) => candidates), ...missing.keys]
      const valid = [...new Set<string>([...input.valid, ...more])]
      const after = calculated({ ...input, valid })
      if (isException(input, after)) continue
      expect(after.status, input.judged.name).toBe('authorized')
      completed++
    }
    expect(completed).toBeGreaterThan(10)
  })

  it('that are invalid never help', () => {
    for (const input of inputs) {
      const none = calculated({ ...input, valid: [], invalid: input.valid })
      const mayBeActive = none.reasons.some(({ code }) => code === 'already-active')
      if (!mayBeActive) expect(['unauthorized', 'unknown']).toContain(none.status)
      expect(none.signed).toEqual([])
    }
  })
})

describe('an extract of a state', () => {
  it('is never more confident than the whole, and says what it takes for granted', () => {
    let unknown = 0
    for (const input of cases(400, 11)) {
      const whole = calculated({ ...input, snapshot: false })
      const extract = calculated({ ...input, snapshot: false }, 'partial')
      if (extract.status !== 'unknown') expect(extract.status).toBe(whole.status)
      else unknown++
      if (extract.status === 'authorized' && extract.signed.length > 0) {
        const active = extract.reasons.some(({ code }) => code === 'already-active')
        if (!active) expect(extract.assumptions).not.toEqual([])
      }
      expect(whole.assumptions).toEqual([])
      expect(whole.neededState).toEqual([])
    }
    expect(unknown).toBeGreaterThan(30)
  })

  it('turns no incomplete transaction into an authorized one when records are left out', () => {
    const random = new Random(13)
    let dropped = 0
    for (const input of cases(300, 17)) {
      const { mapping } = input.judged
      const history = input.history.filter(
        // Removals and replacements that are held back are what an answer has to assume away.
        ({ operation, mapping: own }) =>
          operation === 'remove' || own.kind !== 'delegation' || random.below(3) > 0,
      )
      const isGrown = history.length === input.history.length
      if (isGrown || mapping.kind === 'definition') continue
      const whole = calculated({ ...input, snapshot: false })
      const less = calculated({ ...input, history, snapshot: false }, 'partial')
      if (whole.status === 'authorized') continue
      dropped++
      expect(less.status, input.judged.name).not.toBe('authorized')
    }
    expect(dropped).toBeGreaterThan(50)
  })
})
