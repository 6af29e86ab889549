/**
 * A policy applied to a transaction. Denial wins; what no rule allows clearly is refused. An
 * `allow` rule has to speak about everything that the transaction contains: what it does not
 * mention, it does not allow.
 */
import { CantosignError } from '../base/errors.ts'
import { escapeText } from '../base/text.ts'
import { RANGE_DIMENSIONS, type SetDimension } from './dimensions.ts'
import type { PolicyFacts } from './facts.ts'
import type { Policy, PolicyRule, RangeCondition, SetCondition } from './policy.ts'

/** Why one `allow` rule does not allow the transaction. Holds names as received: escape it. */
export interface RuleReason {
  readonly rule: string
  readonly reason: string
}

export type Decision =
  | { readonly $case: 'allowed'; readonly rule: string }
  /** A `deny` rule speaks about the transaction. */
  | { readonly $case: 'denied'; readonly rule: string }
  /** The transaction has findings, which no policy can allow. */
  | { readonly $case: 'unsound'; readonly findings: readonly string[] }
  /** No `allow` rule allows it; one reason for each of them. */
  | { readonly $case: 'not-allowed'; readonly reasons: readonly RuleReason[] }

/**
 * `uid` also stands for `uid=permission`, and a template for all that happens with it; for all other
 * values nothing but itself.
 */
function stands(listed: string, value: string): boolean {
  return listed === value || value.startsWith(`${listed}=`)
}

function meets(condition: SetCondition, value: string): boolean {
  return condition.$case === 'any' || condition.values.some((listed) => stands(listed, value))
}

function within(condition: RangeCondition, value: number): boolean {
  if (condition.$case === 'any') return true
  const { least, most } = condition
  return (least === undefined || value >= least) && (most === undefined || value <= most)
}

function isDenied(rule: PolicyRule, facts: PolicyFacts): boolean {
  for (const [dimension, condition] of rule.sets) {
    if (!(facts.sets[dimension] ?? []).some((value) => meets(condition, value))) return false
  }
  for (const [dimension, condition] of rule.ranges) {
    const value = facts.ranges[dimension]
    if (value === undefined || !within(condition, value)) return false
  }
  const risks = facts.dangers.map(({ code }): string => code)
  return rule.dangers.length === 0 || rule.dangers.some((code) => risks.includes(code))
}

/**
 * Dangers that are not grave by themselves and hide whether there is a grave one: what the change
 * takes away was not seen, or not from where it starts. Leaving state out must not widen a policy.
 */
const HIDING: ReadonlySet<string> = new Set(['previous-unknown', 'serial-jump'])

/** Why the rule does not allow the transaction; `undefined` if it does. */
function obstacle(rule: PolicyRule, facts: PolicyFacts): string | undefined {
  for (const [dimension, values] of Object.entries(facts.sets)) {
    if (values.length === 0) continue
    const condition = rule.sets.get(dimension as SetDimension) // the keys of SetFacts
    if (condition === undefined) return `it says nothing about ${dimension}`
    const outside = values.find((value) => !meets(condition, value))
    if (outside !== undefined) return `${dimension} ${outside} is not in it`
  }
  for (const { name: dimension } of RANGE_DIMENSIONS) {
    const value = facts.ranges[dimension]
    if (value === undefined) continue
    const condition = rule.ranges.get(dimension)
    if (condition === undefined) return `it says nothing about ${dimension}`
    if (!within(condition, value)) return `${dimension} ${value} is outside its range`
  }
  // A condition on something the transaction does not have is one it does not meet.
  for (const dimension of rule.sets.keys()) {
    if ((facts.sets[dimension] ?? []).length === 0 && rule.sets.get(dimension)?.$case !== 'any') {
      return `it asks for ${dimension}, and the transaction has none`
    }
  }
  for (const [dimension, condition] of rule.ranges) {
    if (facts.ranges[dimension] === undefined && condition.$case !== 'any') {
      return `it asks for ${dimension}, and the transaction has none`
    }
  }
  const risk = facts.dangers.find(
    ({ code, grave }) => (grave || HIDING.has(code)) && !rule.dangers.includes(code),
  )
  return risk === undefined ? undefined : `it does not accept the danger ${risk.code}`
}

/** Decides one transaction; the first `allow` rule that allows it is named. */
export function decide(policy: Policy, facts: PolicyFacts): Decision {
  if (facts.findings.length > 0) return { $case: 'unsound', findings: facts.findings }
  const denial = policy.deny.find((rule) => isDenied(rule, facts))
  if (denial !== undefined) return { $case: 'denied', rule: denial.name }
  const reasons: RuleReason[] = []
  for (const rule of policy.allow) {
    const reason = obstacle(rule, facts)
    if (reason === undefined) return { $case: 'allowed', rule: rule.name }
    reasons.push({ rule: rule.name, reason })
  }
  return { $case: 'not-allowed', reasons }
}

function sentence(decision: Exclude<Decision, { $case: 'allowed' }>): string {
  switch (decision.$case) {
    case 'denied':
      return `the rule "${decision.rule}" denies it`
    case 'unsound':
      return `it has findings that no policy can allow: ${decision.findings.join(', ')}`
    case 'not-allowed': {
      const [first, ...more] = decision.reasons
      if (first === undefined) return 'the policy allows nothing'
      const others = more.length === 0 ? '' : ` (and ${more.length} other rules do not allow it)`
      return `no rule allows it: of the rule "${first.rule}", ${first.reason}${others}`
    }
  }
}

/**
 * Refuses to go on unless the policy allows every one of the transactions.
 * @returns the name of the rule that allowed each
 * @throws CantosignError `policy-refused` with the decision in its details
 */
export function requirePolicy(
  policy: Policy,
  transactions: readonly PolicyFacts[],
): readonly string[] {
  return transactions.map((facts, index) => {
    const decision = decide(policy, facts)
    if (decision.$case === 'allowed') return decision.rule
    throw new CantosignError(
      'policy-refused',
      `transaction ${index + 1} is refused by the policy: ${escapeText(sentence(decision))}`,
      'have a person judge it, or change the policy if this is meant to be signed unattended',
      { details: { index, decision } },
    )
  })
}
