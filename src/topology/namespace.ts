/** Decentralized namespaces and combined hashes (docs/protocol/hashing.md sections 5 and 6). */
import { compareBytes, int32Bytes, toHex } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import { hash, HashPurpose, isMultihash, MULTIHASH_LENGTH, stringContent } from '../crypto/hash.ts'
import { parseNamespace, type Namespace } from '../ident/fingerprint.ts'

/**
 * The namespace of a first DecentralizedNamespaceDefinition: the hash under purpose 37 of its
 * owners, sorted, each with its length. Later changes of owners keep the namespace.
 */
export function decentralizedNamespace(owners: readonly Namespace[]): Namespace {
  // Hex of one length: sorting by code unit is sorting by byte.
  const sorted = [...new Set(owners)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const text = toHex(
    hash(HashPurpose.decentralizedNamespaceNamespace, ...sorted.map(stringContent)),
  )
  return parseNamespace(text)
}

/**
 * The hash that one signature over several topology transactions covers, 34 bytes: under purpose
 * 55 the count, then every distinct transaction hash in ascending order with its length.
 * @throws CantosignError `hash-invalid` on no hash, or one that is no 34-byte multihash.
 */
export function combinedHash(transactionHashes: readonly Uint8Array[]): Uint8Array {
  if (transactionHashes.length === 0 || !transactionHashes.every(isMultihash)) {
    throw new CantosignError(
      'hash-invalid',
      'a combined hash needs at least one transaction hash of 34 bytes beginning 1220',
      'give the hashes as this tool prints them',
    )
  }
  const sorted = transactionHashes.toSorted(compareBytes)
  const distinct = sorted.filter(
    (own, i) => i === 0 || compareBytes(own, sorted[i - 1] ?? own) !== 0,
  )
  // One buffer: as arguments of a call, a long list would not fit on the stack.
  const size = 4 + MULTIHASH_LENGTH
  const list = new Uint8Array(distinct.length * size)
  distinct.forEach((own, i) => {
    list.set(int32Bytes(MULTIHASH_LENGTH), i * size)
    list.set(own, i * size + 4)
  })
  return hash(HashPurpose.multiTopologyTransaction, int32Bytes(distinct.length), list)
}
