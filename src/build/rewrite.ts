/**
 * A received mapping in the form that Canton itself would write anew: the same meaning without
 * legacy forms (docs/protocol/wire.md sections 2 and 6). For what is built upon it; received bytes
 * themselves stay as they are.
 */
import { participantUidText } from '../ident/identifiers.ts'
import { effectiveRestriction, type Restriction } from '../topology/check/namespaces.ts'
import type { KnownMapping } from '../topology/mapping.ts'
import { readSigningPublicKey } from '../topology/signing-key.ts'
import type { NamespaceDelegation, SigningPublicKey } from '../wire/generated/schema.ts'
import { signingPublicKey } from './keys.ts'
import { Usage } from './names.ts'

const EVERY_USAGE: readonly number[] = Object.values(Usage)
const IDENTITY_DELEGATION = 2

/** An empty list means every usage; the deprecated usage is dropped. */
function rewriteKey(wire: SigningPublicKey): SigningPublicKey {
  const { key } = readSigningPublicKey(wire)
  if (key === undefined) return wire // has a finding, and nothing is built upon it
  const usage = wire.usage.filter((one) => one !== IDENTITY_DELEGATION)
  return signingPublicKey(key, usage.length === 0 ? EVERY_USAGE : usage)
}

function restrictionField(restriction: Restriction): NamespaceDelegation['restriction'] {
  switch (restriction.$case) {
    case 'all':
      return { $case: 'canSignAllMappings', value: {} }
    case 'allButNamespaceDelegations':
      return { $case: 'canSignAllButNamespaceDelegations', value: {} }
    case 'specific': {
      const mappings = restriction.codes.toSorted((a, b) => a - b)
      return { $case: 'canSignSpecificMapings', value: { mappings } }
    }
  }
}

export function asCantonRewrites(mapping: KnownMapping): KnownMapping {
  switch (mapping.$case) {
    case 'namespaceDelegation': {
      const { value } = mapping
      const targetKey = value.targetKey === undefined ? undefined : rewriteKey(value.targetKey)
      const restriction = restrictionField(effectiveRestriction(value))
      return {
        $case: mapping.$case,
        value: { ...value, targetKey, isRootDelegation: false, restriction },
      }
    }
    case 'ownerToKeyMapping': {
      const publicKeys = mapping.value.publicKeys.map(({ key }) =>
        key?.$case === 'signingPublicKey'
          ? { key: { $case: key.$case, value: rewriteKey(key.value) } }
          : { key },
      )
      return { $case: mapping.$case, value: { ...mapping.value, publicKeys } }
    }
    case 'partyToKeyMapping': {
      const signingKeys = mapping.value.signingKeys.map(rewriteKey)
      return { $case: mapping.$case, value: { ...mapping.value, signingKeys } }
    }
    case 'partyToParticipant': {
      const { value } = mapping
      const own = value.partySigningKeys
      const partySigningKeys = own === undefined ? own : { ...own, keys: own.keys.map(rewriteKey) }
      const participants = value.participants.map((host) => ({
        ...host,
        participantUid: participantUidText(host.participantUid),
      }))
      return { $case: mapping.$case, value: { ...value, participants, partySigningKeys } }
    }
    case 'participantPermission': {
      const { value } = mapping
      const participantUid = participantUidText(value.participantUid)
      return { $case: mapping.$case, value: { ...value, participantUid } }
    }
    case 'synchronizerTrustCertificate': {
      const { value } = mapping
      const participantUid = participantUidText(value.participantUid)
      return { $case: mapping.$case, value: { ...value, participantUid } }
    }
    case 'vettedPackages': {
      const { value } = mapping
      const participantUid = participantUidText(value.participantUid)
      return { $case: mapping.$case, value: { ...value, participantUid } }
    }
    default:
      return mapping
  }
}
