/** Limits on how long and how often a service is asked. */
import { setTimeout as pause } from 'node:timers/promises'
import { DEFAULT_TIMEOUT_MILLISECONDS, timeoutFault } from '../signer/timeout.ts'

/** Asks a service, and stops waiting when the time is over. */
export type Asking = <Answer>(ask: (signal: AbortSignal) => Promise<Answer>) => Promise<Answer>

/**
 * Makes the limit of one signer.
 * @param milliseconds for each answer, with all that is repeated for it
 * @returns throws CantosignError `signer-timeout` beside what asking throws
 */
export function withinTime(name: string, milliseconds = DEFAULT_TIMEOUT_MILLISECONDS): Asking {
  return async (ask) => {
    const controller = new AbortController()
    const fault = timeoutFault(name, milliseconds)
    let timer: NodeJS.Timeout | undefined
    const over = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(fault)
        controller.abort(fault)
      }, milliseconds)
    })
    try {
      return await Promise.race([ask(controller.signal), over])
    } finally {
      clearTimeout(timer)
    }
  }
}

/** How often a request is made in all that the service was too busy for. */
export const MAX_ATTEMPTS = 4
const FIRST_PAUSE_MILLISECONDS = 200

/**
 * Repeats what a busy service did not do, after pauses that double. Asking for a signature again is
 * harmless: the message is the same.
 */
export async function withRetries<Answer>(
  isBusy: (error: unknown) => boolean,
  signal: AbortSignal,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask()
    } catch (error) {
      if (attempt >= MAX_ATTEMPTS || signal.aborted || !isBusy(error)) throw error
      await pause(FIRST_PAUSE_MILLISECONDS * 2 ** (attempt - 1), undefined, { signal })
    }
  }
}
