/** Connection to the synchronizer, replication of a party, the pruning schedule. */
import { gunzipSync, gzipSync } from 'node:zlib'
import { concatBytes } from '../../base/bytes.ts'
import { decodeApiMessage, encodeApiMessage } from '../../online/wire/codec.ts'
import {
  Connectivity,
  ParticipantRepair,
  PartyReplication,
  Pruning,
} from '../../online/wire/services.ts'
import { CantonError } from '../core/canton-error.ts'
import {
  clearOnboardingFlag,
  exportContracts,
  exportPartyContracts,
  importContracts,
  missingOnboarding,
  requireSynchronizer,
} from '../core/replication.ts'
import { microsOf, timestampOf } from '../core/times.ts'
import { connect, disconnect } from '../core/topology-write.ts'
import type { Context } from './context.ts'
import { requestStream, responseStream, unary, type Endpoint } from './grpc-services.ts'

/** What every participant calls the one synchronizer. */
export const SYNCHRONIZER_ALIAS = 'sandbox'
/** How long an export waits for the activation of the target if the request does not say. */
const ACTIVATION_WAIT = 120_000_000n
const POLL_MILLIS = 50
const CHUNK = 64 * 1024
/** Contracts of an import, unpacked, at most so many bytes. */
const MAX_IMPORT_BYTES = 64 * 1024 * 1024

function requireAlias(alias: string): void {
  if (alias === SYNCHRONIZER_ALIAS) return
  throw new CantonError('SYNCHRONIZER_NOT_FOUND', 'this node has no synchronizer of that alias')
}

/** The configuration of the connection: as it was set, or the one it began with. */
function configOf({ node, synchronizer }: Context): Uint8Array {
  return (
    node.connectionConfig ??
    encodeApiMessage('SynchronizerConnectionConfig', {
      synchronizerAlias: SYNCHRONIZER_ALIAS,
      manualConnect: node.manualConnect,
      physicalSynchronizerId: synchronizer.physical,
    })
  )
}

function connectivity(context: Context): readonly Endpoint[] {
  const { node, participant, synchronizer } = context
  const leave = (): void => {
    disconnect(participant, context.now())
    context.changed()
  }
  const join = (): void => {
    connect(participant, context.now())
    context.now()
    context.changed()
  }
  return [
    unary(Connectivity.DisconnectSynchronizer, false, ({ synchronizerAlias }) => {
      requireAlias(synchronizerAlias)
      leave()
      return {}
    }),
    unary(Connectivity.DisconnectAllSynchronizers, false, () => {
      leave()
      return {}
    }),
    unary(Connectivity.ReconnectSynchronizer, false, ({ synchronizerAlias }) => {
      requireAlias(synchronizerAlias)
      join()
      return { connectedSuccessfully: true }
    }),
    unary(Connectivity.ReconnectSynchronizers, false, () => {
      // Those that are to be connected by hand are left out.
      if (!node.manualConnect) join()
      return {}
    }),
    unary(Connectivity.ModifySynchronizer, false, ({ newConfig, physicalSynchronizerId }) => {
      if (physicalSynchronizerId !== undefined) requireSynchronizer(node, physicalSynchronizerId)
      const config = decodeApiMessage('SynchronizerConnectionConfig', newConfig)
      requireAlias(config.synchronizerAlias)
      node.connectionConfig = newConfig.slice()
      node.manualConnect = config.manualConnect
      context.changed()
      return {}
    }),
    unary(Connectivity.ListConnectedSynchronizers, true, () => ({
      connectedSynchronizers: participant.connected
        ? [
            {
              synchronizerAlias: SYNCHRONIZER_ALIAS,
              synchronizerId: synchronizer.logical,
              physicalSynchronizerId: synchronizer.physical,
              healthy: true,
            },
          ]
        : [],
    })),
    unary(Connectivity.ListRegisteredSynchronizers, true, () => ({
      results: [
        {
          config: configOf(context),
          connected: participant.connected,
          physicalSynchronizerId: synchronizer.physical,
        },
      ],
    })),
    unary(Connectivity.GetSynchronizerId, true, ({ synchronizerAlias }) => {
      requireAlias(synchronizerAlias)
      return {
        synchronizerId: synchronizer.logical,
        physicalSynchronizerId: synchronizer.physical,
      }
    }),
  ]
}

/** The compressed file of contracts, in pieces. */
function* compressed(contracts: readonly Uint8Array[]): Generator<{ chunk: Uint8Array }> {
  const file = gzipSync(concatBytes(...contracts))
  for (let at = 0; at < file.length; at += CHUNK) {
    yield { chunk: new Uint8Array(file.subarray(at, at + CHUNK)) }
  }
}

function unpacked(file: Uint8Array): Uint8Array {
  try {
    return new Uint8Array(gunzipSync(file, { maxOutputLength: MAX_IMPORT_BYTES }))
  } catch {
    throw new CantonError(
      'INVALID_ARGUMENT_PARTY_MANAGEMENT_ERROR',
      'the contracts are not compressed as an export writes them, or are too many',
    )
  }
}

function replication(context: Context): readonly Endpoint[] {
  const { node, rehearsal } = context
  return [
    responseStream(PartyReplication.ExportPartyAcs, true, async function* (request, cancelled) {
      requireSynchronizer(node, request.synchronizerId)
      const wait = request.waitForActivationTimeout
      const end = context.now() + (wait === undefined ? ACTIVATION_WAIT : microsOf(wait))
      for (;;) {
        const now = context.now()
        const contracts = exportPartyContracts(
          node.ledger,
          request.partyId,
          request.targetParticipantUid,
          request.beginOffsetExclusive,
        )
        if (contracts !== undefined) {
          yield* compressed(contracts)
          return
        }
        if (now >= end) throw missingOnboarding()
        if (cancelled()) return
        await context.pause(POLL_MILLIS)
      }
    }),
    requestStream(PartyReplication.ImportPartyAcs, async (requests) => {
      const chunks: Uint8Array[] = []
      let partyId: string | undefined
      for await (const request of requests) {
        if (chunks.length === 0) {
          const { synchronizerId, contractImportMode } = request
          if (synchronizerId === undefined || contractImportMode === undefined) {
            throw new CantonError(
              'INVALID_ARGUMENT_PARTY_MANAGEMENT_ERROR',
              'the first message names neither the synchronizer nor how contracts are imported',
            )
          }
          requireSynchronizer(node, synchronizerId)
          partyId = request.partyId
        }
        chunks.push(request.acsSnapshot)
      }
      context.now()
      importContracts(node.ledger, unpacked(concatBytes(...chunks)))
      // From protocol version 35 on the node clears the flag of a party that is named by itself.
      if (partyId !== undefined && context.synchronizer.protocolVersion >= 35) {
        node.scheduled.set(partyId, 0n)
      }
      context.changed()
      return {}
    }),
    unary(PartyReplication.GetHighestOffsetByTimestamp, true, (request) => {
      requireSynchronizer(node, request.synchronizerId)
      const now = context.now()
      const at = request.timestamp === undefined ? 0n : microsOf(request.timestamp)
      if (at > context.participant.horizon(now) && !request.force) {
        throw new CantonError(
          'INVALID_TIMESTAMP_PARTY_MANAGEMENT_ERROR',
          'this node does not know that time yet',
        )
      }
      return { ledgerOffset: node.ledger.offsetAt(at) }
    }),
    unary(PartyReplication.ClearPartyOnboardingFlag, false, ({ partyId, synchronizerId }) => {
      requireSynchronizer(node, synchronizerId)
      const now = context.now()
      const { onboarded, earliestRetry } = clearOnboardingFlag(
        node,
        partyId,
        node.scheduled,
        rehearsal.clearanceDelay,
        now,
      )
      context.changed()
      return {
        onboarded,
        earliestRetryTimestamp:
          earliestRetry === undefined ? undefined : timestampOf(earliestRetry),
      }
    }),
    responseStream(ParticipantRepair.ExportAcs, true, function* ({ partyIds, synchronizerId }) {
      if (synchronizerId !== '') requireSynchronizer(node, synchronizerId)
      context.now()
      yield* compressed(exportContracts(node.ledger, partyIds))
    }),
  ]
}

function pruning(context: Context): readonly Endpoint[] {
  const { node } = context
  const duration = (micros: bigint) => timestampOf(micros)
  return [
    unary(Pruning.GetParticipantSchedule, true, () => {
      const set = node.pruning
      if (set === undefined) return {}
      const { cron, maxDuration, retention, pruneInternallyOnly } = set
      return {
        schedule: {
          schedule: { cron, maxDuration: duration(maxDuration), retention: duration(retention) },
          pruneInternallyOnly,
        },
      }
    }),
    unary(Pruning.SetParticipantSchedule, false, ({ schedule }) => {
      const inner = schedule?.schedule
      if (
        schedule === undefined ||
        inner?.maxDuration === undefined ||
        inner.retention === undefined
      ) {
        throw new CantonError('PROTO_DESERIALIZATION_FAILURE', 'the schedule is not whole')
      }
      node.pruning = {
        cron: inner.cron,
        maxDuration: microsOf(inner.maxDuration),
        retention: microsOf(inner.retention),
        pruneInternallyOnly: schedule.pruneInternallyOnly,
      }
      context.changed()
      return {}
    }),
    unary(Pruning.ClearSchedule, false, () => {
      node.pruning = undefined
      context.changed()
      return {}
    }),
  ]
}

export function participantEndpoints(context: Context): readonly Endpoint[] {
  return [...connectivity(context), ...replication(context), ...pruning(context)]
}
