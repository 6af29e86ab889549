/** A synchronizer with many transactions, for trials of size. */
import { Permission } from '../../build/names.ts'
import type { Rehearsal } from './rehearsal.ts'
import { firstTransaction } from './sandbox.ts'

/** The parties that are made: `seed-0000001` and so on, of the first participant's own namespace. */
const DIGITS = 7

/**
 * Puts parties of the first participant into the synchronizer's store, one transaction each. They are
 * made here, so that nothing of them has to be verified.
 * @param now microseconds since 1970
 */
export function seedParties({ sandbox }: Rehearsal, count: number, now: bigint): void {
  const [participant] = sandbox.participants
  if (participant === undefined) return
  const { id, uid, vault } = participant
  const { store } = sandbox.synchronizer
  const participants = [
    { participantUid: uid, permission: Permission.confirmation, onboarding: undefined },
  ]
  for (let i = 1; i <= count; i++) {
    const party = `seed-${String(i).padStart(DIGITS, '0')}::${id.namespace}`
    const submitted = firstTransaction(
      {
        $case: 'partyToParticipant',
        value: { party, threshold: 1, participants, partySigningKeys: undefined },
      },
      vault,
      [id.namespace],
    )
    const sequenced = sandbox.synchronizer.nextTime(now)
    store.commit(
      { submitted, signatures: submitted.signatures, proposal: false },
      { sequenced, validFrom: sequenced },
    )
  }
}
