/** Keys behind commands: real tools, and commands that do everything wrong. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import { parseSubjectPublicKeyInfo } from '../../src/crypto/public-key.ts'
import { verifySignature } from '../../src/crypto/signature.ts'
import { parseExecUri } from '../../src/signer/exec/command.ts'
import { openExecSigner, type ExecSignerOptions } from '../../src/signer/exec/driver.ts'
import { openPkcs11Signer, readPkcs11PublicKey } from '../../src/signer/pkcs11/driver.ts'
import { parsePkcs11Uri } from '../../src/signer/pkcs11/uri.ts'
import { codeOf, keyVector, passphraseOf } from '../support/keys.ts'
import { temporaryFile } from '../support/openssl.ts'
import { opensslVerifies } from '../support/signatures.ts'
import { hasSoftHsm, makeSoftHsm, softHsmModule, TOKEN_PIN } from '../support/softhsm.ts'
import { fixtureBytes, fromHex } from '../support/vectors.ts'

const message = fromHex(`1220${'c3'.repeat(32)}`)

// A place of its own for temporary files, so that what is left over shows.
const temporary = mkdtempSync(join(tmpdir(), 'cantosign-exec-test-'))
process.env['TMPDIR'] = temporary
afterAll(() => {
  rmSync(temporary, { recursive: true, force: true })
})

const publicKey = (name: string): PublicKey =>
  parseSubjectPublicKeyInfo(fromHex(keyVector(name).spki_hex)).key

const keyFile = (name: string): string => temporaryFile(fixtureBytes(`keys/${name}.pkcs8.der`))

/** Signs once by a command that holds the key of this name, or says so. */
async function sign(
  command: string,
  name: string,
  options: Partial<ExecSignerOptions> = {},
): Promise<Uint8Array> {
  const signer = openExecSigner(parseExecUri(`exec:${command}`), {
    publicKey: publicKey(name),
    ...options,
  })
  try {
    return await signer.sign({ message })
  } finally {
    signer.close()
  }
}

/** A program of this text for the Node.js that runs the tests. */
const program = (text: string): string =>
  `'${process.execPath}' '${temporaryFile(`const fs = require('node:fs')\n${text}`)}'`

async function errorOf(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  return await promise.then(
    () => {
      throw new Error('nothing was refused')
    },
    (error: unknown) => error as { code: string; message: string },
  )
}

/** What is left of the directories that signatures are made in. */
const leftovers = (): readonly string[] =>
  readdirSync(temporary).filter((name) => /^cantosign-[A-Za-z0-9]{6}$/.test(name))

describe('openssl', () => {
  const pkeyutl = (name: string, rest: string): string =>
    `openssl pkeyutl -sign -keyform DER -inkey ${keyFile(name)} ${rest}`
  test.each([
    ['ed25519-a', '-rawin -in {msgfile}', {}],
    ['ed25519-a', '-rawin -in {msgfile} -out {sigfile}', {}],
    ['ed25519-a', '-rawin -in /dev/stdin', {}],
    ['p256-a', '-rawin -digest sha256 -in {msgfile}', {}],
    ['p256-a', '-rawin -digest sha256', {}],
    ['p384-a', '-rawin -digest sha384 -in {msgfile} -out {sigfile}', {}],
    ['secp256k1-a', '-rawin -digest sha256 -in {msgfile}', {}],
    ['p256-a', '-in {msgfile}', { takes: 'digest' }],
    ['p384-a', '', { takes: 'digest' }],
  ] as const)('with %s: %s', async (name, rest, options) => {
    const signature = await sign(pkeyutl(name, rest), name, options)
    expect(opensslVerifies(publicKey(name), message, signature)).toBe(true)
    expect(verifySignature(publicKey(name), message, signature)).toBe(true)
    expect(leftovers()).toEqual([])
  })

  test('Ed25519 gives the signature that its vector has', async () => {
    const [vector] = keyVector('ed25519-a').signatures
    if (vector === undefined) throw new Error('the vector has no signature')
    const signer = openExecSigner(
      parseExecUri(`exec:${pkeyutl('ed25519-a', '-rawin -in {msgfile}')}`),
      { publicKey: publicKey('ed25519-a') },
    )
    const signature = await signer.sign({ message: fromHex(vector.message_hex) })
    expect(Buffer.from(signature).toString('hex')).toBe(vector.signature_hex)
  })

  test('the digest where the message is meant, and the other way round', async () => {
    expect(await codeOf(sign(pkeyutl('p256-a', '-in {msgfile}'), 'p256-a'))).toMatch(
      /^(signature-self-check|signer-command-failed)$/,
    )
    const raw = pkeyutl('p256-a', '-rawin -digest sha256 -in {msgfile}')
    expect(await codeOf(sign(raw, 'p256-a', { takes: 'digest' }))).toBe('signature-self-check')
  })

  test('a digest of the wrong kind', async () => {
    const wrong = pkeyutl('p256-a', '-rawin -digest sha384 -in {msgfile}')
    expect(await codeOf(sign(wrong, 'p256-a'))).toBe('signature-self-check')
  })

  test('the key of somebody else', async () => {
    const other = pkeyutl('ed25519-b', '-rawin -in {msgfile}')
    expect(await codeOf(sign(other, 'ed25519-a'))).toBe('signature-self-check')
  })

  test('a key file that is not there: its own words, without control characters', async () => {
    const { code, message: text } = await errorOf(
      sign('openssl pkeyutl -sign -rawin -inkey /nonexistent -in {msgfile}', 'ed25519-a'),
    )
    expect(code).toBe('signer-command-failed')
    expect(text).toMatch(/the command openssl ended with status 1: .*nonexistent/)
  })
})

describe('what a command gives', () => {
  const writing = (hex: string): string =>
    program(`process.stdout.write(Buffer.from('${hex}', 'hex'))`)

  test.each([
    ['nothing', 'ed25519-a', ''],
    ['63 bytes', 'ed25519-a', '11'.repeat(63)],
    ['65 bytes', 'ed25519-a', '11'.repeat(65)],
    ['hex in place of bytes', 'ed25519-a', Buffer.from('11'.repeat(64)).toString('hex')],
    ['a line break behind the signature', 'ed25519-a', `${'11'.repeat(64)}0a`],
    ['r and s side by side where DER is due', 'p256-a', '11'.repeat(64)],
    ['DER that is cut short', 'p256-a', '3006020101'],
    ['DER with a byte behind it', 'p256-a', '300602010102010100'],
  ])('%s', async (_what, name, hex) => {
    expect(await codeOf(sign(writing(hex), name))).toBe('signer-output')
  })

  test.each([
    ['DER where r and s are due', '300602010102010100'],
    ['r and s of another curve', '11'.repeat(96)],
    ['r and s without their leading zeros', '11'.repeat(63)],
  ])('with concat declared: %s', async (_what, hex) => {
    expect(await codeOf(sign(writing(hex), 'p256-a', { gives: 'CONCAT' }))).toBe('signer-output')
  })

  test('r and s side by side, if that was declared', async () => {
    const text = `
      const key = require('node:crypto').createPrivateKey({ key: fs.readFileSync('${keyFile('p384-a')}'), format: 'der', type: 'pkcs8' })
      process.stdout.write(require('node:crypto').sign('sha384', fs.readFileSync(0), { key, dsaEncoding: 'ieee-p1363' }))`
    const signature = await sign(program(text), 'p384-a', { gives: 'CONCAT' })
    expect(opensslVerifies(publicKey('p384-a'), message, signature)).toBe(true)
    expect(await codeOf(sign(program(text), 'p384-a'))).toBe('signer-output')
  })

  test('a flood on standard output', async () => {
    const flood = program(`for (;;) fs.writeSync(1, Buffer.alloc(65536))`)
    const { code, message: text } = await errorOf(sign(flood, 'ed25519-a'))
    expect(code).toBe('signer-output')
    expect(text).toContain('65536 bytes')
  })

  test('a flood into {sigfile} is read up to the limit', async () => {
    const flood = program(`fs.writeFileSync(process.argv[2], Buffer.alloc(1 << 24))`)
    const { code, message: text } = await errorOf(sign(`${flood} {sigfile}`, 'ed25519-a'))
    expect(code).toBe('signer-output')
    expect(text).toContain('65537 bytes')
  })

  test('no {sigfile} at all', async () => {
    expect(await codeOf(sign(`${program('')} {sigfile}`, 'ed25519-a'))).toBe('signer-output')
  })

  test.each([
    ['a named pipe', `require('node:child_process').execFileSync('mkfifo', [process.argv[2]])`],
    ['a device', `fs.symlinkSync('/dev/zero', process.argv[2])`],
  ])('%s in place of {sigfile}', async (_what, text) => {
    const { code, message: said } = await errorOf(sign(`${program(text)} {sigfile}`, 'ed25519-a'))
    expect(code).toBe('signer-output')
    expect(said).toContain('it is not a regular file')
  })

  test('a directory in place of {sigfile}', async () => {
    const text = 'fs.mkdirSync(process.argv[2])'
    expect(await codeOf(sign(`${program(text)} {sigfile}`, 'ed25519-a'))).toBe('signer-output')
  })

  test('a failure that comes with a signature', async () => {
    const key = keyFile('ed25519-a')
    const script = temporaryFile(
      `openssl pkeyutl -sign -rawin -keyform DER -inkey ${key} -in "$1"; echo but no >&2; exit 3`,
    )
    const { code, message: text } = await errorOf(sign(`sh ${script} {msgfile}`, 'ed25519-a'))
    expect(code).toBe('signer-command-failed')
    expect(text).toBe('the command sh ended with status 3: but no')
  })

  test('words with control characters and without end', async () => {
    const text = `fs.writeSync(2, '\\u001b]0;title\\u0007\\u202e' + 'x'.repeat(100000)); process.exitCode = 1`
    const { message: shown } = await errorOf(sign(program(text), 'ed25519-a'))
    expect(shown).toContain('\\u{1b}]0;title\\u{7}\\u{202e}xxx')
    expect(shown.length).toBeLessThan(2300)
  })

  test('an end by a signal', async () => {
    const { code, message: text } = await errorOf(
      sign(
        program(`process.kill(process.pid, 'SIGTERM'); setInterval(() => 0, 1000)`),
        'ed25519-a',
      ),
    )
    expect({ code, ended: text.includes('was ended by SIGTERM') }).toEqual({
      code: 'signer-command-failed',
      ended: true,
    })
  })
})

describe('how a command is run', () => {
  test.each([
    ['a name that PATH does not lead to', 'cantosign-no-such-program'],
    ['a path that is not there', '/nonexistent/sign'],
    ['a file that is no program', `'${temporaryFile('x')}'`],
    ['a directory', '/tmp'],
  ])('%s', async (_what, command) => {
    expect(await codeOf(sign(command, 'ed25519-a'))).toBe('signer-command-start')
  })

  test('it gets the message as a file and on standard input, each word as it is, no terminal', async () => {
    const seen = join(tmpdir(), `cantosign-seen-${process.pid}`)
    const text = `
      let terminal = true
      try { fs.openSync('/dev/tty', 'r') } catch { terminal = false }
      const input = fs.fstatSync(0)
      fs.writeFileSync(process.argv[2], JSON.stringify({
        args: process.argv.slice(4), terminal, regular: input.isFile(),
        file: fs.readFileSync(process.argv[3]).toString('hex'),
        mode: (fs.statSync(process.argv[3]).mode & 0o777).toString(8),
        input: fs.readFileSync(0).toString('hex'),
      }))`
    const words = `'${seen}' {msgfile} '$HOME' 'a b' '*' ''`
    expect(await codeOf(sign(`${program(text)} ${words}`, 'ed25519-a'))).toBe('signer-output')
    const hex = Buffer.from(message).toString('hex')
    expect(JSON.parse(readFileSync(seen, 'utf8'))).toEqual({
      args: ['$HOME', 'a b', '*', ''],
      terminal: false,
      regular: true,
      file: hex,
      mode: '400',
      input: hex,
    })
    rmSync(seen)
  })

  /** A program that starts another one, which would write a file later, and does this itself. */
  const parent = (late: string, itself: string): string =>
    program(`
      const child = "setTimeout(() => require('node:fs').writeFileSync('${late}', ''), 1500)"
      require('node:child_process').spawn(process.execPath, ['-e', child], { stdio: 'inherit' })
      ${itself}`)

  test('one that hangs is ended with all it started', async () => {
    const late = join(tmpdir(), `cantosign-late-${process.pid}-a`)
    const started = performance.now()
    const { code, message: text } = await errorOf(
      sign(parent(late, 'setInterval(() => 0, 1000)'), 'ed25519-a', { timeoutMilliseconds: 600 }),
    )
    expect(code).toBe('signer-timeout')
    expect(text).toContain('within 0.6 s')
    expect(performance.now() - started).toBeLessThan(1500)
    await pause(1700)
    expect(existsSync(late)).toBe(false)
    expect(leftovers()).toEqual([])
  })

  test('what one leaves running is ended too, and not waited for', async () => {
    const late = join(tmpdir(), `cantosign-late-${process.pid}-b`)
    const started = performance.now()
    const quick = parent(
      late,
      'process.stdout.write(Buffer.alloc(64, 1)); setTimeout(() => process.exit(0), 300)',
    )
    expect(await codeOf(sign(quick, 'ed25519-a'))).toBe('signature-self-check')
    expect(performance.now() - started).toBeLessThan(1500)
    await pause(1700)
    expect(existsSync(late)).toBe(false)
  })

  test('one that leaves the process group and keeps the pipe open is not waited for', async () => {
    const child = 'setTimeout(() => 0, 3000)'
    const text = `require('node:child_process').spawn(process.execPath, ['-e', '${child}'], { detached: true, stdio: 'inherit' })`
    const started = performance.now()
    const options = { timeoutMilliseconds: 500 }
    expect(await codeOf(sign(program(`${text}.unref()`), 'ed25519-a', options))).toBe(
      'signer-timeout',
    )
    expect(performance.now() - started).toBeLessThan(2500)
  })
})

describe.runIf(hasSoftHsm)('pkcs11-tool on a SoftHSM2 token', () => {
  const hsm = hasSoftHsm ? makeSoftHsm() : undefined
  let pinFile = ''
  beforeAll(() => {
    hsm?.use()
    hsm?.initToken('exec')
    hsm?.generate('exec', 'ed25519', '01', 'edwards25519')
    hsm?.generate('exec', 'p256', '02', 'prime256v1')
    hsm?.generate('exec', 'p384', '03', 'secp384r1')
    pinFile = temporaryFile(TOKEN_PIN)
    // The PIN goes by the environment of the tool: that is how pkcs11-tool takes one out of sight.
    writeFileSync(`${pinFile}.sh`, `PIN=$(cat ${pinFile}) exec pkcs11-tool --pin env:PIN "$@"`)
  })
  afterAll(() => {
    hsm?.remove()
  })

  test.each([
    ['ed25519', '01', 'EDDSA', '', {}],
    ['p256', '02', 'ECDSA', '--signature-format openssl', { takes: 'digest' }],
    ['p256', '02', 'ECDSA', '--signature-format rs', { takes: 'digest', gives: 'CONCAT' }],
    ['p384', '03', 'ECDSA', '', { takes: 'digest', gives: 'CONCAT' }],
  ] as const)('%s (%s) by %s %s', async (label, id, mechanism, format, options) => {
    if (hsm === undefined) throw new Error('there is no SoftHSM2')
    const uri = parsePkcs11Uri(hsm.uri(`token=exec;object=${label}`))
    const key = await readPkcs11PublicKey(uri, {})
    const command =
      `sh ${pinFile}.sh --module ${softHsmModule} --token-label exec --login --sign ` +
      `--mechanism ${mechanism} --id ${id} --input-file {msgfile} --output-file {sigfile} ${format}`
    const byTool = openExecSigner(parseExecUri(`exec:${command}`), { publicKey: key, ...options })
    const signature = await byTool.sign({ message })
    expect(opensslVerifies(key, message, signature)).toBe(true)
    const direct = await openPkcs11Signer(uri, { pin: passphraseOf(TOKEN_PIN) })
    const own = await direct.sign({ message })
    direct.close()
    if (label === 'ed25519') expect(signature).toEqual(own)
    expect(verifySignature(key, message, own)).toBe(true)
  })
})
