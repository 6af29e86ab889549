/** `attach`: a signature made elsewhere, verified before it goes into the package. */
import { toHex } from '../../src/base/bytes.ts'
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { algorithmOf, encodingOf } from '../../src/crypto/key-spec.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import type { Danger } from '../../src/explain/dangers.ts'
import { needsOf, type Judged } from '../../src/explain/key-need.ts'
import {
  judgePackage,
  packageEntries,
  packageState,
  requireSound,
} from '../../src/explain/package-judgement.ts'
import { dangersOf } from '../../src/explain/signing-dangers.ts'
import type { Judgement } from '../../src/explain/standing.ts'
import { readWholeFile } from '../../src/host/files.ts'
import { parseFingerprint, type Fingerprint } from '../../src/ident/fingerprint.ts'
import { addSignature, signingMessage, type SignatureTarget } from '../../src/package/add.ts'
import { MAX_SIGNATURE_BYTES } from '../../src/package/entries.ts'
import type { SigningPackage } from '../../src/package/model.ts'
import { keyResolver } from '../../src/package/verdicts.ts'
import { writePackage } from '../../src/package/write.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { standingJson, standingLines } from '../present/signing.ts'
import { requireOutput, writeOutput } from './output.ts'
import { readPackageInput } from './package-input.ts'
import { readPublicKeyFiles } from './public-key-input.ts'
import { acceptedDangers, refuseDangers } from './sign-agreement.ts'
import { unneededError, unneededHint } from './sign-choice.ts'
import { readStateInput, type StateInput } from './state-input.ts'

export const run: CommandRun = async (args, io) => {
  const path = args.positional('package')
  const signaturePath = required(args, 'signature', 'FILE')
  const signedBy = parseFingerprint(required(args, 'signed-by', 'FINGERPRINT'), '--signed-by')
  const accepted = acceptedDangers(args)
  const output = requireOutput(args, io)
  const beside = await stateOf(args)
  const { resolve, limits } = beside
  const { package: content, verdicts } = await readPackageInput(path, beside)
  const signature = readSignature(signaturePath)
  const prepared = preparedTarget(content, args)
  if (prepared !== undefined) {
    const { attachPrepared } = await import('./attach-prepared.ts')
    const attached = { content, index: prepared, path, signaturePath, signature, signedBy }
    return attachPrepared(attached, beside, output, args, io)
  }
  if (args.strings('party').length > 0) {
    throw new CantosignError(
      'usage',
      '--party says for whom a Daml transaction was signed, and this is topology',
      'leave it out',
    )
  }
  const target = targetOf(content, args, path)
  const { package: made, replaced } = addSignature(
    content,
    { target, signedBy, signature },
    { resolve, limits },
  )
  const state = requireSound(packageState(content, beside))
  const entries = packageEntries(content, verdicts).map((entry, i) => ({
    ...entry,
    hash: content.transactions[i]?.hash ?? '',
  }))
  const covered = coveredBy(target, content)
  refuseUnneeded({ entries, state }, covered, signedBy, args, io)
  // What the signer was to be warned of is past; this would go into what others have signed.
  const own: ReadonlySet<string> = new Set([signedBy])
  const { each } = dangersOf(entries, judgePackage(content, beside), state, covered, own, signedBy)
  const foreign = target.$case === 'transaction' ? each.flat().filter(isForeignOnRoot) : []
  refuseDangers(foreign, accepted)
  writeOutput(output, writePackage(made, limits), args, io, [path, signaturePath])

  const judgements = judgePackage(made, beside)
  present(
    {
      key: keyResolver(made, resolve)(signedBy),
      signedBy,
      combined: target.$case === 'combined' ? toHex(signingMessage(content, target)) : null,
      judgements: covered.flatMap((i) => judgements[i] ?? []),
      replaced: replaced.length,
      output,
    },
    args,
    io,
  )
  return ExitStatus.done
}

/** @throws CantosignError `file-empty`, and what reading a file gives */
function readSignature(path: string): Uint8Array {
  const bytes = readWholeFile(path, MAX_SIGNATURE_BYTES)
  if (bytes.length > 0) return bytes
  throw new CantosignError('file-empty', `${path} is empty`, 'sign again, or copy the file anew')
}

/** A root delegation that carries another signature than that of its root is worth nothing. */
const isForeignOnRoot = ({ code }: Danger): boolean => code === 'root-foreign-signature'

interface Attached {
  readonly key: PublicKey | undefined
  readonly signedBy: Fingerprint
  /** The combined hash in hex. */
  readonly combined: string | null
  /** Of the transactions that the signature is over, with it. */
  readonly judgements: readonly Judgement[]
  readonly replaced: number
  readonly output: string
}

function present(attached: Attached, args: Arguments, io: Io): void {
  const { key, signedBy, combined, judgements, replaced, output } = attached
  if (args.json) {
    const document = {
      combined,
      signedBy,
      algorithm: key === undefined ? null : algorithmOf(key.keySpec),
      format: key === undefined ? null : encodingOf(key.keySpec),
      output,
      replaced,
      transactions: judgements.map(standingJson),
    }
    io.stdout.write(`${JSON.stringify(document)}\n`)
    return
  }
  if (args.quiet) return
  const lines = [
    ...(replaced > 0 ? ['an earlier signature by this key did not verify and gave way'] : []),
    `attached the signature by ${signedBy}`,
    ...(combined === null ? [] : [`over the combined hash ${combined} of`]),
    ...judgements.flatMap(standingLines),
  ]
  io.stderr.write(`${lines.join('\n')}\n`)
}

/**
 * The position of the prepared Daml transaction that the signature is over: the one that is named,
 * or the only thing in the package.
 */
function preparedTarget(content: SigningPackage, args: Arguments): number | undefined {
  const { transactions, preparedTransactions } = content
  const named = args.strings('transaction')
  const [only, second] = named
  if (only !== undefined && second === undefined) {
    const index = preparedTransactions.findIndex(({ hash }) => hash === only)
    return index === -1 ? undefined : index
  }
  const alone = transactions.length === 0 && preparedTransactions.length === 1
  return alone && only === undefined && !args.flag('combined') ? 0 : undefined
}

/** Positions of the transactions that the signature is over. */
function coveredBy(target: SignatureTarget, content: SigningPackage): readonly number[] {
  const hashes = target.$case === 'combined' ? target.hashes : [target.hash]
  const wanted = hashes === undefined ? undefined : new Set(hashes)
  return content.transactions.flatMap(({ hash }, i) =>
    wanted === undefined || wanted.has(hash) ? [i] : [],
  )
}

/**
 * Rule S5 for a signature that is there already: one of the transactions has to ask for its key.
 * @throws CantosignError `key-unneeded`
 */
function refuseUnneeded(
  judged: Judged,
  covered: readonly number[],
  signedBy: Fingerprint,
  args: Arguments,
  io: Io,
): void {
  if (args.flag('allow-unneeded')) return
  const needs = needsOf(judged, covered, signedBy).map(({ need }) => need)
  if (needs.every((need) => need === 'unneeded')) {
    const only = covered.length === 1 ? judged.entries[covered[0] ?? -1] : undefined
    const hash = only === undefined ? undefined : toHex(only.transaction.hash)
    throw unneededError(signedBy, hash, unneededHint(judged.state))
  }
  if (!needs.includes('needed')) {
    io.stderr.write(
      `${io.program.name}: warning: nothing here names the key ${signedBy}; whether it may act ` +
        'by a delegation cannot be told from this state\n',
    )
  }
}

/** @throws CantosignError `usage` */
function required(args: Arguments, name: string, value: string): string {
  const given = args.string(name)
  if (given !== undefined) return given
  throw new CantosignError('usage', `--${name} is missing`, `give it: --${name} ${value}`)
}

/**
 * What the signature is over.
 * @throws CantosignError `usage` where several transactions are possible and none is named
 */
function targetOf(content: SigningPackage, args: Arguments, path: string): SignatureTarget {
  const named = args.strings('transaction')
  if (args.flag('combined')) {
    return named.length === 0 ? { $case: 'combined' } : { $case: 'combined', hashes: named }
  }
  const [hash = content.transactions[0]?.hash ?? '', ...more] = named
  const count = content.transactions.length + content.preparedTransactions.length
  if (more.length === 0 && (named.length === 1 || count === 1)) {
    return { $case: 'transaction', hash }
  }
  throw new CantosignError(
    'usage',
    named.length > 1
      ? `${named.length} transactions are named, and a signature is over one`
      : `${path} holds ${count} transactions, and it is not said which one was signed`,
    'name one: --transaction HASH; or, for a signature over several together, --combined',
  )
}

/** State beside the package, and with it the keys of `--public-key`. */
async function stateOf(args: Arguments): Promise<StateInput> {
  const keys = await readPublicKeyFiles(args.strings('public-key'))
  const beside = await readStateInput(args)
  return {
    ...beside,
    resolve: (fingerprint) => keys.get(fingerprint) ?? beside.resolve(fingerprint),
  }
}
