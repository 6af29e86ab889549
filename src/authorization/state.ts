/** The topology state that decisions are made in. */
import type { Fingerprint, Namespace } from '../ident/fingerprint.ts'
import { readUniqueIdentifier } from '../ident/identifiers.ts'
import { DelegationGraph } from './delegation-graph.ts'
import type { DefinitionFacts, TransactionFacts } from './facts.ts'

/** A transaction in the state. */
export interface StateRecord extends TransactionFacts {
  /** Keys whose signatures are stored with it, all verified. */
  readonly signers: ReadonlySet<string>
}

/** Which store the state is of. */
export type Store =
  /** Of the synchronizer with this logical id, `identifier::namespace`. */
  | { readonly $case: 'synchronizer'; readonly id: string }
  /** A node's own store, or a temporary one: no synchronizer's owner has a say. */
  | { readonly $case: 'other' }
  | { readonly $case: 'unknown' }

/** What the state knows of a namespace. */
export type NamespaceKnowledge =
  /** It has a root certificate. */
  | 'rooted'
  /** It has an active definition. */
  | 'decentralized'
  /** Its root certificate or definition was removed. */
  | 'ended'
  /** Neither is in the state. */
  | 'absent'

export interface StateOptions {
  /**
   * `complete`: what is not here does not exist, as in a snapshot that is replayed. `partial`: an
   * extract; what is not here may exist, and answers that depend on it are `unknown`.
   */
  readonly completeness: 'complete' | 'partial'
  readonly store: Store
}

/**
 * Active records by unique key, with the delegations by namespace. `apply` believes what it is
 * given: verified signatures and authority are the caller's to judge, either before (`proveState`)
 * or because the source is what is being judged (`Replay`).
 *
 * Memory: for each unique key one record of facts and signers, some 500 bytes and 100 more for each
 * host, key or owner in it; no bytes of any input are held.
 */
export class TopologyState {
  readonly completeness: 'complete' | 'partial'
  readonly #records = new Map<string, StateRecord>()
  readonly #graphs = new Map<string, DelegationGraph>()
  readonly #definitions = new Map<string, DefinitionFacts>()
  readonly #ended = new Set<string>()
  /** Targets whose delegation was removed, by namespace. */
  readonly #revoked = new Map<string, Set<string>>()
  /** Namespaces whose root certificate was removed by the root key alone. */
  readonly #endedByRoot = new Set<string>()
  #store: Store

  constructor(options: StateOptions) {
    this.completeness = options.completeness
    this.#store = options.store
  }

  get store(): Store {
    return this.#store
  }

  /** Says which store it is, once that is known. */
  setStore(store: Store): void {
    this.#store = store
  }

  /** Namespace of the store's synchronizer; `undefined` if it has none, or an invalid id. */
  get synchronizerNamespace(): Namespace | undefined {
    if (this.#store.$case !== 'synchronizer') return undefined
    const id = readUniqueIdentifier(this.#store.id)
    return id.ok ? id.value.namespace : undefined
  }

  /** Number of unique keys. */
  get size(): number {
    return this.#records.size
  }

  /**
   * Takes a record as the last of its unique key. One with the hash of the present record adds its
   * signers to it.
   */
  apply(record: StateRecord): void {
    const present = record.uniqueKey === undefined ? undefined : this.last(record.uniqueKey)
    this.put(
      present?.hash === record.hash
        ? { ...record, signers: new Set([...present.signers, ...record.signers]) }
        : record,
    )
  }

  /** The same with exactly these signers: a node that judges anew drops those that lost authority. */
  put(record: StateRecord): void {
    const { uniqueKey, mapping, operation } = record
    if (uniqueKey === undefined) return
    this.#records.set(uniqueKey, record)
    if (mapping.$case === 'namespaceDelegation') this.#applyDelegation(record)
    if (mapping.$case === 'decentralizedNamespaceDefinition') {
      this.#setEnded(mapping.namespace, operation === 'remove')
      if (operation === 'replace') this.#definitions.set(mapping.namespace, mapping)
      else this.#definitions.delete(mapping.namespace)
    }
  }

  #setEnded(namespace: Namespace, ended: boolean): void {
    if (ended) this.#ended.add(namespace)
    else this.#ended.delete(namespace)
  }

  #applyDelegation({ mapping, operation, signers }: StateRecord): void {
    if (mapping.$case !== 'namespaceDelegation') return
    const { namespace, target, restriction } = mapping
    let graph = this.#graphs.get(namespace)
    if (graph === undefined) {
      graph = new DelegationGraph(namespace)
      this.#graphs.set(namespace, graph)
    }
    const revoked = this.#revoked.get(namespace) ?? new Set()
    if (operation === 'replace') {
      graph.set({ target, restriction, signers })
      revoked.delete(target)
    } else {
      graph.delete(target)
      this.#revoked.set(namespace, revoked.add(target))
    }
    if ((target as string) !== namespace) return
    this.#setEnded(namespace, operation === 'remove')
    const byRootAlone = operation === 'remove' && signers.size === 1 && signers.has(namespace)
    if (byRootAlone) this.#endedByRoot.add(namespace)
    else this.#endedByRoot.delete(namespace)
  }

  /** Drops a record that turned out to be uncertain; for everything but delegations. */
  forget(uniqueKey: string): void {
    const mapping = this.#records.get(uniqueKey)?.mapping
    this.#records.delete(uniqueKey)
    if (mapping?.$case !== 'decentralizedNamespaceDefinition') return
    this.#definitions.delete(mapping.namespace)
    this.#ended.delete(mapping.namespace)
  }

  /** A state of its own with the same records. */
  copy(): TopologyState {
    const { completeness, store } = this
    const copy = new TopologyState({ completeness, store })
    for (const record of this.#records.values()) copy.apply(record)
    return copy
  }

  /** True if a delegation to the key was removed: from release line 3.4 on it stays so. */
  isRevoked(namespace: string, key: string): boolean {
    return this.#revoked.get(namespace)?.has(key) === true
  }

  /** The last record of a unique key, REPLACE or REMOVE. */
  last(uniqueKey: string): StateRecord | undefined {
    return this.#records.get(uniqueKey)
  }

  /** The active definition of a decentralized namespace. */
  definition(namespace: string): DefinitionFacts | undefined {
    return this.#definitions.get(namespace)
  }

  /** The active delegations of a normal namespace. */
  graph(namespace: string): DelegationGraph | undefined {
    return this.#graphs.get(namespace)
  }

  knowledge(namespace: string): NamespaceKnowledge {
    if (this.#definitions.has(namespace)) return 'decentralized'
    if (this.#ended.has(namespace)) return 'ended'
    return this.#graphs.get(namespace)?.rooted === true ? 'rooted' : 'absent'
  }

  /** True if no mapping can authorize itself with the key of this namespace any more. */
  isSelfAuthorizationBlocked(namespace: string): boolean {
    return this.#endedByRoot.has(namespace)
  }

  /** Keys that may sign mappings with a code for a normal namespace; sorted. */
  candidates(namespace: string, code: number): readonly Fingerprint[] {
    return this.#graphs.get(namespace)?.candidates(code) ?? []
  }
}
