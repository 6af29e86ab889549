/** Keys in AWS KMS: AWS's own package against a stand-in that checks signature version 4. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { connectedKeys } from '../../src/kms/index.ts'
import type { ConnectedOptions } from '../../src/signer/connected.ts'
import type { Signer } from '../../src/signer/signer.ts'
import { makeAuthority, trustHere, type Authority } from '../support/kms/authority.ts'
import { AWS_REGION, startAws, type AwsStandIn } from '../support/kms/aws.ts'
import { codeOf, expectSigns, MESSAGE, refusalOf, signingCode } from '../support/kms/checks.ts'
import {
  holdKey,
  isHighS,
  otherS,
  sideBySide,
  SPECS,
  signMessage,
} from '../support/kms/held-key.ts'
import { hasPeer } from '../support/kms/peers.ts'

const installed = await hasPeer('@aws-sdk/client-kms')

describe.skipIf(!installed)('awskms: against a stand-in', () => {
  let authority: Authority
  let aws: AwsStandIn
  const keys = connectedKeys({})
  const uriOf = (key: string): string => `awskms://${aws.endpoint}/${key}`
  const open = async (key: string, options: ConnectedOptions = {}): Promise<Signer> =>
    await keys.open({ scheme: 'awskms', text: uriOf(key) }, options)

  beforeAll(async () => {
    authority = makeAuthority()
    trustHere(authority)
    aws = await startAws(authority)
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: aws.credentials.id,
      AWS_SECRET_ACCESS_KEY: aws.credentials.secret,
      AWS_REGION,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/nonexistent',
      AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    })
  })
  afterEach(() => {
    for (const name of Object.keys(aws.mischief)) Reflect.deleteProperty(aws.mischief, name)
    process.env['AWS_SECRET_ACCESS_KEY'] = aws.credentials.secret
    aws.names.length = 0
  })
  afterAll(async () => {
    await aws.close()
    authority.remove()
  })

  test.each(SPECS)('%s: openssl verifies what it signs', async (keySpec) => {
    const { arn, held } = aws.hold(keySpec)
    await expectSigns(await open(arn), held)
  })

  test('an alias is followed once: what it comes to stand for later does not sign', async () => {
    const first = aws.hold('EC_CURVE25519', 'alias/moving')
    const signer = await open('alias/moving')
    aws.hold('EC_CURVE25519', 'alias/moving')
    await expectSigns(signer, first.held)
  })

  test('the stand-in refuses a client with another secret', async () => {
    const { arn } = aws.hold('EC_P256')
    process.env['AWS_SECRET_ACCESS_KEY'] = 'another secret'
    const refusal = await refusalOf(open(arn))
    expect(refusal.code).toBe('kms-credentials')
    expect(refusal.message).toContain('InvalidSignatureException')
    expect(JSON.stringify(refusal.details) + refusal.message).not.toContain('another secret')
  })

  test('the stand-in refuses what AWS refuses: a digest of the wrong length, Ed25519 by digest', async () => {
    const { KMSClient, SignCommand } = await import('@aws-sdk/client-kms')
    const client = new KMSClient({ endpoint: `https://${aws.endpoint}` })
    const send = async (keySpec: 'EC_P384' | 'EC_CURVE25519', length: number): Promise<unknown> =>
      await client.send(
        new SignCommand({
          KeyId: aws.hold(keySpec).arn,
          Message: new Uint8Array(length),
          MessageType: 'DIGEST',
          SigningAlgorithm: keySpec === 'EC_P384' ? 'ECDSA_SHA_384' : 'ED25519_SHA_512',
        }),
        { abortSignal: new AbortController().signal },
      )
    await expect(send('EC_P384', 32)).rejects.toThrow('Digest is invalid length')
    await expect(send('EC_P384', 48)).resolves.toBeDefined()
    await expect(send('EC_CURVE25519', 64)).rejects.toThrow('MessageType RAW')
    client.destroy()
  })

  test('credentials that have run out, and none at all', async () => {
    const { arn } = aws.hold('EC_P256')
    const signer = await open(arn)
    aws.mischief.expired = true
    expect(await signingCode(signer)).toBe('kms-credentials')
    delete process.env['AWS_SECRET_ACCESS_KEY']
    expect(await codeOf(open(arn))).toBe('kms-credentials')
  })

  test('a busy service is asked four times and no more', async () => {
    const { arn, held } = aws.hold('EC_P256')
    const signer = await open(arn)
    aws.mischief.throttled = 3
    await expectSigns(signer, held)
    expect(aws.names.filter((name) => name === 'Sign')).toHaveLength(4)

    aws.names.length = 0
    const other = await open(arn)
    aws.mischief.throttled = 100
    expect(await signingCode(other)).toBe('kms-throttled')
    expect(aws.names.filter((name) => name === 'Sign')).toHaveLength(4)
  })

  test('a service that does not answer has the time that it is given', async () => {
    const { arn } = aws.hold('EC_P256')
    aws.mischief.silent = true
    expect(await codeOf(open(arn, { timeoutMilliseconds: 1000 }))).toBe('signer-timeout')
  })

  test('a service that is not there', async () => {
    const uri = { scheme: 'awskms' as const, text: 'awskms://127.0.0.1:1/alias/x' }
    expect(await codeOf(keys.open(uri, { timeoutMilliseconds: 20_000 }))).toBe('kms-unreachable')
  })

  test('a key that is absent, disabled, for something else, or of no spec of Canton', async () => {
    expect(await codeOf(open('alias/none'))).toBe('kms-key-absent')
    const disabled = aws.hold('EC_P256')
    const signer = await open(disabled.arn)
    disabled.state = 'Disabled'
    expect(await codeOf(open(disabled.arn))).toBe('kms-key-state')
    expect(await signingCode(signer)).toBe('kms-key-state')
    const agreement = aws.hold('EC_P256')
    agreement.usage = 'KEY_AGREEMENT'
    expect(await codeOf(open(agreement.arn))).toBe('kms-key-usage')
    const odd = aws.hold('EC_P256')
    odd.shows = { spec: 'ECC_NIST_P521' }
    expect(await codeOf(open(odd.arn))).toBe('kms-key-usage')
  })

  test('a key of another spec than the service says, or another key than is meant', async () => {
    const liar = aws.hold('EC_P256')
    liar.shows = { spec: 'ECC_SECG_P256K1' }
    // The stand-in offers ECDSA_SHA_256 for both.
    expect(await codeOf(open(liar.arn))).toBe('kms-answer')
    const { arn } = aws.hold('EC_P256')
    const other = await open(aws.hold('EC_P256').arn)
    const { fingerprint } = await other.publicKey()
    other.close()
    const signer = await open(arn, { expected: fingerprint })
    expect(await signingCode(signer)).toBe('signer-key-mismatch')
  })

  test('an answer for another key', async () => {
    const key = aws.hold('EC_P256')
    const signer = await open(key.arn)
    key.shows = { arn: aws.hold('EC_P256').arn }
    expect(await signingCode(signer)).toBe('kms-answer')
  })

  test.each(SPECS)('%s: a signature by another key never comes out', async (keySpec) => {
    const signer = await open(aws.hold(keySpec).arn)
    const foreign = holdKey(keySpec)
    aws.mischief.signature = (_signature, message) => signMessage(foreign, message)
    expect(await signingCode(signer)).toBe('signature-self-check')
  })

  test.each(SPECS)('%s: a signature over another message never comes out', async (keySpec) => {
    const { arn, held } = aws.hold(keySpec)
    const signer = await open(arn)
    aws.mischief.signature = () => signMessage(held, new Uint8Array(34))
    expect(await signingCode(signer)).toBe('signature-self-check')
  })

  test.each(SPECS)('%s: a truncated signature, an empty one', async (keySpec) => {
    const { arn } = aws.hold(keySpec)
    for (const keep of [-1, 0]) {
      const signer = await open(arn)
      aws.mischief.signature = (signature) =>
        keep === 0 ? new Uint8Array() : signature.slice(0, keep)
      expect(await signingCode(signer)).toBe('signer-output')
    }
  })

  test.each(['EC_P256', 'EC_P384', 'EC_SECP256K1'] as const)(
    '%s: r and s side by side where DER was promised are refused; a high s is taken as it is',
    async (keySpec) => {
      const { arn } = aws.hold(keySpec)
      const signer = await open(arn)
      aws.mischief.signature = (signature) => sideBySide(keySpec, signature)
      expect(await signingCode(signer)).toBe('signer-output')

      const again = await open(arn)
      aws.mischief.signature = (signature) =>
        isHighS(keySpec, signature) ? signature : otherS(keySpec, signature)
      const signature = await again.sign({ message: MESSAGE })
      again.close()
      expect(isHighS(keySpec, signature)).toBe(true)
    },
  )

  test('a new key signs, and its alias is free before', async () => {
    const uri = { scheme: 'awskms' as const, text: uriOf('alias/new') }
    for (const keySpec of SPECS) {
      const text = uriOf(`alias/new-${keySpec}`)
      const made = await keys.generate({ scheme: 'awskms', text }, keySpec, {})
      expect(made.key.keySpec).toBe(keySpec)
      const signer = await keys.open({ scheme: 'awskms', text: made.uri }, {})
      expect((await signer.publicKey()).fingerprint).toBe(made.key.fingerprint)
      signer.close()
    }
    await keys.generate(uri, 'EC_P256', {})
    expect(await codeOf(keys.generate(uri, 'EC_P256', {}))).toBe('kms-key-exists')
    const byId = { scheme: 'awskms' as const, text: uriOf('some-id') }
    expect(await codeOf(keys.generate(byId, 'EC_P256', {}))).toBe('key-uri-invalid')
  })

  test.each([
    ['its alias', 'CreateAlias'],
    ['its public key', 'GetPublicKey'],
    ['its first signature', 'Sign'],
  ])('a new key is named where %s fails', async (what, refused) => {
    aws.mischief.denied = (action) => action === refused
    const uri = { scheme: 'awskms' as const, text: uriOf(`alias/left-${refused}`) }
    const refusal = await refusalOf(keys.generate(uri, 'EC_P256', {}))
    expect(refusal.code, what).toBe('kms-credentials')
    const { key } = refusal.details
    expect(key).toMatch(/^arn:aws:kms:/)
    expect(refusal.message).toContain(key)
  })

  test.each(['DescribeKey', 'GetPublicKey'])(
    'a list goes on behind a key whose %s is denied',
    async (refused) => {
      const hidden = aws.hold('EC_P256')
      const usable = aws.hold('EC_P256')
      aws.mischief.denied = (action, key) => action === refused && key === hidden.arn
      const listed = await keys.list({ scheme: 'awskms', text: uriOf('') }, {})
      const of = (arn: string): (typeof listed)[number] | undefined =>
        listed.find(({ facts }) => facts['arn'] === arn)
      expect(of(hidden.arn)?.uri).toBeUndefined()
      expect(of(hidden.arn)?.problem).toContain('AccessDenied')
      expect(of(usable.arn)?.uri).toBe(uriOf(usable.arn))
    },
  )

  test('all keys of a region, over several pages, with what keeps some from signing', async () => {
    const usable = aws.hold('EC_CURVE25519')
    const disabled = aws.hold('EC_P256')
    disabled.state = 'Disabled'
    const agreement = aws.hold('EC_P256')
    agreement.usage = 'KEY_AGREEMENT'
    const listed = await keys.list({ scheme: 'awskms', text: uriOf('') }, {})
    const of = (arn: string): (typeof listed)[number] | undefined =>
      listed.find(({ facts }) => facts['arn'] === arn)
    expect(of(usable.arn)?.uri).toBe(uriOf(usable.arn))
    expect(of(usable.arn)?.problem).toBeUndefined()
    expect(of(disabled.arn)?.uri).toBeUndefined()
    expect(of(agreement.arn)?.problem).toContain('KEY_AGREEMENT')
  })
})
