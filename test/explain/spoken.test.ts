import { describe, expect, test } from 'vitest'
import { CantosignError } from '../../src/base/errors.ts'
import { EVEN_WORDS, ODD_WORDS } from '../../src/explain/pgp-words.ts'
import { spokenBytes, spokenHash } from '../../src/explain/spoken.ts'
import { fromHex } from '../support/vectors.ts'

describe('spoken hashes', () => {
  // The two examples that the article "PGP word list" of Wikipedia gives: a fingerprint, a pair.
  test('say a PGP fingerprint as published', () => {
    const words = spokenBytes(fromHex('e58294f2e9a227486e8b061b31cc528fd7fa3f19'))
    expect(words.join(' ')).toBe(
      'topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator goldfish Medusa ' +
        'afflict bravado chatter revolver Dupont midsummer stopwatch whimsical cowbell bottomless',
    )
  })

  test('have 256 different words for either place, none in both lists', () => {
    const all = [...EVEN_WORDS, ...ODD_WORDS]
    expect(EVEN_WORDS.length).toBe(256)
    expect(ODD_WORDS.length).toBe(256)
    expect(new Set(all.map((word) => word.toLowerCase())).size).toBe(512)
    expect(all.every((word) => /^[A-Za-z]{4,11}$/.test(word))).toBe(true)
  })

  test('are eight groups of four words, without the prefix that all hashes have', () => {
    const groups = spokenHash(fromHex(`1220${'00ff'.repeat(16)}`))
    expect(groups.length).toBe(8)
    for (const group of groups)
      expect(group).toEqual(['aardvark', 'Yucatan', 'aardvark', 'Yucatan'])
  })

  test('differ in every byte and in the order of bytes', () => {
    const hash = fromHex(`1220${'0102'.repeat(16)}`)
    const words = spokenHash(hash).flat()
    for (let i = 2; i < 34; i++) {
      const other = hash.slice()
      other[i] = 0x77
      const changed = spokenHash(other).flat()
      expect(changed.filter((word, j) => word !== words[j]).length).toBe(1)
    }
    const swapped = spokenHash(fromHex(`1220${'0201'.repeat(16)}`)).flat()
    expect(swapped.every((word, i) => word !== words[i])).toBe(true)
  })

  test.each([
    ['32 bytes without prefix', '00'.repeat(32)],
    ['33 bytes', `1220${'00'.repeat(31)}`],
    ['35 bytes', `1220${'00'.repeat(33)}`],
    ['another hash function', `1320${'00'.repeat(32)}`],
    ['nothing', ''],
  ])('refuse %s', (_what, hex) => {
    const run = (): unknown => spokenHash(fromHex(hex))
    expect(run).toThrow(CantosignError)
    expect(run).toThrow(expect.objectContaining({ code: 'hash-invalid' }) as Error)
  })
})
