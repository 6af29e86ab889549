/** Root certificates (docs/protocol/authorization.md section 6). */
import type { Fingerprint, Namespace } from '../ident/fingerprint.ts'
import { canSign } from '../topology/check/namespaces.ts'
import type { DelegationFacts, MappingFacts } from './facts.ts'
import { allOf, reason, type Question, type Verdict } from './question.ts'
import { NOTHING_MISSING, type Assumption, type Missing } from './result.ts'

/** True if the target is the namespace's own key and may delegate. */
export function isRootShaped(mapping: MappingFacts): mapping is DelegationFacts {
  return (
    mapping.$case === 'namespaceDelegation' &&
    (mapping.target as string) === mapping.namespace &&
    canSign(mapping.restriction, mapping.code)
  )
}

function missingRoot(namespace: Namespace, candidates: readonly Fingerprint[]): Missing {
  const sorted = [...new Set(candidates)].sort()
  return {
    ...NOTHING_MISSING,
    namespaces: [{ namespace, kind: 'normal', need: 1, of: 1, candidates: sorted, openOwners: [] }],
  }
}

function unsigned({ state, previous }: Question, mapping: DelegationFacts): Verdict {
  const { namespace, target, code } = mapping
  const candidates = [target, ...state.candidates(namespace, code)]
  const notAlone = new Set(candidates).size > 1 || previous.last !== undefined
  return {
    status: 'unauthorized',
    reasons: [
      reason('no-signature'),
      ...(notAlone ? [reason('root-alone-is-safe', [namespace])] : []),
    ],
    missing: missingRoot(namespace, candidates),
  }
}

function assumptionsOf(
  { transaction, previous }: Question,
  namespace: Namespace,
): readonly Assumption[] {
  return previous.fit === 'repeated'
    ? [{ $case: 'no-later-revocation', namespace }, { $case: 'accepted-by-network' }]
    : [
        { $case: 'no-later-revocation', namespace },
        { $case: 'serial-free', serial: transaction.serial },
      ]
}

/**
 * The verdict on a root certificate that the root key alone has signed, or nobody yet: no state is
 * consulted. `undefined` for everything else, which takes the ordinary path.
 */
export function judgeRootCertificate(question: Question): Verdict | undefined {
  const { transaction, signers, state } = question
  const { mapping } = transaction
  if (!isRootShaped(mapping)) return undefined
  const { namespace, target, code } = mapping
  const all = allOf(signers)
  if (all.size === 0) return unsigned(question, mapping)
  if (all.size > 1 || !all.has(namespace)) return undefined
  if (signers.valid.has(namespace)) {
    const repeated = question.previous.fit === 'repeated'
    return {
      status: 'authorized',
      reasons: repeated ? [reason('already-active')] : [],
      counting: all,
      assumptions: state.completeness === 'complete' ? [] : assumptionsOf(question, namespace),
    }
  }
  const missing = missingRoot(namespace, [target, ...state.candidates(namespace, code)])
  return signers.invalid.has(namespace)
    ? {
        status: 'unauthorized',
        reasons: [reason('invalid-signature', [namespace])],
        counting: all,
        missing,
      }
    : {
        status: 'unknown',
        reasons: [reason('signature-unverifiable', [namespace])],
        counting: all,
        missing,
        neededState: [{ $case: 'key', fingerprint: namespace }],
      }
}
