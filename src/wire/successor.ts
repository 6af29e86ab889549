/**
 * SequencerConnectionSuccessor: two release lines gave one oneof member two encodings
 * (docs/protocol/wire.md section 7). Only content tells them apart, and only if it is clear.
 */
import { decodeUtf8 } from '../base/bytes.ts'
import { isUnsafeText } from '../base/text.ts'
import { decodeMessage } from './codec.ts'
import type {
  LsuSequencerConnectionSuccessor,
  SequencerConnectionSuccessor,
} from './generated/schema.ts'
import type { MessageName } from './schema.ts'
import { WireFault, WireReader, WireType } from './reader.ts'

export type SuccessorForm = '3.5' | '3.4' | 'ambiguous'

/** The message each form is read as. */
export const SUCCESSOR_MESSAGE: Readonly<Record<'3.5' | '3.4', MessageName>> = {
  '3.5': 'LsuSequencerConnectionSuccessor',
  '3.4': 'SequencerConnectionSuccessor',
}

/** The length-delimited fields of a message by number, or `undefined` if it is not one. */
function lengthDelimitedFields(bytes: Uint8Array): ReadonlyMap<number, Uint8Array[]> | undefined {
  const fields = new Map<number, Uint8Array[]>()
  const reader = new WireReader(bytes)
  try {
    while (reader.position < reader.end) {
      reader.readVarint()
      const field = reader.number >>> 3
      if ((reader.low & 7) !== WireType.len || field === 0) return undefined
      const start = reader.readLength()
      const content = bytes.subarray(start, reader.position)
      const entries = fields.get(field)
      if (entries === undefined) fields.set(field, [content])
      else entries.push(content)
    }
  } catch (error) {
    if (error instanceof WireFault) return undefined
    throw error
  }
  return fields
}

const isPlainText = (bytes: Uint8Array): boolean => {
  const text = decodeUtf8(bytes)
  return text !== undefined && !isUnsafeText(text)
}

/**
 * The form of an encoded SequencerConnectionSuccessor. Line 3.5 names a physical synchronizer
 * (three parts) and lists endpoints as text; line 3.4 names a logical one (two parts) and nests
 * the endpoints one level deeper. Identifier and connection have to agree.
 */
export function successorForm(bytes: Uint8Array): SuccessorForm {
  const fields = lengthDelimitedFields(bytes)
  const identifier = decodeUtf8(fields?.get(2)?.at(-1) ?? new Uint8Array())
  const parts = identifier?.split('::').length
  const connection = fields?.get(3)?.at(-1)
  if (connection === undefined) return 'ambiguous'
  const connectionFields = lengthDelimitedFields(connection)
  if (connectionFields === undefined) return 'ambiguous'
  const entries = connectionFields.get(1) ?? []
  const asText = entries.every(isPlainText)
  const [only] = entries
  const nested = only === undefined ? undefined : lengthDelimitedFields(only)
  const asMessage =
    entries.length === 1 && nested !== undefined && [...nested.keys()].every((n) => n <= 2)
  if (parts === 3 && asText && !(asMessage && only?.length === 0)) return '3.5'
  if (parts === 2 && asMessage && !asText && !connectionFields.has(2)) return '3.4'
  return 'ambiguous'
}

/** A successor mapping as the value of the form that its content has. */
export type SuccessorReading =
  | { readonly form: '3.5'; readonly value: LsuSequencerConnectionSuccessor }
  | { readonly form: '3.4'; readonly value: SequencerConnectionSuccessor }
  | { readonly form: 'ambiguous' }

/** @param bytes content of the oneof member, walked without a fatal finding */
export function readSuccessor(bytes: Uint8Array): SuccessorReading {
  const form = successorForm(bytes)
  switch (form) {
    case '3.5':
      return { form, value: decodeMessage('LsuSequencerConnectionSuccessor', bytes) }
    case '3.4':
      return { form, value: decodeMessage('SequencerConnectionSuccessor', bytes) }
    case 'ambiguous':
      return { form }
  }
}
