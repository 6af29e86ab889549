/** Keys in the transit engine of Vault and OpenBao, against a stand-in. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { connectedKeys } from '../../src/kms/index.ts'
import type { ConnectedOptions, ConnectedUri } from '../../src/signer/connected.ts'
import type { Signer } from '../../src/signer/signer.ts'
import { makeAuthority, type Authority } from '../support/kms/authority.ts'
import { codeOf, expectSigns, MESSAGE, refusalOf, signingCode } from '../support/kms/checks.ts'
import {
  holdKey,
  isHighS,
  otherS,
  sideBySide,
  signMessage,
  type HeldKey,
} from '../support/kms/held-key.ts'
import { startVault, type VaultStandIn } from '../support/kms/vault.ts'

const SPECS = ['EC_CURVE25519', 'EC_P256', 'EC_P384'] as const

describe('hashivault: against a stand-in', () => {
  let authority: Authority
  let vault: VaultStandIn
  let environment: Record<string, string | undefined>
  const uriOf = (text: string): ConnectedUri => ({
    scheme: 'hashivault',
    text: `hashivault://${text}`,
  })
  const open = async (text: string, options: ConnectedOptions = {}): Promise<Signer> =>
    await connectedKeys(environment).open(uriOf(text), options)
  const file = (name: string, content: string): string => {
    const path = join(authority.directory, name)
    writeFileSync(path, content)
    return path
  }

  beforeAll(async () => {
    authority = makeAuthority()
    vault = await startVault(authority)
  })
  afterEach(() => {
    for (const name of Object.keys(vault.mischief)) Reflect.deleteProperty(vault.mischief, name)
    vault.names.length = 0
    environment = standard()
  })
  const standard = (): Record<string, string | undefined> => ({
    VAULT_ADDR: vault.address,
    VAULT_TOKEN: vault.token,
    VAULT_CACERT: authority.ca,
    VAULT_NAMESPACE: vault.namespace,
  })
  beforeAll(() => {
    environment = standard()
  })
  afterAll(async () => {
    await vault.close()
    authority.remove()
  })

  test.each(SPECS)('%s: openssl verifies what it signs', async (keySpec) => {
    const { versions } = vault.hold(`key-${keySpec}`, keySpec)
    await expectSigns(await open(`key-${keySpec}`), versions[0] as HeldKey)
  })

  test('the stand-in takes SHA-256 where no digest is named: P-384 signs otherwise than Canton wants', async () => {
    const held = vault.hold('trap', 'EC_P384').versions[0] as HeldKey
    const signer = await open('trap')
    vault.mischief.signature = (_signature, message) => signMessage(held, message, 'sha256')
    expect(await signingCode(signer)).toBe('signature-self-check')
  })

  test('a version is kept to: a rotation while a signer is open does not change the key', async () => {
    const { versions } = vault.hold('rotated', 'EC_CURVE25519')
    const signer = await open('rotated')
    vault.rotate('rotated')
    await expectSigns(signer, versions[0] as HeldKey)
    await expectSigns(await open('rotated'), versions[1] as HeldKey)
    await expectSigns(await open('rotated?version=1'), versions[0] as HeldKey)
    expect(await codeOf(open('rotated?version=3'))).toBe('kms-key-absent')
  })

  test('the token: of the file that the URI names, of the environment, of the home directory', async () => {
    const held = vault.hold('tokens', 'EC_P256').versions[0] as HeldKey
    const tokenFile = file('token', `${vault.token}\n`)
    environment = { ...standard(), VAULT_TOKEN: 'wrong' }
    expect(await codeOf(open('tokens'))).toBe('kms-credentials')
    await expectSigns(await open(`tokens?token-file=${tokenFile}`), held)
    environment = { ...standard(), BAO_TOKEN: '', BAO_ADDR: '' }
    await expectSigns(await open('tokens'), held)
    environment = { ...standard(), VAULT_TOKEN: 'wrong', BAO_TOKEN: vault.token }
    await expectSigns(await open('tokens'), held)
    const home = join(authority.directory, 'home')
    mkdirSync(home)
    environment = { ...standard(), VAULT_TOKEN: undefined, HOME: home }
    expect(await codeOf(open('tokens'))).toBe('kms-credentials')
    writeFileSync(join(home, '.vault-token'), vault.token)
    await expectSigns(await open('tokens'), held)
    const odd = file('odd', 'a token\r\nX-Header: 1')
    const refusal = await refusalOf(open(`tokens?token-file=${odd}`))
    expect(refusal.code).toBe('kms-credentials')
    expect(refusal.message).not.toContain('a token')
    expect(await codeOf(open('tokens?token-file=/nonexistent'))).toBe('file-unreadable')
  })

  test('a namespace, an engine elsewhere, no address at all', async () => {
    const held = vault.hold('placed', 'EC_P256').versions[0] as HeldKey
    environment = { ...standard(), VAULT_NAMESPACE: undefined }
    expect(await codeOf(open('placed'))).toBe('kms-key-absent')
    await expectSigns(await open(`placed?namespace=${vault.namespace}`), held)
    expect(await codeOf(open(`placed?namespace=${vault.namespace}&mount=elsewhere`))).toBe(
      'kms-key-absent',
    )
    environment = { ...standard(), VAULT_ADDR: undefined }
    expect(await codeOf(open('placed'))).toBe('key-uri-invalid')
    const address = encodeURIComponent(vault.address)
    await expectSigns(await open(`placed?address=${address}`), held)
  })

  test('an address without encryption is for this machine alone; one that nobody vouches for is refused', async () => {
    environment = { ...standard(), VAULT_ADDR: 'http://vault.example:8200' }
    expect(await codeOf(open('x'))).toBe('key-uri-invalid')
    environment = { ...standard(), VAULT_ADDR: 'http://127.0.0.1:1' }
    expect(await codeOf(open('x'))).toBe('kms-unreachable')
    environment = { ...standard(), VAULT_CACERT: undefined, VAULT_SKIP_VERIFY: 'true' }
    expect(await codeOf(open('x'))).toBe('kms-unreachable')
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    expect(await codeOf(open('x'))).toBe('kms-unreachable')
    vi.unstubAllEnvs()
    environment = { ...standard(), VAULT_ADDR: 'https://name:password@127.0.0.1' }
    await expect(open('x')).rejects.toMatchObject({
      code: 'key-uri-invalid',
      message: 'the vault has no address that can be asked',
    })
    expect(vault.names).toEqual([])
  })

  test('a token that has run out, a sealed vault', async () => {
    vault.hold('run-out', 'EC_P256')
    const signer = await open('run-out')
    vault.mischief.expired = true
    const refusal = await refusalOf(signer.sign({ message: MESSAGE }))
    signer.close()
    expect(refusal.code).toBe('kms-credentials')
    expect(refusal.message).toContain('permission denied')
    expect(refusal.message).not.toContain(vault.token)
    vault.mischief.sealed = true
    expect(await codeOf(open('run-out'))).toBe('kms-refused')
  })

  test('a vault that repeats the token: it is not shown', async () => {
    const body = JSON.stringify({ errors: [`bad token ${vault.token}`] })
    vault.mischief.raw = { status: 403, body }
    const refusal = await refusalOf(open('x'))
    expect(refusal.message).toContain('bad token (the token)')
    expect(refusal.message).not.toContain(vault.token)
  })

  test('a busy service is asked four times and no more', async () => {
    const held = vault.hold('busy', 'EC_P256').versions[0] as HeldKey
    const signer = await open('busy')
    vault.mischief.throttled = 3
    await expectSigns(signer, held)
    vault.names.length = 0
    const other = await open('busy')
    vault.mischief.throttled = 100
    expect(await signingCode(other)).toBe('kms-throttled')
    expect(vault.names.filter((name) => name.startsWith('POST'))).toHaveLength(4)
  })

  test('a service that does not answer has the time that it is given', async () => {
    vault.hold('slow', 'EC_P256')
    vault.mischief.silent = true
    expect(await codeOf(open('slow', { timeoutMilliseconds: 1000 }))).toBe('signer-timeout')
  })

  test.each([
    [
      'a redirection',
      { status: 307, body: '', headers: { location: 'https://evil/' } },
      'kms-refused',
    ],
    ['a page', { status: 200, body: '<html>' }, 'kms-answer'],
    ['JSON of another kind', { status: 200, body: '{"data":[]}' }, 'kms-answer'],
    ['no data', { status: 200, body: '{}' }, 'kms-answer'],
    ['too much', { status: 200, body: 'x'.repeat(1024 * 1024 + 1) }, 'kms-answer'],
    ['an error that is none', { status: 500, body: '{"errors":7}' }, 'kms-refused'],
  ] as const)('%s', async (_what, raw, code) => {
    vault.mischief.raw = raw
    expect(await codeOf(open('x'))).toBe(code)
  })

  test('keys that do not sign, or not by themselves', async () => {
    expect(await codeOf(open('none'))).toBe('kms-key-absent')
    vault.hold('cipher', 'EC_P256').type = 'aes256-gcm96'
    expect(await codeOf(open('cipher'))).toBe('kms-key-usage')
    vault.hold('derived', 'EC_CURVE25519').derived = true
    expect(await codeOf(open('derived'))).toBe('kms-key-usage')
    vault.hold('liar', 'EC_P256').type = 'ecdsa-p384'
    expect(await codeOf(open('liar'))).toBe('kms-answer')
    vault.hold('short', 'EC_CURVE25519')
    vault.mischief.publicKey = Buffer.alloc(31).toString('base64')
    expect(await codeOf(open('short'))).toMatch(/^key-/)
  })

  test.each(['', 'vault:', 'vault:v2:', 'aws:v1:', 'vault:v1:!'])(
    'a signature that begins %j is none',
    async (prefix) => {
      vault.hold('prefixed', 'EC_CURVE25519')
      const signer = await open('prefixed')
      vault.mischief.prefix = prefix
      expect(await signingCode(signer)).toBe('kms-answer')
    },
  )

  test.each(SPECS)('%s: by another key, truncated, empty', async (keySpec) => {
    vault.hold('mischief', keySpec)
    const foreign = holdKey(keySpec)
    const by = async (signature: (made: Uint8Array, message: Uint8Array) => Uint8Array) => {
      const signer = await open('mischief')
      vault.mischief.signature = signature
      const code = await signingCode(signer)
      delete vault.mischief.signature
      return code
    }
    expect(await by((_made, message) => signMessage(foreign, message))).toBe('signature-self-check')
    expect(await by((made) => made.slice(0, -1))).toBe('signer-output')
    expect(await by(() => new Uint8Array())).toBe('kms-answer')
    if (keySpec === 'EC_CURVE25519') return
    expect(await by((made) => sideBySide(keySpec, made))).toBe('signer-output')
    const signer = await open('mischief')
    vault.mischief.signature = (made) => (isHighS(keySpec, made) ? made : otherS(keySpec, made))
    expect(isHighS(keySpec, await signer.sign({ message: MESSAGE }))).toBe(true)
    signer.close()
  })

  test('a new key is made, and never over another one', async () => {
    const keys = connectedKeys(environment)
    for (const keySpec of SPECS) {
      const uri = uriOf(`new-${keySpec}`)
      const made = await keys.generate(uri, keySpec, {})
      expect(made.uri).toBe(`hashivault://new-${keySpec}?version=1`)
      expect(made.key.keySpec).toBe(keySpec)
      expect(await codeOf(keys.generate(uri, keySpec, {}))).toBe('kms-key-exists')
    }
    expect(await codeOf(keys.generate(uriOf('new-s'), 'EC_SECP256K1', {}))).toBe('kms-key-usage')
  })

  test('the versions of all keys, and of one', async () => {
    const empty = await startVault(authority)
    environment = { ...standard(), VAULT_ADDR: empty.address }
    expect(await connectedKeys(environment).list(uriOf(''), {})).toEqual([])
    empty.hold('a', 'EC_CURVE25519')
    empty.rotate('a')
    empty.hold('b', 'EC_P256').type = 'aes256-gcm96'
    const listed = await connectedKeys(environment).list(uriOf(''), {})
    expect(listed.map(({ uri }) => uri)).toEqual([
      'hashivault://a?version=1',
      'hashivault://a?version=2',
      undefined,
    ])
    expect(listed[2]?.problem).toContain('aes256-gcm96')
    expect(await connectedKeys(environment).list(uriOf('a'), {})).toHaveLength(2)
    await empty.close()
  })

  test('a list goes on behind a key that the token may not see', async () => {
    for (const name of ['hidden', 'visible']) vault.hold(name, 'EC_P256')
    vault.mischief.denied = (action, key) => action === 'GET keys' && key === 'hidden'
    const listed = await connectedKeys(environment).list(uriOf(''), {})
    const [hidden, visible] = ['hidden', 'visible'].map((name) =>
      listed.find(({ facts }) => facts['name'] === name),
    )
    expect(hidden?.uri).toBeUndefined()
    expect(hidden?.problem).toContain('permission denied')
    expect(visible?.uri).toBe(`${uriOf('visible').text}?version=1`)
    expect(await codeOf(connectedKeys(environment).list(uriOf('hidden'), {}))).toBe(
      'kms-credentials',
    )
  })
})
