/**
 * The primitives of the protobuf wire format, read strictly. Positions are offsets into one array;
 * nothing is copied.
 */

export const WireType = { varint: 0, fixed64: 1, len: 2, fixed32: 5 } as const

/** What can be wrong with a varint or a length; a finding code each. */
export type ReadFault = 'truncated' | 'varint-overflow' | 'length-overflow'

export class WireFault extends Error {
  readonly fault: ReadFault
  constructor(fault: ReadFault) {
    super(fault)
    this.fault = fault
  }
}

const MAX_VARINT_BYTES = 10
const TWO_32 = 0x1_0000_0000

/** A cursor whose last varint is left in `low`, `high` and `minimal`: no allocation per value. */
export class WireReader {
  readonly bytes: Uint8Array
  position: number
  readonly end: number
  /** Low and high 32 bits of the last varint, unsigned. */
  low = 0
  high = 0
  /** False if the last varint had more bytes than its value needs. */
  minimal = true

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes
    this.position = start
    this.end = end
  }

  /** @throws WireFault `truncated`, `varint-overflow` (over 10 bytes or 64 bits) */
  readVarint(): void {
    const { bytes, end } = this
    let position = this.position
    const first = position < end ? (bytes[position] ?? 0) : -1
    if (first >= 0 && first < 0x80) {
      this.low = first
      this.high = 0
      this.minimal = true
      this.position = position + 1
      return
    }
    let low = 0
    let high = 0
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      if (position >= end) throw new WireFault('truncated')
      const byte = bytes[position++] ?? 0
      const bits = byte & 0x7f
      if (i < 4) low |= bits << (7 * i)
      else if (i === 4) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (7 * i - 32)
      if (byte < 0x80) {
        if (i === MAX_VARINT_BYTES - 1 && bits > 1) break
        this.low = low >>> 0
        this.high = high >>> 0
        this.minimal = byte !== 0 || i === 0
        this.position = position
        return
      }
    }
    throw new WireFault('varint-overflow')
  }

  /** The last varint as a number; exact up to 2^53. */
  get number(): number {
    return this.high * TWO_32 + this.low
  }

  /** True if the last varint is a valid int32: its upper half is the sign of its lower. */
  get isInt32(): boolean {
    return this.high === 0
      ? this.low < 0x8000_0000
      : this.high === 0xffff_ffff && this.low >= 0x8000_0000
  }

  /** The last varint as a signed 64-bit integer. */
  get int64(): bigint {
    return BigInt.asIntN(64, (BigInt(this.high) << 32n) | BigInt(this.low))
  }

  /**
   * Reads the length of a length-delimited value and steps over the value.
   * @returns the offset of its first byte; it ends at `position`.
   * @throws WireFault `length-overflow` (2^31 or more), `truncated`, `varint-overflow`
   */
  readLength(): number {
    this.readVarint()
    if (this.high !== 0 || this.low >= 0x8000_0000) throw new WireFault('length-overflow')
    const start = this.position
    if (this.low > this.end - start) throw new WireFault('truncated')
    this.position = start + this.low
    return start
  }

  /**
   * Steps over a value after its tag.
   * @param wireType one of `WireType`
   * @throws WireFault as `readVarint` and `readLength`
   */
  skipValue(wireType: number): void {
    if (wireType === WireType.varint) this.readVarint()
    else if (wireType === WireType.len) this.readLength()
    else this.skip(wireType === WireType.fixed64 ? 8 : 4)
  }

  /** @throws WireFault `truncated` */
  skip(count: number): void {
    if (count > this.end - this.position) throw new WireFault('truncated')
    this.position += count
  }
}
