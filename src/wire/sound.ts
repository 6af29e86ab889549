/**
 * Whether the strict walker would find nothing at all in a message, told in one pass and without a
 * list, a path or a value being made: nearly every record of a network is as Canton wrote it. What is
 * not seen to be sound here is left to the walker, which names what is wrong or finds that nothing is
 * (docs/decisions/0003-two-readers.md).
 */
import { is64Bit } from './field-schema.ts'
import { WireFault, WireReader, WireType } from './reader.ts'
import {
  DATA_TAG,
  enumName,
  MAX_PACKED,
  PROTO_VERSION,
  schemaOf,
  type IndexedField,
  type IndexedSchema,
  type MessageName,
} from './schema.ts'

const VERSION_TAG = 16 + WireType.varint
/** `version = 30`, which stands behind the data. */
const VERSION_BYTES = 2

const INT32_MAX = 0x7fff_ffff
const TWO_32 = 0x1_0000_0000

class SoundReader {
  readonly #reader: WireReader
  readonly #view: DataView
  readonly #maxDepth: number

  constructor(bytes: Uint8Array, maxDepth: number) {
    this.#reader = new WireReader(bytes)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#maxDepth = maxDepth
  }

  wrapper(content: IndexedSchema, end: number, depth: number): boolean {
    const reader = this.#reader
    const { bytes } = reader
    if (bytes[reader.position++] !== DATA_TAG) return false
    const from = reader.readLength()
    if (!reader.minimal || reader.position === from) return false
    const dataEnd = reader.position
    if (dataEnd !== end - VERSION_BYTES) return false
    if (bytes[dataEnd] !== VERSION_TAG || bytes[dataEnd + 1] !== PROTO_VERSION) return false
    reader.position = from
    if (!this.message(content, dataEnd, depth)) return false
    reader.position = end
    return true
  }

  /** Reads up to the end of the message; beyond it nothing that was read counts. */
  message(indexed: IndexedSchema, end: number, depth: number): boolean {
    if (depth > this.#maxDepth) return false
    const reader = this.#reader
    let highest = 0
    let oneofs = 0
    while (reader.position < end) {
      reader.readVarint()
      if (!reader.minimal || reader.high !== 0) return false
      const number = reader.low >>> 3
      const field = number < highest ? undefined : indexed.byNumber.get(number)
      if (field === undefined || field.deprecated) return false
      // A list of numbers is packed.
      const repeats = field.repeated && field.wireType === WireType.len
      if (number === highest && !repeats) return false
      highest = number
      if ((reader.low & 7) !== (field.repeated ? WireType.len : field.wireType)) return false
      if (field.oneof !== undefined) {
        if ((oneofs & field.oneofBit) !== 0) return false
        oneofs |= field.oneofBit
      }
      if (!this.#field(field, depth)) return false
    }
    return reader.position === end
  }

  #field(field: IndexedField, depth: number): boolean {
    const reader = this.#reader
    if (!field.repeated && field.wireType === WireType.varint) {
      reader.readVarint()
      const isDefault = reader.low === 0 && reader.high === 0
      return this.#number(field) && (field.presence || !isDefault)
    }
    if (field.wireType === WireType.fixed64) {
      if (field.repeated) return false
      reader.skip(8)
      return true
    }
    const from = reader.readLength()
    const end = reader.position
    if (!reader.minimal) return false
    if (from === end && !field.presence && !field.repeated) return false
    switch (field.type) {
      case 'message':
        reader.position = from
        return this.message(field.message, end, depth + 1)
      case 'string':
        return this.#isPlain(from, end)
      case 'bytes':
        if (field.isSuccessor) return false
        if (field.wrapped === undefined || from === end) return true
        reader.position = from
        return this.wrapper(field.wrapped, end, depth + 1)
      default:
        reader.position = from
        return from < end && this.#packed(field, end)
    }
  }

  #packed(field: IndexedField, end: number): boolean {
    const reader = this.#reader
    for (let count = 0; reader.position < end; count++) {
      if (count === MAX_PACKED) return false
      reader.readVarint()
      if (!this.#number(field)) return false
    }
    return reader.position === end
  }

  /** True for printable ASCII, 0x20 to 0x7e; other text is looked at by the walker. */
  #isPlain(from: number, to: number): boolean {
    const view = this.#view
    let at = from
    // Four at a time, since most of a network is text: the highest bit of some byte is set in one of
    // the three if any is below 0x20 (borrowing), above 0x7e (carrying) or no ASCII.
    for (; at + 4 <= to; at += 4) {
      const four = view.getInt32(at)
      const marks = (four - 0x2020_2020) | (four + 0x0101_0101) | four
      if ((marks & 0x8080_8080) !== 0) return false
    }
    for (; at < to; at++) {
      const byte = view.getUint8(at)
      if (byte < 0x20 || byte > 0x7e) return false
    }
    return true
  }

  /** Range and meaning of the varint that was just read; 32-bit negatives are left to the walker. */
  #number({ type, ref, limits }: IndexedField): boolean {
    const { low, high, minimal } = this.#reader
    if (!minimal) return false
    if (!is64Bit(type)) {
      if (high !== 0) return false
      if (type === 'bool') return low <= 1
      if (type !== 'uint32' && low > INT32_MAX) return false
      if (type === 'enum') return enumName(ref ?? '', low) !== undefined
    }
    if (limits === undefined) return true
    // Rounded only far outside of any limits.
    const value = (high | 0) * TWO_32 + low
    return value >= limits.least && value <= limits.most
  }
}

/**
 * True only if `walkMessage` has no finding for these bytes, nothing unknown to show, and calls them
 * canonical. False says nothing.
 */
export function isSound(
  name: MessageName,
  bytes: Uint8Array,
  wrapped: boolean,
  maxDepth: number,
): boolean {
  const reader = new SoundReader(bytes, maxDepth)
  try {
    return wrapped
      ? reader.wrapper(schemaOf(name), bytes.length, 1)
      : reader.message(schemaOf(name), bytes.length, 1)
  } catch (error) {
    if (!(error instanceof WireFault)) throw error
    return false
  }
}
