/** `key show`: what a key is, what is odd about it. Nothing secret is shown, nothing is signed. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import { readKeyFile } from '../../src/host/key-file.ts'
import { readAnyKey } from '../../src/signer/key-reading.ts'
import type { KeyUri, KeyUriProgram } from '../../src/signer/key-uri.ts'
import { namingFile } from '../../src/signer/open-private-key.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { keyJson, keyLines } from '../present/key.ts'
import { signerContainer, signerKeyJson, signerKeyLines } from '../present/signer-key.ts'
import {
  hasNamedPassphrase,
  openSignerOf,
  passphraseQuestion,
  pinQuestionOf,
  requireKeyUri,
} from './key-opening.ts'
import { givenPublicKey, refuseUseless } from './signer-settings.ts'

/** @throws CantosignError `usage`, `key-uri`, `key-uri-invalid` */
function shownKey(args: Arguments, program: KeyUriProgram): KeyUri {
  const file = args.optionalPositional('file')
  const key = args.string('key')
  if (file !== undefined && key !== undefined) {
    throw new CantosignError(
      'usage',
      'a file and --key are both given',
      'give one of them: key show FILE, or key show --key URI',
    )
  }
  return file === undefined ? requireKeyUri(key, program) : { $case: 'file', path: file }
}

export const run: CommandRun = async (args, io) => {
  const uri = shownKey(args, io.program)
  refuseUseless(uri, args)
  if (uri.$case === 'file') await showFile(uri.path, args, io)
  else await showSigner(uri, args, io)
  return ExitStatus.done
}

/** The public key of a key that is no file, as far as it is told without signing. */
async function showSigner(
  uri: Exclude<KeyUri, { readonly $case: 'file' }>,
  args: Arguments,
  io: Io,
): Promise<void> {
  const key = await signerKey(uri, args, io)
  const warnings =
    uri.$case === 'exec'
      ? [{ code: 'key-unproved', message: 'the command was not run: this is --public-key alone' }]
      : []
  const container = signerContainer(uri)
  if (args.json) {
    io.stdout.write(`${JSON.stringify({ ...signerKeyJson(key, container), warnings })}\n`)
  } else {
    io.stdout.write(`${signerKeyLines(key, container, warnings).join('\n')}\n`)
  }
}

async function signerKey(
  uri: Exclude<KeyUri, { readonly $case: 'file' }>,
  args: Arguments,
  io: Io,
): Promise<PublicKey> {
  if (uri.$case === 'pkcs11') {
    const pin = pinQuestionOf(uri.uri, args, io, false)
    const publicKey = await givenPublicKey(args)
    const { readPkcs11PublicKey } = await import('../../src/signer/pkcs11/driver.ts')
    return await readPkcs11PublicKey(uri.uri, {
      ...(pin === undefined ? {} : { pin }),
      ...(publicKey === undefined ? {} : { publicKey }),
    })
  }
  const signer = await openSignerOf(uri, args, io)
  try {
    return await signer.publicKey()
  } finally {
    signer.close()
  }
}

async function showFile(path: string, args: Arguments, io: Io): Promise<void> {
  // An encrypted key is opened only if a passphrase is offered: to look at a file asks nothing.
  const passphrase = hasNamedPassphrase(args) ? passphraseQuestion(path, args, io) : undefined
  const { bytes, concern } = readKeyFile(path)
  try {
    const reading = await namingFile(
      path,
      async () => await readAnyKey(bytes, passphrase === undefined ? {} : { passphrase }),
    )
    const concerns = reading.kind === 'private-key' && concern !== undefined ? [concern] : []
    if (args.json) {
      const warnings = [...concerns, ...reading.remarks]
      io.stdout.write(`${JSON.stringify({ ...keyJson(reading), warnings })}\n`)
    } else {
      const lines = [`${escapeText(path)}: ${reading.kind}`, ...keyLines(reading, concerns)]
      io.stdout.write(`${lines.join('\n')}\n`)
    }
  } finally {
    bytes.fill(0)
  }
}
