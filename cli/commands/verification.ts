/** What `verify` finds out, counted while transactions pass, and the exit status it leads to. */
import type { AuthorizationResult, Relaxation } from '../../src/authorization/result.ts'
import type { PreparedJudgement } from '../../src/explain/prepared-judgement.ts'
import { ExitStatus } from '../../src/base/error-codes.ts'
import { StreamSummary } from './stream-summary.ts'

/** The verdict on one transaction. */
export interface Verdict {
  /** Hex of 68 characters. */
  readonly hash: string
  readonly authorization: AuthorizationResult
}

/** Verdicts that are kept to be shown to a person; all are counted. */
const SHOWN_VERDICTS = 20

export class Verification {
  readonly summary = new StreamSummary()
  readonly statuses = { authorized: 0, incomplete: 0, unauthorized: 0, unknown: 0 }
  /** How often each relaxation was needed, and for which transaction first. */
  readonly relaxations = new Map<Relaxation, { count: number; readonly first: string }>()
  /** How each prepared Daml transaction of a package stands. */
  readonly prepared: PreparedJudgement[] = []
  /** The first verdicts that are not `authorized`. */
  readonly open: Verdict[] = []
  /** True if a finding of a transaction speaks against it, as where there is only what is to be signed. */
  readonly #findingsCount: boolean

  /** @param findingsCount false for snapshots and lists, whose oddities a network has accepted */
  constructor(findingsCount: boolean) {
    this.#findingsCount = findingsCount
  }

  addVerdict(verdict: Verdict): void {
    const { hash, authorization } = verdict
    this.statuses[authorization.status]++
    for (const relaxation of authorization.relaxations) {
      const known = this.relaxations.get(relaxation) ?? { count: 0, first: hash }
      known.count++
      this.relaxations.set(relaxation, known)
    }
    if (authorization.status !== 'authorized' && this.open.length < SHOWN_VERDICTS) {
      this.open.push(verdict)
    }
  }

  addPrepared(judgement: PreparedJudgement): void {
    this.statuses[judgement.status]++
    this.prepared.push(judgement)
  }

  /** Number of transactions that are not `authorized`. */
  get undecided(): number {
    const { incomplete, unauthorized, unknown } = this.statuses
    return incomplete + unauthorized + unknown
  }

  /** docs/errors.md; `done` exactly if everything is valid, authorized and, if it counts, in order. */
  get status(): ExitStatus {
    const { valid, invalid, unverifiable } = this.summary.signatures
    if (invalid > 0 || this.statuses.unauthorized > 0) return ExitStatus.unverified
    if (this.#findingsCount && this.summary.refused) return ExitStatus.malformed
    const open = unverifiable > 0 || this.undecided > 0 || valid === 0
    return open ? ExitStatus.incomplete : ExitStatus.done
  }
}
