/**
 * Commands for gRPC: the Command of the Ledger API in the JSON form of protobuf, where every value
 * says its type, as `{ "party": "alice::1220…" }`.
 */
import { encodeMessage } from '../wire/codec.ts'
import type { Identifier, RecordField, RecordValue, Value } from '../wire/generated/schema.ts'
import {
  flagAt,
  isObject,
  listAt,
  numberAt,
  objectAt,
  placeError,
  textAt,
  type Members,
  type Place,
} from '../package/json-shape.ts'
import type { ApiInput } from './wire/codec.ts'
import type { Command } from './wire/generated/schema.ts'

const MAX_ITEMS = 100_000

/** @throws CantosignError as the functions of json-shape */
function identifierAt(place: Place): Identifier {
  const members = objectAt(place, ['packageId', 'moduleName', 'entityName'])
  return {
    packageId: textAt(members.required('packageId')),
    moduleName: textAt(members.required('moduleName')),
    entityName: textAt(members.required('entityName')),
  }
}

const optionally = <T>(
  members: Members,
  name: string,
  read: (place: Place) => T,
): T | undefined => {
  const place = members.optional(name)
  return place === undefined ? undefined : read(place)
}

/** A 64-bit number is text in the JSON form of protobuf. */
function integerAt(place: Place): bigint {
  const text = textAt(place)
  const value = /^-?(?:0|[1-9]\d{0,18})$/.test(text) ? BigInt(text) : undefined
  if (value !== undefined && BigInt.asIntN(64, value) === value) return value
  throw placeError('command-invalid', place.path, 'this is no whole number of 64 bits, as text')
}

function fieldAt(place: Place): RecordField {
  const members = objectAt(place, ['label', 'value'])
  return {
    label: optionally(members, 'label', textAt) ?? '',
    value: valueAt(members.required('value')),
  }
}

function recordAt(place: Place): RecordValue {
  const members = objectAt(place, ['recordId', 'fields'])
  return {
    recordId: optionally(members, 'recordId', identifierAt),
    fields: listAt(members.required('fields'), MAX_ITEMS, 'fields').map(fieldAt),
  }
}

type Sum = NonNullable<Value['sum']>

const READERS: {
  readonly [Case in Sum['$case']]: (place: Place) => Extract<Sum, { $case: Case }>['value']
} = {
  unit: (place) => {
    objectAt(place, [])
    return {}
  },
  bool: flagAt,
  int64: integerAt,
  date: numberAt,
  timestamp: integerAt,
  numeric: textAt,
  party: textAt,
  text: textAt,
  contractId: textAt,
  optional: (place) => ({ value: optionally(objectAt(place, ['value']), 'value', valueAt) }),
  list: (place) => ({
    elements: listAt(objectAt(place, ['elements']).required('elements'), MAX_ITEMS, 'elements').map(
      valueAt,
    ),
  }),
  textMap: (place) => ({
    entries: listAt(objectAt(place, ['entries']).required('entries'), MAX_ITEMS, 'entries').map(
      (entry) => {
        const members = objectAt(entry, ['key', 'value'])
        return { key: textAt(members.required('key')), value: valueAt(members.required('value')) }
      },
    ),
  }),
  genMap: (place) => ({
    entries: listAt(objectAt(place, ['entries']).required('entries'), MAX_ITEMS, 'entries').map(
      (entry) => {
        const members = objectAt(entry, ['key', 'value'])
        return { key: valueAt(members.required('key')), value: valueAt(members.required('value')) }
      },
    ),
  }),
  record: recordAt,
  variant: (place) => {
    const members = objectAt(place, ['variantId', 'constructor', 'value'])
    return {
      variantId: optionally(members, 'variantId', identifierAt),
      constructor: textAt(members.required('constructor')),
      value: valueAt(members.required('value')),
    }
  },
  enum: (place) => {
    const members = objectAt(place, ['enumId', 'constructor'])
    return {
      enumId: optionally(members, 'enumId', identifierAt),
      constructor: textAt(members.required('constructor')),
    }
  },
}

const isCase = (name: string): name is Sum['$case'] => Object.hasOwn(READERS, name)

function valueAt(place: Place): Value {
  const names = isObject(place.value) ? [...place.value.keys()] : []
  const [name, second] = names
  if (name === undefined || second !== undefined || !isCase(name)) {
    throw placeError(
      'command-invalid',
      place.path,
      `a value has exactly one member, one of ${Object.keys(READERS).join(', ')}`,
    )
  }
  const inner = objectAt(place, [name]).required(name)
  // The reader of a case gives the value of that case.
  return { sum: { $case: name, value: READERS[name](inner) } as Sum }
}

/** A command for gRPC, and what identifies its root. */
export interface TypedCommand {
  readonly wire: ApiInput<Command>
  readonly kind: 'create' | 'exercise'
  readonly template: Identifier
  readonly contractId: string
  readonly choice: string
}

/**
 * Reads `{"create": …}` or `{"exercise": …}`.
 * @throws CantosignError naming the place
 */
export function readTypedCommand(place: Place): TypedCommand {
  const isCreate = isObject(place.value) && place.value.has('create')
  const kind = isCreate ? 'create' : 'exercise'
  const inner = objectAt(place, [kind]).required(kind)
  if (kind === 'create') {
    const members = objectAt(inner, ['templateId', 'createArguments'])
    const template = identifierAt(members.required('templateId'))
    const value = {
      templateId: encodeMessage('Identifier', template),
      createArguments: encodeMessage('Record', recordAt(members.required('createArguments'))),
    }
    return { wire: { command: { $case: kind, value } }, kind, template, contractId: '', choice: '' }
  }
  const members = objectAt(inner, ['templateId', 'contractId', 'choice', 'choiceArgument'])
  const template = identifierAt(members.required('templateId'))
  const contractId = textAt(members.required('contractId'))
  const choice = textAt(members.required('choice'))
  const value = {
    templateId: encodeMessage('Identifier', template),
    contractId,
    choice,
    choiceArgument: encodeMessage('Value', valueAt(members.required('choiceArgument'))),
  }
  return { wire: { command: { $case: kind, value } }, kind, template, contractId, choice }
}
