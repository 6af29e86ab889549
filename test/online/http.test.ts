/** The transport for the JSON Ledger API against servers over real sockets. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { CantosignError } from '../../src/base/errors.ts'
import { readJsonApiAddress } from '../../src/online/address.ts'
import { Routes, type ConnectionSettings } from '../../src/online/connection.ts'
import { JsonConnection } from '../../src/online/http.ts'
import { makeAuthority, makeCertificate } from './support/certificates.ts'
import { settingsFor } from './support/server.ts'

const directory = mkdtempSync(join(tmpdir(), 'cantosign-http-'))
const closing: (() => void)[] = []
afterEach(() => {
  vi.unstubAllEnvs()
  for (const close of closing.splice(0)) close()
})
afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const serve = async (listener: RequestListener): Promise<string> =>
  `http://127.0.0.1:${await listen(createServer(listener))}`

function connectTo(url: string, changes: Partial<ConnectionSettings> = {}): JsonConnection {
  const address = readJsonApiAddress(url, '--json-api')
  return new JsonConnection(new Routes(settingsFor(changes)).json(address), address)
}

const json =
  (status: number, body: unknown): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }

const get = { method: 'GET', path: '/v2/version' } as const

async function errorOf(promise: Promise<unknown>): Promise<CantosignError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof CantosignError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}

describe('a JSON call', () => {
  it('brings body and answer across, below the prefix of the address', async () => {
    const url = await serve((request, response) => {
      void bodyOf(request).then((text) => {
        json(200, { path: request.url, text, type: request.headers['content-type'] })(
          request,
          response,
        )
      })
    })
    const answer = await connectTo(`${url}/api/`).call(
      { method: 'POST', path: '/v2/parties?x=1', body: { partyHint: 'ä' } },
      { effect: 'read' },
    )
    expect(answer).toEqual({
      path: '/api/v2/parties?x=1',
      text: '{"partyHint":"ä"}',
      type: 'application/json',
    })
  })

  it('gives code, cause and request id of a JsCantonError', async () => {
    const url = await serve(
      json(409, {
        code: 'DUPLICATE_COMMAND',
        cause: 'taken',
        correlationId: 'c1',
        context: { category: '10' },
        grpcCodeValue: 6,
      }),
    )
    const error = await errorOf(connectTo(url).call(get, { effect: 'change' }))
    expect(error.code).toBe('ledger-refused')
    expect(error.details).toMatchObject({
      cantonCode: 'DUPLICATE_COMMAND',
      requestId: 'c1',
      grpcStatus: 'ALREADY_EXISTS',
    })
  })

  it.each([
    [400, 'ledger-failed', 'Invalid value for: body (Missing required field)'],
    [401, 'ledger-unauthenticated', ''],
    [403, 'ledger-forbidden', ''],
    [404, 'ledger-failed', 'Not found'],
    [413, 'ledger-busy', 'too many elements'],
    [501, 'ledger-unsupported', ''],
    [302, 'ledger-failed', ''],
  ])('takes a text with status %d for what it is', async (status, code, text) => {
    const url = await serve((_request, response) => {
      response.writeHead(status, { 'content-type': 'text/plain', location: 'http://127.0.0.1:1/' })
      response.end(text)
    })
    const error = await errorOf(connectTo(url).call(get, { effect: 'read', timeoutMillis: 2_000 }))
    expect(error.code).toBe(code)
    if (code === 'ledger-failed' && text !== '') expect(error.message).toContain(text)
  })

  it('shows the beginning of a failure that does not end', async () => {
    const cause = 'x'.repeat(1_000_000)
    const url = await serve(json(400, { code: 'X_Y', cause, correlationId: cause, context: {} }))
    const error = await errorOf(connectTo(url).call(get, { effect: 'read' }))
    expect(error.code).toBe('ledger-failed')
    expect(error.message).toContain('{"code":"X_Y","cause":"xxx')
    expect(JSON.stringify([error.message, error.details]).length).toBeLessThan(2_000)
  })

  it('that timed out on the other side while changing something has an unknown outcome', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(503, { 'content-type': 'text/plain' })
      response.end('The server was not able to produce a timely response to your request.')
    })
    const error = await errorOf(connectTo(url).call(get, { effect: 'change' }))
    expect(error.code).toBe('outcome-unknown')
  })

  it('is repeated where that is safe', async () => {
    let count = 0
    const url = await serve((request, response) => {
      count++
      if (count < 3)
        json(503, { code: 'NA', cause: 'later', retryInfo: '10 ms' })(request, response)
      else json(200, {})(request, response)
    })
    await connectTo(url).call(get, { effect: 'read' })
    expect(count).toBe(3)
  })

  it('is given up at its deadline', async () => {
    const url = await serve(() => undefined)
    const error = await errorOf(connectTo(url).call(get, { effect: 'read', timeoutMillis: 200 }))
    expect(error.code).toBe('deadline-exceeded')
  })

  it('is given up at its deadline while the answer trickles', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const timer = setInterval(() => response.write(' '), 50)
      closing.push(() => {
        clearInterval(timer)
      })
    })
    const error = await errorOf(connectTo(url).call(get, { effect: 'read', timeoutMillis: 500 }))
    expect(error.code).toBe('deadline-exceeded')
  })

  it.each([
    ['cut off', '{"version":"3.'],
    ['a page of something else', '<html>'],
    ['nothing', ''],
  ])('refuses an answer that is %s', async (_what, text) => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(text)
    })
    const error = await errorOf(connectTo(url).call(get, { effect: 'read' }))
    expect(error.code).toBe('response-malformed')
    const change = await errorOf(connectTo(url).call(get, { effect: 'change' }))
    expect(change.code).toBe('outcome-unknown')
  })

  it('notices that the connection broke in the middle of an answer', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
      response.write('{"a":')
      setTimeout(() => response.destroy(), 50)
    })
    const error = await errorOf(connectTo(url).call(get, { effect: 'change' }))
    expect(error.code).toBe('outcome-unknown')
  })

  it('refuses an answer above the message limit', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const part = Buffer.alloc(4 * 1024 * 1024, 0x20)
      let sent = 0
      const more = (): void => {
        if (response.destroyed || sent++ > 20) return
        response.write(part, more)
      }
      more()
    })
    const error = await errorOf(
      connectTo(url).call(get, { effect: 'read', filter: 'ask for less' }),
    )
    expect(error.code).toBe('response-too-large')
    expect(error.hint).toBe('ask for less')
  })

  it('says that nobody listens', async () => {
    const server = createServer()
    const port = await listen(server)
    await new Promise((resolve) => server.close(resolve))
    const error = await errorOf(
      connectTo(`http://127.0.0.1:${port}`).call(get, { effect: 'change', timeoutMillis: 1_000 }),
    )
    expect(error.code).toBe('connection-failed')
  })
})

describe('TLS', () => {
  const authority = makeAuthority('authority')
  const stranger = makeAuthority('stranger')
  const good = makeCertificate('good', authority)
  const expired = makeCertificate('expired', authority, undefined, -1)
  const elsewhere = makeCertificate('elsewhere', authority, 'DNS:example.com')
  const client = makeCertificate('client', authority, 'DNS:client')
  const pem = ({ cert, key }: typeof good) => ({ cert: readFileSync(cert), key: readFileSync(key) })
  const serveTls = async (options: Parameters<typeof createHttpsServer>[0]): Promise<number> =>
    await listen(createHttpsServer(options, json(200, { version: '3.5.10' })))

  it('is spoken with an authority that is named', async () => {
    const port = await serveTls(pem(good))
    const tls = { ca: authority.cert }
    for (const host of ['localhost', '127.0.0.1']) {
      const answer = await connectTo(`https://${host}:${port}`, { tls }).call(get, {
        effect: 'read',
      })
      expect(answer).toEqual({ version: '3.5.10' })
    }
  })

  it.each([
    ['a wrong authority', good, stranger.cert, '--tls-ca'],
    ['an expired certificate', expired, authority.cert, 'has ended'],
    ['the certificate of another host', elsewhere, authority.cert, 'another host'],
  ])('fails at once with %s', async (_what, server, ca, hint) => {
    const port = await serveTls(pem(server))
    const error = await errorOf(
      connectTo(`https://localhost:${port}`, { tls: { ca } }).call(get, { effect: 'read' }),
    )
    expect(error.code).toBe('tls-failed')
    expect(error.hint).toContain(hint)
  })

  it('is verified even where NODE_TLS_REJECT_UNAUTHORIZED is 0', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    for (const [server, ca] of [
      [good, stranger.cert],
      [elsewhere, authority.cert],
    ] as const) {
      const url = `https://localhost:${await serveTls(pem(server))}`
      const error = await errorOf(connectTo(url, { tls: { ca } }).call(get, { effect: 'read' }))
      expect(error.code).toBe('tls-failed')
    }
  })

  it('shows the server who calls, if it asks', async () => {
    const port = await serveTls({
      ...pem(good),
      ca: readFileSync(authority.cert),
      requestCert: true,
      rejectUnauthorized: true,
    })
    const url = `https://localhost:${port}`
    const ca = authority.cert
    const { cert, key } = client
    expect(await connectTo(url, { tls: { ca, cert, key } }).call(get, { effect: 'read' })).toEqual({
      version: '3.5.10',
    })
    const error = await errorOf(
      connectTo(url, { tls: { ca } }).call(get, { effect: 'read', timeoutMillis: 2_000 }),
    )
    expect(['tls-failed', 'connection-failed']).toContain(error.code)
    expect(error.message).not.toMatch(/SSL routines|\\u\{a\}/)
  })

  it('goes through a proxy that HTTPS_PROXY names, with the name of the target', async () => {
    const named = makeCertificate('named', authority, 'DNS:participant.invalid')
    const behind = await serveTls(pem(named))
    const asked: string[] = []
    const proxy = createServer()
    proxy.on('connect', (request: IncomingMessage, near: Socket) => {
      asked.push(request.url ?? '')
      const far = connect(behind, '127.0.0.1', () => {
        near.write('HTTP/1.1 200 OK\r\n\r\n')
        far.pipe(near).pipe(far)
      })
      far.on('error', () => undefined)
    })
    const port = await listen(proxy)
    const answer = await connectTo('https://participant.invalid', {
      tls: { ca: authority.cert },
      proxy: { httpsProxy: `http://127.0.0.1:${port}` },
    }).call(get, { effect: 'read' })
    expect(answer).toEqual({ version: '3.5.10' })
    expect(asked).toEqual(['participant.invalid:443'])
  })

  it('says that the proxy refused', async () => {
    const proxy = createServer()
    proxy.on('connect', (_request, near: Socket) => {
      near.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
    })
    const port = await listen(proxy)
    const error = await errorOf(
      connectTo('https://participant.invalid', {
        tls: { ca: authority.cert },
        proxy: { httpsProxy: `http://127.0.0.1:${port}` },
      }).call(get, { effect: 'read' }),
    )
    expect(error.code).toBe('proxy-failed')
    expect(error.message).toContain('407')
  })
})

describe('a token', () => {
  it.each([
    [401, 'text/plain', 'bad: TOKEN'],
    [500, 'text/plain', 'headers: Bearer TOKEN'],
    [400, 'application/json', '{"code":"X_TOKEN","cause":"no TOKEN","context":{"TOKEN":"TOKEN"}}'],
  ] as const)('is not shown either if a server repeats it with %i', async (status, type, text) => {
    const path = join(directory, 'token')
    writeFileSync(path, 'first-secret')
    const url = await serve((request, response) => {
      const token = request.headers.authorization?.slice('Bearer '.length) ?? ''
      // What comes afterwards is another one, and no less of a secret.
      writeFileSync(path, 'another-secret')
      response.writeHead(status, { 'content-type': type })
      response.end(text.replaceAll('TOKEN', token))
    })
    const error = await errorOf(connectTo(url, { tokenFile: path }).call(get, { effect: 'read' }))
    const shown = JSON.stringify([error.message, error.hint, error.details])
    expect(shown).toContain('(the token)')
    expect(shown).not.toContain('secret')
  })

  it('goes with the call and is never shown', async () => {
    const path = join(directory, 'token')
    writeFileSync(path, 'secret-token')
    let seen: string | undefined
    const url = await serve((request, response) => {
      seen = request.headers.authorization
      json(401, { code: 'NA', cause: 'The command is missing a JWT token' })(request, response)
    })
    const error = await errorOf(connectTo(url, { tokenFile: path }).call(get, { effect: 'read' }))
    expect(seen).toBe('Bearer secret-token')
    expect(error.code).toBe('ledger-unauthenticated')
    expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain('secret')
  })
})
