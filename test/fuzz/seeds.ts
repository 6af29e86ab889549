/** Sound inputs of every kind, to be damaged: from the fixtures, and snapshots made of them. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { concatBytes } from '../../src/base/bytes.ts'
import { parseSubjectPublicKeyInfo, type PublicKey } from '../../src/crypto/public-key.ts'
import { parsePem } from '../../src/crypto/pem.ts'
import { createPackage } from '../../src/package/create.ts'
import { writePackage } from '../../src/package/write.ts'
import { encodeMessage, unwrap, wrap } from '../../src/wire/codec.ts'
import { fixture, fixtureBytes, fromBase64, fromHex } from '../support/vectors.ts'

interface SigningFixture {
  readonly onboarding: readonly {
    readonly transactions: readonly {
      readonly transaction_base64: string
      readonly signed_transaction_base64: string
    }[]
    readonly signed_transactions_with_multi_signature_base64: readonly string[]
  }[]
}
const { onboarding } = fixture('end-to-end/signing.json') as SigningFixture
const synthetic = fixture('synthetic-topology/transactions.json') as {
  readonly transactions: readonly { readonly transaction_base64: string }[]
}
const { cases } = fixture('namespace-delegations/reference-script-certificates.json') as {
  readonly cases: readonly {
    readonly prepared_transaction_hex: string
    readonly certificate_hex: string
  }[]
}
const adversarial = fixture('topology-adversarial/cases.json') as {
  readonly cases: readonly {
    readonly container: string
    readonly expected: string
    readonly bytes_base64: string
  }[]
}
/** Those that can be read, with what is rare in them. */
const readable = adversarial.cases.filter(({ expected }) => expected !== 'refuse')

/** Wrapped TopologyTransactions. */
export const transactions: readonly Uint8Array[] = [
  ...onboarding.flatMap((one) =>
    one.transactions.map((each) => fromBase64(each.transaction_base64)),
  ),
  ...synthetic.transactions.map((each) => fromBase64(each.transaction_base64)),
  ...cases.map((each) => fromHex(each.prepared_transaction_hex)),
  ...readable
    .filter(({ container }) => container === 'transaction')
    .map((each) => fromBase64(each.bytes_base64)),
]

/** Wrapped SignedTopologyTransactions. */
export const signedTransactions: readonly Uint8Array[] = [
  ...onboarding.flatMap((one) => [
    ...one.transactions.map((each) => fromBase64(each.signed_transaction_base64)),
    ...one.signed_transactions_with_multi_signature_base64.map(fromBase64),
  ]),
  ...cases.map((each) => fromHex(each.certificate_hex)),
]

const GENESIS = { seconds: -62_135_596_800n, nanos: 1000 }
const item = (
  transaction: Uint8Array,
): Parameters<typeof encodeMessage<'TopologyTransactions.Item'>>[1] => ({
  transaction,
  validFrom: GENESIS,
  validUntil: undefined,
  sequenced: GENESIS,
  rejectionReason: undefined,
})

/** Wrapped Items, as in the second form of a snapshot. */
export const items: readonly Uint8Array[] = signedTransactions.map((transaction) =>
  wrap(encodeMessage('TopologyTransactions.Item', item(transaction))),
)

/** Whole snapshots in the first form, two transactions each. */
export const snapshots: readonly Uint8Array[] = signedTransactions
  .map((_one, at) => signedTransactions.slice(at, at + 2))
  .map((some) => wrap(encodeMessage('TopologyTransactions', { items: some.map(item) })))

/** Lists as the console loads them. */
export const lists: readonly Uint8Array[] = signedTransactions
  .map((_one, at) => signedTransactions.slice(at, at + 2))
  .map((signedTransaction) =>
    wrap(encodeMessage('SignedTopologyTransactions', { signedTransaction })),
  )

/** SignedTopologyTransactions without the wrapper. */
export const plainSigned: readonly Uint8Array[] = signedTransactions.map(unwrap)

const keyFiles = readdirSync(join(import.meta.dirname, '../../fixtures/keys'))
  .filter((name) => !name.startsWith('bad-') && /\.(der|pem)$/.test(name))
  .map((name) => ({ name, bytes: fixtureBytes(`keys/${name}`) }))
const derOf = (pattern: RegExp): readonly Uint8Array[] =>
  keyFiles.filter(({ name }) => pattern.test(name)).map(({ bytes }) => bytes)

export const publicKeys = derOf(/spki[^.]*\.der$/)
export const privateKeys = derOf(/pkcs8[^.]*\.der$/)
export const encryptedKeys = derOf(/\.(pbes2|scrypt|enc)-[^.]*\.der$/)
export const pemFiles = derOf(/\.pem$/)
export const ecPrivateKeys = derOf(/\.sec1\.pem$/).map((pem) => parsePem(pem).content)

const { keys } = fixture('keys/keys.json') as {
  readonly keys: Readonly<Record<string, { readonly spki_hex: string }>>
}
export const knownKeys: readonly PublicKey[] = Object.values(keys).map(
  ({ spki_hex: hex }) => parseSubjectPublicKeyInfo(fromHex(hex)).key,
)

const prepared = fixture('prepared-transactions/oracle-vectors.json') as {
  readonly vectors: readonly { readonly prepared_transaction_base64: string }[]
}
/** PreparedTransactions; the largest ones would take most of the time. */
export const preparedTransactions: readonly Uint8Array[] = prepared.vectors
  .map((each) => fromBase64(each.prepared_transaction_base64))
  .filter((bytes) => bytes.length < 4000)

/** Signing packages as files; each has a prepared transaction as well. */
export const packages: readonly Uint8Array[] = onboarding.map((one, i) =>
  writePackage(
    createPackage({
      text: { requestedBy: 'operations', reason: 'onboarding' },
      transactions: one.transactions.map((each) => ({
        bytes: fromBase64(each.transaction_base64),
        proposal: false,
      })),
      preparedTransactions: preparedTransactions
        .slice(i, i + 1)
        .map((bytes) => ({ bytes, scheme: 'V3' })),
      publicKeys: knownKeys.slice(0, 2),
    }),
  ),
)

/** Records behind each other, each with its length before it. */
export function delimited(records: readonly Uint8Array[]): Uint8Array {
  return concatBytes(
    ...records.flatMap((record) => {
      const length: number[] = []
      let rest = record.length
      for (; rest > 127; rest >>= 7) length.push((rest & 127) | 128)
      return [Uint8Array.from([...length, rest]), record]
    }),
  )
}
