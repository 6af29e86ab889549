/**
 * Every finding about topology transactions has an input that provokes it: the vectors of
 * fixtures/topology-adversarial, and for the rest the transactions made here.
 */
import { describe, expect, test } from 'vitest'
import { severityOf, FINDING_CODES, type FindingCode } from '../../src/base/finding-codes.ts'
import { PREPARED_FINDING_CODES } from '../../src/base/prepared-finding-codes.ts'
import { concatBytes } from '../../src/base/bytes.ts'
import type { KnownMapping } from '../../src/topology/mapping.ts'
import { readSignedTransaction, verifySignatures } from '../../src/topology/signed-transaction.ts'
import { MAX_SERIAL, readTransaction } from '../../src/topology/transaction.ts'
import { encodeMessage, unwrap, wrap } from '../../src/wire/codec.ts'
import type { Signature, SigningPublicKey } from '../../src/wire/generated/schema.ts'
import { MAX_DEPTH, MAX_PACKED } from '../../src/wire/schema.ts'
import { MAX_FINDINGS } from '../../src/wire/walk.ts'
import { fixture, fromBase64, fromHex } from '../support/vectors.ts'

interface AdversarialCase {
  readonly finding: string
  readonly other_findings: readonly string[]
}
const { cases } = fixture('topology-adversarial/cases.json') as {
  readonly cases: readonly AdversarialCase[]
}
const { onboarding } = fixture('end-to-end/signing.json') as {
  readonly onboarding: readonly {
    readonly transactions: readonly { readonly signed_transaction_base64: string }[]
  }[]
}

const N = `1220${'ab'.repeat(32)}`
const OTHER = `1220${'cd'.repeat(32)}`
const SYNCHRONIZER = `global::${N}`
// The generator's public key of P-256 and the seed 32 × 01 of Ed25519.
const ED25519 = fromHex('8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c')
const ED25519_FINGERPRINT = '1220680fc736bff3dc912d30af7dd7b515bc753799b6b1d218b23b35912f6b83389a'
const P256_X = '6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296'
const COMPRESSED_P256 = fromHex(`3039301306072a8648ce3d020106082a8648ce3d03010703220003${P256_X}`)

const key = (changes: Partial<SigningPublicKey> = {}): SigningPublicKey => ({
  format: 3,
  publicKey: ED25519,
  scheme: 0,
  usage: [1],
  keySpec: 1,
  ...changes,
})

const transactionOf = (mapping: KnownMapping | undefined, serial = 1, operation = 1): Uint8Array =>
  wrap(
    encodeMessage('TopologyTransaction', {
      operation,
      serial,
      mapping: mapping === undefined ? undefined : { mapping },
    }),
  )

const delegation = (targetKey: SigningPublicKey | undefined, changes = {}): KnownMapping => ({
  $case: 'namespaceDelegation',
  value: { namespace: N, targetKey, isRootDelegation: false, restriction: undefined, ...changes },
})

const definition = (namespace: string, owners: readonly string[], threshold = 1): KnownMapping => ({
  $case: 'decentralizedNamespaceDefinition',
  value: { decentralizedNamespace: namespace, owners, threshold },
})

const mediators = (active: readonly string[], observers: readonly string[]): KnownMapping => ({
  $case: 'mediatorSynchronizerState',
  value: { synchronizerId: SYNCHRONIZER, group: 0, threshold: 1, active, observers },
})

const vetted = (from: bigint, until: bigint): KnownMapping => ({
  $case: 'vettedPackages',
  value: {
    participantUid: `p::${N}`,
    packageIds: [],
    packages: [
      {
        packageId: 'ab',
        validFromInclusive: { seconds: from, nanos: 0 },
        validUntilExclusive: { seconds: until, nanos: 0 },
      },
    ],
  },
})

/** A wrapper whose data is the given hex. */
const withData = (hex: string): Uint8Array => wrap(fromHex(hex))

const inTransaction: Partial<Record<FindingCode, Uint8Array>> = {
  'missing-field': transactionOf(delegation(undefined)),
  'bad-identifier': transactionOf(delegation(key(), { namespace: 'here' })),
  'root-cannot-delegate': transactionOf(
    delegation(key(), {
      namespace: ED25519_FINGERPRINT,
      restriction: { $case: 'canSignAllButNamespaceDelegations', value: {} },
    }),
  ),
  'empty-list': transactionOf(definition(N, [])),
  'members-overlap': transactionOf(mediators([`m::${N}`], [`m::${N}`])),
  'validity-inverted': transactionOf(vetted(10n, 10n)),
  'namespace-mismatch': transactionOf(definition(OTHER, [N])),
  'bad-key': transactionOf(delegation(key({ publicKey: ED25519.subarray(1) }))),
  'bad-key-usage': transactionOf(delegation(key({ usage: [4] }))),
  'compressed-point': transactionOf(
    delegation(key({ format: 4, keySpec: 2, publicKey: COMPRESSED_P256 })),
  ),
  'ml-dsa-65-unsupported': transactionOf(delegation(key({ format: 4, keySpec: 5 }))),
  'ambiguous-encoding': transactionOf({
    $case: 'sequencerConnectionSuccessor',
    value: Uint8Array.of(0x0a, 0x00),
  }),
  'value-out-of-range': withData('088080808010'),
  'nesting-too-deep': (() => {
    let content = new Uint8Array()
    const length = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, n >> 7])
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      const mapping = [0x72, ...length(content.length), ...content]
      content = Uint8Array.from([0x12, ...length(mapping.length), ...mapping])
    }
    const mapping = [0x72, ...length(content.length), ...content]
    return wrap(Uint8Array.from([8, 1, 16, 1, 0x1a, ...length(mapping.length), ...mapping]))
  })(),
  'list-too-long': transactionOf({
    $case: 'synchronizerTrustCertificate',
    value: {
      participantUid: `participant1::1220${'ab'.repeat(32)}`,
      synchronizerId: `global::1220${'ab'.repeat(32)}`,
      featureFlags: Array.from({ length: MAX_PACKED + 1 }, () => 1),
    },
  }),
  'too-many-findings': withData('7801'.repeat(MAX_FINDINGS + 1)),
}

const sound = fromBase64(onboarding[0]?.transactions[2]?.signed_transaction_base64 ?? '')
const signature: Signature = {
  format: 3,
  signature: new Uint8Array(64).fill(1),
  signedBy: OTHER,
  signingAlgorithmSpec: 1,
  signatureDelegation: undefined,
}

const signedWith = (
  signatures: readonly Signature[],
  multi: readonly { transactionHashes: Uint8Array[]; signatures: Signature[] }[] = [],
): Uint8Array =>
  wrap(
    encodeMessage('SignedTopologyTransaction', {
      transaction: transactionOf(delegation(key())),
      signatures,
      proposal: false,
      multiTransactionSignatures: multi,
    }),
  )

const inSigned: Partial<Record<FindingCode, Uint8Array>> = {
  'no-signature': signedWith([]),
  'unknown-signer': signedWith([signature]),
  'legacy-signature': signedWith([{ ...signature, format: 1, signingAlgorithmSpec: 0 }]),
  'bad-hash': signedWith(
    [],
    [{ transactionHashes: [new Uint8Array(32)], signatures: [signature] }],
  ),
  'signature-delegation': signedWith([
    {
      ...signature,
      signatureDelegation: {
        sessionKey: ED25519,
        sessionKeySpec: 1,
        validityPeriodFromInclusive: 0n,
        validityPeriodDurationSeconds: 1,
        format: 3,
        signature: ED25519,
        signingAlgorithmSpec: 1,
      },
    },
  ]),
}

const codesOfTransaction = (bytes: Uint8Array): readonly FindingCode[] =>
  readTransaction(bytes).findings.map(({ code }) => code)

const codesOfSigned = (bytes: Uint8Array): readonly FindingCode[] => {
  const signed = readSignedTransaction(bytes)
  return [...signed.findings, ...verifySignatures(signed).flatMap((one) => one.findings)].map(
    ({ code }) => code,
  )
}

describe('a finding', () => {
  test('is provoked by some input for every code there is', () => {
    const provoked = new Set([
      ...cases.flatMap((one) => [one.finding, ...one.other_findings]),
      ...Object.keys(inTransaction),
      ...Object.keys(inSigned),
    ])
    // Free text is in prepared Daml transactions only.
    const elsewhere = new Set([...Object.keys(PREPARED_FINDING_CODES), 'escaped-text'])
    const topology = Object.keys(FINDING_CODES).filter((code) => !elsewhere.has(code))
    expect(topology.filter((code) => !provoked.has(code))).toEqual([])
  })

  test.each(Object.entries(inTransaction))('of a transaction: %s', (code, bytes) => {
    expect(codesOfTransaction(bytes)).toContain(code)
  })

  test.each(Object.entries(inSigned))('of a signed transaction: %s', (code, bytes) => {
    expect(codesOfSigned(bytes)).toContain(code)
  })

  test('is not made where everything is sound', () => {
    expect(codesOfTransaction(transactionOf(vetted(10n, 11n)))).toEqual([])
    expect(codesOfTransaction(transactionOf(mediators([`m::${N}`], [`n::${N}`])))).toEqual([])
    expect(codesOfTransaction(transactionOf(delegation(key())))).toEqual([])
    expect(codesOfTransaction(transactionOf(delegation(key({ usage: [] }))))).toEqual([])
    expect(codesOfTransaction(transactionOf(delegation(key()), MAX_SERIAL - 1))).toEqual([])
    // Only a first definition is held to the hash of its owners.
    expect(codesOfTransaction(transactionOf(definition(OTHER, [N]), 2))).toEqual([])
    expect(codesOfSigned(sound)).toEqual(['unknown-signer'])
  })

  test('of severity refuse is made for whatever lies behind a sound transaction', () => {
    for (const extra of ['1a00', '2001', 'f80101', '0a00', '2200']) {
      const data = concatBytes(unwrap(transactionOf(delegation(key()))), fromHex(extra))
      const codes = codesOfTransaction(wrap(data))
      expect(
        codes.some((code) => severityOf(code) !== 'allow'),
        extra,
      ).toBe(true)
    }
  })

  test.each([
    ['an operation that is not set', transactionOf(delegation(key()), 1, 0), 'unspecified-enum'],
    ['serial 0', transactionOf(delegation(key()), 0), 'bad-serial'],
    ['a negative serial', withData(`080110${'ff'.repeat(9)}01`), 'bad-serial'],
    ['the last serial', transactionOf(delegation(key()), MAX_SERIAL), 'max-serial'],
    ['a serial above the last', transactionOf(delegation(key()), MAX_SERIAL + 1), 'bad-serial'],
    ['no mapping', transactionOf(undefined), 'missing-mapping'],
    ['no owner', transactionOf(definition(N, [])), 'empty-list'],
    ['an owner twice', transactionOf(definition(N, [N, N], 1)), 'duplicate-entry'],
    ['a threshold of 0', transactionOf(definition(N, [N], 0)), 'threshold-out-of-range'],
    ['a negative threshold', transactionOf(definition(N, [N], -1)), 'threshold-out-of-range'],
    [
      'a threshold above the owners',
      transactionOf(definition(N, [N], 2)),
      'threshold-out-of-range',
    ],
    ['a usage twice', transactionOf(delegation(key({ usage: [1, 1] }))), 'duplicate-entry'],
    ['a usage of 0', transactionOf(delegation(key({ usage: [1, 0] }))), 'unspecified-enum'],
    ['proof of ownership alone', transactionOf(delegation(key({ usage: [5] }))), 'bad-key-usage'],
    ['namespace and proof', transactionOf(delegation(key({ usage: [1, 5] }))), 'bad-key-usage'],
    [
      'a key of small order',
      transactionOf(delegation(key({ publicKey: new Uint8Array(32) }))),
      'bad-key',
    ],
    ['an Ed25519 key as old DER', transactionOf(delegation(key({ format: 2 }))), 'bad-key'],
    ['a key without a spec', transactionOf(delegation(key({ keySpec: 0 }))), 'bad-key'],
    ['a spec and another scheme', transactionOf(delegation(key({ scheme: 2 }))), 'bad-key'],
  ] as const)('names %s', (_what, bytes, code) => {
    expect(codesOfTransaction(bytes)).toContain(code)
  })
})
