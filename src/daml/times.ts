/** Times of the ledger: microseconds and days since 1970-01-01, the years 1 to 9999. */

export const MIN_MICROS = -62_135_596_800_000_000n
export const MAX_MICROS = 253_402_300_799_999_999n
const MIN_DAYS = -719_162
const MAX_DAYS = 2_932_896

export function isLedgerTime(micros: bigint): boolean {
  return micros >= MIN_MICROS && micros <= MAX_MICROS
}

export function isLedgerDate(days: number): boolean {
  return days >= MIN_DAYS && days <= MAX_DAYS
}

/** `2026-01-02T03:04:05.678901Z`; a value outside the range as its number. */
export function ledgerTimeText(micros: bigint): string {
  if (!isLedgerTime(micros)) return `${micros} microseconds since 1970`
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  const seconds = (micros - fraction) / 1_000_000n
  const date = new Date(Number(seconds) * 1000).toISOString().slice(0, 19)
  return `${date}.${String(fraction).padStart(6, '0')}Z`
}

/** `2026-01-02`; a value outside the range as its number. */
export function ledgerDateText(days: number): string {
  if (!isLedgerDate(days)) return `${days} days since 1970`
  return new Date(days * 86_400_000).toISOString().slice(0, 10)
}
