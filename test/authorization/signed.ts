/** Signed transactions with real signatures, as somebody might hand them over. */
import { readTransactionFacts, type TransactionFacts } from '../../src/authorization/facts.ts'
import type { StateEvidence } from '../../src/authorization/evidence.ts'
import { signersOf } from '../../src/authorization/signers.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import { decentralizedNamespace } from '../../src/topology/namespace.ts'
import type { KnownMapping } from '../../src/topology/mapping.ts'
import { readSignedTransaction, verifySignatures } from '../../src/topology/signed-transaction.ts'
import type { NamespaceDelegation, SigningPublicKey } from '../../src/wire/generated/schema.ts'
import { ed25519Key, signedBytes, transactionBytes, type TestKey } from '../package/support.ts'

export const [ALICE, BOB, CAROL, DAVE, HOST, MALLORY, EVE] = [1, 2, 3, 4, 5, 66, 67].map(
  ed25519Key,
) as [TestKey, TestKey, TestKey, TestKey, TestKey, TestKey, TestKey]

const KNOWN = new Map<string, PublicKey>(
  [ALICE, BOB, CAROL, DAVE, HOST, MALLORY, EVE].map(({ fingerprint, key }) => [fingerprint, key]),
)

export const REMOVE = 2

const NAMESPACE_ONLY = [1]
const LISTED = [1, 4, 5]

export const keyMessageOf = ({ key }: TestKey, usage: readonly number[]): SigningPublicKey => ({
  format: 4,
  publicKey: key.spki,
  scheme: 0,
  usage,
  keySpec: 1,
})

export type Restriction = NamespaceDelegation['restriction']
export const ALL: Restriction = { $case: 'canSignAllMappings', value: {} }
export const NO_DELEGATIONS: Restriction = {
  $case: 'canSignAllButNamespaceDelegations',
  value: {},
}

export function delegationMapping(
  root: TestKey,
  target: TestKey,
  restriction: Restriction = ALL,
  usage: readonly number[] = NAMESPACE_ONLY,
): KnownMapping {
  const targetKey = keyMessageOf(target, usage)
  const namespace = root.fingerprint
  return {
    $case: 'namespaceDelegation',
    value: { namespace, targetKey, isRootDelegation: false, restriction },
  }
}

export function definitionMapping(
  owners: readonly TestKey[],
  threshold: number,
  namespace: string = namespaceOf(owners),
): KnownMapping {
  return {
    $case: 'decentralizedNamespaceDefinition',
    value: {
      decentralizedNamespace: namespace,
      threshold,
      owners: owners.map(({ fingerprint }) => fingerprint),
    },
  }
}

export function namespaceOf(owners: readonly TestKey[]): string {
  const namespaces = owners.map(({ fingerprint }) => fingerprint as string)
  return decentralizedNamespace(
    namespaces as Parameters<typeof decentralizedNamespace>[0][number][],
  )
}

export interface HostEntry {
  readonly key: TestKey
  readonly permission?: number
  readonly onboarding?: boolean
}

export function hostingMapping(
  namespace: string,
  hosts: readonly HostEntry[],
  options: {
    readonly threshold?: number
    readonly keys?: readonly TestKey[]
    readonly usage?: readonly number[]
  } = {},
): KnownMapping {
  const { threshold = 1, keys, usage = LISTED } = options
  return {
    $case: 'partyToParticipant',
    value: {
      party: `party::${namespace}`,
      threshold,
      participants: hosts.map(({ key, permission = 2, onboarding = false }) => ({
        participantUid: `host::${key.fingerprint}`,
        permission,
        onboarding: onboarding ? {} : undefined,
      })),
      partySigningKeys:
        keys === undefined
          ? undefined
          : { threshold: 1, keys: keys.map((key) => keyMessageOf(key, usage)) },
    },
  }
}

export interface Signing {
  readonly by: readonly TestKey[]
  readonly serial?: number
  readonly operation?: number
}

/** The transaction signed, written, read again and verified. */
export function signed(
  mapping: KnownMapping,
  { by, serial = 1, operation = 1 }: Signing,
): StateEvidence {
  const bytes = signedBytes(transactionBytes(mapping, serial, operation), by)
  const read = readSignedTransaction(bytes)
  const verified = verifySignatures(read, (fingerprint) => KNOWN.get(fingerprint))
  return { transaction: read.transaction, signers: signersOf(verified) }
}

export function factsOf({ transaction }: StateEvidence): TransactionFacts {
  const reading = readTransactionFacts(transaction)
  if (!reading.ok) throw new Error(reading.problem)
  return reading.facts
}

export const hashOf = (evidence: StateEvidence): string => factsOf(evidence).hash

export const root = (key: TestKey): StateEvidence =>
  signed(delegationMapping(key, key), { by: [key] })
