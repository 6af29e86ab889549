/** docs/errors.md says exactly what the source says. After a change: node scripts/errors-doc.mjs */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ERROR_CODES, exitStatusOf } from '../../src/base/error-codes.ts'
import { FINDING_CODES } from '../../src/base/finding-codes.ts'
import { PREPARED_FINDING_CODES } from '../../src/base/prepared-finding-codes.ts'
import { DANGER_CODES } from '../../src/explain/dangers/codes.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8')

/** The rows of a table by their first cell. */
function rowsOf(name: string): ReadonlyMap<string, readonly string[]> {
  const [, rest = ''] = page.split(`<!-- ${name}: begin -->`)
  const [text = ''] = rest.split(`<!-- ${name}: end -->`)
  const lines = text.trim().split('\n').slice(2)
  const rows = lines.map((line) =>
    line
      .replace(/^\| | \|$/g, '')
      .split(' | ')
      .map((cell) => cell.trim()),
  )
  const map = new Map(rows.map(([code = '', ...cells]) => [code.replaceAll('`', ''), cells]))
  expect(map.size).toBe(lines.length)
  return map
}

const entries = <Row>(codes: Readonly<Record<string, Row>>): readonly (readonly [string, Row])[] =>
  Object.entries(codes)

describe('docs/errors.md', () => {
  test('lists every error with its exit status and meaning', () => {
    expect(Object.fromEntries(rowsOf('errors'))).toEqual(
      Object.fromEntries(
        entries<{ exit: number; meaning: string }>(ERROR_CODES).map(([code, row]) => [
          code,
          [String(row.exit), row.meaning],
        ]),
      ),
    )
  })

  test('lists every finding with severity, whether it can be accepted, and meaning', () => {
    expect(Object.fromEntries(rowsOf('findings'))).toEqual(
      Object.fromEntries(
        entries<{ severity: string; acceptable?: true; meaning: string }>(FINDING_CODES)
          .filter(([code]) => !(code in PREPARED_FINDING_CODES))
          .map(([code, row]) => [code, [row.severity, row.acceptable ? 'yes' : '', row.meaning]]),
      ),
    )
  })

  test('lists every finding about prepared transactions', () => {
    expect(Object.fromEntries(rowsOf('prepared'))).toEqual(
      Object.fromEntries(
        entries<{ severity: string; meaning: string }>(PREPARED_FINDING_CODES).map(
          ([code, row]) => [code, [row.severity, row.meaning]],
        ),
      ),
    )
  })

  test('lists every danger and whether it is grave', () => {
    expect(Object.fromEntries(rowsOf('dangers'))).toEqual(
      Object.fromEntries(
        entries<{ grave: boolean; meaning: string }>(DANGER_CODES).map(([code, row]) => [
          code,
          [row.grave ? 'grave' : '', row.meaning],
        ]),
      ),
    )
  })
})

describe('codes', () => {
  const families = { ERROR_CODES, FINDING_CODES, DANGER_CODES }
  const all = Object.entries(families).flatMap(([family, codes]) =>
    Object.entries<{ readonly meaning: string }>(codes).map(
      ([code, { meaning }]) => [family, code, meaning] as const,
    ),
  )

  test('are kebab case', () => {
    for (const [, code] of all) expect(code).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
  })

  test('mean one thing: no code is an error and a finding', () => {
    const errorsAndFindings = all.filter(([family]) =>
      ['ERROR_CODES', 'FINDING_CODES'].includes(family),
    )
    const names = errorsAndFindings.map(([, code]) => code)
    expect(names.filter((code, i) => names.indexOf(code) !== i)).toEqual([])
  })

  test('have meanings in lower case, without a full stop and without a bar that breaks the table', () => {
    for (const [, code, meaning] of all) {
      expect(meaning, code).not.toMatch(/\.$|\||\n/)
      expect(meaning.length, code).toBeGreaterThan(10)
      // A name at the beginning, such as PEM or Ed25519, keeps its capital letters.
      if (/^[A-Z][a-z]/.test(meaning)) expect(meaning, code).toMatch(/^(Ed25519|Daml|Canton)/)
    }
  })

  test('a finding that stops a command exits with 3, an invalid signature with 4', () => {
    for (const code of Object.keys(FINDING_CODES) as (keyof typeof FINDING_CODES)[]) {
      expect(exitStatusOf(code)).toBe(code === 'signature-invalid' ? 4 : 3)
    }
  })
})
