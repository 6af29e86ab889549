/** `transaction sign`: shows what a prepared Daml transaction does, asks, signs its 32-byte hash. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import { algorithmOf, encodingOf } from '../../src/crypto/key-spec.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import type { PreparedReport } from '../../src/explain/prepared-report.ts'
import { systemTimeMicros } from '../../src/host/clock.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { refuseUnasked } from './confirmation.ts'
import { readAnyInput, type AnyContent } from './input.ts'
import { limitsIn } from './limits.ts'
import { openSigner, refuseKeyless } from './key-opening.ts'
import { requireOutput, writeOutput } from './output.ts'
import { partySignaturesOf, writePartySignatures } from './party-signatures.ts'
import { readExpectation, requireSignable } from './prepared-agreement.ts'
import {
  namedParties,
  onlyParties,
  partiesOf,
  unneededKey,
  warnOfUnknown,
} from './prepared-choice.ts'
import { checkClaimedHash, digestOfText, preparedInputOf, requireScheme } from './prepared-input.ts'
import { confirmPrepared, reportOf, type PreparedTarget } from './prepared-signing.ts'
import { readActingState, type ActingState } from './prepared-state.ts'

export const run: CommandRun = async (args, io) => {
  const path = args.positional('file')
  const output = requireOutput(args, io)
  refuseForm(args)
  refuseKeyless(args)
  refuseUnasked(args, io)
  const content = await readAnyInput(path, limitsIn(args))
  if (content.$case !== 'package') return await signFile(content, path, output, args, io)
  const { signingRequestOf } = await import('./sign-request.ts')
  const request = await signingRequestOf(content, path, args)
  refuseFileOptions(args)
  const { signPackage } = await import('./sign-prepared.ts')
  return await signPackage(request, output, 'prepared', args, io)
}

async function signFile(
  content: AnyContent,
  path: string,
  output: string,
  args: Arguments,
  io: Io,
): Promise<ExitStatus> {
  refusePackageOptions(args)
  const input = preparedInputOf(content, path)
  const scheme = requireScheme(input, path, args)
  checkClaimedHash(input, scheme, path)
  const acting = await readActingState(input.read, args)
  const target: PreparedTarget = { name: path, read: input.read, scheme, acting, before: undefined }
  const named = namedParties([acting], args)
  const expected = readExpectation(args)
  const now = systemTimeMicros()
  requireSignable(reportOf(target, named, expected, now), path)

  const signer = await openSigner(args, io)
  try {
    const key = await signer.publicKey()
    const own = ownParties(acting, key, named, args, io)
    const report = reportOf(target, own, expected, now)
    const { hash } = requireSignable(report, path)
    const parties = args.flag('party-signatures') ? onlyParties(own, acting) : []
    const rules = await confirmPrepared([{ ...target, report, hash }], key, now, args, io)
    // The bare 32 bytes: a topology signature is over 34, so neither can be taken for the other.
    const signature = await signer.sign({ message: digestOfText(hash) })
    const bytes =
      parties.length === 0
        ? signature
        : writePartySignatures({
            scheme,
            hash: digestOfText(hash),
            signatures: partySignaturesOf(key, signature, parties),
          })
    writeOutput(output, bytes, args, io, [path])
    present({ report, key, parties, rule: rules?.[0], output }, args, io)
    return ExitStatus.done
  } finally {
    signer.close()
  }
}

/** @throws CantosignError `usage` */
function refuseForm(args: Arguments): void {
  if (!args.flag('detached') || !args.flag('party-signatures')) return
  throw new CantosignError(
    'usage',
    '--detached and --party-signatures do not go together',
    'choose the bare signature bytes or the document for execute',
  )
}

/** What a package says itself, or does itself. @throws CantosignError `usage` */
function refuseFileOptions(args: Arguments): void {
  const foreign = [
    ...(args.string('hashing-scheme') === undefined ? [] : ['hashing-scheme']),
    ...(args.flag('party-signatures') ? ['party-signatures'] : []),
  ]
  if (foreign[0] === undefined) return
  throw new CantosignError(
    'usage',
    `--${foreign[0]} is not for a package, which says itself what it holds`,
    'leave it out; export writes what execute takes',
  )
}

/** @throws CantosignError `usage` */
function refusePackageOptions(args: Arguments): void {
  if (args.strings('transaction').length === 0) return
  throw new CantosignError(
    'usage',
    '--transaction names transactions of a package, and this file is one transaction',
    'leave it out',
  )
}

/**
 * The acting parties that the key signs for.
 * @throws CantosignError `key-unneeded` (rule S5)
 */
function ownParties(
  acting: ActingState,
  { fingerprint }: PublicKey,
  named: readonly string[],
  args: Arguments,
  io: Io,
): readonly string[] {
  const { parties, need } = partiesOf(acting, fingerprint, named)
  if (need === 'unneeded' && !args.flag('allow-unneeded')) throw unneededKey(fingerprint)
  if (need === 'unknown') warnOfUnknown(fingerprint, io)
  return parties
}

interface Signed {
  readonly report: PreparedReport
  readonly key: PublicKey
  readonly parties: readonly string[]
  /** Of the policy. */
  readonly rule: string | undefined
  readonly output: string
}

function present(signed: Signed, args: Arguments, io: Io): void {
  const { report, key, parties, rule, output } = signed
  const hash = report.hashes?.hash ?? ''
  const algorithm = algorithmOf(key.keySpec)
  const format = encodingOf(key.keySpec)
  if (args.json) {
    const document = {
      hash,
      hashingScheme: report.scheme,
      signedBy: key.fingerprint,
      algorithm,
      format,
      parties,
      output,
      ...(rule === undefined ? {} : { rule }),
    }
    io.stdout.write(`${JSON.stringify(document)}\n`)
    return
  }
  if (args.quiet || output === '-') return
  const lines = [
    `signed ${hash} (${report.scheme})`,
    ...(rule === undefined ? [] : [`  allowed by the rule ${escapeText(rule)}`]),
    `  by ${key.fingerprint} (${algorithm}, ${format})`,
    ...parties.map((party) => `  for ${escapeText(party)}`),
  ]
  io.stderr.write(`${lines.join('\n')}\n`)
}
