/** The JSON Schema of a policy, published as schemas/policy.schema.json for editors. */
import { RANGE_DIMENSIONS, SET_DIMENSIONS } from './dimensions.ts'
import { POLICY_VERSION } from './policy.ts'

export type JsonSchema = Readonly<Record<string, unknown>>

const VALUE = { type: ['string', 'integer'] }
const NUMBER = { type: 'integer', minimum: 0, maximum: 2_147_483_647 }

/** Which codes there are, docs/errors.md says and reading checks. */
const DANGER_CODE = { type: 'string', pattern: '^[a-z]+(-[a-z]+)*$' }

/** One value, or a list of them; `any` is a value too. */
function oneOrMore(item: JsonSchema): JsonSchema {
  return { anyOf: [item, { type: 'array', items: item, minItems: 1, uniqueItems: true }] }
}

function ruleSchema(): JsonSchema {
  const range = {
    anyOf: [
      { const: 'any' },
      NUMBER,
      {
        type: 'object',
        additionalProperties: false,
        minProperties: 1,
        properties: { least: NUMBER, most: NUMBER },
      },
    ],
  }
  const sets = SET_DIMENSIONS.map(({ name, meaning }) => [
    name,
    { description: meaning, ...oneOrMore(VALUE) },
  ])
  const ranges = RANGE_DIMENSIONS.map(({ name, meaning }) => [
    name,
    { description: meaning, ...range },
  ])
  return {
    type: 'object',
    additionalProperties: false,
    required: ['name'],
    minProperties: 2,
    properties: {
      name: { type: 'string', minLength: 1 },
      ...Object.fromEntries([...sets, ...ranges]),
      danger: {
        description: 'codes of dangers: accepted ones in allow, refused ones in deny',
        ...oneOrMore(DANGER_CODE),
      },
    },
  }
}

/** The schema that is published. */
export function policySchema(): JsonSchema {
  const rules = { type: 'array', items: ruleSchema() }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:cantosign:policy:${POLICY_VERSION}`,
    title: 'cantosign policy',
    description: 'What may be signed unattended',
    type: 'object',
    additionalProperties: false,
    required: ['version', 'allow'],
    properties: { version: { const: POLICY_VERSION }, allow: rules, deny: rules },
  }
}
