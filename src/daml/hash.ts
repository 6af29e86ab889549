/** The hash of a prepared transaction (docs/protocol/prepared-transactions.md section 3). */
import { HashPurpose, sha256 } from '../crypto/hash.ts'
import type { DamlTransaction, Metadata, PreparedTransaction } from '../wire/generated/schema.ts'
import { nodeHash } from './encode-node.ts'
import { checkEncodable, checkForm, isHashObstacle } from './form.ts'
import { Preimage } from './preimage.ts'
import { readPreparedTransaction, type ReadPreparedTransaction } from './prepared-transaction.ts'
import { collect, type Judged } from './report.ts'
import { HASHING_SCHEMES, type HashingScheme } from './scheme.ts'
import { childrenOf, nodesById, seedsById } from './tree.ts'

/** 32 bytes each; `hash` is what is signed, as it is, without a multihash prefix. */
export interface PreparedTransactionHashes {
  readonly transactionHash: Uint8Array
  readonly metadataHash: Uint8Array
  readonly hash: Uint8Array
}

export type HashResult =
  | ({ readonly $case: 'hashed' } & PreparedTransactionHashes)
  /** Implementations could differ on these bytes, or nothing can be hashed. */
  | { readonly $case: 'undetermined'; readonly obstacles: readonly Judged[] }

/** First byte of the metadata under V2; V3 has none. */
const METADATA_ENCODING_VERSION = 0x01

/** A half that is missing is refused; every implementation hashes it as an empty message. */
const ABSENT_TRANSACTION: DamlTransaction = { version: '', roots: [], nodes: [], nodeSeeds: [] }
const ABSENT_METADATA: Metadata = {
  submitterInfo: undefined,
  synchronizerId: '',
  mediatorGroup: 0,
  transactionUuid: '',
  preparationTime: 0n,
  inputContracts: [],
  globalKeyMapping: [],
  minLedgerEffectiveTime: undefined,
  maxLedgerEffectiveTime: undefined,
  maxRecordTime: undefined,
}

function beginPreimage(): Preimage {
  const preimage = new Preimage()
  preimage.int32(HashPurpose.preparedSubmission)
  return preimage
}

/**
 * Hashes of all nodes that the roots reach, by node id. Children first, on an explicit stack; a
 * shared node is hashed once.
 * @param transaction whose children all exist and form no circle
 */
export function nodeHashes(
  transaction: DamlTransaction,
  scheme: HashingScheme,
): ReadonlyMap<string, Uint8Array> {
  const nodes = nodesById(transaction)
  const seeds = seedsById(transaction)
  const hashes = new Map<string, Uint8Array>()
  const stack = [...transaction.roots]
  for (let id = stack.at(-1); id !== undefined; id = stack.at(-1)) {
    const node = nodes.get(id)?.node
    if (node === undefined) throw new Error('a missing node reached the hash')
    const children = childrenOf(node)
    const unhashed = hashes.has(id) ? [] : children.filter((child) => !hashes.has(child))
    if (unhashed.length > 0) {
      for (const child of unhashed) stack.push(child)
      continue
    }
    stack.pop()
    if (hashes.has(id)) continue
    const childHashes = children.map((child) => hashes.get(child) ?? new Uint8Array())
    hashes.set(id, nodeHash(node, seeds.get(id), childHashes, scheme))
  }
  return hashes
}

function transactionHash(transaction: DamlTransaction, scheme: HashingScheme): Uint8Array {
  const hashes = nodeHashes(transaction, scheme)
  const preimage = beginPreimage()
  preimage.text(transaction.version)
  preimage.int32(transaction.roots.length)
  for (const root of transaction.roots) preimage.raw(hashes.get(root) ?? new Uint8Array())
  return sha256(preimage.bytes)
}

function metadataHash(metadata: Metadata, scheme: HashingScheme): Uint8Array {
  const preimage = beginPreimage()
  const writeTime = (time: bigint): void => {
    preimage.int64(time)
  }
  if (scheme === 'V2') preimage.byte(METADATA_ENCODING_VERSION)
  preimage.texts(metadata.submitterInfo?.actAs ?? [])
  preimage.text(metadata.submitterInfo?.commandId ?? '')
  preimage.text(metadata.transactionUuid)
  preimage.int32(metadata.mediatorGroup)
  preimage.text(metadata.synchronizerId)
  preimage.optional(metadata.minLedgerEffectiveTime, writeTime)
  preimage.optional(metadata.maxLedgerEffectiveTime, writeTime)
  preimage.int64(metadata.preparationTime)
  preimage.int32(metadata.inputContracts.length)
  for (const { createdAt, contract } of metadata.inputContracts) {
    if (contract === undefined) throw new Error('an empty input contract reached the hash')
    preimage.int64(createdAt)
    // As a create node, and always without a seed.
    preimage.raw(nodeHash({ $case: 'create', value: contract.value }, undefined, [], scheme))
  }
  if (scheme !== 'V2') preimage.optional(metadata.maxRecordTime, writeTime)
  return sha256(preimage.bytes)
}

function computeHashes(
  prepared: PreparedTransaction,
  scheme: HashingScheme,
): PreparedTransactionHashes {
  const ofTransaction = transactionHash(prepared.transaction ?? ABSENT_TRANSACTION, scheme)
  const ofMetadata = metadataHash(prepared.metadata ?? ABSENT_METADATA, scheme)
  const preimage = beginPreimage()
  preimage.byte(HASHING_SCHEMES[scheme].number)
  preimage.raw(ofTransaction)
  preimage.raw(ofMetadata)
  return {
    transactionHash: ofTransaction,
    metadataHash: ofMetadata,
    hash: sha256(preimage.bytes),
  }
}

/**
 * Hashes a prepared transaction, whatever else is to be said of it, as long as its hash is beyond
 * doubt. Whether it may be signed is for `judgePreparedTransaction`.
 * @param input the bytes as received, or what was read from them
 */
export function hashPreparedTransaction(
  input: Uint8Array | ReadPreparedTransaction,
  scheme: HashingScheme,
): HashResult {
  const read = input instanceof Uint8Array ? readPreparedTransaction(input) : input
  const { value } = read
  const found = [
    ...read.findings,
    ...(value === undefined
      ? []
      : collect((report) => {
          checkForm(value, report)
          checkEncodable(value, scheme, report)
        })),
  ]
  const obstacles = found.filter(({ code }) => isHashObstacle(code))
  if (value === undefined || obstacles.length > 0) return { $case: 'undetermined', obstacles }
  return { $case: 'hashed', ...computeHashes(value, scheme) }
}
