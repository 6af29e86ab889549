import { chmodSync, existsSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { keyVector } from '../support/keys.ts'
import { fixtureBytes, fromHex } from '../support/vectors.ts'
import { run, runAtTerminal, runJson, scratch } from './support/program.ts'

const passphrase = 'correct horse battery staple'
const specs = [
  ['ed25519', 'EC_CURVE25519'],
  ['p256', 'EC_P256'],
  ['p384', 'EC_P384'],
  ['secp256k1', 'EC_SECP256K1'],
] as const

interface Document {
  readonly fingerprint: string | null
  readonly keySpec: string | null
  readonly container: string
  readonly encrypted: boolean
  readonly publicKey: string | null
  readonly warnings: readonly { readonly code: string }[]
  readonly error?: { readonly code: string }
}

function json(
  directory: string,
  ...args: readonly string[]
): { readonly status: number | null; readonly document: Document } {
  const { status, document } = runJson(args, { directory })
  return { status, document: document as Document }
}

/** A directory with the passphrase in `pass` and key files of the vectors beside it, mode 600. */
function prepared(...files: readonly string[]): string {
  const directory = scratch()
  writeFileSync(join(directory, 'pass'), `${passphrase}\n`)
  for (const file of files) {
    writeFileSync(join(directory, file), fixtureBytes(`keys/${file}`), { mode: 0o600 })
  }
  return directory
}

const modeOf = (path: string): number => statSync(path).mode & 0o777
const withPass = ['--passphrase-file', 'pass'] as const

describe('key generate', () => {
  test.each(specs)(
    '%s: encrypted, for its owner alone, shown with its passphrase',
    (name, keySpec) => {
      const directory = prepared()
      const made = json(
        directory,
        'key',
        'generate',
        '--key-spec',
        name,
        '-o',
        'key',
        '--new-passphrase-file',
        'pass',
      )
      expect(made.status).toBe(0)
      expect(made.document).toMatchObject({
        keySpec,
        encrypted: true,
        container: 'EncryptedPrivateKeyInfo',
      })
      expect(modeOf(join(directory, 'key'))).toBe(0o600)
      const closed = json(directory, 'key', 'show', 'key')
      expect([closed.status, closed.document.fingerprint, closed.document.publicKey]).toEqual([
        0,
        null,
        null,
      ])
      const { document } = json(directory, 'key', 'show', 'key', ...withPass)
      expect(document).toMatchObject({
        fingerprint: made.document.fingerprint,
        keySpec,
        container: 'EncryptedPrivateKeyInfo',
        encrypted: true,
        publicKey: made.document.publicKey,
        warnings: [],
      })
    },
  )

  test('bare with --no-encrypt, which key show remarks', () => {
    const directory = prepared()
    const made = run(
      ['key', 'generate', '--key-spec', 'p256', '--to', 'pkcs8-pem', '--no-encrypt', '-o', 'key'],
      { directory },
    )
    expect(made.status).toBe(0)
    expect(readFileSync(join(directory, 'key'), 'latin1')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
    const { document } = json(directory, 'key', 'show', 'key')
    expect(made.stderr).toContain(document.fingerprint)
    expect(document.warnings.map(({ code }) => code)).toEqual(['key-unencrypted'])
  })

  test('asks twice at a terminal', async () => {
    const directory = prepared()
    const { status } = await runAtTerminal(
      ['key', 'generate', '--key-spec', 'ed25519', '--kdf', 'scrypt', '-o', 'key'],
      [
        { prompt: 'passphrase for the new key key: ', answer: `${passphrase}\r`, secret: true },
        { prompt: 'again: ', answer: `${passphrase}\r`, secret: true },
      ],
      { directory },
    )
    expect(status).toBe(0)
    expect(json(directory, 'key', 'show', 'key', ...withPass).document.keySpec).toBe(
      'EC_CURVE25519',
    )
  })

  test('writes nothing if the two passphrases differ', async () => {
    const directory = prepared()
    const { status, stderr } = await runAtTerminal(
      ['key', 'generate', '--key-spec', 'ed25519', '-o', 'key'],
      [
        { prompt: 'new key key: ', answer: `${passphrase}\r`, secret: true },
        { prompt: 'again: ', answer: 'another long passphrase\r', secret: true },
      ],
      { directory },
    )
    expect(status).toBe(5)
    expect(stderr).toContain('[passphrase-invalid]')
    expect(existsSync(join(directory, 'key'))).toBe(false)
  })

  test.each([
    [['-o', 'key'], 2, 'usage'],
    [['--key-spec', 'p521', '-o', 'key'], 2, 'usage'],
    [['--key-spec', 'p256'], 2, 'output-missing'],
    [['--key-spec', 'p256', '-o', 'key'], 2, 'no-terminal'],
    [['--key-spec', 'p256', '-o', 'key', '--no-encrypt', ...withPass], 2, 'usage'],
    [['--key-spec', 'p256', '-o', 'key', '--no-encrypt', '--kdf', 'scrypt'], 2, 'usage'],
    [['--key-spec', 'p256', '-o', 'key', ...withPass, '--passphrase-fd', '3'], 2, 'usage'],
    [['--key-spec', 'p256', '-o', 'key', '--passphrase-fd', 'x'], 2, 'usage'],
    [['--key-spec', 'p256', '-o', 'pass', ...withPass], 2, 'output-exists'],
    [['--key-spec', 'p256', '-o', 'key', '--passphrase-file', 'none'], 5, 'passphrase-unreadable'],
    [['--key-spec', 'p256', '-o', 'key', '--passphrase-fd', '9'], 5, 'passphrase-unreadable'],
    [['--key-spec', 'p256', '-o', 'key', '--passphrase-file', 'empty'], 5, 'passphrase-invalid'],
  ])('%j ends with %i %s and writes nothing', (options, status, code) => {
    const directory = prepared()
    writeFileSync(join(directory, 'empty'), '\n')
    const result = json(directory, 'key', 'generate', ...options)
    expect([result.status, result.document.error?.code]).toEqual([status, code])
    expect(existsSync(join(directory, 'key'))).toBe(false)
  })

  test('takes the passphrase from a descriptor', () => {
    const directory = prepared()
    const descriptor = openSync(join(directory, 'pass'), 'r')
    const args = [
      'key',
      'generate',
      '--key-spec',
      'ed25519',
      '-o',
      'key',
      '--new-passphrase-fd',
      '3',
    ]
    expect(run(args, { directory, descriptors: [descriptor] }).status).toBe(0)
    expect(json(directory, 'key', 'show', 'key', ...withPass).document.fingerprint).toMatch(/^1220/)
  })
})

describe('key show', () => {
  test.each([
    ['ed25519-a.spki.der', 'SubjectPublicKeyInfo'],
    ['ed25519-a.raw.pub', 'raw'],
    ['ed25519-a.pkcs8.der', 'PKCS#8'],
    ['ed25519-a.pkcs8v2-with-public-key.der', 'PKCS#8 v2'],
    ['p256-a.sec1.pem', 'SEC1'],
    ['p384-a.pkcs8.pem', 'PKCS#8'],
  ])('%s is a %s', (file, container) => {
    const vector = keyVector(file.split('.')[0])
    const { status, document } = json(prepared(file), 'key', 'show', file)
    expect(status).toBe(0)
    expect(document).toMatchObject({
      fingerprint: vector.fingerprint,
      container,
      encrypted: false,
      publicKey: Buffer.from(fromHex(vector.spki_hex)).toString('base64'),
    })
  })

  test('warns of a key file that others can read, and not of a public one', () => {
    const directory = prepared('ed25519-a.pkcs8.der', 'ed25519-a.spki.der')
    for (const file of ['ed25519-a.pkcs8.der', 'ed25519-a.spki.der']) {
      chmodSync(join(directory, file), 0o644)
    }
    const codes = (file: string): readonly string[] =>
      json(directory, 'key', 'show', file).document.warnings.map(({ code }) => code)
    expect(codes('ed25519-a.pkcs8.der')).toEqual(['key-file-mode', 'key-unencrypted'])
    expect(codes('ed25519-a.spki.der')).toEqual([])
    const { document } = json(directory, 'inspect', 'ed25519-a.pkcs8.der')
    expect(document.warnings.map(({ code }) => code)).toEqual(['key-file-mode', 'key-unencrypted'])
  })

  test('names foreign encryption without opening it', () => {
    const file = 'ed25519-b.enc-pbes1-sha1-3des.der'
    const directory = prepared(file)
    const { status, document } = json(directory, 'key', 'show', file, ...withPass)
    expect([status, document.fingerprint, document.warnings[0]?.code]).toEqual([
      0,
      null,
      'key-encryption',
    ])
    const { stdout } = run(['key', 'show', file, ...withPass], { directory })
    // The passphrase is given: it is not what is missing.
    expect(stdout).toContain('fingerprint not known: the file is not opened\n')
  })

  test('by --key and file:', () => {
    const directory = prepared('p256-a.spki.der')
    const { fingerprint } = keyVector('p256-a')
    for (const uri of ['p256-a.spki.der', 'file:p256-a.spki.der']) {
      expect(json(directory, 'key', 'show', '--key', uri).document.fingerprint).toBe(fingerprint)
    }
  })

  test.each([
    [['none'], 3, 'file-unreadable'],
    [['.'], 3, 'file-unreadable'],
    [[], 2, 'usage'],
    [['pass', '--key', 'pass'], 2, 'usage'],
    [['--key', 'pkcs11:token=x'], 2, 'key-uri-invalid'],
    [['--key', 'awskms:///alias/x'], 5, 'key-uri'],
    [['--key', 'exec:true'], 2, 'usage'],
    [['--key', 'https://example.com/key'], 5, 'key-uri'],
    [['--key', 'file:'], 2, 'key-uri-invalid'],
    [['bad-rsa2048.pkcs8.der'], 3, 'key-algorithm'],
    [['bad-certificate.pem'], 3, 'key-certificate'],
    [['bad-empty.der'], 3, 'file-empty'],
    [['bad-wrong-passphrase.der', '--passphrase-file', 'wrong'], 5, 'key-passphrase'],
    [['bad-pbkdf2-iterations-1.der', ...withPass], 3, 'key-kdf-bounds'],
    [['bad-public-key-mismatch.pkcs8v2.der'], 5, 'key-public-mismatch'],
    [['bad-ec-public-key-mismatch.pkcs8.der'], 5, 'key-public-mismatch'],
  ])('%j ends with %i %s', (options, status, code) => {
    const directory = prepared(...options.filter((option) => option.startsWith('bad-')))
    writeFileSync(join(directory, 'wrong'), 'another long passphrase')
    const result = json(directory, 'key', 'show', ...options)
    expect([result.status, result.document.error?.code]).toEqual([status, code])
  })
})

describe('key convert', () => {
  const forms = [
    ['spki-der', 'spki.der'],
    ['spki-pem', 'spki.pem'],
    ['pkcs8-der', 'pkcs8.der'],
    ['pkcs8-pem', 'pkcs8.pem'],
  ] as const

  test.each(['ed25519-a', 'p256-a', 'p384-a', 'secp256k1-a'])(
    '%s from an encrypted file to every form, as openssl writes it',
    (name) => {
      const source = `${name}.pbes2-aes256cbc-hmacsha256.pem`
      const directory = prepared(source)
      for (const [form, suffix] of forms) {
        const bare = form.startsWith('pkcs8') ? ['--no-encrypt'] : []
        const args = ['key', 'convert', source, '--to', form, '-o', form, ...withPass, ...bare]
        expect(run(args, { directory }).status).toBe(0)
        const written = new Uint8Array(readFileSync(join(directory, form)))
        expect(written).toEqual(fixtureBytes(`keys/${name}.${suffix}`))
        if (bare.length > 0) expect(modeOf(join(directory, form))).toBe(0o600)
      }
    },
  )

  test('to raw bytes', () => {
    const directory = prepared('ed25519-a.spki.pem')
    const args = ['key', 'convert', 'ed25519-a.spki.pem', '--to', 'raw', '-o', 'raw']
    expect(run(args, { directory }).status).toBe(0)
    expect(new Uint8Array(readFileSync(join(directory, 'raw')))).toEqual(
      fixtureBytes('keys/ed25519-a.raw.pub'),
    )
  })

  test.each(['ed25519-b.enc-pbes1-sha1-3des.der', 'ed25519-b.enc-des3-hmacsha256.der'])(
    '%s to today’s encryption, with the same passphrase',
    (source) => {
      const directory = prepared(source)
      const args = ['key', 'convert', source, '--to', 'pkcs8-der', '-o', 'new', ...withPass]
      const { status, stderr } = run(args, { directory })
      expect(status).toBe(0)
      expect(stderr).toContain('the passphrase of the old one')
      const { document } = json(directory, 'key', 'show', 'new', ...withPass)
      expect([document.encrypted, document.fingerprint]).toEqual([
        true,
        keyVector('ed25519-b').fingerprint,
      ])
    },
  )

  test('to another passphrase', () => {
    const source = 'p256-a.scrypt-aes256cbc.der'
    const directory = prepared(source)
    writeFileSync(join(directory, 'other'), 'another long passphrase')
    const args = ['key', 'convert', source, '--to', 'pkcs8-pem', '-o', 'new', ...withPass]
    expect(run([...args, '--new-passphrase-file', 'other'], { directory }).status).toBe(0)
    expect(json(directory, 'key', 'show', 'new', ...withPass).document.error?.code).toBe(
      'key-passphrase',
    )
    const opened = json(directory, 'key', 'show', 'new', '--passphrase-file', 'other')
    expect(opened.document.fingerprint).toBe(keyVector('p256-a').fingerprint)
  })

  test('to Canton’s SigningPublicKey, for the namespace unless told', () => {
    const directory = prepared('p256-a.spki.der')
    const base = ['key', 'convert', 'p256-a.spki.der', '--to', 'canton', '-o'] as const
    const plain = run([...base, 'plain'], { directory })
    expect(plain.stderr).toContain('usage       namespace\n')
    const usages = ['--usage', 'protocol', '--usage', 'namespace']
    expect(json(directory, ...base, 'full', ...usages).document).toMatchObject({
      usage: ['namespace', 'protocol', 'proof-of-ownership'],
    })
    expect(json(directory, 'key', 'show', 'full').document).toMatchObject({
      container: 'SigningPublicKey',
      fingerprint: keyVector('p256-a').fingerprint,
      usage: ['NAMESPACE', 'PROTOCOL', 'PROOF_OF_OWNERSHIP'],
    })
  })

  test('a compressed point is written in its usual form, and that is said', () => {
    const file = 'p256-a.spki-compressed.der'
    const directory = prepared(file)
    const { status, stderr } = run(['key', 'convert', file, '--to', 'spki-der', '-o', 'new'], {
      directory,
    })
    expect(status).toBe(0)
    expect(stderr).toContain('[compressed-point]')
    expect(new Uint8Array(readFileSync(join(directory, 'new')))).toEqual(
      fixtureBytes('keys/p256-a.spki.der'),
    )
  })

  test.each([
    [['--to', 'pkcs8-der', '--no-encrypt'], 'ed25519-a.spki.der', 3, 'key-not-private'],
    [['--to', 'spki-der'], 'ed25519-a.scrypt-aes256cbc.der', 5, 'key-passphrase-needed'],
    [['--to', 'pkcs8-der'], 'ed25519-a.pkcs8.der', 2, 'no-terminal'],
    [[], 'ed25519-a.pkcs8.der', 2, 'usage'],
    [['--to', 'spki-der', '--no-encrypt'], 'ed25519-a.pkcs8.der', 2, 'usage'],
    [['--to', 'raw', '--kdf', 'scrypt'], 'ed25519-a.pkcs8.der', 2, 'usage'],
    [['--to', 'raw', '--usage', 'protocol'], 'ed25519-a.pkcs8.der', 2, 'usage'],
    [
      ['--to', 'canton', '--usage', 'proof-of-ownership'],
      'ed25519-a.pkcs8.der',
      3,
      'bad-key-usage',
    ],
    [['--to', 'raw'], 'bad-x25519.pkcs8.der', 3, 'key-algorithm'],
    [['--to', 'raw'], 'bad-pem-two-keys.pem', 3, 'key-pem-several'],
  ])('%j of %s ends with %i %s', (options, file, status, code) => {
    const directory = prepared(file)
    const result = json(directory, 'key', 'convert', file, '-o', 'new', ...options)
    expect([result.status, result.document.error?.code]).toEqual([status, code])
    expect(existsSync(join(directory, 'new'))).toBe(false)
  })

  test('not onto its own input', () => {
    const file = 'ed25519-a.pkcs8.der'
    const directory = prepared(file)
    const args = ['key', 'convert', file, '--to', 'spki-der', '-o', file, '--force']
    expect(run(args, { directory }).status).toBe(2)
    expect(new Uint8Array(readFileSync(join(directory, file)))).toEqual(
      fixtureBytes(`keys/${file}`),
    )
  })
})

describe('sign with a key file', () => {
  const hash = fromHex(`1220${'5c'.repeat(32)}`)
  const sign = (directory: string, ...args: readonly string[]): ReturnType<typeof run> => {
    writeFileSync(join(directory, 'hash'), hash)
    return run(['sign', 'hash', '--blind', '--detached', '--yes', '-o', 'signature', ...args], {
      directory,
    })
  }

  test('a passphrase typed at the terminal is not shown', async () => {
    const directory = prepared('p384-a.pbes2-aes256cbc-hmacsha256.der')
    writeFileSync(join(directory, 'hash'), hash)
    const key = 'p384-a.pbes2-aes256cbc-hmacsha256.der'
    const { status, screen } = await runAtTerminal(
      ['sign', 'hash', '--blind', '--detached', '--yes', '-o', 'signature', '--key', key],
      [{ prompt: `passphrase of ${key}: `, answer: `${passphrase}\r`, secret: true }],
      { directory },
    )
    expect(status).toBe(0)
    expect(screen).not.toContain(passphrase)
    expect(readFileSync(join(directory, 'signature')).length).toBeGreaterThan(96)
  })

  test('a passphrase that a bare key has no use for is remarked', () => {
    const { status, stderr } = sign(
      prepared('ed25519-a.pkcs8.der'),
      '--key',
      'ed25519-a.pkcs8.der',
      ...withPass,
    )
    expect(status).toBe(0)
    expect(stderr).toContain('the key is not encrypted; the passphrase was not used')
  })

  test.each([
    ['ed25519-a.spki.der', [], 3, 'key-not-private'],
    ['ed25519-a.scrypt-aes256cbc.der', [], 5, 'key-passphrase-needed'],
    ['bad-wrong-passphrase.der', ['--passphrase-file', 'wrong'], 5, 'key-passphrase'],
    ['ed25519-b.enc-pbes1-sha1-3des.der', withPass, 3, 'key-encryption'],
    ['bad-zeros.der', [], 3, 'key-not-a-key'],
    ['bad-ec-scalar-n.pkcs8.der', [], 3, 'key-scalar'],
  ])('%s %j ends with %i %s', (file, options, status, code) => {
    const directory = prepared(file)
    writeFileSync(join(directory, 'wrong'), 'another long passphrase')
    const result = sign(directory, '--key', file, ...options)
    expect(result.status).toBe(status)
    expect(result.stderr).toContain(`[${code}]`)
    expect(existsSync(join(directory, 'signature'))).toBe(false)
  })

  test('a key that group or others can read is refused, encrypted or not', () => {
    for (const file of ['ed25519-a.pkcs8.der', 'ed25519-a.scrypt-aes256cbc.der']) {
      const directory = prepared(file)
      chmodSync(join(directory, file), 0o640)
      const { status, stderr } = sign(
        directory,
        '--key',
        file,
        ...withPass,
        '--accept-mount-permissions',
      )
      expect(status).toBe(5)
      expect(stderr).toContain('[key-file-mode]')
    }
  })
})
