/** Documents of the JSON Ledger API: fields by name, and Daml values as far as they show their type. */
import { parseBase64 } from '../../base/bytes.ts'
import { CantosignError } from '../../base/errors.ts'
import { readUniqueIdentifier } from '../../ident/identifiers.ts'
import type { Identifier, RecordValue, Timestamp, Value } from '../../wire/generated/schema.ts'
import type { SandboxCommand } from '../core/interactive-submission.ts'
import { timestampOf } from '../core/times.ts'

/** The body is not what the endpoint takes: answered as plain text. */
export class BodyError extends Error {}

export type Json = Readonly<Record<string, unknown>>

export function objectOf(value: unknown, what: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  throw new BodyError(`${what} is no object`)
}

export function textOf(body: Json, name: string): string {
  const value = body[name]
  if (typeof value === 'string') return value
  throw new BodyError(`${name} is no text`)
}

/** Left out, it stands at its default. */
export const optionalText = (body: Json, name: string): string =>
  body[name] === undefined || body[name] === null ? '' : textOf(body, name)

export function flagOf(body: Json, name: string): boolean | undefined {
  const value = body[name]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'boolean') return value
  throw new BodyError(`${name} is neither true nor false`)
}

export function numberOf(body: Json, name: string): number {
  const value = body[name]
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw new BodyError(`${name} is no whole number`)
}

export function listOf(body: Json, name: string): readonly unknown[] {
  const value = body[name]
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value as readonly unknown[]
  throw new BodyError(`${name} is no list`)
}

export const textsOf = (body: Json, name: string): readonly string[] =>
  listOf(body, name).map((one) => {
    if (typeof one === 'string') return one
    throw new BodyError(`${name} holds something that is no text`)
  })

export function bytesOf(body: Json, name: string): Uint8Array {
  try {
    return parseBase64(textOf(body, name))
  } catch (error) {
    if (!(error instanceof CantosignError)) throw error
    throw new BodyError(`${name} is no base64`)
  }
}

/** The number behind the whole name of an enum value, e.g. `SIGNATURE_FORMAT_CONCAT`. */
export function enumOf(
  body: Json,
  name: string,
  prefix: string,
  values: Readonly<Record<string, number>>,
): number {
  const text = textOf(body, name)
  const number = text.startsWith(prefix) ? values[text.slice(prefix.length)] : undefined
  if (number === undefined) throw new BodyError(`${name} is no ${prefix}`)
  return number
}

export function timeOf(body: Json, name: string): Timestamp | undefined {
  if (body[name] === undefined || body[name] === null) return undefined
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z$/.exec(textOf(body, name))
  const millis = Date.parse(`${match?.[1] ?? ''}Z`)
  if (match === null || Number.isNaN(millis)) throw new BodyError(`${name} is no time`)
  return timestampOf(BigInt(millis) * 1000n + BigInt((match[2] ?? '').padEnd(6, '0')))
}

/** `package:Module.Sub:Entity` or `#package-name:Module:Entity`. */
function identifierOf(text: string): Identifier {
  const [packageId, moduleName, entityName, ...more] = text.split(':')
  if (!packageId || !moduleName || !entityName || more.length > 0) {
    throw new BodyError('templateId is not of the form package:Module:Entity')
  }
  return { packageId, moduleName, entityName }
}

/** Without a model a text that is a party's id is taken for a party, and a whole number for an Int64. */
function valueOf(value: unknown): Value {
  if (value === null || value === undefined) {
    return { sum: { $case: 'optional', value: { value: undefined } } }
  }
  switch (typeof value) {
    case 'boolean':
      return { sum: { $case: 'bool', value } }
    case 'number':
      if (!Number.isSafeInteger(value)) throw new BodyError('a number with a fraction')
      return { sum: { $case: 'int64', value: BigInt(value) } }
    case 'string':
      return readUniqueIdentifier(value).ok
        ? { sum: { $case: 'party', value } }
        : { sum: { $case: 'text', value } }
    case 'object':
      return Array.isArray(value)
        ? { sum: { $case: 'list', value: { elements: value.map(valueOf) } } }
        : { sum: { $case: 'record', value: recordOf(value as Json) } }
    default:
      throw new BodyError('a value of no kind that Daml has')
  }
}

const recordOf = (body: Json): RecordValue => ({
  recordId: undefined,
  fields: Object.entries(body).map(([label, value]) => ({ label, value: valueOf(value) })),
})

export function commandOf(value: unknown): SandboxCommand {
  const command = objectOf(value, 'a command')
  const [name, ...others] = Object.keys(command)
  if (others.length > 0) throw new BodyError('a command with several members')
  const body = objectOf(command[name ?? ''], 'a command')
  if (name === 'CreateCommand') {
    const argument = recordOf(objectOf(body['createArguments'], 'createArguments'))
    return { $case: 'create', template: identifierOf(textOf(body, 'templateId')), argument }
  }
  if (name === 'ExerciseCommand') {
    const argument = body['choiceArgument']
    const isUnit =
      typeof argument === 'object' && argument !== null && Object.keys(argument).length === 0
    return {
      $case: 'exercise',
      contractId: textOf(body, 'contractId'),
      choice: textOf(body, 'choice'),
      argument: argument === undefined || isUnit ? undefined : valueOf(argument),
    }
  }
  throw new BodyError('only CreateCommand and ExerciseCommand are known here')
}
