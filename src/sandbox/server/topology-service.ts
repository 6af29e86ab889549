/** TopologyManagerWriteService, TopologyManagerReadService and the identity of the node. */
import { status } from '@grpc/grpc-js'
import { parseHex } from '../../base/bytes.ts'
import { encodeMessage } from '../../wire/codec.ts'
import { participantUidText } from '../../ident/identifiers.ts'
import { mappingRow, type KnownMapping, type MappingCase } from '../../topology/mapping.ts'
import { readSigningPublicKey } from '../../topology/signing-key.ts'
import type { BaseQuery } from '../../online/wire/generated/schema.ts'
import { Identity, TopologyRead, TopologyWrite } from '../../online/wire/services.ts'
import { CantonError } from '../core/canton-error.ts'
import type { StoredTransaction } from '../core/stored.ts'
import { readForceFlags } from '../core/submission-checks.ts'
import { microsOf } from '../core/times.ts'
import {
  inChunks,
  itemOf,
  mappingCodes,
  mappingCodesWithout,
  readRecords,
  snapshotV1,
  snapshotV2,
  type ReadQuery,
} from '../core/topology-read.ts'
import type { TopologyStore } from '../core/topology-store.ts'
import {
  addTransactions,
  authorizeHash,
  authorizeProposal,
  generateTransaction,
  signTransaction,
} from '../core/topology-write.ts'
import { UncodedFailure } from './answer.ts'
import type { Context } from './context.ts'
import { responseStream, unary, type Endpoint } from './grpc-services.ts'
import {
  baseResult,
  itemMessage,
  mappingFrom,
  operationOf,
  optionalStore,
  readQueryOf,
  requiredStore,
  signedTransactionBytes,
  storeMessage,
  submittedFrom,
} from './topology-messages.ts'

/** Pieces of a snapshot are at least so long, bytes: gRPC holds a few dozen for a reader. */
const CHUNK = 64 * 1024

async function waitForEffect(
  context: Context,
  store: TopologyStore,
  before: number,
  wait: { readonly seconds: bigint; readonly nanos: number } | undefined,
): Promise<void> {
  if (wait === undefined || store.id.$case !== 'synchronizer') return
  const added = store.records.slice(before)
  const effective = added.reduce(
    (latest, { validFrom }) => (validFrom > latest ? validFrom : latest),
    0n,
  )
  const waits = context.participant.pending.length > 0
  const atMost = microsOf(wait)
  const end = context.now() + atMost
  const reached = await context.waitUntil(waits ? end + 1n : effective, atMost)
  // A node ends such a call without any error code.
  if (!reached) {
    throw new UncodedFailure(status.UNKNOWN, 'the transactions have not taken effect in time')
  }
}

function writing(context: Context): readonly Endpoint[] {
  const { node, participant } = context
  return [
    unary(TopologyWrite.GenerateTransactions, true, ({ proposals }) => {
      context.now()
      const generatedTransactions = proposals.map(({ operation, serial, mapping, store }) => {
        const generated = generateTransaction(participant.store(requiredStore(store)), {
          operation: operationOf(operation),
          serial,
          mapping: mappingFrom(mapping),
        })
        return { serializedTransaction: generated.bytes, transactionHash: generated.hash }
      })
      return { generatedTransactions }
    }),
    unary(TopologyWrite.AddTransactions, false, async (request) => {
      const now = context.now()
      const store = participant.store(requiredStore(request.store))
      const before = store.records.length
      try {
        addTransactions(node, store, request.transactions.map(submittedFrom), {
          flags: readForceFlags(request.forceChanges),
          expectFull: false,
          now,
        })
      } finally {
        context.changed()
      }
      await waitForEffect(context, store, before, request.waitToBecomeEffective)
      return {}
    }),
    unary(TopologyWrite.SignTransactions, false, (request) => {
      context.now()
      const store = participant.store(requiredStore(request.store))
      const flags = readForceFlags(request.forceFlags)
      const transactions = request.transactions.map((bytes) =>
        signedTransactionBytes(
          signTransaction(submittedFrom(bytes), store, participant, request.signedBy, flags),
        ),
      )
      return { transactions }
    }),
    unary(TopologyWrite.Authorize, false, async (request) => {
      const now = context.now()
      const store = participant.store(requiredStore(request.store))
      const before = store.records.length
      const { type, mustFullyAuthorize, signedBy } = request
      const options = {
        flags: readForceFlags(request.forceChanges),
        expectFull: mustFullyAuthorize,
        now,
      }
      if (type === undefined) {
        throw new CantonError('PROTO_DESERIALIZATION_FAILURE', 'there is nothing to authorize')
      }
      try {
        if (type.$case === 'transactionHash') {
          const signed = authorizeHash(node, store, hashText(type.value), signedBy, options)
          return { transaction: signedTransactionBytes(signed) }
        }
        const { change, serial, mapping } = type.value
        const proposal = { operation: operationOf(change), serial, mapping: mappingFrom(mapping) }
        const signed = authorizeProposal(node, store, proposal, signedBy, options)
        await waitForEffect(context, store, before, request.waitToBecomeEffective)
        return { transaction: signedTransactionBytes(signed) }
      } finally {
        context.changed()
      }
    }),
    unary(TopologyWrite.CreateTemporaryTopologyStore, false, ({ name }) => {
      participant.createTemporary(name)
      context.changed()
      return { storeId: { name } }
    }),
    unary(TopologyWrite.DropTemporaryTopologyStore, false, ({ storeId }) => {
      participant.dropTemporary(storeId?.name ?? '')
      context.changed()
      return {}
    }),
  ]
}

function hashText(text: string): string {
  if (/^1220[0-9a-f]{64}$/.test(text)) return text
  throw new CantonError('PROTO_DESERIALIZATION_FAILURE', 'the hash is not 68 hex characters')
}

/** A filter of the form `text` or `id::namespace`: the identifier by its beginning, or exactly. */
function matchesUid(filter: string, uid: string): boolean {
  const at = filter.indexOf('::')
  if (at === -1) return uid.slice(0, uid.indexOf('::')).startsWith(filter)
  return uid.startsWith(filter) && uid.indexOf('::') === at
}

interface Found {
  readonly store: TopologyStore
  readonly record: StoredTransaction
}

function* find(
  context: Context,
  base: BaseQuery | undefined,
  codes: ReadonlySet<number>,
  namespace: string,
): Generator<Found> {
  const query: ReadQuery = { ...readQueryOf(base), codes, namespace }
  const { participant } = context
  const named = optionalStore(base?.store)
  const now = context.now()
  for (const store of named === undefined ? participant.stores : [participant.store(named)]) {
    const horizon = store.id.$case === 'synchronizer' ? participant.horizon(now) : now
    for (const record of readRecords(store, query, horizon)) yield { store, record }
  }
}

/** One of the list calls that give decoded mappings. */
function listOf(
  context: Context,
  $case: MappingCase,
  base: BaseQuery | undefined,
  matches: (mapping: KnownMapping) => boolean,
) {
  const { code } = mappingRow($case)
  return [...find(context, base, new Set([code]), '')].flatMap(({ store, record }) => {
    const { mapping, item } = itemMessage(record)
    if (!matches(mapping)) return []
    return [{ context: baseResult(store, record, parseHex(record.facts.hash)), item }]
  })
}

function listing(context: Context): readonly Endpoint[] {
  return [
    unary(TopologyRead.ListNamespaceDelegation, true, (request) => ({
      results: listOf(context, 'namespaceDelegation', request.baseQuery, (mapping) => {
        if (mapping.$case !== 'namespaceDelegation') return false
        const { namespace, targetKey } = mapping.value
        const target = targetKey === undefined ? '' : readSigningPublicKey(targetKey).fingerprint
        const wanted = request.filterTargetKeyFingerprint
        return namespace.startsWith(request.filterNamespace) && (wanted === '' || target === wanted)
      }),
    })),
    unary(TopologyRead.ListDecentralizedNamespaceDefinition, true, (request) => ({
      results: listOf(
        context,
        'decentralizedNamespaceDefinition',
        request.baseQuery,
        (mapping) =>
          mapping.$case === 'decentralizedNamespaceDefinition' &&
          mapping.value.decentralizedNamespace.startsWith(request.filterNamespace),
      ),
    })),
    unary(TopologyRead.ListOwnerToKeyMapping, true, (request) => ({
      results: listOf(context, 'ownerToKeyMapping', request.baseQuery, (mapping) => {
        if (mapping.$case !== 'ownerToKeyMapping') return false
        const { member } = mapping.value
        const uid = member.slice(member.indexOf('::') + 2)
        return (
          member.startsWith(request.filterKeyOwnerType) &&
          matchesUid(request.filterKeyOwnerUid, uid)
        )
      }),
    })),
    unary(TopologyRead.ListPartyToKeyMapping, true, (request) => ({
      results: listOf(
        context,
        'partyToKeyMapping',
        request.baseQuery,
        (mapping) =>
          mapping.$case === 'partyToKeyMapping' &&
          matchesUid(request.filterParty, mapping.value.party),
      ),
    })),
    unary(TopologyRead.ListPartyToParticipant, true, (request) => ({
      results: listOf(context, 'partyToParticipant', request.baseQuery, (mapping) => {
        if (mapping.$case !== 'partyToParticipant') return false
        const { party, participants } = mapping.value
        const { filterParticipant } = request
        return (
          matchesUid(request.filterParty, party) &&
          (filterParticipant === '' ||
            participants.some((host) =>
              matchesUid(filterParticipant, participantUidText(host.participantUid)),
            ))
        )
      }),
    })),
    unary(TopologyRead.ListVettedPackages, true, (request) => ({
      results: listOf(
        context,
        'vettedPackages',
        request.baseQuery,
        (mapping) =>
          mapping.$case === 'vettedPackages' &&
          matchesUid(request.filterParticipant, participantUidText(mapping.value.participantUid)),
      ),
    })),
    unary(TopologyRead.ListSynchronizerParametersState, true, (request) => ({
      results: listOf(
        context,
        'synchronizerParametersState',
        request.baseQuery,
        (mapping) =>
          mapping.$case === 'synchronizerParametersState' &&
          matchesUid(request.filterSynchronizerId, mapping.value.synchronizerId),
      ),
    })),
  ]
}

/** Every record that is found, as TopologyTransactions. */
const allItems = (found: Iterable<Found>): Uint8Array =>
  encodeMessage('TopologyTransactions', {
    items: [...found].map(({ record }) => itemOf(record)),
  })

function* recordsOf(found: Iterable<Found>): Generator<StoredTransaction> {
  for (const { record } of found) yield record
}

function reading(context: Context): readonly Endpoint[] {
  return [
    unary(TopologyRead.ListAvailableStores, true, () => ({
      storeIds: context.participant.stores.map(storeMessage),
    })),
    unary(TopologyRead.ListAll, true, ({ baseQuery, excludeMappings, filterNamespace }) => ({
      result: allItems(
        find(context, baseQuery, mappingCodesWithout(excludeMappings), filterNamespace),
      ),
    })),
    unary(TopologyRead.ListAllV2, true, ({ baseQuery, includeMappings, filterNamespace }) => ({
      result: allItems(find(context, baseQuery, mappingCodes(includeMappings), filterNamespace)),
    })),
    responseStream(TopologyRead.ExportTopologySnapshot, true, function* (request) {
      const codes = mappingCodesWithout(request.excludeMappings)
      const records = () =>
        recordsOf(find(context, request.baseQuery, codes, request.filterNamespace))
      for (const chunk of inChunks(snapshotV1(records), CHUNK)) yield { chunk }
    }),
    responseStream(TopologyRead.ExportTopologySnapshotV2, true, function* (request) {
      const codes = mappingCodesWithout(request.excludeMappings)
      const found = find(context, request.baseQuery, codes, request.filterNamespace)
      for (const chunk of inChunks(snapshotV2(recordsOf(found)), CHUNK)) yield { chunk }
    }),
    unary(Identity.GetId, true, () => ({
      initialized: true,
      uniqueIdentifier: context.participant.uid,
    })),
    unary(Identity.CurrentTime, true, () => ({ currentTime: context.now() })),
    unary(Identity.InitId, false, () => {
      throw new UncodedFailure(status.FAILED_PRECONDITION, 'this node has its identity already')
    }),
  ]
}

export function topologyEndpoints(context: Context): readonly Endpoint[] {
  return [...writing(context), ...listing(context), ...reading(context)]
}
