/** From `--key` and the passphrase options to a key that signs, or to the bytes of a key file. */
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import {
  readNewPassphrase,
  readPassphrase,
  type PassphraseSource,
} from '../../src/host/passphrase.ts'
import { openFileSigner } from '../../src/signer/file.ts'
import type { PassphraseQuestion } from '../../src/signer/open-private-key.ts'
import type { Signer } from '../../src/signer/signer.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'

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

/** Two letters or more: one letter before a colon is a drive of another system. */
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]+):/

/**
 * The path in `--key FILE` or `--key file:PATH`.
 * @throws CantosignError `key-uri` for every other scheme, `usage` for none at all
 */
export function keyPath(uri: string | undefined, program: string): string {
  if (uri === undefined) {
    throw new CantosignError('usage', 'no key is given', 'name it: --key FILE or --key file:PATH')
  }
  const scheme = SCHEME.exec(uri)?.[1]
  if (scheme === undefined) return uri
  if (scheme.toLowerCase() !== 'file') {
    throw new CantosignError(
      'key-uri',
      `${program} takes no keys of the scheme ${scheme}:`,
      'give a key file; one whose name has a colon in it is given as file:NAME',
      { details: { scheme } },
    )
  }
  const path = uri.slice('file:'.length)
  if (path !== '') return path
  throw new CantosignError('usage', 'the key URI file: names no file', 'give --key file:PATH')
}

/**
 * Opens the key that `--key` names, for signing.
 * @throws CantosignError `usage`, `key-uri`, and what `openFileSigner` throws
 */
export async function openSigner(args: Arguments, io: Io): Promise<Signer> {
  const path = keyPath(args.string('key'), io.program.name)
  const question = passphraseQuestion(path, args, io)
  const used: { passphrase: boolean } = { passphrase: false }
  const signer = await openFileSigner(path, {
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
