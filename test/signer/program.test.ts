/** Signing through the program with keys that are no files, as a person and as a script do it. */
import { spawn, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseSubjectPublicKeyInfo } from '../../src/crypto/public-key.ts'
import { recordPassphrase } from '../cli/support/record.ts'
import { programPath, run, runAtTerminal, runJson, scratch } from '../cli/support/program.ts'
import { keyVector } from '../support/keys.ts'
import { opensslVerifies } from '../support/signatures.ts'
import { hasSoftHsm, makeSoftHsm, TOKEN_PIN } from '../support/softhsm.ts'
import { addSshKey, hasSshAgent, startSshAgent, type Agent } from '../support/ssh-agents.ts'
import { fixtureBytes, fromHex } from '../support/vectors.ts'

const message = fromHex(`1220${'c3'.repeat(32)}`)
const BLIND = ['--blind', '--detached', '--yes', '-o', 'signature']

interface KeyDocument {
  readonly fingerprint: string
  readonly container: string
  readonly publicKey: string
  readonly uri?: string
  readonly error?: { readonly code: string }
}
const keyDocument = (document: unknown): KeyDocument => document as KeyDocument
const codeIn = (document: unknown): string | undefined => keyDocument(document).error?.code

/** A directory with a hash to sign, the key ed25519-a and its public half. */
function prepared(): string {
  const directory = scratch()
  writeFileSync(join(directory, 'hash'), message)
  writeFileSync(join(directory, 'key.der'), fixtureBytes('keys/ed25519-a.pkcs8.der'), {
    mode: 0o600,
  })
  writeFileSync(join(directory, 'key.pub'), fromHex(keyVector('ed25519-a').spki_hex))
  writeFileSync(join(directory, 'other.pub'), fromHex(keyVector('ed25519-b').spki_hex))
  return directory
}

function isSigned(directory: string, publicKey: string): boolean {
  const { key } = parseSubjectPublicKeyInfo(new Uint8Array(Buffer.from(publicKey, 'base64')))
  return opensslVerifies(key, message, new Uint8Array(readFileSync(join(directory, 'signature'))))
}

const OPENSSL = 'exec:openssl pkeyutl -sign -rawin -keyform DER -inkey key.der -in {msgfile}'
const ed25519Key = Buffer.from(keyVector('ed25519-a').spki_hex, 'hex').toString('base64')

describe('exec:', () => {
  test('signs in the directory of the caller, and leaves nothing there or in TMPDIR', () => {
    const directory = prepared()
    const args = ['sign', 'hash', ...BLIND, '--key', OPENSSL, '--public-key', 'key.pub']
    expect(run(args, { directory }).status).toBe(0)
    expect(isSigned(directory, ed25519Key)).toBe(true)
    expect(readdirSync(directory).sort()).toEqual(
      ['.home', 'hash', 'key.der', 'key.pub', 'other.pub', 'signature'].sort(),
    )
  })

  test('key show tells what was given, and that nothing was proved', () => {
    const { status, document } = runJson(
      ['key', 'show', '--key', 'exec:false', '--public-key', 'key.pub'],
      {
        directory: prepared(),
      },
    )
    expect(status).toBe(0)
    expect(document).toMatchObject({
      fingerprint: keyVector('ed25519-a').fingerprint,
      keySpec: 'EC_CURVE25519',
      container: 'exec',
      encrypted: false,
      warnings: [{ code: 'key-unproved' }],
    })
  })

  test.each([
    ['no public key', ['--key', OPENSSL], 2, 'usage'],
    [
      'a private key as the public one',
      ['--key', OPENSSL, '--public-key', 'key.der'],
      3,
      'key-not-public',
    ],
    [
      'a shell',
      ['--key', 'exec:cat key.der | openssl', '--public-key', 'key.pub'],
      2,
      'key-uri-invalid',
    ],
    [
      'a passphrase',
      ['--key', OPENSSL, '--public-key', 'key.pub', '--passphrase-fd', '0'],
      2,
      'usage',
    ],
    ['no time', ['--key', OPENSSL, '--public-key', 'key.pub', '--timeout', '0'], 2, 'usage'],
    [
      'half a second',
      ['--key', OPENSSL, '--public-key', 'key.pub', '--timeout', '0.5'],
      2,
      'usage',
    ],
    [
      'another public key',
      ['--key', OPENSSL, '--public-key', 'other.pub'],
      5,
      'signature-self-check',
    ],
    ['a failure', ['--key', 'exec:false', '--public-key', 'key.pub'], 5, 'signer-command-failed'],
    [
      'no program',
      ['--key', 'exec:/none/sign', '--public-key', 'key.pub'],
      5,
      'signer-command-start',
    ],
    [
      'a slow one',
      ['--key', 'exec:sleep 30', '--public-key', 'key.pub', '--timeout', '1'],
      5,
      'signer-timeout',
    ],
    [
      'an option for commands with a file',
      ['--key', 'key.der', '--command-gives', 'concat'],
      2,
      'usage',
    ],
    ['a time limit with a file', ['--key', 'key.der', '--timeout', '5'], 2, 'usage'],
    [
      'a file with another public key',
      ['--key', 'key.der', '--public-key', 'other.pub'],
      5,
      'signer-key-mismatch',
    ],
  ])('%s', (_what, options, status, code) => {
    const directory = prepared()
    const result = runJson(['sign', 'hash', ...BLIND, ...options], { directory })
    expect([result.status, codeIn(result.document)]).toEqual([status, code])
    expect(existsSync(join(directory, 'signature'))).toBe(false)
  })

  test('an interrupt ends the command and what it started, and takes the message away', async () => {
    const directory = prepared()
    const script = join(directory, 'slow.sh')
    writeFileSync(script, 'touch started\n(sleep 2; touch late) &\nsleep 60\n')
    const args = [
      'sign',
      'hash',
      ...BLIND,
      '--key',
      'exec:sh slow.sh {msgfile}',
      '--public-key',
      'key.pub',
    ]
    const child = spawn(process.execPath, [programPath(), ...args], {
      cwd: directory,
      env: { ...process.env, TMPDIR: directory },
      stdio: 'ignore',
    })
    const ended = new Promise((resolve) => child.on('close', resolve))
    for (let i = 0; i < 200 && !existsSync(join(directory, 'started')); i++) await pause(25)
    child.kill('SIGINT')
    expect(await ended).toBe(130)
    await pause(2500)
    const left = readdirSync(directory)
    expect(left).not.toContain('late')
    expect(left.filter((name) => name.startsWith('cantosign-'))).toEqual([])
    expect(left).not.toContain('signature')
  })
})

describe.runIf(hasSshAgent)('ssh-agent:', () => {
  let agent: Agent
  beforeAll(async () => {
    agent = await startSshAgent()
    addSshKey(agent, 'first', '-t', 'ed25519')
    addSshKey(agent, 'second', '-t', 'rsa', '-b', '2048')
  })
  afterAll(() => {
    agent.stop()
  })

  test('key list, then key show and sign by what it says', () => {
    const directory = prepared()
    const environment = { SSH_AUTH_SOCK: agent.socket }
    const { document } = runJson(['key', 'list', 'ssh-agent:'], { directory, environment })
    const { keys } = document as { keys: (KeyDocument & { comment: string; remark: string })[] }
    expect(keys.map(({ comment, remark }) => [comment, remark])).toEqual([
      ['first', null],
      ['second', 'Canton has no such keys'],
    ])
    const [first] = keys
    const uri = first?.uri ?? ''
    const shown = runJson(['key', 'show', '--key', uri], { directory, environment })
    expect(keyDocument(shown.document)).toMatchObject({ container: 'ssh-agent' })
    expect(keyDocument(shown.document).fingerprint).toBe(first?.fingerprint)
    expect(run(['sign', 'hash', ...BLIND, '--key', uri], { directory, environment }).status).toBe(0)
    expect(isSigned(directory, first?.publicKey ?? '')).toBe(true)
    const text = run(['key', 'list', `ssh-agent:?socket=${agent.socket}`], { directory })
    expect(text.stdout).toContain(`ssh-agent:${first?.fingerprint ?? ''}?socket=${agent.socket}`)
  })

  test.each([
    ['no agent', [`ssh-agent:${keyVector('ed25519-a').fingerprint}`], 5, 'agent-unreachable'],
    [
      'a passphrase',
      [`ssh-agent:${keyVector('ed25519-a').fingerprint}`, '--passphrase-fd', '0'],
      2,
      'usage',
    ],
  ])('%s', (_what, [uri = '', ...more], status, code) => {
    const result = runJson(['sign', 'hash', ...BLIND, '--key', uri, ...more], {
      directory: prepared(),
    })
    expect([result.status, codeIn(result.document)]).toEqual([status, code])
  })
})

describe.runIf(hasSoftHsm)('pkcs11:', () => {
  const hsm = hasSoftHsm ? makeSoftHsm() : undefined
  const own = (): NonNullable<typeof hsm> => {
    if (hsm === undefined) throw new Error('there is no SoftHSM2')
    return hsm
  }
  const key = (object: string, query = ''): string =>
    own().uri(`token=desk;object=${object}`, query)
  beforeAll(() => {
    recordPassphrase(TOKEN_PIN)
    own().initToken('desk')
    own().generate('desk', 'p256', '02', 'prime256v1')
    const pem = join(own().directory, 'key.pem')
    writeFileSync(pem, fixtureBytes('keys/ed25519-a.pkcs8.pem'), { mode: 0o600 })
    own().importKey('desk', 'imported', '01', pem)
    writeFileSync(join(own().directory, 'pin'), `${TOKEN_PIN}\n`)
    writeFileSync(join(own().directory, 'wrong'), '9999888877776666\n')
  })
  afterAll(() => {
    own().remove()
  })
  const settings = (
    directory = prepared(),
  ): { directory: string; environment: Record<string, string> } => ({
    directory,
    environment: own().environment,
  })

  test('the PIN from the terminal, where it is not shown', async () => {
    const directory = prepared()
    const result = await runAtTerminal(
      ['sign', 'hash', ...BLIND, '--key', key('imported')],
      [{ prompt: 'PIN of the token desk: ', answer: `${TOKEN_PIN}\r`, secret: true }],
      settings(directory),
    )
    expect(result.status).toBe(0)
    expect(result.screen).not.toContain(TOKEN_PIN)
    expect(isSigned(directory, ed25519Key)).toBe(true)
  })

  test('the PIN from a file, from a descriptor and from the URI: one signature, that of the file driver', () => {
    const directory = prepared()
    const pin = join(own().directory, 'pin')
    expect(run(['sign', 'hash', ...BLIND, '--key', 'key.der'], { directory }).status).toBe(0)
    const byFile = readFileSync(join(directory, 'signature'))
    const ways: readonly (readonly [options: string[], descriptors: number[]])[] = [
      [['--key', key('imported'), '--passphrase-file', pin], []],
      [['--key', key('imported'), '--passphrase-fd', '3'], [openSync(pin, 'r')]],
      [['--key', key('imported', `&pin-source=file:${pin}`)], []],
    ]
    for (const [options, descriptors] of ways) {
      const args = ['sign', 'hash', ...BLIND, '--force', ...options]
      expect(run(args, { ...settings(directory), descriptors }).status).toBe(0)
      expect(readFileSync(join(directory, 'signature'))).toEqual(byFile)
    }
  })

  test('key list and key show without a PIN, key generate with one', () => {
    const { document } = runJson(['key', 'list', own().uri('')], settings())
    const { keys } = document as { keys: (KeyDocument & { private: boolean })[] }
    expect(keys.map((one) => one.private)).toEqual([false, false])
    const shown = runJson(['key', 'show', '--key', key('imported')], settings())
    expect(keyDocument(shown.document)).toMatchObject({
      fingerprint: keyVector('ed25519-a').fingerprint,
      container: 'PKCS#11',
    })
    const directory = prepared()
    const pin = ['--passphrase-file', join(own().directory, 'pin')]
    const made = runJson(
      ['key', 'generate', '--key-spec', 'ed25519', '--key', key('made'), '-o', 'made.pub', ...pin],
      settings(directory),
    )
    expect(made.status).toBe(0)
    const { uri = '', publicKey } = keyDocument(made.document)
    expect(readFileSync(join(directory, 'made.pub')).toString('base64')).toBe(publicKey)
    expect(run(['sign', 'hash', ...BLIND, '--key', uri, ...pin], settings(directory)).status).toBe(
      0,
    )
    expect(isSigned(directory, publicKey)).toBe(true)
  })

  test.each([
    ['no PIN and no terminal', () => ['--key', key('p256')], 5, 'token-pin-needed'],
    [
      'a wrong PIN',
      () => ['--key', key('p256'), '--passphrase-file', join(own().directory, 'wrong')],
      5,
      'token-pin',
    ],
    [
      'two PINs',
      () => ['--key', key('p256', '&pin-source=file:pin'), '--passphrase-fd', '0'],
      2,
      'usage',
    ],
    [
      'a PIN in the URI',
      () => ['--key', key('p256', '&pin-value=2718281828459045')],
      2,
      'key-uri-invalid',
    ],
    ['no such token', () => ['--key', own().uri('token=none;object=p256')], 5, 'token-absent'],
    [
      'no module',
      () => ['--key', 'pkcs11:token=desk?module-path=/nonexistent.so'],
      5,
      'token-module',
    ],
    [
      'another public key',
      () => [
        '--key',
        key('imported', `&pin-source=file:${join(own().directory, 'pin')}`),
        '--public-key',
        'other.pub',
      ],
      5,
      'signer-key-mismatch',
    ],
  ])('%s', (_what, options, status, code) => {
    const directory = prepared()
    const result = runJson(['sign', 'hash', ...BLIND, ...options()], settings(directory))
    expect([result.status, codeIn(result.document)]).toEqual([status, code])
    expect(existsSync(join(directory, 'signature'))).toBe(false)
  })

  test('a wrong PIN at the terminal is asked for once', async () => {
    const result = await runAtTerminal(
      ['sign', 'hash', ...BLIND, '--key', key('p256')],
      [{ prompt: 'PIN of the token desk: ', answer: '9999888877776666\r', secret: true }],
      settings(),
    )
    expect(result.status).toBe(5)
    expect(result.screen.split('PIN of the token').length).toBe(2)
  })

  test.each([
    ['on an agent', ['--key', `ssh-agent:${keyVector('ed25519-a').fingerprint}`], 'usage'],
    [
      'without a label',
      ['--key', 'pkcs11:token=desk?module-path=/x.so', '--passphrase-fd', '0'],
      'key-uri-invalid',
    ],
    ['without encryption', ['--key', 'pkcs11:object=x?module-path=/x.so', '--no-encrypt'], 'usage'],
    [
      'with a form of a file',
      ['--key', 'pkcs11:object=x?module-path=/x.so', '--to', 'pkcs8-pem'],
      'usage',
    ],
  ])('a key is not made %s', (_what, options, code) => {
    const result = runJson(['key', 'generate', '--key-spec', 'p256', ...options], settings())
    expect([result.status, codeIn(result.document)]).toEqual([2, code])
  })

  test('a program without pkcs11js beside it says what to install', () => {
    const directory = prepared()
    const alone = join(directory, 'stick', 'cantosign.mjs')
    mkdirSync(dirname(alone))
    copyFileSync(programPath(), alone)
    const { status, stdout } = spawnSync(
      process.execPath,
      [alone, 'key', 'show', '--key', key('imported'), '--json'],
      {
        cwd: directory,
        env: { PATH: process.env['PATH'], ...own().environment },
        encoding: 'utf8',
      },
    )
    expect(status).toBe(5)
    expect(stdout).toContain('"pkcs11js-missing"')
    expect(stdout).toContain('npm install pkcs11js')
  })
})
