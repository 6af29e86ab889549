/** Signers of a transaction, from its verified signatures. */
import type { VerifiedSignature } from '../topology/signed-transaction.ts'
import type { Signers } from './result.ts'

/**
 * The signers of one transaction. Of several signatures by one key nodes keep the first
 * (docs/protocol/authorization.md section 8), so the first one decides what that key is worth.
 */
export function signersOf(signatures: readonly VerifiedSignature[]): Signers {
  const sets = {
    valid: new Set<string>(),
    invalid: new Set<string>(),
    unverifiable: new Set<string>(),
  }
  const seen = new Set<string>()
  for (const { signature, status } of signatures) {
    const { signedBy } = signature.wire
    if (seen.has(signedBy)) continue
    seen.add(signedBy)
    sets[status].add(signedBy)
  }
  return sets
}
