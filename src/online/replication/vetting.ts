/** Which packages a participant has vetted. */
import type { Timestamp, VettedPackages } from '../../wire/generated/schema.ts'

const micros = ({ seconds, nanos }: Timestamp): bigint =>
  seconds * 1_000_000n + BigInt(Math.floor(nanos / 1000))

/** Package ids that are vetted at a time, in microseconds since 1970. */
export function vettedAt(
  { packageIds, packages }: VettedPackages,
  time: bigint,
): ReadonlySet<string> {
  const current = packages.filter(
    ({ validFromInclusive: from, validUntilExclusive: until }) =>
      (from === undefined || micros(from) <= time) && (until === undefined || time < micros(until)),
  )
  return new Set([...packageIds, ...current.map(({ packageId }) => packageId)])
}
