/** A gRPC server whose every answer is written by the test: real sockets, no logic of its own. */
import { readFileSync } from 'node:fs'
import {
  Metadata,
  Server,
  ServerCredentials,
  status,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  type UntypedHandleCall,
} from '@grpc/grpc-js'
import type { HostPort } from '../../../src/online/address.ts'
import type { ConnectionSettings } from '../../../src/online/connection.ts'
import { encodeApiMessage, type ApiInput } from '../../../src/online/wire/codec.ts'
import type { MessageTypes } from '../../../src/online/wire/generated/schema.ts'
import type { ApiMethod } from '../../../src/online/wire/services.ts'
import type { ApiMessageName } from '../../../src/online/wire/schema.ts'
import type { Certificate } from './certificates.ts'

const identity = (value: Buffer): Buffer => value

export interface ServerCall {
  readonly request: Buffer
  readonly metadata: Metadata
  /** Settles when the client has gone or has cancelled. */
  readonly cancelled: Promise<void>
}

export type Unary = (call: ServerCall) => Promise<Buffer | Error> | Buffer | Error
export type Streaming = (call: ServerCall) => AsyncIterable<Buffer> | Iterable<Buffer>
export type Collecting = (requests: AsyncIterable<Buffer>, metadata: Metadata) => Promise<Buffer>

export type Handler =
  | { readonly $case: 'unary'; readonly run: Unary }
  | { readonly $case: 'stream'; readonly run: Streaming }
  | { readonly $case: 'collect'; readonly run: Collecting }

/** An error as a server gives it. */
export function grpcError(code: status, details: string, statusDetails?: Uint8Array): Error {
  const metadata = new Metadata()
  if (statusDetails !== undefined) {
    metadata.set('grpc-status-details-bin', Buffer.from(statusDetails))
  }
  return Object.assign(new Error(details), { code, details, metadata })
}

/** An error of Canton with its details, as TOPOLOGY 9.8 has them. */
export function cantonError(
  code: status,
  cantonCode: string,
  cause: string,
  options: { readonly retryMillis?: number; readonly requestId?: string } = {},
): Error {
  const requestId = options.requestId ?? '0123456789abcdef'
  const message = `${cantonCode}(9,${requestId.slice(0, 8)}): ${cause}`
  const any = <Name extends ApiMessageName>(name: Name, value: ApiInput<MessageTypes[Name]>) => ({
    typeUrl: `type.googleapis.com/google.rpc.${name}`,
    value: encodeApiMessage(name, value),
  })
  const { retryMillis } = options
  const bytes = encodeApiMessage('Status', {
    code,
    message,
    details: [
      any('ErrorInfo', {
        reason: cantonCode,
        metadata: [{ key: 'category', value: '9' }],
      }),
      any('RequestInfo', { requestId }),
      ...(retryMillis === undefined
        ? []
        : [any('RetryInfo', { retryDelay: { seconds: 0n, nanos: retryMillis * 1e6 } })]),
    ],
  })
  return grpcError(code, message, bytes)
}

export const reply = <Name extends ApiMessageName>(
  name: Name,
  value: ApiInput<MessageTypes[Name]>,
): Buffer => Buffer.from(encodeApiMessage(name, value))

interface TlsOptions {
  readonly server: Certificate
  /** Certificates of clients are asked for, and have to be by this authority. */
  readonly clientAuthority?: string
}

/** Starts a server on a free port of this machine. */
export async function startServer(
  handlers: readonly (readonly [ApiMethod, Handler])[],
  tls?: TlsOptions,
  port = 0,
): Promise<{ readonly address: HostPort; readonly stop: () => void }> {
  const server = new Server()
  for (const [method, handler] of handlers) {
    const service = method.path.slice(1, method.path.lastIndexOf('/'))
    const name = method.path.slice(method.path.lastIndexOf('/') + 1)
    const definition = {
      path: method.path,
      requestStream: handler.$case === 'collect',
      responseStream: handler.$case === 'stream',
      requestSerialize: identity,
      requestDeserialize: identity,
      responseSerialize: identity,
      responseDeserialize: identity,
    }
    server.addService(
      { [`${service}/${name}`]: definition },
      {
        [`${service}/${name}`]: implementation(handler) as UntypedHandleCall,
      },
    )
  }
  const credentials =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(
          tls.clientAuthority === undefined ? null : readFileSync(tls.clientAuthority),
          [
            {
              cert_chain: readFileSync(tls.server.cert),
              private_key: readFileSync(tls.server.key),
            },
          ],
          tls.clientAuthority !== undefined,
        )
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, number) => {
      if (error === null) resolve(number)
      else reject(error)
    })
  })
  return {
    address: { host: '127.0.0.1', port: bound },
    stop: () => {
      server.forceShutdown()
    },
  }
}

type AnyCall = ServerUnaryCall<Buffer, Buffer> &
  ServerWritableStream<Buffer, Buffer> &
  ServerReadableStream<Buffer, Buffer> &
  ServerDuplexStream<Buffer, Buffer>

function implementation(handler: Handler) {
  return (call: AnyCall, callback?: sendUnaryData<Buffer>): void => {
    const cancelled = new Promise<void>((resolve) => {
      call.on('cancelled', () => {
        resolve()
      })
    })
    const base = { request: call.request, metadata: call.metadata, cancelled }
    switch (handler.$case) {
      case 'unary':
        Promise.resolve(handler.run(base)).then(
          (result) => {
            if (result instanceof Error) callback?.(result)
            else callback?.(null, result)
          },
          (error: unknown) => {
            callback?.(error as Error)
          },
        )
        break
      case 'stream':
        void pump(handler.run(base), call)
        break
      case 'collect':
        handler.run(call, call.metadata).then(
          (result) => {
            callback?.(null, result)
          },
          (error: unknown) => {
            callback?.(error as Error)
          },
        )
    }
  }
}

async function pump(
  source: AsyncIterable<Buffer> | Iterable<Buffer>,
  call: AnyCall,
): Promise<void> {
  try {
    for await (const chunk of source) {
      if (call.cancelled) return
      if (!call.write(chunk)) {
        await Promise.race([
          new Promise((resolve) => call.once('drain', resolve)),
          new Promise((resolve) => call.once('cancelled', resolve)),
        ])
      }
    }
    call.end()
  } catch (error) {
    call.emit('error', error)
  }
}

export const never = async (): Promise<never> => await new Promise(() => undefined)

/** Settings for a server of this machine, without TLS unless told. */
export function settingsFor(changes: Partial<ConnectionSettings> = {}): ConnectionSettings {
  return {
    tls: {},
    plaintext: changes.tls === undefined,
    timeoutMillis: 20_000,
    proxy: {},
    ...changes,
  }
}

export { status }
