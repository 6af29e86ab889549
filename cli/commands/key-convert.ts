/** `key convert`: any key file this tool reads, written in another form. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import { encodePem } from '../../src/crypto/pem.ts'
import { rawPublicKey, type PublicKey } from '../../src/crypto/public-key.ts'
import { readKeyFile } from '../../src/host/key-file.ts'
import {
  completeUsages,
  encodeCantonPublicKey,
  isKeyUsage,
  type KeyUsage,
} from '../../src/signer/canton-key.ts'
import { readAnyKey } from '../../src/signer/key-reading.ts'
import {
  namingFile,
  openPrivateKey,
  type PassphraseQuestion,
} from '../../src/signer/open-private-key.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { hasNewPassphrase, newPassphrase, passphraseQuestion } from './key-opening.ts'
import {
  chosenDerivation,
  encodePrivateKeyFile,
  presentWritten,
  PRIVATE_MODE,
} from './key-output.ts'
import { requireOutput, writeOutput } from './output.ts'

const FORMS = ['pkcs8-der', 'pkcs8-pem', 'spki-der', 'spki-pem', 'raw', 'canton'] as const
type Form = (typeof FORMS)[number]
type PublicForm = Exclude<Form, 'pkcs8-der' | 'pkcs8-pem'>

export const run: CommandRun = async (args, io) => {
  const path = args.positional('file')
  const form = chosenForm(args)
  const output = requireOutput(args, io)
  const { bytes } = readKeyFile(path)
  try {
    if (form === 'pkcs8-der' || form === 'pkcs8-pem') {
      await convertPrivate(path, bytes, form === 'pkcs8-pem', output, args, io)
    } else await convertPublic(path, bytes, form, output, args, io)
    return ExitStatus.done
  } finally {
    bytes.fill(0)
  }
}

/** @throws CantosignError `usage` for no form, or options that the form has no use for */
function chosenForm(args: Arguments): Form {
  const form = FORMS.find((one) => one === args.string('to'))
  if (form === undefined) {
    throw new CantosignError('usage', 'no form is given', `name one: --to ${FORMS.join('|')}`)
  }
  const isPrivate = form === 'pkcs8-der' || form === 'pkcs8-pem'
  const useless = [
    ...(isPrivate ? [] : ['kdf', 'new-passphrase-file', 'new-passphrase-fd']),
    ...(form === 'canton' ? [] : ['usage']),
  ].find((name) => args.strings(name).length > 0)
  const option = useless ?? (!isPrivate && args.flag('no-encrypt') ? 'no-encrypt' : undefined)
  if (option === undefined) return form
  throw new CantosignError(
    'usage',
    `--${option} has no use with --to ${form}`,
    `leave it out: --to ${form} writes the ${isPrivate ? 'private key' : 'public half alone'}`,
  )
}

/**
 * The passphrase of the new file: one of its own if it is named, the one that opened the old file
 * if there was one, a typed one otherwise.
 */
async function convertPrivate(
  path: string,
  bytes: Uint8Array,
  pem: boolean,
  output: string,
  args: Arguments,
  io: Io,
): Promise<void> {
  const derivation = chosenDerivation(args)
  const question = passphraseQuestion(path, args, io)
  let old: Uint8Array | undefined
  const passphrase: PassphraseQuestion | undefined =
    question === undefined
      ? undefined
      : async () => {
          const answer = await question()
          old = answer.slice()
          return answer
        }
  try {
    const key = await namingFile(
      path,
      async () => await openPrivateKey(bytes, { purpose: 'conversion', passphrase }),
    )
    try {
      const reuse = old !== undefined && derivation !== undefined && !hasNewPassphrase(args)
      const ask = async (): Promise<Uint8Array> =>
        reuse && old !== undefined
          ? old.slice()
          : await newPassphrase(`the new key ${escapeText(output)}`, args, io)
      const file = await encodePrivateKeyFile(key, pem, derivation, ask)
      try {
        writeOutput(output, file, args, io, [path], PRIVATE_MODE)
      } finally {
        file.fill(0)
      }
      if (reuse && !args.quiet) {
        io.stderr.write(
          `${io.program.name}: remark: the new file has the passphrase of the old one\n`,
        )
      }
      const encrypted = derivation !== undefined
      const container = encrypted ? 'EncryptedPrivateKeyInfo' : 'PKCS#8'
      presentWritten(key.publicKey, output, { container, encrypted }, args, io)
    } finally {
      key.secret.fill(0)
    }
  } finally {
    old?.fill(0)
  }
}

async function convertPublic(
  path: string,
  bytes: Uint8Array,
  form: PublicForm,
  output: string,
  args: Arguments,
  io: Io,
): Promise<void> {
  const usages = form === 'canton' ? chosenUsages(args) : []
  const key = await namingFile(path, async () => await publicHalf(path, bytes, args, io))
  writeOutput(output, encodePublic(key, form, usages), args, io, [path])
  const container =
    form === 'canton' ? 'SigningPublicKey' : form === 'raw' ? 'raw' : 'SubjectPublicKeyInfo'
  const facts = { container, encrypted: false, ...(form === 'canton' ? { usage: usages } : {}) }
  presentWritten(key, output, facts, args, io)
  if (form === 'canton' && !args.quiet && !args.json) {
    io.stderr.write(`usage       ${usages.join(', ')}\n`)
  }
}

/** Opens the private key only if the file tells its public key to no one without the passphrase. */
async function publicHalf(
  path: string,
  bytes: Uint8Array,
  args: Arguments,
  io: Io,
): Promise<PublicKey> {
  const { key, remarks } = await readAnyKey(bytes)
  // What changes the key's name or is a guess is said; that the input is bare changes nothing here.
  for (const { code, message } of args.quiet ? [] : remarks) {
    if (code === 'compressed-point' || code === 'key-raw') {
      io.stderr.write(`${io.program.name}: remark: ${message} [${code}]\n`)
    }
  }
  if (key !== undefined) return key
  const passphrase = passphraseQuestion(path, args, io)
  const opened = await openPrivateKey(bytes, { purpose: 'conversion', passphrase })
  opened.secret.fill(0)
  return opened.publicKey
}

/** `namespace` where nothing is said: the least that a key of a party or namespace needs. */
function chosenUsages(args: Arguments): readonly KeyUsage[] {
  const named = args.strings('usage').filter(isKeyUsage)
  return completeUsages(named.length === 0 ? ['namespace'] : named)
}

function encodePublic(key: PublicKey, form: PublicForm, usages: readonly KeyUsage[]): Uint8Array {
  switch (form) {
    case 'spki-der':
      return key.spki
    case 'spki-pem':
      return encodePem({ label: 'PUBLIC KEY', content: key.spki })
    case 'raw':
      return rawPublicKey(key)
    case 'canton':
      return encodeCantonPublicKey(key, usages)
  }
}
