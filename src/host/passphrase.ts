/** Passphrases: from a file, a descriptor or the terminal; as bytes, which the caller wipes. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { CantosignError, unreachable } from '../base/errors.ts'
import { isOwnDescriptor } from './descriptor.ts'
import { systemErrorCode } from './system-error.ts'
import type { Terminal } from './terminal.ts'

export type PassphraseSource =
  | { readonly $case: 'file'; readonly path: string }
  | { readonly $case: 'descriptor'; readonly descriptor: number }
  | { readonly $case: 'terminal'; readonly terminal: Terminal }

/** OpenSSL takes no longer ones. */
const MAX_PASSPHRASE_BYTES = 1024

const LF = 0x0a
const CR = 0x0d
/** How long a descriptor without data is asked again, and how often a second. */
const PATIENCE_MILLISECONDS = 60_000
const PAUSE_MILLISECONDS = 20

function invalid(message: string): CantosignError {
  return new CantosignError(
    'passphrase-invalid',
    message,
    `a passphrase is one line of 1 to ${MAX_PASSPHRASE_BYTES} bytes; a newline at its end does not count`,
  )
}

/** Copies what counts and wipes the buffer it was given. */
function checked(typed: Uint8Array): Uint8Array {
  try {
    let end = typed.length
    if (typed[end - 1] === LF) end -= typed[end - 2] === CR ? 2 : 1
    const line = typed.subarray(0, end)
    if (line.length === 0) throw invalid('the passphrase is empty')
    if (line.length > MAX_PASSPHRASE_BYTES) {
      throw invalid(`the passphrase is longer than ${MAX_PASSPHRASE_BYTES} bytes`)
    }
    if (line.includes(LF) || line.includes(CR)) throw invalid('the passphrase holds a line break')
    return line.slice()
  } finally {
    typed.fill(0)
  }
}

/** Reads until the end or one byte beyond what could be a passphrase and its newline. */
function readDescriptor(descriptor: number): Uint8Array {
  const buffer = new Uint8Array(MAX_PASSPHRASE_BYTES + 3)
  const wait = new Int32Array(new SharedArrayBuffer(4))
  let length = 0
  let waited = 0
  try {
    while (length < buffer.length) {
      try {
        const count = readSync(descriptor, buffer, length, buffer.length - length, null)
        if (count === 0) break
        length += count
      } catch (error) {
        if (systemErrorCode(error) !== 'EAGAIN' || waited >= PATIENCE_MILLISECONDS) throw error
        waited += PAUSE_MILLISECONDS
        Atomics.wait(wait, 0, 0, PAUSE_MILLISECONDS)
      }
    }
    return buffer.slice(0, length)
  } finally {
    buffer.fill(0)
  }
}

function unreadable(what: string, cause: unknown): CantosignError {
  const code = systemErrorCode(cause)
  return new CantosignError(
    'passphrase-unreadable',
    `the passphrase cannot be read from ${what}${code === '' ? '' : ` (${code})`}`,
    'check the name of the file, or that the descriptor is open for reading',
    { cause },
  )
}

/** @throws CantosignError `passphrase-unreadable` for a terminal, which would show what is typed */
async function refuseTerminal(descriptor: number, what: string): Promise<void> {
  const { isatty } = await import('node:tty')
  if (!isatty(descriptor)) return
  throw new CantosignError(
    'passphrase-unreadable',
    `the passphrase is not read from ${what}, a terminal: it would be shown while it is typed`,
    'leave the option out: at a terminal the passphrase is asked for and not shown',
  )
}

/**
 * Reads a passphrase.
 * @param prompt for the terminal
 * @throws CantosignError `passphrase-unreadable`, `passphrase-invalid`
 */
export async function readPassphrase(
  source: PassphraseSource,
  prompt: string,
): Promise<Uint8Array> {
  switch (source.$case) {
    case 'file': {
      let bytes: Uint8Array
      try {
        const descriptor = openSync(source.path, 'r')
        try {
          await refuseTerminal(descriptor, source.path)
          bytes = readDescriptor(descriptor)
        } finally {
          closeSync(descriptor)
        }
      } catch (cause) {
        if (cause instanceof CantosignError) throw cause
        throw unreadable(source.path, cause)
      }
      return checked(bytes)
    }
    case 'descriptor': {
      const { descriptor } = source
      const what = `descriptor ${descriptor}`
      await refuseTerminal(descriptor, what)
      let bytes: Uint8Array
      try {
        if (isOwnDescriptor(descriptor, fstatSync(descriptor))) {
          throw new Error('Node.js opened it for itself')
        }
        bytes = readDescriptor(descriptor)
      } catch (cause) {
        throw unreadable(what, cause)
      }
      return checked(bytes)
    }
    case 'terminal':
      return checked(await source.terminal.readSecret(prompt))
    default:
      return unreachable(source)
  }
}

/** Looks at every byte, whatever the first difference. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < Math.min(a.length, b.length); i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
  return difference === 0
}

/** OpenSSL ends a passphrase at a NUL, and could never open the file. */
function withoutNul(passphrase: Uint8Array): Uint8Array {
  if (!passphrase.includes(0)) return passphrase
  passphrase.fill(0)
  throw invalid('the passphrase holds a NUL character, as text in UTF-16 does')
}

/**
 * Reads the passphrase of a new file: twice where it is typed.
 * @param what it is for, e.g. `the new key file root.der`
 * @throws CantosignError as `readPassphrase`, and `passphrase-invalid` if the two differ, or for one
 * that OpenSSL cannot be given
 */
export async function readNewPassphrase(
  source: PassphraseSource,
  what: string,
): Promise<Uint8Array> {
  const first = withoutNul(await readPassphrase(source, `passphrase for ${what}: `))
  if (source.$case !== 'terminal') return first
  let second: Uint8Array | undefined
  try {
    second = await readPassphrase(source, 'the same passphrase again: ')
    if (isSame(first, second)) return first.slice()
    throw invalid('the two passphrases differ')
  } finally {
    first.fill(0)
    second?.fill(0)
  }
}
