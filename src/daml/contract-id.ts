/** Contract ids (docs/protocol/prepared-transactions.md section 4.3). */

/** Versions of contract ids: first byte, length before the suffix and longest suffix in bytes. */
const VERSIONS: Readonly<Record<string, { readonly local: number; readonly suffix: number }>> = {
  '00': { local: 33, suffix: 94 },
  '01': { local: 13, suffix: 33 },
}

export interface ContractIdReading {
  /** False while the contract exists only inside the transaction that creates it. */
  readonly hasSuffix: boolean
}

/** `undefined` for a text that is not lower-case hex of a known version and length. */
export function readContractId(text: string): ContractIdReading | undefined {
  const version = VERSIONS[text.slice(0, 2)]
  const bytes = text.length / 2
  if (version === undefined || !/^(?:[0-9a-f]{2})+$/.test(text)) return undefined
  if (bytes < version.local || bytes > version.local + version.suffix) return undefined
  return { hasSuffix: bytes > version.local }
}
