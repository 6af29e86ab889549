/** Unique keys, as hex, of the records that one mapping asks for when it is checked. */
import { toHex } from '../../base/bytes.ts'
import { mappingUniqueKey } from '../../topology/unique-key.ts'
import type { KnownMapping } from '../../topology/mapping.ts'

function keyOf(mapping: KnownMapping): string {
  const key = mappingUniqueKey(mapping)
  if (key === undefined) throw new Error(`a ${mapping.$case} without a unique key`)
  return toHex(key)
}

/** @param uid `identifier::namespace`; the member's code is no part of the key */
export function ownerToKeyKey(uid: string): string {
  const value = { member: `PAR::${uid}`, publicKeys: [] }
  return keyOf({ $case: 'ownerToKeyMapping', value })
}

export function trustCertificateKey(participantUid: string, synchronizerId: string): string {
  const value = { participantUid, synchronizerId, featureFlags: [] }
  return keyOf({ $case: 'synchronizerTrustCertificate', value })
}

export function permissionKey(participantUid: string, synchronizerId: string): string {
  return keyOf({
    $case: 'participantPermission',
    value: {
      participantUid,
      synchronizerId,
      permission: 0,
      limits: undefined,
      loginAfter: undefined,
    },
  })
}

export function partyToParticipantKey(party: string): string {
  const value = { party, threshold: 0, participants: [], partySigningKeys: undefined }
  return keyOf({ $case: 'partyToParticipant', value })
}

export function partyToKeyKey(party: string): string {
  return keyOf({ $case: 'partyToKeyMapping', value: { party, threshold: 0, signingKeys: [] } })
}

export function synchronizerParametersKey(synchronizerId: string): string {
  const value = { synchronizerId, synchronizerParameters: undefined }
  return keyOf({ $case: 'synchronizerParametersState', value })
}

export function sequencerStateKey(synchronizerId: string): string {
  const value = { synchronizerId, threshold: 0, active: [], observers: [] }
  return keyOf({ $case: 'sequencerSynchronizerState', value })
}
