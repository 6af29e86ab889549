/** The form of a requirement. */
import type { Fingerprint, Namespace } from '../ident/fingerprint.ts'

/** All of these namespaces and all of these extra keys. */
export interface Need {
  readonly namespaces: readonly Namespace[]
  readonly keys: readonly Fingerprint[]
}

/** Met by any one of its needs; mostly there is only one. */
export interface Clause {
  readonly anyOf: readonly Need[]
}

/** Met if every clause is. */
export type Requirement = readonly Clause[]

/** A need in which everything stands once. */
export function need(namespaces: readonly Namespace[], keys: readonly Fingerprint[] = []): Need {
  return { namespaces: [...new Set(namespaces)], keys: [...new Set(keys)] }
}
