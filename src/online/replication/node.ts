/** What replication asks of one participant, over its Admin API and its Ledger API. */
import { CantosignError } from '../../base/errors.ts'
import { escapeText } from '../../base/text.ts'
import {
  parsePhysicalSynchronizerId,
  parseUniqueIdentifier,
  participantUidText,
} from '../../ident/identifiers.ts'
import type { SnapshotRecord } from '../../topology/snapshot.ts'
import { encodeMessage, wrap } from '../../wire/codec.ts'
import type { PartyToParticipant, Timestamp } from '../../wire/generated/schema.ts'
import type { AdminApi } from '../admin.ts'
import type { LedgerApi } from '../ledger.ts'
import type { ChosenStore } from '../store.ts'
import { listTopology } from '../topology-query.ts'
import { decodeApiMessage, encodeApiMessage } from '../wire/codec.ts'
import {
  Connectivity,
  Identity,
  ImportPartyAcs34,
  PartyReplication,
  Pruning,
  TopologyWrite,
} from '../wire/services.ts'
import type { HostingFacts, Registration, SourceFacts, TargetFacts } from './checks.ts'
import { withManualConnect } from './connection-config.ts'
import { hostingOf, type Hosting } from './hosting.ts'
import type { Plan } from './state.ts'
import { vettedAt } from './vetting.ts'

const READ = { effect: 'read' } as const
/** Doing it twice is doing it once. */
const REPEATABLE = { effect: 'repeatable' } as const

/** Contracts are carried for as long as it takes; a stream that stands still is given up. */
const LONGEST_IMPORT_MILLIS = 24 * 60 * 60 * 1000
const IDLE_EXPORT_MILLIS = 5 * 60 * 1000

/** The node is asked whether it has processed the activation; this side waits and asks again. */
const ACTIVATION_WAIT = { seconds: 20n, nanos: 0 }

/** A message of an import: well below the limit of a node. */
const IMPORT_CHUNK_BYTES = 512 * 1024

const VALIDATION = 2
const ADD_REPLACE = 1
const NO_VALIDATION = 1

const micros = ({ seconds, nanos }: Timestamp): bigint =>
  seconds * 1_000_000n + BigInt(Math.floor(nanos / 1000))

/** How far the clearing of the flag is. */
export interface Clearance {
  /** True: the flag is no longer set. */
  readonly onboarded: boolean
  /** Microseconds since 1970 by the clock of the node. */
  readonly earliestRetry: bigint | undefined
}

export class ReplicationNode {
  readonly admin: AdminApi
  readonly #ledger: LedgerApi
  readonly #plan: Plan
  readonly store: ChosenStore

  constructor(admin: AdminApi, ledger: LedgerApi, plan: Plan) {
    this.admin = admin
    this.#ledger = ledger
    this.#plan = plan
    const { synchronizer } = plan
    this.store = {
      id: {
        store: {
          $case: 'synchronizer',
          value: { kind: { $case: 'physicalId', value: synchronizer } },
        },
      },
      name: synchronizer,
      synchronizerId: synchronizer,
    }
  }

  get #logical(): string {
    const { identifier, namespace } = parsePhysicalSynchronizerId(this.#plan.synchronizer).logical
    return `${identifier}::${namespace}`
  }

  /** @throws CantosignError `replication-node` for a node without an id */
  async uid(): Promise<string> {
    const id = await this.admin.participantId()
    if (id !== undefined) return participantUidText(id)
    throw new CantosignError(
      'replication-node',
      `the node at ${this.admin.connection.address} has no id yet`,
      'its operator initializes it first',
    )
  }

  async ledgerEnd(): Promise<bigint> {
    return await this.#ledger.ledgerEnd()
  }

  /** Microseconds since 1970 by the clock of the node. */
  async time(): Promise<bigint> {
    return (await this.admin.connection.unary(Identity.CurrentTime, {}, READ)).currentTime
  }

  async hosting(): Promise<HostingFacts> {
    const query = {
      store: this.store.id,
      mappings: ['partyToParticipant'],
      namespace: parseUniqueIdentifier(this.#plan.party).namespace,
    } as const
    const active = await listTopology(this.admin, { ...query, proposals: false, time: 'head' })
    const open = await listTopology(this.admin, { ...query, proposals: true, time: 'head' })
    const now = await this.time()
    const records = active.filter((record) => this.#isOfParty(record))
    const last = records.toSorted((a, b) => serialOf(b) - serialOf(a))[0]
    const from = last?.item?.validFrom
    return {
      last: last === undefined ? undefined : readable(last, this.admin.connection.address),
      effective: from !== undefined && micros(from) <= now,
      proposals: open
        .filter((record) => this.#isOfParty(record))
        .flatMap(({ signed }) => hostingOf(signed) ?? []),
    }
  }

  #isOfParty({ signed }: SnapshotRecord): boolean {
    const mapping = signed.transaction.value?.mapping?.mapping
    return mapping?.$case === 'partyToParticipant' && mapping.value.party === this.#plan.party
  }

  /** ParticipantPruningSchedule, or `undefined` if nothing is pruned by itself. */
  async schedule(): Promise<Uint8Array | undefined> {
    const { schedule } = await this.admin.connection.unary(Pruning.GetParticipantSchedule, {}, READ)
    return schedule?.schedule === undefined
      ? undefined
      : encodeApiMessage('ParticipantPruningSchedule', schedule)
  }

  async clearSchedule(): Promise<void> {
    await this.admin.connection.unary(Pruning.ClearSchedule, {}, REPEATABLE)
  }

  /** @param bytes ParticipantPruningSchedule */
  async setSchedule(bytes: Uint8Array): Promise<void> {
    const schedule = decodeApiMessage('ParticipantPruningSchedule', bytes)
    await this.admin.connection.unary(Pruning.SetParticipantSchedule, { schedule }, REPEATABLE)
  }

  async registrations(): Promise<readonly Registration[]> {
    const { results } = await this.admin.connection.unary(
      Connectivity.ListRegisteredSynchronizers,
      {},
      READ,
    )
    return results.map(({ config, connected, physicalSynchronizerId }) => {
      const known = decodeApiMessage('SynchronizerConnectionConfig', config)
      return {
        alias: known.synchronizerAlias,
        connected,
        manualConnect: known.manualConnect,
        physicalId: physicalSynchronizerId,
        config,
      }
    })
  }

  async disconnectAll(): Promise<void> {
    await this.admin.connection.unary(Connectivity.DisconnectAllSynchronizers, {}, REPEATABLE)
  }

  /** Changes nothing of the configuration but this. */
  async setManualConnect(registration: Registration, manualConnect: boolean): Promise<void> {
    if (registration.manualConnect === manualConnect) return
    await this.admin.connection.unary(
      Connectivity.ModifySynchronizer,
      {
        physicalSynchronizerId: registration.physicalId,
        newConfig: withManualConnect(registration.config, manualConnect),
        sequencerConnectionValidation: NO_VALIDATION,
      },
      REPEATABLE,
    )
  }

  /** @throws CantosignError `connection-failed` if the node could not connect */
  async reconnect(alias: string): Promise<void> {
    const { connectedSuccessfully } = await this.admin.connection.unary(
      Connectivity.ReconnectSynchronizer,
      { synchronizerAlias: alias, retry: true },
      REPEATABLE,
    )
    if (connectedSuccessfully) return
    throw new CantosignError(
      'connection-failed',
      `the participant at ${this.admin.connection.address} could not connect to ${escapeText(alias)}`,
      'have its operator see to the connection, then run the command again',
    )
  }

  /**
   * Has the node propose, with its own signature.
   * @returns the wrapped SignedTopologyTransaction, not looked at yet
   */
  async propose(mapping: PartyToParticipant, serial: number): Promise<Uint8Array> {
    const bytes = encodeMessage('TopologyMapping', {
      mapping: { $case: 'partyToParticipant', value: mapping },
    })
    const { transaction } = await this.admin.connection.unary(
      TopologyWrite.Authorize,
      {
        type: { $case: 'proposal', value: { change: ADD_REPLACE, serial, mapping: bytes } },
        mustFullyAuthorize: false,
        store: this.store.id,
      },
      { effect: 'change' },
    )
    return wrap(transaction)
  }

  /** @param beginOffsetExclusive end of the ledger before the party authorized */
  exportContracts(beginOffsetExclusive: bigint): AsyncIterable<{ readonly chunk: Uint8Array }> {
    const { party, target } = this.#plan
    return this.admin.connection.stream(
      PartyReplication.ExportPartyAcs,
      {
        partyId: party,
        synchronizerId: this.#logical,
        targetParticipantUid: target,
        beginOffsetExclusive,
        waitForActivationTimeout: ACTIVATION_WAIT,
      },
      READ,
      IDLE_EXPORT_MILLIS,
    )
  }

  /**
   * Imports the contracts. Parameters stand in the first message; their numbers depend on the line.
   * @throws CantosignError `ledger-unsupported` for release line 3.3
   */
  async importContracts(chunks: Iterable<Uint8Array>): Promise<void> {
    const version = await this.#ledger.version()
    const options = { effect: 'change', timeoutMillis: LONGEST_IMPORT_MILLIS } as const
    const { connection } = this.admin
    const parts = inParts(chunks)
    if (/^3\.[0-3](\.|$)/.test(version)) {
      throw new CantosignError(
        'ledger-unsupported',
        `the target runs Canton ${escapeText(version)}, which has no replication with an onboarding flag`,
        'replication needs release line 3.4 or later on both sides',
      )
    }
    if (/^3\.4(\.|$)/.test(version)) {
      await connection.clientStream(
        ImportPartyAcs34,
        withFirst(parts, { contractImportMode: VALIDATION }),
        options,
      )
      return
    }
    const first = {
      synchronizerId: this.#logical,
      contractImportMode: VALIDATION,
      ...(this.#clearsByItself ? { partyId: this.#plan.party } : {}),
    }
    await connection.clientStream(PartyReplication.ImportPartyAcs, withFirst(parts, first), options)
  }

  /** From protocol version 35 the node clears the flag by itself if the import names the party. */
  get #clearsByItself(): boolean {
    const { protocolVersion } = parsePhysicalSynchronizerId(this.#plan.synchronizer)
    return protocolVersion === 'dev' || Number(protocolVersion) >= 35
  }

  /** Asks the node to clear its flag; it does so when that is safe. Asking again changes nothing. */
  async clearFlag(beginOffsetExclusive: bigint): Promise<Clearance> {
    const { onboarded, earliestRetryTimestamp: retry } = await this.admin.connection.unary(
      PartyReplication.ClearPartyOnboardingFlag,
      {
        partyId: this.#plan.party,
        synchronizerId: this.#logical,
        beginOffsetExclusive,
        waitForActivationTimeout: ACTIVATION_WAIT,
      },
      REPEATABLE,
    )
    return { onboarded, earliestRetry: retry === undefined ? undefined : micros(retry) }
  }

  /** What the checks of the source look at. */
  async sourceFacts(): Promise<SourceFacts> {
    return {
      uid: await this.uid(),
      hosting: await this.hosting(),
      schedule: await this.schedule(),
    }
  }

  /** What the checks of the target look at. */
  async targetFacts(): Promise<TargetFacts> {
    const now = await this.time()
    return {
      uid: await this.uid(),
      hosting: await this.hosting(),
      registrations: await this.registrations(),
      vettedByTarget: await this.#vetted(this.#plan.target, now),
      vettedBySource: await this.#vetted(this.#plan.source, now),
    }
  }

  async #vetted(uid: string, now: bigint): Promise<ReadonlySet<string>> {
    const records = await listTopology(this.admin, {
      store: this.store.id,
      proposals: false,
      time: 'head',
      mappings: ['vettedPackages'],
      namespace: parseUniqueIdentifier(uid).namespace,
    })
    const lists = records.flatMap(({ signed }) => {
      const { value } = signed.transaction
      const mapping = value?.mapping?.mapping
      return value?.operation === ADD_REPLACE &&
        mapping?.$case === 'vettedPackages' &&
        participantUidText(mapping.value.participantUid) === uid
        ? [vettedAt(mapping.value, now)]
        : []
    })
    return new Set(lists.flatMap((ids) => [...ids]))
  }
}

const serialOf = ({ signed }: SnapshotRecord): number => signed.transaction.value?.serial ?? 0

/** What is built upon has to be understood whole. */
function readable({ signed }: SnapshotRecord, address: string): Hosting {
  const hosting = hostingOf(signed)
  if (hosting !== undefined) return hosting
  throw new CantosignError(
    'replication-hosting',
    `the hosts of the party, as the participant at ${address} has them, hold something that this version cannot account for`,
    'see it with: state export --party PARTY, then inspect; a newer version of this tool may know it',
  )
}

function* inParts(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += IMPORT_CHUNK_BYTES) {
      yield chunk.subarray(at, at + IMPORT_CHUNK_BYTES)
    }
  }
}

/** One message for each part, the first with the parameters; at least one message. */
function* withFirst<T extends object>(
  parts: Iterable<Uint8Array>,
  first: T,
): Generator<{ readonly acsSnapshot: Uint8Array } & Partial<T>> {
  let parameters: Partial<T> = first
  for (const acsSnapshot of parts) {
    yield { acsSnapshot, ...parameters }
    parameters = {}
  }
}
