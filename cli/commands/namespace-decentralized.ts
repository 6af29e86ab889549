/** `namespace decentralized`: the namespace that a first set of owners hashes to. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { parseNamespace } from '../../src/ident/fingerprint.ts'
import { decentralizedNamespace } from '../../src/topology/namespace.ts'
import type { CommandRun } from '../command.ts'

// eslint-disable-next-line @typescript-eslint/require-await -- every command has one shape
export const run: CommandRun = async (args, io) => {
  const owners = args.strings('owner').map((owner) => parseNamespace(owner, `owner ${owner}`))
  if (owners.length === 0) {
    throw new CantosignError('usage', 'no owner is given', 'name each one: --owner 1220…')
  }
  if (new Set(owners).size !== owners.length) {
    throw new CantosignError(
      'usage',
      'an owner is given twice',
      'the namespace is the hash of a set: name each owner once',
    )
  }
  const namespace = decentralizedNamespace(owners)
  io.stdout.write(args.json ? `${JSON.stringify({ namespace })}\n` : `${namespace}\n`)
  return ExitStatus.done
}
