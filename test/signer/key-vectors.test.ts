import { describe, expect, test } from 'vitest'
import { rawPublicKey } from '../../src/crypto/public-key.ts'
import { readAnyKey, readPublicKey } from '../../src/signer/key-reading.ts'
import { openPrivateKey } from '../../src/signer/open-private-key.ts'
import { codeOf, keyVector, keyVectors, passphraseOf, type KeyFileVector } from '../support/keys.ts'
import { fixture, fixtureBytes, fromHex } from '../support/vectors.ts'

const { codes } = fixture('keys/expected-codes.json') as {
  readonly codes: Readonly<Record<string, string>>
}
const valid = keyVectors.files.filter((file) => file.valid)
const invalid = keyVectors.files.filter((file) => !file.valid)
/** Encryption that signing refuses and `key convert` opens. */
const foreign = valid.filter(({ encryption }) => /3DES|des-ede3/.test(encryption ?? ''))
const signable = valid.filter((file) => file.kind === 'private' && !foreign.includes(file))
const publicFiles = valid.filter((file) => file.kind === 'public')

const bytesOf = ({ file }: KeyFileVector): Uint8Array => fixtureBytes(`keys/${file}`)
const passphrase = ({ passphrase: text }: KeyFileVector): (() => Uint8Array) | undefined =>
  text === undefined ? undefined : passphraseOf(text)

test('the vectors are all there', () => {
  expect([valid.length, invalid.length, foreign.length]).toEqual([63, 51, 2])
  expect(invalid.map(({ file }) => file).toSorted()).toEqual(Object.keys(codes).toSorted())
})

describe('opens for signing', () => {
  test.each(signable)('$file', async (file) => {
    const vector = keyVector(file.key)
    const before = bytesOf(file)
    const bytes = bytesOf(file)
    const key = await openPrivateKey(bytes, { purpose: 'signing', passphrase: passphrase(file) })
    expect(key.publicKey.fingerprint).toBe(vector.fingerprint)
    expect(key.publicKey.spki).toEqual(fromHex(vector.spki_hex))
    if (vector.seed_hex !== undefined) expect(key.secret).toEqual(fromHex(vector.seed_hex))
    // What was handed in is the caller's: it is neither changed nor wiped.
    expect(bytes).toEqual(before)
  })
})

describe('reads as a public key', () => {
  test.each(publicFiles)('$file', async (file) => {
    const vector = keyVector(file.key)
    const key = await readPublicKey(bytesOf(file))
    expect(key.fingerprint).toBe(vector.fingerprint)
    expect(key.spki).toEqual(fromHex(vector.spki_hex))
    if (vector.raw_public_key_hex !== undefined) {
      expect(rawPublicKey(key)).toEqual(fromHex(vector.raw_public_key_hex))
    }
  })
})

describe('refuses with the code of its reason', () => {
  test.each(invalid)('$file: $reason', async (file) => {
    const bytes = bytesOf(file)
    const attempt =
      file.kind === 'public'
        ? readPublicKey(bytes)
        : openPrivateKey(bytes, { purpose: 'signing', passphrase: passphrase(file) })
    expect(await codeOf(attempt)).toBe(codes[file.file])
  })

  test.each(invalid.filter(({ kind }) => kind === 'private'))(
    'conversion is no way around: $file',
    async (file) => {
      const options = { purpose: 'conversion', passphrase: passphrase(file) } as const
      expect(await codeOf(openPrivateKey(bytesOf(file), options))).toBe(codes[file.file])
    },
  )
})

describe('foreign encryption', () => {
  test.each(foreign)(
    'is refused for signing before a passphrase is asked for: $file',
    async (file) => {
      const asked = (): Uint8Array => {
        throw new Error('asked')
      }
      const attempt = openPrivateKey(bytesOf(file), { purpose: 'signing', passphrase: asked })
      expect(await codeOf(attempt)).toBe('key-encryption')
    },
  )

  test.each(foreign)('is opened for conversion: $file', async (file) => {
    const options = { purpose: 'conversion', passphrase: passphrase(file) } as const
    const { publicKey } = await openPrivateKey(bytesOf(file), options)
    expect(publicKey.fingerprint).toBe(keyVector(file.key).fingerprint)
  })

  test.each(foreign)('a wrong passphrase does not open it: $file', async (file) => {
    const options = { purpose: 'conversion', passphrase: passphraseOf('not this one') } as const
    expect(await codeOf(openPrivateKey(bytesOf(file), options))).toBe('key-passphrase')
  })
})

describe('says what a file is', () => {
  test.each(valid)('$file', async (file) => {
    const reading = await readAnyKey(bytesOf(file))
    expect(reading.kind).toBe(`${file.kind}-key`)
    expect(reading.encrypted).toBe(file.encrypted === true)
    // Without the passphrase an encrypted file does not tell its key.
    expect(reading.key?.fingerprint).toBe(
      file.encrypted === true ? undefined : keyVector(file.key).fingerprint,
    )
  })

  test('an encrypted file that is given its passphrase tells its key', async () => {
    const file = signable.find(({ encrypted }) => encrypted === true)
    expect(file).toBeDefined()
    if (file === undefined) return
    const reading = await readAnyKey(bytesOf(file), {
      passphrase: passphraseOf(file.passphrase ?? ''),
    })
    expect(reading.key?.fingerprint).toBe(keyVector(file.key).fingerprint)
    const wrong = readAnyKey(bytesOf(file), { passphrase: passphraseOf('not this one') })
    expect(await codeOf(wrong)).toBe('key-passphrase')
  })

  test.each(signable.filter(({ encrypted }) => encrypted === true))(
    'names the encryption: $file',
    async (file) => {
      const { encryption } = await readAnyKey(bytesOf(file))
      const numbers = /scrypt\(N=(\d+),r=(\d+),p=(\d+)\)|hmacWithSHA(\d+), (\d+)/.exec(
        file.encryption ?? '',
      )
      for (const number of (numbers?.slice(1) ?? []).filter(Boolean)) {
        expect(encryption).toContain(number)
      }
      expect(numbers).not.toBeNull()
    },
  )

  test('a compressed point is named, with the fingerprint that nodes give these bytes', async () => {
    const file = publicFiles.find((one) => one.fingerprint_of_these_bytes !== undefined)
    expect(file).toBeDefined()
    if (file === undefined) return
    const { remarks } = await readAnyKey(bytesOf(file))
    expect(remarks.map(({ code }) => code)).toEqual(['compressed-point'])
    expect(remarks[0]?.message).toContain(file.fingerprint_of_these_bytes)
  })
})

test('an encrypted key without a passphrase says that one is needed', async () => {
  const bytes = fixtureBytes('keys/ed25519-a.scrypt-aes256cbc.pem')
  const attempt = openPrivateKey(bytes, { purpose: 'signing', passphrase: undefined })
  expect(await codeOf(attempt)).toBe('key-passphrase-needed')
})

test('the passphrase is wiped, whether it fits or not', async () => {
  for (const text of ['correct horse battery staple', 'not this one']) {
    const given = new TextEncoder().encode(text)
    const bytes = fixtureBytes('keys/ed25519-a.scrypt-aes256cbc.der')
    await openPrivateKey(bytes, { purpose: 'signing', passphrase: () => given }).catch(
      () => undefined,
    )
    expect(given.every((byte) => byte === 0)).toBe(true)
  }
})
