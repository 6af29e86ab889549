/** The driver for key files: PKCS#8, SEC1 and PBES2, in DER or PEM. */
import { escapeText } from '../base/text.ts'
import { makeSignature } from '../crypto/noble.ts'
import { NodeSigner } from '../crypto/node-signer.ts'
import type { PrivateKey } from '../crypto/private-key.ts'
import { readSigningKeyFile } from '../host/key-file.ts'
import { namingFile, openPrivateKey, type PassphraseQuestion } from './open-private-key.ts'
import { signerOf, type Signer, type SignerDriver, type SignerOptions } from './signer.ts'

export interface FileSignerOptions extends SignerOptions {
  /** Asked only if the key is encrypted. */
  readonly passphrase?: PassphraseQuestion
  /** Take a key from a file system that keeps no permissions. */
  readonly acceptMountPermissions?: boolean
}

/** A driver that owns the private key and wipes it when it is closed. */
export function privateKeyDriver(key: PrivateKey, name: string): SignerDriver {
  let closed = false
  const requireOpen = (): void => {
    if (closed) throw new Error(`${name} was closed before it was asked to sign`)
  }
  return {
    name,
    madeBy: 'noble',
    ecdsa: { takes: 'message', gives: 'DER' },
    publicKey: async () => await Promise.resolve(key.publicKey.spki),
    sign: async (message) => {
      requireOpen()
      return await makeSignature(key.keySpec, key.secret, message)
    },
    bulk: () => {
      requireOpen()
      const maker = new NodeSigner(key)
      return { madeBy: 'node', sign: async (input) => await Promise.resolve(maker.sign(input)) }
    },
    close: () => {
      closed = true
      key.secret.fill(0)
    },
  }
}

/**
 * Opens a key file for signing.
 * @throws CantosignError `file-unreadable`, `file-too-large`, `key-file-mode`, `key-file-mount`,
 * and what `openPrivateKey` throws; messages name the file
 */
export async function openFileSigner(
  path: string,
  options: FileSignerOptions = {},
): Promise<Signer> {
  const bytes = readSigningKeyFile(path, options.acceptMountPermissions ?? false)
  try {
    const key = await namingFile(
      path,
      async () =>
        await openPrivateKey(bytes, { purpose: 'signing', passphrase: options.passphrase }),
    )
    return signerOf(privateKeyDriver(key, `the key file ${escapeText(path)}`), options)
  } finally {
    bytes.fill(0)
  }
}
