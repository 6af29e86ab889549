import { Point } from '@noble/ed25519'
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { digestOf } from '../../src/crypto/hash.ts'
import { keySpecRow } from '../../src/crypto/key-spec.ts'
import { verifyWithNoble } from '../../src/crypto/noble.ts'
import { parsePrivateKeyInfo } from '../../src/crypto/private-key.ts'
import { publicKeyFromRaw, rawPublicKey } from '../../src/crypto/public-key.ts'
import { verifySignature } from '../../src/crypto/signature.ts'
import { parseFingerprint } from '../../src/ident/fingerprint.ts'
import { privateKeyDriver } from '../../src/signer/file.ts'
import { signerOf, type SignerDriver } from '../../src/signer/signer.ts'
import { codeOf, keyVector } from '../support/keys.ts'
import { fixtureBytes, fromHex } from '../support/vectors.ts'

const names = ['ed25519-a', 'p256-a', 'p384-a', 'secp256k1-a'] as const
const message = fromHex(`1220${'c3'.repeat(32)}`)

const pkcs8 = (name: string): Uint8Array => fixtureBytes(`keys/${name}.pkcs8.der`)
const spkiOf = (name: string): Uint8Array => fromHex(keyVector(name).spki_hex)

function isValid(name: string, signature: Uint8Array): boolean {
  const key = createPublicKey({ key: Buffer.from(spkiOf(name)), format: 'der', type: 'spki' })
  const digest = name.startsWith('ed') ? null : name.startsWith('p384') ? 'sha384' : 'sha256'
  return verify(digest, message, key, signature)
}

/** A driver as hardware is: node:crypto signs, in the layout that is asked for. */
function foreignDriver(name: string, change: Partial<SignerDriver> = {}): SignerDriver {
  const key = createPrivateKey({ key: Buffer.from(pkcs8(name)), format: 'der', type: 'pkcs8' })
  const digest = name.startsWith('ed') ? null : name.startsWith('p384') ? 'sha384' : 'sha256'
  const ecdsa = change.ecdsa ?? { takes: 'message', gives: 'DER' }
  return {
    name: `the test token with ${name}`,
    madeBy: 'other',
    ecdsa,
    publicKey: async () => await Promise.resolve(spkiOf(name)),
    sign: async (input) => {
      const encoding = ecdsa.gives === 'DER' ? 'der' : 'ieee-p1363'
      return await Promise.resolve(
        new Uint8Array(sign(digest, input, { key, dsaEncoding: encoding })),
      )
    },
    close: () => undefined,
    ...change,
  }
}

describe.each(names)('%s', (name) => {
  test('the file driver signs what node:crypto verifies', async () => {
    const signer = signerOf(privateKeyDriver(await parsePrivateKeyInfo(pkcs8(name)), 'the file'))
    expect((await signer.publicKey()).fingerprint).toBe(keyVector(name).fingerprint)
    expect(isValid(name, await signer.sign({ message }))).toBe(true)
    signer.close()
  })

  test.each(['DER', 'CONCAT'] as const)('a foreign driver that answers in %s', async (gives) => {
    const signer = signerOf(foreignDriver(name, { ecdsa: { takes: 'message', gives } }))
    for (let i = 0; i < 8; i++) {
      expect(isValid(name, await signer.sign({ message }))).toBe(true)
    }
  })

  test('a driver that takes the digest is given it, one of Ed25519 the message', async () => {
    const seen: Uint8Array[] = []
    const driver = foreignDriver(name, {
      ecdsa: { takes: 'digest', gives: 'DER' },
      sign: async (input) => {
        seen.push(input.slice())
        input.fill(0)
        return await foreignDriver(name).sign(message)
      },
    })
    expect(isValid(name, await signerOf(driver).sign({ message }))).toBe(true)
    const { keySpec } = await signerOf(driver).publicKey()
    const { digest } = keySpecRow(keySpec)
    expect(seen).toEqual([digest === undefined ? message : digestOf(digest, message)])
  })

  test('a signature over something else is not let out', async () => {
    const other = message.slice().fill(0x33, 2)
    const driver = foreignDriver(name)
    const wrong = { ...driver, sign: async () => await driver.sign(other) }
    expect(await codeOf(signerOf(wrong).sign({ message }))).toBe('signature-self-check')
    const asNoble: SignerDriver = { ...wrong, madeBy: 'noble' }
    expect(await codeOf(signerOf(asNoble).sign({ message }))).toBe('signature-self-check')
  })

  test('a driver that changes what it was given gets no second message past the check', async () => {
    const driver = foreignDriver(name)
    const changing = {
      ...driver,
      sign: async (input: Uint8Array) => {
        input.fill(0x44, 2)
        return await driver.sign(input)
      },
    }
    expect(await codeOf(signerOf(changing).sign({ message }))).toBe('signature-self-check')
  })

  test('the signature of another key is not let out', async () => {
    const other = foreignDriver(name.startsWith('p256') ? 'p256-b' : 'ed25519-b')
    const wrong: SignerDriver = {
      ...other,
      publicKey: async () => await Promise.resolve(spkiOf(name)),
    }
    expect(await codeOf(signerOf(wrong).sign({ message }))).toMatch(
      /^(signature-self-check|signer-output)$/,
    )
  })

  test.each([
    ['nothing', ''],
    ['63 bytes', '11'.repeat(63)],
    ['65 bytes', '11'.repeat(65)],
    ['zeros in DER', '3006020100020100'],
    ['negative numbers in DER', '3006020181020181'],
    ['DER with a byte behind it', '300602010102010100'],
    ['DER in BER form', '30810602010102010100'],
  ])('%s is no signature', async (_what, hex) => {
    const driver = foreignDriver(name, { sign: async () => await Promise.resolve(fromHex(hex)) })
    expect(await codeOf(signerOf(driver).sign({ message }))).toBe('signer-output')
    const concatenating: SignerDriver = { ...driver, ecdsa: { takes: 'message', gives: 'CONCAT' } }
    expect(await codeOf(signerOf(concatenating).sign({ message }))).toBe('signer-output')
  })

  test('a driver with another key than the one that is meant is refused', async () => {
    const expected = parseFingerprint(keyVector('p256-b').fingerprint)
    const signer = signerOf(foreignDriver(name), { expected })
    expect(await codeOf(signer.publicKey())).toBe('signer-key-mismatch')
    expect(await codeOf(signer.sign({ message }))).toBe('signer-key-mismatch')
    const right = parseFingerprint(keyVector(name).fingerprint)
    const { fingerprint } = await signerOf(foreignDriver(name), { expected: right }).publicKey()
    expect(fingerprint).toBe(right)
  })
})

test('r and s of the right length and zero are refused', async () => {
  const driver = foreignDriver('p256-a', {
    ecdsa: { takes: 'message', gives: 'CONCAT' },
    sign: async () => await Promise.resolve(new Uint8Array(64)),
  })
  expect(await codeOf(signerOf(driver).sign({ message }))).toBe('signer-output')
})

test('what a driver gives as its public key is parsed as strictly as a file', async () => {
  const files = [
    ['bad-ed25519-low-order.spki.der', 'key-weak'],
    ['bad-ec-point-not-on-curve.spki.der', 'key-point'],
    ['bad-rsa2048.spki.der', 'key-algorithm'],
    ['p256-a.spki-compressed.der', 'signer-output'],
  ] as const
  for (const [file, code] of files) {
    const driver = foreignDriver('p256-a', {
      publicKey: async () => await Promise.resolve(fixtureBytes(`keys/${file}`)),
    })
    expect(await codeOf(signerOf(driver).publicKey())).toBe(code)
  }
})

test('closing wipes the secret, and nothing is signed afterwards', async () => {
  const key = await parsePrivateKeyInfo(pkcs8('ed25519-a'))
  const signer = signerOf(privateKeyDriver(key, 'the file'))
  await signer.publicKey()
  signer.close()
  expect(key.secret.every((byte) => byte === 0)).toBe(true)
  await expect(signer.sign({ message })).rejects.toThrow('was closed')
})

test('no error of the port repeats the secret', async () => {
  const driver = foreignDriver('ed25519-a', {
    sign: async () => await Promise.resolve(new Uint8Array(64)),
  })
  const error: unknown = await signerOf(driver)
    .sign({ message })
    .catch((caught: unknown) => caught)
  const text = JSON.stringify([error, String(error)])
  expect(text).toContain('signature-self-check')
  expect(text).not.toContain(keyVector('ed25519-a').seed_hex)
})

/** A key with a part of order 8, and signatures by it that leave that part out. */
function mixedOrder(): {
  readonly spki: Uint8Array
  readonly sign: (text: Uint8Array) => Uint8Array
} {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const torsion = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')
  const secret = 0x1234567890abcdefn
  const point = Point.BASE.multiply(secret).add(torsion).toBytes()
  const little = (bytes: Uint8Array): bigint =>
    bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n)
  const attempt = (text: Uint8Array, nonce: bigint): Uint8Array => {
    const commitment = Point.BASE.multiply(nonce).toBytes()
    const hash = createHash('sha512').update(commitment).update(point).update(text).digest()
    const challenge = little(hash) % order
    // The part of order 8 would not show.
    if (challenge % 8n === 0n) return attempt(text, nonce + 1n)
    const answer = (nonce + challenge * secret) % order
    const bytes = Uint8Array.from({ length: 32 }, (_, i) =>
      Number((answer >> BigInt(8 * i)) & 255n),
    )
    return new Uint8Array([...commitment, ...bytes])
  }
  return {
    spki: publicKeyFromRaw('EC_CURVE25519', point).spki,
    sign: (text) => attempt(text, 7n),
  }
}

test('a signature made elsewhere that only one of the two implementations takes is not let out', async () => {
  const key = mixedOrder()
  const signer = signerOf(
    foreignDriver('ed25519-a', {
      publicKey: async () => await Promise.resolve(key.spki),
      sign: async (input) => await Promise.resolve(key.sign(input)),
    }),
  )
  const publicKey = await signer.publicKey()
  const signature = key.sign(message)
  expect(verifySignature(publicKey, message, signature)).toBe(false)
  const { keySpec } = publicKey
  expect(await verifyWithNoble(keySpec, rawPublicKey(publicKey), message, signature)).toBe(true)
  expect(await codeOf(signer.sign({ message }))).toBe('signature-self-check')
  expect(await codeOf(signer.signAll([message, message]))).toBe('signature-self-check')
})
