/** Which program this is: its version, and the SHA-256 of its file. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ConnectedKeys } from '../src/signer/connected.ts'

/** Put in by scripts/build.mjs from package.json. */
declare const CANTOSIGN_VERSION: string

export const VERSION = CANTOSIGN_VERSION

/** The running program, as commands know it. */
export interface Program {
  readonly name: string
  readonly version: string
  /** The one file that it is. */
  readonly path: string
  /** Loads what reaches keys behind a network; the air-gapped half has nothing of the kind. */
  readonly connectedKeys?: () => Promise<ConnectedKeys>
}

/** SHA-256 of the program file as it lies on disk now, 64 lower-case hex characters. */
export function programHash(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
