/** The Ledger API over gRPC. */
import { CantosignError } from '../base/errors.ts'
import { HASHING_SCHEMES } from '../daml/scheme.ts'
import type { Signature } from '../wire/generated/schema.ts'
import { parseTimeText } from '../wire/time-text.ts'
import { checkedEnd, checkedParticipant } from './answers.ts'
import type { Route } from './connection.ts'
import { GrpcConnection } from './grpc.ts'
import type {
  AllocateRequest,
  Completion,
  ExecuteRequest,
  GenerateAnswer,
  GenerateRequest,
  LedgerApi,
  LedgerSynchronizer,
  LedgerUser,
  PrepareAnswer,
  TypedPrepareRequest,
  UserRight,
} from './ledger.ts'
import { encodeApiMessage } from './wire/codec.ts'
import type { Right, Signature as LedgerSignature } from './wire/generated/schema.ts'
import {
  InteractiveSubmission,
  LedgerCompletions,
  LedgerParties,
  LedgerState,
  LedgerUsers,
  LedgerVersion,
} from './wire/services.ts'

const READ = { effect: 'read' } as const

/** CRYPTO_KEY_FORMAT_DER_X509_SUBJECT_PUBLIC_KEY_INFO in the numbers of the Ledger API. */
const LEDGER_SPKI = 3

/** Numbers of format and algorithm are the same in both APIs. */
function ledgerSignature(one: Signature): LedgerSignature {
  const { format, signature, signedBy, signingAlgorithmSpec } = one
  return { format, signature, signedBy, signingAlgorithmSpec }
}

function rightOf({ kind }: Right): UserRight {
  if (kind === undefined) return { kind: 'unknown', party: undefined }
  return {
    kind: `${kind.$case.slice(0, 1).toUpperCase()}${kind.$case.slice(1)}`,
    party: 'party' in kind.value ? kind.value.party : undefined,
  }
}

export class GrpcLedgerApi implements LedgerApi {
  readonly #connection: GrpcConnection

  constructor(route: Route) {
    this.#connection = new GrpcConnection(route)
  }

  get address(): string {
    return this.#connection.address
  }

  close(): void {
    this.#connection.close()
  }

  async version(): Promise<string> {
    return (await this.#connection.unary(LedgerVersion.GetLedgerApiVersion, {}, READ)).version
  }

  async participantId(): Promise<string> {
    const { participantId } = await this.#connection.unary(LedgerParties.GetParticipantId, {}, READ)
    return checkedParticipant(participantId, this.address)
  }

  async connectedSynchronizers(party = ''): Promise<readonly LedgerSynchronizer[]> {
    const { connectedSynchronizers } = await this.#connection.unary(
      LedgerState.GetConnectedSynchronizers,
      { party },
      READ,
    )
    return connectedSynchronizers.map(({ synchronizerAlias, synchronizerId }) => ({
      alias: synchronizerAlias,
      id: synchronizerId,
    }))
  }

  async user(): Promise<LedgerUser> {
    const { user } = await this.#connection.unary(LedgerUsers.GetUser, {}, READ)
    const { rights } = await this.#connection.unary(LedgerUsers.ListUserRights, {}, READ)
    return {
      id: user?.id ?? '',
      primaryParty: user?.primaryParty ?? '',
      isDeactivated: user?.isDeactivated ?? false,
      rights: rights.map(rightOf),
    }
  }

  async generateExternalPartyTopology(request: GenerateRequest): Promise<GenerateAnswer> {
    const answer = await this.#connection.unary(
      LedgerParties.GenerateExternalPartyTopology,
      {
        synchronizer: request.synchronizer,
        partyHint: request.partyHint,
        publicKey: {
          format: LEDGER_SPKI,
          keyData: request.publicKey.spki,
          keySpec: request.publicKey.keySpec,
        },
        localParticipantObservationOnly: request.observationOnly,
        otherConfirmingParticipantUids: request.otherConfirming,
        confirmationThreshold: request.confirmationThreshold,
        observingParticipantUids: request.observing,
      },
      READ, // it writes nothing
    )
    return {
      partyId: answer.partyId,
      fingerprint: answer.publicKeyFingerprint,
      transactions: answer.topologyTransactions,
      multiHash: answer.multiHash,
    }
  }

  async allocateExternalParty(request: AllocateRequest): Promise<string> {
    const { partyId } = await this.#connection.unary(
      LedgerParties.AllocateExternalParty,
      {
        synchronizer: request.synchronizer,
        onboardingTransactions: request.transactions.map(({ transaction, signatures }) => ({
          transaction,
          signatures: signatures.map(ledgerSignature),
        })),
        multiHashSignatures: request.multiHashSignatures.map(ledgerSignature),
        identityProviderId: request.identityProviderId,
        waitForAllocation: request.waitForAllocation,
        userId: request.userId ?? '',
      },
      { effect: 'repeatable' }, // a party that is there already is told as that
    )
    return partyId
  }

  async prepareJson(): Promise<PrepareAnswer> {
    return await Promise.reject(
      new CantosignError(
        'usage',
        'the command is written for the JSON Ledger API, and over gRPC every value says its type',
        'give --json-api URL in place of --ledger-api, or write the command as docs/online.md section 5 shows for gRPC',
      ),
    )
  }

  async prepareTyped(request: TypedPrepareRequest): Promise<PrepareAnswer> {
    const { command, maxRecordTime, scheme, ...rest } = request
    const answer = await this.#connection.unary(
      InteractiveSubmission.PrepareSubmission,
      {
        ...rest,
        commands: [command],
        ...(maxRecordTime === undefined
          ? {}
          : { maxRecordTime: parseTimeText('Timestamp', maxRecordTime) }),
        // Release lines before 3.5 know one scheme and no such field.
        ...(scheme === 'V2' ? {} : { hashingSchemeVersion: HASHING_SCHEMES[scheme].number }),
      },
      READ, // nothing is kept of it
    )
    return {
      preparedTransaction: answer.preparedTransaction,
      claimedHash: answer.preparedTransactionHash,
      scheme: answer.hashingSchemeVersion,
    }
  }

  async execute(request: ExecuteRequest): Promise<void> {
    await this.#connection.unary(
      InteractiveSubmission.ExecuteSubmission,
      {
        preparedTransaction: request.preparedTransaction,
        partySignatures: {
          signatures: request.signatures.map(({ party, signatures }) => ({
            party,
            signatures: signatures.map(ledgerSignature),
          })),
        },
        submissionId: request.submissionId,
        userId: request.userId,
        hashingSchemeVersion: request.scheme,
      },
      { effect: 'change' },
    )
  }

  async ledgerEnd(): Promise<bigint> {
    const { offset } = await this.#connection.unary(LedgerState.GetLedgerEnd, {}, READ)
    return checkedEnd(offset, this.address)
  }

  async completions(
    parties: readonly string[],
    after: bigint,
    userId: string,
    waitMillis: number,
  ): Promise<readonly Completion[]> {
    const stream = this.#connection.stream(
      LedgerCompletions.CompletionStream,
      { userId, parties, beginExclusive: after },
      // A limit for all of it: checkpoints may come for ever.
      { ...READ, timeoutMillis: waitMillis },
    )
    const found: Completion[] = []
    try {
      for await (const { completionResponse } of stream) {
        if (completionResponse?.$case !== 'completion') continue
        const { commandId, submissionId, offset, updateId, status } = completionResponse.value
        found.push({
          commandId,
          submissionId,
          offset,
          updateId,
          code: status?.code ?? 0,
          message: status?.message ?? '',
          details: status === undefined ? undefined : encodeApiMessage('Status', status),
        })
        break // one at a time: the caller looks at it and asks again
      }
    } catch (error) {
      if (!(error instanceof CantosignError) || error.code !== 'deadline-exceeded') throw error
    }
    return found
  }
}
