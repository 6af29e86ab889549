/** Hashing schemes of prepared transactions (docs/protocol/prepared-transactions.md section 3). */
import { CantosignError } from '../base/errors.ts'

export type HashingScheme = 'V2' | 'V3'

interface SchemeRow {
  /** The byte that stands for the scheme in the final hash, also its number on the Ledger API. */
  readonly number: number
  /** Daml-LF versions that nodes may have, oldest first. */
  readonly lfVersions: readonly string[]
}

export const HASHING_SCHEMES: Readonly<Record<HashingScheme, SchemeRow>> = {
  V2: { number: 2, lfVersions: ['2.1'] },
  V3: { number: 3, lfVersions: ['2.1', '2'] },
}

/** Daml-LF serialization versions in their order: `2.1`, then `2`, then `dev`. */
export const LF_VERSIONS: readonly string[] = ['2.1', '2', 'dev']

/**
 * Reads `v2`, `V3` or the name that the Ledger API gives a scheme.
 * @throws CantosignError `hashing-scheme-unsupported` for schemes that exist and are not for use
 * here, `hashing-scheme-unknown` for any other text.
 */
export function parseHashingScheme(text: string): HashingScheme {
  const match = /^(?:HASHING_SCHEME_VERSION_)?[vV](\d{1,3})$/.exec(text)
  const number = match?.[1]
  if (number === '2') return 'V2'
  if (number === '3') return 'V3'
  if (number === '1' || number === '4') {
    const why =
      number === '4'
        ? 'only development protocol versions have it and its encoding may still change'
        : 'no release of Canton signs with it any more'
    throw new CantosignError(
      'hashing-scheme-unsupported',
      `hashing scheme V${number} is not supported: ${why}`,
      'prepare the transaction again with V2 or V3',
    )
  }
  throw new CantosignError(
    'hashing-scheme-unknown',
    `${JSON.stringify(text.slice(0, 100))} is not a hashing scheme`,
    'give v2 or v3',
  )
}
