/**
 * The strict walker: accounts for every byte of an encoded message against the schema and names
 * every defect with its code, message path and offset. It gives no values; the codec does, and
 * what the codec overlooks (wire types, duplicates, overlong varints, unknown fields) is found here
 * first (docs/decisions/0003-two-readers.md).
 */
import { decodeUtf8, toHex } from '../base/bytes.ts'
import { severityOf, type Finding, type FindingCode } from '../base/finding-codes.ts'
import { isUnsafeText } from '../base/text.ts'
import { is64Bit } from './field-schema.ts'
import { WireFault, WireReader, WireType } from './reader.ts'
import {
  enumName,
  MAX_DEPTH,
  MAX_PACKED,
  PROTO_VERSION,
  schemaOf,
  WRAPPER,
  type IndexedField,
  type IndexedSchema,
  type MessageName,
} from './schema.ts'
import { isSound } from './sound.ts'
import { SUCCESSOR_MESSAGE, successorForm } from './successor.ts'

/** A field that the schema does not read: its bytes are shown, never skipped over. */
export interface UnknownField {
  /** Path of the message that holds it. */
  readonly path: string
  readonly field: number
  readonly wireType: number
  /** Content in hex: for length-delimited values without the length, for varints as encoded. */
  readonly hex: string
  /** True if it is one of the legacy fields that live networks carry. */
  readonly legacy: boolean
}

export interface WalkResult {
  readonly findings: readonly Finding[]
  readonly unknownFields: readonly UnknownField[]
  /** True if an ascending, default-free re-encoding of every field gives the same bytes. */
  readonly canonical: boolean
  /** True if the walk stopped: the bytes behind the last finding are not accounted for. */
  readonly fatal: boolean
}

export interface WalkOptions {
  /** True if the message comes inside UntypedVersionedMessage. */
  readonly wrapped: boolean
  /** Where the bytes lie in the input: both are put before what is reported. */
  readonly path?: string
  readonly offset?: number
  /** Deepest nesting of messages that is read; `MAX_DEPTH` if left out. */
  readonly maxDepth?: number
}

/** More findings than this in one walk end it: hostile input costs bounded memory. */
export const MAX_FINDINGS = 1000

const MAX_FIELD_NUMBER = 0x1fff_ffff

const BREAKS_CANONICAL: ReadonlySet<FindingCode> = new Set<FindingCode>([
  'non-ascending-fields',
  'version-first',
  'explicit-default',
  'unpacked-enum',
  'non-minimal-varint',
  'duplicate-field',
  'oneof-conflict',
  'value-out-of-range',
])

class Stop extends Error {}

/** Fields whose range defects carry the name of the rule they break. */
const RANGE_CODE: Readonly<Record<string, FindingCode>> = {
  'TopologyTransaction.serial': 'bad-serial',
}

/** Fields of free text that people write: line breaks belong there, and it is shown escaped. */
const FREE_TEXT: ReadonlySet<string> = new Set(['Value.text', 'TextMap.Entry.key'])

/** How often each field occurs in these bytes, which were found sound. */
function countFields(bytes: Uint8Array, start: number, end: number): Map<number, number> {
  const counts = new Map<number, number>()
  const reader = new WireReader(bytes, start, end)
  while (reader.position < end) {
    reader.readVarint()
    const number = Math.floor(reader.number / 8)
    const wireType = reader.low & 7
    counts.set(number, (counts.get(number) ?? 0) + 1)
    reader.skipValue(wireType)
  }
  return counts
}

class Walker {
  readonly findings: Finding[] = []
  readonly unknownFields: UnknownField[] = []
  canonical = true
  readonly #bytes: Uint8Array
  readonly #basePath: string
  readonly #baseOffset: number
  readonly #maxDepth: number
  /** Field names and list indices from the outermost message to where the walk is. */
  readonly #path: (string | number)[] = []
  readonly #unpackedLists = new Set<string>()
  #depth = 0

  constructor(bytes: Uint8Array, options: WalkOptions) {
    this.#bytes = bytes
    this.#basePath = options.path ?? ''
    this.#baseOffset = options.offset ?? 0
    this.#maxDepth = options.maxDepth ?? MAX_DEPTH
  }

  pathText(last?: string): string {
    let text = this.#basePath
    for (const part of last === undefined ? this.#path : [...this.#path, last]) {
      if (typeof part === 'number') text += `[${part}]`
      else text += text === '' ? part : `.${part}`
    }
    return text
  }

  report(code: FindingCode, offset: number, message: string, last?: string): void {
    if (BREAKS_CANONICAL.has(code)) this.canonical = false
    if (this.findings.length >= MAX_FINDINGS) {
      this.findings.push({
        code: 'too-many-findings',
        path: this.#basePath,
        offset: this.#baseOffset,
        message: `more than ${MAX_FINDINGS} defects; the rest is not listed`,
      })
      throw new Stop()
    }
    const finding = { code, path: this.pathText(last), offset: this.#baseOffset + offset, message }
    this.findings.push(finding)
    if (severityOf(code) === 'fatal') throw new Stop()
  }

  /** A fault of the wire becomes a finding at the field that was being read. */
  #faultAt(error: unknown, offset: number, what: string, last?: string): never {
    if (!(error instanceof WireFault)) throw error
    const messages = {
      truncated: `${what} reaches beyond the end of the data`,
      'varint-overflow': `${what} is longer than 10 bytes or above 64 bits`,
      'length-overflow': `${what} is 2^31 or more`,
    }
    this.report(error.fault, offset, messages[error.fault], last)
    throw new Stop()
  }

  message(indexed: IndexedSchema, start: number, end: number): void {
    if (++this.#depth > this.#maxDepth) {
      const message = `messages are nested more than ${this.#maxDepth} deep`
      this.report('nesting-too-deep', start, message)
    }
    const isWrapper = indexed.name === WRAPPER
    const reader = new WireReader(this.#bytes, start, end)
    let highest = 0
    let run = 0
    let counts: Map<number, number> | undefined
    let oneofs: Map<string, number> | undefined
    while (reader.position < end) {
      const at = reader.position
      try {
        reader.readVarint()
      } catch (error) {
        this.#faultAt(error, at, 'a tag')
      }
      if (!reader.minimal)
        this.report('non-minimal-varint', at, 'a tag has more bytes than it needs')
      const number = Math.floor(reader.number / 8)
      const wireType = reader.low & 7
      const field = indexed.byNumber.get(number)
      if (number === 0 || number > MAX_FIELD_NUMBER) {
        this.report('invalid-tag', at, `field number ${number} does not exist`, `#${number}`)
      }
      const label = field?.name ?? `#${number}`
      if (wireType === 3 || wireType === 4 || wireType > 5) {
        const kind = wireType === 3 || wireType === 4 ? 'a group' : 'an invalid wire type'
        this.report('group-or-invalid-wire-type', at, `wire type ${wireType} is ${kind}`, label)
      }
      if (number < highest) {
        if (isWrapper && number === 1) {
          this.report('version-first', at, 'the wrapper has version before data', label)
        } else {
          this.report('non-ascending-fields', at, `${label} comes after a higher field`, label)
        }
      }
      // How often the field came before. As long as fields ascend the last one alone has to be
      // known; from the first that does not, all of them are counted.
      let occurrence = 0
      if (number < highest) counts ??= countFields(this.#bytes, start, at)
      if (counts !== undefined) {
        occurrence = counts.get(number) ?? 0
        counts.set(number, occurrence + 1)
      } else if (number === highest) occurrence = run++
      else run = 1
      if (number > highest) highest = number
      if (field === undefined) {
        this.#unknown(indexed, number, wireType, reader, at)
        continue
      }
      if (!field.repeated && (occurrence > 0 || field.oneof !== undefined)) {
        oneofs ??= new Map()
        this.#checkSingular(field, occurrence, oneofs, at)
      }
      this.#path.push(field.name)
      this.#field(indexed, field, wireType, occurrence, reader, at)
      this.#path.pop()
    }
    this.#depth--
  }

  /** A wrapper and what it holds; the content is read only under version 30. */
  wrapper(content: IndexedSchema, start: number, end: number): void {
    this.message(schemaOf(WRAPPER), start, end)
    // Every byte of the wrapper is sound here; read it again for the two values.
    const reader = new WireReader(this.#bytes, start, end)
    let version = 0
    let versionAt = start
    let data: { at: number; from: number; to: number } | undefined
    while (reader.position < end) {
      const at = reader.position
      reader.readVarint()
      const number = Math.floor(reader.number / 8)
      const wireType = reader.low & 7
      if (wireType === WireType.varint) {
        reader.readVarint()
        if (number === 2) {
          version = reader.number
          versionAt = at
        }
      } else if (wireType === WireType.len) {
        const from = reader.readLength()
        if (number === 1) data = { at, from, to: reader.position }
      } else reader.skip(wireType === WireType.fixed64 ? 8 : 4)
    }
    if (version !== PROTO_VERSION) {
      const what = versionAt === start && version === 0 ? 'no version' : `version ${version}`
      this.report(
        'bad-version',
        versionAt,
        `the wrapper has ${what}; only version ${PROTO_VERSION} is in use on any network`,
        'version',
      )
    }
    if (data === undefined) {
      this.report('missing-field', start, 'the wrapper has no data', 'data')
      return
    }
    if (data.from === data.to) {
      this.report('empty-data', data.at, 'the wrapper is empty', 'data')
      return
    }
    this.#path.push('data')
    this.message(content, data.from, data.to)
    this.#path.pop()
  }

  #checkSingular(
    field: IndexedField,
    occurrence: number,
    oneofs: Map<string, number>,
    at: number,
  ): void {
    if (occurrence > 0) {
      this.report('duplicate-field', at, `${field.name} occurs more than once`, field.name)
    }
    if (field.oneof === undefined) return
    const earlier = oneofs.get(field.oneof)
    if (earlier !== undefined && earlier !== field.number) {
      this.report(
        'oneof-conflict',
        at,
        `${field.name} stands beside another member of ${field.oneof}`,
        field.name,
      )
    }
    oneofs.set(field.oneof, field.number)
  }

  #unknown(
    indexed: IndexedSchema,
    number: number,
    wireType: number,
    reader: WireReader,
    at: number,
  ): void {
    const label = `#${number}`
    const content = this.#skipValue(wireType, reader, at, label)
    const meaning = indexed.legacy[number]
    const name = indexed.name
    if (meaning !== undefined) {
      this.report('legacy-field', at, `${name} carries ${meaning} (field ${number})`, label)
    } else if (indexed.schema.reserved.includes(number)) {
      this.report('reserved-field', at, `${name} reserves field ${number}`, label)
    } else {
      this.report('unknown-field', at, `${name} has no field ${number}`, label)
    }
    this.#keepUnknown(number, wireType, content, meaning !== undefined)
  }

  #keepUnknown(field: number, wireType: number, content: Uint8Array, legacy: boolean): void {
    this.unknownFields.push({ path: this.pathText(), field, wireType, hex: toHex(content), legacy })
  }

  /** Steps over a value of any wire type and returns its content. */
  #skipValue(wireType: number, reader: WireReader, at: number, label?: string): Uint8Array {
    const from = reader.position
    try {
      if (wireType === WireType.varint) {
        reader.readVarint()
        if (!reader.minimal) this.#nonMinimal(at, label)
        return this.#bytes.subarray(from, reader.position)
      }
      if (wireType === WireType.len) {
        const start = reader.readLength()
        if (!reader.minimal) this.#nonMinimal(at, label)
        return this.#bytes.subarray(start, reader.position)
      }
      reader.skip(wireType === WireType.fixed64 ? 8 : 4)
      return this.#bytes.subarray(from, reader.position)
    } catch (error) {
      return this.#faultAt(error, at, 'a value', label)
    }
  }

  #nonMinimal(at: number, label?: string): void {
    this.report('non-minimal-varint', at, 'a varint has more bytes than its value needs', label)
  }

  #field(
    indexed: IndexedSchema,
    field: IndexedField,
    wireType: number,
    occurrence: number,
    reader: WireReader,
    at: number,
  ): void {
    const isNumeric = field.type !== 'string' && field.type !== 'bytes' && field.type !== 'message'
    const packed = isNumeric && field.repeated && wireType === WireType.len
    const isFixed = field.type === 'sfixed64'
    const scalar = isFixed ? WireType.fixed64 : WireType.varint
    const expected = isNumeric && !packed ? scalar : WireType.len
    if (wireType !== expected) {
      this.report('wrong-wire-type', at, `${field.name} has wire type ${wireType}, not ${expected}`)
      const content = this.#skipValue(wireType, reader, at)
      const name = this.#path.pop()
      this.#keepUnknown(field.number, wireType, content, false)
      if (name !== undefined) this.#path.push(name)
      return
    }
    if (packed) {
      this.#packed(field, occurrence, reader, at)
      return
    }
    if (field.deprecated) {
      this.report('legacy-field', at, `${field.name} is deprecated`)
    }
    if (isFixed) {
      this.#skipValue(wireType, reader, at)
      return
    }
    if (isNumeric) {
      if (field.repeated) this.#unpacked(field, at)
      if (occurrence === MAX_PACKED && field.repeated) this.#tooLong(field, at)
      try {
        reader.readVarint()
      } catch (error) {
        this.#faultAt(error, at, field.name)
      }
      if (!reader.minimal) this.#nonMinimal(at)
      this.#number(indexed, field, reader, at)
      return
    }
    let start = 0
    try {
      start = reader.readLength()
    } catch (error) {
      if (field.repeated) this.#path.push(occurrence)
      this.#faultAt(error, at, field.name)
    }
    if (!reader.minimal) this.#nonMinimal(at)
    if (field.repeated) this.#path.push(occurrence)
    this.#lengthDelimited(field, start, reader.position, at)
    if (field.repeated) this.#path.pop()
  }

  /** Named once for each list, whether or not a part of it is packed. */
  #unpacked(field: IndexedField, at: number): void {
    const path = this.pathText()
    if (this.#unpackedLists.has(path)) return
    this.#unpackedLists.add(path)
    this.report('unpacked-enum', at, `${field.name} is written unpacked`)
  }

  #packed(field: IndexedField, occurrence: number, reader: WireReader, at: number): void {
    let start = 0
    try {
      start = reader.readLength()
    } catch (error) {
      this.#faultAt(error, at, field.name)
    }
    if (!reader.minimal) this.#nonMinimal(at)
    if (occurrence > 0) {
      this.report('unpacked-enum', at, `${field.name} is written in several chunks`)
    }
    if (start === reader.position) {
      this.report('explicit-default', at, `${field.name} is an empty list written on the wire`)
    }
    const inner = new WireReader(this.#bytes, start, reader.position)
    let count = 0
    while (inner.position < inner.end) {
      if (++count > MAX_PACKED) this.#tooLong(field, at)
      try {
        inner.readVarint()
      } catch (error) {
        this.#faultAt(error, at, field.name)
      }
      if (!inner.minimal) this.#nonMinimal(at)
      this.#range(field, inner, at)
    }
  }

  #tooLong({ name }: IndexedField, at: number): void {
    this.report('list-too-long', at, `${name} holds more than ${MAX_PACKED} numbers`)
  }

  /** Range and enum meaning of the varint that was just read. */
  #range(field: IndexedField, reader: WireReader, at: number): boolean {
    const { type, name } = field
    const inRange = is64Bit(type)
      ? true
      : type === 'bool'
        ? reader.high === 0 && reader.low <= 1
        : type === 'uint32'
          ? reader.high === 0
          : reader.isInt32
    if (!inRange) {
      this.canonical = false // the codec keeps the lower bits alone
      const code = RANGE_CODE[field.fullName] ?? 'value-out-of-range'
      this.report(code, at, `${name} is outside the range of ${type}`)
      return false
    }
    if (type === 'enum') {
      const value = reader.low | 0
      if (enumName(field.ref ?? '', value) === undefined) {
        this.report('unknown-enum', at, `${name} has the unknown value ${value}`)
      }
    }
    return true
  }

  #number(indexed: IndexedSchema, field: IndexedField, reader: WireReader, at: number): void {
    if (!this.#range(field, reader, at)) return
    if (reader.low === 0 && reader.high === 0) {
      if (!field.presence && !field.repeated) this.#explicitDefault(field, at)
      return
    }
    const { limits } = field
    if (limits === undefined) return
    const value = reader.int64
    if (value < limits.least || value > limits.most) {
      // The value is out of its range, not its encoding.
      const { canonical } = this
      const message = `${field.name} of a ${indexed.name} is out of range`
      this.report('value-out-of-range', at, message)
      this.canonical = canonical
    }
  }

  #explicitDefault(field: IndexedField, at: number): void {
    this.report('explicit-default', at, `${field.name} has its default value written out`)
  }

  #lengthDelimited(field: IndexedField, start: number, end: number, at: number): void {
    if (field.type === 'message') {
      this.message(field.message, start, end)
      return
    }
    if (start === end && !field.presence && !field.repeated) this.#explicitDefault(field, at)
    if (field.type === 'string') {
      this.#text(field, start, end, at)
      return
    }
    const content = field.wrapped
    if (content !== undefined && start < end) this.wrapper(content, start, end)
    else if (field.isSuccessor) this.#successor(start, end, at)
  }

  #successor(start: number, end: number, at: number): void {
    const form = successorForm(this.#bytes.subarray(start, end))
    if (form === 'ambiguous') {
      this.report(
        'ambiguous-encoding',
        at,
        'release lines 3.4 and 3.5 read these bytes differently',
      )
    }
    this.message(schemaOf(SUCCESSOR_MESSAGE[form === '3.4' ? '3.4' : '3.5']), start, end)
  }

  #text(field: IndexedField, start: number, end: number, at: number): void {
    const bytes = this.#bytes
    let plain = true
    for (let i = start; i < end && plain; i++) {
      const byte = bytes[i] ?? 0
      plain = byte >= 0x20 && byte < 0x7f
    }
    if (plain) return
    const text = decodeUtf8(bytes.subarray(start, end))
    if (text === undefined) this.report('invalid-utf8', at, `${field.name} is not UTF-8`)
    else if (isUnsafeText(text)) {
      const code = FREE_TEXT.has(field.fullName) ? 'escaped-text' : 'unsafe-text'
      this.report(code, at, `${field.name} holds characters that do not show as they are`)
    }
  }
}

/** Walks one message, or a wrapper and the message inside it. Nothing is thrown for any input. */
export function walkMessage(
  name: MessageName,
  bytes: Uint8Array,
  options: WalkOptions,
): WalkResult {
  return isSound(name, bytes, options.wrapped, options.maxDepth ?? MAX_DEPTH)
    ? SOUND
    : walkEveryByte(name, bytes, options)
}

const SOUND: WalkResult = { findings: [], unknownFields: [], canonical: true, fatal: false }

/** The same without the quick look at what is sound, and as slow for every message. */
export function walkEveryByte(
  name: MessageName,
  bytes: Uint8Array,
  options: WalkOptions,
): WalkResult {
  const walker = new Walker(bytes, options)
  let fatal = false
  try {
    if (options.wrapped) walker.wrapper(schemaOf(name), 0, bytes.length)
    else walker.message(schemaOf(name), 0, bytes.length)
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    fatal = true
  }
  const { findings, unknownFields, canonical } = walker
  return { findings, unknownFields, canonical: canonical && !fatal, fatal }
}
