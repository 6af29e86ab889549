/** CRC-32C (Castagnoli), with which Google Cloud KMS guards requests and answers on their way. */

/** The polynomial 0x1edc6f41, its bits in reverse order. */
const POLYNOMIAL = 0x82f63b78

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) {
    remainder = (remainder & 1) === 0 ? remainder >>> 1 : (remainder >>> 1) ^ POLYNOMIAL
  }
  return remainder
})

/** @returns an unsigned number of 32 bits (RFC 3720 appendix B.4 has examples) */
export function crc32c(bytes: Uint8Array): number {
  let remainder = 0xffffffff
  for (const byte of bytes) {
    remainder = (remainder >>> 8) ^ (TABLE[(remainder ^ byte) & 0xff] ?? 0)
  }
  return (remainder ^ 0xffffffff) >>> 0
}
