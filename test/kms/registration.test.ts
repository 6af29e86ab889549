/** `export --format kms-registration`: what a node is told of a key in AWS or Google Cloud KMS. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseSubjectPublicKeyInfo } from '../../src/crypto/public-key.ts'
import { run, scratch } from '../cli/support/program.ts'
import { makeAuthority, type Authority } from '../support/kms/authority.ts'
import { startAws, AWS_REGION, type AwsStandIn } from '../support/kms/aws.ts'
import { GCP_RING, startGcp, type GcpStandIn } from '../support/kms/gcp.ts'
import { hasPeer } from '../support/kms/peers.ts'
import { runOnline, type OnlineResult } from '../support/kms/program.ts'

const hasAws = await hasPeer('@aws-sdk/client-kms')
const hasGcp = await hasPeer('@google-cloud/kms')

let authority: Authority
let aws: AwsStandIn
let gcp: GcpStandIn | undefined

beforeAll(async () => {
  authority = makeAuthority()
  aws = await startAws(authority)
  if (!hasGcp) return
  gcp = await startGcp(authority)
  writeFileSync(join(authority.directory, 'account.json'), gcp.account)
})
afterAll(async () => {
  await aws.close()
  gcp?.close()
  authority.remove()
})

const ofAws = (): Readonly<Record<string, string>> => ({
  AWS_ACCESS_KEY_ID: aws.credentials.id,
  AWS_SECRET_ACCESS_KEY: aws.credentials.secret,
  AWS_EC2_METADATA_DISABLED: 'true',
  NODE_EXTRA_CA_CERTS: authority.ca,
})
const ofGcp = (): Readonly<Record<string, string>> => ({
  GOOGLE_APPLICATION_CREDENTIALS: join(authority.directory, 'account.json'),
  GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: authority.ca,
  METADATA_SERVER_DETECTION: 'none',
})

type Document = Readonly<Record<string, unknown>>
const errorIn = ({ stdout }: OnlineResult): Document =>
  (JSON.parse(stdout) as Document)['error'] as Document

/** Has to succeed; gives what it says. */
async function exported(
  directory: string,
  environment: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<Document> {
  const { status, stdout, stderr } = await runOnline([...args, '--json'], directory, environment)
  expect({ status, stderr, stdout }).toEqual({ status: 0, stderr, stdout })
  return JSON.parse(stdout) as Document
}

describe('export --format kms-registration', () => {
  const args = (uri: string, ...more: readonly string[]): readonly string[] => [
    ...['export', '--format', 'kms-registration', '--key', uri, '-d', 'out', ...more],
  ]
  const file = (directory: string, name: string): string =>
    readFileSync(join(directory, 'out', name), 'utf8')

  test.skipIf(!hasAws)('of a key of AWS: by its ARN, also where an alias names it', async () => {
    const directory = scratch()
    const { arn, held } = aws.hold('EC_P256', 'alias/registered')
    const { key } = parseSubjectPublicKeyInfo(held.spki)
    const uri = `awskms://${aws.endpoint}/alias/registered?region=${AWS_REGION}`
    const more = [
      '--usage',
      'protocol',
      '--usage',
      'namespace',
      '--name',
      'our key',
      '--node',
      'p2',
    ]
    const made = await exported(directory, ofAws(), args(uri, ...more))
    expect(made).toEqual({
      directory: 'out',
      files: ['register-kms-key.canton', 'register-kms-signing-key.json', 'kms.conf'],
      fingerprint: key.fingerprint,
      keySpec: 'EC_P256',
      kmsKeyId: arn,
      remarks: [],
    })
    const script = file(directory, 'register-kms-key.canton')
    expect(script).toContain(`p2.keys.secret.register_kms_signing_key(\n  "${arn}",`)
    expect(script).toContain('Set(SigningKeyUsage.Namespace, SigningKeyUsage.Protocol),')
    expect(script).toContain(`key.id.unwrap == "${key.fingerprint}"`)
    expect(JSON.parse(file(directory, 'register-kms-signing-key.json'))).toEqual({
      kmsKeyId: arn,
      name: 'our key',
      usage: ['SIGNING_KEY_USAGE_NAMESPACE', 'SIGNING_KEY_USAGE_PROTOCOL'],
    })
    expect(file(directory, 'kms.conf')).toContain(`  type = aws\n  region = ${AWS_REGION}\n`)
    const repeated = await runOnline(args(uri, ...more), directory, ofAws())
    expect(repeated.stderr).toContain('output-exists')
  })

  test.skipIf(!hasGcp)('of a key of Google: its version is told to the node', async () => {
    const directory = scratch()
    const name = `${GCP_RING}/cryptoKeys/imported/cryptoKeyVersions/3`
    gcp?.hold('EC_CURVE25519', name)
    const uri = `gcpkms://${name}?endpoint=${gcp?.endpoint ?? ''}`
    const made = await exported(directory, ofGcp(), args(uri, '--usage', 'namespace'))
    expect(made).toMatchObject({ kmsKeyId: 'imported' })
    expect(made['remarks']).toEqual([
      expect.stringContaining('EC_CURVE25519'),
      expect.stringContaining('key-version-overrides'),
    ])
    expect(file(directory, 'kms.conf')).toBe(
      [
        'canton.participants.participant1.crypto.provider = kms',
        'canton.participants.participant1.crypto.kms {',
        '  type = gcp',
        '  location-id = europe-west3',
        '  project-id = "p-1"',
        '  key-ring-id = ring',
        '  key-version-overrides = { "imported" = "3" }',
        '}\n',
      ].join('\n'),
    )
  })

  test.each<readonly [string, readonly string[], string]>([
    ['no usage', ['awskms:///x'], 'no usage is given'],
    ['a key that nodes do not know', ['hashivault://x', '--usage', 'namespace'], 'hashivault:'],
    ['a key file', ['key.der', '--usage', 'namespace'], 'elsewhere'],
    ...[
      ['--store', 'authorized'],
      ['--proposal', 'true'],
      ['--accept-finding', 'unknown-field'],
      ['--allow-unverifiable'],
      ['--state', 'x'],
      ['--limit', 'signatures=2000'],
    ].map(
      ([option = '', ...value]) =>
        [
          `${option}, which is for other formats`,
          ['awskms:///x', '--usage', 'protocol', option, ...value],
          option,
        ] as const,
    ),
    ['an output', ['awskms:///x', '--usage', 'protocol', '-o', 'x'], '-o'],
  ])('%s', async (_what, [uri = '', ...more], message) => {
    const directory = scratch()
    const result = await runOnline([...args(uri, ...more), '--json'], directory)
    expect(result.status).toBe(2)
    expect(errorIn(result)['message']).toContain(message)
  })

  test.skipIf(!hasAws)('a name that would end the text of the script', async () => {
    const uri = `awskms://${aws.endpoint}/${aws.hold('EC_P256').arn}`
    const directory = scratch()
    const name = ['--name', 'x", Set()); sys.exit("', '--usage', 'protocol', '--json']
    const result = await runOnline([...args(uri), ...name], directory, ofAws())
    expect(result.status).toBe(2)
    expect(() => readFileSync(join(directory, 'out'))).toThrow('ENOENT')
  })

  test('other formats are as before, and take none of its options', async () => {
    const directory = scratch()
    mkdirSync(join(directory, 'out'))
    const without = await runOnline(['export', '--format', 'hash', '-d', 'out'], directory)
    expect(without.stderr).toContain('no file is named')
    const own = ['export', 'x', '--format', 'hash', '-d', 'out', '--usage', 'protocol']
    expect((await runOnline(own, directory)).stderr).toContain('--usage means nothing')
    expect(run(['export', 'x', '--format', 'kms-registration', '-d', 'out']).status).toBe(2)
  })
})
