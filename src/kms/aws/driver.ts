/**
 * Keys in AWS KMS, through AWS's own package and with its usual chain of credentials. The message is
 * always sent as it is (MessageType RAW): Ed25519 takes nothing else, and the service digests it for
 * ECDSA as Canton wants it (docs/protocol/signatures.md section 2).
 */
import type * as Package from '@aws-sdk/client-kms'
import type { Command, KMSClient } from '@aws-sdk/client-kms'
import { CantosignError } from '../../base/errors.ts'
import type { SigningKeySpec } from '../../crypto/key-spec.ts'
import type { PublicKey } from '../../crypto/public-key.ts'
import type { ConnectedKey, ConnectedOptions } from '../../signer/connected.ts'
import { DEFAULT_TIMEOUT_MILLISECONDS } from '../../signer/timeout.ts'
import { signerOf, type Signer } from '../../signer/signer.ts'
import { MAX_ATTEMPTS, withinTime } from '../answer-time.ts'
import { uselessKey, provedKey, refuseTooMany, statedKey } from '../driver.ts'
import {
  answerFault,
  complaint,
  isUnreachable,
  loadPeer,
  serviceFault,
  textOf,
  usageFault,
  type ServiceFaultCode,
} from '../faults.ts'
import { specRemarks, type KmsKeyName } from '../registration.ts'
import { uriFault } from '../uri.ts'
import { formatAwsUri, type AwsUri } from './uri.ts'

type Sdk = typeof Package

interface AwsSpec {
  readonly keySpec: SigningKeySpec
  readonly aws: string
  /** SigningAlgorithm: Ed25519 without a prehash, ECDSA over the digest that goes with the curve. */
  readonly algorithm: string
}

const SPECS: readonly AwsSpec[] = [
  { keySpec: 'EC_CURVE25519', aws: 'ECC_NIST_EDWARDS25519', algorithm: 'ED25519_SHA_512' },
  { keySpec: 'EC_P256', aws: 'ECC_NIST_P256', algorithm: 'ECDSA_SHA_256' },
  { keySpec: 'EC_P384', aws: 'ECC_NIST_P384', algorithm: 'ECDSA_SHA_384' },
  { keySpec: 'EC_SECP256K1', aws: 'ECC_SECG_P256K1', algorithm: 'ECDSA_SHA_256' },
]

const FAULTS: readonly (readonly [RegExp, ServiceFaultCode])[] = [
  [
    /^(CredentialsProviderError|TokenProviderError|ExpiredToken.*|UnrecognizedClient.*)$/,
    'kms-credentials',
  ],
  [
    /^(InvalidSignatureException|IncompleteSignature.*|AccessDenied.*|NotAuthorized.*)$/,
    'kms-credentials',
  ],
  [/^(InvalidClientTokenId.*|MissingAuthenticationToken.*|OptInRequired)$/, 'kms-credentials'],
  [/^NotFoundException$/, 'kms-key-absent'],
  [/^AlreadyExistsException$/, 'kms-key-exists'],
  [/^(DisabledException|KMSInvalidStateException)$/, 'kms-key-state'],
  [/^(InvalidKeyUsageException|UnsupportedOperationException)$/, 'kms-key-usage'],
  [/^(Throttl.*|TooManyRequests.*|RequestLimitExceeded|LimitExceededException)$/, 'kms-throttled'],
  [/^TimeoutError$/, 'kms-unreachable'],
]

/** The failure in the words of this program; ours are handed on. */
function faultOf(name: string, cause: unknown): CantosignError {
  if (cause instanceof CantosignError) return cause
  const kind = textOf(cause, 'name')
  const said = `${kind} ${textOf(cause, 'message')}`
  if (/region is missing/i.test(said)) {
    return uriFault(
      'awskms',
      'says no region, and AWS_REGION and the profile say none',
      'add ?region=…',
    )
  }
  if (isUnreachable(cause)) return serviceFault('kms-unreachable', name, said, cause)
  const code = FAULTS.find(([pattern]) => pattern.test(kind))?.[1] ?? 'kms-refused'
  return serviceFault(code, name, said, cause)
}

/** One client; every answer within the time limit, failures in our words. */
class AwsService {
  readonly sdk: Sdk
  readonly name: string
  readonly #client: KMSClient
  readonly #within: ReturnType<typeof withinTime>

  constructor(sdk: Sdk, uri: AwsUri, options: ConnectedOptions) {
    this.sdk = sdk
    this.name = `AWS KMS${uri.region === undefined ? '' : ` in ${uri.region}`}`
    const { region, profile, endpoint } = uri
    const milliseconds = options.timeoutMilliseconds ?? DEFAULT_TIMEOUT_MILLISECONDS
    this.#within = withinTime(this.name, milliseconds)
    this.#client = new sdk.KMSClient({
      ...(region === undefined ? {} : { region }),
      ...(profile === undefined ? {} : { profile }),
      ...(endpoint === undefined ? {} : { endpoint }),
      maxAttempts: MAX_ATTEMPTS,
      requestHandler: { connectionTimeout: milliseconds, requestTimeout: milliseconds },
    })
  }

  async send<Answer>(command: Command<Answer>): Promise<Answer> {
    try {
      return await this.#within(
        async (abortSignal) => await this.#client.send(command, { abortSignal }),
      )
    } catch (cause) {
      throw faultOf(this.name, cause)
    }
  }

  close(): void {
    this.#client.destroy()
  }
}

async function openService(uri: AwsUri, options: ConnectedOptions): Promise<AwsService> {
  const sdk = await loadPeer(
    { name: '@aws-sdk/client-kms', install: '@aws-sdk/client-kms@3.1162.0' },
    'awskms',
    async () => await import('@aws-sdk/client-kms'),
  )
  return new AwsService(sdk, uri, options)
}

interface AwsKey {
  /** The ARN, which no alias can move. */
  readonly arn: string
  readonly row: AwsSpec
  readonly key: PublicKey
}

/** @throws CantosignError `kms-key-usage` */
function specOf(name: string, spec: string | undefined, usage: string | undefined): AwsSpec {
  const row = SPECS.find(({ aws }) => aws === spec)
  if (usage !== 'SIGN_VERIFY') {
    throw usageFault(name, `has the key for ${complaint(usage ?? 'nothing')}, not for signing`)
  }
  if (row !== undefined) return row
  throw usageFault(name, `has a key of the spec ${complaint(spec ?? 'none')} there`)
}

async function readKey(service: AwsService, id: string): Promise<AwsKey> {
  const { name, sdk } = service
  const answer = await service.send(new sdk.GetPublicKeyCommand({ KeyId: id }))
  const row = specOf(name, answer.KeySpec, answer.KeyUsage)
  const { KeyId: arn, PublicKey: spki, SigningAlgorithms: algorithms } = answer
  if (arn === undefined || spki === undefined || algorithms === undefined) {
    throw answerFault(name, 'answers without a key')
  }
  if (!algorithms.includes(row.algorithm)) {
    throw usageFault(name, `does not offer ${row.algorithm} for the key`)
  }
  return { arn, row, key: statedKey(name, new Uint8Array(spki), row.keySpec) }
}

async function sign(
  service: AwsService,
  { arn, row }: AwsKey,
  message: Uint8Array,
): Promise<Uint8Array> {
  const { name, sdk } = service
  const answer = await service.send(
    new sdk.SignCommand({
      KeyId: arn,
      Message: message,
      MessageType: 'RAW',
      SigningAlgorithm: row.algorithm,
    }),
  )
  if (answer.KeyId !== arn) throw answerFault(name, 'answers for another key than the one asked')
  if (answer.SigningAlgorithm !== row.algorithm || answer.Signature === undefined) {
    throw answerFault(name, 'answers with no signature of the algorithm that was asked for')
  }
  return new Uint8Array(answer.Signature)
}

/** @throws CantosignError `key-uri-invalid` */
function requireKey({ key }: AwsUri): string {
  if (key !== '') return key
  throw uriFault('awskms', 'names no key', 'give awskms:///KEYID or awskms:///alias/NAME')
}

/**
 * Opens a key in AWS KMS.
 * @throws CantosignError `key-uri-invalid`, `kms-…`, `signer-timeout`, and what the port throws
 */
export async function openAwsSigner(uri: AwsUri, options: ConnectedOptions): Promise<Signer> {
  const id = requireKey(uri)
  const service = await openService(uri, options)
  try {
    const found = await readKey(service, id)
    return signerOf(
      {
        name: `${service.name} with the key ${found.arn}`,
        madeBy: 'other',
        ecdsa: { takes: 'message', gives: 'DER' },
        publicKey: async () => await Promise.resolve(found.key.spki),
        sign: async (message) => await sign(service, found, message),
        close: () => {
          service.close()
        },
      },
      options,
    )
  } catch (error) {
    service.close()
    throw error
  }
}

/**
 * The name that a node has for the key: its ARN, which no alias can move and which other accounts use.
 * @throws CantosignError as `openAwsSigner`
 */
export async function awsKeyName(uri: AwsUri, options: ConnectedOptions): Promise<KmsKeyName> {
  const id = requireKey(uri)
  const service = await openService(uri, options)
  try {
    const { arn, key } = await readKey(service, id)
    const region = /^arn:[^:]*:kms:([a-z0-9-]+):/.exec(arn)?.[1]
    if (region === undefined) throw answerFault(service.name, 'answers with an ARN that is none')
    return {
      key,
      kmsKeyId: arn,
      configuration: [
        ['type', 'aws'],
        ['region', region],
      ],
      remarks: specRemarks(key),
    }
  } finally {
    service.close()
  }
}

/** True if the policy of a key keeps it from who is asking, who may well see the others. */
const isDenied = (error: unknown): error is CantosignError =>
  error instanceof CantosignError && textOf(error.cause, 'name') === 'AccessDeniedException'

/** The row of one key in a list. */
async function describe(service: AwsService, uri: AwsUri, arn: string): Promise<ConnectedKey> {
  const { name, sdk } = service
  let facts: ConnectedKey['facts'] = { arn }
  try {
    const { KeyMetadata: data } = await service.send(new sdk.DescribeKeyCommand({ KeyId: arn }))
    facts = {
      arn,
      spec: data?.KeySpec ?? '',
      state: data?.KeyState ?? '',
      description: data?.Description ?? '',
    }
    specOf(name, data?.KeySpec, data?.KeyUsage)
    const { key } = await readKey(service, arn)
    const enabled = data?.KeyState === 'Enabled'
    return {
      uri: enabled ? formatAwsUri(uri, arn) : undefined,
      key,
      facts,
      problem: enabled ? undefined : 'it is not enabled',
    }
  } catch (error) {
    if (isDenied(error)) return { uri: undefined, key: undefined, facts, problem: error.message }
    return uselessKey(error, facts)
  }
}

/**
 * The keys of a region, those included that do not sign for Canton.
 * @throws CantosignError as `openAwsSigner`
 */
export async function listAwsKeys(
  uri: AwsUri,
  options: ConnectedOptions,
): Promise<readonly ConnectedKey[]> {
  if (uri.key !== '') {
    throw uriFault(
      'awskms',
      'names a key, and all keys of a region are listed',
      'leave out the key',
    )
  }
  const service = await openService(uri, options)
  try {
    const arns: string[] = []
    for (let marker: string | undefined; ;) {
      const answer = await service.send(
        new service.sdk.ListKeysCommand(marker === undefined ? {} : { Marker: marker }),
      )
      for (const { KeyArn } of answer.Keys ?? []) if (KeyArn !== undefined) arns.push(KeyArn)
      refuseTooMany(service.name, arns.length)
      if (answer.Truncated !== true || answer.NextMarker === undefined) break
      marker = answer.NextMarker
    }
    const keys: ConnectedKey[] = []
    for (const arn of arns) keys.push(await describe(service, uri, arn))
    return keys
  } finally {
    service.close()
  }
}

/**
 * Makes a key, with an alias if the URI names one, and signs once with it.
 * @throws CantosignError as `openAwsSigner`, `kms-key-exists`
 */
export async function generateAwsKey(
  uri: AwsUri,
  keySpec: SigningKeySpec,
  options: ConnectedOptions,
): Promise<{ readonly uri: string; readonly key: PublicKey }> {
  if (uri.key !== '' && !uri.key.startsWith('alias/')) {
    throw uriFault(
      'awskms',
      'names a new key by its id',
      'give awskms:///alias/NAME, or no key at all',
    )
  }
  const row = SPECS.find((one) => one.keySpec === keySpec)
  if (row === undefined) throw new Error(`no row for ${keySpec}`)
  const service = await openService(uri, options)
  let arn: string | undefined
  try {
    const { sdk, name } = service
    if (uri.key !== '' && (await exists(service, uri.key))) {
      throw serviceFault('kms-key-exists', name, uri.key)
    }
    const { KeyMetadata: made } = await service.send(
      new sdk.CreateKeyCommand({ KeySpec: row.aws, KeyUsage: 'SIGN_VERIFY' }),
    )
    arn = made?.Arn
    if (arn === undefined) throw answerFault(name, 'does not tell which key it has made')
    if (uri.key !== '') {
      await service.send(new sdk.CreateAliasCommand({ AliasName: uri.key, TargetKeyId: arn }))
    }
    const key = await provedKey(await openAwsSigner({ ...uri, key: arn }, options))
    return { uri: formatAwsUri(uri, arn), key }
  } catch (error) {
    throw arn === undefined ? error : leftBehind(arn, error)
  } finally {
    service.close()
  }
}

/** A failure after the key was made: only by its ARN is it found again. */
function leftBehind(arn: string, error: unknown): unknown {
  if (!(error instanceof CantosignError)) return error
  const { code, message, hint, details } = error
  return new CantosignError(
    code,
    `${message}; the key ${complaint(arn)} was made before`,
    `${hint}; the new key can be used by its ARN if it signs, or deleted in AWS KMS`,
    { details: { ...details, key: arn }, cause: error },
  )
}

async function exists(service: AwsService, id: string): Promise<boolean> {
  try {
    await service.send(new service.sdk.DescribeKeyCommand({ KeyId: id }))
    return true
  } catch (error) {
    if (error instanceof CantosignError && error.code === 'kms-key-absent') return false
    throw error
  }
}
