/**
 * Files that this tool writes for itself, read strictly: what is not known, missing or of another
 * form is refused with its place.
 */
import { parseBase64 } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import { memberPath, readJson, type JsonObject, type JsonValue } from '../package/json-text.ts'

/** Makes the error about a place; `path` is empty for the whole file. */
export type Refusal = (path: string, problem: string) => CantosignError

/** One value of a file with its place. */
export class StrictValue {
  readonly #value: JsonValue
  readonly #fail: Refusal
  readonly path: string

  constructor(value: JsonValue, path: string, fail: Refusal) {
    this.#value = value
    this.#fail = fail
    this.path = path
  }

  wrong(expected: string): CantosignError {
    return this.#fail(this.path, `is not ${expected}`)
  }

  get isNull(): boolean {
    return this.#value === null
  }

  /** An object with exactly these members. */
  object(names: readonly string[]): (name: string) => StrictValue {
    const members = this.#object
    for (const name of members.keys()) {
      if (!names.includes(name)) throw this.#fail(memberPath(this.path, name), 'is not known')
    }
    return (name) => this.member(name)
  }

  member(name: string): StrictValue {
    const member = this.#object.get(name)
    if (member === undefined) throw this.#fail(memberPath(this.path, name), 'is missing')
    return new StrictValue(member, memberPath(this.path, name), this.#fail)
  }

  get #object(): JsonObject {
    if (!(this.#value instanceof Map)) throw this.wrong('an object')
    return this.#value as JsonObject
  }

  get items(): readonly StrictValue[] {
    if (!Array.isArray(this.#value)) throw this.wrong('a list')
    return (this.#value as readonly JsonValue[]).map(
      (item, i) => new StrictValue(item, `${this.path}[${i}]`, this.#fail),
    )
  }

  get text(): string {
    if (typeof this.#value !== 'string') throw this.wrong('text')
    return this.#value
  }

  get flag(): boolean {
    if (typeof this.#value !== 'boolean') throw this.wrong('true or false')
    return this.#value
  }

  matching(pattern: RegExp, expected: string): string {
    const { text } = this
    if (!pattern.test(text)) throw this.wrong(expected)
    return text
  }

  oneOf<T extends string>(choices: readonly T[], expected: string): T {
    const found = choices.find((one) => one === this.#value)
    if (found === undefined) throw this.wrong(expected)
    return found
  }

  number(lowest: number, highest: number): number {
    const value = this.#value
    if (typeof value !== 'number' || value < lowest || value > highest) {
      throw this.wrong(`a whole number from ${lowest} to ${highest}`)
    }
    return value
  }

  get offset(): bigint {
    return BigInt(this.matching(/^(0|[1-9]\d{0,17})$/, 'an offset in decimal digits'))
  }

  get bytes(): Uint8Array {
    const { text } = this
    try {
      return parseBase64(text)
    } catch {
      throw this.wrong('base64')
    }
  }
}

/** The JSON of a file; anything wrong with it is refused as `fail` says. */
export function readStrictJson(bytes: Uint8Array, fail: Refusal): StrictValue {
  try {
    return new StrictValue(readJson(bytes, 'the file'), '', fail)
  } catch (error) {
    if (!(error instanceof CantosignError)) throw error
    throw fail('', `cannot be read: ${error.message}`)
  }
}
