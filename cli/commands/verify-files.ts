/** `verify` of what is there to be signed or was signed: one transaction, or those of a package. */
import type { Store } from '../../src/authorization/state.ts'
import { withSerial } from '../../src/authorization/serial.ts'
import { withTrustInOrder } from '../../src/authorization/trust.ts'
import {
  judgeTransactions,
  readState,
  storeOf,
  type JudgementEntry,
  type StateReading,
} from '../../src/explain/judgement.ts'
import type { PartyVerdict } from '../../src/explain/acting-keys.ts'
import { packageEntries, requireSound } from '../../src/explain/package-judgement.ts'
import type { PreparedJudgement } from '../../src/explain/prepared-judgement.ts'
import { preparedReport } from '../../src/explain/prepared-report.ts'
import { systemTimeMicros } from '../../src/host/clock.ts'
import { readUniqueIdentifier } from '../../src/ident/identifiers.ts'
import type { PackageVerdicts, SigningPackage } from '../../src/package/model.ts'
import { keyResolver } from '../../src/package/verdicts.ts'
import { verifySignatures } from '../../src/topology/signed-transaction.ts'
import { findingsOf, refuseFatal, type TransactionInput } from './input.ts'
import { packageFindings } from './package-findings.ts'
import { readPackageBytes } from './package-input.ts'
import { judgePreparedTransactions, packageActingStates } from './prepared-state.ts'
import type { StateInput } from './state-input.ts'
import type { Verdict, Verification } from './verification.ts'

export interface VerifyContext {
  readonly path: string
  readonly signaturesOnly: boolean
  /** Leaves out the relaxations with which nodes take in a snapshot. */
  readonly strict: boolean
  /** Namespaces that are vouched for; `undefined`: every one stands for itself. */
  readonly trusted: ReadonlySet<string> | undefined
  readonly beside: StateInput
}

/** The verdicts in the order of submission; none if only signatures are verified. */
function decide(
  entries: readonly JudgementEntry[],
  state: StateReading,
  { signaturesOnly, trusted }: VerifyContext,
): readonly Verdict[] {
  if (signaturesOnly) return []
  const judged = judgeTransactions(entries, state).map(({ hash, authorization, serial }, i) => {
    const transaction = entries[i]?.transaction
    if (transaction === undefined) throw new Error('a judgement without its transaction')
    const context = { last: undefined, completeness: 'partial' } as const
    return { hash, transaction, authorization: withSerial(authorization, serial, context) }
  })
  if (trusted === undefined) return judged
  const limited = withTrustInOrder(judged, trusted, state.proved.state)
  return judged.map(({ hash, authorization }, i) => ({
    hash,
    authorization: limited[i] ?? authorization,
  }))
}

/**
 * Verifies a single transaction. One without signatures is judged as well: it says who has to sign.
 * @throws CantosignError `state-invalid`, or the code of a fatal finding
 */
export function verifyTransactionFile(
  input: TransactionInput,
  { summary }: Verification,
  context: VerifyContext,
): readonly Verdict[] {
  const { path, beside } = context
  const { transaction } = input
  refuseFatal(findingsOf(input), path)
  const state = requireSound(readState(beside.signed, { $case: 'unknown' }, beside.resolve))
  const signatures = input.$case === 'signed' ? verifySignatures(input.signed, state.resolve) : []
  const proposal = input.$case === 'signed' && input.signed.value?.proposal === true
  summary.addTransaction(transaction, proposal, findingsOf(input))
  for (const one of signatures) summary.addSignature(one)
  return decide([{ transaction, signatures }], state, context)
}

/**
 * The store that a package names. What it names is a claim: with named roots it counts only if its
 * namespace is one of them, because the owner of a synchronizer may remove any mapping.
 */
function claimedStore(
  synchronizerId: string | undefined,
  trusted: ReadonlySet<string> | undefined,
): Store {
  const store = storeOf(synchronizerId)
  if (trusted === undefined || store.$case !== 'synchronizer') return store
  const id = readUniqueIdentifier(store.id)
  return id.ok && trusted.has(id.value.namespace) ? store : { $case: 'unknown' }
}

/**
 * With named roots a party counts only if its namespace is one of them: who its keys are rests on
 * nothing else.
 */
function withTrust(
  { parties, ...judgement }: PreparedJudgement,
  trusted: ReadonlySet<string> | undefined,
): PreparedJudgement {
  if (trusted === undefined) return { ...judgement, parties }
  const limited = parties.map((one): PartyVerdict => {
    const id = readUniqueIdentifier(one.party)
    return id.ok && trusted.has(id.value.namespace)
      ? one
      : { ...one, status: 'unknown', missing: undefined }
  })
  const distrusted = limited.some((one, i) => one !== parties[i])
  const status = distrusted && judgement.status === 'authorized' ? 'unknown' : judgement.status
  return { ...judgement, parties: limited, status }
}

function verifyPrepared(
  content: SigningPackage,
  verdicts: PackageVerdicts,
  verification: Verification,
  { beside, trusted, signaturesOnly }: VerifyContext,
): void {
  const now = systemTimeMicros()
  content.preparedTransactions.forEach(({ prepared, scheme }, i) => {
    const { refusals, warnings } = preparedReport(prepared, scheme, { now })
    verification.summary.addPrepared(
      [...refusals, ...warnings].map((finding) => ({
        ...finding,
        path: `preparedTransactions[${i}].preparedTransaction${finding.path === '' ? '' : `.${finding.path}`}`,
      })),
    )
  })
  if (signaturesOnly) return
  const states = packageActingStates(content, beside, (id) => claimedStore(id, trusted))
  for (const judgement of judgePreparedTransactions(content, verdicts, states)) {
    verification.addPrepared(withTrust(judgement, trusted))
  }
}

/**
 * Verifies every transaction and combined signing of a package.
 * @throws CantosignError `state-invalid`, and what reading a package gives
 */
export function verifyPackageFile(
  bytes: Uint8Array,
  verification: Verification,
  context: VerifyContext,
): readonly Verdict[] {
  const { beside, trusted } = context
  const { summary } = verification
  const { package: content, verdicts } = readPackageBytes(context.path, bytes, beside)
  const signed = [...content.state.map((one) => one.signed), ...beside.signed]
  const store = claimedStore(content.network.synchronizerId, trusted)
  const state = requireSound(readState(signed, store, keyResolver(content, beside.resolve)))
  const findings = packageFindings(content)
  content.transactions.forEach(({ transaction, proposal }, i) => {
    summary.addTransaction(transaction, proposal, findings[i] ?? [])
  })
  verifyPrepared(content, verdicts, verification, context)
  const { transactions, combined, preparedTransactions } = verdicts
  for (const list of [...transactions, ...combined, ...preparedTransactions]) {
    for (const one of list) summary.addSignature(one)
  }
  return decide(packageEntries(content, verdicts), state, context)
}
