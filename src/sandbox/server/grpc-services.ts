/** Services of gRPC over the schema of the APIs: requests are read, refusals told as a node tells them. */
import {
  Server,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type Metadata,
  type ServerWritableStream,
  type ServiceDefinition,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { decodeApiMessage, encodeApiMessage, type ApiInput } from '../../online/wire/codec.ts'
import type { MessageTypes } from '../../online/wire/generated/schema.ts'
import type { ApiMethod } from '../../online/wire/services.ts'
import { grpcStatus, refusalOf } from './answer.ts'
import type { Gate } from './gate.ts'

type RequestOf<M extends ApiMethod> = MessageTypes[M['request']]
type AnswerOf<M extends ApiMethod> = ApiInput<MessageTypes[M['response']]>

/** One method with what answers it. */
export interface Endpoint {
  readonly method: ApiMethod
  /** Changes nothing. */
  readonly reads: boolean
  readonly handle: (gate: Gate) => UntypedHandleCall
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

function admit(gate: Gate, metadata: Metadata, reads: boolean): void {
  const [value] = metadata.get('authorization')
  gate.admit(typeof value === 'string' ? value : undefined, reads)
}

export function unary<M extends ApiMethod>(
  method: M,
  reads: boolean,
  answer: (request: RequestOf<M>) => AnswerOf<M> | Promise<AnswerOf<M>>,
): Endpoint {
  return {
    method,
    reads,
    handle: (gate) => {
      const handler: handleUnaryCall<Buffer, Buffer> = (call, callback) => {
        const run = async (): Promise<Buffer> => {
          admit(gate, call.metadata, reads)
          const request = decodeApiMessage(method.request, new Uint8Array(call.request))
          const message = await answer(request as RequestOf<M>)
          return asBuffer(encodeApiMessage(method.response, message as never))
        }
        run().then(
          (bytes) => {
            callback(null, bytes)
          },
          (error: unknown) => {
            callback(grpcStatus(refusalOf(error)))
          },
        )
      }
      return handler
    },
  }
}

/** Waits until there is room again, or nobody listens any more. */
async function drained(call: ServerWritableStream<Buffer, Buffer>): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      call.off('drain', end)
      call.off('cancelled', end)
      resolve()
    }
    call.on('drain', end)
    call.on('cancelled', end)
  })
}

export function responseStream<M extends ApiMethod>(
  method: M,
  reads: boolean,
  answer: (
    request: RequestOf<M>,
    cancelled: () => boolean,
  ) => Iterable<AnswerOf<M>> | AsyncIterable<AnswerOf<M>>,
): Endpoint {
  return {
    method,
    reads,
    handle: (gate) => {
      const handler: handleServerStreamingCall<Buffer, Buffer> = (call) => {
        const run = async (): Promise<void> => {
          admit(gate, call.metadata, reads)
          const request = decodeApiMessage(method.request, new Uint8Array(call.request))
          for await (const message of answer(request as RequestOf<M>, () => call.cancelled)) {
            if (call.cancelled) return
            // A client that reads slowly is waited for: what is not read is not made.
            if (!call.write(asBuffer(encodeApiMessage(method.response, message as never)))) {
              await drained(call)
            }
          }
          call.end()
        }
        run().catch((error: unknown) => {
          call.emit('error', grpcStatus(refusalOf(error)))
        })
      }
      return handler
    },
  }
}

export function requestStream<M extends ApiMethod>(
  method: M,
  answer: (requests: AsyncIterable<RequestOf<M>>) => Promise<AnswerOf<M>>,
): Endpoint {
  return {
    method,
    reads: false,
    handle: (gate) => {
      const handler: handleClientStreamingCall<Buffer, Buffer> = (call, callback) => {
        async function* requests(): AsyncGenerator<RequestOf<M>> {
          const messages: AsyncIterable<Buffer> = call
          for await (const bytes of messages) {
            yield decodeApiMessage(method.request, new Uint8Array(bytes)) as RequestOf<M>
          }
        }
        const run = async (): Promise<Buffer> => {
          admit(gate, call.metadata, false)
          const message = await answer(requests())
          return asBuffer(encodeApiMessage(method.response, message as never))
        }
        run().then(
          (bytes) => {
            callback(null, bytes)
          },
          (error: unknown) => {
            callback(grpcStatus(refusalOf(error)))
          },
        )
      }
      return handler
    },
  }
}

/** The largest request, bytes: the limit that nodes have by default. */
const MAX_REQUEST_BYTES = 10 * 1024 * 1024

/** A server that is not bound yet. */
export function grpcServer(endpoints: readonly Endpoint[], gate: Gate): Server {
  const server = new Server({
    'grpc.max_receive_message_length': MAX_REQUEST_BYTES,
    'grpc.max_send_message_length': -1,
  })
  const definition: Record<string, ServiceDefinition[string]> = {}
  const implementation: UntypedServiceImplementation = {}
  const same = (bytes: Buffer): Buffer => bytes
  for (const { method, handle } of endpoints) {
    definition[method.path] = {
      path: method.path,
      requestStream: method.requestStream,
      responseStream: method.responseStream,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    }
    implementation[method.path] = handle(gate)
  }
  server.addService(definition, implementation)
  return server
}
