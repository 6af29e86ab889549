/**
 * Which keys sign Daml transactions for a party (docs/transactions.md section 4): what topology
 * state proves of it, nothing else.
 */
import { toHex } from '../base/bytes.ts'
import { effectiveUsages } from '../authorization/usage.ts'
import type { Fingerprint } from '../ident/fingerprint.ts'
import { mappingUniqueKey } from '../topology/unique-key.ts'
import type { KnownMapping } from '../topology/mapping.ts'
import { readSigningPublicKey } from '../topology/signing-key.ts'
import type { ReadTransaction } from '../topology/transaction.ts'
import type { PartyToParticipant, SigningPublicKey } from '../wire/generated/schema.ts'
import type { StateReading } from './judgement.ts'
import { KeyUsage } from './words.ts'

/** The keys of a party that count for Daml transactions, and how many of them have to sign. */
export interface ActingKeys {
  readonly party: string
  /** `undefined`: the state does not prove which keys sign for this party. */
  readonly listed:
    { readonly threshold: number; readonly keys: ReadonlySet<Fingerprint> } | undefined
}

function signingFingerprints(keys: readonly SigningPublicKey[]): ReadonlySet<Fingerprint> {
  return new Set(
    keys.flatMap((key) => {
      const { fingerprint } = readSigningPublicKey(key)
      const signs = effectiveUsages(key.usage)?.includes(KeyUsage.protocol) === true
      return fingerprint !== undefined && signs ? [fingerprint] : []
    }),
  )
}

/** The proved mapping that has the unique key of `like`; `null` if it was removed. */
function provedMapping<Case extends KnownMapping['$case']>(
  state: StateReading,
  like: KnownMapping & { readonly $case: Case },
): Extract<KnownMapping, { $case: Case }> | null | undefined {
  const key = mappingUniqueKey(like)
  const record = key === undefined ? undefined : state.proved.state.last(toHex(key))
  if (record === undefined) return undefined
  if (record.operation === 'remove') return null
  const mapping = state.transactions.get(record.hash)?.value?.mapping?.mapping
  const isLike = (one: KnownMapping): one is Extract<KnownMapping, { $case: Case }> =>
    one.$case === like.$case
  return mapping !== undefined && isLike(mapping) ? mapping : undefined
}

const provedHosting = (
  state: StateReading,
  party: string,
): ReturnType<typeof provedMapping<'partyToParticipant'>> =>
  provedMapping(state, {
    $case: 'partyToParticipant',
    value: { party, threshold: 0, participants: [], partySigningKeys: undefined },
  })

type KeyList = NonNullable<PartyToParticipant['partySigningKeys']>

function hostedByParty(
  transactions: Iterable<ReadTransaction>,
): ReadonlyMap<string, readonly KeyList[]> {
  const lists = new Map<string, KeyList[]>()
  for (const { value } of transactions) {
    const mapping = value?.mapping?.mapping
    if (mapping?.$case !== 'partyToParticipant') continue
    const { party, partySigningKeys: keys } = mapping.value
    if (keys === undefined) continue
    const known = lists.get(party)
    if (known === undefined) lists.set(party, [keys])
    else known.push(keys)
  }
  return lists
}

/**
 * The keys that the PartyToParticipant of a party lists: the proved one, else all that the state
 * holds; and those of the same batch. What is not proved may be forged: it only adds to what endangers.
 */
export function hostedKeys(
  state: StateReading,
  batch: readonly ReadTransaction[],
): (party: string) => readonly KeyList[] {
  const held = hostedByParty(state.transactions.values())
  const together = hostedByParty(batch)
  return (party) => {
    const proved = provedHosting(state, party)
    const keys = proved?.value.partySigningKeys
    const known = proved === undefined ? held.get(party) : keys === undefined ? [] : [keys]
    return [...(known ?? []), ...(together.get(party) ?? [])]
  }
}

/**
 * Reads the keys of a party from its PartyToParticipant, or, where that lists none, from its
 * PartyToKeyMapping, as older releases keep them. A party that is not hosted any more has none.
 */
export function actingKeys(state: StateReading, party: string): ActingKeys {
  const hosting = provedHosting(state, party)
  if (hosting === null) return { party, listed: { threshold: 1, keys: new Set() } }
  const own = hosting?.value.partySigningKeys
  if (own !== undefined) {
    return { party, listed: { threshold: own.threshold, keys: signingFingerprints(own.keys) } }
  }
  const mapping = provedMapping(state, {
    $case: 'partyToKeyMapping',
    value: { party, threshold: 0, signingKeys: [] },
  })
  if (mapping === undefined || mapping === null) return { party, listed: undefined }
  const { threshold, signingKeys } = mapping.value
  return { party, listed: { threshold, keys: signingFingerprints(signingKeys) } }
}

export interface PartyVerdict {
  readonly party: string
  readonly status: 'authorized' | 'incomplete' | 'unknown'
  /** Keys of the party that have signed; all valid signers where its keys are not known. */
  readonly signed: readonly string[]
  /** How many more of which keys have to sign; `undefined` unless incomplete. */
  readonly missing:
    { readonly need: number; readonly of: number; readonly anyOf: readonly string[] } | undefined
}

/** @param signers fingerprints of keys whose signatures over the transaction are valid */
export function judgeParty(
  { party, listed }: ActingKeys,
  signers: ReadonlySet<string>,
): PartyVerdict {
  if (listed === undefined) {
    return { party, status: 'unknown', signed: [...signers].toSorted(), missing: undefined }
  }
  const { threshold, keys } = listed
  const signed = [...keys].filter((key) => signers.has(key)).toSorted()
  if (signed.length >= threshold) return { party, status: 'authorized', signed, missing: undefined }
  const anyOf = [...keys].filter((key) => !signers.has(key)).toSorted()
  const missing = { need: threshold - signed.length, of: threshold, anyOf }
  return { party, status: 'incomplete', signed, missing }
}
