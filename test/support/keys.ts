/** The key vectors, typed, and what tests of keys share. */
import { CantosignError } from '../../src/base/errors.ts'
import { fixture } from './vectors.ts'

export interface KeyVector {
  readonly key_type: string
  readonly spki_hex: string
  readonly raw_public_key_hex?: string
  readonly seed_hex?: string
  readonly fingerprint: string
  readonly signatures: readonly {
    readonly message_hex: string
    readonly signature_hex: string
    readonly deterministic: boolean
  }[]
}

export interface KeyFileVector {
  readonly file: string
  readonly key?: string
  readonly kind: 'private' | 'public'
  readonly container?: string
  readonly encrypted?: boolean
  readonly encryption?: string
  readonly passphrase?: string
  readonly valid: boolean
  readonly reason?: string
  readonly fingerprint_of_these_bytes?: string
}

export const keyVectors = fixture('keys/keys.json') as {
  readonly keys: Readonly<Record<string, KeyVector>>
  readonly files: readonly KeyFileVector[]
}

export function keyVector(name: string | undefined): KeyVector {
  const key = keyVectors.keys[name ?? '']
  if (key === undefined) throw new Error(`no key vector ${name ?? ''}`)
  return key
}

/** The code of the CantosignError that the promise ends in; anything else it does is a failure. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (error instanceof CantosignError) return error.code
    throw error
  }
  throw new Error('nothing was refused')
}

export const passphraseOf =
  (text: string): (() => Uint8Array) =>
  () =>
    new TextEncoder().encode(text)
