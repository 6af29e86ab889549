import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parsePrivateKeyInfo } from '../../src/crypto/private-key.ts'
import { parseSubjectPublicKeyInfo, publicKeyFromRaw } from '../../src/crypto/public-key.ts'
import {
  completeUsages,
  encodeCantonPublicKey,
  type KeyUsage,
} from '../../src/signer/canton-key.ts'
import { readAnyKey, readPublicKey } from '../../src/signer/key-reading.ts'
import { openPrivateKey } from '../../src/signer/open-private-key.ts'
import { codeOf, keyVector } from '../support/keys.ts'
import { fixtureBytes, fromBase64, fromHex, outsideVector } from '../support/vectors.ts'

interface KeyPairFiles {
  readonly key_pairs: readonly {
    readonly name: string
    readonly file_base64: string
    readonly public_key_hex: string
    readonly private_key_hex: string
    readonly fingerprint: string
    readonly usage: readonly string[]
  }[]
}

interface Fingerprints {
  readonly fingerprints: readonly {
    readonly public_key_hex: string
    readonly public_key_format: string
    readonly fingerprint: string
    readonly private_key_pkcs8_der_hex?: string
  }[]
}

/** JSON of an outside vector, or an empty form of it with the reason printed. */
function outside<Content>(path: string, empty: Content): Content {
  const file = outsideVector(path)
  return file === undefined ? empty : (JSON.parse(readFileSync(file, 'utf8')) as Content)
}

describe('key pairs of nodes', () => {
  const { key_pairs: pairs } = outside<KeyPairFiles>('samples/canton-key-pair-files.json', {
    key_pairs: [],
  })

  test.runIf(pairs.length > 0)('are read, converted, and refused for signing', async () => {
    expect(pairs.length).toBe(9)
    for (const pair of pairs) {
      const bytes = fromBase64(pair.file_base64)
      const reading = await readAnyKey(bytes)
      expect([reading.kind, reading.container]).toEqual(['private-key', 'CryptoKeyPair'])
      expect(reading.key?.fingerprint).toBe(pair.fingerprint)
      expect(reading.key?.spki).toEqual(fromHex(pair.public_key_hex))
      expect(reading.usage?.map((usage) => `SIGNING_KEY_USAGE_${usage}`)).toEqual(pair.usage)
      const opened = await openPrivateKey(bytes, { purpose: 'conversion', passphrase: undefined })
      const { secret } = await parsePrivateKeyInfo(fromHex(pair.private_key_hex))
      expect(opened.secret).toEqual(secret)
      const signing = openPrivateKey(bytes, { purpose: 'signing', passphrase: undefined })
      expect(await codeOf(signing)).toBe('key-container-not-for-signing')
      expect(await codeOf(readPublicKey(bytes))).toBe('key-not-public')
    }
  })

  test.runIf(pairs.length > 0)('with a changed id or public key are refused', async () => {
    const [first, second] = pairs
    const bytes = fromBase64(first?.file_base64 ?? '')
    const text = Buffer.from(bytes)
    const id = text.indexOf(first?.fingerprint ?? 'none')
    expect(id).toBeGreaterThan(0)
    const otherId = Uint8Array.from(text)
    otherId.set(Buffer.from(second?.fingerprint ?? ''), id)
    const raw = (hex: string | undefined): Buffer => Buffer.from((hex ?? '').slice(-64), 'hex')
    const key = text.indexOf(raw(first?.public_key_hex))
    const otherKey = Uint8Array.from(text)
    otherKey.set(raw(second?.public_key_hex), key)
    for (const changed of [otherId, otherKey]) {
      expect(await codeOf(readAnyKey(changed))).toBe('key-public-mismatch')
    }
  })
})

test('published fingerprints', async () => {
  const { fingerprints } = outside<Fingerprints>('samples/fingerprints.json', { fingerprints: [] })
  for (const sample of fingerprints) {
    const bytes = fromHex(sample.public_key_hex)
    if (sample.public_key_format === 'RAW') {
      // The first sample is counted bytes, which are no point: only its form is refused.
      const outcome = await readPublicKey(bytes).then(
        ({ fingerprint }) => fingerprint,
        (error: unknown) => (error as { code: string }).code,
      )
      expect([sample.fingerprint, 'key-point']).toContain(outcome)
    } else {
      expect(parseSubjectPublicKeyInfo(bytes).key.fingerprint).toBe(sample.fingerprint)
    }
    const pkcs8 = sample.private_key_pkcs8_der_hex
    if (pkcs8 !== undefined) {
      const { publicKey } = await parsePrivateKeyInfo(fromHex(pkcs8))
      expect(publicKey.fingerprint).toBe(sample.fingerprint)
    }
  }
})

const raw = fromHex(keyVector('ed25519-a').raw_public_key_hex ?? '')
const spki = fromHex(keyVector('ed25519-a').spki_hex)
const publicKey = publicKeyFromRaw('EC_CURVE25519', raw)
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('SigningPublicKey', () => {
  // 10 04: format SPKI; 1a 2c: 44 bytes; 2a: packed usages; 30 01: Ed25519; 10 1e: version 30.
  const plain = `10041a2c${hexOf(spki)}2a01013001`
  const wrapped = `0a${(plain.length / 2).toString(16)}${plain}101e`

  test('is written as nodes write it', () => {
    expect(hexOf(encodeCantonPublicKey(publicKey, ['namespace']))).toBe(wrapped)
  })

  test.each([
    ['wrapped', wrapped],
    ['plain', plain],
  ])('is read %s', async (_name, hex) => {
    const reading = await readAnyKey(fromHex(hex))
    expect([reading.container, reading.key?.fingerprint, reading.usage]).toEqual([
      'SigningPublicKey',
      keyVector('ed25519-a').fingerprint,
      ['NAMESPACE'],
    ])
    const signing = openPrivateKey(fromHex(hex), { purpose: 'signing', passphrase: undefined })
    expect(await codeOf(signing)).toBe('key-not-private')
  })

  test('of old releases is read: raw bytes and the old scheme', async () => {
    const { key } = await readAnyKey(fromHex(`10031a20${hexOf(raw)}2001`))
    expect(key?.fingerprint).toBe(keyVector('ed25519-a').fingerprint)
  })

  test('with a compressed point is normalised, and says so', async () => {
    const compressed = fixtureBytes('keys/p256-a.spki-compressed.der')
    const { key, remarks } = await readAnyKey(
      fromHex(`10041a${compressed.length.toString(16)}${hexOf(compressed)}3002`),
    )
    expect(key?.spki).toEqual(fromHex(keyVector('p256-a').spki_hex))
    expect(key?.fingerprint).toBe(keyVector('p256-a').fingerprint)
    expect(remarks.map(({ code }) => code)).toEqual(['compressed-point'])
  })

  test.each([
    ['another curve than its bytes', `10041a2c${hexOf(spki)}3002`, 'bad-key'],
    ['raw bytes called SPKI', `10041a20${hexOf(raw)}3001`, 'bad-key'],
    ['no key spec', `10041a2c${hexOf(spki)}`, 'key-algorithm'],
    ['its bytes cut off', `10041a2c${hexOf(spki.subarray(1))}`, 'key-not-a-key'],
    ['an unknown field', `${plain}3a0141`, 'key-not-a-key'],
    ['a key spec twice', `${plain}3001`, 'key-not-a-key'],
    ['version 29', wrapped.replace(/1e$/, '1d'), 'key-not-a-key'],
    ['a byte behind the wrapper', `${wrapped}00`, 'key-not-a-key'],
  ])('with %s is refused', async (_name, hex, code) => {
    expect(await codeOf(readAnyKey(fromHex(hex)))).toBe(code)
  })
})

describe('usages', () => {
  test.each<readonly [readonly KeyUsage[], readonly KeyUsage[]]>([
    [['namespace'], ['namespace']],
    [['protocol'], ['protocol', 'proof-of-ownership']],
    [
      ['protocol', 'namespace'],
      ['namespace', 'protocol', 'proof-of-ownership'],
    ],
    [['sequencer-authentication'], ['sequencer-authentication', 'proof-of-ownership']],
    [
      ['protocol', 'protocol'],
      ['protocol', 'proof-of-ownership'],
    ],
  ])('%j is completed', (chosen, expected) => {
    expect(completeUsages(chosen)).toEqual(expected)
  })

  test.each<readonly (readonly KeyUsage[])[]>([
    [['proof-of-ownership']],
    [['namespace', 'proof-of-ownership']],
  ])('%j is what Canton forbids', (chosen) => {
    expect(() => completeUsages(chosen)).toThrow('forbids')
  })
})
