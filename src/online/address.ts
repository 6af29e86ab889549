/** Where an API is, and by which way it is reached. */
import { CantosignError } from '../base/errors.ts'
import { escapeText } from '../base/text.ts'

/** A host and a port of it. */
export interface HostPort {
  /** A name or a numeric address; IPv6 without its brackets. */
  readonly host: string
  readonly port: number
}

/** `host:port` as it is written, with brackets around IPv6. */
export function hostPortText({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function invalid(what: string, text: string, reason: string, hint: string): CantosignError {
  // A password stands before an @, a token in a query: a text that may hold one is not repeated.
  const shown = /[@?#]/.test(text) ? what : `${what} ${escapeText(text)}`
  return new CantosignError('address-invalid', `${shown}: ${reason}`, hint)
}

const HOST_PORT =
  /^(?:\[(?<six>[0-9A-Fa-f:.]+)\]|(?<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*))):(?<port>\d{1,5})$/

/**
 * Reads `HOST:PORT`, with `[::1]:PORT` for IPv6.
 * @param what names the option or field in errors
 * @throws CantosignError `address-invalid`
 */
export function readHostPort(text: string, what: string): HostPort {
  const groups = HOST_PORT.exec(text)?.groups
  const host = groups?.['six'] ?? groups?.['name']
  const port = Number(groups?.['port'])
  if (host === undefined || port < 1 || port > 65535) {
    throw invalid(
      what,
      text,
      'this is no HOST:PORT',
      'write it without a scheme and with the port, as in participant.example.com:5002',
    )
  }
  return { host, port }
}

/** Base address of a JSON API. */
export interface JsonApiAddress extends HostPort {
  readonly secure: boolean
  /** Put before the paths of calls: empty, or `/prefix`. */
  readonly prefix: string
}

/**
 * Reads the URL of a JSON API; a path in it is put before the paths of calls.
 * @throws CantosignError `address-invalid`
 */
export function readJsonApiAddress(text: string, what: string): JsonApiAddress {
  const bad = (reason: string): CantosignError =>
    invalid(what, text, reason, 'write it as https://HOST:PORT, and a path if the API has a prefix')
  if (!URL.canParse(text)) throw bad('this is no URL')
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw bad('this is not http or https')
  if (url.username !== '' || url.password !== '') {
    throw new CantosignError(
      'address-invalid',
      `${what}: the URL carries a name or password`,
      'leave it out; a token comes from --token-file',
    )
  }
  if (url.search !== '' || url.hash !== '') throw bad('a query or fragment has no place in it')
  const secure = url.protocol === 'https:'
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    secure,
    prefix: url.pathname.replace(/\/+$/, ''),
  }
}

/** True for addresses that stay on this machine. Names other than `localhost` never count. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

/** Variables of the environment that choose a proxy. */
export interface ProxyEnvironment {
  /** HTTPS_PROXY: `http://host:port`, with `name:password@` for basic authentication. */
  readonly httpsProxy?: string | undefined
  /** NO_PROXY: hosts that are reached directly, separated by commas. */
  readonly noProxy?: string | undefined
}

export interface Proxy extends HostPort {
  /** `name:password`, decoded. */
  readonly credentials: string | undefined
}

/** True if an entry of NO_PROXY means the host: itself, a domain above it, or with its port. */
function isExempt(entry: string, { host, port }: HostPort): boolean {
  const [, name = '', ofPort] = /^(.*?)(?::(\d+))?$/.exec(entry.replace(/^\*?\./, '')) ?? []
  if (ofPort !== undefined && Number(ofPort) !== port) return false
  const lower = host.toLowerCase()
  return entry === '*' || lower === name.toLowerCase() || lower.endsWith(`.${name.toLowerCase()}`)
}

/**
 * The proxy that leads to a host; `undefined` where it is reached directly, as this machine always is.
 * @throws CantosignError `address-invalid`; the text of the variable is not shown: it may hold a password
 */
export function proxyFor(
  target: HostPort,
  { httpsProxy = '', noProxy = '' }: ProxyEnvironment,
): Proxy | undefined {
  if (httpsProxy === '' || isLoopback(target.host)) return undefined
  const exempt = noProxy.split(',').map((entry) => entry.trim())
  if (exempt.some((entry) => entry !== '' && isExempt(entry, target))) return undefined
  const url = URL.canParse(httpsProxy) ? new URL(httpsProxy) : undefined
  if (url?.protocol !== 'http:' || url.hostname === '') {
    throw new CantosignError(
      'address-invalid',
      'HTTPS_PROXY does not name a proxy that is reached by http',
      'write it as http://HOST:PORT, or name the host in NO_PROXY',
    )
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 80 : Number(url.port),
    credentials: credentialsOf(url),
  }
}

/** @throws CantosignError `address-invalid` */
function credentialsOf({ username, password }: URL): string | undefined {
  if (username === '') return undefined
  try {
    return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  } catch {
    throw new CantosignError(
      'address-invalid',
      'the name or password in HTTPS_PROXY has a % that begins no escaped character',
      'write a % that is meant as %25',
    )
  }
}
