/** The inverse of reading: a transaction as the spec that would build it. */
import { stringify } from 'yaml'
import { toBase64 } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { mappingRow, type KnownMapping } from '../../src/topology/mapping.ts'
import { readSigningPublicKey } from '../../src/topology/signing-key.ts'
import type { FieldSchema } from '../../src/wire/field-schema.ts'
import type { NamespaceDelegation, SigningPublicKey } from '../../src/wire/generated/schema.ts'
import { schemaOf } from '../../src/wire/schema.ts'
import { readSuccessor, SUCCESSOR_MESSAGE } from '../../src/wire/successor.ts'
import { timeText, type TimeValue } from '../../src/wire/time-text.ts'
import { differencesOfValues } from '../../src/build/compare.ts'
import { enumText, mappingCodeText, mappingName, operationText } from '../../src/build/names.ts'
import type { TransactionDraft } from '../../src/build/rules.ts'
import { openSpec, readSpec, RESTRICTIONS } from '../../src/build/spec.ts'
import { isMarker, isWritable, spellings } from '../../src/build/spec-fields.ts'

/** Maps, lists, text, numbers and flags, as YAML or JSON writes them. */
export type SpecValue =
  string | number | bigint | boolean | readonly SpecValue[] | { readonly [name: string]: SpecValue }

type Message = Readonly<Record<string, unknown>>

const isMessage = (value: unknown): value is Message =>
  typeof value === 'object' && value !== null && !(value instanceof Uint8Array)

const inexpressible = (what: string): Error => new Error(`no spec can say ${what}`)

/**
 * The spec of transactions, keys as base64 with their fingerprint beside them.
 * @throws Error for content that would not read back to the same transaction: legacy key forms,
 * deprecated fields, unknown enum values
 */
export function specOf(transactions: readonly TransactionDraft[]): {
  readonly [name: string]: SpecValue
} {
  const entries = transactions.map(({ operation, serial, mapping }) => ({
    operation: operationText(operation),
    serial,
    [mappingName(mapping.$case)]: mappingValue(mapping),
  }))
  const spec = { transactions: entries }
  assertSame(transactions, spec)
  return spec
}

/** The same as YAML text. @throws what `specOf` throws */
export function specText(transactions: readonly TransactionDraft[]): string {
  return yamlText(specOf(transactions))
}

function yamlText(spec: SpecValue): string {
  return stringify(spec, { lineWidth: 0, blockQuote: false, aliasDuplicateObjects: false })
}

/** Reading decides what a spec can say, so that this file cannot disagree with it. */
function assertSame(transactions: readonly TransactionDraft[], spec: SpecValue): void {
  const read = ((): ReturnType<typeof readSpec> => {
    try {
      return readSpec(openSpec(yamlText(spec), 'the spec'), new Map())
    } catch (error) {
      if (!(error instanceof CantosignError)) throw error
      throw inexpressible(`what a transaction holds (${error.message})`)
    }
  })()
  transactions.forEach((transaction, i) => {
    const back = read.transactions[i]
    if (back === undefined) throw new Error('a spec lost a transaction')
    const [difference] = differencesOfValues(transaction, { ...back, serial: back.serial ?? 0 })
    if (difference !== undefined) {
      throw inexpressible(`${difference.expected} at ${difference.path}`)
    }
  })
}

function mappingValue(mapping: KnownMapping): SpecValue {
  if (mapping.$case !== 'sequencerConnectionSuccessor') {
    return messageValue(mappingRow(mapping.$case).type, mapping.value)
  }
  const successor = readSuccessor(mapping.value)
  if (successor.form === 'ambiguous') throw inexpressible('a successor in two forms at once')
  return messageValue(SUCCESSOR_MESSAGE[successor.form], successor.value)
}

function messageValue(name: string, value: unknown): SpecValue {
  if (!isMessage(value)) throw new Error(`a ${name} to write is no message`)
  if (name === 'SigningPublicKey') {
    return keyValue(value as unknown as SigningPublicKey) // by the schema of the field
  }
  if (name === 'EncryptionPublicKey') {
    return { publicKey: toBase64(value['publicKey'] as Uint8Array) } // by the schema
  }
  const result: Record<string, SpecValue> = {}
  for (const field of schemaOf(name).schema.fields) {
    if (field.oneof === 'restriction') continue
    if (!isWritable(field)) continue
    const [spelling] = spellings(name, field)
    if (field.oneof !== undefined) {
      const own = value[field.oneof]
      if (isMessage(own) && own['$case'] === field.json) {
        result[spelling] = fieldValue(field, own['value'])
      }
      continue
    }
    const own = value[field.json]
    if (own === undefined) continue
    if (field.repeated) {
      result[spelling] = (own as readonly unknown[]).map((item) => fieldValue(field, item))
    } else result[spelling] = fieldValue(field, own)
  }
  if (name === 'NamespaceDelegation') {
    result['restriction'] = restrictionValue(
      value['restriction'] as NamespaceDelegation['restriction'],
    ) // by the schema
  }
  return result
}

function restrictionValue(restriction: NamespaceDelegation['restriction']): SpecValue {
  if (restriction === undefined) throw inexpressible('a delegation without a restriction')
  if (restriction.$case === 'canSignSpecificMapings') {
    return restriction.value.mappings.map(mappingCodeText)
  }
  const word = [...RESTRICTIONS].find(([, one]) => one.$case === restriction.$case)
  return word?.[0] ?? ''
}

function keyValue(key: SigningPublicKey): SpecValue {
  const { fingerprint } = readSigningPublicKey(key)
  return {
    publicKey: toBase64(key.publicKey),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    usage: key.usage.map((usage) => enumText('SigningKeyUsage', usage)),
  }
}

function fieldValue(field: FieldSchema, value: unknown): SpecValue {
  if (value instanceof Uint8Array) return toBase64(value)
  switch (typeof value) {
    case 'number':
      return field.type === 'enum' ? enumText(field.ref ?? '', value) : value
    case 'string':
    case 'boolean':
    case 'bigint':
      return value
    default:
      break
  }
  if (isMarker(field)) return true
  if (field.ref === 'Timestamp' || field.ref === 'Duration') {
    const text = timeText(field.ref, value as TimeValue) // by the schema
    if (text === undefined) throw inexpressible(`a ${field.ref} out of range`)
    return text
  }
  return messageValue(field.ref ?? '', value)
}
