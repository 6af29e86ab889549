/**
 * A stand-in for AWS KMS: the JSON protocol of the service over HTTPS, with real keys. It checks
 * signature version 4 on every request and refuses what the service's reference says that it refuses.
 * It is not the service.
 */
import { createHash, createHmac, randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { SigningKeySpec } from '../../../src/crypto/key-spec.ts'
import { startHttps, type Authority, type LoopbackServer } from './authority.ts'
import { HASHES, holdKey, signDigest, signMessage, type HeldKey } from './held-key.ts'
import type { Mischief, Requests } from './mischief.ts'

export const AWS_REGION = 'eu-central-1'
export const AWS_ACCOUNT = '111122223333'
const NAMES: Readonly<Record<SigningKeySpec, string>> = {
  EC_CURVE25519: 'ECC_NIST_EDWARDS25519',
  EC_P256: 'ECC_NIST_P256',
  EC_P384: 'ECC_NIST_P384',
  EC_SECP256K1: 'ECC_SECG_P256K1',
}
const ALGORITHMS: Readonly<Record<SigningKeySpec, readonly string[]>> = {
  EC_CURVE25519: ['ED25519_SHA_512', 'ED25519_PH_SHA_512'],
  EC_P256: ['ECDSA_SHA_256'],
  EC_P384: ['ECDSA_SHA_384'],
  EC_SECP256K1: ['ECDSA_SHA_256'],
}

interface AwsKey {
  readonly arn: string
  readonly held: HeldKey
  readonly spec: string
  state: 'Enabled' | 'Disabled'
  usage: 'SIGN_VERIFY' | 'KEY_AGREEMENT'
  /** What GetPublicKey shows in place of the truth. */
  shows?: { spki?: Uint8Array; spec?: string; arn?: string }
}

export interface AwsStandIn extends Requests {
  readonly endpoint: string
  readonly mischief: Mischief
  readonly credentials: { readonly id: string; readonly secret: string }
  hold(keySpec: SigningKeySpec, alias?: string): AwsKey
  close(): Promise<void>
}

class Refusal extends Error {
  readonly type: string
  constructor(type: string, message: string) {
    super(message)
    this.type = type
  }
}

const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex')
const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest()

/** Signature version 4, as the reference describes it for JSON services. */
function checkSignature(request: IncomingMessage, body: Buffer, id: string, secret: string): void {
  const { authorization = '' } = request.headers
  const [, credential = '', signed = '', signature] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      authorization,
    ) ?? []
  if (signature === undefined) {
    throw new Refusal('MissingAuthenticationTokenException', 'no signature version 4')
  }
  const [keyId, date, region, service, end] = credential.split('/')
  if (keyId !== id) {
    throw new Refusal('UnrecognizedClientException', 'The security token in the request is invalid')
  }
  if (region !== AWS_REGION || service !== 'kms' || end !== 'aws4_request') {
    throw new Refusal('InvalidSignatureException', 'Credential should be scoped to a valid region')
  }
  const names = signed.split(';')
  for (const needed of ['host', 'x-amz-date', 'x-amz-target']) {
    if (!names.includes(needed))
      throw new Refusal('InvalidSignatureException', `${needed} unsigned`)
  }
  const stamp = String(request.headers['x-amz-date'])
  const time = Date.parse(
    stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  )
  if (
    Number.isNaN(time) ||
    Math.abs(Date.now() - time) > 300_000 ||
    !stamp.startsWith(date ?? '-')
  ) {
    throw new Refusal('InvalidSignatureException', `Signature expired: ${stamp}`)
  }
  const canonical = [
    request.method,
    '/',
    '',
    ...names.map((name) => `${name}:${String(request.headers[name]).trim()}`),
    '',
    signed,
    sha256(body),
  ].join('\n')
  const scope = `${date ?? ''}/${AWS_REGION}/kms/aws4_request`
  const text = ['AWS4-HMAC-SHA256', stamp, scope, sha256(canonical)].join('\n')
  const key = ['kms', 'aws4_request'].reduce<Buffer>(
    hmac,
    hmac(hmac(`AWS4${secret}`, date ?? ''), AWS_REGION),
  )
  if (hmac(key, text).toString('hex') !== signature) {
    throw new Refusal(
      'InvalidSignatureException',
      'The request signature we calculated does not match the signature you provided.',
    )
  }
}

type Input = Readonly<Record<string, unknown>>

export async function startAws(authority: Authority): Promise<AwsStandIn> {
  const keys = new Map<string, AwsKey>()
  const aliases = new Map<string, string>()
  const mischief: Mischief = {}
  const names: string[] = []
  const credentials = { id: 'AKIDSTANDIN', secret: 'a-secret-of-the-stand-in/31415926535897' }

  const hold = (keySpec: SigningKeySpec, alias?: string): AwsKey => {
    const arn = `arn:aws:kms:${AWS_REGION}:${AWS_ACCOUNT}:key/${randomUUID()}`
    const key: AwsKey = {
      arn,
      held: holdKey(keySpec),
      spec: NAMES[keySpec],
      state: 'Enabled',
      usage: 'SIGN_VERIFY',
    }
    keys.set(arn, key)
    if (alias !== undefined) aliases.set(alias, arn)
    return key
  }
  const find = (input: Input): AwsKey => {
    const id = String(input['KeyId'])
    const arn = id.startsWith('arn:')
      ? id
      : (aliases.get(id) ?? `arn:aws:kms:${AWS_REGION}:${AWS_ACCOUNT}:key/${id}`)
    const key = keys.get(arn)
    if (key === undefined) throw new Refusal('NotFoundException', `Key '${id}' does not exist`)
    return key
  }
  const usable = (input: Input): AwsKey => {
    const key = find(input)
    if (key.state === 'Disabled') throw new Refusal('DisabledException', `${key.arn} is disabled.`)
    return key
  }
  const metadata = (key: AwsKey): Input => ({
    KeyId: key.arn.replace(/^.*\//, ''),
    Arn: key.arn,
    KeySpec: key.spec,
    KeyUsage: key.usage,
    KeyState: key.state,
    Description: '',
  })

  const actions: Readonly<Record<string, (input: Input) => Input>> = {
    GetPublicKey: (input) => {
      const key = usable(input)
      const { shows = {} } = key
      return {
        KeyId: shows.arn ?? key.arn,
        PublicKey: Buffer.from(shows.spki ?? key.held.spki).toString('base64'),
        KeySpec: shows.spec ?? key.spec,
        KeyUsage: key.usage,
        ...(key.usage === 'SIGN_VERIFY'
          ? { SigningAlgorithms: ALGORITHMS[key.held.keySpec] }
          : { KeyAgreementAlgorithms: ['ECDH'] }),
      }
    },
    Sign: (input) => {
      const key = usable(input)
      const { keySpec } = key.held
      const algorithm = String(input['SigningAlgorithm'])
      if (key.usage !== 'SIGN_VERIFY' || !ALGORITHMS[keySpec].includes(algorithm)) {
        throw new Refusal('InvalidKeyUsageException', `${key.arn} does not sign with ${algorithm}`)
      }
      const message = new Uint8Array(Buffer.from(String(input['Message']), 'base64'))
      if (message.length < 1 || message.length > 4096) {
        throw new Refusal('ValidationException', 'Message has to have 1 to 4096 bytes')
      }
      const type = input['MessageType'] ?? 'RAW'
      let signature: Uint8Array
      if (keySpec === 'EC_CURVE25519') {
        if (algorithm !== 'ED25519_SHA_512' || type !== 'RAW') {
          throw new Refusal('ValidationException', 'ED25519_SHA_512 takes MessageType RAW')
        }
        signature = signMessage(key.held, message)
      } else if (type === 'DIGEST') {
        if (message.length !== (HASHES[keySpec] === 'sha384' ? 48 : 32)) {
          throw new Refusal('ValidationException', 'Digest is invalid length for algorithm')
        }
        signature = signDigest(key.held, message, 'der')
      } else signature = signMessage(key.held, message)
      return {
        KeyId: key.shows?.arn ?? key.arn,
        Signature: Buffer.from(mischief.signature?.(signature, message) ?? signature).toString(
          'base64',
        ),
        SigningAlgorithm: algorithm,
      }
    },
    ListKeys: (input) => {
      const arns = [...keys.keys()]
      const from = input['Marker'] === undefined ? 0 : Number(input['Marker'])
      const page = arns.slice(from, from + 2)
      const truncated = from + 2 < arns.length
      return {
        Keys: page.map((arn) => ({ KeyArn: arn, KeyId: arn.replace(/^.*\//, '') })),
        Truncated: truncated,
        ...(truncated ? { NextMarker: String(from + 2) } : {}),
      }
    },
    DescribeKey: (input) => ({ KeyMetadata: metadata(find(input)) }),
    CreateKey: (input) => {
      const spec = Object.entries(NAMES).find(([, name]) => name === input['KeySpec'])?.[0]
      if (spec === undefined || input['KeyUsage'] !== 'SIGN_VERIFY') {
        throw new Refusal('ValidationException', 'KeySpec or KeyUsage is none')
      }
      return { KeyMetadata: metadata(hold(spec as SigningKeySpec)) }
    },
    CreateAlias: (input) => {
      const name = String(input['AliasName'])
      if (aliases.has(name)) throw new Refusal('AlreadyExistsException', `${name} already exists`)
      aliases.set(name, find({ KeyId: input['TargetKeyId'] }).arn)
      return {}
    },
  }

  const answer = (request: IncomingMessage, body: Buffer): Input => {
    const action = String(request.headers['x-amz-target']).replace(/^TrentService\./, '')
    names.push(action)
    if (request.headers['content-type'] !== 'application/x-amz-json-1.1') {
      throw new Refusal('UnknownOperationException', 'not the protocol of this service')
    }
    checkSignature(request, body, credentials.id, credentials.secret)
    if (mischief.expired === true) {
      throw new Refusal('ExpiredTokenException', 'The security token in the request is expired')
    }
    if ((mischief.throttled ?? 0) > 0) {
      mischief.throttled = (mischief.throttled ?? 0) - 1
      throw new Refusal('ThrottlingException', 'Rate exceeded')
    }
    const act = actions[action]
    if (act === undefined) throw new Refusal('UnknownOperationException', action)
    const input = JSON.parse(body.toString('utf8')) as Input
    if (mischief.denied?.(action, input['KeyId'] ?? input['TargetKeyId']) === true) {
      throw new Refusal('AccessDeniedException', `not authorized to perform: kms:${action}`)
    }
    return act(input)
  }

  const server: LoopbackServer = await startHttps(authority, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (mischief.silent === true) return
      let status = 200
      let document: unknown
      try {
        document = answer(request, Buffer.concat(chunks))
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        status = 400
        document = { __type: error.type, message: error.message }
      }
      response.writeHead(status, {
        'content-type': 'application/x-amz-json-1.1',
        'x-amzn-requestid': randomUUID(),
      })
      response.end(JSON.stringify(document))
    })
  })
  return {
    endpoint: `127.0.0.1:${server.port}`,
    mischief,
    names,
    credentials,
    hold,
    close: server.close,
  }
}
