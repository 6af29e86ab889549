/** Construction rules of NamespaceDelegation and DecentralizedNamespaceDefinition. */
import { isNamespace } from '../../ident/fingerprint.ts'
import type {
  DecentralizedNamespaceDefinition,
  NamespaceDelegation,
} from '../../wire/generated/schema.ts'
import { mappingRow } from '../mapping.ts'
import { decentralizedNamespace } from '../namespace.ts'
import { readSigningPublicKey } from '../signing-key.ts'
import {
  checkDistinct,
  checkKey,
  checkNamespace,
  checkNotEmpty,
  checkThreshold,
  type CheckContext,
} from './report.ts'

/** What a delegated key may sign (docs/protocol/wire.md section 3). */
export type Restriction =
  | { readonly $case: 'all' }
  | { readonly $case: 'allButNamespaceDelegations' }
  | { readonly $case: 'specific'; readonly codes: readonly number[] }

/** The restriction in force: the oneof, or what the deprecated flag meant before it existed. */
export function effectiveRestriction(delegation: NamespaceDelegation): Restriction {
  const { restriction, isRootDelegation } = delegation
  switch (restriction?.$case) {
    case undefined:
      return isRootDelegation ? { $case: 'all' } : { $case: 'allButNamespaceDelegations' }
    case 'canSignAllMappings':
      return { $case: 'all' }
    case 'canSignAllButNamespaceDelegations':
      return { $case: 'allButNamespaceDelegations' }
    case 'canSignSpecificMapings':
      return { $case: 'specific', codes: restriction.value.mappings }
  }
}

/** True if a key under this restriction may sign mappings of the given TopologyMappingCode. */
export function canSign(restriction: Restriction, code: number): boolean {
  switch (restriction.$case) {
    case 'all':
      return true
    case 'allButNamespaceDelegations':
      return code !== mappingRow('namespaceDelegation').code
    case 'specific':
      return restriction.codes.includes(code)
  }
}

/** True if the target is the namespace's own key: a root delegation by its shape. */
export function isRootDelegation(delegation: NamespaceDelegation): boolean {
  const { targetKey, namespace } = delegation
  return targetKey !== undefined && readSigningPublicKey(targetKey).fingerprint === namespace
}

export function checkNamespaceDelegation(
  context: CheckContext,
  delegation: NamespaceDelegation,
): void {
  const { restriction, targetKey } = delegation
  checkNamespace(context, 'namespace', delegation.namespace)
  if (targetKey === undefined)
    context.report('missing-field', 'target_key', 'target_key is missing')
  else checkKey(context, 'target_key', targetKey, { namespace: true })
  if (delegation.isRootDelegation && restriction !== undefined) {
    context.report(
      'restriction-conflict',
      'is_root_delegation',
      'is_root_delegation stands beside a restriction',
    )
  }
  if (restriction?.$case === 'canSignSpecificMapings') {
    const path = 'can_sign_specific_mapings'
    const { mappings } = restriction.value
    if (mappings.length === 0) {
      context.report('empty-restriction-list', path, 'the list of mappings is empty')
    }
    if (mappings.includes(0)) {
      context.report('unspecified-enum', `${path}.mappings`, 'a mapping code is UNSPECIFIED')
    }
    if (new Set(mappings).size !== mappings.length) {
      context.report('duplicate-entry', `${path}.mappings`, 'a mapping code is listed twice')
    }
  }
  const delegationCode = mappingRow('namespaceDelegation').code
  if (isRootDelegation(delegation) && !canSign(effectiveRestriction(delegation), delegationCode)) {
    context.report(
      'root-cannot-delegate',
      'target_key',
      'the root key is delegated to, but may not sign namespace delegations',
    )
  }
}

export function checkDecentralizedNamespaceDefinition(
  context: CheckContext,
  definition: DecentralizedNamespaceDefinition,
): void {
  const { owners, threshold } = definition
  checkNamespace(context, 'decentralized_namespace', definition.decentralizedNamespace)
  checkNotEmpty(context, 'owners', owners)
  owners.forEach((owner, i) => {
    checkNamespace(context, `owners[${i}]`, owner)
  })
  checkDistinct(context, 'owners', owners, 'owner')
  checkThreshold(context, 'threshold', threshold, new Set(owners).size, 'owners')
  const namespaces = owners.filter(isNamespace)
  if (
    context.serial === 1 &&
    namespaces.length === owners.length &&
    namespaces.length > 0 &&
    isNamespace(definition.decentralizedNamespace) &&
    decentralizedNamespace(namespaces) !== definition.decentralizedNamespace
  ) {
    context.report(
      'namespace-mismatch',
      'decentralized_namespace',
      'a first definition must have the namespace that its owners hash to',
    )
  }
}
