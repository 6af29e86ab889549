/** The chain of an audit log, checked from its beginning to its end. */
import { concatBytes, decodeUtf8 } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import {
  AUDIT_VERSION,
  entryHash,
  MAX_ENTRY_BYTES,
  NO_PREVIOUS,
  parseEntry,
  type AuditEntry,
  type AuditEvent,
} from './entry.ts'

export interface AuditSummary {
  readonly entries: number
  /** The hash of the last entry; `null` for an empty log. */
  readonly head: string | null
  readonly first: string | null
  readonly last: string | null
  readonly events: Readonly<Record<AuditEvent, number>>
  /** Entries whose clock is behind that of the entry before. */
  readonly clockWentBack: readonly number[]
}

/** @param line from 1 */
export function brokenAt(what: string, line: number, problem: string): CantosignError {
  return new CantosignError(
    'audit-log-broken',
    `${what} is broken at line ${line}: ${problem}`,
    line === 1
      ? 'if it is the audit log, its first entry was changed or removed: keep it as it is, and find out by whom'
      : 'entries were changed, removed or put in: keep the file as it is, and find out by whom',
    { details: { line } },
  )
}

/** What every entry begins with. */
const BEGINNING = `{"version":${AUDIT_VERSION},`

/** Half an entry, or the zeros that a file system leaves in its place. */
function isTorn(bytes: Uint8Array): boolean {
  const begun = decodeUtf8(bytes.subarray(0, BEGINNING.length))
  return bytes[0] === 0 || (begun !== undefined && BEGINNING.startsWith(begun))
}

/**
 * The refusal of a last line that is not whole. Only what was an entry is told to be cut off: the
 * file may be another one, named by mistake.
 * @param bytes of that line
 */
export function tornAfter(what: string, line: number, bytes: Uint8Array): CantosignError {
  if (!isTorn(bytes)) return brokenAt(what, line, 'it is no entry')
  return new CantosignError(
    'audit-log-torn',
    `${what} ends in the middle of line ${line}, and was whole before that`,
    `no signature was handed out for that line; keep a copy, then cut it off: head -n ${line - 1}`,
    { details: { line } },
  )
}

/** What one line says, which has to follow the one before. @throws CantosignError `audit-log-broken` */
function followingEntry(
  what: string,
  bytes: Uint8Array,
  sequence: number,
  previous: string,
): AuditEntry {
  const line = sequence + 1
  const text = decodeUtf8(bytes)
  const entry = text === undefined ? undefined : parseEntry(text)
  if (entry === undefined) throw brokenAt(what, line, 'it is no entry')
  if (entry.sequence !== sequence) {
    throw brokenAt(what, line, `it has the number ${entry.sequence}, not ${sequence}`)
  }
  if (entry.previous !== previous) {
    throw brokenAt(what, line, 'it does not have the hash of the entry before')
  }
  return entry
}

const LF = 0x0a

/** Lines without their newlines; the last one is `whole: false` if it has none. */
async function* linesOf(
  what: string,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ readonly bytes: Uint8Array; readonly whole: boolean }> {
  let rest: Uint8Array[] = []
  let length = 0
  let count = 1
  for await (const chunk of chunks) {
    let from = 0
    for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, from)) {
      yield { bytes: concatBytes(...rest, chunk.subarray(from, at)), whole: true }
      count++
      rest = []
      length = 0
      from = at + 1
    }
    length += chunk.length - from
    if (length > MAX_ENTRY_BYTES) throw brokenAt(what, count, 'it is longer than any entry')
    if (from < chunk.length) rest.push(chunk.slice(from))
  }
  if (length > 0) yield { bytes: concatBytes(...rest), whole: false }
}

/**
 * Verifies a log.
 * @param heads hashes of entries that the log has to hold: those that were its last once
 * @throws CantosignError `audit-log-broken`, `audit-log-torn`, `audit-log-shortened`
 */
export async function verifyAuditLog(
  what: string,
  chunks: AsyncIterable<Uint8Array>,
  heads: readonly string[] = [],
): Promise<AuditSummary> {
  const missing = new Set(heads)
  const events = { signed: 0, refused: 0, failed: 0 }
  const clockWentBack: number[] = []
  let head = NO_PREVIOUS
  let entries = 0
  let first: string | null = null
  let last: string | null = null
  for await (const { bytes, whole } of linesOf(what, chunks)) {
    if (!whole) throw tornAfter(what, entries + 1, bytes)
    const { event, time } = followingEntry(what, bytes, entries, head)
    if (last !== null && time < last) clockWentBack.push(entries)
    first ??= time
    last = time
    events[event]++
    entries++
    head = entryHash(bytes)
    missing.delete(head)
  }
  const [absent] = missing
  if (absent !== undefined) {
    throw new CantosignError(
      'audit-log-shortened',
      `${what} does not hold the entry ${absent}`,
      'it is another log, or its end was cut off: find out by whom',
      { details: { entry: absent, entries } },
    )
  }
  return { entries, head: entries === 0 ? null : head, first, last, events, clockWentBack }
}
