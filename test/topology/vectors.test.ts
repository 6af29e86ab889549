/** The vectors of the repository: transactions, certificates and combined signatures. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { severityOf, type Finding } from '../../src/base/finding-codes.ts'
import { parseSubjectPublicKeyInfo } from '../../src/crypto/public-key.ts'
import { verifySignature } from '../../src/crypto/signature.ts'
import { mappingRow, mappingRows } from '../../src/topology/mapping.ts'
import { combinedHash } from '../../src/topology/namespace.ts'
import {
  readSignedTransaction,
  refusals,
  verifySignatures,
  type KeyResolver,
} from '../../src/topology/signed-transaction.ts'
import { readTransaction } from '../../src/topology/transaction.ts'
import { mappingUniqueKey } from '../../src/topology/unique-key.ts'
import { schemaOf } from '../../src/wire/schema.ts'
import { fixture, fromBase64, fromHex } from '../support/vectors.ts'

const codes = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ code }) => code).sort()

interface Keys {
  readonly keys: Readonly<Record<string, { readonly spki_hex: string }>>
}
const { keys } = fixture('keys/keys.json') as Keys
const keyOf = (name: string): ReturnType<typeof parseSubjectPublicKeyInfo>['key'] =>
  parseSubjectPublicKeyInfo(fromHex(keys[name]?.spki_hex ?? '')).key
const byFingerprint = new Map(
  Object.keys(keys).map((name) => [keyOf(name).fingerprint, keyOf(name)]),
)
const resolve: KeyResolver = (fingerprint) => byFingerprint.get(fingerprint)

/** Every bit of a byte string, flipped one after the other. */
function* flips(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) {
    const flipped = bytes.slice()
    flipped[at] = (bytes[at] ?? 0) ^ (1 << (at % 8))
    yield flipped
  }
}

describe('onboarding of an external party, signed by an implementation in Python', () => {
  interface Onboarding {
    readonly name: string
    readonly signing_key: string
    readonly party: string
    readonly transactions: readonly {
      readonly transaction_base64: string
      readonly hash_hex: string
      readonly mapping: string
      readonly single_signature_hex: string
      readonly signed_transaction_base64: string
    }[]
    readonly multi_hash_hex: string
    readonly multi_hash_signature_hex: string
    readonly signed_transactions_with_multi_signature_base64: readonly string[]
  }
  const { onboarding } = fixture('end-to-end/signing.json') as {
    onboarding: readonly Onboarding[]
  }

  test('is here with three parties', () => {
    expect(onboarding).toHaveLength(3)
  })

  test.each(onboarding.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const key = keyOf(one.signing_key)
    expect(one.party.endsWith(`::${key.fingerprint}`)).toBe(true)
    for (const vector of one.transactions) {
      const bytes = fromBase64(vector.transaction_base64)
      const transaction = readTransaction(bytes)
      expect(transaction.findings).toEqual([])
      expect(toHex(transaction.hash)).toBe(vector.hash_hex)
      const $case = transaction.value?.mapping?.mapping?.$case
      expect($case === undefined ? undefined : mappingRow($case).member).toBe(vector.mapping)
      const signature = fromHex(vector.single_signature_hex)
      expect(verifySignature(key, transaction.hash, signature)).toBe(true)
      expect(verifySignature(key, transaction.hash.subarray(2), signature)).toBe(false)

      const signed = readSignedTransaction(fromBase64(vector.signed_transaction_base64))
      expect(signed.findings).toEqual([])
      expect(signed.transaction.bytes).toEqual(bytes)
      expect(verifySignatures(signed, resolve).map(({ status }) => status)).toEqual(['valid'])
    }
  })

  test.each(onboarding.map((one) => [one.name, one] as const))(
    'with one signature over everything: %s',
    (_name, one) => {
      const combined = combinedHash(one.transactions.map(({ hash_hex }) => fromHex(hash_hex)))
      expect(toHex(combined)).toBe(one.multi_hash_hex)
      const signature = fromHex(one.multi_hash_signature_hex)
      expect(verifySignature(keyOf(one.signing_key), combined, signature)).toBe(true)
      one.signed_transactions_with_multi_signature_base64.forEach((text, i) => {
        const signed = readSignedTransaction(fromBase64(text))
        expect(signed.findings).toEqual([])
        expect(toHex(signed.transaction.hash)).toBe(one.transactions[i]?.hash_hex)
        const verified = verifySignatures(signed, resolve)
        expect(verified.some(({ signature: { multiTransaction } }) => multiTransaction)).toBe(true)
        expect(new Set(verified.map(({ status }) => status))).toEqual(new Set(['valid']))
      })
    },
  )

  test('no signature verifies over another transaction of the same party', () => {
    for (const one of onboarding) {
      const key = keyOf(one.signing_key)
      for (const [i, vector] of one.transactions.entries()) {
        for (const [j, other] of one.transactions.entries()) {
          const valid = verifySignature(
            key,
            fromHex(other.hash_hex),
            fromHex(vector.single_signature_hex),
          )
          expect(valid).toBe(i === j)
        }
      }
    }
  })

  test('a signature by a key that is not there is unverifiable, never invalid or valid', () => {
    const statuses = onboarding.flatMap((one) =>
      one.transactions.flatMap(({ signed_transaction_base64: text, mapping }) =>
        verifySignatures(readSignedTransaction(fromBase64(text))).map(
          ({ status, findings }) => [mapping, status, codes(findings)] as const,
        ),
      ),
    )
    const withoutKeys = statuses.filter(([mapping]) => mapping === 'party_to_participant')
    expect(withoutKeys.length).toBeGreaterThan(0)
    for (const [mapping, status, named] of statuses) {
      if (status !== 'unverifiable') continue
      expect([mapping, named]).toEqual(['party_to_participant', ['unknown-signer']])
    }
    expect(statuses.some(([, status]) => status === 'invalid')).toBe(false)
  })

  test('no change of one bit goes unnoticed', () => {
    const [first] = onboarding
    const text = first?.transactions[0]?.signed_transaction_base64 ?? ''
    let count = 0
    for (const damaged of flips(fromBase64(text))) {
      const signed = readSignedTransaction(damaged)
      const statuses = verifySignatures(signed, resolve).map(({ status }) => status)
      const refused = signed.findings.some(({ code }) => severityOf(code) !== 'allow')
      const valid = statuses.length === 1 && statuses[0] === 'valid'
      // The proposal flag and a missing algorithm are not covered by a signature.
      if (valid && !refused) count++
    }
    expect(count).toBeLessThanOrEqual(2)
  })
})

describe('delegations made by the scripts for offline root keys', () => {
  interface Case {
    readonly name: string
    readonly root_key: string
    readonly namespace: string
    readonly prepared_transaction_hex: string
    readonly hash_hex: string
    readonly signature_hex: string
    readonly certificate_hex: string
    readonly python_protobuf_bytes_hex: string | null
    readonly python_protobuf_hash_hex: string | null
    readonly revoked_prepared_transaction_hex: string | null
    readonly target_fingerprint: string
  }
  const { cases } = fixture('namespace-delegations/reference-script-certificates.json') as {
    cases: readonly Case[]
  }

  test('are thirteen', () => {
    expect(cases).toHaveLength(13)
  })

  test.each(cases.map((one) => [one.name, one] as const))('%s', (name, one) => {
    const bytes = fromHex(one.prepared_transaction_hex)
    const transaction = readTransaction(bytes)
    // The encoder of the scripts writes the version before the data.
    const exported = name.includes('Canton-exported')
    expect(codes(transaction.findings)).toEqual(
      exported ? ['bad-key-usage', 'version-first'] : ['version-first'],
    )
    expect(refusals(transaction.findings)).toHaveLength(exported ? 1 : 0)
    expect(toHex(transaction.hash)).toBe(one.hash_hex)

    const mapping = transaction.value?.mapping?.mapping
    if (mapping?.$case !== 'namespaceDelegation') throw new Error('not a delegation')
    expect(mapping.value.namespace).toBe(one.namespace)
    expect(keyOf(one.root_key).fingerprint).toBe(one.namespace)

    const key = keyOf(one.root_key)
    expect(verifySignature(key, transaction.hash, fromHex(one.signature_hex))).toBe(true)
    const certificate = readSignedTransaction(fromHex(one.certificate_hex))
    expect(certificate.transaction.bytes).toEqual(bytes)
    expect(verifySignatures(certificate, resolve).map(({ status }) => status)).toEqual(['valid'])

    // The same content with the data first is another transaction with another hash.
    if (one.python_protobuf_bytes_hex === null) return
    const other = readTransaction(fromHex(one.python_protobuf_bytes_hex))
    expect(toHex(other.hash)).toBe(one.python_protobuf_hash_hex)
    expect(other.value).toEqual(transaction.value)
    expect(verifySignature(key, other.hash, fromHex(one.signature_hex))).toBe(false)
  })

  test('ten of which another encoder wrote too', () => {
    expect(cases.filter((one) => one.python_protobuf_bytes_hex !== null)).toHaveLength(10)
  })

  test('a revocation shares the unique key of what it revokes', () => {
    const revocations = cases.filter((one) => one.revoked_prepared_transaction_hex !== null)
    expect(revocations).toHaveLength(2)
    for (const one of revocations) {
      const [removal, revoked] = [
        one.prepared_transaction_hex,
        one.revoked_prepared_transaction_hex ?? '',
      ].map((hex) => readTransaction(fromHex(hex)).value)
      expect(removal?.operation).toBe(2)
      expect(revoked?.operation).toBe(1)
      expect(removal?.serial).toBe((revoked?.serial ?? 0) + 1)
      const [a, b] = [removal?.mapping?.mapping, revoked?.mapping?.mapping]
      if (a === undefined || b === undefined) throw new Error('no mapping')
      const uniqueKey = mappingUniqueKey(a)
      expect(uniqueKey).toBeDefined()
      expect(mappingUniqueKey(b)).toEqual(uniqueKey)
    }
  })
})

describe('random content for every mapping', () => {
  interface Vector {
    readonly mapping: string
    readonly operation: string
    readonly serial: number
    readonly transaction_base64: string
    readonly hash_hex: string
  }
  const { transactions, kinds } = fixture('synthetic-topology/transactions.json') as {
    transactions: readonly Vector[]
    kinds: readonly string[]
  }

  test('covers every mapping of the registry but the purge of release line 3.3', () => {
    const members = mappingRows().map(({ member }) => member)
    expect([...kinds, 'purge_topology_txs'].sort()).toEqual([...members].sort())
  })

  test.each(transactions.map((one, i) => [`${one.mapping} ${i}`, one] as const))(
    '%s',
    (_name, one) => {
      const bytes = fromBase64(one.transaction_base64)
      const transaction = readTransaction(bytes)
      expect(toHex(transaction.hash)).toBe(one.hash_hex)
      expect(transaction.canonical).toBe(true)
      expect(transaction.unknownFields).toEqual([])
      expect(transaction.value?.serial).toBe(one.serial)
      expect(transaction.value?.operation).toBe(one.operation.endsWith('REMOVE') ? 2 : 1)
      const $case = transaction.value?.mapping?.mapping?.$case
      expect($case === undefined ? undefined : mappingRow($case).member).toBe(one.mapping)
    },
  )
})

describe('the registry of mappings', () => {
  const oneof = schemaOf('TopologyMapping').schema.fields

  test('has one row for every member of the oneof, by name', () => {
    expect(
      mappingRows()
        .map(({ member, $case }) => [member, $case])
        .sort(),
    ).toEqual(oneof.map(({ name, json }) => [name, json]).sort())
  })

  // docs/protocol/wire.md section 3
  test.each([
    ['NamespaceDelegation', 1, 1],
    ['DecentralizedNamespaceDefinition', 3, 3],
    ['OwnerToKeyMapping', 4, 4],
    ['SynchronizerTrustCertificate', 5, 5],
    ['ParticipantSynchronizerPermission', 6, 6],
    ['PartyHostingLimits', 7, 7],
    ['VettedPackages', 8, 8],
    ['PartyToParticipant', 9, 9],
    ['SynchronizerParametersState', 11, 11],
    ['MediatorSynchronizerState', 12, 12],
    ['SequencerSynchronizerState', 13, 13],
    ['PurgeTopologyTransaction', 14, 15],
    ['DynamicSequencingParametersState', 15, 17],
    ['PartyToKeyMapping', 16, 18],
    ['LsuAnnouncement', 17, 19],
    ['LsuSequencerConnectionSuccessor', 18, 20],
  ])('%s is member %i and code %i', (type, member, code) => {
    const row = mappingRows().find((one) => one.type === type)
    expect(row?.code).toBe(code)
    expect(oneof.find(({ name }) => name === row?.member)?.number).toBe(member)
  })
})

test('what is signed is a hash that anybody can compute with two lines', () => {
  const { cases } = fixture('namespace-delegations/reference-script-certificates.json') as {
    cases: readonly { prepared_transaction_hex: string; hash_hex: string }[]
  }
  for (const { prepared_transaction_hex: hex, hash_hex: expected } of cases) {
    const digest = createHash('sha256')
      .update(fromHex(`0000000b${hex}`))
      .digest('hex')
    expect(`1220${digest}`).toBe(expected)
    expect(toHex(readTransaction(fromHex(hex)).hash)).toBe(expected)
  }
})
