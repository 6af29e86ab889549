/** A proxy of gRPC between a client and a participant, whose faults the test chooses call by call. */
import { connect, createServer, constants, type ClientHttp2Session } from 'node:http2'
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'

export type Fault =
  /** The request never arrives, and nobody says so. */
  | { readonly $case: 'hang' }
  /** The request does what it does; its answer gets lost. */
  | { readonly $case: 'loseAnswer' }
  /** So many bytes of the answer arrive, then the line is dead. */
  | { readonly $case: 'cut'; readonly after: number }
  /** The answer is replaced by other bytes, framed as gRPC frames them. */
  | { readonly $case: 'replace'; readonly body: Buffer }
  /** Each message of the answer arrives as something else. */
  | { readonly $case: 'alter'; readonly alter: (message: Buffer) => Buffer }

/** @param length claimed by the frame, whatever it holds */
export function grpcFrame(message: Uint8Array, length = message.length): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(length, 1)
  return Buffer.concat([head, message])
}

/** What an answer holds, frame by frame, altered and framed again. */
function altered(body: Buffer, alter: (message: Buffer) => Buffer): Buffer {
  const frames: Buffer[] = []
  for (let at = 0; at < body.length;) {
    const end = at + 5 + body.readUInt32BE(at + 1)
    frames.push(grpcFrame(alter(body.subarray(at + 5, end))))
    at = end
  }
  return Buffer.concat(frames)
}

export interface LossyProxy {
  /** `host:port`. */
  readonly address: string
  /** Names of the calls that came, `Service/Method`, in their order. */
  readonly calls: readonly string[]
  readonly stop: () => Promise<void>
}

const shortName = (path: string): string => path.slice(path.lastIndexOf('.') + 1)

/**
 * @param target `host:port` of the participant, without TLS
 * @param faultOf asked for every call, `undefined` lets it pass
 */
export async function lossyProxy(
  target: string,
  faultOf: (call: string) => Fault | undefined,
): Promise<LossyProxy> {
  const calls: string[] = []
  const upstream: ClientHttp2Session = connect(`http://${target}`)
  upstream.on('error', () => undefined)
  const server = createServer()
  const sessions = new Set<{ destroy: () => void }>()
  server.on('session', (session) => {
    sessions.add(session)
    session.on('error', () => undefined)
    session.on('close', () => sessions.delete(session))
  })
  server.on('stream', (stream, headers) => {
    const call = shortName(headers[':path'] ?? '')
    calls.push(call)
    const fault = faultOf(call)
    stream.on('error', () => undefined)
    if (fault?.$case === 'hang') return
    forward(upstream, stream, headers, fault)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    calls,
    stop: async () => {
      upstream.destroy()
      for (const session of sessions) session.destroy()
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve()
        })
      })
    },
  }
}

function forward(
  upstream: ClientHttp2Session,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  fault: Fault | undefined,
): void {
  const onward = Object.fromEntries(
    Object.entries(headers).filter(([name]) => name !== ':authority' && name !== 'connection'),
  )
  const request = upstream.request(onward)
  request.on('error', () => {
    stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  })
  stream.on('close', () => {
    request.close(constants.NGHTTP2_CANCEL)
  })
  stream.pipe(request)
  const dead = (): void => {
    stream.session?.destroy()
  }
  if (fault?.$case === 'loseAnswer') {
    // Whatever was asked for has happened when the answer begins.
    request.once('response', dead)
    request.resume()
    return
  }
  if (fault?.$case === 'replace') {
    request.resume()
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc' },
      { waitForTrailers: true },
    )
    stream.on('wantTrailers', () => {
      stream.sendTrailers({ 'grpc-status': '0' })
    })
    stream.end(fault.body)
    return
  }
  let trailers: IncomingHttpHeaders = {}
  request.on('trailers', (received: IncomingHttpHeaders) => {
    trailers = received
  })
  request.on('response', (received, flags) => {
    const answer = Object.fromEntries(
      Object.entries(received).filter(([name]) => name !== 'connection'),
    )
    const isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
    stream.respond(answer, { endStream: isWhole, waitForTrailers: !isWhole })
  })
  stream.on('wantTrailers', () => {
    stream.sendTrailers(trailers)
  })
  if (fault?.$case === 'alter') {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => stream.end(altered(Buffer.concat(parts), fault.alter)))
    return
  }
  let passed = 0
  request.on('data', (part: Buffer) => {
    if (fault?.$case === 'cut') {
      stream.write(part.subarray(0, Math.max(0, fault.after - passed)))
      passed += part.length
      if (passed >= fault.after) setTimeout(dead, 20)
    } else stream.write(part)
  })
  request.on('end', () => {
    if (fault?.$case !== 'cut' || passed < fault.after) stream.end()
  })
}
