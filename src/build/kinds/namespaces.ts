/** Delegations and decentralized namespaces (docs/protocol/authorization.md). */
import type { PublicKey } from '../../crypto/public-key.ts'
import type { Namespace } from '../../ident/fingerprint.ts'
import type { KnownMapping } from '../../topology/mapping.ts'
import { decentralizedNamespace } from '../../topology/namespace.ts'
import { readSigningPublicKey } from '../../topology/signing-key.ts'
import type { NamespaceDelegation } from '../../wire/generated/schema.ts'
import { nextSerial, replaceDraft, type PreviousTransaction } from '../build.ts'
import { signingPublicKey } from '../keys.ts'
import { mappingName, REMOVE, Usage } from '../names.ts'
import type { TransactionDraft } from '../rules.ts'
import { previousMapping, refusal, refuseRemoved, refuseRepeated } from './refusal.ts'

export type DelegationRestriction = NonNullable<NamespaceDelegation['restriction']>

const NAMESPACE_ONLY = [Usage.namespace]

function delegationMapping(
  namespace: string,
  target: PublicKey,
  usages: readonly number[],
  restriction: DelegationRestriction,
): KnownMapping {
  return {
    $case: 'namespaceDelegation',
    value: {
      namespace,
      targetKey: signingPublicKey(target, usages),
      isRootDelegation: false,
      restriction,
    },
  }
}

/**
 * The root delegation of a namespace: the key delegates everything to itself. Signed by that key
 * alone it founds the namespace that is the key's fingerprint.
 * @param usages of the key as other nodes see it; NAMESPACE alone if left out
 */
export function rootDelegation(
  root: PublicKey,
  usages: readonly number[] = NAMESPACE_ONLY,
): TransactionDraft {
  const everything: DelegationRestriction = { $case: 'canSignAllMappings', value: {} }
  return replaceDraft(delegationMapping(root.fingerprint, root, usages, everything))
}

export interface DelegationRequest {
  readonly namespace: Namespace
  readonly target: PublicKey
  readonly restriction: DelegationRestriction
  /** The delegation of the same key that is to be changed. */
  readonly previous?: PreviousTransaction | undefined
}

/**
 * A delegation to another key, or a new restriction for one that has a delegation.
 * @throws CantosignError `build-rule`, `previous-mismatch`
 */
export function delegation(request: DelegationRequest): TransactionDraft {
  const { namespace, target, restriction, previous } = request
  const self: string = target.fingerprint
  if (self === namespace) {
    throw refusal(
      'the target is the root key of the namespace itself',
      'that is another thing with other powers: build root-delegation',
    )
  }
  const mapping = delegationMapping(namespace, target, NAMESPACE_ONLY, restriction)
  if (previous === undefined) return replaceDraft(mapping)
  const before = previousMapping(previous, 'namespaceDelegation')
  const formerTarget = before.targetKey && readSigningPublicKey(before.targetKey).fingerprint
  if (before.namespace !== namespace || formerTarget !== target.fingerprint) {
    throw refusal(
      `the previous delegation is of the namespace ${before.namespace} to the key ${formerTarget ?? ''}`,
      'give the delegation that is to be changed, or leave out --previous',
    )
  }
  const value = { ...before, restriction }
  return replaceDraft({ $case: 'namespaceDelegation', value }, previous)
}

/**
 * The removal of what a previous transaction established, with the content it had.
 * @throws CantosignError `previous-mismatch`
 */
export function revocation(previous: PreviousTransaction): TransactionDraft {
  refuseRemoved(previous)
  return { operation: REMOVE, serial: nextSerial(previous), mapping: previous.mapping }
}

/**
 * The removal of a root delegation that was never published. Signed by the root key alone it blocks
 * a compromised key for good: neither a namespace nor a party can be founded with it any more.
 */
export function rootBlock(root: PublicKey): TransactionDraft {
  return { ...rootDelegation(root), operation: REMOVE }
}

/** A first decentralized namespace; its name is the hash of its owners. @throws `build-rule` */
export function decentralizedNamespaceDefinition(
  owners: readonly Namespace[],
  threshold: number,
): TransactionDraft {
  if (owners.length === 0) throw refusal('no owner is named', 'name each owner: --owner 1220…')
  refuseRepeated(owners, 'the owner')
  const namespace = decentralizedNamespace(owners)
  return replaceDraft({
    $case: 'decentralizedNamespaceDefinition',
    value: { decentralizedNamespace: namespace, threshold, owners },
  })
}

export interface OwnersChange {
  readonly previous: PreviousTransaction
  readonly addOwners: readonly Namespace[]
  readonly removeOwners: readonly Namespace[]
  /** `undefined` keeps it. */
  readonly threshold: number | undefined
}

/**
 * A change of a decentralized namespace: exactly what is asked for, the name stays.
 * @throws CantosignError `build-rule`, `previous-mismatch`
 */
export function changedOwners(change: OwnersChange): TransactionDraft {
  const { previous, addOwners, removeOwners } = change
  const before = previousMapping(previous, 'decentralizedNamespaceDefinition')
  refuseRepeated([...addOwners, ...removeOwners], 'the owner')
  const present = addOwners.find((owner) => before.owners.includes(owner))
  if (present !== undefined) {
    throw refusal(`${present} is an owner already`, 'leave it out')
  }
  const missing = removeOwners.find((owner) => !before.owners.includes(owner))
  if (missing !== undefined) {
    throw refusal(`${missing} is no owner`, `the owners are ${before.owners.join(', ')}`)
  }
  const removed: readonly string[] = removeOwners
  const owners = [...before.owners.filter((owner) => !removed.includes(owner)), ...addOwners]
  const threshold = change.threshold ?? before.threshold
  const sameOwners = addOwners.length === 0 && removeOwners.length === 0
  if (sameOwners && threshold === before.threshold) throw nothingChanges(previous)
  if (threshold > owners.length) {
    throw refusal(
      `the threshold is ${threshold} and there would be only ${owners.length} owners`,
      'say the new one: --threshold N',
    )
  }
  return replaceDraft(
    { $case: 'decentralizedNamespaceDefinition', value: { ...before, threshold, owners } },
    previous,
  )
}

/** The error of a change that leaves everything as it is. */
export function nothingChanges(previous: PreviousTransaction): ReturnType<typeof refusal> {
  return refusal(
    `nothing of the previous ${mappingName(previous.mapping.$case)} would change`,
    'say what is to change',
  )
}
