import { fc, test as property } from '@fast-check/vitest'
import { createPrivateKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  decryptKey,
  describeEncryption,
  parseEncryptedKey,
} from '../../src/crypto/encrypted-key.ts'
import { encodeDer, encodeDerInteger } from '../../src/crypto/der.ts'
import { encryptPbes2 } from '../../src/crypto/pbes2.ts'
import { codeOf } from '../support/keys.ts'
import { opensslFile, temporaryFile } from '../support/openssl.ts'
import { fixtureBytes, fromHex } from '../support/vectors.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const plain = fixtureBytes('keys/p256-a.pkcs8.der')
const passphrase = 'correct horse battery staple'

async function open(der: Uint8Array, secret: string, foreign = false): Promise<Uint8Array> {
  return await decryptKey(await parseEncryptedKey(der), bytes(secret), foreign)
}

describe.each(['pbkdf2', 'scrypt'] as const)('encrypts with %s', (kind) => {
  test('what it opens, and openssl and node:crypto open', async () => {
    const der = await encryptPbes2(plain, bytes(passphrase), kind)
    expect(await open(der, passphrase)).toEqual(plain)
    const path = temporaryFile(der)
    const options = ['-inform', 'DER', '-in', path, '-passin', `file:${temporaryFile(passphrase)}`]
    expect(opensslFile('pkcs8', '-topk8', ...options, '-nocrypt', '-outform', 'DER')).toEqual(plain)
    const object = createPrivateKey({
      key: Buffer.from(der),
      format: 'der',
      type: 'pkcs8',
      passphrase,
    })
    expect(new Uint8Array(object.export({ format: 'der', type: 'pkcs8' }))).toEqual(plain)
  })

  test('differently each time, and not to another passphrase', async () => {
    const first = await encryptPbes2(plain, bytes(passphrase), kind)
    expect(await encryptPbes2(plain, bytes(passphrase), kind)).not.toEqual(first)
    expect(await codeOf(open(first, `${passphrase} `))).toBe('key-passphrase')
  })
})

test('what is written states today’s strength', async () => {
  const describe = async (kind: 'pbkdf2' | 'scrypt'): Promise<string> =>
    describeEncryption(
      (await parseEncryptedKey(await encryptPbes2(plain, bytes('x'), kind))).encryption,
    )
  expect(await describe('pbkdf2')).toBe(
    'PBES2, PBKDF2-HMAC-SHA256 with 600000 iterations, AES-256-CBC',
  )
  expect(await describe('scrypt')).toBe('PBES2, scrypt with N = 16384, r = 8, p = 5, AES-256-CBC')
})

describe('opens what openssl writes', () => {
  const input = temporaryFile(plain)
  const encrypt = (...options: readonly string[]): Uint8Array =>
    opensslFile(
      'pkcs8',
      '-topk8',
      '-inform',
      'DER',
      '-in',
      input,
      '-outform',
      'DER',
      '-passout',
      `file:${temporaryFile(passphrase)}`,
      ...options,
    )

  test.each([
    ['-v2', 'aes-256-cbc', '-v2prf', 'hmacWithSHA256', '-iter', '1000'],
    ['-v2', 'aes-192-cbc', '-v2prf', 'hmacWithSHA384', '-iter', '5000'],
    ['-v2', 'aes-128-cbc', '-v2prf', 'hmacWithSHA1'],
    ['-v2', 'aes-256-cbc', '-v2prf', 'hmacWithSHA224'],
    ['-v2', 'aes-256-cbc', '-v2prf', 'hmacWithSHA512-256'],
    ['-v2', 'aes-256-cbc', '-iter', '1000000'],
    ['-v2', 'aes-256-cbc', '-scrypt'],
    ['-v2', 'aes-128-cbc', '-scrypt', '-scrypt_N', '1024', '-scrypt_r', '4', '-scrypt_p', '3'],
  ])('%s %s %s %s %s %s', async (...options) => {
    const der = encrypt(...options.filter((option) => typeof option === 'string'))
    expect(await open(der, passphrase)).toEqual(plain)
    expect(await codeOf(open(der, 'wrong'))).toBe('key-passphrase')
  })

  test('2 keys of 3DES by conversion only', async () => {
    const der = encrypt('-v1', 'PBE-SHA1-2DES')
    expect(await codeOf(open(der, passphrase))).toBe('key-encryption')
    expect(await open(der, passphrase, true)).toEqual(plain)
  })

  test.each([
    ['-v2', 'aria-256-cbc'],
    ['-v2', 'camellia-256-cbc'],
  ])('not %s %s, which is named', async (...options) => {
    const der = encrypt(...options)
    expect(await codeOf(open(der, passphrase, true))).toBe('key-encryption')
  })
})

describe('hostile parameters are refused before they cost anything', () => {
  const integer = (value: bigint): Uint8Array => {
    const hex = value.toString(16)
    return encodeDerInteger(fromHex(hex.padStart(hex.length + (hex.length % 2), '0')))
  }
  const salt = encodeDer(0x04, new Uint8Array(16))
  const cipher = encodeDer(
    0x30,
    fromHex('060960864801650304012a'),
    encodeDer(0x04, new Uint8Array(16)),
  )
  const sha256 = fromHex('300c06082a864886f70d02090500')
  const encrypted = (
    kdf: Uint8Array,
    scheme = cipher,
    more: readonly Uint8Array[] = [],
  ): Uint8Array =>
    encodeDer(
      0x30,
      encodeDer(0x30, fromHex('06092a864886f70d01050d'), encodeDer(0x30, kdf, scheme, ...more)),
      encodeDer(0x04, new Uint8Array(64)),
    )
  const pbkdf2 = (...parameters: readonly Uint8Array[]): Uint8Array =>
    encodeDer(0x30, fromHex('06092a864886f70d01050c'), encodeDer(0x30, ...parameters))
  const scrypt = (...parameters: readonly Uint8Array[]): Uint8Array =>
    encodeDer(0x30, fromHex('06092b06010401da47040b'), encodeDer(0x30, ...parameters))
  const scryptOf = (n: bigint, r: bigint, p: bigint): Uint8Array =>
    encrypted(scrypt(salt, integer(n), integer(r), integer(p)))

  const cases: readonly (readonly [string, string, Uint8Array])[] = [
    ['999 iterations', 'key-kdf-bounds', encrypted(pbkdf2(salt, integer(999n), sha256))],
    [
      '10,000,001 iterations',
      'key-kdf-bounds',
      encrypted(pbkdf2(salt, integer(10_000_001n), sha256)),
    ],
    ['2^31 iterations', 'key-kdf-bounds', encrypted(pbkdf2(salt, integer(2n ** 31n), sha256))],
    [
      '2^32 + 2,048 iterations',
      'key-kdf-bounds',
      encrypted(pbkdf2(salt, integer(2n ** 32n + 2048n), sha256)),
    ],
    [
      '2^64 + 2,048 iterations',
      'key-kdf-bounds',
      encrypted(pbkdf2(salt, integer(2n ** 64n + 2048n), sha256)),
    ],
    ['negative iterations', 'key-kdf-bounds', encrypted(pbkdf2(salt, fromHex('0202f000'), sha256))],
    [
      'a salt of 7 bytes',
      'key-kdf-bounds',
      encrypted(pbkdf2(encodeDer(0x04, new Uint8Array(7)), integer(2048n), sha256)),
    ],
    [
      'a salt of 1,025 bytes',
      'key-kdf-bounds',
      encrypted(pbkdf2(encodeDer(0x04, new Uint8Array(1025)), integer(2048n), sha256)),
    ],
    ['a salt from elsewhere', 'key-structure', encrypted(pbkdf2(sha256, integer(2048n), sha256))],
    [
      'a derived key of another length',
      'key-structure',
      encrypted(pbkdf2(salt, integer(2048n), integer(16n), sha256)),
    ],
    [
      'an unknown pseudo-random function',
      'key-encryption',
      encrypted(pbkdf2(salt, integer(2048n), fromHex('300a06082a864886f70d02050500'))),
    ],
    [
      'a fifth parameter of PBKDF2',
      'key-structure',
      encrypted(pbkdf2(salt, integer(2048n), integer(32n), sha256, sha256)),
    ],
    ['PBKDF2 without a count', 'key-structure', encrypted(pbkdf2(salt))],
    ['scrypt with N = 2^22, r = 8', 'key-kdf-bounds', scryptOf(2n ** 22n, 8n, 1n)],
    ['scrypt with N = 2^63', 'key-kdf-bounds', scryptOf(2n ** 63n, 8n, 1n)],
    ['scrypt with N = 2^1023', 'key-kdf-bounds', scryptOf(2n ** 1023n, 1n, 1n)],
    ['scrypt with N = 2^2000', 'key-kdf-bounds', scryptOf(2n ** 2000n, 1n, 1n)],
    ['scrypt with N = 2^49 + 1', 'key-kdf-bounds', scryptOf(2n ** 49n + 1n, 1n, 1n)],
    ['scrypt with N = 1', 'key-kdf-bounds', scryptOf(1n, 8n, 1n)],
    ['scrypt with N = 0', 'key-kdf-bounds', scryptOf(0n, 8n, 1n)],
    ['scrypt with r = 0', 'key-kdf-bounds', scryptOf(16384n, 0n, 1n)],
    ['scrypt with p = 0', 'key-kdf-bounds', scryptOf(16384n, 8n, 0n)],
    ['scrypt with N = 2, r = 1, p = 2^22', 'key-kdf-bounds', scryptOf(2n, 1n, 2n ** 22n)],
    ['scrypt with p = 2^30', 'key-kdf-bounds', scryptOf(16384n, 8n, 2n ** 30n)],
    ['scrypt with r = 2^40', 'key-kdf-bounds', scryptOf(2n, 2n ** 40n, 1n)],
    [
      'scrypt with a key of 16 bytes',
      'key-structure',
      encrypted(scrypt(salt, integer(16384n), integer(8n), integer(1n), integer(16n))),
    ],
    [
      'scrypt with a fifth number',
      'key-structure',
      encrypted(scrypt(salt, integer(2n), integer(8n), integer(1n), integer(32n), integer(1n))),
    ],
    ['scrypt without p', 'key-structure', encrypted(scrypt(salt, integer(16384n), integer(8n)))],
    [
      'an IV of 15 bytes',
      'key-structure',
      encrypted(
        pbkdf2(salt, integer(2048n), sha256),
        encodeDer(0x30, fromHex('060960864801650304012a'), encodeDer(0x04, new Uint8Array(15))),
      ),
    ],
    [
      'a cipher without an IV',
      'key-structure',
      encrypted(
        pbkdf2(salt, integer(2048n), sha256),
        encodeDer(0x30, fromHex('060960864801650304012a')),
      ),
    ],
    [
      'a third parameter of PBES2',
      'key-structure',
      encrypted(pbkdf2(salt, integer(2048n), sha256), cipher, [sha256]),
    ],
    [
      'a third field of the derivation',
      'key-structure',
      encrypted(
        encodeDer(
          0x30,
          fromHex('06092a864886f70d01050c'),
          encodeDer(0x30, salt, integer(2048n), sha256),
          sha256,
        ),
      ),
    ],
    ['an unknown derivation', 'key-encryption', encrypted(encodeDer(0x30, fromHex('06032a0304')))],
    [
      'an unknown scheme',
      'key-encryption',
      encodeDer(0x30, encodeDer(0x30, fromHex('06032a0304')), encodeDer(0x04, new Uint8Array(16))),
    ],
    [
      'PBES1 with 2^40 iterations',
      'key-kdf-bounds',
      encodeDer(
        0x30,
        encodeDer(
          0x30,
          fromHex('060a2a864886f70d010c0103'),
          encodeDer(0x30, encodeDer(0x04, new Uint8Array(8)), integer(2n ** 40n)),
        ),
        encodeDer(0x04, new Uint8Array(16)),
      ),
    ],
    [
      'PBES1 with MD5 and DES',
      'key-encryption',
      encodeDer(
        0x30,
        encodeDer(
          0x30,
          fromHex('06092a864886f70d010503'),
          encodeDer(0x30, encodeDer(0x04, new Uint8Array(8)), integer(2048n)),
        ),
        encodeDer(0x04, new Uint8Array(16)),
      ),
    ],
    [
      'PBES1 without a count',
      'key-structure',
      encodeDer(
        0x30,
        encodeDer(0x30, fromHex('060a2a864886f70d010c0103'), encodeDer(0x30)),
        encodeDer(0x04, new Uint8Array(16)),
      ),
    ],
    [
      'an encrypted part that is no whole number of blocks',
      'key-passphrase',
      encodeDer(
        0x30,
        encodeDer(
          0x30,
          fromHex('06092a864886f70d01050d'),
          encodeDer(0x30, pbkdf2(salt, integer(1000n), sha256), cipher),
        ),
        encodeDer(0x04, new Uint8Array(15)),
      ),
    ],
    [
      'an empty encrypted part',
      'key-passphrase',
      encodeDer(
        0x30,
        encodeDer(
          0x30,
          fromHex('06092a864886f70d01050d'),
          encodeDer(0x30, pbkdf2(salt, integer(1000n), sha256), cipher),
        ),
        encodeDer(0x04),
      ),
    ],
  ]

  test.each(cases)('%s: %s', async (_name, code, der) => {
    const start = performance.now()
    expect(await codeOf(open(der, passphrase, true))).toBe(code)
    expect(performance.now() - start).toBeLessThan(1000)
  })
})

property.prop([fc.nat({ max: 158 }), fc.integer({ min: 1, max: 255 })], { numRuns: 60 })(
  'a changed byte of an encrypted key never gives another key, nor a fault of the program',
  async (at, mask) => {
    const der = fixtureBytes('keys/ed25519-b.enc-aes128cbc-hmacsha1.der')
    const original = await open(der.slice(), passphrase)
    const place = at % der.length
    der[place] = (der[place] ?? 0) ^ mask
    const outcome = await open(der, passphrase).then(
      (opened) => opened,
      (error: unknown) => (error as { code?: string }).code ?? error,
    )
    if (typeof outcome === 'string') expect(outcome).toMatch(/^key-/)
    // A changed IV changes the first block: such a key is the business of the next parser.
    else expect((outcome as Uint8Array).length).toBe(original.length)
  },
)
