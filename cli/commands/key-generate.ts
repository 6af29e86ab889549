/** `key generate`: a new private key, in a file that is encrypted unless that is declined, or on a token. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import { keySpecRows, type SigningKeySpec } from '../../src/crypto/key-spec.ts'
import { generatePrivateKey } from '../../src/crypto/private-key.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import { parseKeyUri, type KeyUri } from '../../src/signer/key-uri.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { signerContainer, signerKeyJson, signerKeyLines } from '../present/signer-key.ts'
import {
  connectedKeys,
  connectedOptions,
  hasNamedPassphrase,
  newPassphrase,
  pinQuestionOf,
} from './key-opening.ts'
import {
  chosenDerivation,
  encodePrivateKeyFile,
  presentWritten,
  PRIVATE_MODE,
} from './key-output.ts'
import { requireOutput, writeOutput } from './output.ts'
import { refuseUseless } from './signer-settings.ts'

/** @throws CantosignError `usage` */
function chosenKeySpec(args: Arguments): SigningKeySpec {
  const chosen = args.string('key-spec')
  const row = keySpecRows().find(({ name }) => name === chosen)
  if (row !== undefined) return row.keySpec
  const names = keySpecRows().map(({ name }) => name)
  throw new CantosignError(
    'usage',
    chosen === undefined ? 'no key spec is given' : `there is no key spec ${chosen}`,
    `name one: --key-spec ${names.join('|')}`,
  )
}

export const run: CommandRun = async (args, io) => {
  const keySpec = chosenKeySpec(args)
  const key = args.string('key')
  if (key === undefined) await generateFile(keySpec, args, io)
  else await generateElsewhere(requirePlace(key, args, io), keySpec, args, io)
  return ExitStatus.done
}

/** A place that makes keys, which never leave it. */
type KeyPlace = Extract<KeyUri, { readonly $case: 'pkcs11' | 'connected' }>

/** @throws CantosignError `usage` for a place that makes no keys, or options for files */
function requirePlace(key: string, args: Arguments, io: Io): KeyPlace {
  const uri = parseKeyUri(key, io.program)
  if (uri.$case !== 'pkcs11' && uri.$case !== 'connected') {
    throw new CantosignError(
      'usage',
      'a key is made in a file, on a PKCS#11 token or by a key management service',
      'give -o FILE for a file, --key URI for the others; ssh-keygen and ssh-add make one for an agent',
    )
  }
  refuseUseless(uri, args)
  const [useless] = [
    ...(args.flag('no-encrypt') ? ['no-encrypt'] : []),
    ...['to', 'kdf', 'new-passphrase-file', 'new-passphrase-fd'].filter(
      (name) => args.string(name) !== undefined,
    ),
  ]
  if (useless === undefined) return uri
  throw new CantosignError(
    'usage',
    `--${useless} has no use for a key that never leaves where it is made`,
    'leave it out; -o FILE writes the public key',
  )
}

async function makeKey(
  uri: KeyPlace,
  keySpec: SigningKeySpec,
  args: Arguments,
  io: Io,
): Promise<{ readonly uri: string; readonly key: PublicKey }> {
  if (uri.$case === 'connected') {
    return await (await connectedKeys(io)).generate(uri.uri, keySpec, connectedOptions(args))
  }
  const pin = pinQuestionOf(uri.uri, args, io)
  const { generatePkcs11Key } = await import('../../src/signer/pkcs11/generate.ts')
  return await generatePkcs11Key(uri.uri, keySpec, pin === undefined ? {} : { pin })
}

async function generateElsewhere(
  place: KeyPlace,
  keySpec: SigningKeySpec,
  args: Arguments,
  io: Io,
): Promise<void> {
  const output = args.output === undefined ? undefined : requireOutput(args, io)
  const { uri, key } = await makeKey(place, keySpec, args, io)
  if (output !== undefined) writeOutput(output, key.spki, args, io, [])
  const container = signerContainer(place)
  if (args.json) {
    const facts = { ...signerKeyJson(key, container), uri, output: output ?? null }
    io.stdout.write(`${JSON.stringify(facts)}\n`)
  } else if (!args.quiet) {
    const lines = [...signerKeyLines(key, container, []), `uri         ${escapeText(uri)}`]
    io.stderr.write(`${lines.join('\n')}\n`)
  }
}

async function generateFile(keySpec: SigningKeySpec, args: Arguments, io: Io): Promise<void> {
  const derivation = chosenDerivation(args)
  if (derivation === undefined && hasNamedPassphrase(args)) {
    throw new CantosignError(
      'usage',
      'a passphrase is given and --no-encrypt as well',
      'leave out one of them: is the new file to be encrypted or not',
    )
  }
  const output = requireOutput(args, io)
  const key = await generatePrivateKey(keySpec)
  try {
    const pem = args.string('to') === 'pkcs8-pem'
    const ask = async (): Promise<Uint8Array> =>
      await newPassphrase(`the new key ${escapeText(output)}`, args, io)
    const file = await encodePrivateKeyFile(key, pem, derivation, ask)
    try {
      writeOutput(output, file, args, io, [], PRIVATE_MODE)
    } finally {
      file.fill(0)
    }
  } finally {
    key.secret.fill(0)
  }
  const encrypted = derivation !== undefined
  const container = encrypted ? 'EncryptedPrivateKeyInfo' : 'PKCS#8'
  presentWritten(key.publicKey, output, { container, encrypted }, args, io)
}
