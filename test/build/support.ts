/** Keys, identifiers and previous transactions for tests of building. */
import { generateKeyPairSync } from 'node:crypto'
import { buildTransaction, previousOf, type PreviousTransaction } from '../../src/build/build.ts'
import { openSpec, readSpec, type Spec } from '../../src/build/spec.ts'
import type { TransactionDraft } from '../../src/build/rules.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { parseSubjectPublicKeyInfo, type PublicKey } from '../../src/crypto/public-key.ts'
import { parseNamespace, type Namespace } from '../../src/ident/fingerprint.ts'
import { parseUniqueIdentifier, type UniqueIdentifier } from '../../src/ident/identifiers.ts'
import { fixture, fromHex } from '../support/vectors.ts'

/** Four kinds of key, made anew: nothing here depends on their values. */
function newKey(i: number): PublicKey {
  const { publicKey } =
    i % 2 === 0
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: ['P-256', 'P-384', 'secp256k1'][i % 3] ?? 'P-256' })
  return parseSubjectPublicKeyInfo(
    new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
  ).key
}

export const keys: readonly PublicKey[] = Array.from({ length: 8 }, (_, i) => newKey(i))

export function key(i: number): PublicKey {
  const own = keys[i % keys.length]
  if (own === undefined) throw new Error('no such key')
  return own
}

export const namespaceOf = (own: PublicKey): Namespace => parseNamespace(own.fingerprint)
export const uid = (name: string, own: PublicKey): string => `${name}::${own.fingerprint}`
export const parsedUid = (name: string, own: PublicKey): UniqueIdentifier =>
  parseUniqueIdentifier(uid(name, own))

/** A public key of fixtures/keys by its name. */
export function fixtureKey(name: string): PublicKey {
  const file = fixture('keys/keys.json') as {
    readonly keys: Readonly<Record<string, { readonly spki_hex: string }>>
  }
  return parseSubjectPublicKeyInfo(fromHex(file.keys[name]?.spki_hex ?? '')).key
}

export function specFrom(text: string, files: Readonly<Record<string, PublicKey>> = {}): Spec {
  const keyFiles = new Map(Object.entries(files).map(([path, own]) => [path, own.spki]))
  return readSpec(openSpec(text, 'spec.yaml'), keyFiles)
}

/** What a draft is once it is in force. */
export function inForce(draft: TransactionDraft): PreviousTransaction {
  return previousOf(buildTransaction(draft))
}

/** The code of the error that a call ends in; an error of another class is a failure. */
export function codeOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    if (error instanceof CantosignError) return error.code
    throw error
  }
  return 'no error'
}

/** The sentence of the error that a call ends in. */
export function messageOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    if (error instanceof CantosignError) return error.message
    throw error
  }
  return 'no error'
}
