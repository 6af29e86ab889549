/** Construction rules of every mapping, as far as the transaction alone shows them. */
import { unreachable } from '../../base/errors.ts'
import {
  participantUidText,
  readMemberId,
  readParticipantUid,
  readPhysicalSynchronizerId,
  readUniqueIdentifier,
} from '../../ident/identifiers.ts'
import type {
  OwnerToKeyMapping,
  PartyToKeyMapping,
  PartyToParticipant,
  PurgeTopologyTransaction,
  VettedPackages,
} from '../../wire/generated/schema.ts'
import { readSuccessor } from '../../wire/successor.ts'
import { mappingRow, type KnownMapping } from '../mapping.ts'
import { encryptionKeyFingerprint, readSigningPublicKey } from '../signing-key.ts'
import { checkDecentralizedNamespaceDefinition, checkNamespaceDelegation } from './namespaces.ts'
import {
  below,
  checkDistinct,
  checkIdentifier,
  checkKey,
  checkKeyCount,
  checkKeys,
  checkNotEmpty,
  checkThreshold,
  type CheckContext,
} from './report.ts'

const PERMISSION_SUBMISSION = 1

function checkOwnerToKey(context: CheckContext, mapping: OwnerToKeyMapping): void {
  const { publicKeys } = mapping
  checkIdentifier(context, 'member', mapping.member, readMemberId)
  checkNotEmpty(context, 'public_keys', publicKeys)
  const fingerprints = publicKeys.map(({ key }, i) => {
    const path = `public_keys[${i}]`
    switch (key?.$case) {
      case undefined:
        context.report('missing-field', path, 'a public key is neither for signing nor encryption')
        return undefined
      case 'signingPublicKey':
        checkKey(context, `${path}.signing_public_key`, key.value, { namespace: false })
        return readSigningPublicKey(key.value).fingerprint
      case 'encryptionPublicKey':
        return encryptionKeyFingerprint(key.value)
    }
  })
  checkDistinct(context, 'public_keys', fingerprints, 'key')
  checkKeyCount(context, 'public_keys', publicKeys.length)
}

function checkPartyToKey(context: CheckContext, mapping: PartyToKeyMapping): void {
  checkIdentifier(context, 'party', mapping.party, readUniqueIdentifier)
  checkNotEmpty(context, 'signing_keys', mapping.signingKeys)
  checkKeys(context, 'signing_keys', mapping.signingKeys)
  checkThreshold(context, 'threshold', mapping.threshold, mapping.signingKeys.length, 'keys')
}

function checkPartyToParticipant(context: CheckContext, mapping: PartyToParticipant): void {
  const { participants, partySigningKeys, threshold } = mapping
  checkIdentifier(context, 'party', mapping.party, readUniqueIdentifier)
  participants.forEach((host, i) => {
    const path = `participants[${i}]`
    checkIdentifier(context, `${path}.participant_uid`, host.participantUid, readParticipantUid)
    if (host.permission === 0) {
      context.report('unspecified-enum', `${path}.permission`, 'a host has no permission')
    }
    if (host.permission === PERMISSION_SUBMISSION && threshold > 1) {
      context.report(
        'submission-with-threshold',
        path,
        'a host with SUBMISSION while the confirmation threshold is above one',
      )
    }
  })
  checkDistinct(
    context,
    'participants',
    participants.map((host) => participantUidText(host.participantUid)),
    'participant',
  )
  // A party without hosts is allowed to keep its threshold; observers are counted by Canton too.
  const hosts = participants.length === 0 ? undefined : participants.length
  checkThreshold(context, 'threshold', threshold, hosts, 'hosting participants')
  if (partySigningKeys === undefined) return
  const keys = below(context, 'party_signing_keys')
  checkNotEmpty(keys, 'keys', partySigningKeys.keys)
  checkKeys(keys, 'keys', partySigningKeys.keys)
  checkThreshold(
    keys,
    'threshold',
    partySigningKeys.threshold,
    partySigningKeys.keys.length,
    'keys',
  )
}

function checkVettedPackages(context: CheckContext, mapping: VettedPackages): void {
  const { packageIds, packages } = mapping
  checkIdentifier(context, 'participant_uid', mapping.participantUid, readParticipantUid)
  checkDistinct(context, 'package_ids', packageIds, 'package')
  const bare = new Set(packageIds)
  packages.forEach(({ packageId, validFromInclusive: from, validUntilExclusive: until }, i) => {
    if (bare.size > 0 && bare.has(packageId)) {
      context.report('duplicate-entry', `packages[${i}]`, 'this package is in package_ids too')
    }
    const inverted =
      from !== undefined &&
      until !== undefined &&
      (from.seconds > until.seconds ||
        (from.seconds === until.seconds && from.nanos >= until.nanos))
    if (inverted) {
      context.report('validity-inverted', `packages[${i}]`, 'the validity ends before it begins')
    }
  })
  checkDistinct(
    context,
    'packages',
    packages.map((one) => one.packageId),
    'package',
  )
}

interface Members {
  readonly synchronizerId: string
  readonly threshold: number
  readonly active: readonly string[]
  readonly observers: readonly string[]
}

function checkMembers(context: CheckContext, mapping: Members): void {
  const { active, observers } = mapping
  checkIdentifier(context, 'synchronizer_id', mapping.synchronizerId, readUniqueIdentifier)
  checkNotEmpty(context, 'active', active)
  for (const [path, members] of [
    ['active', active],
    ['observers', observers],
  ] as const) {
    members.forEach((member, i) => {
      checkIdentifier(context, `${path}[${i}]`, member, readUniqueIdentifier)
    })
    checkDistinct(context, path, members, 'member')
  }
  const acting = new Set(active)
  observers.forEach((member, i) => {
    if (acting.has(member)) {
      context.report('members-overlap', `observers[${i}]`, 'this member is active as well')
    }
  })
  checkThreshold(context, 'threshold', mapping.threshold, active.length, 'active members')
}

function checkPurge(context: CheckContext, mapping: PurgeTopologyTransaction): void {
  checkIdentifier(context, 'synchronizer_id', mapping.synchronizerId, readUniqueIdentifier)
  checkNotEmpty(context, 'mappings', mapping.mappings)
  mapping.mappings.forEach(({ mapping: inner }, i) => {
    const path = `mappings[${i}]`
    if (inner === undefined) context.report('missing-mapping', path, 'a mapping is empty')
    else checkMapping(below(context, path), inner)
  })
}

function requirePresent(context: CheckContext, path: string, value: unknown): void {
  if (value === undefined) context.report('missing-field', path, `${path} is missing`)
}

function checkSuccessor(context: CheckContext, bytes: Uint8Array): void {
  const successor = readSuccessor(bytes)
  if (successor.form === 'ambiguous') return // the walker has named it
  checkIdentifier(context, 'sequencer_id', successor.value.sequencerId, readMemberId)
  requirePresent(context, 'connection', successor.value.connection)
}

/** Checks one mapping; what is reported has paths below TopologyMapping. */
export function checkMapping(whole: CheckContext, mapping: KnownMapping): void {
  const context = below(whole, mappingRow(mapping.$case).member)
  switch (mapping.$case) {
    case 'namespaceDelegation':
      checkNamespaceDelegation(context, mapping.value)
      return
    case 'decentralizedNamespaceDefinition':
      checkDecentralizedNamespaceDefinition(context, mapping.value)
      return
    case 'ownerToKeyMapping':
      checkOwnerToKey(context, mapping.value)
      return
    case 'partyToKeyMapping':
      checkPartyToKey(context, mapping.value)
      return
    case 'partyToParticipant':
      checkPartyToParticipant(context, mapping.value)
      return
    case 'vettedPackages':
      checkVettedPackages(context, mapping.value)
      return
    case 'mediatorSynchronizerState':
    case 'sequencerSynchronizerState':
      checkMembers(context, mapping.value)
      return
    case 'synchronizerTrustCertificate':
      checkIdentifier(context, 'participant_uid', mapping.value.participantUid, readParticipantUid)
      checkIdentifier(
        context,
        'synchronizer_id',
        mapping.value.synchronizerId,
        readUniqueIdentifier,
      )
      return
    case 'participantPermission':
      checkIdentifier(
        context,
        'synchronizer_id',
        mapping.value.synchronizerId,
        readUniqueIdentifier,
      )
      checkIdentifier(context, 'participant_uid', mapping.value.participantUid, readParticipantUid)
      if (mapping.value.permission === 0) {
        context.report('unspecified-enum', 'permission', 'the permission is UNSPECIFIED')
      }
      return
    case 'partyHostingLimits':
      checkIdentifier(
        context,
        'synchronizer_id',
        mapping.value.synchronizerId,
        readUniqueIdentifier,
      )
      checkIdentifier(context, 'party', mapping.value.party, readUniqueIdentifier)
      return
    case 'synchronizerParametersState':
      checkIdentifier(
        context,
        'synchronizer_id',
        mapping.value.synchronizerId,
        readUniqueIdentifier,
      )
      requirePresent(context, 'synchronizer_parameters', mapping.value.synchronizerParameters)
      return
    case 'sequencingDynamicParametersState':
      checkIdentifier(
        context,
        'synchronizer_id',
        mapping.value.synchronizerId,
        readUniqueIdentifier,
      )
      requirePresent(context, 'sequencing_parameters', mapping.value.sequencingParameters)
      return
    case 'synchronizerUpgradeAnnouncement':
      checkIdentifier(
        context,
        'successor_physical_synchronizer_id',
        mapping.value.successorPhysicalSynchronizerId,
        readPhysicalSynchronizerId,
      )
      requirePresent(context, 'upgrade_time', mapping.value.upgradeTime)
      return
    case 'sequencerConnectionSuccessor':
      checkSuccessor(context, mapping.value)
      return
    case 'purgeTopologyTxs':
      checkPurge(context, mapping.value)
      return
    default:
      unreachable(mapping)
  }
}
