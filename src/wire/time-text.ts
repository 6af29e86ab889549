/** Timestamp and Duration as text: RFC 3339 in UTC, and seconds with `s` (proto3 JSON). */

export type TimeMessage = 'Timestamp' | 'Duration'

/** Both messages have these two fields. */
export interface TimeValue {
  readonly seconds: bigint
  readonly nanos: number
}

/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z in seconds since the epoch. */
const TIMESTAMP_MIN = -62_135_596_800n
const TIMESTAMP_MAX = 253_402_300_799n
/** About 10,000 years either way. */
const DURATION_MAX = 315_576_000_000n
const NANOS_MAX = 999_999_999

/** Nanoseconds as nothing or 3, 6 or 9 digits after a point. */
function fraction(nanos: number): string {
  if (nanos === 0) return ''
  const digits = String(nanos).padStart(9, '0')
  if (digits.endsWith('000000')) return `.${digits.slice(0, 3)}`
  return digits.endsWith('000') ? `.${digits.slice(0, 6)}` : `.${digits}`
}

function timestampText({ seconds, nanos }: TimeValue): string | undefined {
  if (seconds < TIMESTAMP_MIN || seconds > TIMESTAMP_MAX) return undefined
  if (!Number.isInteger(nanos) || nanos < 0 || nanos > NANOS_MAX) return undefined
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19)
  return `${whole}${fraction(nanos)}Z`
}

function durationText({ seconds, nanos }: TimeValue): string | undefined {
  const negative = seconds < 0n || nanos < 0
  if (negative && (seconds > 0n || nanos > 0)) return undefined
  const whole = negative ? -seconds : seconds
  const part = Math.abs(nanos)
  if (whole > DURATION_MAX || !Number.isInteger(nanos) || part > NANOS_MAX) return undefined
  return `${negative ? '-' : ''}${whole}${fraction(part)}s`
}

/** The text, or `undefined` for a value outside the range that has one. */
export function timeText(message: TimeMessage, value: TimeValue): string | undefined {
  return message === 'Timestamp' ? timestampText(value) : durationText(value)
}

const TIMESTAMP = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{3}|\d{6}|\d{9}))?Z$/
const DURATION = /^(-?)(0|[1-9]\d{0,11})(?:\.(\d{3}|\d{6}|\d{9}))?s$/

const nanosOf = (digits: string | undefined): number => Number((digits ?? '').padEnd(9, '0'))

function candidate(message: TimeMessage, text: string): TimeValue | undefined {
  if (message === 'Timestamp') {
    const [, whole, digits] = TIMESTAMP.exec(text) ?? []
    const milliseconds = Date.parse(`${whole ?? ''}Z`)
    if (whole === undefined || Number.isNaN(milliseconds)) return undefined
    return { seconds: BigInt(milliseconds / 1000), nanos: nanosOf(digits) }
  }
  const [, sign, whole, digits] = DURATION.exec(text) ?? []
  if (whole === undefined) return undefined
  const nanos = nanosOf(digits)
  return sign === '-'
    ? { seconds: -BigInt(whole), nanos: nanos === 0 ? 0 : -nanos }
    : { seconds: BigInt(whole), nanos }
}

/**
 * The value of exactly the text that `timeText` writes; anything else is `undefined`: an offset
 * instead of Z, a day that does not exist, a fraction longer than needed.
 */
export function parseTimeText(message: TimeMessage, text: string): TimeValue | undefined {
  const value = candidate(message, text)
  return value !== undefined && timeText(message, value) === text ? value : undefined
}
