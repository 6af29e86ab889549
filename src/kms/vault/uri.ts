/** `hashivault://KEY[?version=N&mount=transit&address=https://…&namespace=…&token-file=…&ca=…]` */
import { escapeText } from '../../base/text.ts'
import { fileParameter, readUri, uriFault } from '../uri.ts'

export interface VaultUri {
  /** `undefined` for all keys of the mount. */
  readonly key: string | undefined
  /** The newest if none is named. */
  readonly version: number | undefined
  readonly mount: string
  readonly address: string | undefined
  readonly namespace: string | undefined
  readonly tokenFile: string | undefined
  readonly ca: string | undefined
}

const KEY = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/
const MOUNT = /^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/
const NAMESPACE = /^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*\/?$/
const PARAMETERS = ['version', 'mount', 'address', 'namespace', 'token-file', 'ca']

/** @throws CantosignError `key-uri-invalid` */
export function parseVaultUri(text: string): VaultUri {
  const { authority, path, parameters } = readUri(text, 'hashivault', PARAMETERS)
  if (path !== '' || (authority !== '' && !KEY.test(authority))) {
    throw uriFault(
      'hashivault',
      `names no key by ${escapeText(`${authority}${path === '' ? '' : `/${path}`}`)}`,
      'give hashivault://KEY; the place of the transit engine is mount=PATH',
    )
  }
  const version = parameters.get('version')
  if (version !== undefined && !/^[1-9][0-9]{0,8}$/.test(version)) {
    throw uriFault('hashivault', 'names no version', 'give a number, such as version=1')
  }
  const mount = parameters.get('mount') ?? 'transit'
  if (!MOUNT.test(mount)) throw uriFault('hashivault', 'names no mount', 'give mount=transit')
  const namespace = parameters.get('namespace')
  if (namespace !== undefined && !NAMESPACE.test(namespace)) {
    throw uriFault('hashivault', 'names no namespace', 'give namespace=PATH')
  }
  return {
    key: authority === '' ? undefined : authority,
    version: version === undefined ? undefined : Number(version),
    mount,
    address: parameters.get('address'),
    namespace,
    tokenFile: fileParameter(parameters, 'token-file', 'hashivault'),
    ca: fileParameter(parameters, 'ca', 'hashivault'),
  }
}

/** The URI of a version of a key at the same place. */
export function formatVaultUri(uri: VaultUri, key: string, version: number): string {
  const { mount, address, namespace, tokenFile, ca } = uri
  const parameters: readonly (readonly [string, string | undefined])[] = [
    ['version', String(version)],
    ['mount', mount === 'transit' ? undefined : mount],
    ['address', address],
    ['namespace', namespace],
    ['token-file', tokenFile],
    ['ca', ca],
  ]
  const text = parameters
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value = '']) =>
        `${name}=${encodeURI(value).replaceAll('&', '%26').replaceAll('#', '%23')}`,
    )
    .join('&')
  return `hashivault://${key}?${text}`
}
