// CommonJS, because protobufjs asks for it with require(): of a module it would get a namespace, find
// no Long in it, and read 64-bit integers as JavaScript numbers that lose digits.
//
// What protobufjs asks of its 64-bit integers, with BigInt. The package itself carries a WebAssembly
// program, which nobody can read and which costs time to compile at every start.
class Long {
  constructor(low, high, unsigned = false) {
    this.low = low | 0
    this.high = high | 0
    this.unsigned = unsigned
  }

  static isLong(value) {
    return value instanceof Long
  }

  static fromBits(low, high, unsigned) {
    return new Long(low, high, unsigned)
  }

  static fromString(text, unsigned) {
    const bits = BigInt.asUintN(64, BigInt(text))
    return new Long(Number(bits & 0xffffffffn), Number(bits >> 32n), unsigned)
  }

  toString() {
    const bits = (BigInt(this.high >>> 0) << 32n) | BigInt(this.low >>> 0)
    return String(this.unsigned ? bits : BigInt.asIntN(64, bits))
  }
}

module.exports = Long
