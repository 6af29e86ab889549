import { fc, test as property } from '@fast-check/vitest'
import { createPrivateKey, createPublicKey, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { encodeDer, encodeDerInteger } from '../../src/crypto/der.ts'
import { keySpecRows, type SigningKeySpec } from '../../src/crypto/key-spec.ts'
import { makeSignature, verifyWithNoble } from '../../src/crypto/noble.ts'
import {
  encodePrivateKeyInfo,
  generatePrivateKey,
  parseEcPrivateKey,
  parsePrivateKeyInfo,
  privateKeyFromSecret,
} from '../../src/crypto/private-key.ts'
import { rawPublicKey } from '../../src/crypto/public-key.ts'
import { checkSignatureEncoding, verifySignature } from '../../src/crypto/signature.ts'
import { codeOf, keyVector, keyVectors } from '../support/keys.ts'
import { openssl, opensslFile, temporaryFile } from '../support/openssl.ts'
import { fixture, fixtureBytes, fromHex } from '../support/vectors.ts'

const rows = keySpecRows()
const genpkey: Readonly<Record<SigningKeySpec, readonly string[]>> = {
  EC_CURVE25519: ['-algorithm', 'ED25519'],
  EC_P256: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  EC_P384: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  EC_SECP256K1: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'],
}

test.each(['ed25519-a', 'ed25519-b', 'p256-a', 'p256-b', 'p384-a', 'secp256k1-a'])(
  'writes %s byte for byte as openssl does',
  async (name) => {
    const der = fixtureBytes(`keys/${name}.pkcs8.der`)
    expect(encodePrivateKeyInfo(await parsePrivateKeyInfo(der))).toEqual(der)
  },
)

describe.each(rows)('$name', ({ keySpec, digest, length }) => {
  const message = fromHex(`1220${'5a'.repeat(32)}`)

  test('a key of openssl signs here and is verified there, and the other way round', async () => {
    const made = temporaryFile(opensslFile('genpkey', ...genpkey[keySpec]))
    const der = opensslFile('pkcs8', '-topk8', '-nocrypt', '-in', made, '-outform', 'DER')
    const key = await parsePrivateKeyInfo(der)
    const path = temporaryFile(der)
    const spki = openssl('pkey', '-inform', 'DER', '-in', path, '-pubout', '-outform', 'DER')
    expect(key.publicKey.spki).toEqual(spki)
    const input = temporaryFile(message)
    const options = ['-rawin', ...(digest === undefined ? [] : ['-digest', digest])]
    const theirs = opensslFile(
      'pkeyutl',
      '-sign',
      '-inkey',
      path,
      '-keyform',
      'DER',
      ...options,
      '-in',
      input,
    )
    expect(verifySignature(key.publicKey, message, theirs)).toBe(true)
    expect(await verifyWithNoble(keySpec, rawPublicKey(key.publicKey), message, theirs)).toBe(true)
    const ours = await makeSignature(keySpec, key.secret, message)
    openssl(
      'pkeyutl',
      '-verify',
      '-pubin',
      '-inkey',
      temporaryFile(spki),
      '-keyform',
      'DER',
      ...options,
      '-in',
      input,
      '-sigfile',
      temporaryFile(ours),
    )
    // Ed25519 has one signature for a key and a message (RFC 8032).
    if (keySpec === 'EC_CURVE25519') expect(ours).toEqual(theirs)
  })

  test('a key made here is read by openssl', async () => {
    const key = await generatePrivateKey(keySpec)
    const path = temporaryFile(encodePrivateKeyInfo(key))
    expect(openssl('pkey', '-inform', 'DER', '-in', path, '-pubout', '-outform', 'DER')).toEqual(
      key.publicKey.spki,
    )
    expect((await generatePrivateKey(keySpec)).publicKey.fingerprint).not.toBe(
      key.publicKey.fingerprint,
    )
  })

  property.prop([fc.uint8Array({ maxLength: 200 })], { numRuns: 10 })(
    'both implementations agree on random keys and messages',
    async (random) => {
      const key = await generatePrivateKey(keySpec)
      const signature = await makeSignature(keySpec, key.secret, random)
      expect(checkSignatureEncoding(keySpec, signature)).toBeUndefined()
      const object = createPublicKey({
        key: Buffer.from(key.publicKey.spki),
        format: 'der',
        type: 'spki',
      })
      expect(verify(digest ?? null, random, object, signature)).toBe(true)
      const changed = signature.slice()
      changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
      expect(verifySignature(key.publicKey, random, changed)).toBe(false)
      expect(await verifyWithNoble(keySpec, rawPublicKey(key.publicKey), random, changed)).toBe(
        false,
      )
    },
  )

  test('a secret of another length is refused', async () => {
    for (const size of [0, length - 1, length + 1]) {
      const secret = new Uint8Array(size).fill(1)
      expect(await codeOf(privateKeyFromSecret(keySpec, secret))).toBe('key-scalar')
    }
  })
})

test.each(rows.filter((row) => row.order !== undefined))(
  'the range of a scalar of $name ends where the order begins',
  async ({ keySpec, length, order }) => {
    const bytes = (value: bigint): Uint8Array =>
      fromHex(value.toString(16).padStart(2 * length, '0'))
    const n = order ?? 0n
    for (const value of [0n, n, n + 1n, 2n ** BigInt(8 * length) - 1n]) {
      expect(await codeOf(privateKeyFromSecret(keySpec, bytes(value)))).toBe('key-scalar')
    }
    for (const value of [1n, n - 1n]) {
      const key = await privateKeyFromSecret(keySpec, bytes(value))
      expect(key.secret).toEqual(bytes(value))
    }
  },
)

describe('refuses in the structure', () => {
  const seed = fromHex(keyVector('ed25519-a').seed_hex ?? '')
  const raw = fromHex(keyVector('ed25519-a').raw_public_key_hex ?? '')
  const ed25519 = encodeDer(0x30, fromHex('06032b6570'))
  const integer = (value: number): Uint8Array => encodeDerInteger(Uint8Array.of(value))
  const wrapped = encodeDer(0x04, encodeDer(0x04, seed))
  const p256 = fromHex('301306072a8648ce3d020106082a8648ce3d030107')
  const scalar = new Uint8Array(32).fill(0x11)
  const ec = (...parts: readonly Uint8Array[]): Uint8Array =>
    encodeDer(0x30, integer(0), p256, encodeDer(0x04, encodeDer(0x30, ...parts)))
  const curve = (oid: string): Uint8Array => encodeDer(0xa0, fromHex(oid))

  const cases: readonly (readonly [string, string, Uint8Array])[] = [
    [
      'version 2 without a public key',
      'key-structure',
      encodeDer(0x30, integer(1), ed25519, wrapped),
    ],
    [
      'version 2 of the number, which is unknown',
      'key-version',
      encodeDer(0x30, integer(2), ed25519, wrapped),
    ],
    ['a negative version', 'key-version', encodeDer(0x30, fromHex('0201ff'), ed25519, wrapped)],
    [
      'attributes that are none',
      'key-structure',
      encodeDer(0x30, integer(0), ed25519, wrapped, encodeDer(0xa0, integer(1))),
    ],
    [
      'an unknown field',
      'key-structure',
      encodeDer(0x30, integer(0), ed25519, wrapped, encodeDer(0xa2)),
    ],
    [
      'attributes behind the public key',
      'key-structure',
      encodeDer(
        0x30,
        integer(1),
        ed25519,
        wrapped,
        encodeDer(0x81, Uint8Array.of(0), raw),
        encodeDer(0xa0),
      ),
    ],
    [
      'two public keys',
      'key-structure',
      encodeDer(
        0x30,
        integer(1),
        ed25519,
        wrapped,
        encodeDer(0x81, Uint8Array.of(0), raw),
        encodeDer(0x81, Uint8Array.of(0), raw),
      ),
    ],
    [
      'a public key of 31 bytes',
      'key-point',
      encodeDer(
        0x30,
        integer(1),
        ed25519,
        wrapped,
        encodeDer(0x81, Uint8Array.of(0), raw.subarray(1)),
      ),
    ],
    [
      'a public key of unused bits',
      'key-structure',
      encodeDer(0x30, integer(1), ed25519, wrapped, encodeDer(0x81, Uint8Array.of(1), raw)),
    ],
    [
      'a byte behind the inner structure',
      'key-structure',
      encodeDer(
        0x30,
        integer(0),
        ed25519,
        encodeDer(0x04, encodeDer(0x04, seed), Uint8Array.of(0)),
      ),
    ],
    ['an EC key of version 0', 'key-version', ec(integer(0), encodeDer(0x04, scalar))],
    [
      'an EC scalar without its leading zeros',
      'key-scalar',
      ec(integer(1), encodeDer(0x04, scalar.subarray(1))),
    ],
    [
      'an EC key of another curve inside',
      'key-parameters',
      ec(integer(1), encodeDer(0x04, scalar), curve('06052b8104000a')),
    ],
    [
      'an EC key with Ed25519 as its curve',
      'key-algorithm',
      ec(integer(1), encodeDer(0x04, scalar), curve('06032b6570')),
    ],
    [
      'an EC key with explicit parameters inside',
      'key-parameters',
      ec(integer(1), encodeDer(0x04, scalar), encodeDer(0xa0, encodeDer(0x30))),
    ],
    [
      'an EC key with an unknown field',
      'key-structure',
      ec(integer(1), encodeDer(0x04, scalar), encodeDer(0xa2, integer(1))),
    ],
    [
      'an EC key with an attached point off the curve',
      'key-point',
      ec(
        integer(1),
        encodeDer(0x04, scalar),
        encodeDer(0xa1, encodeDer(0x03, Uint8Array.of(0, 4), new Uint8Array(64).fill(1))),
      ),
    ],
    ['a public key structure', 'key-structure', fixtureBytes('keys/p256-a.spki.der')],
  ]

  test.each(cases)('%s', async (_name, code, der) => {
    expect(await codeOf(parsePrivateKeyInfo(der))).toBe(code)
  })

  test('attributes are allowed, as they say nothing about the key', async () => {
    const der = encodeDer(0x30, integer(0), ed25519, wrapped, encodeDer(0xa0, encodeDer(0x30)))
    const { publicKey, version } = await parsePrivateKeyInfo(der)
    expect([publicKey.fingerprint, version]).toEqual([keyVector('ed25519-a').fingerprint, 1])
  })

  property.prop([fc.nat({ max: 137 }), fc.integer({ min: 1, max: 255 })])(
    'a changed byte gives a refusal, or a key that openssl derives alike',
    async (at, mask) => {
      const der = fixtureBytes('keys/p256-a.pkcs8.der')
      der[at] = (der[at] ?? 0) ^ mask
      const outcome = await parsePrivateKeyInfo(der).then(
        ({ publicKey }) => publicKey.spki,
        (error: unknown) => (error as { code?: string }).code ?? error,
      )
      if (typeof outcome === 'string') expect(outcome).toMatch(/^key-/)
      else {
        const theirs = createPublicKey(
          createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' }),
        )
        expect(outcome).toEqual(new Uint8Array(theirs.export({ format: 'der', type: 'spki' })))
      }
    },
  )
})

test('SEC1 of openssl is read, on every curve', async () => {
  for (const name of ['prime256v1', 'secp384r1', 'secp256k1']) {
    const der = opensslFile('ecparam', '-name', name, '-genkey', '-noout', '-outform', 'DER')
    const { publicKey } = await parseEcPrivateKey(der)
    const path = temporaryFile(der)
    expect(publicKey.spki).toEqual(
      openssl('pkey', '-inform', 'DER', '-in', path, '-pubout', '-outform', 'DER'),
    )
  }
})

describe('signature vectors', () => {
  const valid = Object.entries(keyVectors.keys).flatMap(([name, key]) =>
    key.signatures.map((signature) => ({ name, key, ...signature })),
  )

  test.each(valid)('of $name verify in both implementations', async ({ name, ...vector }) => {
    const { publicKey, secret } = await parsePrivateKeyInfo(fixtureBytes(`keys/${name}.pkcs8.der`))
    const [message, signature] = [fromHex(vector.message_hex), fromHex(vector.signature_hex)]
    expect(verifySignature(publicKey, message, signature)).toBe(true)
    const { keySpec } = publicKey
    expect(await verifyWithNoble(keySpec, rawPublicKey(publicKey), message, signature)).toBe(true)
    if (vector.deterministic)
      expect(await makeSignature(keySpec, secret, message)).toEqual(signature)
  })

  const { cases } = fixture('keys/signatures-invalid.json') as {
    readonly cases: readonly {
      readonly key: string
      readonly message_hex: string
      readonly signature_hex: string
      readonly reason: string
    }[]
  }

  test('there are 42 that must not verify', () => {
    expect(cases.length).toBe(42)
  })

  test.each(cases)('$key: $reason', async (vector) => {
    const { publicKey } = await parsePrivateKeyInfo(fixtureBytes(`keys/${vector.key}.pkcs8.der`))
    const [message, signature] = [fromHex(vector.message_hex), fromHex(vector.signature_hex)]
    expect(verifySignature(publicKey, message, signature)).toBe(false)
    const { keySpec } = publicKey
    const defect = checkSignatureEncoding(keySpec, signature)
    const noble = await verifyWithNoble(keySpec, rawPublicKey(publicKey), message, signature)
    expect(defect === undefined && noble).toBe(false)
  })
})
