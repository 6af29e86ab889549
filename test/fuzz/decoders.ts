/** Everything that reads bytes from outside, each with mutants of sound input for it. */
import { severityOf, type Finding } from '../../src/base/finding-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { assertDerivationBounds } from '../../src/crypto/pbes2.ts'
import { parseEncryptedKey } from '../../src/crypto/encrypted-key.ts'
import { parsePem } from '../../src/crypto/pem.ts'
import { parseEcPrivateKey, parsePrivateKeyInfo } from '../../src/crypto/private-key.ts'
import { parseSubjectPublicKeyInfo } from '../../src/crypto/public-key.ts'
import { hashPreparedTransaction } from '../../src/daml/hash.ts'
import { judgePreparedTransaction } from '../../src/daml/judge.ts'
import { readPreparedTransaction } from '../../src/daml/prepared-transaction.ts'
import { recognise } from '../../src/explain/recognise.ts'
import { readPackage } from '../../src/package/read.ts'
import { identifyKey } from '../../src/signer/key-container.ts'
import { RecordSplitter, type StreamLayout } from '../../src/topology/record-splitter.ts'
import { readSignedTransaction, verifySignatures } from '../../src/topology/signed-transaction.ts'
import { readRecord } from '../../src/topology/snapshot.ts'
import { readTransaction } from '../../src/topology/transaction.ts'
import { mappingUniqueKey } from '../../src/topology/unique-key.ts'
import { mutateDer, mutateText } from './der-mutator.ts'
import { mutateJson } from './json-mutator.ts'
import { mutate } from './protobuf-mutator.ts'
import type { Random } from './random.ts'
import * as seeds from './seeds.ts'

/** What a decoder made of one input. */
export interface Outcome {
  /** Codes of findings and errors. */
  readonly codes: readonly string[]
  /** True if the damage, if any, was met inside: the outermost layer was sound. */
  readonly inside: boolean
}

export interface Decoder {
  readonly name: string
  mutant(random: Random): Uint8Array
  decode(input: Uint8Array, random: Random): Outcome | Promise<Outcome>
}

const isFatal = ({ code }: Finding): boolean => severityOf(code) === 'fatal'

/** Inside, unless a fatal finding stopped the reader at the outermost message. */
function outcome(findings: readonly Finding[], inner: RegExp): Outcome {
  return {
    codes: findings.map(({ code }) => code),
    inside: findings.filter(isFatal).every(({ path }) => inner.test(path)),
  }
}

/** Runs a reader that throws: its error is the outcome, anything else that is thrown a crash. */
async function thrown(run: () => unknown, outside: readonly string[]): Promise<Outcome> {
  try {
    await run()
    return { codes: [], inside: true }
  } catch (error) {
    if (!(error instanceof CantosignError)) throw error
    return { codes: [error.code], inside: !outside.includes(error.code) }
  }
}

const known = new Map(seeds.knownKeys.map((key) => [key.fingerprint, key]))

function stream(layout: StreamLayout, mutant: Decoder['mutant']): Decoder {
  return {
    name: layout,
    mutant,
    decode: (input, random) => {
      recognise(input, input.length)
      const splitter = new RecordSplitter(layout)
      const findings: Finding[] = []
      const largest = random.pick([3, 50, 5000])
      const take = (records: ReturnType<RecordSplitter['push']>): void => {
        for (const record of records) findings.push(...readRecord(layout, record).findings)
      }
      return thrown(() => {
        for (let at = 0; at < input.length;) {
          const size = 1 + random.below(largest)
          take(splitter.push(input.subarray(at, at + size)))
          at += size
        }
        take(splitter.end())
      }, ['limit-exceeded']).then(({ codes, inside }) => {
        const whole = outcome([...findings, ...splitter.findings], /\[\d+\]|^data\./)
        return { codes: [...codes, ...whole.codes], inside: inside && whole.inside }
      })
    },
  }
}

/** Three records, one of them damaged, seldom with lengths that lie. */
function damagedRecords(
  records: readonly Uint8Array[],
  name: 'TopologyTransactions.Item' | 'SignedTopologyTransaction',
  wrapped: boolean,
  random: Random,
): Uint8Array {
  const sound = [random.pick(records), random.pick(records)]
  const bytes = seeds.delimited([...sound, mutate(random.pick(records), name, wrapped, random)])
  if (random.below(10) > 0) return bytes
  const damaged = bytes.slice()
  damaged[random.below(4)] = random.below(256)
  return damaged
}

const der = (
  name: string,
  from: readonly Uint8Array[],
  read: (bytes: Uint8Array) => unknown,
): Decoder => ({
  name,
  mutant: (random) => mutateDer(random.pick(from), random),
  decode: (input) => thrown(() => read(input), ['key-der']),
})

export const decoders: readonly Decoder[] = [
  {
    name: 'transaction',
    mutant: (random) =>
      mutate(random.pick(seeds.transactions), 'TopologyTransaction', true, random),
    decode: (input) => {
      recognise(input, input.length)
      const { findings, value } = readTransaction(input)
      const mapping = value?.mapping?.mapping
      if (mapping !== undefined) mappingUniqueKey(mapping)
      return outcome(findings, /^data\./)
    },
  },
  {
    name: 'signed transaction',
    mutant: (random) =>
      mutate(random.pick(seeds.signedTransactions), 'SignedTopologyTransaction', true, random),
    decode: (input) => {
      const signed = readSignedTransaction(input)
      const verified = verifySignatures(signed, (fingerprint) => known.get(fingerprint))
      return outcome([...signed.findings, ...verified.flatMap((one) => one.findings)], /^data\./)
    },
  },
  stream('snapshot-v1', (random) =>
    mutate(random.pick(seeds.snapshots), 'TopologyTransactions', true, random),
  ),
  stream('snapshot-v2', (random) =>
    damagedRecords(seeds.items, 'TopologyTransactions.Item', true, random),
  ),
  stream('list', (random) =>
    mutate(random.pick(seeds.lists), 'SignedTopologyTransactions', true, random),
  ),
  stream('delimited', (random) =>
    damagedRecords(seeds.plainSigned, 'SignedTopologyTransaction', false, random),
  ),
  der('public key', seeds.publicKeys, parseSubjectPublicKeyInfo),
  der('private key', seeds.privateKeys, parsePrivateKeyInfo),
  der('EC private key', seeds.ecPrivateKeys, parseEcPrivateKey),
  der('encrypted key', seeds.encryptedKeys, async (bytes) => {
    const { encryption } = await parseEncryptedKey(bytes)
    // What is accepted here is going to be computed: it has to be bounded by now.
    if (encryption.$case === 'pbes2') assertBounded(encryption.pbes2.derivation)
  }),
  {
    name: 'key file',
    mutant: (random) =>
      random.below(2) === 0
        ? mutateText(random.pick(seeds.pemFiles), random)
        : mutateDer(random.pick([...seeds.publicKeys, ...seeds.privateKeys]), random),
    decode: (input) => thrown(() => identifyKey(input), ['key-not-a-key', 'file-empty']),
  },
  {
    name: 'PEM',
    mutant: (random) => mutateText(random.pick(seeds.pemFiles), random),
    decode: (input) => thrown(() => parsePem(input), []),
  },
  {
    name: 'signing package',
    mutant: (random) =>
      random.below(4) === 0
        ? mutateText(random.pick(seeds.packages), random)
        : mutateJson(random.pick(seeds.packages), random),
    decode: (input) =>
      thrown(() => readPackage(input), ['package-json', 'package-trailing-data', 'package-format']),
  },
  {
    name: 'prepared transaction',
    mutant: (random) =>
      mutate(random.pick(seeds.preparedTransactions), 'PreparedTransaction', false, random),
    decode: (input, random) => {
      const read = readPreparedTransaction(input)
      const scheme = random.pick(['V2', 'V3'] as const)
      const { refusals, warnings } = judgePreparedTransaction(read, scheme)
      hashPreparedTransaction(read, scheme)
      return outcome([...refusals, ...warnings], /\./)
    },
  },
]

function assertBounded(derivation: Parameters<typeof assertDerivationBounds>[0]): void {
  assertDerivationBounds(derivation)
  const work =
    derivation.$case === 'pbkdf2'
      ? derivation.iterations <= 10_000_000
      : 128 * derivation.cost * derivation.blockSize <= 256 * 1024 * 1024
  if (!work) throw new Error('a key derivation beyond the stated bounds was accepted')
}
