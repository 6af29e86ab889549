/** Kinds of mappings as the command line spells them. */
import { mappingRows, type MappingCase } from '../../src/topology/mapping.ts'

export const mappingSlugs = (): readonly string[] => mappingRows().map(({ slug }) => slug)

/** The kinds that were named; the choices of the option have been checked. */
export function mappingCases(slugs: readonly string[]): readonly MappingCase[] {
  return mappingRows()
    .filter(({ slug }) => slugs.includes(slug))
    .map(({ $case }) => $case)
}
