/** Entries of an audit log: one line of JSON each, in exactly one encoding (docs/audit.md section 2). */
import { toHex } from '../base/bytes.ts'
import { escapeJson } from '../base/text.ts'
import { sha256 } from '../crypto/hash.ts'

export const AUDIT_VERSION = 1
/** What the first entry has in place of the hash of an entry before it. */
export const NO_PREVIOUS = '0'.repeat(64)
/** No entry is longer, in bytes. */
export const MAX_ENTRY_BYTES = 4 * 1024 * 1024

const AUDIT_EVENTS = ['signed', 'refused', 'failed'] as const
export type AuditEvent = (typeof AUDIT_EVENTS)[number]

/** What stood for the question whether to sign. */
const AUDIT_APPROVALS = ['policy', 'person', 'yes'] as const
export type AuditApproval = (typeof AUDIT_APPROVALS)[number]

export interface AuditedTransaction {
  /** 68 hex characters for topology, 64 for Daml transactions. */
  readonly hash: string
  /** The rule of the policy that allowed it. */
  readonly rule: string | null
}

/** What happened, apart from its place in the log. */
export interface AuditFacts {
  readonly event: AuditEvent
  /** The number of the user in the operating system. */
  readonly user: string
  readonly host: string
  readonly program: string
  readonly command: string
  /** What was to be signed, as it was named. */
  readonly file: string
  /** The fingerprint of the key; `null` if it did not come that far. */
  readonly key: string | null
  /** Where the key is: `file`, or the scheme of its URI. */
  readonly signer: string
  readonly approval: AuditApproval
  /** SHA-256 of the policy, 64 hex characters. */
  readonly policy: string | null
  readonly transactions: readonly AuditedTransaction[]
  /** The combined hash, if one signature was made over all of them. */
  readonly combined: string | null
  /** SHA-256 of each signature, 64 hex characters: the log itself holds none. */
  readonly signatures: readonly string[]
  /** Why nothing was signed, or what was signed was not handed out. */
  readonly error: { readonly code: string; readonly message: string } | null
}

export interface AuditEntry extends AuditFacts {
  /** From 0. */
  readonly sequence: number
  /** SHA-256 of the line before, without its newline. */
  readonly previous: string
  /** RFC 3339, UTC, milliseconds; of the clock of that machine. */
  readonly time: string
}

/** The line of an entry, without a newline. */
export function encodeEntry(entry: AuditEntry): string {
  const { sequence, previous, time, event, user, host, program, command, file, key, signer } = entry
  const { approval, policy, transactions, combined, signatures, error } = entry
  return escapeJson(
    JSON.stringify({
      version: AUDIT_VERSION,
      sequence,
      previous,
      time,
      event,
      user,
      host,
      program,
      command,
      file,
      key,
      signer,
      approval,
      policy,
      transactions: transactions.map(({ hash, rule }) => ({ hash, rule })),
      combined,
      signatures,
      error: error === null ? null : { code: error.code, message: error.message },
    }),
  )
}

/** The hash of an entry: over the bytes of its line without the newline, 64 hex characters. */
export function entryHash(line: Uint8Array): string {
  return toHex(sha256(line))
}

type Fields = Readonly<Record<string, unknown>>
type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === 'string'
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value)
const matches =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value)
const oneOf =
  (values: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && values.includes(value)
const all =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check)
const object =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(checks).every(([name, check]) => check((value as Fields)[name]))

const DIGEST = /^[0-9a-f]{64}$/
const HASH = /^(1220)?[0-9a-f]{64}$/

const isEntry = object({
  version: (value) => value === AUDIT_VERSION,
  sequence: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  previous: matches(DIGEST),
  time: (value) =>
    matches(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)(value) &&
    !Number.isNaN(Date.parse(String(value))),
  event: oneOf(AUDIT_EVENTS),
  user: isText,
  host: isText,
  program: isText,
  command: isText,
  file: isText,
  key: orNull(matches(/^1220[0-9a-f]{64}$/)),
  signer: isText,
  approval: oneOf(AUDIT_APPROVALS),
  policy: orNull(matches(DIGEST)),
  transactions: all(object({ hash: matches(HASH), rule: orNull(isText) })),
  combined: orNull(matches(HASH)),
  signatures: all(matches(DIGEST)),
  error: orNull(object({ code: isText, message: isText })),
})

/**
 * The entry of a line, `undefined` if it is none: unknown, missing or repeated members, another order
 * or another spelling are no entry, since the line is not the one that `encodeEntry` makes.
 */
export function parseEntry(line: string): AuditEntry | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (!isEntry(value)) return undefined
  const entry = value as AuditEntry
  return encodeEntry(entry) === line ? entry : undefined
}
