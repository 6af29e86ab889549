import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { AuthorizationResult } from '../../src/authorization/result.ts'
import { Random } from '../fuzz/random.ts'
import { calculated, generatedCase, settled } from './generated-cases.ts'
import { referee, type RefAnswer } from './referee.ts'

const CASES = 2500

/** What of the calculator's answer the referee can say as well. */
function comparable(result: AuthorizationResult): RefAnswer {
  const { missing } = result
  // Where every way of meeting an OR needs one and the same thing, that is indispensable too.
  const forced = missing.anyOf.flatMap((ways) => {
    const [first] = ways
    return (first?.namespaces ?? []).filter(({ namespace }) =>
      ways.every((way) => way.namespaces.some((one) => one.namespace === namespace)),
    )
  })
  const namespaces = [...missing.namespaces, ...forced]
  return {
    status: result.status,
    superfluous: result.superfluous,
    indispensable: [
      ...new Set([...namespaces.map(({ namespace }) => namespace as string), ...missing.keys]),
    ].sort(),
    candidates: Object.fromEntries(
      namespaces.map(({ namespace, candidates }) => [namespace, candidates]),
    ),
  }
}

describe('the calculator and an evaluator that only tries', () => {
  it(`agree on ${CASES} generated cases, of every verdict and mapping`, () => {
    const random = new Random(20260101)
    const seen = new Map<string, number>()
    const count = (what: string): void => {
      seen.set(what, (seen.get(what) ?? 0) + 1)
    }
    for (let i = 0; i < CASES; i++) {
      const input = settled(generatedCase(random))
      const expected = referee(input)
      const result = calculated(input)
      const got = comparable(result)
      if (!isDeepStrictEqual(got, expected))
        expect({ i, input, ...got }).toEqual({ i, input, ...expected })
      count(expected.status)
      count(`${input.judged.mapping.kind} ${expected.status}`)
      if (result.relaxations.length > 0) count('relaxed')
      if (expected.superfluous.length > 0) count('superfluous')
      if (result.missing.anyOf.length > 0) count('alternatives')
      if (result.missing.namespaces.some(({ kind }) => kind === 'decentralized')) count('threshold')
    }
    for (const status of ['authorized', 'incomplete', 'unauthorized']) {
      expect(seen.get(status)).toBeGreaterThan(300)
    }
    expect(seen.get('unknown')).toBeGreaterThan(20)
    for (const what of ['relaxed', 'superfluous', 'alternatives', 'threshold']) {
      expect(seen.get(what), what).toBeGreaterThan(10)
    }
    for (const kind of ['definition', 'owner-keys', 'party-keys', 'hosting', 'plain']) {
      for (const status of ['authorized', 'incomplete', 'unauthorized']) {
        expect(seen.get(`${kind} ${status}`), `${kind} ${status}`).toBeGreaterThan(5)
      }
    }
  })
})
