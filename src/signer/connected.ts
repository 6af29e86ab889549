/**
 * Keys behind a network, as far as the air-gapped half knows of them: by the names of their schemes,
 * and by what the connected half offers in their place (docs/keys.md section 6).
 */
import type { SigningKeySpec } from '../crypto/key-spec.ts'
import type { PublicKey } from '../crypto/public-key.ts'
import type { Signer, SignerOptions } from './signer.ts'

const CONNECTED_SCHEMES = ['awskms', 'gcpkms', 'azurekms', 'hashivault', 'https'] as const
export type ConnectedScheme = (typeof CONNECTED_SCHEMES)[number]

/** A key URI of the connected half, not read any further. */
export interface ConnectedUri {
  readonly scheme: ConnectedScheme
  /** The whole URI. */
  readonly text: string
}

/** One key of a key ring. */
export interface ConnectedKey {
  /** For `--key`; `undefined` for a key that does not sign for Canton. */
  readonly uri: string | undefined
  readonly key: PublicKey | undefined
  /** What the service says of it; untrusted text. */
  readonly facts: Readonly<Record<string, string>>
  /** Why it does not sign here. */
  readonly problem: string | undefined
}

export interface ConnectedOptions extends SignerOptions {
  /** For each answer, retries included. */
  readonly timeoutMilliseconds?: number
}

/** What the connected half does with such keys. Whatever the service answers was checked. */
export interface ConnectedKeys {
  /** @throws CantosignError `key-uri-invalid`, `kms-…`, `signer-timeout` */
  open(uri: ConnectedUri, options: ConnectedOptions): Promise<Signer>
  /** @throws CantosignError as `open` */
  list(uri: ConnectedUri, options: ConnectedOptions): Promise<readonly ConnectedKey[]>
  /** Makes a key, and shows that it signs. @throws CantosignError as `open`, `kms-key-exists` */
  generate(
    uri: ConnectedUri,
    keySpec: SigningKeySpec,
    options: ConnectedOptions,
  ): Promise<{ readonly uri: string; readonly key: PublicKey }>
}

export function isConnectedScheme(scheme: string): scheme is ConnectedScheme {
  return (CONNECTED_SCHEMES as readonly string[]).includes(scheme)
}
