/** A desk for prepared Daml transactions in packages: everybody's keys, and a package to sign. */
import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { createPackage, type PackageContent } from '../../../src/package/create.ts'
import type { SigningPackage } from '../../../src/package/model.ts'
import { readPackage } from '../../../src/package/read.ts'
import { writePackage } from '../../../src/package/write.ts'
import { assembleSignedTransaction } from '../../../src/topology/assemble.ts'
import { readSignedTransaction } from '../../../src/topology/signed-transaction.ts'
import { bytesOf, seed } from '../../daml/transactions.ts'
import { preparedHashHex, preparedSignature } from '../../package/prepared.ts'
import { corrupted, type TestKey } from '../../package/support.ts'
import {
  ALICE_KEY,
  files,
  ownBytes,
  ownTransaction,
  PARTY,
  partyState,
  pkcs8,
  SECOND_KEY,
  THIRD_KEY,
  type Files,
} from './prepared.ts'
import { run, runJson, type RunResult } from './program.ts'

export const KEYS = { alice: 11, second: 12, third: 13, stranger: 66 } as const
export const LISTED = [ALICE_KEY, SECOND_KEY, THIRD_KEY]
export const fingerprints = (...keys: readonly TestKey[]): readonly string[] =>
  keys.map(({ fingerprint }) => fingerprint).sort()

export interface Desk extends Files {
  readonly run: (...args: readonly string[]) => RunResult
  readonly json: (...args: readonly string[]) => readonly [number | null, Document]
  readonly package: (name: string) => SigningPackage
}

export interface Entry {
  readonly hash: string
  readonly party?: string
  readonly status: string
  readonly signed?: readonly string[]
  readonly missing: readonly unknown[]
  readonly rule?: string
}

export interface Document {
  readonly hash?: string
  readonly transactions: readonly Entry[]
  readonly authorization: readonly Entry[]
  readonly preparedTransactions: readonly (Entry & {
    readonly signatures: readonly unknown[]
    readonly authorization: readonly Entry[]
    readonly kind?: string
  })[]
  readonly signatures: Readonly<Record<'valid' | 'invalid' | 'unverifiable', number>>
  readonly ok: boolean
  readonly files: readonly string[]
  readonly remarks: readonly string[]
  readonly leftOut: readonly { readonly path: string }[]
  readonly error: { readonly code: string }
}

/** A directory with everybody's keys and a package, of which anything may be changed. */
export function desk(content?: PackageContent): Desk {
  const at = files()
  for (const [name, seed] of Object.entries(KEYS)) at.write(`${name}.key`, pkcs8(seed))
  if (content !== undefined) at.write('in.json', writePackage(createPackage(content)))
  const options = { directory: at.directory }
  return {
    ...at,
    run: (...args) => run(args, options),
    json: (...args) => {
      const { status, document } = runJson(args, options)
      return [status, document as Document]
    },
    package: (name) => readPackage(new Uint8Array(readFileSync(at.path(name)))).package,
  }
}

export const transfer = ownBytes()
export const HASH = preparedHashHex(transfer)
export const state = partyState(LISTED, 2).map((bytes) => ({ bytes }))

export const signature = (
  key: TestKey,
  bytes = transfer,
  party = PARTY,
): ReturnType<typeof preparedSignature> => preparedSignature(key, bytes, party)

/** A package of the transaction, two of three have to sign, with these signatures. */
export const content = (
  signatures: readonly ReturnType<typeof preparedSignature>[] = [],
  more: Partial<PackageContent> = {},
): PackageContent => ({
  transactions: [],
  preparedTransactions: [{ bytes: transfer, scheme: 'V2', signatures }],
  state,
  ...more,
})

export const signWith = (name: string, ...more: readonly string[]): readonly string[] => [
  ...['sign', 'in.json', '--key', `${name}.key`, '--yes', '-o', 'out.json'],
  ...more,
]

export function refused(at: Desk, status: number, code: string, ...args: readonly string[]): void {
  const [ended, document] = at.json(...args)
  expect([ended, document.error.code]).toEqual([status, code])
  expect(existsSync(at.path('out.json'))).toBe(false)
}

export const missing = (need: number, ...keys: readonly TestKey[]): unknown => ({
  party: PARTY,
  need,
  of: 2,
  anyOf: fingerprints(...keys),
})

/** It has a hash, and a seed for a node that is not there. */
export function unsound(): Uint8Array {
  const whole = ownTransaction()
  if (whole.transaction === undefined) throw new Error('no transaction')
  const nodeSeeds = [...whole.transaction.nodeSeeds, seed(7)]
  return bytesOf({ ...whole, transaction: { ...whole.transaction, nodeSeeds } })
}

export const BOB = `bob::${SECOND_KEY.fingerprint}`

/** The state, with one signature in it that does not verify. */
export function damaged(): readonly { readonly bytes: Uint8Array }[] {
  const [host, root, hosting] = partyState(LISTED, 2)
  const value = hosting === undefined ? undefined : readSignedTransaction(hosting).value
  const [first, ...more] = value?.signatures ?? []
  if (host === undefined || root === undefined || value === undefined || first === undefined) {
    throw new Error('the state has no signature')
  }
  const bytes = assembleSignedTransaction({ ...value, signatures: [corrupted(first), ...more] })
  return [{ bytes: host }, { bytes: root }, { bytes }]
}
