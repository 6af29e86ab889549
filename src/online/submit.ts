/** Handing in a package: verified here first, because a node does not say why it refuses. */
import { CantosignError } from '../base/errors.ts'
import { AUTHORIZATION_REASONS } from '../authorization/result.ts'
import { signersOf } from '../authorization/signers.ts'
import { judgeTransactions, type JudgementEntry } from '../explain/judgement.ts'
import type { Judgement } from '../explain/standing.ts'
import { signedTransactions } from '../package/export.ts'
import type { PackageVerdicts, SigningPackage } from '../package/model.ts'
import { carriedSignatures, keyResolver, verifyRest } from '../package/verdicts.ts'
import {
  verifySignatures,
  type KeyResolver,
  type VerifiedSignature,
} from '../topology/signed-transaction.ts'
import { encodeMessage } from '../wire/codec.ts'
import type { AdminApi } from './admin.ts'
import { fetchState, isProved, type FetchedState } from './judged-state.ts'
import { standingOf, type Standing } from './standing.ts'
import { AUTHORIZED, type ChosenStore } from './store.ts'

/** What is known before anything is sent. */
export interface Preparation {
  readonly state: FetchedState
  readonly standings: readonly Standing[]
  /** Of each transaction, with the signatures of the package and those that the store has. */
  readonly judgements: readonly Judgement[]
  /** Of each transaction, whose signatures verify, whatever they count for. */
  readonly signers: readonly ReadonlySet<string>[]
  /** Of each transaction, whether its standing is more than the word of the participant. */
  readonly proved: readonly boolean[]
  /** Positions of the transactions that bring something new. */
  readonly toSend: readonly number[]
}

function storedSignatures(
  standing: Standing | undefined,
  resolve: KeyResolver,
): readonly VerifiedSignature[] {
  return standing?.$case === 'effective' || standing?.$case === 'pending'
    ? verifySignatures(standing.stored, resolve)
    : []
}

/** True if the package has a valid signer that the store does not. */
function bringsSigner(
  own: readonly VerifiedSignature[],
  stored: readonly VerifiedSignature[],
): boolean {
  const there = new Set(stored.map(({ signature }) => signature.wire.signedBy))
  return own.some(
    ({ status, signature }) => status === 'valid' && !there.has(signature.wire.signedBy),
  )
}

/**
 * Judges a package by the present state of the store.
 * @throws CantosignError `state-invalid`, and as the calls
 */
export async function prepareSubmission(
  admin: AdminApi,
  store: ChosenStore,
  content: SigningPackage,
  verdicts: PackageVerdicts,
): Promise<Preparation> {
  const transactions = content.transactions.map(({ transaction }) => transaction)
  const state = await fetchState(admin, store, transactions, { resolve: keyResolver(content) })
  const standings = await standingOf(admin, store, transactions)
  const { resolve } = state.reading
  const own = carriedSignatures(content, verifyRest(verdicts, resolve))
  const entries = content.transactions.map(({ transaction }, i): JudgementEntry => ({
    transaction,
    signatures: [...(own[i] ?? []), ...storedSignatures(standings[i], resolve)],
  }))
  const toSend = standings.flatMap((standing, i) => {
    if (standing.$case === 'effective') return []
    const stored = storedSignatures(standing, resolve)
    return standing.$case === 'absent' || bringsSigner(own[i] ?? [], stored) ? [i] : []
  })
  const signers = entries.map(({ signatures }) => signersOf(signatures).valid)
  const judgements = judgeTransactions(entries, state.reading)
  const proved = standings.map((standing, i) => {
    const { transaction } = entries[i] ?? {}
    if (transaction === undefined) return false
    if (standing.$case === 'superseded') return isProved(state.reading, transaction, standing.by)
    const { status } = judgements[i]?.authorization ?? {}
    return status === 'authorized' || isProved(state.reading, transaction)
  })
  return { state, standings, judgements, signers, proved, toSend }
}

/**
 * Refuses what no node would take.
 * @throws CantosignError `serial-taken`, `signature-invalid`, `not-authorized`, `signatures-missing`,
 * `signature-unverifiable`
 */
export function refuseHopeless({ standings, judgements, signers, proved }: Preparation): void {
  judgements.forEach(({ hash, authorization }, i) => {
    const standing = standings[i]
    if (standing?.$case === 'superseded') throw serialTaken(hash, standing, proved[i] === true)
    if (standing?.$case === 'effective') return
    const { status, reasons, invalid, signed, unverifiable } = authorization
    const details = { hash, status, reasons: reasons.map(({ code }) => code) }
    const [bad] = invalid
    if (bad !== undefined) {
      throw new CantosignError(
        'signature-invalid',
        `the signature by ${bad} on ${hash} does not verify`,
        'combine leaves it out: combine PACKAGE -o FILE; then have that key sign again',
        { details },
      )
    }
    if ((signers[i]?.size ?? 0) === 0 && unverifiable.length === 0) {
      throw new CantosignError(
        'signatures-missing',
        `nobody has signed ${hash}`,
        'sign the package first; verify PACKAGE says who is missing',
        { details },
      )
    }
    // The state is that of the node: what entitles nobody here entitles nobody there.
    if (status === 'unauthorized' || (signed.length === 0 && unverifiable.length === 0)) {
      const why = reasons.map(({ code }) => AUTHORIZATION_REASONS[code]).join('; ')
      throw new CantosignError(
        'not-authorized',
        `a node would reject ${hash}: ${why}`,
        'see who may sign with: fetch --package FILE, which adds the present state, then verify',
        { details },
      )
    }
  })
}

export function serialTaken(
  hash: string,
  { by, serial }: Extract<Standing, { $case: 'superseded' }>,
  proved: boolean,
): CantosignError {
  const taken = `${hash} comes too late: ${by} with serial ${serial} is in force for the same mapping`
  return new CantosignError(
    'serial-taken',
    proved
      ? taken
      : `${taken}; so says the participant, and the signatures that it shows do not prove it`,
    proved
      ? 'see it with: fetch --in-force, build again on it, and have it signed anew'
      : 'ask another participant that you trust before anything is built on it',
    { details: { hash, by, serial, proved } },
  )
}

/**
 * Sends the transactions that bring something new: to a synchronizer in one call, which takes all or
 * none, to the authorized store one by one, because a node tells nobody of the good ones in a call
 * of which one fails.
 */
export async function send(
  admin: AdminApi,
  store: ChosenStore,
  content: SigningPackage,
  { judgements, toSend, state }: Preparation,
  acceptedFindings: ReadonlySet<string>,
): Promise<void> {
  const flagged: SigningPackage = {
    ...content,
    transactions: content.transactions.map((entry, i) => ({
      ...entry,
      // A node takes an incomplete transaction only as a proposal.
      proposal: judgements[i]?.authorization.status !== 'authorized',
    })),
  }
  const messages = signedTransactions(flagged, {
    proposal: 'stated',
    acceptedFindings,
    resolve: state.reading.resolve,
  }).map(({ value }) => encodeMessage('SignedTopologyTransaction', value))
  const chosen = toSend.flatMap((i) => messages[i] ?? [])
  if (chosen.length === 0) return
  const calls = store.name === AUTHORIZED ? chosen.map((one) => [one]) : [chosen]
  for (const call of calls) await admin.addTransactions(call, store.id)
}
