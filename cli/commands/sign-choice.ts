/** Which transactions a key signs (rule S5: no signature that nothing asks for). */
import { CantosignError } from '../../src/base/errors.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import type { StateReading } from '../../src/explain/judgement.ts'
import { needsOf } from '../../src/explain/key-need.ts'
import type { Fingerprint } from '../../src/ident/fingerprint.ts'
import { alreadySigned } from '../../src/package/add.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'
import { carriersOf, type SigningRequest } from './sign-request.ts'

export interface SigningChoice {
  /** Positions of the transactions that the signatures are over, ascending; at least one. */
  readonly indices: readonly number[]
  /** Those that a signature is put on: all, but for a combined one not the roots of others. */
  readonly carriers: readonly number[]
  /** Hashes of those left out because nothing asks for the key, or because it has signed. */
  readonly leftOut: readonly string[]
}

/**
 * Positions of the topology transactions that `--transaction` names; `undefined` if it is not given.
 * @throws CantosignError `package-transaction-absent`
 */
export function namedIndices(
  request: SigningRequest,
  args: Arguments,
): readonly number[] | undefined {
  const { source } = request
  const others = source.$case === 'package' ? source.content.preparedTransactions : []
  const named = args.strings('transaction')
  if (named.length === 0) return undefined
  const names = named.filter((name) => others.every(({ hash }) => hash !== name))
  const byHash = new Map(request.entries.map(({ hash }, i) => [hash, i]))
  const indices = names.map((name) => {
    const index = byHash.get(name)
    if (index === undefined) {
      throw new CantosignError(
        'package-transaction-absent',
        `${request.path} holds no transaction ${JSON.stringify(name.slice(0, 80))}`,
        'name it by the hash that inspect shows: 68 lower-case hex characters, for a prepared Daml transaction 64',
      )
    }
    return index
  })
  return [...new Set(indices)].sort((a, b) => a - b)
}

/** A refusal by rule S5; `hash` is `undefined` if no transaction asks for the key. */
export function unneededError(
  signer: Fingerprint,
  hash: string | undefined,
  hint: string,
): CantosignError {
  const what = hash === undefined ? 'any transaction' : `the transaction ${hash}`
  return new CantosignError(
    'key-unneeded',
    `no requirement of ${what} asks for the key ${signer}`,
    hint,
  )
}

/** What to do about a key that nothing asks for. */
export function unneededHint(state: StateReading): string {
  return state.transactions.size > 0
    ? 'its delegation may be missing, revoked or restricted to other mappings; use a key that verify names, or --allow-unneeded'
    : 'use the key of the namespace; --allow-unneeded signs all the same'
}

/** What to do with a transaction: sign it, leave it out for one of two reasons. */
type Choice = 'sign' | 'signed' | 'unneeded'

/**
 * One choice for each position. A key that the transaction does not name may act by a delegation:
 * with state at hand that has to be proved; without, nobody can tell, and a warning says so.
 */
function choicesOf(
  request: SigningRequest,
  indices: readonly number[],
  key: PublicKey,
  args: Arguments,
  io: Io,
): ReadonlyMap<number, Choice> {
  const choices = needsOf(request, indices, key.fingerprint).map(
    ({ index, need }): readonly [number, Choice] => {
      if (need === 'needed') return [index, 'sign']
      if (need !== 'unknown') return [index, need]
      if (request.state.transactions.size > 0) return [index, 'unneeded']
      if (!args.flag('allow-unneeded')) {
        io.stderr.write(
          `${io.program.name}: warning: ${request.entries[index]?.hash ?? ''} does not name the key ${key.fingerprint}; ` +
            'whether it may act by a delegation cannot be told without topology state\n',
        )
      }
      return [index, 'sign']
    },
  )
  return new Map(choices)
}

/** What is left of a list without some of its members. */
function without(indices: readonly number[], some: readonly number[]): readonly number[] {
  const left = new Set(indices)
  for (const index of some) left.delete(index)
  return [...left]
}

/**
 * Chooses what is signed. Without `--combined`: the transactions that `--transaction` names, each of
 * which has to ask for the key, else all that ask for it. With `--combined` one signature covers the
 * named transactions, else all: each has to ask for the key, have its signature already, or be one
 * that does not carry it; one at least has to ask for it.
 * @throws CantosignError `package-transaction-absent`, `key-unneeded`, `key-already-signed`, `usage`
 * for `--detached` where one signature is not enough
 */
export function chooseTransactions(
  request: SigningRequest,
  key: PublicKey,
  args: Arguments,
  io: Io,
): SigningChoice {
  const named = namedIndices(request, args)
  const asked = named ?? request.entries.map((_entry, i) => i)
  const choices = choicesOf(request, asked, key, args, io)
  const those = (choice: Choice): readonly number[] =>
    asked.filter((index) => choices.get(index) === choice)
  const found: Found = {
    request,
    key,
    asked,
    named: named !== undefined,
    wanted: those('sign'),
    signed: those('signed'),
    stray: those('unneeded'),
  }
  const choice = args.flag('combined')
    ? chooseCombined(found, args.flag('allow-unneeded'))
    : chooseEach(found, args.flag('allow-unneeded'))
  if (choice.indices.length > 1 && args.flag('detached') && !args.flag('combined')) {
    throw new CantosignError(
      'usage',
      `--detached writes one signature, and ${choice.indices.length} would be made`,
      'name one transaction with --transaction, or sign all of them with --combined',
    )
  }
  return choice
}

interface Found {
  readonly request: SigningRequest
  readonly key: PublicKey
  /** Named, or all. */
  readonly asked: readonly number[]
  readonly named: boolean
  /** Of those asked: to be signed, signed already, not asking for the key. */
  readonly wanted: readonly number[]
  readonly signed: readonly number[]
  readonly stray: readonly number[]
}

const hashAt = ({ request }: Found, index: number): string => request.entries[index]?.hash ?? ''

const hintOf = ({ request }: Found): string => unneededHint(request.state)

/** Signing nothing is an error. */
function nothingToSign(found: Found): CantosignError {
  const { key, signed, request } = found
  if (signed.length > 0) return alreadySigned(key.fingerprint, 'every transaction that asks for it')
  const many = request.entries.length > 1 && !found.named
  return unneededError(
    key.fingerprint,
    undefined,
    many ? `${hintOf(found)} together with --transaction` : hintOf(found),
  )
}

function chooseEach(found: Found, allowUnneeded: boolean): SigningChoice {
  const { request, key, asked, named, wanted, signed, stray } = found
  const explicit = named || request.entries.length === 1
  if (explicit) {
    if (signed[0] !== undefined) throw alreadySigned(key.fingerprint, hashAt(found, signed[0]))
    if (stray[0] !== undefined && !allowUnneeded) {
      throw unneededError(key.fingerprint, hashAt(found, stray[0]), hintOf(found))
    }
  }
  const indices = explicit ? asked : wanted
  if (indices.length === 0) throw nothingToSign(found)
  const leftOut = without(asked, indices).map((index) => hashAt(found, index))
  return { indices, carriers: indices, leftOut }
}

function chooseCombined(found: Found, allowUnneeded: boolean): SigningChoice {
  const { request, key, asked, wanted, stray } = found
  const carriers = carriersOf(request, asked, key.fingerprint)
  const carried = new Set(carriers)
  const spoiled = stray.filter((index) => carried.has(index))
  if (wanted.length === 0 && !(allowUnneeded && spoiled.length > 0)) throw nothingToSign(found)
  if (spoiled[0] !== undefined && !allowUnneeded) {
    const hint = `name the transactions to cover with --transaction; or: ${hintOf(found)}`
    throw unneededError(key.fingerprint, hashAt(found, spoiled[0]), hint)
  }
  return { indices: asked, carriers, leftOut: [] }
}
