/** Adding signatures and state: verified first, once for each key, never where it endangers. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { parseSubjectPublicKeyInfo } from '../../src/crypto/public-key.ts'
import {
  addContext,
  addSignature,
  addSignatures,
  signingMessage,
  type SignatureTarget,
} from '../../src/package/add.ts'
import { createPackage, type PackageContent } from '../../src/package/create.ts'
import type { SigningPackage } from '../../src/package/model.ts'
import { readPackage } from '../../src/package/read.ts'
import { contentOfSigned } from '../../src/package/received.ts'
import { carriedSignatures, verifyPackage } from '../../src/package/verdicts.ts'
import { writePackage } from '../../src/package/write.ts'
import { assembleSignedTransaction } from '../../src/topology/assemble.ts'
import { combinedHash } from '../../src/topology/namespace.ts'
import { readSignedTransaction } from '../../src/topology/signed-transaction.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import { fixture, fromBase64, fromHex } from '../support/vectors.ts'
import {
  corrupted,
  delegation,
  ecKey,
  ed25519Key,
  errorOf,
  hashHex,
  partyTransaction,
  signedBytes,
  type TestKey,
} from './support.ts'

const [alice, bob, carol] = [ed25519Key(1), ed25519Key(2), ed25519Key(5)]
const p384 = ecKey('EC_P384')
const party = partyTransaction('alice', [alice, bob, p384])
const rootOfAlice = delegation(alice)
const rootOfBob = delegation(bob)

const packageOf = (
  list: readonly Uint8Array[],
  rest: Partial<PackageContent> = {},
): SigningPackage =>
  createPackage({ ...rest, transactions: list.map((bytes) => ({ bytes, proposal: true })) })

const over = (bytes: Uint8Array): SignatureTarget => ({
  $case: 'transaction',
  hash: hashHex(bytes),
})
const overAll: SignatureTarget = { $case: 'combined' }

/** What a key makes of the message of a target. */
const signed = (content: SigningPackage, target: SignatureTarget, key: TestKey) => ({
  target,
  signedBy: key.fingerprint,
  signature: key.signBytes(signingMessage(content, target)),
})

/** Signers of each transaction whose signatures are valid and carried. */
const signersOf = (content: SigningPackage): readonly (readonly string[])[] =>
  carriedSignatures(content, verifyPackage(content)).map((list) =>
    list.flatMap(({ status, signature }) => (status === 'valid' ? [signature.wire.signedBy] : [])),
  )

describe('adding a signature', () => {
  test.each([alice, p384])('of a listed key ($key.keySpec)', (key) => {
    const content = packageOf([rootOfAlice, party])
    const { package: made, replaced } = addSignature(content, signed(content, over(party), key))
    expect(signersOf(made)).toEqual([[], [key.fingerprint]])
    expect(replaced).toEqual([])
    expect(readPackage(writePackage(made)).package).toEqual(made)
    expect(content.transactions[1]?.signatures).toEqual([])
  })

  test('of a key that the caller knows puts the key into the package', () => {
    const content = packageOf([party])
    const resolve = () => carol.key
    const addition = signed(content, over(party), carol)
    expect(errorOf(() => addSignature(content, addition)).code).toBe('signer-key-unknown')
    const { package: made } = addSignature(content, addition, { resolve })
    expect(made.publicKeys).toEqual([carol.key])
    expect(signersOf(readPackage(writePackage(made)).package)).toEqual([[carol.fingerprint]])
  })

  test('of a key in the state', () => {
    const state = [{ bytes: signedBytes(delegation(alice, carol), [alice]) }]
    const content = packageOf([party], { state })
    const { package: made } = addSignature(content, signed(content, over(party), carol))
    expect(made.publicKeys).toEqual([])
    expect(signersOf(made)).toEqual([[carol.fingerprint]])
  })

  test('that does not verify is refused', () => {
    const content = packageOf([party])
    const good = signed(content, over(party), alice)
    const cases = [
      { ...good, signature: corrupted({ ...alice.signature(transactionHash(party)) }).signature },
      { ...good, signedBy: bob.fingerprint },
      { ...good, signature: alice.signBytes(transactionHash(party).subarray(2)) },
      { ...good, signature: alice.signBytes(new TextEncoder().encode(hashHex(party))) },
      { ...good, signature: alice.signBytes(party) },
    ]
    for (const one of cases) {
      expect(errorOf(() => addSignature(content, one)).code).toBe('signature-invalid')
    }
  })

  test.each([
    ['bad-signature-length', alice, (made: Uint8Array) => made.subarray(1)],
    ['bad-signature-length', alice, (made: Uint8Array) => new TextEncoder().encode(toHex(made))],
    ['bad-der-signature', p384, (made: Uint8Array) => Uint8Array.of(...made, 0)],
    ['bad-der-signature', p384, () => new Uint8Array(96).fill(7)],
    ['package-value', alice, () => new Uint8Array()],
    ['limit-exceeded', p384, () => new Uint8Array(100_000)],
  ])('of a wrong form is refused (%s)', (code, key, change) => {
    const content = packageOf([party])
    const good = signed(content, over(party), key)
    const bad = { ...good, signature: change(good.signature) }
    expect(errorOf(() => addSignature(content, bad)).code).toBe(code)
  })

  test('to a transaction that the package does not hold is refused', () => {
    const content = packageOf([party])
    const elsewhere = packageOf([party, rootOfBob])
    for (const target of [
      over(rootOfBob),
      { $case: 'combined' as const, hashes: [hashHex(party), hashHex(rootOfBob)] },
    ]) {
      const addition = signed(elsewhere, target, alice)
      expect(errorOf(() => addSignature(content, addition)).code).toBe('package-transaction-absent')
    }
  })

  test('twice by one key is refused, also with other bytes and as a combined one', () => {
    const content = packageOf([party])
    const { package: once } = addSignature(content, signed(content, over(party), p384))
    for (const target of [over(party), overAll]) {
      expect(errorOf(() => addSignature(once, signed(content, target, p384))).code).toBe(
        'key-already-signed',
      )
    }
    const { package: combined } = addSignature(content, signed(content, overAll, p384))
    for (const target of [over(party), overAll]) {
      expect(errorOf(() => addSignature(combined, signed(content, target, p384))).code).toBe(
        'key-already-signed',
      )
    }
    expect(
      errorOf(() =>
        addSignatures(content, [
          signed(content, over(party), alice),
          signed(content, over(party), alice),
        ]),
      ).code,
    ).toBe('key-already-signed')
  })

  test('takes the place of a broken one of the same key, and of no other', () => {
    const hash = transactionHash(party)
    const broken = [corrupted(alice.signature(hash)), corrupted(bob.signature(hash))]
    const content = createPackage({
      transactions: [{ bytes: party, proposal: true, signatures: broken }],
    })
    const { package: made, replaced } = addSignature(content, signed(content, over(party), alice))
    expect(replaced).toEqual([broken[0]])
    expect(made.transactions[0]?.signatures).toHaveLength(2)
    expect(made.transactions[0]?.signatures).toContainEqual(broken[1])
  })

  test('beyond the limit is refused', () => {
    const content = packageOf([party])
    const additions = [alice, bob].map((key) => signed(content, over(party), key))
    expect(
      errorOf(() => addSignatures(content, additions, { limits: { signatures: 1 } })).code,
    ).toBe('limit-exceeded')
  })
})

describe('a combined signature', () => {
  test('covers all transactions and is carried by all but the root delegations of others', () => {
    const content = packageOf([rootOfAlice, rootOfBob, party])
    const additions = [alice, bob].map((key) => signed(content, overAll, key))
    const { package: made } = addSignatures(content, additions)
    expect(made.combined).toHaveLength(1)
    expect(made.combined[0]?.transactions).toHaveLength(3)
    const [onAlice, onBob, onParty] = signersOf(made)
    expect(onAlice).toEqual([alice.fingerprint])
    expect(onBob).toEqual([bob.fingerprint])
    expect(new Set(onParty)).toEqual(new Set([alice.fingerprint, bob.fingerprint]))
  })

  test('that only root delegations of others would carry is refused', () => {
    const content = packageOf([rootOfAlice, rootOfBob])
    const resolve = () => carol.key
    const all = signed(content, overAll, carol)
    expect(errorOf(() => addSignature(content, all, { resolve })).code).toBe(
      'combined-root-delegation',
    )
    const one = signed(content, { $case: 'combined', hashes: [hashHex(rootOfAlice)] }, bob)
    expect(errorOf(() => addSignature(content, one)).code).toBe('combined-root-delegation')
    expect(
      errorOf(() =>
        createPackage({
          transactions: [{ bytes: rootOfAlice, proposal: false }],
          combined: [
            {
              transactionHashes: [hashHex(rootOfAlice)],
              signatures: [bob.signature(combinedHash([transactionHash(rootOfAlice)]))],
            },
          ],
        }),
      ).code,
    ).toBe('package-combined-uncarried')
  })

  test('leaves a key free to sign what does not carry it', () => {
    const content = packageOf([rootOfAlice, party])
    const { package: made } = addSignature(content, signed(content, overAll, bob))
    expect(signersOf(made)).toEqual([[], [bob.fingerprint]])
    const { package: more } = addSignature(made, signed(made, over(rootOfAlice), bob))
    expect(signersOf(more)).toEqual([[bob.fingerprint], [bob.fingerprint]])
  })

  test('over other transactions than it is attached to is refused', () => {
    const content = packageOf([rootOfAlice, party])
    const hashes = [rootOfAlice, party].map(hashHex)
    const three = packageOf([rootOfAlice, rootOfBob, party])
    const tooMany = { ...signed(three, overAll, alice), target: overAll }
    const tooFew = {
      ...signed(content, { $case: 'combined', hashes: hashes.slice(0, 1) }, alice),
      target: overAll,
    }
    const single = { ...signed(content, over(party), alice), target: overAll }
    for (const one of [tooMany, tooFew, single]) {
      expect(errorOf(() => addSignature(content, one)).code).toBe('signature-invalid')
    }
    const asSingle = { ...signed(content, overAll, alice), target: over(party) }
    expect(errorOf(() => addSignature(content, asSingle)).code).toBe('signature-invalid')
  })

  test('over one transaction is not a signature over the transaction', () => {
    const content = packageOf([party])
    expect(toHex(signingMessage(content, overAll))).not.toBe(hashHex(party))
    expect(signingMessage(content, overAll)).toEqual(combinedHash([transactionHash(party)]))
  })

  test('of an empty list is refused', () => {
    expect(
      errorOf(() => signingMessage(packageOf([party]), { $case: 'combined', hashes: [] })).code,
    ).toBe('hash-invalid')
  })
})

interface Onboarding {
  readonly name: string
  readonly signing_key: string
  readonly transactions: readonly {
    readonly transaction_base64: string
    readonly hash_hex: string
    readonly single_signature_hex: string
  }[]
  readonly multi_hash_hex: string
  readonly multi_hash_signature_hex: string
}

describe('signatures made elsewhere', () => {
  const { onboarding } = fixture('end-to-end/signing.json') as {
    readonly onboarding: readonly Onboarding[]
  }
  test.each(onboarding)('are taken ($name)', (one) => {
    const spki = readFileSync(
      join(import.meta.dirname, '../../fixtures/keys', `${one.signing_key}.spki.der`),
    )
    const { key } = parseSubjectPublicKeyInfo(new Uint8Array(spki))
    const content = packageOf(one.transactions.map((own) => fromBase64(own.transaction_base64)))
    expect(content.transactions.map(({ hash }) => hash)).toEqual(
      one.transactions.map((own) => own.hash_hex),
    )
    expect(toHex(signingMessage(content, overAll))).toBe(one.multi_hash_hex)
    const combined = {
      target: overAll,
      signedBy: key.fingerprint,
      signature: fromHex(one.multi_hash_signature_hex),
    }
    expect(signersOf(addSignature(content, combined).package)).toEqual(
      one.transactions.map(() => [key.fingerprint]),
    )
    const singles = one.transactions.map((own) => ({
      target: { $case: 'transaction' as const, hash: own.hash_hex },
      signedBy: key.fingerprint,
      signature: fromHex(own.single_signature_hex),
    }))
    expect(signersOf(addSignatures(content, singles).package)).toEqual(
      one.transactions.map(() => [key.fingerprint]),
    )
  })
})

describe('adding state and keys', () => {
  test('keeps what is there and adds sources of what is there already', () => {
    const bytes = signedBytes(rootOfBob, [bob])
    const content = packageOf([party], {
      state: [{ bytes, sources: [{ from: 'a', at: undefined }] }],
    })
    const { package: made } = addContext(content, {
      state: [{ bytes, sources: [{ from: 'b', at: undefined }] }],
    })
    expect(made.state.map(({ sources }) => sources.map(({ from }) => from))).toEqual([['a', 'b']])
  })

  test('leaves out and names what proves invalid by it', () => {
    const bad = corrupted(carol.signature(transactionHash(party)))
    const content = createPackage({
      transactions: [{ bytes: party, proposal: true, signatures: [bad] }],
    })
    const { package: made, leftOut } = addContext(content, { publicKeys: [carol.key] })
    expect(made.transactions[0]?.signatures).toEqual([])
    expect(leftOut).toMatchObject([
      { path: 'transactions[0].signatures[0]', signedBy: carol.fingerprint },
    ])
  })

  test('refuses a key under another fingerprint, and state that is none', () => {
    const content = packageOf([party])
    const key = { ...carol.key, fingerprint: bob.fingerprint }
    expect(errorOf(() => addContext(content, { publicKeys: [key] })).code).toBe(
      'package-hash-mismatch',
    )
    expect(
      errorOf(() => addContext(content, { state: [{ bytes: Uint8Array.of(1) }] })).message,
    ).toMatch(/^state\[0\]\.signedTransaction: /)
  })
})

describe('signed transactions from elsewhere', () => {
  const message = combinedHash([party, rootOfBob].map(transactionHash))
  const multi = (bytes: Uint8Array, hashes = [party, rootOfBob].map(transactionHash)) =>
    readSignedTransaction(
      assembleSignedTransaction({
        transaction: bytes,
        signatures: [alice.signature(transactionHash(bytes))],
        proposal: true,
        multiTransactionSignatures: [
          { transactionHashes: hashes, signatures: [bob.signature(message)] },
        ],
      }),
    )

  test('keep their single and combined signatures, which are one in the package', () => {
    const made = createPackage(contentOfSigned([multi(party), multi(rootOfBob)]))
    expect(made.combined).toMatchObject([
      { elsewhere: [], signatures: [{ signedBy: bob.fingerprint }] },
    ])
    expect(new Set(signersOf(made)[0])).toEqual(new Set([alice.fingerprint, bob.fingerprint]))
  })

  test('name hashes that are covered and not here', () => {
    const made = createPackage(contentOfSigned([multi(party)]))
    expect(made.combined).toMatchObject([
      { transactions: [hashHex(party)], elsewhere: [hashHex(rootOfBob)] },
    ])
    expect(readPackage(writePackage(made)).package).toEqual(made)
    expect(new Set(signersOf(made)[0])).toEqual(new Set([alice.fingerprint, bob.fingerprint]))
  })

  test('with a combined signature that does not list them are refused', () => {
    const wrong = multi(party, [transactionHash(rootOfBob)])
    expect(errorOf(() => contentOfSigned([wrong])).code).toBe('multi-hash-mismatch')
  })

  test('that cannot be read are refused', () => {
    expect(errorOf(() => contentOfSigned([readSignedTransaction(Uint8Array.of(1, 2))])).code).toBe(
      'invalid-tag',
    )
  })
})
