/** Replication of a party to another participant: contracts carried over, the flag cleared. */
import protobuf from 'protobufjs/minimal.js'
import { participantUidText } from '../../ident/identifiers.ts'
import { decodeMessage, encodeMessage } from '../../wire/codec.ts'
import type { PartyToParticipant } from '../../wire/generated/schema.ts'
import { CantonError } from './canton-error.ts'
import type { Contract, ParticipantLedger } from './ledger.ts'
import { mappingOf, type StoredTransaction } from './stored.ts'
import { authorizeProposal, type WritingNode } from './topology-write.ts'
import { partyToParticipantKey } from './unique-keys.ts'

/** The record of a party's hosts that is in force, in effect or not yet. */
function hostingOf(
  node: WritingNode,
  party: string,
): { readonly record: StoredTransaction; readonly value: PartyToParticipant } | undefined {
  const record = node.participant.synchronizer.store.active(partyToParticipantKey(party))
  const mapping = record === undefined ? undefined : mappingOf(record)
  return record === undefined || mapping?.$case !== 'partyToParticipant'
    ? undefined
    : { record, value: mapping.value }
}

/** @throws CantonError SYNCHRONIZER_NOT_FOUND */
export function requireSynchronizer({ participant }: WritingNode, id: string): void {
  const { logical, physical } = participant.synchronizer
  if (id === logical || id === physical) return
  throw new CantonError('SYNCHRONIZER_NOT_FOUND', 'this node does not know the synchronizer')
}

/**
 * The contracts of a party for a participant that is to host it, as bytes that only the sandbox reads.
 * @param beginExclusive offset before the activation of the target
 * @returns `undefined` while the activation has not been seen
 * @throws CantonError
 */
export function exportPartyContracts(
  ledger: ParticipantLedger,
  party: string,
  target: string,
  beginExclusive: bigint,
): readonly Uint8Array[] | undefined {
  if (beginExclusive > ledger.end) {
    throw new CantonError(
      'INVALID_ARGUMENT_PARTY_MANAGEMENT_ERROR',
      'the offset lies after the end of the ledger',
    )
  }
  if (!ledger.isHosted(party)) {
    throw new CantonError(
      'INVALID_ARGUMENT_PARTY_MANAGEMENT_ERROR',
      'this node does not host the party',
    )
  }
  const activated = ledger.updates.some(
    (update) =>
      update.$case === 'topology' &&
      update.offset > beginExclusive &&
      update.events.some(
        (event) =>
          event.party === party && event.participant === target && event.$case !== 'revoked',
      ),
  )
  if (!activated) return undefined
  return exportContracts(ledger, [party])
}

/** The active contracts of any of these parties, each with its length before it. */
export function exportContracts(
  ledger: ParticipantLedger,
  parties: readonly string[],
): readonly Uint8Array[] {
  const wanted = new Set(parties)
  const contracts = [...ledger.contracts.values()].filter(({ create }) =>
    create.stakeholders.some((party) => wanted.has(party)),
  )
  return contracts.map(({ create, createdAt }) => {
    const entry = encodeMessage('Metadata.InputContract', {
      createdAt,
      eventBlob: new Uint8Array(),
      contract: { $case: 'v1', value: create },
    })
    return new Uint8Array(protobuf.Writer.create().bytes(entry).finish())
  })
}

/** The target is not among the hosts with its flag set. */
export function missingOnboarding(): CantonError {
  return new CantonError(
    'PARTY_ACS_EXPORT_MISSING_TARGET_ONBOARDING_MAPPING',
    'the activation of the target participant was not seen after this offset',
  )
}

/** @throws CantonError */
export function importContracts(ledger: ParticipantLedger, bytes: Uint8Array): number {
  if (ledger.participant.connected) {
    throw new CantonError(
      'INVALID_STATE_PARTY_MANAGEMENT_ERROR',
      'contracts are imported while the node is not connected to any synchronizer',
    )
  }
  const contracts = readContracts(bytes)
  ledger.take(contracts)
  return contracts.length
}

function readContracts(bytes: Uint8Array): readonly Contract[] {
  const reader = protobuf.Reader.create(bytes)
  const contracts: Contract[] = []
  try {
    while (reader.pos < reader.len) {
      const { contract, createdAt } = decodeMessage('Metadata.InputContract', reader.bytes())
      if (contract === undefined) throw new RangeError('an entry without a contract')
      contracts.push({ create: contract.value, createdAt })
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw new CantonError(
      'INVALID_ARGUMENT_PARTY_MANAGEMENT_ERROR',
      `the file holds no contracts that were exported: ${error.message}`,
    )
  }
  return contracts
}

export interface Clearance {
  /** The flag is no longer set. */
  readonly onboarded: boolean
  readonly earliestRetry: bigint | undefined
}

/** Parties whose flag a participant clears by itself, with the time from which that is safe. */
export type Scheduled = Map<string, bigint>

/**
 * Clears the flag of this participant if that is safe by now, and otherwise sees to it later.
 * @param safeAfter microseconds from the activation on until no earlier decision is open
 * @throws CantonError
 */
export function clearOnboardingFlag(
  node: WritingNode,
  party: string,
  scheduled: Scheduled,
  safeAfter: bigint,
  now: bigint,
): Clearance {
  const { participant } = node
  if (!participant.connected) {
    throw new CantonError(
      'INVALID_STATE_PARTY_MANAGEMENT_ERROR',
      'the node is not connected to the synchronizer',
    )
  }
  const hosting = hostingOf(node, party)
  const own = hosting?.value.participants.find(
    (host) => participantUidText(host.participantUid) === participant.uid,
  )
  if (hosting === undefined || own === undefined) {
    throw new CantonError(
      'PARTY_ONBOARDING_CLEARANCE_MISSING_MAPPING',
      'this node does not host the party',
    )
  }
  if (own.onboarding === undefined) {
    scheduled.delete(party)
    return { onboarded: hosting.record.validFrom <= now, earliestRetry: undefined }
  }
  const safe = hosting.record.validFrom + safeAfter
  if (now < safe) {
    scheduled.set(party, safe)
    return { onboarded: false, earliestRetry: safe }
  }
  scheduled.delete(party)
  submitClearance(node, hosting.value, now)
  return { onboarded: false, earliestRetry: now + participant.synchronizer.effectDelay }
}

function submitClearance(node: WritingNode, value: PartyToParticipant, now: bigint): void {
  const { uid, synchronizer } = node.participant
  const participants = value.participants.map((host) =>
    participantUidText(host.participantUid) === uid ? { ...host, onboarding: undefined } : host,
  )
  authorizeProposal(
    node,
    synchronizer.store,
    {
      operation: 'replace',
      serial: 0,
      mapping: { $case: 'partyToParticipant', value: { ...value, participants } },
    },
    [],
    { flags: new Set(), expectFull: true, now },
  )
}

/** Clears every flag that is due; what cannot be cleared is left for the next time. */
export function clearScheduled(
  node: WritingNode,
  scheduled: Scheduled,
  safeAfter: bigint,
  now: bigint,
): void {
  if (!node.participant.connected) return
  for (const [party, safe] of scheduled) {
    if (safe > now) continue
    try {
      clearOnboardingFlag(node, party, scheduled, safeAfter, now)
    } catch (error) {
      if (!(error instanceof CantonError)) throw error
    }
  }
}
