/** The Ledger API over gRPC. */
import {
  InteractiveSubmission,
  LedgerCompletions,
  LedgerParties,
  LedgerState,
  LedgerUpdates,
  LedgerUsers,
  LedgerVersion,
} from '../../online/wire/services.ts'
import { CantonError } from '../core/canton-error.ts'
import type { Context } from './context.ts'
import { responseStream, unary, type Endpoint } from './grpc-services.ts'
import {
  allocateParty,
  commandsOf,
  completed,
  completionMessage,
  connectedSynchronizers,
  executeSubmission,
  generateParty,
  knownParties,
  partiesByName,
  prepareSubmission,
  SANDBOX_USER,
  SANDBOX_VERSION,
  updateMessage,
} from './ledger-calls.ts'

const POLL_MILLIS = 50

/** Entries of a list that grows, from an offset on; ends at a given offset, or when nobody listens. */
async function* follow<T extends { readonly offset: bigint }>(
  context: Context,
  entries: readonly T[],
  beginExclusive: bigint,
  endInclusive: bigint | undefined,
  cancelled: () => boolean,
): AsyncGenerator<T> {
  let next = 0
  while (!cancelled()) {
    context.now()
    for (; next < entries.length; next++) {
      const entry = entries[next]
      if (entry === undefined || entry.offset <= beginExclusive) continue
      if (endInclusive !== undefined && entry.offset > endInclusive) return
      yield entry
    }
    if (endInclusive !== undefined && context.node.ledger.end >= endInclusive) return
    await context.pause(POLL_MILLIS)
  }
}

function requireOffset(context: Context, offset: bigint): void {
  context.now()
  if (offset < 0n) throw new CantonError('INVALID_ARGUMENT', 'an offset is not negative')
  if (offset > context.node.ledger.end) {
    throw new CantonError('OFFSET_AFTER_LEDGER_END', 'the offset lies after the end of the ledger')
  }
}

function requireUser(userId: string): void {
  if (userId === '' || userId === SANDBOX_USER) return
  throw new CantonError('USER_NOT_FOUND', 'there is no such user')
}

function parties(context: Context): readonly Endpoint[] {
  return [
    unary(LedgerParties.GetParticipantId, true, () => ({ participantId: context.participant.uid })),
    unary(LedgerParties.GetParties, true, (request) => ({
      partyDetails: partiesByName(context, request.parties),
    })),
    unary(LedgerParties.ListKnownParties, true, ({ filterParty }) => ({
      partyDetails: knownParties(context, filterParty),
    })),
    unary(LedgerParties.GenerateExternalPartyTopology, true, (request) =>
      generateParty(context, request),
    ),
    unary(LedgerParties.AllocateExternalParty, false, async (request) =>
      allocateParty(context, request),
    ),
    unary(LedgerUsers.GetUser, true, ({ userId }) => {
      requireUser(userId)
      return { user: { id: SANDBOX_USER } }
    }),
    unary(LedgerUsers.ListUserRights, true, ({ userId }) => {
      requireUser(userId)
      return { rights: [{ kind: { $case: 'participantAdmin', value: {} } }] }
    }),
  ]
}

function state(context: Context): readonly Endpoint[] {
  const { synchronizer, node } = context
  return [
    unary(LedgerVersion.GetLedgerApiVersion, true, () => ({ version: SANDBOX_VERSION })),
    unary(LedgerState.GetLedgerEnd, true, () => {
      context.now()
      return { offset: node.ledger.end }
    }),
    unary(LedgerState.GetConnectedSynchronizers, true, (request) =>
      connectedSynchronizers(context, request),
    ),
    responseStream(LedgerUpdates.GetUpdates, true, async function* (request, cancelled) {
      const { beginExclusive, endInclusive, updateFormat } = request
      requireOffset(context, beginExclusive)
      const { updates } = node.ledger
      for await (const update of follow(
        context,
        updates,
        beginExclusive,
        endInclusive,
        cancelled,
      )) {
        const message = updateMessage(update, updateFormat, synchronizer.logical)
        if (message !== undefined) yield message
      }
    }),
    responseStream(LedgerCompletions.CompletionStream, true, async function* (request, cancelled) {
      const { beginExclusive } = request
      requireOffset(context, beginExclusive)
      const wanted = new Set(request.parties)
      const { completions } = node.ledger
      for await (const one of follow(context, completions, beginExclusive, undefined, cancelled)) {
        const { actAs, userId } = one.transaction.submission
        if (!actAs.some((party) => wanted.has(party)) || userId !== request.userId) continue
        const value = completionMessage(one, synchronizer.logical)
        yield { completionResponse: { $case: 'completion', value } }
      }
    }),
  ]
}

function submission(context: Context): readonly Endpoint[] {
  return [
    unary(InteractiveSubmission.PrepareSubmission, false, (request) =>
      prepareSubmission(context, request, commandsOf(request)),
    ),
    unary(InteractiveSubmission.ExecuteSubmission, false, (request) => {
      executeSubmission(context, request)
      return {}
    }),
    unary(InteractiveSubmission.ExecuteSubmissionAndWait, false, async (request) =>
      completed(context, executeSubmission(context, request)),
    ),
  ]
}

export function ledgerEndpoints(context: Context): readonly Endpoint[] {
  return [...parties(context), ...state(context), ...submission(context)]
}
