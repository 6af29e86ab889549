/** `transaction execute`: signed Daml transactions are handed in, once. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import { executePackage, outcomeOf, type Submission } from '../../src/online/execute.ts'
import type { Completion } from '../../src/online/ledger.ts'
import { readPackageInput } from '../commands/package-input.ts'
import { packageActingStates } from '../commands/prepared-state.ts'
import { readStateInput } from '../commands/state-input.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { connectionOf, waitSecondsOf } from './connection.ts'
import { withLedger } from './open.ts'
import { TRANSACTION_EXECUTE_OPTIONS } from './party-options.ts'

interface Executed {
  readonly submission: Submission
  /** `undefined`: not waited for, or not known when the time was over. */
  readonly completion: Completion | undefined
}

export const run: CommandRun = async (args, io) => {
  const path = args.positional('package')
  const beside = await readStateInput(args)
  const { package: content } = await readPackageInput(path, {
    resolve: beside.resolve,
    limits: beside.limits,
  })
  if (content.preparedTransactions.length === 0) {
    throw new CantosignError(
      'usage',
      `${path} holds no prepared Daml transactions`,
      'topology transactions are handed in with: submit',
    )
  }
  const waitSeconds = waitSecondsOf(args)
  const states = packageActingStates(content, beside)
  const { settings } = connectionOf(args, TRANSACTION_EXECUTE_OPTIONS)
  const userId = args.string('user-id') ?? ''
  const executed = await withLedger(settings, async (ledger): Promise<readonly Executed[]> => {
    const submissions = await executePackage(ledger, content, {
      parties: states.map(({ parties }) => parties),
      resolve: beside.resolve,
      userId,
      earlierOffset: offsetOf(args),
    })
    const end = performance.now() + (waitSeconds ?? 0) * 1000
    const results: Executed[] = []
    for (const submission of submissions) {
      const completion =
        waitSeconds === undefined
          ? undefined
          : await outcomeOf(ledger, submission, userId, end - performance.now())
      results.push({ submission, completion })
    }
    return results
  })
  present(executed, args, io)
  const known = executed.every(({ completion }) => completion !== undefined)
  return waitSeconds !== undefined && !known ? ExitStatus.incomplete : ExitStatus.done
}

/** @throws CantosignError `usage` */
function offsetOf(args: Arguments): bigint {
  const text = args.string('begin-offset') ?? '0'
  if (/^(?:0|[1-9]\d{0,17})$/.test(text)) return BigInt(text)
  throw new CantosignError(
    'usage',
    `--begin-offset ${text} is no offset`,
    'write it in decimal digits, as the participant prints it',
  )
}

function present(executed: readonly Executed[], args: Arguments, io: Io): void {
  if (args.json) {
    const transactions = executed.map(({ submission, completion }) => ({
      hash: submission.entry.hash,
      commandId: submission.commandId,
      submissionId: submission.submissionId,
      handedIn: submission.handedIn,
      beginOffset: String(submission.beginOffset),
      updateId: completion?.updateId ?? null,
      completionOffset: completion === undefined ? null : String(completion.offset),
    }))
    io.stdout.write(`${JSON.stringify({ transactions })}\n`)
    return
  }
  if (args.quiet) return
  const lines = executed.flatMap(({ submission, completion }) => [
    submission.entry.hash,
    submission.handedIn === 'now' ? '  handed in' : '  was handed in before',
    ...(completion === undefined
      ? ['  what became of it is not known yet: transaction execute --wait looks for it']
      : [`  committed as update ${escapeText(completion.updateId)}, offset ${completion.offset}`]),
  ])
  io.stderr.write(`${lines.join('\n')}\n`)
}
