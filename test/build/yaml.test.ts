import { describe, expect, test } from 'vitest'
import { readYaml, YAML_LIMITS } from '../../src/build/yaml.ts'
import { codeOf, messageOf } from './support.ts'

describe('readYaml', () => {
  test('reads maps, lists and scalars with their places', () => {
    const node = readYaml('a: [x, "y"]\nb:\n  - 1\n', 'f')
    expect(node).toEqual({
      $case: 'map',
      line: 1,
      column: 1,
      entries: [
        {
          key: 'a',
          line: 1,
          column: 1,
          value: {
            $case: 'list',
            line: 1,
            column: 4,
            items: [
              { $case: 'scalar', text: 'x', plain: true, line: 1, column: 5 },
              { $case: 'scalar', text: 'y', plain: false, line: 1, column: 8 },
            ],
          },
        },
        {
          key: 'b',
          line: 2,
          column: 1,
          value: {
            $case: 'list',
            line: 3,
            column: 3,
            items: [{ $case: 'scalar', text: '1', plain: true, line: 3, column: 5 }],
          },
        },
      ],
    })
  })

  test('reads JSON, which is YAML too', () => {
    const node = readYaml('{"a": 1, "b": "1220"}', 'f')
    expect(node.$case === 'map' && node.entries.map(({ value }) => value)).toMatchObject([
      { text: '1', plain: true },
      { text: '1220', plain: false },
    ])
  })

  test('never turns digits into a number', () => {
    const digits = '1220'.padEnd(68, '7')
    const node = readYaml(`a: ${digits}\nb: 1220e5\nc: 0x1220\nd: yes`, 'f')
    expect(node.$case === 'map' && node.entries.map(({ value }) => value)).toMatchObject([
      { text: digits },
      { text: '1220e5' },
      { text: '0x1220' },
      { text: 'yes' },
    ])
  })

  test.each([
    ['nothing', '', 'line 1'],
    ['a comment alone', '# nothing\n', 'line 1'],
    ['the same key twice', 'a: 1\na: 2', 'line 2, column 1'],
    ['the same key twice, once in quotes', 'a: 1\n"a": 2', 'line 2, column 1'],
    ['the same key twice, once escaped', 'a: 1\n"\\x61": 2', 'line 2, column 1'],
    ['the same key twice far below', 'a: [{ b: 1, c: 1, b: 2 }]', 'line 1, column 19'],
    ['an anchor', 'a: &x 1', 'line 1'],
    ['an anchor on a map', 'a: &x {b: 1}', 'line 1'],
    ['an alias', 'a: 1\nb: *a', 'line 2'],
    ['aliases that multiply', 'a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]', 'line 1'],
    ['a tag', 'a: !!int 3', 'line 1'],
    ['a tag of its own', 'a: !key 3', 'line 1'],
    ['the tag for text', 'a: !!str 3', 'line 1'],
    ['a directive', '%YAML 1.2\n---\na: 1', 'line 1'],
    ['a directive for tags', '%TAG ! tag:x,2000:\n---\na: 1', 'line 1'],
    ['two documents', 'a: 1\n---\nb: 1', 'line 2'],
    ['an open list', 'a: [1', 'line 1'],
    ['a block scalar', 'a: |\n  x', 'line 1, column 4'],
    ['a folded scalar', 'a: >\n  x', 'line 1, column 4'],
    ['a key without a value', '{a}', 'line 1'],
    ['a map as a key', '? {b: 1}\n: 2', 'line 1'],
    ['a tab as indentation', '\ta: 1', 'line 1'],
    ['text after the value', '"a" b', 'line 1'],
    ['a control character', 'a: "\\q"', 'line 1'],
  ])('refuses %s, naming the place', (_what, text, place) => {
    expect(codeOf(() => readYaml(text, 'f'))).toBe('yaml-invalid')
    expect(messageOf(() => readYaml(text, 'f'))).toContain(`f, ${place}`)
  })

  test('leaves merge keys as keys without a meaning', () => {
    const node = readYaml('<<: {a: 1}', 'f')
    expect(node.$case === 'map' && node.entries.map(({ key }) => key)).toEqual(['<<'])
  })

  test.each([
    ['flow lists', '['.repeat(1_000_000)],
    ['flow maps', '{a: '.repeat(300_000)],
    ['block lists', '- '.repeat(300_000) + 'x'],
    ['indented maps', Array.from({ length: 100 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ])('refuses deep nesting of %s before it costs anything', (_what, text) => {
    expect(codeOf(() => readYaml(text, 'f'))).toBe('limit-exceeded')
  })

  test('takes the nesting that it allows, and not one level more', () => {
    const nested = (depth: number): string => '['.repeat(depth) + 'x' + ']'.repeat(depth)
    const limits = { ...YAML_LIMITS, depth: 10 }
    expect(codeOf(() => readYaml(nested(10), 'f', limits))).toBe('no error')
    expect(codeOf(() => readYaml(nested(11), 'f', limits))).toBe('limit-exceeded')
  })

  test('refuses a text above the limit', () => {
    expect(codeOf(() => readYaml('a: 1', 'f', { ...YAML_LIMITS, characters: 3 }))).toBe(
      'limit-exceeded',
    )
  })

  test.each([
    ['values', `[${'a,'.repeat(600_000)}a]`],
    ['items', '- a\n'.repeat(400_000)],
    ['line breaks', `${'\n'.repeat(1_100_000)}a: b`],
  ])('refuses more %s than anybody writes', (_what, text) => {
    expect(codeOf(() => readYaml(text, 'f'))).toBe('limit-exceeded')
  })
})
