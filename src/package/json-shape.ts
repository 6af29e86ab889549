/** Reading JSON values by the form they must have; every refusal names the place. */
import { parseBase64 } from '../base/bytes.ts'
import type { ErrorCode } from '../base/error-codes.ts'
import { CantosignError } from '../base/errors.ts'
import { memberPath, type JsonObject, type JsonValue } from './json-text.ts'

/** A value and where it stands. */
export interface Place {
  readonly value: JsonValue
  readonly path: string
}

/** The error for a place. `path` is empty for the whole file. */
export function placeError(
  code: ErrorCode,
  path: string,
  problem: string,
  hint = 'get the package again from where it came from; it was damaged or edited by hand',
): CantosignError {
  const where = path === '' ? 'the package' : path
  return new CantosignError(code, `${where}: ${problem}`, hint, { details: { path } })
}

function kindOf(value: JsonValue): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (value instanceof Map) return 'an object'
  return typeof value === 'number'
    ? `the number ${value}`
    : typeof value === 'string'
      ? 'text'
      : typeof value
}

function wrongKind(place: Place, expected: string): CantosignError {
  return placeError(
    'package-value',
    place.path,
    `${expected} is expected, not ${kindOf(place.value)}`,
  )
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

/** True for a JSON object. */
export function isObject(value: JsonValue): value is JsonObject {
  return value instanceof Map
}

/** The members of an object of which all the required ones are there, and no others than these. */
export interface Members {
  required(name: string): Place
  optional(name: string): Place | undefined
}

/**
 * @throws CantosignError `package-value`, `package-unknown-property`; `package-missing-property`
 * when a required member is asked for
 */
export function objectAt(place: Place, names: readonly string[]): Members {
  const { value, path } = place
  if (!isObject(value)) throw wrongKind(place, 'an object')
  for (const name of value.keys()) {
    if (names.includes(name)) continue
    throw placeError(
      'package-unknown-property',
      memberPath(path, name),
      'the format has no such property',
      'it may come from a later version of this tool; nothing in a package is ignored',
    )
  }
  const optional = (name: string): Place | undefined => {
    const member = value.get(name)
    return member === undefined ? undefined : { value: member, path: memberPath(path, name) }
  }
  const required = (name: string): Place => {
    const member = optional(name)
    if (member !== undefined) return member
    throw placeError('package-missing-property', memberPath(path, name), 'this is missing')
  }
  return { required, optional }
}

/** @throws CantosignError `package-value`; `limit-exceeded` above `limit` items */
export function listAt(place: Place, limit: number, what: string): readonly Place[] {
  const { value, path } = place
  if (!isList(value)) throw wrongKind(place, 'a list')
  checkLimit(path, value.length, limit, what)
  return value.map((item, i) => ({ value: item, path: `${path}[${i}]` }))
}

/** @throws CantosignError `package-value` */
export function textAt(place: Place): string {
  if (typeof place.value !== 'string') throw wrongKind(place, 'text')
  return place.value
}

/** @throws CantosignError `package-value` */
export function flagAt(place: Place): boolean {
  if (typeof place.value !== 'boolean') throw wrongKind(place, 'true or false')
  return place.value
}

/** @throws CantosignError `package-value` */
export function numberAt(place: Place): number {
  if (typeof place.value !== 'number') throw wrongKind(place, 'a number')
  return place.value
}

/**
 * Bytes written as canonical base64; at least one.
 * @throws CantosignError `package-value`, `bad-base64`, `limit-exceeded`
 */
export function bytesAt(place: Place, limit: number, what: string): Uint8Array {
  const text = textAt(place)
  if (text === '') throw placeError('package-value', place.path, 'this is empty')
  // Three bytes for four characters: known before anything is decoded.
  checkLimit(place.path, Math.ceil((text.length * 3) / 4) - 2, limit, what)
  const bytes = parseBase64(text, place.path)
  checkLimit(place.path, bytes.length, limit, what)
  return bytes
}

/** @throws CantosignError `limit-exceeded`, with the limit */
export function checkLimit(path: string, amount: number, limit: number, what: string): void {
  if (amount <= limit) return
  throw placeError(
    'limit-exceeded',
    path,
    `${amount} ${what}, and the limit is ${limit}`,
    'nothing that a network takes comes near this limit; where it is meant, raise it with --limit',
  )
}
