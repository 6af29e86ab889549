/** `cantosign/kms/https`: keys behind a signing service of one's own. */
export { parseHttpsUri, type HttpsUri } from './uri.ts'
export { openHttpsSigner } from './driver.ts'
export type { ConnectedOptions } from '../../signer/connected.ts'
