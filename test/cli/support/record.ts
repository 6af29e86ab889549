/**
 * Keeps what the programs under test print, and the secrets they were given, until the end of the
 * test run, where test/afterwards looks for the ones in the other.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { OUTPUT_DIRECTORY } from '../../support/run-environment.ts'

/** Shorter passphrases are words that occur by themselves. */
const MIN_PASSPHRASE_LENGTH = 12
const MAX_KEY_FILE_BYTES = 65_536

function directory(): string {
  const path = process.env[OUTPUT_DIRECTORY]
  if (path === undefined) throw new Error('run the tests with vitest: its setup is missing')
  return path
}

export function recordOutput(...outputs: readonly Uint8Array[]): void {
  const path = join(directory(), `output-${process.pid}`)
  for (const output of outputs) appendFileSync(path, Buffer.concat([output, Buffer.from('\n')]))
}

/** A passphrase or PIN that no output may hold. */
export function recordPassphrase(passphrase: string): void {
  if (passphrase.length < MIN_PASSPHRASE_LENGTH) return
  appendSecret(Buffer.from(passphrase))
}

/** A private scalar or seed that no output may hold. */
export function recordSecretBytes(secret: Uint8Array): void {
  appendSecret(Buffer.from(secret))
}

function appendSecret(secret: Buffer): void {
  appendFileSync(join(directory(), `secrets-${process.pid}`), `${secret.toString('hex')}\n`)
}

/** Reads a private key in any form that Node.js takes, with one of the passphrases if it needs one. */
function privateKey(bytes: Buffer, passphrases: readonly string[]): KeyObject | undefined {
  for (const passphrase of ['', ...passphrases]) {
    for (const form of ['pem', 'pkcs8', 'sec1'] as const) {
      try {
        return createPrivateKey({
          key: form === 'pem' ? bytes.toString('latin1') : bytes,
          ...(form === 'pem' ? { format: 'pem' } : { format: 'der', type: form }),
          passphrase,
        })
      } catch {
        continue // the next form, then the next passphrase
      }
    }
  }
  return undefined
}

/** Notes the private key of a file, if it holds one. */
export function recordKeyFile(path: string, passphrases: readonly string[]): void {
  if (!existsSync(path) || !statSync(path).isFile()) return
  if (statSync(path).size > MAX_KEY_FILE_BYTES) return
  const { d } = privateKey(readFileSync(path), passphrases)?.export({ format: 'jwk' }) ?? {}
  if (d !== undefined) recordSecretBytes(Buffer.from(d, 'base64url'))
}

function recorded(kind: 'output' | 'secrets'): Buffer {
  const names = readdirSync(directory()).filter((name) => name.startsWith(`${kind}-`))
  return Buffer.concat(names.map((name) => readFileSync(join(directory(), name))))
}

export const recordedOutput = (): Buffer => recorded('output')

export function recordedSecrets(): readonly Buffer[] {
  const lines = recorded('secrets').toString('latin1').split('\n')
  return [...new Set(lines)].filter((line) => line !== '').map((line) => Buffer.from(line, 'hex'))
}

/** A secret as it would show: raw, hex of either case, base64 with and without padding, URL-safe. */
export function formsOf(secret: Buffer): readonly Buffer[] {
  const hex = secret.toString('hex')
  // In a longer base64 text the bytes may begin at any of three places: what they share is looked for.
  const shifted = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), secret]).toString('base64')
    const from = Math.ceil((before * 8) / 6)
    return text.slice(from, Math.floor(((before + secret.length) * 8) / 6))
  })
  const texts = [
    hex,
    hex.toUpperCase(),
    ...shifted,
    ...shifted.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ]
  return [secret, ...texts.map((text) => Buffer.from(text, 'latin1'))]
}
