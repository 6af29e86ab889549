/** `transaction sign` through the executable: what is signed, what is refused, what is asked. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { concatBytes, parseHex } from '../../src/base/bytes.ts'
import { readSignedTransaction } from '../../src/topology/signed-transaction.ts'
import { BANK } from '../daml/transactions.ts'
import { signedBytes } from '../package/support.ts'
import { fixture, fixtureBytes, fromBase64 } from '../support/vectors.ts'
import {
  ALICE_KEY,
  answer,
  files,
  ownBytes,
  PARTY,
  partyState,
  pkcs8,
  SECOND_KEY,
  STRANGER_KEY,
  THIRD_KEY,
  type Files,
} from './support/prepared.ts'
import { run, runAtTerminal, runJson, type RunResult } from './support/program.ts'

const SEED = 11
const STRANGER_SEED = 66

interface Signing {
  readonly at: Files
  readonly args: readonly string[]
}

/** A sound transaction and the key of its party, with the command line to sign it. */
function signing(bytes: Uint8Array = ownBytes(), seed: number = SEED): Signing {
  const at = files()
  at.write('prepared.bin', bytes)
  at.write('key.der', pkcs8(seed))
  const args = ['transaction', 'sign', 'prepared.bin', '--key', 'key.der', '-o', 'out']
  return { at, args: [...args, '--hashing-scheme', 'v2'] }
}

const signIn = ({ at, args }: Signing, ...more: readonly string[]): RunResult =>
  run([...args, ...more], { directory: at.directory })

function hashOf(at: Files, scheme = 'v2'): Uint8Array {
  const path = at.path('prepared.bin')
  const { document } = runJson(['transaction', 'inspect', path, '--hashing-scheme', scheme])
  return parseHex((document as { readonly hash: string }).hash)
}

const written = (at: Files): Uint8Array => new Uint8Array(readFileSync(at.path('out')))
const codeIn = (stderr: string): string => / \[([a-z][a-z0-9-]+)\]$/m.exec(stderr)?.[1] ?? stderr

function refusedWith(result: RunResult, at: Files, status: number, code: string): void {
  expect([result.status, codeIn(result.stderr)]).toEqual([status, code])
  expect(existsSync(at.path('out'))).toBe(false)
}

describe('the signature', () => {
  const key = createPrivateKey({ key: Buffer.from(pkcs8(SEED)), format: 'der', type: 'pkcs8' })

  test.each([[[]], [['--detached']]])('is over the bare 32 bytes of the hash (%j)', (more) => {
    const one = signing()
    const result = signIn(one, '--yes', ...more)
    expect([result.status, result.stderr.includes('signed ')]).toEqual([0, true])
    const hash = hashOf(one.at)
    expect(hash).toHaveLength(32)
    // Ed25519 makes one signature only, so node:crypto has to come to the same bytes.
    expect(written(one.at)).toEqual(new Uint8Array(sign(null, hash, key)))
    const multihash = concatBytes(Uint8Array.of(0x12, 0x20), hash)
    expect(verify(null, multihash, createPublicKey(key), written(one.at))).toBe(false)
  })

  test.each([
    ['P-256', 'sha256', 'EC_DSA_SHA_256'],
    ['P-384', 'sha384', 'EC_DSA_SHA_384'],
    ['secp256k1', 'sha256', 'EC_DSA_SHA_256'],
  ])('by a %s key is DER over the %s of the 32 bytes', (namedCurve, digest, algorithm) => {
    const pair = generateKeyPairSync('ec', { namedCurve })
    const one = signing()
    one.at.write('ec.der', new Uint8Array(pair.privateKey.export({ format: 'der', type: 'pkcs8' })))
    const args = one.args.map((word) => (word === 'key.der' ? 'ec.der' : word))
    const { status, document } = runJson([...args, '--yes'], { directory: one.at.directory })
    expect(status).toBe(0)
    expect(document).toMatchObject({ algorithm, format: 'DER', hashingScheme: 'V2', output: 'out' })
    expect(verify(digest, hashOf(one.at), pair.publicKey, written(one.at))).toBe(true)
  })

  test('under V3 is over another hash than under V2', () => {
    const one = signing()
    const args = one.args.map((word) => (word === 'v2' ? 'v3' : word))
    expect(run([...args, '--yes'], { directory: one.at.directory }).status).toBe(0)
    expect(verify(null, hashOf(one.at, 'v3'), createPublicKey(key), written(one.at))).toBe(true)
    expect(verify(null, hashOf(one.at, 'v2'), createPublicKey(key), written(one.at))).toBe(false)
  })

  test('takes the scheme from an answer that says it', () => {
    const at = files()
    const bytes = ownBytes()
    at.write('prepared.bin', bytes)
    const hash = hashOf(at)
    at.write('answer.json', answer(bytes, hash, 'V2'))
    at.write('key.der', pkcs8(SEED))
    const words = ['transaction', 'sign', 'answer.json', '--key', 'key.der', '-o', 'out', '--yes']
    expect(run(words, { directory: at.directory }).status).toBe(0)
    expect(written(at)).toEqual(new Uint8Array(sign(null, hash, key)))
  })

  test('as a document has the members that execute takes', () => {
    const one = signing()
    expect(signIn(one, '--yes', '--party-signatures').status).toBe(0)
    const hash = hashOf(one.at)
    expect(JSON.parse(new TextDecoder().decode(written(one.at)))).toEqual({
      hashingSchemeVersion: 'HASHING_SCHEME_VERSION_V2',
      preparedTransactionHash: Buffer.from(hash).toString('base64'),
      partySignatures: {
        signatures: [
          {
            party: PARTY,
            signatures: [
              {
                format: 'SIGNATURE_FORMAT_CONCAT',
                signature: sign(null, hash, key).toString('base64'),
                signedBy: ALICE_KEY.fingerprint,
                signingAlgorithmSpec: 'SIGNING_ALGORITHM_SPEC_ED25519',
              },
            ],
          },
        ],
      },
    })
  })
})

describe('what is shown before it', () => {
  test('is the sentence, the hash with its words, the tree, the dangers and the key', () => {
    const { stderr } = signIn(signing(), '--yes')
    for (const part of [
      'creates contract 003333333333…33333333',
      '\nhash        ',
      '\nin words    ',
      'what it does, in order',
      'note executable-by-others',
      `with the key    ${ALICE_KEY.fingerprint}`,
    ]) {
      expect(stderr).toContain(part)
    }
  })

  test('is nothing with --quiet, and with --json one document on standard output', () => {
    expect(signIn(signing(), '--yes', '--quiet').stderr).toBe('')
    const one = signing()
    const { document } = runJson([...one.args, '--yes'], { directory: one.at.directory })
    expect(document).toMatchObject({
      signedBy: ALICE_KEY.fingerprint,
      algorithm: 'ED25519',
      format: 'CONCAT',
    })
  })
})

describe('the confirmation', () => {
  test('is the end of the hash, typed', async () => {
    const one = signing()
    const hash = Buffer.from(hashOf(one.at)).toString('hex')
    const { status, screen } = await runAtTerminal(
      one.args,
      [{ prompt: 'to sign: ', answer: `${hash.slice(-8)}\r` }],
      { directory: one.at.directory },
    )
    expect(status).toBe(0)
    expect(screen).toContain(`sign ${hash}`)
    expect(written(one.at)).toHaveLength(64)
  })

  test('that is anything else ends with 8, and nothing is written', async () => {
    const one = signing()
    const result = await runAtTerminal(one.args, [{ prompt: 'to sign: ', answer: 'yes\r' }], {
      directory: one.at.directory,
    })
    refusedWith(result, one.at, 8, 'declined')
  })

  test('without a terminal and without --yes ends with 2', () => {
    const one = signing()
    refusedWith(signIn(one), one.at, 2, 'no-terminal')
  })
})

describe('the judgement', () => {
  const { cases } = fixture('prepared-transactions/adversarial.json') as {
    readonly cases: readonly {
      readonly name: string
      readonly hashing_scheme_version: number
      readonly prepared_transaction_base64: string
    }[]
  }

  test.each([
    'duplicate-parties',
    'unreachable-node',
    'unknown-field-in-node',
    'v2-node-with-key-lf2.1',
    'no-metadata',
    'no-transaction',
    'cycle',
    'v3-key-on-lf-2.1-node',
  ])('refuses %s, whatever options are given', (name) => {
    const found = cases.find((one) => one.name === name)
    const one = signing(fromBase64(found?.prepared_transaction_base64 ?? ''))
    const scheme = `v${found?.hashing_scheme_version ?? 0}`
    const args = one.args.map((word) => (word === 'v2' ? scheme : word))
    const result = run([...args, '--yes', '--allow-unneeded', '--force'], {
      directory: one.at.directory,
    })
    refusedWith(result, one.at, 8, 'prepared-refused')
  })

  test('names its reasons with their places in JSON', () => {
    const found = cases.find((one) => one.name === 'unreachable-node')
    const one = signing(fromBase64(found?.prepared_transaction_base64 ?? ''))
    const { status, document } = runJson([...one.args, '--yes'], { directory: one.at.directory })
    expect(status).toBe(8)
    const { error } = document as {
      readonly error: { readonly details: { readonly refusals: readonly unknown[] } }
    }
    expect(error.details.refusals).toContainEqual(
      expect.objectContaining({
        code: 'unreachable-node',
        path: expect.stringContaining('transaction.nodes') as string,
      }),
    )
  })

  test('of bytes that break off is that they are malformed', () => {
    const one = signing(ownBytes().subarray(0, 250))
    refusedWith(signIn(one, '--yes'), one.at, 3, 'truncated')
  })

  test('a hash in the answer that is another ends with 4 and asks nothing', () => {
    const one = signing()
    const hash = hashOf(one.at)
    one.at.write(
      'prepared.bin',
      answer(
        ownBytes(),
        hash.map((byte) => byte ^ 0xff),
        'V2',
      ),
    )
    refusedWith(signIn(one, '--yes'), one.at, 4, 'prepared-hash-mismatch')
  })

  test('needs to know the scheme', () => {
    const one = signing()
    const args = one.args.slice(0, -2)
    const result = run([...args, '--yes'], { directory: one.at.directory })
    refusedWith(result, one.at, 2, 'hashing-scheme-missing')
    const fourth = run([...args, '--hashing-scheme', 'v4', '--yes'], {
      directory: one.at.directory,
    })
    refusedWith(fourth, one.at, 3, 'hashing-scheme-unsupported')
  })
})

describe('an expectation', () => {
  const expectation = (template: string): string =>
    `actAs: ["${PARTY}"]\ncommandId: pay-1\ncreate: { template: "${template}" }\n`

  test('that is met signs', () => {
    const one = signing()
    one.at.write('expect.yaml', expectation('Main.Assets:Iou'))
    expect(signIn(one, '--yes', '--expect', 'expect.yaml').status).toBe(0)
  })

  test('that is not met refuses, and says what is other', () => {
    const one = signing()
    one.at.write('expect.yaml', expectation('Main.Assets:Bond'))
    const result = signIn(one, '--yes', '--expect', 'expect.yaml')
    refusedWith(result, one.at, 8, 'prepared-refused')
    expect(result.stderr).toContain('other-template')
  })

  test('that says nothing of use refuses', () => {
    const one = signing()
    one.at.write('expect.yaml', 'comment: pay\n')
    refusedWith(signIn(one, '--yes', '--expect', 'expect.yaml'), one.at, 3, 'spec-invalid')
  })
})

describe('the key', () => {
  const withState = (
    keys: Parameters<typeof partyState>[0],
    seed: number,
    ...usage: readonly (readonly number[])[]
  ): Signing => {
    const one = signing(ownBytes(), seed)
    const state = partyState(keys, 1, ...usage).map((bytes, i) => {
      one.at.write(`state-${i}.bin`, bytes)
      return ['--state', `state-${i}.bin`]
    })
    return { at: one.at, args: [...one.args, '--yes', ...state.flat()] }
  }

  test('that the party lists signs without a warning, and is shown among the others', () => {
    const one = withState([ALICE_KEY, SECOND_KEY], 12)
    const { status, stderr } = signIn(one)
    expect([status, stderr.includes('warning:')]).toEqual([0, false])
    expect(stderr).toContain('1 of 2 keys')
    expect(stderr).toContain(`${SECOND_KEY.fingerprint} (this key)`)
  })

  test('that the party does not list is refused, unless that is said', () => {
    const one = withState([ALICE_KEY, SECOND_KEY], STRANGER_SEED)
    refusedWith(signIn(one), one.at, 8, 'key-unneeded')
    expect(signIn(one, '--allow-unneeded').status).toBe(0)
  })

  test('that the party lists for a namespace alone is refused', () => {
    const one = withState([ALICE_KEY, THIRD_KEY], 13, [1])
    refusedWith(signIn(one), one.at, 8, 'key-unneeded')
  })

  test('of which the state proves nothing signs with a warning', () => {
    const one = signing(ownBytes(), STRANGER_SEED)
    const [root] = partyState([ALICE_KEY], 1)
    one.at.write('state.bin', root ?? new Uint8Array())
    const { status, stderr } = signIn(one, '--yes', '--state', 'state.bin')
    expect(status).toBe(0)
    expect(stderr).toContain('cannot be told without its PartyToParticipant')
  })

  test('that is not the namespace of the party signs with a warning where no state is given', () => {
    const { status, stderr } = signIn(signing(ownBytes(), STRANGER_SEED), '--yes')
    expect(status).toBe(0)
    expect(stderr).toContain('cannot be told without its PartyToParticipant')
    expect(signIn(signing(), '--yes').stderr).not.toContain('warning:')
  })

  test('is not judged by state whose signatures are damaged or missing', () => {
    const one = signing(ownBytes(), 12)
    const [root, , hosting] = partyState([ALICE_KEY, SECOND_KEY], 1) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    const last = readSignedTransaction(hosting).value?.signatures.at(-1)?.signature ?? hosting
    const damaged = hosting.slice()
    const at = Buffer.from(hosting).indexOf(last)
    damaged[at] = (damaged[at] ?? 0) ^ 1
    one.at.write('root.bin', root)
    one.at.write('state.bin', damaged)
    const state = ['--state', 'root.bin', '--state', 'state.bin']
    refusedWith(signIn(one, '--yes', ...state), one.at, 4, 'state-invalid')
    const unsigned = signedBytes(readSignedTransaction(hosting).transaction.bytes, [STRANGER_KEY])
    one.at.write('state.bin', unsigned)
    const { status, stderr } = signIn(one, '--yes', ...state)
    expect(status).toBe(0)
    expect(stderr).toContain('cannot be told without its PartyToParticipant')
  })

  test('may be told which party it signs for, if that party acts', () => {
    const one = signing()
    refusedWith(signIn(one, '--yes', '--party', BANK), one.at, 8, 'party-not-acting')
    expect(signIn(one, '--yes', '--party', PARTY).status).toBe(0)
  })

  test('has to be told it for a document where several parties act', () => {
    const actAs = [BANK, PARTY]
    const one = signing(ownBytes({ actAs }), STRANGER_SEED)
    refusedWith(signIn(one, '--yes', '--party-signatures'), one.at, 2, 'usage')
    expect(signIn(one, '--yes', '--party-signatures', '--party', BANK).status).toBe(0)
    const own = signing(ownBytes({ actAs }))
    const result = signIn(own, '--yes', '--party-signatures')
    expect(result.status).toBe(0)
    expect(result.stderr).toContain('acts-for-others')
    expect(new TextDecoder().decode(written(own.at))).toContain(PARTY)
  })

  test('that is not the owner of its file alone is refused', () => {
    const one = signing()
    one.at.write('open.der', pkcs8(SEED), 0o644)
    const args = one.args.map((word) => (word === 'key.der' ? 'open.der' : word))
    const result = run([...args, '--yes'], { directory: one.at.directory })
    refusedWith(result, one.at, 5, 'key-file-mode')
  })
})

describe('neither protocol signs for the other', () => {
  const multihash = concatBytes(Uint8Array.of(0x12, 0x20), new Uint8Array(32).fill(5))
  const { transactions } = fixture('synthetic-topology/transactions.json') as {
    readonly transactions: readonly { readonly transaction_base64: string }[]
  }

  test.each<[string, Uint8Array | string]>([
    ['a topology transaction', fromBase64(transactions[0]?.transaction_base64 ?? '')],
    ['a signed topology transaction', partyState([ALICE_KEY], 1)[2] ?? new Uint8Array()],
    ['a hash of 34 bytes', multihash],
    ['a hash of 32 bytes', multihash.subarray(2)],
    ['a key', fixtureBytes('keys/ed25519-a.spki.der')],
  ])('transaction sign does not take %s', (_what, content) => {
    const one = signing()
    one.at.write('prepared.bin', content)
    refusedWith(signIn(one, '--yes'), one.at, 3, 'file-kind')
  })

  test('transaction sign does not take JSON of something else', () => {
    const one = signing()
    one.at.write('prepared.bin', '{"transaction":"AAAA"}')
    refusedWith(signIn(one, '--yes'), one.at, 3, 'package-format')
  })

  test('sign --blind does not take the 32 bytes of a prepared transaction', () => {
    const one = signing()
    one.at.write('hash', hashOf(one.at))
    const args = ['sign', 'hash', '--key', 'key.der', '--blind', '--detached', '--yes', '-o', 'out']
    refusedWith(run(args, { directory: one.at.directory }), one.at, 2, 'blind-not-hash')
  })

  test('sign does not take a prepared transaction, as a file or as base64', () => {
    const one = signing()
    one.at.write('text', Buffer.from(ownBytes()).toString('base64'))
    for (const name of ['prepared.bin', 'text']) {
      const args = ['sign', name, '--key', 'key.der', '--yes', '-o', 'out']
      refusedWith(run(args, { directory: one.at.directory }), one.at, 3, 'file-kind')
    }
  })

  test('a topology signature over 1220 and the hash is none over the transaction', () => {
    const one = signing()
    one.at.write('hash', concatBytes(Uint8Array.of(0x12, 0x20), hashOf(one.at)))
    one.at.write('key.spki.der', ALICE_KEY.key.spki)
    const blind = ['sign', 'hash', '--key', 'key.der', '--blind', '--detached', '--yes']
    expect(run([...blind, '-o', 'out'], { directory: one.at.directory }).status).toBe(0)
    const words = ['transaction', 'verify', 'prepared.bin', '--hashing-scheme', 'v2']
    const more = ['--signature', 'out', '--public-key', 'key.spki.der']
    expect(run([...words, ...more], { directory: one.at.directory }).status).toBe(4)
  })
})

describe('the output', () => {
  test('has to be named, and stays as it is where it exists', () => {
    const one = signing()
    const without = one.args.filter((word) => word !== '-o' && word !== 'out')
    const result = run([...without, '--yes'], { directory: one.at.directory })
    refusedWith(result, one.at, 2, 'output-missing')
    one.at.write('out', 'mine')
    expect(codeIn(signIn(one, '--yes').stderr)).toBe('output-exists')
    expect(readFileSync(one.at.path('out'), 'utf8')).toBe('mine')
    expect(signIn(one, '--yes', '--force').status).toBe(0)
  })

  test('never replaces an input, also with --force', () => {
    const one = signing()
    one.at.write('expect.yaml', `actAs: ["${PARTY}"]\ncreate: { template: "Main.Assets:Iou" }\n`)
    for (const name of ['prepared.bin', 'key.der', 'expect.yaml']) {
      const before = readFileSync(one.at.path(name))
      const args = one.args.map((word) => (word === 'out' ? name : word))
      const result = run([...args, '--yes', '--force', '--expect', 'expect.yaml'], {
        directory: one.at.directory,
      })
      expect([result.status, codeIn(result.stderr)]).toEqual([2, 'output-is-input'])
      expect(readFileSync(one.at.path(name))).toEqual(before)
    }
  })

  test('is one thing or the other', () => {
    const one = signing()
    const result = signIn(one, '--yes', '--detached', '--party-signatures')
    refusedWith(result, one.at, 2, 'usage')
  })
})
