/**
 * Every change of one field that the schema allows, for tests that no field hides from the hash. The
 * changes are made from the schema: a field that the encoder forgets is changed all the same.
 */
import { expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { hashPreparedTransaction } from '../../src/daml/hash.ts'
import { judgePreparedTransaction } from '../../src/daml/judge.ts'
import {
  readPreparedTransaction,
  type ReadPreparedTransaction,
} from '../../src/daml/prepared-transaction.ts'
import type { HashingScheme } from '../../src/daml/scheme.ts'
import type { FieldSchema } from '../../src/wire/field-schema.ts'
import type { PreparedTransaction } from '../../src/wire/generated/schema.ts'
import { schemaOf } from '../../src/wire/schema.ts'
import { fixture, fromBase64 } from '../support/vectors.ts'
import { bytesOf } from './transactions.ts'

export const ROOT = 'PreparedTransaction'

/** Fields that may change and leave the hash as it is, with all that is below them. */
export const NEVER_HASHED: readonly string[] = [
  'Metadata.InputContract.event_blob',
  'Metadata.global_key_mapping',
  // Of scheme V4 alone.
  'Exercise.external_call_results',
]
const NOT_HASHED: Readonly<Record<HashingScheme, readonly string[]>> = {
  V2: [
    ...NEVER_HASHED,
    'Metadata.max_record_time',
    'Create.key',
    'Fetch.key',
    'Fetch.by_key',
    'Exercise.key',
    'Exercise.by_key',
  ],
  V3: NEVER_HASHED,
}

/**
 * Fields of which every change leaves no hash at all. A node id names a node and is in no hash:
 * whichever other text stands there, a node is missing or there twice.
 */
export const ALWAYS_UNDETERMINED: readonly string[] = ['DamlTransaction.Node.node_id']

type Plain = Readonly<Record<string, unknown>>

interface Mutation {
  /** `Message.field`, from the root to the field that is changed. */
  readonly chain: readonly string[]
  readonly value: unknown
}

const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null

/** A value of the field that is not its default; a message is empty but for a chosen oneof. */
function sampleOf(field: FieldSchema): unknown {
  switch (field.type) {
    case 'string':
      return 'x'
    case 'bytes':
      return Uint8Array.of(1)
    case 'bool':
      return true
    case 'int32':
    case 'uint32':
    case 'enum':
      return 1
    case 'message':
      return emptyOf(field.ref ?? '')
    default:
      return 1n
  }
}

function emptyOf(message: string): Plain {
  const result: Record<string, unknown> = {}
  for (const field of schemaOf(message).schema.fields) {
    if (field.oneof !== undefined) {
      const unit = { $case: field.json, value: sampleOf(field) }
      result[field.oneof] ??= field.ref === 'Empty' ? unit : undefined
    } else if (field.repeated) result[field.json] = []
    else result[field.json] = field.presence ? undefined : defaultOf(field)
  }
  return result
}

function defaultOf(field: FieldSchema): unknown {
  const sample = sampleOf(field)
  if (typeof sample === 'bigint') return 0n
  if (typeof sample === 'number') return 0
  if (typeof sample === 'boolean') return false
  return typeof sample === 'string' ? '' : new Uint8Array()
}

/** The value with one thing in it changed. */
function* othersOf(
  field: FieldSchema,
  value: unknown,
  chain: readonly string[],
): Generator<Mutation> {
  if (field.type === 'message') {
    if (isPlain(value)) yield* mutationsOf(field.ref ?? '', value, chain)
    return
  }
  const others: unknown[] = [defaultOf(field)]
  if (typeof value === 'string' && value !== '') {
    others.push(`${value}0`, `${value.slice(0, -1)}${value.endsWith('1') ? '2' : '1'}`)
  } else if (value instanceof Uint8Array && value.length > 0) {
    others.push(value.with(0, (value[0] ?? 0) ^ 1), value.subarray(1))
  } else if (typeof value === 'bigint') others.push(value + 1n)
  else if (typeof value === 'number') others.push(value + 1)
  else if (typeof value === 'boolean') others.push(!value)
  for (const other of others) yield { chain, value: other }
}

/** Every copy of a message with one field in it, at any depth, changed. */
function* mutationsOf(
  message: string,
  value: Plain,
  above: readonly string[] = [],
): Generator<Mutation> {
  for (const field of schemaOf(message).schema.fields) {
    const chain = [...above, `${message}.${field.name}`]
    const { oneof, json } = field
    const place = oneof ?? json
    const own = value[place]
    const put = (changed: unknown, at: readonly string[] = chain): Mutation => ({
      chain: at,
      value: { ...value, [place]: changed },
    })
    if (oneof !== undefined) {
      const chosen = isPlain(own) ? own : undefined
      if (chosen?.['$case'] !== json) {
        yield put({ $case: json, value: sampleOf(field) })
        continue
      }
      yield put(undefined)
      for (const other of othersOf(field, chosen['value'], chain)) {
        yield put({ $case: json, value: other.value }, other.chain)
      }
    } else if (field.repeated) {
      const items: readonly unknown[] = Array.isArray(own) ? own : []
      yield put([...items, sampleOf(field)])
      if (items.length > 1) yield put(items.toReversed())
      for (const [i, item] of items.entries()) {
        yield put(items.toSpliced(i, 1))
        yield put(items.toSpliced(i, 0, item))
        for (const other of othersOf(field, item, chain)) {
          yield put(items.with(i, other.value), other.chain)
        }
      }
    } else if (own === undefined) yield put(sampleOf(field))
    else {
      if (field.presence) yield put(undefined)
      for (const other of othersOf(field, own, chain)) yield put(other.value, other.chain)
    }
  }
}

/** As it would be read from its encoding, which a property test holds to be the same value. */
const asRead = (value: unknown): ReadPreparedTransaction => ({
  bytes: new Uint8Array(),
  value: value as PreparedTransaction,
  findings: [],
  unknownFields: [],
  canonical: true,
})

export const hashOf = (value: unknown, scheme: HashingScheme): string | undefined => {
  const result = hashPreparedTransaction(asRead(value), scheme)
  return result.$case === 'hashed' ? toHex(result.hash) : undefined
}

/** Lists that may stand in any order: the tree that they form is signed. */
const ANY_ORDER: ReadonlySet<string> = new Set([
  'DamlTransaction.nodes',
  'DamlTransaction.node_seeds',
])

export interface Seen {
  /** Fields that were seen to make another hash. */
  readonly changed: Set<string>
  readonly touched: Set<string>
  /** Fields that left the hash as it was, and are not known to. */
  readonly hidden: Set<string>
  count: number
}

export function addMutations(base: PreparedTransaction, scheme: HashingScheme, seen: Seen): void {
  const original = hashOf(base, scheme)
  if (original === undefined) throw new Error('the base has no hash')
  const bytes = toHex(bytesOf(base))
  for (const { chain, value } of mutationsOf(ROOT, base as unknown as Plain)) {
    const field = chain.at(-1) ?? ''
    seen.count++
    seen.touched.add(field)
    const hash = hashOf(value, scheme)
    if (hash === undefined) continue
    if (hash !== original) for (const one of chain) seen.changed.add(one)
    else if (toHex(bytesOf(value as PreparedTransaction)) === bytes) continue
    else if (NOT_HASHED[scheme].some((one) => chain.includes(one))) continue
    else if (!ANY_ORDER.has(field) || !isReordered(base, value, scheme)) seen.hidden.add(field)
  }
}

/** The same list in another order; or a node or a seed too many, which is refused by name. */
function isReordered(base: PreparedTransaction, value: unknown, scheme: HashingScheme): boolean {
  const idsOf = ({ transaction }: PreparedTransaction): string =>
    JSON.stringify([
      transaction?.nodes.map(({ nodeId }) => nodeId).toSorted(),
      transaction?.nodeSeeds.map(({ nodeId }) => nodeId).toSorted(),
    ])
  if (idsOf(base) === idsOf(value as PreparedTransaction)) return true
  const codes = judgePreparedTransaction(asRead(value), scheme).refusals.map(({ code }) => code)
  return codes.includes('superfluous-seed') || codes.includes('unreachable-node')
}

export const nothing = (): Seen => ({
  changed: new Set(),
  touched: new Set(),
  hidden: new Set(),
  count: 0,
})

/** Every `Message.field` that a prepared transaction can hold. */
export function allFields(message = ROOT, known = new Set<string>()): ReadonlySet<string> {
  for (const field of schemaOf(message).schema.fields) {
    const name = `${message}.${field.name}`
    if (known.has(name)) continue
    known.add(name)
    if (field.type === 'message') allFields(field.ref, known)
  }
  return known
}

const { vectors } = fixture('prepared-transactions/oracle-vectors.json') as {
  readonly vectors: readonly {
    readonly id: string
    readonly hashing_scheme_version: 2 | 3
    readonly prepared_transaction_base64: string
  }[]
}

/** A test for each vector of a scheme. */
export function testVectors(scheme: 2 | 3): void {
  const own = vectors.filter((one) => one.hashing_scheme_version === scheme)
  test.each(own.map((one) => [one.id, one] as const))(
    'of %s changes the hash, or leaves none',
    (_id, { prepared_transaction_base64: base64 }) => {
      const seen = nothing()
      const { value } = readPreparedTransaction(fromBase64(base64))
      if (value === undefined) throw new Error('a vector that is not read')
      addMutations(value, `V${scheme}`, seen)
      expect([...seen.hidden]).toEqual([])
      expect(seen.count).toBeGreaterThan(30)
    },
    60_000,
  )
}
