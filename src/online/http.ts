/** Calls of the JSON Ledger API. */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { isIP, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { CantosignError } from '../base/errors.ts'
import { escapeText } from '../base/text.ts'
import { hostPortText, type JsonApiAddress, type Proxy } from './address.ts'
import { MAX_MESSAGE_BYTES, type Route } from './connection.ts'
import {
  failureError,
  isPassing,
  GRPC_STATUS_NAMES,
  type FailedCall,
  type Failure,
  type GrpcStatusName,
} from './failure.ts'
import { withRetries, type Attempt } from './retry.ts'
import type { CallOptions } from './grpc.ts'

/** What gRPC calls the outcome that a status of HTTP stands for; several share one. */
const STATUS_OF_HTTP: Readonly<Record<number, GrpcStatusName>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ALREADY_EXISTS',
  413: 'RESOURCE_EXHAUSTED',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}

/** A JSON document as it came: nothing is known of its shape. */
export type Json = unknown

export interface JsonCall {
  readonly method: 'GET' | 'POST'
  /** With the query, below the address. */
  readonly path: string
  readonly body?: Json
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly isJson: boolean
}

class TransportError extends Error {
  readonly kind: GrpcStatusName
  constructor(kind: GrpcStatusName, message: string) {
    super(message)
    this.kind = kind
  }
}

/** The JSON API of one participant; every call has a connection of its own. */
export class JsonConnection {
  readonly #route: Route
  readonly #prefix: string
  readonly address: string

  constructor(route: Route, { prefix }: Pick<JsonApiAddress, 'prefix'>) {
    this.#route = route
    this.#prefix = prefix
    this.address = hostPortText(route.target)
  }

  /**
   * Makes a call.
   * @returns the parsed answer
   * @throws CantosignError of exit status 7, `token-invalid`, `file-unreadable`
   */
  async call(call: JsonCall, options: CallOptions): Promise<Json> {
    const timeoutMillis = options.timeoutMillis ?? this.#route.timeoutMillis
    const failed: FailedCall = {
      name: call.path.replace(/\?.*$/, ''),
      address: this.address,
      changes: options.effect === 'change',
      token: this.#route.token?.describe(),
      hide: this.#route.token?.hide,
      timeoutMillis,
      filter: options.filter,
    }
    const body = call.body === undefined ? undefined : JSON.stringify(call.body)
    return await withRetries(timeoutMillis, async (left): Promise<Attempt<Json>> => {
      const outcome = await this.#once(call, body, left)
      if ('answer' in outcome && outcome.answer.status === 200) {
        return { $case: 'done', value: parsed(outcome.answer, failed) }
      }
      const failure = 'answer' in outcome ? failureOfAnswer(outcome.answer) : outcome.failure
      return this.#failed(failure, failed, options)
    })
  }

  #failed(failure: Failure, failed: FailedCall, { effect }: CallOptions): Attempt<never> {
    const again = effect !== 'change' && isPassing(failure)
    return {
      $case: 'failed',
      error: failureError(failure, failed),
      again: again ? { afterMillis: failure.retryMillis ?? 0 } : undefined,
    }
  }

  async #once(
    call: JsonCall,
    body: string | undefined,
    leftMillis: number,
  ): Promise<{ readonly answer: Answer } | { readonly failure: Failure }> {
    const { token } = this.#route
    const headers: Record<string, string> = {
      host: this.address,
      accept: 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token.read()}` }),
      ...(body === undefined
        ? {}
        : {
            'content-type': 'application/json',
            'content-length': String(Buffer.byteLength(body)),
          }),
    }
    const abort = new AbortController()
    const timer = setTimeout(() => {
      abort.abort()
    }, leftMillis)
    try {
      return { answer: await this.#exchange(call, headers, body, abort.signal) }
    } catch (error) {
      if (error instanceof CantosignError) throw error
      if (abort.signal.aborted) {
        return { failure: { status: 'DEADLINE_EXCEEDED', text: 'the time was over' } }
      }
      const status = error instanceof TransportError ? error.kind : 'UNAVAILABLE'
      return { failure: { status, text: messageOf(error) } }
    } finally {
      clearTimeout(timer)
    }
  }

  async #exchange(
    { method, path }: JsonCall,
    headers: Record<string, string>,
    body: string | undefined,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { target, secure, proxy } = this.#route
    const options = {
      host: target.host,
      port: target.port,
      method,
      path: `${this.#prefix}${path}`,
      headers,
      signal,
    } as const
    const tunnel =
      proxy === undefined ? undefined : await tunnelThrough(proxy, this.address, signal)
    return await new Promise((resolve, reject) => {
      const request = httpRequest({
        ...options,
        // Without an agent the connection made here is used, once.
        ...(secure === undefined
          ? { agent: false }
          : {
              // `host` is also what the certificate has to be for.
              createConnection: () =>
                tlsConnect({
                  host: target.host,
                  port: target.port,
                  secureContext: secure,
                  // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
                  rejectUnauthorized: true,
                  ...(isIP(target.host) === 0 ? { servername: target.host } : {}),
                  ...(tunnel === undefined ? {} : { socket: tunnel }),
                }),
            }),
      })
      request.on('error', reject)
      request.on('response', (response) => {
        readAnswer(response).then(resolve, reject)
      })
      request.end(body)
    })
  }
}

/** A connection through a proxy, by CONNECT (RFC 9110 section 9.3.6). */
async function tunnelThrough(proxy: Proxy, target: string, signal: AbortSignal): Promise<Socket> {
  const failed = (reason: string): CantosignError =>
    new CantosignError(
      'proxy-failed',
      `the proxy ${hostPortText(proxy)} gave no connection to ${target}: ${reason}`,
      'check HTTPS_PROXY, and name hosts that are reached directly in NO_PROXY',
    )
  return await new Promise((resolve, reject) => {
    const { credentials } = proxy
    const request = httpRequest({
      host: proxy.host,
      port: proxy.port,
      method: 'CONNECT',
      path: target,
      agent: false,
      signal,
      headers: {
        host: target,
        ...(credentials === undefined
          ? {}
          : {
              'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}`,
            }),
      },
    })
    request.on('connect', ({ statusCode }, socket, head) => {
      if (statusCode !== 200) {
        socket.destroy()
        reject(failed(`it answered with status ${String(statusCode)}`))
        return
      }
      if (head.length > 0) socket.unshift(head)
      resolve(socket)
    })
    request.on('response', ({ statusCode }) => {
      reject(failed(`it answered with status ${String(statusCode)}`))
    })
    request.on('error', (error) => {
      reject(signal.aborted ? error : failed(messageOf(error)))
    })
    request.end()
  })
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_MESSAGE_BYTES) {
      response.destroy()
      throw new TransportError(
        'RESOURCE_EXHAUSTED',
        `the answer is larger than max (more than ${MAX_MESSAGE_BYTES} bytes)`,
      )
    }
    chunks.push(chunk)
  }
  if (!response.complete) throw new TransportError('UNAVAILABLE', 'the answer broke off')
  return {
    status: response.statusCode ?? 0,
    text: new TextDecoder('utf-8').decode(Buffer.concat(chunks)),
    isJson: /^application\/(?:[a-z.+-]+\+)?json\b/.test(response.headers['content-type'] ?? ''),
  }
}

/** The message of an error, with those of the addresses that were tried for it. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join('; ')
  }
  return error instanceof Error ? error.message : String(error)
}

function parsed({ text }: Answer, call: FailedCall): Json {
  const { name, address, changes } = call
  try {
    return JSON.parse(text)
  } catch (cause) {
    if (changes) throw failureError({ status: 'DATA_LOSS', text: 'the answer is not JSON' }, call)
    throw new CantosignError(
      'response-malformed',
      `the answer of ${name} at ${address} is not JSON: it begins ${escapeText(text.slice(0, 60))}`,
      'check that the URL is that of the JSON Ledger API, with the prefix that the participant has',
      { cause },
    )
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined

/** Reads `5 seconds`, `PT5S` or `5s`; what it does not understand is a second. */
function retryMillisOf(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined
  const [, amount, unit] = /^(?:PT)?(\d+(?:\.\d+)?)\s*([a-z]*)/i.exec(value) ?? []
  if (amount === undefined) return 1_000
  return Number(amount) * (/^(?:ms|milli)/i.test(unit ?? '') ? 1 : 1_000)
}

/** What Canton says about a failure is shorter by far; the beginning of anything else is shown. */
const MAX_FAILURE_CHARACTERS = 64 * 1024

/** An answer other than 200: a JsCantonError, or text that a decoder, a proxy or a time limit wrote. */
function failureOfAnswer({ status, text, isJson }: Answer): Failure {
  const byHttp = STATUS_OF_HTTP[status] ?? 'UNKNOWN'
  let body: unknown
  try {
    body = isJson && text.length <= MAX_FAILURE_CHARACTERS ? JSON.parse(text) : undefined
  } catch {
    body = undefined // what claims to be JSON and is not, is text
  }
  if (!isObject(body)) {
    const shown = text.trim().slice(0, 300)
    return { status: byHttp, text: shown === '' ? `HTTP status ${status}` : shown }
  }
  const number = body['grpcCodeValue']
  const name = typeof number === 'number' ? GRPC_STATUS_NAMES[number] : undefined
  const code = textOf(body['code'])
  const cause = textOf(body['cause']) ?? ''
  const context = isObject(body['context']) ? body['context'] : {}
  const hasCode = code !== undefined && /^[A-Z][A-Z0-9_]+$/.test(code) && code !== 'NA'
  // A token that is not taken has no code of Canton, or that of the security layer.
  const isToken = byHttp === 'UNAUTHENTICATED' || byHttp === 'PERMISSION_DENIED'
  return {
    status: name ?? byHttp,
    text: cause,
    cantonCode: hasCode && !isToken ? code : undefined,
    cause,
    requestId: textOf(body['correlationId']) ?? textOf(body['traceId']),
    retryMillis: retryMillisOf(body['retryInfo']),
    metadata: Object.fromEntries(
      Object.entries(context).flatMap(([key, value]) =>
        typeof value === 'string' ? [[key, value]] : [],
      ),
    ),
  }
}
