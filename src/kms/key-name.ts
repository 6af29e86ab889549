/** By which name a Canton node knows a key of a service. */
import { CantosignError } from '../base/errors.ts'
import type { ConnectedOptions, ConnectedUri } from '../signer/connected.ts'
import type { KmsKeyName } from './registration.ts'

/**
 * Finds the name that a node has for a key.
 * @throws CantosignError `usage` for services that nodes do not know, and as opening the key
 */
export async function kmsKeyName(
  { scheme, text }: ConnectedUri,
  options: ConnectedOptions,
): Promise<KmsKeyName> {
  switch (scheme) {
    case 'awskms': {
      const { awsKeyName, parseAwsUri } = await import('./aws/index.ts')
      return await awsKeyName(parseAwsUri(text), options)
    }
    case 'gcpkms': {
      const { gcpKeyName, parseGcpUri } = await import('./gcp/index.ts')
      return await gcpKeyName(parseGcpUri(text), options)
    }
    default:
      throw new CantosignError(
        'usage',
        `a node registers keys of AWS KMS and Google Cloud KMS, and this one is ${scheme}:`,
        'other services are reached by a KMS driver that is written for the node',
      )
  }
}
