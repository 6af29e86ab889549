/** Canton hashes (docs/protocol/hashing.md section 1): SHA-256 under a purpose, as a multihash. */
import { createHash, hash as digest } from 'node:crypto'
import { concatBytes, int32Bytes, utf8Bytes } from '../base/bytes.ts'

/** The purposes this tool computes; docs/protocol/hashing.md section 2. */
export const HashPurpose = {
  topologyTransactionSignature: 11,
  publicKeyFingerprint: 12,
  decentralizedNamespaceNamespace: 37,
  topologyMappingUniqueKey: 43,
  preparedSubmission: 48,
  multiTopologyTransaction: 55,
} as const
export type HashPurpose = (typeof HashPurpose)[keyof typeof HashPurpose]

/** Bytes of a multihash: code 0x12 (SHA-256), length 0x20, 32 bytes of digest. */
export const MULTIHASH_LENGTH = 34

const MULTIHASH_PREFIX = Uint8Array.of(0x12, 0x20)

/**
 * `0x12 0x20 ‖ SHA-256(int32be(purpose) ‖ parts…)`, 34 bytes. The parts are hashed as they are: a
 * length prefix, where the content has one, is a part of its own.
 */
export function hash(purpose: HashPurpose, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(int32Bytes(purpose), ...parts)
  // In one call: an object that takes parts costs several times the hashing of a small message.
  return concatBytes(MULTIHASH_PREFIX, digest('sha256', content, 'buffer'))
}

/** SHA-256 over the bytes, 32 bytes: no purpose, no prefix. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(digest('sha256', bytes, 'buffer'))
}

/** SHA-256 over bytes that come in pieces. */
export interface RunningSha256 {
  update(bytes: Uint8Array): void
  /** 64 lower-case hex characters; the end of it. */
  text(): string
}

export function runningSha256(): RunningSha256 {
  const digest = createHash('sha256')
  return {
    update: (bytes) => {
      digest.update(bytes)
    },
    text: () => digest.digest('hex'),
  }
}

/** A text as hash content: its length in bytes as a big-endian int32, then its UTF-8. */
export function stringContent(text: string): Uint8Array {
  const bytes = utf8Bytes(text)
  return concatBytes(int32Bytes(bytes.length), bytes)
}

/** True for 34 bytes that begin 0x12 0x20. */
export function isMultihash(bytes: Uint8Array): boolean {
  return bytes.length === MULTIHASH_LENGTH && bytes[0] === 0x12 && bytes[1] === 0x20
}

/** The plain digest that ECDSA signs: 32 or 48 bytes, without purpose or prefix. */
export function digestOf(algorithm: 'sha256' | 'sha384', message: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(algorithm).update(message).digest())
}
