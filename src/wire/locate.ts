/** Where in the bytes a path of field names lies: the offsets of findings about meaning. */
import type { FieldSchema, FieldType } from './field-schema.ts'
import { WireReader, WireType } from './reader.ts'
import { messageOf, schemaOf, wrappedContent, WRAPPER, type MessageName } from './schema.ts'
import { SUCCESSOR_MESSAGE, successorForm } from './successor.ts'

interface Place {
  readonly at: number
  readonly from: number
  readonly to: number
}

/** True if the codec reads a field of this type from this wire type; numbers may be packed. */
function isRead(type: FieldType, wireType: number): boolean {
  if (wireType === WireType.len) return true
  if (type === 'string' || type === 'bytes' || type === 'message') return false
  return wireType === (type === 'sfixed64' ? WireType.fixed64 : WireType.varint)
}

/**
 * The n-th occurrence of a field in one message, or the last where `nth` is undefined. One with a
 * wire type that does not fit is not counted: it has no value and nothing inside.
 */
function findField(
  bytes: Uint8Array,
  start: number,
  end: number,
  { number, type }: FieldSchema,
  nth: number | undefined,
): Place | undefined {
  const reader = new WireReader(bytes, start, end)
  let count = 0
  let found: Place | undefined
  while (reader.position < end) {
    const at = reader.position
    reader.readVarint()
    const field = Math.floor(reader.number / 8)
    const wireType = reader.low & 7
    let from = reader.position
    if (wireType === WireType.len) from = reader.readLength()
    else reader.skipValue(wireType)
    if (field !== number || !isRead(type, wireType)) continue
    found = { at, from, to: reader.position }
    if (count++ === nth) return found
  }
  return nth === undefined ? found : undefined
}

/**
 * The offset of the tag that begins the field at `path` (names as in findings), or, where the path
 * ends at a field that is missing, the first content byte of the message that lacks it. An empty
 * message lacks all of its fields: its place is where its content would begin.
 *
 * @param bytes a message that was walked without a fatal finding
 */
export function locateField(
  name: MessageName,
  bytes: Uint8Array,
  wrapped: boolean,
  path: string,
): number {
  let message: string = wrapped ? WRAPPER : name
  let content: MessageName | undefined = wrapped ? name : undefined
  let start = 0
  let end = bytes.length
  let at = 0
  let isMessage = true
  for (const segment of path.split('.')) {
    const [, fieldName = '', index] = /^([^[]*)(?:\[(\d+)\])?$/.exec(segment) ?? []
    const field = schemaOf(message).byName.get(fieldName)
    if (field === undefined) return start
    const packedOrSingular = index === undefined || field.type === 'enum'
    const place = findField(bytes, start, end, field, packedOrSingular ? undefined : Number(index))
    if (place === undefined) return start
    at = place.at
    start = place.from
    end = place.to
    const nested = messageOf(field)
    isMessage = nested !== undefined
    const inner = wrappedContent(message, field)
    if (message === WRAPPER && fieldName === 'data' && content !== undefined) {
      message = content
      content = undefined
    } else if (inner !== undefined) {
      message = WRAPPER
      content = inner
    } else if (fieldName === 'sequencer_connection_successor') {
      const form = successorForm(bytes.subarray(start, end))
      message = SUCCESSOR_MESSAGE[form === '3.4' ? '3.4' : '3.5']
    } else if (nested !== undefined) message = nested
  }
  return isMessage && start === end ? start : at
}
