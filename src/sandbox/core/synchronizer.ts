/** The one synchronizer: it puts what participants submit into an order and gives it a time. */
import { CantonError } from './canton-error.ts'
import type { StoredTransaction } from './stored.ts'
import type { Submitted } from './submitted.ts'
import { TopologyStore, type Times } from './topology-store.ts'

export interface SynchronizerOptions {
  /** `identifier::namespace` */
  readonly logical: string
  readonly protocolVersion: number
  /** From sequencing to effect, microseconds. */
  readonly effectDelay: bigint
}

export class Synchronizer {
  readonly logical: string
  /** `identifier::namespace::PV-serial`; nothing in the sandbox upgrades it. */
  readonly physical: string
  readonly protocolVersion: number
  readonly effectDelay: bigint
  readonly store: TopologyStore
  #lastSequenced = 0n

  constructor({ logical, protocolVersion, effectDelay }: SynchronizerOptions) {
    this.logical = logical
    this.protocolVersion = protocolVersion
    this.effectDelay = effectDelay
    this.physical = `${logical}::${protocolVersion}-0`
    this.store = new TopologyStore({ $case: 'synchronizer', id: this.physical, logical })
  }

  /** The last time that was given out: nothing is sequenced at or before it. */
  get lastSequenced(): bigint {
    return this.#lastSequenced
  }

  /** Goes on after a time that was given out before. */
  resumeAfter(time: bigint): void {
    if (time > this.#lastSequenced) this.#lastSequenced = time
  }

  /** A time of sequencing: later than every one before it. */
  nextTime(now: bigint): bigint {
    this.#lastSequenced = now > this.#lastSequenced ? now : this.#lastSequenced + 1n
    return this.#lastSequenced
  }

  #times(now: bigint): Times {
    const sequenced = this.nextTime(now)
    return { sequenced, validFrom: sequenced + this.effectDelay }
  }

  /**
   * Decides about a batch in the newest state, one after the other, and changes nothing.
   * @throws CantonError the first refusal
   */
  preview(batch: readonly Submitted[], expectFull: boolean, now: bigint): void {
    const effective = now + this.effectDelay
    const [only, second] = batch
    // One alone needs no state of its own: what follows is decided when it is sequenced.
    if (second === undefined) {
      if (only !== undefined) this.store.judge(only, { expectFull, effective })
      return
    }
    const trial = this.store.fork()
    for (const one of batch) {
      if (trial.bringsNothing(one)) continue
      trial.commit(trial.judge(one, { expectFull, effective }), {
        sequenced: now,
        validFrom: effective,
      })
    }
  }

  /** Sequences a batch; every member decides again, and what it refuses is stored as refused. */
  sequence(
    batch: readonly Submitted[],
    expectFull: boolean,
    now: bigint,
  ): readonly StoredTransaction[] {
    const times = this.#times(now)
    return batch.flatMap((one): readonly StoredTransaction[] => {
      if (this.store.bringsNothing(one)) return []
      try {
        const accepted = this.store.judge(one, { expectFull, effective: times.validFrom })
        return [this.store.commit(accepted, times)]
      } catch (error) {
        if (!(error instanceof CantonError)) throw error
        this.store.reject(one, times, `${error.code}: ${error.message}`)
        return []
      }
    })
  }
}
