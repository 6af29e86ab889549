/** `cantosign/kms/aws`: keys in AWS KMS. */
export { parseAwsUri, type AwsUri } from './uri.ts'
export { awsKeyName, generateAwsKey, listAwsKeys, openAwsSigner } from './driver.ts'
export type { ConnectedKey, ConnectedOptions } from '../../signer/connected.ts'
