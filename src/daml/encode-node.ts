/** Nodes of a transaction as they are hashed (docs/protocol/prepared-transactions.md section 3.3). */
import { unreachable } from '../base/errors.ts'
import { sha256 } from '../crypto/hash.ts'
import type {
  Create,
  Exercise,
  Fetch,
  GlobalKeyWithMaintainers,
  Node,
  QueryByKey,
} from '../wire/generated/schema.ts'
import { encodeValue } from './encode-value.ts'
import { Preimage } from './preimage.ts'
import type { HashingScheme } from './scheme.ts'

/** The kinds of node, named as on the wire. */
export type NodeType = NonNullable<Node['nodeType']>

/** First byte of every node under V2; V3 has none. */
const NODE_ENCODING_VERSION = 0x01

const NodeTag = { create: 0, exercise: 1, fetch: 2, rollback: 3, queryByKey: 4 } as const

function encodeKey(preimage: Preimage, key: GlobalKeyWithMaintainers): void {
  preimage.text(key.key?.packageName ?? '')
  preimage.identifier(key.key?.templateId)
  encodeValue(preimage, key.key?.key)
  preimage.raw(key.key?.hash ?? new Uint8Array())
  preimage.texts(key.maintainers)
}

/** What begins every node but a rollback. */
function encodeHead(preimage: Preimage, lfVersion: string, tag: number): void {
  preimage.text(lfVersion)
  preimage.byte(tag)
}

function encodeOptionalKey(
  preimage: Preimage,
  key: GlobalKeyWithMaintainers | undefined,
  scheme: HashingScheme,
): void {
  if (scheme === 'V2') return
  preimage.optional(key, (present) => {
    encodeKey(preimage, present)
  })
}

function encodeCreate(
  preimage: Preimage,
  create: Create,
  seed: Uint8Array | undefined,
  scheme: HashingScheme,
): void {
  encodeHead(preimage, create.lfVersion, NodeTag.create)
  preimage.optional(seed, (present) => {
    preimage.raw(present)
  })
  preimage.contractId(create.contractId)
  preimage.text(create.packageName)
  preimage.identifier(create.templateId)
  encodeValue(preimage, create.argument)
  preimage.texts(create.signatories)
  preimage.texts(create.stakeholders)
  encodeOptionalKey(preimage, create.key, scheme)
}

function encodeExercise(
  preimage: Preimage,
  exercise: Exercise,
  seed: Uint8Array | undefined,
  childHashes: readonly Uint8Array[],
  scheme: HashingScheme,
): void {
  if (seed === undefined) throw new Error('an exercise node without seed reached the encoder')
  encodeHead(preimage, exercise.lfVersion, NodeTag.exercise)
  preimage.raw(seed)
  preimage.contractId(exercise.contractId)
  preimage.text(exercise.packageName)
  preimage.identifier(exercise.templateId)
  preimage.texts(exercise.signatories)
  preimage.texts(exercise.stakeholders)
  preimage.texts(exercise.actingParties)
  preimage.optional(exercise.interfaceId, (id) => {
    preimage.identifier(id)
  })
  preimage.text(exercise.choiceId)
  encodeValue(preimage, exercise.chosenValue)
  preimage.bool(exercise.consuming)
  preimage.optional(exercise.exerciseResult, (result) => {
    encodeValue(preimage, result)
  })
  preimage.texts(exercise.choiceObservers)
  if (scheme !== 'V2') preimage.bool(exercise.byKey)
  encodeOptionalKey(preimage, exercise.key, scheme)
  encodeChildren(preimage, childHashes)
}

function encodeFetch(preimage: Preimage, fetch: Fetch, scheme: HashingScheme): void {
  encodeHead(preimage, fetch.lfVersion, NodeTag.fetch)
  preimage.contractId(fetch.contractId)
  preimage.text(fetch.packageName)
  preimage.identifier(fetch.templateId)
  preimage.texts(fetch.signatories)
  preimage.texts(fetch.stakeholders)
  // Before the acting parties; an exercise has it after them.
  preimage.optional(fetch.interfaceId, (id) => {
    preimage.identifier(id)
  })
  preimage.texts(fetch.actingParties)
  if (scheme !== 'V2') preimage.bool(fetch.byKey)
  encodeOptionalKey(preimage, fetch.key, scheme)
}

function encodeQuery(preimage: Preimage, query: QueryByKey, scheme: HashingScheme): void {
  if (scheme === 'V2') throw new Error('a query by key reached the encoder of V2')
  encodeHead(preimage, query.lfVersion, NodeTag.queryByKey)
  preimage.text(query.packageName)
  preimage.identifier(query.templateId)
  preimage.bool(query.exhaustive)
  encodeKey(preimage, query.key ?? { key: undefined, maintainers: [] })
  preimage.int32(query.result.length)
  for (const contractId of query.result) preimage.contractId(contractId)
}

function encodeChildren(preimage: Preimage, childHashes: readonly Uint8Array[]): void {
  preimage.int32(childHashes.length)
  for (const hash of childHashes) preimage.raw(hash)
}

/**
 * Hash of one node, 32 bytes: SHA-256 without a hash purpose.
 * @param seed 32 bytes; `undefined` for nodes that have none and for input contracts
 * @param childHashes hashes of the children in their order
 */
export function nodeHash(
  node: NodeType,
  seed: Uint8Array | undefined,
  childHashes: readonly Uint8Array[],
  scheme: HashingScheme,
): Uint8Array {
  const preimage = new Preimage()
  if (scheme === 'V2') preimage.byte(NODE_ENCODING_VERSION)
  switch (node.$case) {
    case 'create':
      encodeCreate(preimage, node.value, seed, scheme)
      break
    case 'exercise':
      encodeExercise(preimage, node.value, seed, childHashes, scheme)
      break
    case 'fetch':
      encodeFetch(preimage, node.value, scheme)
      break
    case 'rollback':
      preimage.byte(NodeTag.rollback)
      encodeChildren(preimage, childHashes)
      break
    case 'queryByKey':
      encodeQuery(preimage, node.value, scheme)
      break
    default:
      unreachable(node)
  }
  return sha256(preimage.bytes)
}
