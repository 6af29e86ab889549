/**
 * What a participant says of itself and of its ledger, held to its form: it is written down and has
 * to be read again, and it stands in what is shown as a name, where other text could say anything.
 */
import { CantosignError } from '../base/errors.ts'
import { escapeText } from '../base/text.ts'
import {
  readParticipantUid,
  readPhysicalSynchronizerId,
  readUniqueIdentifier,
} from '../ident/identifiers.ts'

/** Above this no ledger gets; the files of this tool hold no more digits. */
const MAX_OFFSET = 10n ** 18n

export const isOffset = (value: bigint): boolean => value >= 0n && value < MAX_OFFSET

/** Of what is refused so much is shown. */
const SHOWN_CHARACTERS = 100

function malformed(address: string, what: string, said: string): CantosignError {
  return new CantosignError(
    'response-malformed',
    `the participant at ${address} gives as ${what} what is none: ${escapeText(said.slice(0, SHOWN_CHARACTERS))}`,
    'check the address; do not trust this participant before its operator has looked into it',
  )
}

/** @throws CantosignError `response-malformed` */
export function checkedEnd(offset: bigint, address: string): bigint {
  if (isOffset(offset)) return offset
  throw malformed(address, 'the end of its ledger', String(offset))
}

/** @throws CantosignError `response-malformed` */
export function checkedParticipant(id: string, address: string): string {
  if (readParticipantUid(id).ok) return id
  throw malformed(address, 'its id', id)
}

/**
 * @param id logical or physical
 * @throws CantosignError `response-malformed`
 */
export function checkedSynchronizer(id: string, address: string): string {
  if (readPhysicalSynchronizerId(id).ok || readUniqueIdentifier(id).ok) return id
  throw malformed(address, 'a synchronizer', id)
}
