/** A history of signed transactions, judged one after the other. */
import { toHex } from '../base/bytes.ts'
import type { VerifiedRecord } from '../topology/stream.ts'
import type { TopologyMapping } from '../wire/generated/schema.ts'
import { evaluate, unreadableResult } from './evaluate.ts'
import { readTransactionFacts } from './facts.ts'
import { previousOf, type SerialFit } from './previous.ts'
import { withSerial } from './serial.ts'
import type { AuthorizationMode, AuthorizationResult } from './result.ts'
import { signersOf } from './signers.ts'
import { TopologyState, type Store } from './state.ts'
import { withTrust } from './trust.ts'

export interface ReplayOptions {
  readonly mode: AuthorizationMode
  /** `unknown`: learned from the first mapping that only a synchronizer's store has. */
  readonly store?: Store
  /**
   * What the records follow, where they are an extract and no history from its start: state that is
   * proved. Then a record counts for later ones only if it is authorized itself.
   */
  readonly follows?: TopologyState
  /** Namespaces that are vouched for; left out, every namespace stands for itself. */
  readonly trusted?: ReadonlySet<string>
}

/** What a record of the history comes to. */
export interface ReplayResult {
  /** Hex of 68 characters. */
  readonly hash: string
  readonly authorization: AuthorizationResult
  /** How the serial fits what came before; a node refuses `used`, and `gap` after an earlier record. */
  readonly serial: SerialFit
  /**
   * Taken into the state: neither a proposal nor rejected by the network, and readable; in an
   * extract only if it is authorized.
   */
  readonly applied: boolean
}

/** The synchronizer named by mappings that exist in no other store. */
function synchronizerOf(mapping: TopologyMapping['mapping']): string | undefined {
  switch (mapping?.$case) {
    case 'synchronizerParametersState':
    case 'sequencingDynamicParametersState':
    case 'mediatorSynchronizerState':
    case 'sequencerSynchronizerState':
      return mapping.value.synchronizerId
    default:
      return undefined
  }
}

/**
 * Judges a snapshot record by record, each in the state that those before it made.
 *
 * The history is what is judged, so every record that the network took is applied, whatever the
 * verdict on it: the verdict on a later record is that of the history as it stands. One record that
 * is not `authorized` therefore puts everything after it in question, and the whole file is no
 * better than its worst record. To use state as evidence, prove it with `proveState` instead.
 *
 * Time and memory grow with the number of records and of unique keys: see `TopologyState`.
 */
export class Replay {
  readonly state: TopologyState
  readonly #mode: AuthorizationMode
  readonly #trusted: ReadonlySet<string> | undefined

  constructor({ mode, follows, trusted, store = { $case: 'unknown' } }: ReplayOptions) {
    this.#mode = mode
    this.#trusted = trusted
    this.state = follows?.copy() ?? new TopologyState({ completeness: 'complete', store })
  }

  /** @param verified the next record with all its signatures verified */
  add(verified: VerifiedRecord): ReplayResult {
    const { signed, item } = verified.record
    const { transaction, value } = signed
    const signers = signersOf(verified.signatures)
    const reading = readTransactionFacts(transaction)
    if (!reading.ok) {
      const authorization = unreadableResult(reading, signers)
      return { hash: toHex(transaction.hash), authorization, serial: 'first', applied: false }
    }
    const { facts } = reading
    const accepted = value?.proposal !== true && item?.rejectionReason === undefined
    const synchronizer = synchronizerOf(transaction.value?.mapping?.mapping)
    if (this.state.store.$case === 'unknown' && synchronizer !== undefined && accepted) {
      this.state.setStore({ $case: 'synchronizer', id: synchronizer })
    }
    const { last, fit: serial } = previousOf(facts, this.state)
    const verdict = evaluate(facts, signers, this.state, this.#mode)
    const judged =
      this.#trusted === undefined
        ? verdict
        : withTrust(verdict, transaction, this.#trusted, this.state)
    const { completeness } = this.state
    // A proposal of an old serial is dead and harms nobody; a record that is in force must fit.
    const authorization = accepted ? withSerial(judged, serial, { last, completeness }) : judged
    const applied =
      accepted && (completeness === 'complete' || authorization.status === 'authorized')
    if (applied) this.state.apply({ ...facts, signers: signers.valid })
    return { hash: facts.hash, authorization, serial, applied }
  }
}
