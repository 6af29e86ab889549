/**
 * A spec as what was agreed beforehand, held against what is to be signed (docs/spec.md section 5).
 * It defeats a preparer who shows one thing and asks a signature for another, so everything counts:
 * every field, also those the spec leaves out, every byte that is not in a known field, and every
 * transaction that the spec does not name.
 */
import { toHex } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import { severityOf } from '../base/finding-codes.ts'
import { escapeText } from '../base/text.ts'
import { mappingUniqueKey } from '../topology/unique-key.ts'
import type { KnownMapping } from '../topology/mapping.ts'
import type { ReadTransaction } from '../topology/transaction.ts'
import { resolveSerials, type PreviousTransaction } from './build.ts'
import { differencesOfValues, type Difference } from './compare.ts'
import { mappingName } from './names.ts'
import type { TransactionDraft } from './rules.ts'
import type { SpecTransaction } from './spec.ts'

export type { Difference } from './compare.ts'

const NOTHING = 'nothing'

/**
 * One transaction against the one that is expected, field by field.
 * @returns nothing if, and only if, both say the same in every field
 */
export function compareTransaction(
  expected: TransactionDraft,
  found: ReadTransaction,
): readonly Difference[] {
  const beyond = beyondFields(found)
  const mapping = found.value?.mapping?.mapping
  if (found.value === undefined || mapping === undefined) {
    const own = { path: 'mapping', expected: mappingName(expected.mapping.$case), found: NOTHING }
    return [own, ...beyond]
  }
  const { operation, serial } = found.value
  return [...differencesOfValues(expected, { operation, serial, mapping }), ...beyond]
}

/** What no comparison of fields sees: unknown fields, and bytes that two readers read differently. */
function beyondFields(found: ReadTransaction): readonly Difference[] {
  const unknown = found.unknownFields.map(({ path, field, hex }) => ({
    path: `${path}.#${field}`,
    expected: NOTHING,
    found: `hex ${hex}`,
  }))
  const odd = found.findings
    .filter(({ code }) => severityOf(code) !== 'allow')
    .map(({ path, code, message }) => ({ path, expected: NOTHING, found: `${code}: ${message}` }))
  return [...unknown, ...odd]
}

function keyOf(mapping: KnownMapping | undefined): string | undefined {
  const key = mapping === undefined ? undefined : mappingUniqueKey(mapping)
  return key === undefined ? undefined : toHex(key)
}

function nameOf(found: ReadTransaction): string {
  const mapping = found.value?.mapping?.mapping
  return mapping === undefined ? 'a transaction without a mapping' : mappingName(mapping.$case)
}

/** A transaction on either side, and what it may be matched by: the most telling name first. */
interface Entry<T> {
  readonly own: T
  readonly names: readonly (string | undefined)[]
}

function namesOf(mapping: KnownMapping | undefined, serial: number): Entry<unknown>['names'] {
  const key = keyOf(mapping)
  return [key === undefined ? undefined : `${key} ${serial}`, key, mapping?.$case]
}

/**
 * All transactions against all that are expected, in any order. A transaction is held against the
 * expected one of the same unique key and serial, else of the same unique key, else of the same
 * mapping; what is left on either side is a difference as a whole.
 */
export function compareWithExpectation(
  expected: readonly TransactionDraft[],
  found: readonly ReadTransaction[],
): readonly Difference[] {
  let open = expected.map((own) => ({ own, names: namesOf(own.mapping, own.serial) }))
  let rest = found.map((own, i) => ({
    own,
    names: namesOf(own.value?.mapping?.mapping, own.value?.serial ?? 0),
    path: `transactions[${i}]`,
  }))
  const differences: Difference[] = []
  for (const level of [0, 1, 2]) {
    const byName = new Map<string, Entry<TransactionDraft>[]>()
    for (const entry of open) {
      const name = entry.names[level]
      if (name === undefined) continue
      const group = byName.get(name)
      if (group === undefined) byName.set(name, [entry])
      else group.push(entry)
    }
    const matched = new Set<unknown>()
    for (const one of rest) {
      const candidate = byName.get(one.names[level] ?? '')?.shift()
      if (candidate === undefined) continue
      matched.add(candidate).add(one)
      for (const { path, ...values } of compareTransaction(candidate.own, one.own)) {
        differences.push({ path: `${one.path}.${path}`, ...values })
      }
    }
    open = open.filter((entry) => !matched.has(entry))
    rest = rest.filter((entry) => !matched.has(entry))
  }
  for (const { path, own } of rest) {
    const hash = toHex(own.hash)
    differences.push({ path, expected: NOTHING, found: `${nameOf(own)} ${hash}` })
  }
  for (const { own } of open) {
    const name = `${mappingName(own.mapping.$case)}, serial ${own.serial}`
    differences.push({ path: 'transactions', expected: name, found: NOTHING })
  }
  return differences
}

/**
 * Refuses to go on unless the transactions are exactly what the spec says. A serial that the spec
 * leaves out is 1, or follows the given previous transaction.
 * @throws CantosignError `expectation-mismatch` with every difference in its details
 */
export function requireExpectation(
  spec: readonly SpecTransaction[],
  found: readonly ReadTransaction[],
  previous: readonly PreviousTransaction[] = [],
): void {
  const differences = compareWithExpectation(resolveSerials(spec, previous), found)
  const [first] = differences
  if (first === undefined) return
  const more = differences.length === 1 ? '' : ` (${differences.length} differences in all)`
  throw new CantosignError(
    'expectation-mismatch',
    `at ${escapeText(first.path)} ${escapeText(first.expected)} is expected, and there is ${escapeText(first.found)}${more}`,
    'do not sign: settle with whoever prepared this what is meant',
    { details: { differences } },
  )
}
