/** `azurekms://VAULT/KEY/VERSION`, VAULT being a name in Azure Key Vault or the host of any vault. */
import { escapeText } from '../../base/text.ts'
import { checkedAuthority, readUri, uriFault } from '../uri.ts'

export interface AzureUri {
  /** As it stands in the URI. */
  readonly vault: string
  /** `https://HOST` */
  readonly address: string
  readonly key: string | undefined
  readonly version: string | undefined
  /** A new key is made in a hardware security module. */
  readonly hsm: boolean
}

const NAME = /^[0-9A-Za-z-]{1,127}$/
const VERSION = /^[0-9a-f]{32}$/
const VAULT_NAME = /^[A-Za-z][A-Za-z0-9-]{2,23}$/

/** @throws CantosignError `key-uri-invalid` */
export function parseAzureUri(text: string): AzureUri {
  const { authority, path, parameters } = readUri(text, 'azurekms', ['protection'])
  const vault = checkedAuthority(authority, 'azurekms')
  const isName = VAULT_NAME.test(vault)
  if (!isName && !vault.includes('.')) {
    throw uriFault('azurekms', 'names no vault', 'give azurekms://VAULT/KEY/VERSION')
  }
  const host = isName ? `${vault}.vault.azure.net` : vault
  const [key, version, ...more] = path === '' ? [] : path.split('/')
  if (
    more.length > 0 ||
    (key !== undefined && !NAME.test(key)) ||
    (version !== undefined && !VERSION.test(version))
  ) {
    throw uriFault(
      'azurekms',
      `names no version of a key by ${escapeText(path)}`,
      'give azurekms://VAULT/KEY/VERSION with the 32 characters of the version',
    )
  }
  const protection = parameters.get('protection')
  if (protection !== undefined && protection !== 'hsm' && protection !== 'software') {
    throw uriFault('azurekms', 'names no protection', 'give protection=hsm or protection=software')
  }
  // A managed HSM has no other keys.
  const managed = host.replace(/:[0-9]+$/, '').endsWith('.managedhsm.azure.net')
  return {
    vault,
    address: `https://${host}`,
    key,
    version,
    hsm: protection === undefined ? managed : protection === 'hsm',
  }
}

export function formatAzureUri({ vault }: AzureUri, key: string, version: string): string {
  return `azurekms://${vault}/${key}/${version}`
}
