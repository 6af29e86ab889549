/** What `sign` works on: the transactions of a file or package, judged with the state at hand. */
import { toHex } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import type { Finding } from '../../src/base/finding-codes.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import {
  judgeTransactions,
  readState,
  type JudgementEntry,
  type StateReading,
} from '../../src/explain/judgement.ts'
import { packageEntries, packageState, requireSound } from '../../src/explain/package-judgement.ts'
import type { Judgement } from '../../src/explain/standing.ts'
import type { Fingerprint } from '../../src/ident/fingerprint.ts'
import type { SigningPackage } from '../../src/package/model.ts'
import { carriesCombined } from '../../src/package/verdicts.ts'
import { verifySignatures, type KeyResolver } from '../../src/topology/signed-transaction.ts'
import type { Arguments } from '../command.ts'
import {
  contentName,
  findingsOf,
  readInput,
  refuseFatal,
  type FileContent,
  type TransactionInput,
} from './input.ts'
import { limitsIn } from './limits.ts'
import { readPackageBytes } from './package-input.ts'
import { readStateInput, type StateInput } from './state-input.ts'

/** Where the transactions come from, and where a signature goes. */
export type SigningSource =
  | { readonly $case: 'file'; readonly input: TransactionInput }
  | { readonly $case: 'package'; readonly content: SigningPackage }

export interface SigningEntry extends JudgementEntry {
  /** Hex of 68 characters. */
  readonly hash: string
  /** The flag that goes with it so far; `undefined` for a transaction that nobody has signed. */
  readonly proposal: boolean | undefined
  /** Of the transaction and of what surrounds it. */
  readonly findings: readonly Finding[]
}

export interface SigningRequest {
  readonly path: string
  readonly source: SigningSource
  readonly entries: readonly SigningEntry[]
  readonly state: StateReading
  /** What `--state` gave. */
  readonly beside: StateInput
  /** Keys of the file, of its state and of `--state`. */
  readonly resolve: KeyResolver
}

function fileEntry(input: TransactionInput, resolve: KeyResolver): SigningEntry {
  const { transaction } = input
  const hash = toHex(transaction.hash)
  if (input.$case === 'transaction') {
    const { findings } = transaction
    return { transaction, hash, signatures: [], proposal: undefined, findings }
  }
  const signatures = verifySignatures(input.signed, resolve)
  return {
    transaction,
    hash,
    signatures,
    proposal: input.signed.value?.proposal ?? false,
    findings: [...findingsOf(input), ...signatures.flatMap(({ findings }) => findings)],
  }
}

/**
 * Reads what is to be signed, with the state beside it.
 * @throws CantosignError `blind-missing` for a bare hash, `file-kind` for what holds no transaction
 * to sign, `state-invalid`, the code of a fatal finding, and what reading a package gives
 */
export async function readSigningRequest(path: string, args: Arguments): Promise<SigningRequest> {
  return await signingRequestOf(await readInput(path, limitsIn(args)), path, args)
}

/** The same of a file that was read. @throws CantosignError as `readSigningRequest` */
export async function signingRequestOf(
  input: FileContent,
  path: string,
  args: Arguments,
): Promise<SigningRequest> {
  const beside = await readStateInput(args)
  switch (input.$case) {
    case 'hash':
      throw new CantosignError(
        'blind-missing',
        `${path} is a bare hash: what a signature over it would authorize cannot be shown`,
        'sign the transaction it was made from, or accept the risk with --blind --detached',
      )
    case 'stream':
    case 'key':
      throw new CantosignError(
        'file-kind',
        `${path} holds ${contentName(input)}: it is not signed`,
        'give a topology transaction or a signing package',
      )
    case 'transaction':
    case 'signed': {
      refuseFatal(findingsOf(input), path)
      const state = requireSound(readState(beside.signed, { $case: 'unknown' }, beside.resolve))
      const entries = [fileEntry(input, state.resolve)]
      return {
        path,
        source: { $case: 'file', input },
        entries,
        state,
        beside,
        resolve: state.resolve,
      }
    }
    case 'package': {
      const { package: content, verdicts } = readPackageBytes(path, input.bytes, beside)
      const state = requireSound(packageState(content, beside))
      const judged = packageEntries(content, verdicts)
      const entries = content.transactions.map(
        ({ transaction, hash, proposal }, i): SigningEntry => ({
          transaction,
          hash,
          proposal,
          signatures: judged[i]?.signatures ?? [],
          findings: transaction.findings,
        }),
      )
      return {
        path,
        source: { $case: 'package', content },
        entries,
        state,
        beside,
        resolve: state.resolve,
      }
    }
  }
}

/**
 * The same with the signer's own key among those known: a file seldom holds the key of who signed
 * it, and what this key did before must neither be done twice nor be left standing if it is bad.
 */
export function knowingSigner(request: SigningRequest, key: PublicKey): SigningRequest {
  const resolve: KeyResolver = (fingerprint) =>
    fingerprint === key.fingerprint ? key : request.resolve(fingerprint)
  const { source } = request
  if (source.$case === 'package') return { ...request, resolve }
  return { ...request, resolve, entries: [fileEntry(source.input, resolve)] }
}

/**
 * Of the transactions that one combined signature covers, those that carry it: not the root
 * delegations of other owners.
 */
export function carriersOf(
  { source }: SigningRequest,
  indices: readonly number[],
  key: Fingerprint,
): readonly number[] {
  if (source.$case === 'file') return indices
  return indices.filter((i) => {
    const entry = source.content.transactions[i]
    return entry !== undefined && carriesCombined(entry, key)
  })
}

/** The judgement of every transaction as it will be once these carry a signature of the key. */
export function judgementsAfter(
  request: SigningRequest,
  carriers: readonly number[],
  key: Fingerprint,
): readonly Judgement[] {
  const hashes = new Set(carriers.map((i) => request.entries[i]?.hash ?? ''))
  return judgeTransactions(request.entries, request.state, { key, hashes })
}
