/** Delegations and decentralized namespaces in sentences (docs/protocol/authorization.md). */
import { effectiveRestriction, isRootDelegation } from '../../topology/check/namespaces.ts'
import { readSigningPublicKey } from '../../topology/signing-key.ts'
import type {
  DecentralizedNamespaceDefinition,
  NamespaceDelegation,
} from '../../wire/generated/schema.ts'
import type { ExplainContext } from '../context.ts'
import { quoteText } from '../quote.ts'
import {
  counted,
  keyName,
  restrictionWords,
  sentence,
  usageWords,
  type Operation,
  type Sentences,
} from '../words.ts'

/** How the restriction is written, where it is not the oneof of today. */
function legacyRestriction(delegation: NamespaceDelegation): readonly string[] {
  if (delegation.restriction !== undefined) {
    return delegation.isRootDelegation
      ? ['The old flag is_root_delegation stands beside a restriction: nodes refuse that.']
      : []
  }
  return delegation.isRootDelegation
    ? [
        'The power is given in the old way, by the flag is_root_delegation without a restriction: that means every kind of mapping.',
      ]
    : ['No restriction is written: that means every kind of mapping except delegations.']
}

function keyStatement(delegation: NamespaceDelegation): readonly string[] {
  const { targetKey } = delegation
  if (targetKey === undefined) return ['The transaction names no key: nodes refuse it.']
  const { keySpec, problem } = readSigningPublicKey(targetKey)
  const doubt = problem === undefined ? '' : `; ${problem.message}`
  return [`The key is of the spec ${keySpec}, with ${usageWords(targetKey)}${doubt}.`]
}

function describeRoot(
  delegation: NamespaceDelegation,
  operation: Operation,
  serial: number,
): Sentences {
  const namespace = quoteText(delegation.namespace)
  if (operation === 'remove') {
    return {
      summary: `Ends the namespace ${namespace} for good: its root delegation is removed.`,
      statements: [
        `No key can sign for the namespace ${namespace} any more, neither the root key nor a delegate.`,
        'Every delegation below it loses its footing, and parties and nodes of the namespace can no longer be changed by it.',
        'This cannot be undone: from release line 3.4 on a removed root delegation is never accepted again.',
        'If the root key alone has signed it, it also stops parties that authorize themselves by this very key.',
      ],
    }
  }
  const again = serial > 1
  return {
    summary: again
      ? `Replaces the root delegation of the namespace ${namespace} (serial ${serial}).`
      : `Founds the namespace ${namespace}: its own key becomes its root.`,
    statements: [
      `The root key ${namespace} may sign ${restrictionWords(effectiveRestriction(delegation))}, for everything in the namespace ${namespace}.`,
      ...(again
        ? [
            'If any key but the root key signs it, the namespace is left without a root and nobody can sign for it, until the root key alone signs the next one.',
          ]
        : ['It holds by the signature of the root key alone; no other key should sign it.']),
    ],
  }
}

function describeDelegate(
  delegation: NamespaceDelegation,
  operation: Operation,
  serial: number,
  context: ExplainContext,
): Sentences {
  const namespace = quoteText(delegation.namespace)
  const key = keyName(delegation.targetKey, context)
  const power = restrictionWords(effectiveRestriction(delegation))
  if (operation === 'remove') {
    return {
      summary: `Takes from ${key} all power to sign for the namespace ${namespace}.`,
      statements: [
        `What ends is the power to sign ${power}.`,
        'What this key has signed and what is in force already stays; delegations that it has signed lose their footing.',
        'This cannot be undone: from release line 3.4 on the same key can never be delegated to again in this namespace.',
      ],
    }
  }
  return {
    summary: `Gives ${key} the power to sign for the namespace ${namespace}: ${power}.`,
    statements: [
      `${sentence(key)} alone, without any other signature of the namespace, can then sign ${power}, for everything in the namespace ${namespace}.`,
      ...(serial > 1
        ? ['An earlier delegation to this key is replaced, with the power that it gave.']
        : []),
    ],
  }
}

export function describeNamespaceDelegation(
  delegation: NamespaceDelegation,
  operation: Operation,
  serial: number,
  context: ExplainContext,
): Sentences {
  const { summary, statements } = isRootDelegation(delegation)
    ? describeRoot(delegation, operation, serial)
    : describeDelegate(delegation, operation, serial, context)
  return {
    summary,
    statements: [...statements, ...keyStatement(delegation), ...legacyRestriction(delegation)],
  }
}

export function describeDecentralizedNamespace(
  definition: DecentralizedNamespaceDefinition,
  operation: Operation,
  serial: number,
): Sentences {
  const namespace = quoteText(definition.decentralizedNamespace)
  const { owners, threshold } = definition
  const count = `${threshold} of ${counted(owners.length, 'owner')}`
  const each = owners.map((owner) => `${quoteText(owner)} is an owner.`)
  if (operation === 'remove') {
    return {
      summary: `Removes the decentralized namespace ${namespace}, for which ${count} acted.`,
      statements: [
        'Nobody can sign for this namespace any more: its parties can no longer be changed by it.',
        'This cannot be undone in practice: a new definition would need the namespace that no longer exists.',
        ...each,
      ],
    }
  }
  return {
    summary:
      serial > 1
        ? `Changes the decentralized namespace ${namespace}: ${count} act for it together.`
        : `Founds the decentralized namespace ${namespace}: ${count} act for it together.`,
    statements: [
      ...each,
      `Any ${count} together can do everything in this namespace: move its parties, and change owners and threshold.`,
      'A key that an owner has delegated to counts as that owner, as far as the delegation allows.',
      ...(serial > 1
        ? ['The namespace keeps its name; the change needs the quorum that was in force before.']
        : ['Every owner has to sign this first definition, whatever the threshold is.']),
    ],
  }
}
