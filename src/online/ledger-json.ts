/** The JSON Ledger API (docs/protocol/participant-apis.md section 3). */
import { toBase64 } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import { signatureProtoJson } from '../package/export-node.ts'
import type { JsonApiAddress } from './address.ts'
import { checkedEnd, checkedParticipant } from './answers.ts'
import type { Route } from './connection.ts'
import { JsonConnection, type JsonCall } from './http.ts'
import type { CallOptions } from './grpc.ts'
import { JsonValue } from './json-shape.ts'
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
  SchemeNumber,
  UserRight,
} from './ledger.ts'

const READ = { effect: 'read' } as const

const KEY_SPECS: Readonly<Record<number, string>> = {
  1: 'SIGNING_KEY_SPEC_EC_CURVE25519',
  2: 'SIGNING_KEY_SPEC_EC_P256',
  3: 'SIGNING_KEY_SPEC_EC_P384',
  4: 'SIGNING_KEY_SPEC_EC_SECP256K1',
}

const SCHEMES: Readonly<Record<SchemeNumber, string>> = {
  2: 'HASHING_SCHEME_VERSION_V2',
  3: 'HASHING_SCHEME_VERSION_V3',
}

function rightOf(value: JsonValue): UserRight {
  const kind = value.field('kind')
  const [name = 'unknown'] = kind.absent ? [] : kind.names
  if (kind.absent) return { kind: name, party: undefined }
  const content = kind.field(name)
  const inner = content.absent ? content : content.field('value')
  const party = inner.absent ? inner : inner.field('party')
  return { kind: name, party: party.absent ? undefined : party.text }
}

export class JsonLedgerApi implements LedgerApi {
  readonly #connection: JsonConnection

  constructor(route: Route, address: JsonApiAddress) {
    this.#connection = new JsonConnection(route, address)
  }

  get address(): string {
    return this.#connection.address
  }

  close(): void {
    // Every call has a connection of its own.
  }

  async #call(call: JsonCall, options: CallOptions): Promise<JsonValue> {
    return new JsonValue(await this.#connection.call(call, options), call.path)
  }

  async #get(path: string): Promise<JsonValue> {
    return await this.#call({ method: 'GET', path }, READ)
  }

  async version(): Promise<string> {
    return (await this.#get('/v2/version')).field('version').text
  }

  async participantId(): Promise<string> {
    const answer = await this.#get('/v2/parties/participant-id')
    return checkedParticipant(answer.field('participantId').text, this.address)
  }

  async connectedSynchronizers(party = ''): Promise<readonly LedgerSynchronizer[]> {
    const query = party === '' ? '' : `?party=${encodeURIComponent(party)}`
    const answer = await this.#get(`/v2/state/connected-synchronizers${query}`)
    return answer.field('connectedSynchronizers').items.map((one) => ({
      alias: one.field('synchronizerAlias').optionalText,
      id: one.field('synchronizerId').text,
    }))
  }

  async user(): Promise<LedgerUser> {
    const user = (await this.#get('/v2/authenticated-user')).field('user')
    const id = user.field('id').text
    const { items } = (await this.#get(`/v2/users/${encodeURIComponent(id)}/rights`)).field(
      'rights',
    )
    return {
      id,
      primaryParty: user.field('primaryParty').optionalText,
      isDeactivated: user.field('isDeactivated').flag,
      rights: items.map(rightOf),
    }
  }

  async generateExternalPartyTopology(request: GenerateRequest): Promise<GenerateAnswer> {
    const answer = await this.#call(
      {
        method: 'POST',
        path: '/v2/parties/external/generate-topology',
        body: {
          synchronizer: request.synchronizer,
          partyHint: request.partyHint,
          publicKey: {
            format: 'CRYPTO_KEY_FORMAT_DER_X509_SUBJECT_PUBLIC_KEY_INFO',
            keyData: toBase64(request.publicKey.spki),
            keySpec: KEY_SPECS[request.publicKey.keySpec],
          },
          localParticipantObservationOnly: request.observationOnly,
          otherConfirmingParticipantUids: request.otherConfirming,
          confirmationThreshold: request.confirmationThreshold,
          observingParticipantUids: request.observing,
        },
      },
      READ,
    )
    return {
      partyId: answer.field('partyId').text,
      fingerprint: answer.field('publicKeyFingerprint').text,
      transactions: answer.field('topologyTransactions').items.map(({ bytes }) => bytes),
      multiHash: answer.field('multiHash').bytes,
    }
  }

  async allocateExternalParty(request: AllocateRequest): Promise<string> {
    const answer = await this.#call(
      {
        method: 'POST',
        path: '/v2/parties/external/allocate',
        body: {
          synchronizer: request.synchronizer,
          identityProviderId: request.identityProviderId,
          onboardingTransactions: request.transactions.map(({ transaction, signatures }) => ({
            transaction: toBase64(transaction),
            signatures: signatures.map(signatureProtoJson),
          })),
          multiHashSignatures: request.multiHashSignatures.map(signatureProtoJson),
          ...(request.waitForAllocation === undefined
            ? {}
            : { waitForAllocation: request.waitForAllocation }),
          ...(request.userId === undefined ? {} : { userId: request.userId }),
        },
      },
      { effect: 'repeatable' },
    )
    return answer.field('partyId').text
  }

  async prepareTyped(): Promise<PrepareAnswer> {
    return await Promise.reject(
      new CantosignError(
        'usage',
        'the command is written for gRPC, and the JSON Ledger API takes values without types',
        'give --ledger-api HOST:PORT in place of --json-api, or write the command as docs/online.md section 5 shows for JSON',
      ),
    )
  }

  async prepareJson(request: Readonly<Record<string, unknown>>): Promise<PrepareAnswer> {
    const answer = await this.#call(
      { method: 'POST', path: '/v2/interactive-submission/prepare', body: request },
      READ, // nothing is kept of it
    )
    const scheme = answer.field('hashingSchemeVersion').text
    const [, number] = /^HASHING_SCHEME_VERSION_V(\d+)$/.exec(scheme) ?? []
    return {
      preparedTransaction: answer.field('preparedTransaction').bytes,
      claimedHash: answer.field('preparedTransactionHash').bytes,
      scheme: Number(number ?? 0),
    }
  }

  async execute(request: ExecuteRequest): Promise<void> {
    await this.#call(
      {
        method: 'POST',
        path: '/v2/interactive-submission/execute',
        // Every key is sent: decoders ask for what the documents call optional.
        body: {
          preparedTransaction: toBase64(request.preparedTransaction),
          partySignatures: {
            signatures: request.signatures.map(({ party, signatures }) => ({
              party,
              signatures: signatures.map(signatureProtoJson),
            })),
          },
          deduplicationPeriod: { Empty: {} },
          submissionId: request.submissionId,
          userId: request.userId,
          hashingSchemeVersion: SCHEMES[request.scheme],
          minLedgerTime: null,
        },
      },
      { effect: 'change' },
    )
  }

  async ledgerEnd(): Promise<bigint> {
    const offset = (await this.#get('/v2/state/ledger-end')).field('offset')
    return offset.absent ? 0n : checkedEnd(BigInt(offset.integer), this.address)
  }

  async completions(
    parties: readonly string[],
    after: bigint,
    userId: string,
    waitMillis: number,
  ): Promise<readonly Completion[]> {
    if (after > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new CantosignError(
        'response-malformed',
        'an offset is larger than JSON numbers are exact',
        'use the Ledger API over gRPC: --ledger-api HOST:PORT',
      )
    }
    const idle = Math.max(1, Math.min(waitMillis, 2_000))
    const answer = await this.#call(
      {
        method: 'POST',
        path: `/v2/commands/completions?limit=100&stream_idle_timeout_ms=${idle}`,
        body: { userId, parties, beginExclusive: Number(after) },
      },
      { ...READ, timeoutMillis: waitMillis + 20_000 },
    )
    return answer.items.flatMap((item): readonly Completion[] => {
      const completion = item.field('completionResponse').field('Completion')
      if (completion.absent) return []
      const value = completion.field('value')
      const status = value.field('status')
      return [
        {
          commandId: value.field('commandId').text,
          submissionId: value.field('submissionId').optionalText,
          offset: BigInt(value.field('offset').integer),
          updateId: value.field('updateId').optionalText,
          code: status.absent ? 0 : status.field('code').integer,
          message: status.absent ? '' : status.field('message').optionalText,
          details: undefined,
        },
      ]
    })
  }
}
