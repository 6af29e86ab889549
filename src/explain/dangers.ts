/** What endangers whoever signs a transaction: named before the signature, never after. */
import { toHex } from '../base/bytes.ts'
import { unreachable } from '../base/errors.ts'
import { mappingRow, type KnownMapping } from '../topology/mapping.ts'
import { MAX_SERIAL } from '../topology/transaction.ts'
import { mappingUniqueKey } from '../topology/unique-key.ts'
import type { TopologyTransaction } from '../wire/generated/schema.ts'
import type { ExplainContext } from './context.ts'
import { dangerIf, type Change } from './dangers/change.ts'
import { danger, type Danger } from './dangers/codes.ts'
import {
  memberKeyDangers,
  membersDangers,
  purgeDangers,
  trustCertificateDangers,
  vettedPackagesDangers,
} from './dangers/members.ts'
import { decentralizedNamespaceDangers, namespaceDelegationDangers } from './dangers/namespaces.ts'
import { partyHostingDangers, partyKeyDangers } from './dangers/parties.ts'
import { hasSameContent } from './difference.ts'
import { listed } from './words.ts'

export type { Danger, DangerCode } from './dangers/codes.ts'

/** Mappings that name the synchronizer they are for (docs/protocol/construction.md). */
function namesSynchronizer(mapping: KnownMapping): boolean {
  switch (mapping.$case) {
    case 'namespaceDelegation':
    case 'decentralizedNamespaceDefinition':
    case 'ownerToKeyMapping':
    case 'vettedPackages':
    case 'partyToParticipant':
    case 'partyToKeyMapping':
      return false
    case 'synchronizerTrustCertificate':
    case 'participantPermission':
    case 'partyHostingLimits':
    case 'synchronizerParametersState':
    case 'mediatorSynchronizerState':
    case 'sequencerSynchronizerState':
    case 'purgeTopologyTxs':
    case 'sequencingDynamicParametersState':
    case 'synchronizerUpgradeAnnouncement':
    case 'sequencerConnectionSuccessor':
      return true
    default:
      return unreachable(mapping)
  }
}

function unboundDanger(mapping: KnownMapping, serial: number): Danger {
  const always = 'no time and not whether this is a proposal'
  return danger(
    'signature-unbound',
    namesSynchronizer(mapping)
      ? `the signature binds the synchronizer by its identifier, but ${always}: whoever holds it can use it until serial ${serial} is taken`
      : `the signature binds no synchronizer, ${always}: whoever holds it can use it on every network where serial ${serial} is free, also later`,
  )
}

function uniqueKeyText(mapping: KnownMapping | undefined): string | undefined {
  const key = mapping === undefined ? undefined : mappingUniqueKey(mapping)
  return key === undefined ? undefined : toHex(key)
}

/** True if one transaction replaces the other; where no unique key is known, by the kind alone. */
function areRelated(a: KnownMapping, b: KnownMapping | undefined): boolean {
  if (a.$case !== b?.$case) return false
  return uniqueKeyText(a) === uniqueKeyText(b)
}

function serialDangers(
  transaction: TopologyTransaction,
  previous: TopologyTransaction | undefined,
): readonly Danger[] {
  const { serial } = transaction
  return [
    ...dangerIf(
      previous === undefined && serial > 1,
      'previous-unknown',
      () =>
        `serial ${serial} changes what is in force, and nothing here proves what that is: what the change takes away cannot be relied on`,
    ),
    ...dangerIf(
      previous !== undefined && serial > previous.serial + 1,
      'serial-jump',
      () => `the serial is ${serial} and the one in force is ${previous?.serial ?? 0}`,
    ),
    ...dangerIf(
      previous !== undefined && serial <= previous.serial,
      'serial-taken',
      () =>
        `the serial is ${serial}, and serial ${previous?.serial ?? 0} is in force already: no network that knows it takes this transaction`,
    ),
    ...dangerIf(
      serial >= MAX_SERIAL,
      'serial-last',
      () => `serial ${serial} is the largest there is: no later transaction can change this`,
    ),
  ]
}

/** @param previous the mapping in force or removed before, of the same kind and unique key */
function mappingDangers(
  current: KnownMapping,
  previous: KnownMapping | undefined,
  rest: Omit<Change<never>, 'current' | 'previous'>,
): readonly Danger[] {
  const change = <Value extends KnownMapping['value']>(value: Value): Change<Value> => ({
    ...rest,
    current: value,
    // One case has one type of value.
    previous: previous?.$case === current.$case ? (previous.value as Value) : undefined,
  })
  switch (current.$case) {
    case 'namespaceDelegation':
      return namespaceDelegationDangers(change(current.value))
    case 'decentralizedNamespaceDefinition':
      return decentralizedNamespaceDangers(change(current.value))
    case 'ownerToKeyMapping':
      return memberKeyDangers(change(current.value))
    case 'synchronizerTrustCertificate':
      return trustCertificateDangers(change(current.value))
    case 'vettedPackages':
      return vettedPackagesDangers(change(current.value))
    case 'partyToParticipant':
      return partyHostingDangers(change(current.value))
    case 'partyToKeyMapping':
      return partyKeyDangers(change(current.value))
    case 'mediatorSynchronizerState':
      return membersDangers(change(current.value))
    case 'sequencerSynchronizerState':
      return membersDangers(change(current.value))
    case 'purgeTopologyTxs':
      return purgeDangers(change(current.value))
    case 'synchronizerUpgradeAnnouncement':
      return dangerIf(
        rest.operation === 'replace',
        'topology-freeze',
        () => 'while the announcement stands, nearly every other topology change is refused',
      )
    case 'participantPermission':
    case 'partyHostingLimits':
    case 'synchronizerParametersState':
    case 'sequencingDynamicParametersState':
    case 'sequencerConnectionSuccessor':
      return []
    default:
      return unreachable(current)
  }
}

const REPLACE = 1
const REMOVE = 2

/** True for a removal that nodes refuse: it repeats what is in force; a trust certificate only its identity. */
export function isRefusedRemoval(
  { operation, mapping }: TopologyTransaction,
  previous: TopologyTransaction,
): boolean {
  if (operation !== REMOVE) return false
  const byIdentity = previous.mapping?.mapping?.$case === 'synchronizerTrustCertificate'
  const differs = !byIdentity && !hasSameContent(mapping, previous.mapping)
  return differs || previous.operation !== REPLACE
}

function removalDangers(
  transaction: TopologyTransaction,
  previous: TopologyTransaction | undefined,
): readonly Danger[] {
  if (previous === undefined) return []
  return dangerIf(isRefusedRemoval(transaction, previous), 'removal-differs', () =>
    previous.operation === REPLACE
      ? 'what is removed is not what is in force: nodes refuse the transaction'
      : 'what is removed is not in force any more: nodes refuse the transaction',
  )
}

/**
 * The dangers of signing the transaction, in the order in which they are to be read.
 * @param previous the transaction in force for the same unique key, REPLACE or REMOVE: dangers
 * that lie in a change are found only with it
 */
export function findDangers(
  transaction: TopologyTransaction,
  context: ExplainContext,
  previous?: TopologyTransaction,
): readonly Danger[] {
  const mapping = transaction.mapping?.mapping
  if (mapping === undefined) return []
  const unrelated = previous !== undefined && !areRelated(mapping, previous.mapping?.mapping)
  const related = unrelated ? undefined : previous
  // Of a removal what it removed: what comes back with less than there was has lost it.
  const before = related?.mapping?.mapping
  const operation = transaction.operation === REMOVE ? 'remove' : 'replace'
  const { serial } = transaction
  return [
    ...mappingDangers(mapping, before, { operation, serial, context }),
    ...dangerIf(
      unrelated,
      'previous-unrelated',
      () => 'what is given as the state in force is about something else',
    ),
    ...serialDangers(transaction, related),
    ...removalDangers(transaction, related),
    unboundDanger(mapping, serial),
  ]
}

/** A transaction with its hash, as it was read. */
export interface HashedTransaction {
  readonly hash: Uint8Array
  readonly value: TopologyTransaction | undefined
}

/**
 * One danger for every unique key and serial that several different transactions claim. Repetitions
 * of one transaction are none: equal hashes are one and the same.
 */
export function findConflicts(transactions: readonly HashedTransaction[]): readonly Danger[] {
  const claims = new Map<string, { readonly type: string; readonly hashes: Set<string> }>()
  for (const { hash, value } of transactions) {
    const mapping = value?.mapping?.mapping
    const key = uniqueKeyText(mapping)
    if (value === undefined || mapping === undefined || key === undefined) continue
    const place = `${key} ${value.serial}`
    const claim = claims.get(place) ?? { type: mappingRow(mapping.$case).type, hashes: new Set() }
    claim.hashes.add(toHex(hash))
    claims.set(place, claim)
  }
  return [...claims]
    .filter(([, { hashes }]) => hashes.size > 1)
    .map(([place, { type, hashes }]) =>
      danger(
        'conflicting-transactions',
        `${hashes.size} different transactions claim serial ${place.split(' ')[1] ?? ''} of the same ${type}, and only one can take effect: ${listed([...hashes])}`,
      ),
    )
}
