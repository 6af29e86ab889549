/** Files as the commands take them: read, recognised, handed to the strict reader. */
import { concatBytes } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { severityOf, type Finding } from '../../src/base/finding-codes.ts'
import { recognise, RECOGNISE_BYTES, type Recognised } from '../../src/explain/recognise.ts'
import { openChunks } from '../../src/host/files.ts'
import { DEFAULT_LIMITS, type PackageLimits } from '../../src/package/model.ts'
import { MAX_RECORD_BYTES } from '../../src/topology/record-splitter.ts'
import {
  findingError,
  readSignedTransaction,
  type ReadSignedTransaction,
} from '../../src/topology/signed-transaction.ts'
import { readTransaction, type ReadTransaction } from '../../src/topology/transaction.ts'
import { wrap } from '../../src/wire/codec.ts'
import { MAX_KEY_BYTES } from './public-key-input.ts'

/** A file with one transaction in it, signed or not. */
export type TransactionInput =
  | { readonly $case: 'transaction'; readonly transaction: ReadTransaction }
  | {
      readonly $case: 'signed'
      readonly signed: ReadSignedTransaction
      readonly transaction: ReadTransaction
    }

/** What a file holds, read as far as it is read whole; streams are opened again by who wants them. */
export type FileContent =
  | { readonly $case: 'hash'; readonly hash: Uint8Array }
  | TransactionInput
  | {
      readonly $case: 'stream'
      readonly layout: Extract<Recognised, { $case: 'stream' }>['layout']
    }
  | { readonly $case: 'key'; readonly bytes: Uint8Array }
  /** JSON text: a signing package, as far as can be told before it is read. */
  | { readonly $case: 'package'; readonly bytes: Uint8Array }

/** What a file holds, Daml transactions included. */
export type AnyContent = FileContent | PreparedFile

/** A prepared transaction in any of its forms: protobuf, base64 text, the answer of a prepare call. */
export interface PreparedFile {
  readonly $case: 'prepared'
  readonly bytes: Uint8Array
  /** The most bytes that the transaction itself may have. */
  readonly limit: number
}

/** The largest prepared transaction in base64, with line breaks and the rest of a JSON answer. */
const preparedFileBytes = ({ preparedBytes }: PackageLimits): number => 4 * preparedBytes

/** A signed transaction of the largest size, with its signatures. */
const signedFileBytes = ({ transactionBytes }: PackageLimits): number =>
  Math.max(MAX_RECORD_BYTES, 2 * transactionBytes)

/** The bytes of a file after decompression, up to a limit, and whether that is all of it. */
async function readUpTo(
  path: string,
  limit: number,
): Promise<{ readonly bytes: Uint8Array; readonly whole: boolean }> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of openChunks(path)) {
    parts.push(chunk)
    length += chunk.length
    if (length > limit) break
  }
  return { bytes: concatBytes(...parts).subarray(0, limit), whole: length <= limit }
}

/** @throws CantosignError `file-too-large` */
async function readWhole(path: string, limit: number): Promise<Uint8Array> {
  const { bytes, whole } = await readUpTo(path, limit)
  if (whole) return bytes
  throw new CantosignError(
    'file-too-large',
    `${path} holds more than ${limit} bytes, the limit for what it seems to be`,
    'check that it is the right file',
  )
}

/** As many as a package may have of one transaction. @throws CantosignError `limit-exceeded` */
function checkSignatureCount(
  { signatures }: ReadSignedTransaction,
  path: string,
  limits: PackageLimits,
): void {
  if (signatures.length <= limits.signatures) return
  throw new CantosignError(
    'limit-exceeded',
    `${path} has ${signatures.length} signatures of one transaction, and the limit is ${limits.signatures}`,
    'nothing that a network takes comes near this limit; where it is meant, raise it with --limit',
  )
}

function unrecognised(path: string): CantosignError {
  return new CantosignError(
    'file-unrecognised',
    `${path} holds nothing this tool knows`,
    'it reads topology transactions, signed or not, lists and snapshots of them, prepared Daml transactions, signing packages, 34-byte hashes and keys',
  )
}

/**
 * Reads a file by its content.
 * @throws CantosignError `file-unreadable`, `file-empty`, `file-too-large`, `file-unrecognised`,
 * `limit-exceeded` for a transaction with too many signatures
 */
export async function readAnyInput(
  path: string,
  limits: PackageLimits = DEFAULT_LIMITS,
): Promise<AnyContent> {
  const { bytes: head, whole } = await readUpTo(path, RECOGNISE_BYTES)
  if (head.length === 0) {
    throw new CantosignError('file-empty', `${path} is empty`, 'check how the file was copied')
  }
  const recognised = recognise(head, whole ? head.length : undefined)
  switch (recognised.$case) {
    case 'hash':
      return { $case: 'hash', hash: head }
    case 'stream':
      return { $case: 'stream', layout: recognised.layout }
    case 'key':
      return { $case: 'key', bytes: await readWhole(path, MAX_KEY_BYTES) }
    case 'transaction': {
      const bytes = whole ? head : await readWhole(path, limits.transactionBytes)
      return { $case: 'transaction', transaction: readTransaction(bytes) }
    }
    case 'signed-transaction': {
      const bytes = whole ? head : await readWhole(path, signedFileBytes(limits))
      const signed = readSignedTransaction(recognised.wrapped ? bytes : wrap(bytes))
      checkSignatureCount(signed, path, limits)
      return { $case: 'signed', signed, transaction: signed.transaction }
    }
    case 'prepared-transaction':
    case 'prepare-answer':
      return {
        $case: 'prepared',
        bytes: await readWhole(path, preparedFileBytes(limits)),
        limit: limits.preparedBytes,
      }
    case 'json':
      return { $case: 'package', bytes: await readWhole(path, limits.packageBytes) }
    case 'unrecognised':
      throw unrecognised(path)
  }
}

/**
 * Reads a file that is about topology.
 * @throws CantosignError as `readAnyInput`, and `file-kind` for a prepared Daml transaction
 */
export async function readInput(
  path: string,
  limits: PackageLimits = DEFAULT_LIMITS,
): Promise<FileContent> {
  const content = await readAnyInput(path, limits)
  if (content.$case !== 'prepared') return content
  throw new CantosignError(
    'file-kind',
    `${path} holds a prepared Daml transaction, which this command does not take`,
    'use transaction inspect, transaction sign or transaction verify',
  )
}

/** What a file holds, for messages. */
export function contentName(content: FileContent): string {
  switch (content.$case) {
    case 'transaction':
      return 'a topology transaction'
    case 'signed':
      return 'a signed topology transaction'
    case 'stream':
      return 'a list of transactions'
    case 'package':
      return 'a signing package'
    case 'hash':
      return 'a hash'
    case 'key':
      return 'a key'
  }
}

/** All findings of an input, those of its surroundings included. */
export function findingsOf(input: TransactionInput): readonly Finding[] {
  return input.$case === 'signed' ? input.signed.findings : input.transaction.findings
}

/** @throws CantosignError with the code of a finding that leaves bytes without a place */
export function refuseFatal(findings: readonly Finding[], path: string): void {
  const fatal = findings.find(({ code }) => severityOf(code) === 'fatal')
  if (fatal !== undefined) throw fatalError(findings, fatal, path)
}

/** The error for a finding that leaves bytes without a place. */
export function fatalError(
  findings: readonly Finding[],
  fatal: Finding,
  path: string,
): CantosignError {
  return findingError(
    findings,
    fatal,
    'the file is damaged or not what it seems: get it again from its source',
    path,
  )
}

/**
 * Reads a file that must hold exactly one transaction.
 * @throws CantosignError `file-kind`, the code of a fatal finding, or as `readAnyInput`
 */
export async function readTransactionInput(
  path: string,
  limits: PackageLimits,
): Promise<TransactionInput> {
  const input = await readInput(path, limits)
  if (input.$case !== 'transaction' && input.$case !== 'signed') {
    throw new CantosignError(
      'file-kind',
      `${path} holds ${contentName(input)}, not one topology transaction`,
      input.$case === 'package'
        ? `write its transactions to files of their own: export ${path} --format cert -d DIR`
        : `see what it is with: inspect ${path}`,
    )
  }
  refuseFatal(findingsOf(input), path)
  return input
}
