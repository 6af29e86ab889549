/** Identifiers of docs/protocol/identifiers.md: what is read, and everything that is not. */
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { CantosignError } from '../../src/base/errors.ts'
import { isFingerprint, parseFingerprint, parseNamespace } from '../../src/ident/fingerprint.ts'
import {
  parseMemberId,
  parsePartyId,
  parsePhysicalSynchronizerId,
  parseSynchronizerId,
  parseUniqueIdentifier,
  participantUidText,
  readMemberId,
  readParticipantUid,
  readPhysicalSynchronizerId,
  readUniqueIdentifier,
  uniqueIdentifierText,
} from '../../src/ident/identifiers.ts'

const N = `1220${'0f'.repeat(32)}`

function codeOf(run: () => unknown): string | undefined {
  try {
    run()
  } catch (error) {
    if (error instanceof CantosignError) return error.code
    throw error
  }
  return undefined
}

const BAD_NAMESPACES: readonly (readonly [string, string])[] = [
  ['empty', ''],
  ['too short', N.slice(0, 67)],
  ['too long', `${N}0`],
  ['in upper case', N.toUpperCase()],
  ['of another algorithm', N.replace('1220', '1320')],
  ['of another length byte', N.replace('1220', '1240')],
  ['with a letter that is no hex digit', `${N.slice(0, 67)}g`],
  ['with a space before it', ` ${N}`],
  ['with a line break after it', `${N}\n`],
  ['with full-width digits', N.replace('0', '０')],
  ['without prefix', N.slice(4)],
]

describe('fingerprints and namespaces', () => {
  test('are 68 lower-case hex characters beginning 1220', () => {
    expect(parseFingerprint(N)).toBe(N)
    expect(parseNamespace(N)).toBe(N)
  })

  test.each(BAD_NAMESPACES)('are refused if they are %s', (_what, text) => {
    expect(isFingerprint(text)).toBe(false)
    expect(codeOf(() => parseFingerprint(text))).toBe('identifier-invalid')
    expect(codeOf(() => parseNamespace(text))).toBe('identifier-invalid')
  })
})

describe('unique identifiers', () => {
  test.each([
    ['a plain one', 'alice'],
    ['one character', 'a'],
    ['185 characters', 'x'.repeat(185)],
    ['every kind of character', 'aZ09 :_-z'],
    ['a single colon inside', 'a:b'],
    ['the name of a member code', 'PAR'],
  ])('are read with %s', (_what, identifier) => {
    const uid = parseUniqueIdentifier(`${identifier}::${N}`)
    expect(uid).toEqual({ identifier, namespace: N })
    expect(uniqueIdentifierText(uid)).toBe(`${identifier}::${N}`)
  })

  test.each([
    ['nothing', ''],
    ['no delimiter', `alice:${N}`],
    ['no identifier', `::${N}`],
    ['only a namespace', N],
    ['only a delimiter', '::'],
    ['an identifier of 186 characters', `${'x'.repeat(186)}::${N}`],
    ['more than 255 characters', `${'x'.repeat(190)}::${N}`],
    ['a colon before the delimiter', `a:::${N}`],
    ['a colon at the beginning', `:a::${N}`],
    ['three parts', `a::b::${N}`],
    ['a third part behind', `a::${N}::34-0`],
    ['a delimiter behind', `a::${N}::`],
    ['a member code before it', `PAR::a::${N}`],
    ['a dot', `a.b::${N}`],
    ['a slash', `a/b::${N}`],
    ['a letter outside ASCII', `älice::${N}`],
    ['a letter that only looks like ASCII', `аlice::${N}`],
    ['a bidirectional override', `a\u202eb::${N}`],
    ['a zero-width space', `a\u200bb::${N}`],
    ['a tab', `a\tb::${N}`],
    ['a line break', `a\nb::${N}`],
    ['a null character', `a\0b::${N}`],
    ['a full-width colon as delimiter', `a：：${N}`],
  ])('are refused with %s', (_what, text) => {
    expect(readUniqueIdentifier(text).ok).toBe(false)
    expect(codeOf(() => parseUniqueIdentifier(text))).toBe('identifier-invalid')
    expect(codeOf(() => parsePartyId(text))).toBe('identifier-invalid')
    expect(codeOf(() => parseSynchronizerId(text))).toBe('identifier-invalid')
  })

  test.each(BAD_NAMESPACES)('are refused with a namespace that is %s', (_what, namespace) => {
    expect(readUniqueIdentifier(`alice::${namespace}`).ok).toBe(false)
  })

  test('name the problem and what to do', () => {
    expect(() => parsePartyId('alice')).toThrow(/party "alice" is not valid: it has no ::/)
  })

  const identifier = fc
    .stringMatching(/^[A-Za-z0-9_ -]([A-Za-z0-9_ -]|:){0,40}$/)
    .filter((text) => !text.includes('::') && !text.endsWith(':'))
  const namespace = fc.stringMatching(/^1220[0-9a-f]{64}$/)

  property.prop([identifier, namespace])('are written as they were read', (name, space) => {
    const text = `${name}::${space}`
    expect(uniqueIdentifierText(parseUniqueIdentifier(text))).toBe(text)
  })

  property.prop([fc.string({ unit: 'binary', maxLength: 100 })])(
    'are read from nothing that does not come back the same',
    (noise) => {
      for (const text of [noise, `${noise}::${N}`, `a::${noise}`]) {
        const reading = readUniqueIdentifier(text)
        if (reading.ok) expect(uniqueIdentifierText(reading.value)).toBe(text)
      }
    },
  )

  property.prop([
    identifier,
    namespace,
    fc.nat(),
    fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 }),
  ])('never read two texts as one value', (name, space, place, character) => {
    const text = `${name}::${space}`
    const at = place % text.length
    const changed = text.slice(0, at) + character + text.slice(at + 1)
    const reading = readUniqueIdentifier(changed)
    if (changed !== text && reading.ok) {
      expect(reading.value).not.toEqual(parseUniqueIdentifier(text))
    }
  })
})

describe('member ids', () => {
  test.each(['PAR', 'MED', 'SEQ'])('are read with the code %s', (code) => {
    expect(parseMemberId(`${code}::p1::${N}`)).toEqual({
      code,
      uid: { identifier: 'p1', namespace: N },
    })
  })

  test.each([
    ['no code', `p1::${N}`],
    ['a code in lower case', `par::p1::${N}`],
    ['an unknown code', `DOM::p1::${N}`],
    ['one colon behind the code', `PAR:p1::${N}`],
    ['no identifier', `PAR::${N}`],
    ['two codes', `PAR::PAR::p1::${N}`],
    ['three colons behind the code', `PAR:::p1::${N}`],
    ['a space behind the code', `PAR ::p1::${N}`],
    ['nothing behind the code', 'PAR::'],
    ['nothing', ''],
  ])('are refused with %s', (_what, text) => {
    expect(readMemberId(text).ok).toBe(false)
    expect(codeOf(() => parseMemberId(text))).toBe('identifier-invalid')
  })
})

describe('participant uids', () => {
  test.each([
    [`p1::${N}`, 'p1'],
    [`PAR::p1::${N}`, 'p1'],
    [`PAR::${N}`, 'PAR'],
    [`PAR::1220ab::${N}`, '1220ab'],
    [`PAR::PAR::${N}`, 'PAR'],
  ])('%s is the participant %s', (text, identifier) => {
    expect(readParticipantUid(text)).toEqual({ ok: true, value: { identifier, namespace: N } })
    expect(participantUidText(text)).toBe(`${identifier}::${N}`)
  })

  test.each([`MED::p1::${N}`, `PAR::PAR::p1::${N}`, `PAR:p1::${N}x`, 'PAR::', ''])(
    '%s is none',
    (text) => {
      expect(readParticipantUid(text).ok).toBe(false)
      expect(participantUidText(text)).toBe(text)
    },
  )
})

describe('physical synchronizer ids', () => {
  test.each([
    ['34-0', '34', 0],
    ['dev-7', 'dev', 7],
    ['34-2147483647', '34', 2_147_483_647],
  ])('are read with %s', (last, protocolVersion, serial) => {
    expect(parsePhysicalSynchronizerId(`global-domain::${N}::${last}`)).toEqual({
      logical: { identifier: 'global-domain', namespace: N },
      protocolVersion,
      serial,
    })
  })

  test.each([
    ['a logical id', `a::${N}`],
    ['a delimiter behind it', `a::${N}::34-0::`],
    ['an empty last part', `a::${N}::`],
    ['no serial', `a::${N}::34`],
    ['an empty serial', `a::${N}::34-`],
    ['no version', `a::${N}::-0`],
    ['a negative serial', `a::${N}::34--1`],
    ['a serial above 2147483647', `a::${N}::34-2147483648`],
    ['a serial of eleven digits', `a::${N}::34-00000000000`],
    ['a version that is a word', `a::${N}::latest-0`],
    ['a version in upper case', `a::${N}::DEV-0`],
    ['a decimal point', `a::${N}::34.1-0`],
    ['an exponent', `a::${N}::34-1e3`],
    ['digits outside ASCII', `a::${N}::34-٣`],
    ['a space', `a::${N}::34- 0`],
    ['a line break behind it', `a::${N}::34-0\n`],
    ['four parts', `a::${N}::x::34-0`],
    ['a bad namespace', 'a::1220::34-0'],
    ['nothing', ''],
  ])('are refused with %s', (_what, text) => {
    expect(readPhysicalSynchronizerId(text).ok).toBe(false)
    expect(codeOf(() => parsePhysicalSynchronizerId(text))).toBe('identifier-invalid')
  })
})
