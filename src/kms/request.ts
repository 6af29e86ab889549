/** HTTPS requests with limits, for services that no package of a vendor reaches. */
import { Agent as PlainAgent, request as startPlainRequest, type IncomingMessage } from 'node:http'
import { Agent, request as startRequest, type RequestOptions } from 'node:https'
import { createSecureContext } from 'node:tls'
import { CantosignError } from '../base/errors.ts'
import { readWholeFile } from '../host/files.ts'
import { answerFault, isUnreachable, serviceFault, textOf } from './faults.ts'

export interface ServiceRequest {
  readonly method: 'GET' | 'POST'
  /** Joined to the address of the service: path and query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

export interface ServiceAnswer {
  readonly status: number
  /** The media type without parameters, in lower case. */
  readonly mediaType: string
  readonly body: Uint8Array
}

export interface TlsFiles {
  /** Certificates that are trusted in place of the usual ones. */
  readonly ca?: string
  /** Who is asking, for services that want a certificate. */
  readonly certificate?: string
  readonly key?: string
}

/** A service at one address, over connections that are kept. */
export interface Service {
  readonly name: string
  /** @throws CantosignError `kms-unreachable`, `kms-answer` for answers that are too long */
  ask(request: ServiceRequest, signal: AbortSignal): Promise<ServiceAnswer>
  close(): void
}

/** Keys and signatures are small; so is what a service lists. */
const MAX_ANSWER_BYTES = 1024 * 1024
const MAX_FILE_BYTES = 1024 * 1024

const LOOPBACK = /^(127\.[0-9.]+|localhost|\[::1\])$/

async function collect(name: string, message: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_ANSWER_BYTES) {
      message.destroy()
      throw answerFault(name, `answers with more than ${MAX_ANSWER_BYTES} bytes`)
    }
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

/**
 * Prepares requests to one service. Nothing is sent yet. Redirections are not followed, proxies not
 * used.
 * @param address `https://HOST[:PORT][/PATH]`; `http:` to this machine itself alone
 * @throws CantosignError `key-uri-invalid`, `file-unreadable`, `kms-credentials` for unusable TLS files
 */
export function openService(name: string, address: string, files: TlsFiles = {}): Service {
  const url = URL.canParse(address) ? new URL(address) : undefined
  const plain = url?.protocol === 'http:'
  if (url === undefined || (!plain && url.protocol !== 'https:') || url.username !== '') {
    throw new CantosignError(
      'key-uri-invalid',
      `${name} has no address that can be asked`,
      'give https://HOST:PORT, without a name or password',
    )
  }
  if (plain && !LOOPBACK.test(url.hostname)) {
    throw new CantosignError(
      'key-uri-invalid',
      `${name} would be asked without encryption`,
      'give an address with https:; http: is for this machine itself',
    )
  }
  const agent = plain ? new PlainAgent({ keepAlive: true }) : tlsAgent(name, files)
  const start = plain ? startPlainRequest : startRequest
  const base = url.pathname.replace(/\/$/, '')
  const ask = async (
    { method, path, headers, body }: ServiceRequest,
    signal: AbortSignal,
  ): Promise<ServiceAnswer> => {
    const options: RequestOptions = {
      agent,
      method,
      signal,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? undefined : url.port,
      path: `${base}${path}`,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-length': body.length }) },
    }
    try {
      const message = await new Promise<IncomingMessage>((resolve, reject) => {
        const sent = start(options, resolve)
        sent.on('error', reject)
        sent.end(body)
      })
      return {
        status: message.statusCode ?? 0,
        mediaType: (message.headers['content-type'] ?? '').replace(/;.*$/s, '').toLowerCase(),
        body: await collect(name, message),
      }
    } catch (cause) {
      if (cause instanceof CantosignError) throw cause
      const code = textOf(cause, 'code')
      const said = isUnreachable(cause) ? code : textOf(cause, 'message')
      throw serviceFault('kms-unreachable', name, said, cause)
    }
  }
  return {
    name,
    ask,
    close: () => {
      agent.destroy()
    },
  }
}

/** @throws CantosignError `file-unreadable`, `kms-credentials` */
function tlsAgent(name: string, { ca, certificate, key }: TlsFiles): Agent {
  const read = (path: string | undefined): Buffer | undefined =>
    path === undefined ? undefined : Buffer.from(readWholeFile(path, MAX_FILE_BYTES))
  const secret = read(key)
  try {
    const secureContext = createSecureContext({
      minVersion: 'TLSv1.2',
      ca: read(ca),
      cert: read(certificate),
      key: secret,
    })
    // Verified whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    return new Agent({ keepAlive: true, secureContext, rejectUnauthorized: true })
  } catch (cause) {
    if (cause instanceof CantosignError) throw cause
    throw serviceFault('kms-credentials', name, textOf(cause, 'message'), cause)
  } finally {
    secret?.fill(0)
  }
}
