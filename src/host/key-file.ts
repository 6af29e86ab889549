/** Key files on disk: read once, through one descriptor, after looking at who else could read them. */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
} from 'node:fs'
import { CantosignError } from '../base/errors.ts'
import { deviceText, keepsModes, mountOf, parseMountInfo } from './mounts.ts'
import { reasonOf } from './reading.ts'

/** Key files are small; a larger file is something else. */
const MAX_KEY_FILE_BYTES = 1024 * 1024

/** A key file that others may be able to read. */
export interface KeyFileConcern {
  readonly code: 'key-file-mode' | 'key-file-mount'
  /** One sentence, lower case, no full stop. */
  readonly message: string
}

export interface KeyFile {
  /** The caller wipes them. */
  readonly bytes: Uint8Array
  /** What signing would refuse; `undefined` if the file is its owner's alone. */
  readonly concern: KeyFileConcern | undefined
}

function unreadable(path: string, reason: string, cause?: unknown): CantosignError {
  return new CantosignError(
    'file-unreadable',
    `${path} cannot be read: ${reason}`,
    'check the name of the file and who may read it',
    { details: { file: path }, cause },
  )
}

/** The file system of an open file, if it is one without modes. */
function modelessFileSystem(descriptor: number): { readonly type: string } | undefined {
  if (process.platform === 'win32') return { type: 'a file system of Windows' }
  let text: string
  let path: string
  try {
    text = readFileSync('/proc/self/mountinfo', 'utf8')
    path = readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return undefined // no /proc: the mode, which is looked at next, has to do
  }
  const { dev } = fstatSync(descriptor, { bigint: true })
  const mount = mountOf(parseMountInfo(text), path, deviceText(dev))
  return mount === undefined || keepsModes(mount) ? undefined : mount
}

const OTHERS = 0o077

function concernOf(descriptor: number): KeyFileConcern | undefined {
  const modeless = modelessFileSystem(descriptor)
  if (modeless !== undefined) {
    return {
      code: 'key-file-mount',
      message: `the file system (${modeless.type}) keeps no permissions: who else can read the key cannot be told`,
    }
  }
  const mode = fstatSync(descriptor).mode & 0o777
  if ((mode & OTHERS) === 0) return undefined
  return {
    code: 'key-file-mode',
    message: `the key file has mode ${mode.toString(8).padStart(4, '0')}: group or others have access to it`,
  }
}

/** Everything up to the limit, in one buffer; buffers that were outgrown are wiped. */
function readAll(descriptor: number, path: string): Uint8Array {
  const buffer = new Uint8Array(MAX_KEY_FILE_BYTES + 1)
  try {
    let length = 0
    for (;;) {
      const count = readSync(descriptor, buffer, length, buffer.length - length, null)
      length += count
      if (length > MAX_KEY_FILE_BYTES) {
        throw new CantosignError(
          'file-too-large',
          `${path} holds more than ${MAX_KEY_FILE_BYTES} bytes, too many for a key`,
          'check that it is the right file',
          { details: { file: path, limit: MAX_KEY_FILE_BYTES } },
        )
      }
      if (count === 0) return buffer.slice(0, length)
    }
  } finally {
    buffer.fill(0)
  }
}

function withFile<Result>(path: string, use: (descriptor: number) => Result): Result {
  let descriptor: number
  try {
    // Without waiting: a named pipe that nobody writes to would stop the program.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    throw unreadable(path, reasonOf(cause), cause)
  }
  try {
    return use(descriptor)
  } catch (cause) {
    if (cause instanceof CantosignError) throw cause
    throw unreadable(path, reasonOf(cause), cause)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Reads a key file to show or convert it: whatever its mode, which comes along.
 * @throws CantosignError `file-unreadable`, `file-too-large`
 */
export function readKeyFile(path: string): KeyFile {
  return withFile(path, (descriptor) => {
    if (!fstatSync(descriptor).isFile()) throw unreadable(path, 'it is not a regular file')
    const concern = concernOf(descriptor)
    return { bytes: readAll(descriptor, path), concern }
  })
}

/**
 * Whether others may be able to read a key file that was read already.
 * @throws CantosignError `file-unreadable`
 */
export function keyFileConcern(path: string): KeyFileConcern | undefined {
  return withFile(path, concernOf)
}

/**
 * Reads a key file to sign with it: only if nobody but its owner can.
 * @param acceptMount true to take it from a file system that keeps no permissions
 * @returns its bytes, which the caller wipes
 * @throws CantosignError `file-unreadable`, `file-too-large`, `key-file-mode`, `key-file-mount`
 */
export function readSigningKeyFile(path: string, acceptMount: boolean): Uint8Array {
  const { bytes, concern } = readKeyFile(path)
  if (concern === undefined || (concern.code === 'key-file-mount' && acceptMount)) return bytes
  bytes.fill(0)
  throw new CantosignError(
    concern.code,
    `${path}: ${concern.message}`,
    concern.code === 'key-file-mode'
      ? `take the access away: chmod 600 ${path}`
      : 'copy it to a file system that keeps them, or accept it with --accept-mount-permissions',
    { details: { file: path } },
  )
}
