/** A hash as words that can be read aloud and compared by ear. */
import { isMultihash, MULTIHASH_LENGTH } from '../crypto/hash.ts'
import { CantosignError } from '../base/errors.ts'
import { EVEN_WORDS, ODD_WORDS } from './pgp-words.ts'

/** One word of the PGP word list for each byte. */
export function spokenBytes(bytes: Uint8Array): readonly string[] {
  return [...bytes].map((byte, i) => (i % 2 === 0 ? EVEN_WORDS : ODD_WORDS)[byte] ?? '')
}

const GROUP_SIZE = 4

/** Words of 32 bytes as eight groups of four. */
export function spokenDigest(digest: Uint8Array): readonly (readonly string[])[] {
  const words = spokenBytes(digest)
  return Array.from({ length: words.length / GROUP_SIZE }, (_unused, i) =>
    words.slice(GROUP_SIZE * i, GROUP_SIZE * (i + 1)),
  )
}

/**
 * The 32 digest bytes of a multihash (its two bytes 1220 are the same in all of them) as eight
 * groups of four words.
 * @throws CantosignError `hash-invalid` on anything but 34 bytes beginning 1220
 */
export function spokenHash(multihash: Uint8Array): readonly (readonly string[])[] {
  if (!isMultihash(multihash)) {
    throw new CantosignError(
      'hash-invalid',
      `a hash to be spoken has ${MULTIHASH_LENGTH} bytes beginning 1220, this has ${multihash.length} bytes`,
      'give the hash of a transaction as this tool prints it',
    )
  }
  return spokenDigest(multihash.subarray(2))
}
