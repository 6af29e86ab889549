/** `gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N[?endpoint=HOST:PORT]` */
import { escapeText } from '../../base/text.ts'
import { checkedAuthority, readUri, uriFault } from '../uri.ts'

export interface GcpUri {
  /** `projects/P/locations/L/keyRings/R` */
  readonly keyRing: string
  /** `undefined` for all keys of the ring. */
  readonly cryptoKey: string | undefined
  readonly version: string | undefined
  /** In place of cloudkms.googleapis.com. */
  readonly endpoint: string | undefined
  readonly protection: 'HSM' | 'SOFTWARE'
}

const NAME =
  /^(projects\/[a-z0-9.:-]{1,100}\/locations\/[a-z0-9-]{1,63}\/keyRings\/[A-Za-z0-9_-]{1,63})(?:\/cryptoKeys\/([A-Za-z0-9_-]{1,63})(?:\/cryptoKeyVersions\/([1-9][0-9]{0,9}))?)?$/

/** @throws CantosignError `key-uri-invalid` */
export function parseGcpUri(text: string): GcpUri {
  const { authority, path, parameters } = readUri(text, 'gcpkms', ['endpoint', 'protection'])
  const name = `${authority}/${path}`
  const [, keyRing, cryptoKey, version] = NAME.exec(name) ?? []
  if (keyRing === undefined) {
    throw uriFault(
      'gcpkms',
      `names no key by ${escapeText(name)}`,
      'give gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N',
    )
  }
  const endpoint = parameters.get('endpoint')
  const protection = parameters.get('protection') ?? 'hsm'
  if (protection !== 'hsm' && protection !== 'software') {
    throw uriFault('gcpkms', 'names no protection', 'give protection=hsm or protection=software')
  }
  return {
    keyRing,
    cryptoKey,
    version,
    endpoint: endpoint === undefined ? undefined : checkedAuthority(endpoint, 'gcpkms'),
    protection: protection === 'hsm' ? 'HSM' : 'SOFTWARE',
  }
}

/** The name of a version as the service has it. */
export function versionName({ keyRing }: GcpUri, cryptoKey: string, version: string): string {
  return `${keyRing}/cryptoKeys/${cryptoKey}/cryptoKeyVersions/${version}`
}

/** @param name of a version */
export function formatGcpUri({ endpoint }: GcpUri, name: string): string {
  return `gcpkms://${name}${endpoint === undefined ? '' : `?endpoint=${endpoint}`}`
}
