/** `key list`: the keys on a PKCS#11 token or in an SSH agent, each with the URI that names it. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { parseKeyUri, type KeyUri } from '../../src/signer/key-uri.ts'
import { formatAgentUri } from '../../src/signer/ssh-agent/uri.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import {
  listedAgentKey,
  listedConnectedKey,
  listedKeyJson,
  listedKeyLines,
  listedTokenKey,
  type ListedKey,
} from '../present/signer-key.ts'
import { agentOptions, connectedKeys, connectedOptions, pinQuestionOf } from './key-opening.ts'
import { refuseUseless } from './signer-settings.ts'

export const run: CommandRun = async (args, io) => {
  const uri = parseKeyUri(args.positional('uri'), io.program)
  refuseUseless(uri, args)
  const keys = await listedKeys(uri, args, io)
  if (args.json) {
    io.stdout.write(`${JSON.stringify({ keys: keys.map(listedKeyJson) })}\n`)
  } else if (keys.length === 0) {
    io.stdout.write('no key is to be seen; private keys on a token may need the PIN\n')
  } else io.stdout.write(`${keys.flatMap(listedKeyLines).join('\n')}\n`)
  return ExitStatus.done
}

async function listedKeys(uri: KeyUri, args: Arguments, io: Io): Promise<readonly ListedKey[]> {
  switch (uri.$case) {
    case 'pkcs11': {
      // To look asks nothing: the PIN is given by those who want to see more.
      const pin = pinQuestionOf(uri.uri, args, io, false)
      const { listPkcs11Keys } = await import('../../src/signer/pkcs11/list.ts')
      return (await listPkcs11Keys(uri.uri, pin)).map(listedTokenKey)
    }
    case 'ssh-agent': {
      const { key, socket } = uri.uri
      if (key !== undefined) {
        throw new CantosignError(
          'usage',
          'key list ssh-agent: shows all keys of the agent',
          'leave out the fingerprint; key show --key URI shows one key',
        )
      }
      const { listAgentKeys } = await import('../../src/signer/ssh-agent/driver.ts')
      const found = await listAgentKeys(uri.uri, agentOptions(args))
      return found.map((one) =>
        listedAgentKey(one, ({ fingerprint }) => formatAgentUri(fingerprint, socket)),
      )
    }
    case 'connected': {
      const keys = await connectedKeys(io)
      return (await keys.list(uri.uri, connectedOptions(args))).map(listedConnectedKey)
    }
    case 'file':
    case 'exec':
      throw new CantosignError(
        'usage',
        'key list is for tokens and agents',
        'give pkcs11:?module-path=FILE or ssh-agent:; key show FILE shows the key of a file',
      )
  }
}
