/** Signatures judged by openssl(1), which shares no code with what made them. */
import { spawnSync } from 'node:child_process'
import type { SigningKeySpec } from '../../src/crypto/key-spec.ts'
import { temporaryFile } from './openssl.ts'

const DIGESTS: Readonly<Record<SigningKeySpec, readonly string[]>> = {
  EC_CURVE25519: [],
  EC_P256: ['-digest', 'sha256'],
  EC_P384: ['-digest', 'sha384'],
  EC_SECP256K1: ['-digest', 'sha256'],
}

/** True if openssl verifies the signature over the message with the SubjectPublicKeyInfo. */
export function opensslVerifies(
  key: { readonly keySpec: SigningKeySpec; readonly spki: Uint8Array },
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const { status } = spawnSync('openssl', [
    ...['pkeyutl', '-verify', '-pubin', '-keyform', 'DER', '-inkey', temporaryFile(key.spki)],
    ...['-rawin', ...DIGESTS[key.keySpec], '-in', temporaryFile(message)],
    ...['-sigfile', temporaryFile(signature)],
  ])
  return status === 0
}
