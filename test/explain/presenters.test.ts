/** What reaches a terminal: nothing that a file can forge. */
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { differenceLines } from '../../cli/present/difference.ts'
import { dangerLines, transactionLines } from '../../cli/present/transaction.ts'
import { spokenLines } from '../../cli/present/words.ts'
import { isUnsafeText } from '../../src/base/text.ts'
import { findDangers } from '../../src/explain/dangers.ts'
import { differenceOf } from '../../src/explain/difference.ts'
import { statementContext, transactionReport } from '../../src/explain/report.ts'
import { spokenHash } from '../../src/explain/spoken.ts'
import { readTransaction } from '../../src/topology/transaction.ts'
import { encodeMessage, wrap } from '../../src/wire/codec.ts'
import type { TopologyTransaction } from '../../src/wire/generated/schema.ts'
import { mappingRows, type KnownMapping } from '../../src/topology/mapping.ts'
import { messageArbitrary } from '../support/message-arbitrary.ts'
import { fromHex } from '../support/vectors.ts'
import {
  definitionTransaction,
  host,
  hostingTransaction,
  namespace,
  transaction,
} from './samples.ts'

const encoded = (value: TopologyTransaction): ReturnType<typeof readTransaction> =>
  readTransaction(wrap(encodeMessage('TopologyTransaction', value)))

function shown(value: TopologyTransaction, previous?: TopologyTransaction): readonly string[] {
  const read = encoded(value)
  return [
    ...transactionLines(transactionReport(read)),
    ...dangerLines(findDangers(value, statementContext, previous)),
    ...(previous === undefined ? [] : differenceLines(differenceOf(previous, value))),
  ]
}

const hostile: readonly (readonly [string, string, string])[] = [
  ['a terminal escape sequence', '\u001b[2J\u001b[31m', '\\u{1b}[2J'],
  ['a line break that begins a line of ours', '\nproposal    no\n', '\\u{a}proposal'],
  ['a carriage return', 'bob\ralice', '\\u{d}alice'],
  ['a bidirectional override', '\u202eecila', '\\u{202e}ecila'],
  ['a zero-width space', 'ali\u200bce', '\\u{200b}'],
  ['a tag character', 'alice\u{e0041}', '\\u{e0041}'],
  ['a backslash that forges an escape', '\\u{1b}', '\\\\u{1b}'],
  ['an eight-bit control', '\u009b31m', '\\u{9b}'],
]

describe('what is printed of a transaction', () => {
  test.each(hostile)('escapes %s in every place', (_what, text, escaped) => {
    const before = hostingTransaction({}, 4)
    const party = `${text}::${namespace('1')}`
    const participants = [{ participantUid: text, permission: 1, onboarding: undefined }]
    const transactions: readonly (readonly [TopologyTransaction, TopologyTransaction?])[] = [
      [hostingTransaction({ party, participants }, 5)],
      [hostingTransaction({ participants: [...participants, host('p1')] }, 5), before],
      [definitionTransaction({ owners: [text] }, 2), definitionTransaction({}, 1)],
    ]
    for (const [value, previous] of transactions) {
      const lines = shown(value, previous)
      for (const line of lines) expect(isUnsafeText(line)).toBe(false)
      // Words are wrapped at spaces: compare without them.
      expect(lines.join('').replaceAll(' ', '')).toContain(escaped.replaceAll(' ', ''))
    }
  })

  const rows = mappingRows().filter(({ $case }) => $case !== 'sequencerConnectionSuccessor')
  test.each(rows.map(({ type, $case }) => [type, $case] as const))(
    'is safe whatever a %s holds',
    (type, $case) => {
      const one = messageArbitrary(type).map(
        (value) => transaction({ $case, value } as unknown as KnownMapping, 2), // built from its schema
      )
      fc.assert(
        fc.property(one, one, (value, previous) => {
          fc.pre(encoded(value).value !== undefined) // one without too many findings
          for (const line of shown(value, previous)) expect(isUnsafeText(line)).toBe(false)
        }),
        { numRuns: 10 },
      )
    },
  )

  test('shows the hash in hexadecimal and in words', () => {
    const lines = shown(hostingTransaction())
    const hash = lines[0]?.split(/ +/)[1] ?? ''
    expect(hash).toMatch(/^1220[0-9a-f]{64}$/)
    const words = lines.slice(1, 5).join(' ').replace('in words', '').trim().split(/ +/)
    expect(words).toEqual(spokenHash(fromHex(hash)).flat())
  })
})

describe('what is printed of a difference', () => {
  test('is a sentence and the values before and after, in quotes', () => {
    const lines = differenceLines(
      differenceOf(hostingTransaction({}, 4), hostingTransaction({ threshold: 1 }, 5)),
    )
    expect(lines).toEqual([
      '  - the confirmation threshold falls from 2 to 1',
      '',
      '  ~ serial',
      '      before  4',
      '      after   5',
      '  ~ threshold',
      '      before  2',
      '      after   1',
    ])
  })

  test('says that only the serial moves', () => {
    const difference = differenceOf(hostingTransaction({}, 4), hostingTransaction({}, 5))
    expect(differenceLines(difference)[0]).toBe('  - the content stays as it is')
  })

  test('says that nothing is changed', () => {
    const difference = differenceOf(hostingTransaction(), hostingTransaction())
    expect(differenceLines(difference)).toEqual(['  nothing is changed'])
  })

  test('tells an absent value from the word', () => {
    const owners = (...names: readonly string[]): TopologyTransaction =>
      definitionTransaction({ owners: names })
    const lines = differenceLines(differenceOf(owners(), owners('absent')))
    expect(lines).toContain('      before  absent')
    expect(lines).toContain('      after   "absent"')
  })
})

describe('the lines of words', () => {
  property.prop([fc.uint8Array({ minLength: 32, maxLength: 32 })])(
    'hold every word once, two groups a line',
    (digest) => {
      const groups = spokenHash(Uint8Array.of(0x12, 0x20, ...digest))
      const lines = spokenLines(groups)
      expect(lines.length).toBe(4)
      expect(lines.join(' ').replace('in words', '').trim().split(/ +/)).toEqual(groups.flat())
    },
  )
})
