import { Ajv2020 } from 'ajv/dist/2020.js'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { specSchema } from '../../src/build/spec-schema.ts'
import { policySchema } from '../../src/policy/policy-schema.ts'
import { codeOf, key, specFrom, uid } from './support.ts'

const published = (name: string): object =>
  JSON.parse(readFileSync(`schemas/${name}.schema.json`, 'utf8')) as object
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false })

test.each([
  ['spec', specSchema()],
  ['policy', policySchema()],
])('the published schema of a %s is the one of the code', (name, schema) => {
  expect(published(name)).toEqual(JSON.parse(JSON.stringify(schema)))
})

describe('the schema of a spec', () => {
  const fits = ajv.compile(published('spec'))
  const party = `party: "${uid('alice', key(0))}"`
  const host = `participant: "${uid('p1', key(1))}"`
  const sound = `transactions:
  - operation: replace
    serial: 2
    partyToParticipant:
      ${party}
      threshold: 1
      participants: [{ ${host}, permission: confirmation, onboarding: true }]
      partySigningKeys: { threshold: 1, keys: [{ publicKey: file:k, usage: [namespace, protocol] }] }
  - namespaceDelegation:
      namespace: "${key(0).fingerprint}"
      targetKey: { publicKey: file:k, usage: [namespace] }
      restriction: [partyToParticipant]
  - synchronizerTrustCertificate: { participantUid: "${uid('p1', key(1))}", synchronizerId: "${uid('g', key(1))}" }
`

  test('takes what reading takes', () => {
    expect(codeOf(() => specFrom(sound, { k: key(0) }))).toBe('no error')
    expect(fits(parse(sound))).toBe(true)
  })

  test.each([
    ['no transactions', 'operation: replace', 'transactons: []', /^transactions:/],
    ['another operation', 'operation: replace', 'operation: add', undefined],
    ['serial 0', 'serial: 2', 'serial: 0', undefined],
    ['a serial as text', 'serial: 2', 'serial: "2"', undefined],
    ['an unknown permission', 'permission: confirmation', 'permission: read', undefined],
    ['a missing permission', ', permission: confirmation', '', undefined],
    ['two spellings of one field', host, `${host}, participantUid: x`, undefined],
    ['a missing participant', `${host}, `, '', undefined],
    ['an unknown field', 'threshold: 1', 'treshold: 1', undefined],
    ['a flag that is text', 'onboarding: true', 'onboarding: "yes"', undefined],
    ['an unknown usage', 'usage: [namespace, protocol]', 'usage: [all]', undefined],
    ['an empty usage', 'usage: [namespace, protocol]', 'usage: []', undefined],
    ['an unknown restriction', 'restriction: [partyToParticipant]', 'restriction: none', undefined],
    ['no restriction', 'restriction: [partyToParticipant]', '', undefined],
    ['a mapping beside another', 'operation: replace', 'partyHostingLimits: {}', undefined],
    [
      'a mapping that is no longer made',
      'synchronizerTrustCertificate:',
      'purgeTopologyTransaction:',
      undefined,
    ],
  ])('refuses what reading refuses: %s', (_what, from, to, cut) => {
    const spoilt = cut === undefined ? sound.replace(from, to) : sound.replace(cut, 'transactons:')
    expect(spoilt).not.toBe(sound)
    expect(codeOf(() => specFrom(spoilt, { k: key(0) }))).toBe('spec-invalid')
    expect(fits(parse(spoilt))).toBe(false)
  })
})
