/** openssl(1) as the other side of interoperability tests. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const directory = mkdtempSync(join(tmpdir(), 'cantosign-openssl-'))
afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})

let count = 0

/** A file that only its owner reads, with these bytes. */
export function temporaryFile(bytes: Uint8Array | string): string {
  const path = join(directory, `file-${count++}`)
  writeFileSync(path, bytes, { mode: 0o600 })
  return path
}

/** What openssl prints on standard output; a failure throws. */
export function openssl(...args: readonly string[]): Uint8Array {
  return new Uint8Array(execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] }))
}

/** What openssl writes with `-out`. */
export function opensslFile(...args: readonly string[]): Uint8Array {
  const path = join(directory, `file-${count++}`)
  openssl(...args, '-out', path)
  return new Uint8Array(readFileSync(path))
}
