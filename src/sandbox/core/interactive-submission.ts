/** Transactions of external parties: prepared here, signed elsewhere, executed here (docs/protocol/nodes.md section 9). */
import { concatBytes, toHex, utf8Bytes } from '../../base/bytes.ts'
import { sha256 } from '../../crypto/hash.ts'
import type { PublicKey } from '../../crypto/public-key.ts'
import { verifySignature } from '../../crypto/signature.ts'
import { hashPreparedTransaction } from '../../daml/hash.ts'
import { readPreparedTransaction } from '../../daml/prepared-transaction.ts'
import type { HashingScheme } from '../../daml/scheme.ts'
import { effectiveUsages } from '../../authorization/usage.ts'
import { Usage } from '../../build/names.ts'
import { judgeSignature } from '../../topology/signature.ts'
import { readSigningPublicKey } from '../../topology/signing-key.ts'
import { encodeMessage } from '../../wire/codec.ts'
import type {
  Create,
  Identifier,
  Metadata,
  Node,
  PreparedTransaction,
  RecordValue,
  Signature,
  SigningPublicKey,
  Value,
} from '../../wire/generated/schema.ts'
import { CantonError } from './canton-error.ts'
import { ARCHIVE, createNode, exerciseNode, LF_VERSION } from './daml-model.ts'
import type { Contract, LedgerLog, ParticipantLedger, SequencedTransaction } from './ledger.ts'
import { mappingOf } from './stored.ts'
import { microsOf } from './times.ts'
import { partyToKeyKey, partyToParticipantKey, synchronizerParametersKey } from './unique-keys.ts'

export type SandboxCommand =
  | { readonly $case: 'create'; readonly template: Identifier; readonly argument: RecordValue }
  | {
      readonly $case: 'exercise'
      readonly contractId: string
      readonly choice: string
      readonly argument: Value | undefined
    }

export interface PrepareRequest {
  readonly commandId: string
  readonly commands: readonly SandboxCommand[]
  readonly actAs: readonly string[]
  /** Logical; empty for the one that there is. */
  readonly synchronizerId: string
  readonly scheme: HashingScheme
  readonly maxRecordTime: bigint | undefined
}

export interface Prepared {
  readonly bytes: Uint8Array
  /** 32 bytes. */
  readonly hash: Uint8Array
}

export interface PartySignature {
  readonly party: string
  readonly signature: Signature
}

export interface ExecuteRequest {
  /** PreparedTransaction, as it was prepared. */
  readonly prepared: Uint8Array
  readonly signatures: readonly PartySignature[]
  readonly scheme: HashingScheme
  readonly userId: string
  readonly submissionId: string
}

const prepareFailure = (cause: string): CantonError =>
  new CantonError('FAILED_TO_PREPARE_TRANSACTION', cause)
const executeFailure = (cause: string): CantonError =>
  new CantonError('FAILED_TO_EXECUTE_TRANSACTION', cause)

/** 4122-like: lower case, from 16 bytes. */
function uuidOf(bytes: Uint8Array): string {
  const hex = toHex(bytes.subarray(0, 16))
  const part = (from: number, to: number): string => hex.slice(from, to)
  return [part(0, 8), part(8, 12), `4${part(13, 16)}`, `8${part(17, 20)}`, part(20, 32)].join('-')
}

export class InteractiveSubmission {
  readonly #log: LedgerLog
  /** Ids of transactions that were sequenced, whatever became of them. */
  readonly #sequencedIds = new Set<string>()
  /** Executing participant, user, parties and command of what was accepted. */
  readonly #accepted = new Set<string>()
  #prepared = 0

  constructor(log: LedgerLog) {
    this.#log = log
    for (const one of log.transactions) this.#remember(one)
  }

  #remember({ submission, refusal, uuid }: SequencedTransaction): void {
    this.#sequencedIds.add(uuid)
    if (refusal === undefined) this.#accepted.add(changeId(submission))
  }

  /** @throws CantonError */
  prepare(ledger: ParticipantLedger, request: PrepareRequest, now: bigint): Prepared {
    const { synchronizer, uid } = ledger.participant
    const { commands, actAs, commandId, scheme, synchronizerId } = request
    const [command, other] = commands
    if (commandId === '') throw new CantonError('MISSING_FIELD', 'command_id is missing')
    if (actAs.length === 0) throw new CantonError('MISSING_FIELD', 'act_as is missing')
    if (command === undefined) throw new CantonError('MISSING_FIELD', 'commands is missing')
    if (other !== undefined) throw prepareFailure('more than one command')
    if (scheme === 'V3' && synchronizer.protocolVersion < 35) {
      throw prepareFailure('the hashing scheme V3 needs protocol version 35')
    }
    if (synchronizerId !== '' && synchronizerId !== synchronizer.logical) {
      throw prepareFailure('the participant is not connected to this synchronizer')
    }
    if (!ledger.participant.connected) {
      throw prepareFailure('the participant is not connected to a synchronizer')
    }
    // What a node draws at random follows here from a counter, so that a rehearsal can be repeated.
    const draw = (what: string): Uint8Array =>
      sha256(utf8Bytes(`${uid}/${now}/${this.#prepared}/${what}`))
    this.#prepared++
    const { node, inputs } = nodeOf(command, actAs, draw('contract'), ledger)
    const metadata: Metadata = {
      submitterInfo: { actAs: [...new Set(actAs)].sort(), commandId },
      synchronizerId:
        synchronizer.protocolVersion >= 35 ? synchronizer.physical : synchronizer.logical,
      mediatorGroup: 0,
      transactionUuid: uuidOf(draw('uuid')),
      preparationTime: now,
      inputContracts: inputs.map(({ create, createdAt }) => ({
        createdAt,
        eventBlob: encodeMessage('Create', create),
        contract: { $case: 'v1', value: create },
      })),
      globalKeyMapping: [],
      minLedgerEffectiveTime: undefined,
      maxLedgerEffectiveTime: undefined,
      maxRecordTime: request.maxRecordTime,
    }
    const bytes = encodeMessage('PreparedTransaction', {
      transaction: {
        version: LF_VERSION,
        roots: ['0'],
        nodes: [{ nodeId: '0', versionedNode: { $case: 'v1', value: node } }],
        nodeSeeds: [{ nodeId: 0, seed: draw('seed') }],
      },
      metadata,
    })
    const result = hashPreparedTransaction(bytes, scheme)
    if (result.$case !== 'hashed') throw prepareFailure('the command cannot be hashed')
    return { bytes, hash: result.hash }
  }

  /**
   * Verifies the signatures, sequences the transaction and gives its verdict; a refusal after it was
   * sequenced is part of the result, and of the completion.
   * @throws CantonError a refusal before that
   */
  execute(ledger: ParticipantLedger, request: ExecuteRequest, now: bigint): SequencedTransaction {
    const { prepared, scheme } = request
    const { value } = readPreparedTransaction(prepared)
    const result = hashPreparedTransaction(prepared, scheme)
    if (value?.transaction === undefined || value.metadata === undefined) {
      throw executeFailure('the prepared transaction cannot be read')
    }
    if (result.$case !== 'hashed') throw executeFailure('the prepared transaction has no hash')
    const { metadata } = value
    this.#check(ledger, metadata, value, scheme)
    const { actAs, commandId } = metadata.submitterInfo ?? { actAs: [], commandId: '' }
    for (const party of actAs) {
      checkPartySignatures(party, request.signatures, result.hash, ledger, now)
    }
    const { userId, submissionId } = request
    const { uid, synchronizer } = ledger.participant
    const submission = {
      participant: uid,
      userId,
      commandId,
      submissionId: submissionId === '' ? metadata.transactionUuid : submissionId,
      actAs,
      hash: result.hash,
    }
    if (this.#accepted.has(changeId(submission))) {
      throw new CantonError('DUPLICATE_COMMAND', 'the same command was accepted before')
    }
    const time = synchronizer.nextTime(now)
    const { inputs, ...effects } = effectsOf(value, metadata, result.hash, time)
    const transaction: SequencedTransaction = {
      time,
      updateId: `1220${toHex(sha256(utf8Bytes(`${time}/${metadata.transactionUuid}`)))}`,
      uuid: metadata.transactionUuid,
      submission,
      ...effects,
      refusal: this.#verdict(metadata, inputs, time, ledger),
    }
    this.#log.transactions.push(transaction)
    this.#remember(transaction)
    return transaction
  }

  #check(
    { participant }: ParticipantLedger,
    metadata: Metadata,
    { transaction }: PreparedTransaction,
    scheme: HashingScheme,
  ): void {
    const { synchronizer } = participant
    const { protocolVersion } = synchronizer
    if (scheme === 'V3' && protocolVersion < 35) {
      throw executeFailure('the hashing scheme V3 needs protocol version 35')
    }
    const expected = protocolVersion >= 35 ? synchronizer.physical : synchronizer.logical
    if (metadata.synchronizerId !== expected) {
      throw executeFailure('the transaction was prepared for another synchronizer')
    }
    if (!participant.connected) {
      throw executeFailure('the participant is not connected to the synchronizer')
    }
    if ((metadata.submitterInfo?.actAs ?? []).length === 0) {
      throw executeFailure('nobody acts in the transaction')
    }
    if (transaction?.roots.length !== 1) {
      throw executeFailure('transactions with several roots are not supported')
    }
  }

  /** The verdict of the confirming participants and the mediator. */
  #verdict(
    metadata: Metadata,
    inputs: readonly string[],
    time: bigint,
    ledger: ParticipantLedger,
  ): SequencedTransaction['refusal'] {
    if (this.#sequencedIds.has(metadata.transactionUuid)) {
      return {
        code: 'DUPLICATE_CONFIRMATION_REQUEST_UUID',
        cause: 'a transaction with this uuid was sequenced before',
      }
    }
    const { synchronizer } = ledger.participant
    const tolerance = preparationTolerance(ledger)
    const age = time - metadata.preparationTime
    if ((age < 0n ? -age : age) > tolerance) {
      return {
        code: 'LOCAL_VERDICT_PREPARATION_TIME_OUT_OF_BOUND',
        cause: 'the transaction was prepared too long ago',
      }
    }
    const { maxRecordTime } = metadata
    if (maxRecordTime !== undefined && time > maxRecordTime) {
      // Before protocol version 35 only the submitting node looks at it, which this one is.
      return {
        code: 'LOCAL_VERDICT_MAX_RECORD_TIME_EXCEEDED',
        cause: `the latest record time has passed on ${synchronizer.logical}`,
      }
    }
    const active = activeContracts(this.#log.transactions)
    if (inputs.some((id) => !active.has(id))) {
      return { code: 'LOCAL_VERDICT_INACTIVE_CONTRACTS', cause: 'a contract is not active' }
    }
    return undefined
  }
}

function changeId({
  participant,
  userId,
  actAs,
  commandId,
}: SequencedTransaction['submission']): string {
  return JSON.stringify([participant, userId, [...actAs].sort(), commandId])
}

function activeContracts(transactions: readonly SequencedTransaction[]): ReadonlySet<string> {
  const active = new Set<string>()
  for (const { created, archived, refusal } of transactions) {
    if (refusal !== undefined) continue
    for (const { create } of created) active.add(create.contractId)
    for (const { create } of archived) active.delete(create.contractId)
  }
  return active
}

function preparationTolerance({ participant }: ParticipantLedger): bigint {
  const { store, logical } = participant.synchronizer
  const record = store.active(synchronizerParametersKey(logical))
  const mapping = record === undefined ? undefined : mappingOf(record)
  const tolerance =
    mapping?.$case === 'synchronizerParametersState'
      ? mapping.value.synchronizerParameters?.preparationTimeRecordTimeTolerance
      : undefined
  return tolerance === undefined ? 0n : microsOf(tolerance)
}

function nodeOf(
  command: SandboxCommand,
  actAs: readonly string[],
  discriminator: Uint8Array,
  ledger: ParticipantLedger,
): { readonly node: Node; readonly inputs: readonly Contract[] } {
  if (command.$case === 'create') {
    const contractId = `00${toHex(discriminator)}`
    const value = createNode(contractId, command.template, command.argument, actAs)
    return { node: { nodeType: { $case: 'create', value } }, inputs: [] }
  }
  const contract = ledger.contracts.get(command.contractId)
  if (contract === undefined) {
    throw new CantonError('CONTRACT_NOT_FOUND', 'this participant has no such active contract')
  }
  const { create } = contract
  const controllers = new Set(create.stakeholders)
  if (command.choice === ARCHIVE && !create.signatories.every((one) => actAs.includes(one))) {
    throw prepareFailure('the contract is archived by all of its signatories')
  }
  if (!actAs.some((party) => controllers.has(party))) {
    throw prepareFailure('none of the acting parties is a stakeholder of the contract')
  }
  const value = exerciseNode(create, command.choice, command.argument, actAs)
  return { node: { nodeType: { $case: 'exercise', value } }, inputs: [contract] }
}

/** What a committed contract's id gets behind what was signed. */
function suffixed(create: Create, hash: Uint8Array): Create {
  const suffix = sha256(concatBytes(hash, utf8Bytes(create.contractId)))
  return { ...create, contractId: `${create.contractId}ca10${toHex(suffix.subarray(0, 32))}` }
}

function effectsOf(
  { transaction }: PreparedTransaction,
  { inputContracts }: Metadata,
  hash: Uint8Array,
  time: bigint,
): Pick<SequencedTransaction, 'created' | 'archived' | 'stakeholders'> & {
  readonly inputs: readonly string[]
} {
  const nodes = (transaction?.nodes ?? []).map(({ versionedNode }) => versionedNode?.value.nodeType)
  const inputs = inputContracts.flatMap(({ contract, createdAt }) =>
    contract === undefined ? [] : [{ create: contract.value, createdAt }],
  )
  const created = nodes.flatMap((node): readonly Contract[] =>
    node?.$case === 'create' ? [{ create: suffixed(node.value, hash), createdAt: time }] : [],
  )
  const consumed = new Set(
    nodes.flatMap((node) =>
      node?.$case === 'exercise' && node.value.consuming ? [node.value.contractId] : [],
    ),
  )
  const stakeholders = nodes.flatMap((node) =>
    node?.$case === 'create' || node?.$case === 'exercise' ? node.value.stakeholders : [],
  )
  return {
    created,
    archived: inputs.filter(({ create }) => consumed.has(create.contractId)),
    stakeholders: [...new Set(stakeholders)],
    inputs: inputs.map(({ create }) => create.contractId),
  }
}

interface PartyKeys {
  readonly keys: readonly SigningPublicKey[]
  readonly threshold: number
}

/** The keys of a party that are in effect: of its hosting, or else of its own mapping. */
function partyKeys(party: string, { participant }: ParticipantLedger, now: bigint): PartyKeys {
  const { store } = participant.synchronizer
  const at = participant.horizon(now)
  for (const key of [partyToParticipantKey(party), partyToKeyKey(party)]) {
    const record = store
      .history(key)
      .findLast(({ validFrom, validUntil }) => validFrom <= at && (validUntil ?? at + 1n) > at)
    if (record?.facts.operation !== 'replace') continue
    const mapping = mappingOf(record)
    if (mapping.$case === 'partyToParticipant' && mapping.value.partySigningKeys !== undefined) {
      return mapping.value.partySigningKeys
    }
    if (mapping.$case === 'partyToKeyMapping') {
      return { keys: mapping.value.signingKeys, threshold: mapping.value.threshold }
    }
  }
  throw executeFailure(`the party ${party} has no signing keys`)
}

function checkPartySignatures(
  party: string,
  signatures: readonly PartySignature[],
  hash: Uint8Array,
  ledger: ParticipantLedger,
  now: bigint,
): void {
  const { keys, threshold } = partyKeys(party, ledger, now)
  const registered = new Map<string, PublicKey>(
    keys.flatMap((key) => {
      const reading = readSigningPublicKey(key)
      const mayAct = effectiveUsages(key.usage)?.includes(Usage.protocol) === true
      return reading.key !== undefined && mayAct ? [[reading.key.fingerprint, reading.key]] : []
    }),
  )
  const own = signatures.filter((one) => one.party === party)
  const { protocolVersion } = ledger.participant.synchronizer
  if (protocolVersion >= 35 && own.length > registered.size) {
    throw executeFailure(`${own.length} signatures for the ${registered.size} keys of ${party}`)
  }
  const valid = new Set<string>()
  for (const { signature } of own) {
    const key = registered.get(signature.signedBy)
    const { check } = judgeSignature(signature, key)
    if (check !== undefined && verifySignature(check.key, hash, check.signature)) {
      valid.add(signature.signedBy)
    }
  }
  if (valid.size < threshold) {
    throw executeFailure(`${valid.size} of ${threshold} signatures of ${party} are valid`)
  }
}
