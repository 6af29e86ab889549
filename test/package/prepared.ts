/** Prepared Daml transactions to make packages of. */
import { hashPreparedTransaction } from '../../src/daml/hash.ts'
import type { HashingScheme } from '../../src/daml/scheme.ts'
import type { PreparedSignature } from '../../src/package/model.ts'
import { toHex } from '../../src/base/bytes.ts'
import type { PreparedTransaction } from '../../src/wire/generated/schema.ts'
import { BANK, createTransaction, metadata, text } from '../daml/transactions.ts'
import type { TestKey } from './support.ts'

/** The synchronizer of the transactions, logical. */
export const SYNCHRONIZER = metadata().synchronizerId

export const partyOf = ({ fingerprint }: Pick<TestKey, 'fingerprint'>, name = 'alice'): string =>
  `${name}::${fingerprint}`

/** A sound create that these parties sign; another note gives another hash. */
export function preparedOf(actAs: readonly string[], note = 'agreed'): PreparedTransaction {
  const parties = [...actAs].sort()
  return createTransaction(
    { argument: text(note), signatories: parties, stakeholders: [...parties, BANK].sort() },
    { submitterInfo: { actAs: parties, commandId: 'pay-1' } },
  )
}

/** The 32 bytes that are signed. */
export function digestOf(bytes: Uint8Array, scheme: HashingScheme = 'V2'): Uint8Array {
  const result = hashPreparedTransaction(bytes, scheme)
  if (result.$case === 'hashed') return result.hash
  throw new Error('the transaction of a test has no hash')
}

export const preparedHashHex = (bytes: Uint8Array, scheme: HashingScheme = 'V2'): string =>
  toHex(digestOf(bytes, scheme))

export function preparedSignature(
  key: TestKey,
  bytes: Uint8Array,
  party: string,
  scheme: HashingScheme = 'V2',
): PreparedSignature {
  return { ...key.signature(digestOf(bytes, scheme)), party }
}
