/** Exports: what Canton takes, made of verified signatures only. */
import { describe, expect, test } from 'vitest'
import { toBase64, toHex } from '../../src/base/bytes.ts'
import { addSignatures, signingMessage, type SignatureTarget } from '../../src/package/add.ts'
import { createPackage, type PackageContent } from '../../src/package/create.ts'
import { exportAllocate } from '../../src/package/export-ledger.ts'
import { exportAddTransactions, exportConsole } from '../../src/package/export-node.ts'
import {
  exportCertificates,
  exportHashes,
  exportPrepared,
  type ExportedFile,
} from '../../src/package/export.ts'
import type { SigningPackage } from '../../src/package/model.ts'
import { contentOfSigned } from '../../src/package/received.ts'
import { combinedHash, decentralizedNamespace } from '../../src/topology/namespace.ts'
import {
  readSignedTransaction,
  refusals,
  verifySignatures,
} from '../../src/topology/signed-transaction.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import { parseNamespace } from '../../src/ident/fingerprint.ts'
import { fixture, fromBase64 } from '../support/vectors.ts'
import {
  corrupted,
  delegation,
  ecKey,
  ed25519Key,
  errorOf,
  hashHex,
  partyTransaction,
  textOf,
  transactionBytes,
  type TestKey,
} from './support.ts'

const [alice, bob, carol] = [ed25519Key(1), ed25519Key(2), ed25519Key(5)]
const synchronizerId = `global::${carol.fingerprint}`
const rootOfAlice = delegation(alice)
const rootOfBob = delegation(bob)
const party = partyTransaction('alice', [alice])
const overAll: SignatureTarget = { $case: 'combined' }
const over = (bytes: Uint8Array): SignatureTarget => ({
  $case: 'transaction',
  hash: hashHex(bytes),
})

function signedPackage(
  list: readonly Uint8Array[],
  signers: readonly (readonly [SignatureTarget, TestKey])[],
  rest: Partial<PackageContent> = {},
): SigningPackage {
  const content = createPackage({
    network: { synchronizerId },
    ...rest,
    transactions: list.map((bytes) => ({ bytes, proposal: true })),
  })
  const additions = signers.map(([target, key]) => ({
    target,
    signedBy: key.fingerprint,
    signature: key.signBytes(signingMessage(content, target)),
  }))
  return addSignatures(content, additions).package
}

const jsonOf = (files: readonly ExportedFile[]): Record<string, unknown> => {
  const [file, ...more] = files
  if (file === undefined || more.length > 0) throw new Error('one file is expected')
  return JSON.parse(textOf(file.bytes)) as Record<string, unknown>
}

const stated = { proposal: 'stated' } as const

describe('certificates', () => {
  interface Onboarding {
    readonly name: string
    readonly transactions: readonly { readonly signed_transaction_base64: string }[]
    readonly signed_transactions_with_multi_signature_base64: readonly string[]
  }
  const { onboarding } = fixture('end-to-end/signing.json') as {
    readonly onboarding: readonly Onboarding[]
  }

  const texts = (files: readonly ExportedFile[]): readonly string[] =>
    files.map(({ bytes }) => toBase64(bytes))

  test.each(onboarding)('are byte for byte those of another implementation ($name)', (one) => {
    for (const expected of [
      one.transactions.map((own) => own.signed_transaction_base64),
      one.signed_transactions_with_multi_signature_base64,
    ]) {
      const read = expected.map((text) => readSignedTransaction(fromBase64(text)))
      // The key of this party signs under a mapping that lies beside it in the package or not at all.
      const made = createPackage(contentOfSigned(read))
      const files = exportCertificates(made, { ...stated, allowUnverifiable: true })
      const hashesSorted = (text: string): unknown => {
        const { value } = readSignedTransaction(fromBase64(text))
        return {
          ...value,
          multiTransactionSignatures: value?.multiTransactionSignatures.map((multi) => ({
            ...multi,
            transactionHashes: multi.transactionHashes.map(toHex).sort(),
          })),
        }
      }
      expect(texts(files).map(hashesSorted)).toEqual(expected.map(hashesSorted))
    }
  })

  test('are signed transactions without a finding, with all hashes on every transaction', () => {
    const made = signedPackage(
      [rootOfAlice, rootOfBob, party],
      [
        [overAll, alice],
        [overAll, bob],
      ],
    )
    const files = exportCertificates(made, { proposal: false })
    expect(files.map(({ name }) => name)).toEqual([
      '01-namespace-delegation.cert',
      '02-namespace-delegation.cert',
      '03-party-to-participant.cert',
    ])
    const read = files.map(({ bytes }) => readSignedTransaction(bytes))
    const signers = read.map((one) => {
      const verified = verifySignatures(
        one,
        (fingerprint) => [alice, bob].find(({ key }) => key.fingerprint === fingerprint)?.key,
      )
      expect(verified.map(({ status }) => status)).not.toContain('invalid')
      expect(refusals([...one.findings, ...verified.flatMap(({ findings }) => findings)])).toEqual(
        [],
      )
      expect(one.value?.proposal).toBe(false)
      for (const multi of one.value?.multiTransactionSignatures ?? []) {
        expect(multi.transactionHashes.map(toHex)).toEqual(
          [rootOfAlice, rootOfBob, party].map(hashHex).sort(),
        )
      }
      return new Set(verified.map(({ signature }) => signature.wire.signedBy))
    })
    expect(signers).toEqual([
      new Set([alice.fingerprint]),
      new Set([bob.fingerprint]),
      new Set([alice.fingerprint, bob.fingerprint]),
    ])
  })

  test('carry one signature of a key, its own before a combined one', () => {
    const content = signedPackage([rootOfAlice, party], [[over(party), alice]])
    const both = signedPackageFrom(content, [[overAll, alice]])
    const read = exportCertificates(both, stated).map(({ bytes }) => readSignedTransaction(bytes))
    expect(read.map(({ signatures }) => signatures.map((one) => one.multiTransaction))).toEqual([
      [true],
      [false],
    ])
    expect(read.flatMap(({ findings }) => findings)).toEqual([])
  })

  test.each([true, false])('say of every transaction that it is a proposal: %s', (proposal) => {
    const made = signedPackage([rootOfAlice, party], [[overAll, alice]])
    for (const { bytes } of exportCertificates(made, { proposal })) {
      expect(readSignedTransaction(bytes).value?.proposal).toBe(proposal)
    }
  })

  test('are not made of transactions without a signature', () => {
    const made = signedPackage([rootOfAlice, party], [[over(party), alice]])
    const error = errorOf(() => exportCertificates(made, stated))
    expect(error.code).toBe('signatures-missing')
    expect(error.message).toMatch(/^transactions\[0\]: /)
    const foreign = signedPackage([rootOfBob, party], [[overAll, alice]])
    expect(errorOf(() => exportCertificates(foreign, stated)).code).toBe('signatures-missing')
  })

  test('are not made of signatures that are invalid or cannot be verified', () => {
    const hash = transactionHash(party)
    const made = (signatures: readonly ReturnType<TestKey['signature']>[]): SigningPackage =>
      createPackage({ transactions: [{ bytes: party, proposal: true, signatures }] })
    const good = carol.signature(hash)
    const invalid = made([alice.signature(hash), corrupted(alice.signature(hash))])
    expect(errorOf(() => exportCertificates(invalid, stated)).code).toBe('signature-invalid')
    const unknown = made([alice.signature(hash), good])
    expect(errorOf(() => exportCertificates(unknown, stated)).code).toBe('signature-unverifiable')
    expect(exportCertificates(unknown, { ...stated, resolve: () => carol.key })).toHaveLength(1)
    expect(exportCertificates(unknown, { ...stated, allowUnverifiable: true })).toHaveLength(1)
    const doubtful = made([good, corrupted(good)])
    expect(
      errorOf(() => exportCertificates(doubtful, { ...stated, allowUnverifiable: true })).code,
    ).toBe('signature-unverifiable')
    const combined = createPackage({
      transactions: [{ bytes: party, proposal: true }],
      combined: [
        {
          transactionHashes: [hashHex(party)],
          signatures: [corrupted(alice.signature(combinedHash([hash])))],
        },
      ],
    })
    expect(errorOf(() => exportCertificates(combined, stated)).code).toBe('signature-invalid')
  })

  test('are not made of transactions with findings, unless they are accepted', () => {
    const bytes = partyTransaction('alice', [alice], 0)
    const made = signedPackage([bytes], [[over(bytes), alice]])
    expect(errorOf(() => exportCertificates(made, stated)).code).toBe('bad-serial')
    const acceptedFindings = new Set(['bad-serial'])
    expect(exportCertificates(made, { ...stated, acceptedFindings })).toHaveLength(1)
  })
})

/** More signatures for a package that has some. */
function signedPackageFrom(
  content: SigningPackage,
  signers: readonly (readonly [SignatureTarget, TestKey])[],
): SigningPackage {
  return addSignatures(
    content,
    signers.map(([target, key]) => ({
      target,
      signedBy: key.fingerprint,
      signature: key.signBytes(signingMessage(content, target)),
    })),
  ).package
}

describe('hash and prep files', () => {
  test('are the 34 bytes to sign and the bytes that were hashed', () => {
    const made = signedPackage([rootOfAlice, party], [])
    expect(exportHashes(made)).toEqual([
      { name: '01-namespace-delegation.hash', bytes: transactionHash(rootOfAlice) },
      { name: '02-party-to-participant.hash', bytes: transactionHash(party) },
    ])
    expect(exportPrepared(made).map(({ bytes }) => bytes)).toEqual([rootOfAlice, party])
  })

  test('are numbered so that they sort in their order', () => {
    const list = Array.from({ length: 101 }, (_, i) => partyTransaction(`p${i}`, [alice]))
    const names = exportHashes(signedPackage(list, [])).map(({ name }) => name)
    expect(names[0]).toBe('001-party-to-participant.hash')
    expect(names.toSorted()).toEqual(names)
  })
})

describe('files for the console', () => {
  const made = signedPackage([rootOfAlice, party], [[overAll, alice]])
  const load = (files: readonly ExportedFile[]): string =>
    textOf(files.at(-1)?.bytes ?? new Uint8Array())

  test('are signed transactions and the lines that load them in order', () => {
    const files = exportConsole(made, stated)
    expect(files.map(({ name }) => name)).toEqual([
      '01-namespace-delegation.signed.bin',
      '02-party-to-participant.signed.bin',
      'load.canton',
    ])
    const text = load(files)
    expect(text).toContain(
      `TopologyStoreId.Synchronizer(SynchronizerId.tryFromString("${synchronizerId}"))`,
    )
    expect(text).toMatch(
      /participant1\.topology\.transactions\.load_single_from_files\(\s+Seq\(\s+"01-namespace-delegation\.signed\.bin",\s+"02-party-to-participant\.signed\.bin",\s+\),\s+store,\s+\)/,
    )
  })

  test('name a physical synchronizer, another node and the authorized store', () => {
    const physical = { $case: 'synchronizer' as const, id: `${synchronizerId}::34-0` }
    expect(load(exportConsole(made, { ...stated, store: physical }))).toContain(
      'PhysicalSynchronizerId.tryFromString',
    )
    const own = load(
      exportConsole(made, { ...stated, store: { $case: 'authorized' }, node: 'hosting' }),
    )
    expect(own).toContain('TopologyStoreId.Authorized')
    expect(own.match(/hosting\.topology\.transactions\.load_single_from_file\(/g)).toHaveLength(2)
  })

  test('are not made without a store, nor with names that are code', () => {
    const nowhere = signedPackage([party], [[overAll, alice]], { network: {} })
    expect(errorOf(() => exportConsole(nowhere, stated))).toMatchObject({
      code: 'export-target',
      hint: expect.stringContaining('--store ID') as string,
    })
    const id = 'global")\nsys.exit(1)//::1220'
    expect(
      errorOf(() => exportConsole(made, { ...stated, store: { $case: 'synchronizer', id } })).code,
    ).toBe('identifier-invalid')
    expect(errorOf(() => exportConsole(made, { ...stated, node: 'a; sys.exit()' })).code).toBe(
      'usage',
    )
  })
})

describe('the body of AddTransactions', () => {
  test('has whole enum names, the store and every hash', () => {
    const p256 = ecKey('EC_P256')
    const bytes = partyTransaction('alice', [alice, p256])
    const made = signedPackage(
      [bytes],
      [
        [over(bytes), p256],
        [overAll, alice],
      ],
    )
    const files = exportAddTransactions(made, { proposal: true })
    expect(files[0]?.name).toBe('add-transactions.json')
    const own = made.transactions[0]?.signatures[0]
    const combined = made.combined[0]
    expect(jsonOf(files)).toEqual({
      transactions: [
        {
          transaction: toBase64(bytes),
          signatures: [
            {
              format: 'SIGNATURE_FORMAT_DER',
              signature: toBase64(own?.signature ?? new Uint8Array()),
              signedBy: p256.fingerprint,
              signingAlgorithmSpec: 'SIGNING_ALGORITHM_SPEC_EC_DSA_SHA_256',
            },
          ],
          proposal: true,
          multiTransactionSignatures: [
            {
              transactionHashes: [toBase64(transactionHash(bytes))],
              signatures: [
                {
                  format: 'SIGNATURE_FORMAT_CONCAT',
                  signature: toBase64(combined?.signatures[0]?.signature ?? new Uint8Array()),
                  signedBy: alice.fingerprint,
                  signingAlgorithmSpec: 'SIGNING_ALGORITHM_SPEC_ED25519',
                },
              ],
            },
          ],
        },
      ],
      forceChanges: [],
      store: { synchronizer: { id: synchronizerId } },
    })
  })

  test.each([
    [{ $case: 'authorized' as const }, { authorized: {} }],
    [
      { $case: 'synchronizer' as const, id: `${synchronizerId}::34-0` },
      { synchronizer: { physicalId: `${synchronizerId}::34-0` } },
    ],
  ])('names the store %j', (store, expected) => {
    const made = signedPackage([party], [[overAll, alice]])
    expect(jsonOf(exportAddTransactions(made, { ...stated, store }))['store']).toEqual(expected)
  })

  test('is not made when what is carried would grow beyond all bounds', () => {
    const list = Array.from({ length: 1500 }, (_, i) => partyTransaction(`p${i}`, [alice]))
    const made = signedPackage(list, [[overAll, alice]])
    expect(errorOf(() => exportAddTransactions(made, stated)).code).toBe('limit-exceeded')
  })
})

describe('the body of an allocation', () => {
  test('has single signatures with their transactions and combined ones for all', () => {
    const made = signedPackage([rootOfAlice, party], [[overAll, alice]])
    const [first] = made.combined[0]?.signatures ?? []
    expect(jsonOf(exportAllocate(made, { userId: 'u', waitForAllocation: false }))).toEqual({
      synchronizer: synchronizerId,
      identityProviderId: '',
      onboardingTransactions: [
        { transaction: toBase64(rootOfAlice), signatures: [] },
        { transaction: toBase64(party), signatures: [] },
      ],
      multiHashSignatures: [
        {
          format: 'SIGNATURE_FORMAT_CONCAT',
          signature: toBase64(first?.signature ?? new Uint8Array()),
          signedBy: alice.fingerprint,
          signingAlgorithmSpec: 'SIGNING_ALGORITHM_SPEC_ED25519',
        },
      ],
      waitForAllocation: false,
      userId: 'u',
    })
  })

  test('leaves out what older servers do not know, and takes the logical synchronizer', () => {
    const made = signedPackage([party], [], {
      network: { synchronizerId: `${synchronizerId}::34-0` },
    })
    const body = jsonOf(exportAllocate(made, {}))
    expect(Object.keys(body)).toEqual([
      'synchronizer',
      'identityProviderId',
      'onboardingTransactions',
      'multiHashSignatures',
    ])
    expect(body['synchronizer']).toBe(synchronizerId)
  })

  const owners = Array.from({ length: 11 }, (_, i) =>
    parseNamespace(ed25519Key(20 + i).fingerprint),
  )
  const definition = transactionBytes({
    $case: 'decentralizedNamespaceDefinition',
    value: { decentralizedNamespace: decentralizedNamespace(owners), threshold: 1, owners },
  })
  const removal = transactionBytes(
    {
      $case: 'partyToKeyMapping',
      value: { party: `a::${alice.fingerprint}`, threshold: 1, signingKeys: [] },
    },
    1,
    2,
  )

  test.each([
    ['no party', [rootOfAlice], 'transactions'],
    ['two parties', [party, partyTransaction('bob', [alice])], 'transactions'],
    ['two delegations', [rootOfAlice, rootOfBob, party], 'transactions'],
    ['a delegation that is no root', [delegation(alice, bob), party], 'transactions[0]'],
    ['a later serial', [partyTransaction('alice', [alice], 2)], 'transactions[0]'],
    ['a removal', [party, removal], 'transactions[1]'],
    [
      'a host with SUBMISSION',
      [partyTransaction('alice', [alice], 1, { permission: 1 })],
      'transactions[0]',
    ],
    [
      'no host with CONFIRMATION',
      [partyTransaction('alice', [alice], 1, { permission: 3 })],
      'transactions[0]',
    ],
    ['eleven owners', [definition, party], 'transactions[0]'],
  ])('is not made of %s', (_, list, path) => {
    const acceptedFindings = new Set(['empty-list', 'threshold-out-of-range'])
    const error = errorOf(() => exportAllocate(signedPackage(list, []), { acceptedFindings }))
    expect(error.code).toBe('export-not-allocatable')
    expect(error.details['path']).toBe(path)
  })

  test('is not made of combined signatures over a part of the transactions', () => {
    const part: SignatureTarget = { $case: 'combined', hashes: [hashHex(party)] }
    const made = signedPackage([rootOfAlice, party], [[part, alice]])
    expect(errorOf(() => exportAllocate(made, {})).code).toBe('export-not-allocatable')
  })

  test('is not made without a synchronizer, nor of invalid signatures', () => {
    const nowhere = signedPackage([party], [], { network: {} })
    expect(errorOf(() => exportAllocate(nowhere, {}))).toMatchObject({
      code: 'export-target',
      hint: expect.stringMatching(/--store ID.*--synchronizer ID/) as string,
    })
    expect(errorOf(() => exportAllocate(nowhere, { synchronizerId: 'x' })).code).toBe(
      'identifier-invalid',
    )
    const bad = createPackage({
      network: { synchronizerId },
      transactions: [{ bytes: party, proposal: true }],
      combined: [
        {
          transactionHashes: [hashHex(party)],
          signatures: [corrupted(alice.signature(combinedHash([transactionHash(party)])))],
        },
      ],
    })
    expect(errorOf(() => exportAllocate(bad, {})).code).toBe('signature-invalid')
  })
})
