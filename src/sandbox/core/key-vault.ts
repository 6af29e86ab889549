/** The private keys of a node of the sandbox. They are for rehearsals and guard nothing. */
import { NodeSigner } from '../../crypto/node-signer.ts'
import {
  encodePrivateKeyInfo,
  generatePrivateKey,
  parsePrivateKeyInfo,
  type PrivateKey,
} from '../../crypto/private-key.ts'
import type { SigningKeySpec } from '../../crypto/key-spec.ts'
import { signingPublicKey } from '../../build/keys.ts'
import { signatureMessage } from '../../topology/assemble.ts'
import type { Signature, SigningPublicKey } from '../../wire/generated/schema.ts'

interface VaultEntry {
  readonly key: PrivateKey
  readonly signer: NodeSigner
  /** Numbers of SigningKeyUsage. */
  readonly usage: readonly number[]
}

/** A key as the state file carries it. */
export interface SavedKey {
  /** PKCS#8. */
  readonly pkcs8: Uint8Array
  readonly usage: readonly number[]
}

export class KeyVault {
  readonly #entries = new Map<string, VaultEntry>()

  add(key: PrivateKey, usage: readonly number[]): SigningPublicKey {
    const signer = new NodeSigner(key)
    this.#entries.set(key.publicKey.fingerprint, { key, signer, usage })
    return signingPublicKey(key.publicKey, usage)
  }

  async generate(keySpec: SigningKeySpec, usage: readonly number[]): Promise<SigningPublicKey> {
    return this.add(await generatePrivateKey(keySpec), usage)
  }

  has(fingerprint: string): boolean {
    return this.#entries.has(fingerprint)
  }

  /** @throws Error if the vault does not have the key */
  sign(fingerprint: string, message: Uint8Array): Signature {
    const entry = this.#entries.get(fingerprint)
    if (entry === undefined) throw new Error('the vault lacks the key that it is to sign with')
    const { keySpec, publicKey } = entry.key
    return signatureMessage(keySpec, publicKey.fingerprint, entry.signer.sign(message))
  }

  save(): readonly SavedKey[] {
    return [...this.#entries.values()].map(({ key, usage }) => ({
      pkcs8: encodePrivateKeyInfo(key),
      usage,
    }))
  }

  static async restore(saved: readonly SavedKey[]): Promise<KeyVault> {
    const vault = new KeyVault()
    for (const { pkcs8, usage } of saved) vault.add(await parsePrivateKeyInfo(pkcs8), usage)
    return vault
  }

  wipe(): void {
    for (const { key } of this.#entries.values()) key.secret.fill(0)
    this.#entries.clear()
  }
}
