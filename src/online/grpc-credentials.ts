/** TLS of gRPC channels (docs/decisions/0007-grpc.md). */
import { CallCredentials, ChannelCredentials } from '@grpc/grpc-js'
import { isIP } from 'node:net'
import { connect, type SecureContext } from 'node:tls'

type SecureConnector = ReturnType<ChannelCredentials['_createSecureConnector']>

/**
 * TLS to one host, whose certificate has to be for its name or IP address. In place of gRPC's own,
 * which names the host in the handshake even if it is an address: RFC 6066 section 3 forbids that,
 * and newer releases of Node.js refuse it.
 */
export class TlsCredentials extends ChannelCredentials {
  readonly #context: SecureContext
  readonly #host: string

  /** @param host without brackets */
  constructor(context: SecureContext, host: string) {
    super()
    this.#context = context
    this.#host = host
  }

  override _isSecure(): boolean {
    return true
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other
  }

  override _createSecureConnector(
    _target: unknown,
    _options: unknown,
    callCredentials = CallCredentials.createEmpty(),
  ): SecureConnector {
    const host = this.#host
    const settings = {
      secureContext: this.#context,
      host,
      servername: isIP(host) === 0 ? host : '',
      ALPNProtocols: ['h2'],
      // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
      rejectUnauthorized: true,
    }
    return {
      connect: async (socket) =>
        await new Promise((resolve, reject) => {
          const secured = connect({ ...settings, socket }, () => {
            resolve({ socket: secured, secure: true })
          })
          secured.on('error', reject)
        }),
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => callCredentials,
      destroy: () => undefined,
    }
  }
}
