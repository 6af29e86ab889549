/** `cantosign/kms/vault`: keys in the transit engine of HashiCorp Vault or OpenBao. */
export { parseVaultUri, type VaultUri } from './uri.ts'
export { generateVaultKey, listVaultKeys, openVaultSigner, type Environment } from './driver.ts'
export type { ConnectedKey, ConnectedOptions } from '../../signer/connected.ts'
