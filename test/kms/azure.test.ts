/** Keys in Azure Key Vault: Microsoft's own packages, by their real names, against a stand-in. */
import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { connectedKeys } from '../../src/kms/index.ts'
import type { ConnectedKey, ConnectedOptions, ConnectedUri } from '../../src/signer/connected.ts'
import type { Signer } from '../../src/signer/signer.ts'
import { makeAuthority, trustHere, type Authority } from '../support/kms/authority.ts'
import { AZURE_VAULT, startAzure, type AzureStandIn } from '../support/kms/azure.ts'
import { codeOf, expectSigns, MESSAGE, refusalOf, signingCode } from '../support/kms/checks.ts'
import { holdKey, signDigest } from '../support/kms/held-key.ts'
import { hasPeer } from '../support/kms/peers.ts'

const SPECS = ['EC_P256', 'EC_P384', 'EC_SECP256K1'] as const
const installed = await hasPeer('@azure/keyvault-keys')

describe.skipIf(!installed)('azurekms: against a stand-in', () => {
  let authority: Authority
  let azure: AzureStandIn
  const keys = connectedKeys({})
  const uriOf = (path: string): ConnectedUri => ({
    scheme: 'azurekms',
    text: `azurekms://${AZURE_VAULT}${path}`,
  })
  const open = async (
    { name, version }: { readonly name: string; readonly version: string },
    options: ConnectedOptions = {},
  ): Promise<Signer> => await keys.open(uriOf(`/${name}/${version}`), options)

  beforeAll(async () => {
    authority = makeAuthority()
    trustHere(authority)
    azure = await startAzure(authority)
    Object.assign(process.env, azure.environment, { HTTPS_PROXY: azure.proxy })
  })
  afterEach(() => {
    for (const name of Object.keys(azure.mischief)) Reflect.deleteProperty(azure.mischief, name)
    Object.assign(process.env, azure.environment)
    azure.names.length = 0
  })
  afterAll(async () => {
    await azure.close()
    authority.remove()
  })

  test.each(SPECS)('%s: openssl verifies what it signs', async (keySpec) => {
    const key = azure.hold(keySpec)
    await expectSigns(await open(key), key.held)
  })

  test('the stand-in refuses a client with another secret, and a call without a token', async () => {
    const key = azure.hold('EC_P256')
    process.env['AZURE_CLIENT_SECRET'] = 'another-secret-entirely'
    const refusal = await refusalOf(open(key))
    expect(refusal.code).toBe('kms-credentials')
    expect(refusal.message).not.toContain('another-secret-entirely')
    expect(azure.names.some((name) => name.endsWith('/oauth2/v2.0/token'))).toBe(true)
  })

  test('the stand-in refuses what Azure refuses: a digest of another length, another algorithm', async () => {
    const { CryptographyClient, KeyClient } = await import('@azure/keyvault-keys')
    const { DefaultAzureCredential } = await import('@azure/identity')
    const credential = new DefaultAzureCredential()
    const held = azure.hold('EC_P384')
    const abort = { abortSignal: new AbortController().signal }
    const client = new KeyClient(`https://${AZURE_VAULT}.vault.azure.net`, credential, {})
    const key = await client.getKey(held.name, { version: held.version, ...abort })
    const signing = new CryptographyClient(key, credential, {})
    await expect(signing.sign('ES384', new Uint8Array(32), abort)).rejects.toThrow('Invalid length')
    await expect(signing.sign('ES256', new Uint8Array(32), abort)).rejects.toThrow('incompatible')
    const digest = createHash('sha384').update(MESSAGE).digest()
    await expect(signing.sign('ES384', digest, abort)).resolves.toBeDefined()
  })

  test('rights that have been taken away', async () => {
    const signer = await open(azure.hold('EC_P256'))
    azure.mischief.expired = true
    expect(await signingCode(signer)).toBe('kms-credentials')
  })

  test.each([undefined, 0])(
    'a busy service is asked four times and no more (%s)',
    async (retryAfter) => {
      const wait: { retryAfter?: number } = retryAfter === undefined ? {} : { retryAfter }
      const key = azure.hold('EC_P256')
      const signer = await open(key)
      Object.assign(azure.mischief, wait, { throttled: 3 })
      await expectSigns(signer, key.held)
      azure.names.length = 0
      const other = await open(key)
      azure.mischief.throttled = 100
      expect(await signingCode(other)).toBe('kms-throttled')
      // Without a token first, to be challenged.
      expect(azure.names.filter((name) => name.endsWith('/sign'))).toHaveLength(1 + 4)
    },
  )

  test('a service that does not answer has the time that it is given', async () => {
    const key = azure.hold('EC_P256')
    azure.mischief.silent = true
    expect(await codeOf(open(key, { timeoutMilliseconds: 1000 }))).toBe('signer-timeout')
  })

  test('keys that are absent, disabled, may not sign, or are of no spec of Canton', async () => {
    expect(await codeOf(open({ name: 'none', version: '0'.repeat(32) }))).toBe('kms-key-absent')
    const disabled = azure.hold('EC_P256')
    const signer = await open(disabled)
    disabled.enabled = false
    expect(await codeOf(open(disabled))).toBe('kms-key-state')
    expect(await signingCode(signer)).toBe('kms-key-state')
    const verifies = azure.hold('EC_P256')
    verifies.operations = ['verify']
    expect(await codeOf(open(verifies))).toBe('kms-key-usage')
    const odd = azure.hold('EC_P256')
    odd.curve = 'P-521'
    expect(await codeOf(open(odd))).toBe('kms-key-usage')
    const rsa = azure.hold('EC_P256')
    rsa.type = 'RSA'
    expect(await codeOf(open(rsa))).toBe('kms-key-usage')
    const liar = azure.hold('EC_P256')
    liar.curve = 'P-256K'
    expect(await codeOf(open(liar))).toMatch(/^(key-|kms-answer)/)
  })

  test.each(SPECS)(
    '%s: by another key, truncated, DER where r and s were promised',
    async (keySpec) => {
      const key = azure.hold(keySpec)
      const foreign = holdKey(keySpec)
      const by = async (
        signature: (made: Uint8Array, digest: Uint8Array) => Uint8Array,
      ): Promise<string> => {
        const signer = await open(key)
        azure.mischief.signature = signature
        const code = await signingCode(signer)
        delete azure.mischief.signature
        return code
      }
      expect(await by((_made, digest) => signDigest(foreign, digest, 'compact'))).toBe(
        'signature-self-check',
      )
      expect(await by((made) => made.slice(0, -1))).toBe('signer-output')
      expect(await by((_made, digest) => signDigest(key.held, digest, 'der'))).toBe('signer-output')
      expect(await by((made) => new Uint8Array(made.length))).toBe('signer-output')
    },
  )

  test('a new key signs; a name that is taken is refused; Ed25519 is not offered', async () => {
    for (const keySpec of SPECS) {
      const uri = uriOf(`/new-${keySpec.replaceAll('_', '-')}`)
      const made = await keys.generate(uri, keySpec, {})
      expect(made.uri).toMatch(new RegExp(`^${uri.text}/[0-9a-f]{32}$`))
      expect(made.key.keySpec).toBe(keySpec)
      expect(await codeOf(keys.generate(uri, keySpec, {}))).toBe('kms-key-exists')
    }
    expect(await codeOf(keys.generate(uriOf('/e'), 'EC_CURVE25519', {}))).toBe('kms-key-usage')
  })

  test('the versions of all keys, with what keeps some from signing', async () => {
    const first = azure.hold('EC_P256', 'listed')
    const second = azure.hold('EC_P384', 'listed')
    second.enabled = false
    const listed = await keys.list(uriOf(''), {})
    const of = ({ version }: typeof first): ConnectedKey | undefined =>
      listed.find(({ facts }) => facts['version'] === version)
    expect(of(first)?.uri).toBe(uriOf(`/listed/${first.version}`).text)
    expect(of(second)).toMatchObject({ uri: undefined, problem: 'it is disabled' })
    expect(await keys.list(uriOf('/listed'), {})).toHaveLength(2)
  })
})
