/** What a transaction is, in the terms of a policy. */
import { effectiveUsages } from '../authorization/usage.ts'
import { unreachable } from '../base/errors.ts'
import { severityOf } from '../base/finding-codes.ts'
import { enumText, mappingCodeText, mappingName, operationText } from '../build/names.ts'
import type { Danger } from '../explain/dangers.ts'
import { logicalSynchronizerText, participantUidText } from '../ident/identifiers.ts'
import { effectiveRestriction } from '../topology/check/namespaces.ts'
import { signingKeysOf } from '../topology/keys.ts'
import type { KnownMapping } from '../topology/mapping.ts'
import { encryptionKeyFingerprint, readSigningPublicKey } from '../topology/signing-key.ts'
import type { ReadTransaction } from '../topology/transaction.ts'
import type { NamespaceDelegation, PartyToParticipant } from '../wire/generated/schema.ts'
import { readSuccessor, type SuccessorReading } from '../wire/successor.ts'
import type { Content, RangeDimension, SetDimension } from './dimensions.ts'

/** Values by dimension; a dimension without values is not there. */
export type SetFacts = Readonly<Partial<Record<SetDimension, readonly string[]>>>
export type RangeFacts = Readonly<Partial<Record<RangeDimension, number>>>

export interface PolicyFacts {
  readonly sets: SetFacts
  readonly ranges: RangeFacts
  /** As `findDangers` gives them for this transaction, those of the whole package included. */
  readonly dangers: readonly Pick<Danger, 'code' | 'grave'>[]
  /** Codes of findings that are not allowed: with one of them nothing is decided but refusal. */
  readonly findings: readonly string[]
}

interface Parts {
  readonly sets: SetFacts
  readonly ranges?: RangeFacts
}

const content = (...names: readonly Content[]): readonly string[] => names

function keyFacts(mapping: KnownMapping): SetFacts {
  const keys = signingKeysOf(mapping).map(({ key }) => key)
  return {
    key: keys.map((key) => readSigningPublicKey(key).fingerprint ?? 'unreadable key'),
    // What is listed, and what nodes make of it: nothing, or the deprecated usage alone, is every usage.
    keyUsage: keys.flatMap(({ usage }) =>
      [...new Set([...usage, ...(effectiveUsages(usage) ?? [])])].map((one) =>
        enumText('SigningKeyUsage', one),
      ),
    ),
  }
}

function restrictionText(delegation: NamespaceDelegation): readonly string[] {
  const restriction = effectiveRestriction(delegation)
  switch (restriction.$case) {
    case 'all':
      return ['all']
    case 'allButNamespaceDelegations':
      return ['all-but-namespace-delegations']
    case 'specific':
      return restriction.codes.map(mappingCodeText)
  }
}

const permissionText = (permission: number): string => enumText('ParticipantPermission', permission)

function hostingFacts(value: PartyToParticipant): Parts {
  const { party, participants, threshold, partySigningKeys } = value
  return {
    sets: {
      party: [party],
      participant: participants.map(
        (host) => `${participantUidText(host.participantUid)}=${permissionText(host.permission)}`,
      ),
      permission: participants.map((host) => permissionText(host.permission)),
      onboarding: participants
        .filter((host) => host.onboarding !== undefined)
        .map((host) => participantUidText(host.participantUid)),
      ...keyFacts({ $case: 'partyToParticipant', value }),
    },
    ranges: {
      threshold,
      ...(partySigningKeys === undefined ? {} : { signingThreshold: partySigningKeys.threshold }),
    },
  }
}

/** The logical part of a physical synchronizer id; what is none stays as it is. */
/** Where the successor of a sequencer is: line 3.4 names the logical synchronizer, 3.5 the physical one. */
function successorSynchronizer(successor: SuccessorReading): string {
  switch (successor.form) {
    case '3.4':
      return successor.value.synchronizerId
    case '3.5':
      return logicalSynchronizerText(successor.value.successorPhysicalSynchronizerId)
    case 'ambiguous':
      return 'unreadable'
  }
}

function partsOf(mapping: KnownMapping): Parts {
  switch (mapping.$case) {
    case 'namespaceDelegation':
      return {
        sets: {
          namespace: [mapping.value.namespace],
          restriction: restrictionText(mapping.value),
          ...keyFacts(mapping),
        },
      }
    case 'decentralizedNamespaceDefinition': {
      const { decentralizedNamespace, owners, threshold } = mapping.value
      return { sets: { namespace: [decentralizedNamespace], owner: owners }, ranges: { threshold } }
    }
    case 'ownerToKeyMapping': {
      const { key = [], ...usage } = keyFacts(mapping)
      const encryption = mapping.value.publicKeys.flatMap((one) =>
        one.key?.$case === 'encryptionPublicKey'
          ? [encryptionKeyFingerprint(one.key.value) ?? 'unreadable key']
          : [],
      )
      return { sets: { member: [mapping.value.member], key: [...key, ...encryption], ...usage } }
    }
    case 'synchronizerTrustCertificate': {
      const { participantUid, synchronizerId, featureFlags } = mapping.value
      return {
        sets: {
          participant: [participantUidText(participantUid)],
          synchronizer: [synchronizerId],
          featureFlag: featureFlags.map((flag) => enumText('ParticipantFeatureFlag', flag)),
        },
      }
    }
    case 'participantPermission': {
      const { participantUid, permission, synchronizerId, limits, loginAfter } = mapping.value
      return {
        sets: {
          participant: [`${participantUidText(participantUid)}=${permissionText(permission)}`],
          permission: [permissionText(permission)],
          synchronizer: [synchronizerId],
          content: [
            ...(limits === undefined ? [] : content('limits')),
            ...(loginAfter === undefined ? [] : content('login-after')),
          ],
        },
      }
    }
    case 'partyHostingLimits':
      return {
        sets: { party: [mapping.value.party], synchronizer: [mapping.value.synchronizerId] },
      }
    case 'vettedPackages': {
      const { participantUid, packageIds, packages } = mapping.value
      return {
        sets: {
          participant: [participantUidText(participantUid)],
          package: [...packageIds, ...packages.map(({ packageId }) => packageId)],
          content: packages.some(
            (one) => one.validFromInclusive !== undefined || one.validUntilExclusive !== undefined,
          )
            ? content('package-validity')
            : [],
        },
      }
    }
    case 'partyToParticipant':
      return hostingFacts(mapping.value)
    case 'synchronizerParametersState':
      return {
        sets: {
          synchronizer: [mapping.value.synchronizerId],
          content: content('synchronizer-parameters'),
        },
      }
    case 'sequencingDynamicParametersState':
      return {
        sets: {
          synchronizer: [mapping.value.synchronizerId],
          content: content('sequencing-parameters'),
        },
      }
    case 'mediatorSynchronizerState':
    case 'sequencerSynchronizerState': {
      const { synchronizerId, active, observers, threshold } = mapping.value
      return {
        sets: {
          synchronizer: [synchronizerId],
          member: [...active, ...observers],
          ...('group' in mapping.value ? { group: [String(mapping.value.group)] } : {}),
        },
        ranges: { threshold },
      }
    }
    case 'purgeTopologyTxs':
      return { sets: { synchronizer: [mapping.value.synchronizerId], content: content('purge') } }
    case 'partyToKeyMapping': {
      const { party, threshold } = mapping.value
      return {
        sets: { party: [party], ...keyFacts(mapping) },
        ranges: { signingThreshold: threshold },
      }
    }
    case 'synchronizerUpgradeAnnouncement': {
      return {
        sets: {
          synchronizer: [logicalSynchronizerText(mapping.value.successorPhysicalSynchronizerId)],
          content: content('upgrade-announcement'),
        },
      }
    }
    case 'sequencerConnectionSuccessor': {
      const successor = readSuccessor(mapping.value)
      const member = successor.form === 'ambiguous' ? 'unreadable' : successor.value.sequencerId
      const synchronizer = [successorSynchronizer(successor)]
      return { sets: { member: [member], synchronizer, content: content('sequencer-connection') } }
    }
    default:
      return unreachable(mapping)
  }
}

/**
 * The facts of a transaction.
 * @param dangers what signing it risks; graveness decides whether a rule has to accept it
 */
export function factsOf(
  transaction: ReadTransaction,
  dangers: readonly Pick<Danger, 'code' | 'grave'>[],
): PolicyFacts {
  const findings = transaction.findings
    .map(({ code }) => code)
    .filter((code) => severityOf(code) !== 'allow')
  const { value } = transaction
  const mapping = value?.mapping?.mapping
  if (value === undefined || mapping === undefined) {
    return { sets: {}, ranges: {}, dangers, findings: [...findings, 'missing-mapping'] }
  }
  const { sets, ranges } = partsOf(mapping)
  return {
    sets: {
      mapping: [mappingName(mapping.$case)],
      operation: [operationText(value.operation)],
      ...sets,
    },
    ranges: { serial: value.serial, ...ranges },
    dangers,
    findings,
  }
}
