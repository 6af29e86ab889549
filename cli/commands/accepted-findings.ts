/** `--accept-finding`: findings that are accepted by name (docs/errors.md section 3). */
import { CantosignError } from '../../src/base/errors.ts'
import { FINDING_CODES, isAcceptable, type FindingCode } from '../../src/base/finding-codes.ts'
import type { Arguments } from '../command.ts'

/**
 * The codes that the command line accepts.
 * @throws CantosignError `usage` for a word that is no code, or one that cannot be accepted
 */
export function acceptedFindings(args: Arguments): ReadonlySet<string> {
  const accepted = args.strings('accept-finding')
  for (const code of accepted) {
    const known = Object.hasOwn(FINDING_CODES, code)
    if (!known || !isAcceptable(code as FindingCode)) {
      throw new CantosignError(
        'usage',
        `--accept-finding ${code}: ${known ? 'this finding cannot be accepted' : 'there is no such finding'}`,
        'docs/errors.md lists the findings that can be accepted',
      )
    }
  }
  return new Set(accepted)
}
