import { describe, expect, test } from 'vitest'
import { FINDING_CODES } from '../../src/base/finding-codes.ts'
import { encodeMessage, wrap } from '../../src/wire/codec.ts'
import type { TopologyTransaction } from '../../src/wire/generated/schema.ts'
import { MESSAGE_SCHEMAS } from '../../src/wire/generated/schema.ts'
import { MAX_DEPTH, MAX_PACKED } from '../../src/wire/schema.ts'
import { MAX_FINDINGS, walkMessage } from '../../src/wire/walk.ts'
import { fromHex } from '../support/vectors.ts'

const NAMESPACE = `1220${'ab'.repeat(32)}`

const transaction: TopologyTransaction = {
  operation: 1,
  serial: 3,
  mapping: {
    mapping: {
      $case: 'partyToParticipant',
      value: {
        party: `alice::${NAMESPACE}`,
        threshold: 1,
        participants: [{ participantUid: `p::${NAMESPACE}`, permission: 2, onboarding: {} }],
        partySigningKeys: undefined,
      },
    },
  },
}
const bytes = wrap(encodeMessage('TopologyTransaction', transaction))

const codesOf = (input: Uint8Array, wrapped = true): readonly string[] =>
  walkMessage('TopologyTransaction', input, { wrapped }).findings.map(({ code }) => code)

/** A wrapper whose data is the given hex. */
const ones = (count: number): readonly number[] => Array.from({ length: count }, () => 1)

const withData = (hex: string): Uint8Array => wrap(fromHex(hex))

describe('the strict walker', () => {
  test('finds nothing in what Canton would write', () => {
    const walk = walkMessage('TopologyTransaction', bytes, { wrapped: true })
    expect(walk).toEqual({ findings: [], unknownFields: [], canonical: true, fatal: false })
  })

  test('finds every cut of a transaction', () => {
    for (let length = 0; length < bytes.length; length++) {
      const codes = codesOf(bytes.subarray(0, length))
      expect(codes.length, `cut at ${length}`).toBeGreaterThan(0)
      expect(['truncated', 'bad-version']).toContain(codes.at(-1))
    }
  })

  test('reports an unknown field with its path, number, wire type and bytes', () => {
    const walk = walkMessage('TopologyTransaction', withData('08011001' + '7a03616263'), {
      wrapped: true,
    })
    expect(walk.unknownFields).toEqual([
      { path: 'data', field: 15, wireType: 2, hex: '616263', legacy: false },
    ])
    expect(walk.findings).toEqual([
      {
        code: 'unknown-field',
        path: 'data.#15',
        offset: 6,
        message: 'TopologyTransaction has no field 15',
      },
    ])
  })

  test.each([
    ['a group', '0b0c', 'group-or-invalid-wire-type'],
    ['wire type 6', '0e', 'group-or-invalid-wire-type'],
    ['wire type 7', '0f', 'group-or-invalid-wire-type'],
    ['field number 0', '00', 'invalid-tag'],
    ['a tag above 2^29-1', '8080808010', 'invalid-tag'],
    ['a tag in more bytes than needed', '880001', 'non-minimal-varint'],
    ['a value in more bytes than needed', '088100', 'non-minimal-varint'],
    ['a length in more bytes than needed', '1a8200' + '4a00', 'non-minimal-varint'],
    ['a varint of 11 bytes', '08' + '80'.repeat(10) + '01', 'varint-overflow'],
    ['a varint above 64 bits', '08' + 'ff'.repeat(9) + '02', 'varint-overflow'],
    ['a length of 2^31', '1a8080808008', 'length-overflow'],
    ['a length beyond the end', '1a05', 'truncated'],
    ['a tag without a value', '08', 'truncated'],
    ['a fixed64 that ends early', '7901020304', 'truncated'],
    ['a field twice', '08010801', 'duplicate-field'],
    ['two mappings', '1a044a004200', 'oneof-conflict'],
    ['a reserved mapping', '1a021200', 'reserved-field'],
    ['a string where a number belongs', '0a0101', 'wrong-wire-type'],
    ['a number where a message belongs', '1801', 'wrong-wire-type'],
    ['a serial above 32 bits', '108080808010', 'bad-serial'],
    ['an enum above 32 bits', '088080808010', 'value-out-of-range'],
    ['an operation that does not exist', '0807', 'unknown-enum'],
    ['a serial of 0 written out', '1000', 'explicit-default'],
    ['fields out of order', '10010801', 'non-ascending-fields'],
    ['text that is not UTF-8', '1a054a030a01ff', 'invalid-utf8'],
    ['a bidirectional override', '1a074a050a03e280ae', 'unsafe-text'],
    ['a control character', '1a054a030a010a', 'unsafe-text'],
    ['a Unicode tag character', '1a084a060a04f3a08081', 'unsafe-text'],
    ['usages written unpacked', '1a080a0612042801' + '2804', 'unpacked-enum'],
    ['usages in two chunks', '1a0a0a0812062a01012a0104', 'unpacked-enum'],
    ['usages so, with a field between', '1a0b0a0912072a010130012804', 'unpacked-enum'],
    ['usages packed and then unpacked', '1a090a0712052a0101' + '2804', 'unpacked-enum'],
    [
      'a time with too many nanoseconds',
      '1a0b' + '8a0108' + '1206' + '108094ebdc03',
      'value-out-of-range',
    ],
  ])('names %s', (_what, hex, code) => {
    expect(codesOf(withData(hex))).toContain(code)
  })

  test.each([
    ['no version', '0a020801', 'bad-version'],
    ['version 31', '0a020801101f', 'bad-version'],
    ['version 0 written out', '0a0208011000', 'bad-version'],
    ['version before data', '101e0a020801', 'version-first'],
    ['no data', '101e', 'missing-field'],
    ['empty data', '0a00101e', 'empty-data'],
    ['a second version', '0a020801101e101e', 'duplicate-field'],
    ['an unknown wrapper field', '0a020801101e1801', 'unknown-field'],
  ])('names a wrapper with %s', (_what, hex, code) => {
    expect(codesOf(fromHex(hex))).toContain(code)
  })

  test('tells the legacy fields of live networks from unknown ones', () => {
    // SynchronizerParametersState > parameters > #4, and the limits' #2 and #3.
    const walk = walkMessage(
      'DynamicSynchronizerParameters',
      fromHex('2200' + '6a06' + '080110021803'),
      { wrapped: false },
    )
    expect(walk.findings.map(({ code, path }) => [code, path])).toEqual([
      ['legacy-field', '#4'],
      ['legacy-field', 'participant_synchronizer_limits.#2'],
      ['legacy-field', 'participant_synchronizer_limits.#3'],
    ])
    expect(walk.unknownFields.every(({ legacy }) => legacy)).toBe(true)
    expect(walk.canonical).toBe(true)
  })

  test('stops at nesting deeper than its limit, whatever a library would do', () => {
    // A PurgeTopologyTransaction holds mappings, one of which may be a purge again.
    let content: Uint8Array = new Uint8Array()
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      const length = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, n >> 7])
      const mapping = [0x72, ...length(content.length), ...content]
      content = Uint8Array.from([0x12, ...length(mapping.length), ...mapping])
    }
    const { findings, fatal } = walkMessage('PurgeTopologyTransaction', content, { wrapped: false })
    expect(fatal).toBe(true)
    expect(findings.at(-1)?.code).toBe('nesting-too-deep')
  })

  test('gives up after its limit of findings', () => {
    const many = Uint8Array.from(
      Array.from({ length: MAX_FINDINGS + 10 }, () => [0x78, 0x01]).flat(),
    )
    const { findings, fatal } = walkMessage('TopologyTransaction', many, { wrapped: false })
    expect(fatal).toBe(true)
    expect(findings).toHaveLength(MAX_FINDINGS + 1)
    expect(findings.at(-1)?.code).toBe('too-many-findings')
  })

  test.each([
    ['packed', (count: number) => [0x0a, 0x80 | (count & 127), count >> 7, ...ones(count)]],
    ['unpacked', (count: number) => ones(count).flatMap((one) => [0x08, one])],
  ])('reads lists of numbers of %s form up to a limit', (_form, encode) => {
    // Codes of the mappings that a delegation is restricted to.
    const name = 'NamespaceDelegation.CanSignSpecificMappings'
    const walk = (count: number) =>
      walkMessage(name, Uint8Array.from(encode(count)), { wrapped: false })
    expect(walk(MAX_PACKED).fatal).toBe(false)
    const { findings, fatal } = walk(MAX_PACKED + 1)
    expect(fatal).toBe(true)
    expect(findings.at(-1)?.code).toBe('list-too-long')
  })

  test('puts path and offset of the surroundings before its own', () => {
    const [finding] = walkMessage('TopologyTransaction', withData('0807'), {
      wrapped: true,
      path: 'data.items[4].transaction',
      offset: 1000,
    }).findings
    expect(finding).toMatchObject({
      path: 'data.items[4].transaction.data.operation',
      offset: 1002,
    })
  })

  test('keeps field numbers small enough for every message to be told apart by one tag byte or two', () => {
    const numbers = Object.values(MESSAGE_SCHEMAS).flatMap(({ fields }) =>
      fields.map((field) => field.number),
    )
    expect(Math.max(...numbers)).toBeLessThan(2 ** 11)
  })

  test('gives every wire finding a severity', () => {
    for (const rule of Object.values(FINDING_CODES)) {
      expect(['fatal', 'refuse', 'allow']).toContain(rule.severity)
    }
  })
})
