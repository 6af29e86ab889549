/** Which delegations a set of records proves (see `prove.ts`). */
import { DelegationGraph } from './delegation-graph.ts'
import type { Entitlement } from './entitlement.ts'
import type { SignedFacts, Sorting } from './evidence.ts'
import type { DelegationFacts } from './facts.ts'
import { isRootShaped } from './root-certificate.ts'

interface Delegation {
  readonly record: SignedFacts
  readonly facts: DelegationFacts
}

/** What is left of the records of one delegation. */
interface Contest {
  /** The REPLACE that stands, if one does. */
  readonly standing: Delegation | undefined
  /** REPLACE records that a removal takes out of use. */
  readonly removed: readonly SignedFacts[]
  /** Credible removals, latest first. */
  readonly removals: readonly Delegation[]
}

const sameRestriction = (a: DelegationFacts, b: DelegationFacts): boolean =>
  JSON.stringify(a.restriction) === JSON.stringify(b.restriction)

function delegation(record: SignedFacts): readonly Delegation[] {
  const { mapping } = record
  return mapping.$case === 'namespaceDelegation' ? [{ record, facts: mapping }] : []
}

/**
 * Of several REPLACE records the latest stands. Two of one serial stand together if they grant the
 * same, with the signers that they share; if not, neither does.
 */
function standingOf(replaces: readonly Delegation[], sorting: Sorting): Delegation | undefined {
  const last = replaces.at(-1)
  if (last === undefined) return undefined
  const latest = replaces.filter(({ record }) => record.serial === last.record.serial)
  const agree = latest.every(({ facts }) => sameRestriction(facts, last.facts))
  const shared = new Set(
    [...last.record.signers].filter((key) => latest.every(({ record }) => record.signers.has(key))),
  )
  const stands = agree && shared.size > 0
  for (const { record } of replaces) {
    const isLatest = record.serial === last.record.serial
    const lost = stands ? 'superseded' : isLatest ? 'contradiction' : 'doubtful'
    if (!stands || record.hash !== last.record.hash) sorting.putAside(record.hash, lost)
  }
  return stands ? { ...last, record: { ...last.record, signers: shared } } : undefined
}

function contest(
  records: readonly SignedFacts[],
  sorting: Sorting,
  entitlement: Entitlement,
): Contest {
  const credible = records.flatMap(delegation).filter(({ record }) => {
    if (entitlement.concerns(record)) return true
    sorting.putAside(record.hash, 'not-entitled')
    return false
  })
  const removals = credible.filter(({ record }) => record.operation === 'remove').reverse()
  const replaces = credible.filter(({ record }) => record.operation === 'replace')
  // Nodes of release line 3.4 and later never take a delegation again that was removed once.
  return removals.length > 0
    ? { standing: undefined, removed: replaces.map(({ record }) => record), removals }
    : { standing: standingOf(replaces, sorting), removed: [], removals }
}

/** Keys of a removal that are proved to be entitled to it. */
function removers({ record, facts }: Delegation, graph: DelegationGraph): ReadonlySet<string> {
  const { namespace, code } = facts
  if (isRootShaped(facts)) {
    return new Set([...record.signers].filter((key) => key === namespace))
  }
  return new Set([...record.signers].filter((key) => graph.mayAuthorize(key, code)))
}

/** Uses the delegations that the roots reach, and the removals that are proved. */
export function proveDelegations(
  groups: Iterable<readonly SignedFacts[]>,
  sorting: Sorting,
  entitlement: Entitlement,
): void {
  const graphs = new Map<string, DelegationGraph>()
  const graphOf = (namespace: DelegationFacts['namespace']): DelegationGraph => {
    const graph = graphs.get(namespace) ?? new DelegationGraph(namespace)
    graphs.set(namespace, graph)
    return graph
  }
  const contests = [...groups].map((records) => contest(records, sorting, entitlement))
  for (const { standing } of contests) {
    if (standing === undefined) continue
    const { target, restriction, namespace } = standing.facts
    graphOf(namespace).set({ target, restriction, signers: standing.record.signers })
  }
  for (const { standing, removed, removals } of contests) {
    if (standing !== undefined) useReached(standing, graphOf(standing.facts.namespace), sorting)
    const proved = removals.find((one) => removers(one, graphOf(one.facts.namespace)).size > 0)
    for (const { record } of removals) sorting.putAside(record.hash, 'not-proved')
    for (const { hash } of removed) {
      sorting.putAside(hash, proved === undefined ? 'doubtful' : 'superseded')
    }
    if (proved !== undefined) {
      sorting.use(proved.record, removers(proved, graphOf(proved.facts.namespace)))
    }
  }
}

function useReached({ record, facts }: Delegation, graph: DelegationGraph, sorting: Sorting): void {
  const signers = [...record.signers].filter((key) => graph.mayAuthorize(key, facts.code))
  // A target that no key of the graph has signed for is reached by nothing.
  if (signers.length === 0) sorting.putAside(record.hash, 'not-proved')
  else sorting.use(record, new Set(signers))
}
