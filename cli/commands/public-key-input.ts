/** Files that must be public keys. */
import type { PublicKey } from '../../src/crypto/public-key.ts'
import { readWholeFile } from '../../src/host/files.ts'
import type { Fingerprint } from '../../src/ident/fingerprint.ts'
import { readPublicKey } from '../../src/signer/key-reading.ts'
import { namingFile } from '../../src/signer/open-private-key.ts'

/** Key files are small: a larger one is something else. */
export const MAX_KEY_BYTES = 1024 * 1024

/**
 * Reads a public key in any of its forms; an error names the file.
 * @throws CantosignError what reading a file and `readPublicKey` give
 */
export async function readPublicKeyFile(path: string): Promise<PublicKey> {
  const bytes = readWholeFile(path, MAX_KEY_BYTES)
  return await namingFile(path, async () => await readPublicKey(bytes))
}

/**
 * Reads public keys; one that several files hold is there once.
 * @throws CantosignError as `readPublicKeyFile`
 */
export async function readPublicKeyFiles(
  paths: readonly string[],
): Promise<Map<Fingerprint, PublicKey>> {
  const keys = new Map<Fingerprint, PublicKey>()
  for (const path of paths) {
    const key = await readPublicKeyFile(path)
    keys.set(key.fingerprint, key)
  }
  return keys
}
