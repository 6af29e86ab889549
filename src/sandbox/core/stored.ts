/** What a topology store holds, and what the checks of a mapping see of it. */
import type { TransactionFacts } from '../../authorization/facts.ts'
import type { TopologyState } from '../../authorization/state.ts'
import type { KnownMapping } from '../../topology/mapping.ts'
import { decodeMessage, unwrap } from '../../wire/codec.ts'
import type { KeptSignature } from './kept-signature.ts'

export type StoreId =
  | { readonly $case: 'authorized' }
  /** A physical synchronizer id. */
  | { readonly $case: 'synchronizer'; readonly id: string; readonly logical: string }
  | { readonly $case: 'temporary'; readonly name: string }

/** Times are microseconds since 1970. */
export interface StoredTransaction {
  readonly facts: TransactionFacts & { readonly uniqueKey: string }
  /** The wrapped TopologyTransaction as it was received. */
  readonly bytes: Uint8Array
  readonly signatures: readonly KeptSignature[]
  readonly proposal: boolean
  readonly sequenced: bigint
  readonly validFrom: bigint
  /** Exclusive; `undefined` while nothing has taken its place. */
  readonly validUntil: bigint | undefined
  /** Set if the members refused it after it was sequenced; then it has no effect. */
  readonly rejectionReason: string | undefined
}

/** The mapping of a stored transaction; decoded anew each time, because most are never asked for. */
export function mappingOf(stored: Pick<StoredTransaction, 'bytes'>): KnownMapping {
  const mapping = decodeMessage('TopologyTransaction', unwrap(stored.bytes)).mapping?.mapping
  if (mapping === undefined) throw new Error('a stored transaction has no mapping')
  return mapping
}

/** The newest known state of a store, in effect or not yet. */
export interface StoreView {
  readonly state: TopologyState
  /** The last accepted record of a unique key (hex), REPLACE or REMOVE. */
  last(uniqueKey: string): StoredTransaction | undefined
  /** The same if it is a REPLACE. */
  active(uniqueKey: string): StoredTransaction | undefined
  /** Every accepted record of a unique key, oldest first. */
  history(uniqueKey: string): readonly StoredTransaction[]
  /** Every REPLACE of a mapping code that is the last of its key. */
  activeOf(code: number): Iterable<StoredTransaction>
}
