/** Dangers of delegations and decentralized namespaces (docs/protocol/authorization.md). */
import {
  canSign,
  effectiveRestriction,
  isRootDelegation,
  type Restriction,
} from '../../topology/check/namespaces.ts'
import { mappingRow, mappingRows } from '../../topology/mapping.ts'
import type {
  DecentralizedNamespaceDefinition,
  NamespaceDelegation,
} from '../../wire/generated/schema.ts'
import { quoteText } from '../quote.ts'
import { counted, keyName, listed, mappingCodeWords, NAMESPACE_DELEGATION_CODE } from '../words.ts'
import { dangerIf, isOwn, newIn, type Change } from './change.ts'
import type { Danger } from './codes.ts'

/** Whoever signs these decides over parties, members or owners. */
const DECISIVE_CODES: readonly number[] = [
  mappingRow('decentralizedNamespaceDefinition').code,
  mappingRow('ownerToKeyMapping').code,
  mappingRow('partyToParticipant').code,
  mappingRow('partyToKeyMapping').code,
]

const signable = (restriction: Restriction): readonly string[] =>
  mappingRows()
    .filter(({ code }) => canSign(restriction, code))
    .map(({ code }) => mappingCodeWords(code))

function rootDangers(change: Change<NamespaceDelegation>): readonly Danger[] {
  const { current, operation, serial, context } = change
  const namespace = quoteText(current.namespace)
  if (operation === 'remove') {
    return [
      ...dangerIf(
        true,
        'root-delegation-removed',
        () => `the namespace ${namespace} ends for good, with all that rests on it`,
      ),
      ...dangerIf(
        isOwn(context, current.namespace),
        'own-control-lost',
        () => `your own namespace ${namespace} can sign nothing any more`,
      ),
    ]
  }
  return [
    ...dangerIf(
      serial > 1,
      'root-delegation-changed',
      () =>
        `the root delegation of the namespace ${namespace} is replaced: signed by any key but the root key alone, it leaves the namespace without a root`,
    ),
    ...dangerIf(
      context.signer !== undefined && context.signer !== current.namespace,
      'root-foreign-signature',
      () =>
        `the root delegation of the namespace ${namespace} must carry the signature of its root key only, which is not yours`,
    ),
  ]
}

function powerDangers(change: Change<NamespaceDelegation>): readonly Danger[] {
  const { current, previous, context } = change
  const namespace = quoteText(current.namespace)
  const key = keyName(current.targetKey, context)
  const restriction = effectiveRestriction(current)
  const mayDelegate = canSign(restriction, NAMESPACE_DELEGATION_CODE)
  const decisive =
    restriction.$case === 'specific'
      ? DECISIVE_CODES.filter((code) => restriction.codes.includes(code))
      : []
  const now = signable(restriction)
  const before = previous === undefined ? now : signable(effectiveRestriction(previous))
  const gained = newIn(before, now)
  const lost = newIn(now, before)
  const target =
    current.targetKey === undefined ? undefined : context.fingerprintOf(current.targetKey)
  return [
    ...dangerIf(
      mayDelegate,
      'delegate-may-delegate',
      () =>
        `${key} may sign delegations of the namespace ${namespace}: it can add keys of its own, and remove or replace the root delegation`,
    ),
    ...dangerIf(
      restriction.$case === 'allButNamespaceDelegations',
      'delegate-full-rights',
      () =>
        `${key} may do everything in the namespace ${namespace} except delegate: also move its parties and change keys and owners`,
    ),
    ...dangerIf(
      decisive.length > 0,
      'delegate-controls-parties',
      () =>
        `${key} decides alone for the namespace ${namespace} over ${listed(decisive.map(mappingCodeWords))}`,
    ),
    ...dangerIf(
      gained.length > 0,
      'delegation-widened',
      () => `${key} could not sign ${listed(gained)} before`,
    ),
    ...dangerIf(
      lost.length > 0 && target !== undefined && isOwn(context, target),
      'own-control-lost',
      () => `${key}, which is your own, can no longer sign ${listed(lost)}`,
    ),
  ]
}

export function namespaceDelegationDangers(change: Change<NamespaceDelegation>): readonly Danger[] {
  const { current, operation, context } = change
  if (isRootDelegation(current)) return rootDangers(change)
  if (operation === 'replace') return powerDangers(change)
  const key = keyName(current.targetKey, context)
  const target =
    current.targetKey === undefined ? undefined : context.fingerprintOf(current.targetKey)
  return [
    ...dangerIf(
      true,
      'delegation-removed',
      () =>
        `${key} can never be delegated to again in the namespace ${quoteText(current.namespace)}; delegations that it has signed lose their footing`,
    ),
    ...dangerIf(
      target !== undefined && isOwn(context, target),
      'own-control-lost',
      () =>
        `${key}, which is your own, loses all power in the namespace ${quoteText(current.namespace)}`,
    ),
  ]
}

function ownerDangers(
  current: DecentralizedNamespaceDefinition,
  previous: DecentralizedNamespaceDefinition,
  change: Change<DecentralizedNamespaceDefinition>,
): readonly Danger[] {
  const added = newIn(previous.owners, current.owners)
  const removed = newIn(current.owners, previous.owners)
  return [
    ...dangerIf(
      current.threshold < previous.threshold,
      'owner-threshold-lowered',
      () =>
        `${counted(current.threshold, 'owner')} will do where ${previous.threshold} were needed`,
    ),
    ...dangerIf(
      added.length > 0,
      'owner-added',
      () => `${listed(added.map(quoteText))} shares the namespace from now on`,
    ),
    ...dangerIf(
      added.length > 0 && added.length >= current.threshold,
      'owners-added-suffice',
      () =>
        `the new owners reach the threshold of ${current.threshold} by themselves: ${listed(added.map(quoteText))}`,
    ),
    ...dangerIf(
      removed.length > 0,
      'owner-removed',
      () => `${listed(removed.map(quoteText))} loses its share of the namespace`,
    ),
    ...dangerIf(
      isOwn(change.context, ...removed),
      'own-control-lost',
      () => 'you are one of the owners that are removed',
    ),
  ]
}

export function decentralizedNamespaceDangers(
  change: Change<DecentralizedNamespaceDefinition>,
): readonly Danger[] {
  const { current, previous, operation, context } = change
  const { threshold } = current
  const owners = new Set(current.owners).size
  if (operation === 'remove') {
    return [
      ...dangerIf(
        true,
        'decentralized-namespace-removed',
        () =>
          `the namespace ${quoteText(current.decentralizedNamespace)} ends, and nothing below it can be changed any more`,
      ),
      ...dangerIf(
        isOwn(context, ...current.owners),
        'own-control-lost',
        () => 'you are one of its owners',
      ),
    ]
  }
  return [
    ...dangerIf(
      threshold <= 1 && owners > 1,
      'owner-acts-alone',
      () => `each of the ${owners} owners alone can do everything in the namespace`,
    ),
    ...dangerIf(
      threshold > 1 && 2 * threshold <= owners,
      'owners-minority-suffices',
      () => `${threshold} of ${owners} owners suffice: two groups can act against each other`,
    ),
    ...dangerIf(
      owners > 1 && threshold === owners,
      'owners-all-needed',
      () => `all ${owners} owners are needed: the loss of one key blocks the namespace for good`,
    ),
    ...(previous === undefined ? [] : ownerDangers(current, previous, change)),
  ]
}
