/** What a signature over a transaction would bring about, in sentences and field by field. */
import { unreachable } from '../base/errors.ts'
import { mappingRow, type KnownMapping } from '../topology/mapping.ts'
import type { TopologyTransaction } from '../wire/generated/schema.ts'
import type { ExplainContext } from './context.ts'
import { enumWords, messageDetails, successorDetails, type Detail } from './details.ts'
import {
  describeMemberKeys,
  describeParticipantPermission,
  describeTrustCertificate,
  describeVettedPackages,
} from './mappings/members.ts'
import {
  describeDecentralizedNamespace,
  describeNamespaceDelegation,
} from './mappings/namespaces.ts'
import {
  describePartyHosting,
  describePartyHostingLimits,
  describePartyKeys,
} from './mappings/parties.ts'
import {
  describeMediatorState,
  describePurge,
  describeSequencerState,
  describeSequencingParameters,
  describeSuccessor,
  describeSynchronizerParameters,
  describeUpgradeAnnouncement,
} from './mappings/synchronizers.ts'
import type { Operation, Sentences } from './words.ts'

/** Texts hold names as they were received: a presenter escapes whole lines. */
export interface Statement {
  /** One sentence. */
  readonly summary: string
  /** Who gains or loses which power over what. */
  readonly statements: readonly string[]
  /** Every field of the mapping. */
  readonly details: readonly Detail[]
}

const OPERATIONS: Readonly<Record<number, Operation>> = { 1: 'replace', 2: 'remove' }

function sentencesOf(
  mapping: KnownMapping,
  operation: Operation,
  serial: number,
  context: ExplainContext,
): Sentences {
  switch (mapping.$case) {
    case 'namespaceDelegation':
      return describeNamespaceDelegation(mapping.value, operation, serial, context)
    case 'decentralizedNamespaceDefinition':
      return describeDecentralizedNamespace(mapping.value, operation, serial)
    case 'ownerToKeyMapping':
      return describeMemberKeys(mapping.value, operation, context)
    case 'synchronizerTrustCertificate':
      return describeTrustCertificate(mapping.value, operation)
    case 'participantPermission':
      return describeParticipantPermission(mapping.value, operation)
    case 'partyHostingLimits':
      return describePartyHostingLimits(mapping.value, operation)
    case 'vettedPackages':
      return describeVettedPackages(mapping.value, operation)
    case 'partyToParticipant':
      return describePartyHosting(mapping.value, operation, serial, context)
    case 'synchronizerParametersState':
      return describeSynchronizerParameters(mapping.value, operation)
    case 'mediatorSynchronizerState':
      return describeMediatorState(mapping.value, operation)
    case 'sequencerSynchronizerState':
      return describeSequencerState(mapping.value, operation)
    case 'purgeTopologyTxs':
      return describePurge(mapping.value, operation, (inner) =>
        sentencesOf(inner, 'remove', serial, context),
      )
    case 'sequencingDynamicParametersState':
      return describeSequencingParameters(mapping.value, operation)
    case 'partyToKeyMapping':
      return describePartyKeys(mapping.value, operation, context)
    case 'synchronizerUpgradeAnnouncement':
      return describeUpgradeAnnouncement(mapping.value, operation)
    case 'sequencerConnectionSuccessor':
      return describeSuccessor(mapping.value, operation)
    default:
      return unreachable(mapping)
  }
}

/** Every field of the mapping as the message that it is. */
function detailsOf(mapping: KnownMapping, context: ExplainContext): readonly Detail[] {
  return mapping.$case === 'sequencerConnectionSuccessor'
    ? successorDetails(mapping.value, context)
    : messageDetails(mappingRow(mapping.$case).type, mapping.value, context)
}

/**
 * The statement about a transaction, from its value alone: nothing is claimed about what stood
 * before (`differenceOf` does that).
 */
export function describeTransaction(
  transaction: TopologyTransaction,
  context: ExplainContext,
): Statement {
  const mapping = transaction.mapping?.mapping
  if (mapping === undefined) {
    return {
      summary:
        'This transaction holds no mapping that this tool knows: what it does cannot be said.',
      statements: [],
      details: [],
    }
  }
  const details = detailsOf(mapping, context)
  const operation = OPERATIONS[transaction.operation]
  if (operation === undefined) {
    const words = enumWords('TopologyChangeOp', transaction.operation)
    return {
      summary: `The operation of this ${mappingRow(mapping.$case).type} is ${words}, which is neither replace nor remove: nodes refuse it.`,
      statements: [],
      details,
    }
  }
  return { ...sentencesOf(mapping, operation, transaction.serial, context), details }
}
