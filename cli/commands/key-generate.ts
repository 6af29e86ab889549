/** `key generate`: a new private key, in a file that is encrypted unless that is declined, or on a token. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import { keySpecRows, type SigningKeySpec } from '../../src/crypto/key-spec.ts'
import { generatePrivateKey } from '../../src/crypto/private-key.ts'
import { parseKeyUri } from '../../src/signer/key-uri.ts'
import type { Pkcs11Uri } from '../../src/signer/pkcs11/uri.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { signerKeyJson, signerKeyLines } from '../present/signer-key.ts'
import { hasNamedPassphrase, newPassphrase, pinQuestionOf } from './key-opening.ts'
import {
  chosenDerivation,
  encodePrivateKeyFile,
  presentWritten,
  PRIVATE_MODE,
} from './key-output.ts'
import { requireOutput, writeOutput } from './output.ts'

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
  else await generateOnToken(requireToken(key, args, io), keySpec, args, io)
  return ExitStatus.done
}

/** @throws CantosignError `usage` for a place that makes no keys, or options for files */
function requireToken(key: string, args: Arguments, io: Io): Pkcs11Uri {
  const uri = parseKeyUri(key, io.program.name)
  if (uri.$case !== 'pkcs11') {
    throw new CantosignError(
      'usage',
      'a key is made in a file or on a PKCS#11 token',
      'give -o FILE for a file, --key pkcs11:… for a token; ssh-keygen and ssh-add make one for an agent',
    )
  }
  const [useless] = [
    ...(args.flag('no-encrypt') ? ['no-encrypt'] : []),
    ...['to', 'kdf', 'new-passphrase-file', 'new-passphrase-fd'].filter(
      (name) => args.string(name) !== undefined,
    ),
  ]
  if (useless === undefined) return uri.uri
  throw new CantosignError(
    'usage',
    `--${useless} has no use for a key on a token, which it never leaves`,
    'leave it out; -o FILE writes the public key',
  )
}

async function generateOnToken(
  uri: Pkcs11Uri,
  keySpec: SigningKeySpec,
  args: Arguments,
  io: Io,
): Promise<void> {
  const output = args.output === undefined ? undefined : requireOutput(args, io)
  const pin = pinQuestionOf(uri, args, io)
  const { generatePkcs11Key } = await import('../../src/signer/pkcs11/generate.ts')
  const made = await generatePkcs11Key(uri, keySpec, pin === undefined ? {} : { pin })
  if (output !== undefined) writeOutput(output, made.key.spki, args, io, [])
  if (args.json) {
    const facts = { ...signerKeyJson(made.key, 'PKCS#11'), uri: made.uri, output: output ?? null }
    io.stdout.write(`${JSON.stringify(facts)}\n`)
  } else if (!args.quiet) {
    const lines = [
      ...signerKeyLines(made.key, 'PKCS#11', []),
      `uri         ${escapeText(made.uri)}`,
    ]
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
