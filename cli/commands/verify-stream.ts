/** `verify` of snapshots and lists: judged and told record by record, whatever their size. */
import { Replay } from '../../src/authorization/replay.ts'
import type { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { severityOf, type Finding } from '../../src/base/finding-codes.ts'
import { readState } from '../../src/explain/judgement.ts'
import { requireSound } from '../../src/explain/package-judgement.ts'
import { openChunks } from '../../src/host/files.ts'
import type { StreamLayout } from '../../src/topology/record-splitter.ts'
import { StreamKeys } from '../../src/topology/stream-keys.ts'
import { verifyStream, type VerifiedEvent } from '../../src/topology/stream.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'
import { openProgress } from '../present/progress.ts'
import { presentVerification, VerificationStream } from '../present/verification.ts'
import { fatalError, refuseFatal } from './input.ts'
import { Verification } from './verification.ts'
import type { VerifyContext } from './verify-files.ts'

/**
 * A snapshot is a history from its start. A list may be one too, such as the genesis of a network,
 * or an extract: it is judged in the state that is given and proved, so that what it lacks is
 * `unknown`. Nodes take in both with the relaxations.
 */
function replayOf(layout: StreamLayout, { strict, trusted, beside }: VerifyContext): Replay {
  const mode = strict ? 'strict' : 'snapshot'
  const trust = trusted === undefined ? {} : { trusted }
  if (layout === 'snapshot-v1' || layout === 'snapshot-v2') return new Replay({ mode, ...trust })
  const state = requireSound(readState(beside.signed, { $case: 'unknown' }, beside.resolve))
  return new Replay({ mode, follows: state.proved.state, ...trust })
}

/** @throws CantosignError `state-invalid`, or the code of a fatal finding */
export async function verifyStreamFile(
  layout: StreamLayout,
  context: VerifyContext,
  args: Arguments,
  io: Io,
): Promise<ExitStatus> {
  const verification = new Verification(false)
  const progress = openProgress(io.stderr, args.json || args.quiet)
  const source = (): AsyncIterable<Uint8Array> => openChunks(context.path, progress.update)
  try {
    if (context.signaturesOnly) await countSignatures(source, layout, verification, context)
    else return await replayFile(source, layout, verification, context, args, io)
  } finally {
    progress.end()
  }
  const { path } = context
  presentVerification(verification, { path, kind: 'stream', verdicts: [] }, args, io)
  return verification.status
}

const fatalIn = (event: VerifiedEvent): Finding | undefined => {
  const findings = event.$case === 'finding' ? [event.finding] : event.record.findings
  return findings.find(({ code }) => severityOf(code) === 'fatal')
}

/** Every record is judged once, its verdict written as soon as it is known. */
async function replayFile(
  source: () => AsyncIterable<Uint8Array>,
  layout: StreamLayout,
  verification: Verification,
  context: VerifyContext,
  args: Arguments,
  io: Io,
): Promise<ExitStatus> {
  const { path, beside } = context
  const { summary } = verification
  const replay = replayOf(layout, context)
  const keys = new StreamKeys(() => openChunks(path), layout, beside.resolve)
  const stream = new VerificationStream(verification, { path, kind: 'stream' }, args, io)
  /** The fatal finding that the batch breaks off with, if there is one. */
  const judge = (batch: readonly VerifiedEvent[]): Finding | undefined => {
    for (const event of batch) {
      const fatal = fatalIn(event)
      if (fatal !== undefined) return fatal
      if (event.$case === 'finding') {
        summary.addFinding(event.finding)
        continue
      }
      summary.addRecord(event.record)
      for (const one of event.signatures) summary.addSignature(one)
      const { hash, authorization } = replay.add(event)
      const verdict = { hash, authorization }
      verification.addVerdict(verdict)
      stream.add(verdict)
    }
    return undefined
  }
  try {
    for await (const batch of verifyStream(source, layout, keys, 'authority')) {
      const fatal = judge(batch)
      if (fatal !== undefined) throw fatalError([fatal], fatal, path)
      stream.flush()
    }
  } catch (error) {
    // What the records say, or the file that cannot be read to its end.
    if (error instanceof CantosignError) stream.fail(error)
    throw error
  }
  stream.end()
  return verification.status
}

/** Only what signatures and keys take is looked at: memory grows with the number of keys. */
async function countSignatures(
  source: () => AsyncIterable<Uint8Array>,
  layout: StreamLayout,
  { summary }: Verification,
  { path, beside }: VerifyContext,
): Promise<void> {
  const keys = new StreamKeys(() => openChunks(path), layout, beside.resolve)
  for await (const batch of verifyStream(source, layout, keys, 'keys')) {
    for (const event of batch) {
      if (event.$case === 'finding') summary.addFinding(event.finding)
      else {
        summary.addRecord(event.record)
        for (const one of event.signatures) summary.addSignature(one)
      }
    }
  }
  const { fatal } = summary
  if (fatal !== undefined) refuseFatal([fatal], path)
}
