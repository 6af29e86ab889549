/** A spec: topology transactions in Canton's field names, written by people (docs/spec.md). */
import { parseBase64 } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import { escapeText } from '../base/text.ts'
import { isFingerprint, type Fingerprint } from '../ident/fingerprint.ts'
import { mappingRow, type KnownMapping } from '../topology/mapping.ts'
import { MAX_SERIAL } from '../topology/transaction.ts'
import { encodeMessage } from '../wire/codec.ts'
import type { FieldSchema } from '../wire/field-schema.ts'
import type {
  EncryptionPublicKey,
  NamespaceDelegation,
  SigningPublicKey,
} from '../wire/generated/schema.ts'
import { messageOf, schemaOf, type MessageName } from '../wire/schema.ts'
import { SUCCESSOR_MESSAGE } from '../wire/successor.ts'
import { parseTimeText } from '../wire/time-text.ts'
import {
  fieldError,
  readChoice,
  readFields,
  readFlag,
  readInteger,
  readItems,
  readText,
  type Field,
  type Fields,
} from './fields.ts'
import { encryptionKeyFromSpki, signingKeyFromSpki, signingPublicKey } from './keys.ts'
import { ADD_REPLACE, enumChoices, MAPPING_CODES, MAPPINGS, OPERATIONS } from './names.ts'
import { isMarker, isRequired, isWritable, spellings, textRule } from './spec-fields.ts'
import { readYaml, type YamlNode } from './yaml.ts'

/** One transaction of a spec, with its keys resolved. */
export interface SpecTransaction {
  /** TopologyChangeOp: 1 replace, 2 remove. */
  readonly operation: number
  /** `undefined` where the spec leaves it out: 1, or what follows the previous transaction. */
  readonly serial: number | undefined
  readonly mapping: KnownMapping
}

export interface Spec {
  readonly transactions: readonly SpecTransaction[]
}

/** DER SubjectPublicKeyInfo by the path that stands behind `file:` in the spec. */
export type KeyFiles = ReadonlyMap<string, Uint8Array>

const FILE = 'file:'
const UINT32_MAX = 4_294_967_295n
const INT32_MAX = 2_147_483_647n
const INT64_MAX = 9_223_372_036_854_775_807n
const UINT64_MAX = 18_446_744_073_709_551_615n

/** How each kind of whole number is bounded; no field of a mapping has a use for a negative one. */
const LARGEST: Readonly<Record<string, bigint>> = {
  int32: INT32_MAX,
  uint32: UINT32_MAX,
  int64: INT64_MAX,
  uint64: UINT64_MAX,
}

/**
 * Reads the YAML of a spec; what it says is not judged yet.
 * @param what names the file in errors
 * @throws CantosignError `yaml-invalid`, `limit-exceeded`
 */
export function openSpec(text: string, what: string): Field {
  const source = {
    what,
    code: 'spec-invalid',
    hint: 'see docs/spec.md for what a spec holds',
  } as const
  return { source, path: '', node: readYaml(text, what) }
}

/** The paths behind every `publicKey: file:…`, each once, as they stand in the spec. */
export function keyFilesOf(spec: Field): readonly string[] {
  const paths = new Set<string>()
  const visit = (node: YamlNode): void => {
    switch (node.$case) {
      case 'scalar':
        return
      case 'list':
        node.items.forEach(visit)
        return
      case 'map':
        for (const { key, value } of node.entries) {
          const isFile =
            key === 'publicKey' && value.$case === 'scalar' && value.text.startsWith(FILE)
          if (isFile) paths.add(value.text.slice(FILE.length))
          visit(value)
        }
    }
  }
  visit(spec.node)
  return [...paths]
}

/**
 * Reads a spec.
 * @param keyFiles the key of every path that `keyFilesOf` names
 * @throws CantosignError `spec-invalid`, `spec-key`, both with line and column
 */
export function readSpec(spec: Field, keyFiles: KeyFiles): Spec {
  return readFields(spec, (fields) => {
    const list = fields.required('transactions')
    const transactions = readItems(list).map((item) => readTransaction(item, keyFiles))
    if (transactions.length === 0) throw fieldError(list, 'a spec has at least one transaction')
    return { transactions }
  })
}

function readTransaction(item: Field, keyFiles: KeyFiles): SpecTransaction {
  return readFields(item, (fields) => {
    const operation = fields.optional('operation')
    const serial = fields.optional('serial')
    const named = fields.names().filter((name) => name !== 'operation' && name !== 'serial')
    const [name, second] = named
    if (name === undefined) throw fieldError(item, 'it names no mapping')
    const $case = MAPPINGS.get(name)
    if ($case === undefined) {
      const names = [...MAPPINGS.keys()].join(', ')
      throw fieldError(item, `${escapeText(name)} is no mapping that can be built: ${names}`)
    }
    if (second !== undefined) {
      throw fieldError(
        item,
        `it names ${name} and ${escapeText(second)}; a transaction has one mapping`,
      )
    }
    return {
      operation: operation === undefined ? ADD_REPLACE : readChoice(operation, OPERATIONS),
      serial:
        serial === undefined ? undefined : Number(readInteger(serial, 1n, BigInt(MAX_SERIAL))),
      mapping: readMapping($case, fields.required(name), keyFiles),
    }
  })
}

function readMapping($case: KnownMapping['$case'], field: Field, keyFiles: KeyFiles): KnownMapping {
  if ($case === 'sequencerConnectionSuccessor') {
    return { $case, value: readSuccessorField(field, keyFiles) }
  }
  const value = readMessage(mappingRow($case).type, field, keyFiles)
  return { $case, value } as unknown as KnownMapping // readMessage follows the schema of the type
}

/** Release line 3.4 named the logical synchronizer, 3.5 names the physical one. */
function readSuccessorField(field: Field, keyFiles: KeyFiles): Uint8Array {
  const { node } = field
  const old = node.$case === 'map' && node.entries.some(({ key }) => key === 'synchronizerId')
  const name = SUCCESSOR_MESSAGE[old ? '3.4' : '3.5']
  return encodeMessage(name, readMessage(name, field, keyFiles) as never) // as in readMapping
}

function readMessage(name: string, field: Field, keyFiles: KeyFiles): unknown {
  switch (name) {
    case 'SigningPublicKey':
      return readSigningKey(field, keyFiles)
    case 'EncryptionPublicKey':
      return readEncryptionKey(field, keyFiles)
    case 'Timestamp':
    case 'Duration':
      return readTime(name, field)
    default:
      return readFields(field, (fields) => readMembers(name as MessageName, fields, keyFiles))
  }
}

function readMembers(
  name: MessageName,
  fields: Fields,
  keyFiles: KeyFiles,
): Readonly<Record<string, unknown>> {
  const { schema } = schemaOf(name)
  const result: Record<string, unknown> = {}
  if (name === 'NamespaceDelegation') {
    result['isRootDelegation'] = false
    result['restriction'] = readRestriction(fields.required('restriction'))
  }
  for (const member of schema.fields) {
    if (member.oneof === 'restriction' || !isWritable(member)) continue
    const names = spellings(name, member)
    if (member.oneof !== undefined) {
      const given = fields.optional(...names)
      const chosen = result[member.oneof]
      if (given !== undefined && chosen !== undefined) {
        throw fieldError(given, 'another form of the same field is given already')
      }
      result[member.oneof] =
        given === undefined
          ? chosen
          : { $case: member.json, value: readMember(member, given, keyFiles) }
      continue
    }
    const given = isRequired(member) ? fields.required(...names) : fields.optional(...names)
    result[member.json] = given === undefined ? absent(member) : readOne(member, given, keyFiles)
  }
  const oneof = schema.fields.find((one) => one.oneof !== undefined)?.oneof
  if (oneof !== undefined && result[oneof] === undefined) {
    const forms = schema.fields.map(({ json }) => json).join(' or ')
    throw fieldError(fields.field, `it needs ${forms}`)
  }
  return result
}

function absent(member: FieldSchema): unknown {
  if (member.repeated) return []
  return member.presence ? undefined : false // only flags may be left out among plain fields
}

function readOne(member: FieldSchema, field: Field, keyFiles: KeyFiles): unknown {
  if (!member.repeated) return readMember(member, field, keyFiles)
  const items = readItems(field)
  if (member.type !== 'enum') return items.map((item) => readMember(member, item, keyFiles))
  // As Canton writes them: ascending.
  const numbers = items.map((item) => readMember(member, item, keyFiles) as number)
  return numbers.sort((a, b) => a - b)
}

function readMember(member: FieldSchema, field: Field, keyFiles: KeyFiles): unknown {
  switch (member.type) {
    case 'string': {
      const text = readText(field)
      const problem = textRule(member)(text)
      if (problem !== undefined) throw fieldError(field, problem)
      return text
    }
    case 'bytes':
      return readBase64(field)
    case 'bool':
      return readFlag(field)
    case 'enum':
      return readChoice(field, enumChoices(member.ref ?? ''))
    case 'message':
      if (isMarker(member)) return readFlag(field) ? {} : undefined
      return readMessage(messageOf(member) ?? '', field, keyFiles)
    case 'int32':
    case 'uint32':
      return Number(readInteger(field, 0n, LARGEST[member.type] ?? 0n))
    case 'int64':
    case 'uint64':
    case 'sint64':
    case 'sfixed64':
      return readInteger(field, 0n, LARGEST[member.type] ?? INT64_MAX)
  }
}

function readTime(name: 'Timestamp' | 'Duration', field: Field): unknown {
  const value = parseTimeText(name, readText(field))
  if (value !== undefined) return value
  throw fieldError(
    field,
    name === 'Timestamp'
      ? 'a time like 2026-01-31T12:00:00Z is expected here'
      : 'a duration like 30s or 1.500s is expected here',
  )
}

function readBase64(field: Field): Uint8Array {
  try {
    return parseBase64(readText(field))
  } catch (error) {
    if (!(error instanceof CantosignError) || error.code !== 'bad-base64') throw error
    throw fieldError(field, 'canonical base64 with padding is expected here')
  }
}

function readRestriction(field: Field): NamespaceDelegation['restriction'] {
  if (field.node.$case === 'list') {
    const codes = readItems(field).map((item) => readChoice(item, MAPPING_CODES))
    if (codes.length === 0) throw fieldError(field, 'a list of mappings has at least one')
    if (new Set(codes).size !== codes.length) throw fieldError(field, 'a mapping is listed twice')
    const mappings = codes.sort((a, b) => a - b)
    return { $case: 'canSignSpecificMapings', value: { mappings } }
  }
  return readChoice(field, RESTRICTIONS)
}

/** The restrictions that are a word; the third kind is a list of mappings. */
export const RESTRICTIONS: ReadonlyMap<
  string,
  NonNullable<NamespaceDelegation['restriction']>
> = new Map([
  ['all', { $case: 'canSignAllMappings', value: {} }],
  ['all-but-namespace-delegations', { $case: 'canSignAllButNamespaceDelegations', value: {} }],
])

function keyError(field: Field, message: string): CantosignError {
  return fieldError({ ...field, source: { ...field.source, code: 'spec-key' } }, message)
}

/** The SPKI bytes of `publicKey`: from the file behind `file:`, or base64 as `key show` prints it. */
function readSpki(field: Field, keyFiles: KeyFiles): Uint8Array {
  const text = readText(field)
  if (!text.startsWith(FILE)) return readBase64(field)
  const spki = keyFiles.get(text.slice(FILE.length))
  if (spki === undefined) throw keyError(field, `the key file ${escapeText(text)} was not read`)
  return spki
}

function parseKey<T>(field: Field, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof CantosignError)) throw error
    throw keyError(field, error.message)
  }
}

function readSigningKey(field: Field, keyFiles: KeyFiles): SigningPublicKey {
  return readFields(field, (fields) => {
    const place = fields.required('publicKey')
    const spki = readSpki(place, keyFiles)
    const key = parseKey(place, () => signingKeyFromSpki(spki))
    checkFingerprint(fields.optional('fingerprint'), key.fingerprint)
    const usage = fields.required('usage')
    const usages = readItems(usage).map((item) => readChoice(item, enumChoices('SigningKeyUsage')))
    if (usages.length === 0) {
      throw fieldError(usage, 'an empty list would mean every usage: name those that are meant')
    }
    if (new Set(usages).size !== usages.length) throw fieldError(usage, 'a usage is listed twice')
    return signingPublicKey(key, usages)
  })
}

function checkFingerprint(field: Field | undefined, fingerprint: Fingerprint): void {
  if (field === undefined) return
  const text = readText(field)
  if (!isFingerprint(text)) {
    throw fieldError(field, 'a fingerprint has 68 lower-case hex characters beginning 1220')
  }
  if (text !== fingerprint)
    throw keyError(field, `the key beside it has the fingerprint ${fingerprint}`)
}

function readEncryptionKey(field: Field, keyFiles: KeyFiles): EncryptionPublicKey {
  return readFields(field, (fields) => {
    const place = fields.required('publicKey')
    const spki = readSpki(place, keyFiles)
    return parseKey(place, () => encryptionKeyFromSpki(spki))
  })
}
