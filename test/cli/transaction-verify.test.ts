/** `transaction verify` through the executable: signatures, thresholds, exit statuses. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { toBase64 } from '../../src/base/bytes.ts'
import { bytesOf, keyTransaction } from '../daml/transactions.ts'
import { fixture, fixtureBytes, fromBase64, fromHex } from '../support/vectors.ts'
import {
  ALICE_KEY,
  files,
  ownBytes,
  PARTY,
  partyState,
  SECOND_KEY,
  STRANGER_KEY,
  THIRD_KEY,
  type Files,
} from './support/prepared.ts'
import { run, runJson } from './support/program.ts'

interface Document {
  readonly signatures: Readonly<Record<'valid' | 'invalid' | 'unverifiable', number>>
  readonly authorization: readonly {
    readonly party: string
    readonly status: string
    readonly signed: readonly string[]
    readonly missing: readonly unknown[]
  }[]
  readonly superfluous: readonly string[]
  readonly ok: boolean
}

type Key = typeof ALICE_KEY

/** A sound transaction with its hash, in a directory of its own. */
function prepared(bytes: Uint8Array = ownBytes()): {
  readonly at: Files
  readonly hash: Uint8Array
} {
  const at = files()
  const path = at.write('prepared.bin', bytes)
  const { document } = runJson(['transaction', 'inspect', path, '--hashing-scheme', 'v2'])
  const { hash } = document as { readonly hash: string | null }
  return { at, hash: fromHex(hash ?? '') }
}

const verifyIn = (at: Files, ...more: readonly string[]): readonly [number | null, Document] => {
  const words = ['transaction', 'verify', 'prepared.bin', '--hashing-scheme', 'v2', ...more]
  const { status, document } = runJson(words, { directory: at.directory })
  return [status, document as Document]
}

const errorCode = (document: unknown): string =>
  (document as { readonly error: { readonly code: string } }).error.code

function signatureFiles(at: Files, hash: Uint8Array, keys: readonly Key[]): readonly string[] {
  return keys.flatMap((key, i) => {
    at.write(`${i}.sig`, key.signBytes(hash))
    return ['--signature', `${i}.sig`]
  })
}

function keyFiles(at: Files, keys: readonly Key[]): readonly string[] {
  return keys.flatMap((key, i) => {
    at.write(`${i}.pub`, key.key.spki)
    return ['--public-key', `${i}.pub`]
  })
}

function stateFiles(at: Files, keys: readonly Key[], threshold: number): readonly string[] {
  return partyState(keys, threshold).flatMap((bytes, i) => {
    at.write(`${i}.state`, bytes)
    return ['--state', `${i}.state`]
  })
}

/** What `transaction sign --party-signatures` writes, with anything in it changed. */
function documentOf(
  hash: Uint8Array,
  key: Key,
  changes: Readonly<Record<string, unknown>> = {},
  entry: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({
    hashingSchemeVersion: 'HASHING_SCHEME_VERSION_V2',
    preparedTransactionHash: toBase64(hash),
    partySignatures: {
      signatures: [
        {
          party: PARTY,
          signatures: [
            {
              format: 'SIGNATURE_FORMAT_CONCAT',
              signature: toBase64(key.signBytes(hash)),
              signedBy: key.fingerprint,
              signingAlgorithmSpec: 'SIGNING_ALGORITHM_SPEC_ED25519',
              ...entry,
            },
          ],
        },
      ],
    },
    ...changes,
  })
}

describe('signatures', () => {
  test('of the vectors are valid over the vectors, though these are refused for signing', () => {
    const { prepared_transaction_signatures: signatures } = fixture('end-to-end/signing.json') as {
      readonly prepared_transaction_signatures: readonly {
        readonly vector_id: string
        readonly hashing_scheme_version: number
        readonly signature_hex: string
      }[]
    }
    const { vectors } = fixture('prepared-transactions/oracle-vectors.json') as {
      readonly vectors: readonly {
        readonly id: string
        readonly prepared_transaction_base64: string
      }[]
    }
    expect(signatures).toHaveLength(6)
    const at = files()
    at.write('key.pub', fixtureBytes('keys/ed25519-a.spki.der'))
    for (const one of signatures) {
      const vector = vectors.find(({ id }) => id === one.vector_id)
      at.write('prepared.bin', fromBase64(vector?.prepared_transaction_base64 ?? ''))
      at.write('one.sig', fromHex(one.signature_hex))
      const { status, stdout } = run(
        [
          ...['transaction', 'verify', 'prepared.bin', '--signature', 'one.sig'],
          ...['--public-key', 'key.pub', '--hashing-scheme', `v${one.hashing_scheme_version}`],
        ],
        { directory: at.directory },
      )
      expect([one.vector_id, status]).toEqual([one.vector_id, 0])
      expect(stdout).toContain('whether they suffice is not decided without --state')
    }
  })

  test('that are damaged, or by another key, are invalid: 4', () => {
    const { at, hash } = prepared()
    const keys = keyFiles(at, [ALICE_KEY])
    const good = ALICE_KEY.signBytes(hash)
    const cases = [
      good.map((byte, i) => (i === 20 ? byte ^ 1 : byte)),
      good.subarray(0, 63),
      new Uint8Array(64),
      STRANGER_KEY.signBytes(hash),
      ALICE_KEY.signBytes(hash.map((byte) => byte ^ 1)),
    ]
    for (const signature of cases) {
      at.write('0.sig', signature)
      const [status, document] = verifyIn(at, '--signature', '0.sig', ...keys)
      expect([status, document.signatures.invalid, document.ok]).toEqual([4, 1, false])
    }
    at.write('0.sig', good)
    expect(verifyIn(at, '--signature', '0.sig', ...keys)[0]).toBe(0)
  })

  test('one invalid among valid ones makes 4', () => {
    const { at, hash } = prepared()
    at.write('bad.sig', new Uint8Array(64).fill(1))
    const [status, document] = verifyIn(
      at,
      ...signatureFiles(at, hash, [ALICE_KEY]),
      ...['--signature', 'bad.sig'],
      ...keyFiles(at, [ALICE_KEY]),
    )
    expect([status, document.signatures]).toEqual([4, { valid: 1, invalid: 1, unverifiable: 0 }])
  })

  test('without any key at hand are unverifiable: 6', () => {
    const { at, hash } = prepared()
    const [status, document] = verifyIn(at, ...signatureFiles(at, hash, [ALICE_KEY]))
    expect([status, document.signatures.unverifiable]).toEqual([6, 1])
  })

  test('are required', () => {
    const { at } = prepared()
    const [status, document] = verifyIn(at, ...keyFiles(at, [ALICE_KEY]))
    expect([status, errorCode(document)]).toEqual([2, 'usage'])
  })

  test('over a transaction without a single hash cannot be verified: 3', () => {
    const { at } = prepared(bytesOf(keyTransaction()))
    at.write('0.sig', new Uint8Array(64))
    const [status, document] = verifyIn(at, '--signature', '0.sig')
    expect([status, errorCode(document)]).toEqual([3, 'prepared-hash-undetermined'])
  })
})

describe('documents', () => {
  const { at, hash } = prepared()
  const keys = keyFiles(at, [ALICE_KEY])
  const verifyDocument = (text: string): readonly [number | null, Document] => {
    at.write('document.json', text)
    return verifyIn(at, '--signature', 'document.json', ...keys)
  }

  test('are verified with the key that they name', () => {
    const [status, document] = verifyDocument(documentOf(hash, ALICE_KEY))
    expect([status, document.signatures.valid]).toEqual([0, 1])
  })

  test.each<[string, string, number, Partial<Document['signatures']>]>([
    ['a key that is not at hand', documentOf(hash, STRANGER_KEY), 6, { unverifiable: 1 }],
    [
      'another key than signed',
      documentOf(hash, STRANGER_KEY, {}, { signedBy: ALICE_KEY.fingerprint }),
      4,
      { invalid: 1 },
    ],
    [
      'another format',
      documentOf(hash, ALICE_KEY, {}, { format: 'SIGNATURE_FORMAT_DER' }),
      4,
      { invalid: 1 },
    ],
    [
      'another algorithm',
      documentOf(
        hash,
        ALICE_KEY,
        {},
        { signingAlgorithmSpec: 'SIGNING_ALGORITHM_SPEC_EC_DSA_SHA_256' },
      ),
      4,
      { invalid: 1 },
    ],
  ])('that name %s', (_what, text, status, signatures) => {
    const [found, document] = verifyDocument(text)
    expect(found).toBe(status)
    expect(document.signatures).toMatchObject(signatures)
  })

  test.each<[string, string, number, string]>([
    [
      'the hash of another transaction',
      documentOf(
        hash.map((byte) => byte ^ 1),
        ALICE_KEY,
      ),
      4,
      'prepared-hash-mismatch',
    ],
    [
      'another scheme',
      documentOf(hash, ALICE_KEY, { hashingSchemeVersion: 'HASHING_SCHEME_VERSION_V3' }),
      2,
      'hashing-scheme-differs',
    ],
    ['an unknown member', documentOf(hash, ALICE_KEY, { comment: 'x' }), 3, 'party-signatures'],
    [
      'an unknown member of a signature',
      documentOf(hash, ALICE_KEY, {}, { delegation: 'x' }),
      3,
      'party-signatures',
    ],
    [
      'no prefix before the format',
      documentOf(hash, ALICE_KEY, {}, { format: 'CONCAT' }),
      3,
      'party-signatures',
    ],
    ['no base64', documentOf(hash, ALICE_KEY, {}, { signature: '!!' }), 3, 'party-signatures'],
    [
      'no scheme that exists',
      documentOf(hash, ALICE_KEY, { hashingSchemeVersion: 'V9' }),
      3,
      'party-signatures',
    ],
    ['no end', documentOf(hash, ALICE_KEY).slice(0, -1), 3, 'party-signatures'],
  ])('with %s are refused', (_what, text, status, code) => {
    const [found, document] = verifyDocument(text)
    expect([found, errorCode(document)]).toEqual([status, code])
  })
})

test('a bare signature that begins like a document is a signature', () => {
  const { at, hash } = prepared()
  let pair = generateKeyPairSync('ed25519')
  while (sign(null, hash, pair.privateKey)[0] !== 0x7b) pair = generateKeyPairSync('ed25519')
  at.write('0.sig', new Uint8Array(sign(null, hash, pair.privateKey)))
  at.write('0.pub', new Uint8Array(pair.publicKey.export({ format: 'der', type: 'spki' })))
  const [, document] = verifyIn(at, '--signature', '0.sig', '--public-key', '0.pub')
  expect(document.signatures).toEqual({ valid: 1, invalid: 0, unverifiable: 0 })
})

describe('the threshold of the party', () => {
  const keys = [ALICE_KEY, SECOND_KEY, THIRD_KEY]

  test.each<[string, readonly Key[], number, string, readonly Key[]]>([
    ['one of two that are needed', [ALICE_KEY], 6, 'incomplete', [SECOND_KEY, THIRD_KEY]],
    ['one key twice', [ALICE_KEY, ALICE_KEY], 6, 'incomplete', [SECOND_KEY, THIRD_KEY]],
    ['two', [ALICE_KEY, THIRD_KEY], 0, 'authorized', []],
    ['all three', keys, 0, 'authorized', []],
  ])('is counted with %s', (_what, signers, status, standing, missing) => {
    const { at, hash } = prepared()
    const [found, document] = verifyIn(
      at,
      ...signatureFiles(at, hash, signers),
      ...stateFiles(at, keys, 2),
    )
    expect([found, document.ok]).toEqual([status, status === 0])
    const fingerprints = (list: readonly Key[]): readonly string[] =>
      [...new Set(list.map(({ fingerprint }) => fingerprint))].sort()
    expect(document.authorization).toMatchObject([
      {
        party: PARTY,
        status: standing,
        signed: fingerprints(signers),
        missing:
          missing.length === 0
            ? []
            : [{ party: PARTY, need: 1, of: 2, anyOf: fingerprints(missing) }],
      },
    ])
  })

  test('is not reached by a valid signature of a key that the party does not list', () => {
    const { at, hash } = prepared()
    const [status, document] = verifyIn(
      at,
      ...signatureFiles(at, hash, [ALICE_KEY, STRANGER_KEY]),
      ...keyFiles(at, [STRANGER_KEY]),
      ...stateFiles(at, keys, 2),
    )
    expect([status, document.signatures.valid]).toEqual([6, 2])
    expect(document.superfluous).toEqual([STRANGER_KEY.fingerprint])
  })

  test('is unknown where the state does not prove it: 6', () => {
    const { at, hash } = prepared()
    const [root] = stateFiles(at, keys, 2).slice(1)
    const [status, document] = verifyIn(
      at,
      ...signatureFiles(at, hash, [ALICE_KEY]),
      ...keyFiles(at, [ALICE_KEY]),
      ...['--state', root ?? ''],
    )
    expect([status, document.authorization[0]?.status]).toEqual([6, 'unknown'])
  })

  test('names who is missing, to people', () => {
    const { at, hash } = prepared()
    const words = ['transaction', 'verify', 'prepared.bin', '--hashing-scheme', 'v2']
    const more = [...signatureFiles(at, hash, [ALICE_KEY]), ...stateFiles(at, keys, 2)]
    const { status, stdout } = run([...words, ...more], { directory: at.directory })
    expect(status).toBe(6)
    expect(stdout).toContain(`incomplete: ${PARTY}`)
    expect(stdout).toContain('1 more of the 2 signatures it needs')
    expect(stdout).toContain(SECOND_KEY.fingerprint)
    expect(stdout).toContain(`signed by ${ALICE_KEY.fingerprint}`)
  })
})
