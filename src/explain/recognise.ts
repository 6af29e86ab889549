/**
 * What a file holds, by its content alone. This looks at structure leniently, so that a damaged
 * transaction is still handed to the strict reader, which then names the damage.
 */
import { isMultihash } from '../crypto/hash.ts'
import type { StreamLayout } from '../topology/record-splitter.ts'
import { WireFault, WireReader, WireType } from '../wire/reader.ts'

export type Recognised =
  | { readonly $case: 'hash' }
  | { readonly $case: 'transaction' }
  | { readonly $case: 'signed-transaction'; readonly wrapped: boolean }
  | { readonly $case: 'stream'; readonly layout: StreamLayout }
  | { readonly $case: 'key' }
  /** A PreparedTransaction, or base64 text of one. */
  | { readonly $case: 'prepared-transaction' }
  /** What the JSON Ledger API answers to a prepare call. */
  | { readonly $case: 'prepare-answer' }
  | { readonly $case: 'json' }
  | { readonly $case: 'unrecognised' }

/** So much of a file is enough to recognise it. */
export const RECOGNISE_BYTES = 64 * 1024

interface Field {
  readonly number: number
  readonly wireType: number
  /** Length-delimited content, cut where the input ends; empty for other wire types. */
  readonly content: Uint8Array
}

/** The fields of a message as far as they can be made out. */
function peek(bytes: Uint8Array): readonly Field[] {
  const fields: Field[] = []
  const reader = new WireReader(bytes)
  const nothing = new Uint8Array()
  try {
    while (reader.position < reader.end && fields.length < 64) {
      reader.readVarint()
      const number = Math.floor(reader.number / 8)
      const wireType = reader.low & 7
      if (wireType === WireType.len) {
        reader.readVarint()
        const from = reader.position
        const to = Math.min(reader.end, from + reader.number)
        fields.push({ number, wireType, content: bytes.subarray(from, to) })
        reader.position = to
        continue
      }
      fields.push({ number, wireType, content: nothing })
      if (wireType === WireType.varint) reader.readVarint()
      else if (wireType === WireType.fixed64) reader.skip(8)
      else if (wireType === WireType.fixed32) reader.skip(4)
      else return fields
    }
  } catch (error) {
    if (!(error instanceof WireFault)) throw error
  }
  return fields
}

const find = (fields: readonly Field[], number: number, wireType: number): Field | undefined =>
  fields.find((field) => field.number === number && field.wireType === wireType)

/** The data of something shaped like a wrapper. */
function wrapperData(bytes: Uint8Array): Uint8Array | undefined {
  const fields = peek(bytes)
  const [first] = fields
  if (first === undefined || first.number === 0 || first.number > 3) return undefined
  return find(fields, 1, WireType.len)?.content
}

function isSigningPublicKey(fields: readonly Field[]): boolean {
  return (
    find(fields, 1, WireType.varint) === undefined &&
    find(fields, 2, WireType.varint) !== undefined &&
    find(fields, 3, WireType.len) !== undefined &&
    fields.some(({ number }) => number >= 4)
  )
}

function isTransaction(fields: readonly Field[]): boolean {
  return find(fields, 1, WireType.varint) !== undefined && !isSigningPublicKey(fields)
}

function isSignedTransaction(fields: readonly Field[]): boolean {
  const inner = find(fields, 1, WireType.len)?.content
  const data = inner === undefined ? undefined : wrapperData(inner)
  return data !== undefined && isTransaction(peek(data))
}

function isItem(fields: readonly Field[]): boolean {
  const transaction = find(fields, 3, WireType.len)?.content
  const data = transaction === undefined ? undefined : wrapperData(transaction)
  return data !== undefined && isSignedTransaction(peek(data))
}

function isKeyPair(fields: readonly Field[]): boolean {
  const pair = fields.find(({ number, wireType }) => number <= 2 && wireType === WireType.len)
  const privateKey = pair === undefined ? undefined : find(peek(pair.content), 2, WireType.len)
  if (privateKey === undefined) return false
  const inner = peek(privateKey.content)
  return find(inner, 2, WireType.varint) !== undefined && find(inner, 3, WireType.len) !== undefined
}

/** Content of a wrapper, or of something that could be one. */
function recogniseData(data: Uint8Array): Recognised {
  const fields = peek(data)
  if (isSigningPublicKey(fields)) return { $case: 'key' }
  const first = find(fields, 1, WireType.len)
  if (first === undefined) {
    const key = find(fields, 2, WireType.len) !== undefined && isKeyPair(fields)
    return key ? { $case: 'key' } : { $case: 'transaction' }
  }
  // Items first: with its times at the front an Item has the outline of a wrapped transaction.
  if (isItem(peek(first.content))) return { $case: 'stream', layout: 'snapshot-v1' }
  if (isSignedTransaction(fields)) return { $case: 'signed-transaction', wrapped: true }
  const listed = wrapperData(first.content)
  if (listed !== undefined && isSignedTransaction(peek(listed))) {
    return { $case: 'stream', layout: 'list' }
  }
  if (isKeyPair(fields)) return { $case: 'key' }
  // The strict reader says what is wrong with it.
  return { $case: 'signed-transaction', wrapped: true }
}

/** Records with a varint length before each, as far as the first one shows. */
function recogniseDelimited(bytes: Uint8Array): Recognised | undefined {
  const reader = new WireReader(bytes)
  try {
    reader.readVarint()
  } catch (error) {
    if (error instanceof WireFault) return undefined
    throw error
  }
  const record = bytes.subarray(reader.position, reader.position + reader.number)
  if (record.length === 0) return undefined
  // Items first: with its times at the front an Item has the outline of a signed transaction.
  const data = wrapperData(record)
  if (data !== undefined && isItem(peek(data))) return { $case: 'stream', layout: 'snapshot-v2' }
  if (isSignedTransaction(peek(record))) return { $case: 'stream', layout: 'delimited' }
  return undefined
}

const latin1 = new TextDecoder('latin1')
const textOf = (field: Field | undefined): string => latin1.decode(field?.content)

/** A Daml-LF version or a node id at the front tells it from everything else with such fields. */
function isDamlTransaction(fields: readonly Field[]): boolean {
  const version = textOf(find(fields, 1, WireType.len))
  const node = find(fields, 3, WireType.len)
  const nodeId = node === undefined ? '' : textOf(find(peek(node.content), 1, WireType.len))
  return /^[0-9A-Za-z.]{1,16}$/.test(version) || /^[0-9]{1,10}$/.test(nodeId)
}

function isMetadata(fields: readonly Field[]): boolean {
  return (
    /^[0-9A-Fa-f-]{36}$/.test(textOf(find(fields, 5, WireType.len))) ||
    textOf(find(fields, 3, WireType.len)).includes('::')
  )
}

function isPreparedTransaction(fields: readonly Field[]): boolean {
  const transaction = find(fields, 1, WireType.len)
  if (transaction !== undefined) return isDamlTransaction(peek(transaction.content))
  const metadata = find(fields, 2, WireType.len)
  return metadata !== undefined && isMetadata(peek(metadata.content))
}

/** Line breaks are what `base64` writes; a head that is cut is read up to its last whole group. */
function isBase64OfPrepared(head: Uint8Array): boolean {
  const text = latin1.decode(head).replace(/\r?\n/g, '')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return false
  const groups = text.slice(0, text.length - (text.length % 4))
  const bytes = Uint8Array.from(atob(groups), (character) => character.charCodeAt(0))
  return isPreparedTransaction(peek(bytes))
}

/** Members that only the answer of a prepare call has; a package has one of the names further inside. */
const ANSWER_MEMBERS: ReadonlySet<string> = new Set([
  'preparedTransaction',
  'preparedTransactionHash',
  'hashingSchemeVersion',
  'hashingDetails',
  'costEstimation',
])

/** Where the text that begins at a quotation mark ends, or the end of what there is; linear. */
function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') return at
    if (text[at] === '\\') at++
  }
  return text.length
}

/** The names of an object's own members, as far as the head of its JSON text goes. */
function* memberNames(text: string): Generator<string> {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') depth--
    else if (character === '"') {
      const end = stringEnd(text, at)
      if (depth === 1 && /^\s*:/.test(text.slice(end + 1, end + 1 + MAX_INDENTATION))) {
        yield text.slice(at + 1, end)
      }
      at = end
    }
  }
}

/** A lie about it only leads to the other strict reader of JSON, which refuses it. */
function isPrepareAnswer(head: Uint8Array): boolean {
  for (const name of memberNames(latin1.decode(head))) {
    if (name === 'format') return false
    if (ANSWER_MEMBERS.has(name)) return true
  }
  return false
}

/** JSON text; after white space only what a wrapper, which may begin with 0a, never has next. */
function isJson(head: Uint8Array): boolean {
  const text = latin1.decode(head.subarray(0, MAX_INDENTATION))
  return /^[{[]/.test(text) || /^[ \t\r\n]+(?:\{[ \t\r\n]*["}]|\[[ \t\r\n]*[[{\]"])/.test(text)
}

const MAX_INDENTATION = 1024
const DER_SEQUENCE = 0x30
const RAW_KEY_LENGTHS: ReadonlySet<number> = new Set([32, 33, 49, 65, 97])

/** True if the text `-----BEGIN` stands at the start of a line somewhere in the head. */
function hasPemArmour(head: Uint8Array): boolean {
  return /(^|\n)-----BEGIN /.test(latin1.decode(head))
}

/**
 * @param head the first `RECOGNISE_BYTES` of the file, or all of it
 * @param size length of the whole file in bytes, if it is known
 */
export function recognise(head: Uint8Array, size: number | undefined): Recognised {
  const whole = size === head.length
  if (whole && isMultihash(head)) return { $case: 'hash' }
  if (isJson(head)) return { $case: isPrepareAnswer(head) ? 'prepare-answer' : 'json' }
  if (head[0] === DER_SEQUENCE || hasPemArmour(head)) return { $case: 'key' }
  if (isPreparedTransaction(peek(head)) || isBase64OfPrepared(head)) {
    return { $case: 'prepared-transaction' }
  }
  const delimited = recogniseDelimited(head)
  if (delimited !== undefined) return delimited
  if (isSignedTransaction(peek(head))) return { $case: 'signed-transaction', wrapped: false }
  const data = wrapperData(head)
  if (data !== undefined && (head[0] === 0x0a || head[0] === 0x10)) return recogniseData(data)
  if (isSigningPublicKey(peek(head))) return { $case: 'key' }
  if (whole && RAW_KEY_LENGTHS.has(head.length)) return { $case: 'key' }
  return { $case: 'unrecognised' }
}
