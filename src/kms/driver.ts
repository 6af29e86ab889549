/** What the drivers of services have in common beside the signer port. */
import { utf8Bytes } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import type { SigningKeySpec } from '../crypto/key-spec.ts'
import { parseSubjectPublicKeyInfo, type PublicKey } from '../crypto/public-key.ts'
import type { ConnectedKey } from '../signer/connected.ts'
import type { Signer } from '../signer/signer.ts'
import { answerFault } from './faults.ts'

/**
 * The public key that a service tells, which has to be of the spec that it says beside it.
 * @throws CantosignError `kms-answer`, and what parsing gives
 */
export function statedKey(name: string, spki: Uint8Array, keySpec: SigningKeySpec): PublicKey {
  const { key } = parseSubjectPublicKeyInfo(spki)
  if (key.keySpec === keySpec) return key
  throw answerFault(name, `says that its key is ${keySpec} and shows one that is ${key.keySpec}`)
}

/** What a new key signs to show that it does; it cannot be taken for anything of Canton's. */
const TRIAL = utf8Bytes('cantosign: this only shows that a new key signs')

/** The public key of a new key, once a signature by it has been verified. The signer is closed. */
export async function provedKey(signer: Signer): Promise<PublicKey> {
  try {
    await signer.sign({ message: TRIAL })
    return await signer.publicKey()
  } finally {
    signer.close()
  }
}

/** No list is longer: there is a request for each key in it. */
const MAX_LISTED_KEYS = 1000

/** @throws CantosignError `limit-exceeded` */
export function refuseTooMany(name: string, count: number): void {
  if (count <= MAX_LISTED_KEYS) return
  throw new CantosignError(
    'limit-exceeded',
    `${name} has more than ${MAX_LISTED_KEYS} keys there`,
    'show one key by its URI: key show --key URI',
  )
}

/** True for failures that say something about one key, while others may be sound. */
function isOfKey({ code }: CantosignError): boolean {
  return code.startsWith('kms-key-') || code.startsWith('key-') || code === 'kms-answer'
}

/**
 * The row of a key that is of no use, with the reason.
 * @param error what came of reading the key; thrown again if other keys would fail the same way
 */
export function uselessKey(error: unknown, facts: ConnectedKey['facts']): ConnectedKey {
  if (!(error instanceof CantosignError) || !isOfKey(error)) throw error
  return { uri: undefined, key: undefined, facts, problem: error.message }
}
