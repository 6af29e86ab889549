/** Key usages as Canton understands them after reading (docs/protocol/authorization.md section 8). */

const NAMESPACE = 1
const IDENTITY_DELEGATION = 2
const SEQUENCER_AUTHENTICATION = 3
const PROTOCOL = 4
const PROOF_OF_OWNERSHIP = 5
const ALL = [NAMESPACE, SEQUENCER_AUTHENTICATION, PROTOCOL, PROOF_OF_OWNERSHIP]

/**
 * The usages in force, as numbers of SigningKeyUsage, ascending: the deprecated one is dropped, an
 * empty list means every usage, and proof of ownership comes with everything but NAMESPACE alone.
 * So each allowed set lets a listed key sign as itself, and only NAMESPACE is left to be asked for.
 * `undefined` for what nodes refuse: an unspecified or unknown usage, proof of ownership alone or
 * with NAMESPACE alone.
 */
export function effectiveUsages(usage: readonly number[]): readonly number[] | undefined {
  if (usage.some((one) => one !== IDENTITY_DELEGATION && !ALL.includes(one))) return undefined
  const named = new Set(usage.filter((one) => one !== IDENTITY_DELEGATION))
  if (named.size === 0) return ALL
  const proof = named.has(PROOF_OF_OWNERSHIP)
  if (proof && (named.size === 1 || (named.size === 2 && named.has(NAMESPACE)))) return undefined
  if (named.size > 1 || !named.has(NAMESPACE)) named.add(PROOF_OF_OWNERSHIP)
  return ALL.filter((one) => named.has(one))
}

/** True if a key with these usages may stand for a namespace. */
export function maySignForNamespaces(usages: readonly number[]): boolean {
  return usages.includes(NAMESPACE)
}
