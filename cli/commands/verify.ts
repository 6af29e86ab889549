/** `verify`: hashes recomputed, signatures verified, authorization decided, the missing named. */
import type { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { parseNamespace } from '../../src/ident/fingerprint.ts'
import type { KeyResolver } from '../../src/topology/signed-transaction.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { presentVerification } from '../present/verification.ts'
import { contentName, readInput } from './input.ts'
import { limitsIn } from './limits.ts'
import { readStateInput } from './state-input.ts'
import { Verification } from './verification.ts'
import { verifyPackageFile, verifyTransactionFile, type VerifyContext } from './verify-files.ts'
import { verifyStreamFile } from './verify-stream.ts'

export const run: CommandRun = async (args, io): Promise<ExitStatus> => {
  const path = args.positional('file')
  const signaturesOnly = args.flag('signatures-only')
  if (signaturesOnly) refuseDecisions(args)
  const trust = args.strings('trust').map((text) => parseNamespace(text, '--trust'))
  const input = await readInput(path, limitsIn(args))
  const context: VerifyContext = {
    path,
    signaturesOnly,
    strict: args.flag('strict'),
    trusted: trust.length === 0 ? undefined : new Set(trust),
    beside: await readStateInput(args),
  }
  switch (input.$case) {
    case 'hash':
    case 'key':
      throw new CantosignError(
        'file-kind',
        `${path} holds ${contentName(input)}: there is nothing to verify in it`,
        'give a signing package, a signed transaction, a list or a snapshot',
      )
    case 'package':
      return verifyOnePackage(input.bytes, context, args, io)
    case 'transaction':
    case 'signed': {
      const verification = new Verification(true)
      const verdicts = verifyTransactionFile(input, verification, context)
      for (const verdict of verdicts) verification.addVerdict(verdict)
      presentVerification(verification, { path, kind: input.$case, verdicts }, args, io)
      return verification.status
    }
    case 'stream':
      return await verifyStreamFile(input.layout, context, args, io)
  }
}

function verifyOnePackage(
  bytes: Uint8Array,
  context: VerifyContext,
  args: Arguments,
  io: Io,
): ExitStatus {
  const verification = new Verification(true)
  const verdicts = verifyPackageFile(bytes, verification, context)
  for (const verdict of verdicts) verification.addVerdict(verdict)
  presentVerification(verification, { path: context.path, kind: 'package', verdicts }, args, io)
  return verification.status
}

/**
 * Verifies a package with the state that is named and further keys.
 * @throws CantosignError as `verifyPackageFile`, and as `readStateInput`
 */
export async function verifyPackageWith(
  bytes: Uint8Array,
  path: string,
  keys: KeyResolver,
  args: Arguments,
  io: Io,
): Promise<ExitStatus> {
  const beside = await readStateInput(args)
  const resolve: KeyResolver = (fingerprint) => keys(fingerprint) ?? beside.resolve(fingerprint)
  const context = {
    path,
    signaturesOnly: false,
    strict: false,
    trusted: undefined,
    beside: { ...beside, resolve },
  }
  return verifyOnePackage(bytes, context, args, io)
}

/** Options that would say nothing without a decision: nothing given is ever ignored. */
function refuseDecisions(args: Arguments): void {
  const foreign = [
    ...(args.flag('strict') ? ['strict'] : []),
    ...(args.strings('trust').length > 0 ? ['trust'] : []),
  ]
  if (foreign[0] === undefined) return
  throw new CantosignError(
    'usage',
    `--signatures-only decides nothing that --${foreign[0]} could bear on`,
    `leave out --signatures-only or --${foreign[0]}`,
  )
}
