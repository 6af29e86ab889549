/** Which keys and namespaces a mapping mentions (docs/protocol/signatures.md). */
import { unreachable } from '../base/errors.ts'
import { isNamespace, type Namespace } from '../ident/fingerprint.ts'
import {
  readMemberId,
  readParticipantUid,
  readPhysicalSynchronizerId,
  readUniqueIdentifier,
  type UniqueIdentifier,
} from '../ident/identifiers.ts'
import type { SigningPublicKey } from '../wire/generated/schema.ts'
import { readSuccessor } from '../wire/successor.ts'
import type { KnownMapping, MappingCase } from './mapping.ts'

export interface PlacedKey {
  readonly key: SigningPublicKey
  /** Path below TopologyMapping. */
  readonly path: string
}

/** The mappings that can carry signing keys: the cases of `signingKeysOf`. */
export const KEY_CARRYING: readonly MappingCase[] = [
  'namespaceDelegation',
  'ownerToKeyMapping',
  'partyToKeyMapping',
  'partyToParticipant',
  'purgeTopologyTxs',
]

/** Every signing key that the mapping carries, with its place. */
export function signingKeysOf(mapping: KnownMapping): readonly PlacedKey[] {
  switch (mapping.$case) {
    case 'namespaceDelegation': {
      const key = mapping.value.targetKey
      return key === undefined ? [] : [{ key, path: 'namespace_delegation.target_key' }]
    }
    case 'ownerToKeyMapping':
      return mapping.value.publicKeys.flatMap(({ key }, i) =>
        key?.$case === 'signingPublicKey'
          ? [{ key: key.value, path: `owner_to_key_mapping.public_keys[${i}].signing_public_key` }]
          : [],
      )
    case 'partyToKeyMapping':
      return mapping.value.signingKeys.map((key, i) => ({
        key,
        path: `party_to_key_mapping.signing_keys[${i}]`,
      }))
    case 'partyToParticipant':
      return (mapping.value.partySigningKeys?.keys ?? []).map((key, i) => ({
        key,
        path: `party_to_participant.party_signing_keys.keys[${i}]`,
      }))
    case 'purgeTopologyTxs':
      return mapping.value.mappings.flatMap(({ mapping: inner }, i) =>
        inner === undefined
          ? []
          : signingKeysOf(inner).map(({ key, path }) => ({
              key,
              path: `purge_topology_txs.mappings[${i}].${path}`,
            })),
      )
    default:
      return []
  }
}

const namespaceOf = (uid: UniqueIdentifier | undefined): readonly Namespace[] =>
  uid === undefined ? [] : [uid.namespace]

const ofUid = (text: string): readonly Namespace[] => {
  const reading = readUniqueIdentifier(text)
  return reading.ok ? namespaceOf(reading.value) : []
}

const ofParticipant = (text: string): readonly Namespace[] => {
  const reading = readParticipantUid(text)
  return reading.ok ? namespaceOf(reading.value) : []
}

const ofMember = (text: string): readonly Namespace[] => {
  const reading = readMemberId(text)
  return reading.ok ? namespaceOf(reading.value.uid) : []
}

const plain = (text: string): readonly Namespace[] => (isNamespace(text) ? [text] : [])

/**
 * The namespaces that may be asked to authorize the mapping, as far as it names them itself: what
 * a first transaction (serial 1) requires, and for a decentralized namespace its own as well.
 */
export function namespacesOf(mapping: KnownMapping): readonly Namespace[] {
  const all = ((): readonly Namespace[] => {
    switch (mapping.$case) {
      case 'namespaceDelegation':
        return plain(mapping.value.namespace)
      case 'decentralizedNamespaceDefinition':
        return [mapping.value.decentralizedNamespace, ...mapping.value.owners].flatMap(plain)
      case 'ownerToKeyMapping':
        return ofMember(mapping.value.member)
      case 'synchronizerTrustCertificate':
      case 'vettedPackages':
        return ofParticipant(mapping.value.participantUid)
      case 'partyToKeyMapping':
        return ofUid(mapping.value.party)
      case 'partyToParticipant':
        return [
          ...ofUid(mapping.value.party),
          ...mapping.value.participants.flatMap((host) => ofParticipant(host.participantUid)),
        ]
      case 'participantPermission':
      case 'partyHostingLimits':
      case 'synchronizerParametersState':
      case 'sequencingDynamicParametersState':
      case 'mediatorSynchronizerState':
      case 'sequencerSynchronizerState':
      case 'purgeTopologyTxs':
        return ofUid(mapping.value.synchronizerId)
      case 'synchronizerUpgradeAnnouncement': {
        const id = readPhysicalSynchronizerId(mapping.value.successorPhysicalSynchronizerId)
        return id.ok ? namespaceOf(id.value.logical) : []
      }
      case 'sequencerConnectionSuccessor': {
        const successor = readSuccessor(mapping.value)
        return successor.form === 'ambiguous' ? [] : ofMember(successor.value.sequencerId)
      }
      default:
        return unreachable(mapping)
    }
  })()
  return [...new Set(all)]
}
