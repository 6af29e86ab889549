/** What every service of a participant acts upon. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Rehearsal, RehearsalNode } from '../core/rehearsal.ts'

export class Context {
  readonly rehearsal: Rehearsal
  readonly node: RehearsalNode
  readonly #tick: () => bigint
  readonly #changed: () => void
  /** Aborted when the sandbox stops. */
  readonly stop: AbortSignal

  /** @param tick gives the time, once everything has happened that is due by then */
  constructor(
    rehearsal: Rehearsal,
    node: RehearsalNode,
    tick: () => bigint,
    changed: () => void,
    stop: AbortSignal,
  ) {
    this.rehearsal = rehearsal
    this.node = node
    this.#tick = tick
    this.#changed = changed
    this.stop = stop
  }

  get participant() {
    return this.node.participant
  }

  get synchronizer() {
    return this.node.participant.synchronizer
  }

  /** The time, microseconds; all that is due by then has happened. */
  now(): bigint {
    return this.#tick()
  }

  /** Something has changed that is to be kept. */
  changed(): void {
    this.#changed()
  }

  /** Waits until a time, or for so many microseconds if that is less. @returns whether it was reached */
  async waitUntil(time: bigint, atMost: bigint): Promise<boolean> {
    const wait = time - this.now()
    const bounded = wait < atMost ? wait : atMost
    if (bounded > 0n) await this.pause(Number(bounded / 1000n) + 1)
    return wait <= atMost
  }

  /** @throws AbortError when the sandbox stops */
  async pause(millis: number): Promise<void> {
    await delay(millis, undefined, { signal: this.stop })
  }
}
