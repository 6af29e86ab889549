/**
 * The registry of mappings: one row each, with everything that is said of a mapping apart from how
 * it is explained and checked. The code and the number of the oneof member are different things
 * (docs/protocol/wire.md section 3); neither is derived from the other.
 */
import type { TopologyMapping } from '../wire/generated/schema.ts'
import type { MessageName } from '../wire/schema.ts'

export type KnownMapping = NonNullable<TopologyMapping['mapping']>
export type MappingCase = KnownMapping['$case']

export interface MappingRow {
  readonly $case: MappingCase
  /** Name of the message; also the `type` of the JSON form. */
  readonly type: MessageName
  /** Name of the oneof member in the .proto file, used in paths. */
  readonly member: string
  /** TopologyMappingCode: in unique keys, delegation restrictions and authorization. */
  readonly code: number
  /** For file names. */
  readonly slug: string
}

const ROWS: readonly MappingRow[] = [
  {
    $case: 'namespaceDelegation',
    type: 'NamespaceDelegation',
    member: 'namespace_delegation',
    code: 1,
    slug: 'namespace-delegation',
  },
  {
    $case: 'decentralizedNamespaceDefinition',
    type: 'DecentralizedNamespaceDefinition',
    member: 'decentralized_namespace_definition',
    code: 3,
    slug: 'decentralized-namespace-definition',
  },
  {
    $case: 'ownerToKeyMapping',
    type: 'OwnerToKeyMapping',
    member: 'owner_to_key_mapping',
    code: 4,
    slug: 'owner-to-key-mapping',
  },
  {
    $case: 'synchronizerTrustCertificate',
    type: 'SynchronizerTrustCertificate',
    member: 'synchronizer_trust_certificate',
    code: 5,
    slug: 'synchronizer-trust-certificate',
  },
  {
    $case: 'participantPermission',
    type: 'ParticipantSynchronizerPermission',
    member: 'participant_permission',
    code: 6,
    slug: 'participant-synchronizer-permission',
  },
  {
    $case: 'partyHostingLimits',
    type: 'PartyHostingLimits',
    member: 'party_hosting_limits',
    code: 7,
    slug: 'party-hosting-limits',
  },
  {
    $case: 'vettedPackages',
    type: 'VettedPackages',
    member: 'vetted_packages',
    code: 8,
    slug: 'vetted-packages',
  },
  {
    $case: 'partyToParticipant',
    type: 'PartyToParticipant',
    member: 'party_to_participant',
    code: 9,
    slug: 'party-to-participant',
  },
  {
    $case: 'synchronizerParametersState',
    type: 'SynchronizerParametersState',
    member: 'synchronizer_parameters_state',
    code: 11,
    slug: 'synchronizer-parameters-state',
  },
  {
    $case: 'mediatorSynchronizerState',
    type: 'MediatorSynchronizerState',
    member: 'mediator_synchronizer_state',
    code: 12,
    slug: 'mediator-synchronizer-state',
  },
  {
    $case: 'sequencerSynchronizerState',
    type: 'SequencerSynchronizerState',
    member: 'sequencer_synchronizer_state',
    code: 13,
    slug: 'sequencer-synchronizer-state',
  },
  {
    $case: 'purgeTopologyTxs',
    type: 'PurgeTopologyTransaction',
    member: 'purge_topology_txs',
    code: 15,
    slug: 'purge-topology-transaction',
  },
  {
    $case: 'sequencingDynamicParametersState',
    type: 'DynamicSequencingParametersState',
    member: 'sequencing_dynamic_parameters_state',
    code: 17,
    slug: 'dynamic-sequencing-parameters-state',
  },
  {
    $case: 'partyToKeyMapping',
    type: 'PartyToKeyMapping',
    member: 'party_to_key_mapping',
    code: 18,
    slug: 'party-to-key-mapping',
  },
  {
    $case: 'synchronizerUpgradeAnnouncement',
    type: 'LsuAnnouncement',
    member: 'synchronizer_upgrade_announcement',
    code: 19,
    slug: 'lsu-announcement',
  },
  {
    $case: 'sequencerConnectionSuccessor',
    type: 'LsuSequencerConnectionSuccessor',
    member: 'sequencer_connection_successor',
    code: 20,
    slug: 'lsu-sequencer-connection-successor',
  },
]

const BY_CASE = new Map(ROWS.map((row) => [row.$case, row]))

/** The row of a mapping; every case of the schema has one (a test compares the two). */
export function mappingRow($case: MappingCase): MappingRow {
  const row = BY_CASE.get($case)
  if (row === undefined) throw new Error(`no registry row for ${$case}`)
  return row
}

export function mappingRows(): readonly MappingRow[] {
  return ROWS
}
