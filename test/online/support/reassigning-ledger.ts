/** A participant on two synchronizers, over real gRPC, as docs/protocol/reassignment.md has it. */
import { hostPortText } from '../../../src/online/address.ts'
import { decodeApiMessage, type ApiInput } from '../../../src/online/wire/codec.ts'
import type { Reassignment } from '../../../src/online/wire/generated/schema.ts'
import { LedgerCommands, LedgerState, LedgerUpdates } from '../../../src/online/wire/services.ts'
import { cantonError, grpcError, reply, startServer, status } from './server.ts'

export const namespace = `1220${'a'.repeat(64)}`
export const PARTY = `alice::${namespace}`
export const FROM = `here::${namespace}`
export const TO = `there::${namespace}`
export const ONE = `00${'1'.repeat(64)}01`
export const TWO = `00${'2'.repeat(64)}02`

export type Answered =
  | 'well'
  | 'lost'
  | 'refused'
  | 'empty'
  /** What an earlier command asked for happens just now, and this one is refused for it. */
  | 'late'

/** What the participant holds, and what it was asked for. */
export class Ledger {
  readonly updates: ApiInput<Reassignment>[] = []
  readonly commands: string[] = []
  readonly place = new Map([
    [ONE, FROM],
    [TWO, FROM],
  ])
  readonly underway = new Map<string, readonly string[]>()
  connected = [FROM, TO]
  /** How the next commands are answered. */
  answers: Answered[] = []
  /** What it says of the end of its ledger, in place of the truth. */
  claimedEnd: bigint | undefined
  /** What it calls a reassignment, in place of an id. */
  claimedId: string | undefined

  get end(): bigint {
    return BigInt(this.updates.length)
  }

  submit(bytes: Buffer): Buffer | Error {
    const { reassignmentCommands } = decodeApiMessage(
      'SubmitAndWaitForReassignmentRequest',
      new Uint8Array(bytes),
    )
    const { commandId = '', submitter = '', commands = [] } = reassignmentCommands ?? {}
    this.commands.push(commandId)
    const answer = this.answers.shift() ?? 'well'
    if (answer === 'refused') {
      return cantonError(status.INVALID_ARGUMENT, 'REASSIGNMENT_VALIDATION_FAILED', 'not so')
    }
    const [first] = commands
    const offset = this.end + 1n
    let made: ApiInput<Reassignment>
    if (first?.command?.$case === 'assignCommand') {
      const { reassignmentId, source, target } = first.command.value
      const contracts = this.underway.get(reassignmentId)
      if (contracts === undefined) {
        return cantonError(status.INVALID_ARGUMENT, 'ASSIGNMENT_ALREADY_COMPLETED', 'it is there')
      }
      this.underway.delete(reassignmentId)
      for (const contract of contracts) this.place.set(contract, target)
      const event = {
        $case: 'assigned',
        value: { source, target, reassignmentId, submitter },
      } as const
      made = { commandId, offset, events: contracts.map(() => ({ event })) }
    } else {
      const all = commands.flatMap(({ command }) =>
        command?.$case === 'unassignCommand' ? [command.value] : [],
      )
      if (all.some(({ contractId, source }) => this.place.get(contractId) !== source)) {
        return cantonError(
          status.INVALID_ARGUMENT,
          'UNASSIGNMENT_ACTIVENESS_CHECK_FAILED',
          'the contract is not active',
        )
      }
      const reassignmentId = this.claimedId ?? `00${offset.toString(16).padStart(64, '0')}`
      for (const { contractId } of all) this.place.set(contractId, 'nowhere')
      this.underway.set(
        reassignmentId,
        all.map(({ contractId }) => contractId),
      )
      made = {
        commandId,
        offset,
        events: all.map((value) => ({
          event: { $case: 'unassigned', value: { ...value, reassignmentId, submitter } },
        })),
      }
    }
    this.updates.push(made)
    if (answer === 'late') {
      return cantonError(status.INVALID_ARGUMENT, 'REASSIGNMENT_VALIDATION_FAILED', 'it is done')
    }
    if (answer === 'lost') return grpcError(status.UNAVAILABLE, 'Connection dropped')
    return reply(
      'SubmitAndWaitForReassignmentResponse',
      answer === 'empty' ? {} : { reassignment: made },
    )
  }

  *since(bytes: Buffer): Generator<Buffer> {
    const { beginExclusive, endInclusive } = decodeApiMessage(
      'GetUpdatesRequest',
      new Uint8Array(bytes),
    )
    for (const [i, value] of this.updates.entries()) {
      const offset = BigInt(i + 1)
      if (offset <= beginExclusive || offset > (endInclusive ?? offset)) continue
      yield reply('GetUpdatesResponse', { update: { $case: 'reassignment', value } })
    }
  }
}

/** Serves a ledger. */
export async function serveLedger(
  ledger: Ledger,
): Promise<{ readonly address: string; readonly stop: () => void }> {
  const server = await startServer([
    [
      LedgerState.GetLedgerEnd,
      {
        $case: 'unary',
        run: () => reply('GetLedgerEndResponse', { offset: ledger.claimedEnd ?? ledger.end }),
      },
    ],
    [
      LedgerState.GetConnectedSynchronizers,
      {
        $case: 'unary',
        run: () =>
          reply('GetConnectedSynchronizersResponse', {
            connectedSynchronizers: ledger.connected.map((synchronizerId) => ({ synchronizerId })),
          }),
      },
    ],
    [LedgerUpdates.GetUpdates, { $case: 'stream', run: ({ request }) => ledger.since(request) }],
    [
      LedgerCommands.SubmitAndWaitForReassignment,
      { $case: 'unary', run: ({ request }) => ledger.submit(request) },
    ],
  ])
  return { address: hostPortText(server.address), stop: server.stop }
}
