/** `export --format kms-registration`: what a node has to be told to use a key of a KMS. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { writeFiles } from '../../src/host/files.ts'
import { kmsKeyName } from '../../src/kms/key-name.ts'
import {
  REGISTERED_USAGES,
  registrationFiles,
  type RegisteredUsage,
} from '../../src/kms/registration.ts'
import type { Arguments, CommandRun } from '../command.ts'
import { connectedOptions, requireKeyUri } from '../commands/key-opening.ts'
import { givenPublicKey, refuseUseless } from '../commands/signer-settings.ts'
import { REGISTRATION_FORMAT, REGISTRATION_OPTIONS } from './kms-registration-options.ts'

/** Options of the other formats. */
const FOREIGN = ['proposal', 'store', 'accept-finding', 'allow-unverifiable', 'state', 'limit']

export const run: CommandRun = async (args, io, commands) => {
  if (args.string('format') !== REGISTRATION_FORMAT) {
    refuseOwn(args)
    const other = await import('../commands/export.ts')
    return await other.run(args, io, commands)
  }
  refuseForeign(args)
  const directory = requireDirectory(args)
  const usages = requireUsages(args)
  const uri = requireKeyUri(args.string('key'), io.program)
  if (uri.$case !== 'connected') {
    throw new CantosignError(
      'usage',
      'a node registers keys of a key management service, and this key is elsewhere',
      'give --key awskms:… or --key gcpkms:…',
    )
  }
  refuseUseless(uri, args)
  const expected = await givenPublicKey(args)
  const named = await kmsKeyName(uri.uri, connectedOptions(args))
  const { key, kmsKeyId, remarks } = named
  if (expected !== undefined && expected.fingerprint !== key.fingerprint) {
    throw new CantosignError(
      'signer-key-mismatch',
      `the service holds the key ${key.fingerprint}, not ${expected.fingerprint}`,
      'nothing was written: name the key that is meant',
    )
  }
  const node = args.string('node') ?? 'participant1'
  const files = registrationFiles(named, { usages, name: args.string('name') ?? '', node })
  writeFiles(directory, files, { force: args.force })
  const names = files.map(({ name }) => name)
  if (args.json) {
    const { fingerprint, keySpec } = key
    const document = { directory, files: names, fingerprint, keySpec, kmsKeyId, remarks }
    io.stdout.write(`${JSON.stringify(document)}\n`)
  } else if (!args.quiet) {
    for (const remark of remarks) io.stderr.write(`${io.program.name}: remark: ${remark}\n`)
    io.stderr.write(names.map((name) => `wrote ${name}\n`).join(''))
  }
  return ExitStatus.done
}

/** @throws CantosignError `usage`: nothing given is ever ignored */
function refuseOwn(args: Arguments): void {
  const own = REGISTRATION_OPTIONS.find(({ name }) => args.strings(name).length > 0)
  if (own !== undefined) {
    throw new CantosignError(
      'usage',
      `--${own.name} means nothing to this format`,
      `leave it out; it is for --format ${REGISTRATION_FORMAT}`,
    )
  }
  if (args.optionalPositional('file') !== undefined) return
  throw new CantosignError(
    'usage',
    'no file is named',
    'give a signing package or a transaction file',
  )
}

/** @throws CantosignError `usage` */
function refuseForeign(args: Arguments): void {
  const foreign = FOREIGN.find((name) => args.flag(name) || args.strings(name).length > 0)
  const what =
    args.optionalPositional('file') !== undefined
      ? 'a file'
      : args.output !== undefined
        ? '-o'
        : foreign === undefined
          ? undefined
          : `--${foreign}`
  if (what === undefined) return
  throw new CantosignError(
    'usage',
    `${what} means nothing to --format ${REGISTRATION_FORMAT}`,
    'leave it out; the key is named by --key, the place for the files by -d',
  )
}

/** @throws CantosignError `output-missing` */
function requireDirectory(args: Arguments): string {
  const directory = args.string('directory')
  if (directory !== undefined) return directory
  throw new CantosignError('output-missing', 'no directory is named', 'say where to write: -d DIR')
}

/** @throws CantosignError `usage` */
function requireUsages(args: Arguments): readonly RegisteredUsage[] {
  const chosen = new Set(args.strings('usage'))
  if (chosen.size > 0) return REGISTERED_USAGES.filter((usage) => chosen.has(usage))
  throw new CantosignError(
    'usage',
    'no usage is given, and a node keeps a key to the usages it was registered with',
    `name them: --usage ${REGISTERED_USAGES.join(', --usage ')}`,
  )
}
