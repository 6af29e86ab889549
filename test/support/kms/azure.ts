/**
 * A stand-in for Azure Key Vault and for the service that gives tokens for it: both under their real
 * names, behind a proxy on loopback, with real keys. It challenges for a token, wants an api-version,
 * and refuses what the reference says that the service refuses. It is not the service.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import type { SigningKeySpec } from '../../../src/crypto/key-spec.ts'
import { startHttps, type Authority } from './authority.ts'
import { HASHES, holdKey, signDigest, type EcSpec, type HeldKey } from './held-key.ts'
import type { Mischief, Requests } from './mischief.ts'

export const AZURE_VAULT = 'custody-vault'
const HOST = `${AZURE_VAULT}.vault.azure.net`
const TENANT = '11111111-2222-3333-4444-555555555555'
const CURVES = { EC_P256: 'P-256', EC_P384: 'P-384', EC_SECP256K1: 'P-256K' } as const
const ALGORITHMS = { EC_P256: 'ES256', EC_P384: 'ES384', EC_SECP256K1: 'ES256K' } as const

interface AzureKey {
  readonly name: string
  readonly version: string
  readonly held: HeldKey
  type: string
  curve: string
  operations: string[]
  enabled: boolean
}

export interface AzureMischief extends Mischief {
  /** Tells busy clients when to come again: in this many seconds. */
  retryAfter?: number
}

export interface AzureStandIn extends Requests {
  /** For HTTPS_PROXY. */
  readonly proxy: string
  readonly mischief: AzureMischief
  /** What a client has to say to get a token. */
  readonly environment: Readonly<Record<string, string>>
  hold(keySpec: EcSpec, name?: string): AzureKey
  readonly close: () => Promise<void>
}

class Refusal extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
}

type Input = Readonly<Record<string, unknown>>

/** A proxy that knows one way: every name leads to the stand-in. */
async function startProxy(port: number): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer()
  const sockets = new Set<{ destroy(): unknown }>()
  server.on('connect', (_request, client) => {
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      upstream.pipe(client)
      client.pipe(upstream)
    })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {
        client.destroy()
        upstream.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export async function startAzure(authority: Authority): Promise<AzureStandIn> {
  const keys: AzureKey[] = []
  const mischief: AzureMischief = {}
  const names: string[] = []
  const environment = {
    AZURE_TENANT_ID: TENANT,
    AZURE_CLIENT_ID: '99999999-8888-7777-6666-555555555555',
    AZURE_CLIENT_SECRET: 'a-secret-of-the-stand-in-17320508',
  }
  const tokens = new Set<string>()

  const hold = (keySpec: EcSpec, name = `key-${keys.length}`): AzureKey => {
    const key: AzureKey = {
      name,
      version: randomBytes(16).toString('hex'),
      held: holdKey(keySpec),
      type: 'EC',
      curve: CURVES[keySpec],
      operations: ['sign', 'verify'],
      enabled: true,
    }
    keys.push(key)
    return key
  }
  const kid = ({ name, version }: AzureKey): string => `https://${HOST}/keys/${name}/${version}`
  const bundle = (key: AzureKey): Input => {
    const { x, y } = key.held.privateKey.export({ format: 'jwk' })
    return {
      key: { kid: kid(key), kty: key.type, crv: key.curve, x, y, key_ops: key.operations },
      attributes: { enabled: key.enabled, created: 1_700_000_000, updated: 1_700_000_000 },
    }
  }
  const find = (name: string, version: string | undefined): AzureKey => {
    const own = keys.filter((key) => key.name === name)
    const key = version === undefined ? own.at(-1) : own.find((one) => one.version === version)
    if (key !== undefined) return key
    throw new Refusal(
      404,
      'KeyNotFound',
      `A key with (name/id) ${name} was not found in this key vault.`,
    )
  }

  const sign = (key: AzureKey, input: Input): Input => {
    const keySpec = key.held.keySpec as Exclude<SigningKeySpec, 'EC_CURVE25519'>
    if (!key.enabled) {
      throw new Refusal(403, 'Forbidden', 'Operation sign is not allowed on a disabled key.')
    }
    if (!key.operations.includes('sign')) {
      throw new Refusal(403, 'Forbidden', 'Operation sign is not permitted on this key.')
    }
    if (input['alg'] !== ALGORITHMS[keySpec]) {
      throw new Refusal(400, 'BadParameter', 'Key and signing algorithm are incompatible.')
    }
    const digest = new Uint8Array(Buffer.from(String(input['value']), 'base64url'))
    const length = HASHES[keySpec] === 'sha384' ? 48 : 32
    if (digest.length !== length) {
      throw new Refusal(400, 'BadParameter', `Invalid length of value: ${digest.length} bytes.`)
    }
    const made = signDigest(key.held, digest, 'compact')
    const value = Buffer.from(mischief.signature?.(made, digest) ?? made).toString('base64url')
    return { kid: kid(key), value }
  }

  const vault = (request: IncomingMessage, url: URL, body: string): Answer => {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined || !tokens.has(token)) {
      const challenge = `Bearer authorization="https://login.microsoftonline.com/${TENANT}", resource="https://vault.azure.net"`
      return {
        status: 401,
        headers: { 'www-authenticate': challenge },
        body: { error: { code: 'Unauthorized', message: 'AKV10000: Request is missing a token.' } },
      }
    }
    if (!/^(7\.[0-9]|20[0-9-]+)/.test(url.searchParams.get('api-version') ?? '')) {
      throw new Refusal(400, 'BadParameter', 'The specified version is not recognized.')
    }
    if (mischief.expired === true)
      throw new Refusal(403, 'Forbidden', 'The user does not have keys sign permission')
    if ((mischief.throttled ?? 0) > 0) {
      mischief.throttled = (mischief.throttled ?? 0) - 1
      const { retryAfter } = mischief
      return {
        status: 429,
        headers: retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
        body: { error: { code: 'Throttled', message: 'Too many requests' } },
      }
    }
    const [, , name, second, third] = url.pathname.split('/')
    const input = body === '' ? {} : (JSON.parse(body) as Input)
    if (name === undefined) {
      const own = [...new Set(keys.map((key) => key.name))]
      return {
        body: {
          value: own.map((one) => ({ kid: `https://${HOST}/keys/${one}`, attributes: {} })),
          nextLink: null,
        },
      }
    }
    if (second === 'versions') {
      const own = keys.filter((key) => key.name === name)
      const value = own.map((key) => ({ kid: kid(key), attributes: { enabled: key.enabled } }))
      return { body: { value, nextLink: null } }
    }
    if (second === 'create') {
      const keySpec = (Object.keys(CURVES) as EcSpec[]).find((one) => CURVES[one] === input['crv'])
      if (keySpec === undefined) throw new Refusal(400, 'BadParameter', 'crv is not supported')
      const key = hold(keySpec, name)
      key.type = String(input['kty'])
      return { body: bundle(key) }
    }
    const key = find(name, second === '' ? undefined : second)
    if (third === 'sign') return { body: sign(key, input) }
    return { body: bundle(key) }
  }

  const login = (url: URL, body: string): Answer => {
    if (url.pathname.endsWith('/discovery/instance')) {
      return {
        body: {
          tenant_discovery_endpoint: `https://login.microsoftonline.com/${TENANT}/v2.0/.well-known/openid-configuration`,
          'api-version': '1.1',
          metadata: [
            {
              preferred_network: 'login.microsoftonline.com',
              preferred_cache: 'login.windows.net',
              aliases: ['login.microsoftonline.com', 'login.windows.net'],
            },
          ],
        },
      }
    }
    if (url.pathname.endsWith('/.well-known/openid-configuration')) {
      const base = `https://login.microsoftonline.com/${TENANT}`
      return {
        body: {
          token_endpoint: `${base}/oauth2/v2.0/token`,
          authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
          issuer: `${base}/v2.0`,
          jwks_uri: `${base}/discovery/v2.0/keys`,
        },
      }
    }
    const form = new URLSearchParams(body)
    if (
      form.get('client_id') !== environment.AZURE_CLIENT_ID ||
      form.get('client_secret') !== environment.AZURE_CLIENT_SECRET ||
      form.get('scope')?.includes('https://vault.azure.net/.default') !== true
    ) {
      return {
        status: 401,
        body: {
          error: 'invalid_client',
          error_description: 'AADSTS7000215: Invalid client secret provided.',
          error_codes: [7000215],
        },
      }
    }
    const token = randomBytes(20).toString('hex')
    tokens.add(token)
    return {
      body: { token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599, access_token: token },
    }
  }

  const server = await startHttps(authority, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { host = '' } = request.headers
      const url = new URL(request.url ?? '', `https://${host}`)
      const body = Buffer.concat(chunks).toString('utf8')
      names.push(`${request.method ?? ''} ${host} ${url.pathname}`)
      const isVault = host === HOST
      if (isVault && mischief.silent === true) return
      let answer: Answer
      try {
        answer = isVault ? vault(request, url, body) : login(url, body)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        answer = {
          status: error.status,
          body: { error: { code: error.code, message: error.message } },
        }
      }
      response.writeHead(answer.status ?? 200, {
        'content-type': 'application/json; charset=utf-8',
        ...answer.headers,
      })
      response.end(JSON.stringify(answer.body))
    })
  })
  const proxy = await startProxy(server.port)
  return {
    proxy: proxy.url,
    mischief,
    names,
    environment,
    hold,
    close: async () => {
      await proxy.close()
      await server.close()
    },
  }
}
