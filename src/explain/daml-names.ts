/** Parties and contracts in short, and in a legend in full. */
import { quoteText } from './quote.ts'

/** A short name as it stands in the sentences, and what it stands for. */
export interface ShortName {
  readonly kind: 'party' | 'contract'
  readonly short: string
  readonly full: string
}

/** Shortens consistently: two different names never get one short form. */
export interface Names {
  readonly party: (party: string) => string
  readonly contract: (contractId: string) => string
  /** Every name that was shortened, in order of first use. */
  readonly legend: () => readonly ShortName[]
}

const HEAD = 12
const TAIL = 8

const middleCut = (text: string): string => `${text.slice(0, HEAD)}…${text.slice(-TAIL)}`

function shortParty(party: string): string {
  const at = party.indexOf('::')
  if (at < 0 || party.length - at - 2 <= HEAD + TAIL) return quoteText(party)
  return `${quoteText(party.slice(0, at))}::${middleCut(party.slice(at + 2))}`
}

function shortContract(contractId: string): string {
  return contractId.length <= HEAD + TAIL ? quoteText(contractId) : middleCut(contractId)
}

export function shortNames(): Names {
  const byShort = new Map<string, ShortName>()
  const name = (kind: ShortName['kind'], short: string, full: string): string => {
    if (short === full) return short
    const known = byShort.get(short)
    if (known === undefined) byShort.set(short, { kind, short, full })
    return known === undefined || known.full === full ? short : quoteText(full)
  }
  return {
    party: (party) => name('party', shortParty(party), party),
    contract: (contractId) => name('contract', shortContract(contractId), contractId),
    legend: () => [...byShort.values()],
  }
}
