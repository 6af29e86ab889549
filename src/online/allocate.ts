/** Allocating an external party over the Ledger API. */
import { CantosignError } from '../base/errors.ts'
import { escapeText } from '../base/text.ts'
import { allocationOf, type AllocateExportOptions } from '../package/export-ledger.ts'
import { mappingOf, type SigningPackage } from '../package/model.ts'
import { mayPass } from './failure.ts'
import type { LedgerApi } from './ledger.ts'

export interface AllocationOutcome {
  readonly partyId: string
  readonly synchronizer: string
  /**
   * `exists`: it was allocated before. Its hosts, threshold and keys may be others than those of the
   * package: the Ledger API tells none of them.
   */
  readonly outcome: 'allocated' | 'exists'
}

/** The party that a package is about. */
function partyOf(content: SigningPackage): string {
  for (const entry of content.transactions) {
    const mapping = mappingOf(entry)
    if (mapping?.$case === 'partyToParticipant') return mapping.value.party
  }
  return ''
}

/**
 * Allocates the party, or finds it allocated: repeating it is harmless.
 * @throws CantosignError `answer-differs`, and as `allocationOf` and the call
 */
export async function allocateParty(
  ledger: LedgerApi,
  content: SigningPackage,
  options: AllocateExportOptions,
): Promise<AllocationOutcome> {
  const allocation = allocationOf(content, options)
  const party = partyOf(content)
  const { synchronizer } = allocation
  try {
    const partyId = await ledger.allocateExternalParty({
      ...allocation,
      identityProviderId: options.identityProviderId ?? '',
      userId: options.userId,
      waitForAllocation: options.waitForAllocation,
    })
    if (partyId !== party) {
      throw new CantosignError(
        'answer-differs',
        `the participant says that it allocated ${escapeText(partyId)}, and the package is about ${party}`,
        'look what it hosts with: state export --party PARTY; do not trust this participant',
      )
    }
    return { partyId, synchronizer, outcome: 'allocated' }
  } catch (error) {
    const isThere =
      error instanceof CantosignError &&
      error.details['cantonCode'] === 'EXTERNAL_PARTY_ALREADY_EXISTS'
    if (!isThere) throw error
    return { partyId: party, synchronizer, outcome: 'exists' }
  }
}

/** First and longest pause between two looks. */
const PAUSES = { first: 250, longest: 5_000 }

/**
 * Waits until the participant sees the party on the synchronizer.
 * @returns false if the time is over before
 */
export async function waitForHosting(
  ledger: LedgerApi,
  { partyId, synchronizer }: AllocationOutcome,
  timeoutMillis: number,
): Promise<boolean> {
  const end = performance.now() + timeoutMillis
  for (let pause = PAUSES.first; ; pause = Math.min(pause * 2, PAUSES.longest)) {
    try {
      const hosting = await ledger.connectedSynchronizers(partyId)
      if (hosting.some(({ id }) => id === synchronizer)) return true
    } catch (error) {
      if (!mayPass(error) || performance.now() >= end) throw error
    }
    const left = end - performance.now()
    if (left <= 0) return false
    await new Promise((resolve) => setTimeout(resolve, Math.min(pause, left)))
  }
}
