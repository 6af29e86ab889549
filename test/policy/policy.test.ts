import { Ajv2020 } from 'ajv/dist/2020.js'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readPolicy } from '../../src/policy/policy.ts'
import { codeOf, key, messageOf, uid } from '../build/support.ts'

const alice = uid('alice', key(0))
const SOUND = `version: 1
allow:
  - name: hosting of alice on our nodes
    mapping: partyToParticipant
    operation: replace
    party: "${alice}"
    participant: ["${uid('p1', key(1))}", "${uid('p2', key(2))}=observation"]
    permission: [confirmation, observation]
    key: any
    keyUsage: any
    serial: { least: 2 }
    threshold: { least: 1, most: 2 }
    signingThreshold: 1
    danger: [previous-unrelated]
deny:
  - name: never submission
    permission: submission
  - name: never these
    danger: root-delegation-removed
`

const schema = JSON.parse(readFileSync('schemas/policy.schema.json', 'utf8')) as object
const fits = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema)

describe('readPolicy', () => {
  test('reads rules and their conditions', () => {
    const { allow, deny } = readPolicy(SOUND, 'policy.yaml')
    expect(allow).toHaveLength(1)
    expect(allow[0]?.sets.get('party')).toEqual({ $case: 'listed', values: [alice] })
    expect(allow[0]?.sets.get('key')).toEqual({ $case: 'any' })
    expect(allow[0]?.ranges.get('serial')).toEqual({ $case: 'between', least: 2, most: undefined })
    expect(allow[0]?.ranges.get('signingThreshold')).toEqual({
      $case: 'between',
      least: 1,
      most: 1,
    })
    expect(allow[0]?.dangers).toEqual(['previous-unrelated'])
    expect(deny.map(({ name }) => name)).toEqual(['never submission', 'never these'])
    expect(fits(parse(SOUND))).toBe(true)
  })

  test.each([
    ['an unknown field', 'version: 1', 'version: 1\nmode: lax'],
    ['another version', 'version: 1', 'version: 2'],
    ['no version', 'version: 1\n', ''],
    ['no allow list', 'allow:', 'permit:'],
    ['a misspelt dimension', 'participant:', 'participants:'],
    ['a rule without a name', '  - name: never submission\n    permission', '  - permission'],
    ['a rule that repeats a name', 'name: never these', 'name: never submission'],
    ['a rule without a condition', '    permission: submission\n', ''],
    ['an unknown mapping', 'mapping: partyToParticipant', 'mapping: partyToOwner'],
    [
      'a mapping in another spelling',
      'mapping: partyToParticipant',
      'mapping: party-to-participant',
    ],
    ['an unknown operation', 'operation: replace', 'operation: add'],
    ['an unknown permission', 'permission: submission', 'permission: submit'],
    ['a party that is none', `party: "${alice}"`, 'party: alice'],
    ['a participant with a permission that is none', '=observation', '=watching'],
    ['a participant with two permissions', '=observation', '=observation=confirmation'],
    ['an empty list', 'permission: [confirmation, observation]', 'permission: []'],
    ['a value twice', '[confirmation, observation]', '[observation, observation]'],
    ['any among others', '[confirmation, observation]', '[any, observation]'],
    ['a danger that does not exist', 'root-delegation-removed', 'root-delegation-gone'],
    ['every danger at once', 'danger: [previous-unrelated]', 'danger: any'],
    ['a range without ends', '{ least: 2 }', '{}'],
    ['a range of nothing', '{ least: 1, most: 2 }', '{ least: 3, most: 2 }'],
    ['an end that is text', '{ least: 2 }', '{ least: "2" }'],
    ['an end below 0', '{ least: 2 }', '{ least: -1 }'],
    ['an unknown end', '{ least: 2 }', '{ min: 2 }'],
    ['a threshold that is a word', 'signingThreshold: 1', 'signingThreshold: all'],
    ['a usage of another kind', 'keyUsage: any', 'keyUsage: encryption'],
    ['null', 'key: any', 'key: null'],
  ])('refuses %s', (_what, from, to) => {
    const spoilt = SOUND.replace(from, to)
    expect(spoilt).not.toBe(SOUND)
    expect(codeOf(() => readPolicy(spoilt, 'policy.yaml'))).toBe('policy-invalid')
    expect(messageOf(() => readPolicy(spoilt, 'policy.yaml'))).toMatch(/^policy\.yaml, line \d+/)
  })

  test('refuses an allow rule that states nothing but dangers', () => {
    const text = 'version: 1\nallow: [{ name: a, danger: root-delegation-removed }]'
    expect(codeOf(() => readPolicy(text, 'f'))).toBe('policy-invalid')
  })

  test('refuses YAML that is not plain', () => {
    expect(codeOf(() => readPolicy('version: 1\nallow: &a []', 'f'))).toBe('yaml-invalid')
  })
})
