/** A desk to sign at: a directory with everybody's keys, packages made of parts, and outcomes. */
import { createPublicKey, verify } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { toBase64 } from '../../../src/base/bytes.ts'
import type { PublicKey } from '../../../src/crypto/public-key.ts'
import { createPackage, type PackageContent } from '../../../src/package/create.ts'
import type { SigningPackage } from '../../../src/package/model.ts'
import { readPackage } from '../../../src/package/read.ts'
import { writePackage } from '../../../src/package/write.ts'
import { assembleSignedTransaction } from '../../../src/topology/assemble.ts'
import { transactionHash } from '../../../src/topology/transaction.ts'
import { delegationMapping, hostingMapping, type Restriction } from '../../authorization/signed.ts'
import {
  corrupted,
  ed25519Key,
  signedBytes,
  transactionBytes,
  type TestKey,
} from '../../package/support.ts'
import { run, runAtTerminal, scratch, type RunResult, type TerminalStep } from './program.ts'

/** Everybody, by the name of their key file; the seed is the same byte 32 times. */
const SEEDS = { alice: 1, bob: 2, carol: 3, dave: 4, host: 5, mallory: 66 } as const
export type Person = keyof typeof SEEDS

export const person = (name: Person): TestKey => ed25519Key(SEEDS[name])
export const fingerprint = (name: Person): string => person(name).fingerprint

const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex')

export interface Desk {
  readonly directory: string
  /** Writes a file; gives its name. */
  write(name: string, content: Uint8Array | string): string
  read(name: string): Uint8Array
  has(name: string): boolean
  package(name: string): SigningPackage
  run(...args: readonly string[]): RunResult
  atTerminal(
    args: readonly string[],
    steps: readonly TerminalStep[],
  ): ReturnType<typeof runAtTerminal>
}

/** A new directory with a private key `NAME.key` and a public key `NAME.pub` for everybody. */
export function desk(): Desk {
  const directory = scratch()
  const write = (name: string, content: Uint8Array | string): string => {
    writeFileSync(join(directory, name), content)
    return name
  }
  for (const [name, seed] of Object.entries(SEEDS)) {
    write(`${name}.key`, Buffer.concat([PKCS8_ED25519, Buffer.alloc(32, seed)]))
    chmodSync(join(directory, `${name}.key`), 0o600)
    write(`${name}.pub`, ed25519Key(seed).key.spki)
  }
  const read = (name: string): Uint8Array => new Uint8Array(readFileSync(join(directory, name)))
  return {
    directory,
    write,
    read,
    has: (name) => existsSync(join(directory, name)),
    package: (name) => readPackage(read(name)).package,
    run: (...args) => run(args, { directory }),
    atTerminal: (args, steps) => runAtTerminal(args, steps, { directory }),
  }
}

export interface PackageParts extends Partial<PackageContent> {
  /** Transactions without signatures, as proposals. */
  readonly unsigned?: readonly Uint8Array[]
  /** Signed transactions for the state. */
  readonly known?: readonly Uint8Array[]
}

/** The file of a package; it holds everybody's public key. */
export function packageFile({ unsigned = [], known = [], ...rest }: PackageParts): Uint8Array {
  return writePackage(
    createPackage({
      transactions: unsigned.map((bytes) => ({ bytes, proposal: true })),
      state: known.map((bytes) => ({ bytes })),
      publicKeys: Object.values(SEEDS).map((seed) => ed25519Key(seed).key),
      ...rest,
    }),
  )
}

const CONFIRMATION = 2
const OBSERVATION = 3

export interface Hosting {
  readonly serial?: number
  readonly threshold?: number
  /** Hosts beside `host`; observing unless told. */
  readonly more?: readonly { readonly name: Person; readonly permission?: number }[]
  readonly keys?: readonly Person[]
  readonly operation?: number
}

/** A PartyToParticipant of alice's party, which lists her own key and is confirmed by `host`. */
export function hosting(options: Hosting = {}): Uint8Array {
  const { serial = 1, threshold = 1, more = [], keys = ['alice'], operation = 1 } = options
  return transactionBytes(
    hostingMapping(
      fingerprint('alice'),
      [
        { key: person('host'), permission: CONFIRMATION },
        ...more.map(({ name, permission = OBSERVATION }) => ({
          key: person(name),
          permission,
          onboarding: true,
        })),
      ],
      { threshold, keys: keys.map(person) },
    ),
    serial,
    operation,
  )
}

/** What is in force: serial 1, signed by all. */
export const inForce = (): Uint8Array => signedBy(hosting(), 'alice', 'host')

/** What is in force with everything that proves it. */
export const proved = (): readonly Uint8Array[] => [
  inForce(),
  signedBy(delegation('host', 'host'), 'host'),
]

/** What is asked for: dave observes too, serial 2. */
export const change = (options: Hosting = {}): Uint8Array =>
  hosting({ serial: 2, more: [{ name: 'dave' }], ...options })

export const signedBy = (transaction: Uint8Array, ...names: readonly Person[]): Uint8Array =>
  signedBytes(transaction, names.map(person))

/** The transaction with one bit of its signature turned. */
export function damagedBy(transaction: Uint8Array, name: Person): Uint8Array {
  const signature = corrupted(person(name).signature(transactionHash(transaction)))
  return assembleSignedTransaction({
    transaction,
    signatures: [signature],
    proposal: false,
    multiTransactionSignatures: [],
  })
}

export function delegation(
  owner: Person,
  target: Person,
  options: {
    readonly restriction?: Restriction
    readonly serial?: number
    readonly operation?: number
  } = {},
): Uint8Array {
  const { restriction, serial = 1, operation = 1 } = options
  return transactionBytes(
    delegationMapping(person(owner), person(target), restriction),
    serial,
    operation,
  )
}

/** The spec of `change()`, or of the same with something else in it. */
export function changeSpec(
  change: Readonly<Record<string, string>> = {},
  key: PublicKey = person('alice').key,
): string {
  const text = `transactions:
  - operation: replace
    serial: 2
    partyToParticipant:
      party: party::${fingerprint('alice')}
      threshold: 1
      participants:
        - { participant: host::${fingerprint('host')}, permission: confirmation }
        - { participant: host::${fingerprint('dave')}, permission: observation, onboarding: true }
      partySigningKeys:
        threshold: 1
        keys:
          - publicKey: ${toBase64(key.spki)}
            usage: [namespace, protocol, proof-of-ownership]
`
  return Object.entries(change).reduce((result, [from, to]) => {
    if (!result.includes(from)) throw new Error(`the spec has no ${from}`)
    return result.replace(from, to)
  }, text)
}

/** A desk with a package that asks for these transactions. */
export function offer(unsigned: readonly Uint8Array[] = [change()], known = proved()): Desk {
  const at = desk()
  at.write('in.json', packageFile({ unsigned, known }))
  return at
}

/** Verifies with node:crypto alone. */
export function verifies(name: Person, signature: Uint8Array, message: Uint8Array): boolean {
  const key = Buffer.from(person(name).key.spki)
  return verify(null, message, createPublicKey({ key, format: 'der', type: 'spki' }), signature)
}

/** `sign` without a question, from `in.json` to `out.json` unless told. */
export const signArgs = (
  key: Person,
  more: readonly string[] = [],
  input = 'in.json',
): readonly string[] => ['sign', input, '--key', `${key}.key`, '-o', 'out.json', '--yes', ...more]

/** What a refusal says. */
export interface Refusal {
  readonly code: string
  readonly message: string
  readonly hint: string
  readonly details: Readonly<Record<string, unknown>>
}

/** Runs what has to be refused with this exit status: one document, and nothing written. */
export function refusal(at: Desk, status: number, args: readonly string[]): Refusal {
  const result = at.run(...args, '--json')
  expect({ status: result.status, stderr: result.stderr }).toEqual({
    status,
    stderr: result.stderr,
  })
  expect(at.has('out.json')).toBe(false)
  const { error } = JSON.parse(result.stdout) as { readonly error: Refusal }
  return error
}

/** Runs what has to succeed, and gives its document. */
export function document(at: Desk, args: readonly string[]): Readonly<Record<string, unknown>> {
  const { status, stdout, stderr } = at.run(...args, '--json')
  expect({ status, stderr }).toEqual({ status: 0, stderr })
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>
}
