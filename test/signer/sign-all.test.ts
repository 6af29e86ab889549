import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { parsePrivateKeyInfo } from '../../src/crypto/private-key.ts'
import { privateKeyDriver } from '../../src/signer/file.ts'
import { signerOf, type SignerDriver } from '../../src/signer/signer.ts'
import { codeOf, keyVector } from '../support/keys.ts'
import { fixtureBytes, fromHex } from '../support/vectors.ts'

const names = ['ed25519-a', 'p256-a', 'p384-a', 'secp256k1-a'] as const

const pkcs8 = (name: string): Uint8Array => fixtureBytes(`keys/${name}.pkcs8.der`)

const messagesOf = (count: number): readonly Uint8Array[] =>
  Array.from({ length: count }, (_, i) =>
    fromHex(`1220${i.toString(16).padStart(4, '0')}${'5a'.repeat(30)}`),
  )

const fileSigner = async (name: string) =>
  signerOf(privateKeyDriver(await parsePrivateKeyInfo(pkcs8(name)), 'the file'))

/** A signer elsewhere that answers one of its questions, counted from 0, with another signature. */
function lying(name: string, at: number): SignerDriver {
  const key = createPrivateKey({ key: Buffer.from(pkcs8(name)), format: 'der', type: 'pkcs8' })
  let asked = 0
  return {
    name: 'the token',
    madeBy: 'other',
    ecdsa: { takes: 'message', gives: 'DER' },
    publicKey: async () => await Promise.resolve(fromHex(keyVector(name).spki_hex)),
    sign: async (input) => {
      if (asked++ === at) input.fill(0x77, 2)
      return await Promise.resolve(new Uint8Array(sign(null, input, key)))
    },
    close: () => undefined,
  }
}

describe.each(names)('many messages, %s', (name) => {
  const count = name === 'ed25519-a' ? 40 : 4
  const messages = messagesOf(count)

  test.each([false, true])('are signed in their order (fast: %s)', async (fast) => {
    const signer = await fileSigner(name)
    const { signatures, verifiedByNode, verifiedByNoble } = await signer.signAll(messages, fast)
    const key = createPublicKey({
      key: Buffer.from(fromHex(keyVector(name).spki_hex)),
      format: 'der',
      type: 'spki',
    })
    const digest = name.startsWith('ed') ? null : name.startsWith('p384') ? 'sha384' : 'sha256'
    expect(signatures).toHaveLength(count)
    signatures.forEach((signature, i) => {
      expect(verify(digest, messages[i] ?? new Uint8Array(), key, signature)).toBe(true)
    })
    expect(verifiedByNode).toBe(fast ? count : 0)
    expect(verifiedByNoble).toBe(fast ? Math.min(count, 16) : count)
    signer.close()
  })
})

test('one message is signed as ever: made by noble, verified by node:crypto', async () => {
  const signer = await fileSigner('ed25519-a')
  const [message = new Uint8Array()] = messagesOf(1)
  const { signatures, ...verified } = await signer.signAll([message], true)
  expect(verified).toEqual({ verifiedByNode: 1, verifiedByNoble: 0 })
  expect(signatures).toEqual([await signer.sign({ message })])
})

test('Ed25519 signatures of many messages are the bytes that each would have alone', async () => {
  const signer = await fileSigner('ed25519-a')
  const messages = messagesOf(3)
  const { signatures } = await signer.signAll(messages)
  const alone: Uint8Array[] = []
  for (const message of messages) alone.push(await signer.sign({ message }))
  expect(signatures).toEqual(alone)
})

test.each([
  [1, false, 1, 1],
  [20, false, 20, 20],
  [20, true, 20, 16],
])('%i by a signer elsewhere (fast: %s) are verified by both', async (count, fast, node, noble) => {
  const signer = signerOf(lying('ed25519-a', -1))
  const { verifiedByNode, verifiedByNoble } = await signer.signAll(messagesOf(count), fast)
  expect([verifiedByNode, verifiedByNoble]).toEqual([node, noble])
})

test('no messages, no signatures', async () => {
  const { signatures } = await (await fileSigner('ed25519-a')).signAll([])
  expect(signatures).toEqual([])
})

test.each([0, 1, 17, 39])('one wrong signature in forty, number %i, stops them all', async (at) => {
  const messages = messagesOf(40)
  for (const fast of [false, true]) {
    const signer = signerOf(lying('ed25519-a', at))
    expect(await codeOf(signer.signAll(messages, fast))).toBe('signature-self-check')
  }
})

test.each([
  [2, 2],
  [16, 16],
  [17, 16],
  [1600, 16],
  [1601, 17],
  [2500, 25],
])('of %i signatures the sample is %i', async (count, sample) => {
  const signer = await fileSigner('ed25519-a')
  const { verifiedByNode, verifiedByNoble } = await signer.signAll(messagesOf(count), true)
  expect([verifiedByNode, verifiedByNoble]).toEqual([count, sample])
})

test('a file that was closed signs nothing, one message or many', async () => {
  const signer = await fileSigner('ed25519-a')
  signer.close()
  await expect(signer.signAll(messagesOf(2))).rejects.toThrow('closed')
})
