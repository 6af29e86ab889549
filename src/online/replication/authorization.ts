/** The proposal on its way to the party and back: a package, and handing in a signed one. */
import { CantosignError } from '../../base/errors.ts'
import type { JudgedPackage } from '../../package/create.ts'
import type { SigningPackage } from '../../package/model.ts'
import { verifyPackage } from '../../package/verdicts.ts'
import { readSignedTransaction } from '../../topology/signed-transaction.ts'
import { packageOfProposals } from '../fetch.ts'
import { fetchState } from '../judged-state.ts'
import { prepareSubmission, refuseHopeless, send } from '../submit.ts'
import type { ReplicationNode } from './node.ts'
import type { Plan, StepData } from './state.ts'

/** The package that the party signs: the proposal with the signature of the target, and the state. */
export async function proposalPackage(
  { party, target }: Plan,
  { hash, transaction }: StepData['proposal'],
  { admin, store }: ReplicationNode,
): Promise<SigningPackage> {
  const signed = readSignedTransaction(transaction)
  const state = await fetchState(admin, store, [signed.transaction])
  const content = packageOfProposals([{ hash, signed }], state, store, {
    reason: `offline replication of ${party} to ${target}`,
  })
  const [signatures = []] = verifyPackage(content).transactions
  if (signatures.some(({ status }) => status === 'valid')) return content
  throw new CantosignError(
    'replication-hosting',
    `no signature of the target on its proposal ${hash} verifies`,
    'do not sign it; have the operator of the target look into it',
  )
}

/**
 * Hands the signed proposal in, once it is known to be complete. Doing it twice is doing it once.
 * @throws CantosignError `replication-package` for a package of anything else,
 * `signatures-missing` for one that is not complete, and as `refuseHopeless`
 */
export async function submitSigned(
  { package: content, verdicts }: JudgedPackage,
  { hash }: StepData['proposal'],
  { admin, store }: ReplicationNode,
): Promise<void> {
  const [entry, second] = content.transactions
  if (entry?.hash !== hash || second !== undefined || content.preparedTransactions.length > 0) {
    throw new CantosignError(
      'replication-package',
      `the package does not hold the proposal ${hash}, and that alone`,
      'give the package of this replication that the party signed',
    )
  }
  const preparation = await prepareSubmission(admin, store, content, verdicts)
  refuseHopeless(preparation)
  const status = preparation.judgements[0]?.authorization.status
  if (status !== 'authorized') {
    throw new CantosignError(
      'signatures-missing',
      `the package is not complete yet: the proposal ${hash} is ${status ?? 'not judged'}`,
      'verify PACKAGE says who is missing; combine the copies of several signers first',
      { details: { hash, status } },
    )
  }
  await send(admin, store, content, preparation, new Set())
}
