/**
 * One writer at a time: a lock file beside what is written (docs/audit.md section 4). Everything here
 * blocks, so that no signal comes between taking a lock and giving it back.
 */
import {
  closeSync,
  linkSync,
  openSync,
  readFileSync,
  readlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { systemErrorCode } from './system-error.ts'

/** Who holds a lock: enough to tell later whether that process is still there. */
interface Holder {
  readonly host: string
  readonly boot: string
  readonly pidNamespace: string
  readonly pid: number
  /** Clock ticks after the start of the machine. */
  readonly started: string
}

function textOr(otherwise: string, read: () => string): string {
  try {
    return read().trim()
  } catch {
    return otherwise
  }
}

/** Fields 3 and 22 of /proc/PID/stat; the name in field 2 may hold anything, also spaces and brackets. */
function statOf(pid: number): { readonly state: string; readonly started: string } {
  const stat = textOr('', () => readFileSync(`/proc/${pid}/stat`, 'latin1'))
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', started: fields[19] ?? '' }
}

function self(): Holder {
  return {
    host: hostname(),
    boot: textOr('', () => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')),
    pidNamespace: textOr('', () => readlinkSync('/proc/self/ns/pid')),
    pid: process.pid,
    started: statOf(process.pid).started,
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const value = JSON.parse(text) as Partial<Holder> | null
    if (typeof value?.pid !== 'number' || typeof value.host !== 'string') return undefined
    const { host, pid, boot = '', pidNamespace = '', started = '' } = value
    return { host, pid, boot, pidNamespace, started }
  } catch {
    return undefined
  }
}

/** True unless it is known that no process has the number, or one that was started at another time. */
function isRunning({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (systemErrorCode(error) === 'ESRCH') return false
  }
  const { state, started: now } = statOf(pid)
  // It has ended, and whoever started it has not asked how: where nobody does, it stays like that.
  if (state === 'Z') return false
  // Not every system shows the processes of other users.
  return now === '' || now === started
}

/** True only if the holder is known to have ended: another machine or container cannot be judged. */
function hasEnded(holder: Holder | undefined): boolean {
  const own = self()
  if (holder === undefined || holder.host !== own.host || own.started === '') return false
  if (holder.boot !== own.boot) return holder.boot !== ''
  return holder.pidNamespace === own.pidNamespace && !isRunning(holder)
}

/** A file that could not be filled does not stay: a lock without a holder would hold for ever. */
function createWhole(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600)
  let isWhole = false
  try {
    writeFileSync(file, text)
    isWhole = true
  } finally {
    closeSync(file)
    if (!isWhole) unlinkSync(path)
  }
}

let temporaryFiles = 0

/** Makes the lock with its content in one step where the file system has links. False if it is taken. */
function tryCreate(lock: string, text: string): boolean {
  // With the time: in a container every process may have the same number, and one that was killed here leaves its file.
  const temporary = `${lock}.${process.pid}-${Date.now().toString(36)}-${temporaryFiles++}`
  createWhole(temporary, text)
  try {
    linkSync(temporary, lock)
    return true
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false
    try {
      createWhole(lock, text)
      return true
    } catch (failure) {
      if (systemErrorCode(failure) === 'EEXIST') return false
      throw failure
    }
  } finally {
    unlinkSync(temporary)
  }
}

/** Whoever has this file may take away the lock of a process that has ended. */
const breakingOf = (lock: string): string => `${lock}.break`

/**
 * Takes away the lock of a process that has ended. Only one process at a time does that, and it looks
 * once more: the lock may have become that of another one meanwhile.
 * @returns false if another process is at it, or was and ended on the way
 */
function removeEnded(lock: string): boolean {
  const breaking = breakingOf(lock)
  try {
    createWhole(breaking, '')
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false
    throw error
  }
  try {
    if (hasEnded(readHolder(lock))) unlinkSync(lock)
    return true
  } finally {
    unlinkSync(breaking)
  }
}

function readHolder(lock: string): Holder | undefined {
  return parseHolder(textOr('', () => readFileSync(lock, 'utf8')))
}

const PAUSE_MILLISECONDS = 20

/** Somebody held it all the time. */
export interface TakenLock {
  readonly $case: 'taken'
  /** The file to remove if nobody is there any more. */
  readonly lock: string
  readonly pid: number | undefined
}

/** A lock of this process; it is given back when the process ends, too. */
export interface HeldLock {
  readonly $case: 'held'
  readonly release: () => void
}

/**
 * Takes a lock for as long as something takes.
 * @param path what is written: the lock is `PATH.lock`
 * @param patienceMilliseconds how long a lock that is taken is waited for
 */
export function takeLock(path: string, patienceMilliseconds: number): HeldLock | TakenLock {
  const lock = `${path}.lock`
  const text = `${JSON.stringify(self())}\n`
  const wait = new Int32Array(new SharedArrayBuffer(4))
  for (let waited = 0; !tryCreate(lock, text); waited += PAUSE_MILLISECONDS) {
    const holder = readHolder(lock)
    const isEnded = hasEnded(holder)
    const isRemoved = isEnded && removeEnded(lock)
    if (!isRemoved && waited >= patienceMilliseconds) {
      return isEnded
        ? { $case: 'taken', lock: breakingOf(lock), pid: undefined }
        : { $case: 'taken', lock, pid: holder?.pid }
    }
    Atomics.wait(wait, 0, 0, PAUSE_MILLISECONDS)
  }
  const release = (): void => {
    process.removeListener('exit', release)
    try {
      unlinkSync(lock)
    } catch (error) {
      // A person may have taken it away.
      if (systemErrorCode(error) !== 'ENOENT') throw error
    }
  }
  process.once('exit', release)
  return { $case: 'held', release }
}

/** What came of the attempt to take a lock. */
export type Locked<Result> = { readonly $case: 'done'; readonly result: Result } | TakenLock

/**
 * Does something while no other process that asks for the same lock does.
 * @param path what is written: the lock is `PATH.lock`
 * @param use must not wait for anything
 * @param patienceMilliseconds how long a lock that is taken is waited for
 */
export function withLock<Result>(
  path: string,
  use: () => Result,
  patienceMilliseconds = 10_000,
): Locked<Result> {
  const held = takeLock(path, patienceMilliseconds)
  if (held.$case === 'taken') return held
  try {
    return { $case: 'done', result: use() }
  } finally {
    held.release()
  }
}
