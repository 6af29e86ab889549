/** Doing again what is safe to do again. */

/** First pause between two attempts; each is twice the one before, up to the longest. */
const FIRST_PAUSE_MILLIS = 100
const LONGEST_PAUSE_MILLIS = 5_000

export interface RetryClock {
  now(): number
  sleep(millis: number): Promise<void>
}

export const SYSTEM_CLOCK: RetryClock = {
  now: () => performance.now(),
  sleep: async (millis) => {
    await new Promise((resolve) => setTimeout(resolve, millis))
  },
}

/** What an attempt came to, if it failed: the error, and when to try again if that makes sense. */
export type Attempt<T> =
  | { readonly $case: 'done'; readonly value: T }
  | {
      readonly $case: 'failed'
      readonly error: Error
      /** `undefined`: repeating does not help, or is not safe. */
      readonly again: { readonly afterMillis: number } | undefined
    }

/**
 * Runs attempts until one is done, none may follow, or the time is over. The last error is thrown.
 * @param attempt gets the time that is left
 */
export async function withRetries<T>(
  timeoutMillis: number,
  attempt: (leftMillis: number) => Promise<Attempt<T>>,
  clock: RetryClock = SYSTEM_CLOCK,
): Promise<T> {
  const end = clock.now() + timeoutMillis
  for (let pause = FIRST_PAUSE_MILLIS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MILLIS)) {
    const result = await attempt(end - clock.now())
    if (result.$case === 'done') return result.value
    if (result.again === undefined) throw result.error
    const wait = Math.max(pause, result.again.afterMillis)
    if (clock.now() + wait >= end) throw result.error
    await clock.sleep(wait)
  }
}
