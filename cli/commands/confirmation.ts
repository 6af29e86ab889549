/** The typed confirmation before a signature. */
import { CantosignError } from '../../src/base/errors.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'

/** True if a person has to confirm: neither `--yes` nor a policy stands for it. */
export function asksPerson(args: Arguments): boolean {
  return !args.yes && args.string('policy') === undefined
}

/**
 * Refuses at the start what could not be confirmed at the end.
 * @throws CantosignError `no-terminal`
 */
export function refuseUnasked(args: Arguments, io: Io): void {
  if (!asksPerson(args) || io.terminal.interactive) return
  throw new CantosignError(
    'no-terminal',
    'a signature has to be confirmed and there is no terminal to ask on',
    'sign at a terminal, let a --policy decide, or add --yes if what is signed was checked before',
  )
}

const CONFIRMATION_CHARACTERS = 8

/** What is about to be signed. */
export interface Confirmation {
  /** Of the one transaction, or the combined hash of all of them; 68 hex characters. */
  readonly hash: string
  readonly count: number
  /** True for one signature over the combined hash. */
  readonly combined: boolean
  readonly key: PublicKey
}

function question({ hash, count, combined, key }: Confirmation): string {
  const what = combined
    ? `sign the combined hash of ${count === 1 ? 'one transaction' : `${count} transactions`}\n${hash}`
    : count === 1
      ? `sign ${hash}`
      : `sign ${count} transactions, one by one; the combined hash of all is\n${hash}`
  return (
    `${what}\nwith ${key.fingerprint}?\n` +
    `type the last ${CONFIRMATION_CHARACTERS} characters of the hash to sign: `
  )
}

/**
 * Has the person type the end of the hash: reading it is what ties the screen to the signature.
 * @throws CantosignError `declined`
 */
export async function confirmSignature(what: Confirmation, args: Arguments, io: Io): Promise<void> {
  if (!asksPerson(args)) return
  const typed = await io.terminal.ask(question(what))
  if (typed.trim() === what.hash.slice(-CONFIRMATION_CHARACTERS)) return
  throw new CantosignError(
    'declined',
    'the characters typed are not the end of the hash; nothing was signed',
    'start again when the transaction is what was agreed',
  )
}
