/** Export for the JSON Ledger API: allocating an external party (docs/format.md section 8). */
import { toBase64, utf8Bytes } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import {
  readPhysicalSynchronizerId,
  readUniqueIdentifier,
  uniqueIdentifierText,
} from '../ident/identifiers.ts'
import type { MappingCase } from '../topology/mapping.ts'
import type { Signature } from '../wire/generated/schema.ts'
import { rootOf } from './verdicts.ts'
import { signedTransactions, type ExportedFile, type SignedExportOptions } from './export.ts'
import { signatureProtoJson } from './export-node.ts'
import { placeError } from './json-shape.ts'
import { mappingOf, type PackageTransaction, type SigningPackage } from './model.ts'

export interface AllocateExportOptions extends Omit<SignedExportOptions, 'proposal'> {
  /** By default the synchronizer that the package names. */
  readonly synchronizerId?: string
  /** Empty for the default identity provider. */
  readonly identityProviderId?: string
  /** Release lines 3.5 and later; left out unless given. */
  readonly userId?: string
  /** Release lines 3.5 and later; left out unless given. */
  readonly waitForAllocation?: boolean
}

const ALLOCATABLE: ReadonlySet<MappingCase> = new Set<MappingCase>([
  'namespaceDelegation',
  'decentralizedNamespaceDefinition',
  'partyToParticipant',
  'partyToKeyMapping',
])
const OPERATION_REPLACE = 1
const PERMISSION_SUBMISSION = 1
const PERMISSION_CONFIRMATION = 2
const MAX_OWNERS = 10

/** One sentence on why the Ledger API would not take this transaction, if so. */
function problemOf(entry: PackageTransaction): string | undefined {
  const { operation, serial } = entry.transaction.value
  const mapping = mappingOf(entry)
  if (mapping === undefined || !ALLOCATABLE.has(mapping.$case)) {
    return 'only delegations, decentralized namespaces and the mappings of the party are taken'
  }
  if (operation !== OPERATION_REPLACE || serial !== 1) return 'only first transactions are taken'
  if (mapping.$case === 'namespaceDelegation' && rootOf(entry) === undefined) {
    return 'of delegations only root delegations are taken'
  }
  if (
    mapping.$case === 'decentralizedNamespaceDefinition' &&
    mapping.value.owners.length > MAX_OWNERS
  ) {
    return `a decentralized namespace has at most ${MAX_OWNERS} owners here`
  }
  if (mapping.$case !== 'partyToParticipant') return undefined
  const permissions = mapping.value.participants.map(({ permission }) => permission)
  if (permissions.includes(PERMISSION_SUBMISSION)) return 'no host may have SUBMISSION'
  if (!permissions.includes(PERMISSION_CONFIRMATION)) return 'no host has CONFIRMATION'
  return undefined
}

/** @throws CantosignError `export-not-allocatable` */
function checkAllocatable(content: SigningPackage): void {
  const refuse = (path: string, problem: string): CantosignError =>
    placeError(
      'export-not-allocatable',
      path,
      problem,
      'write the package for the console or for gRPC instead',
    )
  content.transactions.forEach((entry, i) => {
    const problem = problemOf(entry)
    if (problem !== undefined) throw refuse(`transactions[${i}]`, problem)
  })
  const count = ($case: MappingCase): number =>
    content.transactions.filter((entry) => mappingOf(entry)?.$case === $case).length
  const parties = count('partyToParticipant')
  if (parties !== 1) {
    throw refuse(
      'transactions',
      `exactly one PartyToParticipant is taken, and there are ${parties}`,
    )
  }
  if (count('partyToKeyMapping') > 1 || count('decentralizedNamespaceDefinition') > 1) {
    throw refuse(
      'transactions',
      'at most one key mapping and one decentralized namespace are taken',
    )
  }
  const roots = count('namespaceDelegation')
  if (roots > 1 && count('decentralizedNamespaceDefinition') === 0) {
    throw refuse(
      'transactions',
      `without a decentralized namespace one delegation is taken, not ${roots}`,
    )
  }
}

/** The logical id, which every release line takes. @throws CantosignError as its codes say */
function logicalSynchronizer(content: SigningPackage, chosen: string | undefined): string {
  const id = chosen ?? content.network.synchronizerId
  if (id === undefined) {
    throw new CantosignError(
      'export-target',
      'the package names no synchronizer, and a party is allocated on one',
      'name it: export takes --store ID, party allocate and submit of cantosign-online --synchronizer ID; its info shows the ids',
    )
  }
  const physical = readPhysicalSynchronizerId(id)
  if (physical.ok) return uniqueIdentifierText(physical.value.logical)
  if (readUniqueIdentifier(id).ok) return id
  throw new CantosignError(
    'identifier-invalid',
    'this is no synchronizer id',
    'copy the synchronizer id again from its source',
  )
}

/** What allocates a party, before it is written for a transport. */
export interface Allocation {
  /** Logical id. */
  readonly synchronizer: string
  readonly transactions: readonly {
    readonly transaction: Uint8Array
    readonly signatures: readonly Signature[]
  }[]
  /** Each covers all transactions. */
  readonly multiHashSignatures: readonly Signature[]
}

/**
 * The request that allocates a party. It has one list of combined signatures, which stand for all of
 * its transactions: a signature over some of them, or over others too, cannot be said in it and is
 * refused. So is what the server would refuse by the rules that can be seen here. The party's
 * transaction may be without a signature: then the node only adds its own.
 * @throws CantosignError `export-target`, `export-not-allocatable`, `identifier-invalid`, and as
 * `signedTransactions`
 */
export function allocationOf(content: SigningPackage, options: AllocateExportOptions): Allocation {
  const synchronizer = logicalSynchronizer(content, options.synchronizerId)
  checkAllocatable(content)
  content.combined.forEach(({ transactions, elsewhere }, i) => {
    if (elsewhere.length === 0 && transactions.length === content.transactions.length) return
    throw placeError(
      'export-not-allocatable',
      `combined[${i}]`,
      'its signatures cover other transactions than all of this package',
      'the Ledger API takes a combined signature only for all transactions of a request',
    )
  })
  const signed = signedTransactions(content, { ...options, proposal: 'stated' }, 'allow')
  return {
    synchronizer,
    transactions: signed.map(({ value: { transaction, signatures } }) => ({
      transaction,
      signatures,
    })),
    multiHashSignatures: content.combined.flatMap(({ signatures }) => signatures),
  }
}

/**
 * `allocate.json`: the body of `POST /v2/parties/external/allocate`.
 * @throws CantosignError as `allocationOf`
 */
export function exportAllocate(
  content: SigningPackage,
  options: AllocateExportOptions,
): readonly ExportedFile[] {
  const { synchronizer, transactions, multiHashSignatures } = allocationOf(content, options)
  const body = {
    synchronizer,
    identityProviderId: options.identityProviderId ?? '',
    onboardingTransactions: transactions.map(({ transaction, signatures }) => ({
      transaction: toBase64(transaction),
      signatures: signatures.map(signatureProtoJson),
    })),
    multiHashSignatures: multiHashSignatures.map(signatureProtoJson),
    ...(options.waitForAllocation === undefined
      ? {}
      : { waitForAllocation: options.waitForAllocation }),
    ...(options.userId === undefined ? {} : { userId: options.userId }),
  }
  return [{ name: 'allocate.json', bytes: utf8Bytes(`${JSON.stringify(body, null, 2)}\n`) }]
}
