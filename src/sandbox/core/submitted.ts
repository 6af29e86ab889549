/** Reading of what is submitted: the rules that Canton's parser has (docs/protocol/construction.md). */
import { readTransactionFacts, type TransactionFacts } from '../../authorization/facts.ts'
import { severityOf, type Finding, type FindingCode } from '../../base/finding-codes.ts'
import type { KnownMapping } from '../../topology/mapping.ts'
import { readSignedTransaction } from '../../topology/signed-transaction.ts'
import { readTransaction, type ReadTransaction } from '../../topology/transaction.ts'
import { encodeMessage, wrap } from '../../wire/codec.ts'
import type { SignedTopologyTransaction } from '../../wire/generated/schema.ts'
import { CantonError } from './canton-error.ts'
import { keptSignatures, type KeptSignature } from './kept-signature.ts'

/** A transaction that a node could read. */
export interface ParsedTransaction {
  /** The wrapped TopologyTransaction as it was received. */
  readonly bytes: Uint8Array
  /** 34 bytes. */
  readonly hash: Uint8Array
  readonly mapping: KnownMapping
  readonly facts: TransactionFacts & { readonly uniqueKey: string }
}

/** A signed transaction that a node could read. */
export interface Submitted extends ParsedTransaction {
  readonly signatures: readonly KeptSignature[]
  /** The sender's word: false asks for full authorization. */
  readonly proposal: boolean
}

/** Findings for which Canton's parser refuses the whole message, wherever they are. */
const REFUSED: ReadonlySet<FindingCode> = new Set([
  'empty-data',
  'invalid-utf8',
  'unspecified-enum',
  'missing-field',
  'missing-mapping',
  'bad-serial',
  'bad-identifier',
  'restriction-conflict',
  'empty-restriction-list',
  'root-cannot-delegate',
  'too-many-keys',
  'empty-list',
  'members-overlap',
  'bad-key',
  'bad-key-usage',
  'ml-dsa-65-unsupported',
  'no-signature',
  'multi-hash-mismatch',
  'bad-hash',
])

/** Where the parser knows the upper bound of a threshold, and where it refuses duplicates. */
const BOUNDED_ABOVE =
  /decentralized_namespace_definition|mediator_synchronizer_state|sequencer_synchronizer_state/
const DISTINCT = /owner_to_key_mapping\.public_keys\[\d+\]$/
/** Numbers without a name are kept by nodes. */
const OPEN_ENUM = /feature_flags/

function isRefused({ code, path }: Finding): boolean {
  if (severityOf(code) === 'fatal' || REFUSED.has(code)) return true
  switch (code) {
    case 'unknown-enum':
      return !OPEN_ENUM.test(path)
    case 'threshold-out-of-range':
      return BOUNDED_ABOVE.test(path)
    case 'duplicate-entry':
      return DISTINCT.test(path)
    default:
      return false
  }
}

/** What the parser refuses where the findings of this tool say more than it does. */
function parserProblem(mapping: KnownMapping): string | undefined {
  if (mapping.$case === 'partyToKeyMapping' && mapping.value.threshold < 1) {
    return 'the signing threshold is 0'
  }
  if (mapping.$case !== 'vettedPackages') return undefined
  const { packageIds, packages } = mapping.value
  const twice = packages.find(({ packageId }) => packageIds.includes(packageId))
  return twice && `the package ${twice.packageId} is in both lists`
}

function refuse(problem: string): CantonError {
  return new CantonError('PROTO_DESERIALIZATION_FAILURE', problem)
}

function parse(transaction: ReadTransaction, findings: readonly Finding[]): ParsedTransaction {
  const refusal = findings.find(isRefused)
  if (refusal !== undefined) throw refuse(`${refusal.path}: ${refusal.message}`)
  const mapping = transaction.value?.mapping?.mapping
  const reading = readTransactionFacts(transaction)
  if (mapping === undefined) throw refuse('there is no mapping that this release knows')
  if (!reading.ok) throw refuse(reading.problem)
  const problem = parserProblem(mapping)
  if (problem !== undefined) throw refuse(problem)
  const { facts } = reading
  const { uniqueKey } = facts
  if (uniqueKey === undefined) throw refuse('this release has no such mapping')
  const { bytes, hash } = transaction
  return { bytes, hash, mapping, facts: { ...facts, uniqueKey } }
}

/** @throws CantonError PROTO_DESERIALIZATION_FAILURE */
export function parseTransaction(wrapped: Uint8Array): ParsedTransaction {
  const transaction = readTransaction(wrapped)
  return parse(transaction, transaction.findings)
}

/**
 * @param wrapped a wrapped SignedTopologyTransaction
 * @throws CantonError PROTO_DESERIALIZATION_FAILURE
 */
export function parseSubmitted(wrapped: Uint8Array): Submitted {
  const { transaction, value, findings } = readSignedTransaction(wrapped)
  const parsed = parse(transaction, findings)
  if (value === undefined) throw refuse('the signed transaction cannot be read')
  return { ...parsed, signatures: keptSignatures(value), proposal: value.proposal }
}

/** The same for a message that comes without its wrapper, as the Admin API carries it. */
export function parseSubmittedMessage(message: SignedTopologyTransaction): Submitted {
  return parseSubmitted(wrap(encodeMessage('SignedTopologyTransaction', message)))
}
