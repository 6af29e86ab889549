/**
 * The form of a prepared transaction: whether its bytes have one meaning and one hash
 * (docs/protocol/prepared-transactions.md sections 4.1 and 4.2).
 */
import { severityOf, type FindingCode } from '../base/finding-codes.ts'
import type { PreparedTransaction } from '../wire/generated/schema.ts'
import { checkMetadata } from './check-metadata.ts'
import { checkNodes } from './check-nodes.ts'
import { checkTree } from './check-tree.ts'
import type { Report } from './report.ts'
import type { HashingScheme } from './scheme.ts'
import { placedNodes } from './tree.ts'

/**
 * Defects that leave open what the hash is: something cannot be encoded, or a node, which sorts and
 * spells anew before it hashes, comes to other bytes than a client that hashes what is there.
 */
const HASH_OBSTACLES: ReadonlySet<FindingCode> = new Set<FindingCode>([
  'invalid-utf8',
  'duplicate-field',
  'oneof-conflict',
  'wrong-wire-type',
  'value-out-of-range',
  'unsorted-parties',
  'duplicate-party',
  'unsorted-text-map',
  'duplicate-map-key',
  'unsorted-input-contracts',
  'duplicate-input-contract',
  'empty-record-label',
  'numeric-minus-zero',
  'bad-contract-id',
  'bad-node-id',
  'uuid-not-canonical',
  'bad-seed',
  'missing-seed',
  'bad-key-hash',
  'missing-value',
  'missing-content',
  'duplicate-node',
  'missing-node',
  'node-cycle',
  'duplicate-seed',
  'query-not-in-scheme',
])

/** True if the finding leaves open what the hash is. */
export function isHashObstacle(code: FindingCode): boolean {
  return severityOf(code) === 'fatal' || HASH_OBSTACLES.has(code)
}

/** The two halves are there, and each is in its one form. */
export function checkForm(prepared: PreparedTransaction, report: Report): void {
  const { transaction, metadata } = prepared
  if (transaction === undefined) report('missing-field', 'transaction', 'there is no transaction')
  else {
    checkTree(transaction, report)
    checkNodes(transaction, report)
  }
  if (metadata === undefined) report('missing-field', 'metadata', 'there is no metadata')
  else checkMetadata(metadata, report)
}

/** V2 has no encoding for queries by key. */
export function checkEncodable(
  prepared: PreparedTransaction,
  scheme: HashingScheme,
  report: Report,
): void {
  if (scheme !== 'V2' || prepared.transaction === undefined) return
  for (const { node, path } of placedNodes(prepared.transaction)) {
    if (node.$case === 'queryByKey') {
      report('query-not-in-scheme', path, 'hashing scheme V2 cannot encode a query by key')
    }
  }
}
