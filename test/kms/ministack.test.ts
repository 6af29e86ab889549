/** Keys in AWS KMS, against an emulator that others wrote: AWS's own package, nothing of our stand-in. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectedKeys } from '../../src/kms/index.ts'
import type { ConnectedUri } from '../../src/signer/connected.ts'
import { makeAuthority, trustHere, type Authority } from '../support/kms/authority.ts'
import { codeOf, MESSAGE } from '../support/kms/checks.ts'
import { SPECS } from '../support/kms/held-key.ts'
import { hasMinistack, startMinistack, type Ministack } from '../support/kms/ministack.ts'
import { hasPeer } from '../support/kms/peers.ts'
import { opensslVerifies } from '../support/signatures.ts'

const installed = await hasPeer('@aws-sdk/client-kms')

describe.skipIf(!installed || !hasMinistack)('awskms: against MiniStack', () => {
  let authority: Authority
  let ministack: Ministack
  const keys = connectedKeys({})
  const uriOf = (key: string): ConnectedUri => ({
    scheme: 'awskms',
    text: `awskms://${ministack.endpoint}/${key}?region=us-east-1`,
  })

  beforeAll(async () => {
    authority = makeAuthority()
    trustHere(authority)
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/nonexistent',
      AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    })
    ministack = await startMinistack(authority)
  }, 60_000)
  afterAll(async () => {
    await ministack.close()
    authority.remove()
  })

  test.each(SPECS)(
    '%s: made, found by its alias and its ARN, and openssl verifies what it signs',
    async (keySpec) => {
      const alias = `alias/${keySpec}`
      const made = await keys.generate(uriOf(alias), keySpec, {})
      expect(made.key.keySpec).toBe(keySpec)
      const other = MESSAGE.slice()
      other[33] = (other[33] ?? 0) ^ 1
      for (const uri of [uriOf(alias), { scheme: 'awskms', text: made.uri } as const]) {
        const signer = await keys.open(uri, { expected: made.key.fingerprint })
        const signature = await signer.sign({ message: MESSAGE })
        signer.close()
        expect(opensslVerifies(made.key, MESSAGE, signature)).toBe(true)
        expect(opensslVerifies(made.key, other, signature)).toBe(false)
      }
      expect(await codeOf(keys.generate(uriOf(alias), keySpec, {}))).toBe('kms-key-exists')
      const listed = await keys.list(uriOf(''), {})
      expect(listed.map(({ key }) => key?.fingerprint)).toContain(made.key.fingerprint)
    },
  )

  test('a key that is not there, and one that is not for signing', async () => {
    expect(await codeOf(keys.open(uriOf('alias/none'), {}))).toBe('kms-key-absent')
    const { KMSClient, CreateKeyCommand } = await import('@aws-sdk/client-kms')
    const client = new KMSClient({ endpoint: `https://${ministack.endpoint}`, region: 'us-east-1' })
    const input = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }
    const { KeyMetadata: data } = await client.send(
      new CreateKeyCommand(input as ConstructorParameters<typeof CreateKeyCommand>[0]),
      { abortSignal: new AbortController().signal },
    )
    client.destroy()
    expect(await codeOf(keys.open(uriOf(data?.Arn ?? ''), {}))).toBe('kms-key-usage')
  })
})
