/** `key generate`: a new private key, encrypted unless that is declined. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import { keySpecRows, type SigningKeySpec } from '../../src/crypto/key-spec.ts'
import { generatePrivateKey } from '../../src/crypto/private-key.ts'
import type { Arguments, CommandRun } from '../command.ts'
import { hasNamedPassphrase, newPassphrase } from './key-opening.ts'
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
  return ExitStatus.done
}
