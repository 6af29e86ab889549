/** `verify`: every hash recomputed, every signature verified, on one transaction or a stream. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { severityOf, type FindingCode } from '../../src/base/finding-codes.ts'
import { openChunks } from '../../src/host/files.ts'
import { isFingerprint } from '../../src/ident/fingerprint.ts'
import type { StreamLayout } from '../../src/topology/record-splitter.ts'
import {
  verifySignatures,
  type KeyResolver,
  type ReadSignedTransaction,
} from '../../src/topology/signed-transaction.ts'
import { KeyBook, verifyStream } from '../../src/topology/stream.ts'
import type { CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { warningJson } from '../present/json.ts'
import { openProgress } from '../present/progress.ts'
import { counted } from '../present/text.ts'
import { findingLines } from '../present/transaction.ts'
import { findingsOf, readInput, refuseFatal } from './input.ts'
import { knownKeys } from './known-keys.ts'
import { StreamSummary } from './stream-summary.ts'

/**
 * Nodes keep the first of two signatures by one key, and snapshots of real networks have such
 * pairs: a record of what a network accepted is not refused for them.
 */
const ALLOWED_IN_STREAMS: ReadonlySet<FindingCode> = new Set<FindingCode>(['duplicate-signer'])

/** The exit status for signature counts and findings (docs/errors.md). */
function verdict(summary: StreamSummary, allowed: ReadonlySet<FindingCode>): ExitStatus {
  const { valid, invalid, unverifiable } = summary.signatures
  if (invalid > 0) return ExitStatus.unverified
  if (summary.refused(allowed)) return ExitStatus.malformed
  return unverifiable > 0 || valid === 0 ? ExitStatus.incomplete : ExitStatus.done
}

export const run: CommandRun = async (args, io) => {
  const path = args.positional('file')
  const resolve = await knownKeys(args.strings('state'))
  const input = await readInput(path)
  const summary = new StreamSummary()
  let status: ExitStatus
  switch (input.$case) {
    case 'hash':
    case 'key':
      throw new CantosignError(
        'file-kind',
        `${path} holds a ${input.$case}: there is nothing to verify in it`,
        'give a signed transaction, a list or a snapshot',
      )
    case 'transaction':
      refuseFatal(findingsOf(input), path)
      throw new CantosignError(
        'signatures-missing',
        `${path} holds a transaction without any signature`,
        'sign it first, or inspect it',
      )
    case 'signed':
      refuseFatal(input.signed.findings, path)
      addSigned(summary, input.signed, resolve)
      status = verdict(summary, new Set())
      break
    case 'stream':
      await addStream(summary, path, input.layout, resolve, io, args.json || args.quiet)
      status = verdict(summary, ALLOWED_IN_STREAMS)
      break
  }
  present(summary, path, status, args.json, io)
  return status
}

function addSigned(
  summary: StreamSummary,
  signed: ReadSignedTransaction,
  resolve: KeyResolver,
): void {
  summary.addRecord({ index: 0, signed, item: undefined, findings: signed.findings })
  for (const verified of verifySignatures(signed, resolve)) summary.addSignature(verified)
}

/**
 * Two passes at most: the second only for signatures whose key came later in the stream, so that
 * memory grows with the number of keys and not with the number of signatures.
 */
async function addStream(
  summary: StreamSummary,
  path: string,
  layout: StreamLayout,
  outside: KeyResolver,
  io: Io,
  silent: boolean,
): Promise<void> {
  const book = new KeyBook(outside)
  const progress = openProgress(io.stderr, silent)
  const source = (): AsyncIterable<Uint8Array> => openChunks(path, progress.update)
  const unknownSigners = new Set<string>()
  try {
    for await (const batch of verifyStream(source, layout, book)) {
      for (const event of batch) {
        if (event.$case === 'finding') summary.addFinding(event.finding)
        else {
          summary.addRecord(event.record)
          for (const verified of event.signatures) {
            summary.addSignature(verified)
            if (verified.status === 'unverifiable')
              unknownSigners.add(verified.signature.wire.signedBy)
          }
        }
      }
    }
    const { fatal } = summary
    if (fatal !== undefined) refuseFatal([fatal], path)
    const cameLater = [...unknownSigners].some((one) => isFingerprint(one) && book.resolve(one))
    if (!cameLater) return
    const select = (
      { wire: { signedBy } }: { wire: { signedBy: string } },
      index: number,
    ): boolean => isFingerprint(signedBy) && book.knownOnlyAfter(signedBy, index)
    for await (const batch of verifyStream(source, layout, book, select)) {
      for (const event of batch) {
        if (event.$case === 'record')
          event.signatures.forEach((one) => {
            summary.resolveLater(one)
          })
      }
    }
  } finally {
    progress.end()
  }
}

function present(
  summary: StreamSummary,
  path: string,
  status: ExitStatus,
  json: boolean,
  io: Io,
): void {
  const { valid, invalid, unverifiable } = summary.signatures
  const warnings = [...summary.findings].map(([code, { count, examples: some }]) => ({
    code,
    count,
    ...(some[0] === undefined ? {} : { path: warningJson(some[0]).path, message: some[0].message }),
  }))
  if (json) {
    const document = {
      transactions: summary.transactions,
      signatures: { valid, invalid, unverifiable },
      authorization: [],
      ok: status === ExitStatus.done,
      warnings,
    }
    io.stdout.write(`${JSON.stringify(document)}\n`)
    return
  }
  const lines = [
    `${path}: ${counted(summary.transactions, 'transaction')}, ${counted(valid + invalid + unverifiable, 'signature')}`,
    `  valid         ${valid}`,
    `  invalid       ${invalid}`,
    `  unverifiable  ${unverifiable}${unverifiable > 0 ? ' (the key that signed is not in the file)' : ''}`,
    ...[...summary.mappings].map(([type, count]) => `  ${String(count).padStart(6)}  ${type}`),
    ...[...summary.findings].flatMap(([code, { count, examples: some }]) => [
      `  ${severityOf(code) === 'allow' ? 'named' : 'found'} ${counted(count, 'time')}:`,
      ...findingLines(some.slice(0, 1)).map((line) => `  ${line}`),
    ]),
    status === ExitStatus.done
      ? 'every signature is valid; whether the signers were entitled to sign is not decided here'
      : 'not every signature is proved valid',
  ]
  io.stdout.write(`${lines.join('\n')}\n`)
}
