/** Who was ever entitled to what, as far as a set of records shows. */
import type { Namespace } from '../ident/fingerprint.ts'
import type { DefinitionFacts } from './facts.ts'
import type { SignedFacts } from './evidence.ts'
import { isMet } from './missing.ts'
import { firstRequirement, referencedBy, requirementOf, type Previous } from './requirement.ts'
import type { Store } from './state.ts'

/**
 * Every delegation counts here, whatever became of it later. So it is never used to accept a record,
 * only to take one seriously as evidence against another.
 */
export class Entitlement {
  /** Normal namespaces that a key was ever root or delegate of. */
  readonly #namespacesByKey = new Map<string, Set<string>>()
  /** Everybody who was ever listed as an owner. */
  readonly #owners = new Map<string, Set<string>>()
  readonly #known = new Set<string>()
  readonly #synchronizer: Namespace | undefined
  readonly #store: Store

  constructor(records: Iterable<SignedFacts>, synchronizer: Namespace | undefined, store: Store) {
    this.#synchronizer = synchronizer
    this.#store = store
    const edgesByNamespace = new Map<string, Map<string, Set<string>>>()
    for (const { mapping, operation, signers } of records) {
      if (operation === 'remove') continue
      if (mapping.$case === 'decentralizedNamespaceDefinition') {
        const owners = this.#owners.get(mapping.namespace) ?? new Set()
        for (const owner of mapping.owners) owners.add(owner)
        this.#owners.set(mapping.namespace, owners)
        this.#known.add(mapping.namespace)
      }
      if (mapping.$case !== 'namespaceDelegation') continue
      this.#known.add(mapping.namespace)
      const edges = edgesByNamespace.get(mapping.namespace) ?? new Map<string, Set<string>>()
      edgesByNamespace.set(mapping.namespace, edges)
      for (const signer of signers) {
        edges.set(signer, (edges.get(signer) ?? new Set()).add(mapping.target))
      }
    }
    for (const [namespace, edges] of edgesByNamespace) this.#spread(namespace, edges)
  }

  #spread(namespace: string, edges: ReadonlyMap<string, ReadonlySet<string>>): void {
    const reached = new Set([namespace])
    // A set that grows while it is walked: each key is met once.
    for (const key of reached) {
      for (const target of edges.get(key) ?? []) reached.add(target)
      const namespaces = this.#namespacesByKey.get(key) ?? new Set()
      this.#namespacesByKey.set(key, namespaces.add(namespace))
    }
  }

  #ofNormal(key: string, namespace: string): boolean {
    return key === namespace || this.#namespacesByKey.get(key)?.has(namespace) === true
  }

  #ofOwners(key: string, owners: ReadonlySet<string>): boolean {
    const own = this.#namespacesByKey.get(key)
    if (owners.has(key)) return true
    if (own === undefined) return false
    const [few, many] = own.size < owners.size ? [own, owners] : [owners, own]
    for (const one of few) if (many.has(one)) return true
    return false
  }

  /** True if one of the signers was ever root or delegate of the namespace, or of an owner of it. */
  isEntitled(signers: ReadonlySet<string>, namespace: string): boolean {
    const owners = this.#owners.get(namespace)
    return [...signers].some(
      (key) =>
        this.#ofNormal(key, namespace) || (owners !== undefined && this.#ofOwners(key, owners)),
    )
  }

  #everAuthorized(
    signers: ReadonlySet<string>,
    namespace: string,
    definition?: DefinitionFacts,
  ): boolean {
    if (definition === undefined) return this.isEntitled(signers, namespace)
    const owners = definition.owners.filter((owner) => this.isEntitled(signers, owner))
    return owners.length >= definition.threshold
  }

  /** True if a signer was, or for all that is known may have been, the owner of the synchronizer. */
  mayActForSynchronizer(signers: ReadonlySet<string>): boolean {
    if (this.#store.$case === 'other') return false
    const namespace = this.#synchronizer
    return (
      namespace === undefined || !this.#known.has(namespace) || this.isEntitled(signers, namespace)
    )
  }

  /** True if a signer was ever entitled to anything that the record is about. */
  concerns(record: SignedFacts): boolean {
    if (record.operation === 'remove' && this.mayActForSynchronizer(record.signers)) return true
    const { namespaces } = referencedBy(firstRequirement(record.mapping))
    const all = [record.mapping.namespace, ...namespaces]
    return all.some((namespace) => this.isEntitled(record.signers, namespace))
  }

  /**
   * True if the network may have accepted the record, were every delegation that ever was in force.
   * @param previous the record before it, if that is known
   */
  mayHaveBeenAccepted(
    record: SignedFacts,
    previous: { readonly known: boolean; readonly record: Previous | undefined },
    definition: (namespace: string) => DefinitionFacts | undefined,
  ): boolean {
    const { signers, operation } = record
    if (!this.concerns(record)) return false
    if (operation === 'remove' && this.mayActForSynchronizer(signers)) return true
    const options = { mode: 'strict', synchronizer: undefined } as const
    const requirement = previous.known ? requirementOf(record, previous.record, options) : undefined
    if (requirement === undefined) return true
    return isMet(requirement, {
      namespace: (one) => this.#everAuthorized(signers, one, definition(one)),
      key: (one) => operation === 'replace' && signers.has(one),
    })
  }
}
