/** Keys in Google Cloud KMS: Google's own package over gRPC against a stand-in that checks tokens and CRC-32C. */
import { GRPC_ROOTS } from '../support/kms/grpc-roots.ts'
import { copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { crc32c } from '../../src/kms/crc32c.ts'
import { connectedKeys } from '../../src/kms/index.ts'
import type { ConnectedKey, ConnectedOptions, ConnectedUri } from '../../src/signer/connected.ts'
import type { Signer } from '../../src/signer/signer.ts'
import { makeAuthority, type Authority } from '../support/kms/authority.ts'
import { codeOf, expectSigns, MESSAGE, signingCode } from '../support/kms/checks.ts'
import { GCP_RING, slowCrc32c, startGcp, type GcpStandIn } from '../support/kms/gcp.ts'
import {
  hashOf,
  holdKey,
  isHighS,
  otherS,
  sideBySide,
  signDigest,
  signMessage,
  SPECS,
} from '../support/kms/held-key.ts'
import { hasPeer } from '../support/kms/peers.ts'

test('CRC-32C has the values of RFC 3720 appendix B.4', () => {
  const bytes = (at: (i: number) => number): Uint8Array =>
    Uint8Array.from({ length: 32 }, (_, i) => at(i))
  // The RFC shows them byte by byte, the lowest first.
  expect(crc32c(bytes(() => 0))).toBe(0x8a9136aa)
  expect(crc32c(bytes(() => 0xff))).toBe(0x62a8ab43)
  expect(crc32c(bytes((i) => i))).toBe(0x46dd794e)
  expect(crc32c(new Uint8Array())).toBe(0)
  expect(crc32c(MESSAGE)).toBe(slowCrc32c(MESSAGE))
})

const installed = await hasPeer('@google-cloud/kms')

describe.skipIf(!installed)('gcpkms: against a stand-in', () => {
  let authority: Authority
  let gcp: GcpStandIn
  const keys = connectedKeys({})
  const uriOf = (name: string): ConnectedUri => ({
    scheme: 'gcpkms',
    text: `gcpkms://${name}?endpoint=${gcp.endpoint}`,
  })
  const open = async (name: string, options: ConnectedOptions = {}): Promise<Signer> =>
    await keys.open(uriOf(name), options)
  const accountFile = (): string => join(authority.directory, 'account.json')

  beforeAll(async () => {
    authority = makeAuthority()
    copyFileSync(authority.ca, GRPC_ROOTS)
    process.env['METADATA_SERVER_DETECTION'] = 'none'
    gcp = await startGcp(authority)
    writeFileSync(accountFile(), gcp.account)
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = accountFile()
  })
  afterEach(() => {
    for (const name of Object.keys(gcp.mischief)) Reflect.deleteProperty(gcp.mischief, name)
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = accountFile()
    gcp.names.length = 0
  })
  afterAll(() => {
    gcp.close()
    authority.remove()
    rmSync(dirname(GRPC_ROOTS), { recursive: true })
  })

  test.each(SPECS)('%s: openssl verifies what it signs', async (keySpec) => {
    const { name, held } = gcp.hold(keySpec)
    await expectSigns(await open(name), held)
  })

  test('the stand-in refuses what Google refuses: a wrong checksum, a digest that is none, data for EC', async () => {
    const { KeyManagementServiceClient } = await import('@google-cloud/kms')
    const client = new KeyManagementServiceClient({
      apiEndpoint: 'localhost',
      port: Number(gcp.endpoint.split(':')[1]),
    })
    const { name } = gcp.hold('EC_CURVE25519')
    const ec = gcp.hold('EC_P384').name
    const options = { timeout: 20_000, retry: null } as const
    const sent = (request: Parameters<typeof client.asymmetricSign>[0]): Promise<unknown> =>
      client.asymmetricSign(request, options)
    await expect(sent({ name, data: MESSAGE, dataCrc32c: { value: 1 } })).rejects.toThrow(
      'checksum',
    )
    const digest = { sha256: hashOf('sha256', MESSAGE) }
    await expect(sent({ name, digest })).rejects.toThrow('takes data')
    await expect(sent({ name: ec, digest })).rejects.toThrow('sha384')
    await expect(sent({ name: ec, data: MESSAGE })).rejects.toThrow('sha384')
    await client.close()
  })

  test('the stand-in refuses the token of another account', async () => {
    const { name } = gcp.hold('EC_P256')
    const other = await startGcp(authority)
    writeFileSync(join(authority.directory, 'other.json'), other.account)
    other.close()
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = join(authority.directory, 'other.json')
    expect(await codeOf(open(name))).toBe('kms-credentials')
  })

  test('credentials that have run out, and a file of credentials that is not there', async () => {
    const { name } = gcp.hold('EC_P256')
    const signer = await open(name)
    gcp.mischief.expired = true
    expect(await signingCode(signer)).toBe('kms-credentials')
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = '/nonexistent/account.json'
    expect(await codeOf(open(name))).toBe('kms-credentials')
  })

  test('a quota that is used up is waited for, four times and no more', async () => {
    const { name, held } = gcp.hold('EC_P256')
    const signer = await open(name)
    gcp.mischief.throttled = 3
    await expectSigns(signer, held)
    gcp.names.length = 0
    const other = await open(name)
    gcp.mischief.throttled = 100
    expect(await signingCode(other)).toBe('kms-throttled')
    expect(gcp.names.filter((one) => one === 'AsymmetricSign')).toHaveLength(4)
  })

  test('a service that does not answer has the time that it is given', async () => {
    const { name } = gcp.hold('EC_P256')
    gcp.mischief.silent = true
    // The package has the same limit, and may be the first to say so.
    const code = await codeOf(open(name, { timeoutMilliseconds: 1000 }))
    expect(code).toMatch(/^(signer-timeout|kms-unreachable)$/)
  })

  test('a service whose certificate nobody vouches for', async () => {
    const { name } = gcp.hold('EC_P256')
    const stranger = makeAuthority()
    const other = await startGcp(stranger)
    const text = `gcpkms://${name}?endpoint=${other.endpoint}`
    expect(await codeOf(keys.open({ scheme: 'gcpkms', text }, {}))).toBe('kms-unreachable')
    other.close()
    stranger.remove()
  })

  test('a version that is absent, disabled, or signs with something else', async () => {
    const absent = `${GCP_RING}/cryptoKeys/none/cryptoKeyVersions/1`
    expect(await codeOf(open(absent))).toBe('kms-key-absent')
    const disabled = gcp.hold('EC_P256')
    const signer = await open(disabled.name)
    disabled.state = 'DISABLED'
    expect(await codeOf(open(disabled.name))).toBe('kms-key-state')
    expect(await signingCode(signer)).toBe('kms-key-state')
    const rsa = gcp.hold('EC_P256')
    rsa.algorithm = 'RSA_SIGN_PSS_2048_SHA256'
    expect(await codeOf(open(rsa.name))).toBe('kms-key-usage')
    const liar = gcp.hold('EC_P256')
    liar.algorithm = 'EC_SIGN_SECP256K1_SHA256'
    expect(await codeOf(open(liar.name))).toBe('kms-answer')
  })

  test.each([
    ['a signature whose checksum is another', { signatureCrc32c: { value: 7 } }],
    ['a signature without a checksum', { signatureCrc32c: null }],
    ['no word that the digest arrived whole', { verifiedDigestCrc32c: false }],
    ['the name of another key', { name: `${GCP_RING}/cryptoKeys/x/cryptoKeyVersions/1` }],
  ])('%s', async (_what, change) => {
    const signer = await open(gcp.hold('EC_P256').name)
    gcp.mischief.answer = (fields) => ({ ...fields, ...change })
    expect(await signingCode(signer)).toBe('kms-answer')
  })

  test('a public key whose checksum is another, or of another key', async () => {
    const { name } = gcp.hold('EC_P256')
    gcp.mischief.answer = (fields) => ({ ...fields, pemCrc32c: { value: 1 } })
    expect(await codeOf(open(name))).toBe('kms-answer')
    gcp.mischief.answer = (fields) => ({ ...fields, name: `${name}1` })
    expect(await codeOf(open(name))).toBe('kms-answer')
  })

  test.each(SPECS)('%s: a signature by another key, or over something else', async (keySpec) => {
    const { name, held } = gcp.hold(keySpec)
    const foreign = holdKey(keySpec)
    const by = (key: typeof held, input: Uint8Array): Uint8Array =>
      keySpec === 'EC_CURVE25519' ? signMessage(key, input) : signDigest(key, input, 'der')
    const signer = await open(name)
    gcp.mischief.signature = (_signature, input) => by(foreign, input)
    expect(await signingCode(signer)).toBe('signature-self-check')
    const again = await open(name)
    gcp.mischief.signature = (_signature, input) => by(held, new Uint8Array(input.length))
    expect(await signingCode(again)).toBe('signature-self-check')
  })

  test.each(['EC_P256', 'EC_P384', 'EC_SECP256K1'] as const)(
    '%s: truncated, r and s side by side: refused; a high s is taken as it is',
    async (keySpec) => {
      const { name } = gcp.hold(keySpec)
      const truncated = await open(name)
      gcp.mischief.signature = (signature) => signature.slice(0, -1)
      expect(await signingCode(truncated)).toBe('signer-output')
      const beside = await open(name)
      gcp.mischief.signature = (signature) => sideBySide(keySpec, signature)
      expect(await signingCode(beside)).toBe('signer-output')
      const high = await open(name)
      gcp.mischief.signature = (signature) =>
        isHighS(keySpec, signature) ? signature : otherS(keySpec, signature)
      expect(isHighS(keySpec, await high.sign({ message: MESSAGE }))).toBe(true)
      high.close()
    },
  )

  test('a new key is waited for and signs; a name that is taken is refused', async () => {
    for (const keySpec of SPECS) {
      const uri = uriOf(`${GCP_RING}/cryptoKeys/new-${keySpec}`)
      const made = await keys.generate(uri, keySpec, {})
      expect(made.key.keySpec).toBe(keySpec)
      expect(made.uri).toContain(`/cryptoKeys/new-${keySpec}/cryptoKeyVersions/1?endpoint=`)
      expect(await codeOf(keys.generate(uri, keySpec, {}))).toBe('kms-key-exists')
    }
  })

  test('the versions of a ring, with what keeps some from signing', async () => {
    const usable = gcp.hold('EC_CURVE25519')
    const disabled = gcp.hold('EC_P256')
    disabled.state = 'DISABLED'
    const listed = await keys.list(uriOf(GCP_RING), {})
    const of = (name: string): ConnectedKey | undefined =>
      listed.find(({ facts }) => facts['version'] === name)
    expect(of(usable.name)?.uri).toBe(uriOf(usable.name).text)
    expect(of(disabled.name)).toMatchObject({ uri: undefined, problem: 'it is not enabled' })
    expect(gcp.names).toContain('ListCryptoKeys')
    const [key = ''] = usable.name.split('/cryptoKeyVersions/')
    expect(await keys.list(uriOf(key), {})).toHaveLength(1)
  })
})
