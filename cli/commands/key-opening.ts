/** From `--key` and the passphrase options to a key that signs, or to the bytes of a key file. */
import { CantosignError, unreachable } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import {
  readNewPassphrase,
  readPassphrase,
  type PassphraseSource,
} from '../../src/host/passphrase.ts'
import type { ExecSignerOptions } from '../../src/signer/exec/driver.ts'
import { openFileSigner } from '../../src/signer/file.ts'
import { parseKeyUri, type KeyUri, type KeyUriProgram } from '../../src/signer/key-uri.ts'
import type { PassphraseQuestion } from '../../src/signer/open-private-key.ts'
import type { PinQuestion } from '../../src/signer/pkcs11/token.ts'
import type { Pkcs11Uri } from '../../src/signer/pkcs11/uri.ts'
import type { ConnectedKeys, ConnectedOptions } from '../../src/signer/connected.ts'
import type { Signer, SignerOptions } from '../../src/signer/signer.ts'
import type { AgentOptions } from '../../src/signer/ssh-agent/driver.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'
import { givenPublicKey, refuseUseless, timeoutMilliseconds } from './signer-settings.ts'

const DESCRIPTOR = /^[0-9]{1,6}$/

/**
 * The source that `--PREFIXpassphrase-file` or `--PREFIXpassphrase-fd` names.
 * @throws CantosignError `usage`
 */
function namedSource(args: Arguments, prefix: '' | 'new-'): PassphraseSource | undefined {
  const path = args.string(`${prefix}passphrase-file`)
  const descriptor = args.string(`${prefix}passphrase-fd`)
  if (path !== undefined && descriptor !== undefined) {
    throw new CantosignError(
      'usage',
      `--${prefix}passphrase-file and --${prefix}passphrase-fd are both given`,
      'give one of them: which passphrase was meant cannot be guessed',
    )
  }
  if (path !== undefined) return { $case: 'file', path }
  if (descriptor === undefined) return undefined
  if (!DESCRIPTOR.test(descriptor)) {
    throw new CantosignError(
      'usage',
      `--${prefix}passphrase-fd ${descriptor} is not the number of a descriptor`,
      'give a number, e.g. --passphrase-fd 3 with 3<FILE',
    )
  }
  return { $case: 'descriptor', descriptor: Number(descriptor) }
}

/** True if the command line says where the passphrase of the key comes from. */
export function hasNamedPassphrase(args: Arguments): boolean {
  return namedSource(args, '') !== undefined
}

/**
 * How the passphrase of a key is asked for: from the source that is named, else at the terminal;
 * `undefined` where there is neither.
 * @throws CantosignError `usage`
 */
export function passphraseQuestion(
  path: string,
  args: Arguments,
  io: Io,
): PassphraseQuestion | undefined {
  const { terminal } = io
  const source =
    namedSource(args, '') ??
    (terminal.interactive ? { $case: 'terminal' as const, terminal } : undefined)
  if (source === undefined) return undefined
  return async () => await readPassphrase(source, `passphrase of ${escapeText(path)}: `)
}

/**
 * The passphrase of a file that is about to be written: from `--new-passphrase-*`, else from
 * `--passphrase-*`, else typed twice. The caller wipes it.
 * @throws CantosignError `usage`, `no-terminal`, `passphrase-unreadable`, `passphrase-invalid`
 */
export async function newPassphrase(what: string, args: Arguments, io: Io): Promise<Uint8Array> {
  const { terminal } = io
  const source =
    namedSource(args, 'new-') ??
    namedSource(args, '') ??
    (terminal.interactive ? { $case: 'terminal' as const, terminal } : undefined)
  if (source === undefined) {
    throw new CantosignError(
      'no-terminal',
      'a passphrase for the new file has to be asked for, and there is no terminal',
      'give --new-passphrase-file FILE or --new-passphrase-fd N; --no-encrypt writes the key bare',
    )
  }
  return await readNewPassphrase(source, what)
}

/** True if the new file has a passphrase source of its own. */
export function hasNewPassphrase(args: Arguments): boolean {
  return namedSource(args, 'new-') !== undefined
}

/** What `--key` is given. @throws CantosignError `usage` for nothing at all, `key-uri`, `key-uri-invalid` */
export function requireKeyUri(uri: string | undefined, program: KeyUriProgram): KeyUri {
  if (uri !== undefined) return parseKeyUri(uri, program)
  throw noKey()
}

const noKey = (): CantosignError =>
  new CantosignError('usage', 'no key is given', 'name it: --key FILE or --key URI')

/** Told before anything is read or asked. @throws CantosignError `usage` */
export function refuseKeyless(args: Arguments): void {
  if (args.string('key') === undefined) throw noKey()
}

/**
 * How the PIN of a token is asked for: as the passphrase of a key file is, unless the URI names a
 * file that holds it.
 * @throws CantosignError `usage` for two sources
 */
export function pinQuestionOf(
  uri: Pkcs11Uri,
  args: Arguments,
  io: Io,
  askAtTerminal = true,
): PinQuestion | undefined {
  const named = namedSource(args, '')
  if (named !== undefined && uri.pinSource !== undefined) {
    throw new CantosignError(
      'usage',
      'the key URI has a pin-source, and a passphrase option is given as well',
      'give one of them: which PIN is meant cannot be guessed',
    )
  }
  const { terminal } = io
  const source =
    named ??
    (askAtTerminal && terminal.interactive ? { $case: 'terminal' as const, terminal } : undefined)
  if (source === undefined) return undefined
  return async (token) => await readPassphrase(source, `PIN of the token ${escapeText(token)}: `)
}

async function openFile(
  path: string,
  args: Arguments,
  io: Io,
  expected: Expected,
): Promise<Signer> {
  const question = passphraseQuestion(path, args, io)
  const used: { passphrase: boolean } = { passphrase: false }
  const signer = await openFileSigner(path, {
    ...expected,
    acceptMountPermissions: args.flag('accept-mount-permissions'),
    ...(question === undefined
      ? {}
      : {
          passphrase: async () => {
            used.passphrase = true
            return await question()
          },
        }),
  })
  if (!used.passphrase && hasNamedPassphrase(args) && !args.quiet) {
    io.stderr.write(
      `${io.program.name}: remark: the key is not encrypted; the passphrase was not used\n`,
    )
  }
  return signer
}

type Expected = Pick<SignerOptions, 'expected'>

/** The socket of SSH_AUTH_SOCK and the time limit. @throws CantosignError `usage` */
export function agentOptions(args: Arguments): AgentOptions {
  const milliseconds = timeoutMilliseconds(args)
  return {
    environmentSocket: process.env['SSH_AUTH_SOCK'],
    ...(milliseconds === undefined ? {} : { timeoutMilliseconds: milliseconds }),
  }
}

function execOptions(publicKey: PublicKey | undefined, args: Arguments): ExecSignerOptions {
  if (publicKey === undefined) {
    throw new CantosignError(
      'usage',
      'a key exec: does not say which public key its signatures are by',
      'give the public key: --public-key FILE',
    )
  }
  const milliseconds = timeoutMilliseconds(args)
  return {
    publicKey,
    takes: args.string('command-takes') === 'digest' ? 'digest' : 'message',
    gives: args.string('command-gives') === 'concat' ? 'CONCAT' : 'DER',
    ...(milliseconds === undefined ? {} : { timeoutMilliseconds: milliseconds }),
  }
}

/**
 * Opens a key for signing.
 * @throws CantosignError `usage`, `signer-key-mismatch`, and what the driver throws
 */
export async function openSignerOf(uri: KeyUri, args: Arguments, io: Io): Promise<Signer> {
  refuseUseless(uri, args)
  const publicKey = await givenPublicKey(args)
  const expected: Expected = publicKey === undefined ? {} : { expected: publicKey.fingerprint }
  switch (uri.$case) {
    case 'file':
      return await openFile(uri.path, args, io, expected)
    case 'pkcs11': {
      const pin = pinQuestionOf(uri.uri, args, io)
      const { openPkcs11Signer } = await import('../../src/signer/pkcs11/driver.ts')
      return await openPkcs11Signer(uri.uri, {
        ...expected,
        ...(pin === undefined ? {} : { pin }),
        ...(publicKey === undefined ? {} : { publicKey }),
      })
    }
    case 'exec': {
      const { openExecSigner } = await import('../../src/signer/exec/driver.ts')
      return openExecSigner(uri.command, execOptions(publicKey, args))
    }
    case 'ssh-agent': {
      const { openAgentSigner } = await import('../../src/signer/ssh-agent/driver.ts')
      return await openAgentSigner(uri.uri, { ...expected, ...agentOptions(args) })
    }
    case 'connected': {
      const keys = await connectedKeys(io)
      return await keys.open(uri.uri, { ...expected, ...connectedOptions(args) })
    }
    default:
      return unreachable(uri)
  }
}

/** What reaches keys behind a network: such a key URI is read by a program that has it. */
export async function connectedKeys({ program }: Io): Promise<ConnectedKeys> {
  if (program.connectedKeys === undefined) throw new Error('the program reaches no such keys')
  return await program.connectedKeys()
}

/** @throws CantosignError `usage` */
export function connectedOptions(args: Arguments): ConnectedOptions {
  const timeout = timeoutMilliseconds(args)
  return timeout === undefined ? {} : { timeoutMilliseconds: timeout }
}

/**
 * Opens the key that `--key` names, for signing. Its public key is known to be the one that
 * `--public-key` names, if it does.
 * @throws CantosignError `usage`, `key-uri`, `key-uri-invalid`, and as `openSignerOf`
 */
export async function openSigner(args: Arguments, io: Io): Promise<Signer> {
  const uri = requireKeyUri(args.string('key'), io.program)
  const opened = await openSignerOf(uri, args, io)
  const signer = io.audit?.watching(opened) ?? opened
  try {
    await signer.publicKey()
    return signer
  } catch (error) {
    signer.close()
    throw error
  }
}
