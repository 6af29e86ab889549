/** A rehearsal for tests: time is a number that the test moves on. */
import { Rehearsal, type RehearsalNode } from '../../src/sandbox/core/rehearsal.ts'
import { createSandbox } from '../../src/sandbox/core/sandbox.ts'
import {
  allocateExternalParty,
  generateExternalParty,
} from '../../src/sandbox/core/external-party.ts'
import { DELAY, START, type Person } from './network.ts'

export const CLEARANCE_DELAY = 60_000_000n

export interface Stage {
  readonly rehearsal: Rehearsal
  readonly node: (index: number) => RehearsalNode
  now: bigint
  /** Lets microseconds pass. */
  readonly pass: (micros: bigint) => void
}

export function stageOf(rehearsal: Rehearsal, now: bigint): Stage {
  const stage: Stage = {
    rehearsal,
    now,
    node: (index) => {
      const found = rehearsal.nodes[index - 1]
      if (found === undefined) throw new Error(`no participant ${index}`)
      return found
    },
    pass: (micros) => {
      stage.now += micros
      rehearsal.advance(stage.now)
    },
  }
  return stage
}

export async function newStage(participants = 2, protocolVersion = 35): Promise<Stage> {
  const sandbox = await createSandbox({
    participants,
    protocolVersion,
    effectDelay: DELAY,
    now: START,
  })
  return stageOf(new Rehearsal(sandbox, CLEARANCE_DELAY), START + 1_000_000n)
}

/** Sets up the party of a person on these participants and lets it take effect. */
export function setUpParty(stage: Stage, person: Person, hosts: readonly number[] = [1]): string {
  const [first, ...others] = hosts.map(stage.node)
  if (first === undefined) throw new Error('no host')
  const synchronizer = stage.rehearsal.sandbox.synchronizer.logical
  const { partyId, transactions, multiHash } = generateExternalParty(first, {
    synchronizer,
    partyHint: 'alice',
    publicKey: person.key.publicKey,
    localObservationOnly: false,
    otherConfirming: others.map(({ uid }) => uid),
    threshold: 0,
    observing: [],
  })
  for (const node of [first, ...others]) {
    allocateExternalParty(
      node,
      {
        synchronizer,
        transactions: transactions.map((transaction) => ({ transaction, signatures: [] })),
        multiHashSignatures: [person.sign(multiHash)],
      },
      stage.now,
    )
    stage.pass(1n)
  }
  stage.pass(DELAY + 1n)
  return partyId
}
