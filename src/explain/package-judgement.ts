/** A package with the state inside it and beside it, judged as a whole. */
import { CantosignError } from '../base/errors.ts'
import { logicalSynchronizerText } from '../ident/identifiers.ts'
import type { PackageVerdicts, SigningPackage } from '../package/model.ts'
import { carriedSignatures, keyResolver, verifyPackage } from '../package/verdicts.ts'
import type { KeyResolver, ReadSignedTransaction } from '../topology/signed-transaction.ts'
import {
  judgeTransactions,
  readState,
  storeOf,
  type JudgementEntry,
  type StateReading,
} from './judgement.ts'
import type { Judgement } from './standing.ts'

/** State and keys from elsewhere; nothing of it is believed further than its signatures prove it. */
export interface StateBeside {
  readonly signed: readonly ReadSignedTransaction[]
  readonly resolve: KeyResolver
}

const NOTHING_BESIDE: StateBeside = { signed: [], resolve: () => undefined }

/** For every transaction, by index, itself and all signatures that count for it. */
export function packageEntries(
  content: SigningPackage,
  verdicts: PackageVerdicts,
): readonly JudgementEntry[] {
  const carried = carriedSignatures(content, verdicts)
  return content.transactions.map(({ transaction }, i) => ({
    transaction,
    signatures: carried[i] ?? [],
  }))
}

/** What the package says, else what all its prepared transactions are for if there is nothing else. */
function synchronizerOf(content: SigningPackage): string | undefined {
  const { network, transactions, preparedTransactions } = content
  if (network.synchronizerId !== undefined || transactions.length > 0) return network.synchronizerId
  const ids = preparedTransactions.map(({ prepared }) =>
    logicalSynchronizerText(prepared.value.metadata?.synchronizerId ?? ''),
  )
  const [only, second] = new Set(ids)
  return second === undefined ? only : undefined
}

/** The state of the package together with that beside it; of both only what is proved counts. */
export function packageState(
  content: SigningPackage,
  beside: StateBeside = NOTHING_BESIDE,
): StateReading {
  // What the signer brings comes before what the preparer says.
  const signed = [...beside.signed, ...content.state.map((one) => one.signed)]
  const resolve = keyResolver(content, beside.resolve)
  return readState(signed, storeOf(synchronizerOf(content)), resolve)
}

/** @throws CantosignError `state-invalid` if a signature in the state does not verify */
export function requireSound(state: StateReading): StateReading {
  const [first] = state.damaged
  if (first === undefined) return state
  throw new CantosignError(
    'state-invalid',
    `the state holds a transaction whose signature does not verify: ${first}`,
    'the state was damaged or forged: get it anew from a participant that you trust',
    { details: { hashes: [...state.damaged] } },
  )
}

/** The judgement of every topology transaction of a package as it is now, in their order. */
export function judgePackage(
  content: SigningPackage,
  beside: StateBeside = NOTHING_BESIDE,
): readonly Judgement[] {
  const entries = packageEntries(content, verifyPackage(content, beside.resolve))
  return judgeTransactions(entries, packageState(content, beside))
}
