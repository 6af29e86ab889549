/** Who has to authorize a transaction (docs/protocol/authorization.md section 2). */
import { unreachable } from '../base/errors.ts'
import type { Fingerprint, Namespace } from '../ident/fingerprint.ts'
import type {
  DefinitionFacts,
  ListedKeysFacts,
  MappingFacts,
  Operation,
  TransactionFacts,
} from './facts.ts'
import { firstHosting, hostingChange, sameHosting } from './hosting.ts'
import { need, type Need, type Requirement } from './need.ts'
import type { AuthorizationMode } from './result.ts'

/** What the requirement is held against: the last record of the same mapping. */
export interface Previous {
  readonly operation: Operation
  readonly mapping: MappingFacts
}

export interface RequirementOptions {
  readonly mode: AuthorizationMode
  /** Namespace of the synchronizer of the store; `undefined` in stores of another kind. */
  readonly synchronizer: Namespace | undefined
}

const only = (one: Need): Requirement => [{ anyOf: [one] }]

function forDefinition(facts: DefinitionFacts, previous: MappingFacts | undefined): Requirement {
  if (previous?.$case !== 'decentralizedNamespaceDefinition') return only(need(facts.owners))
  const before = new Set(previous.owners)
  const added = facts.owners.filter((owner) => !before.has(owner))
  return only(need([...added, facts.namespace]))
}

function forListedKeys(
  facts: ListedKeysFacts,
  previous: MappingFacts | undefined,
  mode: AuthorizationMode,
): Requirement {
  if (facts.$case === 'ownerToKeyMapping' && mode === 'snapshot') {
    return only(need([facts.namespace]))
  }
  const before = previous?.$case === facts.$case ? previous.keys : undefined
  const added = [...facts.keys].filter(([content]) => before?.has(content) !== true)
  return only(
    need(
      [facts.namespace],
      added.map(([, fingerprint]) => fingerprint),
    ),
  )
}

/** What a first transaction with this mapping requires: everything in it is new. */
export function firstRequirement(facts: MappingFacts): Requirement {
  switch (facts.$case) {
    case 'namespaceDelegation':
    case 'plain':
      return only(need([facts.namespace]))
    case 'decentralizedNamespaceDefinition':
      return forDefinition(facts, undefined)
    case 'ownerToKeyMapping':
    case 'partyToKeyMapping':
      return forListedKeys(facts, undefined, 'strict')
    case 'partyToParticipant':
      return firstHosting(facts)
    default:
      return unreachable(facts)
  }
}

function byMapping(
  transaction: Pick<TransactionFacts, 'operation' | 'mapping'>,
  previous: Previous | undefined,
  mode: AuthorizationMode,
): Requirement | undefined {
  const { mapping: facts, operation } = transaction
  const inForce = previous?.operation === 'replace' ? previous.mapping : undefined
  switch (facts.$case) {
    case 'namespaceDelegation':
    case 'plain':
      return firstRequirement(facts)
    case 'decentralizedNamespaceDefinition':
      return forDefinition(facts, previous?.mapping) // the one mapping for which a REMOVE counts too
    case 'ownerToKeyMapping':
    case 'partyToKeyMapping':
      return forListedKeys(facts, inForce, mode)
    case 'partyToParticipant': {
      const before = inForce?.$case === 'partyToParticipant' ? inForce : undefined
      if (operation === 'remove' && (before === undefined || !sameHosting(facts, before))) {
        return undefined
      }
      return before === undefined ? firstHosting(facts) : hostingChange(facts, before, mode)
    }
    default:
      return unreachable(facts)
  }
}

/**
 * The requirement of a transaction after the previous record of its mapping. Whoever may remove
 * something is joined by the owner of the synchronizer.
 * @returns `undefined` for what the rules leave open: the removal of a PartyToParticipant that is
 * not the one in force
 */
export function requirementOf(
  transaction: Pick<TransactionFacts, 'operation' | 'mapping'>,
  previous: Previous | undefined,
  options: RequirementOptions,
): Requirement | undefined {
  const requirement = byMapping(transaction, previous, options.mode)
  const { synchronizer } = options
  if (transaction.operation === 'replace' || synchronizer === undefined) return requirement
  return requirement?.map(({ anyOf }) => ({ anyOf: [...anyOf, need([synchronizer])] }))
}

/** Every namespace and extra key that a requirement names. */
export function referencedBy(requirement: Requirement): {
  readonly namespaces: ReadonlySet<Namespace>
  readonly keys: ReadonlySet<Fingerprint>
} {
  const needs = requirement.flatMap(({ anyOf }) => anyOf)
  return {
    namespaces: new Set(needs.flatMap(({ namespaces }) => namespaces)),
    keys: new Set(needs.flatMap(({ keys }) => keys)),
  }
}
