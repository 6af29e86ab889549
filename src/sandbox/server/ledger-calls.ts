/** What the Ledger API does, whichever transport asks: requests and answers are messages of its schema. */
import { CantosignError } from '../../base/errors.ts'
import { parseSubjectPublicKeyInfo, type PublicKey } from '../../crypto/public-key.ts'
import type { HashingScheme } from '../../daml/scheme.ts'
import type { ApiInput } from '../../online/wire/codec.ts'
import type {
  AllocateExternalPartyRequest,
  AllocateExternalPartyResponse,
  Completion as CompletionMessage,
  ExecuteSubmissionRequest,
  GenerateExternalPartyTopologyRequest,
  GenerateExternalPartyTopologyResponse,
  GetConnectedSynchronizersRequest,
  GetConnectedSynchronizersResponse,
  GetUpdatesResponse,
  PartyDetails,
  PrepareSubmissionRequest,
  PrepareSubmissionResponse,
  Signature as LedgerSignature,
  UpdateFormat,
} from '../../online/wire/generated/schema.ts'
import { decodeMessage } from '../../wire/codec.ts'
import { MAX_PREPARED_DEPTH } from '../../daml/prepared-transaction.ts'
import { walkMessage } from '../../wire/walk.ts'
import type { MessageName } from '../../wire/schema.ts'
import type { MessageTypes, Signature } from '../../wire/generated/schema.ts'
import { CantonError, CATEGORIES, CANTON_ERRORS } from '../core/canton-error.ts'
import { allocateExternalParty, generateExternalParty } from '../core/external-party.ts'
import type { SandboxCommand } from '../core/interactive-submission.ts'
import type { Completion, HostingEvent, SequencedTransaction, Update } from '../core/ledger.ts'
import { microsOf, timestampOf } from '../core/times.ts'
import type { Context } from './context.ts'
import { SYNCHRONIZER_ALIAS } from './participant-service.ts'

/** The release line that the sandbox behaves like. */
export const SANDBOX_VERSION = '3.5.0-sandbox'

/** The one user, for whom every token stands. */
export const SANDBOX_USER = 'participant_admin'

const SPKI_FORMAT = 3
/** SignatureFormat and SigningAlgorithmSpec have the same numbers in both schemas. */
const SIGNATURE_FORMATS = [1, 2, 3]
const ALGORITHMS = [1, 2, 3]
const SCHEMES: Readonly<Record<number, HashingScheme>> = { 2: 'V2', 3: 'V3' }
const SCHEME_NUMBER: Readonly<Record<HashingScheme, number>> = { V2: 2, V3: 3 }
/** How long a call waits for a party to take effect. */
const ALLOCATION_WAIT = 30_000_000n

const missing = (field: string): CantonError =>
  new CantonError('MISSING_FIELD', `${field} is missing`)
const invalid = (field: string, why: string): CantonError =>
  new CantonError('INVALID_FIELD', `${field}: ${why}`)

function publicKeyOf(key: GenerateExternalPartyTopologyRequest['publicKey']): PublicKey {
  if (key === undefined) throw missing('public_key')
  if (key.format !== SPKI_FORMAT) throw invalid('public_key', 'the format is not supported')
  try {
    return parseSubjectPublicKeyInfo(key.keyData).key
  } catch (error) {
    if (!(error instanceof CantosignError)) throw error
    throw invalid('public_key', error.message)
  }
}

function signatureOf({
  format,
  signature,
  signedBy,
  signingAlgorithmSpec,
}: LedgerSignature): Signature {
  if (!SIGNATURE_FORMATS.includes(format)) throw invalid('signature', 'the format is not supported')
  if (!ALGORITHMS.includes(signingAlgorithmSpec)) {
    throw invalid('signature', 'the algorithm is not supported')
  }
  return { format, signature, signedBy, signingAlgorithmSpec, signatureDelegation: undefined }
}

export function generateParty(
  context: Context,
  request: GenerateExternalPartyTopologyRequest,
): ApiInput<GenerateExternalPartyTopologyResponse> {
  context.now()
  const { partyId, fingerprint, transactions, multiHash } = generateExternalParty(context.node, {
    synchronizer: request.synchronizer,
    partyHint: request.partyHint,
    publicKey: publicKeyOf(request.publicKey),
    localObservationOnly: request.localParticipantObservationOnly,
    otherConfirming: request.otherConfirmingParticipantUids,
    threshold: request.confirmationThreshold,
    observing: request.observingParticipantUids,
  })
  return {
    partyId,
    publicKeyFingerprint: fingerprint,
    topologyTransactions: transactions,
    multiHash,
  }
}

export async function allocateParty(
  context: Context,
  request: AllocateExternalPartyRequest,
): Promise<ApiInput<AllocateExternalPartyResponse>> {
  const now = context.now()
  const { party, complete } = allocateExternalParty(
    context.node,
    {
      synchronizer: request.synchronizer,
      transactions: request.onboardingTransactions.map(({ transaction, signatures }) => ({
        transaction,
        signatures: signatures.map(signatureOf),
      })),
      multiHashSignatures: request.multiHashSignatures.map(signatureOf),
    },
    now,
  )
  context.changed()
  // A party that waits for other hosts is not waited for.
  if (complete && request.waitForAllocation !== false) {
    const { lastSequenced, effectDelay } = context.synchronizer
    await context.waitUntil(lastSequenced + effectDelay, ALLOCATION_WAIT)
    context.now()
  }
  return { partyId: party }
}

function detailsOf(context: Context, party: string): ApiInput<PartyDetails> {
  return { party, isLocal: context.node.ledger.isHosted(party), identityProviderId: '' }
}

export function knownParties(context: Context, filter: string): readonly ApiInput<PartyDetails>[] {
  context.now()
  return [...context.node.ledger.parties.keys()]
    .filter((party) => party.startsWith(filter))
    .sort()
    .map((party) => detailsOf(context, party))
}

/** Parties that are not known are left out. */
export function partiesByName(
  context: Context,
  parties: readonly string[],
): readonly ApiInput<PartyDetails>[] {
  context.now()
  return parties
    .filter((party) => context.node.ledger.parties.has(party))
    .map((party) => detailsOf(context, party))
}

export function connectedSynchronizers(
  context: Context,
  { party, participantId }: GetConnectedSynchronizersRequest,
): ApiInput<GetConnectedSynchronizersResponse> {
  context.now()
  const { participant, synchronizer, node } = context
  if (!participant.connected) return { connectedSynchronizers: [] }
  const one = { synchronizerAlias: SYNCHRONIZER_ALIAS, synchronizerId: synchronizer.logical }
  if (party === '') return { connectedSynchronizers: [{ ...one, permission: 0 }] }
  const uid = participantId === '' ? participant.uid : participantId
  const host = node.ledger.hostsOf(party).get(uid)
  return {
    connectedSynchronizers: host === undefined ? [] : [{ ...one, permission: host.permission }],
  }
}

/** A part of a request that is carried as the bytes of a message. */
function partOf<Name extends MessageName>(
  name: Name,
  bytes: Uint8Array,
  field: string,
): MessageTypes[Name] {
  if (bytes.length === 0) throw missing(field)
  const options = { wrapped: false, maxDepth: MAX_PREPARED_DEPTH }
  if (walkMessage(name, bytes, options).fatal) throw invalid(field, 'it cannot be read')
  return decodeMessage(name, bytes, MAX_PREPARED_DEPTH)
}

function commandOf({ command }: PrepareSubmissionRequest['commands'][number]): SandboxCommand {
  switch (command?.$case) {
    case undefined:
      throw invalid('commands', 'only create and exercise are known here')
    case 'create':
      return {
        $case: 'create',
        template: partOf('Identifier', command.value.templateId, 'template_id'),
        argument: partOf('Record', command.value.createArguments, 'create_arguments'),
      }
    case 'exercise': {
      const { contractId, choice, choiceArgument } = command.value
      if (choice === '') throw missing('choice')
      return {
        $case: 'exercise',
        contractId,
        choice,
        argument:
          choiceArgument.length === 0
            ? undefined
            : partOf('Value', choiceArgument, 'choice_argument'),
      }
    }
  }
}

/** Left out, the scheme is V2; named, it has to be one that there is. */
function schemeOf(number: number | undefined): HashingScheme {
  if (number === undefined) return 'V2'
  const scheme = SCHEMES[number]
  if (scheme === undefined) throw invalid('hashing_scheme_version', 'there is no such scheme')
  return scheme
}

/** @param commands in place of those of the message, where another transport has read them */
export function prepareSubmission(
  context: Context,
  request: Omit<PrepareSubmissionRequest, 'commands'>,
  commands: readonly SandboxCommand[],
): ApiInput<PrepareSubmissionResponse> {
  const scheme = schemeOf(request.hashingSchemeVersion)
  const now = context.now()
  const { bytes, hash } = context.rehearsal.submission.prepare(
    context.node.ledger,
    {
      commandId: request.commandId,
      commands,
      actAs: request.actAs,
      synchronizerId: request.synchronizerId,
      scheme,
      maxRecordTime:
        request.maxRecordTime === undefined ? undefined : microsOf(request.maxRecordTime),
    },
    now,
  )
  return {
    preparedTransaction: bytes,
    preparedTransactionHash: hash,
    hashingSchemeVersion: SCHEME_NUMBER[scheme],
  }
}

export const commandsOf = (request: PrepareSubmissionRequest): readonly SandboxCommand[] =>
  request.commands.map(commandOf)

/** Gives the result at once; the completion follows, as on a node. */
export function executeSubmission(
  context: Context,
  request: Omit<ExecuteSubmissionRequest, 'deduplicationPeriod'>,
): SequencedTransaction {
  const now = context.now()
  const scheme = SCHEMES[request.hashingSchemeVersion]
  if (scheme === undefined) throw invalid('hashing_scheme_version', 'there is no such scheme')
  const signatures = (request.partySignatures?.signatures ?? []).flatMap((one) =>
    one.signatures.map((signature) => ({ party: one.party, signature: signatureOf(signature) })),
  )
  const result = context.rehearsal.submission.execute(
    context.node.ledger,
    {
      prepared: request.preparedTransaction,
      signatures,
      scheme,
      userId: request.userId,
      submissionId: request.submissionId,
    },
    now,
  )
  context.changed()
  return result
}

/** The completion of an execution, once it is there. @throws CantonError if it was refused */
export async function completed(
  context: Context,
  { time, updateId, refusal }: SequencedTransaction,
): Promise<{ readonly updateId: string; readonly completionOffset: bigint }> {
  for (;;) {
    context.now()
    const found = context.node.ledger.completions.find(
      ({ transaction }) => transaction.time === time,
    )
    if (found !== undefined) {
      if (refusal !== undefined) throw new CantonError(refusal.code, refusal.cause)
      return { updateId, completionOffset: found.offset }
    }
    await context.pause(1)
  }
}

export function completionMessage(
  { offset, transaction }: Completion,
  synchronizerId: string,
): ApiInput<CompletionMessage> {
  const { submission, refusal, time, updateId } = transaction
  const { commandId, userId, actAs, submissionId, hash } = submission
  return {
    commandId,
    status:
      refusal === undefined
        ? { code: 0, message: '', details: [] }
        : {
            code: CATEGORIES[CANTON_ERRORS[refusal.code]].grpc,
            message: `${refusal.code}(${CATEGORIES[CANTON_ERRORS[refusal.code]].id},0): ${refusal.cause}`,
            details: [],
          },
    updateId: refusal === undefined ? updateId : '',
    userId,
    actAs,
    submissionId,
    offset,
    synchronizerTime: { synchronizerId, recordTime: timestampOf(time) },
    transactionHash: hash,
  }
}

const TOPOLOGY_EVENT = {
  added: 'participantAuthorizationAdded',
  changed: 'participantAuthorizationChanged',
  revoked: 'participantAuthorizationRevoked',
  onboarding: 'participantAuthorizationOnboarding',
} as const

const hostingEvent = ({ $case, party, participant, permission }: HostingEvent) => ({
  event: {
    $case: TOPOLOGY_EVENT[$case],
    value: {
      partyId: party,
      participantId: participant,
      participantPermission: $case === 'revoked' ? 0 : permission,
    },
  },
})

/** Parties that a filter is about; `undefined` stands for all. */
function wantedParties(
  format: UpdateFormat['includeReassignments'],
): ReadonlySet<string> | undefined {
  return format?.filtersForAnyParty === undefined
    ? new Set((format?.filtersByParty ?? []).map(({ key }) => key))
    : undefined
}

/** An update as a format asks for it; `undefined` if it leaves it out. */
export function updateMessage(
  update: Update,
  format: UpdateFormat | undefined,
  synchronizerId: string,
): ApiInput<GetUpdatesResponse> | undefined {
  const { offset, time } = update
  const recordTime = timestampOf(time)
  if (update.$case === 'transaction') {
    const { transaction } = update
    const wanted = format?.includeTransactions
    if (wanted === undefined) return undefined
    const parties = wantedParties(wanted.eventFormat)
    const seen = parties === undefined || transaction.stakeholders.some((one) => parties.has(one))
    if (!seen) return undefined
    const { submission, updateId } = transaction
    const value = {
      updateId,
      commandId: submission.commandId,
      workflowId: '',
      effectiveAt: recordTime,
      offset,
      synchronizerId,
      recordTime,
      externalTransactionHash: submission.hash,
    }
    return { update: { $case: 'transaction', value } }
  }
  const wanted = format?.includeTopologyEvents?.includeParticipantAuthorizationEvents
  if (wanted === undefined) return undefined
  const parties = new Set(wanted.parties)
  const events = update.events.filter(({ party }) => parties.size === 0 || parties.has(party))
  if (events.length === 0) return undefined
  const { updateId } = update
  return {
    update: {
      $case: 'topologyTransaction',
      value: { updateId, offset, synchronizerId, recordTime, events: events.map(hostingEvent) },
    },
  }
}
