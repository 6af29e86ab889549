/** `https://HOST[:PORT]/PATH#token-file=…&ca=…&cert=…&key=…`: what stands behind # is not sent. */
import { checkedAuthority, fileParameter, readUri, uriFault } from '../uri.ts'

export interface HttpsUri {
  /** What is asked, without the part behind #. */
  readonly address: string
  readonly path: string
  readonly tokenFile: string | undefined
  readonly ca: string | undefined
  readonly certificate: string | undefined
  readonly key: string | undefined
}

/** RFC 3986: path and query. */
const PATH = /^[A-Za-z0-9._~:@!$&'()*+,;=/?%-]*$/

/** @throws CantosignError `key-uri-invalid` */
export function parseHttpsUri(text: string): HttpsUri {
  const known = ['token-file', 'ca', 'cert', 'key']
  const { authority, path, parameters } = readUri(text, 'https', known, '#')
  checkedAuthority(authority, 'https')
  if (authority === '') throw uriFault('https', 'names no host', 'give https://HOST/PATH')
  if (!PATH.test(path)) {
    throw uriFault('https', 'holds characters that no address has', 'write them as %XX')
  }
  const certificate = fileParameter(parameters, 'cert', 'https')
  const key = fileParameter(parameters, 'key', 'https')
  if ((certificate === undefined) !== (key === undefined)) {
    throw uriFault('https', 'names only one of cert and key', 'give both, or neither')
  }
  return {
    address: `https://${authority}`,
    path: `/${path}`,
    tokenFile: fileParameter(parameters, 'token-file', 'https'),
    ca: fileParameter(parameters, 'ca', 'https'),
    certificate,
    key,
  }
}
