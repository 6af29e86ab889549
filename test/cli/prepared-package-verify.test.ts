/** `verify` and `combine` of packages with prepared Daml transactions: what is decided, and how it ends. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createPackage, type PackageContent } from '../../src/package/create.ts'
import { writePackage } from '../../src/package/write.ts'
import { ed25519Key } from '../package/support.ts'
import {
  ALICE_KEY,
  HOST_KEY,
  ownBytes,
  PARTY,
  partyState,
  SECOND_KEY,
  STRANGER_KEY,
  THIRD_KEY,
} from './support/prepared.ts'
import {
  content,
  desk,
  fingerprints,
  HASH,
  LISTED,
  missing,
  signature,
  transfer,
  unsound,
  type Desk,
} from './support/prepared-desk.ts'

const verify = (at: Desk, ...more: readonly string[]): ReturnType<Desk['json']> =>
  at.json('verify', 'in.json', ...more)

describe('verify', () => {
  const complete = content([signature(ALICE_KEY), signature(THIRD_KEY)])

  test('of nothing signed names everybody who may sign, and how many have to', () => {
    const [status, { authorization, signatures }] = verify(desk(content()))
    expect([status, signatures.valid]).toEqual([6, 0])
    expect(authorization).toEqual([
      {
        hash: HASH,
        party: PARTY,
        status: 'incomplete',
        signed: [],
        missing: [missing(2, ...LISTED)],
      },
    ])
  })

  test('of all that is needed ends with 0, for people too', () => {
    const at = desk(complete)
    expect(verify(at)[0]).toBe(0)
    const { stdout } = at.run('verify', 'in.json')
    expect(stdout).toContain(`${HASH}\n  authorized: ${PARTY}`)
    expect(stdout).toContain('1  prepared Daml transaction')
    expect(at.run('transaction', 'verify', 'in.json').stdout).toBe(stdout)
  })

  test('--signatures-only decides nothing', () => {
    const at = desk(content([signature(ALICE_KEY)]))
    const [status, { authorization }] = verify(at, '--signatures-only')
    expect([status, authorization]).toEqual([0, []])
  })

  test('takes state from beside the package', () => {
    const at = desk(content([signature(ALICE_KEY), signature(THIRD_KEY)], { state: [] }))
    expect(verify(at)[1].signatures).toEqual({ valid: 0, invalid: 0, unverifiable: 2 })
    const words = partyState(LISTED, 2).flatMap((bytes, i) => {
      at.write(`${i}.state`, bytes)
      return ['--state', `${i}.state`]
    })
    expect(verify(at, ...words)[0]).toBe(0)
    expect(at.json('transaction', 'verify', 'in.json', ...words)[0]).toBe(0)
  })

  test('by transaction verify takes public keys from beside the package', () => {
    const at = desk(content([signature(ALICE_KEY)], { state: [] }))
    at.write('alice.pub', ALICE_KEY.key.spki)
    const words = ['transaction', 'verify', 'in.json']
    expect(at.json(...words)[1].signatures.unverifiable).toBe(1)
    const [status, document] = at.json(...words, '--public-key', 'alice.pub')
    expect([status, document.signatures.valid, document.ok]).toEqual([6, 1, false])
  })

  test('counts two signatures of one key once, and one for another party not at all', () => {
    const both = ownBytes({ actAs: [PARTY, `bob::${SECOND_KEY.fingerprint}`] })
    const bob = `bob::${SECOND_KEY.fingerprint}`
    const at = desk({
      ...content(),
      preparedTransactions: [
        {
          bytes: both,
          scheme: 'V2',
          signatures: [signature(ALICE_KEY, both, PARTY), signature(SECOND_KEY, both, bob)],
        },
      ],
    })
    const [status, { authorization }] = verify(at)
    expect(status).toBe(6)
    const alice = authorization.find(({ party }) => party === PARTY)
    expect([alice?.status, alice?.signed]).toEqual(['incomplete', [ALICE_KEY.fingerprint]])
    expect(alice?.missing).toEqual([missing(1, SECOND_KEY, THIRD_KEY)])
  })

  test('with named roots believes only parties of these', () => {
    const at = desk(complete)
    const trust = (key: typeof ALICE_KEY): readonly string[] => ['--trust', key.fingerprint]
    expect(verify(at, ...trust(ALICE_KEY))[0]).toBe(0)
    const [status, { authorization }] = verify(at, ...trust(HOST_KEY))
    expect([status, authorization[0]?.status, authorization[0]?.missing]).toEqual([
      6,
      'unknown',
      [],
    ])
  })

  test('of state that proves nothing about the party leaves it open', () => {
    const [, , hosting = new Uint8Array()] = partyState(LISTED, 2)
    // Without the root delegation nobody can tell who speaks for the namespace of the party.
    const at = desk({ ...complete, state: [{ bytes: hosting }] })
    const [status, document] = verify(at)
    expect([status, document.authorization[0]?.status]).toEqual([6, 'unknown'])
  })

  test.each<[string, PackageContent, number]>([
    [
      'what would not be signed',
      {
        transactions: [],
        preparedTransactions: [{ bytes: unsound(), scheme: 'V2' }],
      },
      3,
    ],
    ['a key that is not known', content([signature(ALICE_KEY), signature(ed25519Key(99))]), 6],
    [
      'a signature too many',
      content([signature(ALICE_KEY), signature(SECOND_KEY), signature(THIRD_KEY)]),
      0,
    ],
  ])('of %s', (_what, made, status) => {
    expect(verify(desk(made))[0]).toBe(status)
  })

  test.each(['--signature', '--hashing-scheme'])('by transaction verify refuses %s', (option) => {
    const at = desk(complete)
    const value = option === '--signature' ? 'alice.key' : 'v2'
    const [status, document] = at.json('transaction', 'verify', 'in.json', option, value)
    expect([status, document.error.code]).toEqual([2, 'usage'])
  })
})

describe('combine', () => {
  const copies = (at: Desk): void => {
    for (const [name, key] of [
      ['a', ALICE_KEY],
      ['b', SECOND_KEY],
      ['c', THIRD_KEY],
    ] as const) {
      at.write(`${name}.json`, writePackage(createPackage(content([signature(key)]))))
    }
  }

  test('gives one file, whatever the order and the grouping', () => {
    const at = desk()
    copies(at)
    const combine = (output: string, ...names: readonly string[]): Buffer => {
      expect(at.run('combine', ...names, '-o', output).status).toBe(0)
      return readFileSync(at.path(output))
    }
    const all = combine('abc.json', 'a.json', 'b.json', 'c.json')
    expect(combine('cba.json', 'c.json', 'b.json', 'a.json')).toEqual(all)
    combine('ab.json', 'a.json', 'b.json')
    expect(combine('ab-c.json', 'ab.json', 'c.json')).toEqual(all)
    expect(combine('again.json', 'abc.json', 'abc.json', 'a.json')).toEqual(all)
    const [, { authorization }] = at.json('verify', 'abc.json')
    expect(authorization[0]?.signed).toEqual(fingerprints(...LISTED))
  })

  test('refuses another transaction, and writes nothing', () => {
    const at = desk()
    copies(at)
    const other = ownBytes({ note: 'other' })
    const made = content([], { preparedTransactions: [{ bytes: other, scheme: 'V2' }] })
    at.write('other.json', writePackage(createPackage(made)))
    const [status, document] = at.json('combine', 'a.json', 'other.json', '-o', 'out.json')
    expect([status, document.error.code]).toEqual([3, 'package-transactions-differ'])
    const scheme = content([], { preparedTransactions: [{ bytes: transfer, scheme: 'V3' }] })
    at.write('scheme.json', writePackage(createPackage(scheme)))
    expect(at.json('combine', 'a.json', 'scheme.json', '-o', 'out.json')[1].error.code).toBe(
      'package-transactions-differ',
    )
  })

  test('keeps what counts for nothing: only an export leaves it out', () => {
    const at = desk()
    copies(at)
    const strange = content([signature(STRANGER_KEY)], { publicKeys: [STRANGER_KEY.key] })
    at.write('strange.json', writePackage(createPackage(strange)))
    expect(at.run('combine', 'a.json', 'strange.json', '-o', 'out.json').status).toBe(0)
    expect(at.package('out.json').preparedTransactions[0]?.signatures).toHaveLength(2)
  })
})
