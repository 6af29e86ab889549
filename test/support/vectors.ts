/** Vectors: those of the repository, and those that lie beside a checkout for who has them. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

/** JSON of a file in fixtures/. */
export function fixture(path: string): unknown {
  return JSON.parse(readFileSync(join(root, 'fixtures', path), 'utf8'))
}

export function fixtureBytes(path: string): Uint8Array {
  return new Uint8Array(readFileSync(join(root, 'fixtures', path)))
}

/** Extracted network data may not be part of the repository; it is read where it lies beside it. */
const outside = join(root, '..', 'shared', 'vectors')

/** Path of an outside vector, or `undefined` with the reason printed. */
export function outsideVector(path: string): string | undefined {
  const whole = join(outside, path)
  if (existsSync(whole)) return whole
  process.stderr.write(`skipped: ${path} (network data that is not part of the repository)\n`)
  return undefined
}

export const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))
export const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
