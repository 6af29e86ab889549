/** `transaction inspect`, and `inspect` of prepared transactions, through the executable. */
import { describe, expect, test } from 'vitest'
import { concatBytes, toBase64 } from '../../src/base/bytes.ts'
import { MAX_PREPARED_TRANSACTION_BYTES } from '../../src/daml/prepared-transaction.ts'
import type { Exercise } from '../../src/wire/generated/schema.ts'
import {
  ALICE,
  BANK,
  bytesOf,
  createTransaction,
  exercise,
  exerciseTransaction,
  input,
  INPUT_ID,
  inputCreate,
  keyTransaction,
  metadata,
  NEW_ID,
  placedNode,
  seed,
  text,
} from '../daml/transactions.ts'
import { fixture, fixtureBytes, fromBase64, fromHex } from '../support/vectors.ts'
import { answer, files, ownBytes } from './support/prepared.ts'
import { run, runJson } from './support/program.ts'

interface Vector {
  readonly id: string
  readonly hashing_scheme_version: number
  readonly prepared_transaction_base64: string
  readonly transaction_hash: string
  readonly metadata_hash: string
  readonly hash: string
}

interface Document {
  readonly kind: string
  readonly hashingScheme: string | null
  readonly hash: string | null
  readonly transactionHash: string | null
  readonly metadataHash: string | null
  readonly refusals: readonly { readonly code: string; readonly path: string }[]
  readonly warnings: readonly { readonly code: string }[]
  readonly dangers: readonly { readonly code: string }[]
  readonly schemes?: readonly Document[]
  readonly nodes: readonly unknown[]
}

const { vectors } = fixture('prepared-transactions/oracle-vectors.json') as {
  readonly vectors: readonly Vector[]
}
const [vector] = vectors as readonly [Vector, ...Vector[]]
const vectorBytes = fromBase64(vector.prepared_transaction_base64)

const inspectJson = (path: string, ...options: readonly string[]): [number | null, Document] => {
  const { status, document } = runJson(['transaction', 'inspect', path, ...options])
  return [status, document as Document]
}

const errorOf = (...args: readonly string[]): readonly [number | null, string] => {
  const { status, document } = runJson(args)
  return [status, (document as { error: { code: string } }).error.code]
}

const codes = (list: readonly { readonly code: string }[]): readonly string[] =>
  list.map(({ code }) => code)

describe('hashes', () => {
  test('of all vectors are those of the reference scripts, and the answers with them are believed', () => {
    const { write } = files()
    const paths = vectors.map((one) => {
      const scheme = `V${one.hashing_scheme_version}`
      const bytes = fromBase64(one.prepared_transaction_base64)
      return write(`${one.id}.json`, answer(bytes, fromHex(one.hash), scheme))
    })
    expect(paths).toHaveLength(50)
    const { status, document } = runJson(['inspect', ...paths])
    expect(status).toBe(0)
    expect(
      (document as readonly Document[]).map((one) => [
        one.kind,
        one.hashingScheme,
        one.hash,
        one.transactionHash,
        one.metadataHash,
      ]),
    ).toEqual(
      vectors.map((one) => [
        'prepared-transaction',
        `V${one.hashing_scheme_version}`,
        one.hash,
        one.transaction_hash,
        one.metadata_hash,
      ]),
    )
  })

  test('are the same for every form of one transaction', () => {
    const { write } = files()
    const base64 = toBase64(vectorBytes)
    const scheme = `V${vector.hashing_scheme_version}`
    const forms = {
      'prepared.bin': vectorBytes,
      'one-line.txt': base64,
      'lines.txt': `${base64.replace(/.{76}/g, '$&\n')}\n`,
      'dos.txt': `${base64.replace(/.{64}/g, '$&\r\n')}\r\n`,
      'answer.json': answer(vectorBytes, fromHex(vector.hash), scheme),
    }
    for (const [name, content] of Object.entries(forms)) {
      const [status, { hash }] = inspectJson(write(name, content), '--hashing-scheme', scheme)
      expect([name, status, hash]).toEqual([name, 0, vector.hash])
    }
  })

  test('are given under both schemes, and none is chosen, where none is named', () => {
    const { write } = files()
    const path = write('prepared.bin', ownBytes())
    const [status, document] = inspectJson(path)
    expect(status).toBe(0)
    expect([document.hashingScheme, document.hash]).toEqual([null, null])
    expect(document.refusals).toEqual([])
    const each = ['v2', 'v3'].map((scheme) => inspectJson(path, '--hashing-scheme', scheme)[1].hash)
    expect(new Set(each).size).toBe(2)
    expect(document.schemes?.map(({ hashingScheme, hash }) => [hashingScheme, hash])).toEqual([
      ['V2', each[0]],
      ['V3', each[1]],
    ])
    const shown = run(['transaction', 'inspect', path]).stdout
    for (const hash of each) expect(shown).toContain(hash ?? 'none')
  })

  test('are refused under a scheme that others cannot agree on, and still every byte is placed', () => {
    const { write } = files()
    const path = write('keys.bin', bytesOf(keyTransaction()))
    const [status, document] = inspectJson(path, '--hashing-scheme', 'v2')
    expect([status, document.hash]).toEqual([0, null])
    expect(codes(document.refusals)).toContain('query-not-in-scheme')
    expect(run(['transaction', 'inspect', path, '--hashing-scheme', 'v2']).stdout).toContain(
      'not determined',
    )
  })
})

describe('the scheme', () => {
  const { write } = files()
  const prepared = write('prepared.bin', ownBytes())

  test.each([
    ['v4', 3, 'hashing-scheme-unsupported'],
    ['V1', 3, 'hashing-scheme-unsupported'],
    ['2', 2, 'hashing-scheme-unknown'],
    ['v22', 2, 'hashing-scheme-unknown'],
  ])('%s exits with %i', (scheme, status, code) => {
    expect(errorOf('transaction', 'inspect', prepared, '--hashing-scheme', scheme)).toEqual([
      status,
      code,
    ])
  })

  test('of the command line may not differ from the one the file says', () => {
    const path = write('answer.json', answer(vectorBytes, fromHex(vector.hash), 'V2'))
    expect(errorOf('transaction', 'inspect', path, '--hashing-scheme', 'v3')).toEqual([
      2,
      'hashing-scheme-differs',
    ])
  })

  test('V4 in an answer is refused by name', () => {
    const path = write('v4.json', answer(vectorBytes, fromHex(vector.hash), 'V4'))
    expect(errorOf('transaction', 'inspect', path)).toEqual([3, 'hashing-scheme-unsupported'])
  })
})

describe('an answer of a prepare call', () => {
  const hash = fromHex(vector.hash)
  const good = answer(vectorBytes, hash, 'V2')

  test('whose hash is another ends with 4, whichever scheme is meant', () => {
    const { write } = files()
    const other = hash.map((byte, i) => (i === 31 ? byte ^ 1 : byte))
    const path = write('lies.json', answer(vectorBytes, other, 'V2'))
    expect(errorOf('transaction', 'inspect', path)).toEqual([4, 'prepared-hash-mismatch'])
    expect(errorOf('inspect', path)).toEqual([4, 'prepared-hash-mismatch'])
    const unsaid = write(
      'unsaid.json',
      answer(vectorBytes, other, 'V2', { hashingSchemeVersion: null }),
    )
    expect(errorOf('transaction', 'inspect', unsaid)).toEqual([4, 'prepared-hash-mismatch'])
  })

  test('whose hash belongs to the other scheme ends with 4', () => {
    const { write } = files()
    const path = write('wrong.json', answer(vectorBytes, hash, 'V3'))
    expect(errorOf('transaction', 'inspect', path)).toEqual([4, 'prepared-hash-mismatch'])
  })

  test('without a hash or a scheme is read as far as it goes', () => {
    const { write } = files()
    const more = { preparedTransactionHash: null, hashingSchemeVersion: null }
    const path = write('bare.json', answer(vectorBytes, hash, 'V2', more))
    const [status, document] = inspectJson(path, '--hashing-scheme', 'v2')
    expect([status, document.hash]).toEqual([0, vector.hash])
  })

  test.each([
    ['no transaction', good.replace('"preparedTransaction"', '"prepared"'), 'prepare-answer'],
    [
      'a message in place of its bytes',
      JSON.stringify({ preparedTransaction: { transaction: {} } }),
      'prepare-answer',
    ],
    [
      'a hash of 34 bytes',
      answer(vectorBytes, concatBytes(Uint8Array.of(0x12, 0x20), hash), 'V2'),
      'prepare-answer',
    ],
    ['an unknown scheme', answer(vectorBytes, hash, 'UNSPECIFIED'), 'prepare-answer'],
    ['one member twice', good.replace('{', `{"preparedTransaction":"AAAA",`), 'prepare-answer'],
    ['something behind its end', `${good}x`, 'prepare-answer'],
    ['no end', good.slice(0, -1), 'prepare-answer'],
    ['base64 with a stray character', good.replace('"preparedTransaction":"', '$&-'), 'bad-base64'],
  ])('with %s is malformed', (_what, content, code) => {
    const { write } = files()
    expect(errorOf('transaction', 'inspect', write('answer.json', content))).toEqual([3, code])
  })
})

describe('what is no prepared transaction', () => {
  const multihash = concatBytes(Uint8Array.of(0x12, 0x20), new Uint8Array(32).fill(7))

  test.each<[string, Uint8Array | string, string]>([
    ['nothing', '', 'file-empty'],
    ['a multihash', multihash, 'file-kind'],
    ['a bare hash of 32 bytes', new Uint8Array(32).fill(7), 'file-kind'],
    ['a public key', fixtureBytes('keys/ed25519-a.spki.der'), 'file-kind'],
    ['some other JSON', '{"format":"something else"}', 'package-format'],
    ['a package of no version', '{"format":"cantosign-package"}', 'package-version'],
    ['text', 'hello, this is a note\n', 'file-unrecognised'],
    ['a transaction that breaks off', ownBytes().subarray(0, 300), 'truncated'],
    ['base64 that breaks off', toBase64(ownBytes()).slice(0, 399), 'bad-base64'],
  ])('%s is refused', (_what, content, code) => {
    const { write } = files()
    const path = write('file', content)
    expect(errorOf('transaction', 'inspect', path, '--hashing-scheme', 'v2')).toEqual([3, code])
  })

  test('a transaction above the limit is refused, also as base64', () => {
    const { write } = files()
    const bytes = ownBytes({ note: 'x'.repeat(MAX_PREPARED_TRANSACTION_BYTES) })
    for (const content of [bytes, toBase64(bytes)]) {
      const path = write('large', content)
      expect(errorOf('transaction', 'inspect', path, '--hashing-scheme', 'v2')).toEqual([
        3,
        'limit-exceeded',
      ])
    }
  })

  test('a transaction is read as far as the limit was raised', () => {
    const { write } = files()
    const bytes = ownBytes({ note: 'x'.repeat(MAX_PREPARED_TRANSACTION_BYTES) })
    const binary = write('binary', bytes)
    const limit = (most: number): readonly string[] => ['--limit', `prepared-bytes=${most}`]
    for (const path of [binary, write('base64', toBase64(bytes))]) {
      const [status, { kind }] = inspectJson(path, ...limit(bytes.length))
      expect([status, kind]).toEqual([0, 'prepared-transaction'])
    }
    for (const command of [['inspect'], ['transaction', 'inspect'], ['transaction', 'package']]) {
      const more = command[1] === 'package' ? ['-o', 'out'] : []
      const [status, code] = errorOf(...command, binary, ...limit(bytes.length - 1), ...more)
      expect([command, status, code]).toEqual([command, 3, 'limit-exceeded'])
    }
  })

  test('topology files of every vector are not taken for one', () => {
    const { write } = files()
    const { transactions } = fixture('synthetic-topology/transactions.json') as {
      readonly transactions: readonly { readonly transaction_base64: string }[]
    }
    const { cases } = fixture('namespace-delegations/reference-script-certificates.json') as {
      readonly cases: readonly {
        readonly prepared_transaction_hex: string
        readonly certificate_hex: string
      }[]
    }
    const contents = [
      ...transactions.map((one) => fromBase64(one.transaction_base64)),
      ...cases.flatMap((one) => [
        fromHex(one.prepared_transaction_hex),
        fromHex(one.certificate_hex),
      ]),
    ]
    expect(contents.length).toBeGreaterThan(50)
    const paths = contents.map((content, i) => write(`${i}.bin`, content))
    const { document } = runJson(['inspect', ...paths])
    const kinds = (document as readonly { readonly kind?: string }[]).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind?.includes('topology-transaction') !== true)).toEqual([])
  })
})

describe('adversarial transactions', () => {
  const { cases } = fixture('prepared-transactions/adversarial.json') as {
    readonly cases: readonly {
      readonly name: string
      readonly prepared_transaction_base64: string
    }[]
  }

  test('are all recognised, placed and refused', () => {
    const { write } = files()
    const some = cases.filter(({ name }) => name !== 'empty-bytes')
    expect(some).toHaveLength(33)
    const paths = some.map((one) =>
      write(`${one.name}.bin`, fromBase64(one.prepared_transaction_base64)),
    )
    const { status, document } = runJson(['inspect', ...paths])
    expect(status).toBe(0)
    const reports = document as readonly Document[]
    reports.forEach(({ kind, refusals }, i) => {
      expect([some[i]?.name, kind]).toEqual([some[i]?.name, 'prepared-transaction'])
      expect(refusals.length, some[i]?.name).toBeGreaterThan(0)
      for (const { code, path } of refusals) expect(typeof code + typeof path).toBe('stringstring')
    })
  })

  test('a refusal is named with its place, to people and to scripts', () => {
    const { write } = files()
    const one = cases.find(({ name }) => name === 'unreachable-node')
    const path = write('case.bin', fromBase64(one?.prepared_transaction_base64 ?? ''))
    const [, document] = inspectJson(path, '--hashing-scheme', 'v2')
    const found = document.refusals.find(({ code }) => code === 'unreachable-node')
    expect(found?.path).toMatch(/^transaction\.nodes\[\d+\]/)
    const shown = run(['transaction', 'inspect', path, '--hashing-scheme', 'v2']).stdout
    expect(shown).toContain('unreachable-node (refused)')
    expect(shown).toContain(found?.path ?? 'no path')
  })
})

describe('what a person reads', () => {
  const shown = (bytes: Uint8Array, scheme = 'v2'): string => {
    const { write } = files()
    const path = write('prepared.bin', bytes)
    const { status, stdout } = run(['transaction', 'inspect', path, '--hashing-scheme', scheme])
    expect(status).toBe(0)
    return stdout
  }
  /** Without line breaks, so that sentences can be looked for. */
  const flat = (text: string): string => text.replace(/\s+/g, ' ')

  test('begins with the sentence, before the hash and the tree', () => {
    const text = shown(bytesOf(exerciseTransaction()))
    const sentence = text.indexOf('exercises the consuming choice Transfer')
    expect(sentence).toBeGreaterThan(0)
    expect(sentence).toBeLessThan(text.indexOf('\nhash '))
    expect(text.indexOf('\nhash ')).toBeLessThan(text.indexOf('what it does, in order'))
    expect(text).toContain('nothing in it keeps it from being signed')
  })

  test('tells a create: who, what, which parties, which argument', () => {
    const text = flat(shown(bytesOf(createTransaction())))
    expect(text).toContain(
      'alice::1220abababab…abababab creates contract 003333333333…33333333 of assets:Main.Assets:Iou',
    )
    expect(text).toContain('amount: -12.50')
    expect(text).toContain('observers: bank::1220abababab…abababab')
    expect(text).toContain(`contract 003333333333…33333333 ${NEW_ID}`)
    expect(text).toContain(`party alice::1220abababab…abababab ${ALICE}`)
  })

  test('tells a consuming exercise, a fetch, a create below it and a rollback', () => {
    const whole = shown(bytesOf(exerciseTransaction()))
    const text = flat(whole)
    expect(text).toContain('which archives it')
    expect(text).toContain(
      'node 1: alice::1220abababab…abababab fetches contract 002222222222…77777777',
    )
    expect(text).toContain('node 2: creates contract 003333333333…33333333')
    expect(text).toContain('node 3: what follows below is rolled back')
    expect(text).toContain(
      'node 4: rolled back: alice::1220abababab…abababab exercises the non-consuming choice Probe',
    )
    expect(whole).toMatch(/^ {2}node 0: /m)
    expect(whole).toMatch(/^ {4}node 1: /m)
    expect(whole).toMatch(/^ {6}node 4: /m)
  })

  test('tells input contracts, submission, who sees it, packages and what is not signed', () => {
    const text = flat(shown(bytesOf(exerciseTransaction())))
    expect(text).toContain(`contract 001111111111…77777777 ${INPUT_ID}`)
    expect(text).toContain('command id: transfer-1')
    expect(text).toContain('transaction uuid: 4c6471d3-4e09-49dd-addf-6cd90e19c583')
    expect(text).toContain(`parties that get to see a part of it ${ALICE} ${BANK}`)
    expect(text).toContain('not covered by any signature')
    expect(text).toContain('note executable-by-others')
  })

  test('holds no control or bidirectional character of the file, and no line that a text could forge', () => {
    const evil = 'a\u001b[2Jb\u202ec\nhash        0000\r\u0007'
    const out = shown(bytesOf(createTransaction({ argument: text(evil) })))
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202e]/)
    expect(out).not.toMatch(/^hash {8}0000/m)
    expect(out).toContain('\\u{1b}[2Jb\\u{202e}c\\u{a}hash')
  })

  test('is bounded for a tree of 10,000 nodes, one below the other', () => {
    const { write } = files()
    const count = 10_000
    const child = (i: number): Exercise =>
      exercise({
        consuming: false,
        children: i + 1 < count ? [String(i + 1)] : [],
        exerciseResult: undefined,
        choiceObservers: [],
      })
    const path = write(
      'deep.bin',
      bytesOf({
        transaction: {
          version: '2.1',
          roots: ['0'],
          nodes: Array.from({ length: count }, (_unused, i) =>
            placedNode(String(i), { $case: 'exercise', value: child(i) }),
          ),
          nodeSeeds: Array.from({ length: count }, (_unused, i) => seed(i)),
        },
        metadata: metadata({ inputContracts: [input(inputCreate())] }),
      }),
    )
    const { status, stdout } = run(['transaction', 'inspect', path, '--hashing-scheme', 'v2'])
    expect(status).toBe(0)
    expect(stdout).toContain('node 9999: depth 9999: ')
    expect(stdout.length).toBeLessThan(20_000_000)
    const [, document] = inspectJson(path, '--hashing-scheme', 'v2')
    expect(document.nodes).toHaveLength(count)
    expect(document.hash).toMatch(/^[0-9a-f]{64}$/)
  })
})

describe('what the clock says', () => {
  const HOUR = 3_600_000_000n
  const now = BigInt(Date.now()) * 1000n
  const clockCodes = (bytes: Uint8Array, scheme = 'v2'): readonly string[] => {
    const { write } = files()
    const [status, document] = inspectJson(write('p.bin', bytes), '--hashing-scheme', scheme)
    expect(status).toBe(0)
    expect(document.refusals).toEqual([])
    const watched = ['prepared-in-future', 'prepared-long-ago', 'time-over']
    return codes(document.dangers).filter((code) => watched.includes(code))
  }

  test('is nothing for a transaction prepared just now', () => {
    expect(clockCodes(ownBytes())).toEqual([])
    expect(clockCodes(ownBytes({ preparationTime: now - 23n * HOUR }))).toEqual([])
  })

  test('names a preparation in the future or more than 24 hours ago, and refuses neither', () => {
    expect(clockCodes(ownBytes({ preparationTime: now + HOUR }))).toEqual(['prepared-in-future'])
    expect(clockCodes(ownBytes({ preparationTime: now - 25n * HOUR }))).toEqual([
      'prepared-long-ago',
    ])
  })

  test('names a ledger time that has passed', () => {
    const bytes = ownBytes({ maxLedgerEffectiveTime: now - HOUR })
    expect(clockCodes(bytes)).toEqual(['time-over'])
    expect(clockCodes(ownBytes({ maxLedgerEffectiveTime: now + HOUR }))).toEqual([])
  })
})

describe('the latest record time', () => {
  test('has passed or not under V3 alone: under V2 it is none', () => {
    const { write } = files()
    const sound = exerciseTransaction()
    const passed = { ...sound, metadata: metadata({ ...sound.metadata, maxRecordTime: 1n }) }
    const path = write('p.bin', bytesOf(passed))
    const dangersOf = (scheme: string): readonly string[] =>
      codes(inspectJson(path, '--hashing-scheme', scheme)[1].dangers)
    const count = (scheme: string): number =>
      dangersOf(scheme).filter((code) => code === 'time-over').length
    // Its latest ledger time has passed as well.
    expect([count('v2'), count('v3')]).toEqual([1, 2])
  })
})

describe('commands about topology', () => {
  test.each([
    ['hash', ['FILE']],
    ['verify', ['FILE']],
    ['export', ['FILE', '--format', 'hash', '-d', 'out']],
    ['sign', ['FILE', '--key', 'key.der', '--yes', '-o', 'out']],
    ['sign', ['FILE', '--key', 'key.der', '--yes', '--detached', '-o', 'out']],
  ])('%s refuses a prepared transaction and names the commands for it', (command, rest) => {
    const { directory, write } = files()
    const path = write('prepared.bin', ownBytes())
    const args = rest.map((one) => (one === 'FILE' ? path : one))
    const { status, stderr } = run([command, ...args], { directory })
    expect(status).toBe(3)
    expect(stderr).toContain('[file-kind]')
    expect(stderr).toContain('transaction sign')
  })
})
