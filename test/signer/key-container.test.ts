import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readAnyKey } from '../../src/signer/key-reading.ts'
import { openPrivateKey } from '../../src/signer/open-private-key.ts'
import { codeOf, keyVector } from '../support/keys.ts'
import { openssl, temporaryFile } from '../support/openssl.ts'
import { fixtureBytes, fromHex } from '../support/vectors.ts'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const dsa = generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 })
const p256 = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const pkcs8Pem = p256.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const spkiPem = p256.publicKey.export({ type: 'spki', format: 'pem' }).toString()

const foreign: readonly (readonly [string, string, Uint8Array])[] = [
  [
    'an RSA key in PKCS#1',
    'key-algorithm',
    rsa.privateKey.export({ type: 'pkcs1', format: 'der' }),
  ],
  [
    'an RSA key in PKCS#1 PEM',
    'key-algorithm',
    text(rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()),
  ],
  [
    'an RSA public key in PKCS#1 PEM',
    'key-algorithm',
    text(rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString()),
  ],
  ['a DSA key', 'key-algorithm', dsa.privateKey.export({ type: 'pkcs8', format: 'der' })],
  [
    'an RSA-PSS key',
    'key-algorithm',
    generateKeyPairSync('rsa-pss', { modulusLength: 1024 }).publicKey.export({
      type: 'spki',
      format: 'der',
    }),
  ],
  [
    'an X448 key',
    'key-algorithm',
    generateKeyPairSync('x448').publicKey.export({ type: 'spki', format: 'der' }),
  ],
  [
    'an Ed448 key',
    'key-algorithm',
    generateKeyPairSync('ed448').publicKey.export({ type: 'spki', format: 'der' }),
  ],
  [
    'a JSON Web Key',
    'key-container-unsupported',
    text(JSON.stringify(p256.publicKey.export({ format: 'jwk' }))),
  ],
  ['JSON that is no key', 'key-not-a-key', text('{"a":1}')],
  [
    'an OpenSSH key',
    'key-container-unsupported',
    text('-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n'),
  ],
  [
    'a public key of SSH',
    'key-container-unsupported',
    text('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== me\n'),
  ],
  ['a PuTTY key', 'key-container-unsupported', text('PuTTY-User-Key-File-3: ssh-ed25519\n')],
  [
    'an OpenPGP key',
    'key-container-unsupported',
    text('-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n-----END PGP PRIVATE KEY BLOCK-----\n'),
  ],
  [
    'base64 without armour',
    'key-not-a-key',
    text(`${pkcs8Pem.split('\n').slice(1, -2).join('')}\n`),
  ],
  ['a PEM file with a UTF-8 mark', 'key-pem', Uint8Array.of(0xef, 0xbb, 0xbf, ...text(pkcs8Pem))],
  [
    'a PEM file in UTF-16',
    'key-pem',
    Uint8Array.of(0xff, 0xfe, ...Buffer.from(pkcs8Pem, 'utf16le')),
  ],
  [
    'curve parameters before a key in PKCS#8',
    'key-pem-several',
    text(
      `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${pkcs8Pem}`,
    ),
  ],
  ['a key and its public key', 'key-pem-several', text(pkcs8Pem + spkiPem)],
  ['a public key under a private label', 'key-pem', text(spkiPem.replaceAll('PUBLIC', 'PRIVATE'))],
  ['an unknown label', 'key-pem', text(pkcs8Pem.replaceAll('PRIVATE KEY', 'SECRET KEY'))],
  [
    'an ECDSA signature',
    'key-not-a-key',
    fromHex(keyVector('p256-a').signatures[0]?.signature_hex ?? ''),
  ],
  ['a sequence of nothing', 'key-not-a-key', fromHex('3000')],
  [
    'a PKCS#12 bundle',
    'key-container-unsupported',
    fromHex('3012020103300d06092a864886f70d010701a000'),
  ],
  ['a PKCS#7 structure', 'key-container-unsupported', fromHex('300d06092a864886f70d010701a000')],
  ['a point of small order', 'key-weak', fromHex(`01${'00'.repeat(31)}`)],
  ['33 bytes on no curve', 'key-point', fromHex(`02${'ff'.repeat(32)}`)],
  ['65 bytes on no curve', 'key-point', fromHex(`04${'11'.repeat(64)}`)],
  ['65 bytes that begin as no point', 'key-not-a-key', fromHex(`07${'11'.repeat(64)}`)],
  ['64 bytes', 'key-not-a-key', new Uint8Array(64).fill(0xa5)],
  ['a 34-byte hash', 'key-not-a-key', fromHex(`1220${'ab'.repeat(32)}`)],
]

test.each(foreign)('%s is refused as %s', async (_name, code, bytes) => {
  expect(await codeOf(readAnyKey(new Uint8Array(bytes)))).toBe(code)
})

test('an SEC1 key encrypted by PEM headers is named', async () => {
  const pem = p256.privateKey.export({
    type: 'sec1',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'x',
  })
  expect(await codeOf(readAnyKey(text(pem.toString())))).toBe('key-encryption')
})

test('an SEC1 key without its curve is refused', async () => {
  const bare = fromHex(`30250201010420${'11'.repeat(32)}`)
  expect(await codeOf(readAnyKey(bare))).toBe('key-parameters')
})

describe('raw public keys', () => {
  const keys = (['p256-a', 'p384-a', 'secp256k1-a'] as const).map((name) => {
    const { spki_hex: spki, fingerprint } = keyVector(name)
    const size = name === 'p384-a' ? 48 : 32
    return { name, fingerprint, size, point: fromHex(spki).slice(-(1 + 2 * size)) }
  })

  test.each(keys)('an uncompressed point of $name', async ({ point, fingerprint }) => {
    const reading = await readAnyKey(point)
    expect([reading.container, reading.key?.fingerprint]).toEqual(['raw', fingerprint])
  })

  // About half of the x coordinates of one curve of 256 bits belong to a point of the other, too.
  test.each(keys)(
    'a compressed point of $name, or its ambiguity',
    async ({ point, fingerprint, size }) => {
      const compressed = Uint8Array.of(2 + ((point.at(-1) ?? 0) & 1), ...point.slice(1, 1 + size))
      const outcome = await readAnyKey(compressed).then(
        ({ key }) => key?.fingerprint,
        (error: unknown) => (error as { code: string }).code,
      )
      expect(size === 48 ? [fingerprint] : [fingerprint, 'key-ambiguous']).toContain(outcome)
    },
  )

  test('a compressed point of both curves is refused', async () => {
    // x = 1 lies on secp256k1; x = 5 on P-256; the first x of both is found by counting.
    const codes = new Set<string>()
    for (let x = 1; x < 40; x++) {
      const bytes = fromHex(`02${x.toString(16).padStart(64, '0')}`)
      codes.add(
        await readAnyKey(bytes).then(
          ({ key }) => key?.keySpec ?? '',
          (error: unknown) => (error as { code: string }).code,
        ),
      )
    }
    expect([...codes].toSorted()).toEqual(['EC_P256', 'EC_SECP256K1', 'key-ambiguous', 'key-point'])
  })

  test('32 bytes that begin like DER are a key of Ed25519 all the same', async () => {
    for (let i = 0; ; i++) {
      const { publicKey } = generateKeyPairSync('ed25519')
      const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)
      if (raw[0] !== 0x30) continue
      const { key } = await readAnyKey(new Uint8Array(raw))
      expect(key?.keySpec).toBe('EC_CURVE25519')
      return
    }
  })
})

test('no error repeats what the file holds', async () => {
  const seed = fixtureBytes('keys/bad-raw-seed-hex.txt')
  const hex = new TextDecoder().decode(seed).trim()
  const error: unknown = await readAnyKey(seed).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(Error)
  expect(JSON.stringify([error, (error as Error).message])).not.toContain(hex)
})

test('a long text is told in the time of reading it', async () => {
  const blank = new Uint8Array(200_000).fill(0x20)
  const begin = performance.now()
  for (const end of ['z', '0x']) {
    expect(await codeOf(readAnyKey(Buffer.concat([blank, Buffer.from(end)])))).toBe('key-not-a-key')
  }
  expect(performance.now() - begin).toBeLessThan(2_000)
})

describe('what openssl ecparam -genkey writes', () => {
  const written = (curve: string, ...options: readonly string[]): string =>
    Buffer.from(openssl('ecparam', '-genkey', '-name', curve, ...options)).toString()
  const [p256Text, secp256k1Text] = [written('prime256v1'), written('secp256k1')]
  const keyOf = (pem: string): string => pem.slice(pem.indexOf('-----BEGIN EC PRIVATE KEY'))
  const parametersOf = (pem: string): string => pem.slice(0, pem.length - keyOf(pem).length)

  test.each([
    ['prime256v1', 'EC_P256'],
    ['secp384r1', 'EC_P384'],
    ['secp256k1', 'EC_SECP256K1'],
  ])('is read: %s', async (curve, keySpec) => {
    const pem = written(curve)
    expect(pem).toMatch(/^-----BEGIN EC PARAMETERS-----\n/)
    const path = temporaryFile(pem)
    const { key, container, kind } = await readAnyKey(text(pem))
    expect({ kind, container, keySpec: key?.keySpec }).toEqual({
      kind: 'private-key',
      container: 'SEC1',
      keySpec,
    })
    expect(key?.spki).toEqual(openssl('pkey', '-in', path, '-pubout', '-outform', 'DER'))
    const opened = await openPrivateKey(text(pem.replaceAll('\n', '\r\n')), {
      purpose: 'signing',
      passphrase: undefined,
    })
    expect(opened.publicKey.fingerprint).toBe(key?.fingerprint)
  })

  test.each([
    ['the curve of another key', 'key-parameters', parametersOf(secp256k1Text) + keyOf(p256Text)],
    ['explicit parameters', 'key-parameters', written('prime256v1', '-param_enc', 'explicit')],
    [
      'explicit parameters before a key that names its curve',
      'key-parameters',
      parametersOf(written('prime256v1', '-param_enc', 'explicit')) + keyOf(p256Text),
    ],
    ['parameters that are no DER', 'key-parameters', p256Text.replace('Bggqhkj', 'Bwgqhkj')],
    ['no parameters', 'key-not-a-key', parametersOf(p256Text)],
    ['parameters twice', 'key-pem-several', parametersOf(p256Text) + p256Text],
    ['text between', 'key-pem-several', `${parametersOf(p256Text)}text\n${keyOf(p256Text)}`],
    ['a line between', 'key-pem-several', `${parametersOf(p256Text)}\n${keyOf(p256Text)}`],
    ['parameters behind the key', 'key-pem-several', keyOf(p256Text) + parametersOf(p256Text)],
    ['two keys', 'key-pem-several', p256Text + keyOf(p256Text)],
    ['two keys with their parameters', 'key-pem-several', p256Text + p256Text],
    ['text behind the key', 'key-pem', `${p256Text}text\n`],
    ['a public key behind the parameters', 'key-pem-several', parametersOf(p256Text) + spkiPem],
    ['damaged parameters', 'key-pem', p256Text.replace('Bggqhkj', 'Bggq*kj')],
    ['a key that is cut', 'key-pem', p256Text.split('-----END EC PRIVATE')[0] ?? ''],
  ])('but not %s', async (_what, code, pem) => {
    expect(await codeOf(readAnyKey(text(pem)))).toBe(code)
  })
})
