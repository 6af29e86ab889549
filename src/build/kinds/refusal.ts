/** The error of a request that contradicts itself or changes nothing. */
import { CantosignError } from '../../base/errors.ts'
import type { KnownMapping } from '../../topology/mapping.ts'
import type { PreviousTransaction } from '../build.ts'
import { mappingName, REMOVE } from '../names.ts'
import { FINAL_REMOVAL } from '../rules.ts'

export function refusal(message: string, hint: string): CantosignError {
  return new CantosignError('build-rule', message, hint)
}

/** The value of every mapping by its case. */
type MappingValues = { readonly [M in KnownMapping as M['$case']]: M['value'] }

/** @throws CantosignError `previous-mismatch` if the previous transaction is a removal */
export function refuseRemoved({ mapping, operation }: PreviousTransaction): void {
  if (operation !== REMOVE) return
  throw new CantosignError(
    'previous-mismatch',
    `the previous ${mappingName(mapping.$case)} is a removal: there is nothing left to change`,
    FINAL_REMOVAL[mapping.$case] ?? 'build it anew from a spec that says everything',
  )
}

/**
 * The mapping of a previous transaction, which has to be in force and of one kind.
 * @throws CantosignError `previous-mismatch`
 */
export function previousMapping<Case extends KnownMapping['$case']>(
  previous: PreviousTransaction,
  $case: Case,
): MappingValues[Case] {
  const { mapping } = previous
  if (mapping.$case !== $case) {
    throw new CantosignError(
      'previous-mismatch',
      `the previous transaction is a ${mappingName(mapping.$case)}, not a ${mappingName($case)}`,
      'give the active transaction that is to be changed',
    )
  }
  refuseRemoved(previous)
  return mapping.value as MappingValues[Case] // the value that belongs to this $case
}

/** @throws CantosignError `build-rule` naming the first element that occurs twice */
export function refuseRepeated(items: readonly string[], what: string): void {
  const repeated = items.find((item, i) => items.indexOf(item) !== i)
  if (repeated !== undefined) throw refusal(`${what} ${repeated} is named twice`, 'name it once')
}
