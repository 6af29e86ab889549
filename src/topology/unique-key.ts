/** The unique key of a mapping: which transactions replace each other (docs/protocol/hashing.md section 7). */
import { int32Bytes } from '../base/bytes.ts'
import { unreachable } from '../base/errors.ts'
import { hash, HashPurpose, stringContent } from '../crypto/hash.ts'
import {
  logicalSynchronizerText,
  participantUidText,
  readMemberId,
  uniqueIdentifierText,
} from '../ident/identifiers.ts'
import { readSuccessor } from '../wire/successor.ts'
import { mappingRow, type KnownMapping } from './mapping.ts'
import { readSigningPublicKey } from './signing-key.ts'

const participant = (uid: string): string => `PAR::${participantUidText(uid)}`

const withoutCode = (member: string): string => {
  const reading = readMemberId(member)
  return reading.ok ? uniqueIdentifierText(reading.value.uid) : member
}

function parts(mapping: KnownMapping): readonly (string | number)[] | undefined {
  switch (mapping.$case) {
    case 'namespaceDelegation': {
      const { namespace, targetKey } = mapping.value
      const target = targetKey === undefined ? undefined : readSigningPublicKey(targetKey)
      return target?.fingerprint === undefined ? undefined : [namespace, target.fingerprint]
    }
    case 'decentralizedNamespaceDefinition':
      return [mapping.value.decentralizedNamespace]
    case 'ownerToKeyMapping':
      return [withoutCode(mapping.value.member)]
    case 'synchronizerTrustCertificate':
      return [participant(mapping.value.participantUid), mapping.value.synchronizerId]
    case 'participantPermission':
      return [mapping.value.synchronizerId, participant(mapping.value.participantUid)]
    case 'partyHostingLimits':
      return [mapping.value.synchronizerId, mapping.value.party]
    case 'vettedPackages':
      return [participant(mapping.value.participantUid)]
    case 'partyToParticipant':
    case 'partyToKeyMapping':
      return [mapping.value.party]
    case 'synchronizerParametersState':
    case 'sequencerSynchronizerState':
    case 'sequencingDynamicParametersState':
      return [mapping.value.synchronizerId]
    case 'mediatorSynchronizerState':
      return [mapping.value.synchronizerId, mapping.value.group]
    case 'synchronizerUpgradeAnnouncement':
      return [logicalSynchronizerText(mapping.value.successorPhysicalSynchronizerId)]
    case 'sequencerConnectionSuccessor': {
      const successor = readSuccessor(mapping.value)
      if (successor.form === 'ambiguous') return undefined
      const { sequencerId } = successor.value
      return [
        withoutCode(sequencerId),
        successor.form === '3.4'
          ? successor.value.synchronizerId
          : logicalSynchronizerText(successor.value.successorPhysicalSynchronizerId),
      ]
    }
    case 'purgeTopologyTxs':
      return undefined
    default:
      return unreachable(mapping)
  }
}

/**
 * 34 bytes: the hash under purpose 43 of the identifying parts and, last, the mapping code.
 * `undefined` where the protocol facts give no key (PURGE) or the mapping is too broken for one.
 *
 * For DynamicSequencingParametersState this is the key of release line 3.5 and later (code 17).
 */
export function mappingUniqueKey(mapping: KnownMapping): Uint8Array | undefined {
  const content = parts(mapping)
  if (content === undefined) return undefined
  return hash(
    HashPurpose.topologyMappingUniqueKey,
    ...content.map((part) => (typeof part === 'number' ? int32Bytes(part) : stringContent(part))),
    int32Bytes(mappingRow(mapping.$case).code),
  )
}
