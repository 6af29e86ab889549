/** One signature over several transactions, and where it may go. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { exportAddTransactions } from '../../src/package/export-node.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import { definitionMapping } from '../authorization/signed.ts'
import { hashHex, transactionBytes } from '../package/support.ts'
import {
  delegation,
  desk,
  document,
  fingerprint,
  offer as offerPackage,
  packageFile,
  person,
  refusal,
  signArgs,
  signedBy,
  verifies,
  type Desk,
  type Person,
} from './support/desk.ts'

const ROOT_A = delegation('alice', 'alice')
const ROOT_B = delegation('bob', 'bob')
const DEFINITION = transactionBytes(definitionMapping([person('alice'), person('bob')], 2))
const ALL = [ROOT_A, ROOT_B, DEFINITION]
const HASHES = ALL.map(hashHex)

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

/** The combined hash as docs/protocol/hashing.md section 6 says it, computed with nothing of ours. */
function combined(transactions: readonly Uint8Array[]): Uint8Array {
  const hashes = transactions
    .map((one) => Buffer.from(transactionHash(one)))
    .sort((a, b) => Buffer.compare(a, b))
  const content = [int32(55), int32(hashes.length), ...hashes.flatMap((one) => [int32(34), one])]
  const digest = createHash('sha256').update(Buffer.concat(content)).digest()
  return Uint8Array.of(0x12, 0x20, ...digest)
}

const offer = (): Desk => offerPackage(ALL, [])

const COMBINED = ['--combined']

describe('two owners sign three transactions, two of which are their roots', () => {
  const at = offer()
  const first = document(at, signArgs('alice', COMBINED))
  at.write('in.json', at.read('out.json'))
  const second = document(at, signArgs('bob', [...COMBINED, '--force']))
  const signed = at.package('out.json')

  test('with one signature each over the combined hash of all', () => {
    expect(first).toMatchObject({ combined: toHex(combined(ALL)), signedBy: fingerprint('alice') })
    expect(first).not.toHaveProperty('hash')
    const [signing, ...more] = signed.combined
    expect(more).toEqual([])
    expect(signing?.transactions).toEqual(HASHES.toSorted())
    for (const name of ['alice', 'bob'] as const) {
      const own = signing?.signatures.find((one) => one.signedBy === fingerprint(name))
      expect(verifies(name, own?.signature ?? new Uint8Array(), combined(ALL))).toBe(true)
    }
    expect(signed.transactions.flatMap(({ signatures }) => signatures)).toEqual([])
  })

  test('of which each root carries only that of its owner', () => {
    expect(first['transactions']).toMatchObject([
      { hash: HASHES[0], status: 'authorized' },
      { hash: HASHES[1], status: 'incomplete' },
      { hash: HASHES[2], status: 'incomplete', missing: [{ namespace: fingerprint('bob') }] },
    ])
    expect(second['transactions']).toMatchObject(
      HASHES.map((hash) => ({ hash, status: 'authorized', missing: [] })),
    )
  })

  test('and an export carries all three hashes with every signature', () => {
    const [file] = exportAddTransactions(signed, {
      proposal: false,
      store: { $case: 'authorized' },
    })
    const text = new TextDecoder().decode(file?.bytes)
    const { transactions } = JSON.parse(text) as {
      readonly transactions: readonly {
        readonly signatures: readonly unknown[]
        readonly multiTransactionSignatures: readonly {
          readonly transactionHashes: readonly string[]
          readonly signatures: readonly { readonly signedBy: string }[]
        }[]
      }[]
    }
    const signers = transactions.map(({ signatures, multiTransactionSignatures }) => {
      expect(signatures).toEqual([])
      const [multi] = multiTransactionSignatures
      const listed = multi?.transactionHashes.map((one) =>
        Buffer.from(one, 'base64').toString('hex'),
      )
      expect(listed?.toSorted()).toEqual(HASHES.toSorted())
      return multi?.signatures.map((one) => one.signedBy)
    })
    const [alice, bob] = [fingerprint('alice'), fingerprint('bob')]
    expect(signers).toEqual([[alice], [bob], [alice, bob].sort()])
  })

  test('and what is only covered is shown as such', () => {
    const other = offer()
    const { stderr } = other.run(...signArgs('alice', COMBINED))
    expect(stderr).toContain('covers this root delegation of another owner and is not put on it')
    expect(stderr).toContain(toHex(combined(ALL)))
    expect(stderr).not.toContain('GRAVE')
  })
})

describe('a combined signature is refused', () => {
  const root = (hash: string | undefined): readonly string[] => ['--transaction', hash ?? '']

  test.each<[string, Person, readonly string[], string]>([
    ['over the root of another alone', 'alice', root(HASHES[1]), 'key-unneeded'],
    [
      'over it even where unneeded keys are allowed',
      'alice',
      [...root(HASHES[1]), '--allow-unneeded'],
      'key-unneeded',
    ],
    [
      'by a key that owns nothing here',
      'mallory',
      [...root(HASHES[0]), ...root(HASHES[1])],
      'key-unneeded',
    ],
  ])('%s', (_what, name, more, code) => {
    expect(refusal(offer(), 8, signArgs(name, [...COMBINED, ...more])).code).toBe(code)
  })

  test('where it would put a signer on what does not ask for it', () => {
    const stray = delegation('host', 'carol')
    const known = [ROOT_A, ROOT_B, delegation('host', 'host')]
    const at = desk()
    at.write('in.json', packageFile({ unsigned: [...known, DEFINITION, stray] }))
    // Nothing tells whether alice may act for the host, until there is state.
    expect(at.run(...signArgs('alice', [...COMBINED, '--quiet'])).stderr).toContain(
      `${hashHex(stray)} does not name the key`,
    )
    const state = packageFile({
      unsigned: [stray],
      known: [signedBy(delegation('host', 'host'), 'host')],
    })
    at.write('state.json', state)
    const more = [...COMBINED, '--state', 'state.json', '--force']
    const error = JSON.parse(at.run(...signArgs('alice', more), '--json').stdout) as {
      readonly error: { readonly code: string; readonly hint: string }
    }
    expect(error.error.code).toBe('key-unneeded')
    expect(error.error.hint).toContain('--transaction')
    const named = [ROOT_A, ROOT_B, DEFINITION].flatMap((one) => root(hashHex(one)))
    expect(document(at, signArgs('alice', [...more, ...named]))['combined']).toBe(
      toHex(combined(ALL)),
    )
  })

  test('by a key that has signed all it can', () => {
    const at = offer()
    document(at, signArgs('alice', COMBINED))
    at.write('signed.json', at.read('out.json'))
    const other = desk()
    other.write('in.json', at.read('signed.json'))
    expect(refusal(other, 8, signArgs('alice', COMBINED)).code).toBe('key-already-signed')
    expect(refusal(other, 8, signArgs('alice')).code).toBe('key-already-signed')
  })

  test('as one more where it would not fit: over a file', () => {
    const at = desk()
    at.write('in.bin', ROOT_A)
    expect(refusal(at, 2, signArgs('alice', COMBINED, 'in.bin')).code).toBe('usage')
  })
})

describe('attach --combined', () => {
  const attach = (signed: readonly Uint8Array[], ...more: readonly string[]) => {
    const at = offer()
    at.write('signature', person('alice').signBytes(combined(signed)))
    const by = ['--signature', 'signature', '--signed-by', fingerprint('alice'), ...more]
    return { at, args: ['attach', 'in.json', ...by, '-o', 'out.json'] }
  }
  const naming = (transactions: readonly Uint8Array[]): readonly string[] =>
    transactions.flatMap((one) => ['--transaction', hashHex(one)])

  test('takes one over all, or over those that are named', () => {
    const all = attach(ALL, '--combined')
    expect(document(all.at, all.args)).toMatchObject({ combined: toHex(combined(ALL)) })
    const some = attach([ROOT_A, DEFINITION], '--combined', ...naming([ROOT_A, DEFINITION]))
    expect(document(some.at, some.args)).toMatchObject({
      combined: toHex(combined([ROOT_A, DEFINITION])),
      transactions: [{ hash: HASHES[0], status: 'authorized' }, { hash: HASHES[2] }],
    })
  })

  test.each([
    ['one too few', [ROOT_A, DEFINITION], []],
    ['one too many', ALL, [ROOT_A, DEFINITION]],
    ['another one', [ROOT_A, ROOT_B], [ROOT_A, DEFINITION]],
  ])('refuses a signature over %s', (_what, signed, named) => {
    const { at, args } = attach(signed, '--combined', ...naming(named))
    const error = refusal(at, 4, args)
    expect(error.code).toBe('signature-invalid')
    expect(error.message).toContain('combined hash')
  })

  test('refuses a signature over the combined hash for one transaction, and the reverse', () => {
    const single = attach(ALL, ...naming([ROOT_A]))
    expect(refusal(single.at, 4, single.args).code).toBe('signature-invalid')
    const { at, args } = attach(ALL, '--combined')
    at.write('signature', person('alice').signBytes(transactionHash(ROOT_A)))
    expect(refusal(at, 4, args).code).toBe('signature-invalid')
  })

  test('refuses one that only roots of others would carry', () => {
    const { at, args } = attach([ROOT_B], '--combined', ...naming([ROOT_B]))
    expect(refusal(at, 8, args).code).toBe('combined-root-delegation')
    expect(refusal(at, 8, [...args, '--allow-unneeded']).code).toBe('combined-root-delegation')
  })
})
