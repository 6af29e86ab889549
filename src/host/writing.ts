/**
 * Writing files: whole or not at all (docs/decisions/0006). Everything here blocks on purpose, so that a
 * signal is handled before or after a file is written, never in between.
 */
import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeSync,
  type Stats,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { CantosignError } from '../base/errors.ts'
import { reasonOf } from './reading.ts'
import { systemErrorCode } from './system-error.ts'

export interface WriteOptions {
  /** An existing regular file may be replaced. */
  readonly force: boolean
  /** Paths that were read: none of them is ever replaced. */
  readonly inputs?: readonly string[]
  /** Permissions of a new file, before the umask; 0o666 unless told. */
  readonly mode?: number
}

export interface NamedBytes {
  /** A name inside the directory, without a slash. */
  readonly name: string
  readonly bytes: Uint8Array
}

function unwritable(path: string, reason: string): CantosignError {
  return new CantosignError(
    'output-unwritable',
    `${path} cannot be written: ${reason}`,
    'choose another place, or mend this one; nothing was written',
  )
}

/** Runs a system call on the way to an output file. */
function writing<T>(path: string, call: () => T): T {
  try {
    return call()
  } catch (error) {
    if (error instanceof CantosignError) throw error
    throw unwritable(path, reasonOf(error))
  }
}

function statIfAny(path: string, stat: (path: string) => Stats): Stats | undefined {
  try {
    return stat(path)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw unwritable(path, reasonOf(error))
  }
}

function taken(path: string): CantosignError {
  return new CantosignError(
    'output-exists',
    `${path} exists already`,
    'choose another name, or add --force to replace it',
  )
}

/**
 * Where the bytes go: the path itself, or with --force what its links lead to. Called before the
 * work as well, so that nobody types a passphrase for an output that is refused.
 * @throws CantosignError `output-exists`, `output-is-input`, `output-unwritable`
 */
export function checkTarget(
  path: string,
  { force, inputs = [] }: Pick<WriteOptions, 'force' | 'inputs'>,
): string {
  if (path.includes('\0')) throw unwritable(path, 'its name holds a NUL character')
  // A name that is not UTF-8 arrives with replacement characters: the file would have another name.
  if (path.includes('\ufffd')) throw unwritable(path, 'its name is not UTF-8')
  const parent = statIfAny(dirname(path), (name) => statSync(name))
  if (parent === undefined) throw unwritable(path, 'its directory does not exist')
  if (!parent.isDirectory()) throw unwritable(path, 'a part of the path is not a directory')
  const itself = statIfAny(path, (name) => lstatSync(name))
  if (itself === undefined) return path
  const behind = statIfAny(path, (name) => statSync(name))
  if (behind?.isDirectory() === true) throw unwritable(path, 'it is a directory')
  for (const input of inputs) {
    const read = statIfAny(input, (name) => statSync(name))
    if (read === undefined || behind === undefined) continue
    if (read.dev === behind.dev && read.ino === behind.ino) {
      throw new CantosignError(
        'output-is-input',
        `${path} is the same file as the input ${input}`,
        'write to another name: inputs are never replaced',
      )
    }
  }
  if (!force) throw taken(path)
  if (behind === undefined) throw unwritable(path, 'it is a link that leads nowhere')
  if (!behind.isFile()) throw unwritable(path, 'it is not a regular file')
  return writing(path, () => realpathSync(path))
}

let temporaryFiles = 0

function writeBytes(path: string, file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    done += writing(path, () => writeSync(file, bytes, done))
  }
}

function writeAll(path: string, target: string, bytes: Uint8Array, mode: number): void {
  const file = writing(path, () => openSync(target, 'wx', mode))
  try {
    writeBytes(path, file, bytes)
    writing(path, () => {
      fsyncSync(file)
    })
  } catch (error) {
    unlinkSync(target)
    throw error
  } finally {
    closeSync(file)
  }
}

/** A name beside the target that says what the file is if it stays behind. */
function nameBeside(target: string): string {
  const unique = `${process.pid}-${Date.now().toString(36)}-${temporaryFiles++}`
  // Short whatever the target is called: names have a limit.
  return join(dirname(target), `.cantosign-${unique}.tmp`)
}

/** A new file beside the target with the bytes in it. */
function writeBeside(path: string, target: string, bytes: Uint8Array, mode: number): string {
  const temporary = nameBeside(target)
  writeAll(path, temporary, bytes, mode)
  return temporary
}

/** Directories keep their names on some file systems only; where they cannot be flushed, nothing is lost but time. */
export function flushDirectory(directory: string): void {
  let handle: number | undefined
  try {
    handle = openSync(directory, 'r')
    fsyncSync(handle)
  } catch (error) {
    if (!['EINVAL', 'EACCES', 'EPERM', 'EISDIR', 'ENOTSUP'].includes(systemErrorCode(error))) {
      throw unwritable(directory, reasonOf(error))
    }
  } finally {
    if (handle !== undefined) closeSync(handle)
  }
}

/** What file systems without hard links answer. */
const NO_LINKS: ReadonlySet<string> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
])

/**
 * Gives the finished file its name. A name that is taken stays as it is unless `force` is set.
 * @param writeAnew writes the same to the target, which must not exist, where it cannot be linked
 */
function putInPlace(
  path: string,
  temporary: string,
  target: string,
  force: boolean,
  writeAnew: () => void,
): void {
  if (force) {
    writing(path, () => {
      renameSync(temporary, target)
    })
    return
  }
  try {
    linkSync(temporary, target)
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'EEXIST') throw taken(path)
    if (!NO_LINKS.has(code)) throw unwritable(path, reasonOf(error))
    try {
      // A rename would replace a file that came in between without a word.
      writeAnew()
    } catch (failure) {
      if (failure instanceof CantosignError && statIfAny(target, lstatSync)) throw taken(path)
      throw failure
    }
  }
  unlinkSync(temporary)
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw unwritable(path, reasonOf(error))
  }
}

/**
 * Writes one file whole or not at all.
 * @throws CantosignError `output-exists`, `output-is-input`, `output-unwritable`
 */
export function writeWholeFile(path: string, bytes: Uint8Array, options: WriteOptions): void {
  writeSet([{ path, bytes }], options)
}

/**
 * Writes several files into a directory, all or none: every one is finished under another name
 * before the first gets its own. The directory is made if only its last part is missing. With
 * `force`, a failure between two replacements leaves the first replaced.
 * @throws CantosignError `output-exists`, `output-unwritable`
 */
export function writeFiles(
  directory: string,
  files: readonly NamedBytes[],
  options: WriteOptions,
): void {
  const odd = files.find(({ name }) => name !== basename(name) || name.startsWith('.'))
  if (odd !== undefined) throw new Error(`${odd.name} is no name inside a directory`)
  const made = makeDirectory(directory)
  try {
    writeSet(
      files.map(({ name, bytes }) => ({ path: join(directory, name), bytes })),
      options,
    )
  } catch (error) {
    if (made) rmdirSync(directory)
    throw error
  }
  if (made) flushDirectory(dirname(directory))
}

/** True if it was made just now. */
function makeDirectory(directory: string): boolean {
  if (directory.includes('\0')) throw unwritable(directory, 'its name holds a NUL character')
  const known = statIfAny(directory, (name) => statSync(name))
  if (known?.isDirectory() === true) return false
  if (known !== undefined) throw unwritable(directory, 'it is not a directory')
  writing(directory, () => {
    mkdirSync(directory)
  })
  return true
}

interface Entry {
  readonly path: string
  readonly bytes: Uint8Array
}

function writeSet(entries: readonly Entry[], options: WriteOptions): void {
  const mode = options.mode ?? 0o666
  const targets = entries.map(({ path }) => checkTarget(path, options))
  const temporaries: string[] = []
  const placed: string[] = []
  try {
    for (const [i, { path, bytes }] of entries.entries()) {
      temporaries.push(writeBeside(path, targets[i] ?? path, bytes, mode))
    }
    for (const [i, { path, bytes }] of entries.entries()) {
      const target = targets[i] ?? path
      putInPlace(path, temporaries[i] ?? path, target, options.force, () => {
        writeAll(path, target, bytes, mode)
      })
      placed.push(target)
    }
  } catch (error) {
    // What was replaced under --force cannot come back, and is whole; what is new goes again.
    if (!options.force) placed.forEach(removeQuietly)
    temporaries.forEach(removeQuietly)
    throw error
  }
  for (const directory of new Set(targets.map(dirname))) flushDirectory(directory)
}

/** A file that is written piece by piece: it gets its name at the end, or there is none. */
export interface FileInPieces {
  /** @throws CantosignError `output-unwritable` */
  write(bytes: Uint8Array): void
  /** @throws CantosignError `output-exists`, `output-unwritable` */
  finish(): void
  /** Leaves nothing behind. */
  discard(): void
}

/**
 * Starts a file of unknown length, which is whole or absent like any other.
 * @throws CantosignError `output-exists`, `output-is-input`, `output-unwritable`
 */
export function startFile(path: string, options: WriteOptions): FileInPieces {
  const mode = options.mode ?? 0o666
  const target = checkTarget(path, options)
  const temporary = nameBeside(target)
  const file = writing(path, () => openSync(temporary, 'wx', mode))
  let open = true
  const discard = (): void => {
    process.removeListener('exit', discard)
    if (open) closeSync(file)
    open = false
    removeQuietly(temporary)
  }
  // An interruption can come between two pieces.
  process.once('exit', discard)
  return {
    write: (bytes) => {
      writeBytes(path, file, bytes)
    },
    finish: () => {
      try {
        writing(path, () => {
          fsyncSync(file)
        })
        putInPlace(path, temporary, target, options.force, () => {
          copyFlushed(path, temporary, target)
        })
      } finally {
        discard()
      }
      flushDirectory(dirname(target))
    },
    discard,
  }
}

/** Copies to a new file, which is there whole or not at all. */
function copyFlushed(path: string, source: string, target: string): void {
  writing(path, () => {
    copyFileSync(source, target, constants.COPYFILE_EXCL)
  })
  const file = writing(path, () => openSync(target, 'r+'))
  try {
    writing(path, () => {
      fsyncSync(file)
    })
  } catch (error) {
    unlinkSync(target)
    throw error
  } finally {
    closeSync(file)
  }
}
