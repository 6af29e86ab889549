/** Which of several signatures over one hash stay when copies of a package are brought together. */
import type { SignatureStatus } from '../topology/signature.ts'
import type { PackageSignature } from './model.ts'

/** A signature, and what it is worth with all the keys that are known. */
export interface Candidate<Wire extends PackageSignature> {
  readonly wire: Wire
  readonly status: SignatureStatus
}

/** What makes two signatures of a list one signer's, and in which order they stand. */
export interface SignatureOrder<Wire extends PackageSignature> {
  readonly signer: (wire: Wire) => string
  readonly compare: (a: Wire, b: Wire) => number
  /** Two signatures are one and the same if this text is. */
  readonly identity: (wire: Wire) => string
}

/**
 * Of each signer: one valid signature, the first in their order, if there is any; else every one
 * that cannot be verified, because the good one may be among them. Invalid ones never stay.
 *
 * What is left out for a reason once is left out for good: a valid signature stays valid and an
 * invalid one invalid whatever else becomes known, and the first of some is the first of more.
 * This is why it does not matter in which order copies are combined.
 */
export function settle<Wire extends PackageSignature>(
  candidates: readonly Candidate<Wire>[],
  { signer, compare }: SignatureOrder<Wire>,
): readonly Wire[] {
  const valid = new Map<string, Wire>()
  for (const { wire, status } of candidates) {
    if (status !== 'valid') continue
    const best = valid.get(signer(wire))
    if (best === undefined || compare(wire, best) < 0) valid.set(signer(wire), wire)
  }
  const open = candidates
    .filter(({ wire, status }) => status === 'unverifiable' && !valid.has(signer(wire)))
    .map(({ wire }) => wire)
  return [...valid.values(), ...open].sort(compare)
}
