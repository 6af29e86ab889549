/** Prepared Daml transactions in packages, through the executable: attached, judged, handed on. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createPackage, type PackageContent } from '../../src/package/create.ts'
import { writePackage } from '../../src/package/write.ts'
import { digestOf, preparedHashHex } from '../package/prepared.ts'
import { corrupted, type TestKey } from '../package/support.ts'
import {
  ALICE_KEY,
  ownBytes,
  PARTY,
  SECOND_KEY,
  STRANGER_KEY,
  THIRD_KEY,
} from './support/prepared.ts'
import {
  BOB,
  content,
  desk,
  HASH,
  missing,
  refused,
  signature,
  signWith,
  damaged,
  transfer,
  unsound,
  type Desk,
  type Document,
} from './support/prepared-desk.ts'

describe('attach', () => {
  const attach = (...more: readonly string[]): readonly string[] => [
    ...['attach', 'in.json', '--signature', 'one.sig', '-o', 'out.json'],
    ...more,
  ]
  const by = (key: TestKey): readonly string[] => ['--signed-by', key.fingerprint]

  test('takes a signature over the 32 bytes, and says who is missing', () => {
    const at = desk(content())
    at.write('one.sig', THIRD_KEY.signBytes(digestOf(transfer)))
    const [status, { transactions }] = at.json(...attach(...by(THIRD_KEY)))
    expect([status, transactions]).toEqual([
      0,
      [{ hash: HASH, status: 'incomplete', missing: [missing(1, ALICE_KEY, SECOND_KEY)] }],
    ])
    const named = attach(...by(THIRD_KEY), '--transaction', HASH, '--force')
    expect(at.run(...named).status).toBe(0)
    expect(at.package('out.json').preparedTransactions[0]?.signatures).toEqual([
      signature(THIRD_KEY),
    ])
  })

  const other = digestOf(ownBytes({ note: 'other' }))
  const multihash = Uint8Array.from([0x12, 0x20, ...digestOf(transfer)])
  test.each<[string, PackageContent, Uint8Array, readonly string[], number, string]>([
    [
      'over another transaction',
      content(),
      THIRD_KEY.signBytes(other),
      by(THIRD_KEY),
      4,
      'signature-invalid',
    ],
    [
      'over the hash as topology has it',
      content(),
      THIRD_KEY.signBytes(multihash),
      by(THIRD_KEY),
      4,
      'signature-invalid',
    ],
    [
      'of another key',
      content(),
      THIRD_KEY.signBytes(digestOf(transfer)),
      by(SECOND_KEY),
      4,
      'signature-invalid',
    ],
    ['that is cut short', content(), new Uint8Array(63), by(THIRD_KEY), 3, 'bad-signature-length'],
    [
      'of a key that is not known',
      content(),
      STRANGER_KEY.signBytes(digestOf(transfer)),
      by(STRANGER_KEY),
      6,
      'signer-key-unknown',
    ],
    [
      'of a key that nothing asks for',
      content([], { publicKeys: [STRANGER_KEY.key] }),
      STRANGER_KEY.signBytes(digestOf(transfer)),
      by(STRANGER_KEY),
      8,
      'key-unneeded',
    ],
    [
      'of a key that signed already',
      content([signature(THIRD_KEY)]),
      THIRD_KEY.signBytes(digestOf(transfer)),
      by(THIRD_KEY),
      8,
      'key-already-signed',
    ],
    [
      'for a stranger',
      content(),
      THIRD_KEY.signBytes(digestOf(transfer)),
      [...by(THIRD_KEY), '--party', BOB],
      8,
      'party-not-acting',
    ],
    [
      'beside state that is damaged',
      content([], { state: damaged() }),
      THIRD_KEY.signBytes(digestOf(transfer)),
      by(THIRD_KEY),
      4,
      'state-invalid',
    ],
    [
      'that is combined',
      content(),
      THIRD_KEY.signBytes(digestOf(transfer)),
      [...by(THIRD_KEY), '--transaction', HASH, '--combined'],
      2,
      'usage',
    ],
    [
      'with a danger accepted, of which there is none',
      content(),
      THIRD_KEY.signBytes(digestOf(transfer)),
      [...by(THIRD_KEY), '--accept-danger', 'root-foreign-signature'],
      2,
      'usage',
    ],
  ])('refuses a signature %s', (_what, made, bytes, more, status, code) => {
    const at = desk(made)
    at.write('one.sig', bytes)
    refused(at, status, code, ...attach(...more))
  })
})

describe('a signature that does not verify', () => {
  const broken = content([signature(ALICE_KEY), corrupted(signature(SECOND_KEY))])

  test('makes verify end with 4', () => {
    const [status, document] = desk(broken).json('verify', 'in.json')
    expect([status, document.signatures, document.ok]).toEqual([
      4,
      { valid: 1, invalid: 1, unverifiable: 0 },
      false,
    ])
  })

  test('is left out by combine, which names it, and displaces no good one', () => {
    const at = desk(broken)
    at.write('good.json', writePackage(createPackage(content([signature(SECOND_KEY)]))))
    const [status, document] = at.json('combine', 'in.json', 'good.json', '-o', 'out.json')
    expect([status, document.leftOut.length]).toEqual([0, 1])
    expect(document.leftOut[0]?.path).toMatch(/^preparedTransactions\[0\]\.signatures\[[01]\]$/)
    expect(document.transactions.map((one) => one.status)).toEqual(['authorized'])
    at.run('combine', 'good.json', 'in.json', '-o', 'turned.json')
    expect(readFileSync(at.path('turned.json'))).toEqual(readFileSync(at.path('out.json')))
  })

  test('is not exported', () => {
    const at = desk(broken)
    const words = ['export', 'in.json', '--format', 'json-api', '-d', 'execute']
    const [status, document] = at.json(...words)
    expect([status, document.error.code]).toEqual([4, 'signature-invalid'])
    expect(existsSync(at.path('execute'))).toBe(false)
  })
})

describe('a package that says something else than its bytes', () => {
  const text = new TextDecoder().decode(writePackage(createPackage(content())))
  const otherHash = preparedHashHex(ownBytes({ note: 'other' }))

  test.each<[string, string, number, string]>([
    ['another hash', text.replace(HASH, otherHash), 4, 'package-hash-mismatch'],
    ['another scheme', text.replace('"V2"', '"V3"'), 4, 'package-hash-mismatch'],
    ['another party', text.replace(`"${PARTY}"`, `"${BOB}"`), 4, 'package-summary-mismatch'],
    ['another template', text.replace('Assets:Iou', 'Assets:Bond'), 4, 'package-summary-mismatch'],
    ['a later version', text.replace('"version": 2', '"version": 3'), 3, 'package-version'],
    [
      'the earlier version',
      text.replace('"version": 2', '"version": 1'),
      3,
      'package-unknown-property',
    ],
  ])('%s is refused by every command', (_what, file, status, code) => {
    expect(file).not.toBe(text)
    const at = desk()
    at.write('in.json', file)
    for (const words of [
      signWith('alice'),
      ['transaction', ...signWith('alice')],
      ['verify', 'in.json'],
      ['inspect', 'in.json'],
      ['combine', 'in.json', '-o', 'out.json'],
      ['export', 'in.json', '--format', 'json-api', '-d', 'execute'],
    ]) {
      const [ended, document] = at.json(...words)
      expect([words[0], ended, document.error.code]).toEqual([words[0], status, code])
    }
    expect(existsSync(at.path('out.json')) || existsSync(at.path('execute'))).toBe(false)
  })
})

describe('export', () => {
  const exportTo = (at: Desk, format: string): readonly [number | null, Document] =>
    at.json('export', 'in.json', '--format', format, '-d', 'out')

  test.each([
    ['no signature', content()],
    ['one of two signatures', content([signature(ALICE_KEY)])],
    [
      'two, of which one is by a key that counts for nothing',
      content([signature(ALICE_KEY), signature(STRANGER_KEY)], { publicKeys: [STRANGER_KEY.key] }),
    ],
  ])('with %s ends with 6 and writes nothing', (_what, made) => {
    const at = desk(made)
    for (const format of ['json-api', 'grpc']) {
      const [status, document] = exportTo(at, format)
      expect([status, document.error.code]).toEqual([6, 'signatures-missing'])
    }
    expect(existsSync(at.path('out'))).toBe(false)
  })

  test('leaves out a signature that counts for nothing, and says so', () => {
    const signatures = [ALICE_KEY, SECOND_KEY, STRANGER_KEY].map((key) => signature(key))
    const at = desk(content(signatures, { publicKeys: [STRANGER_KEY.key] }))
    const [status, document] = exportTo(at, 'json-api')
    expect([status, document.files]).toEqual([0, ['01-execute.json']])
    expect(document.preparedTransactions).toEqual([{ hash: HASH, hashingScheme: 'V2' }])
    expect(document.remarks.join()).toContain(`${STRANGER_KEY.fingerprint} on ${HASH} is left out`)
    const body = readFileSync(at.path('out/01-execute.json'), 'utf8')
    expect(body).not.toContain(STRANGER_KEY.fingerprint)
    expect(body).toContain('HASHING_SCHEME_VERSION_V2')
  })

  test('holds no character that could change how a terminal shows it', () => {
    const bytes = ownBytes({ note: 'plain \u202e reversed' })
    const signatures = [signature(ALICE_KEY, bytes), signature(SECOND_KEY, bytes)]
    const at = desk(content([], { preparedTransactions: [{ bytes, scheme: 'V2', signatures }] }))
    for (const format of ['json-api', 'grpc']) expect(exportTo(at, format)[0]).toBe(0)
    const text = readFileSync(at.path('out/01-execute-submission.json'), 'utf8')
    expect(text).not.toContain('\u202e')
    expect(text).toContain('plain \\u202e reversed')
  })

  test('without state says that nobody knows whether it suffices', () => {
    const at = desk(content([signature(ALICE_KEY)], { state: [], publicKeys: [ALICE_KEY.key] }))
    const [status, document] = exportTo(at, 'json-api')
    expect([status, document.remarks.join().includes('is not proved')]).toEqual([0, true])
  })

  test.each([
    [['--format', 'console'], 2, 'usage'],
    [['--format', 'cert'], 2, 'usage'],
    [['--format', 'grpc', '--store', 'authorized'], 2, 'usage'],
    [['--format', 'grpc', '--proposal', 'true'], 2, 'usage'],
  ])('of nothing but prepared transactions refuses %j', (more, status, code) => {
    const at = desk(content([signature(ALICE_KEY), signature(SECOND_KEY)]))
    const [ended, document] = at.json('export', 'in.json', ...more, '-d', 'out')
    expect([ended, document.error.code]).toEqual([status, code])
  })

  test('hands on nothing that its judgement refuses', () => {
    const bytes = unsound()
    const signatures = [signature(ALICE_KEY, bytes), signature(SECOND_KEY, bytes)]
    const at = desk(content([], { preparedTransactions: [{ bytes, scheme: 'V2', signatures }] }))
    const [status, document] = exportTo(at, 'json-api')
    expect([status, document.error.code]).toEqual([8, 'prepared-refused'])
    expect(at.run('verify', 'in.json').status).toBe(3)
  })
})

describe('a policy', () => {
  const rule = (lines: string): string => `version: 1\nallow:\n  - name: rent\n${lines}`
  const allowing = rule(`    actAs: ${PARTY}
    action: create
    template: "#assets:Main.Assets:Iou"
    synchronizer: any
    package: any
    informee: any
    content: [create-argument, no-expiry]
    ageSeconds: { most: 3600 }
`)

  test('decides without a question, and names its rule', () => {
    const at = desk(content())
    at.write('policy.yaml', allowing)
    const words = signWith('alice', '--policy', 'policy.yaml').filter((word) => word !== '--yes')
    const [status, { transactions }] = at.json(...words)
    expect([status, transactions.map((one) => one.rule)]).toEqual([0, ['rent']])
    at.write('prepared.bin', transfer)
    const file = [
      'transaction',
      'sign',
      'prepared.bin',
      '--hashing-scheme',
      'v2',
      '--key',
      'alice.key',
    ]
    expect(at.json(...file, '--policy', 'policy.yaml', '-o', 'one.sig')[1]).toMatchObject({
      rule: 'rent',
    })
    expect(readFileSync(at.path('one.sig'))).toHaveLength(64)
  })

  test.each<[string, string]>([
    ['another party', allowing.replace(PARTY, BOB)],
    ['another template', allowing.replace('Assets:Iou', 'Assets:Bond')],
    ['nothing said about who sees it', allowing.replace('    informee: any\n', '')],
    ['a rule for topology', rule('    mapping: partyToParticipant\n    party: any\n')],
    ['a rule that denies', `${allowing}deny:\n  - { name: never, action: create }\n`],
  ])('refuses %s with 8, in a package and in a file, and signs nothing', (_what, policy) => {
    const at = desk(content())
    at.write('policy.yaml', policy)
    refused(at, 8, 'policy-refused', ...signWith('alice', '--policy', 'policy.yaml'))
    at.write('prepared.bin', transfer)
    const file = [
      'transaction',
      'sign',
      'prepared.bin',
      '--hashing-scheme',
      'v2',
      '--key',
      'alice.key',
    ]
    refused(at, 8, 'policy-refused', ...file, '--policy', 'policy.yaml', '-o', 'out.json')
  })
})
