/**
 * Snapshots and lists of any size, read and verified as a stream: one record in memory at a time,
 * plus every distinct key. Bytes come in as chunks; where they come from is the caller's matter.
 */
import type { PublicKey } from '../crypto/public-key.ts'
import { verifySignatureAsync } from '../crypto/signature.ts'
import type { Fingerprint } from '../ident/fingerprint.ts'
import { RecordSplitter, type StreamLayout } from './record-splitter.ts'
import {
  concludeSignature,
  judgePlaced,
  keysInside,
  type KeyResolver,
  type PlacedSignature,
  type ReadSignedTransaction,
  type VerifiedSignature,
} from './signed-transaction.ts'
import { readRecord, type SnapshotRecord } from './snapshot.ts'
import { severityOf, type Finding } from '../base/finding-codes.ts'

/** Opens the bytes from their start; called once for every pass that is needed. */
export type ChunkSource = () => AsyncIterable<Uint8Array>

export type StreamEvent =
  | { readonly $case: 'record'; readonly record: SnapshotRecord }
  /** About the stream itself, outside any record. */
  | { readonly $case: 'finding'; readonly finding: Finding }

/** Reads a stream record by record; ends after a fatal finding. Events come in batches, a chunk each. */
export async function* readStream(
  source: ChunkSource,
  layout: StreamLayout,
): AsyncGenerator<readonly StreamEvent[]> {
  const splitter = new RecordSplitter(layout)
  let reported = 0
  const events = (records: ReturnType<RecordSplitter['push']>): readonly StreamEvent[] => {
    const batch: StreamEvent[] = records.map((record) => ({
      $case: 'record',
      record: readRecord(layout, record),
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

/** Every key of a stream by fingerprint, with the record where it came first. */
export class KeyBook {
  readonly #keys = new Map<Fingerprint, { readonly key: PublicKey; readonly firstSeen: number }>()
  readonly #outside: KeyResolver

  /** @param outside keys known from elsewhere */
  constructor(outside: KeyResolver = () => undefined) {
    this.#outside = outside
  }

  get size(): number {
    return this.#keys.size
  }

  addFrom(signed: ReadSignedTransaction, index: number): void {
    for (const [fingerprint, key] of keysInside(signed.transaction)) {
      if (!this.#keys.has(fingerprint)) this.#keys.set(fingerprint, { key, firstSeen: index })
    }
  }

  readonly resolve: KeyResolver = (fingerprint) =>
    this.#keys.get(fingerprint)?.key ?? this.#outside(fingerprint)

  /** True if the key is known, but only from a record after this one. */
  knownOnlyAfter(fingerprint: Fingerprint, index: number): boolean {
    const entry = this.#keys.get(fingerprint)
    return (
      entry !== undefined && entry.firstSeen > index && this.#outside(fingerprint) === undefined
    )
  }
}

/** Verifies signatures on the thread pool; the order is kept. */
export async function verifyPlaced(
  signed: ReadSignedTransaction,
  signatures: readonly PlacedSignature[],
  resolve: KeyResolver,
): Promise<readonly VerifiedSignature[]> {
  return await Promise.all(
    signatures.map(async (signature) => {
      const judged = judgePlaced(signature, resolve)
      const verifies =
        judged.check !== undefined &&
        (await verifySignatureAsync(judged.check.key, signature.message, judged.check.signature))
      return concludeSignature(signed, signature, judged, verifies)
    }),
  )
}

/** A record with its signatures verified, as far as the keys were known at that point. */
export interface VerifiedRecord {
  readonly record: SnapshotRecord
  readonly signatures: readonly VerifiedSignature[]
}

export type VerifiedEvent =
  | ({ readonly $case: 'record' } & VerifiedRecord)
  | { readonly $case: 'finding'; readonly finding: Finding }

/** Batches that are decoded while earlier ones are still being verified. */
const WINDOW = 8

/**
 * Reads and verifies a stream in order. Keys are added to the book on the way, so a signature by a
 * key that comes later is `unverifiable` unless the book had it before.
 * @param select which signatures to verify; the others are left out
 */
export async function* verifyStream(
  source: ChunkSource,
  layout: StreamLayout,
  book: KeyBook,
  select: (signature: PlacedSignature, index: number) => boolean = () => true,
): AsyncGenerator<readonly VerifiedEvent[]> {
  const window: Promise<readonly VerifiedEvent[]>[] = []
  for await (const batch of readStream(source, layout)) {
    for (const event of batch) {
      if (event.$case === 'record') book.addFrom(event.record.signed, event.record.index)
    }
    window.push(Promise.all(batch.map((event) => verifyEvent(event, book, select))))
    if (window.length < WINDOW) continue
    const oldest = window.shift()
    if (oldest !== undefined) yield await oldest
  }
  for (const rest of window) yield await rest
}

async function verifyEvent(
  event: StreamEvent,
  book: KeyBook,
  select: (signature: PlacedSignature, index: number) => boolean,
): Promise<VerifiedEvent> {
  if (event.$case === 'finding') return event
  const { record } = event
  const { signed, index } = record
  const chosen = signed.signatures.filter((signature) => select(signature, index))
  return { $case: 'record', record, signatures: await verifyPlaced(signed, chosen, book.resolve) }
}
