/**
 * Reading topology with its signed bytes: the one kind of call that a signer can use
 * (docs/protocol/participant-apis.md section 2).
 */
import { CantosignError } from '../base/errors.ts'
import { escapeText } from '../base/text.ts'
import { severityOf } from '../base/finding-codes.ts'
import type { MappingCase } from '../topology/mapping.ts'
import type { SnapshotRecord } from '../topology/snapshot.ts'
import { readStream } from '../topology/stream.ts'
import { wrap } from '../wire/codec.ts'
import { isUnsupported, type AdminApi } from './admin.ts'
import type { ApiInput } from './wire/codec.ts'
import type { BaseQuery, StoreId } from './wire/generated/schema.ts'
import { TopologyRead } from './wire/services.ts'

/** The text by which calls that read name a mapping. */
const SHORT_CODES: Readonly<Record<MappingCase, string>> = {
  namespaceDelegation: 'nsd',
  decentralizedNamespaceDefinition: 'dnd',
  ownerToKeyMapping: 'otk',
  synchronizerTrustCertificate: 'dtc',
  participantPermission: 'pdp',
  partyHostingLimits: 'phl',
  vettedPackages: 'vtp',
  partyToParticipant: 'ptp',
  synchronizerParametersState: 'dop',
  mediatorSynchronizerState: 'mds',
  sequencerSynchronizerState: 'sds',
  sequencingDynamicParametersState: 'sep',
  partyToKeyMapping: 'ptk',
  purgeTopologyTxs: 'ptt',
  synchronizerUpgradeAnnouncement: 'lsu',
  sequencerConnectionSuccessor: 'scs',
}

/** Those that every release line knows: one that a node does not know is an error. */
const EVERYWHERE: readonly MappingCase[] = [
  'namespaceDelegation',
  'decentralizedNamespaceDefinition',
  'ownerToKeyMapping',
  'synchronizerTrustCertificate',
  'participantPermission',
  'partyHostingLimits',
  'vettedPackages',
  'partyToParticipant',
  'synchronizerParametersState',
  'mediatorSynchronizerState',
  'sequencerSynchronizerState',
  'sequencingDynamicParametersState',
  'partyToKeyMapping',
]

export interface TopologyQuery {
  readonly store: StoreId
  readonly proposals: boolean
  /** `head`: what is in force, or was the last to be; `history`: every record there ever was. */
  readonly time: 'head' | 'history'
  /** Empty: every kind. */
  readonly mappings: readonly MappingCase[]
  /** Whole; left out: every namespace. */
  readonly namespace?: string | undefined
}

/** What narrows a query, for the error about an answer that is too large. */
export const QUERY_FILTER =
  'ask for less: one namespace with --namespace, one party with --party, or one kind with --mapping'

export function baseQuery({ store, proposals, time }: TopologyQuery): ApiInput<BaseQuery> {
  return {
    store,
    proposals,
    timeQuery: time === 'head' ? { $case: 'headState', value: {} } : { $case: 'range', value: {} },
  }
}

/** The short codes that a call up to release line 3.4 is told to leave out. */
export function excludedCodes(mappings: readonly MappingCase[]): readonly string[] {
  if (mappings.length === 0) return []
  return EVERYWHERE.filter((one) => !mappings.includes(one)).map((one) => SHORT_CODES[one])
}

function includedCodes(mappings: readonly MappingCase[]): readonly string[] {
  return mappings.map((one) => SHORT_CODES[one])
}

const READ = { effect: 'read', filter: QUERY_FILTER } as const

/** Nodes that have no ListAllV2 (release lines 3.3 and 3.4) are asked for it once only. */
const withoutV2 = new WeakSet<AdminApi>()

async function listBytes(admin: AdminApi, query: TopologyQuery): Promise<Uint8Array> {
  const { mappings, namespace: filterNamespace = '' } = query
  if (!withoutV2.has(admin)) {
    try {
      const { result } = await admin.connection.unary(
        TopologyRead.ListAllV2,
        { baseQuery: baseQuery(query), includeMappings: includedCodes(mappings), filterNamespace },
        READ,
      )
      return result
    } catch (error) {
      if (!isUnsupported(error)) throw error
      withoutV2.add(admin)
    }
  }
  const { result } = await admin.connection.unary(
    TopologyRead.ListAll,
    { baseQuery: baseQuery(query), excludeMappings: excludedCodes(mappings), filterNamespace },
    READ,
  )
  return result
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes)
}

/**
 * The records that fit, each with the bytes that were signed. What a node rejected is left out.
 * Nothing of it is verified.
 * @throws CantosignError `response-malformed` for bytes that cannot be placed, and as the call
 */
export async function listTopology(
  admin: AdminApi,
  query: TopologyQuery,
): Promise<readonly SnapshotRecord[]> {
  const bytes = await listBytes(admin, query)
  // The call gives the content of what a snapshot file wraps.
  const file = wrap(bytes)
  const records: SnapshotRecord[] = []
  if (bytes.length === 0) return records
  const { mappings } = query
  for await (const batch of readStream(() => oneChunk(file), 'snapshot-v1')) {
    for (const event of batch) {
      const findings = event.$case === 'finding' ? [event.finding] : event.record.findings
      const fatal = findings.find(({ code }) => severityOf(code) === 'fatal')
      if (fatal !== undefined) {
        throw new CantosignError(
          'response-malformed',
          `the topology that ${admin.connection.address} gave cannot be read: ${escapeText(fatal.message)} at ${escapeText(fatal.path)}`,
          'see the release of the participant with info; a newer one may need a newer version of this tool',
        )
      }
      if (event.$case === 'finding') continue
      const { record } = event
      const mapping = record.signed.transaction.value?.mapping?.mapping?.$case
      // A node of an older line cannot be told every kind that is not wanted.
      if (mappings.length > 0 && (mapping === undefined || !mappings.includes(mapping))) continue
      if (record.item?.rejectionReason === undefined) records.push(record)
    }
  }
  return records
}
