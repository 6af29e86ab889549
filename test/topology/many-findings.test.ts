/** What hostile lists cost: one transaction of them is read in one pass, and its findings are bounded. */
import { describe, expect, test } from 'vitest'
import { combinedHash } from '../../src/topology/namespace.ts'
import { readSignedTransaction, verifySignatures } from '../../src/topology/signed-transaction.ts'
import { readTransaction, transactionHash } from '../../src/topology/transaction.ts'
import { encodeMessage, wrap } from '../../src/wire/codec.ts'

const NAMESPACE = `1220${'a'.repeat(64)}`
const ids = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `m${i}::${NAMESPACE}`)

function members(active: readonly string[], observers: readonly string[]): Uint8Array {
  const synchronizerId = `s::${NAMESPACE}`
  const value = { synchronizerId, group: 1, threshold: 1, active, observers }
  const mapping = { mapping: { $case: 'mediatorSynchronizerState' as const, value } }
  return wrap(encodeMessage('TopologyTransaction', { operation: 1, serial: 1, mapping }))
}

const hashes = (count: number): readonly Uint8Array[] =>
  Array.from({ length: count }, (_, i) => {
    const bytes = Buffer.alloc(34)
    bytes.writeUInt16BE(0x1220)
    bytes.writeUInt32BE(i, 30)
    return bytes
  })

// Quadratic work on these lists would take hours.
describe('one transaction with a list of tens of thousands', { timeout: 60_000 }, () => {
  test('of members that are listed twice', () => {
    const { findings } = readTransaction(members(ids(25_000), ids(25_000)))
    expect(findings).toHaveLength(1001)
    expect(findings[0]).toMatchObject({
      code: 'members-overlap',
      path: 'data.mapping.mediator_synchronizer_state.observers[0]',
    })
    expect(findings[0]?.offset).toBeGreaterThan(0)
    expect(findings.at(-1)).toMatchObject({ code: 'too-many-findings' })
  })

  test('of hashes that were signed together', () => {
    const transaction = members(ids(1), [])
    const all = [...hashes(90_000), transactionHash(transaction)]
    const bytes = wrap(
      encodeMessage('SignedTopologyTransaction', {
        transaction,
        signatures: [],
        proposal: false,
        multiTransactionSignatures: [{ transactionHashes: all, signatures: [] }],
      }),
    )
    expect(readSignedTransaction(bytes).findings.map(({ code }) => code)).toEqual([
      'no-signature',
      'no-signature',
    ])
  })

  test('of signatures in an old format', () => {
    const signatures = Array.from({ length: 60_000 }, (_, i) => ({
      format: 1,
      signature: new Uint8Array(64),
      signedBy: `1220${i.toString(16).padStart(64, '0')}`,
      signingAlgorithmSpec: 0,
      signatureDelegation: undefined,
    }))
    const bytes = wrap(
      encodeMessage('SignedTopologyTransaction', {
        transaction: members(ids(1), []),
        signatures,
        proposal: false,
        multiTransactionSignatures: [],
      }),
    )
    const verified = verifySignatures(readSignedTransaction(bytes))
    expect(verified).toHaveLength(60_000)
    expect(verified[59_999]).toMatchObject({
      status: 'unverifiable',
      findings: [
        { code: 'legacy-signature', path: 'data.signatures[59999]', offset: undefined },
        { code: 'unknown-signer', path: 'data.signatures[59999].signed_by', offset: undefined },
      ],
    })
  })

  test('and their combined hash', () => {
    expect(combinedHash(hashes(200_000))).toHaveLength(34)
  })
})

test('as many findings as are listed stay what they are', () => {
  const { findings } = readTransaction(members(ids(1000), ids(1000)))
  expect(findings).toHaveLength(1000)
  expect(new Set(findings.map(({ code }) => code))).toEqual(new Set(['members-overlap']))
})
