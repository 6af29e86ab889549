/** What inspect says of a transaction, as values: the JSON of docs/json.md and the text are made of these. */
import { toBase64, toHex } from '../base/bytes.ts'
import type { Finding } from '../base/finding-codes.ts'
import { mappingRow, type KnownMapping } from '../topology/mapping.ts'
import type { VerifiedSignature } from '../topology/signed-transaction.ts'
import { readSigningPublicKey } from '../topology/signing-key.ts'
import type { ReadTransaction } from '../topology/transaction.ts'
import { toProtoJson } from '../wire/proto-json.ts'
import { enumName, PROTO_VERSION } from '../wire/schema.ts'
import { readSuccessor, SUCCESSOR_MESSAGE } from '../wire/successor.ts'
import type { UnknownField } from '../wire/walk.ts'
import { describeTransaction, type Statement } from './statement.ts'

export interface SignatureReport {
  readonly signedBy: string
  /** As on the wire; `null` where absent. */
  readonly format: string | number | null
  readonly algorithm: string | number | null
  readonly status: 'valid' | 'invalid' | 'unverifiable'
  readonly multiTransaction: boolean
}

export interface TransactionReport {
  readonly hash: string
  readonly operation: string
  readonly serial: number
  readonly mapping: Readonly<Record<string, unknown>> & { readonly type: string }
  readonly protoVersion: number
  /** `null` for a transaction without the container that has the flag. */
  readonly proposal: boolean | null
  readonly signatures: readonly SignatureReport[]
  readonly unknownFields: readonly UnknownField[]
  readonly canonical: boolean
  readonly summary: string
  readonly statement: Statement
  readonly findings: readonly Finding[]
}

const OPERATIONS: Readonly<Record<number, string>> = {
  0: 'unspecified',
  1: 'replace',
  2: 'remove',
}

/** Fingerprints for statements and dangers, computed from the keys of the wire. */
export const statementContext = {
  fingerprintOf: (key: Parameters<typeof readSigningPublicKey>[0]): string | undefined =>
    readSigningPublicKey(key).fingerprint,
}

/** The statement about a transaction, with fingerprints computed from its keys. */
function statementOf(transaction: ReadTransaction): Statement | undefined {
  return transaction.value === undefined
    ? undefined
    : describeTransaction(transaction.value, statementContext)
}

function mappingReport(
  mapping: KnownMapping | undefined,
): Readonly<Record<string, unknown>> & { readonly type: string } {
  if (mapping === undefined) return { type: 'unknown' }
  if (mapping.$case !== 'sequencerConnectionSuccessor') {
    const { type } = mappingRow(mapping.$case)
    return { type, ...asRecord(toProtoJson(type, mapping.value)) }
  }
  const successor = readSuccessor(mapping.value)
  if (successor.form === 'ambiguous') {
    return { type: SUCCESSOR_MESSAGE['3.5'], bytes: toBase64(mapping.value) }
  }
  const type = SUCCESSOR_MESSAGE[successor.form]
  return { type, releaseLine: successor.form, ...asRecord(toProtoJson(type, successor.value)) }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** An enum as its name, an unknown number as itself, an absent one as null. */
function enumText(type: string, value: number): string | number | null {
  return value === 0 ? null : (enumName(type, value) ?? value)
}

export function signatureReport({ signature, status }: VerifiedSignature): SignatureReport {
  const { wire, multiTransaction } = signature
  return {
    signedBy: wire.signedBy,
    format: enumText('SignatureFormat', wire.format),
    algorithm: enumText('SigningAlgorithmSpec', wire.signingAlgorithmSpec),
    status,
    multiTransaction,
  }
}

/**
 * @param transaction read without a fatal finding
 * @param signed what surrounds it, if it is signed
 */
export function transactionReport(
  transaction: ReadTransaction,
  signed?: {
    readonly proposal: boolean
    readonly signatures: readonly VerifiedSignature[]
    readonly findings: readonly Finding[]
  },
): TransactionReport {
  const { value } = transaction
  const statement = statementOf(transaction)
  if (value === undefined || statement === undefined) {
    throw new Error('a transaction with a fatal finding has no report')
  }
  return {
    hash: toHex(transaction.hash),
    operation: OPERATIONS[value.operation] ?? `unknown ${value.operation}`,
    serial: value.serial,
    mapping: mappingReport(value.mapping?.mapping),
    protoVersion: PROTO_VERSION,
    proposal: signed?.proposal ?? null,
    signatures: (signed?.signatures ?? []).map(signatureReport),
    unknownFields: transaction.unknownFields,
    canonical: transaction.canonical,
    summary: statement.summary,
    statement,
    findings: [
      ...(signed?.findings ?? transaction.findings),
      ...(signed?.signatures ?? []).flatMap(({ findings }) => findings),
    ],
  }
}
