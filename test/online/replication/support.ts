/** Values for tests of replication without any participant. */
import { signedTransactionFile } from '../../../src/topology/assemble.ts'
import { readSignedTransaction } from '../../../src/topology/signed-transaction.ts'
import type {
  HostingFacts,
  SourceFacts,
  TargetFacts,
} from '../../../src/online/replication/checks.ts'
import { hostingOf, type Hosting } from '../../../src/online/replication/hosting.ts'
import {
  complete,
  newReplication,
  STEPS,
  type Plan,
  type ReplicationState,
  type Step,
  type StepData,
  type StepRecord,
} from '../../../src/online/replication/state.ts'
import { encodeMessage, wrap } from '../../../src/wire/codec.ts'
import type { HostingParticipant, Signature } from '../../../src/wire/generated/schema.ts'

export const fingerprintOf = (digit: string): string => `1220${digit.repeat(64)}`

export const PLAN: Plan = {
  party: `alice::${fingerprintOf('a')}`,
  synchronizer: `sync::${fingerprintOf('5')}::35-0`,
  source: `source::${fingerprintOf('b')}`,
  target: `target::${fingerprintOf('c')}`,
  permission: 'confirmation',
  packages: [],
}

export const host = (
  participantUid: string,
  onboarding = false,
  permission = 2,
): HostingParticipant => ({
  participantUid,
  permission,
  onboarding: onboarding ? {} : undefined,
})

/** A signature of nobody: nothing here is verified. */
const signature: Signature = {
  format: 3,
  signature: new Uint8Array(64).fill(7),
  signedBy: fingerprintOf('c'),
  signingAlgorithmSpec: 1,
  signatureDelegation: undefined,
}

export function hosting(
  serial: number,
  participants: readonly HostingParticipant[],
  { party = PLAN.party, operation = 1, threshold = 1 } = {},
): Hosting {
  const transaction = wrap(
    encodeMessage('TopologyTransaction', {
      operation,
      serial,
      mapping: {
        mapping: {
          $case: 'partyToParticipant',
          value: { party, threshold, participants, partySigningKeys: undefined },
        },
      },
    }),
  )
  const bytes = signedTransactionFile(transaction, signature, true)
  const made = hostingOf(readSignedTransaction(bytes))
  if (made === undefined) throw new Error('the hosts of the test are not sound')
  return made
}

/** Before: the source alone. The proposal: the target beside it. */
export const PRESENT = hosting(1, [host(PLAN.source)])
export const PROPOSED = hosting(2, [host(PLAN.source), host(PLAN.target, true)])

const LEDGER_END = { ledgerEnd: 7n }

export const DATA: StepData = {
  vetting: { packages: [] },
  retention: { schedule: Uint8Array.of(10, 2, 8, 1) },
  proposal: { hash: PROPOSED.hash, serial: 2, transaction: PROPOSED.signed.bytes },
  isolation: { synchronizers: [{ alias: 'sync', connected: true, manualConnect: false }] },
  package: LEDGER_END,
  authorization: {},
  export: { sha256: 'd'.repeat(64), length: 3 },
  schedule: {},
  backup: {},
  import: LEDGER_END,
  connection: LEDGER_END,
  clearance: {},
}

export const AT = '2026-01-02T03:04:05.678Z'

export const record = (step: Step): StepRecord => ({ step, at: AT, data: DATA[step] }) as StepRecord // the data is that of the step

/** A replication of which this step comes next. */
export function before(step: Step | undefined, plan: Plan = PLAN): ReplicationState {
  const done = STEPS.slice(0, step === undefined ? STEPS.length : STEPS.indexOf(step))
  return done.map(record).reduce(complete, newReplication(plan))
}

export const hostingFacts = (change: Partial<HostingFacts> = {}): HostingFacts => ({
  last: PRESENT,
  effective: true,
  proposals: [],
  ...change,
})

export const sourceFacts = (change: Partial<SourceFacts> = {}): SourceFacts => ({
  uid: PLAN.source,
  hosting: hostingFacts(),
  schedule: undefined,
  ...change,
})

export const targetFacts = (change: Partial<TargetFacts> = {}): TargetFacts => ({
  uid: PLAN.target,
  hosting: hostingFacts(),
  registrations: [
    {
      alias: 'sync',
      connected: false,
      manualConnect: true,
      physicalId: PLAN.synchronizer,
      config: new Uint8Array(),
    },
  ],
  vettedByTarget: new Set(),
  vettedBySource: new Set(),
  ...change,
})
