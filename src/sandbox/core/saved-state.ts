/**
 * The state of a sandbox as text, and back. It holds the private keys of its nodes, which guard
 * nothing but the rehearsal.
 */
import { parseBase64, toBase64 } from '../../base/bytes.ts'
import { CantosignError } from '../../base/errors.ts'
import { parseNamespace } from '../../ident/fingerprint.ts'
import { decodeMessage, encodeMessage } from '../../wire/codec.ts'
import type { CantonErrorCode } from './canton-error.ts'
import { signedBytes } from './kept-signature.ts'
import { KeyVault, type SavedKey } from './key-vault.ts'
import { LedgerLog, type Contract, type SequencedTransaction } from './ledger.ts'
import { Participant } from './participant.ts'
import { Rehearsal, type RehearsalNode } from './rehearsal.ts'
import type { StoredTransaction } from './stored.ts'
import { parseSubmitted } from './submitted.ts'
import { Synchronizer } from './synchronizer.ts'
import type { TopologyStore } from './topology-store.ts'

const FORMAT = 'cantosign-sandbox-state'
const VERSION = 1

/** Times and delays are microseconds, bytes base64. */
interface SavedRecord {
  readonly transaction: string
  readonly sequenced: string
  readonly validFrom: string
  readonly validUntil?: string
  readonly rejectionReason?: string
}

interface SavedContract {
  readonly create: string
  readonly createdAt: string
}

interface SavedTransaction {
  readonly time: string
  readonly updateId: string
  readonly uuid: string
  readonly participant: string
  readonly userId: string
  readonly commandId: string
  readonly submissionId: string
  readonly actAs: readonly string[]
  readonly hash: string
  readonly created: readonly SavedContract[]
  readonly archived: readonly SavedContract[]
  readonly stakeholders: readonly string[]
  readonly refusal?: { readonly code: CantonErrorCode; readonly cause: string }
}

interface SavedVaultKey {
  readonly pkcs8: string
  readonly usage: readonly number[]
}

interface SavedParticipant {
  readonly identifier: string
  readonly namespace: string
  readonly keys: readonly SavedVaultKey[]
  readonly authorized: readonly SavedRecord[]
  readonly temporary: readonly { readonly name: string; readonly records: readonly SavedRecord[] }[]
  readonly dispatched: number
  readonly disconnectedAt?: string
  readonly imported: readonly SavedContract[]
  readonly scheduled: readonly { readonly party: string; readonly safeFrom: string }[]
  readonly pruning?: {
    readonly cron: string
    readonly maxDuration: string
    readonly retention: string
    readonly pruneInternallyOnly: boolean
  }
  readonly connectionConfig?: string
  readonly manualConnect: boolean
}

interface SavedState {
  readonly format: typeof FORMAT
  readonly version: typeof VERSION
  readonly synchronizer: string
  readonly protocolVersion: number
  readonly effectDelay: string
  readonly clearanceDelay: string
  readonly lastSequenced: string
  readonly owner: readonly SavedVaultKey[]
  readonly records: readonly SavedRecord[]
  readonly transactions: readonly SavedTransaction[]
  readonly participants: readonly SavedParticipant[]
}

function saveRecord(record: StoredTransaction): SavedRecord {
  const { bytes, signatures, proposal, validUntil, rejectionReason } = record
  return {
    transaction: toBase64(signedBytes(bytes, signatures, proposal)),
    sequenced: String(record.sequenced),
    validFrom: String(record.validFrom),
    ...(validUntil === undefined ? {} : { validUntil: String(validUntil) }),
    ...(rejectionReason === undefined ? {} : { rejectionReason }),
  }
}

function restoreRecords(store: TopologyStore, saved: readonly SavedRecord[]): void {
  for (const { transaction, sequenced, validFrom, validUntil, rejectionReason } of saved) {
    store.put({
      ...parseSubmitted(parseBase64(transaction)),
      sequenced: BigInt(sequenced),
      validFrom: BigInt(validFrom),
      validUntil: validUntil === undefined ? undefined : BigInt(validUntil),
      rejectionReason,
    })
  }
}

const saveKeys = (keys: readonly SavedKey[]): readonly SavedVaultKey[] =>
  keys.map(({ pkcs8, usage }) => ({ pkcs8: toBase64(pkcs8), usage }))

const restoreKeys = async (saved: readonly SavedVaultKey[]): Promise<KeyVault> =>
  await KeyVault.restore(saved.map(({ pkcs8, usage }) => ({ pkcs8: parseBase64(pkcs8), usage })))

const saveContract = ({ create, createdAt }: Contract): SavedContract => ({
  create: toBase64(encodeMessage('Create', create)),
  createdAt: String(createdAt),
})

const restoreContract = ({ create, createdAt }: SavedContract): Contract => ({
  create: decodeMessage('Create', parseBase64(create)),
  createdAt: BigInt(createdAt),
})

function saveTransaction(transaction: SequencedTransaction): SavedTransaction {
  const { submission, created, archived, stakeholders, refusal } = transaction
  return {
    time: String(transaction.time),
    updateId: transaction.updateId,
    uuid: transaction.uuid,
    ...submission,
    hash: toBase64(submission.hash),
    created: created.map(saveContract),
    archived: archived.map(saveContract),
    stakeholders,
    ...(refusal === undefined ? {} : { refusal }),
  }
}

function restoreTransaction(saved: SavedTransaction): SequencedTransaction {
  const { participant, userId, commandId, submissionId, actAs, hash } = saved
  const { updateId, uuid, stakeholders, refusal } = saved
  return {
    time: BigInt(saved.time),
    updateId,
    uuid,
    submission: { participant, userId, commandId, submissionId, actAs, hash: parseBase64(hash) },
    created: saved.created.map(restoreContract),
    archived: saved.archived.map(restoreContract),
    stakeholders,
    refusal,
  }
}

function saveNode(node: RehearsalNode): SavedParticipant {
  const { participant, ledger, scheduled, pruning, connectionConfig, manualConnect } = node
  const { id, vault, authorized, temporary, dispatched, disconnectedAt } = participant
  return {
    identifier: id.identifier,
    namespace: id.namespace,
    keys: saveKeys(vault.save()),
    authorized: authorized.records.map(saveRecord),
    temporary: [...temporary].map(([name, { records }]) => ({
      name,
      records: records.map(saveRecord),
    })),
    dispatched,
    ...(disconnectedAt === undefined ? {} : { disconnectedAt: String(disconnectedAt) }),
    imported: ledger.imported.map(saveContract),
    scheduled: [...scheduled].map(([party, safe]) => ({ party, safeFrom: String(safe) })),
    ...(pruning === undefined
      ? {}
      : {
          pruning: {
            ...pruning,
            maxDuration: String(pruning.maxDuration),
            retention: String(pruning.retention),
          },
        }),
    ...(connectionConfig === undefined ? {} : { connectionConfig: toBase64(connectionConfig) }),
    manualConnect,
  }
}

/** JSON text; what waits for a connection is not in it. */
export function saveState({ sandbox, nodes, log, clearanceDelay }: Rehearsal): string {
  const { synchronizer, owner } = sandbox
  const state: SavedState = {
    format: FORMAT,
    version: VERSION,
    synchronizer: synchronizer.logical,
    protocolVersion: synchronizer.protocolVersion,
    effectDelay: String(synchronizer.effectDelay),
    clearanceDelay: String(clearanceDelay),
    lastSequenced: String(synchronizer.lastSequenced),
    owner: saveKeys(owner.save()),
    records: synchronizer.store.records.map(saveRecord),
    transactions: log.transactions.map(saveTransaction),
    participants: nodes.map(saveNode),
  }
  return JSON.stringify(state)
}

async function restoreNode(
  saved: SavedParticipant,
  synchronizer: Synchronizer,
): Promise<Participant> {
  const id = { identifier: saved.identifier, namespace: parseNamespace(saved.namespace) }
  const participant = new Participant(id, await restoreKeys(saved.keys), synchronizer)
  restoreRecords(participant.authorized, saved.authorized)
  for (const { name, records } of saved.temporary) {
    participant.createTemporary(name)
    restoreRecords(participant.store({ $case: 'temporary', name }), records)
  }
  participant.dispatched = saved.dispatched
  participant.disconnectedAt =
    saved.disconnectedAt === undefined ? undefined : BigInt(saved.disconnectedAt)
  return participant
}

function restoreBeside(node: RehearsalNode, saved: SavedParticipant): void {
  const { pruning, connectionConfig, manualConnect } = saved
  node.ledger.take(saved.imported.map(restoreContract))
  for (const { party, safeFrom } of saved.scheduled) node.scheduled.set(party, BigInt(safeFrom))
  node.manualConnect = manualConnect
  if (connectionConfig !== undefined) node.connectionConfig = parseBase64(connectionConfig)
  if (pruning === undefined) return
  node.pruning = {
    ...pruning,
    maxDuration: BigInt(pruning.maxDuration),
    retention: BigInt(pruning.retention),
  }
}

function readState(text: string): SavedState {
  const value: unknown = JSON.parse(text)
  const isState =
    typeof value === 'object' &&
    value !== null &&
    'format' in value &&
    value.format === FORMAT &&
    'version' in value &&
    value.version === VERSION
  if (!isState) throw new Error(`it is no ${FORMAT} of version ${VERSION}`)
  return value as unknown as SavedState // written by saveState; a wrong field fails where it is read
}

/** @throws CantosignError `sandbox-state` */
export async function restoreState(text: string): Promise<Rehearsal> {
  try {
    const state = readState(text)
    const synchronizer = new Synchronizer({
      logical: state.synchronizer,
      protocolVersion: state.protocolVersion,
      effectDelay: BigInt(state.effectDelay),
    })
    restoreRecords(synchronizer.store, state.records)
    synchronizer.resumeAfter(BigInt(state.lastSequenced))
    const owner = await restoreKeys(state.owner)
    const participants: Participant[] = []
    for (const one of state.participants) participants.push(await restoreNode(one, synchronizer))
    const log = new LedgerLog(synchronizer)
    log.transactions.push(...state.transactions.map(restoreTransaction))
    const sandbox = { synchronizer, owner, participants }
    const rehearsal = new Rehearsal(sandbox, BigInt(state.clearanceDelay), log)
    state.participants.forEach((saved, i) => {
      const node = rehearsal.nodes[i]
      if (node !== undefined) restoreBeside(node, saved)
    })
    return rehearsal
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw new CantosignError(
      'sandbox-state',
      `the state of the sandbox cannot be read: ${error.message}`,
      'give the file that a sandbox wrote, or another name to begin anew',
      { cause: error },
    )
  }
}
