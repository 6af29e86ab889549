/** What reassignment asks of the Ledger API, over gRPC. */
import { checkedEnd } from '../answers.ts'
import type { Route } from '../connection.ts'
import { GrpcConnection } from '../grpc.ts'
import type { Reassignment, ReassignmentCommand } from '../wire/generated/schema.ts'
import { LedgerCommands, LedgerState, LedgerUpdates } from '../wire/services.ts'
import type { ReassignmentPlan } from './record.ts'

const READ = { effect: 'read' } as const

/** Updates that are there already come at once; a stream that stands still is given up. */
const IDLE_MILLIS = 60_000

export class ReassignmentLedger {
  readonly #connection: GrpcConnection

  constructor(route: Route) {
    this.#connection = new GrpcConnection(route)
  }

  get address(): string {
    return this.#connection.address
  }

  close(): void {
    this.#connection.close()
  }

  async ledgerEnd(): Promise<bigint> {
    const { offset } = await this.#connection.unary(LedgerState.GetLedgerEnd, {}, READ)
    return checkedEnd(offset, this.address)
  }

  /** Logical ids of the synchronizers that the participant is connected to. */
  async synchronizers(): Promise<readonly string[]> {
    const { connectedSynchronizers } = await this.#connection.unary(
      LedgerState.GetConnectedSynchronizers,
      {},
      READ,
    )
    return connectedSynchronizers.map(({ synchronizerId }) => synchronizerId)
  }

  /** Reassignments that the party has seen since the plan was made, oldest first. */
  async *since({ party, ledgerEnd }: ReassignmentPlan): AsyncGenerator<Reassignment> {
    const endInclusive = await this.ledgerEnd()
    if (endInclusive <= ledgerEnd) return
    const stream = this.#connection.stream(
      LedgerUpdates.GetUpdates,
      {
        beginExclusive: ledgerEnd,
        endInclusive,
        updateFormat: { includeReassignments: eventFormat(party) },
      },
      READ,
      IDLE_MILLIS,
    )
    for await (const { update } of stream) {
      if (update?.$case === 'reassignment') yield update.value
    }
  }

  /**
   * Hands commands in and waits for what came of them.
   * @param what `unassign` or `assign`: ends the command id
   */
  async submit(
    { party, commandId }: ReassignmentPlan,
    what: 'unassign' | 'assign',
    commands: readonly ReassignmentCommand[],
    userId: string,
  ): Promise<Reassignment | undefined> {
    const { reassignment } = await this.#connection.unary(
      LedgerCommands.SubmitAndWaitForReassignment,
      {
        reassignmentCommands: {
          userId,
          commandId: `${commandId}-${what}`,
          submitter: party,
          commands,
        },
        eventFormat: eventFormat(party),
      },
      { effect: 'change' },
    )
    return reassignment
  }
}

const eventFormat = (party: string) => ({
  filtersByParty: [{ key: party, value: { cumulative: [] } }],
  verbose: false,
})
