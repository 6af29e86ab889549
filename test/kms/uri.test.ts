/** Key URIs of services: what they mean, and that nothing unclear is taken. */
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { CantosignError } from '../../src/base/errors.ts'
import { formatAwsUri, parseAwsUri } from '../../src/kms/aws/uri.ts'
import { formatAzureUri, parseAzureUri } from '../../src/kms/azure/uri.ts'
import { formatGcpUri, parseGcpUri } from '../../src/kms/gcp/uri.ts'
import { parseHttpsUri } from '../../src/kms/https/uri.ts'
import { formatVaultUri, parseVaultUri } from '../../src/kms/vault/uri.ts'

const PARSERS = {
  awskms: parseAwsUri,
  gcpkms: parseGcpUri,
  azurekms: parseAzureUri,
  hashivault: parseVaultUri,
  https: parseHttpsUri,
} as const
type Scheme = keyof typeof PARSERS

function codeOf(text: string): string {
  try {
    PARSERS[text.slice(0, text.indexOf(':')) as Scheme](text)
  } catch (error) {
    if (error instanceof CantosignError) return error.code
    throw error
  }
  return 'taken'
}

const ARN = 'arn:aws:kms:eu-central-1:111122223333:key/0f2c3b8e-0000-4000-8000-000000000000'
const RING = 'projects/p-1/locations/global/keyRings/r'
const VERSION = `${RING}/cryptoKeys/k/cryptoKeyVersions/1`
const AZURE = '0123456789abcdef0123456789abcdef'

describe('what they mean', () => {
  test('awskms:', () => {
    expect(parseAwsUri(`awskms:///${ARN}`)).toEqual({
      endpoint: undefined,
      key: ARN,
      region: 'eu-central-1',
      profile: undefined,
    })
    expect(
      parseAwsUri(
        'awskms://vpce-1.kms.us-east-1.vpce.amazonaws.com/alias/a/b?region=us-east-1&profile=x%20y',
      ),
    ).toEqual({
      endpoint: 'https://vpce-1.kms.us-east-1.vpce.amazonaws.com',
      key: 'alias/a/b',
      region: 'us-east-1',
      profile: 'x y',
    })
    expect(parseAwsUri('awskms:///mrk-0123').key).toBe('mrk-0123')
    expect(parseAwsUri('awskms://?region=us-east-1')).toMatchObject({
      key: '',
      region: 'us-east-1',
    })
  })

  test('gcpkms:', () => {
    expect(parseGcpUri(`gcpkms://${VERSION}?endpoint=localhost:1&protection=software`)).toEqual({
      keyRing: RING,
      cryptoKey: 'k',
      version: '1',
      endpoint: 'localhost:1',
      protection: 'SOFTWARE',
    })
    expect(parseGcpUri(`gcpkms://${RING}`)).toMatchObject({
      cryptoKey: undefined,
      protection: 'HSM',
    })
    expect(parseGcpUri(`gcpkms://${RING.replace('p-1', 'example.com:p-1')}`).keyRing).toContain(':')
  })

  test('azurekms:', () => {
    expect(parseAzureUri(`azurekms://my-vault/key/${AZURE}`)).toEqual({
      vault: 'my-vault',
      address: 'https://my-vault.vault.azure.net',
      key: 'key',
      version: AZURE,
      hsm: false,
    })
    expect(parseAzureUri('azurekms://h.managedhsm.azure.net/key')).toMatchObject({
      address: 'https://h.managedhsm.azure.net',
      version: undefined,
      hsm: true,
    })
    expect(parseAzureUri('azurekms://my-vault/key?protection=hsm').hsm).toBe(true)
  })

  test('hashivault:', () => {
    const text =
      'hashivault://key.1?version=7&mount=a/b&address=https://v:8200/x&namespace=n/s&token-file=/t&ca=/c'
    expect(parseVaultUri(text)).toEqual({
      key: 'key.1',
      version: 7,
      mount: 'a/b',
      address: 'https://v:8200/x',
      namespace: 'n/s',
      tokenFile: '/t',
      ca: '/c',
    })
    expect(parseVaultUri('hashivault://')).toMatchObject({ key: undefined, mount: 'transit' })
  })

  test('https:', () => {
    expect(parseHttpsUri('https://h:1/a?b=c#token-file=/t&ca=/c&cert=/d&key=/e')).toEqual({
      address: 'https://h:1',
      path: '/a?b=c',
      tokenFile: '/t',
      ca: '/c',
      certificate: '/d',
      key: '/e',
    })
    expect(parseHttpsUri('https://h').path).toBe('/')
  })
})

describe('what is written is read again', () => {
  test.each([ARN, 'alias/x', 'some-id'])('awskms: %s', (key) => {
    for (const place of ['awskms:///?region=us-east-1&profile=a%26b', 'awskms://h:1/']) {
      const uri = parseAwsUri(place)
      const again = parseAwsUri(formatAwsUri(uri, key))
      expect(again).toEqual({ ...uri, key, region: key === ARN ? 'eu-central-1' : uri.region })
    }
  })

  test('gcpkms: and azurekms:', () => {
    const gcp = parseGcpUri(`gcpkms://${RING}?endpoint=h:1`)
    expect(parseGcpUri(formatGcpUri(gcp, VERSION))).toEqual({
      ...gcp,
      cryptoKey: 'k',
      version: '1',
    })
    const azure = parseAzureUri('azurekms://my-vault')
    const version = { key: 'k', version: AZURE }
    expect(parseAzureUri(formatAzureUri(azure, 'k', AZURE))).toEqual({ ...azure, ...version })
  })

  property.prop([fc.constantFrom('/a&b', '/a#b', '/a%b', '/a b', '/ä', '/a+b=c?d')])(
    'hashivault: with a file of an odd name',
    (file) => {
      const uri = { ...parseVaultUri('hashivault://k'), tokenFile: file, ca: file, version: 2 }
      expect(parseVaultUri(formatVaultUri(uri, 'k', 2))).toEqual(uri)
    },
  )
})

describe('what is refused', () => {
  test.each([
    ...['awskms:', 'awskms:/x', 'awskms:x', 'awskms:///a b', 'awskms:///a/b', 'awskms:///alias/'],
    ...['awskms:///x?region=', 'awskms:///x?region=EU', 'awskms:///x?regoin=us-east-1'],
    ...[
      'awskms:///x?region=us-east-1&region=us-east-1',
      'awskms:///x#y',
      'awskms:///x?profile=%ff',
    ],
    ...[`awskms:///${ARN}?region=us-east-1`, `awskms:///${ARN.replace(':kms:', ':s3:')}`],
    ...['awskms://user@host/x', 'awskms://user:pass@host/x', 'awskms://host:70000/x'],
    ...['awskms:///x?profile=a%0ab', 'awskms:///x\u202e', 'awskms:///x?', 'awskms:///x?a'],
  ])('%j', (text) => {
    // A question mark with nothing behind it says nothing.
    expect(codeOf(text)).toBe(text.endsWith('x?') ? 'taken' : 'key-uri-invalid')
  })

  test.each([
    ...['gcpkms://', 'gcpkms:///', `gcpkms:///${VERSION}`, `gcpkms://${VERSION}/`],
    ...[`gcpkms://${VERSION.replace('/1', '/0')}`, `gcpkms://${VERSION.replace('/1', '/01')}`],
    ...[`gcpkms://${VERSION.replace('cryptoKeyVersions', 'versions')}`, `gcpkms://${VERSION}x`],
    ...[`gcpkms://${RING}/cryptoKeys/`, `gcpkms://${RING}/cryptoKeys/a%2Fb`],
    ...[`gcpkms://${VERSION}?endpoint=http://h`, `gcpkms://${VERSION}?protection=none`],
  ])('%s', (text) => {
    expect(codeOf(text)).toBe('key-uri-invalid')
  })

  test.each([
    ...[
      'azurekms://',
      'azurekms:///k',
      'azurekms://ab/k',
      'azurekms://v_1/k',
      `azurekms://v-1/k/${AZURE}/x`,
    ],
    ...['azurekms://v-1/k/latest', `azurekms://v-1/k/${AZURE.toUpperCase()}`, 'azurekms://v-1/a b'],
    ...['azurekms://user@v.vault.azure.net/k', 'azurekms://v-1/k?x=y', 'azurekms://v-1//'],
  ])('%s', (text) => {
    expect(codeOf(text)).toBe('key-uri-invalid')
  })

  test.each([
    ...['hashivault:', 'hashivault://a/b', 'hashivault://..', 'hashivault://a?version=0'],
    ...['hashivault://a?version=1.5', 'hashivault://a?mount=/x', 'hashivault://a?mount=a//b'],
    ...['hashivault://a?mount=../sys', 'hashivault://a?namespace=/x', 'hashivault://a?token=x'],
    ...['hashivault://a?token-file=x', 'hashivault://a?ca=x', 'hashivault://%61'],
  ])('%s', (text) => {
    expect(codeOf(text)).toBe('key-uri-invalid')
  })

  test.each([
    ...[
      'https:x',
      'https://',
      'https:///x',
      'https://user@h/x',
      'https://h/a b',
      'https://h/\u00e4',
    ],
    ...['https://h/x#token=secret', 'https://h/x#token-file=t', 'https://h/x#cert=/c'],
    ...['https://h/x#key=/k', 'https://h/x#ca=/a&ca=/b', 'https://h/x#', 'https://[::1/x'],
  ])('%s', (text) => {
    expect(codeOf(text)).toBe(text.endsWith('#') ? 'taken' : 'key-uri-invalid')
  })

  test.each([
    ...['hashivault://k?token=SECRET', 'hashivault://k?SECRET', 'hashivault://u:SECRET@h'],
    ...['https://u:SECRET@h/x', 'https://h/x#token=SECRET', 'https://h/x#SECRET'],
    ...['awskms://u:SECRET@h/x', 'awskms:///x?key=SECRET', 'azurekms://u:SECRET@v.azure.net/k'],
    ...[`gcpkms://${VERSION}?endpoint=u:SECRET@h`, `gcpkms://u:SECRET@${VERSION}`],
  ])('%s, without a word of what could be secret', (text) => {
    expect(() => PARSERS[text.slice(0, text.indexOf(':')) as Scheme](text)).toThrow(
      expect.objectContaining({
        code: 'key-uri-invalid',
        message: expect.not.stringContaining('SECRET') as string,
        hint: expect.not.stringContaining('SECRET') as string,
      }) as Error,
    )
  })

  property.prop([
    fc.constantFrom<Scheme>('awskms', 'gcpkms', 'azurekms', 'hashivault', 'https'),
    fc.string({ unit: 'binary', maxLength: 40 }),
  ])('whatever the text, it is taken or refused by code', (scheme, rest) => {
    expect(['taken', 'key-uri-invalid']).toContain(codeOf(`${scheme}:${rest}`))
  })
})
