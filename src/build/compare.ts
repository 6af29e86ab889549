/** Two transactions field by field, along the schema: whatever differs has a path. */
import { equalBytes, toBase64, toHex } from '../base/bytes.ts'
import { mappingRow, type KnownMapping } from '../topology/mapping.ts'
import { encryptionKeyFingerprint, readSigningPublicKey } from '../topology/signing-key.ts'
import type { FieldSchema } from '../wire/field-schema.ts'
import type { EncryptionPublicKey, SigningPublicKey } from '../wire/generated/schema.ts'
import { schemaOf } from '../wire/schema.ts'
import { readSuccessor, SUCCESSOR_MESSAGE } from '../wire/successor.ts'
import { timeText } from '../wire/time-text.ts'
import { enumText, mappingCodeText, mappingName, operationText } from './names.ts'
import type { TransactionDraft } from './rules.ts'
import { isMarker, isSet, spellings } from './spec-fields.ts'

/** One difference. Values are text from outside: escape them before they reach a terminal. */
export interface Difference {
  /** In the names of a spec, e.g. `partyToParticipant.participants[p::1220…].permission`. */
  readonly path: string
  readonly expected: string
  readonly found: string
}

const ABSENT = 'absent'

type Message = Readonly<Record<string, unknown>>

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array)
}

/**
 * Every difference of two transactions. The order of lists that are sets does not matter; how often
 * an element occurs does.
 */
export function differencesOfValues(
  expected: TransactionDraft,
  found: TransactionDraft,
): readonly Difference[] {
  const differences: Difference[] = []
  const name = mappingName(expected.mapping.$case)
  if (expected.operation !== found.operation) {
    differences.push({
      path: 'operation',
      expected: operationText(expected.operation),
      found: operationText(found.operation),
    })
  }
  if (expected.serial !== found.serial) {
    differences.push({
      path: 'serial',
      expected: String(expected.serial),
      found: String(found.serial),
    })
  }
  const other = mappingName(found.mapping.$case)
  if (name !== other) differences.push({ path: 'mapping', expected: name, found: other })
  else compareMappings(expected.mapping, found.mapping, name, differences)
  return differences
}

function compareMappings(
  expected: KnownMapping,
  found: KnownMapping,
  path: string,
  differences: Difference[],
): void {
  if (expected.$case !== 'sequencerConnectionSuccessor') {
    const { type } = mappingRow(expected.$case)
    compareMessages(type, expected.value, found.value, path, differences)
    return
  }
  if (found.$case !== 'sequencerConnectionSuccessor') return // the caller compared the names
  const [left, right] = [readSuccessor(expected.value), readSuccessor(found.value)]
  if (left.form === 'ambiguous' || right.form === 'ambiguous' || left.form !== right.form) {
    // Two forms have no fields in common that could be compared; ambiguous bytes have none at all.
    if (left.form !== right.form || !equalBytes(expected.value, found.value)) {
      const form = (one: typeof left): string => `the form of release line ${one.form}`
      differences.push({ path, expected: form(left), found: form(right) })
    }
    return
  }
  compareMessages(SUCCESSOR_MESSAGE[left.form], left.value, right.value, path, differences)
}

function compareMessages(
  name: string,
  expected: unknown,
  found: unknown,
  path: string,
  differences: Difference[],
): void {
  if (!isMessage(expected) || !isMessage(found)) {
    throw new Error(`a ${name} to compare is no message`)
  }
  const oneofs = new Set<string>()
  for (const field of schemaOf(name).schema.fields) {
    if (field.oneof !== undefined) {
      if (!oneofs.has(field.oneof)) {
        oneofs.add(field.oneof)
        compareOneof(name, field.oneof, expected, found, path, differences)
      }
      continue
    }
    const at = `${path}.${spellings(name, field)[0]}`
    compareField(field, expected[field.json], found[field.json], at, differences)
  }
}

function compareOneof(
  name: string,
  oneof: string,
  expected: Message,
  found: Message,
  path: string,
  differences: Difference[],
): void {
  const fields = schemaOf(name).schema.fields
  const chosen = (message: Message): { field: FieldSchema; value: unknown } | undefined => {
    const own = message[oneof]
    if (!isMessage(own)) return undefined
    const field = fields.find(({ json }) => json === own['$case'])
    return field === undefined ? undefined : { field, value: own['value'] }
  }
  const [left, right] = [chosen(expected), chosen(found)]
  const at = `${path}.${oneof}`
  if (left?.field.json !== right?.field.json) {
    differences.push({
      path: at,
      expected: left?.field.json ?? ABSENT,
      found: right?.field.json ?? ABSENT,
    })
    return
  }
  if (left === undefined || right === undefined) return
  compareField(left.field, left.value, right.value, `${path}.${left.field.json}`, differences)
}

function compareField(
  field: FieldSchema,
  expected: unknown,
  found: unknown,
  path: string,
  differences: Difference[],
): void {
  if (field.repeated) {
    const [left, right] = [listOf(expected), listOf(found)]
    if (isSet(field)) compareSets(field, left, right, path, differences)
    else compareLists(field, left, right, path, differences)
    return
  }
  compareOne(field, expected, found, path, differences)
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

function compareLists(
  field: FieldSchema,
  expected: readonly unknown[],
  found: readonly unknown[],
  path: string,
  differences: Difference[],
): void {
  for (let i = 0; i < Math.max(expected.length, found.length); i++) {
    compareOne(field, expected[i], found[i], `${path}[${i}]`, differences)
  }
}

/** What an element of a set is known by; elements with the same name are compared field by field. */
function identityOf(field: FieldSchema, value: unknown): string {
  if (typeof value === 'string') return value
  if (!isMessage(value)) return textOf(field, value)
  switch (field.ref) {
    case 'SigningPublicKey':
      return signingKeyName(value as unknown as SigningPublicKey) // by the schema of the field
    case 'PublicKey': {
      const key = value['key']
      if (!isMessage(key)) return ABSENT
      const inner = key['value']
      const name =
        key['$case'] === 'signingPublicKey'
          ? signingKeyName(inner as SigningPublicKey)
          : (encryptionKeyFingerprint(inner as EncryptionPublicKey) ?? '')
      return name
    }
    case 'PartyToParticipant.HostingParticipant':
      return textField(value['participantUid'])
    case 'VettedPackages.VettedPackage':
      return textField(value['packageId'])
    default:
      throw new Error(`a set of ${field.ref ?? field.type} has no identity`)
  }
}

const textField = (value: unknown): string => (typeof value === 'string' ? value : ABSENT)

function signingKeyName(key: SigningPublicKey): string {
  return readSigningPublicKey(key).fingerprint ?? `unreadable key ${toHex(key.publicKey)}`
}

function byIdentity(
  field: FieldSchema,
  values: readonly unknown[],
): ReadonlyMap<string, readonly unknown[]> {
  const groups = new Map<string, unknown[]>()
  for (const value of values) {
    const name = identityOf(field, value)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [value])
    else group.push(value)
  }
  return groups
}

function compareSets(
  field: FieldSchema,
  expected: readonly unknown[],
  found: readonly unknown[],
  path: string,
  differences: Difference[],
): void {
  const [left, right] = [byIdentity(field, expected), byIdentity(field, found)]
  for (const name of new Set([...left.keys(), ...right.keys()])) {
    const [ours, theirs] = [left.get(name) ?? [], right.get(name) ?? []]
    for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
      const at = `${path}[${name}]${i === 0 ? '' : `[${i}]`}`
      compareOne(field, ours[i], theirs[i], at, differences)
    }
  }
}

function compareOne(
  field: FieldSchema,
  expected: unknown,
  found: unknown,
  path: string,
  differences: Difference[],
): void {
  if (field.type === 'message' && !isTime(field) && isMessage(expected) && isMessage(found)) {
    compareMessages(field.ref ?? '', expected, found, path, differences)
    return
  }
  const [left, right] = [textOf(field, expected), textOf(field, found)]
  if (left !== right) differences.push({ path, expected: left, found: right })
}

function isTime(field: FieldSchema): boolean {
  return field.ref === 'Timestamp' || field.ref === 'Duration'
}

/** Distinct values have distinct texts: what is compared is what is shown. */
function textOf(field: FieldSchema, value: unknown): string {
  if (value === undefined) return ABSENT
  if (value instanceof Uint8Array) return `base64 ${toBase64(value)}`
  if (field.type === 'enum' && typeof value === 'number') {
    return field.ref === 'TopologyMappingCode'
      ? mappingCodeText(value)
      : enumText(field.ref ?? '', value)
  }
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
    return String(value)
  }
  if (!isMessage(value)) throw new Error(`a ${field.type} to show is none`)
  if (field.ref === 'Timestamp' || field.ref === 'Duration') {
    const { seconds, nanos } = value as unknown as { seconds: bigint; nanos: number } // both have them
    return timeText(field.ref, { seconds, nanos }) ?? `${seconds} seconds and ${nanos} nanoseconds`
  }
  if (isMarker(field)) return 'present'
  return describe(field.ref ?? '', value)
}

/** A message that stands on one side only: all of its fields, so that nothing is hidden. */
function describe(name: string, value: Message): string {
  const parts = schemaOf(name).schema.fields.flatMap((field): readonly string[] => {
    if (field.oneof !== undefined) {
      const own = value[field.oneof]
      if (!isMessage(own) || own['$case'] !== field.json) return []
      return [`${field.json} ${textOf(field, own['value'])}`]
    }
    const own = value[field.json]
    const text = field.repeated
      ? `[${listOf(own)
          .map((item) => textOf(field, item))
          .join(', ')}]`
      : textOf(field, own)
    return text === ABSENT ? [] : [`${spellings(name, field)[0]} ${text}`]
  })
  const fingerprint =
    name === 'SigningPublicKey'
      ? [`fingerprint ${signingKeyName(value as unknown as SigningPublicKey)}`] // by its schema
      : []
  return `{ ${[...fingerprint, ...parts].join(', ')} }`
}
