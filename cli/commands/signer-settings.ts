/** What the options of a key say, and which of them has a use for which kind of key. */
import { CantosignError } from '../../src/base/errors.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import { readKeyFile } from '../../src/host/key-file.ts'
import { readPublicKey } from '../../src/signer/key-reading.ts'
import type { KeyUri } from '../../src/signer/key-uri.ts'
import { namingFile } from '../../src/signer/open-private-key.ts'
import type { Arguments } from '../command.ts'

const OPTIONS_OF: Readonly<Record<KeyUri['$case'], readonly string[]>> = {
  file: ['passphrase-file', 'passphrase-fd', 'accept-mount-permissions'],
  pkcs11: ['passphrase-file', 'passphrase-fd'],
  exec: ['timeout', 'command-takes', 'command-gives'],
  'ssh-agent': ['timeout'],
  connected: ['timeout'],
}

/**
 * An option that this kind of key has no use for was meant for another key.
 * @throws CantosignError `usage`
 */
export function refuseUseless(uri: KeyUri, args: Arguments): void {
  const kind = uri.$case
  const useful = OPTIONS_OF[kind]
  const useless = Object.values(OPTIONS_OF)
    .flat()
    .find((name) => !useful.includes(name) && (args.flag(name) || args.strings(name).length > 0))
  if (useless === undefined) return
  throw new CantosignError(
    'usage',
    `--${useless} has no use with ${kindName(uri)}`,
    'leave it out, or name the key that it is meant for',
  )
}

function kindName(uri: KeyUri): string {
  switch (uri.$case) {
    case 'file':
      return 'a key file'
    case 'connected':
      return `a key ${uri.uri.scheme}:`
    default:
      return `a key ${uri.$case}:`
  }
}

const SECONDS = /^[1-9][0-9]{0,3}$/

/** The value of `--timeout`. @throws CantosignError `usage` */
export function timeoutMilliseconds(args: Arguments): number | undefined {
  const text = args.string('timeout')
  if (text === undefined) return undefined
  if (SECONDS.test(text)) return 1000 * Number(text)
  throw new CantosignError(
    'usage',
    `--timeout ${text} is not a number of seconds from 1 to 9999`,
    'give whole seconds, e.g. --timeout 120',
  )
}

/**
 * The key that `--public-key` names.
 * @throws CantosignError `file-unreadable`, `file-too-large`, and what `readPublicKey` throws
 */
export async function givenPublicKey(args: Arguments): Promise<PublicKey | undefined> {
  const path = args.string('public-key')
  if (path === undefined) return undefined
  const { bytes } = readKeyFile(path)
  try {
    return await namingFile(path, async () => await readPublicKey(bytes))
  } finally {
    bytes.fill(0)
  }
}
