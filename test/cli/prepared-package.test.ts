/** Prepared Daml transactions in packages, through the executable: made, signed, shown. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { PackageContent } from '../../src/package/create.ts'
import { bytesOf, keyTransaction } from '../daml/transactions.ts'
import { digestOf, preparedHashHex } from '../package/prepared.ts'
import { corrupted, partyTransaction } from '../package/support.ts'
import {
  ALICE_KEY,
  answer,
  ownBytes,
  PARTY,
  SECOND_KEY,
  STRANGER_KEY,
  THIRD_KEY,
} from './support/prepared.ts'
import {
  content,
  damaged,
  desk,
  fingerprints,
  HASH,
  LISTED,
  missing,
  refused,
  signature,
  signWith,
  state,
  transfer,
  unsound,
  type Desk,
} from './support/prepared-desk.ts'
import { runAtTerminal } from './support/program.ts'

describe('transaction package', () => {
  const make = (...more: readonly string[]): readonly string[] => [
    ...['transaction', 'package', 'prepared.bin', '-o', 'out.json'],
    ...more,
  ]

  test('holds the bytes as they came, the state, and what is said of it', () => {
    const at = desk()
    at.write('prepared.bin', transfer)
    const states = state.flatMap(({ bytes }, i) => {
      at.write(`${i}.state`, bytes)
      return ['--state', `${i}.state`]
    })
    const said = ['--requested-by', 'Treasury', '--reason', 'rent', '--valid-until', 'Friday']
    const [status, document] = at.json(...make('--hashing-scheme', 'v2', ...states, ...said))
    expect([status, document.transactions]).toEqual([
      0,
      [{ hash: HASH, status: 'incomplete', missing: [missing(2, ...LISTED)], hashingScheme: 'V2' }],
    ])
    const made = at.package('out.json')
    expect(made.preparedTransactions[0]?.prepared.bytes).toEqual(transfer)
    expect(made.state).toHaveLength(3)
    expect(made.text).toEqual({ requestedBy: 'Treasury', reason: 'rent', validUntil: 'Friday' })
    expect(at.run('hash', 'out.json').stdout).toBe(`${HASH}\n`)
    expect(at.run('inspect', 'out.json', '--type', 'signing-package').status).toBe(0)
  })

  test('takes several, each with the scheme that its file says', () => {
    const at = desk()
    const other = ownBytes({ note: 'other' })
    at.write('one.json', answer(transfer, digestOf(transfer), 'V2'))
    at.write('two.json', answer(other, digestOf(other, 'V3'), 'V3'))
    const [status, document] = at.json(
      'transaction',
      'package',
      'one.json',
      'two.json',
      '-o',
      'out.json',
    )
    expect([status, document.transactions.map(({ hash }) => hash)]).toEqual([
      0,
      [HASH, preparedHashHex(other, 'V3')],
    ])
    expect(at.json('hash', 'out.json')[1]).toEqual({ hashes: [HASH, preparedHashHex(other, 'V3')] })
    expect(at.run('hash', 'out.json').stdout).toBe(
      `${HASH}  prepared Daml transaction, V2\n${preparedHashHex(other, 'V3')}  prepared Daml transaction, V3\n`,
    )
    refusedHash(at)
  })

  const refusedHash = (at: Desk): void => {
    const [status, document] = at.json('hash', '--multi', 'out.json')
    expect([status, document.error.code]).toEqual([2, 'usage'])
  }

  const lies = digestOf(transfer).map((byte) => byte ^ 1)
  test.each<[string, Uint8Array | string, number, string]>([
    ['a file that does not say its scheme', transfer, 2, 'hashing-scheme-missing'],
    ['a hash that is another', answer(transfer, lies, 'V2'), 4, 'prepared-hash-mismatch'],
    ['the scheme V4', answer(transfer, digestOf(transfer), 'V4'), 3, 'hashing-scheme-unsupported'],
    [
      'what nobody would sign',
      answer(bytesOf(keyTransaction()), new Uint8Array(32), 'V2'),
      8,
      'prepared-refused',
    ],
    ['a topology transaction', partyTransaction('alice', [ALICE_KEY]), 3, 'file-kind'],
    ['a hash', digestOf(transfer), 3, 'file-kind'],
    ['bytes that break off', transfer.subarray(0, 250), 3, 'truncated'],
  ])('refuses %s', (_what, bytes, status, code) => {
    const at = desk()
    at.write('prepared.bin', bytes)
    refused(at, status, code, ...make())
  })

  test('refuses state that is damaged', () => {
    const at = desk()
    at.write('prepared.bin', transfer)
    const states = damaged().flatMap(({ bytes }, i) => {
      at.write(`${i}.state`, bytes)
      return ['--state', `${i}.state`]
    })
    refused(at, 4, 'state-invalid', ...make('--hashing-scheme', 'v2', ...states))
  })

  test('refuses one transaction twice, and to replace what is there', () => {
    const at = desk()
    at.write('prepared.bin', transfer)
    const twice = [
      'transaction',
      'package',
      'prepared.bin',
      'prepared.bin',
      '--hashing-scheme',
      'v2',
    ]
    refused(at, 3, 'package-duplicate-transaction', ...twice, '-o', 'out.json')
    at.write('there', 'x')
    refused(at, 2, 'output-exists', ...twice, '-o', 'there')
  })
})

describe('sign', () => {
  test('adds a signature, and says who is missing; the second one completes it', () => {
    const at = desk(content())
    const [status, document] = at.json(...signWith('alice'))
    expect([status, document]).toEqual([
      0,
      {
        hash: HASH,
        combined: null,
        signedBy: ALICE_KEY.fingerprint,
        algorithm: 'ED25519',
        format: 'CONCAT',
        proposal: null,
        verified: { nodeCrypto: 1, noble: 0 },
        output: 'out.json',
        transactions: [
          { hash: HASH, status: 'incomplete', missing: [missing(1, SECOND_KEY, THIRD_KEY)] },
        ],
      },
    ])
    expect(at.package('out.json').preparedTransactions[0]?.signatures).toEqual([
      signature(ALICE_KEY),
    ])
    const second = ['sign', 'out.json', '--key', 'third.key', '--yes', '-o', 'both.json']
    expect(at.json(...second)[1].transactions).toEqual([
      { hash: HASH, status: 'authorized', missing: [] },
    ])
    const [verified, { authorization }] = at.json('verify', 'both.json')
    expect([verified, authorization]).toEqual([
      0,
      [
        {
          hash: HASH,
          party: PARTY,
          status: 'authorized',
          signed: fingerprints(ALICE_KEY, THIRD_KEY),
          missing: [],
        },
      ],
    ])
  })

  test('by transaction sign writes the same file', () => {
    const at = desk(content())
    expect(at.run(...signWith('second')).status).toBe(0)
    const words = [
      'transaction',
      'sign',
      'in.json',
      '--key',
      'second.key',
      '--yes',
      '-o',
      'again.json',
    ]
    expect(at.run(...words).status).toBe(0)
    expect(readFileSync(at.path('again.json'))).toEqual(readFileSync(at.path('out.json')))
  })

  test('shows who asks, what it does, who has signed, and asks for the end of the hash', async () => {
    const at = desk(content([signature(SECOND_KEY)], { text: { reason: 'rent' } }))
    const args = signWith('alice').filter((word) => word !== '--yes')
    const result = await runAtTerminal(
      args,
      [{ prompt: 'to sign: ', answer: `${HASH.slice(-8)}\r` }],
      {
        directory: at.directory,
      },
    )
    expect(result.status).toBe(0)
    for (const part of [
      'reason          rent',
      'creates contract 003333333333…33333333',
      `hash        ${HASH}`,
      '2 of 3 keys',
      `signed by ${SECOND_KEY.fingerprint}`,
      `signed ${HASH} (authorized)`,
    ]) {
      expect(result.stderr).toContain(part)
    }
    const declined = await runAtTerminal(
      args.map((word) => (word === 'out.json' ? 'no.json' : word)),
      [{ prompt: 'to sign: ', answer: 'yes\r' }],
      { directory: at.directory },
    )
    expect([declined.status, existsSync(at.path('no.json'))]).toEqual([8, false])
  })

  test('--detached writes the bare signature over the 32 bytes', () => {
    const at = desk(content())
    expect(at.run(...signWith('alice', '--detached')).status).toBe(0)
    expect(new Uint8Array(readFileSync(at.path('out.json')))).toEqual(
      ALICE_KEY.signBytes(digestOf(transfer)),
    )
  })

  test('takes the place of a broken signature by the same key', () => {
    const at = desk(content([corrupted(signature(ALICE_KEY))]))
    const result = at.run(...signWith('alice'))
    expect(result.stderr).toContain('did not verify and gave way')
    expect(at.package('out.json').preparedTransactions[0]?.signatures).toEqual([
      signature(ALICE_KEY),
    ])
  })

  test('without state signs with a warning, and nobody can say whether it suffices', () => {
    const at = desk(content([], { state: [] }))
    const strange = at.run(...signWith('stranger'))
    expect([strange.status, strange.stderr.includes('cannot be told')]).toEqual([0, true])
    const [status, { authorization }] = at.json('verify', 'out.json')
    expect([status, authorization.map((one) => one.status)]).toEqual([6, ['unknown']])
  })

  test.each<[string, PackageContent, string, readonly string[], number, string]>([
    [
      'a key that signed already',
      content([signature(ALICE_KEY)]),
      'alice',
      [],
      8,
      'key-already-signed',
    ],
    ['a key that is not listed', content(), 'stranger', [], 8, 'key-unneeded'],
    [
      'a party that does not act',
      content(),
      'alice',
      ['--party', `x${PARTY}`],
      8,
      'party-not-acting',
    ],
    [
      'a transaction that is not there',
      content(),
      'alice',
      ['--transaction', 'a'.repeat(64)],
      3,
      'package-transaction-absent',
    ],
    ['--combined', content(), 'alice', ['--combined'], 2, 'usage'],
    ['--proposal', content(), 'alice', ['--proposal', 'true'], 2, 'usage'],
    ['--accept-finding', content(), 'alice', ['--accept-finding', 'unknown-field'], 2, 'usage'],
    [
      'state that is damaged',
      content([], {
        state: damaged(),
      }),
      'alice',
      [],
      4,
      'state-invalid',
    ],
    [
      'what its judgement refuses',
      { transactions: [], preparedTransactions: [{ bytes: unsound(), scheme: 'V2' }] },
      'alice',
      [],
      8,
      'prepared-refused',
    ],
  ])('refuses %s', (_what, made, key, more, status, code) => {
    const at = desk(made)
    refused(at, status, code, ...signWith(key, ...more))
    const words = ['transaction', 'sign', ...signWith(key, ...more).slice(1)]
    if (code !== 'usage') refused(at, status, code, ...words)
  })

  test.each(['--party-signatures', '--hashing-scheme=v2'])(
    'refuses %s, which is for a file',
    (option) => {
      const at = desk(content())
      refused(at, 2, 'usage', 'transaction', ...signWith('alice', option))
    },
  )

  test('with a key that nothing asks for, if that is allowed: it counts for nothing', () => {
    const at = desk(content())
    expect(at.run(...signWith('stranger', '--allow-unneeded')).status).toBe(0)
    const result = at.run('verify', 'out.json')
    expect(result.status).toBe(6)
    expect(result.stdout).toContain(`counts for nothing: ${STRANGER_KEY.fingerprint}`)
  })
})
