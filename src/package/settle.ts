/** Which of several signatures over one hash stay when copies of a package are brought together. */
import type { SignatureStatus } from '../topology/signature.ts'
import type { PackageSignature } from './model.ts'
import { compareSignatures } from './order.ts'

/** A signature, and what it is worth with all the keys that are known. */
export interface Candidate {
  readonly wire: PackageSignature
  readonly status: SignatureStatus
}

/**
 * Of each key: one valid signature, the first in their order, if there is any; else every one that
 * cannot be verified, because the good one may be among them. Invalid ones never stay.
 *
 * What is left out for a reason once is left out for good: a valid signature stays valid and an
 * invalid one invalid whatever else becomes known, and the first of some is the first of more.
 * This is why it does not matter in which order copies are combined.
 */
export function settle(candidates: readonly Candidate[]): readonly PackageSignature[] {
  const valid = new Map<string, PackageSignature>()
  for (const { wire, status } of candidates) {
    if (status !== 'valid') continue
    const best = valid.get(wire.signedBy)
    if (best === undefined || compareSignatures(wire, best) < 0) valid.set(wire.signedBy, wire)
  }
  const open = candidates
    .filter(({ wire, status }) => status === 'unverifiable' && !valid.has(wire.signedBy))
    .map(({ wire }) => wire)
  return [...valid.values(), ...open].sort(compareSignatures)
}
