/**
 * Topology of a live network and of public clients. The data are not part of the repository: where
 * they lie beside it these tests read them, elsewhere they say that they were skipped.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { toHex, utf8Bytes } from '../../src/base/bytes.ts'
import { severityOf } from '../../src/base/finding-codes.ts'
import {
  parseSubjectPublicKeyInfo,
  publicKeyFromRaw,
  type PublicKey,
} from '../../src/crypto/public-key.ts'
import { mappingRow, type MappingCase } from '../../src/topology/mapping.ts'
import { combinedHash } from '../../src/topology/namespace.ts'
import { readSignedTransaction, verifySignatures } from '../../src/topology/signed-transaction.ts'
import { StreamKeys } from '../../src/topology/stream-keys.ts'
import { verifyStream, type VerifiedRecord } from '../../src/topology/stream.ts'
import { readTransaction } from '../../src/topology/transaction.ts'
import { mappingUniqueKey } from '../../src/topology/unique-key.ts'
import type { StreamLayout } from '../../src/topology/record-splitter.ts'
import { fromBase64, fromHex, outsideVector } from '../support/vectors.ts'

/** What a live network carries: named, and allowed. */
const ALLOWED = ['legacy-field', 'legacy-signature', 'submission-with-threshold']

function outsideJson(path: string): unknown {
  const whole = outsideVector(path)
  return whole === undefined ? undefined : JSON.parse(readFileSync(whole, 'utf8'))
}

const memberOf = ($case: MappingCase | undefined): string | undefined =>
  $case === undefined ? undefined : mappingRow($case).member

/** Canton's name of an enum value without the prefix; '' for UNSPECIFIED. */
const short = (name: string): string =>
  name.replace(/^(TOPOLOGY_CHANGE_OP|SIGNATURE_FORMAT|SIGNING_ALGORITHM_SPEC)_/, '')
const OPERATIONS = ['UNSPECIFIED', 'ADD_REPLACE', 'REMOVE']
const FORMATS = ['UNSPECIFIED', 'RAW', 'DER', 'CONCAT']
const ALGORITHMS = ['UNSPECIFIED', 'ED25519', 'EC_DSA_SHA_256', 'EC_DSA_SHA_384']

function varintHex(value: number): string {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return toHex(Uint8Array.from([...bytes, rest]))
}

interface NetworkTransaction {
  readonly index?: number
  readonly mapping: string
  readonly operation: string
  readonly serial: number
  readonly proposal: boolean
  readonly signed_transaction_base64: string
  readonly transaction_base64: string
  readonly expected_hash: string
  readonly signatures: readonly {
    readonly signed_by: string
    readonly format: string
    readonly signing_algorithm_spec: string
    readonly signature_hex: string
    readonly verifies: boolean
  }[]
  readonly unknown_fields: readonly {
    readonly path: string
    readonly field_number: number
    readonly wire_type: number
    readonly value_hex?: string
    readonly value_varint?: number
  }[]
}

const sample = outsideJson('cn-genesis-sample/transactions.json') as
  { readonly transactions: readonly NetworkTransaction[] } | undefined

describe.skipIf(sample === undefined)('a sample of a live network', () => {
  const transactions = sample?.transactions ?? []
  const keyFile = outsideJson('cn-genesis-sample/keys.json') as
    | {
        readonly keys: Readonly<
          Record<string, readonly { key_type: string; public_key_hex: string }[]>
        >
      }
    | undefined
  const keys = new Map<string, PublicKey>()
  for (const [fingerprint, forms] of Object.entries(keyFile?.keys ?? {})) {
    for (const { key_type: type, public_key_hex: hex } of forms) {
      keys.set(
        fingerprint,
        type === 'Ed25519'
          ? publicKeyFromRaw('EC_CURVE25519', fromHex(hex))
          : parseSubjectPublicKeyInfo(fromHex(hex)).key,
      )
    }
  }

  test('has its keys under the fingerprints computed from them', () => {
    expect(keys.size).toBe(28)
    for (const [fingerprint, key] of keys) expect(key.fingerprint).toBe(fingerprint)
  })

  test('is 61 transactions', () => {
    expect(transactions).toHaveLength(61)
  })

  test.each(
    transactions.map((one) => [`${one.mapping} ${one.serial} (${one.index ?? ''})`, one] as const),
  )('%s', (_name, one) => {
    const signed = readSignedTransaction(fromBase64(one.signed_transaction_base64))
    const { transaction } = signed
    expect(transaction.bytes).toEqual(fromBase64(one.transaction_base64))
    expect(toHex(transaction.hash)).toBe(one.expected_hash)
    expect(memberOf(transaction.value?.mapping?.mapping?.$case)).toBe(one.mapping)
    expect(OPERATIONS[transaction.value?.operation ?? 0]).toBe(short(one.operation))
    expect(transaction.value?.serial).toBe(one.serial)
    expect(signed.value?.proposal).toBe(one.proposal)

    const verified = verifySignatures(signed, (fingerprint) => keys.get(fingerprint))
    expect(
      verified.map(({ signature: { wire }, status }) => ({
        signed_by: wire.signedBy,
        format: FORMATS[wire.format],
        algorithm: ALGORITHMS[wire.signingAlgorithmSpec],
        signature_hex: toHex(wire.signature),
        verifies: status === 'valid',
      })),
    ).toEqual(
      one.signatures.map((vector) => ({
        signed_by: vector.signed_by,
        format: short(vector.format),
        algorithm: short(vector.signing_algorithm_spec),
        signature_hex: vector.signature_hex,
        verifies: vector.verifies,
      })),
    )

    // Everything odd is legacy that is named; nothing of it would be refused.
    const findings = [...signed.findings, ...verified.flatMap((each) => each.findings)]
    for (const { code } of findings) expect(ALLOWED).toContain(code)
    expect(
      transaction.unknownFields.map(({ path, field, wireType, hex, legacy }) => ({
        path: path.replace(/^data\.transaction\.data\./, ''),
        field,
        wireType,
        hex,
        legacy,
      })),
    ).toEqual(
      one.unknown_fields.map((unknown) => ({
        path: unknown.path,
        field: unknown.field_number,
        wireType: unknown.wire_type,
        hex: unknown.value_hex ?? varintHex(unknown.value_varint ?? 0),
        legacy: true,
      })),
    )
  })

  test('a signature is never valid with the key of somebody else', () => {
    const some = [...keys.values()]
    for (const one of transactions.slice(0, 12)) {
      const signed = readSignedTransaction(fromBase64(one.signed_transaction_base64))
      const inside = new Set(
        verifySignatures(signed).flatMap(({ status, signature }) =>
          status === 'unverifiable' ? [signature.wire.signedBy] : [],
        ),
      )
      verifySignatures(signed, (fingerprint) =>
        some.find((key) => key.fingerprint !== fingerprint),
      ).forEach(({ status, signature }) => {
        if (inside.has(signature.wire.signedBy)) expect(status).toBe('invalid')
      })
    }
  })
})

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    yield await Promise.resolve(bytes.subarray(at, at + size))
  }
}

async function recordsOf(
  bytes: Uint8Array,
  layout: StreamLayout,
  size: number,
): Promise<{ records: VerifiedRecord[]; stray: string[] }> {
  const records: VerifiedRecord[] = []
  const stray: string[] = []
  const source = (): AsyncIterable<Uint8Array> => inChunks(bytes, size)
  for await (const batch of verifyStream(source, layout, new StreamKeys(source, layout))) {
    for (const event of batch) {
      if (event.$case === 'finding') stray.push(event.finding.code)
      else records.push(event)
    }
  }
  return { records, stray }
}

const prefix = outsideVector('cn-genesis-prefix/first-400.gz')

describe.skipIf(prefix === undefined)('the beginning of a live network', () => {
  const bytes =
    prefix === undefined ? new Uint8Array() : new Uint8Array(gunzipSync(readFileSync(prefix)))

  test('is 400 transactions with 556 signatures, all valid when read as a stream', async () => {
    const { records, stray } = await recordsOf(bytes, 'snapshot-v1', 65_536)
    expect(stray).toEqual([])
    expect(records).toHaveLength(400)
    const signatures = records.flatMap((one) => one.signatures)
    expect(signatures).toHaveLength(556)
    expect(new Set(signatures.map(({ status }) => status))).toEqual(new Set(['valid']))
    const findings = records.flatMap(({ record, signatures: own }) => [
      ...record.findings,
      ...own.flatMap((each) => each.findings),
    ])
    // Encryption keys with an old id are the one thing that is not in the table of legacy fields
    // (docs/protocol/wire.md section 6): named, no obstacle to verifying.
    const reserved = findings.filter(({ code }) => code === 'reserved-field')
    expect(reserved).toHaveLength(25)
    for (const { path } of reserved) expect(path).toMatch(/\.encryption_public_key\.#1$/)
    expect(new Set(findings.map(({ code }) => code))).toEqual(
      new Set([...ALLOWED, 'reserved-field']),
    )

    const counts: Record<string, number> = {}
    for (const { record } of records) {
      const member = memberOf(record.signed.transaction.value?.mapping?.mapping?.$case) ?? ''
      counts[member] = (counts[member] ?? 0) + 1
    }
    expect(counts).toEqual({
      namespace_delegation: 42,
      owner_to_key_mapping: 42,
      decentralized_namespace_definition: 11,
      synchronizer_parameters_state: 1,
      sequencer_synchronizer_state: 11,
      mediator_synchronizer_state: 13,
      synchronizer_trust_certificate: 25,
      vetted_packages: 212,
      party_to_participant: 43,
    })
  })

  test('has serials that follow each other under every unique key', async () => {
    const { records } = await recordsOf(bytes, 'snapshot-v1', 1_000_000)
    const last = new Map<string, { serial: number; hash: string }>()
    for (const { record } of records) {
      const { value, hash } = record.signed.transaction
      const mapping = value?.mapping?.mapping
      if (mapping === undefined) throw new Error(`no mapping in record ${record.index}`)
      const uniqueKey = toHex(mappingUniqueKey(mapping) ?? new Uint8Array())
      const previous = last.get(uniqueKey)
      const own = { serial: value?.serial ?? 0, hash: toHex(hash) }
      // A late signature repeats a transaction; anything else has the next serial.
      if (previous?.hash !== own.hash) expect(own.serial).toBe((previous?.serial ?? 0) + 1)
      last.set(uniqueKey, own)
    }
    expect(last.size).toBeGreaterThan(100)
  })

  test('names the record of a flipped bit and keeps the verdict on the others', async () => {
    const damaged = bytes.slice()
    const at = damaged.length - 400
    damaged[at] = (damaged[at] ?? 0) ^ 1
    const [sound, broken] = await Promise.all([
      recordsOf(bytes, 'snapshot-v1', 65_536),
      recordsOf(damaged, 'snapshot-v1', 65_536),
    ])
    const verdict = ({ record, signatures }: VerifiedRecord): string =>
      JSON.stringify([record.findings.map(({ code }) => code), signatures.map((s) => s.status)])
    const different = broken.records.filter((one, i) => {
      const other = sound.records[i]
      return other === undefined || verdict(one) !== verdict(other)
    })
    expect(broken.stray.length + different.length).toBeGreaterThan(0)
    expect(different.every(({ record }) => record.index >= 398)).toBe(true)
  })
})

describe.each([
  ['topology-snapshot-duplicate-signatures', 'snapshot-v2', 8, 0],
  ['topology-snapshot-duplicate-signatures-old', 'snapshot-v1', 12, 1],
] as const)('%s', (name, layout, count, duplicates) => {
  const path = outsideVector(`topology-snapshot/${name}`)
  const listing = outsideJson(`topology-snapshot/${name}.json`) as
    | {
        readonly items: readonly (NetworkTransaction & {
          readonly signature_indices_kept_after_dedup: readonly number[]
        })[]
      }
    | undefined

  test.skipIf(path === undefined)('is read whole, with every signature valid', async () => {
    const bytes = new Uint8Array(readFileSync(path ?? ''))
    const { records, stray } = await recordsOf(bytes, layout, 1000)
    expect(stray).toEqual([])
    expect(records).toHaveLength(count)
    let doubled = 0
    records.forEach(({ record, signatures }, i) => {
      const expected = listing?.items[i]
      expect(expected).toBeDefined()
      if (expected === undefined) return
      expect(toHex(record.signed.transaction.hash)).toBe(expected.expected_hash)
      expect(memberOf(record.signed.transaction.value?.mapping?.mapping?.$case)).toBe(
        expected.mapping,
      )
      expect(record.signed.transaction.value?.serial).toBe(expected.serial)
      expect(signatures.map(({ status }) => status)).toEqual(expected.signatures.map(() => 'valid'))
      const kept = expected.signature_indices_kept_after_dedup
      const named = record.findings
        .filter(({ code }) => code === 'duplicate-signer')
        .map(({ path: place }) => Number(/signatures\[(\d+)\]$/.exec(place)?.[1]))
      expect(named).toEqual(
        expected.signatures.map((_one, at) => at).filter((at) => !kept.includes(at)),
      )
      doubled += named.length
      const others = record.findings.filter(({ code }) => code !== 'duplicate-signer')
      expect(others.filter(({ code }) => severityOf(code) !== 'allow')).toEqual([])
    })
    expect(doubled).toBe(duplicates)
  })
})

const multi = outsideJson('multi-hash/from-public-sources.json') as
  | {
      readonly hash_sets: readonly { transaction_hashes: string[]; combined_hash: string }[]
      readonly transaction_sets: readonly {
        readonly name: string
        readonly transactions_base64: readonly string[]
        readonly transaction_hashes: readonly string[]
        readonly combined_hash: string
      }[]
    }
  | undefined

test.skipIf(multi === undefined)('combined hashes that real nodes returned', () => {
  expect(multi?.transaction_sets).toHaveLength(2)
  for (const set of multi?.transaction_sets ?? []) {
    const transactions = set.transactions_base64.map((text) => readTransaction(fromBase64(text)))
    expect(transactions.map(({ hash }) => toHex(hash))).toEqual(set.transaction_hashes)
    for (const { code } of transactions.flatMap((one) => one.findings)) {
      expect(ALLOWED).toContain(code)
    }
    expect(toHex(combinedHash(transactions.map(({ hash }) => hash)))).toBe(set.combined_hash)
  }
  expect(multi?.hash_sets).toHaveLength(4)
  for (const set of multi?.hash_sets ?? []) {
    expect(toHex(combinedHash(set.transaction_hashes.map((text) => fromHex(text))))).toBe(
      set.combined_hash,
    )
  }
})

const client = outsideJson('samples/topology-transactions.json') as
  | {
      readonly transactions: readonly {
        readonly transaction_base64: string
        readonly expected_hash: string
        readonly mapping: string
        readonly serial: number
        readonly key_fingerprints: readonly string[]
      }[]
    }
  | undefined

test.skipIf(client === undefined)('transactions that another client carries', () => {
  expect(client?.transactions).toHaveLength(2)
  for (const one of client?.transactions ?? []) {
    const transaction = readTransaction(fromBase64(one.transaction_base64))
    expect(toHex(transaction.hash)).toBe(one.expected_hash)
    expect(transaction.findings).toEqual([])
    expect(transaction.value?.serial).toBe(one.serial)
    expect(memberOf(transaction.value?.mapping?.mapping?.$case)).toBe(one.mapping)
    const text = toHex(transaction.bytes)
    for (const fingerprint of one.key_fingerprints) {
      expect(text).toContain(toHex(utf8Bytes(fingerprint)))
    }
  }
})
