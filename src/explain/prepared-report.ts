/** What is to be said of a prepared Daml transaction, under one hashing scheme or under each. */
import { toHex } from '../base/bytes.ts'
import type { Finding } from '../base/finding-codes.ts'
import type { ExpectedTransaction } from '../daml/expectation.ts'
import { hashPreparedTransaction } from '../daml/hash.ts'
import { judgePreparedTransaction } from '../daml/judge.ts'
import type { ReadPreparedTransaction } from '../daml/prepared-transaction.ts'
import type { HashingScheme } from '../daml/scheme.ts'
import { describePreparedTransaction, type PreparedStatement } from './daml.ts'

/** 64 lower-case hex characters each. */
export interface PreparedHashTexts {
  readonly hash: string
  readonly transactionHash: string
  readonly metadataHash: string
}

export interface PreparedReport {
  readonly scheme: HashingScheme
  /** `undefined` where implementations could differ. */
  readonly hashes: PreparedHashTexts | undefined
  readonly refusals: readonly Finding[]
  readonly warnings: readonly Finding[]
  readonly statement: PreparedStatement
}

export interface PreparedReportContext {
  /** What was asked for, if it is known. */
  readonly expected?: ExpectedTransaction
  readonly ownParties?: ReadonlySet<string>
  /** Microseconds since 1970. */
  readonly now?: bigint
}

/** @param read without a fatal finding */
export function preparedReport(
  read: ReadPreparedTransaction,
  scheme: HashingScheme,
  { expected, ...context }: PreparedReportContext,
): PreparedReport {
  const { value } = read
  if (value === undefined) throw new Error('a transaction that was not read cannot be described')
  const result = hashPreparedTransaction(read, scheme)
  const { refusals, warnings } = judgePreparedTransaction(read, scheme, expected)
  const findings = [...refusals, ...warnings]
  return {
    scheme,
    hashes:
      result.$case === 'undetermined'
        ? undefined
        : {
            hash: toHex(result.hash),
            transactionHash: toHex(result.transactionHash),
            metadataHash: toHex(result.metadataHash),
          },
    refusals,
    warnings,
    statement: describePreparedTransaction(value, { ...context, scheme, findings }),
  }
}
