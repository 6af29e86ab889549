/** A policy: what may be signed unattended, written by people (docs/policy.md). */
import { escapeText } from '../base/text.ts'
import {
  fieldError,
  readFields,
  readInteger,
  readItems,
  readText,
  type Field,
  type Fields,
} from '../build/fields.ts'
import { readYaml } from '../build/yaml.ts'
import { DANGER_CODES } from '../explain/dangers/codes.ts'
import {
  RANGE_DIMENSIONS,
  SET_DIMENSIONS,
  type RangeDimension,
  type SetDimension,
  type SetDimensionRow,
} from './dimensions.ts'

/** The one version of the format so far. */
export const POLICY_VERSION = 1

export type SetCondition =
  { readonly $case: 'any' } | { readonly $case: 'listed'; readonly values: readonly string[] }

/** Both ends belong to the range; an absent end is open. */
export type RangeCondition =
  | { readonly $case: 'any' }
  | {
      readonly $case: 'between'
      readonly least: number | undefined
      readonly most: number | undefined
    }

export interface PolicyRule {
  /** Unique in the policy: decisions name it. */
  readonly name: string
  readonly sets: ReadonlyMap<SetDimension, SetCondition>
  readonly ranges: ReadonlyMap<RangeDimension, RangeCondition>
  /** In `allow` the grave dangers that are accepted, in `deny` the dangers that are refused. */
  readonly dangers: readonly string[]
}

export interface Policy {
  readonly allow: readonly PolicyRule[]
  readonly deny: readonly PolicyRule[]
}

const ANY = 'any'
const LARGEST = 2_147_483_647n

/**
 * Reads a policy.
 * @param what names the file in errors
 * @throws CantosignError `yaml-invalid`, `limit-exceeded`, `policy-invalid` with line and column: an
 * unknown field, a value that no transaction can have, a danger that does not exist
 */
export function readPolicy(text: string, what: string): Policy {
  const source = {
    what,
    code: 'policy-invalid',
    hint: 'see docs/policy.md for what a policy holds',
  } as const
  const root: Field = { source, path: '', node: readYaml(text, what) }
  return readFields(root, (fields) => {
    readInteger(fields.required('version'), 1n, BigInt(POLICY_VERSION))
    const names = new Set<string>()
    const rules = (field: Field | undefined, kind: 'allow' | 'deny'): readonly PolicyRule[] =>
      field === undefined ? [] : readItems(field).map((item) => readRule(item, kind, names))
    return {
      allow: rules(fields.required('allow'), 'allow'),
      deny: rules(fields.optional('deny'), 'deny'),
    }
  })
}

function readRule(item: Field, kind: 'allow' | 'deny', names: Set<string>): PolicyRule {
  return readFields(item, (fields) => {
    const place = fields.required('name')
    const name = readText(place)
    if (names.has(name)) {
      throw fieldError(place, `another rule is called ${escapeText(name)} already`)
    }
    names.add(name)
    const sets = new Map<SetDimension, SetCondition>()
    for (const row of SET_DIMENSIONS) {
      const field = fields.optional(row.name)
      if (field !== undefined) sets.set(row.name, readSet(field, row))
    }
    const ranges = new Map<RangeDimension, RangeCondition>()
    for (const row of RANGE_DIMENSIONS) {
      const field = fields.optional(row.name)
      if (field !== undefined) ranges.set(row.name, readRange(field))
    }
    const dangers = readDangers(fields)
    if (sets.size + ranges.size === 0 && (kind === 'allow' || dangers.length === 0)) {
      throw fieldError(
        item,
        'a rule without a condition speaks about everything: say what it means',
      )
    }
    return { name, sets, ranges, dangers }
  })
}

function readSet(field: Field, row: SetDimensionRow): SetCondition {
  const single = field.node.$case === 'scalar'
  if (single && readText(field) === ANY) return { $case: 'any' }
  const values = (single ? [field] : readItems(field)).map((item) => {
    const text = readText(item)
    const problem = row.problem(text)
    if (problem !== undefined) throw fieldError(item, `${escapeText(text)}: ${problem}`)
    return text
  })
  refuseRepeated(field, values)
  return { $case: 'listed', values }
}

function refuseRepeated(field: Field, values: readonly string[]): void {
  if (values.length === 0) throw fieldError(field, 'the list is empty: it would never be met')
  if (new Set(values).size !== values.length) throw fieldError(field, 'a value is listed twice')
}

function readRange(field: Field): RangeCondition {
  if (field.node.$case === 'scalar') {
    if (readText(field) === ANY) return { $case: 'any' }
    const exact = Number(readInteger(field, 0n, LARGEST))
    return { $case: 'between', least: exact, most: exact }
  }
  return readFields(field, (fields) => {
    const end = (name: string): number | undefined => {
      const own = fields.optional(name)
      return own === undefined ? undefined : Number(readInteger(own, 0n, LARGEST))
    }
    const least = end('least')
    const most = end('most')
    if (least === undefined && most === undefined) {
      throw fieldError(field, 'a range has least, most or both')
    }
    if (least !== undefined && most !== undefined && least > most) {
      throw fieldError(field, `no number is between ${least} and ${most}`)
    }
    return { $case: 'between', least, most }
  })
}

/** There is no `any` here: a danger that nobody thought of is never accepted. */
function readDangers(fields: Fields): readonly string[] {
  const field = fields.optional('danger')
  if (field === undefined) return []
  const values = (field.node.$case === 'scalar' ? [field] : readItems(field)).map((item) => {
    const code = readText(item)
    if (!Object.hasOwn(DANGER_CODES, code)) {
      throw fieldError(item, `${escapeText(code)} is no danger code: docs/errors.md lists them`)
    }
    return code
  })
  refuseRepeated(field, values)
  return values
}
