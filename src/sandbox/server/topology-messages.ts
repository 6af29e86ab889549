/** Requests about topology, as far as several calls share them. */
import type { ApiInput } from '../../online/wire/codec.ts'
import type { BaseQuery, BaseResult, StoreId } from '../../online/wire/generated/schema.ts'
import { mappingRow, type KnownMapping } from '../../topology/mapping.ts'
import { decodeMessage, encodeMessage, wrap } from '../../wire/codec.ts'
import { walkMessage } from '../../wire/walk.ts'
import { CantonError } from '../core/canton-error.ts'
import { signedMessage } from '../core/kept-signature.ts'
import type { StoreQuery } from '../core/participant.ts'
import { mappingOf, type StoredTransaction } from '../core/stored.ts'
import { parseSubmitted, type Submitted } from '../core/submitted.ts'
import { microsOf, timestampOf } from '../core/times.ts'
import type { ReadQuery, TimeQuery } from '../core/topology-read.ts'
import type { TopologyStore } from '../core/topology-store.ts'

const malformed = (problem: string): CantonError =>
  new CantonError('PROTO_DESERIALIZATION_FAILURE', problem)

/** @throws CantonError PROTO_DESERIALIZATION_FAILURE if none is named */
export function requiredStore(id: StoreId | undefined): StoreQuery {
  const store = optionalStore(id)
  if (store === undefined) throw malformed('no store is named')
  return store
}

export function optionalStore(id: StoreId | undefined): StoreQuery | undefined {
  const store = id?.store
  switch (store?.$case) {
    case undefined:
      return undefined
    case 'authorized':
      return { $case: 'authorized' }
    case 'temporary':
      return { $case: 'temporary', name: store.value.name }
    case 'synchronizer': {
      const { kind } = store.value
      if (kind === undefined) throw malformed('no synchronizer is named')
      return { $case: kind.$case === 'id' ? 'logical' : 'physical', id: kind.value }
    }
  }
}

export function storeMessage({ id }: TopologyStore): ApiInput<StoreId> {
  switch (id.$case) {
    case 'authorized':
      return { store: { $case: 'authorized', value: {} } }
    case 'temporary':
      return { store: { $case: 'temporary', value: { name: id.name } } }
    case 'synchronizer':
      return {
        store: {
          $case: 'synchronizer',
          value: { kind: { $case: 'physicalId', value: id.id } },
        },
      }
  }
}

export function operationOf(operation: number): 'replace' | 'remove' {
  if (operation === 1) return 'replace'
  if (operation === 2) return 'remove'
  throw malformed('the operation is not set')
}

/** A TopologyMapping that a request carries as bytes. */
export function mappingFrom(bytes: Uint8Array): KnownMapping {
  if (walkMessage('TopologyMapping', bytes, { wrapped: false }).fatal) {
    throw malformed('the mapping cannot be read')
  }
  const { mapping } = decodeMessage('TopologyMapping', bytes)
  if (mapping === undefined) throw malformed('there is no mapping that this release knows')
  return mapping
}

/** A SignedTopologyTransaction that comes without its wrapper. */
export const submittedFrom = (bytes: Uint8Array): Submitted => parseSubmitted(wrap(bytes))

export const signedTransactionBytes = ({ bytes, signatures, proposal }: Submitted): Uint8Array =>
  encodeMessage('SignedTopologyTransaction', signedMessage(bytes, signatures, proposal))

/** @throws CantonError PROTO_DESERIALIZATION_FAILURE */
export function readQueryOf(query: BaseQuery | undefined): Omit<ReadQuery, 'codes' | 'namespace'> {
  if (query?.timeQuery === undefined) throw malformed('the query has no time')
  const { proposals, operation, timeQuery, filterSignedKey } = query
  return {
    proposals,
    operation: operation === 0 ? undefined : operationOf(operation),
    time: timeQueryOf(timeQuery),
    signedKey: filterSignedKey,
  }
}

function timeQueryOf(query: NonNullable<BaseQuery['timeQuery']>): TimeQuery {
  switch (query.$case) {
    case 'headState':
      return { $case: 'headState' }
    case 'snapshot':
      return { $case: 'snapshot', at: microsOf(query.value) }
    case 'range': {
      const { from, until } = query.value
      return {
        $case: 'range',
        from: from && microsOf(from),
        until: until && microsOf(until),
      }
    }
  }
}

export function baseResult(
  store: TopologyStore,
  record: StoredTransaction,
  hash: Uint8Array,
): ApiInput<BaseResult> {
  const { facts, sequenced, validFrom, validUntil, signatures } = record
  return {
    store: storeMessage(store),
    sequenced: timestampOf(sequenced),
    validFrom: timestampOf(validFrom),
    validUntil: validUntil === undefined ? undefined : timestampOf(validUntil),
    operation: facts.operation === 'replace' ? 1 : 2,
    transactionHash: hash,
    serial: facts.serial,
    signedByFingerprints: signatures.map(({ wire }) => wire.signedBy),
  }
}

/** The mapping of a record as a list call gives it: its own message. */
export function itemMessage(record: StoredTransaction): {
  readonly mapping: KnownMapping
  readonly item: Uint8Array
} {
  const mapping = mappingOf(record)
  if (mapping.$case === 'synchronizerParametersState') {
    const { synchronizerParameters } = mapping.value
    const item =
      synchronizerParameters === undefined
        ? new Uint8Array()
        : encodeMessage('DynamicSynchronizerParameters', synchronizerParameters)
    return { mapping, item }
  }
  if (mapping.$case === 'sequencerConnectionSuccessor') return { mapping, item: mapping.value }
  const { type } = mappingRow(mapping.$case)
  return { mapping, item: encodeMessage(type, mapping.value as never) }
}
