/** A mapping as it is to become, beside what it is now. */
import type { ExplainContext } from '../context.ts'
import type { Operation } from '../words.ts'
import { danger, type Danger, type DangerCode } from './codes.ts'

export interface Change<Mapping> {
  readonly operation: Operation
  readonly serial: number
  readonly current: Mapping
  /** The mapping in force or, after a removal, the one that was removed; `undefined` if not known. */
  readonly previous: Mapping | undefined
  readonly context: ExplainContext
}

/** The danger if the condition holds. */
export function dangerIf(
  condition: boolean,
  code: DangerCode,
  message: () => string,
): readonly Danger[] {
  return condition ? [danger(code, message())] : []
}

/** What is in `after` and was not in `before`, without repetition. */
export function newIn(before: readonly string[], after: readonly string[]): readonly string[] {
  const known = new Set(before)
  return [...new Set(after)].filter((one) => !known.has(one))
}

/** True if one of these fingerprints is the signer's own. */
export function isOwn(context: ExplainContext, ...fingerprints: readonly string[]): boolean {
  return fingerprints.some((one) => context.own?.has(one) === true)
}
