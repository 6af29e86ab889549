/**
 * The few facts that a package repeats beside the bytes of a transaction, so that a person or `diff`
 * sees what changed. They are computed, written, and compared when read; nothing is decided by them.
 */
import { unreachable } from '../base/errors.ts'
import { mappingRow, type KnownMapping } from '../topology/mapping.ts'
import { readSuccessor } from '../wire/successor.ts'
import { mappingOf, type PackageTransaction } from './model.ts'

export interface TransactionSummary {
  readonly operation: 'replace' | 'remove' | 'unspecified' | 'unknown'
  readonly serial: number
  /** Canton's message name; `null` for a mapping this tool does not know. */
  readonly mapping: string | null
  /** The identifier that the mapping is about, as it stands in the bytes. */
  readonly subject: string | null
}

const OPERATIONS = ['unspecified', 'replace', 'remove'] as const

/** What the mapping is about: the party, namespace, member or synchronizer it changes. */
export function subjectOf(mapping: KnownMapping): string | null {
  switch (mapping.$case) {
    case 'namespaceDelegation':
      return mapping.value.namespace
    case 'decentralizedNamespaceDefinition':
      return mapping.value.decentralizedNamespace
    case 'ownerToKeyMapping':
      return mapping.value.member
    case 'partyToParticipant':
    case 'partyToKeyMapping':
    case 'partyHostingLimits':
      return mapping.value.party
    case 'synchronizerTrustCertificate':
    case 'participantPermission':
    case 'vettedPackages':
      return mapping.value.participantUid
    case 'synchronizerParametersState':
    case 'mediatorSynchronizerState':
    case 'sequencerSynchronizerState':
    case 'sequencingDynamicParametersState':
    case 'purgeTopologyTxs':
      return mapping.value.synchronizerId
    case 'synchronizerUpgradeAnnouncement':
      return mapping.value.successorPhysicalSynchronizerId
    case 'sequencerConnectionSuccessor': {
      const successor = readSuccessor(mapping.value)
      return successor.form === 'ambiguous' ? null : successor.value.sequencerId
    }
    default:
      return unreachable(mapping)
  }
}

export function summaryOf(entry: PackageTransaction): TransactionSummary {
  const { operation, serial } = entry.transaction.value
  const mapping = mappingOf(entry)
  return {
    operation: OPERATIONS[operation] ?? 'unknown',
    serial,
    mapping: mapping === undefined ? null : mappingRow(mapping.$case).type,
    subject: mapping === undefined ? null : subjectOf(mapping),
  }
}
