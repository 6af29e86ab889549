/**
 * Keys in Google Cloud KMS, through Google's own package and with its usual chain of credentials.
 * Ed25519 is given the message as `data`, ECDSA the digest that goes with the curve; both ways carry
 * CRC-32C, and an answer that does not say that ours arrived whole is refused.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { CallOptions, KeyManagementServiceClient } from '@google-cloud/kms'
import { utf8Bytes } from '../../base/bytes.ts'
import { CantosignError } from '../../base/errors.ts'
import type { SigningKeySpec } from '../../crypto/key-spec.ts'
import { parsePem } from '../../crypto/pem.ts'
import type { PublicKey } from '../../crypto/public-key.ts'
import type { ConnectedKey, ConnectedOptions } from '../../signer/connected.ts'
import { signerOf, type Signer } from '../../signer/signer.ts'
import { DEFAULT_TIMEOUT_MILLISECONDS } from '../../signer/timeout.ts'
import { withinTime, withRetries } from '../answer-time.ts'
import { crc32c } from '../crc32c.ts'
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
import { formatGcpUri, versionName, type GcpUri } from './uri.ts'

/** CryptoKeyVersionAlgorithm, and the field of Digest; without one the message itself is signed. */
interface GcpSpec {
  readonly keySpec: SigningKeySpec
  readonly algorithm: string
  readonly digest: 'sha256' | 'sha384' | undefined
}

const SPECS: readonly GcpSpec[] = [
  { keySpec: 'EC_CURVE25519', algorithm: 'EC_SIGN_ED25519', digest: undefined },
  { keySpec: 'EC_P256', algorithm: 'EC_SIGN_P256_SHA256', digest: 'sha256' },
  { keySpec: 'EC_P384', algorithm: 'EC_SIGN_P384_SHA384', digest: 'sha384' },
  { keySpec: 'EC_SECP256K1', algorithm: 'EC_SIGN_SECP256K1_SHA256', digest: 'sha256' },
]

/** Codes of gRPC. */
const STATUS = { exhausted: '8', precondition: '9', unavailable: '14' }
/** What another attempt may find gone. */
const BUSY: ReadonlySet<string> = new Set([STATUS.exhausted, STATUS.unavailable])

const FAULTS: Readonly<Record<string, ServiceFaultCode>> = {
  '4': 'kms-unreachable',
  '5': 'kms-key-absent',
  '6': 'kms-key-exists',
  '7': 'kms-credentials',
  [STATUS.exhausted]: 'kms-throttled',
  [STATUS.precondition]: 'kms-key-state',
  [STATUS.unavailable]: 'kms-unreachable',
  '16': 'kms-credentials',
}

/** What gRPC says where no credentials could be had for a call. */
const PLUGIN = /metadata from plugin failed/

function faultOf(name: string, cause: unknown): CantosignError {
  if (cause instanceof CantosignError) return cause
  const said = textOf(cause, 'message')
  const code = FAULTS[textOf(cause, 'code')]
  // Of the package that finds credentials, which has no codes of its own.
  const credentials =
    code === undefined ? /credential|invalid_|unauthorized_client|ENOENT/i : PLUGIN
  if (credentials.test(said)) return serviceFault('kms-credentials', name, said, cause)
  if (isUnreachable(cause)) return serviceFault('kms-unreachable', name, said, cause)
  return serviceFault(code ?? 'kms-refused', name, said, cause)
}

class GcpService {
  readonly name = 'Google Cloud KMS'
  readonly #client: KeyManagementServiceClient
  readonly #milliseconds: number

  constructor(client: KeyManagementServiceClient, options: ConnectedOptions) {
    this.#client = client
    this.#milliseconds = options.timeoutMilliseconds ?? DEFAULT_TIMEOUT_MILLISECONDS
  }

  /** The package would go on until the time is over; what is repeated here is so a few times. */
  async call<Answer>(
    ask: (
      client: KeyManagementServiceClient,
      options: CallOptions,
    ) => Promise<readonly [Answer, ...unknown[]]>,
  ): Promise<Answer> {
    try {
      const [answer] = await withinTime(
        this.name,
        this.#milliseconds,
      )(
        async (signal) =>
          await withRetries(
            (error) => BUSY.has(textOf(error, 'code')) && !PLUGIN.test(textOf(error, 'message')),
            signal,
            async () => await ask(this.#client, { timeout: this.#milliseconds, retry: null }),
          ),
      )
      return answer
    } catch (cause) {
      throw faultOf(this.name, cause)
    }
  }

  /**
   * Finds credentials before the first request. A client that has found none is never closed: that
   * would reject promises which nobody can reach.
   */
  async start(): Promise<void> {
    try {
      await withinTime(this.name, this.#milliseconds)(async () => await this.#client.initialize())
    } catch (cause) {
      throw faultOf(this.name, cause)
    }
  }

  close(): void {
    // It ends connections; what it could still say is about a service that is not asked any more.
    this.#client.close().catch(() => undefined)
  }
}

async function openService(uri: GcpUri, options: ConnectedOptions): Promise<GcpService> {
  const { KeyManagementServiceClient } = await loadPeer(
    { name: '@google-cloud/kms', install: '@google-cloud/kms@5.7.0' },
    'gcpkms',
    async () => await import('@google-cloud/kms'),
  )
  const [, host, port] = /^(.*?)(?::([0-9]+))?$/.exec(uri.endpoint ?? '') ?? []
  const client = new KeyManagementServiceClient({
    ...(host === undefined || host === '' ? {} : { apiEndpoint: host }),
    ...(port === undefined ? {} : { port: Number(port) }),
  })
  const service = new GcpService(client, options)
  await service.start()
  return service
}

interface GcpKey {
  /** Of the version. */
  readonly resource: string
  readonly row: GcpSpec
  readonly key: PublicKey
}

function specOf(name: string, algorithm: string): GcpSpec {
  const row = SPECS.find((one) => one.algorithm === algorithm)
  if (row !== undefined) return row
  throw usageFault(name, `has a key of the algorithm ${complaint(algorithm)} there`)
}

/** @throws CantosignError `kms-answer` unless the bytes have the checksum that came with them */
function checkCrc32c(
  name: string,
  what: string,
  bytes: Uint8Array,
  stated: { readonly value?: { toString(): string } | null } | null | undefined,
): void {
  if (stated?.value?.toString() === String(crc32c(bytes))) return
  throw answerFault(name, `gave a ${what} that does not have the CRC-32C beside it`)
}

async function readKey(service: GcpService, resource: string): Promise<GcpKey> {
  const { name } = service
  const answer = await service.call(
    async (client, options) => await client.getPublicKey({ name: resource }, options),
  )
  const { pem } = answer
  if (typeof pem !== 'string' || answer.name !== resource) {
    throw answerFault(name, 'answers without the key that was asked for')
  }
  const row = specOf(name, String(answer.algorithm ?? 'none'))
  const bytes = utf8Bytes(pem)
  checkCrc32c(name, 'public key', bytes, answer.pemCrc32c)
  const { label, content } = parsePem(bytes)
  if (label !== 'PUBLIC KEY') throw answerFault(name, 'gave a public key of another form')
  return { resource, row, key: statedKey(name, content, row.keySpec) }
}

/** @param input the message for Ed25519, the digest for ECDSA */
async function sign(
  service: GcpService,
  { resource, row }: GcpKey,
  input: Uint8Array,
): Promise<Uint8Array> {
  const { name } = service
  const checksum = { value: crc32c(input) }
  const { digest } = row
  const answer = await service.call(
    async (client, options) =>
      await client.asymmetricSign(
        {
          name: resource,
          ...(digest === undefined
            ? { data: input, dataCrc32c: checksum }
            : {
                digest: digest === 'sha256' ? { sha256: input } : { sha384: input },
                digestCrc32c: checksum,
              }),
        },
        options,
      ),
  )
  const verified = digest === undefined ? answer.verifiedDataCrc32c : answer.verifiedDigestCrc32c
  if (verified !== true) {
    throw answerFault(name, 'does not say that what is to be signed arrived whole')
  }
  if (answer.name !== resource)
    throw answerFault(name, 'answers for another key than the one asked')
  const { signature } = answer
  if (signature === undefined || signature === null) throw answerFault(name, 'gives no signature')
  const bytes =
    typeof signature === 'string'
      ? new Uint8Array(Buffer.from(signature, 'base64'))
      : new Uint8Array(signature)
  checkCrc32c(name, 'signature', bytes, answer.signatureCrc32c)
  return bytes
}

/** @throws CantosignError `key-uri-invalid` */
function requireVersion(uri: GcpUri): string {
  const { cryptoKey, version } = uri
  if (cryptoKey !== undefined && version !== undefined) return versionName(uri, cryptoKey, version)
  throw uriFault(
    'gcpkms',
    'names no version of a key',
    'end it with /cryptoKeys/K/cryptoKeyVersions/N: each version is a key of its own',
  )
}

async function openVersion(
  uri: GcpUri,
  resource: string,
  options: ConnectedOptions,
): Promise<Signer> {
  const service = await openService(uri, options)
  try {
    const found = await readKey(service, resource)
    return signerOf(
      {
        name: `${service.name} with the key ${resource}`,
        madeBy: 'other',
        ecdsa: { takes: 'digest', gives: 'DER' },
        publicKey: async () => await Promise.resolve(found.key.spki),
        sign: async (input) => await sign(service, found, input),
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
 * Opens a version of a key in Google Cloud KMS.
 * @throws CantosignError `key-uri-invalid`, `kms-…`, `signer-timeout`, and what the port throws
 */
export async function openGcpSigner(uri: GcpUri, options: ConnectedOptions): Promise<Signer> {
  return await openVersion(uri, requireVersion(uri), options)
}

/**
 * The name that a node has for the key: that of the key without its version, which it takes to be 1
 * unless its configuration says otherwise.
 * @throws CantosignError as `openGcpSigner`
 */
export async function gcpKeyName(uri: GcpUri, options: ConnectedOptions): Promise<KmsKeyName> {
  const resource = requireVersion(uri)
  const { cryptoKey = '', version } = uri
  const [, project = '', , location = '', , ring = ''] = uri.keyRing.split('/')
  const service = await openService(uri, options)
  try {
    const { key } = await readKey(service, resource)
    const other = version !== '1'
    return {
      key,
      kmsKeyId: cryptoKey,
      configuration: [
        ['type', 'gcp'],
        ['location-id', location],
        ['project-id', `"${project}"`],
        ['key-ring-id', ring],
        ...(other
          ? [['key-version-overrides', `{ "${cryptoKey}" = "${version ?? ''}" }`] as const]
          : []),
      ],
      remarks: [
        ...specRemarks(key),
        ...(other
          ? [
              'a node takes version 1 of a key: key-version-overrides in kms.conf is for releases that know it',
            ]
          : []),
      ],
    }
  } finally {
    service.close()
  }
}

async function describe(
  service: GcpService,
  uri: GcpUri,
  version: { readonly name: string; readonly state: string; readonly algorithm: string },
): Promise<ConnectedKey> {
  const { name, state, algorithm } = version
  const facts = { version: name, algorithm, state }
  if (state !== 'ENABLED') {
    return { uri: undefined, key: undefined, facts, problem: 'it is not enabled' }
  }
  try {
    specOf(service.name, algorithm)
    const { key } = await readKey(service, name)
    return { uri: formatGcpUri(uri, name), key, facts, problem: undefined }
  } catch (error) {
    return uselessKey(error, facts)
  }
}

/**
 * The versions of all signing keys of a ring, or of the one key that the URI names.
 * @throws CantosignError as `openGcpSigner`
 */
export async function listGcpKeys(
  uri: GcpUri,
  options: ConnectedOptions,
): Promise<readonly ConnectedKey[]> {
  if (uri.version !== undefined) {
    throw uriFault('gcpkms', 'names a version, and keys are listed', 'end it behind the key ring')
  }
  const service = await openService(uri, options)
  try {
    const parents =
      uri.cryptoKey === undefined
        ? await signingKeys(service, uri.keyRing)
        : [`${uri.keyRing}/cryptoKeys/${uri.cryptoKey}`]
    const keys: ConnectedKey[] = []
    for (const parent of parents) {
      const versions = await service.call(
        async (client, call) => await client.listCryptoKeyVersions({ parent }, call),
      )
      refuseTooMany(service.name, keys.length + versions.length)
      for (const { name, state, algorithm } of versions) {
        if (typeof name !== 'string') throw answerFault(service.name, 'lists a key without a name')
        const stated = { name, state: String(state), algorithm: String(algorithm) }
        keys.push(await describe(service, uri, stated))
      }
    }
    return keys
  } finally {
    service.close()
  }
}

async function signingKeys(service: GcpService, parent: string): Promise<readonly string[]> {
  const keys = await service.call(
    async (client, call) => await client.listCryptoKeys({ parent }, call),
  )
  refuseTooMany(service.name, keys.length)
  return keys.flatMap(({ name, purpose }) =>
    typeof name === 'string' && purpose === 'ASYMMETRIC_SIGN' ? [name] : [],
  )
}

/** Between two questions whether a new key has been made. */
const POLL_MILLISECONDS = 250

/**
 * Makes a key under the name of the URI, and signs once with its first version.
 * @throws CantosignError as `openGcpSigner`, `kms-key-exists`
 */
export async function generateGcpKey(
  uri: GcpUri,
  keySpec: SigningKeySpec,
  options: ConnectedOptions,
): Promise<{ readonly uri: string; readonly key: PublicKey }> {
  const { cryptoKey, version, keyRing, protection } = uri
  if (cryptoKey === undefined || version !== undefined) {
    throw uriFault(
      'gcpkms',
      'does not name the new key',
      'end it with /cryptoKeys/NAME, without a version',
    )
  }
  const row = SPECS.find((one) => one.keySpec === keySpec)
  if (row === undefined) throw new Error(`no row for ${keySpec}`)
  const resource = versionName(uri, cryptoKey, '1')
  const service = await openService(uri, options)
  try {
    await service.call(
      async (client, call) =>
        await client.createCryptoKey(
          {
            parent: keyRing,
            cryptoKeyId: cryptoKey,
            cryptoKey: {
              purpose: 'ASYMMETRIC_SIGN',
              versionTemplate: { algorithm: row.algorithm, protectionLevel: protection },
            },
          },
          call,
        ),
    )
    await untilMade(service, resource, options)
  } finally {
    service.close()
  }
  return {
    uri: formatGcpUri(uri, resource),
    key: await provedKey(await openVersion(uri, resource, options)),
  }
}

/** A key is made while nobody waits for it: its public half is asked for until it is there. */
async function untilMade(
  service: GcpService,
  resource: string,
  options: ConnectedOptions,
): Promise<void> {
  await withinTime(
    service.name,
    options.timeoutMilliseconds,
  )(async (signal) => {
    for (;;) {
      try {
        await readKey(service, resource)
        return
      } catch (error) {
        const pending = error instanceof CantosignError && error.code === 'kms-key-state'
        if (!pending || signal.aborted) throw error
        await pause(POLL_MILLISECONDS, undefined, { signal })
      }
    }
  })
}
