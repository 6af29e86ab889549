/** What is known about a participant's APIs before the first call. */
import type { SecureContext } from 'node:tls'
import { CantosignError } from '../base/errors.ts'
import { hostPortText, isLoopback, proxyFor, type HostPort, type Proxy } from './address.ts'
import type { JsonApiAddress, ProxyEnvironment } from './address.ts'
import { secureContext, type TlsFiles } from './tls.ts'
import { tokenFile, type TokenSource } from './token.ts'

/** Where the APIs are and how they are reached: from a profile, from options, or both. */
export interface ConnectionSettings {
  readonly adminApi?: HostPort | undefined
  readonly ledgerApi?: HostPort | undefined
  readonly jsonApi?: JsonApiAddress | undefined
  readonly tls: TlsFiles
  /** Connects without TLS, to any host. To this machine that needs no asking. */
  readonly plaintext: boolean
  readonly tokenFile?: string | undefined
  /** For each call, its repetitions included. */
  readonly timeoutMillis: number
  readonly proxy: ProxyEnvironment
}

export const DEFAULT_TIMEOUT_MILLIS = 30_000

/** The largest message that is sent or taken, in bytes. A node takes 10 MiB unless it is told otherwise. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024

/** What both transports need to reach one API. */
export interface Route {
  readonly target: HostPort
  /** `undefined`: no TLS. */
  readonly secure: SecureContext | undefined
  readonly proxy: Proxy | undefined
  readonly token: TokenSource | undefined
  readonly timeoutMillis: number
}

function refusePlaintext(target: HostPort, plaintext: boolean): void {
  if (plaintext || isLoopback(target.host)) return
  throw new CantosignError(
    'plaintext-refused',
    `${hostPortText(target)} would be reached without TLS`,
    'use https, or add --plaintext if nobody else is on the way',
  )
}

/** One for all connections: contexts and tokens are read once. */
export class Routes {
  readonly #settings: ConnectionSettings
  readonly #token: TokenSource | undefined
  #context: SecureContext | undefined

  constructor(settings: ConnectionSettings) {
    this.#settings = settings
    this.#token = settings.tokenFile === undefined ? undefined : tokenFile(settings.tokenFile)
  }

  #route(target: HostPort, secure: boolean): Route {
    const { plaintext, tls, timeoutMillis, proxy } = this.#settings
    if (!secure) refusePlaintext(target, plaintext)
    this.#context ??= secure ? secureContext(tls) : undefined
    return {
      target,
      secure: secure ? this.#context : undefined,
      // Plaintext is for this machine and networks of one's own.
      proxy: secure ? proxyFor(target, proxy) : undefined,
      token: this.#token,
      timeoutMillis,
    }
  }

  /**
   * For gRPC: TLS, unless plaintext was asked for, or the target is this machine and no file for TLS
   * is named.
   */
  grpc(target: HostPort): Route {
    const { plaintext, tls } = this.#settings
    const hasTls = tls.ca !== undefined || tls.cert !== undefined || tls.key !== undefined
    if (plaintext && hasTls) {
      throw new CantosignError(
        'usage',
        'plaintext and files for TLS exclude each other',
        'leave out --plaintext, or --tls-ca, --tls-cert and --tls-key',
      )
    }
    return this.#route(target, hasTls || !(plaintext || isLoopback(target.host)))
  }

  /** For JSON: as the URL says. */
  json(address: JsonApiAddress): Route {
    return this.#route(address, address.secure)
  }
}
