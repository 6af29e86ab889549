/** Daml values as lines to read. */
import { toHex, utf8Bytes } from '../base/bytes.ts'
import { unreachable } from '../base/errors.ts'
import { sha256 } from '../crypto/hash.ts'
import { ledgerDateText, ledgerTimeText } from '../daml/times.ts'
import type { Identifier, Value } from '../wire/generated/schema.ts'
import type { Names } from './daml-names.ts'
import { quoteText } from './quote.ts'
import { counted } from './words.ts'

/** One line; `depth` 0 is the value itself. Holds text as it was received: a presenter escapes it. */
export interface ValueLine {
  readonly depth: number
  readonly label: string
  readonly text: string
}

/** Texts longer than this are cut, with their length and hash. */
const MAX_TEXT = 200

/** A text always in quotation marks, so that `"none"` and `none` are two things. */
function textWords(text: string): string {
  const quoted = (part: string): string => `"${part.replaceAll('"', '""')}"`
  if (text.length <= MAX_TEXT) return quoted(text)
  const hash = toHex(sha256(utf8Bytes(text)))
  const head = text.slice(0, MAX_TEXT).replace(/[\uD800-\uDBFF]$/, '')
  return `${quoted(head)}… (${text.length} characters in all, SHA-256 ${hash})`
}

/** `Module:Entity`; the package is told apart from it. */
export function typeWords(id: Identifier | undefined): string {
  return id === undefined ? 'a type without name' : quoteText(`${id.moduleName}:${id.entityName}`)
}

interface Pending {
  readonly value: Value | undefined
  readonly label: string
  readonly depth: number
  /** `some `, as often as the value is wrapped. */
  readonly prefix: string
}

type Sum = NonNullable<Value['sum']>

/** The text of a value that holds no others, otherwise `undefined`. */
function scalarWords(sum: Sum, names: Names): string | undefined {
  switch (sum.$case) {
    case 'unit':
      return 'unit'
    case 'bool':
      return sum.value ? 'true' : 'false'
    case 'int64':
      return String(sum.value)
    case 'date':
      return ledgerDateText(sum.value)
    case 'timestamp':
      return ledgerTimeText(sum.value)
    case 'numeric':
      return /^-?[0-9.]+$/.test(sum.value) ? sum.value : quoteText(sum.value)
    case 'party':
      return `party ${names.party(sum.value)}`
    case 'text':
      return textWords(sum.value)
    case 'contractId':
      return `contract ${names.contract(sum.value)}`
    case 'enum':
      return `${quoteText(sum.value.constructor)} (${typeWords(sum.value.enumId)})`
    case 'optional':
      return sum.value.value === undefined ? 'none' : undefined
    case 'list':
    case 'textMap':
    case 'genMap':
    case 'record':
    case 'variant':
      return undefined
    default:
      return unreachable(sum)
  }
}

/** The lines of a value and of everything in it; an explicit stack, so that depth costs no call stack. */
export function valueLines(
  value: Value | undefined,
  label: string,
  names: Names,
): readonly ValueLine[] {
  const lines: ValueLine[] = []
  const stack: Pending[] = [{ value, label, depth: 0, prefix: '' }]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { depth, prefix } = next
    const sum = next.value?.sum
    const push = (text: string): void => {
      lines.push({ depth, label: next.label, text: `${prefix}${text}` })
    }
    if (sum === undefined) push('missing')
    else if (sum.$case === 'optional' && sum.value.value !== undefined) {
      stack.push({ ...next, value: sum.value.value, prefix: `${prefix}some ` })
    } else {
      push(scalarWords(sum, names) ?? compositeWords(sum))
      stack.push(...membersOf(sum, depth + 1, names).toReversed())
    }
  }
  return lines
}

function compositeWords(sum: Sum): string {
  switch (sum.$case) {
    case 'list':
      return `list of ${counted(sum.value.elements.length, 'element')}`
    case 'textMap':
    case 'genMap': {
      const count = sum.value.entries.length
      return `map of ${count === 1 ? '1 entry' : `${count} entries`}`
    }
    case 'record':
      return `record ${typeWords(sum.value.recordId)}`
    case 'variant':
      return `variant ${quoteText(sum.value.constructor)} of ${typeWords(sum.value.variantId)}`
    default:
      throw new Error(`${sum.$case} is no composite value`)
  }
}

function membersOf(sum: Sum, depth: number, names: Names): readonly Pending[] {
  const member = (label: string, value: Value | undefined): Pending => ({
    value,
    label,
    depth,
    prefix: '',
  })
  switch (sum.$case) {
    case 'list':
      return sum.value.elements.map((element, i) => member(`[${i}]`, element))
    case 'textMap':
      return sum.value.entries.map((entry) => member(textWords(entry.key), entry.value))
    case 'genMap':
      return sum.value.entries.flatMap((entry, i) => {
        const key = entry.key?.sum === undefined ? undefined : scalarWords(entry.key.sum, names)
        if (key !== undefined) return [member(key, entry.value)]
        return [member(`key ${i}`, entry.key), member(`value ${i}`, entry.value)]
      })
    case 'record':
      return sum.value.fields.map((field) => member(quoteText(field.label), field.value))
    case 'variant':
      return sum.value.value?.sum?.$case === 'unit' ? [] : [member('value', sum.value.value)]
    default:
      return []
  }
}
