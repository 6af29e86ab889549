/** One package with something in every property, and its file with one thing changed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { createPackage } from '../../src/package/create.ts'
import { writePackage } from '../../src/package/write.ts'
import type { SigningPackage } from '../../src/package/model.ts'
import { encodeMessage } from '../../src/wire/codec.ts'
import { combinedHash } from '../../src/topology/namespace.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import { partyOf, preparedOf, preparedSignature, SYNCHRONIZER } from './prepared.ts'
import {
  bytesOf,
  delegation,
  ed25519Key,
  hashHex,
  partyTransaction,
  signedBytes,
  textOf,
} from './support.ts'

const schema: unknown = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../schemas/signing-package.schema.json'), 'utf8'),
)
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true })
if (typeof schema !== 'object' || schema === null) throw new Error('the schema is an object')
export const fits = ajv.compile(schema)

export const alice = ed25519Key(1)
export const bob = ed25519Key(2)
export const party = partyTransaction('alice', [alice, bob])
export const root = delegation(alice)
export const both = [root, party].map(transactionHash)

/** A package with something in every property. */
export const whole = createPackage({
  network: { synchronizerId: `global::${bob.fingerprint}`, protocolVersion: 34 },
  text: { requestedBy: 'Treasury', reason: 'alice gets a host', validUntil: 'Friday' },
  transactions: [
    { bytes: root, proposal: false, signatures: [alice.signature(transactionHash(root))] },
    { bytes: party, proposal: true },
  ],
  combined: [
    {
      transactionHashes: [root, party].map(hashHex),
      signatures: [alice.signature(combinedHash(both)), bob.signature(combinedHash(both))],
    },
  ],
  publicKeys: [ed25519Key(3).key],
  state: [
    {
      bytes: signedBytes(delegation(bob), [bob]),
      sources: [{ from: 'participant1', at: '2030-01-31T12:00:00Z' }],
    },
  ],
})

/** As one of alice's, for tests of what packages hold. */
export const preparedBytes = encodeMessage('PreparedTransaction', preparedOf([partyOf(alice)]))

/** The same with a prepared Daml transaction, which alice has signed. */
export const wholePrepared = createPackage({
  network: { synchronizerId: SYNCHRONIZER },
  transactions: [],
  preparedTransactions: [
    {
      bytes: preparedBytes,
      scheme: 'V2',
      signatures: [preparedSignature(alice, preparedBytes, partyOf(alice))],
    },
  ],
  publicKeys: [alice.key],
})

export type Json = Record<string, unknown>
type Path = readonly (string | number)[]

export const documentOf = (content: SigningPackage): Json =>
  JSON.parse(textOf(writePackage(content))) as Json

export const document = (): Json => documentOf(whole)

/** The value at a path. */
export function at(value: unknown, path: Path): Json {
  return path.reduce<unknown>((so, part) => (so as Json)[part], value) as Json
}

/** The file with the value at a path replaced; `undefined` takes the property away. */
export function changed(path: Path, value: unknown, content: SigningPackage = whole): Json {
  const copy = documentOf(content)
  const last = path.at(-1) ?? ''
  const parent = at(copy, path.slice(0, -1))
  if (value === undefined) Reflect.deleteProperty(parent, last)
  else parent[last] = value
  return copy
}

export const fileOf = (json: unknown): Uint8Array => bytesOf(JSON.stringify(json))

/** One entry of a list said twice. */
export function doubled(path: Path, content: SigningPackage = whole): Json {
  const copy = documentOf(content)
  const list = at(copy, path) as unknown as unknown[]
  list.push(structuredClone(list[0]))
  return copy
}
