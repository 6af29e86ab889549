/**
 * The authorization calculator (docs/protocol/authorization.md): who has signed, who is missing,
 * which signatures count for nothing.
 */
import { isFingerprint, type Fingerprint } from '../ident/fingerprint.ts'
import type { FactsReading, TransactionFacts } from './facts.ts'
import { judgeByRequirement } from './judge.ts'
import { previousOf } from './previous.ts'
import {
  allOf,
  common,
  difference,
  reason,
  union,
  type Question,
  type Verdict,
} from './question.ts'
import {
  NOTHING_MISSING,
  type AuthorizationMode,
  type AuthorizationResult,
  type Signers,
} from './result.ts'
import { judgeRootCertificate } from './root-certificate.ts'
import type { TopologyState } from './state.ts'

/**
 * Judges one transaction in a state. The serial is not judged here: see `serialFit`.
 * @param signers what its signatures are worth: `signersOf`
 * @param mode `snapshot` only for what a node takes in as a snapshot
 */
export function evaluate(
  transaction: TransactionFacts,
  signers: Signers,
  state: TopologyState,
  mode: AuthorizationMode = 'strict',
): AuthorizationResult {
  const own = withJudgedSelfKey(transaction, signers)
  const question = withStoredSigners({
    transaction,
    signers: own,
    state,
    mode,
    previous: previousOf(transaction, state),
  })
  const verdict =
    wrongSynchronizer(question) ?? judgeRootCertificate(question) ?? judgeByRequirement(question)
  return assemble(own, verdict)
}

/** The result for a transaction whose facts cannot be read. */
export function unreadableResult(
  reading: Extract<FactsReading<TransactionFacts>, { readonly ok: false }>,
  signers: Signers,
): AuthorizationResult {
  const code = reading.refused ? 'mapping-refused' : 'mapping-unreadable'
  return assemble(signers, {
    status: reading.refused ? 'unauthorized' : 'unknown',
    reasons: [reason(code, [], reading.problem)],
  })
}

function assemble(signers: Signers, verdict: Verdict): AuthorizationResult {
  const { counting, status } = verdict
  const signed = counting === undefined ? [] : common(counting, signers.valid)
  // What counts for nothing is known only where everything that could count is.
  const superfluous =
    counting === undefined || status === 'unknown' ? [] : [...difference(allOf(signers), counting)]
  return {
    status,
    signed: signed.filter((one): one is Fingerprint => isFingerprint(one)),
    superfluous: superfluous.sort(),
    invalid: [...signers.invalid].sort(),
    unverifiable: [...signers.unverifiable].sort(),
    missing: verdict.missing ?? NOTHING_MISSING,
    reasons: verdict.reasons,
    neededState: verdict.neededState ?? [],
    assumptions: verdict.assumptions ?? [],
    relaxations: verdict.relaxations ?? [],
  }
}

/**
 * A listed key of the party itself that lacks NAMESPACE makes its signature on this mapping
 * invalid, whatever delegation there is.
 */
function withJudgedSelfKey({ mapping }: TransactionFacts, signers: Signers): Signers {
  const bad =
    mapping.$case === 'partyToParticipant' && mapping.selfKey === 'without-namespace-usage'
  if (!bad || !signers.valid.has(mapping.namespace)) return signers
  const own = new Set<string>([mapping.namespace])
  return {
    valid: difference(signers.valid, own),
    invalid: union(signers.invalid, own),
    unverifiable: signers.unverifiable,
  }
}

/** Signatures stored with the same transaction join; what a key signed first stays. */
function withStoredSigners(question: Question): Question {
  const { previous, signers } = question
  if (previous.fit !== 'repeated' || previous.last === undefined) return question
  const stored = previous.last.signers
  return {
    ...question,
    signers: {
      valid: union(signers.valid, stored),
      invalid: difference(signers.invalid, stored),
      unverifiable: difference(signers.unverifiable, stored),
    },
  }
}

function wrongSynchronizer({ transaction, state }: Question): Verdict | undefined {
  const { mapping } = transaction
  const { store } = state
  if (mapping.$case !== 'plain' || store.$case !== 'synchronizer') return undefined
  const { synchronizer } = mapping
  if (synchronizer === undefined || synchronizer === store.id) return undefined
  return {
    status: 'unauthorized',
    reasons: [reason('wrong-synchronizer', [synchronizer, store.id])],
  }
}
