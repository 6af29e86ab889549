/**
 * Every field of a message as labelled text, driven by the schema, so that nothing is left out:
 * also what is at its default and what is absent.
 */
import { toBase64 } from '../base/bytes.ts'
import { encryptionKeyFingerprint } from '../topology/signing-key.ts'
import type { FieldSchema } from '../wire/field-schema.ts'
import type {
  EncryptionPublicKey,
  MessageTypes,
  SigningPublicKey,
} from '../wire/generated/schema.ts'
import { enumName, schemaOf, type MessageName } from '../wire/schema.ts'
import { readSuccessor, SUCCESSOR_MESSAGE } from '../wire/successor.ts'
import { timeText, type TimeValue } from '../wire/time-text.ts'
import type { ExplainContext } from './context.ts'
import { quoteText } from './quote.ts'

export type Detail =
  | { readonly label: string; readonly value: string }
  | { readonly label: string; readonly children: readonly Detail[] }

type PlainObject = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const NO_FINGERPRINT = 'none: the bytes are no key that this tool knows'

export function bytesWords(bytes: Uint8Array): string {
  return bytes.length === 0 ? 'no bytes' : `${toBase64(bytes)} (base64, ${bytes.length} bytes)`
}

/** The name of an enum value without prefix, or the number nobody knows. */
export function enumWords(type: string, value: number): string {
  return enumName(type, value) ?? `unknown ${value}`
}

/** A time as RFC 3339 or a duration in seconds; its two numbers where it has no text form. */
export function timeWords(message: 'Timestamp' | 'Duration', value: TimeValue): string {
  const numbers = `${value.seconds} seconds and ${value.nanos} nanoseconds, out of range`
  return timeText(message, value) ?? numbers
}

/** Microseconds since the epoch as RFC 3339, as long as there is such a text. */
export function microsecondsWords(micros: bigint): string {
  const part = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  const time = { seconds: (micros - part) / 1_000_000n, nanos: Number(part) * 1000 }
  return `${timeText('Timestamp', time) ?? 'out of range'} (${micros} microseconds)`
}

/** A deprecated field says nothing of the transaction: `is root delegation: no` stands in every root. */
const labelOf = (field: FieldSchema): string =>
  `${field.name.replaceAll('_', ' ')}${field.deprecated ? ' (deprecated)' : ''}`

function scalarWords(field: FieldSchema, value: unknown): string {
  switch (field.type) {
    case 'string':
      return quoteText(String(value))
    case 'bytes':
      return bytesWords(value instanceof Uint8Array ? value : new Uint8Array())
    case 'bool':
      return value === true ? 'yes' : 'no'
    case 'enum':
      return enumWords(field.ref ?? '', Number(value))
    default:
      return field.name === 'login_after' ? microsecondsWords(BigInt(String(value))) : String(value)
  }
}

/** A message as the value of a label: its fields, or one word if it has none. */
function messageDetail(
  label: string,
  name: string,
  value: PlainObject,
  context: ExplainContext,
): Detail {
  if (name === 'Timestamp' || name === 'Duration') {
    return { label, value: timeWords(name, value as unknown as TimeValue) } // its two fields
  }
  const children = fieldDetails(name, value, context)
  return children.length === 0 ? { label, value: 'present' } : { label, children }
}

function itemDetail(
  label: string,
  message: string,
  field: FieldSchema,
  value: unknown,
  context: ExplainContext,
): Detail {
  if (field.type === 'message') {
    return messageDetail(label, field.ref ?? '', isObject(value) ? value : {}, context)
  }
  if (
    message === 'TopologyMapping' &&
    field.name === 'sequencer_connection_successor' &&
    value instanceof Uint8Array
  ) {
    return { label, children: successorDetails(value, context) }
  }
  return { label, value: scalarWords(field, value) }
}

/** The fields of a successor in the form its content has; its bytes if that is not clear. */
export function successorDetails(bytes: Uint8Array, context: ExplainContext): readonly Detail[] {
  const reading = readSuccessor(bytes)
  if (reading.form === 'ambiguous') return [{ label: 'content', value: bytesWords(bytes) }]
  const fields = fieldDetails(SUCCESSOR_MESSAGE[reading.form], { ...reading.value }, context)
  return [{ label: 'form', value: `release line ${reading.form}` }, ...fields]
}

function repeatedDetail(
  message: string,
  field: FieldSchema,
  items: readonly unknown[],
  context: ExplainContext,
): Detail {
  const label = labelOf(field)
  if (field.name === 'usage' && items.length === 0) {
    return { label, value: 'none listed, which means every usage' }
  }
  if (items.length === 0) return { label, value: 'none' }
  if (field.type === 'enum') {
    return { label, value: items.map((item) => scalarWords(field, item)).join(', ') }
  }
  const children = items.map((item, i) => itemDetail(String(i + 1), message, field, item, context))
  return { label: `${label} (${items.length})`, children }
}

function computedDetails(
  name: string,
  value: PlainObject,
  context: ExplainContext,
): readonly Detail[] {
  if (name === 'SigningPublicKey') {
    const key = value as unknown as SigningPublicKey // the schema says so
    return [{ label: 'fingerprint', value: context.fingerprintOf(key) ?? NO_FINGERPRINT }]
  }
  if (name === 'EncryptionPublicKey') {
    const key = value as unknown as EncryptionPublicKey // the schema says so
    return [{ label: 'fingerprint', value: encryptionKeyFingerprint(key) ?? NO_FINGERPRINT }]
  }
  return []
}

function fieldDetails(
  name: string,
  value: PlainObject,
  context: ExplainContext,
): readonly Detail[] {
  const details: Detail[] = [...computedDetails(name, value, context)]
  const seenOneofs = new Set<string>()
  for (const field of schemaOf(name).schema.fields) {
    if (field.oneof !== undefined) {
      const chosen = value[field.oneof]
      if (isObject(chosen) && chosen['$case'] === field.json) {
        details.push(itemDetail(labelOf(field), name, field, chosen['value'], context))
      } else if (chosen === undefined && !seenOneofs.has(field.oneof)) {
        details.push({ label: field.oneof.replaceAll('_', ' '), value: 'absent' })
      }
      seenOneofs.add(field.oneof)
      continue
    }
    const own = value[field.json]
    if (field.repeated) {
      const items: readonly unknown[] = Array.isArray(own) ? own : []
      details.push(repeatedDetail(name, field, items, context))
    } else if (own === undefined) {
      details.push({ label: labelOf(field), value: 'absent' })
    } else {
      details.push(itemDetail(labelOf(field), name, field, own, context))
    }
  }
  return details
}

/** Every field of the message, in the order of the schema, with the fingerprints of its keys. */
export function messageDetails<Name extends MessageName>(
  name: Name,
  value: MessageTypes[Name],
  context: ExplainContext,
): readonly Detail[] {
  return fieldDetails(name, value as unknown as PlainObject, context) // a plain object
}
