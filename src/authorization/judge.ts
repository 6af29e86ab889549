/** The ordinary decision: the requirement against the signers (docs/protocol/authorization.md section 8). */
import type { Fingerprint, Namespace } from '../ident/fingerprint.ts'
import { authorityOver, missingNamespace, type NamespaceAuthority } from './authority.ts'
import { doubtOf, previousNeeded } from './doubt.ts'
import { isMet, missingOf, unmetOf, type Met } from './missing.ts'
import {
  allOf,
  common,
  reason,
  union,
  type Question,
  type Shown,
  type Verdict,
} from './question.ts'
import type { Requirement } from './need.ts'
import { firstRequirement, referencedBy, requirementOf } from './requirement.ts'
import {
  NOTHING_MISSING,
  type Assumption,
  type MissingNamespace,
  type Reason,
  type Relaxation,
} from './result.ts'
import { isRootShaped } from './root-certificate.ts'

/**
 * The requirement. Where the record before is not known, it is that of a first transaction, which
 * asks for all that any change of the same content could. Not so for a definition, whose former
 * owners have to agree, nor for a removal: there it stays open.
 */
function requirementFor({ transaction, state, mode, previous }: Question): Requirement | undefined {
  const { $case } = transaction.mapping
  if (previous.known || $case === 'namespaceDelegation' || $case === 'plain') {
    const synchronizer = state.synchronizerNamespace
    return requirementOf(transaction, previous.last, { mode, synchronizer })
  }
  const isOpen = $case === 'decentralizedNamespaceDefinition' || transaction.operation === 'remove'
  return isOpen ? undefined : firstRequirement(transaction.mapping)
}

function unsettled(question: Question): Verdict {
  if (allOf(question.signers).size === 0) {
    return { status: 'unauthorized', reasons: [reason('no-signature')] }
  }
  if (!question.previous.known) return previousNeeded(question)
  return { status: 'unknown', reasons: [reason('removal-of-other-content')] }
}

/** The relaxations without which an authorized transaction would lack something. */
function relaxationsOf(question: Question, met: Met): readonly Relaxation[] {
  const { transaction, mode, previous, state } = question
  if (mode === 'strict') return []
  const synchronizer = state.synchronizerNamespace
  const strict = requirementOf(transaction, previous.last, { mode: 'strict', synchronizer })
  if (strict === undefined || isMet(strict, met)) return []
  return transaction.mapping.$case === 'ownerToKeyMapping'
    ? ['missing-extra-keys']
    : ['raised-permission']
}

/** What an answer from a partial state takes for granted. */
function assumptionsOf(
  { transaction, state, previous }: Question,
  authorities: Iterable<NamespaceAuthority>,
  complete: boolean,
): readonly Assumption[] {
  if (state.completeness === 'complete') return []
  const assumptions: Assumption[] = []
  for (const { namespace, decentralized, used } of authorities) {
    if (used.length === 0) continue
    if (decentralized !== undefined) assumptions.push({ $case: 'no-later-definition', namespace })
    assumptions.push({ $case: 'no-later-revocation', namespace })
  }
  if (previous.fit !== 'repeated') {
    assumptions.push({ $case: 'serial-free', serial: transaction.serial })
  }
  if (state.size > 0) assumptions.push({ $case: 'accepted-by-network' })
  if (!complete) assumptions.push({ $case: 'no-further-delegation' })
  return assumptions
}

function look(question: Question, required: Requirement): Shown {
  const { transaction, signers, state } = question
  const claimed = { all: allOf(signers), valid: signers.valid }
  // What a first transaction would ask for may sign now too, although it is not required.
  const permissible = referencedBy([...required, ...firstRequirement(transaction.mapping)])
  const authorities = new Map(
    [...permissible.namespaces].map((namespace) => [
      namespace,
      authorityOver(namespace, transaction, claimed, state),
    ]),
  )
  const forNamespaces = new Set<string>([...authorities.values()].flatMap(({ used }) => used))
  const extraKeys = new Set<string>(
    transaction.operation === 'replace'
      ? [...permissible.keys].filter((key) => claimed.all.has(key))
      : [],
  )
  return {
    required,
    authorities,
    forNamespaces,
    counting: union(forNamespaces, extraKeys),
    met: {
      namespace: (one) => authorities.get(one)?.authorized === true,
      key: (one: Fingerprint) => extraKeys.has(one) && signers.valid.has(one),
    },
  }
}

/** The verdict in the order of section 8, as far as the state shows. */
function shownVerdict(question: Question, shown: Shown, complete: boolean): Verdict {
  const all = allOf(question.signers)
  const no = (one: Reason): Verdict => ({ status: 'unauthorized', reasons: [one] })
  if (question.previous.fit === 'repeated') {
    return { status: 'authorized', reasons: [reason('already-active')] }
  }
  if (all.size === 0) return no(reason('no-signature'))
  if (shown.counting.size === 0) return no(reason('no-usable-signature', [...all].sort()))
  if (shown.forNamespaces.size === 0) {
    return no(reason('no-namespace-signature', [...shown.counting].sort()))
  }
  if (!complete) return { status: 'incomplete', reasons: [reason('signatures-missing')] }
  return {
    status: 'authorized',
    reasons: [],
    relaxations: relaxationsOf(question, shown.met),
  }
}

/** A signature that would count and does not verify, or cannot be verified, decides alone. */
function badSignature({ transaction, signers }: Question, shown: Shown): Verdict | undefined {
  const invalid = common(shown.counting, signers.invalid)
  if (invalid.length > 0) {
    const { mapping } = transaction
    const ownKey =
      mapping.$case === 'partyToParticipant' &&
      mapping.selfKey === 'without-namespace-usage' &&
      invalid.includes(mapping.namespace)
    const code = ownKey ? 'self-key-without-namespace-usage' : 'invalid-signature'
    return { status: 'unauthorized', reasons: [reason(code, invalid)] }
  }
  const unverifiable = common(shown.counting, signers.unverifiable)
  if (unverifiable.length === 0) return undefined
  return {
    status: 'unknown',
    reasons: [reason('signature-unverifiable', unverifiable)],
    neededState: unverifiable.map((fingerprint) => ({ $case: 'key', fingerprint })),
  }
}

/** Who could sign for a namespace; each is asked once, however many clauses name it. */
function describer(
  { transaction, state }: Question,
  { authorities }: Shown,
): (namespace: Namespace) => MissingNamespace {
  const described = new Map<Namespace, MissingNamespace>()
  return (namespace) => {
    const known = described.get(namespace)
    if (known !== undefined) return known
    const authority = authorities.get(namespace)
    if (authority === undefined) throw new Error(`${namespace} is required and was not looked at`)
    const missing = missingNamespace(authority, transaction.mapping.code, state)
    described.set(namespace, missing)
    return missing
  }
}

export function judgeByRequirement(question: Question): Verdict {
  const { transaction, signers, previous } = question
  const required = requirementFor(question)
  if (required === undefined) return unsettled(question)
  const shown = look(question, required)
  const complete = previous.fit === 'repeated' || isMet(required, shown.met)
  const missing = complete
    ? NOTHING_MISSING
    : missingOf(unmetOf(required, shown.met), describer(question, shown))
  const { counting } = shown
  const bad = badSignature(question, shown)
  if (bad !== undefined) return { ...bad, counting, missing }

  const verdict = shownVerdict(question, shown, complete)
  const foreign =
    isRootShaped(transaction.mapping) && allOf(signers).size > 0
      ? [reason('root-certificate-foreign-signer', [...allOf(signers)].sort())]
      : []
  if (verdict.status !== 'authorized') {
    const doubt = doubtOf(question, shown, verdict)
    if (doubt !== undefined) {
      return { missing, ...doubt, reasons: [...doubt.reasons, ...foreign], counting }
    }
  }
  return {
    ...verdict,
    reasons: [...verdict.reasons, ...foreign],
    counting,
    missing,
    assumptions: assumptionsOf(question, shown.authorities.values(), complete),
  }
}
