/** One flag of a configuration is changed; the rest goes back byte for byte. */
import { fc, test as property } from '@fast-check/vitest'
import protobuf from 'protobufjs/minimal.js'
import { expect, test } from 'vitest'
import { concatBytes } from '../../../src/base/bytes.ts'
import { CantosignError } from '../../../src/base/errors.ts'
import { withManualConnect } from '../../../src/online/replication/connection-config.ts'
import { decodeApiMessage, encodeApiMessage } from '../../../src/online/wire/codec.ts'

const bytesOf = (writer: protobuf.Writer): Uint8Array => new Uint8Array(writer.finish())

/** A field of any number but 3, of any wire type. */
const field = fc
  .tuple(
    fc.integer({ min: 1, max: 5000 }).filter((number) => number !== 3),
    fc.constantFrom(0, 1, 2, 5),
    fc.uint8Array({ maxLength: 12 }),
  )
  .map(([number, wireType, content]) => {
    const writer = protobuf.Writer.create().uint32(number * 8 + wireType)
    if (wireType === 0) return bytesOf(writer.uint32(content.length))
    if (wireType === 1) return bytesOf(writer.fixed64(content.length))
    if (wireType === 5) return bytesOf(writer.fixed32(content.length))
    return bytesOf(writer.bytes(content))
  })

property.prop([
  fc.array(field),
  fc.array(field),
  fc.constantFrom(undefined, false, true),
  fc.boolean(),
])('whatever else is in it stays, in its order', (first, last, was, wanted) => {
  const flag = was === undefined ? [] : [Uint8Array.of(24, was ? 1 : 0)]
  const changed = withManualConnect(concatBytes(...first, ...flag, ...last), wanted)
  const without = withManualConnect(changed, false)
  expect(without).toEqual(concatBytes(...first, ...last))
  expect(changed.length - without.length).toBe(wanted ? 2 : 0)
})

test('it stands among the fields as Canton writes it', () => {
  const config = encodeApiMessage('SynchronizerConnectionConfig', {
    synchronizerAlias: 'sync',
    sequencerConnections: Uint8Array.of(8, 1),
    physicalSynchronizerId: 'x',
    priority: 4,
  })
  const expected = encodeApiMessage('SynchronizerConnectionConfig', {
    ...decodeApiMessage('SynchronizerConnectionConfig', config),
    manualConnect: true,
  })
  expect(withManualConnect(config, true)).toEqual(expected)
  expect(withManualConnect(expected, true)).toEqual(expected)
  expect(withManualConnect(expected, false)).toEqual(config)
})

test.each([
  ['a field that runs past the end', Uint8Array.of(10, 5, 1)],
  ['half of a tag', Uint8Array.of(0x80)],
  ['a wire type that there is none of', Uint8Array.of(15)],
])('%s is refused', (_name, bytes) => {
  expect(() => withManualConnect(bytes, true)).toThrow(CantosignError)
})
