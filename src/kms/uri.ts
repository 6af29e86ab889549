/** Key URIs of services, read strictly: what is not understood is refused (docs/keys.md section 6). */
import { CantosignError } from '../base/errors.ts'
import { escapeText, isUnsafeText } from '../base/text.ts'

/** `scheme://authority/path?name=value#name=value`. */
export interface UriParts {
  readonly authority: string
  /** Without its leading slash, as it is written. */
  readonly path: string
  readonly parameters: ReadonlyMap<string, string>
}

export function uriFault(scheme: string, message: string, hint: string): CantosignError {
  return new CantosignError('key-uri-invalid', `the ${scheme}: key URI ${message}`, hint)
}

/** The host and port of a service, without a name or password in front. */
const AUTHORITY = /^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])?(:[0-9]{1,5})?$/

function readParameters(
  text: string,
  scheme: string,
  known: readonly string[],
): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  for (const pair of text === '' ? [] : text.split('&')) {
    const [, name, value] = /^([a-z-]+)=(.+)$/.exec(pair) ?? []
    if (name === undefined || value === undefined || !known.includes(name)) {
      // The name is repeated only if it is one, and never a value: it could be a token.
      const [, shown] = /^([a-z-]{1,30})=/.exec(pair) ?? []
      throw uriFault(
        scheme,
        `holds ${shown === undefined ? 'something' : `a parameter ${shown}`} that it has no meaning for`,
        known.length === 0 ? 'leave it out' : `it may say ${known.join(', ')}`,
      )
    }
    if (parameters.has(name)) {
      throw uriFault(scheme, `says ${name} twice`, 'leave out one: which is meant is not clear')
    }
    let decoded: string
    try {
      decoded = decodeURIComponent(value)
    } catch {
      throw uriFault(scheme, `has a ${name} that is not UTF-8`, 'write % as %25')
    }
    if (isUnsafeText(decoded)) {
      throw uriFault(scheme, `has control or format characters in ${name}`, 'leave them out')
    }
    parameters.set(name, decoded)
  }
  return parameters
}

/** A name or password in front of a host. It is not repeated. @throws CantosignError `key-uri-invalid` */
function refuseUserInfo(authority: string, scheme: string): void {
  if (!authority.includes('@')) return
  throw uriFault(
    scheme,
    'has a name or password in front of its host',
    'leave it out: who is asking is shown otherwise, and the list of processes has seen it by now',
  )
}

/**
 * Takes a URI apart.
 * @param known the parameters that it may have, after `?`, or for `marker` `#` behind that
 * @throws CantosignError `key-uri-invalid`
 */
export function readUri(
  text: string,
  scheme: string,
  known: readonly string[],
  marker: '?' | '#' = '?',
): UriParts {
  if (isUnsafeText(text)) {
    throw uriFault(scheme, 'holds a control or format character', 'leave it out')
  }
  const rest = text.slice(scheme.length + 1)
  if (!rest.startsWith('//')) {
    throw uriFault(scheme, 'does not begin with two slashes', `give ${scheme}://…`)
  }
  const at = rest.indexOf(marker)
  const before = at === -1 ? rest.slice(2) : rest.slice(2, at)
  const slash = before.indexOf('/')
  const authority = slash === -1 ? before : before.slice(0, slash)
  const path = slash === -1 ? '' : before.slice(slash + 1)
  refuseUserInfo(authority, scheme)
  if (marker === '?' && path.includes('#')) {
    throw uriFault(scheme, 'holds a #', 'nothing stands behind one: leave it out')
  }
  return {
    authority,
    path,
    parameters: readParameters(at === -1 ? '' : rest.slice(at + 1), scheme, known),
  }
}

/**
 * A host with an optional port.
 * @throws CantosignError `key-uri-invalid`
 */
export function checkedAuthority(authority: string, scheme: string): string {
  refuseUserInfo(authority, scheme)
  const port = /:([0-9]+)$/.exec(authority)?.[1]
  if (AUTHORITY.test(authority) && (port === undefined || Number(port) <= 65535)) return authority
  throw uriFault(scheme, `names no host by ${escapeText(authority)}`, 'give HOST or HOST:PORT')
}

/** An absolute path of a file in a parameter. @throws CantosignError `key-uri-invalid` */
export function fileParameter(
  parameters: UriParts['parameters'],
  name: string,
  scheme: string,
): string | undefined {
  const path = parameters.get(name)
  if (path === undefined || path.startsWith('/')) return path
  throw uriFault(scheme, `names a file for ${name} that is not absolute`, 'begin it with a slash')
}
