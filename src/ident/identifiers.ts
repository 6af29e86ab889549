/**
 * Canton's identifiers, parsed strictly (docs/protocol/identifiers.md). A `read…` function returns
 * the value or a sentence on what is wrong, a `parse…` function throws it.
 */
import { CantosignError } from '../base/errors.ts'
import { isNamespace, type Namespace } from './fingerprint.ts'

/** `identifier::namespace`: a party, a participant, a logical synchronizer. */
export interface UniqueIdentifier {
  readonly identifier: string
  readonly namespace: Namespace
}

export type MemberCode = 'PAR' | 'MED' | 'SEQ'

/** `PAR::uid`, `MED::uid` or `SEQ::uid`. */
export interface MemberId {
  readonly code: MemberCode
  readonly uid: UniqueIdentifier
}

/** `identifier::namespace::protocolVersion-serial`. */
export interface PhysicalSynchronizerId {
  readonly logical: UniqueIdentifier
  /** A decimal number or `dev`. */
  readonly protocolVersion: string
  readonly serial: number
}

/** A value, or one sentence on why the text is none. */
export type Reading<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string }

const MAX_IDENTIFIER = 185
const MAX_UNIQUE_IDENTIFIER = 255
const IDENTIFIER = /^[A-Za-z0-9:_ -]+$/
const DELIMITER = '::'

const good = <T>(value: T): Reading<T> => ({ ok: true, value })
const bad = (problem: string): { readonly ok: false; readonly problem: string } => ({
  ok: false,
  problem,
})

function identifierProblem(identifier: string): string | undefined {
  if (identifier === '') return 'the part before :: is empty'
  if (identifier.length > MAX_IDENTIFIER) {
    return `the part before :: has more than ${MAX_IDENTIFIER} characters`
  }
  if (!IDENTIFIER.test(identifier)) {
    return 'the part before :: holds a character other than letters, digits, space, colon, underscore and hyphen'
  }
  // Next to the delimiter a colon would make it unclear where the identifier ends.
  if (identifier.startsWith(':') || identifier.endsWith(':')) {
    return 'the part before :: begins or ends with a colon'
  }
  return undefined
}

export function readUniqueIdentifier(text: string): Reading<UniqueIdentifier> {
  if (text === '') return bad('it is empty')
  if (text.length > MAX_UNIQUE_IDENTIFIER) {
    return bad(`it has more than ${MAX_UNIQUE_IDENTIFIER} characters`)
  }
  const at = text.indexOf(DELIMITER)
  if (at < 0) return bad('it has no :: between identifier and namespace')
  const identifier = text.slice(0, at)
  const namespace = text.slice(at + DELIMITER.length)
  const problem = identifierProblem(identifier)
  if (problem !== undefined) return bad(problem)
  if (!isNamespace(namespace)) {
    return bad('the part after :: is not 68 lower-case hex characters beginning 1220')
  }
  return good({ identifier, namespace })
}

function isMemberCode(text: string): text is MemberCode {
  return text === 'PAR' || text === 'MED' || text === 'SEQ'
}

export function readMemberId(text: string): Reading<MemberId> {
  const code = text.slice(0, 3)
  if (!isMemberCode(code) || !text.startsWith(DELIMITER, 3)) {
    return bad('it does not begin with PAR::, MED:: or SEQ::')
  }
  const uid = readUniqueIdentifier(text.slice(5))
  return uid.ok ? good({ code, uid: uid.value }) : uid
}

const PARTICIPANT_PREFIX = 'PAR::'

/**
 * A participant's uid; the old form with `PAR::` before it is read too, as nodes do. What follows
 * must then be a whole uid: in `PAR::1220…` the identifier itself is PAR.
 */
export function readParticipantUid(text: string): Reading<UniqueIdentifier> {
  const rest = text.slice(PARTICIPANT_PREFIX.length)
  const isOldForm = text.startsWith(PARTICIPANT_PREFIX) && rest.includes(DELIMITER)
  return readUniqueIdentifier(isOldForm ? rest : text)
}

/** The text without the old prefix if it is a participant's uid, the text itself otherwise. */
export function participantUidText(text: string): string {
  const reading = readParticipantUid(text)
  return reading.ok ? uniqueIdentifierText(reading.value) : text
}

export function readPhysicalSynchronizerId(text: string): Reading<PhysicalSynchronizerId> {
  const at = text.lastIndexOf(DELIMITER)
  const logical = readUniqueIdentifier(text.slice(0, Math.max(at, 0)))
  if (!logical.ok) return bad('it is not identifier::namespace::version-serial')
  const match = /^(\d{1,9}|dev)-(\d{1,10})$/.exec(text.slice(at + DELIMITER.length))
  const [, protocolVersion, serialText] = match ?? []
  if (protocolVersion === undefined || serialText === undefined) {
    return bad('its last part is not a protocol version, a hyphen and a serial')
  }
  const serial = Number(serialText)
  if (serial > 2_147_483_647) return bad('its serial is above 2147483647')
  return good({ logical: logical.value, protocolVersion, serial })
}

export function uniqueIdentifierText(uid: UniqueIdentifier): string {
  return `${uid.identifier}${DELIMITER}${uid.namespace}`
}

function orThrow<T>(reading: Reading<T>, text: string, what: string): T {
  if (reading.ok) return reading.value
  throw new CantosignError(
    'identifier-invalid',
    `${what} ${JSON.stringify(text.slice(0, 300))} is not valid: ${reading.problem}`,
    'copy the identifier again from its source',
  )
}

/** @throws CantosignError `identifier-invalid` */
export function parseUniqueIdentifier(text: string, what = 'identifier'): UniqueIdentifier {
  return orThrow(readUniqueIdentifier(text), text, what)
}

/** A PartyId is a unique identifier. @throws CantosignError `identifier-invalid` */
export function parsePartyId(text: string): UniqueIdentifier {
  return parseUniqueIdentifier(text, 'party')
}

/** A logical synchronizer id is a unique identifier. @throws CantosignError `identifier-invalid` */
export function parseSynchronizerId(text: string): UniqueIdentifier {
  return parseUniqueIdentifier(text, 'synchronizer id')
}

/** @throws CantosignError `identifier-invalid` */
export function parseMemberId(text: string): MemberId {
  return orThrow(readMemberId(text), text, 'member id')
}

/** @throws CantosignError `identifier-invalid` */
export function parsePhysicalSynchronizerId(text: string): PhysicalSynchronizerId {
  return orThrow(readPhysicalSynchronizerId(text), text, 'physical synchronizer id')
}

/** The logical id of a synchronizer of either form; a text that is neither stays as it is. */
export function logicalSynchronizerText(id: string): string {
  const physical = readPhysicalSynchronizerId(id)
  return physical.ok ? uniqueIdentifierText(physical.value.logical) : id
}
