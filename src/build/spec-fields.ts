/**
 * How the fields of a mapping are spelled in a spec, what each may hold and which have to be there.
 * Reading, writing, comparing and the JSON Schema all follow this table and the schema of the wire.
 */
import { isUnsafeText } from '../base/text.ts'
import { isNamespace } from '../ident/fingerprint.ts'
import {
  readMemberId,
  readPhysicalSynchronizerId,
  readUniqueIdentifier,
  type Reading,
} from '../ident/identifiers.ts'
import type { FieldSchema } from '../wire/field-schema.ts'
import { schemaOf } from '../wire/schema.ts'

/** Says what is wrong with a text, or `undefined`. */
export type TextRule = (text: string) => string | undefined

function byReading(read: (text: string) => Reading<unknown>): TextRule {
  return (text) => {
    const reading = read(text)
    return reading.ok ? undefined : reading.problem
  }
}

const uniqueIdentifier = byReading(readUniqueIdentifier)
const memberId = byReading(readMemberId)
const namespace: TextRule = (text) =>
  isNamespace(text) ? undefined : 'it is not 68 lower-case hex characters beginning 1220'
const packageId: TextRule = (text) =>
  /^[0-9a-f]{64}$/.test(text) ? undefined : 'a package id has 64 lower-case hex characters'
const visibleText: TextRule = (text) =>
  isUnsafeText(text) ? 'it holds invisible characters' : undefined

/** By the proto name of the field: a name means the same in every message. */
const TEXT_RULES: Readonly<Record<string, TextRule>> = {
  namespace,
  decentralized_namespace: namespace,
  owners: namespace,
  member: memberId,
  sequencer_id: memberId,
  party: uniqueIdentifier,
  participant_uid: uniqueIdentifier,
  synchronizer_id: uniqueIdentifier,
  active: uniqueIdentifier,
  observers: uniqueIdentifier,
  successor_physical_synchronizer_id: byReading(readPhysicalSynchronizerId),
  package_ids: packageId,
  package_id: packageId,
  endpoints: visibleText,
}

export function textRule(field: FieldSchema): TextRule {
  return TEXT_RULES[field.name] ?? visibleText
}

/** The spellings of a field; the first is the one that is written. */
export function spellings(message: string, field: FieldSchema): readonly [string, ...string[]] {
  if (field.name !== 'participant_uid') return [field.json]
  return message === 'PartyToParticipant.HostingParticipant'
    ? ['participant', field.json]
    : [field.json, 'participant']
}

/** Fields that a spec cannot say: deprecated ones, and what is derived from the key bytes. */
export function isWritable(field: FieldSchema): boolean {
  return !field.deprecated
}

/** Absent where the schema allows it, and without meaning there. */
const REQUIRED_MESSAGES: ReadonlySet<string> = new Set([
  'target_key',
  'synchronizer_parameters',
  'sequencing_parameters',
  'upgrade_time',
  'connection',
])

/** Lists whose absence would say as much as an empty list says. */
const OPTIONAL_LISTS: ReadonlySet<string> = new Set([
  'observers',
  'feature_flags',
  'package_ids',
  'packages',
])

/** True if leaving the field out is refused. A flag left out is false. */
export function isRequired(field: FieldSchema): boolean {
  if (field.oneof !== undefined) return false
  if (field.repeated) return !OPTIONAL_LISTS.has(field.name)
  if (field.presence) return REQUIRED_MESSAGES.has(field.name)
  return field.type !== 'bool'
}

/** A message without fields says something by being there: a flag in a spec. */
export function isMarker(field: FieldSchema): boolean {
  return field.type === 'message' && schemaOf(field.ref ?? '').schema.fields.length === 0
}

/** Lists in which order has no meaning, by proto name; all other lists are compared in order. */
const SETS: ReadonlySet<string> = new Set([
  'owners',
  'public_keys',
  'signing_keys',
  'participants',
  'keys',
  'usage',
  'mappings',
  'feature_flags',
  'package_ids',
  'packages',
  'active',
  'observers',
])

export function isSet(field: FieldSchema): boolean {
  return field.repeated && SETS.has(field.name)
}
