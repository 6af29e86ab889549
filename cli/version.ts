/** Which program this is: its version and the SHA-256 of its own file. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Put in by scripts/build.mjs from package.json. */
declare const CANTOSIGN_VERSION: string

export const VERSION = CANTOSIGN_VERSION

/** SHA-256 of a program file, 64 lower-case hex characters. */
export function programHash(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

/** True if the command line asks for the version and not for anything else. */
export function asksForVersion(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return argv.slice(0, end === -1 ? undefined : end).includes('--version')
}

/** What `--version` prints. */
export function versionText(name: string, path: string, json: boolean): string {
  const sha256 = programHash(path)
  return json
    ? `${JSON.stringify({ name, version: VERSION, sha256 })}\n`
    : `${name} ${VERSION}\nsha256 ${sha256}\n`
}
