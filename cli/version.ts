/** Which program this is: its version, and the SHA-256 of its file. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Put in by scripts/build.mjs from package.json. */
declare const CANTOSIGN_VERSION: string

export const VERSION = CANTOSIGN_VERSION

/** The running program, as commands know it. */
export interface Program {
  readonly name: string
  readonly version: string
  /** The one file that it is. */
  readonly path: string
}

/** SHA-256 of the program file as it lies on disk now, 64 lower-case hex characters. */
export function programHash(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
