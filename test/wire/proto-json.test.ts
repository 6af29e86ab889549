import { fc } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { CantosignError } from '../../src/base/errors.ts'
import { decodeMessage, unwrap } from '../../src/wire/codec.ts'
import { MESSAGE_SCHEMAS } from '../../src/wire/generated/schema.ts'
import {
  fromProtoJson,
  toProtoJson,
  type JsonDialect,
  type JsonValue,
} from '../../src/wire/proto-json.ts'
import { isMessageName, schemaOf, type MessageName } from '../../src/wire/schema.ts'
import { messageArbitrary } from '../support/message-arbitrary.ts'
import { fixture, fromBase64 } from '../support/vectors.ts'

interface Vector {
  readonly mapping: string
  readonly transaction_base64: string
  readonly decoded: Record<string, unknown>
}

const { transactions: vectors } = fixture('synthetic-topology/transactions.json') as {
  readonly transactions: readonly Vector[]
}

const SUCCESSOR = 'LsuSequencerConnectionSuccessor'

/**
 * JSON with the names of the .proto file and defaults left out, as Python's protobuf wrote it, to
 * the form of this tool: written anew from the rules, without the code under test.
 */
function converted(name: string, json: Record<string, unknown>): unknown {
  const result: Record<string, unknown> = {}
  for (const field of schemaOf(name).schema.fields) {
    const camel = field.name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase())
    const convert = (value: unknown): unknown => {
      if (field.name === 'sequencer_connection_successor') {
        return converted(SUCCESSOR, value as Record<string, unknown>)
      }
      if (field.type === 'enum') {
        const prefix = (field.ref ?? '').replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()
        return typeof value === 'string' ? value.slice(prefix.length + 1) : value
      }
      const isText = typeof value === 'string'
      return field.type === 'message' && !isText
        ? converted(field.ref ?? '', value as Record<string, unknown>)
        : value
    }
    const own = json[field.name]
    if (own !== undefined) {
      result[camel] = field.repeated ? (own as unknown[]).map(convert) : convert(own)
    } else if (field.repeated) result[camel] = []
    else if (!field.presence) {
      const defaults: Record<string, unknown> = {
        string: '',
        bytes: '',
        bool: false,
        enum: 'UNSPECIFIED',
        int64: '0',
        uint64: '0',
      }
      result[camel] = defaults[field.type] ?? 0
    }
  }
  return result
}

const codeOf = (run: () => unknown): [string, unknown] => {
  try {
    run()
  } catch (error) {
    if (error instanceof CantosignError) return [error.code, error.details['path']]
    throw error
  }
  return ['accepted', undefined]
}

describe('the JSON form of messages', () => {
  test.each(vectors.map((vector, i) => [`${i} ${vector.mapping}`, vector] as const))(
    'is that of protobuf for Python, for the vector %s',
    (_title, { transaction_base64: bytes, decoded }) => {
      const value = decodeMessage('TopologyTransaction', unwrap(fromBase64(bytes)))
      const json = toProtoJson('TopologyTransaction', value)
      expect(json).toEqual(converted('TopologyTransaction', decoded))
      expect(fromProtoJson('TopologyTransaction', json)).toEqual(value)
      expect(fromProtoJson('TopologyTransaction', decoded, 'protobuf')).toEqual(value)
    },
  )

  const names = Object.keys(MESSAGE_SCHEMAS).filter(isMessageName)
  test.each(names)('comes back as the same value, in both dialects: %s', (name) => {
    fc.assert(
      fc.property(messageArbitrary(name), (value) => {
        const json = JSON.parse(JSON.stringify(toProtoJson(name, value))) as JsonValue
        expect(fromProtoJson(name, json)).toEqual(value)
        expect(fromProtoJson(name, json, 'protobuf')).toEqual(value)
      }),
      { numRuns: 25 },
    )
  })

  test('keeps a successor that would not encode to the same bytes as bytes', () => {
    const successor = vectors.find(({ mapping }) => mapping === 'sequencer_connection_successor')
    const bytes = unwrap(fromBase64(successor?.transaction_base64 ?? ''))
    const { mapping } = decodeMessage('TopologyTransaction', bytes)
    if (mapping?.mapping?.$case !== 'sequencerConnectionSuccessor') throw new Error('no successor')
    const odd = Uint8Array.of(...mapping.mapping.value, 0x3a, 0x01, 0x41) // a field nobody knows
    const value = { mapping: { $case: 'sequencerConnectionSuccessor', value: odd } } as const
    const json = toProtoJson('TopologyMapping', value)
    expect(json).toEqual({ sequencerConnectionSuccessor: Buffer.from(odd).toString('base64') })
    expect(fromProtoJson('TopologyMapping', json)).toEqual(value)
  })

  test('leaves out what is absent and writes what is at its default', () => {
    const value = { packageId: '', validFromInclusive: undefined, validUntilExclusive: undefined }
    expect(toProtoJson('VettedPackages.VettedPackage', value)).toEqual({ packageId: '' })
  })

  test('writes 64-bit numbers as text and an unknown enum as its number', () => {
    const permission = {
      synchronizerId: 's',
      participantUid: 'p',
      permission: 77,
      limits: undefined,
      loginAfter: -(2n ** 63n),
    }
    expect(toProtoJson('ParticipantSynchronizerPermission', permission)).toEqual({
      synchronizerId: 's',
      participantUid: 'p',
      permission: 77,
      loginAfter: '-9223372036854775808',
    })
  })
})

const host = { participantUid: 'p', permission: 'CONFIRMATION' }
const hosting = { party: 'a', threshold: 1, participants: [host] }
const key = { format: 'RAW', publicKey: '', scheme: 'UNSPECIFIED', usage: [], keySpec: 'EC_P256' }

const refused: readonly (readonly [string, MessageName, unknown, string])[] = [
  ['a message that is a list', 'PartyToParticipant', [], ''],
  ['a message that is null', 'PartyToParticipant', null, ''],
  ['a message that is text', 'PartyToParticipant', '{}', ''],
  ['an unknown name', 'PartyToParticipant', { ...hosting, partyy: 'a' }, 'partyy'],
  ['__proto__', 'PartyToParticipant', JSON.parse('{"__proto__":{}}'), '__proto__'],
  [
    'a name of the .proto file',
    'PartyToParticipant',
    { ...hosting, party_signing_keys: 1 },
    'party_signing_keys',
  ],
  ['a missing field', 'PartyToParticipant', { party: 'a', threshold: 1 }, 'participants'],
  [
    'null for an absent message',
    'PartyToParticipant',
    { ...hosting, partySigningKeys: null },
    'partySigningKeys',
  ],
  ['a number as text', 'PartyToParticipant', { ...hosting, threshold: '1' }, 'threshold'],
  ['a number with a fraction', 'PartyToParticipant', { ...hosting, threshold: 1.5 }, 'threshold'],
  ['a negative unsigned number', 'PartyToParticipant', { ...hosting, threshold: -1 }, 'threshold'],
  ['minus zero', 'PartyToParticipant', { ...hosting, threshold: -0 }, 'threshold'],
  ['a number above 32 bits', 'PartyToParticipant', { ...hosting, threshold: 2 ** 32 }, 'threshold'],
  ['text that is a number', 'PartyToParticipant', { ...hosting, party: 7 }, 'party'],
  ['half a surrogate pair', 'PartyToParticipant', { ...hosting, party: '\ud800' }, 'party'],
  [
    'a list that is an object',
    'PartyToParticipant',
    { ...hosting, participants: { 0: host } },
    'participants',
  ],
  [
    'an unknown name below',
    'PartyToParticipant',
    { ...hosting, participants: [host, { ...host, x: 1 }] },
    'participants[1].x',
  ],
  [
    'an enum nobody knows',
    'PartyToParticipant',
    { ...hosting, participants: [{ ...host, permission: 'ALL' }] },
    'participants[0].permission',
  ],
  [
    'an enum with its prefix',
    'PartyToParticipant',
    { ...hosting, participants: [{ ...host, permission: 'PARTICIPANT_PERMISSION_SUBMISSION' }] },
    'participants[0].permission',
  ],
  [
    'an enum in lower case',
    'PartyToParticipant',
    { ...hosting, participants: [{ ...host, permission: 'submission' }] },
    'participants[0].permission',
  ],
  [
    'an inherited name as an enum',
    'SigningPublicKey',
    { ...key, keySpec: 'constructor' },
    'keySpec',
  ],
  ['a boolean as an enum', 'SigningPublicKey', { ...key, keySpec: true }, 'keySpec'],
  ['base64 without padding', 'SigningPublicKey', { ...key, publicKey: 'AA' }, 'publicKey'],
  ['base64 with bits left over', 'SigningPublicKey', { ...key, publicKey: 'AB==' }, 'publicKey'],
  ['base64 for addresses', 'SigningPublicKey', { ...key, publicKey: '-_8=' }, 'publicKey'],
  ['a list of bytes', 'SigningPublicKey', { ...key, publicKey: [1] }, 'publicKey'],
  [
    'two members of a oneof',
    'PublicKey',
    {
      signingPublicKey: key,
      encryptionPublicKey: { format: 0, publicKey: '', scheme: 0, keySpec: 0 },
    },
    'encryptionPublicKey',
  ],
  [
    'a boolean as text',
    'SignedTopologyTransaction',
    { transaction: '', signatures: [], proposal: 'true', multiTransactionSignatures: [] },
    'proposal',
  ],
  [
    'a 64-bit number as a number',
    'ParticipantSynchronizerPermission',
    { synchronizerId: '', participantUid: '', permission: 0, loginAfter: 5 },
    'loginAfter',
  ],
  [
    'a 64-bit number with a leading zero',
    'ParticipantSynchronizerPermission',
    { synchronizerId: '', participantUid: '', permission: 0, loginAfter: '05' },
    'loginAfter',
  ],
  [
    'a 64-bit number that is too large',
    'ParticipantSynchronizerPermission',
    { synchronizerId: '', participantUid: '', permission: 0, loginAfter: '9223372036854775808' },
    'loginAfter',
  ],
  [
    'a day that does not exist',
    'LsuAnnouncement',
    { successorPhysicalSynchronizerId: '', upgradeTime: '2026-02-30T00:00:00Z' },
    'upgradeTime',
  ],
  [
    'a time as its two numbers',
    'LsuAnnouncement',
    { successorPhysicalSynchronizerId: '', upgradeTime: { seconds: '0', nanos: 0 } },
    'upgradeTime',
  ],
  [
    'a time as a number',
    'LsuAnnouncement',
    { successorPhysicalSynchronizerId: '', upgradeTime: 0 },
    'upgradeTime',
  ],
  [
    'a successor with a field of neither form',
    'TopologyMapping',
    { sequencerConnectionSuccessor: { sequencerId: 's', synchronizerId: 's', x: 1 } },
    'sequencerConnectionSuccessor.x',
  ],
]

describe('reading JSON', () => {
  test.each(refused)('refuses %s', (_what, name, json, path) => {
    expect(codeOf(() => fromProtoJson(name, json))).toEqual(['proto-json', path])
  })

  test('takes what other programs write, in the dialect for it', () => {
    const read = (json: unknown, dialect: JsonDialect): [string, unknown] =>
      codeOf(() => fromProtoJson('ParticipantSynchronizerPermission', json, dialect))
    const foreign = {
      synchronizer_id: 's',
      permission: 'PARTICIPANT_PERMISSION_SUBMISSION',
      limits: null,
      login_after: 12,
    }
    expect(read(foreign, 'own')).toEqual(['proto-json', 'synchronizer_id'])
    expect(fromProtoJson('ParticipantSynchronizerPermission', foreign, 'protobuf')).toEqual({
      synchronizerId: 's',
      participantUid: '',
      permission: 1,
      limits: undefined,
      loginAfter: 12n,
    })
    expect(read({ ...foreign, synchronizerId: 's' }, 'protobuf')[0]).toBe('proto-json')
    expect(read({ ...foreign, login_after: 2 ** 53 }, 'protobuf')[0]).toBe('proto-json')
    expect(read({ ...foreign, unknown: null }, 'protobuf')).toEqual(['proto-json', 'unknown'])
  })

  test('refuses messages nested deeper than the limit', () => {
    let mapping: unknown = {}
    for (let i = 0; i < 150; i++) {
      mapping = { purgeTopologyTxs: { synchronizerId: '', mappings: [mapping] } }
    }
    expect(codeOf(() => fromProtoJson('TopologyMapping', mapping))[0]).toBe('proto-json')
  })
})
