/** Prepared Daml transactions as they come: protobuf, base64 text, or the answer of a prepare call. */
import { decodeUtf8, equalBytes, parseBase64, parseHex, toHex } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { hashPreparedTransaction } from '../../src/daml/hash.ts'
import {
  readPreparedTransaction,
  type ReadPreparedTransaction,
} from '../../src/daml/prepared-transaction.ts'
import { HASHING_SCHEMES, parseHashingScheme, type HashingScheme } from '../../src/daml/scheme.ts'
import { isObject } from '../../src/package/json-shape.ts'
import { readJson, type JsonObject } from '../../src/package/json-text.ts'
import type { PackageLimits } from '../../src/package/model.ts'
import type { Arguments } from '../command.ts'
import {
  contentName,
  readAnyInput,
  refuseFatal,
  type AnyContent,
  type FileContent,
  type PreparedFile,
} from './input.ts'

/** A prepared transaction, with what the file says beside it; nothing of that is believed. */
export interface PreparedInput {
  readonly read: ReadPreparedTransaction
  /** `undefined` where the file says none. */
  readonly scheme: HashingScheme | undefined
  /** 32 bytes. */
  readonly claimedHash: Uint8Array | undefined
}

const HASH_LENGTH = 32

function notAnAnswer(path: string, problem: string): CantosignError {
  return new CantosignError(
    'prepare-answer',
    `${path} is not what the Ledger API answers to a prepare call: ${problem}`,
    'give the answer as it came, or the prepared transaction alone, as protobuf or base64',
  )
}

/** The text of a member, `undefined` where it is absent or null. */
function textMember(answer: JsonObject, name: string, path: string): string | undefined {
  const value = answer.get(name)
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  throw notAnAnswer(path, `${name} is not text`)
}

function base64Member(answer: JsonObject, name: string, path: string): Uint8Array | undefined {
  const text = textMember(answer, name, path)
  return text === undefined ? undefined : parseBase64(text, `${name} of ${path}`)
}

function answerScheme(answer: JsonObject, path: string): HashingScheme | undefined {
  const text = textMember(answer, 'hashingSchemeVersion', path)
  if (text === undefined) return undefined
  try {
    return parseHashingScheme(text)
  } catch (error) {
    if (!(error instanceof CantosignError) || error.code !== 'hashing-scheme-unknown') throw error
    throw notAnAnswer(path, error.message)
  }
}

/** @throws CantosignError `prepare-answer` for text that is not strict JSON */
function jsonOf(bytes: Uint8Array, path: string): JsonObject {
  try {
    const value = readJson(bytes, path)
    if (isObject(value)) return value
  } catch (error) {
    if (!(error instanceof CantosignError)) throw error
    throw notAnAnswer(path, error.message)
  }
  throw notAnAnswer(path, 'it is not an object')
}

/** Members that say nothing about what is signed, such as an estimate of the cost, are left alone. */
function parseAnswer({ bytes, limit }: PreparedFile, path: string): PreparedInput {
  const answer = jsonOf(bytes, path)
  const prepared = base64Member(answer, 'preparedTransaction', path)
  if (prepared === undefined) throw notAnAnswer(path, 'preparedTransaction is missing')
  const claimedHash = base64Member(answer, 'preparedTransactionHash', path)
  if (claimedHash !== undefined && claimedHash.length !== HASH_LENGTH) {
    const problem = `preparedTransactionHash has ${claimedHash.length} bytes, not ${HASH_LENGTH}`
    throw notAnAnswer(path, problem)
  }
  return {
    read: readBounded(prepared, limit, path),
    scheme: answerScheme(answer, path),
    claimedHash,
  }
}

/** @throws CantosignError `limit-exceeded` */
function readBounded(bytes: Uint8Array, limit: number, path: string): ReadPreparedTransaction {
  if (bytes.length <= limit) return readPreparedTransaction(bytes)
  throw new CantosignError(
    'limit-exceeded',
    `the transaction in ${path} has ${bytes.length} bytes, and the limit is ${limit}`,
    'check that it is the right file; a larger one is read with --limit prepared-bytes=NUMBER',
  )
}

const BRACE = 0x7b
const BASE64_LINES = /^[A-Za-z0-9+/\r\n]+={0,2}(?:\r?\n)*$/

/**
 * Reads the bytes of a file that was recognised.
 * @throws CantosignError `prepare-answer`, `bad-base64`, `limit-exceeded`,
 * `hashing-scheme-unsupported`, and the code of a finding that leaves bytes without a place
 */
export function readPreparedContent(file: PreparedFile, path: string): PreparedInput {
  const input = parse(file, path)
  refuseFatal(input.read.findings, path)
  return input
}

function parse(file: PreparedFile, path: string): PreparedInput {
  const { bytes, limit } = file
  if (bytes[0] === BRACE) return parseAnswer(file, path)
  const text = decodeUtf8(bytes)
  const binary =
    text !== undefined && BASE64_LINES.test(text)
      ? parseBase64(text.replace(/\r?\n/g, ''), path)
      : bytes
  return { read: readBounded(binary, limit, path), scheme: undefined, claimedHash: undefined }
}

function nameOf(content: FileContent): string {
  if (content.$case === 'package') return 'JSON that is not the answer of a prepare call'
  return content.$case === 'key' && content.bytes.length === HASH_LENGTH
    ? 'a bare hash of 32 bytes, or a raw key'
    : contentName(content)
}

/**
 * What was read of a file, which must be a prepared transaction.
 * @throws CantosignError `file-kind` for anything else, and as `readPreparedContent`
 */
export function preparedInputOf(content: AnyContent, path: string): PreparedInput {
  if (content.$case === 'prepared') return readPreparedContent(content, path)
  throw new CantosignError(
    'file-kind',
    `${path} holds ${nameOf(content)}, not a prepared Daml transaction`,
    content.$case === 'hash'
      ? 'a hash alone is never signed here: give the transaction that it was made from'
      : content.$case === 'key'
        ? 'give the transaction, and the key with --key'
        : 'topology is handled by inspect, sign and verify; see what the file is with inspect',
  )
}

/**
 * Reads a file that must hold a prepared transaction.
 * @throws CantosignError `file-kind` for anything else, and as `readAnyInput` and
 * `readPreparedContent`
 */
export async function readPreparedInput(
  path: string,
  limits: PackageLimits,
): Promise<PreparedInput> {
  return preparedInputOf(await readAnyInput(path, limits), path)
}

/**
 * The scheme that `--hashing-scheme` or the file names.
 * @throws CantosignError `hashing-scheme-differs` if they do not agree, and as `parseHashingScheme`
 */
export function namedScheme(
  input: PreparedInput,
  path: string,
  args: Arguments,
): HashingScheme | undefined {
  const option = args.string('hashing-scheme')
  const asked = option === undefined ? undefined : parseHashingScheme(option)
  if (asked !== undefined && input.scheme !== undefined && asked !== input.scheme) {
    throw new CantosignError(
      'hashing-scheme-differs',
      `${path} says hashing scheme ${input.scheme}, and --hashing-scheme says ${asked}`,
      'leave out --hashing-scheme if the file is right',
    )
  }
  return asked ?? input.scheme
}

/** @throws CantosignError `hashing-scheme-missing`, and as `namedScheme` */
export function requireScheme(input: PreparedInput, path: string, args: Arguments): HashingScheme {
  const scheme = namedScheme(input, path, args)
  if (scheme !== undefined) return scheme
  throw new CantosignError(
    'hashing-scheme-missing',
    `${path} does not say which hashing scheme it is meant for, and each gives another hash`,
    'name it: --hashing-scheme v2, unless it was prepared for v3',
  )
}

export const schemesOf = (scheme: HashingScheme | undefined): readonly HashingScheme[] =>
  scheme === undefined ? (Object.keys(HASHING_SCHEMES) as HashingScheme[]) : [scheme]

/**
 * Holds the hash that the file claims against the bytes.
 * @param scheme `undefined` if it is not known: then the claim has to hold under one of them
 * @throws CantosignError `prepared-hash-mismatch`
 */
export function checkClaimedHash(
  input: PreparedInput,
  scheme: HashingScheme | undefined,
  path: string,
): void {
  const { claimedHash, read } = input
  if (claimedHash === undefined) return
  const hashes = schemesOf(scheme).flatMap((one) => {
    const result = hashPreparedTransaction(read, one)
    return result.$case === 'hashed' ? [result.hash] : []
  })
  if (hashes.length === 0 || hashes.some((hash) => equalBytes(hash, claimedHash))) return
  throw new CantosignError(
    'prepared-hash-mismatch',
    `${path} says that its hash is ${toHex(claimedHash)}, and it is ${hashes.map(toHex).join(' or ')}`,
    'do not sign it: whoever made the file is mistaken or lies',
    { details: { claimed: toHex(claimedHash), recomputed: hashes.map(toHex) } },
  )
}

/** 32 bytes of a hash as the reports have it. */
export const digestOfText = (hash: string): Uint8Array => parseHex(hash, 'hash')
