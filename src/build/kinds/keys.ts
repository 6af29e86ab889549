/** Keys of parties and members: listing them, adding and removing some. */
import { CantosignError } from '../../base/errors.ts'
import type { PublicKey } from '../../crypto/public-key.ts'
import type { Fingerprint } from '../../ident/fingerprint.ts'
import {
  parseUniqueIdentifier,
  readMemberId,
  uniqueIdentifierText,
  type MemberId,
  type UniqueIdentifier,
} from '../../ident/identifiers.ts'
import { encryptionKeyFingerprint, readSigningPublicKey } from '../../topology/signing-key.ts'
import type {
  EncryptionPublicKey,
  PublicKey as WirePublicKey,
  SigningKeysWithThreshold,
  SigningPublicKey,
} from '../../wire/generated/schema.ts'
import { replaceDraft, type PreviousTransaction } from '../build.ts'
import { signingPublicKey } from '../keys.ts'
import { Usage } from '../names.ts'
import type { TransactionDraft } from '../rules.ts'
import { nothingChanges } from './namespaces.ts'
import { previousMapping, refusal, refuseRepeated } from './refusal.ts'

export interface SigningKeysChange {
  /** A partyToParticipant or a partyToKeyMapping. */
  readonly previous: PreviousTransaction
  readonly addKeys: readonly PublicKey[]
  readonly removeKeys: readonly Fingerprint[]
  /** `undefined` keeps it. */
  readonly signingThreshold: number | undefined
  /**
   * Allows removing the key that is the party's namespace. The party no longer authorizes itself
   * then, this transaction included: its root delegation has to be on the network before.
   */
  readonly dropNamespaceKey: boolean
}

const keyName = (key: SigningPublicKey): string => readSigningPublicKey(key).fingerprint ?? ''

/**
 * A rotation of the keys with which a party signs Daml transactions.
 * @throws CantosignError `build-rule`, `previous-mismatch`
 */
export function changedSigningKeys(change: SigningKeysChange): TransactionDraft {
  const { previous } = change
  const { mapping } = previous
  if (mapping.$case === 'partyToKeyMapping') {
    const before = previousMapping(previous, 'partyToKeyMapping')
    const own = { keys: before.signingKeys, threshold: before.threshold }
    const { keys, threshold } = changedKeys(change, own, undefined)
    return replaceDraft(
      { $case: mapping.$case, value: { ...before, signingKeys: keys, threshold } },
      previous,
    )
  }
  if (mapping.$case !== 'partyToParticipant') {
    throw new CantosignError(
      'previous-mismatch',
      'the previous transaction is neither a partyToParticipant nor a partyToKeyMapping',
      'give the active transaction that lists the keys of the party',
    )
  }
  const before = previousMapping(previous, 'partyToParticipant')
  if (before.partySigningKeys === undefined) {
    throw refusal(
      'the previous partyToParticipant lists no keys: those of the party are in a partyToKeyMapping',
      'give that transaction; to move the keys, say everything in a spec',
    )
  }
  const { namespace } = parseUniqueIdentifier(before.party, 'party')
  const partySigningKeys = changedKeys(change, before.partySigningKeys, namespace)
  return replaceDraft({ $case: mapping.$case, value: { ...before, partySigningKeys } }, previous)
}

function changedKeys(
  change: SigningKeysChange,
  before: SigningKeysWithThreshold,
  namespace: string | undefined,
): SigningKeysWithThreshold {
  const present = new Set(before.keys.map(keyName))
  const added = change.addKeys.map(({ fingerprint }) => fingerprint)
  refuseRepeated([...added, ...change.removeKeys], 'the key')
  const known = added.find((fingerprint) => present.has(fingerprint))
  if (known !== undefined) throw refusal(`the key ${known} is listed already`, 'leave it out')
  const missing = change.removeKeys.find((fingerprint) => !present.has(fingerprint))
  if (missing !== undefined) {
    throw refusal(`the key ${missing} is not listed`, `listed are ${[...present].join(', ')}`)
  }
  const removed: readonly string[] = change.removeKeys
  if (namespace !== undefined && removed.includes(namespace) && !change.dropNamespaceKey) {
    throw refusal(
      'the key that is the namespace of the party is taken out: the party would no longer authorize itself, already for this transaction',
      'keep it, or publish the root delegation of the namespace first and say --drop-namespace-key',
    )
  }
  const keys = [
    ...before.keys.filter((key) => !removed.includes(keyName(key))),
    ...change.addKeys.map((key) => {
      const isRoot = (key.fingerprint as string) === namespace
      return signingPublicKey(key, isRoot ? [Usage.namespace, Usage.protocol] : [Usage.protocol])
    }),
  ]
  const threshold = change.signingThreshold ?? before.threshold
  const same = added.length === 0 && removed.length === 0
  if (same && threshold === before.threshold) throw nothingChanges(change.previous)
  if (keys.length === 0) {
    throw refusal(
      'the party would be left without a key',
      'add the new key as well: --add-key FILE',
    )
  }
  if (threshold > keys.length) {
    throw refusal(
      `the signing threshold is ${threshold} and there would be only ${keys.length} keys`,
      'say the new one: --signing-threshold N',
    )
  }
  return { keys, threshold }
}

export interface PartyToKeyRequest {
  readonly party: UniqueIdentifier
  readonly signingKeys: readonly PublicKey[]
  readonly signingThreshold: number | undefined
}

/** A first partyToKeyMapping. @throws CantosignError `build-rule` */
export function partyToKey(request: PartyToKeyRequest): TransactionDraft {
  const { party, signingKeys } = request
  if (signingKeys.length === 0) throw refusal('no key is named', 'name each: --signing-key FILE')
  refuseRepeated(
    signingKeys.map(({ fingerprint }) => fingerprint),
    'the key',
  )
  const threshold = request.signingThreshold ?? (signingKeys.length === 1 ? 1 : undefined)
  if (threshold === undefined) {
    throw refusal(
      `the party has ${signingKeys.length} keys and no signing threshold`,
      'say how many of them have to sign: --signing-threshold N',
    )
  }
  return replaceDraft({
    $case: 'partyToKeyMapping',
    value: {
      party: uniqueIdentifierText(party),
      threshold,
      signingKeys: signingKeys.map((key) => signingPublicKey(key, [Usage.protocol])),
    },
  })
}

/** A signing key of a member and what it is for. */
export interface MemberKey {
  readonly key: PublicKey
  readonly usages: readonly number[]
}

export interface OwnerToKeyRequest {
  /** Needed without `previous`; the previous transaction names it otherwise. */
  readonly member: MemberId | undefined
  readonly signingKeys: readonly MemberKey[]
  readonly encryptionKeys: readonly EncryptionPublicKey[]
  readonly previous?: PreviousTransaction | undefined
  readonly removeKeys: readonly Fingerprint[]
}

function wireKeyName({ key }: WirePublicKey): string {
  if (key === undefined) return ''
  return key.$case === 'signingPublicKey'
    ? keyName(key.value)
    : (encryptionKeyFingerprint(key.value) ?? '')
}

/**
 * The keys of a participant, mediator or sequencer: a first list, or a change of a previous one.
 * @throws CantosignError `build-rule`, `previous-mismatch`
 */
export function ownerToKey(request: OwnerToKeyRequest): TransactionDraft {
  const added: readonly WirePublicKey[] = [
    ...request.signingKeys.map(({ key, usages }) => ({
      key: { $case: 'signingPublicKey' as const, value: signingPublicKey(key, usages) },
    })),
    ...request.encryptionKeys.map((value) => ({
      key: { $case: 'encryptionPublicKey' as const, value },
    })),
  ]
  const { previous, member, removeKeys } = request
  const names = added.map(wireKeyName)
  refuseRepeated([...names, ...removeKeys], 'the key')
  if (previous === undefined) {
    if (member === undefined) throw refusal('no member is named', 'name it: --member PAR::…')
    if (removeKeys.length > 0) {
      throw refusal('keys are removed from nothing', 'give the list they are in: --previous FILE')
    }
    const id = `${member.code}::${uniqueIdentifierText(member.uid)}`
    return replaceDraft({ $case: 'ownerToKeyMapping', value: { member: id, publicKeys: added } })
  }
  const before = previousMapping(previous, 'ownerToKeyMapping')
  const previousMember = readMemberId(before.member)
  const sameMember =
    member === undefined ||
    (previousMember.ok &&
      previousMember.value.code === member.code &&
      uniqueIdentifierText(previousMember.value.uid) === uniqueIdentifierText(member.uid))
  if (!sameMember) {
    throw refusal(`the previous list is of ${before.member}`, 'leave out --member, or --previous')
  }
  const present = new Set(before.publicKeys.map(wireKeyName))
  const known = names.find((name) => present.has(name))
  if (known !== undefined) throw refusal(`the key ${known} is listed already`, 'leave it out')
  const missing = removeKeys.find((name) => !present.has(name))
  if (missing !== undefined) {
    throw refusal(`the key ${missing} is not listed`, `listed are ${[...present].join(', ')}`)
  }
  if (added.length === 0 && removeKeys.length === 0) throw nothingChanges(previous)
  const removed: readonly string[] = removeKeys
  const kept = before.publicKeys.filter((key) => !removed.includes(wireKeyName(key)))
  return replaceDraft(
    { $case: 'ownerToKeyMapping', value: { ...before, publicKeys: [...kept, ...added] } },
    previous,
  )
}
