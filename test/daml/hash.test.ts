/** Hashes against the vectors of Canton's own scripts and tests. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { encodeValue } from '../../src/daml/encode-value.ts'
import { hashPreparedTransaction, nodeHashes } from '../../src/daml/hash.ts'
import { Preimage } from '../../src/daml/preimage.ts'
import { readPreparedTransaction } from '../../src/daml/prepared-transaction.ts'
import { parseHashingScheme } from '../../src/daml/scheme.ts'
import { decodeMessage } from '../../src/wire/codec.ts'
import { fixture, fromBase64, outsideVector } from '../support/vectors.ts'

interface Vector {
  readonly id: string
  readonly hashing_scheme_version: number
  readonly category: string
  readonly prepared_transaction_base64: string
  readonly transaction_hash: string
  readonly metadata_hash: string
  readonly hash: string
  readonly node_hashes: Readonly<Record<string, string>>
}

const { vectors } = fixture('prepared-transactions/oracle-vectors.json') as {
  vectors: readonly Vector[]
}

const hexOf = (
  bytes: Uint8Array,
  version: number,
): { readonly transaction: string; readonly metadata: string; readonly whole: string } => {
  const result = hashPreparedTransaction(bytes, parseHashingScheme(`v${version}`))
  if (result.$case !== 'hashed') throw new Error(JSON.stringify(result.obstacles))
  return {
    transaction: toHex(result.transactionHash),
    metadata: toHex(result.metadataHash),
    whole: toHex(result.hash),
  }
}

describe('hashes of prepared transactions', () => {
  test('have all vectors of both schemes', () => {
    expect(vectors.filter((vector) => vector.hashing_scheme_version === 2)).toHaveLength(24)
    expect(vectors.filter((vector) => vector.hashing_scheme_version === 3)).toHaveLength(26)
  })

  test.each(vectors.map((vector) => [vector.id, vector.category, vector] as const))(
    '%s (%s) is as the reference scripts compute it, node for node',
    (_id, _category, vector) => {
      const bytes = fromBase64(vector.prepared_transaction_base64)
      expect(hexOf(bytes, vector.hashing_scheme_version)).toEqual({
        transaction: vector.transaction_hash,
        metadata: vector.metadata_hash,
        whole: vector.hash,
      })
      const transaction = readPreparedTransaction(bytes).value?.transaction
      if (transaction === undefined) throw new Error('the vector has no transaction')
      const scheme = parseHashingScheme(`v${vector.hashing_scheme_version}`)
      const nodes = [...nodeHashes(transaction, scheme)].map(([id, hash]) => [id, toHex(hash)])
      expect(Object.fromEntries(nodes)).toEqual(vector.node_hashes)
    },
  )

  test('of what a participant really prepared are what it said', () => {
    const path = outsideVector('samples/prepared-transactions.json')
    if (path === undefined) return
    const { samples } = JSON.parse(readFileSync(path, 'utf8')) as { samples: readonly Vector[] }
    expect(samples).toHaveLength(2)
    for (const sample of samples) {
      const bytes = fromBase64(sample.prepared_transaction_base64)
      expect(hexOf(bytes, sample.hashing_scheme_version)).toEqual({
        transaction: sample.transaction_hash,
        metadata: sample.metadata_hash,
        whole: sample.hash,
      })
    }
  })
})

describe("constants of Canton's own tests", () => {
  const path = outsideVector('prepared-transactions/scala-constants.json')
  interface Constants {
    readonly values: readonly {
      readonly name: string
      readonly value_base64: string
      readonly encoding_hex: string
      readonly sha256_of_encoding: string
    }[]
    readonly transactions: readonly (Omit<Vector, 'node_hashes'> & {
      readonly nodes: Readonly<Record<string, { readonly hash: string }>>
    })[]
  }
  const constants: Constants =
    path === undefined
      ? { values: [], transactions: [] }
      : (JSON.parse(readFileSync(path, 'utf8')) as Constants)

  test.skipIf(path === undefined)('have nine values and two transactions', () => {
    expect([constants.values.length, constants.transactions.length]).toEqual([9, 2])
  })

  test.each(constants.values.map((value) => [value.name, value] as const))('%s', (_name, value) => {
    const preimage = new Preimage()
    encodeValue(preimage, decodeMessage('Value', fromBase64(value.value_base64)))
    expect(toHex(preimage.bytes)).toBe(value.encoding_hex)
    expect(createHash('sha256').update(preimage.bytes).digest('hex')).toBe(value.sha256_of_encoding)
  })

  test.each(constants.transactions.map((one) => [one.hashing_scheme_version, one] as const))(
    'whole transaction under V%i, though its nodes are shared',
    (version, one) => {
      expect(hexOf(fromBase64(one.prepared_transaction_base64), version)).toMatchObject({
        transaction: one.transaction_hash,
        metadata: one.metadata_hash,
        whole: one.hash,
      })
    },
  )
})
