/** What of a store a command is about, from its options. */
import { CantosignError } from '../../src/base/errors.ts'
import { parseNamespace } from '../../src/ident/fingerprint.ts'
import { parsePartyId, uniqueIdentifierText } from '../../src/ident/identifiers.ts'
import type { ProposalFilter } from '../../src/online/proposals.ts'
import type { Arguments } from '../command.ts'
import { mappingCases } from './mapping-names.ts'

/**
 * Reads hashes as they are written and printed: 68 lower-case hex characters.
 * @throws CantosignError `usage`
 */
function hashesOf(texts: readonly string[]): readonly string[] {
  for (const text of texts) {
    if (/^1220[0-9a-f]{64}$/.test(text)) continue
    throw new CantosignError(
      'usage',
      `${text} is no transaction hash`,
      'a hash has 68 lower-case hex characters and begins with 1220; proposals lists them',
    )
  }
  return texts
}

/** @throws CantosignError `identifier-invalid`, `usage` */
export function filterOf(args: Arguments, hashes: readonly string[] = []): ProposalFilter {
  return {
    namespaces: args.strings('namespace').map((text) => parseNamespace(text, '--namespace')),
    parties: args.strings('party').map((text) => uniqueIdentifierText(parsePartyId(text))),
    mappings: mappingCases(args.strings('mapping')),
    hashes: hashesOf(hashes),
  }
}

/** True if the options say anything that narrows. */
export function narrows({ namespaces, parties, mappings, hashes }: ProposalFilter): boolean {
  return [namespaces, parties, mappings, hashes].some(({ length }) => length > 0)
}
