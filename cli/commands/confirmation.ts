/** The typed confirmation before a signature. */
import { CantosignError } from '../../src/base/errors.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'

/**
 * Refuses at the start what could not be confirmed at the end.
 * @throws CantosignError `no-terminal`
 */
export function refuseUnasked(args: Arguments, io: Io): void {
  if (args.yes || args.string('policy') !== undefined || io.terminal.interactive) return
  throw new CantosignError(
    'no-terminal',
    'a signature has to be confirmed and there is no terminal to ask on',
    'sign at a terminal, let a --policy decide, or add --yes if what is signed was checked before',
  )
}

const CONFIRMATION_CHARACTERS = 8

/**
 * Has the person type the end of the hash: reading it is what ties the screen to the signature.
 * @throws CantosignError `declined`
 */
export async function confirmSignature(
  hash: string,
  key: PublicKey,
  args: Arguments,
  io: Io,
): Promise<void> {
  if (args.yes || args.string('policy') !== undefined) return
  const expected = hash.slice(-CONFIRMATION_CHARACTERS)
  const typed = await io.terminal.ask(
    `sign ${hash}\nwith ${key.fingerprint}?\n` +
      `type the last ${CONFIRMATION_CHARACTERS} characters of the hash to sign: `,
  )
  if (typed.trim() === expected) return
  throw new CantosignError(
    'declined',
    'the characters typed are not the end of the hash; nothing was signed',
    'start again when the transaction is what was agreed',
  )
}
