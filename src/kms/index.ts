/** Keys behind a network, by the scheme of their URI. Each driver is loaded when it is named. */
import { CantosignError, unreachable } from '../base/errors.ts'
import type { ConnectedKeys } from '../signer/connected.ts'
import type { Environment } from './vault/driver.ts'

function notOffered(scheme: string, what: string): CantosignError {
  return new CantosignError(
    'usage',
    `a key ${scheme}: stands alone: nothing can be ${what}`,
    'key show --key URI shows the key',
  )
}

/** @param environment in which the vendors' variables are looked up */
export function connectedKeys(environment: Environment): ConnectedKeys {
  return {
    open: async ({ scheme, text }, options) => {
      switch (scheme) {
        case 'awskms': {
          const { openAwsSigner, parseAwsUri } = await import('./aws/index.ts')
          return await openAwsSigner(parseAwsUri(text), options)
        }
        case 'gcpkms': {
          const { openGcpSigner, parseGcpUri } = await import('./gcp/index.ts')
          return await openGcpSigner(parseGcpUri(text), options)
        }
        case 'azurekms': {
          const { openAzureSigner, parseAzureUri } = await import('./azure/index.ts')
          return await openAzureSigner(parseAzureUri(text), options)
        }
        case 'hashivault': {
          const { openVaultSigner, parseVaultUri } = await import('./vault/index.ts')
          return await openVaultSigner(parseVaultUri(text), environment, options)
        }
        case 'https': {
          const { openHttpsSigner, parseHttpsUri } = await import('./https/index.ts')
          return await openHttpsSigner(parseHttpsUri(text), options)
        }
        default:
          return unreachable(scheme)
      }
    },
    list: async ({ scheme, text }, options) => {
      switch (scheme) {
        case 'awskms': {
          const { listAwsKeys, parseAwsUri } = await import('./aws/index.ts')
          return await listAwsKeys(parseAwsUri(text), options)
        }
        case 'gcpkms': {
          const { listGcpKeys, parseGcpUri } = await import('./gcp/index.ts')
          return await listGcpKeys(parseGcpUri(text), options)
        }
        case 'azurekms': {
          const { listAzureKeys, parseAzureUri } = await import('./azure/index.ts')
          return await listAzureKeys(parseAzureUri(text), options)
        }
        case 'hashivault': {
          const { listVaultKeys, parseVaultUri } = await import('./vault/index.ts')
          return await listVaultKeys(parseVaultUri(text), environment, options)
        }
        case 'https':
          throw notOffered(scheme, 'listed')
        default:
          return unreachable(scheme)
      }
    },
    generate: async ({ scheme, text }, keySpec, options) => {
      switch (scheme) {
        case 'awskms': {
          const { generateAwsKey, parseAwsUri } = await import('./aws/index.ts')
          return await generateAwsKey(parseAwsUri(text), keySpec, options)
        }
        case 'gcpkms': {
          const { generateGcpKey, parseGcpUri } = await import('./gcp/index.ts')
          return await generateGcpKey(parseGcpUri(text), keySpec, options)
        }
        case 'azurekms': {
          const { generateAzureKey, parseAzureUri } = await import('./azure/index.ts')
          return await generateAzureKey(parseAzureUri(text), keySpec, options)
        }
        case 'hashivault': {
          const { generateVaultKey, parseVaultUri } = await import('./vault/index.ts')
          return await generateVaultKey(parseVaultUri(text), keySpec, environment, options)
        }
        case 'https':
          throw notOffered(scheme, 'made')
        default:
          return unreachable(scheme)
      }
    },
  }
}
