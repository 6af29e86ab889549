/**
 * Differences of two messages of one kind, driven by the schema, so that no field is overlooked.
 * Lists that are sets are matched by what identifies their items, not by their order.
 */
import { toBase64 } from '../base/bytes.ts'
import { participantUidText } from '../ident/identifiers.ts'
import { encryptionKeyFingerprint, readSigningPublicKey } from '../topology/signing-key.ts'
import { mappingUniqueKey } from '../topology/unique-key.ts'
import type { FieldSchema } from '../wire/field-schema.ts'
import type {
  HostingParticipant,
  PublicKey,
  SigningPublicKey,
  TopologyMapping,
  VettedPackage,
} from '../wire/generated/schema.ts'
import { fieldToProtoJson, type JsonValue } from '../wire/proto-json.ts'
import { enumName, schemaOf } from '../wire/schema.ts'
import { quoteText } from './quote.ts'

/** One step of the way to a field. */
export interface Step {
  readonly message: string
  readonly field: FieldSchema
  /** What identifies the item of a list that is a set. */
  readonly identity?: string
}

export interface FieldDifference {
  /** JSON names, items by their identity: `participants[p1::1220…].permission`. */
  readonly path: string
  /** The same in words. */
  readonly label: string
  readonly kind: 'added' | 'removed' | 'changed'
  /** In proto3 JSON; `null` for what is absent. */
  readonly before: JsonValue | null
  readonly after: JsonValue | null
}

/** A difference with the way to it. */
export interface PlacedDifference extends FieldDifference {
  readonly steps: readonly Step[]
}

export type PlainObject = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function placed(
  steps: readonly Step[],
  before: JsonValue | null,
  after: JsonValue | null,
): PlacedDifference {
  const path = steps
    .map(({ field, identity }) =>
      identity === undefined ? field.json : `${field.json}[${identity}]`,
    )
    .join('.')
  const label = steps
    .map(({ field, identity }) => {
      const name = field.name.replaceAll('_', ' ')
      return identity === undefined ? name : `${name} ${quoteText(identity)}`
    })
    .join(', ')
  const kind = before === null ? 'added' : after === null ? 'removed' : 'changed'
  return { path, label, kind, before, after, steps }
}

/** What identifies an item; items of other lists are compared as one value in their order. */
function identityOf(field: FieldSchema, item: unknown): string | undefined {
  switch (field.ref ?? field.type) {
    case 'PartyToParticipant.HostingParticipant':
      return participantUidText((item as HostingParticipant).participantUid)
    case 'SigningPublicKey':
      return signingKeyIdentity(item as SigningPublicKey)
    case 'PublicKey':
      return publicKeyIdentity(item as PublicKey)
    case 'VettedPackages.VettedPackage':
      return (item as VettedPackage).packageId
    case 'TopologyMapping':
      return mappingIdentity(item as TopologyMapping)
    case 'string':
      return field.name === 'endpoints' ? undefined : String(item)
    default:
      return field.type === 'enum'
        ? (enumName(field.ref ?? '', Number(item)) ?? String(item))
        : undefined
  }
}

export const signingKeyIdentity = (key: SigningPublicKey): string =>
  readSigningPublicKey(key).fingerprint ?? `unreadable ${toBase64(key.publicKey)}`

function publicKeyIdentity({ key }: PublicKey): string {
  switch (key?.$case) {
    case undefined:
      return 'no key'
    case 'signingPublicKey':
      return signingKeyIdentity(key.value)
    case 'encryptionPublicKey':
      return encryptionKeyFingerprint(key.value) ?? `unreadable ${toBase64(key.value.publicKey)}`
  }
}

function mappingIdentity({ mapping }: TopologyMapping): string {
  const key = mapping === undefined ? undefined : mappingUniqueKey(mapping)
  return `${mapping?.$case ?? 'none'} ${key === undefined ? '' : toBase64(key)}`
}

/** Items by identity; a repetition gets a number of its own. */
function byIdentity(field: FieldSchema, items: readonly unknown[]): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>()
  const counts = new Map<string, number>()
  for (const item of items) {
    const identity = identityOf(field, item) ?? ''
    const count = (counts.get(identity) ?? 0) + 1
    counts.set(identity, count)
    found.set(count === 1 ? identity : `${identity}, repetition ${count}`, item)
  }
  return found
}

export function valueDifferences(
  steps: readonly Step[],
  step: Step,
  before: unknown,
  after: unknown,
): readonly PlacedDifference[] {
  const { message, field } = step
  const way = [...steps, step]
  const json = (value: unknown): JsonValue | null =>
    value === undefined ? null : fieldToProtoJson(message, field, value)
  const isTime = field.ref === 'Timestamp' || field.ref === 'Duration'
  if (field.type === 'message' && !isTime && isObject(before) && isObject(after)) {
    return messageDifferences(field.ref ?? '', before, after, way)
  }
  const [a, b] = [json(before), json(after)]
  return JSON.stringify(a) === JSON.stringify(b) ? [] : [placed(way, a, b)]
}

function listDifferences(
  steps: readonly Step[],
  step: Step,
  before: readonly unknown[],
  after: readonly unknown[],
): readonly PlacedDifference[] {
  const { message, field } = step
  if ([...before, ...after].some((item) => identityOf(field, item) === undefined)) {
    const json = (items: readonly unknown[]): JsonValue =>
      items.map((item) => fieldToProtoJson(message, field, item))
    const [a, b] = [json(before), json(after)]
    return JSON.stringify(a) === JSON.stringify(b) ? [] : [placed([...steps, step], a, b)]
  }
  const old = byIdentity(field, before)
  const now = byIdentity(field, after)
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((identity) =>
    valueDifferences(steps, { ...step, identity }, old.get(identity), now.get(identity)),
  )
}

const itemsOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** The chosen member of a oneof, if it is this field. */
function memberValue(field: FieldSchema, oneof: string, message: PlainObject): unknown {
  const chosen = message[oneof]
  return isObject(chosen) && chosen['$case'] === field.json ? chosen['value'] : undefined
}

export function messageDifferences(
  name: string,
  before: PlainObject,
  after: PlainObject,
  steps: readonly Step[],
): readonly PlacedDifference[] {
  return schemaOf(name).schema.fields.flatMap((field) => {
    const step: Step = { message: name, field }
    if (field.oneof !== undefined) {
      const { oneof } = field
      return valueDifferences(
        steps,
        step,
        memberValue(field, oneof, before),
        memberValue(field, oneof, after),
      )
    }
    const [a, b] = [before[field.json], after[field.json]]
    return field.repeated
      ? listDifferences(steps, step, itemsOf(a), itemsOf(b))
      : valueDifferences(steps, step, a, b)
  })
}
