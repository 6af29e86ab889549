/** A file that must be a public key. */
import type { PublicKey } from '../../src/crypto/public-key.ts'
import { readWholeFile } from '../../src/host/files.ts'
import { readPublicKey } from '../../src/signer/key-reading.ts'
import { namingFile } from '../../src/signer/open-private-key.ts'

/** No key file is larger. */
export const MAX_KEY_BYTES = 1024 * 1024

/**
 * Reads a public key in any of its forms; an error names the file.
 * @throws CantosignError what reading a file and `readPublicKey` give
 */
export async function readPublicKeyFile(path: string): Promise<PublicKey> {
  const bytes = readWholeFile(path, MAX_KEY_BYTES)
  return await namingFile(path, async () => await readPublicKey(bytes))
}
