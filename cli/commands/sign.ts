/** `sign`: shows what a transaction authorizes, asks, signs, and checks the signature it made. */
import { toHex } from '../../src/base/bytes.ts'
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { FINDING_CODES, isAcceptable, type FindingCode } from '../../src/base/finding-codes.ts'
import { escapeText } from '../../src/base/text.ts'
import { isMultihash } from '../../src/crypto/hash.ts'
import { algorithmOf, encodingOf } from '../../src/crypto/key-spec.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import { findDangers, type Danger } from '../../src/explain/dangers.ts'
import { statementContext, transactionReport } from '../../src/explain/report.ts'
import { readWholeFile } from '../../src/host/files.ts'
import {
  signatureMessage,
  signedTransactionFile,
  withSignature,
} from '../../src/topology/assemble.ts'
import type { KnownMapping } from '../../src/topology/mapping.ts'
import { isProvedComplete, needOf } from '../../src/topology/need.ts'
import {
  findingError,
  refusals,
  verifySignatures,
  type VerifiedSignature,
} from '../../src/topology/signed-transaction.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { dangerLines, transactionLines } from '../present/transaction.ts'
import { findingsOf, readInput, refuseFatal, type TransactionInput } from './input.ts'
import { openSigner } from './key-opening.ts'
import { requireOutput, writeOutput } from './output.ts'

export const run: CommandRun = async (args, io) => {
  const path = args.positional('file')
  const output = requireOutput(args, io)
  if (!args.yes && !io.terminal.interactive) {
    throw new CantosignError(
      'no-terminal',
      'a signature has to be confirmed and there is no terminal to ask on',
      'sign at a terminal, or add --yes if what is signed was checked before',
    )
  }
  return args.flag('blind')
    ? await signBlind(path, output, args, io)
    : await signShown(path, output, args, io)
}

/** Accepted finding codes; a word that is no code, or one that cannot be accepted, is a mistake. */
function acceptedFindings(args: Arguments): ReadonlySet<string> {
  const accepted = args.strings('accept-finding')
  for (const code of accepted) {
    const known = code in FINDING_CODES
    if (!known || !isAcceptable(code as FindingCode)) {
      throw new CantosignError(
        'usage',
        `--accept-finding ${code}: ${known ? 'this finding cannot be accepted' : 'there is no such finding'}`,
        'docs/errors.md lists the findings that can be accepted',
      )
    }
  }
  return new Set(accepted)
}

async function signShown(
  path: string,
  output: string,
  args: Arguments,
  io: Io,
): Promise<ExitStatus> {
  const accepted = acceptedFindings(args)
  const input = await readSignable(path)
  const { transaction } = input
  const existing = input.$case === 'signed' ? verifySignatures(input.signed) : []
  const findings = [...findingsOf(input), ...existing.flatMap((one) => one.findings)]
  const [refusal] = refusals(findings, accepted)
  if (refusal !== undefined) {
    throw findingError(
      findings,
      refusal,
      isAcceptable(refusal.code)
        ? `do not sign it unless you know why it is so; then add --accept-finding ${refusal.code}`
        : 'it cannot be signed: ask who prepared it for a sound one',
      path,
    )
  }
  const { value } = transaction
  const mapping = value?.mapping?.mapping
  if (value === undefined || mapping === undefined) {
    throw new Error('a transaction without a mapping was not refused')
  }
  const dangers = findDangers(value, statementContext)
  refuseDangers(dangers, new Set(args.strings('accept-danger')))

  const signer = await openSigner(args, io)
  try {
    const key = await signer.publicKey()
    const signers = new Set(existing.map((one) => one.signature.wire.signedBy))
    checkNeed(mapping, key, signers, args, io)
    if (!args.quiet) {
      const report = transactionReport(transaction, signedPart(input, existing))
      const lines = [...transactionLines(report), '', 'before signing', ...dangerLines(dangers)]
      io.stderr.write(`${escapeText(path)}\n${lines.join('\n')}\n`)
    }
    await confirm(toHex(transaction.hash), key, args, io)
    const signature = await signer.sign({ message: transaction.hash })
    signers.add(key.fingerprint)
    const proposal = proposalFlag(input, isProvedComplete(mapping, value.serial, signers), args, io)
    const wire = signatureMessage(key.keySpec, key.fingerprint, signature)
    const bytes = args.flag('detached')
      ? signature
      : input.$case === 'signed'
        ? withSignature(input.signed.bytes, wire, proposal)
        : signedTransactionFile(transaction.bytes, wire, proposal)
    writeOutput(output, bytes, args, io, [path])
    present(toHex(transaction.hash), key, output, args.flag('detached') ? null : proposal, args, io)
    return ExitStatus.done
  } finally {
    signer.close()
  }
}

/** @throws CantosignError `blind-missing` for a bare hash, `file-kind` for what is no transaction */
async function readSignable(path: string): Promise<TransactionInput> {
  const input = await readInput(path)
  if (input.$case === 'hash') {
    throw new CantosignError(
      'blind-missing',
      `${path} is a bare hash: what a signature over it would authorize cannot be shown`,
      'sign the transaction it was made from, or accept the risk with --blind --detached',
    )
  }
  if (input.$case === 'stream' || input.$case === 'key') {
    throw new CantosignError(
      'file-kind',
      `${path} holds ${input.$case === 'stream' ? 'a list of transactions' : 'a key'}, not one topology transaction`,
      `see what it is with: inspect ${path}`,
    )
  }
  refuseFatal(findingsOf(input), path)
  return input
}

function refuseDangers(dangers: readonly Danger[], accepted: ReadonlySet<string>): void {
  const danger = dangers.find(({ code, grave }) => grave && !accepted.has(code))
  if (danger === undefined) return
  throw new CantosignError(
    'danger-not-accepted',
    `grave danger ${danger.code}: ${danger.message}`,
    `if this is what you intend, add --accept-danger ${danger.code}`,
    { details: { danger: danger.code } },
  )
}

function checkNeed(
  mapping: KnownMapping,
  key: PublicKey,
  signers: ReadonlySet<string>,
  args: Arguments,
  io: Io,
): void {
  if (signers.has(key.fingerprint)) {
    throw new CantosignError(
      'key-already-signed',
      `the key ${key.fingerprint} has signed this transaction already`,
      'nothing is left to do with this key',
    )
  }
  const need = needOf(mapping, key.fingerprint)
  if (need === 'needed' || args.flag('allow-unneeded')) return
  if (need === 'unneeded') {
    throw new CantosignError(
      'key-unneeded',
      `no requirement of the transaction asks for the key ${key.fingerprint}`,
      'use the key of the namespace; --allow-unneeded signs all the same',
    )
  }
  io.stderr.write(
    `${io.program.name}: warning: the transaction does not name the key ${key.fingerprint}; ` +
      'whether it may act by a delegation cannot be told from this file\n',
  )
}

const CONFIRMATION_CHARACTERS = 8

async function confirm(hash: string, key: PublicKey, args: Arguments, io: Io): Promise<void> {
  if (args.yes) return
  const expected = hash.slice(-CONFIRMATION_CHARACTERS)
  const typed = await io.terminal.ask(
    `sign ${hash}\nwith ${key.fingerprint}?\n` +
      `type the last ${CONFIRMATION_CHARACTERS} characters of the hash to sign: `,
  )
  if (typed.trim() === expected) return
  throw new CantosignError(
    'declined',
    'the characters typed are not the end of the hash; nothing was signed',
    'start again when the transaction is what was agreed',
  )
}

/** `--proposal`, or what the file had, or false only where completeness is proved. */
function proposalFlag(
  input: TransactionInput,
  complete: boolean,
  args: Arguments,
  io: Io,
): boolean {
  const chosen = args.string('proposal')
  if (chosen !== undefined) return chosen === 'true'
  if (args.flag('detached')) return false
  const proposal = !complete
  if (proposal && !args.quiet) {
    const had = input.$case === 'signed' && input.signed.value?.proposal === false
    io.stderr.write(
      `${io.program.name}: remark: written as a proposal${had ? ' (the file was none)' : ''}: ` +
        'this file alone does not prove that no signature is missing; a node that has them all ' +
        'treats it as complete\n',
    )
  }
  return proposal
}

function signedPart(
  input: TransactionInput,
  signatures: readonly VerifiedSignature[],
): Parameters<typeof transactionReport>[1] {
  if (input.$case === 'transaction') return undefined
  const { value, findings } = input.signed
  return { proposal: value?.proposal ?? false, signatures, findings }
}

async function signBlind(
  path: string,
  output: string,
  args: Arguments,
  io: Io,
): Promise<ExitStatus> {
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
    await confirm(hash, key, args, io)
    writeOutput(output, await signer.sign({ message: bytes }), args, io, [path])
    present(hash, key, output, null, args, io)
    return ExitStatus.done
  } finally {
    signer.close()
  }
}

/** Anything longer than this is no hash, whatever it is. */
const MAX_BLIND_BYTES = 64 * 1024 * 1024

function present(
  hash: string,
  key: PublicKey,
  output: string,
  proposal: boolean | null,
  args: Arguments,
  io: Io,
): void {
  const algorithm = algorithmOf(key.keySpec)
  const format = encodingOf(key.keySpec)
  if (args.json) {
    const document = { hash, signedBy: key.fingerprint, algorithm, format, proposal, output }
    io.stdout.write(`${JSON.stringify(document)}\n`)
  } else if (!args.quiet && output !== '-') {
    io.stderr.write(`signed ${hash}\n  by ${key.fingerprint} (${algorithm}, ${format})\n`)
  }
}
