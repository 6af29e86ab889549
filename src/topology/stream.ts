/**
 * Snapshots and lists of any size, read and verified as a stream: one record in memory at a time,
 * plus every distinct key. Bytes come in as chunks; where they come from is the caller's matter.
 */
import { severityOf, type Finding } from '../base/finding-codes.ts'
import { verifySignaturesAsync, type SignatureCheck } from '../crypto/signature.ts'
import { isFingerprint } from '../ident/fingerprint.ts'
import { RecordSplitter, type ChunkSource, type StreamLayout } from './record-splitter.ts'
import {
  concludeSignature,
  judgePlaced,
  offsetsIn,
  type PlacedSignature,
  type VerifiedSignature,
} from './signed-transaction.ts'
import { readRecord, type SnapshotRecord } from './snapshot.ts'
import type { StreamKeys } from './stream-keys.ts'
import type { Wanted } from './transaction.ts'

export type StreamEvent =
  | { readonly $case: 'record'; readonly record: SnapshotRecord }
  /** About the stream itself, outside any record. */
  | { readonly $case: 'finding'; readonly finding: Finding }

/** Reads a stream record by record; ends after a fatal finding. Events come in batches, a chunk each. */
export async function* readStream(
  source: ChunkSource,
  layout: StreamLayout,
  wanted: Wanted = 'everything',
): AsyncGenerator<readonly StreamEvent[]> {
  const splitter = new RecordSplitter(layout)
  let reported = 0
  const events = (records: ReturnType<RecordSplitter['push']>): readonly StreamEvent[] => {
    const batch: StreamEvent[] = records.map((record) => ({
      $case: 'record',
      record: readRecord(layout, record, wanted),
    }))
    for (const finding of splitter.findings.slice(reported))
      batch.push({ $case: 'finding', finding })
    reported = splitter.findings.length
    return batch
  }
  for await (const chunk of source()) {
    const batch = events(splitter.push(chunk))
    yield batch
    if (splitter.stopped || batch.some(isFatal)) return
  }
  yield events(splitter.end())
}

function isFatal(event: StreamEvent): boolean {
  const findings = event.$case === 'finding' ? [event.finding] : event.record.findings
  return findings.some(({ code }) => severityOf(code) === 'fatal')
}

/** A record with its signatures verified, as far as the keys are known. */
export interface VerifiedRecord {
  readonly record: SnapshotRecord
  readonly signatures: readonly VerifiedSignature[]
}

export type VerifiedEvent =
  | ({ readonly $case: 'record' } & VerifiedRecord)
  | { readonly $case: 'finding'; readonly finding: Finding }

/**
 * Batches that are decoded while earlier ones are still being verified. What is on its way when the
 * garbage collector runs makes it keep more memory for good, 20 MB for a file of 250 MB with eight.
 * Where keys alone are wanted, memory is not to follow the size of the file at all.
 */
const WINDOW: Readonly<Record<Wanted, number>> = { everything: 8, authority: 8, keys: 2 }

/**
 * Reads and verifies a stream in order, every signature with all the keys of the stream.
 * @param keys of the same stream
 */
export async function* verifyStream(
  source: ChunkSource,
  layout: StreamLayout,
  keys: StreamKeys,
  wanted: Wanted = 'everything',
): AsyncGenerator<readonly VerifiedEvent[]> {
  const window: Promise<readonly VerifiedEvent[]>[] = []
  for await (const batch of readStream(source, layout, wanted)) {
    keys.addFrom(batch.flatMap((event) => (event.$case === 'record' ? event.record.signed : [])))
    const verified = verifyBatch(batch, keys)
    // What fails in it is told when its turn comes, not while the next chunk is read.
    verified.catch(() => undefined)
    window.push(verified)
    if (window.length < WINDOW[wanted]) continue
    const oldest = window.shift()
    if (oldest !== undefined) yield await oldest
  }
  for (const rest of window) yield await rest
}

const signaturesOf = (event: StreamEvent): readonly PlacedSignature[] =>
  event.$case === 'finding' ? [] : event.record.signed.signatures

const isMissing = ({ wire: { signedBy } }: PlacedSignature, { resolve }: StreamKeys): boolean =>
  isFingerprint(signedBy) && resolve(signedBy) === undefined

/** The signatures of a whole batch on the thread pool at once. */
async function verifyBatch(
  batch: readonly StreamEvent[],
  keys: StreamKeys,
): Promise<readonly VerifiedEvent[]> {
  const missing = batch.some((event) => signaturesOf(event).some((one) => isMissing(one, keys)))
  if (missing) await keys.complete()
  const checks: SignatureCheck[] = []
  const judged = batch.map((event) =>
    signaturesOf(event).map((signature) => {
      const judgement = judgePlaced(signature, keys.resolve)
      const { check } = judgement
      if (check === undefined) return { signature, judgement, at: undefined }
      const { message } = signature
      // Not spread: objects made by spreading outlived their batch, 10 MB of them in a large file.
      const at = checks.push({ key: check.key, signature: check.signature, message }) - 1
      return { signature, judgement, at }
    }),
  )
  const valid = await verifySignaturesAsync(checks)
  return batch.map((event, i) => {
    if (event.$case === 'finding') return event
    const offsetOf = offsetsIn(event.record.signed)
    const signatures = (judged[i] ?? []).map(({ signature, judgement, at }) =>
      concludeSignature(signature, judgement, at !== undefined && valid[at] === true, offsetOf),
    )
    return { $case: 'record', record: event.record, signatures }
  })
}
