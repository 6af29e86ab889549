/**
 * Whether a signature by a key is asked for, as far as the transaction alone proves it
 * (docs/protocol/signatures.md). Delegations are state: without it a key that is not named may
 * still act for a namespace, and the answer is `unknown`.
 */
import type { Fingerprint } from '../ident/fingerprint.ts'
import { isRootDelegation } from './check/namespaces.ts'
import { namespacesOf, signingKeysOf } from './keys.ts'
import type { KnownMapping } from './mapping.ts'
import { readSigningPublicKey } from './signing-key.ts'

export type Need = 'needed' | 'unneeded' | 'unknown'

/** Keys that have to sign because they are listed: the target of a delegation does not. */
function listedKeys(mapping: KnownMapping): readonly (string | undefined)[] {
  if (mapping.$case === 'namespaceDelegation' || mapping.$case === 'purgeTopologyTxs') return []
  return signingKeysOf(mapping).map(({ key }) => readSigningPublicKey(key).fingerprint)
}

export function needOf(mapping: KnownMapping, key: Fingerprint): Need {
  const named: readonly (string | undefined)[] = [...namespacesOf(mapping), ...listedKeys(mapping)]
  if (named.includes(key)) return 'needed'
  // A root delegation with any other signer leaves the root path: nobody else is asked for.
  const root = mapping.$case === 'namespaceDelegation' && isRootDelegation(mapping.value)
  return root ? 'unneeded' : 'unknown'
}

/**
 * True if these signers alone make the transaction fully authorized on any network, without any
 * state: a root delegation signed by its root alone, or a first PartyToParticipant all of whose
 * namespaces authorize themselves through their listed key.
 */
export function isProvedComplete(
  mapping: KnownMapping,
  serial: number,
  signers: ReadonlySet<string>,
): boolean {
  if (mapping.$case === 'namespaceDelegation') {
    const { namespace } = mapping.value
    return isRootDelegation(mapping.value) && signers.size === 1 && signers.has(namespace)
  }
  if (mapping.$case !== 'partyToParticipant' || serial !== 1) return false
  const listed = new Set(listedKeys(mapping))
  const self = mapping.value.party.slice(mapping.value.party.indexOf('::') + 2)
  return (
    listed.has(self) &&
    namespacesOf(mapping).every((namespace) => namespace === self) &&
    [...listed].every((key) => key !== undefined && signers.has(key))
  )
}
