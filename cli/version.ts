/** Which program this is: its version, and the SHA-256 of its files. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Put in by scripts/build.mjs from package.json. */
declare const CANTOSIGN_VERSION: string

export const VERSION = CANTOSIGN_VERSION

/**
 * The program file that was started and the parts it loads when they are needed
 * (docs/decisions/0005). The file holds the SHA-256 of every part, so its own stands for all.
 */
interface ProgramFiles {
  readonly path: string
  /** SHA-256 in hex by the path of a part, from the directory of the program file. */
  readonly parts: Readonly<Record<string, string>>
}

function hashOf(path: string): string | undefined {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex')
  } catch {
    return undefined // a file that cannot be read has no hash, whatever the reason
  }
}

/** The running program, as commands know it. */
export interface Program {
  readonly name: string
  readonly version: string
  readonly path: string
  /** Reads the whole program again from where it lies. */
  readonly integrity: () => ProgramIntegrity
}

export interface ProgramIntegrity {
  /** SHA-256 of the program file, 64 lower-case hex characters. */
  readonly sha256: string
  /** Parts that are missing or not the ones that the program file names. */
  readonly altered: readonly string[]
}

export function programIntegrity({ path, parts }: ProgramFiles): ProgramIntegrity {
  const directory = dirname(path)
  return {
    sha256: hashOf(path) ?? '',
    altered: Object.entries(parts)
      .filter(([part, sha256]) => hashOf(join(directory, part)) !== sha256)
      .map(([part]) => part),
  }
}
