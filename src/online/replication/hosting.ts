/** How a party is hosted, before and after a participant is added for replication. */
import { equalBytes, toHex } from '../../base/bytes.ts'
import { asCantonRewrites } from '../../build/rewrite.ts'
import { participantUidText } from '../../ident/identifiers.ts'
import {
  readSignedTransaction,
  refusals,
  type ReadSignedTransaction,
} from '../../topology/signed-transaction.ts'
import { encodeMessage } from '../../wire/codec.ts'
import type { HostingParticipant, PartyToParticipant } from '../../wire/generated/schema.ts'
import type { HostPermission, Plan, StepData } from './state.ts'

/** Numbers of ParticipantPermission. */
const PERMISSION = { confirmation: 2, observation: 3 } as const satisfies Record<
  HostPermission,
  number
>

/** A PartyToParticipant of a topology store. */
export interface Hosting {
  /** 68 hex characters. */
  readonly hash: string
  readonly serial: number
  /** False for a REMOVE. */
  readonly hosted: boolean
  readonly mapping: PartyToParticipant
  readonly signed: ReadSignedTransaction
}

/** `undefined` for another mapping, or one with content that this tool cannot account for. */
export function hostingOf(signed: ReadSignedTransaction): Hosting | undefined {
  const { transaction } = signed
  const { value } = transaction
  const mapping = value?.mapping?.mapping
  if (value === undefined || mapping?.$case !== 'partyToParticipant') return undefined
  if (refusals(signed.findings).length > 0) return undefined
  return {
    hash: toHex(transaction.hash),
    serial: value.serial,
    hosted: value.operation === 1,
    mapping: mapping.value,
    signed,
  }
}

/** The entry of a participant, or `undefined` if it does not host the party. */
export function hostIn(
  { participants }: PartyToParticipant,
  uid: string,
): HostingParticipant | undefined {
  return participants.find(({ participantUid }) => participantUidText(participantUid) === uid)
}

/** The mapping of Canton's own writing in which the target is one more host that is still to import. */
export function withTarget(
  current: PartyToParticipant,
  target: string,
  permission: HostPermission,
): PartyToParticipant {
  const { value } = asCantonRewrites({ $case: 'partyToParticipant', value: current })
  const mapping = value as PartyToParticipant // a mapping is rewritten to one of its kind
  const host = { participantUid: target, permission: PERMISSION[permission], onboarding: {} }
  return { ...mapping, participants: [...mapping.participants, host] }
}

/** True if both say the same, whatever legacy forms they say it in. */
export function sameHosting(a: PartyToParticipant, b: PartyToParticipant): boolean {
  const bytes = (value: PartyToParticipant): Uint8Array => {
    const mapping = asCantonRewrites({ $case: 'partyToParticipant', value })
    return encodeMessage('TopologyMapping', { mapping })
  }
  return equalBytes(bytes(a), bytes(b))
}

/**
 * What a proposal is that a plan does not say: the reason in words, or `undefined` if it adds the
 * target to the hosts of the party, still to import, with the permission that was agreed.
 */
export function departure(
  { party, target, permission }: Plan,
  { hash, serial, transaction }: StepData['proposal'],
): string | undefined {
  const hosting = hostingOf(readSignedTransaction(transaction))
  if (hosting?.hosted !== true) return 'its bytes are no hosting of a party'
  if (hosting.hash !== hash || hosting.serial !== serial) {
    return `its bytes have the hash ${hosting.hash} and the serial ${hosting.serial}`
  }
  if (hosting.mapping.party !== party) return 'it is about another party'
  const host = hostIn(hosting.mapping, target)
  if (host === undefined) return 'it does not add the target'
  if (host.onboarding === undefined) return 'it adds the target without the onboarding flag'
  return host.permission === PERMISSION[permission]
    ? undefined
    : 'it gives the target another permission'
}
