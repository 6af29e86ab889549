/** `cantosign/kms/azure`: keys in Azure Key Vault and Managed HSM. */
export { parseAzureUri, type AzureUri } from './uri.ts'
export { generateAzureKey, listAzureKeys, openAzureSigner } from './driver.ts'
export type { ConnectedKey, ConnectedOptions } from '../../signer/connected.ts'
