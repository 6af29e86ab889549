/** What endangers whoever signs some of the transactions of a batch. */
import type { Fingerprint } from '../ident/fingerprint.ts'
import type { ReadTransaction } from '../topology/transaction.ts'
import type { TopologyTransaction } from '../wire/generated/schema.ts'
import { hostedKeys } from './acting-keys.ts'
import type { ExplainContext } from './context.ts'
import { findConflicts, findDangers, type Danger } from './dangers.ts'
import { dangerIf } from './dangers/change.ts'
import type { JudgementEntry, StateReading } from './judgement.ts'
import { statementContext } from './report.ts'
import {
  judgementsFor,
  MAX_CLAIMS,
  serialOf,
  uniqueKeyOf,
  type Claim,
  type Judgement,
  type SeenJudgement,
} from './standing.ts'

/** What only one transaction can take: its unique key and serial. */
function placeOf(transaction: ReadTransaction): string | undefined {
  const key = uniqueKeyOf(transaction)
  return key === undefined ? undefined : `${key} ${serialOf(transaction)}`
}

/**
 * What endangers if a claim is in force: each once, with all the serials that it would come from.
 * @param certain what endangers in any case
 */
function possibleDangers(
  value: TopologyTransaction,
  context: ExplainContext,
  claimed: readonly Claim[],
  certain: readonly Danger[],
): readonly Danger[] {
  const told = new Set(certain.map(({ message }) => message))
  const possible = new Map<string, { readonly danger: Danger; readonly serials: Set<number> }>()
  for (const { transaction } of claimed) {
    for (const danger of findDangers(value, context, transaction.value)) {
      if (told.has(danger.message)) continue
      const known = possible.get(danger.message) ?? { danger, serials: new Set() }
      known.serials.add(serialOf(transaction))
      possible.set(danger.message, known)
    }
  }
  return [...possible.values()].map(({ danger, serials }) => ({
    ...danger,
    message: `if serial ${[...serials].join(' or ')} is in force: ${danger.message}`,
  }))
}

/** The dangers of one transaction after all that may stand before it. */
function dangersAfter(
  { transaction: { value }, previous, claimed, unseen }: SeenJudgement,
  context: ExplainContext,
): readonly Danger[] {
  if (value === undefined) return []
  const dangers = findDangers(value, context, previous?.value)
  return [
    ...dangers,
    ...possibleDangers(value, context, claimed, dangers),
    ...dangerIf(
      unseen > 0,
      'previous-too-many',
      () =>
        `${claimed.length + unseen} transactions may stand before it without being proved, and it is compared with ${claimed.length} of them`,
    ),
  ]
}

/**
 * What several signed together take away in steps, none of which does: each of them held against what
 * is in force, or may be. Also one that another follows: nobody has to submit that.
 * @param told what is told of each anyway
 */
function dangersInSteps(
  seen: readonly SeenJudgement[],
  told: readonly (readonly Danger[])[],
  context: ExplainContext,
): readonly (readonly Danger[])[] {
  const codes = new Map<SeenJudgement['peers'], Set<string>>()
  seen.forEach(({ peers }, i) => {
    const known = codes.get(peers) ?? new Set()
    for (const { code } of told[i] ?? []) known.add(code)
    codes.set(peers, known)
  })
  return seen.map(({ transaction: { value }, previous, inForce, held, peers }) => {
    if (value === undefined || previous === inForce) return []
    const certain = findDangers(value, context, inForce?.value)
    const possible = possibleDangers(value, context, held.slice(0, MAX_CLAIMS), certain)
    return [...certain, ...possible]
      .filter(({ code, grave }) => grave && codes.get(peers)?.has(code) !== true)
      .map((one) => ({
        ...one,
        message: `together with what comes before it here: ${one.message}`,
      }))
  })
}

/**
 * The dangers of signing each transaction, and those of the chosen ones together with all others:
 * whatever else claims their serial, in the package or in the state, counts among them.
 * @param chosen positions of the transactions that are to be signed
 * @param own fingerprints of the signer's own keys and namespaces; empty if nobody signs yet
 */
export function dangersOf(
  entries: readonly JudgementEntry[],
  judgements: readonly Judgement[],
  state: StateReading,
  chosen: readonly number[],
  own: ReadonlySet<string>,
  signer?: Fingerprint,
): { readonly each: readonly (readonly Danger[])[]; readonly together: readonly Danger[] } {
  const batch = entries.map(({ transaction }) => transaction)
  const context: ExplainContext = {
    ...statementContext,
    hostedKeys: hostedKeys(state, batch),
    ...(own.size === 0 ? {} : { own }),
    ...(signer === undefined ? {} : { signer }),
  }
  const signed = chosen.flatMap((i) => entries[i]?.transaction ?? [])
  const places = new Set(signed.map(placeOf))
  const rivals = [...batch, ...state.transactions.values()].filter(
    (one) => placeOf(one) !== undefined && places.has(placeOf(one)),
  )
  const seen = judgementsFor(judgements, chosen)
  const told = seen.map((one) => dangersAfter(one, context))
  const steps = dangersInSteps(seen, told, context)
  return {
    each: told.map((dangers, i) => [...dangers, ...(steps[i] ?? [])]),
    together: findConflicts(rivals),
  }
}
