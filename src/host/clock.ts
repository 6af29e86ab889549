/** The clock of this machine. Nothing is decided by it alone: it may be wrong. */

/** Microseconds since 1970-01-01T00:00:00Z, as Canton writes times. */
export function systemTimeMicros(): bigint {
  return BigInt(Date.now()) * 1000n
}
