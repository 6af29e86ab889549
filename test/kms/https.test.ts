/** Keys behind a signing service of one's own: the byte contract of docs/keys.md section 6.5. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { connectedKeys } from '../../src/kms/index.ts'
import type { ConnectedOptions } from '../../src/signer/connected.ts'
import type { Signer } from '../../src/signer/signer.ts'
import {
  makeAuthority,
  startHttps,
  type Authority,
  type LoopbackServer,
} from '../support/kms/authority.ts'
import { codeOf, expectSigns, MESSAGE, refusalOf, signingCode } from '../support/kms/checks.ts'
import {
  holdKey,
  isHighS,
  otherS,
  sideBySide,
  signMessage,
  SPECS,
  type HeldKey,
} from '../support/kms/held-key.ts'

const TOKEN = 'a-bearer-of-the-test.16180339887498'

interface Answer {
  status?: number
  type?: string
  body?: Uint8Array | string
  headers?: Record<string, string>
  silent?: boolean
}

describe('https: against a server of the test', () => {
  let authority: Authority
  let bearer: LoopbackServer
  let mutual: LoopbackServer
  let held: HeldKey
  /** What the server does in place of what it should, for all requests or those that sign. */
  let instead: { get?: Answer; post?: (message: Uint8Array) => Answer } = {}
  let requests: string[] = []
  const keys = connectedKeys({})

  beforeAll(async () => {
    authority = makeAuthority()
    writeFileSync(join(authority.directory, 'token'), `${TOKEN}\n`)
    held = holdKey('EC_CURVE25519')
    const listener =
      (wantsToken: boolean): Parameters<typeof startHttps>[1] =>
      (request, response) => {
        const chunks: Buffer[] = []
        request.on('data', (chunk: Buffer) => chunks.push(chunk))
        request.on('end', () => {
          const { method = '', url = '', headers } = request
          requests.push(`${method} ${url}`)
          const message = new Uint8Array(Buffer.concat(chunks))
          const send = ({ status = 200, type, body = '', headers: more, silent }: Answer): void => {
            if (silent === true) return
            response.writeHead(status, {
              ...more,
              'content-type': type ?? 'application/octet-stream',
            })
            response.end(body)
          }
          if (wantsToken && headers.authorization !== `Bearer ${TOKEN}`) {
            send({ status: 401, type: 'text/plain', body: 'who are\u001b[31m you?' })
          } else if (method === 'GET') send(instead.get ?? { body: held.spki })
          else if (headers['content-type'] !== 'application/octet-stream') send({ status: 415 })
          else send(instead.post?.(message) ?? { body: signMessage(held, message) })
        })
      }
    bearer = await startHttps(authority, listener(true))
    mutual = await startHttps(authority, listener(false), { wantsClient: true })
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    instead = {}
    requests = []
  })
  afterAll(async () => {
    await bearer.close()
    await mutual.close()
    authority.remove()
  })

  const tokenFile = (): string => join(authority.directory, 'token')
  const open = async (options: ConnectedOptions = {}, more = ''): Promise<Signer> =>
    await keys.open(
      {
        scheme: 'https',
        text: `https://127.0.0.1:${bearer.port}/keys/1?unit=a${more}#ca=${authority.ca}&token-file=${tokenFile()}`,
      },
      options,
    )

  test.each(SPECS)(
    '%s: openssl verifies what it signs, by bearer and by certificate',
    async (keySpec) => {
      held = holdKey(keySpec)
      await expectSigns(await open(), held)
      expect(requests).toEqual(['GET /keys/1?unit=a', 'POST /keys/1?unit=a'])
      const { certificate, key } = authority.client
      const text = `https://127.0.0.1:${mutual.port}/k#ca=${authority.ca}&cert=${certificate}&key=${key}`
      await expectSigns(await keys.open({ scheme: 'https', text }, {}), held)
    },
  )

  test('an unknown authority is refused even where NODE_TLS_REJECT_UNAUTHORIZED is 0', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const text = `https://127.0.0.1:${bearer.port}/k#token-file=${tokenFile()}`
    expect(await codeOf(keys.open({ scheme: 'https', text }, {}))).toBe('kms-unreachable')
    expect(requests).toEqual([])
  })

  test('without a token, with another one, without a certificate, without an authority', async () => {
    const at = (port: number, parameters: string) =>
      codeOf(keys.open({ scheme: 'https', text: `https://127.0.0.1:${port}/k#${parameters}` }, {}))
    expect(await at(bearer.port, `ca=${authority.ca}`)).toBe('kms-credentials')
    writeFileSync(join(authority.directory, 'other'), 'other')
    const other = join(authority.directory, 'other')
    expect(await at(bearer.port, `ca=${authority.ca}&token-file=${other}`)).toBe('kms-credentials')
    expect(await at(mutual.port, `ca=${authority.ca}`)).toBe('kms-unreachable')
    expect(await at(bearer.port, `token-file=${tokenFile()}`)).toBe('kms-unreachable')
    const { certificate } = authority.client
    const wrong = `cert=${certificate}&key=${authority.server.key}`
    expect(await at(mutual.port, `ca=${authority.ca}&${wrong}`)).toBe('kms-credentials')
    expect(await at(mutual.port, `ca=${tokenFile()}`)).toMatch(/^kms-/)
  })

  test('what the server says is escaped, and the token is never part of it', async () => {
    writeFileSync(join(authority.directory, 'secret'), 'another-secret-token')
    const text = `https://127.0.0.1:${bearer.port}/k#ca=${authority.ca}&token-file=${authority.directory}/secret`
    const refusal = await refusalOf(keys.open({ scheme: 'https', text }, {}))
    expect(refusal.message).toContain('401 who are\\u{1b}[31m you?')
    expect(refusal.message).not.toContain(readFileSync(join(authority.directory, 'secret'), 'utf8'))
    instead.get = { status: 400, type: 'text/plain', body: `Authorization: Bearer ${TOKEN}` }
    const repeated = await refusalOf(open())
    expect(repeated.message).toContain('400 Authorization: Bearer (the token)')
    expect(repeated.message).not.toContain(TOKEN)
  })

  test.each([
    [
      'a redirection',
      { status: 302, headers: { location: 'https://127.0.0.1:1/' } },
      'kms-refused',
    ],
    ['a page', { type: 'text/html', body: '<html>' }, 'kms-answer'],
    ['a key in PEM', { type: 'application/x-pem-file', body: 'x' }, 'kms-answer'],
    ['too much', { body: new Uint8Array(1024 * 1024 + 1) }, 'kms-answer'],
    ['not there', { status: 404 }, 'kms-key-absent'],
    ['busy', { status: 429 }, 'kms-throttled'],
  ] as const)('%s', async (_what, answer, code) => {
    instead.get = answer
    expect(await codeOf(open())).toBe(code)
  })

  test('a public key with a byte behind it', async () => {
    instead.get = { body: Buffer.concat([held.spki, Buffer.of(0)]) }
    const signer = await open()
    expect(await signingCode(signer)).toMatch(/^(der|key)-/)
  })

  test.each(SPECS)(
    '%s: by another key, truncated, r and s side by side, in hex',
    async (keySpec) => {
      held = holdKey(keySpec)
      const by = async (change: (message: Uint8Array) => Uint8Array | string): Promise<string> => {
        instead.post = (message) => ({ body: change(message) })
        return await signingCode(await open())
      }
      const foreign = holdKey(keySpec)
      expect(await by((message) => signMessage(foreign, message))).toBe('signature-self-check')
      expect(await by((message) => signMessage(held, message).slice(0, -1))).toBe('signer-output')
      expect(await by((message) => Buffer.from(signMessage(held, message)).toString('hex'))).toBe(
        'signer-output',
      )
      if (keySpec === 'EC_CURVE25519') return
      expect(await by((message) => sideBySide(keySpec, signMessage(held, message)))).toBe(
        'signer-output',
      )
      instead.post = (message) => {
        const made = signMessage(held, message)
        return { body: isHighS(keySpec, made) ? made : otherS(keySpec, made) }
      }
      const signer = await open()
      expect(isHighS(keySpec, await signer.sign({ message: MESSAGE }))).toBe(true)
      signer.close()
    },
  )

  test('a server that does not answer has the time that it is given; one that comes round is waited for', async () => {
    instead.get = { silent: true }
    expect(await codeOf(open({ timeoutMilliseconds: 1000 }))).toBe('signer-timeout')
    delete instead.get
    let busy = 3
    instead.post = (message) =>
      busy-- > 0 ? { status: 503 } : { body: signMessage(held, message) }
    await expectSigns(await open(), held)
  })

  test('nothing is listed and nothing made', async () => {
    const uri = { scheme: 'https' as const, text: `https://127.0.0.1:${bearer.port}/k` }
    expect(await codeOf(keys.list(uri, {}))).toBe('usage')
    expect(await codeOf(keys.generate(uri, 'EC_P256', {}))).toBe('usage')
  })
})
