/** Waiting for what becomes of something, at participants that say everything but that. */
import { afterEach, expect, test } from 'vitest'
import { waitForHosting } from '../../src/online/allocate.ts'
import { Routes } from '../../src/online/connection.ts'
import { outcomeOf, type Submission } from '../../src/online/execute.ts'
import { GrpcLedgerApi } from '../../src/online/ledger-grpc.ts'
import type { ApiMethod } from '../../src/online/wire/services.ts'
import { LedgerCompletions, LedgerState } from '../../src/online/wire/services.ts'
import {
  cantonError,
  grpcError,
  reply,
  settingsFor,
  startServer,
  status,
  type Handler,
} from './support/server.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

const submission: Submission = {
  entry: undefined as never, // what it is about is not asked for
  commandId: 'command',
  submissionId: 'submission',
  parties: ['alice::1220'],
  beginOffset: 1n,
  handedIn: 'now',
}

async function ledgerWith(method: ApiMethod, handler: Handler): Promise<GrpcLedgerApi> {
  const { address, stop } = await startServer([[method, handler]])
  const ledger = new GrpcLedgerApi(new Routes(settingsFor({ timeoutMillis: 200 })).grpc(address))
  closing.push(stop, () => {
    ledger.close()
  })
  return ledger
}

const pause = async (millis: number): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, millis))
}

test('a stream that brings no completion does not hold up the end of the time', async () => {
  const ledger = await ledgerWith(LedgerCompletions.CompletionStream, {
    $case: 'stream',
    run: async function* () {
      for (;;) {
        yield reply('CompletionStreamResponse', {})
        await pause(20)
      }
    },
  })
  const begin = performance.now()
  expect(await outcomeOf(ledger, submission, '', 500)).toBeUndefined()
  expect(performance.now() - begin).toBeLessThan(5_000)
})

const starting = [
  ['is down', () => grpcError(status.UNAVAILABLE, 'no')],
  [
    'starts',
    () => cantonError(status.UNAVAILABLE, 'SERVICE_NOT_RUNNING', 'later', { retryMillis: 10 }),
  ],
] as const

test.each(starting)('a completion of a participant that %s is waited for', async (_what, error) => {
  let asked = 0
  const ledger = await ledgerWith(LedgerCompletions.CompletionStream, {
    $case: 'stream',
    run: async function* () {
      if ((asked += 1) < 3) throw error()
      const { commandId, submissionId } = submission
      const value = { commandId, submissionId, updateId: 'done', offset: 2n }
      yield reply('CompletionStreamResponse', {
        completionResponse: { $case: 'completion', value },
      })
      await pause(5_000)
    },
  })
  expect(await outcomeOf(ledger, submission, '', 20_000)).toMatchObject({ updateId: 'done' })
})

test.each(starting)('the hosting by a participant that %s is waited for', async (_what, error) => {
  const begin = performance.now()
  const ledger = await ledgerWith(LedgerState.GetConnectedSynchronizers, {
    $case: 'unary',
    run: () =>
      performance.now() - begin < 1_000
        ? error()
        : reply('GetConnectedSynchronizersResponse', {
            connectedSynchronizers: [{ synchronizerId: 's::1220' }],
          }),
  })
  const wanted = { partyId: 'p::1220', synchronizer: 's::1220', outcome: 'allocated' } as const
  expect(await waitForHosting(ledger, wanted, 20_000)).toBe(true)
})

test('a refusal is not waited out', async () => {
  const ledger = await ledgerWith(LedgerState.GetConnectedSynchronizers, {
    $case: 'unary',
    run: () => cantonError(status.INVALID_ARGUMENT, 'INVALID_ARGUMENT', 'no party'),
  })
  const wanted = { partyId: 'p::1220', synchronizer: 's::1220', outcome: 'allocated' } as const
  await expect(waitForHosting(ledger, wanted, 20_000)).rejects.toMatchObject({
    code: 'ledger-refused',
  })
})
