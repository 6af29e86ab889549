/**
 * The ledger: what the synchronizer has sequenced, and what each participant makes of it: contracts,
 * updates with their offsets, completions. A participant that is not connected falls behind.
 */
import type { Create } from '../../wire/generated/schema.ts'
import type { CantonErrorCode } from './canton-error.ts'
import type { Participant } from './participant.ts'
import { mappingOf, type StoredTransaction } from './stored.ts'
import type { Synchronizer } from './synchronizer.ts'

/** A contract as it is kept: its create node with the id that it got when it was committed. */
export interface Contract {
  readonly create: Create
  /** Microseconds since 1970. */
  readonly createdAt: bigint
}

/** What was asked for, as far as the answer repeats it. */
export interface Submission {
  /** Uid of the participant that executed it. */
  readonly participant: string
  readonly userId: string
  readonly commandId: string
  readonly submissionId: string
  readonly actAs: readonly string[]
  /** 32 bytes. */
  readonly hash: Uint8Array
}

/** A transaction that was sequenced, with its verdict. */
export interface SequencedTransaction {
  readonly time: bigint
  /** 68 hex characters. */
  readonly updateId: string
  /** Of the prepared transaction. */
  readonly uuid: string
  readonly submission: Submission
  readonly created: readonly Contract[]
  readonly archived: readonly Contract[]
  /** Whoever sees it. */
  readonly stakeholders: readonly string[]
  readonly refusal: { readonly code: CantonErrorCode; readonly cause: string } | undefined
}

export type AuthorizationEvent = 'added' | 'changed' | 'revoked' | 'onboarding'

export interface HostingEvent {
  readonly $case: AuthorizationEvent
  readonly party: string
  /** Without `PAR::`. */
  readonly participant: string
  /** Number of ParticipantPermission; of a host that left, the one it had. */
  readonly permission: number
}

export type Update =
  | {
      readonly $case: 'transaction'
      readonly offset: bigint
      readonly time: bigint
      readonly transaction: SequencedTransaction
    }
  | {
      readonly $case: 'topology'
      readonly offset: bigint
      readonly time: bigint
      readonly updateId: string
      readonly events: readonly HostingEvent[]
    }

export interface Completion {
  readonly offset: bigint
  readonly transaction: SequencedTransaction
}

interface Hosting {
  readonly permission: number
  readonly onboarding: boolean
}

/** What has happened on the synchronizer, for every participant to catch up with. */
export class LedgerLog {
  readonly transactions: SequencedTransaction[] = []
  readonly #synchronizer: Synchronizer
  readonly #hostings: StoredTransaction[] = []
  #seen = 0

  constructor(synchronizer: Synchronizer) {
    this.#synchronizer = synchronizer
  }

  /** Every accepted PartyToParticipant in the order of its effect, also those still to come. */
  get hostings(): readonly StoredTransaction[] {
    const { records } = this.#synchronizer.store
    for (; this.#seen < records.length; this.#seen++) {
      const record = records[this.#seen]
      if (
        record !== undefined &&
        record.facts.mapping.$case === 'partyToParticipant' &&
        !record.proposal &&
        record.rejectionReason === undefined
      ) {
        this.#hostings.push(record)
      }
    }
    return this.#hostings
  }
}

export class ParticipantLedger {
  readonly participant: Participant
  readonly updates: Update[] = []
  readonly completions: Completion[] = []
  /** Active contracts of the parties that are hosted here, by id. */
  readonly contracts = new Map<string, Contract>()
  /** Every contract that was carried here, active or not. */
  readonly imported: Contract[] = []
  /** Hosts by party, as far as this participant has come. */
  readonly #hosts = new Map<string, ReadonlyMap<string, Hosting>>()
  readonly #log: LedgerLog
  #transactionsSeen = 0
  #hostingsSeen = 0
  #offset = 0n

  constructor(participant: Participant, log: LedgerLog) {
    this.participant = participant
    this.#log = log
  }

  /** The offset of the last update or completion; 0 before the first. */
  get end(): bigint {
    return this.#offset
  }

  /** The greatest offset of what happened up to a time, microseconds; 0 if nothing did. */
  offsetAt(time: bigint): bigint {
    return this.updates.findLast((update) => update.time <= time)?.offset ?? 0n
  }

  /** Takes in everything up to what this participant may know at this time. */
  advance(now: bigint): void {
    const horizon = this.participant.horizon(now)
    const { transactions, hostings } = this.#log
    for (;;) {
      const transaction = transactions[this.#transactionsSeen]
      const hosting = hostings[this.#hostingsSeen]
      const isHosting =
        hosting !== undefined &&
        (transaction === undefined || hosting.validFrom <= transaction.time)
      if (isHosting) {
        if (hosting.validFrom > horizon) return
        this.#hostingsSeen++
        this.#takeHosting(hosting)
      } else {
        if (transaction === undefined || transaction.time > horizon) return
        this.#transactionsSeen++
        this.#takeTransaction(transaction)
      }
    }
  }

  /** Contracts that were carried here. */
  take(contracts: readonly Contract[]): void {
    for (const contract of contracts) {
      this.imported.push(contract)
      this.contracts.set(contract.create.contractId, contract)
    }
  }

  hostsOf(party: string): ReadonlyMap<string, Hosting> {
    return this.#hosts.get(party) ?? new Map()
  }

  /** Every party with a host, with its hosts. */
  get parties(): ReadonlyMap<string, ReadonlyMap<string, Hosting>> {
    return this.#hosts
  }

  isHosted(party: string): boolean {
    return this.hostsOf(party).has(this.participant.uid)
  }

  #takeHosting(record: StoredTransaction): void {
    const mapping = mappingOf(record)
    const { facts } = record
    if (mapping.$case !== 'partyToParticipant' || facts.mapping.$case !== 'partyToParticipant') {
      return
    }
    const { party } = mapping.value
    const before = this.hostsOf(party)
    const after: ReadonlyMap<string, Hosting> =
      facts.operation === 'remove' ? new Map() : facts.mapping.hosts
    if (after.size === 0) this.#hosts.delete(party)
    else this.#hosts.set(party, after)
    const protocolVersion = this.participant.synchronizer.protocolVersion
    const events = hostingEvents(party, before, after, protocolVersion)
    if (events.length === 0) return
    const offset = ++this.#offset
    const { validFrom: time } = record
    this.updates.push({ $case: 'topology', offset, time, updateId: facts.hash, events })
  }

  #takeTransaction(transaction: SequencedTransaction): void {
    const { submission, stakeholders, refusal, time } = transaction
    const accepted = refusal === undefined
    const seen = accepted && stakeholders.some((party) => this.isHosted(party))
    const own = submission.participant === this.participant.uid
    if (!seen && !own) return
    const offset = ++this.#offset
    if (own) this.completions.push({ offset, transaction })
    if (!seen) return
    for (const { create } of transaction.archived) this.contracts.delete(create.contractId)
    for (const contract of transaction.created) {
      if (contract.create.stakeholders.some((party) => this.isHosted(party))) {
        this.contracts.set(contract.create.contractId, contract)
      }
    }
    this.updates.push({ $case: 'transaction', offset, time, transaction })
  }
}

function hostingEvents(
  party: string,
  before: ReadonlyMap<string, Hosting>,
  after: ReadonlyMap<string, Hosting>,
  protocolVersion: number,
): readonly HostingEvent[] {
  const events: HostingEvent[] = []
  for (const [participant, { permission }] of before) {
    if (!after.has(participant)) events.push({ $case: 'revoked', party, participant, permission })
  }
  for (const [participant, { permission, onboarding }] of after) {
    const old = before.get(participant)
    const event = (kind: AuthorizationEvent): void => {
      events.push({ $case: kind, party, participant, permission })
    }
    // Before protocol version 35 a host that is still to import the contracts is simply added.
    if (old === undefined) event(onboarding && protocolVersion >= 35 ? 'onboarding' : 'added')
    else if (old.onboarding && !onboarding && protocolVersion >= 35) event('added')
    else if (old.permission !== permission) event('changed')
  }
  return events
}
