/** Reading answers of the JSON API: what has to be there is there and of its type, the rest is overlooked. */
import { parseBase64 } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'

/** One value of an answer with its place. */
export class JsonValue {
  readonly #value: unknown
  readonly #path: string

  /** @param path the call, then the names that lead to the value */
  constructor(value: unknown, path: string) {
    this.#value = value
    this.#path = path
  }

  #wrong(expected: string): CantosignError {
    return new CantosignError(
      'response-malformed',
      `the answer at ${this.#path} is not ${expected}`,
      'check that the URL is that of the JSON Ledger API, and the release of the participant with info',
    )
  }

  get #object(): Readonly<Record<string, unknown>> {
    const value = this.#value
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.#wrong('an object')
    }
    return value as Readonly<Record<string, unknown>>
  }

  /** True for what is not there, and for `null`. */
  get absent(): boolean {
    return this.#value === undefined || this.#value === null
  }

  field(name: string): JsonValue {
    return new JsonValue(this.#object[name], `${this.#path}.${name}`)
  }

  get names(): readonly string[] {
    return Object.keys(this.#object)
  }

  get text(): string {
    if (typeof this.#value !== 'string') throw this.#wrong('text')
    return this.#value
  }

  /** Text, or nothing where it is left out. */
  get optionalText(): string {
    return this.absent ? '' : this.text
  }

  get flag(): boolean {
    if (this.absent) return false
    if (typeof this.#value !== 'boolean') throw this.#wrong('true or false')
    return this.#value
  }

  /** A whole number that JavaScript holds exactly. */
  get integer(): number {
    if (!Number.isSafeInteger(this.#value)) throw this.#wrong('a whole number below 2^53')
    return this.#value as number
  }

  get bytes(): Uint8Array {
    try {
      return parseBase64(this.text)
    } catch (error) {
      if (error instanceof CantosignError) throw this.#wrong('base64')
      throw error
    }
  }

  /** An empty list where it is left out. */
  get items(): readonly JsonValue[] {
    if (this.absent) return []
    if (!Array.isArray(this.#value)) throw this.#wrong('a list')
    return this.#value.map((item, i) => new JsonValue(item, `${this.#path}[${i}]`))
  }
}
