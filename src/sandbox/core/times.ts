/** Canton's times: microseconds since 1970 here, Timestamp and Duration on the wire. */
import type { Duration, Timestamp } from '../../wire/generated/schema.ts'

const MICROS_PER_SECOND = 1_000_000n

export function timestampOf(micros: bigint): Timestamp {
  const rest = ((micros % MICROS_PER_SECOND) + MICROS_PER_SECOND) % MICROS_PER_SECOND
  return { seconds: (micros - rest) / MICROS_PER_SECOND, nanos: Number(rest) * 1000 }
}

/** Rounded down to the microsecond. */
export function microsOf({ seconds, nanos }: Timestamp | Duration): bigint {
  return seconds * MICROS_PER_SECOND + BigInt(Math.floor(nanos / 1000))
}
