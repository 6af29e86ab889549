/** Keys behind a network through the executables, from a public key to a signature that verifies. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseSubjectPublicKeyInfo } from '../../src/crypto/public-key.ts'
import { readPackage } from '../../src/package/read.ts'
import { programPath, run, scratch } from '../cli/support/program.ts'
import { recordPassphrase } from '../cli/support/record.ts'
import { makeAuthority, startHttps, type Authority } from '../support/kms/authority.ts'
import { startAws, type AwsStandIn } from '../support/kms/aws.ts'
import { AZURE_VAULT, startAzure, type AzureStandIn } from '../support/kms/azure.ts'
import { GCP_RING, startGcp, type GcpStandIn } from '../support/kms/gcp.ts'
import { holdKey, signMessage, type EcSpec, type HeldKey } from '../support/kms/held-key.ts'
import { hasPeer } from '../support/kms/peers.ts'
import { runOnline, type OnlineResult } from '../support/kms/program.ts'
import { startVault, type VaultStandIn } from '../support/kms/vault.ts'
import { opensslVerifies } from '../support/signatures.ts'

const hasAws = await hasPeer('@aws-sdk/client-kms')
const hasGcp = await hasPeer('@google-cloud/kms')
const hasAzure = await hasPeer('@azure/keyvault-keys')

let authority: Authority
let vault: VaultStandIn
let aws: AwsStandIn
let gcp: GcpStandIn | undefined
let azure: AzureStandIn
const closing: (() => unknown)[] = []

beforeAll(async () => {
  authority = makeAuthority()
  vault = await startVault(authority)
  aws = await startAws(authority)
  azure = await startAzure(authority)
  closing.push(vault.close.bind(vault), aws.close.bind(aws), azure.close)
  // Its messages are those of Google's package.
  if (hasGcp) {
    const started = await startGcp(authority)
    gcp = started
    closing.push(() => {
      started.close()
    })
    writeFileSync(join(authority.directory, 'account.json'), started.account)
  }
  recordPassphrase(vault.token)
  recordPassphrase(aws.credentials.secret)
  recordPassphrase(azure.environment['AZURE_CLIENT_SECRET'] ?? '')
})
afterAll(async () => {
  for (const close of closing) await close()
  authority.remove()
})

const environments = {
  vault: () => ({
    VAULT_ADDR: vault.address,
    VAULT_TOKEN: vault.token,
    VAULT_CACERT: authority.ca,
    VAULT_NAMESPACE: vault.namespace,
  }),
  aws: () => ({
    AWS_ACCESS_KEY_ID: aws.credentials.id,
    AWS_SECRET_ACCESS_KEY: aws.credentials.secret,
    AWS_EC2_METADATA_DISABLED: 'true',
    NODE_EXTRA_CA_CERTS: authority.ca,
  }),
  gcp: () => ({
    GOOGLE_APPLICATION_CREDENTIALS: join(authority.directory, 'account.json'),
    GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: authority.ca,
    METADATA_SERVER_DETECTION: 'none',
  }),
  azure: () => ({
    ...azure.environment,
    HTTPS_PROXY: azure.proxy,
    NODE_EXTRA_CA_CERTS: authority.ca,
  }),
  none: () => ({}),
} as const
type Place = keyof typeof environments

const documentOf = ({ stdout }: OnlineResult): Readonly<Record<string, unknown>> =>
  JSON.parse(stdout) as Readonly<Record<string, unknown>>
const errorIn = (result: OnlineResult): Readonly<Record<string, unknown>> =>
  documentOf(result)['error'] as Readonly<Record<string, unknown>>

/** Every step has to succeed; gives what it says. */
async function step(
  directory: string,
  place: Place,
  ...args: readonly string[]
): Promise<Readonly<Record<string, unknown>>> {
  const result = await runOnline([...args, '--json'], directory, environments[place]())
  expect({ status: result.status, stdout: result.stdout, stderr: result.stderr }).toEqual({
    status: 0,
    stdout: result.stdout,
    stderr: result.stderr,
  })
  return documentOf(result)
}

const policyFor = (namespace: string): string => `version: 1
allow:
  - name: our own root
    mapping: namespaceDelegation
    operation: replace
    namespace: ${namespace}
    key: any
    keyUsage: any
    restriction: any
    serial: 1
`

/** From the key to a root delegation that the air-gapped program finds authorized. */
async function signsPackage(uri: string, held: HeldKey, place: Place): Promise<void> {
  const directory = scratch()
  const { key } = parseSubjectPublicKeyInfo(held.spki)
  const shown = await step(directory, place, 'key', 'show', '--key', uri)
  expect(shown).toMatchObject({ fingerprint: key.fingerprint, keySpec: held.keySpec })
  writeFileSync(join(directory, 'key.pub'), Buffer.from(String(shown['publicKey']), 'base64'))
  const build = ['build', 'root-delegation', '--namespace-key', 'key.pub', '-o', 'in.json']
  expect(run([...build], { directory }).status).toBe(0)
  const sign = ['sign', 'in.json', '--key', uri, '--public-key', 'key.pub', '-o', 'out.json']
  writeFileSync(join(directory, 'policy.yaml'), policyFor(key.fingerprint))
  const unattended = ['--policy', 'policy.yaml', '--audit-log', 'audit.log']
  const signed = await step(directory, place, ...sign, ...unattended)
  expect(signed).toMatchObject({
    signedBy: key.fingerprint,
    transactions: [{ status: 'authorized', rule: 'our own root' }],
  })
  const verified = run(['verify', 'out.json', '--json'], { directory })
  expect(verified.status).toBe(0)
  expect(verified.stdout).toContain('"status":"authorized"')
  const { package: content } = readPackage(
    new Uint8Array(readFileSync(join(directory, 'out.json'))),
  )
  const [transaction] = content.transactions
  const [signature] = transaction?.signatures ?? []
  const hash = new Uint8Array(Buffer.from(transaction?.hash ?? '', 'hex'))
  expect(opensslVerifies(key, hash, signature?.signature ?? new Uint8Array())).toBe(true)
  const scheme = uri.slice(0, uri.indexOf(':'))
  const [entry] = readFileSync(join(directory, 'audit.log'), 'utf8').trim().split('\n')
  expect(JSON.parse(entry ?? '')).toMatchObject({
    event: 'signed',
    signer: scheme,
    key: key.fingerprint,
    approval: 'policy',
    transactions: [{ hash: transaction?.hash, rule: 'our own root' }],
  })
}

describe('from a key to a package that is authorized', () => {
  test.each(['EC_CURVE25519', 'EC_P384'] as const)('hashivault: %s', async (keySpec) => {
    const name = `package-${keySpec}`
    await signsPackage(
      `hashivault://${name}`,
      vault.hold(name, keySpec).versions[0] as HeldKey,
      'vault',
    )
  })

  test('https:', async () => {
    const held = holdKey('EC_SECP256K1')
    const server = await startHttps(authority, (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const message = new Uint8Array(Buffer.concat(chunks))
        response.writeHead(200, { 'content-type': 'application/octet-stream' })
        response.end(request.method === 'GET' ? held.spki : signMessage(held, message))
      })
    })
    await signsPackage(`https://127.0.0.1:${server.port}/k#ca=${authority.ca}`, held, 'none')
    await server.close()
  })

  test.skipIf(!hasAws).each(['EC_CURVE25519', 'EC_P256'] as const)(
    'awskms: %s',
    async (keySpec) => {
      const { arn, held } = aws.hold(keySpec)
      await signsPackage(`awskms://${aws.endpoint}/${arn}`, held, 'aws')
    },
  )

  test.skipIf(!hasGcp)('gcpkms:', async () => {
    if (gcp === undefined) throw new Error('no stand-in')
    const { name, held } = gcp.hold('EC_CURVE25519')
    await signsPackage(`gcpkms://${name}?endpoint=${gcp.endpoint}`, held, 'gcp')
  })

  test.skipIf(!hasAzure)('azurekms:', async () => {
    const { name, version, held } = azure.hold('EC_P256' satisfies EcSpec)
    await signsPackage(`azurekms://${AZURE_VAULT}/${name}/${version}`, held, 'azure')
  })
})

describe('refusals', () => {
  const URIS = [
    'awskms:///alias/x?region=eu-central-1',
    `gcpkms://${GCP_RING}/cryptoKeys/k/cryptoKeyVersions/1`,
    `azurekms://vault-1/key/${'0'.repeat(32)}`,
    'hashivault://x',
    'https://127.0.0.1/x',
  ]

  test.each(URIS)('the air-gapped program takes no %s, and says which one does', (uri) => {
    const { status, stdout, stderr } = run(['key', 'show', '--key', uri])
    expect({ status, stdout }).toEqual({ status: 5, stdout: '' })
    expect(stderr).toContain('use cantosign-online')
  })

  test('without the package of the vendor: which one is missing, and how to install it', async () => {
    const directory = scratch()
    const program = join(directory, 'cantosign-online.mjs')
    copyFileSync(programPath('cantosign-online'), program)
    const packages = ['@aws-sdk/client-kms', '@google-cloud/kms', '@azure/keyvault-keys']
    for (const [i, name] of packages.entries()) {
      const args = ['key', 'show', '--key', URIS[i] ?? '', '--json']
      const result = await runOnline(args, directory, {}, program)
      expect(result.status).toBe(5)
      expect(errorIn(result)).toMatchObject({
        code: 'kms-package-missing',
        details: { package: name },
        hint: expect.stringContaining(`npm install ${name}@`) as string,
      })
    }
    // What needs no package works wherever the file is.
    vault.hold('alone', 'EC_P256')
    const args = ['key', 'show', '--key', 'hashivault://alone', '--json']
    expect((await runOnline(args, directory, environments.vault(), program)).status).toBe(0)
  })

  test.skipIf(!hasAws)(
    'a service without a certificate to be believed, whatever NODE_TLS_REJECT_UNAUTHORIZED says',
    async () => {
      const { arn } = aws.hold('EC_P256')
      const args = ['key', 'show', '--key', `awskms://${aws.endpoint}/${arn}`, '--json']
      const result = await runOnline(args, scratch(), {
        ...environments.aws(),
        NODE_EXTRA_CA_CERTS: '',
        NODE_TLS_REJECT_UNAUTHORIZED: '0',
      })
      expect(result.status).toBe(5)
      expect(errorIn(result)).toMatchObject({ code: 'kms-unreachable' })
    },
  )

  test.each([
    ['--passphrase-file', 'x'],
    ['--command-takes', 'digest'],
    ['--accept-mount-permissions'],
  ])('%s has no use for such a key', async (...option) => {
    const blind = ['sign', 'hash', '--blind', '--detached', '--yes', '-o', 'y']
    const directory = scratch()
    writeFileSync(
      join(directory, 'hash'),
      Buffer.concat([Buffer.from('1220', 'hex'), Buffer.alloc(32)]),
    )
    const refused = await runOnline(
      [...blind, '--key', 'hashivault://x', ...option, '--json'],
      directory,
      environments.vault(),
    )
    expect(refused.status).toBe(2)
    expect(errorIn(refused)['message']).toContain('has no use with a key hashivault:')
  })

  test('what the policy refuses is not even asked of the service, and is in the log', async () => {
    const directory = scratch()
    const [held] = vault.hold('refused', 'EC_P256').versions
    writeFileSync(join(directory, 'key.pub'), held?.spki ?? '')
    const build = ['build', 'root-delegation', '--namespace-key', 'key.pub', '-o', 'in.json']
    expect(run([...build], { directory }).status).toBe(0)
    writeFileSync(join(directory, 'policy.yaml'), policyFor(`1220${'00'.repeat(32)}`))
    vault.names.length = 0
    const result = await runOnline(
      [
        ...['sign', 'in.json', '--key', 'hashivault://refused', '-o', 'out.json', '--json'],
        ...['--policy', 'policy.yaml', '--audit-log', 'audit.log'],
      ],
      directory,
      environments.vault(),
    )
    expect(result.status).toBe(8)
    expect(errorIn(result)['code']).toBe('policy-refused')
    expect(vault.names).toEqual(['GET /v1/transit/keys/refused'])
    expect(() => readFileSync(join(directory, 'out.json'))).toThrow('ENOENT')
    expect(JSON.parse(readFileSync(join(directory, 'audit.log'), 'utf8'))).toMatchObject({
      event: 'refused',
      approval: 'policy',
      signatures: [],
      error: { code: 'policy-refused' },
    })
  })

  test('a signature by another key is not written, and is in the log as a failure', async () => {
    const directory = scratch()
    vault.hold('swapped', 'EC_CURVE25519')
    const foreign = holdKey('EC_CURVE25519')
    writeFileSync(
      join(directory, 'hash'),
      Buffer.concat([Buffer.from('1220', 'hex'), Buffer.alloc(32)]),
    )
    vault.mischief.signature = (_made, message) => signMessage(foreign, message)
    const args = ['sign', 'hash', '--blind', '--detached', '--yes', '--key', 'hashivault://swapped']
    const result = await runOnline(
      [...args, '-o', 'signature', '--audit-log', 'audit.log', '--json'],
      directory,
      environments.vault(),
    )
    delete vault.mischief.signature
    expect(result.status).toBe(5)
    expect(errorIn(result)['code']).toBe('signature-self-check')
    expect(() => readFileSync(join(directory, 'signature'))).toThrow('ENOENT')
    expect(JSON.parse(readFileSync(join(directory, 'audit.log'), 'utf8'))).toMatchObject({
      event: 'failed',
      signatures: [],
      error: { code: 'signature-self-check' },
    })
  })
})

describe('key rings', () => {
  test('key generate, and key list with what it made', async () => {
    const directory = scratch()
    const made = await step(
      directory,
      'vault',
      ...['key', 'generate', '--key-spec', 'ed25519', '--key', 'hashivault://made'],
      ...['-o', 'made.pub'],
    )
    expect(made).toMatchObject({
      keySpec: 'EC_CURVE25519',
      container: 'hashivault',
      encrypted: false,
      uri: 'hashivault://made?version=1',
      output: 'made.pub',
    })
    const { key } = parseSubjectPublicKeyInfo(
      new Uint8Array(readFileSync(join(directory, 'made.pub'))),
    )
    expect(made['fingerprint']).toBe(key.fingerprint)
    const listed = await step(directory, 'vault', 'key', 'list', 'hashivault://')
    expect(listed['keys']).toContainEqual({
      uri: 'hashivault://made?version=1',
      fingerprint: key.fingerprint,
      keySpec: 'EC_CURVE25519',
      publicKey: Buffer.from(key.spki).toString('base64'),
      remark: null,
      name: 'made',
      version: '1',
      type: 'ed25519',
    })
    const text = await runOnline(['key', 'list', 'hashivault://'], directory, environments.vault())
    expect(text.stdout).toContain(key.fingerprint)
    const again = await runOnline(
      ['key', 'generate', '--key-spec', 'p256', '--key', 'hashivault://made', '--json'],
      directory,
      environments.vault(),
    )
    expect(again.status).toBe(5)
    expect(errorIn(again)['code']).toBe('kms-key-exists')
    for (const option of [['--no-encrypt'], ['--passphrase-file', 'x'], ['--to', 'pkcs8-pem']]) {
      const args = ['key', 'generate', '--key-spec', 'p256', '--key', 'hashivault://n', ...option]
      expect((await runOnline(args, directory, environments.vault())).status).toBe(2)
    }
  })
})
