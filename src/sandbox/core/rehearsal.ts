/** A sandbox with its ledgers: everything that the APIs of its participants act upon. */
import { ECHO_PACKAGE } from './echo-package.ts'
import { InteractiveSubmission } from './interactive-submission.ts'
import { LedgerLog, ParticipantLedger } from './ledger.ts'
import type { Participant } from './participant.ts'
import { clearScheduled, type Scheduled } from './replication.ts'
import type { Sandbox } from './sandbox.ts'
import type { WritingNode } from './topology-write.ts'

/** A pruning schedule as it was set; nothing is ever pruned. */
export interface PruningSchedule {
  readonly cron: string
  /** Microseconds. */
  readonly maxDuration: bigint
  readonly retention: bigint
  readonly pruneInternallyOnly: boolean
}

/** What is behind the APIs of one participant. */
export class RehearsalNode implements WritingNode {
  readonly participant: Participant
  readonly ledger: ParticipantLedger
  /** Parties whose onboarding flag is to be cleared. */
  readonly scheduled: Scheduled = new Map()
  pruning: PruningSchedule | undefined
  /** SynchronizerConnectionConfig as it was last set; `undefined` for the one it began with. */
  connectionConfig: Uint8Array | undefined
  manualConnect = false

  constructor(participant: Participant, log: LedgerLog) {
    this.participant = participant
    this.ledger = new ParticipantLedger(participant, log)
  }

  get uid(): string {
    return this.participant.uid
  }

  hasPackage(packageId: string): boolean {
    return packageId === ECHO_PACKAGE.id
  }

  isSignatory(party: string): boolean {
    return [...this.ledger.contracts.values()].some(({ create }) =>
      create.signatories.includes(party),
    )
  }

  hasContracts(party: string): boolean {
    return [...this.ledger.contracts.values()].some(({ create }) =>
      create.stakeholders.includes(party),
    )
  }
}

export class Rehearsal {
  readonly sandbox: Sandbox
  readonly log: LedgerLog
  readonly nodes: readonly RehearsalNode[]
  readonly submission: InteractiveSubmission
  /** From the activation of a host to the time at which its flag may be cleared, microseconds. */
  readonly clearanceDelay: bigint

  constructor(sandbox: Sandbox, clearanceDelay: bigint, log = new LedgerLog(sandbox.synchronizer)) {
    this.sandbox = sandbox
    this.log = log
    this.clearanceDelay = clearanceDelay
    this.nodes = sandbox.participants.map((participant) => new RehearsalNode(participant, log))
    this.submission = new InteractiveSubmission(log)
  }

  /** Lets happen what is due at this time. */
  advance(now: bigint): void {
    for (const node of this.nodes) {
      clearScheduled(node, node.scheduled, this.clearanceDelay, now)
      node.ledger.advance(now)
    }
  }

  /** Wipes every key. */
  wipe(): void {
    this.sandbox.owner.wipe()
    for (const { vault } of this.sandbox.participants) vault.wipe()
  }
}
