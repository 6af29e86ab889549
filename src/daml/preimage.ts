/** The bytes that are hashed, written piece by piece (docs/protocol/prepared-transactions.md section 3.1). */
import { parseHex, utf8Bytes } from '../base/bytes.ts'
import type { Identifier } from '../wire/generated/schema.ts'

const FIRST_CAPACITY = 1024

/** A growing buffer. All integers are big-endian two's complement. */
export class Preimage {
  #buffer = new Uint8Array(FIRST_CAPACITY)
  #view = new DataView(this.#buffer.buffer)
  #length = 0

  /** A view of what has been written so far; valid until the next write. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  /** Room for `count` more bytes; returns where they begin. */
  #reserve(count: number): number {
    const at = this.#length
    this.#length += count
    if (this.#length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(2 * this.#buffer.length, this.#length))
      larger.set(this.#buffer)
      this.#buffer = larger
      this.#view = new DataView(larger.buffer)
    }
    return at
  }

  byte(value: number): void {
    const at = this.#reserve(1)
    this.#buffer[at] = value
  }

  /** One byte, 01 or 00. */
  bool(value: boolean): void {
    this.byte(value ? 1 : 0)
  }

  int32(value: number): void {
    const at = this.#reserve(4)
    this.#view.setInt32(at, value)
  }

  /** Eight bytes; an unsigned value keeps its bits. */
  int64(value: bigint): void {
    const at = this.#reserve(8)
    this.#view.setBigInt64(at, value)
  }

  /** The bytes alone: hashes and seeds, whose length is fixed. */
  raw(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length)
    this.#buffer.set(bytes, at)
  }

  /** Length as int32, then the bytes. */
  lengthPrefixed(bytes: Uint8Array): void {
    this.int32(bytes.length)
    this.raw(bytes)
  }

  /** Length in bytes as int32, then the UTF-8. */
  text(text: string): void {
    this.lengthPrefixed(utf8Bytes(text))
  }

  /** Count as int32, then each text. */
  texts(texts: readonly string[]): void {
    this.int32(texts.length)
    for (const text of texts) this.text(text)
  }

  /** 00, or 01 and the value. */
  optional<T>(value: T | undefined, write: (value: T) => void): void {
    this.bool(value !== undefined)
    if (value !== undefined) write(value)
  }

  /** Package id, then module and entity name, each as the list of its dotted parts. */
  identifier(id: Identifier | undefined): void {
    const { packageId, moduleName, entityName } = id ?? ABSENT_IDENTIFIER
    this.text(packageId)
    this.texts(moduleName.split('.'))
    this.texts(entityName.split('.'))
  }

  /** The bytes that the hex text stands for, with their length. */
  contractId(hex: string): void {
    this.lengthPrefixed(parseHex(hex, 'contract id'))
  }
}

/** Absent where it must not be, which is refused; every implementation hashes it like this. */
const ABSENT_IDENTIFIER: Identifier = { packageId: '', moduleName: '', entityName: '' }
