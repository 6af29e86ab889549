/** `cantosign/kms/gcp`: keys in Google Cloud KMS. */
export { parseGcpUri, type GcpUri } from './uri.ts'
export { gcpKeyName, generateGcpKey, listGcpKeys, openGcpSigner } from './driver.ts'
export type { ConnectedKey, ConnectedOptions } from '../../signer/connected.ts'
