/** Daml values as they are hashed (docs/protocol/prepared-transactions.md section 3.2). */
import { unreachable } from '../base/errors.ts'
import type { RecordField, Value } from '../wire/generated/schema.ts'
import type { Preimage } from './preimage.ts'

/** What is still to be written: a value, or what stands between values. */
type Pending = { readonly value: Value | undefined } | { readonly write: () => void }

/** Pushes in reverse, so that the first is written first. */
function pushAll(stack: Pending[], parts: readonly Pending[]): void {
  for (let i = parts.length - 1; i >= 0; i--) {
    const part = parts[i]
    if (part !== undefined) stack.push(part)
  }
}

/**
 * Writes tag and content of a value and of everything in it. An explicit stack: no depth of nesting
 * can exhaust the call stack.
 * @param value without the defects that leave a hash open (`HASH_OBSTACLES` in hash.ts)
 */
export function encodeValue(preimage: Preimage, value: Value | undefined): void {
  const stack: Pending[] = [{ value }]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if ('write' in next) next.write()
    else encodeOne(preimage, next.value, stack)
  }
}

function encodeOne(preimage: Preimage, value: Value | undefined, stack: Pending[]): void {
  const sum = value?.sum
  if (sum === undefined) throw new Error('a value without content reached the encoder')
  switch (sum.$case) {
    case 'unit':
      preimage.byte(0x00)
      return
    case 'bool':
      preimage.byte(0x01)
      preimage.bool(sum.value)
      return
    case 'int64':
      preimage.byte(0x02)
      preimage.int64(sum.value)
      return
    case 'numeric':
      preimage.byte(0x03)
      preimage.text(sum.value)
      return
    case 'timestamp':
      preimage.byte(0x04)
      preimage.int64(sum.value)
      return
    case 'date':
      preimage.byte(0x05)
      preimage.int32(sum.value)
      return
    case 'party':
      preimage.byte(0x06)
      preimage.text(sum.value)
      return
    case 'text':
      preimage.byte(0x07)
      preimage.text(sum.value)
      return
    case 'contractId':
      preimage.byte(0x08)
      preimage.contractId(sum.value)
      return
    case 'optional':
      preimage.byte(0x09)
      preimage.optional(sum.value.value, (inner) => stack.push({ value: inner }))
      return
    case 'list':
      preimage.byte(0x0a)
      preimage.int32(sum.value.elements.length)
      pushAll(
        stack,
        sum.value.elements.map((element) => ({ value: element })),
      )
      return
    case 'textMap':
      preimage.byte(0x0b)
      preimage.int32(sum.value.entries.length)
      pushAll(
        stack,
        sum.value.entries.flatMap((entry) => [
          {
            write: () => {
              preimage.text(entry.key)
            },
          },
          { value: entry.value },
        ]),
      )
      return
    case 'record':
      preimage.byte(0x0c)
      preimage.optional(sum.value.recordId, (id) => {
        preimage.identifier(id)
      })
      preimage.int32(sum.value.fields.length)
      pushAll(
        stack,
        sum.value.fields.flatMap((field: RecordField) => [
          {
            write: () => {
              preimage.optional(field.label, (label) => {
                preimage.text(label)
              })
            },
          },
          { value: field.value },
        ]),
      )
      return
    case 'variant':
      preimage.byte(0x0d)
      preimage.optional(sum.value.variantId, (id) => {
        preimage.identifier(id)
      })
      preimage.text(sum.value.constructor)
      stack.push({ value: sum.value.value })
      return
    case 'enum':
      preimage.byte(0x0e)
      preimage.optional(sum.value.enumId, (id) => {
        preimage.identifier(id)
      })
      preimage.text(sum.value.constructor)
      return
    case 'genMap':
      preimage.byte(0x0f)
      preimage.int32(sum.value.entries.length)
      pushAll(
        stack,
        sum.value.entries.flatMap((entry) => [{ value: entry.key }, { value: entry.value }]),
      )
      return
    default:
      unreachable(sum)
  }
}
