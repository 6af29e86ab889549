/**
 * PEM (RFC 7468), read and written as bytes: what it carries may be a private key, and text cannot
 * be wiped. One block; text may stand before it, nothing behind it. An EC key may have its parameters
 * in front of it.
 */
import { concatBytes, utf8Bytes } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'

export interface PemBlock {
  /** `PRIVATE KEY` of `-----BEGIN PRIVATE KEY-----`. */
  readonly label: string
  /** The decoded content in a buffer of its own; the caller wipes it if it is secret. */
  readonly content: Uint8Array
}

interface Line {
  readonly number: number
  /** Without its end, LF or CRLF. */
  readonly bytes: Uint8Array
}

const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a
const PADDING = 0x3d
const DASHES = utf8Bytes('-----')
const BEGIN = utf8Bytes('-----BEGIN ')
const EC_PARAMETERS = 'EC PARAMETERS'
const EC_PRIVATE_KEY = 'EC PRIVATE KEY'
const LINE_LENGTH = 64
const ALPHABET = utf8Bytes('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const VALUES: ReadonlyMap<number, number> = new Map(
  [...ALPHABET].map((character, value) => [character, value]),
)

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.length >= prefix.length && prefix.every((byte, i) => bytes[i] === byte)
}

function splitLines(bytes: Uint8Array): readonly Line[] {
  const lines: Line[] = []
  for (let from = 0; from < bytes.length;) {
    const found = bytes.indexOf(LF, from)
    const end = found < 0 ? bytes.length : found
    const to = end > from && bytes[end - 1] === CR ? end - 1 : end
    lines.push({ number: lines.length + 1, bytes: bytes.subarray(from, to) })
    from = end + 1
  }
  return lines
}

function fault(message: string, line: number): CantosignError {
  return new CantosignError(
    'key-pem',
    `${message} (line ${line})`,
    'copy the file again, whole and unchanged, from BEGIN to END',
    { details: { line } },
  )
}

/**
 * The label of the first BEGIN line, whatever follows it; `undefined` without one.
 * @throws CantosignError `key-pem` for a damaged line
 */
export function pemLabel(bytes: Uint8Array): string | undefined {
  const begin = splitLines(bytes).find((line) => startsWith(line.bytes, BEGIN))
  return begin === undefined ? undefined : labelOf(begin, 'BEGIN')
}

/** The label of an armour line, which must be nothing else. */
function labelOf(line: Line, word: 'BEGIN' | 'END'): string {
  const text = new TextDecoder('latin1').decode(line.bytes.subarray(0, 100))
  const label = /^-----([A-Z]+) ([A-Z0-9#]+(?:[ -][A-Z0-9#]+)*)-----$/.exec(text)
  if (label?.[1] !== word || label[2] === undefined) {
    throw fault(
      `the ${word} line of the PEM block is damaged or another line stands there`,
      line.number,
    )
  }
  return label[2]
}

function decodeBody(lines: readonly Line[]): Uint8Array {
  const total = lines.reduce((sum, line) => sum + line.bytes.length, 0)
  const content = new Uint8Array(Math.floor((total * 3) / 4))
  let length = 0
  let bits = 0
  let held = 0
  let characters = 0
  let padding = 0
  for (const line of lines) {
    if (line.bytes.length === 0) throw fault('an empty line inside the PEM block', line.number)
    for (const character of line.bytes) {
      characters++
      if (character === PADDING) {
        padding++
        continue
      }
      const value = VALUES.get(character)
      if (value === undefined || padding > 0) {
        content.fill(0)
        throw fault('a character that is not base64 inside the PEM block', line.number)
      }
      held = ((held << 6) | value) & 0xfff
      bits += 6
      if (bits < 8) continue
      bits -= 8
      content[length++] = (held >> bits) & 0xff
    }
  }
  const left = held & ((1 << bits) - 1)
  if (
    characters === 0 ||
    characters % 4 !== 0 ||
    padding > 2 ||
    bits !== padding * 2 ||
    left !== 0
  ) {
    content.fill(0)
    throw fault('the base64 of the PEM block is cut or not canonical', lines.at(-1)?.number ?? 1)
  }
  const result = content.slice(0, length)
  content.fill(0)
  return result
}

function refuseHeaders(body: readonly Line[]): void {
  const header = body.find((line) => line.bytes.includes(COLON))
  if (header === undefined) return
  if (startsWith(header.bytes, utf8Bytes('Proc-Type'))) {
    throw new CantosignError(
      'key-encryption',
      'the key is encrypted in the old way of PEM headers (Proc-Type), whose key derivation is one round of MD5',
      'write it anew: openssl pkcs8 -topk8 -v2 aes-256-cbc -iter 600000 -in FILE -out NEW',
    )
  }
  throw fault('a header line inside the PEM block', header.number)
}

/** A block whose armour is sound; its body is not decoded yet. */
interface Armoured {
  readonly label: string
  readonly body: readonly Line[]
  readonly behind: readonly Line[]
}

/** @param first the index of the BEGIN line */
function armouredAt(lines: readonly Line[], first: number): Armoured {
  const begin = lines[first]
  if (begin === undefined) throw fault('there is no PEM block', 1)
  const label = labelOf(begin, 'BEGIN')
  const last = lines.findIndex((line, i) => i > first && startsWith(line.bytes, DASHES))
  const end = lines[last]
  if (end === undefined || startsWith(end.bytes, BEGIN)) {
    throw fault('the PEM block has no END line', begin.number)
  }
  const endLabel = labelOf(end, 'END')
  if (endLabel !== label) {
    throw fault(`the PEM block begins as ${label} and ends as ${endLabel}`, end.number)
  }
  return { label, body: lines.slice(first + 1, last), behind: lines.slice(last + 1) }
}

/** The block, with nothing but empty lines behind it. */
function decodeLast({ label, body, behind }: Armoured): PemBlock {
  const text = behind.filter((line) => line.bytes.length > 0)
  const second = text.find((line) => startsWith(line.bytes, BEGIN))
  if (second !== undefined) {
    throw new CantosignError(
      'key-pem-several',
      `the file holds more than one PEM block (${label} and, at line ${second.number}, another)`,
      label === EC_PARAMETERS
        ? 'write the key alone: openssl pkcs8 -topk8 -in FILE -out NEW'
        : 'which one is meant cannot be guessed: put the key into a file of its own',
      { details: { line: second.number } },
    )
  }
  if (text[0] !== undefined) throw fault('text behind the PEM block', text[0].number)
  refuseHeaders(body)
  return { label, content: decodeBody(body) }
}

/** The first block of a file. */
function firstOf(lines: readonly Line[]): Armoured {
  return armouredAt(
    lines,
    lines.findIndex((line) => startsWith(line.bytes, BEGIN)),
  )
}

/**
 * The one block of a file.
 * @throws CantosignError `key-pem`, `key-pem-several`, `key-encryption` for encryption by headers
 */
export function parsePem(bytes: Uint8Array): PemBlock {
  return decodeLast(firstOf(splitLines(bytes)))
}

/** A key, and what `openssl ecparam -genkey` writes in front of an EC key. */
export interface PemKey extends PemBlock {
  /** The content of the block `EC PARAMETERS`. */
  readonly parameters: Uint8Array | undefined
}

/**
 * The one key of a file. Right in front of an `EC PRIVATE KEY` there may be `EC PARAMETERS`.
 * @throws CantosignError as `parsePem`
 */
export function parsePemKey(bytes: Uint8Array): PemKey {
  const first = firstOf(splitLines(bytes))
  if (first.label === EC_PARAMETERS && isBegin(first.behind[0], EC_PRIVATE_KEY)) {
    const parameters = decodeBody(first.body)
    return { ...decodeLast(armouredAt(first.behind, 0)), parameters }
  }
  return { ...decodeLast(first), parameters: undefined }
}

function isBegin(line: Line | undefined, label: string): boolean {
  return line !== undefined && startsWith(line.bytes, BEGIN) && labelOf(line, 'BEGIN') === label
}

function encodeBase64(bytes: Uint8Array): Uint8Array {
  const text = new Uint8Array(Math.ceil(bytes.length / 3) * 4).fill(PADDING)
  let at = 0
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff
    bits += 8
    while (bits >= 6) {
      bits -= 6
      text[at++] = ALPHABET[(held >> bits) & 63] ?? 0
    }
  }
  if (bits > 0) text[at] = ALPHABET[(held << (6 - bits)) & 63] ?? 0
  return text
}

/** The block in lines of 64 characters that end in LF. The caller wipes it if it is secret. */
export function encodePem({ label, content }: PemBlock): Uint8Array {
  const base64 = encodeBase64(content)
  const parts: Uint8Array[] = []
  for (let at = 0; at < base64.length; at += LINE_LENGTH) {
    parts.push(base64.subarray(at, at + LINE_LENGTH), Uint8Array.of(LF))
  }
  const pem = concatBytes(
    utf8Bytes(`-----BEGIN ${label}-----\n`),
    ...parts,
    utf8Bytes(`-----END ${label}-----\n`),
  )
  base64.fill(0)
  return pem
}
