/** For which acting parties a key signs a prepared transaction (rule S5; docs/transactions.md section 4). */
import { CantosignError } from '../../src/base/errors.ts'
import type { Fingerprint } from '../../src/ident/fingerprint.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'
import type { ActingState } from './prepared-state.ts'

/** What a key is to the parties that act. */
export interface PartyChoice {
  /** The parties that it signs for, as far as that is known. */
  readonly parties: readonly string[]
  /** `unknown`: no state proves which keys sign for a party that may be meant. */
  readonly need: 'needed' | 'unknown' | 'unneeded'
}

/**
 * The parties that `--party` names.
 * @throws CantosignError `party-not-acting` for one that acts in none of the transactions
 */
export function namedParties(
  states: readonly Pick<ActingState, 'parties'>[],
  args: Arguments,
): readonly string[] {
  const named = [...new Set(args.strings('party'))]
  const acting = [...new Set(states.flatMap(({ parties }) => parties.map(({ party }) => party)))]
  const stranger = named.find((party) => !acting.includes(party))
  if (stranger === undefined) return named
  throw new CantosignError(
    'party-not-acting',
    `${stranger} does not act in ${states.length === 1 ? 'this transaction' : 'any of these transactions'}`,
    'its signature is not asked for; the parties that act are shown by transaction inspect',
    { details: { acting } },
  )
}

/**
 * The acting parties that the key signs for: those of `--party`, those that the state proves to
 * list it, and without proof those whose namespace it is.
 * @param named those of `--party`; none for all that act
 */
export function partiesOf(
  { given, parties }: ActingState,
  fingerprint: Fingerprint,
  named: readonly string[],
): PartyChoice {
  const asked = named.length === 0 ? parties : parties.filter(({ party }) => named.includes(party))
  const listing = asked.filter(({ listed }) => listed?.keys.has(fingerprint) === true)
  if (listing.length > 0) return { parties: listing.map(({ party }) => party), need: 'needed' }
  const meant = named.filter((name) => asked.some(({ party }) => party === name))
  const open = asked.filter(({ listed }) => listed === undefined)
  if (open.length === 0) return { parties: meant, need: 'unneeded' }
  const own = open.map(({ party }) => party).filter((party) => party.endsWith(`::${fingerprint}`))
  return {
    parties: named.length > 0 ? meant : own,
    need: own.length === 0 || given ? 'unknown' : 'needed',
  }
}

/** The refusal by rule S5. */
export function unneededKey(fingerprint: Fingerprint): CantosignError {
  return new CantosignError(
    'key-unneeded',
    `no party that acts lists the key ${fingerprint} for signing Daml transactions`,
    'use a key that the PartyToParticipant of the party lists with the usage PROTOCOL, or --allow-unneeded',
  )
}

export function warnOfUnknown(fingerprint: Fingerprint, io: Io): void {
  io.stderr.write(
    `${io.program.name}: warning: whether the key ${fingerprint} signs for a party that acts ` +
      'cannot be told without its PartyToParticipant: give it with --state\n',
  )
}

/**
 * The parties that a signature is written down for.
 * @throws CantosignError `usage` where it is not clear which party that is
 */
export function onlyParties(
  own: readonly string[],
  { parties }: Pick<ActingState, 'parties'>,
): readonly string[] {
  if (own.length > 0) return own
  const [only, second] = parties
  if (only !== undefined && second === undefined) return [only.party]
  throw new CantosignError(
    'usage',
    `${parties.length} parties act, and it is not known for which of them the key signs`,
    'name it: --party PARTY',
  )
}
