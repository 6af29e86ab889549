/**
 * SynchronizerConnectionConfig with another `manual_connect`: a node takes the whole message, so all
 * else is sent back byte for byte, fields that this tool does not know included.
 */
import protobuf from 'protobufjs/minimal.js'
import { concatBytes } from '../../base/bytes.ts'
import { CantosignError } from '../../base/errors.ts'

const MANUAL_CONNECT = 3
const VARINT = 0

/**
 * @param config SynchronizerConnectionConfig as the node gave it
 * @throws CantosignError `response-malformed`
 */
export function withManualConnect(config: Uint8Array, manualConnect: boolean): Uint8Array {
  const kept: Uint8Array[] = []
  let before = 0
  const reader = protobuf.Reader.create(
    new Uint8Array(config.buffer, config.byteOffset, config.byteLength),
  )
  try {
    while (reader.pos < reader.len) {
      const start = reader.pos
      const tag = reader.uint32()
      reader.skipType(tag & 7)
      if (tag >>> 3 === MANUAL_CONNECT) continue
      kept.push(config.slice(start, reader.pos))
      if (tag >>> 3 < MANUAL_CONNECT) before = kept.length
    }
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause
    throw new CantosignError(
      'response-malformed',
      `the configuration of a synchronizer cannot be read: ${cause.message}`,
      'check that the address is that of the Admin API, and the release of the participant with info',
      { cause },
    )
  }
  const flag = manualConnect
    ? [
        new Uint8Array(
          protobuf.Writer.create()
            .uint32((MANUAL_CONNECT << 3) | VARINT)
            .bool(true)
            .finish(),
        ),
      ]
    : []
  return concatBytes(...kept.slice(0, before), ...flag, ...kept.slice(before))
}
