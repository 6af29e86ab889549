/** Reading files: whole up to a limit, or as chunks of any size, compressed or not. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { concatBytes } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import { systemErrorCode } from './system-error.ts'

/** Several chunks are on their way at once while signatures are verified: memory follows their size. */
const CHUNK_BYTES = 16 * 1024

/** System calls cost more than the copying: a stream is read in larger pieces and handed on in chunks. */
const READ_BYTES = 4 * CHUNK_BYTES

/** Compressed data that expand further than this are no snapshot of a network. */
const MAX_GZIP_RATIO = 1000

/**
 * Small buffers for small files; at the end of a file one byte is enough to see that it ends. What
 * goes on behind its size has none: a pipe or a device.
 */
function chunkLength(rest: number): number {
  return rest < 0 ? CHUNK_BYTES : Math.min(CHUNK_BYTES, rest + 1)
}

const GZIP_MAGIC = [0x1f, 0x8b] as const

/** The reason of a failed system call in words. */
export function reasonOf(error: unknown): string {
  const code = systemErrorCode(error)
  switch (code) {
    case 'ENOENT':
      return 'it does not exist'
    case 'EACCES':
    case 'EPERM':
      return 'permission is denied'
    case 'EISDIR':
      return 'it is a directory'
    case 'ENOTDIR':
      return 'a part of the path is not a directory'
    case 'EROFS':
      return 'the file system is read-only'
    case 'ENOSPC':
    case 'EDQUOT':
      return 'no space is left'
    case 'ENAMETOOLONG':
      return 'the name is too long'
    case 'ENXIO':
      return 'it is a socket, or a device that is not there'
    case 'ELOOP':
      return 'its links lead round in a circle'
    case '':
      return 'the system refuses'
    default:
      return `the system says ${code}`
  }
}

function unreadable(path: string, reason: string, hint: string): CantosignError {
  return new CantosignError('file-unreadable', `${path} cannot be read: ${reason}`, hint)
}

/** Runs a system call on an input file. */
function reading<T>(path: string, call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw unreadable(path, reasonOf(error), 'check the name and the permissions')
  }
}

/** The text without the path in NUL bytes that no system call takes. */
function checkName(path: string): void {
  if (!path.includes('\0')) return
  throw unreadable(path, 'its name holds a NUL character', 'check the name')
}

/**
 * The bytes of a file as they are.
 * @param limit in bytes
 * @throws CantosignError `file-unreadable`, `file-too-large`
 */
export function readWholeFile(path: string, limit: number): Uint8Array {
  checkName(path)
  const file = reading(path, () => openSync(path, 'r'))
  return readToEnd(path, file, limit)
}

/** The same as `readWholeFile` for a file that the program wrote itself: never a pipe or a device. */
export function readRegularFile(path: string, limit: number): Uint8Array {
  return readToEnd(path, openRegular(path), limit)
}

/** Closes the file. */
function readToEnd(path: string, file: number, limit: number): Uint8Array {
  try {
    const parts: Uint8Array[] = []
    let length = 0
    for (;;) {
      // The size is only a hint: devices and pipes have none, and files grow.
      const chunk = new Uint8Array(chunkLength(reading(path, () => fstatSync(file)).size - length))
      const read = reading(path, () => readSync(file, chunk))
      if (read === 0) return concatBytes(...parts)
      length += read
      if (length > limit) {
        throw new CantosignError(
          'file-too-large',
          `${path} holds more than ${limit} bytes, the limit for what it should be`,
          'check that it is the right file',
        )
      }
      // Pipes give little at a time: what is left of a buffer is not kept.
      parts.push(read === chunk.length ? chunk : chunk.slice(0, read))
    }
  } finally {
    closeSync(file)
  }
}

/** Opens before it looks: what the path names can change in between, what is open cannot. */
function openRegular(path: string): number {
  checkName(path)
  // Without waiting: a named pipe that nobody writes to would stop the program.
  const file = reading(path, () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK))
  try {
    if (reading(path, () => fstatSync(file)).isFile()) return file
    throw unreadable(path, 'it is not a regular file', 'copy what it holds to a file first')
  } catch (error) {
    closeSync(file)
    throw error
  }
}

/**
 * The bytes of a regular file in chunks, as they are. Opening happens with the first chunk.
 * @throws CantosignError `file-unreadable`
 */
export function* openPlainChunks(path: string): Generator<Uint8Array> {
  const file = openRegular(path)
  try {
    const { size } = reading(path, () => fstatSync(file))
    yield* fileChunks(path, file, size, undefined)
  } finally {
    closeSync(file)
  }
}

/**
 * The bytes of a file in chunks, decompressed if they are gzip by their content (RFC 1952; several
 * members count as one). Opening happens with the first chunk. Only regular files are taken: a
 * command reads its input more than once.
 * @param update told the bytes read of the file and its size, for progress
 * @throws CantosignError `file-unreadable`, `gzip-invalid`, `gzip-ratio`
 */
export async function* openChunks(
  path: string,
  update?: (done: number, total: number) => void,
): AsyncGenerator<Uint8Array> {
  const file = openRegular(path)
  try {
    const { size } = reading(path, () => fstatSync(file))
    const head = new Uint8Array(2)
    const isGzip =
      reading(path, () => readSync(file, head, 0, 2, 0)) === 2 &&
      GZIP_MAGIC.every((byte, i) => head[i] === byte)
    const chunks = fileChunks(path, file, size, update)
    if (isGzip) {
      const { decompress } = await import('./gzip.ts')
      yield* decompress(chunks, path, MAX_GZIP_RATIO)
    } else yield* chunks
  } finally {
    closeSync(file)
  }
}

/**
 * Blocking reads on purpose: they take microseconds from the page cache, while the thread pool has
 * signatures to verify and would make a read wait behind them.
 */
function* fileChunks(
  path: string,
  file: number,
  total: number,
  update: ((done: number, total: number) => void) | undefined,
): Generator<Uint8Array> {
  let done = 0
  for (;;) {
    const rest = total - done
    const piece = new Uint8Array(rest < 0 ? CHUNK_BYTES : Math.min(READ_BYTES, rest + 1))
    const read = reading(path, () => readSync(file, piece))
    if (read === 0) return
    for (let from = 0; from < read; from += CHUNK_BYTES) {
      const chunk = piece.subarray(from, Math.min(read, from + CHUNK_BYTES))
      done += chunk.length
      update?.(done, Math.max(done, total))
      yield chunk
    }
  }
}
