/**
 * A small strict JSON reader (RFC 8259): what the platform's own reader lets pass or drops without
 * a word (an object with one property twice, digits beyond what a number holds) is refused, and
 * every refusal names the place and the offset in bytes.
 *
 * Numbers are whole and within 2^53: a package has no others. Objects are maps, so that no name of
 * a property has a meaning to the language.
 */
import { decodeUtf8, utf8Bytes } from '../base/bytes.ts'
import type { ErrorCode } from '../base/error-codes.ts'
import { CantosignError } from '../base/errors.ts'

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject
export type JsonObject = ReadonlyMap<string, JsonValue>

/** Deepest nesting of arrays and objects that is read. */
export const MAX_JSON_NESTING = 200

const SPACE = /[ \t\n\r]*/y
const PLAIN = /[^"\\\u0000-\u001f]*/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
const INTEGER = /-?(?:0|[1-9][0-9]*)/y

/** Path of a member: `transactions[3].hash`. A name that is no plain word is quoted. */
export function memberPath(path: string, name: string): string {
  const word = /^[A-Za-z][A-Za-z0-9]{0,63}$/.test(name) ? name : JSON.stringify(name.slice(0, 64))
  return path === '' ? word : `${path}.${word}`
}

class JsonReader {
  readonly #text: string
  readonly #what: string
  readonly #path: (string | number)[] = []
  #at = 0

  constructor(text: string, what: string) {
    this.#text = text
    this.#what = what
  }

  read(): JsonValue {
    const value = this.#value(0)
    this.#skipSpace()
    if (this.#at < this.#text.length) {
      this.#fail('package-trailing-data', 'something stands behind its end')
    }
    return value
  }

  #fail(code: ErrorCode, problem: string, at = this.#at): never {
    const offset = utf8Bytes(this.#text.slice(0, at)).length
    const path = this.#path.reduce<string>(
      (so, part) => (typeof part === 'number' ? `${so}[${part}]` : memberPath(so, part)),
      '',
    )
    const place = path === '' ? '' : ` in ${path}`
    throw new CantosignError(
      code,
      `${this.#what}: ${problem} at offset ${offset}${place}`,
      'get the file again from where it came from; it was damaged or edited by hand',
      { details: { path, offset } },
    )
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }

  #skipSpace(): void {
    this.#match(SPACE)
  }

  #expect(character: string, what: string): void {
    if (this.#text[this.#at] !== character) this.#fail('package-json', `${what} is missing`)
    this.#at += 1
  }

  #word(word: string, value: JsonValue): JsonValue {
    if (!this.#text.startsWith(word, this.#at)) this.#fail('package-json', 'this is no JSON value')
    this.#at += word.length
    return value
  }

  #value(depth: number): JsonValue {
    this.#skipSpace()
    const first = this.#text[this.#at]
    switch (first) {
      case '{':
      case '[':
        if (depth >= MAX_JSON_NESTING) {
          this.#fail('limit-exceeded', `values are nested deeper than ${MAX_JSON_NESTING}`)
        }
        this.#at += 1
        return first === '{' ? this.#object(depth + 1) : this.#array(depth + 1)
      case '"':
        return this.#string()
      case 't':
        return this.#word('true', true)
      case 'f':
        return this.#word('false', false)
      case 'n':
        return this.#word('null', null)
      default:
        return this.#number()
    }
  }

  #number(): number {
    const at = this.#at
    const digits = this.#match(INTEGER)
    if (digits === '') this.#fail('package-json', 'this is no JSON value')
    const value = Number(digits)
    const next = this.#text[this.#at]
    const whole = next !== '.' && next !== 'e' && next !== 'E'
    if (!whole || !Number.isSafeInteger(value) || Object.is(value, -0)) {
      this.#fail('package-json', 'this is not a plain whole number below 2^53', at)
    }
    return value
  }

  #string(): string {
    const start = this.#at
    this.#at += 1
    for (;;) {
      this.#match(PLAIN)
      const next = this.#text[this.#at]
      if (next === '"') break
      if (next !== '\\' || this.#match(ESCAPE) === '') {
        const problem =
          next === undefined
            ? 'the text ends inside a string'
            : 'a string holds a control character or an escape that JSON does not have'
        this.#fail('package-json', problem)
      }
    }
    this.#at += 1
    const inside = this.#text.slice(start + 1, this.#at - 1)
    if (!inside.includes('\\')) return inside
    const value: unknown = JSON.parse(this.#text.slice(start, this.#at))
    return String(value)
  }

  #array(depth: number): readonly JsonValue[] {
    const items: JsonValue[] = []
    this.#skipSpace()
    if (this.#text[this.#at] === ']') {
      this.#at += 1
      return items
    }
    for (;;) {
      this.#path.push(items.length)
      items.push(this.#value(depth))
      this.#path.pop()
      this.#skipSpace()
      if (this.#text[this.#at] === ']') break
      this.#expect(',', 'a comma or ]')
    }
    this.#at += 1
    return items
  }

  #object(depth: number): JsonObject {
    const members = new Map<string, JsonValue>()
    this.#skipSpace()
    if (this.#text[this.#at] === '}') {
      this.#at += 1
      return members
    }
    for (;;) {
      this.#skipSpace()
      const at = this.#at
      if (this.#text[at] !== '"') this.#fail('package-json', 'the name of a property is missing')
      const name = this.#string()
      this.#path.push(name)
      if (members.has(name)) {
        this.#fail('package-duplicate-property', 'this property stands here twice', at)
      }
      this.#skipSpace()
      this.#expect(':', 'a colon')
      members.set(name, this.#value(depth))
      this.#path.pop()
      this.#skipSpace()
      if (this.#text[this.#at] === '}') break
      this.#expect(',', 'a comma or }')
    }
    this.#at += 1
    return members
  }
}

/**
 * Reads one JSON value and nothing else.
 * @param what names the input in errors
 * @throws CantosignError `package-json`, `package-trailing-data`, `package-duplicate-property`,
 * `limit-exceeded`
 */
export function readJson(bytes: Uint8Array, what: string): JsonValue {
  const text = decodeUtf8(bytes)
  if (text === undefined) {
    throw new CantosignError(
      'package-json',
      `${what}: the bytes are not UTF-8`,
      'get the file again from where it came from; it was damaged on the way',
    )
  }
  return new JsonReader(text, what).read()
}
