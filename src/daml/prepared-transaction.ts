/** PreparedTransaction: exact bytes, reading and everything odd about their encoding. */
import type { Finding } from '../base/finding-codes.ts'
import { decodeMessage } from '../wire/codec.ts'
import type { PreparedTransaction } from '../wire/generated/schema.ts'
import { walkMessage, type UnknownField } from '../wire/walk.ts'

/** The largest prepared transaction that is read, in bytes: 10,000 nodes of common size fit in. */
export const MAX_PREPARED_TRANSACTION_BYTES = 16 * 1024 * 1024

/**
 * Deepest nesting of messages. A level of a Daml value takes up to three messages and nodes allow
 * about 100 levels; what surrounds a value takes eight more. The tree of nodes is not nested.
 */
export const MAX_PREPARED_DEPTH = 400

/** A prepared transaction as it was received: the bytes are the truth, the rest is read from them. */
export interface ReadPreparedTransaction {
  readonly bytes: Uint8Array
  /** `undefined` only if a finding is fatal. */
  readonly value: PreparedTransaction | undefined
  /** What is odd about the encoding; the meaning is judged apart (judge.ts). */
  readonly findings: readonly Finding[]
  readonly unknownFields: readonly UnknownField[]
  readonly canonical: boolean
}

/** Reads an unwrapped PreparedTransaction. Nothing is thrown for any input. */
export function readPreparedTransaction(bytes: Uint8Array): ReadPreparedTransaction {
  const walk = walkMessage('PreparedTransaction', bytes, {
    wrapped: false,
    maxDepth: MAX_PREPARED_DEPTH,
  })
  const { findings, unknownFields, canonical, fatal } = walk
  const value = fatal ? undefined : decodeMessage('PreparedTransaction', bytes, MAX_PREPARED_DEPTH)
  return { bytes, value, findings, unknownFields, canonical }
}
