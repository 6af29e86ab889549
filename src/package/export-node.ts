/** Exports for a node's Admin API: by its console, and by gRPC (docs/format.md section 8). */
import { toBase64, utf8Bytes } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import { readPhysicalSynchronizerId, readUniqueIdentifier } from '../ident/identifiers.ts'
import { assembleSignedTransaction } from '../topology/assemble.ts'
import type { Signature } from '../wire/generated/schema.ts'
import { enumName } from '../wire/schema.ts'
import { signedTransactions, type ExportedFile, type SignedExportOptions } from './export.ts'
import type { SigningPackage } from './model.ts'

/** The topology store that the transactions go to. */
export type TargetStore =
  /** The node's own: for its namespace and members. */
  | { readonly $case: 'authorized' }
  /** A synchronizer by its logical or physical id: for parties and decentralized namespaces. */
  | { readonly $case: 'synchronizer'; readonly id: string }

export interface NodeExportOptions extends SignedExportOptions {
  /** By default the synchronizer that the package names. */
  readonly store?: TargetStore
}

/** @throws CantosignError `export-target`, `identifier-invalid` */
function targetStore(content: SigningPackage, chosen: TargetStore | undefined): TargetStore {
  const { synchronizerId } = content.network
  const store =
    chosen ??
    (synchronizerId === undefined
      ? undefined
      : { $case: 'synchronizer' as const, id: synchronizerId })
  if (store === undefined) {
    throw new CantosignError(
      'export-target',
      'the package names no synchronizer, so where the transactions go is not known',
      'name the synchronizer: --store ID; or --store authorized for what a node keeps for itself',
    )
  }
  if (store.$case === 'authorized' || isSynchronizerId(store.id)) return store
  throw new CantosignError(
    'identifier-invalid',
    'this is no synchronizer id',
    'copy the synchronizer id again from its source',
  )
}

function isSynchronizerId(id: string): boolean {
  return readUniqueIdentifier(id).ok || readPhysicalSynchronizerId(id).ok
}

export interface ConsoleExportOptions extends NodeExportOptions {
  /** The name of the node in the console, `participant1` by default. */
  readonly node?: string
}

const SCALA_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/

function storeExpression(store: TargetStore): string {
  if (store.$case === 'authorized') return 'TopologyStoreId.Authorized'
  // Identifiers have no character that means anything inside a Scala string.
  const kind = readPhysicalSynchronizerId(store.id).ok ? 'PhysicalSynchronizerId' : 'SynchronizerId'
  return `TopologyStoreId.Synchronizer(${kind}.tryFromString("${store.id}"))`
}

/**
 * Files for the console: one wrapped SignedTopologyTransaction each, `NN-<mapping>.signed.bin`, and
 * `load.canton`, the lines that load them in their order. To a synchronizer they go in one call,
 * which takes all or none; to the authorized store one by one, because a node tells nobody of the
 * good ones in a call of which one fails.
 * @throws CantosignError `export-target`, `identifier-invalid`, `usage` for a name that is none,
 * and as `signedTransactions`
 */
export function exportConsole(
  content: SigningPackage,
  options: ConsoleExportOptions,
): readonly ExportedFile[] {
  const store = targetStore(content, options.store)
  const node = options.node ?? 'participant1'
  if (!SCALA_NAME.test(node)) {
    throw new CantosignError(
      'usage',
      'the name of the node is no name of the console',
      'give the name by which the console knows the node, such as participant1',
    )
  }
  const files = signedTransactions(content, options).map(({ name, value }) => ({
    name: `${name}.signed.bin`,
    bytes: assembleSignedTransaction(value),
  }))
  const load = `${node}.topology.transactions`
  const calls =
    store.$case === 'authorized'
      ? files.map(({ name }) => `${load}.load_single_from_file("${name}", store)`)
      : [
          `${load}.load_single_from_files(`,
          '  Seq(',
          ...files.map(({ name }) => `    "${name}",`),
          '  ),',
          '  store,',
          ')',
        ]
  const lines = [
    '// Run in the directory of these files, in a console that is connected to the node.',
    'import com.digitalasset.canton.topology.admin.grpc.TopologyStoreId',
    'import com.digitalasset.canton.topology.{PhysicalSynchronizerId, SynchronizerId}',
    '',
    `val store = ${storeExpression(store)}`,
    ...calls,
  ]
  return [...files, { name: 'load.canton', bytes: utf8Bytes(`${lines.join('\n')}\n`) }]
}

/** A Signature in the JSON form of protobuf, with the whole names of enums that servers ask for. */
export function signatureProtoJson(one: Signature): Readonly<Record<string, string>> {
  const enumText = (type: string, prefix: string, value: number): string =>
    `${prefix}_${enumName(type, value) ?? 'UNSPECIFIED'}`
  return {
    format: enumText('SignatureFormat', 'SIGNATURE_FORMAT', one.format),
    signature: toBase64(one.signature),
    signedBy: one.signedBy,
    signingAlgorithmSpec: enumText(
      'SigningAlgorithmSpec',
      'SIGNING_ALGORITHM_SPEC',
      one.signingAlgorithmSpec,
    ),
  }
}

function storeProtoJson(store: TargetStore): unknown {
  if (store.$case === 'authorized') return { authorized: {} }
  return readPhysicalSynchronizerId(store.id).ok
    ? { synchronizer: { physicalId: store.id } }
    : { synchronizer: { id: store.id } }
}

/**
 * `add-transactions.json`: the body of TopologyManagerWriteService/AddTransactions for grpcurl.
 * Force flags are left out: they are the operator's own to add.
 * @throws CantosignError `export-target`, `identifier-invalid`, and as `signedTransactions`
 */
export function exportAddTransactions(
  content: SigningPackage,
  options: NodeExportOptions,
): readonly ExportedFile[] {
  const store = targetStore(content, options.store)
  const body = {
    transactions: signedTransactions(content, options).map(({ value }) => ({
      transaction: toBase64(value.transaction),
      signatures: value.signatures.map(signatureProtoJson),
      proposal: value.proposal,
      multiTransactionSignatures: value.multiTransactionSignatures.map((multi) => ({
        transactionHashes: multi.transactionHashes.map(toBase64),
        signatures: multi.signatures.map(signatureProtoJson),
      })),
    })),
    forceChanges: [],
    store: storeProtoJson(store),
  }
  return [{ name: 'add-transactions.json', bytes: utf8Bytes(`${JSON.stringify(body, null, 2)}\n`) }]
}
