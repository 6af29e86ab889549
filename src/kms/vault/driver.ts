/**
 * Keys in the transit engine of HashiCorp Vault and of OpenBao, over plain HTTPS. The message is sent
 * as it is; the digest that goes with the curve is named each time, since SHA-256 is taken for every
 * curve where none is; the version is named each time, so that a rotated key is not taken by surprise.
 */
import { join } from 'node:path'
import { decodeUtf8, parseBase64, toBase64, utf8Bytes } from '../../base/bytes.ts'
import { CantosignError } from '../../base/errors.ts'
import type { SigningKeySpec } from '../../crypto/key-spec.ts'
import { parsePem } from '../../crypto/pem.ts'
import { publicKeyFromRaw, type PublicKey } from '../../crypto/public-key.ts'
import { readWholeFile } from '../../host/files.ts'
import type { ConnectedKey, ConnectedOptions } from '../../signer/connected.ts'
import { signerOf, type Signer } from '../../signer/signer.ts'
import { withinTime, withRetries, type Asking } from '../answer-time.ts'
import { uselessKey, provedKey, refuseTooMany, statedKey } from '../driver.ts'
import {
  answerFault,
  complaint,
  serviceFault,
  withoutToken,
  usageFault,
  type ServiceFaultCode,
} from '../faults.ts'
import { openService, type Service, type ServiceAnswer, type ServiceRequest } from '../request.ts'
import { uriFault } from '../uri.ts'
import { formatVaultUri, type VaultUri } from './uri.ts'

/** The variables of the vendors that are read; those of OpenBao come first, as its own tools have it. */
export type Environment = Readonly<Record<string, string | undefined>>

interface VaultSpec {
  readonly keySpec: SigningKeySpec
  readonly type: string
  /** Ed25519 takes none. */
  readonly hash: 'sha2-256' | 'sha2-384' | undefined
}

const SPECS: readonly VaultSpec[] = [
  { keySpec: 'EC_CURVE25519', type: 'ed25519', hash: undefined },
  { keySpec: 'EC_P256', type: 'ecdsa-p256', hash: 'sha2-256' },
  { keySpec: 'EC_P384', type: 'ecdsa-p384', hash: 'sha2-384' },
]

const FAULTS: Readonly<Record<number, ServiceFaultCode>> = {
  401: 'kms-credentials',
  403: 'kms-credentials',
  404: 'kms-key-absent',
  429: 'kms-throttled',
  502: 'kms-unreachable',
  504: 'kms-unreachable',
}

type Fields = Readonly<Record<string, unknown>>

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A variable of one of the two vendors; one that is empty counts as not set. */
function variable(environment: Environment, name: string): string | undefined {
  return [`BAO_${name}`, `VAULT_${name}`].map((one) => environment[one]).find(Boolean)
}

const MAX_TOKEN_BYTES = 16 * 1024
/** What a header can hold: visible ASCII. */
const TOKEN = /^[\x21-\x7e]+$/

/**
 * The token: of the file that the URI names, of VAULT_TOKEN, of .vault-token in the home directory.
 * @throws CantosignError `kms-credentials`, `file-unreadable`
 */
function findToken(uri: VaultUri, environment: Environment, name: string): string {
  const given = uri.tokenFile === undefined ? variable(environment, 'TOKEN') : undefined
  const home = environment['HOME']
  const path = uri.tokenFile ?? (home === undefined ? undefined : join(home, '.vault-token'))
  const token =
    given ?? (path === undefined ? undefined : readToken(path, uri.tokenFile !== undefined))
  if (token === undefined) {
    throw serviceFault(
      'kms-credentials',
      name,
      'no token: VAULT_TOKEN, ~/.vault-token, token-file=',
    )
  }
  if (TOKEN.test(token)) return token
  throw serviceFault('kms-credentials', name, 'the token holds what no token holds')
}

function readToken(path: string, needed: boolean): string | undefined {
  try {
    return decodeUtf8(readWholeFile(path, MAX_TOKEN_BYTES))?.trim()
  } catch (error) {
    if (needed || !(error instanceof CantosignError)) throw error
    return undefined
  }
}

/** One transit engine. */
class Transit {
  readonly name: string
  readonly #service: Service
  readonly #within: Asking
  readonly #headers: Readonly<Record<string, string>>
  readonly #mount: string

  constructor(uri: VaultUri, environment: Environment, options: ConnectedOptions) {
    const address = uri.address ?? variable(environment, 'ADDR')
    if (address === undefined) {
      throw uriFault('hashivault', 'says no address, and VAULT_ADDR is not set', 'set VAULT_ADDR')
    }
    // Refused below; the password in it is not repeated.
    this.name = address.includes('@') ? 'the vault' : `the vault at ${complaint(address)}`
    const ca = uri.ca ?? variable(environment, 'CACERT')
    const certificate = variable(environment, 'CLIENT_CERT')
    const key = variable(environment, 'CLIENT_KEY')
    this.#service = openService(this.name, address, {
      ...(ca === undefined ? {} : { ca }),
      ...(certificate === undefined ? {} : { certificate }),
      ...(key === undefined ? {} : { key }),
    })
    const namespace = uri.namespace ?? variable(environment, 'NAMESPACE')
    this.#headers = {
      'x-vault-token': findToken(uri, environment, this.name),
      'x-vault-request': 'true',
      ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
    }
    this.#mount = uri.mount
    this.#within = withinTime(this.name, options.timeoutMilliseconds)
  }

  /** @returns `data` of the answer */
  async ask(method: ServiceRequest['method'], path: string, body?: Fields): Promise<Fields> {
    return await this.#within(
      async (signal) =>
        await withRetries(
          (error) => error instanceof CantosignError && error.code === 'kms-throttled',
          signal,
          async () => {
            const answer = await this.#service.ask(
              {
                method,
                path: `/v1/${this.#mount}/${path}`,
                headers: {
                  ...this.#headers,
                  ...(body === undefined ? {} : { 'content-type': 'application/json' }),
                },
                ...(body === undefined ? {} : { body: utf8Bytes(JSON.stringify(body)) }),
              },
              signal,
            )
            return this.#dataOf(answer)
          },
        ),
    )
  }

  close(): void {
    this.#service.close()
  }

  #dataOf({ status, body }: ServiceAnswer): Fields {
    if (status === 204) return {}
    let document: unknown
    try {
      document = JSON.parse(decodeUtf8(body) ?? '')
    } catch {
      document = undefined
    }
    if (status === 200) {
      const data = isFields(document) ? document['data'] : undefined
      if (isFields(data)) return data
      throw answerFault(this.name, 'answers with something other than the JSON of a vault')
    }
    const errors = isFields(document) ? document['errors'] : undefined
    const said = Array.isArray(errors) ? errors.map(String).join('; ') : ''
    throw serviceFault(
      this.#codeOf(status, said),
      this.name,
      `${status}${said === '' ? '' : ` ${withoutToken(said, this.#headers['x-vault-token'])}`}`,
    )
  }

  #codeOf(status: number, said: string): ServiceFaultCode {
    if (status === 400 && /key not found/i.test(said)) return 'kms-key-absent'
    if (status === 400 && /version/i.test(said)) return 'kms-key-state'
    return FAULTS[status] ?? 'kms-refused'
  }
}

interface TransitKey {
  readonly version: number
  readonly row: VaultSpec
  readonly key: PublicKey
}

function keyOfVersion(name: string, data: Fields, version: number): TransitKey {
  const type = String(data['type'])
  const row = SPECS.find((one) => one.type === type)
  if (row === undefined) throw usageFault(name, `has a key of the type ${complaint(type)} there`)
  if (data['supports_signing'] === false) throw usageFault(name, 'does not let the key sign')
  if (data['derived'] === true) {
    throw usageFault(name, 'derives a key of its own for each context from the one there')
  }
  const versions = data['keys']
  const entry = isFields(versions) ? versions[String(version)] : undefined
  if (entry === undefined) {
    throw serviceFault('kms-key-absent', name, `there is no version ${version} of it`)
  }
  const text = isFields(entry) ? entry['public_key'] : undefined
  if (typeof text !== 'string') throw answerFault(name, 'answers without a public key')
  return { version, row, key: publicKeyOf(name, row, text) }
}

function bytesOf(name: string, what: string, base64: string): Uint8Array {
  try {
    return parseBase64(base64, what)
  } catch {
    throw answerFault(name, `gave ${what} that is not base64`)
  }
}

/** PEM for EC keys, the 32 bytes in base64 for Ed25519. */
function publicKeyOf(name: string, row: VaultSpec, text: string): PublicKey {
  if (row.keySpec === 'EC_CURVE25519') {
    return publicKeyFromRaw(row.keySpec, bytesOf(name, 'a public key', text))
  }
  const { label, content } = parsePem(utf8Bytes(text))
  if (label !== 'PUBLIC KEY') throw answerFault(name, 'gave a public key of another form')
  return statedKey(name, content, row.keySpec)
}

async function readKey(
  transit: Transit,
  key: string,
  version: number | undefined,
): Promise<TransitKey> {
  const data = await transit.ask('GET', `keys/${key}`)
  const latest = data['latest_version']
  if (version !== undefined) return keyOfVersion(transit.name, data, version)
  if (typeof latest === 'number') return keyOfVersion(transit.name, data, latest)
  throw answerFault(transit.name, 'does not tell the newest version of the key')
}

async function sign(
  transit: Transit,
  name: string,
  { version, row }: TransitKey,
  message: Uint8Array,
): Promise<Uint8Array> {
  const data = await transit.ask('POST', `sign/${name}`, {
    input: toBase64(message),
    key_version: version,
    prehashed: false,
    ...(row.hash === undefined ? {} : { hash_algorithm: row.hash, marshaling_algorithm: 'asn1' }),
  })
  const { signature } = data
  const [, own, base64] =
    /^vault:v([0-9]{1,9}):(.+)$/.exec(typeof signature === 'string' ? signature : '') ?? []
  if (base64 === undefined) throw answerFault(transit.name, 'gives no signature of the usual form')
  if (Number(own) !== version) {
    throw answerFault(transit.name, 'signed with another version of the key than the one asked for')
  }
  return bytesOf(transit.name, 'a signature', base64)
}

/** @throws CantosignError `key-uri-invalid` */
function requireKey({ key }: VaultUri): string {
  if (key !== undefined) return key
  throw uriFault('hashivault', 'names no key', 'give hashivault://KEY')
}

/**
 * Opens a key of a transit engine.
 * @throws CantosignError `key-uri-invalid`, `kms-…`, `signer-timeout`, and what the port throws
 */
export async function openVaultSigner(
  uri: VaultUri,
  environment: Environment,
  options: ConnectedOptions,
): Promise<Signer> {
  const name = requireKey(uri)
  const transit = new Transit(uri, environment, options)
  try {
    const found = await readKey(transit, name, uri.version)
    return signerOf(
      {
        name: `${transit.name} with version ${found.version} of the key ${name}`,
        madeBy: 'other',
        ecdsa: { takes: 'message', gives: 'DER' },
        publicKey: async () => await Promise.resolve(found.key.spki),
        sign: async (message) => await sign(transit, name, found, message),
        close: () => {
          transit.close()
        },
      },
      options,
    )
  } catch (error) {
    transit.close()
    throw error
  }
}

/**
 * The versions of all keys of the mount, or of the one that the URI names.
 * @throws CantosignError as `openVaultSigner`
 */
export async function listVaultKeys(
  uri: VaultUri,
  environment: Environment,
  options: ConnectedOptions,
): Promise<readonly ConnectedKey[]> {
  const transit = new Transit(uri, environment, options)
  try {
    if (uri.key !== undefined) return await listVersions(transit, uri, uri.key)
    const keys: ConnectedKey[] = []
    for (const name of await keyNames(transit)) {
      try {
        keys.push(...(await listVersions(transit, uri, name)))
      } catch (error) {
        // The token was good for the names: what it may not see is this key.
        if (!(error instanceof CantosignError) || error.code !== 'kms-credentials') throw error
        keys.push({ uri: undefined, key: undefined, facts: { name }, problem: error.message })
      }
      refuseTooMany(transit.name, keys.length)
    }
    return keys
  } finally {
    transit.close()
  }
}

async function listVersions(
  transit: Transit,
  uri: VaultUri,
  name: string,
): Promise<readonly ConnectedKey[]> {
  const data = await transit.ask('GET', `keys/${name}`)
  const versions = isFields(data['keys']) ? Object.keys(data['keys']) : []
  refuseTooMany(transit.name, versions.length)
  return versions
    .map(Number)
    .toSorted((a, b) => a - b)
    .map((version) => describe(transit.name, uri, name, version, data))
}

async function keyNames(transit: Transit): Promise<readonly string[]> {
  let keys: unknown
  try {
    keys = (await transit.ask('GET', 'keys?list=true'))['keys']
  } catch (error) {
    // An engine without a single key answers so.
    if (error instanceof CantosignError && error.code === 'kms-key-absent') return []
    throw error
  }
  if (!Array.isArray(keys)) throw answerFault(transit.name, 'lists no keys')
  refuseTooMany(transit.name, keys.length)
  return keys.map((name) => {
    if (typeof name === 'string' && /^[A-Za-z0-9_.-]+$/.test(name)) return name
    throw answerFault(transit.name, 'lists a key by what is no name')
  })
}

function describe(
  engine: string,
  uri: VaultUri,
  name: string,
  version: number,
  data: Fields,
): ConnectedKey {
  const facts = { name, version: String(version), type: complaint(String(data['type'])) }
  try {
    const { key } = keyOfVersion(engine, data, version)
    return { uri: formatVaultUri(uri, name, version), key, facts, problem: undefined }
  } catch (error) {
    return uselessKey(error, facts)
  }
}

/**
 * Makes a key under the name of the URI, which cannot be exported, and signs once with it.
 * @throws CantosignError as `openVaultSigner`, `kms-key-exists`
 */
export async function generateVaultKey(
  uri: VaultUri,
  keySpec: SigningKeySpec,
  environment: Environment,
  options: ConnectedOptions,
): Promise<{ readonly uri: string; readonly key: PublicKey }> {
  const name = requireKey(uri)
  if (uri.version !== undefined) {
    throw uriFault('hashivault', 'names the version of a new key', 'leave out version')
  }
  const transit = new Transit(uri, environment, options)
  try {
    const row = SPECS.find((one) => one.keySpec === keySpec)
    if (row === undefined) throw usageFault(transit.name, `makes no keys of the spec ${keySpec}`)
    // The service says nothing about a key that is there already.
    if (await exists(transit, name)) throw serviceFault('kms-key-exists', transit.name, name)
    await transit.ask('POST', `keys/${name}`, { type: row.type, exportable: false })
  } finally {
    transit.close()
  }
  const made = { ...uri, version: 1 }
  return {
    uri: formatVaultUri(uri, name, 1),
    key: await provedKey(await openVaultSigner(made, environment, options)),
  }
}

async function exists(transit: Transit, name: string): Promise<boolean> {
  try {
    await transit.ask('GET', `keys/${name}`)
    return true
  } catch (error) {
    if (error instanceof CantosignError && error.code === 'kms-key-absent') return false
    throw error
  }
}
