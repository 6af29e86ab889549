/** The malformed and rare transactions of fixtures/topology-adversarial, through reader and checks. */
import { describe, expect, test } from 'vitest'
import { severityOf, type Finding } from '../../src/base/finding-codes.ts'
import { toHex } from '../../src/base/bytes.ts'
import { RecordSplitter, type StreamLayout } from '../../src/topology/record-splitter.ts'
import { readRecord } from '../../src/topology/snapshot.ts'
import {
  readSignedTransaction,
  verifySignatures,
  type KeyResolver,
} from '../../src/topology/signed-transaction.ts'
import { readTransaction } from '../../src/topology/transaction.ts'
import { parseSubjectPublicKeyInfo } from '../../src/crypto/public-key.ts'
import { fixture, fromBase64, fromHex } from '../support/vectors.ts'

interface Case {
  readonly id: string
  readonly container: 'transaction' | 'signed' | 'snapshot'
  readonly description: string
  readonly bytes_base64: string
  readonly hash_hex_if_hashed_as_is: string | null
  readonly message_path: string | null
  readonly byte_offset: number | null
  readonly expected: 'refuse' | 'name-and-allow' | 'accept'
  readonly finding: string
  readonly other_findings: readonly string[]
}

const { cases } = fixture('topology-adversarial/cases.json') as { cases: readonly Case[] }

const { keys } = fixture('keys/keys.json') as {
  readonly keys: Readonly<Record<string, { readonly spki_hex: string }>>
}
const known = new Map(
  Object.values(keys).map(({ spki_hex: hex }) => {
    const { key } = parseSubjectPublicKeyInfo(fromHex(hex))
    return [key.fingerprint, key]
  }),
)
const resolve: KeyResolver = (fingerprint) => known.get(fingerprint)

function findingsOf(one: Case, bytes: Uint8Array): readonly Finding[] {
  switch (one.container) {
    case 'transaction':
      return readTransaction(bytes).findings
    case 'signed': {
      const signed = readSignedTransaction(bytes)
      return [
        ...signed.findings,
        ...verifySignatures(signed, resolve).flatMap(({ findings }) => findings),
      ]
    }
    case 'snapshot': {
      const layout: StreamLayout = one.description.includes('V1') ? 'snapshot-v1' : 'snapshot-v2'
      const splitter = new RecordSplitter(layout)
      const records = [...splitter.push(bytes), ...splitter.end()]
      return [
        ...records.flatMap((record) => readRecord(layout, record).findings),
        ...splitter.findings,
      ]
    }
  }
}

describe('malformed and rare transactions', () => {
  test('are all here', () => {
    expect(cases.length).toBe(60)
  })

  test.each(cases.map((one) => [one.id, one] as const))('%s', (_id, one) => {
    const bytes = fromBase64(one.bytes_base64)
    const findings = findingsOf(one, bytes)
    const refused = findings.filter(({ code }) => severityOf(code) !== 'allow')
    if (one.expected === 'accept') {
      expect(findings).toEqual([])
      return
    }
    expect(refused.length > 0, JSON.stringify(findings)).toBe(one.expected === 'refuse')
    const named = findings.find(({ code }) => code === one.finding)
    expect(named, JSON.stringify(findings)).toBeDefined()
    expect(named?.path).toBe(one.message_path ?? '')
    expect(named?.offset).toBe(one.byte_offset)
  })

  test('are hashed as they are, whatever is wrong with them', () => {
    const hashed = cases.filter(({ hash_hex_if_hashed_as_is: hash }) => hash !== null)
    expect(hashed.length).toBeGreaterThan(50)
    for (const one of hashed) {
      const bytes = fromBase64(one.bytes_base64)
      const hash =
        one.container === 'transaction'
          ? readTransaction(bytes).hash
          : readSignedTransaction(bytes).transaction.hash
      expect(toHex(hash), one.id).toBe(one.hash_hex_if_hashed_as_is)
    }
  })
})
