/**
 * A strict reader of DER (X.690): definite, minimal lengths, single-byte tags, minimal integers,
 * nothing trailing. It reads structure; what a structure means is the caller's matter.
 */
import { concatBytes } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'

export const DerTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  sequence: 0x30,
  set: 0x31,
} as const

/** One tag-length-value. */
export interface DerElement {
  readonly tag: number
  /** Offset of the tag in the whole input. */
  readonly offset: number
  readonly content: Uint8Array
  /** Tag, length and content. */
  readonly whole: Uint8Array
}

/** No key, certificate or bundle that this program names is near; each element takes time. */
const MAX_DER_BYTES = 64 * 1024
/** Deepest nesting that `checkDer` follows. */
const MAX_DEPTH = 32
/** RSA keys of 16,384 bits, which OpenSSL takes at most, have no longer integers. */
const MAX_INTEGER_BYTES = 4096
/** No object identifier in use is near. What a long one means takes time with the square of its length. */
const MAX_OBJECT_IDENTIFIER_BYTES = 128
const CONSTRUCTED = 0x20

function fault(message: string, offset: number): CantosignError {
  return new CantosignError(
    'key-der',
    `${message} (offset ${offset})`,
    'get the file again from its source, or write it anew as DER with openssl',
    { details: { offset } },
  )
}

function readElement(bytes: Uint8Array, at: number, end: number, base: number): DerElement {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined || at + 2 > end) {
    throw fault('the data end inside a tag or length', base + at)
  }
  if ((tag & 0x1f) === 0x1f) throw fault('a tag of more than one byte', base + at)
  let length = first
  let from = at + 2
  if (first === 0x80) throw fault('an indefinite length, which is BER', base + at)
  if (first > 0x80) {
    const count = first & 0x7f
    if (count > 4 || from + count > end) throw fault('a length that is too long', base + at)
    length = 0
    for (let i = 0; i < count; i++) length = length * 256 + (bytes[from + i] ?? 0)
    from += count
    if (length < 0x80 || (bytes[at + 2] ?? 0) === 0) {
      throw fault('a length in more bytes than it needs, which is BER', base + at)
    }
  }
  if (length > end - from) throw fault('a length beyond the end of the data', base + at)
  const to = from + length
  return {
    tag,
    offset: base + at,
    content: bytes.subarray(from, to),
    whole: bytes.subarray(at, to),
  }
}

/** The offset in the input of the first content byte of an element. */
function contentOffset(element: DerElement): number {
  return element.offset + element.whole.length - element.content.length
}

/**
 * The one element that the input is.
 * @throws CantosignError `key-der`
 */
export function readDer(bytes: Uint8Array): DerElement {
  if (bytes.length === 0) throw fault('there are no bytes', 0)
  const element = readElement(bytes, 0, bytes.length, 0)
  if (element.whole.length < bytes.length) {
    const count = bytes.length - element.whole.length
    throw fault(
      `${count} ${count === 1 ? 'byte' : 'bytes'} behind the end of the structure`,
      element.whole.length,
    )
  }
  return element
}

/** The elements inside a constructed one, in order. @throws CantosignError `key-der` */
export function derChildren(element: DerElement): readonly DerElement[] {
  const children: DerElement[] = []
  const base = contentOffset(element)
  for (let at = 0; at < element.content.length;) {
    const child = readElement(element.content, at, element.content.length, base)
    children.push(child)
    at += child.whole.length
  }
  return children
}

/**
 * Walks every constructed element.
 * @param most bytes that what is expected can have
 * @throws CantosignError `key-der` at the first defect
 */
export function checkDer(bytes: Uint8Array, most = MAX_DER_BYTES): DerElement {
  if (bytes.length > most) {
    throw fault(`${bytes.length} bytes, where a key has ${most} at most`, 0)
  }
  const walk = (element: DerElement, depth: number): void => {
    if (depth > MAX_DEPTH) throw fault('structures nested too deep', element.offset)
    checkPrimitive(element)
    if ((element.tag & CONSTRUCTED) === 0) return
    for (const child of derChildren(element)) walk(child, depth + 1)
  }
  const element = readDer(bytes)
  walk(element, 0)
  return element
}

/** The one DER form of the primitive types that have several BER forms. */
function checkPrimitive(element: DerElement): void {
  const { content, offset } = element
  switch (element.tag) {
    case DerTag.integer:
      checkInteger(element)
      return
    case DerTag.boolean:
      if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) {
        throw fault('a boolean that is neither 00 nor FF', offset)
      }
      return
    case DerTag.null:
      if (content.length !== 0) throw fault('a NULL with content', offset)
      return
    case DerTag.objectIdentifier: {
      const padded = content.some(
        (byte, i) => byte === 0x80 && ((content[i - 1] ?? 0) & 0x80) === 0,
      )
      if (content.length === 0 || padded || (content.at(-1) ?? 0x80) >= 0x80) {
        throw fault('an object identifier that is empty, cut or not minimal', offset)
      }
      if (content.length > MAX_OBJECT_IDENTIFIER_BYTES) {
        throw fault(`an object identifier of ${content.length} bytes, which is none`, offset)
      }
    }
  }
}

function checkInteger(element: DerElement): void {
  const [first, second] = element.content
  if (first === undefined) throw fault('an integer without content', element.offset)
  const { length } = element.content
  if (length > MAX_INTEGER_BYTES) {
    throw fault(`an integer of ${length} bytes, longer than any of a key`, element.offset)
  }
  const padded =
    (first === 0x00 && (second ?? 0xff) < 0x80) || (first === 0xff && (second ?? 0) >= 0x80)
  if (length > 1 && padded) {
    throw fault('an integer in more bytes than it needs', element.offset)
  }
}

/**
 * The value of an INTEGER element.
 * @throws CantosignError `key-der` if it is another element or not minimal
 */
export function derInteger(element: DerElement): bigint {
  if (element.tag !== DerTag.integer) throw fault('an integer was expected', element.offset)
  checkInteger(element)
  let value = 0n
  for (const byte of element.content) value = (value << 8n) | BigInt(byte)
  return BigInt.asIntN(8 * element.content.length, value)
}

/** One element, encoded. */
export function encodeDer(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(...contents)
  const { length } = content
  const lengthBytes: number[] = []
  if (length < 0x80) lengthBytes.push(length)
  else {
    for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) lengthBytes.unshift(rest % 256)
    lengthBytes.unshift(0x80 | lengthBytes.length)
  }
  return concatBytes(Uint8Array.of(tag, ...lengthBytes), content)
}

/** A non-negative INTEGER from big-endian bytes. */
export function encodeDerInteger(bigEndian: Uint8Array): Uint8Array {
  let start = 0
  while (start < bigEndian.length - 1 && bigEndian[start] === 0) start++
  const magnitude = bigEndian.subarray(start)
  const sign = (magnitude[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array()
  return encodeDer(DerTag.integer, sign, magnitude)
}
