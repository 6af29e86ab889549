/** Transactions to explain: small, sound, and easy to vary. */
import { statementContext } from '../../src/explain/report.ts'
import type { KnownMapping } from '../../src/topology/mapping.ts'
import type {
  DecentralizedNamespaceDefinition,
  HostingParticipant,
  NamespaceDelegation,
  PartyToParticipant,
  SigningPublicKey,
  TopologyTransaction,
} from '../../src/wire/generated/schema.ts'
import { fromHex } from '../support/vectors.ts'

/** Ed25519 keys of RFC 8032 section 7.1 (tests 1 to 3), as SubjectPublicKeyInfo. */
const PUBLIC_KEYS = [
  'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
  'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
]

export const Usage = { namespace: 1, protocol: 4, proofOfOwnership: 5 } as const
export const Permission = { submission: 1, confirmation: 2, observation: 3 } as const

export function key(index: number, usage: readonly number[] = [1, 4, 5]): SigningPublicKey {
  const raw = PUBLIC_KEYS[index] ?? ''
  const publicKey = fromHex(`302a300506032b6570032100${raw}`)
  return { format: 4, publicKey, scheme: 0, usage, keySpec: 1 }
}

export function fingerprint(index: number): string {
  const text = statementContext.fingerprintOf(key(index))
  if (text === undefined) throw new Error('a key of the samples has no fingerprint')
  return text
}

/** A namespace that is none of the keys. */
export const namespace = (digit: string): string => `1220${digit.repeat(64)}`

export const ALICE = `alice::${fingerprint(0)}`

export function host(
  name: string,
  permission: number = Permission.confirmation,
  onboarding = false,
): HostingParticipant {
  const participantUid = `${name}::${namespace(name.slice(-1))}`
  return { participantUid, permission, onboarding: onboarding ? {} : undefined }
}

export function hosting(changes: Partial<PartyToParticipant> = {}): PartyToParticipant {
  return {
    party: ALICE,
    threshold: 2,
    participants: [host('p1'), host('p2'), host('p3')],
    partySigningKeys: { keys: [key(0)], threshold: 1 },
    ...changes,
  }
}

export function delegation(changes: Partial<NamespaceDelegation> = {}): NamespaceDelegation {
  return {
    namespace: fingerprint(0),
    targetKey: key(1, [Usage.namespace]),
    isRootDelegation: false,
    restriction: { $case: 'canSignAllButNamespaceDelegations', value: {} },
    ...changes,
  }
}

export const rootDelegation = (): NamespaceDelegation =>
  delegation({
    targetKey: key(0, [Usage.namespace]),
    restriction: { $case: 'canSignAllMappings', value: {} },
  })

export function definition(
  changes: Partial<DecentralizedNamespaceDefinition> = {},
): DecentralizedNamespaceDefinition {
  return {
    decentralizedNamespace: namespace('d'),
    threshold: 2,
    owners: [namespace('a'), namespace('b'), namespace('c')],
    ...changes,
  }
}

export function transaction(
  mapping: KnownMapping,
  serial = 1,
  operation: 'replace' | 'remove' = 'replace',
): TopologyTransaction {
  return { operation: operation === 'replace' ? 1 : 2, serial, mapping: { mapping } }
}

export const hostingTransaction = (
  changes: Partial<PartyToParticipant> = {},
  serial = 1,
  operation: 'replace' | 'remove' = 'replace',
): TopologyTransaction =>
  transaction({ $case: 'partyToParticipant', value: hosting(changes) }, serial, operation)

export const delegationTransaction = (
  value: NamespaceDelegation,
  serial = 1,
  operation: 'replace' | 'remove' = 'replace',
): TopologyTransaction => transaction({ $case: 'namespaceDelegation', value }, serial, operation)

export const definitionTransaction = (
  changes: Partial<DecentralizedNamespaceDefinition> = {},
  serial = 1,
  operation: 'replace' | 'remove' = 'replace',
): TopologyTransaction =>
  transaction(
    { $case: 'decentralizedNamespaceDefinition', value: definition(changes) },
    serial,
    operation,
  )
