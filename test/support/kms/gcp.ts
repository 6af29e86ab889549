/**
 * A stand-in for Google Cloud KMS: the gRPC service, with the messages of Google's own package and
 * real keys. It checks the signed token of a service account and CRC-32C, and refuses what the
 * service's reference says that it refuses. It is not the service.
 */
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import {
  Server,
  ServerCredentials,
  status as Status,
  type Metadata,
  type sendUnaryData,
  type ServerUnaryCall,
} from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import type { SigningKeySpec } from '../../../src/crypto/key-spec.ts'
import type { Authority } from './authority.ts'
import { HASHES, holdKey, signDigest, signMessage, type HeldKey } from './held-key.ts'
import type { Mischief, Requests } from './mischief.ts'

export const GCP_RING = 'projects/p-1/locations/europe-west3/keyRings/ring'
const ALGORITHMS: Readonly<Record<SigningKeySpec, string>> = {
  EC_CURVE25519: 'EC_SIGN_ED25519',
  EC_P256: 'EC_SIGN_P256_SHA256',
  EC_P384: 'EC_SIGN_P384_SHA384',
  EC_SECP256K1: 'EC_SIGN_SECP256K1_SHA256',
}

interface GcpKey {
  readonly name: string
  readonly held: HeldKey
  algorithm: string
  state: 'ENABLED' | 'DISABLED' | 'PENDING_GENERATION'
  /** Questions for the key that are answered before it is made. */
  pending: number
}

export interface GcpMischief extends Mischief {
  /** Changes an answer before it is sent. */
  answer?: (fields: Record<string, unknown>) => Record<string, unknown>
}

export interface GcpStandIn extends Requests {
  readonly endpoint: string
  readonly mischief: GcpMischief
  /** The file of a service account that the stand-in knows. */
  readonly account: string
  hold(keySpec: SigningKeySpec, name?: string): GcpKey
  close(): void
}

class Refusal extends Error {
  readonly code: Status
  constructor(code: Status, message: string) {
    super(message)
    this.code = code
  }
}

/** CRC-32C bit by bit, by the definition: not the program's own. */
export function slowCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let i = 0; i < 8; i++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}

type Fields = Record<string, unknown>

function protos(): protobuf.Root {
  const entry = createRequire(import.meta.url).resolve('@google-cloud/kms')
  const path = join(dirname(entry), '../protos/protos.json')
  return protobuf.Root.fromJSON(JSON.parse(readFileSync(path, 'utf8')) as protobuf.INamespace)
}

export async function startGcp(authority: Authority): Promise<GcpStandIn> {
  const root = protos()
  const keys = new Map<string, GcpKey>()
  const mischief: GcpMischief = {}
  const names: string[] = []
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const email = 'signer@p-1.iam.gserviceaccount.com'
  const account = JSON.stringify({
    type: 'service_account',
    project_id: 'p-1',
    private_key_id: 'k1',
    private_key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    client_email: email,
    client_id: '1',
    token_uri: 'https://127.0.0.1:1/token',
  })

  /** RFC 7519; the token that Google's libraries sign by themselves for a service account. */
  const checkToken = (metadata: Metadata): void => {
    const [value] = metadata.get('authorization')
    const [head = '', body = '', signature = ''] = String(value)
      .replace(/^Bearer /, '')
      .split('.')
    const parse = (part: string): Fields => {
      try {
        return JSON.parse(Buffer.from(part, 'base64url').toString()) as Fields
      } catch {
        throw new Refusal(Status.UNAUTHENTICATED, 'Request had invalid authentication credentials')
      }
    }
    const claims = parse(body)
    const signed = verify(
      'sha256',
      Buffer.from(`${head}.${body}`),
      createPublicKey(pair.publicKey.export({ type: 'spki', format: 'pem' })),
      Buffer.from(signature, 'base64url'),
    )
    if (!signed || claims['iss'] !== email || mischief.expired === true) {
      throw new Refusal(Status.UNAUTHENTICATED, 'Request had invalid authentication credentials')
    }
    if (Number(claims['exp']) * 1000 < Date.now()) {
      throw new Refusal(Status.UNAUTHENTICATED, 'The token has expired')
    }
  }

  const hold = (
    keySpec: SigningKeySpec,
    name = `${GCP_RING}/cryptoKeys/k-${keys.size}/cryptoKeyVersions/1`,
  ): GcpKey => {
    const key: GcpKey = {
      name,
      held: holdKey(keySpec),
      algorithm: ALGORITHMS[keySpec],
      state: 'ENABLED',
      pending: 0,
    }
    keys.set(name, key)
    return key
  }
  const usable = (name: unknown): GcpKey => {
    const key = keys.get(String(name))
    if (key === undefined)
      throw new Refusal(Status.NOT_FOUND, `CryptoKeyVersion ${String(name)} not found.`)
    if (key.pending > 0 && --key.pending === 0) key.state = 'ENABLED'
    if (key.state !== 'ENABLED') {
      throw new Refusal(
        Status.FAILED_PRECONDITION,
        `${key.name} is not enabled, current state is: ${key.state}.`,
      )
    }
    return key
  }
  const bytesOf = (value: unknown): Uint8Array | undefined => {
    if (!(value instanceof Uint8Array) || value.length === 0) return undefined
    return new Uint8Array(value)
  }

  const sign = (request: Fields): Fields => {
    const key = usable(request['name'])
    const { keySpec } = key.held
    const data = bytesOf(request['data'])
    const digest = request['digest'] as Fields | null | undefined
    const check = (bytes: Uint8Array, stated: unknown): boolean => {
      const value = (stated as Fields | null | undefined)?.['value']
      if (value === undefined || value === null) return false
      if (Number(value) === slowCrc32c(bytes)) return true
      throw new Refusal(
        Status.INVALID_ARGUMENT,
        'The checksum in field crc32c did not match the data',
      )
    }
    let signature: Uint8Array
    let input: Uint8Array
    let verified: Fields
    if (keySpec === 'EC_CURVE25519') {
      if (data === undefined || (digest !== null && digest !== undefined)) {
        throw new Refusal(Status.INVALID_ARGUMENT, 'this key takes data, not a digest')
      }
      input = data
      signature = signMessage(key.held, data)
      verified = { verifiedDataCrc32c: check(data, request['dataCrc32c']) }
    } else {
      const bytes = bytesOf(digest?.[HASHES[keySpec]])
      const length = HASHES[keySpec] === 'sha384' ? 48 : 32
      if (bytes?.length !== length) {
        throw new Refusal(
          Status.INVALID_ARGUMENT,
          `expected a ${HASHES[keySpec]} digest of ${length} bytes`,
        )
      }
      input = bytes
      signature = signDigest(key.held, bytes, 'der')
      verified = { verifiedDigestCrc32c: check(bytes, request['digestCrc32c']) }
    }
    const sent = mischief.signature?.(signature, input) ?? signature
    return {
      name: key.name,
      signature: sent,
      signatureCrc32c: { value: slowCrc32c(sent) },
      ...verified,
    }
  }

  const actions: Readonly<Record<string, (request: Fields) => Fields>> = {
    GetPublicKey: (request) => {
      const key = usable(request['name'])
      const { pem } = key.held
      return {
        name: key.name,
        pem,
        algorithm: key.algorithm,
        pemCrc32c: { value: slowCrc32c(Buffer.from(pem)) },
      }
    },
    AsymmetricSign: sign,
    ListCryptoKeys: (request) => {
      const parents = [...keys.keys()]
        .filter((name) => name.startsWith(`${String(request['parent'])}/`))
        .map((name) => name.replace(/\/cryptoKeyVersions\/.*$/, ''))
      const own = [...new Set(parents)].map((name) => ({ name, purpose: 'ASYMMETRIC_SIGN' }))
      const other = { name: `${GCP_RING}/cryptoKeys/for-data`, purpose: 'ENCRYPT_DECRYPT' }
      return { cryptoKeys: [...own, other], totalSize: own.length + 1 }
    },
    ListCryptoKeyVersions: (request) => ({
      cryptoKeyVersions: [...keys.values()]
        .filter(({ name }) => name.startsWith(`${String(request['parent'])}/`))
        .map(({ name, state, algorithm }) => ({ name, state, algorithm })),
    }),
    CreateCryptoKey: (request) => {
      const name = `${String(request['parent'])}/cryptoKeys/${String(request['cryptoKeyId'])}`
      if ([...keys.keys()].some((one) => one.startsWith(`${name}/`))) {
        throw new Refusal(Status.ALREADY_EXISTS, `CryptoKey ${name} already exists.`)
      }
      const template = (request['cryptoKey'] as Fields)['versionTemplate'] as Fields
      const spec = Object.entries(ALGORITHMS).find(([, one]) => one === template['algorithm'])?.[0]
      if (spec === undefined) throw new Refusal(Status.INVALID_ARGUMENT, 'algorithm')
      const key = hold(spec as SigningKeySpec, `${name}/cryptoKeyVersions/1`)
      key.state = 'PENDING_GENERATION'
      key.pending = 3
      return { name, purpose: 'ASYMMETRIC_SIGN' }
    },
  }

  const service = root.lookupService('google.cloud.kms.v1.KeyManagementService')
  const definition: Record<string, unknown> = {}
  const handlers: Record<
    string,
    (call: ServerUnaryCall<Fields, Fields>, done: sendUnaryData<Fields>) => void
  > = {}
  for (const [name, act] of Object.entries(actions)) {
    const method = service.methods[name]
    method?.resolve()
    const [input, output] = [method?.resolvedRequestType, method?.resolvedResponseType]
    if (!(input instanceof protobuf.Type) || !(output instanceof protobuf.Type))
      throw new Error(name)
    definition[name] = {
      path: `/google.cloud.kms.v1.KeyManagementService/${name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: (value: Fields) =>
        Buffer.from(input.encode(input.fromObject(value)).finish()),
      requestDeserialize: (bytes: Buffer) => input.toObject(input.decode(bytes), { enums: String }),
      responseSerialize: (value: Fields) =>
        Buffer.from(output.encode(output.fromObject(value)).finish()),
      responseDeserialize: (bytes: Buffer) => output.decode(bytes),
    }
    handlers[name] = ({ metadata, request }, done) => {
      names.push(name)
      if (mischief.silent === true) return
      try {
        checkToken(metadata)
        if ((mischief.throttled ?? 0) > 0) {
          mischief.throttled = (mischief.throttled ?? 0) - 1
          throw new Refusal(Status.RESOURCE_EXHAUSTED, 'Quota exceeded for quota metric')
        }
        const answer = act(request)
        done(null, mischief.answer?.(answer) ?? answer)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        done({ code: error.code, details: error.message })
      }
    }
  }
  const server = new Server()
  server.addService(definition as never, handlers)
  const credentials = ServerCredentials.createSsl(null, [
    {
      cert_chain: readFileSync(authority.server.certificate),
      private_key: readFileSync(authority.server.key),
    },
  ])
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => {
      if (error === null) resolve(bound)
      else reject(error)
    })
  })
  return {
    endpoint: `localhost:${port}`,
    mischief,
    names,
    account,
    hold,
    close: () => {
      server.forceShutdown()
    },
  }
}
