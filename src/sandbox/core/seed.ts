/** A synchronizer with many transactions, for trials of size. */
import { readTransactionFacts } from '../../authorization/facts.ts'
import { ADD_REPLACE, Permission } from '../../build/names.ts'
import type { KnownMapping } from '../../topology/mapping.ts'
import { transactionHash } from '../../topology/transaction.ts'
import { encodeMessage, wrap } from '../../wire/codec.ts'
import type { Rehearsal } from './rehearsal.ts'
import type { ParsedTransaction } from './submitted.ts'

/** The parties that are made: `seed-0000001` and so on, of the first participant's own namespace. */
const DIGITS = 7

/** A first transaction that needs no reading: its content is at hand. */
function madeHere(mapping: KnownMapping): ParsedTransaction {
  const value = { operation: ADD_REPLACE, serial: 1, mapping: { mapping } }
  const bytes = wrap(encodeMessage('TopologyTransaction', value))
  const hash = transactionHash(bytes)
  const read = { bytes, hash, value, findings: [], unknownFields: [], canonical: true }
  const reading = readTransactionFacts(read)
  if (!reading.ok || reading.facts.uniqueKey === undefined) throw new Error('a seed is not sound')
  return { bytes, hash, mapping, facts: { ...reading.facts, uniqueKey: reading.facts.uniqueKey } }
}

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
    const mapping: KnownMapping = {
      $case: 'partyToParticipant',
      value: { party, threshold: 1, participants, partySigningKeys: undefined },
    }
    const submitted = madeHere(mapping)
    const wire = vault.sign(id.namespace, submitted.hash)
    const sequenced = sandbox.synchronizer.nextTime(now)
    store.commit(
      { submitted, signatures: [{ wire, hashes: undefined }], proposal: false },
      { sequenced, validFrom: sequenced },
    )
  }
}
