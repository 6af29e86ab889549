/**
 * The keys of a stream, so that each of its signatures is judged with all of them, wherever they
 * come. On a network a key comes before what it signs, so the keys of the records that were read
 * already nearly always do; where one is missing, the whole stream is read once for its keys. Only
 * records that can carry a key are read for that; the others are looked at for the number of their
 * mapping and passed over, which costs a small part of reading them.
 */
import type { PublicKey } from '../crypto/public-key.ts'
import type { Fingerprint } from '../ident/fingerprint.ts'
import { carriesNoKeys } from './outline.ts'
import {
  RecordSplitter,
  type ChunkSource,
  type StreamLayout,
  type StreamRecord,
} from './record-splitter.ts'
import { keysInside, type KeyResolver, type ReadSignedTransaction } from './signed-transaction.ts'
import { readRecord } from './snapshot.ts'

export class StreamKeys {
  readonly #source: ChunkSource
  readonly #layout: StreamLayout
  readonly #outside: KeyResolver
  readonly #keys = new Map<Fingerprint, PublicKey>()
  #collection: Promise<void> | undefined

  /** @param outside keys known from elsewhere */
  constructor(source: ChunkSource, layout: StreamLayout, outside: KeyResolver = () => undefined) {
    this.#source = source
    this.#layout = layout
    this.#outside = outside
  }

  get size(): number {
    return this.#keys.size
  }

  readonly resolve: KeyResolver = (fingerprint) =>
    this.#keys.get(fingerprint) ?? this.#outside(fingerprint)

  /** Adds the keys of records that were read; of one fingerprint the first key stays. */
  addFrom(records: readonly ReadSignedTransaction[]): void {
    for (const { transaction } of records) {
      for (const [fingerprint, key] of keysInside(transaction)) {
        if (!this.#keys.has(fingerprint)) this.#keys.set(fingerprint, key)
      }
    }
  }

  /**
   * Ends when every key of the stream is known; reads it the first time. What is damaged is left to
   * whoever reads the stream in earnest.
   */
  async complete(): Promise<void> {
    await (this.#collection ??= this.#collect())
  }

  async #collect(): Promise<void> {
    const splitter = new RecordSplitter(this.#layout)
    const add = (records: readonly StreamRecord[]): void => {
      const keyed = records.filter(({ bytes }) => !carriesNoKeys(this.#layout, bytes))
      this.addFrom(keyed.map((record) => readRecord(this.#layout, record).signed))
    }
    for await (const chunk of this.#source()) {
      add(splitter.push(chunk))
      if (splitter.stopped) return
    }
    add(splitter.end())
  }
}
