/** The Ledger API of one participant, over gRPC or JSON: the same calls with the same answers. */
import type { HashingScheme } from '../daml/scheme.ts'
import type { Signature } from '../wire/generated/schema.ts'
import type { ApiInput } from './wire/codec.ts'
import type { Command } from './wire/generated/schema.ts'

export interface LedgerSynchronizer {
  readonly alias: string
  /** Logical. */
  readonly id: string
}

/** A right of a user: its name as the JSON API has it (`CanActAs`), and the party that it is for. */
export interface UserRight {
  readonly kind: string
  readonly party: string | undefined
}

export interface LedgerUser {
  readonly id: string
  readonly primaryParty: string
  readonly isDeactivated: boolean
  readonly rights: readonly UserRight[]
}

/** A public key as the Ledger API takes it: SPKI, with the number of its spec (1 to 4). */
export interface LedgerKey {
  readonly spki: Uint8Array
  readonly keySpec: number
}

export interface GenerateRequest {
  /** Logical id. */
  readonly synchronizer: string
  readonly partyHint: string
  readonly publicKey: LedgerKey
  readonly observationOnly: boolean
  readonly otherConfirming: readonly string[]
  /** 0: as many as confirm. */
  readonly confirmationThreshold: number
  readonly observing: readonly string[]
}

export interface GenerateAnswer {
  readonly partyId: string
  readonly fingerprint: string
  /** Wrapped TopologyTransaction each. */
  readonly transactions: readonly Uint8Array[]
  /** What the participant says the combined hash is: 34 bytes, or anything. */
  readonly multiHash: Uint8Array
}

export interface AllocateRequest {
  readonly synchronizer: string
  readonly transactions: readonly {
    readonly transaction: Uint8Array
    readonly signatures: readonly Signature[]
  }[]
  readonly multiHashSignatures: readonly Signature[]
  readonly identityProviderId: string
  /** From release line 3.5; left out unless given. */
  readonly userId: string | undefined
  readonly waitForAllocation: boolean | undefined
}

/** Hashing schemes by the number of HashingSchemeVersion. */
export type SchemeNumber = 2 | 3

export interface PrepareAnswer {
  /** PreparedTransaction, exactly as it came. */
  readonly preparedTransaction: Uint8Array
  /** What the participant says the hash is. */
  readonly claimedHash: Uint8Array
  readonly scheme: number
}

/** A request to prepare for gRPC. */
export interface TypedPrepareRequest {
  readonly command: ApiInput<Command>
  readonly commandId: string
  readonly actAs: readonly string[]
  readonly readAs: readonly string[]
  /** Logical; empty: the participant chooses. */
  readonly synchronizerId: string
  readonly userId: string
  /** RFC 3339, UTC. */
  readonly maxRecordTime: string | undefined
  readonly scheme: HashingScheme
}

export interface PartySignature {
  readonly party: string
  readonly signatures: readonly Signature[]
}

export interface ExecuteRequest {
  readonly preparedTransaction: Uint8Array
  readonly signatures: readonly PartySignature[]
  readonly scheme: SchemeNumber
  readonly submissionId: string
  /** Empty: the user of the token. */
  readonly userId: string
}

/** What became of a submission. */
export interface Completion {
  readonly commandId: string
  readonly submissionId: string
  readonly offset: bigint
  /** Empty if it was rejected. */
  readonly updateId: string
  /** Status code of gRPC: 0 is a commit. */
  readonly code: number
  readonly message: string
  /** google.rpc.Status as bytes where the transport has it. */
  readonly details: Uint8Array | undefined
}

export interface LedgerApi {
  /** `host:port`. */
  readonly address: string
  close(): void
  version(): Promise<string>
  /** Unique identifier without `PAR::`. */
  participantId(): Promise<string>
  connectedSynchronizers(party?: string): Promise<readonly LedgerSynchronizer[]>
  /** The user of the token. */
  user(): Promise<LedgerUser>
  generateExternalPartyTopology(request: GenerateRequest): Promise<GenerateAnswer>
  /** @returns the party id */
  allocateExternalParty(request: AllocateRequest): Promise<string>
  /** @param body as the JSON API takes it; refused over gRPC, where values have types */
  prepareJson(body: Readonly<Record<string, unknown>>): Promise<PrepareAnswer>
  /** Refused over JSON. */
  prepareTyped(request: TypedPrepareRequest): Promise<PrepareAnswer>
  /** Hands it in. It is done or not when a completion says so. */
  execute(request: ExecuteRequest): Promise<void>
  ledgerEnd(): Promise<bigint>
  /**
   * Completions of the parties after an offset: those that came within the time, oldest first.
   * @param waitMillis how long to wait for the first
   */
  completions(
    parties: readonly string[],
    after: bigint,
    userId: string,
    waitMillis: number,
  ): Promise<readonly Completion[]>
}
