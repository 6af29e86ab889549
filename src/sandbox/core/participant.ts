/** A participant of the sandbox: its identity, keys, stores and connection. */
import { uniqueIdentifierText, type UniqueIdentifier } from '../../ident/identifiers.ts'
import { CantonError } from './canton-error.ts'
import type { KeyVault } from './key-vault.ts'
import type { StoreId } from './stored.ts'
import type { Submitted } from './submitted.ts'
import type { Synchronizer } from './synchronizer.ts'
import { TopologyStore } from './topology-store.ts'

/** More than this many transactions on their way, and further ones are to be tried again later. */
export const MAX_PENDING = 100

/** A batch that waits for the connection; it does not survive a restart. */
export interface PendingBatch {
  readonly transactions: readonly Submitted[]
  readonly expectFull: boolean
}

/** How a store is named in a request. */
export type StoreQuery =
  | { readonly $case: 'authorized' }
  | { readonly $case: 'logical'; readonly id: string }
  | { readonly $case: 'physical'; readonly id: string }
  | { readonly $case: 'temporary'; readonly name: string }

export class Participant {
  readonly id: UniqueIdentifier
  readonly vault: KeyVault
  readonly synchronizer: Synchronizer
  readonly authorized = new TopologyStore({ $case: 'authorized' })
  readonly temporary = new Map<string, TopologyStore>()
  readonly pending: PendingBatch[] = []
  /** How many records of the authorized store went to the synchronizer. */
  dispatched = 0
  /** When the connection ended; `undefined` while it is there. */
  disconnectedAt: bigint | undefined

  constructor(id: UniqueIdentifier, vault: KeyVault, synchronizer: Synchronizer) {
    this.id = id
    this.vault = vault
    this.synchronizer = synchronizer
  }

  /** Without `PAR::`. */
  get uid(): string {
    return uniqueIdentifierText(this.id)
  }

  get connected(): boolean {
    return this.disconnectedAt === undefined
  }

  /** Up to when this participant knows the topology of the synchronizer. */
  horizon(now: bigint): bigint {
    return this.disconnectedAt === undefined || this.disconnectedAt > now
      ? now
      : this.disconnectedAt
  }

  /** @throws CantonError TOPOLOGY_STORE_NOT_FOUND */
  store(query: StoreQuery): TopologyStore {
    const found = this.#find(query)
    if (found !== undefined) return found
    throw new CantonError('TOPOLOGY_STORE_NOT_FOUND', 'this node has no such store')
  }

  #find(query: StoreQuery): TopologyStore | undefined {
    switch (query.$case) {
      case 'authorized':
        return this.authorized
      case 'logical':
        return query.id === this.synchronizer.logical ? this.synchronizer.store : undefined
      case 'physical':
        return query.id === this.synchronizer.physical ? this.synchronizer.store : undefined
      case 'temporary':
        return this.temporary.get(query.name)
    }
  }

  /** Every store, the synchronizer's last. */
  get stores(): readonly TopologyStore[] {
    return [this.authorized, ...this.temporary.values(), this.synchronizer.store]
  }

  /** @throws CantonError TOPOLOGY_TEMPORARY_STORE_ALREADY_EXISTS */
  createTemporary(name: string): StoreId {
    if (this.temporary.has(name)) {
      throw new CantonError(
        'TOPOLOGY_TEMPORARY_STORE_ALREADY_EXISTS',
        'there is a temporary store with this name',
      )
    }
    const store = new TopologyStore({ $case: 'temporary', name })
    this.temporary.set(name, store)
    return store.id
  }

  /** @throws CantonError TOPOLOGY_STORE_NOT_FOUND */
  dropTemporary(name: string): void {
    this.store({ $case: 'temporary', name })
    this.temporary.delete(name)
  }
}
