/** Byte primitives. Every function is pure and copies nothing it does not have to. */
import { CantosignError } from './errors.ts'

/** Lower-case hex, two characters a byte. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/**
 * Bytes of a hex text, either case. `what` names the value in the error.
 * @throws CantosignError `bad-hex` on an odd length or any other character.
 */
export function parseHex(text: string, what = 'value'): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new CantosignError(
      'bad-hex',
      `${what} is not hexadecimal text of an even length`,
      'give pairs of the digits 0-9 and a-f, nothing else',
    )
  }
  return new Uint8Array(Buffer.from(text, 'hex'))
}

/** Standard base64 with padding (RFC 4648 section 4). */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/**
 * Bytes of canonical, padded standard base64 (RFC 4648 section 4).
 * @throws CantosignError `bad-base64` on any character outside the alphabet, wrong padding or
 * bits left over.
 */
export function parseBase64(text: string, what = 'value'): Uint8Array {
  const bytes = Buffer.from(text, 'base64')
  // Buffer skips what it does not know; only a text that encodes back to itself was read whole.
  if (bytes.toString('base64') !== text) {
    throw new CantosignError(
      'bad-base64',
      `${what} is not canonical base64`,
      'use the standard alphabet with padding and no line breaks',
    )
  }
  return new Uint8Array(bytes)
}

/** True if both hold the same bytes. Not constant time: never use it on secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Negative, zero or positive as `a` sorts before, with or after `b`, by unsigned bytes. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** Four bytes, big-endian two's complement: `i32` of docs/protocol/hashing.md. */
export function int32Bytes(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}

const encoder = new TextEncoder()
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text)
}

/** The text, or `undefined` if the bytes are not well-formed UTF-8 (RFC 3629). */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return undefined // the one failure TextDecoder has in fatal mode
  }
}
