/** Calls with nothing but @grpc/grpc-js between the test and the sandbox. */
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import {
  Client,
  credentials,
  Metadata,
  type ChannelCredentials,
  type ServiceError,
} from '@grpc/grpc-js'
import { decodeApiMessage, encodeApiMessage, type ApiInput } from '../../src/online/wire/codec.ts'
import type { MessageTypes, Status } from '../../src/online/wire/generated/schema.ts'
import type { ApiMethod } from '../../src/online/wire/services.ts'
import { startSandbox, type SandboxServerOptions } from '../../src/sandbox/server/start.ts'

export const OPTIONS: SandboxServerOptions = {
  participants: 2,
  protocolVersion: 35,
  effectDelay: 1000n,
  clearanceDelay: 1000n,
  port: 0,
  tls: undefined,
  tokens: { admin: undefined, reader: undefined },
  stateFile: undefined,
  seed: 0,
}

const ends: (() => unknown)[] = []
afterAll(async () => {
  for (const end of ends.splice(0)) await end()
})

/** A directory that is gone when everything has ended. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cantosign-sandbox-'))
  ends.push(() => {
    rmSync(directory, { recursive: true, force: true })
  })
  return directory
}

export async function running(options: Partial<SandboxServerOptions> = {}) {
  const sandbox = await startSandbox({ ...OPTIONS, ...options })
  let stopped = false
  const stop = async (): Promise<void> => {
    if (!stopped) await sandbox.stop()
    stopped = true
  }
  ends.unshift(stop)
  const participant = (index: number) => {
    const found = sandbox.participants[index - 1]
    if (found === undefined) throw new Error(`no participant ${index}`)
    return found
  }
  return { ...sandbox, stop, participant }
}

export function clientOf(
  address: string,
  channel: ChannelCredentials = credentials.createInsecure(),
): Client {
  const client = new Client(address, channel, { 'grpc.max_receive_message_length': -1 })
  ends.push(() => {
    client.close()
  })
  return client
}

const same = (bytes: Buffer): Buffer => bytes

export function metadataOf(token: string | undefined): Metadata {
  const metadata = new Metadata()
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`)
  return metadata
}

export async function call<M extends ApiMethod>(
  client: Client,
  { path, request, response }: M,
  message: ApiInput<MessageTypes[M['request']]>,
  token?: string,
): Promise<MessageTypes[M['response']]> {
  const bytes = Buffer.from(encodeApiMessage(request, message as never))
  const answer = await new Promise<Buffer>((resolve, reject) => {
    client.makeUnaryRequest(path, same, same, bytes, metadataOf(token), (error, value) => {
      if (error === null) resolve(value ?? Buffer.alloc(0))
      else reject(error)
    })
  })
  return decodeApiMessage(response, new Uint8Array(answer)) as MessageTypes[M['response']]
}

export async function* stream<M extends ApiMethod>(
  client: Client,
  { path, request, response }: M,
  message: ApiInput<MessageTypes[M['request']]>,
): AsyncGenerator<MessageTypes[M['response']]> {
  const bytes = Buffer.from(encodeApiMessage(request, message as never))
  const answers: AsyncIterable<Buffer> = client.makeServerStreamRequest(path, same, same, bytes)
  for await (const answer of answers) {
    yield decodeApiMessage(response, new Uint8Array(answer)) as MessageTypes[M['response']]
  }
}

/** A call with many requests and one answer. */
export async function upload<M extends ApiMethod>(
  client: Client,
  { path, request, response }: M,
  messages: readonly ApiInput<MessageTypes[M['request']]>[],
): Promise<MessageTypes[M['response']]> {
  const answer = await new Promise<Buffer>((resolve, reject) => {
    const sending = client.makeClientStreamRequest(path, same, same, (error, value) => {
      if (error === null) resolve(value ?? Buffer.alloc(0))
      else reject(error)
    })
    for (const one of messages) sending.write(Buffer.from(encodeApiMessage(request, one as never)))
    sending.end()
  })
  return decodeApiMessage(response, new Uint8Array(answer)) as MessageTypes[M['response']]
}

export interface Failed {
  readonly status: number
  readonly text: string
  readonly details: Status | undefined
  /** From ErrorInfo. */
  readonly reason: string | undefined
}

/** How a call fails; anything else it does is a failure of the test. */
export async function failure(promise: Promise<unknown>): Promise<Failed> {
  try {
    await promise
  } catch (error) {
    if (!(error instanceof Error) || !('metadata' in error)) throw error
    const { code, details: text, metadata } = error as ServiceError
    const [value] = metadata.get('grpc-status-details-bin')
    const details =
      value === undefined || typeof value === 'string'
        ? undefined
        : decodeApiMessage('Status', new Uint8Array(value))
    const info = details?.details.find(({ typeUrl }) => typeUrl.endsWith('.ErrorInfo'))
    const reason = info && decodeApiMessage('ErrorInfo', info.value).reason
    return { status: code, text, details, reason }
  }
  throw new Error('the call went well')
}

/** A request to the JSON API; with a body it is a POST. */
export async function json(
  url: string,
  body?: unknown,
  token?: string,
): Promise<{ readonly status: number; readonly text: string; readonly type: string }> {
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  return await new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST'
    const sending = request(url, { method, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString('utf8'),
          type: response.headers['content-type'] ?? '',
        })
      })
    })
    sending.on('error', reject)
    sending.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
}
