/** `sign`: shows what a signature would authorize, asks, signs, and checks what was made. */
import { toHex } from '../../src/base/bytes.ts'
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { isMultihash } from '../../src/crypto/hash.ts'
import { algorithmOf, encodingOf } from '../../src/crypto/key-spec.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import { readWholeFile } from '../../src/host/files.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { confirmSignature, refuseUnasked } from './confirmation.ts'
import { openSigner, refuseKeyless } from './key-opening.ts'
import { requireOutput, writeOutput } from './output.ts'
import type { SigningRequest } from './sign-request.ts'

export const run: CommandRun = async (args, io) => {
  const path = args.positional('file')
  const output = requireOutput(args, io)
  refuseKeyless(args)
  refuseUnasked(args, io)
  if (args.flag('blind')) return await signBlind(path, output, args, io)
  const { readSigningRequest } = await import('./sign-request.ts')
  const request = await readSigningRequest(path, args)
  if (signsPrepared(request, args)) {
    const { signPackage } = await import('./sign-prepared.ts')
    return await signPackage(request, output, 'all', args, io)
  }
  refuseParty(args)
  const { signShown } = await import('./sign-shown.ts')
  return await signShown(request, output, args, io)
}

/** True if prepared Daml transactions of a package are among what is to be signed. */
function signsPrepared({ source }: SigningRequest, args: Arguments): boolean {
  if (source.$case === 'file') return false
  const { transactions, preparedTransactions } = source.content
  if (preparedTransactions.length === 0) return false
  const named = args.strings('transaction')
  if (named.length > 0) return preparedTransactions.some(({ hash }) => named.includes(hash))
  // A combined signature is over topology transactions alone.
  return transactions.length === 0 || !args.flag('combined')
}

/** @throws CantosignError `usage`: nothing given is ever ignored */
function refuseParty(args: Arguments): void {
  if (args.strings('party').length === 0) return
  throw new CantosignError(
    'usage',
    '--party says for whom a Daml transaction is signed, and only topology is signed here',
    'leave it out',
  )
}

/** Options that say something about a transaction, which a bare hash does not show. */
const NOT_BLIND = [
  'transaction',
  'state',
  'expect',
  'policy',
  'proposal',
  'accept-danger',
  'accept-finding',
  'combined',
  'allow-unneeded',
  'party',
  'fast',
]

/** Anything longer than this is no hash, whatever it is. */
const MAX_BLIND_BYTES = 64 * 1024 * 1024

async function signBlind(
  path: string,
  output: string,
  args: Arguments,
  io: Io,
): Promise<ExitStatus> {
  const foreign = NOT_BLIND.find((name) => args.strings(name).length > 0)
  if (foreign !== undefined) {
    throw new CantosignError(
      'usage',
      `--blind and --${foreign} do not go together`,
      'a bare hash shows nothing that could be compared: sign the transaction instead',
    )
  }
  const bytes = readWholeFile(path, MAX_BLIND_BYTES)
  if (!isMultihash(bytes)) {
    throw new CantosignError(
      'blind-not-hash',
      `${path} is not a bare hash of exactly 34 bytes beginning 1220 (it has ${bytes.length})`,
      'a transaction is signed without --blind; a hash of 32 bytes is never signed',
    )
  }
  if (!args.flag('detached')) {
    throw new CantosignError(
      'blind-missing',
      'a bare hash has no transaction to put a signature into',
      'add --detached: only bare signature bytes can be made from a hash',
    )
  }
  const signer = await openSigner(args, io)
  try {
    const key = await signer.publicKey()
    const hash = toHex(bytes)
    if (!args.quiet) {
      io.stderr.write(
        `${io.program.name}: warning: signing blind: nothing shows what ${hash} stands for\n`,
      )
    }
    await confirmSignature({ hash, count: 1, combined: false, key }, args, io)
    writeOutput(output, await signer.sign({ message: bytes }), args, io, [path])
    presentBlind(hash, key, output, args, io)
    return ExitStatus.done
  } finally {
    signer.close()
  }
}

function presentBlind(hash: string, key: PublicKey, output: string, args: Arguments, io: Io): void {
  const algorithm = algorithmOf(key.keySpec)
  const format = encodingOf(key.keySpec)
  if (args.json) {
    const document = { hash, signedBy: key.fingerprint, algorithm, format, proposal: null, output }
    io.stdout.write(`${JSON.stringify(document)}\n`)
  } else if (!args.quiet && output !== '-') {
    io.stderr.write(`signed ${hash}\n  by ${key.fingerprint} (${algorithm}, ${format})\n`)
  }
}
