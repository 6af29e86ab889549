/** What the pages say about prepared Daml transactions is what the program knows of them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PREPARED_DANGER_CODES } from '../../src/explain/dangers/prepared-codes.ts'
import {
  PACKAGE_PROPERTIES,
  PREPARED_PROPERTIES,
  PREPARED_SIGNATURE_PROPERTIES,
  PREPARED_SUMMARY_PROPERTIES,
  SIGNATURE_PROPERTIES,
} from '../../src/package/format.ts'
import { CONTENT, RANGE_DIMENSIONS, SET_DIMENSIONS } from '../../src/policy/dimensions.ts'
import { readPolicy } from '../../src/policy/policy.ts'

const page = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8')

/** A section by its number, up to the next one. */
function section(name: string, number: number): string {
  const [, text] =
    new RegExp(`^## ${number}\\. ([^]*?)(?=^## |$(?![^]))`, 'm').exec(page(name)) ?? []
  if (text === undefined) throw new Error(`${name} has no section ${number}`)
  return text
}

test('every danger is explained, and no other', () => {
  const text = section('transactions.md', 9)
  const rows = text.split('\n').filter((line) => line.startsWith('| `'))
  const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([a-z-]+)`/g)])
  expect(named.map(([, code]) => code).sort()).toEqual(Object.keys(PREPARED_DANGER_CODES).sort())
})

test('every property of the format is there', () => {
  const text = `${section('format.md', 2)}${section('format.md', 9)}`
  const names = [
    ...PACKAGE_PROPERTIES,
    ...PREPARED_PROPERTIES,
    ...PREPARED_SUMMARY_PROPERTIES,
    ...PREPARED_SIGNATURE_PROPERTIES,
  ]
  for (const name of names) expect(text, name).toContain(`\`${name}\``)
  // A signature over a prepared transaction has one property more than one over topology.
  expect(PREPARED_SIGNATURE_PROPERTIES).toEqual(['party', ...SIGNATURE_PROPERTIES])
})

test('every condition of a policy is explained', () => {
  const text = `${section('policy.md', 2)}${section('policy.md', 3)}`
  for (const { name } of [...SET_DIMENSIONS, ...RANGE_DIMENSIONS]) {
    expect(text, name).toContain(`\`${name}\``)
  }
  for (const name of CONTENT) expect(text, name).toContain(`\`${name}\``)
})

test('the policy for Daml transactions is one', () => {
  const [, yaml = ''] = /```yaml\n([^]*?)```/.exec(section('policy.md', 3)) ?? []
  const whole = yaml
    .replaceAll('1220…', `1220${'ab'.repeat(32)}`)
    .replaceAll(/\b(aa|bb)\d\d…/g, (_, start: string) => start.repeat(32))
  const { allow } = readPolicy(whole, 'docs/policy.md')
  expect(allow.map(({ name, sets }) => [name, sets.size])).toEqual([['rent', 10]])
})
