/** What every driver has to hold, whatever the service behind it. */
import { expect } from 'vitest'
import { CantosignError } from '../../../src/base/errors.ts'
import { parseSubjectPublicKeyInfo } from '../../../src/crypto/public-key.ts'
import type { Signer } from '../../../src/signer/signer.ts'
import { opensslVerifies } from '../signatures.ts'
import { fromHex } from '../vectors.ts'
import type { HeldKey } from './held-key.ts'

export const MESSAGE = fromHex(`1220${'c3'.repeat(32)}`)

/** The code of what is thrown, with its message for the reader of a failure. */
export async function refusalOf(promise: Promise<unknown>): Promise<CantosignError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof CantosignError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await refusalOf(promise)).code
}

/** Signs, and has openssl verify against the key that is known to be behind it. */
export async function expectSigns(signer: Signer, held: HeldKey): Promise<void> {
  try {
    const { key } = parseSubjectPublicKeyInfo(held.spki)
    expect((await signer.publicKey()).fingerprint).toBe(key.fingerprint)
    const signature = await signer.sign({ message: MESSAGE })
    expect(opensslVerifies(key, MESSAGE, signature)).toBe(true)
    const other = MESSAGE.slice()
    other[33] = (other[33] ?? 0) ^ 1
    expect(opensslVerifies(key, other, signature)).toBe(false)
  } finally {
    signer.close()
  }
}

/** The code with which signing is refused. */
export async function signingCode(signer: Signer): Promise<string> {
  try {
    return await codeOf(signer.sign({ message: MESSAGE }))
  } finally {
    signer.close()
  }
}
