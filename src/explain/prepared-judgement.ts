/** How a prepared Daml transaction of a package stands: which parties have signed, who is missing. */
import type { PreparedTransaction } from '../wire/generated/schema.ts'
import type { SignatureStatus } from '../topology/signature.ts'
import { actingKeys, judgeParty, type ActingKeys, type PartyVerdict } from './acting-keys.ts'
import type { StateReading } from './judgement.ts'

/** A signature, verified. */
export interface PreparedSigner {
  /** The acting party that it is handed in for. */
  readonly party: string
  readonly signedBy: string
  readonly status: SignatureStatus
}

export interface PreparedJudgement {
  /** Hex of 64 characters. */
  readonly hash: string
  /** One for each party in act_as, in its order. */
  readonly parties: readonly PartyVerdict[]
  /** `authorized` if every acting party is; else `incomplete` if any is known to lack something. */
  readonly status: PartyVerdict['status']
  /** Valid signatures by keys that their party is proved not to list: nodes count them for nothing. */
  readonly superfluous: readonly PreparedSigner[]
}

/** The parties in act_as with the keys that the state proves to sign for them. */
export function actingParties(
  prepared: PreparedTransaction,
  state: StateReading,
): readonly ActingKeys[] {
  const actAs = prepared.metadata?.submitterInfo?.actAs ?? []
  return actAs.map((party) => actingKeys(state, party))
}

/** A signature counts for the party that it names alone: so nodes take it. */
export function judgePrepared(
  hash: string,
  acting: readonly ActingKeys[],
  signatures: readonly PreparedSigner[],
): PreparedJudgement {
  const valid = signatures.filter(({ status }) => status === 'valid')
  const parties = acting.map((one) => {
    const own = valid.filter(({ party }) => party === one.party)
    return judgeParty(one, new Set(own.map(({ signedBy }) => signedBy)))
  })
  const statuses = parties.map(({ status }) => status)
  const listed = new Map(
    acting.map((one) => [one.party, one.listed?.keys as ReadonlySet<string> | undefined]),
  )
  return {
    hash,
    parties,
    status: statuses.includes('incomplete')
      ? 'incomplete'
      : statuses.length === 0 || statuses.includes('unknown')
        ? 'unknown'
        : 'authorized',
    superfluous: valid.filter(({ party, signedBy }) => listed.get(party)?.has(signedBy) === false),
  }
}
