/** Which transactions a key signs (rule S5: no signature that nothing asks for). */
import { CantosignError } from '../../src/base/errors.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'
import { needsOf, type SigningRequest } from './sign-request.ts'

export interface SigningChoice {
  /** Positions of the transactions to be signed, ascending; at least one. */
  readonly indices: readonly number[]
  /** Hashes of those left out because nothing asks for the key, or because it has signed. */
  readonly leftOut: readonly string[]
}

/** @throws CantosignError `package-transaction-absent` */
function namedIndices(
  request: SigningRequest,
  names: readonly string[],
): readonly number[] | undefined {
  if (names.length === 0) return undefined
  const byHash = new Map(request.entries.map(({ hash }, i) => [hash, i]))
  const indices = names.map((name) => {
    const index = byHash.get(name)
    if (index === undefined) {
      throw new CantosignError(
        'package-transaction-absent',
        `${request.path} holds no transaction ${JSON.stringify(name.slice(0, 80))}`,
        'name it by the hash that inspect shows, 68 lower-case hex characters',
      )
    }
    return index
  })
  return [...new Set(indices)].sort((a, b) => a - b)
}

function unneeded(
  request: SigningRequest,
  key: PublicKey,
  hash: string | undefined,
): CantosignError {
  return new CantosignError(
    'key-unneeded',
    `no requirement of ${hash === undefined ? 'any transaction' : `the transaction ${hash}`} asks for the key ${key.fingerprint}`,
    request.state.transactions.size > 0
      ? 'its delegation may be missing, revoked or restricted to other mappings; use a key that verify names, or --allow-unneeded'
      : 'use the key of the namespace; --allow-unneeded signs all the same',
  )
}

/**
 * Chooses what is signed: the transactions that `--transaction` names, else all that ask for the
 * key.
 * @throws CantosignError `package-transaction-absent`, `key-unneeded`, `key-already-signed`
 */
export function chooseTransactions(
  request: SigningRequest,
  key: PublicKey,
  args: Arguments,
  io: Io,
): SigningChoice {
  const named = namedIndices(request, args.strings('transaction'))
  const explicit = named !== undefined || request.entries.length === 1
  const asked = named ?? request.entries.map((_entry, i) => i)
  const needs = needsOf(request, asked, key.fingerprint)
  const hashOf = (index: number): string => request.entries[index]?.hash ?? ''
  const allowUnneeded = args.flag('allow-unneeded')
  const indices: number[] = []
  const leftOut: string[] = []
  for (const { index, need } of needs) {
    switch (need) {
      case 'signed':
        if (explicit) throw alreadySigned(key, hashOf(index))
        leftOut.push(hashOf(index))
        break
      case 'needed':
        indices.push(index)
        break
      case 'unneeded':
        if (allowUnneeded && explicit) indices.push(index)
        else if (explicit) throw unneeded(request, key, hashOf(index))
        else leftOut.push(hashOf(index))
        break
      case 'unknown':
        // With state at hand the key has to be proved entitled; without, nobody can tell.
        if (request.state.transactions.size > 0 && !allowUnneeded) {
          if (explicit) throw unneeded(request, key, hashOf(index))
          leftOut.push(hashOf(index))
          break
        }
        if (!allowUnneeded) {
          io.stderr.write(
            `${io.program.name}: warning: ${hashOf(index)} does not name the key ${key.fingerprint}; ` +
              'whether it may act by a delegation cannot be told without topology state\n',
          )
        }
        indices.push(index)
    }
  }
  if (indices.length === 0) {
    const signed = needs.some(({ need }) => need === 'signed')
    throw signed
      ? alreadySigned(key, 'every transaction that asks for it')
      : unneeded(request, key, undefined)
  }
  return { indices, leftOut }
}

function alreadySigned(key: PublicKey, what: string): CantosignError {
  return new CantosignError(
    'key-already-signed',
    `the key ${key.fingerprint} has signed ${what} already`,
    'nothing is left to do with this key',
  )
}
