/** Whatever is sent, a refusal has a code, and what was refused has changed nothing. */
import { fc, test } from '@fast-check/vitest'
import { expect } from 'vitest'
import { CantonError } from '../../src/sandbox/core/canton-error.ts'
import { parseSubmitted, parseSubmittedMessage } from '../../src/sandbox/core/submitted.ts'
import { generateTransaction } from '../../src/sandbox/core/topology-write.ts'
import { encodeMessage, wrap } from '../../src/wire/codec.ts'
import { messageArbitrary } from '../support/message-arbitrary.ts'
import { newNetwork, newPerson, ofNode, submit, type Network } from './network.ts'

const network: Network = await newNetwork()
const alice = await newPerson()

/** The code of a refusal, or nothing; whatever else is thrown is a failure. */
function codeOf(action: () => unknown): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    if (error instanceof CantonError) return error.code
    throw error
  }
}

test.prop([fc.uint8Array({ maxLength: 400 })], { numRuns: 500 })('any bytes', (bytes) => {
  expect(codeOf(() => parseSubmitted(bytes))).toBe('PROTO_DESERIALIZATION_FAILURE')
  expect(codeOf(() => parseSubmitted(wrap(bytes)))).toBe('PROTO_DESERIALIZATION_FAILURE')
})

test.prop([messageArbitrary('SignedTopologyTransaction')], { numRuns: 300 })(
  'any signed transaction',
  (message) => {
    codeOf(() => parseSubmittedMessage(message))
  },
)

test.prop([messageArbitrary('TopologyTransaction')], { numRuns: 1500 })(
  'any mapping, signed by a person and by a node',
  (message) => {
    const before = network.synchronizer.store.records.length
    const transaction = wrap(encodeMessage('TopologyTransaction', message))
    const code = codeOf(() => {
      const submitted = parseSubmittedMessage({
        transaction,
        signatures: [alice.sign, ofNode(network.participant(1))].map((sign) =>
          sign(new Uint8Array(34)),
        ),
        proposal: true,
        multiTransactionSignatures: [],
      })
      submit(network, [submitted])
    })
    // Both signatures are over something else.
    expect(code).toBeDefined()
    expect(network.synchronizer.store.records).toHaveLength(before)
    const mapping = message.mapping?.mapping
    if (mapping === undefined) return
    codeOf(() =>
      generateTransaction(network.synchronizer.store, { operation: 'replace', serial: 0, mapping }),
    )
  },
)

const genesis = network.synchronizer.store.records
const count = genesis.length

test.prop(
  [
    fc.integer({ min: 0, max: genesis.length - 1 }),
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    fc.integer({ min: 0, max: 255 }),
  ],
  { numRuns: 1500 },
)('a transaction of the genesis with one byte changed', (index, place, byte) => {
  const record = genesis[index]
  if (record === undefined) throw new Error('no such record')
  const transaction = record.bytes.slice()
  const at = Math.floor(place * transaction.length)
  const same = transaction[at] === byte
  transaction[at] = byte
  const code = codeOf(() => {
    const submitted = parseSubmittedMessage({
      transaction,
      signatures: record.signatures.map(({ wire }) => wire),
      proposal: false,
      multiTransactionSignatures: [],
    })
    // What only the receiving node looks at may pass.
    submit(network, [submitted], { flags: new Set([1, 4]) })
  })
  // The signatures of the genesis cover other bytes; unchanged, it is there already.
  if (same) expect(code).toBeUndefined()
  else expect(code).toBeDefined()
  expect(genesis).toHaveLength(count)
})
