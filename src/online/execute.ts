/** Executing signed Daml transactions, and learning what became of them. */
import { CantosignError } from '../base/errors.ts'
import { HASHING_SCHEMES } from '../daml/scheme.ts'
import {
  partySignatures,
  submissionId,
  type ExecuteExportOptions,
} from '../package/export-execute.ts'
import type { PackagePreparedTransaction, SigningPackage } from '../package/model.ts'
import { failureError, failureOf, mayPass } from './failure.ts'
import type { Completion, LedgerApi, SchemeNumber } from './ledger.ts'

/** One transaction that was handed in, or had been before. */
export interface Submission {
  readonly entry: PackagePreparedTransaction
  readonly commandId: string
  readonly submissionId: string
  readonly parties: readonly string[]
  /** Where to look for its completion from. */
  readonly beginOffset: bigint
  /** `earlier`: the participant had taken it before. */
  readonly handedIn: 'now' | 'earlier'
}

/** Codes that say the same submission came before. */
const EARLIER: ReadonlySet<unknown> = new Set(['DUPLICATE_COMMAND', 'SUBMISSION_ALREADY_IN_FLIGHT'])

export interface ExecuteOptions extends ExecuteExportOptions {
  /** Empty: the user of the token. */
  readonly userId: string
  /** Where to look for the outcome of an earlier attempt. */
  readonly earlierOffset: bigint
}

/**
 * Hands in every prepared transaction of a package, in order. One that was taken before is found as
 * that.
 * @throws CantosignError as `partySignatures` before anything is sent, and as the calls
 */
export async function executePackage(
  ledger: LedgerApi,
  content: SigningPackage,
  options: ExecuteOptions,
): Promise<readonly Submission[]> {
  const signed = partySignatures(content, options)
  const submissions: Submission[] = []
  for (const [i, entry] of content.preparedTransactions.entries()) {
    const signatures = signed[i] ?? []
    const beginOffset = await ledger.ledgerEnd()
    const submission = {
      entry,
      commandId: entry.prepared.value.metadata?.submitterInfo?.commandId ?? '',
      submissionId: submissionId(entry),
      parties: signatures.map(({ party }) => party),
    }
    const scheme = HASHING_SCHEMES[entry.scheme].number as SchemeNumber
    try {
      await ledger.execute({
        preparedTransaction: entry.prepared.bytes,
        signatures,
        scheme,
        submissionId: submission.submissionId,
        userId: options.userId,
      })
      submissions.push({ ...submission, beginOffset, handedIn: 'now' })
    } catch (error) {
      const isEarlier = error instanceof CantosignError && EARLIER.has(error.details['cantonCode'])
      if (!isEarlier) throw error
      const before = { ...submission, beginOffset: options.earlierOffset }
      submissions.push({ ...before, handedIn: 'earlier' })
    }
  }
  return submissions
}

const LOOK_MILLIS = 2_000

/**
 * Waits for the completion of a submission.
 * @returns the update, or `undefined` if the time is over before
 * @throws CantosignError `transaction-rejected`, and as the calls
 */
export async function outcomeOf(
  ledger: LedgerApi,
  submission: Submission,
  userId: string,
  timeoutMillis: number,
): Promise<Completion | undefined> {
  const end = performance.now() + timeoutMillis
  let after = submission.beginOffset
  for (;;) {
    const left = end - performance.now()
    if (left <= 0) return undefined
    let found: readonly Completion[]
    try {
      found = await ledger.completions(
        submission.parties,
        after,
        userId,
        Math.min(left, LOOK_MILLIS),
      )
    } catch (error) {
      if (!mayPass(error)) throw error
      await new Promise((resolve) => setTimeout(resolve, Math.min(left, LOOK_MILLIS)))
      continue
    }
    for (const completion of found) {
      if (completion.offset > after) after = completion.offset
      if (!isOf(completion, submission)) continue
      if (completion.code === 0) return completion
      // The completion of a repetition says only that there was a first one.
      const failure = failureOf(completion.code, completion.message, completion.details)
      if (EARLIER.has(failure.cantonCode)) continue
      const error = failureError(failure, {
        name: `the transaction ${submission.entry.hash}`,
        address: ledger.address,
        changes: false,
        token: undefined,
        hide: undefined,
        timeoutMillis,
        filter: undefined,
      })
      throw new CantosignError('transaction-rejected', error.message, error.hint, {
        details: { ...error.details, hash: submission.entry.hash },
      })
    }
  }
}

function isOf(completion: Completion, submission: Submission): boolean {
  return (
    completion.commandId === submission.commandId &&
    completion.submissionId === submission.submissionId
  )
}
