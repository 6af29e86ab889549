/** Dangers that concern nodes and whole synchronizers (docs/protocol/construction.md). */
import { encryptionKeyFingerprint } from '../../topology/signing-key.ts'
import type {
  OwnerToKeyMapping,
  PurgeTopologyTransaction,
  SynchronizerTrustCertificate,
  VettedPackages,
} from '../../wire/generated/schema.ts'
import type { ExplainContext } from '../context.ts'
import { quoteText } from '../quote.ts'
import { counted, listed } from '../words.ts'
import { dangerIf, isOwn, newIn, type Change } from './change.ts'
import type { Danger } from './codes.ts'

function fingerprintsOf(mapping: OwnerToKeyMapping, context: ExplainContext): readonly string[] {
  return mapping.publicKeys.flatMap(({ key }) => {
    switch (key?.$case) {
      case undefined:
        return []
      case 'signingPublicKey':
        return context.fingerprintOf(key.value) ?? []
      case 'encryptionPublicKey':
        return encryptionKeyFingerprint(key.value) ?? []
    }
  })
}

export function memberKeyDangers(change: Change<OwnerToKeyMapping>): readonly Danger[] {
  const { current, previous, operation, context } = change
  const member = quoteText(current.member)
  const own = fingerprintsOf(current, context)
  if (operation === 'remove') {
    return [
      ...dangerIf(
        true,
        'member-keys-removed',
        () => `${member} loses all its keys and can never join the synchronizer again`,
      ),
      ...dangerIf(isOwn(context, ...own), 'own-control-lost', () => 'a key of yours is among them'),
    ]
  }
  if (previous === undefined) return []
  const before = fingerprintsOf(previous, context)
  const added = newIn(before, own)
  const removed = newIn(own, before)
  return [
    ...dangerIf(
      added.length > 0,
      'member-key-added',
      () => `acts or reads as ${member} from now on: ${listed(added)}`,
    ),
    ...dangerIf(
      removed.length > 0,
      'member-key-removed',
      () => `no longer a key of ${member}: ${listed(removed)}`,
    ),
    ...dangerIf(
      isOwn(context, ...removed),
      'own-control-lost',
      () => `a key of yours is dropped from ${member}`,
    ),
  ]
}

export function trustCertificateDangers(
  change: Change<SynchronizerTrustCertificate>,
): readonly Danger[] {
  const { current, operation } = change
  return dangerIf(
    operation === 'remove',
    'participant-leaves',
    () =>
      `${quoteText(current.participantUid)} leaves ${quoteText(current.synchronizerId)} and can never join it again`,
  )
}

const packagesOf = (mapping: VettedPackages): readonly string[] => [
  ...mapping.packageIds,
  ...mapping.packages.map(({ packageId }) => packageId),
]

/** So many packages are named; the difference and the details hold all of them. */
const NAMED_PACKAGES = 8

function packageNames(packages: readonly string[]): string {
  const named = packages.slice(0, NAMED_PACKAGES).map(quoteText)
  const more = packages.length - named.length
  return listed(more === 0 ? named : [...named, `${more} more`])
}

export function vettedPackagesDangers(change: Change<VettedPackages>): readonly Danger[] {
  const { current, previous, operation } = change
  const gone =
    operation === 'remove'
      ? packagesOf(current)
      : newIn(packagesOf(current), previous === undefined ? [] : packagesOf(previous))
  return dangerIf(
    gone.length > 0,
    'package-unvetted',
    () =>
      `${quoteText(current.participantUid)} no longer accepts transactions that need ${packageNames(gone)}`,
  )
}

/** Mediators of a group or sequencers of a synchronizer. */
export interface Members {
  readonly threshold: number
  readonly active: readonly string[]
}

export function membersDangers(change: Change<Members>): readonly Danger[] {
  const { current, previous, operation } = change
  const dropped =
    operation === 'remove' ? current.active : newIn(current.active, previous?.active ?? [])
  return [
    ...dangerIf(
      dropped.length > 0,
      'member-dropped',
      () => `no longer active: ${listed(dropped.map(quoteText))}`,
    ),
    ...dangerIf(
      operation === 'replace' && previous !== undefined && current.threshold < previous.threshold,
      'member-threshold-lowered',
      () =>
        `${counted(current.threshold, 'member')} will do where ${previous?.threshold ?? 0} had to agree`,
    ),
  ]
}

export function purgeDangers(change: Change<PurgeTopologyTransaction>): readonly Danger[] {
  const { current, operation } = change
  return dangerIf(
    operation === 'replace',
    'mappings-purged',
    () =>
      `${counted(current.mappings.length, 'mapping')} of others on ${quoteText(current.synchronizerId)} cease to be in force`,
  )
}
