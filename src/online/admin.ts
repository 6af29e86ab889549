/** The Admin API of one participant. */
import { checkedParticipant } from './answers.ts'
import { GrpcConnection, isUnsupported } from './grpc.ts'
import type { Route } from './connection.ts'
import type { StoreId } from './wire/generated/schema.ts'
import { Connectivity, Identity, TopologyRead, TopologyWrite } from './wire/services.ts'

const READ = { effect: 'read' } as const

export interface ConnectedSynchronizer {
  readonly alias: string
  /** Logical. */
  readonly id: string
  /** Empty in release line 3.3. */
  readonly physicalId: string
}

export class AdminApi {
  readonly connection: GrpcConnection

  constructor(route: Route) {
    this.connection = new GrpcConnection(route)
  }

  close(): void {
    this.connection.close()
  }

  /** `undefined` for a node that has no id yet. */
  async participantId(): Promise<string | undefined> {
    const { initialized, uniqueIdentifier } = await this.connection.unary(Identity.GetId, {}, READ)
    return initialized ? checkedParticipant(uniqueIdentifier, this.connection.address) : undefined
  }

  async connectedSynchronizers(): Promise<readonly ConnectedSynchronizer[]> {
    const { connectedSynchronizers } = await this.connection.unary(
      Connectivity.ListConnectedSynchronizers,
      {},
      READ,
    )
    return connectedSynchronizers.map((one) => ({
      alias: one.synchronizerAlias,
      id: one.synchronizerId,
      physicalId: one.physicalSynchronizerId,
    }))
  }

  async stores(): Promise<readonly StoreId[]> {
    return (await this.connection.unary(TopologyRead.ListAvailableStores, {}, READ)).storeIds
  }

  /**
   * Adds signed transactions, each a plain SignedTopologyTransaction. Doing it twice is doing it
   * once: what brings no new signer is dropped by the node.
   */
  async addTransactions(transactions: readonly Uint8Array[], store: StoreId): Promise<void> {
    await this.connection.unary(
      TopologyWrite.AddTransactions,
      { transactions, store },
      { effect: 'repeatable' },
    )
  }
}

export { isUnsupported }
