/** Prepared-transaction vectors through the executable: what must not be signed, what hashes alike. */
import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { toBase64 } from '../../src/base/bytes.ts'
import { fixture, fromBase64 } from '../support/vectors.ts'
import { files, pkcs8 } from './support/prepared.ts'
import { run, runJson } from './support/program.ts'

interface Case {
  readonly name: string
  readonly hashing_scheme_version: number
  readonly prepared_transaction_base64: string
}

const { cases } = fixture('prepared-transactions/adversarial.json') as {
  readonly cases: readonly Case[]
}

/** The bytes as a participant would answer them, without a hash to hold them against. */
const asAnswer = (bytes: Uint8Array, version: number): string =>
  JSON.stringify({
    preparedTransaction: toBase64(bytes),
    hashingSchemeVersion: `HASHING_SCHEME_VERSION_V${version}`,
  })

describe('an adversarial transaction', () => {
  test('is one of 34', () => {
    expect(cases).toHaveLength(34)
  })

  test.each(cases.map((one) => [one.name, one] as const))(
    '%s is signed by nobody, and goes into no package',
    (_name, { hashing_scheme_version: version, prepared_transaction_base64: base64 }) => {
      const at = files()
      at.write('key.der', pkcs8(11))
      at.write('answer.json', asAnswer(fromBase64(base64), version))
      for (const words of [
        ['transaction', 'sign', 'answer.json', '--key', 'key.der', '--yes', '--allow-unneeded'],
        ['transaction', 'package', 'answer.json'],
      ]) {
        const { status, document } = runJson([...words, '-o', 'out'], { directory: at.directory })
        const { error } = document as {
          readonly error: { readonly code: string; readonly details: { refusals?: unknown[] } }
        }
        expect([status, error.code]).toEqual([8, 'prepared-refused'])
        expect(error.details.refusals?.length ?? 0).toBeGreaterThan(0)
        expect(existsSync(at.path('out'))).toBe(false)
      }
    },
    60_000,
  )
})

describe('transactions that hash alike', () => {
  const { groups } = fixture('prepared-transactions/equal-hash-groups.json') as {
    readonly groups: readonly {
      readonly hashing_scheme_version: number
      readonly hash: string
      readonly members: readonly {
        readonly change: string
        readonly prepared_transaction_base64: string
      }[]
    }[]
  }

  /** What of the change the signer is told, and whether it is a refusal. */
  const TOLD: readonly (readonly [RegExp, string, 'refusals' | 'warnings'])[] = [
    [/event_blob/, 'event-blob-not-signed', 'warnings'],
    [/global_key_mapping/, 'global-key-mapping-not-signed', 'refusals'],
    [/seed for a node/, 'superfluous-seed', 'refusals'],
    [/max_record_time/, 'max-record-time-not-signed', 'warnings'],
  ]

  test.each(groups.map((group) => [group.hash, group] as const))(
    'under %s: each member has the hash, and its difference is named',
    (hash, { hashing_scheme_version: version, members }) => {
      const at = files()
      const paths = members.map((member, i) =>
        at.write(`${i}.json`, asAnswer(fromBase64(member.prepared_transaction_base64), version)),
      )
      const { status, document } = runJson(['inspect', ...paths])
      expect(status).toBe(0)
      const reports = document as readonly {
        readonly hash: string
        readonly refusals: readonly { readonly code: string }[]
        readonly warnings: readonly { readonly code: string }[]
        readonly notSigned: readonly string[]
      }[]
      expect(reports.map((one) => one.hash)).toEqual(members.map(() => hash))
      members.forEach(({ change }, i) => {
        for (const [pattern, code, where] of TOLD) {
          if (!pattern.test(change)) continue
          const codes = reports[i]?.[where].map((one) => one.code)
          expect([change, codes]).toEqual([change, expect.arrayContaining([code])])
        }
        // Ids and order of the nodes: said of every transaction.
        expect(reports[i]?.notSigned.join()).toContain('the numbers of the nodes')
      })
    },
  )
})

test('values nested beyond the limit are refused with the limit', () => {
  const field = (number: number, content: Uint8Array): Uint8Array => {
    const length: number[] = []
    for (let n = content.length; ; n >>>= 7) {
      length.push(n > 127 ? (n & 127) | 128 : n)
      if (n <= 127) break
    }
    return Uint8Array.from([number * 8 + 2, ...length, ...content])
  }
  let value: Uint8Array = Uint8Array.of(0x0a, 0x00)
  for (let i = 0; i < 250; i++) value = field(10, field(1, value))
  const node = field(1, field(5, value))
  const placed = Uint8Array.from([
    ...field(1, Uint8Array.of(0x30)),
    ...[0xc2, 0x3e],
    ...field(1, node).subarray(1),
  ])
  const at = files()
  at.write('deep.json', asAnswer(field(1, field(3, placed)), 2))
  at.write('key.der', pkcs8(11))
  for (const words of [
    ['transaction', 'inspect', 'deep.json'],
    ['inspect', 'deep.json'],
    ['transaction', 'package', 'deep.json', '-o', 'out'],
    ['transaction', 'sign', 'deep.json', '--key', 'key.der', '--yes', '-o', 'out'],
  ]) {
    const { status, stderr } = run(words, { directory: at.directory })
    expect([words[1], status]).toEqual([words[1], 3])
    expect(stderr).toContain('[nesting-too-deep]')
    expect(stderr).toContain('400')
  }
})
