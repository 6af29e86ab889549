/** Looking for what became of a transaction, at participants that say everything but that. */
import { afterEach, expect, test } from 'vitest'
import { Routes } from '../../src/online/connection.ts'
import { outcomeOf, type Submission } from '../../src/online/execute.ts'
import { GrpcLedgerApi } from '../../src/online/ledger-grpc.ts'
import { LedgerCompletions } from '../../src/online/wire/services.ts'
import { reply, settingsFor, startServer, type Streaming } from './support/server.ts'

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

async function ledgerWith(run: Streaming): Promise<GrpcLedgerApi> {
  const handler = { $case: 'stream', run } as const
  const { address, stop } = await startServer([[LedgerCompletions.CompletionStream, handler]])
  const ledger = new GrpcLedgerApi(new Routes(settingsFor()).grpc(address))
  closing.push(stop, () => {
    ledger.close()
  })
  return ledger
}

const pause = async (millis: number): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, millis))
}

test('a stream that brings no completion does not hold up the end of the time', async () => {
  const ledger = await ledgerWith(async function* () {
    for (;;) {
      yield reply('CompletionStreamResponse', {})
      await pause(20)
    }
  })
  const begin = performance.now()
  expect(await outcomeOf(ledger, submission, '', 500)).toBeUndefined()
  expect(performance.now() - begin).toBeLessThan(5_000)
})
