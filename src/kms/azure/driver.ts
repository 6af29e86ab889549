/**
 * Keys in Azure Key Vault and Azure Managed HSM, through Microsoft's own packages and with their usual
 * chain of credentials. EC keys only; the service signs digests and answers with r and s side by side.
 */
import type { CryptographyClient, KeyClient, KeyVaultKey } from '@azure/keyvault-keys'
import { concatBytes } from '../../base/bytes.ts'
import { CantosignError } from '../../base/errors.ts'
import type { SigningKeySpec } from '../../crypto/key-spec.ts'
import { publicKeyFromRaw, type PublicKey } from '../../crypto/public-key.ts'
import type { ConnectedKey, ConnectedOptions } from '../../signer/connected.ts'
import { signerOf, type Signer } from '../../signer/signer.ts'
import { MAX_ATTEMPTS, withinTime, withRetries, type Asking } from '../answer-time.ts'
import { uselessKey, provedKey, refuseTooMany } from '../driver.ts'
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
import { uriFault } from '../uri.ts'
import { formatAzureUri, type AzureUri } from './uri.ts'

interface AzureSpec {
  readonly keySpec: SigningKeySpec
  readonly curve: string
  readonly algorithm: string
}

/** There is no Ed25519. */
const SPECS: readonly AzureSpec[] = [
  { keySpec: 'EC_P256', curve: 'P-256', algorithm: 'ES256' },
  { keySpec: 'EC_P384', curve: 'P-384', algorithm: 'ES384' },
  { keySpec: 'EC_SECP256K1', curve: 'P-256K', algorithm: 'ES256K' },
]

const FAULTS: Readonly<Record<string, ServiceFaultCode>> = {
  '401': 'kms-credentials',
  '403': 'kms-credentials',
  '404': 'kms-key-absent',
  '409': 'kms-key-exists',
  '429': 'kms-throttled',
  '503': 'kms-throttled',
}
const CREDENTIALS =
  /^(CredentialUnavailable|AggregateAuthentication|Authentication|AuthenticationRequired)/

function faultOf(name: string, cause: unknown): CantosignError {
  if (cause instanceof CantosignError) return cause
  const said = `${textOf(cause, 'code')} ${textOf(cause, 'message')}`
  if (CREDENTIALS.test(textOf(cause, 'name'))) {
    return serviceFault('kms-credentials', name, said, cause)
  }
  const status = textOf(cause, 'statusCode')
  if (status === '' && (isUnreachable(cause) || textOf(cause, 'code') === 'REQUEST_SEND_ERROR')) {
    return serviceFault('kms-unreachable', name, said, cause)
  }
  if (/KeyDisabled|KeyNotYetValid|KeyExpired|disabled|not yet valid|expired key/i.test(said)) {
    return serviceFault('kms-key-state', name, said, cause)
  }
  return serviceFault(FAULTS[status] ?? 'kms-refused', name, said, cause)
}

/** The packages repeat what the service tells them to repeat later; without that word they do not. */
function isBusy(error: unknown): boolean {
  if (textOf(error, 'statusCode') !== '429') return false
  const { response } = error as { response?: { headers?: { get(name: string): unknown } } }
  return response?.headers?.get('retry-after') === undefined
}

/** One vault: every answer within the time limit, failures in our words. */
interface AzureService {
  readonly name: string
  readonly client: KeyClient
  readonly signing: (key: KeyVaultKey) => CryptographyClient
  readonly call: Asking
}

async function openService(uri: AzureUri, options: ConnectedOptions): Promise<AzureService> {
  const peers = {
    keys: {
      name: '@azure/keyvault-keys',
      install: '@azure/keyvault-keys@4.10.2 @azure/identity@4.13.1',
    },
    identity: { name: '@azure/identity', install: '@azure/identity@4.13.1' },
  }
  const { KeyClient, CryptographyClient } = await loadPeer(
    peers.keys,
    'azurekms',
    async () => await import('@azure/keyvault-keys'),
  )
  const { DefaultAzureCredential } = await loadPeer(
    peers.identity,
    'azurekms',
    async () => await import('@azure/identity'),
  )
  const name = `the Azure vault ${uri.vault}`
  const within = withinTime(name, options.timeoutMilliseconds)
  const credential = new DefaultAzureCredential()
  const clientOptions = { retryOptions: { maxRetries: MAX_ATTEMPTS - 1 } }
  return {
    name,
    client: new KeyClient(uri.address, credential, clientOptions),
    signing: (key) => new CryptographyClient(key, credential, clientOptions),
    call: async (ask) => {
      try {
        return await within(
          async (signal) => await withRetries(isBusy, signal, async () => await ask(signal)),
        )
      } catch (cause) {
        throw faultOf(name, cause)
      }
    },
  }
}

interface AzureKey {
  readonly vaultKey: KeyVaultKey
  /** The address of this version. */
  readonly id: string
  readonly row: AzureSpec
  readonly key: PublicKey
}

/** One coordinate at its full length: zeros in front may be left out. */
function coordinate(name: string, bytes: Uint8Array | undefined, length: number): Uint8Array {
  if (bytes === undefined || bytes.length > length) {
    throw answerFault(name, 'shows a public key that is no point of its curve')
  }
  return concatBytes(new Uint8Array(length - bytes.length), new Uint8Array(bytes))
}

function usableKey(name: string, vaultKey: KeyVaultKey): AzureKey {
  const { key: jwk, id, properties } = vaultKey
  if (jwk === undefined || id === undefined) throw answerFault(name, 'answers without a key')
  const operations = vaultKey.keyOperations ?? jwk.keyOps ?? []
  if (!operations.includes('sign')) {
    throw usageFault(name, 'does not let the key sign: its operations do not say so')
  }
  if (properties.enabled === false) throw serviceFault('kms-key-state', name, 'it is disabled')
  const row = SPECS.find(({ curve }) => curve === jwk.crv)
  if (row === undefined || !/^EC(-HSM)?$/.test(jwk.kty ?? '')) {
    const type = [jwk.kty, jwk.crv].filter((part) => part !== undefined).join(' ')
    throw usageFault(name, `has a key of the type ${complaint(type)} there`)
  }
  const length = row.keySpec === 'EC_P384' ? 48 : 32
  const point = concatBytes(
    Uint8Array.of(0x04),
    coordinate(name, jwk.x, length),
    coordinate(name, jwk.y, length),
  )
  return { vaultKey, id, row, key: publicKeyFromRaw(row.keySpec, point) }
}

async function readKey(service: AzureService, key: string, version: string): Promise<AzureKey> {
  const { name, client } = service
  const found = await service.call(
    async (abortSignal) => await client.getKey(key, { version, abortSignal }),
  )
  if (found.properties.version !== version) {
    throw answerFault(name, 'answers with another version of the key')
  }
  return usableKey(name, found)
}

/** @throws CantosignError `key-uri-invalid` */
function requireVersion({ key, version }: AzureUri): {
  readonly key: string
  readonly version: string
} {
  if (key !== undefined && version !== undefined) return { key, version }
  throw uriFault(
    'azurekms',
    'names no version of a key',
    'give azurekms://VAULT/KEY/VERSION: each version is a key of its own',
  )
}

/**
 * Opens a version of a key in a vault.
 * @throws CantosignError `key-uri-invalid`, `kms-…`, `signer-timeout`, and what the port throws
 */
export async function openAzureSigner(uri: AzureUri, options: ConnectedOptions): Promise<Signer> {
  const { key, version } = requireVersion(uri)
  const service = await openService(uri, options)
  const { name } = service
  const found = await readKey(service, key, version)
  const client = service.signing(found.vaultKey)
  return signerOf(
    {
      name: `${name} with the key ${key}/${version}`,
      madeBy: 'other',
      ecdsa: { takes: 'digest', gives: 'CONCAT' },
      publicKey: async () => await Promise.resolve(found.key.spki),
      sign: async (digest) => {
        const answer = await service.call(
          async (abortSignal) => await client.sign(found.row.algorithm, digest, { abortSignal }),
        )
        // Which key signed the packages do not hand on: the port verifies.
        return new Uint8Array(answer.result)
      },
      // Its connections are shared by everything of this process that the packages do.
      close: () => undefined,
    },
    options,
  )
}

async function collect<Item>(
  service: AzureService,
  start: (signal: AbortSignal) => AsyncIterable<Item>,
): Promise<readonly Item[]> {
  return await service.call(async (signal) => {
    const items: Item[] = []
    for await (const item of start(signal)) {
      items.push(item)
      refuseTooMany(service.name, items.length)
    }
    return items
  })
}

/**
 * The versions of all keys of a vault, or of the one that the URI names.
 * @throws CantosignError as `openAzureSigner`
 */
export async function listAzureKeys(
  uri: AzureUri,
  options: ConnectedOptions,
): Promise<readonly ConnectedKey[]> {
  if (uri.version !== undefined) {
    throw uriFault('azurekms', 'names a version, and keys are listed', 'give azurekms://VAULT')
  }
  const service = await openService(uri, options)
  const { client, name } = service
  const names =
    uri.key === undefined
      ? (await collect(service, (abortSignal) => client.listPropertiesOfKeys({ abortSignal }))).map(
          (properties) => properties.name,
        )
      : [uri.key]
  const keys: ConnectedKey[] = []
  for (const key of names) {
    const versions = await collect(service, (abortSignal) =>
      client.listPropertiesOfKeyVersions(key, { abortSignal }),
    )
    refuseTooMany(name, keys.length + versions.length)
    for (const { version, enabled } of versions) {
      if (version === undefined) throw answerFault(name, 'lists a key without its version')
      keys.push(await describe(service, uri, key, version, enabled !== false))
    }
  }
  return keys
}

async function describe(
  service: AzureService,
  uri: AzureUri,
  key: string,
  version: string,
  enabled: boolean,
): Promise<ConnectedKey> {
  const facts = { name: key, version }
  if (!enabled) return { uri: undefined, key: undefined, facts, problem: 'it is disabled' }
  try {
    const found = await readKey(service, key, version)
    return { uri: formatAzureUri(uri, key, version), key: found.key, facts, problem: undefined }
  } catch (error) {
    return uselessKey(error, facts)
  }
}

/**
 * Makes a key under the name of the URI, and signs once with it.
 * @throws CantosignError as `openAzureSigner`, `kms-key-exists`
 */
export async function generateAzureKey(
  uri: AzureUri,
  keySpec: SigningKeySpec,
  options: ConnectedOptions,
): Promise<{ readonly uri: string; readonly key: PublicKey }> {
  const { key: name, version, hsm } = uri
  if (name === undefined || version !== undefined) {
    throw uriFault('azurekms', 'does not name the new key', 'give azurekms://VAULT/KEY')
  }
  const row = SPECS.find((one) => one.keySpec === keySpec)
  if (row === undefined) {
    throw usageFault(`the Azure vault ${uri.vault}`, 'makes no Ed25519 keys')
  }
  const service = await openService(uri, options)
  const { client } = service
  // The service would make a new version of a key that is there.
  if (await exists(service, name)) throw serviceFault('kms-key-exists', service.name, name)
  const made = await service.call(
    async (abortSignal) =>
      await client.createEcKey(name, {
        curve: row.curve,
        keyOps: ['sign', 'verify'],
        hsm,
        abortSignal,
      }),
  )
  const own = made.properties.version
  if (own === undefined) throw answerFault(service.name, 'does not tell which key it has made')
  return {
    uri: formatAzureUri(uri, name, own),
    key: await provedKey(await openAzureSigner({ ...uri, version: own }, options)),
  }
}

async function exists(service: AzureService, name: string): Promise<boolean> {
  try {
    await service.call(async (abortSignal) => await service.client.getKey(name, { abortSignal }))
    return true
  } catch (error) {
    if (error instanceof CantosignError && error.code === 'kms-key-absent') return false
    throw error
  }
}
