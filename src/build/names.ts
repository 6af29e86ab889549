/** How a spec, a policy and the command line spell Canton's names: enum values in kebab case. */
import { mappingRow, mappingRows, type MappingCase } from '../topology/mapping.ts'
import { ENUM_NAMES } from '../wire/generated/schema.ts'
import { enumName } from '../wire/schema.ts'

export const ADD_REPLACE = 1
export const REMOVE = 2

export const Permission = { submission: 1, confirmation: 2, observation: 3 } as const
export const Usage = {
  namespace: 1,
  sequencerAuthentication: 3,
  protocol: 4,
  proofOfOwnership: 5,
} as const

function kebab(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}

/** Values that Canton still reads and nobody should write. */
const NOT_WRITTEN: Readonly<Record<string, readonly string[]>> = {
  SigningKeyUsage: ['IDENTITY_DELEGATION'],
}

/** The values of an enum by their kebab name, without UNSPECIFIED and what is deprecated. */
export function enumChoices(type: string): ReadonlyMap<string, number> {
  const skipped = ['UNSPECIFIED', ...(NOT_WRITTEN[type] ?? [])]
  return new Map(
    Object.entries(ENUM_NAMES[type] ?? {})
      .filter(([, name]) => !skipped.includes(name))
      .map(([number, name]) => [kebab(name), Number(number)]),
  )
}

/** `confirmation` for 2 of ParticipantPermission; `unknown n` for a number without a name. */
export function enumText(type: string, value: number): string {
  const name = enumName(type, value)
  return name === undefined ? `unknown ${value}` : kebab(name)
}

/** `operation: replace` for ADD_REPLACE. */
export const OPERATIONS: ReadonlyMap<string, number> = new Map([
  ['replace', ADD_REPLACE],
  ['remove', REMOVE],
])

export function operationText(operation: number): string {
  const found = [...OPERATIONS].find(([, number]) => number === operation)
  return found?.[0] ?? `unknown ${operation}`
}

function camel(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}

/** A mapping as a spec names it: the name of its message, in camel case. */
export function mappingName($case: MappingCase): string {
  return camel(mappingRow($case).type)
}

/** PURGE belongs to release line 3.3 alone and is read, never made. */
const buildable = mappingRows().filter(({ $case }) => $case !== 'purgeTopologyTxs')

/** Every mapping that can be built by the names it goes by: of its message, and of its oneof member. */
export const MAPPINGS: ReadonlyMap<string, MappingCase> = new Map(
  buildable.flatMap(({ $case }): [string, MappingCase][] => [
    [mappingName($case), $case],
    [$case, $case],
  ]),
)

/** TopologyMappingCode by every spelling: `partyToParticipant`, `party-to-participant`. */
export const MAPPING_CODES: ReadonlyMap<string, number> = new Map([
  ...buildable.flatMap(({ $case, code }): [string, number][] => [
    [mappingName($case), code],
    [$case, code],
  ]),
  ...[...enumChoices('TopologyMappingCode')].filter(([, code]) =>
    buildable.some((row) => row.code === code),
  ),
])

/** The name of the mapping with this code, or `unknown n`. */
export function mappingCodeText(code: number): string {
  const row = mappingRows().find((one) => one.code === code)
  return row === undefined ? `unknown ${code}` : mappingName(row.$case)
}
