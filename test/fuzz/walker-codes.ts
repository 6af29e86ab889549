/** The codes that the strict walker can report, read from its own source. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FINDING_CODES, type FindingCode } from '../../src/base/finding-codes.ts'

const isFindingCode = (text: string): text is FindingCode => text in FINDING_CODES

/** Every finding code that stands as text in files of a folder of src, without comments. */
export function codesNamedIn(root: string, ...files: readonly string[]): ReadonlySet<FindingCode> {
  const codes = new Set<FindingCode>()
  for (const file of files) {
    const source = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
    for (const [, text = ''] of source.matchAll(/['"]?([a-z][a-z0-9-]*)['"]?/g)) {
      if (text.includes('-') ? isFindingCode(text) : text === 'truncated') {
        codes.add(text as FindingCode)
      }
    }
  }
  return codes
}

export const WALKER_FILES = ['src/wire/walk.ts', 'src/wire/reader.ts'] as const
