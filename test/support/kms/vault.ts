/**
 * A stand-in for the transit engine of HashiCorp Vault and OpenBao: its HTTP interface, with real
 * keys, its defaults and what its handlers refuse. It is not the server.
 */
import type { IncomingMessage } from 'node:http'
import type { SigningKeySpec } from '../../../src/crypto/key-spec.ts'
import { startHttps, type Authority } from './authority.ts'
import { holdKey, sideBySide, signMessage, type HeldKey } from './held-key.ts'
import type { Mischief, Requests } from './mischief.ts'

const TYPES: Readonly<Record<string, SigningKeySpec>> = {
  ed25519: 'EC_CURVE25519',
  'ecdsa-p256': 'EC_P256',
  'ecdsa-p384': 'EC_P384',
}
const HASHES: Readonly<Record<string, string>> = {
  'sha2-256': 'sha256',
  'sha2-384': 'sha384',
  'sha2-512': 'sha512',
}

interface VaultKey {
  type: string
  versions: HeldKey[]
  derived: boolean
  minDecryptionVersion: number
}

export interface VaultMischief extends Mischief {
  /** What stands before the base64 of a signature. */
  prefix?: string
  /** What is shown as a public key. */
  publicKey?: string
  /** Sent as it is. */
  raw?: { status: number; body: string; headers?: Record<string, string> }
  sealed?: boolean
}

export interface VaultStandIn extends Requests {
  readonly address: string
  readonly token: string
  readonly namespace: string
  readonly mischief: VaultMischief
  hold(name: string, keySpec: SigningKeySpec): VaultKey
  rotate(name: string): void
  close(): Promise<void>
}

class Refusal extends Error {
  readonly status: number
  readonly errors: readonly string[]
  constructor(status: number, ...errors: readonly string[]) {
    super(errors.join())
    this.status = status
    this.errors = errors
  }
}

type Fields = Readonly<Record<string, unknown>>
type Input = Readonly<Record<string, string | number | boolean | undefined>>

const typeOf = (keySpec: SigningKeySpec): string =>
  Object.entries(TYPES).find(([, one]) => one === keySpec)?.[0] ?? 'rsa-2048'

export async function startVault(authority: Authority): Promise<VaultStandIn> {
  const keys = new Map<string, VaultKey>()
  const mischief: VaultMischief = {}
  const names: string[] = []
  const token = 'hvs.a-token-of-the-stand-in-27182818284590'
  const namespace = 'custody/team'

  const find = (name: string): VaultKey => {
    const key = keys.get(name)
    if (key === undefined) throw new Refusal(404)
    return key
  }
  const show = (name: string): Fields => {
    const key = find(name)
    const shown = key.versions.map((held, i) => {
      const bare = Buffer.from(held.spki.slice(-32)).toString('base64')
      const text = held.keySpec === 'EC_CURVE25519' ? bare : held.pem
      return [String(i + 1), { name: key.type, public_key: mischief.publicKey ?? text }]
    })
    return {
      name,
      type: key.type,
      derived: key.derived,
      exportable: false,
      supports_signing: key.type !== 'aes256-gcm96',
      latest_version: key.versions.length,
      min_decryption_version: key.minDecryptionVersion,
      min_encryption_version: 0,
      keys: Object.fromEntries(shown) as Fields,
    }
  }
  const sign = (name: string, input: Input): Fields => {
    const key = keys.get(name)
    if (key === undefined) throw new Refusal(400, 'signing key not found')
    if (TYPES[key.type] === undefined) {
      throw new Refusal(400, `key type ${key.type} does not support signing`)
    }
    const text = String(input['input'] ?? '')
    const bytes = new Uint8Array(Buffer.from(text, 'base64'))
    if (Buffer.from(bytes).toString('base64') !== text) {
      throw new Refusal(400, 'unable to decode input as base64: illegal base64 data')
    }
    const asked = Number(input['key_version'] ?? 0)
    const version = asked === 0 ? key.versions.length : asked
    const held = key.versions[version - 1]
    if (held === undefined) {
      throw new Refusal(400, 'requested version for signing does not exist or has been archived')
    }
    // SHA-256 unless told, for every curve: the trap of this interface.
    const hash = HASHES[String(input['hash_algorithm'] ?? 'sha2-256')]
    if (hash === undefined) throw new Refusal(400, 'invalid hash algorithm')
    const marshaling = input['marshaling_algorithm'] ?? 'asn1'
    if (marshaling !== 'asn1' && marshaling !== 'jws') {
      throw new Refusal(400, `invalid marshaling algorithm ${JSON.stringify(marshaling)}`)
    }
    if (input['prehashed'] === true) throw new Error('the program never asks so')
    const made = signMessage(held, bytes, hash)
    const signature = mischief.signature?.(made, bytes) ?? made
    const form =
      marshaling === 'jws' && held.keySpec !== 'EC_CURVE25519'
        ? Buffer.from(sideBySide(held.keySpec, signature)).toString('base64url')
        : Buffer.from(signature).toString('base64')
    return { signature: `${mischief.prefix ?? `vault:v${version}:`}${form}`, key_version: version }
  }
  const create = (name: string, input: Input): Fields => {
    const keySpec = TYPES[String(input['type'] ?? 'aes256-gcm96')]
    if (keySpec === undefined) throw new Refusal(400, `unknown key type ${String(input['type'])}`)
    // Like the engine: for a name that is taken this does nothing and says nothing.
    if (!keys.has(name)) hold(name, keySpec)
    return show(name)
  }
  const hold = (name: string, keySpec: SigningKeySpec): VaultKey => {
    const key: VaultKey = {
      type: typeOf(keySpec),
      versions: [holdKey(keySpec)],
      derived: false,
      minDecryptionVersion: 1,
    }
    keys.set(name, key)
    return key
  }

  const answer = (request: IncomingMessage, body: string): Fields => {
    const { headers, method = '' } = request
    const url = new URL(request.url ?? '', 'https://stand-in')
    names.push(`${method} ${url.pathname}`)
    if (mischief.sealed === true) throw new Refusal(503, 'Vault is sealed')
    if (headers['x-vault-request'] !== 'true') throw new Refusal(412, 'missing X-Vault-Request')
    if (headers['x-vault-token'] !== token || mischief.expired === true) {
      throw new Refusal(403, 'permission denied')
    }
    if (headers['x-vault-namespace'] !== namespace) throw new Refusal(404)
    if ((mischief.throttled ?? 0) > 0) {
      mischief.throttled = (mischief.throttled ?? 0) - 1
      throw new Refusal(429, 'request path "transit/": rate limit quota exceeded')
    }
    const [, action, name] = /^\/v1\/transit\/(keys|sign)(?:\/([\w.-]+))?$/.exec(url.pathname) ?? []
    const input = body === '' ? {} : (JSON.parse(body) as Input)
    if (action === 'keys' && name === undefined && url.searchParams.get('list') === 'true') {
      if (keys.size === 0) throw new Refusal(404)
      return { keys: [...keys.keys()].sort() }
    }
    if (name === undefined) throw new Refusal(404)
    if (mischief.denied?.(`${method} ${action ?? ''}`, name) === true) {
      throw new Refusal(403, 'permission denied')
    }
    if (action === 'keys') return method === 'GET' ? show(name) : create(name, input)
    if (method === 'POST') return sign(name, input)
    throw new Refusal(405)
  }

  const server = await startHttps(authority, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (mischief.silent === true) return
      const { raw } = mischief
      if (raw !== undefined) {
        response.writeHead(raw.status, raw.headers ?? {}).end(raw.body)
        return
      }
      try {
        const data = answer(request, Buffer.concat(chunks).toString('utf8'))
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ request_id: 'x', lease_id: '', renewable: false, data }))
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        response.writeHead(error.status, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ errors: error.errors }))
      }
    })
  })
  return {
    address: `https://127.0.0.1:${server.port}`,
    token,
    namespace,
    mischief,
    names,
    hold,
    rotate: (name) => {
      const key = find(name)
      key.versions.push(holdKey(TYPES[key.type] ?? 'EC_P256'))
    },
    close: server.close,
  }
}
