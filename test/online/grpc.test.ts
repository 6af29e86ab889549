/** The transport for gRPC against servers over real sockets (docs/decisions/0007-grpc.md). */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { createServer as createHttpServer, type IncomingMessage } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { CantosignError } from '../../src/base/errors.ts'
import type { HostPort } from '../../src/online/address.ts'
import { Routes, type ConnectionSettings } from '../../src/online/connection.ts'
import { GrpcConnection } from '../../src/online/grpc.ts'
import {
  Identity,
  PartyReplication,
  TopologyRead,
  TopologyWrite,
} from '../../src/online/wire/services.ts'
import { decodeApiMessage } from '../../src/online/wire/codec.ts'
import { makeAuthority, makeCertificate } from './support/certificates.ts'
import {
  cantonError,
  grpcError,
  never,
  reply,
  settingsFor,
  startServer,
  status,
  type Handler,
} from './support/server.ts'

const directory = mkdtempSync(join(tmpdir(), 'cantosign-grpc-'))
const closing: (() => void)[] = []
afterEach(() => {
  vi.unstubAllEnvs()
  for (const close of closing.splice(0)) close()
})
afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})

function connectTo(target: HostPort, changes: Partial<ConnectionSettings> = {}): GrpcConnection {
  const connection = new GrpcConnection(new Routes(settingsFor(changes)).grpc(target))
  closing.push(() => {
    connection.close()
  })
  return connection
}

async function serve(
  method: Parameters<typeof startServer>[0][number][0],
  handler: Handler,
  tls?: Parameters<typeof startServer>[1],
): Promise<HostPort> {
  const { address, stop } = await startServer([[method, handler]], tls)
  closing.push(stop)
  return address
}

const unary = (run: Extract<Handler, { $case: 'unary' }>['run']): Handler => ({
  $case: 'unary',
  run,
})

async function errorOf(promise: Promise<unknown>): Promise<CantosignError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof CantosignError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const id = reply('GetIdResponse', { initialized: true, uniqueIdentifier: 'p::1220' })

describe('a unary call', () => {
  it('brings request and response across', async () => {
    const target = await serve(
      TopologyRead.ListAll,
      unary(({ request }) => {
        const { filterNamespace } = decodeApiMessage('ListAllRequest', new Uint8Array(request))
        return reply('ListAllResponse', { result: new TextEncoder().encode(filterNamespace) })
      }),
    )
    const { result } = await connectTo(target).unary(
      TopologyRead.ListAll,
      { filterNamespace: '1220ab' },
      { effect: 'read' },
    )
    expect(new TextDecoder().decode(result)).toBe('1220ab')
  })

  it('is given up at its deadline, and the server is told', async () => {
    let told = false
    const target = await serve(
      Identity.GetId,
      unary(async ({ cancelled }) => {
        void cancelled.then(() => (told = true))
        return await never()
      }),
    )
    const error = await errorOf(
      connectTo(target).unary(Identity.GetId, {}, { effect: 'read', timeoutMillis: 300 }),
    )
    expect(error.code).toBe('deadline-exceeded')
    expect(error.message).toContain('within 0.3 seconds')
    await expect.poll(() => told).toBe(true)
  })

  it('that changes something and got no answer has an unknown outcome', async () => {
    const target = await serve(TopologyWrite.Authorize, unary(never))
    const error = await errorOf(
      connectTo(target).unary(
        TopologyWrite.Authorize,
        {},
        { effect: 'change', timeoutMillis: 300 },
      ),
    )
    expect(error.code).toBe('outcome-unknown')
  })

  it('that changes something and got an answer that cannot be read has an unknown outcome', async () => {
    const target = await serve(
      TopologyWrite.Authorize,
      unary(() => Buffer.alloc(20, 0xff)),
    )
    const error = await errorOf(
      connectTo(target).unary(TopologyWrite.Authorize, {}, { effect: 'change' }),
    )
    expect(error.code).toBe('outcome-unknown')
    expect(error.message).toContain('AuthorizeResponse')
  })

  it('gives Canton code, cause and request id of the trailers', async () => {
    const target = await serve(
      TopologyWrite.AddTransactions,
      unary(() =>
        cantonError(status.FAILED_PRECONDITION, 'TOPOLOGY_SERIAL_MISMATCH', 'expected 3'),
      ),
    )
    const error = await errorOf(
      connectTo(target).unary(TopologyWrite.AddTransactions, {}, { effect: 'repeatable' }),
    )
    expect(error.code).toBe('ledger-refused')
    expect(error.message).toContain('expected 3')
    expect(error.details).toMatchObject({
      cantonCode: 'TOPOLOGY_SERIAL_MISMATCH',
      requestId: '0123456789abcdef',
      grpcStatus: 'FAILED_PRECONDITION',
    })
  })

  it('is repeated where Canton says so and it is safe', async () => {
    let count = 0
    const target = await serve(
      TopologyWrite.AddTransactions,
      unary(() => {
        count++
        return count < 3
          ? cantonError(status.ABORTED, 'TOPOLOGY_TOO_MANY_PENDING_TOPOLOGY_TRANSACTIONS', 'busy', {
              retryMillis: 10,
            })
          : reply('AddTransactionsResponse', {})
      }),
    )
    await connectTo(target).unary(TopologyWrite.AddTransactions, {}, { effect: 'repeatable' })
    expect(count).toBe(3)
  })

  it('is repeated where a participant that goes down cancelled it', async () => {
    let count = 0
    const target = await serve(
      Identity.GetId,
      unary(() =>
        ++count < 3 ? grpcError(status.CANCELLED, 'Call cancelled') : reply('GetIdResponse', {}),
      ),
    )
    await connectTo(target).unary(Identity.GetId, {}, { effect: 'read' })
    expect(count).toBe(3)
    const always = await serve(
      Identity.GetId,
      unary(() => grpcError(status.CANCELLED, 'Call cancelled')),
    )
    const call = { effect: 'read', timeoutMillis: 300 } as const
    const error = await errorOf(connectTo(always).unary(Identity.GetId, {}, call))
    expect(error.code).toBe('connection-failed')
    const change = await errorOf(connectTo(always).unary(Identity.GetId, {}, { effect: 'change' }))
    expect(change.code).toBe('outcome-unknown')
  })

  it('is never repeated where it is not safe', async () => {
    let count = 0
    const target = await serve(
      TopologyWrite.Authorize,
      unary(() => {
        count++
        return grpcError(status.UNAVAILABLE, 'going away')
      }),
    )
    const error = await errorOf(
      connectTo(target).unary(TopologyWrite.Authorize, {}, { effect: 'change' }),
    )
    expect(error.code).toBe('outcome-unknown')
    expect(count).toBe(1)
  })

  it('is not repeated for a refusal', async () => {
    let count = 0
    const target = await serve(
      Identity.GetId,
      unary(() => {
        count++
        return cantonError(status.NOT_FOUND, 'TOPOLOGY_STORE_NOT_FOUND', 'no such store')
      }),
    )
    await errorOf(connectTo(target).unary(Identity.GetId, {}, { effect: 'read' }))
    expect(count).toBe(1)
  })

  it('explains a redacted refusal', async () => {
    const text =
      'An error occurred. Please contact the operator and inquire about the request abc123 with tid 77'
    const target = await serve(
      TopologyWrite.AddTransactions,
      unary(() => grpcError(status.INVALID_ARGUMENT, text)),
    )
    const error = await errorOf(
      connectTo(target).unary(TopologyWrite.AddTransactions, {}, { effect: 'repeatable' }),
    )
    expect(error.code).toBe('ledger-redacted')
    expect(error.details).toMatchObject({ requestId: 'abc123' })
    expect(error.hint).toContain('verify PACKAGE')
  })

  it('shows text of the other side without what drives a terminal', async () => {
    const target = await serve(
      Identity.GetId,
      unary(() => grpcError(status.INTERNAL, 'a\u001b[31mred\u202e')),
    )
    const error = await errorOf(connectTo(target).unary(Identity.GetId, {}, { effect: 'read' }))
    expect(error.message).not.toMatch(/[\u001b\u202e]/)
  })

  it('refuses an answer above the message limit', async () => {
    const target = await serve(
      TopologyRead.ListAll,
      unary(() => reply('ListAllResponse', { result: new Uint8Array(65 * 1024 * 1024) })),
    )
    const error = await errorOf(
      connectTo(target).unary(
        TopologyRead.ListAll,
        {},
        { effect: 'read', filter: 'narrow it with --namespace' },
      ),
    )
    expect(error.code).toBe('response-too-large')
    expect(error.hint).toBe('narrow it with --namespace')
  })

  it('refuses an answer that is above the limit once it is unpacked', async () => {
    const packed = gzipSync(Buffer.alloc(65 * 1024 * 1024))
    const head = Buffer.of(1, 0, 0, 0, 0)
    head.writeUInt32BE(packed.length, 1)
    const server = createHttp2Server((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/grpc', 'grpc-encoding': 'gzip' })
      response.end(Buffer.concat([head, packed]))
    })
    closing.push(() => server.close())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const error = await errorOf(
      connectTo({ host: '127.0.0.1', port }).unary(
        TopologyRead.ListAll,
        {},
        { effect: 'read', filter: 'narrow it with --namespace' },
      ),
    )
    expect(error.code).toBe('response-too-large')
    expect(error.hint).toBe('narrow it with --namespace')
    expect(error.message).toContain(String(64 * 1024 * 1024))
  })

  it.each([
    ['a varint without its end', '0880'],
    ['a length beyond the end', '12ff'],
  ])('refuses an answer that is %s', async (_what, hex) => {
    const target = await serve(
      Identity.GetId,
      unary(() => Buffer.from(hex, 'hex')),
    )
    const error = await errorOf(connectTo(target).unary(Identity.GetId, {}, { effect: 'read' }))
    expect(error.code).toBe('response-malformed')
  })

  it('says that there is no such call', async () => {
    const target = await serve(
      Identity.GetId,
      unary(() => id),
    )
    const error = await errorOf(
      connectTo(target).unary(TopologyRead.ListAllV2, {}, { effect: 'read' }),
    )
    expect(error.code).toBe('ledger-unsupported')
  })

  it('says that nobody listens', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const error = await errorOf(
      connectTo({ host: '127.0.0.1', port }).unary(
        Identity.GetId,
        {},
        { effect: 'change', timeoutMillis: 2_000 },
      ),
    )
    // Nothing was sent, so that nothing can have changed.
    expect(error.code).toBe('connection-failed')
  })

  it('says that the other side speaks something else', async () => {
    const server = createServer((socket) => {
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closing.push(() => server.close())
    const { port } = server.address() as AddressInfo
    const error = await errorOf(
      connectTo({ host: '127.0.0.1', port }).unary(
        Identity.GetId,
        {},
        { effect: 'read', timeoutMillis: 1_000 },
      ),
    )
    expect(['connection-failed', 'deadline-exceeded', 'ledger-failed']).toContain(error.code)
  })

  it('survives a connection that breaks in the middle, if it is a read', async () => {
    let count = 0
    const target = await serve(
      Identity.GetId,
      unary(async () => {
        count++
        if (count > 1) return id
        for (const socket of sockets) socket.destroy()
        return await never()
      }),
    )
    const sockets = new Set<Socket>()
    // A relay whose connections can be cut.
    const relay = createServer((near) => {
      const far = connect(target.port, target.host)
      near.pipe(far).pipe(near)
      for (const socket of [near, far]) {
        sockets.add(socket)
        socket.on('error', () => undefined)
      }
    })
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
    closing.push(() => relay.close())
    const { port } = relay.address() as AddressInfo
    const answer = await connectTo({ host: '127.0.0.1', port }).unary(
      Identity.GetId,
      {},
      { effect: 'read' },
    )
    expect(answer.uniqueIdentifier).toBe('p::1220')
    expect(count).toBe(2)
  })
})

describe('streams', () => {
  const chunk = (size: number): Buffer =>
    reply('ExportTopologySnapshotV2Response', { chunk: new Uint8Array(size) })

  it('bring what comes, in order, and end', async () => {
    const target = await serve(TopologyRead.ExportTopologySnapshotV2, {
      $case: 'stream',
      run: function* () {
        yield chunk(1)
        yield chunk(2)
        yield chunk(3)
      },
    })
    const sizes: number[] = []
    const stream = connectTo(target).stream(
      TopologyRead.ExportTopologySnapshotV2,
      {},
      { effect: 'read' },
    )
    for await (const part of stream) sizes.push(part.chunk.length)
    expect(sizes).toEqual([1, 2, 3])
  })

  it('are held back by a slow reader', async () => {
    let sent = 0
    const target = await serve(TopologyRead.ExportTopologySnapshotV2, {
      $case: 'stream',
      run: function* () {
        for (; sent < 2_000; sent++) yield chunk(100_000)
      },
    })
    const stream = connectTo(target).stream(
      TopologyRead.ExportTopologySnapshotV2,
      {},
      { effect: 'read' },
    )
    await stream.next()
    await new Promise((resolve) => setTimeout(resolve, 500))
    // 200 MB are on offer; what is under way fits the windows of HTTP/2 and a few buffers.
    expect(sent).toBeLessThan(500)
    await stream.return(undefined)
  })

  it('end at the server when they are left', async () => {
    let told = false
    const target = await serve(TopologyRead.ExportTopologySnapshotV2, {
      $case: 'stream',
      run: async function* ({ cancelled }) {
        void cancelled.then(() => (told = true))
        yield chunk(1)
        await never()
      },
    })
    for await (const part of connectTo(target).stream(
      TopologyRead.ExportTopologySnapshotV2,
      {},
      { effect: 'read' },
    )) {
      expect(part.chunk.length).toBe(1)
      break
    }
    await expect.poll(() => told).toBe(true)
  })

  it('are given up when nothing comes', async () => {
    const target = await serve(TopologyRead.ExportTopologySnapshotV2, {
      $case: 'stream',
      run: async function* () {
        yield chunk(1)
        await never()
      },
    })
    const stream = connectTo(target).stream(
      TopologyRead.ExportTopologySnapshotV2,
      {},
      { effect: 'read' },
      300,
    )
    await stream.next()
    expect((await errorOf(stream.next())).code).toBe('deadline-exceeded')
  })

  it('give the error that ends them', async () => {
    const target = await serve(TopologyRead.ExportTopologySnapshotV2, {
      $case: 'stream',
      run: function* () {
        yield chunk(1)
        throw cantonError(status.NOT_FOUND, 'TOPOLOGY_STORE_NOT_FOUND', 'no such store')
      },
    })
    const stream = connectTo(target).stream(
      TopologyRead.ExportTopologySnapshotV2,
      {},
      { effect: 'read' },
    )
    await stream.next()
    expect((await errorOf(stream.next())).details).toMatchObject({
      cantonCode: 'TOPOLOGY_STORE_NOT_FOUND',
    })
  })

  it('carry many requests to one answer', async () => {
    const received: number[] = []
    const target = await serve(PartyReplication.ImportPartyAcs, {
      $case: 'collect',
      run: async (requests) => {
        for await (const request of requests) {
          const { acsSnapshot, partyId } = decodeApiMessage(
            'ImportPartyAcsRequest',
            new Uint8Array(request),
          )
          received.push(acsSnapshot.length + (partyId?.length ?? 0))
        }
        return reply('ImportPartyAcsResponse', {})
      },
    })
    const parts = [
      { acsSnapshot: new Uint8Array(3), partyId: 'p' },
      { acsSnapshot: new Uint8Array(2) },
    ]
    await connectTo(target).clientStream(PartyReplication.ImportPartyAcs, parts, {
      effect: 'change',
    })
    expect(received).toEqual([4, 2])
  })

  it('of requests stop when the server has had enough', async () => {
    const target = await serve(PartyReplication.ImportPartyAcs, {
      $case: 'collect',
      run: async () => {
        await Promise.resolve()
        throw cantonError(
          status.FAILED_PRECONDITION,
          'PARTY_ACS_IMPORT_MISSING_ONBOARDING_MAPPING',
          'no flag',
        )
      },
    })
    let made = 0
    const parts = async function* () {
      for (; made < 100_000; made++) {
        yield { acsSnapshot: new Uint8Array(10_000) }
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    const error = await errorOf(
      connectTo(target).clientStream(PartyReplication.ImportPartyAcs, parts(), {
        effect: 'change',
      }),
    )
    expect(error.details).toMatchObject({
      cantonCode: 'PARTY_ACS_IMPORT_MISSING_ONBOARDING_MAPPING',
    })
    expect(made).toBeLessThan(100_000)
  })
})

describe('TLS', () => {
  const authority = makeAuthority('authority')
  const stranger = makeAuthority('stranger')
  const good = makeCertificate('good', authority)
  const expired = makeCertificate('expired', authority, undefined, -1)
  const elsewhere = makeCertificate('elsewhere', authority, 'DNS:example.com')
  const client = makeCertificate('client', authority, 'DNS:client')
  const strange = makeCertificate('strange', stranger, 'DNS:client')
  const ask = (target: HostPort, tls: ConnectionSettings['tls']) =>
    connectTo(target, { tls }).unary(Identity.GetId, {}, { effect: 'read', timeoutMillis: 10_000 })

  it('is spoken with an authority that is named', async () => {
    const target = await serve(
      Identity.GetId,
      unary(() => id),
      { server: good },
    )
    expect((await ask(target, { ca: authority.cert })).uniqueIdentifier).toBe('p::1220')
  })

  it.each([
    ['a wrong authority', good, { ca: stranger.cert }, '--tls-ca'],
    ['an expired certificate', expired, { ca: authority.cert }, 'has ended'],
    ['the certificate of another host', elsewhere, { ca: authority.cert }, 'another host'],
  ])('fails at once with %s', async (_what, server, tls, hint) => {
    const target = await serve(
      Identity.GetId,
      unary(() => id),
      { server },
    )
    const error = await errorOf(ask(target, tls))
    expect(error.code).toBe('tls-failed')
    expect(error.hint).toContain(hint)
  })

  it('is verified even where NODE_TLS_REJECT_UNAUTHORIZED is 0', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    for (const [server, ca] of [
      [good, stranger.cert],
      [elsewhere, authority.cert],
    ] as const) {
      const target = await serve(
        Identity.GetId,
        unary(() => id),
        { server },
      )
      expect((await errorOf(ask(target, { ca }))).code).toBe('tls-failed')
    }
  })

  it('is not spoken to this machine unless a file for it is named, and the hint says so', async () => {
    const target = await serve(
      Identity.GetId,
      unary(() => id),
      { server: good },
    )
    const error = await errorOf(
      connectTo(target, { plaintext: false }).unary(
        Identity.GetId,
        {},
        { effect: 'read', timeoutMillis: 1_000 },
      ),
    )
    expect(error.code).toBe('connection-failed')
    expect(error.hint).toContain('--tls-ca')
  })

  it('shows the server who calls', async () => {
    const target = await serve(
      Identity.GetId,
      unary(() => id),
      {
        server: good,
        clientAuthority: authority.cert,
      },
    )
    const { cert, key } = client
    expect((await ask(target, { ca: authority.cert, cert, key })).initialized).toBe(true)
  })

  it.each([
    ['without a certificate', {}],
    ['with one of a stranger', { cert: strange.cert, key: strange.key }],
  ])('does not reach a server that asks for a certificate %s', async (_what, files) => {
    const target = await serve(
      Identity.GetId,
      unary(() => id),
      {
        server: good,
        clientAuthority: authority.cert,
      },
    )
    const error = await errorOf(
      connectTo(target, { tls: { ca: authority.cert, ...files } }).unary(
        Identity.GetId,
        {},
        { effect: 'read', timeoutMillis: 3_000 },
      ),
    )
    expect(['tls-failed', 'connection-failed']).toContain(error.code)
    // Of what OpenSSL says the reason alone, without its line and the end of that.
    expect(error.message).not.toMatch(/SSL routines|\\u\{a\}/)
  })

  it('is not spoken to a server without it', async () => {
    const target = await serve(
      Identity.GetId,
      unary(() => id),
    )
    const error = await errorOf(ask(target, { ca: authority.cert }))
    expect(error.code).toBe('tls-failed')
    expect(error.hint).toContain('--plaintext')
  })

  it.each([
    ['a file that is no certificate', { ca: good.key }],
    [
      'a key that is not of the certificate',
      { ca: authority.cert, cert: client.cert, key: good.key },
    ],
  ])('is refused with %s', (_what, tls) => {
    expect(() => new Routes(settingsFor({ tls })).grpc({ host: 'localhost', port: 1 })).toThrow(
      expect.objectContaining({ code: 'tls-file-invalid' }),
    )
  })

  it.each([
    ['to another machine without --plaintext', 'http'],
    ['with TLS files and --plaintext', 'both'],
    ['with half of what mTLS needs', 'half'],
  ])('is not left out %s', (_what, which) => {
    const host = 'participant.example.com'
    expect(() => {
      if (which === 'http') {
        new Routes(settingsFor({ plaintext: false })).json({
          host,
          port: 80,
          secure: false,
          prefix: '',
        })
      } else if (which === 'both') {
        new Routes(settingsFor({ plaintext: true, tls: { ca: authority.cert } })).grpc({
          host,
          port: 1,
        })
      } else new Routes(settingsFor({ tls: { cert: client.cert } })).grpc({ host, port: 1 })
    }).toThrow(CantosignError)
  })

  it('goes through a proxy that HTTPS_PROXY names', async () => {
    const named = makeCertificate('named', authority, 'DNS:participant.invalid')
    const target = await serve(
      Identity.GetId,
      unary(() => id),
      { server: named },
    )
    const asked: string[] = []
    const proxy = createHttpServer()
    proxy.on('connect', (request: IncomingMessage, near: Socket) => {
      asked.push(`${request.url ?? ''} ${request.headers['proxy-authorization'] ?? ''}`)
      // The name that is asked for does not exist: only the proxy knows the way.
      const far = connect(target.port, target.host, () => {
        near.write('HTTP/1.1 200 OK\r\n\r\n')
        far.pipe(near).pipe(far)
      })
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    closing.push(() => proxy.close())
    const { port } = proxy.address() as AddressInfo
    const answer = await connectTo(
      { host: 'participant.invalid', port: 5002 },
      {
        tls: { ca: authority.cert },
        proxy: { httpsProxy: `http://name:pass%20word@127.0.0.1:${port}` },
      },
    ).unary(Identity.GetId, {}, { effect: 'read' })
    expect(answer.initialized).toBe(true)
    expect(asked[0]).toBe(
      `participant.invalid:5002 Basic ${Buffer.from('name:pass word').toString('base64')}`,
    )
  })

  it.each([
    ['refused', (near: Socket) => near.end('HTTP/1.1 403 Forbidden\r\n\r\n')],
    ['hung up', (near: Socket) => near.destroy()],
  ])('says that the proxy %s', async (_what, answer) => {
    const proxy = createHttpServer()
    proxy.on('connect', (_request, near: Socket) => {
      answer(near)
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    closing.push(() => proxy.close())
    const { port } = proxy.address() as AddressInfo
    const error = await errorOf(
      connectTo(
        { host: 'participant.invalid', port: 5002 },
        { tls: { ca: authority.cert }, proxy: { httpsProxy: `http://127.0.0.1:${port}` } },
      ).unary(Identity.GetId, {}, { effect: 'read', timeoutMillis: 1_000 }),
    )
    expect(error.code).toBe('proxy-failed')
    expect(error.message).not.toContain('undefined')
  })
})

describe('a token', () => {
  const path = join(directory, 'token')
  const jwt = (exp: number): string =>
    `e30.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.c2ln`

  it('goes with every call, as the file has it then', async () => {
    const seen: unknown[] = []
    const target = await serve(
      Identity.GetId,
      unary(({ metadata }) => {
        seen.push(metadata.get('authorization')[0])
        return id
      }),
    )
    const connection = connectTo(target, { tokenFile: path })
    writeFileSync(path, 'first\n')
    await connection.unary(Identity.GetId, {}, { effect: 'read' })
    writeFileSync(path, 'second, which is longer'.replaceAll(/[ ,]/g, '-'))
    await connection.unary(Identity.GetId, {}, { effect: 'read' })
    expect(seen).toEqual(['Bearer first', 'Bearer second--which-is-longer'])
  })

  it('that has ended is named in the error, without the token', async () => {
    writeFileSync(path, jwt(1_000_000_000))
    const target = await serve(
      Identity.GetId,
      unary(() => grpcError(status.UNAUTHENTICATED, 'no')),
    )
    const error = await errorOf(
      connectTo(target, { tokenFile: path }).unary(Identity.GetId, {}, { effect: 'read' }),
    )
    expect(error.code).toBe('ledger-unauthenticated')
    expect(error.message).toContain('ended at 2001-09-09T01:46:40.000Z')
    expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain('e30.')
  })

  it('that is missing is asked for', async () => {
    const target = await serve(
      Identity.GetId,
      unary(() => grpcError(status.UNAUTHENTICATED, 'no')),
    )
    const error = await errorOf(connectTo(target).unary(Identity.GetId, {}, { effect: 'read' }))
    expect(error.hint).toContain('--token-file')
  })

  it('that does not suffice is told', async () => {
    writeFileSync(path, jwt(4_000_000_000))
    const target = await serve(
      Identity.GetId,
      unary(() => grpcError(status.PERMISSION_DENIED, 'no')),
    )
    const error = await errorOf(
      connectTo(target, { tokenFile: path }).unary(Identity.GetId, {}, { effect: 'read' }),
    )
    expect(error.code).toBe('ledger-forbidden')
  })

  it.each([
    ['nothing', ''],
    ['two words', 'Bearer abc'],
    ['a line break inside', 'a\nb'],
    ['what would end the header', 'a\r\nx: y'],
  ])('file with %s is refused', async (_what, content) => {
    writeFileSync(path, content)
    const target = await serve(
      Identity.GetId,
      unary(() => id),
    )
    const error = await errorOf(
      connectTo(target, { tokenFile: path }).unary(Identity.GetId, {}, { effect: 'read' }),
    )
    expect(['token-invalid', 'file-empty']).toContain(error.code)
    if (content !== '') expect(error.message).not.toContain(content)
  })

  it('file that is not there is named', async () => {
    const target = await serve(
      Identity.GetId,
      unary(() => id),
    )
    const error = await errorOf(
      connectTo(target, { tokenFile: join(directory, 'absent') }).unary(
        Identity.GetId,
        {},
        { effect: 'read' },
      ),
    )
    expect(error.code).toBe('file-unreadable')
  })
})
