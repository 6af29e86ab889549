/** Which records of one mapping, serial by serial, a set of records proves (see `prove.ts`). */
import { decentralizedNamespace } from '../topology/namespace.ts'
import type { Entitlement } from './entitlement.ts'
import { evaluate } from './evaluate.ts'
import type { AsideReason, SignedFacts, Sorting } from './evidence.ts'
import { previousOf } from './previous.ts'
import type { AuthorizationResult } from './result.ts'

/** Records of one serial. */
type Rivals = readonly SignedFacts[]

function bySerial(records: readonly SignedFacts[]): readonly Rivals[] {
  const groups = new Map<number, SignedFacts[]>()
  for (const record of records) {
    const group = groups.get(record.serial)
    if (group === undefined) groups.set(record.serial, [record])
    else group.push(record)
  }
  return [...groups.values()]
}

const NONE: ReadonlySet<string> = new Set()

function asideReason({ reasons }: AuthorizationResult): AsideReason {
  const codes = reasons.map(({ code }) => code)
  return codes.some((code) => code === 'previous-unknown' || code === 'serial-used')
    ? 'previous-missing'
    : 'not-proved'
}

/** A first definition owns up to its namespace; later ones inherit it. */
function isFalseDefinition({ mapping, serial }: SignedFacts): boolean {
  return (
    mapping.$case === 'decentralizedNamespaceDefinition' &&
    serial === 1 &&
    decentralizedNamespace(mapping.owners) !== mapping.namespace
  )
}

interface Judged {
  readonly proved: readonly {
    readonly record: SignedFacts
    readonly signers: ReadonlySet<string>
  }[]
  /** Records that are not proved and may have been accepted all the same. */
  readonly possible: readonly SignedFacts[]
}

function judge(rivals: Rivals, sorting: Sorting, entitlement: Entitlement): Judged {
  const proved: { readonly record: SignedFacts; readonly signers: ReadonlySet<string> }[] = []
  const possible: SignedFacts[] = []
  const { state } = sorting
  for (const record of rivals) {
    if (isFalseDefinition(record)) {
      sorting.putAside(record.hash, 'wrong-namespace')
      continue
    }
    const signers = { valid: record.signers, invalid: NONE, unverifiable: NONE }
    const result = evaluate(record, signers, state)
    if (result.status === 'authorized') {
      proved.push({ record, signers: new Set(result.signed) })
      continue
    }
    sorting.putAside(record.hash, asideReason(result))
    const { known, last } = previousOf(record, state)
    const definition = (namespace: string): ReturnType<typeof state.definition> =>
      state.definition(namespace)
    if (entitlement.mayHaveBeenAccepted(record, { known, record: last }, definition)) {
      possible.push(record)
    }
  }
  return { proved, possible }
}

/**
 * Uses the records of one mapping as far as each follows from the one before, or stands alone.
 * @param records ascending by serial
 */
export function proveChain(
  records: readonly SignedFacts[],
  sorting: Sorting,
  entitlement: Entitlement,
): void {
  const [first] = records
  if (first === undefined) return
  const { uniqueKey, mapping } = first
  const grantsAuthority = mapping.$case === 'decentralizedNamespaceDefinition'
  for (const rivals of bySerial(records)) {
    const { proved, possible } = judge(rivals, sorting, entitlement)
    const [only, other] = proved
    if (only !== undefined && other === undefined && possible.length === 0) {
      sorting.use(only.record, only.signers)
      continue
    }
    if (only !== undefined) {
      for (const { record } of proved) sorting.putAside(record.hash, 'contradiction')
      sorting.withdraw(uniqueKey, 'doubtful')
    } else if (grantsAuthority && possible.length > 0) {
      sorting.withdraw(uniqueKey, 'doubtful')
    }
  }
}
