/** Calls over gRPC (docs/decisions/0007-grpc.md). */
import {
  ChannelCredentials,
  Client,
  logVerbosity,
  Metadata,
  setLogVerbosity,
  type ChannelOptions,
  type ServiceError,
} from '@grpc/grpc-js'
import { CantosignError } from '../base/errors.ts'
import { hostPortText } from './address.ts'
import { MAX_MESSAGE_BYTES, type Route } from './connection.ts'
import { failureError, failureOf, isPassing, type FailedCall, type Failure } from './failure.ts'
import { TlsCredentials } from './grpc-credentials.ts'
import { withRetries } from './retry.ts'
import { decodeApiMessage, encodeApiMessage, type ApiInput } from './wire/codec.ts'
import type { MessageTypes } from './wire/generated/schema.ts'
import type { ApiMethod } from './wire/services.ts'

type RequestOf<M extends ApiMethod> = ApiInput<MessageTypes[M['request']]>
type ResponseOf<M extends ApiMethod> = MessageTypes[M['response']]

export interface CallOptions {
  /**
   * - `read`: changes nothing; repeated where that may help;
   * - `repeatable`: changes something, and twice is the same as once: repeated as well;
   * - `change`: never repeated, and without an answer its outcome is unknown.
   */
  readonly effect: 'read' | 'repeatable' | 'change'
  /** Longer or shorter than the connection's own. */
  readonly timeoutMillis?: number
  /** What would keep an answer small, for the error about one that is too large. */
  readonly filter?: string
}

function serviceErrorFailure(error: ServiceError): Failure {
  const [details] = error.metadata.get('grpc-status-details-bin')
  return failureOf(
    error.code,
    error.details,
    details === undefined || typeof details === 'string' ? undefined : new Uint8Array(details),
  )
}

/** How a call ended. */
type Outcome =
  { readonly ok: true; readonly value: Buffer } | { readonly ok: false; readonly failure: Failure }

const outcomeOf = (error: ServiceError | null, value: Buffer | undefined): Outcome =>
  error === null
    ? { ok: true, value: value ?? Buffer.alloc(0) }
    : { ok: false, failure: serviceErrorFailure(error) }

/** The path without the package: `TopologyManagerReadService/ListAll`. */
const shortName = (path: string): string => path.slice(path.lastIndexOf('.') + 1)

const bytesOf = (value: Buffer): Uint8Array =>
  new Uint8Array(value.buffer, value.byteOffset, value.byteLength)

const asBuffer = (value: Uint8Array): Buffer =>
  Buffer.from(value.buffer, value.byteOffset, value.byteLength)

function channelOptions({ target, proxy }: Route): ChannelOptions {
  return {
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    // Repetition and proxies are decided here, not there.
    'grpc.enable_retries': 0,
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 5_000,
    ...(proxy === undefined
      ? {}
      : {
          'grpc.http_connect_target': `dns:${hostPortText(target)}`,
          'grpc.default_authority': hostPortText(target),
          ...(proxy.credentials === undefined
            ? {}
            : { 'grpc.http_connect_creds': proxy.credentials }),
        }),
  }
}

/** One connection to one API of a participant. Close it, or the process does not end. */
export class GrpcConnection {
  readonly #client: Client
  readonly #route: Route
  /** `host:port` of the API. */
  readonly address: string

  constructor(route: Route) {
    // Its messages would come between ours; what they say is in the errors.
    setLogVerbosity(logVerbosity.NONE)
    this.#route = route
    this.address = hostPortText(route.target)
    const credentials =
      route.secure === undefined
        ? ChannelCredentials.createInsecure()
        : new TlsCredentials(route.secure, route.target.host)
    const via = route.proxy ?? route.target
    this.#client = new Client(`dns:${hostPortText(via)}`, credentials, channelOptions(route))
  }

  close(): void {
    this.#client.close()
  }

  #metadata(): Metadata {
    const metadata = new Metadata()
    const { token } = this.#route
    if (token !== undefined) metadata.set('authorization', `Bearer ${token.read()}`)
    return metadata
  }

  #timeout({ timeoutMillis }: CallOptions): number {
    return timeoutMillis ?? this.#route.timeoutMillis
  }

  #failed(method: ApiMethod, options: CallOptions): FailedCall {
    return {
      name: shortName(method.path),
      address: this.address,
      changes: options.effect === 'change',
      token: this.#route.token?.describe(),
      hide: this.#route.token?.hide,
      timeoutMillis: this.#timeout(options),
      filter: options.filter,
    }
  }

  #error(failure: Failure, method: ApiMethod, options: CallOptions): CantosignError {
    const error = failureError(failure, this.#failed(method, options))
    const { proxy } = this.#route
    if (error.code !== 'connection-failed' || proxy === undefined) return error
    return new CantosignError(
      'proxy-failed',
      `${error.message} (through the proxy ${hostPortText(proxy)})`,
      'check HTTPS_PROXY, and name hosts that are reached directly in NO_PROXY',
      { details: error.details },
    )
  }

  /**
   * One request, one response.
   * @throws CantosignError of exit status 7, `token-invalid`, `file-unreadable`
   */
  async unary<M extends ApiMethod>(
    method: M,
    request: RequestOf<M>,
    options: CallOptions,
  ): Promise<ResponseOf<M>> {
    const bytes = encodeApiMessage(method.request, request)
    const response = await withRetries<Buffer>(this.#timeout(options), async (left) => {
      const result = await this.#once(method, bytes, left)
      if (result.ok) return { $case: 'done', value: result.value }
      const { failure } = result
      const repeat = options.effect !== 'change' && isPassing(failure)
      return {
        $case: 'failed',
        error: this.#error(failure, method, options),
        again: repeat ? { afterMillis: failure.retryMillis ?? 0 } : undefined,
      }
    })
    return this.#decode(method, response, options)
  }

  /** An answer that cannot be read is none: what was asked for may have been done. */
  #decode<M extends ApiMethod>(method: M, response: Buffer, options: CallOptions): ResponseOf<M> {
    try {
      return decodeApiMessage(method.response, bytesOf(response)) as ResponseOf<M>
    } catch (error) {
      if (!(error instanceof CantosignError) || options.effect !== 'change') throw error
      throw this.#error({ status: 'DATA_LOSS', text: error.message }, method, options)
    }
  }

  async #once(method: ApiMethod, bytes: Uint8Array, leftMillis: number): Promise<Outcome> {
    return await new Promise((resolve) => {
      this.#client.makeUnaryRequest<Uint8Array, Buffer>(
        method.path,
        asBuffer,
        (value) => value,
        bytes,
        this.#metadata(),
        { deadline: Date.now() + leftMillis },
        (error, value) => {
          resolve(outcomeOf(error, value))
        },
      )
    })
  }

  /**
   * One request, any number of responses, as they come; no faster than they are taken. It is not
   * repeated: what came before a failure was handed on already.
   * @param idleMillis ends the call if nothing came for so long; without it a deadline is over all
   */
  async *stream<M extends ApiMethod>(
    method: M,
    request: RequestOf<M>,
    options: CallOptions,
    idleMillis?: number,
  ): AsyncGenerator<ResponseOf<M>> {
    const deadline = idleMillis === undefined ? Date.now() + this.#timeout(options) : Infinity
    const call = this.#client.makeServerStreamRequest<Uint8Array, Buffer>(
      method.path,
      asBuffer,
      (value) => value,
      encodeApiMessage(method.request, request),
      this.#metadata(),
      { deadline },
    )
    const iterator = call[Symbol.asyncIterator]() as AsyncIterator<Buffer>
    try {
      for (;;) {
        const next = await withIdleLimit(iterator.next(), idleMillis)
        if (next.done === true) return
        yield decodeApiMessage(method.response, bytesOf(next.value)) as ResponseOf<M>
      }
    } catch (error) {
      if (error instanceof CantosignError) throw error
      if (error instanceof IdleError) {
        const failure: Failure = { status: 'DEADLINE_EXCEEDED', text: 'the stream stands still' }
        const limited = { ...options, timeoutMillis: idleMillis ?? 0 }
        throw this.#error(failure, method, limited)
      }
      throw this.#error(serviceErrorFailure(error as ServiceError), method, options)
    } finally {
      call.cancel()
    }
  }

  /**
   * Any number of requests, one response. Never repeated.
   * @param requests the first carries the parameters, as a rule
   */
  async clientStream<M extends ApiMethod>(
    method: M,
    requests: AsyncIterable<RequestOf<M>> | Iterable<RequestOf<M>>,
    options: CallOptions,
  ): Promise<ResponseOf<M>> {
    let settle: (outcome: Outcome) => void = () => undefined
    const end = new Promise<Outcome>((resolve) => {
      settle = resolve
    })
    const state = { ended: false }
    const call = this.#client.makeClientStreamRequest<Uint8Array, Buffer>(
      method.path,
      asBuffer,
      (value) => value,
      this.#metadata(),
      { deadline: Date.now() + this.#timeout(options) },
      (error, value) => {
        state.ended = true
        settle(outcomeOf(error, value))
      },
    )
    try {
      for await (const request of requests) {
        // The server may answer early; then the rest is not wanted.
        if (state.ended) break
        const written = new Promise<void>((resolve) => {
          call.write(encodeApiMessage(method.request, request), () => {
            resolve()
          })
        })
        await Promise.race([written, end])
      }
      call.end()
    } catch (error) {
      call.cancel()
      await end
      throw error
    }
    const result = await end
    if (result.ok) return this.#decode(method, result.value, options)
    throw this.#error(result.failure, method, options)
  }
}

class IdleError extends Error {}

async function withIdleLimit<T>(next: Promise<T>, millis: number | undefined): Promise<T> {
  if (millis === undefined) return await next
  let timer: NodeJS.Timeout | undefined
  try {
    return await Promise.race([
      next,
      new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => {
          reject(new IdleError())
        }, millis)
      }),
    ])
  } finally {
    clearTimeout(timer)
  }
}

/** True for an error about a call that the participant does not have. */
export function isUnsupported(error: unknown): boolean {
  return error instanceof CantosignError && error.code === 'ledger-unsupported'
}
