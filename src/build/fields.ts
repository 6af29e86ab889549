/** Typed reading of a YAML tree: every field is asked for by name, and what nobody asked for is refused. */
import { CantosignError } from '../base/errors.ts'
import type { ErrorCode } from '../base/error-codes.ts'
import { escapeText, isUnsafeText } from '../base/text.ts'
import type { YamlList, YamlMap, YamlNode, YamlPlace, YamlScalar } from './yaml.ts'

/** What errors of one file look like. */
export interface FieldSource {
  /** Names the file in errors. */
  readonly what: string
  /** The code of everything that is wrong with its content. */
  readonly code: ErrorCode
  /** The document that says how it should be. */
  readonly hint: string
}

/** A node, and the path of names that leads to it. */
export interface Field {
  readonly source: FieldSource
  readonly path: string
  readonly node: YamlNode
}

/** The error for one place of the file; the caller throws it. */
export function fieldError(
  field: Field,
  message: string,
  at: YamlPlace = field.node,
): CantosignError {
  const { what, code, hint } = field.source
  const path = escapeText(field.path)
  return new CantosignError(
    code,
    `${what}, line ${at.line}, column ${at.column}: ${path === '' ? '' : `${path}: `}${message}`,
    hint,
    { details: { path: field.path, line: at.line, column: at.column } },
  )
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function mapOf(field: Field): YamlMap {
  if (field.node.$case === 'map') return field.node
  throw fieldError(field, 'a map of fields is expected here')
}

/** The fields of a map, each of which is taken by name. */
export interface Fields {
  readonly field: Field
  optional(...names: readonly string[]): Field | undefined
  /** @param names spellings of one field; giving two of them is refused */
  required(...names: readonly string[]): Field
  names(): readonly string[]
}

/**
 * Reads a map with the given reader, then refuses every field that was not asked for.
 * @throws CantosignError with the code of the source
 */
export function readFields<T>(field: Field, read: (fields: Fields) => T): T {
  const map = mapOf(field)
  const asked = new Set<string>()
  const optional = (...names: readonly string[]): Field | undefined => {
    for (const name of names) asked.add(name)
    const given = map.entries.filter(({ key }) => names.includes(key))
    const [entry, second] = given
    if (entry === undefined) return undefined
    if (second !== undefined) {
      throw fieldError(field, `${entry.key} and ${second.key} are the same field`, second)
    }
    return { source: field.source, path: join(field.path, entry.key), node: entry.value }
  }
  const result = read({
    field,
    optional,
    required: (...names) => {
      const found = optional(...names)
      if (found === undefined) throw missingError(field, map, names[0] ?? '')
      return found
    },
    names: () => map.entries.map(({ key }) => key),
  })
  const unknown = map.entries.find(({ key }) => !asked.has(key))
  if (unknown !== undefined) {
    throw fieldError(field, `${escapeText(unknown.key)} is no field of this`, unknown)
  }
  return result
}

/** A field that is misspelled is missing as well: what is given is named beside it. */
function missingError(field: Field, map: YamlMap, name: string): CantosignError {
  const given = map.entries.slice(0, 12).map(({ key }) => escapeText(key))
  const beside = given.length === 0 ? '' : ` (given: ${given.join(', ')})`
  return fieldError(field, `${name} is missing${beside}`)
}

function listOf(field: Field): YamlList {
  if (field.node.$case === 'list') return field.node
  throw fieldError(field, 'a list is expected here')
}

/** The items of a list, in order. */
export function readItems(field: Field): readonly Field[] {
  const { source, path } = field
  return listOf(field).items.map((node, i) => ({ source, path: `${path}[${i}]`, node }))
}

function scalarOf(field: Field): YamlScalar {
  if (field.node.$case === 'scalar') return field.node
  throw fieldError(field, 'a single value is expected here')
}

/** Text that is not empty and holds no character that could deceive on a terminal. */
export function readText(field: Field): string {
  const { text, plain } = scalarOf(field)
  if (text === '' || (plain && /^(~|null)$/i.test(text))) throw fieldError(field, 'it has no value')
  if (isUnsafeText(text)) {
    throw fieldError(field, 'it holds control, bidirectional or other invisible characters')
  }
  return text
}

/** An unquoted decimal number within bounds; no sign, no leading zero, no exponent. */
export function readInteger(field: Field, least: bigint, most: bigint): bigint {
  const { text, plain } = scalarOf(field)
  if (!plain || !/^(0|[1-9][0-9]{0,19})$/.test(text)) {
    throw fieldError(field, 'a whole number in decimal digits, without quotes, is expected here')
  }
  const value = BigInt(text)
  if (value < least || value > most) {
    throw fieldError(field, `${value} is not between ${least} and ${most}`)
  }
  return value
}

/** `true` or `false`, without quotes. */
export function readFlag(field: Field): boolean {
  const { text, plain } = scalarOf(field)
  if (plain && text === 'true') return true
  if (plain && text === 'false') return false
  throw fieldError(field, 'true or false is expected here')
}

/** One of the names of a table. */
export function readChoice<T>(field: Field, choices: ReadonlyMap<string, T>): T {
  const text = readText(field)
  const chosen = choices.get(text)
  if (chosen !== undefined) return chosen
  const names = [...choices.keys()].join(', ')
  throw fieldError(field, `${escapeText(text)} is none of: ${names}`)
}
