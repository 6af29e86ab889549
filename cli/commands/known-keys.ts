/** Public keys from other files (`--state`), by fingerprint. */
import { CantosignError } from '../../src/base/errors.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import { openChunks } from '../../src/host/files.ts'
import type { Fingerprint } from '../../src/ident/fingerprint.ts'
import { readAnyKey } from '../../src/signer/key-reading.ts'
import { keysInside, type KeyResolver } from '../../src/topology/signed-transaction.ts'
import { KeyBook, readStream } from '../../src/topology/stream.ts'
import { findingsOf, readInput, refuseFatal } from './input.ts'

/**
 * Reads every key that the files hold.
 * @throws CantosignError `file-kind` for a file without public keys, or what reading it gives
 */
export async function knownKeys(paths: readonly string[]): Promise<KeyResolver> {
  const keys = new Map<Fingerprint, PublicKey>()
  const books: KeyBook[] = []
  for (const path of paths) {
    const input = await readInput(path)
    switch (input.$case) {
      case 'transaction':
      case 'signed':
        refuseFatal(findingsOf(input), path)
        for (const [fingerprint, key] of keysInside(input.transaction)) keys.set(fingerprint, key)
        break
      case 'stream': {
        const book = new KeyBook()
        for await (const batch of readStream(() => openChunks(path), input.layout)) {
          for (const event of batch) {
            if (event.$case === 'finding') refuseFatal([event.finding], path)
            else {
              refuseFatal(event.record.findings, path)
              book.addFrom(event.record.signed, event.record.index)
            }
          }
        }
        books.push(book)
        break
      }
      case 'key': {
        const { key } = await readAnyKey(input.bytes)
        if (key !== undefined) keys.set(key.fingerprint, key)
        break
      }
      case 'hash':
        throw new CantosignError(
          'file-kind',
          `${path} is a hash: it holds no public key`,
          'give signed transactions, a snapshot or a public key',
        )
    }
  }
  return (fingerprint) =>
    keys.get(fingerprint) ?? books.map((book) => book.resolve(fingerprint)).find((key) => key)
}
