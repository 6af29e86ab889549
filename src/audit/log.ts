/**
 * Writing to an audit log: one entry at a time, by one process at a time, on the disk before anything
 * rests on it (docs/audit.md section 4).
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  realpathSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { decodeUtf8, utf8Bytes } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import { flushDirectory } from '../host/files.ts'
import { withLock } from '../host/lock.ts'
import { reasonOf } from '../host/reading.ts'
import { brokenAt, tornAfter } from './chain.ts'
import {
  encodeEntry,
  entryHash,
  MAX_ENTRY_BYTES,
  NO_PREVIOUS,
  parseEntry,
  type AuditFacts,
} from './entry.ts'

/** Where an entry went. */
export interface WrittenEntry {
  readonly sequence: number
  /** 64 hex characters: whoever keeps it can tell later that the log still holds the entry. */
  readonly hash: string
}

interface End {
  readonly size: number
  readonly sequence: number
  readonly previous: string
}

const LF = 0x0a
const CHUNK_BYTES = 64 * 1024

function unwritable(path: string, reason: string, cause?: unknown): CantosignError {
  return new CantosignError(
    'audit-log-unwritable',
    `the audit log ${path} cannot be written: ${reason}`,
    'no signature is handed out without its entry: mend the log or name another one',
    { cause },
  )
}

function failing<Result>(path: string, call: () => Result): Result {
  try {
    return call()
  } catch (cause) {
    if (cause instanceof CantosignError) throw cause
    throw unwritable(path, reasonOf(cause), cause)
  }
}

/** The bytes behind the last newline but one: the last line, if the file ends in a newline. */
function lastLine(path: string, file: number, size: number): Uint8Array {
  let tail = new Uint8Array()
  for (let from = size; from > 0;) {
    const start = Math.max(0, from - CHUNK_BYTES)
    const chunk = new Uint8Array(from - start)
    const read = readSync(file, chunk, 0, chunk.length, start)
    if (read !== chunk.length) throw unwritable(path, 'it changes while it is read')
    const joined = new Uint8Array(chunk.length + tail.length)
    joined.set(chunk)
    joined.set(tail, chunk.length)
    tail = joined
    const before = tail.lastIndexOf(LF, tail.length - 2)
    if (tail.length > 1 && before !== -1) return tail.subarray(before + 1)
    if (tail.length > MAX_ENTRY_BYTES) break
    from = start
  }
  return tail
}

/**
 * The end that the next entry follows. The entries before it are not looked at: `audit verify` does.
 * @throws CantosignError `audit-log-torn`, `audit-log-broken`
 */
function endOf(path: string, file: number): End {
  const stat = fstatSync(file)
  if (!stat.isFile()) throw unwritable(path, 'it is not a regular file')
  const { size } = stat
  if (size === 0) return { size, sequence: 0, previous: NO_PREVIOUS }
  const line = lastLine(path, file, size)
  const what = `the audit log ${path}`
  const bytes = line.subarray(0, -1)
  const text = line.at(-1) === LF ? decodeUtf8(bytes) : undefined
  const entry = text === undefined ? undefined : parseEntry(text)
  if (entry !== undefined) {
    return { size, sequence: entry.sequence + 1, previous: entryHash(bytes) }
  }
  const number = countLines(file, size)
  if (line.at(-1) !== LF) throw tornAfter(what, number + 1, line)
  throw brokenAt(what, number, 'it is no entry')
}

function countLines(file: number, size: number): number {
  let count = 0
  const chunk = new Uint8Array(CHUNK_BYTES)
  for (let at = 0; at < size;) {
    const read = readSync(file, chunk, 0, chunk.length, at)
    if (read === 0) break
    for (const byte of chunk.subarray(0, read)) if (byte === LF) count++
    at += read
  }
  return count
}

/** Links are followed, so that all who write to one file ask for one lock. */
function placeOf(path: string): string {
  if (path.includes('\0')) throw unwritable(path, 'its name holds a NUL character')
  try {
    return realpathSync(path)
  } catch {
    const directory = dirname(path)
    try {
      return join(realpathSync(directory), basename(path))
    } catch (cause) {
      throw unwritable(path, `the directory ${directory}: ${reasonOf(cause)}`, cause)
    }
  }
}

function underLock<Result>(
  path: string,
  use: (file: number, place: string) => Result,
  patienceMilliseconds: number | undefined,
): Result {
  const place = placeOf(path)
  const locked = failing(path, () =>
    withLock(
      place,
      () => {
        const flags =
          constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK
        const file = openSync(place, flags, 0o600)
        try {
          return use(file, place)
        } finally {
          closeSync(file)
        }
      },
      patienceMilliseconds,
    ),
  )
  if (locked.$case === 'done') return locked.result
  const holder = locked.pid === undefined ? '' : ` by the process ${locked.pid}`
  throw new CantosignError(
    'audit-log-locked',
    `the audit log ${path} is being written to${holder}, and it did not end`,
    `no signature is handed out without its entry; if nobody writes, remove ${locked.lock}`,
    { details: { lock: locked.lock } },
  )
}

export interface AuditLogOptions {
  /** How long another writer is waited for. */
  readonly patienceMilliseconds?: number
}

/**
 * Sees that an entry could be written now; makes an empty log if there is none.
 * @throws CantosignError `audit-log-unwritable`, `audit-log-locked`, `audit-log-torn`, `audit-log-broken`
 */
export function checkAuditLog(path: string, options: AuditLogOptions = {}): void {
  underLock(
    path,
    (file) => {
      endOf(path, file)
    },
    options.patienceMilliseconds,
  )
}

/**
 * Adds an entry. When this returns, it is on the disk.
 * @param time milliseconds since 1970-01-01T00:00:00Z
 * @throws CantosignError as `checkAuditLog`
 */
export function appendAuditEntry(
  path: string,
  facts: AuditFacts,
  time: number,
  options: AuditLogOptions = {},
): WrittenEntry {
  return underLock(
    path,
    (file, place) => {
      const { size, sequence, previous } = endOf(path, file)
      const line = encodeEntry({
        ...facts,
        sequence,
        previous,
        time: new Date(time).toISOString(),
      })
      const bytes = utf8Bytes(`${line}\n`)
      if (bytes.length > MAX_ENTRY_BYTES) throw unwritable(path, 'the entry is too long')
      try {
        for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done)
        fsyncSync(file)
      } catch (cause) {
        takeBack(file, size)
        throw unwritable(path, reasonOf(cause), cause)
      }
      if (fstatSync(file).size !== size + bytes.length) {
        throw brokenAt(
          `the audit log ${path}`,
          sequence + 1,
          'somebody else wrote without the lock',
        )
      }
      if (size === 0) flushDirectory(dirname(place))
      return { sequence, hash: entryHash(bytes.subarray(0, -1)) }
    },
    options.patienceMilliseconds,
  )
}

/** Leaves no part of a line behind; if that fails as well, the next writer finds the line torn. */
function takeBack(file: number, size: number): void {
  try {
    ftruncateSync(file, size)
  } catch {
    return
  }
}
