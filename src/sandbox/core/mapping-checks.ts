/**
 * The rules that a mapping has to meet in the state of a synchronizer, at the node that submits it
 * and again at every member (docs/protocol/nodes.md section 3).
 */
import { asCantonRewrites } from '../../build/rewrite.ts'
import { differencesOfValues } from '../../build/compare.ts'
import { isNamespace, type Namespace } from '../../ident/fingerprint.ts'
import { participantUidText } from '../../ident/identifiers.ts'
import { isRootDelegation } from '../../topology/check/namespaces.ts'
import { mappingRow, type KnownMapping } from '../../topology/mapping.ts'
import { decentralizedNamespace } from '../../topology/namespace.ts'
import { MAX_SERIAL } from '../../topology/transaction.ts'
import type {
  DecentralizedNamespaceDefinition,
  MediatorSynchronizerState,
  NamespaceDelegation,
  OwnerToKeyMapping,
  PartyToParticipant,
  SequencerSynchronizerState,
  SynchronizerTrustCertificate,
} from '../../wire/generated/schema.ts'
import { CantonError } from './canton-error.ts'
import { checkAnnouncement, checkFreeze, checkSuccessor } from './lsu-checks.ts'
import type { ParsedTransaction } from './submitted.ts'
import { mappingOf, type StoreId, type StoreView } from './stored.ts'
import {
  ownerToKeyKey,
  partyToParticipantKey,
  permissionKey,
  sequencerStateKey,
  synchronizerParametersKey,
  trustCertificateKey,
} from './unique-keys.ts'

const SUBMISSION = 1
const MDS_CODE = mappingRow('mediatorSynchronizerState').code
/** OnboardingRestriction: locked ones admit nobody new, restricted ones only who has a permission. */
const LOCKED: readonly number[] = [2, 4]
const RESTRICTED: readonly number[] = [3, 4]

type SynchronizerId = Extract<StoreId, { readonly $case: 'synchronizer' }>

/** One check: the store it looks at, and when the transaction would take effect. */
interface Context {
  readonly store: StoreView
  readonly id: SynchronizerId
  readonly effective: bigint
  readonly remove: boolean
}

/** True if both mean the same, whatever their encoding. */
export function sameMapping(a: KnownMapping, b: KnownMapping): boolean {
  const draft = (mapping: KnownMapping) => ({
    operation: 1,
    serial: 1,
    mapping: asCantonRewrites(mapping),
  })
  return a.$case === b.$case && differencesOfValues(draft(a), draft(b)).length === 0
}

/** @throws CantonError */
export function checkMappingAgainstState(
  transaction: ParsedTransaction,
  store: StoreView,
  id: SynchronizerId,
  effective: bigint,
): void {
  const { facts, mapping } = transaction
  const remove = facts.operation === 'remove'
  const context: Context = { store, id, effective, remove }
  checkFreeze(transaction, store, id)
  if (remove) checkRemoval(transaction, store)
  else if (facts.serial === MAX_SERIAL) {
    throw new CantonError('TOPOLOGY_INVALID_MAPPING', 'a REPLACE cannot have the greatest serial')
  }
  switch (mapping.$case) {
    case 'namespaceDelegation':
      if (!remove) checkDelegation(mapping.value, transaction, context)
      return
    case 'decentralizedNamespaceDefinition':
      if (!remove) checkDefinition(mapping.value, transaction, context)
      return
    case 'ownerToKeyMapping':
      checkOwnerToKey(mapping.value, transaction, context)
      return
    case 'partyToParticipant':
      if (!remove) checkHosting(mapping.value, transaction, context)
      return
    case 'synchronizerTrustCertificate':
      if (!remove) checkTrustCertificate(mapping.value, transaction, context)
      return
    case 'synchronizerParametersState':
      if (remove) {
        throw new CantonError('TOPOLOGY_CANNOT_REMOVE_MAPPING', 'the parameters cannot be removed')
      }
      return
    case 'mediatorSynchronizerState':
      if (!remove) checkMediators(mapping.value, transaction, context)
      return
    case 'sequencerSynchronizerState':
      if (!remove) checkNewMembers(mapping.value, transaction, context)
      return
    case 'synchronizerUpgradeAnnouncement':
      if (!remove) checkAnnouncement(mapping.value, transaction, store, id, effective)
      return
    case 'sequencerConnectionSuccessor':
      if (!remove) checkSuccessor(mapping.value, store)
      return
    default:
      return
  }
}

/** A removal names exactly what is there; only a root certificate may be removed before it is. */
function checkRemoval({ facts, mapping }: ParsedTransaction, store: StoreView): void {
  const last = store.last(facts.uniqueKey)
  if (last === undefined) {
    if (mapping.$case === 'namespaceDelegation' && isRootDelegation(mapping.value)) return
    throw new CantonError(
      'TOPOLOGY_NO_CORRESPONDING_ACTIVE_TX_TO_REVOKE',
      'nothing is there that could be removed',
    )
  }
  // Feature flags may differ: the unique key is enough.
  if (mapping.$case === 'synchronizerTrustCertificate') return
  if (!sameMapping(mapping, mappingOf(last))) {
    throw new CantonError(
      'TOPOLOGY_REMOVE_MUST_NOT_CHANGE_MAPPING',
      'the removal has another mapping than the one that it removes',
    )
  }
}

function checkDelegation(
  { namespace }: NamespaceDelegation,
  { facts }: ParsedTransaction,
  { store }: Context,
): void {
  if (store.state.definition(namespace) !== undefined) {
    throw new CantonError(
      'TOPOLOGY_NAMESPACE_ALREADY_IN_USE',
      'the namespace is a decentralized one',
    )
  }
  if (store.last(facts.uniqueKey)?.facts.operation === 'remove') {
    throw new CantonError(
      'TOPOLOGY_NAMESPACE_HAS_BEEN_REVOKED',
      'this delegation was removed, and that is for good',
    )
  }
}

function checkDefinition(
  { decentralizedNamespace: namespace, owners }: DecentralizedNamespaceDefinition,
  { facts }: ParsedTransaction,
  { store }: Context,
): void {
  const ownNamespaces: readonly Namespace[] = owners.filter(isNamespace)
  const first = store.last(facts.uniqueKey) === undefined
  if (first && decentralizedNamespace(ownNamespaces) !== namespace) {
    throw new CantonError(
      'TOPOLOGY_INVALID_MAPPING',
      'the namespace is not the one that these owners hash to',
    )
  }
  for (const owner of new Set(ownNamespaces)) {
    if (!hasPureRoot(store, owner)) {
      throw new CantonError(
        'TOPOLOGY_INVALID_MAPPING',
        `the owner ${owner} has no root certificate that its root key alone has signed`,
      )
    }
  }
  if (store.state.graph(namespace)?.inUse === true) {
    throw new CantonError('TOPOLOGY_NAMESPACE_ALREADY_IN_USE', 'a delegation uses the namespace')
  }
}

/** True if the root certificate is in force and all of its signatures are the namespace's own. */
function hasPureRoot(store: StoreView, namespace: Namespace): boolean {
  const signers = store.state.graph(namespace)?.rootSigners
  return signers?.size === 1 && signers.has(namespace)
}

function checkOwnerToKey(
  { member, publicKeys }: OwnerToKeyMapping,
  { facts }: ParsedTransaction,
  { store, id, remove }: Context,
): void {
  const uid = member.slice(member.indexOf('::') + 2)
  if (remove) {
    const inUse =
      store.active(trustCertificateKey(uid, id.logical)) !== undefined ||
      [...store.activeOf(MDS_CODE)].some((record) => isMemberOf(mappingOf(record), uid)) ||
      isSequencer(store, id, uid)
    if (!inUse) return
    throw new CantonError(
      'TOPOLOGY_INVALID_REMOVAL_OF_OWNER_TO_KEY_MAPPING',
      'the member is still part of the synchronizer',
    )
  }
  if (store.last(facts.uniqueKey)?.facts.operation === 'remove') throw rejoin('the keys')
  const signing = publicKeys.some(({ key }) => key?.$case === 'signingPublicKey')
  const encryption = publicKeys.some(({ key }) => key?.$case === 'encryptionPublicKey')
  if (!signing || (member.startsWith('PAR::') && !encryption)) {
    throw new CantonError(
      'TOPOLOGY_INVALID_OWNER_TO_KEY_MAPPING',
      signing ? 'a participant needs an encryption key' : 'a member needs a signing key',
    )
  }
}

function rejoin(what: string): CantonError {
  return new CantonError(
    'TOPOLOGY_MEMBER_CANNOT_REJOIN_SYNCHRONIZER',
    `${what} of the member were removed, and a member does not come back`,
  )
}

function isMemberOf(mapping: KnownMapping, uid: string): boolean {
  if (
    mapping.$case !== 'mediatorSynchronizerState' &&
    mapping.$case !== 'sequencerSynchronizerState'
  ) {
    return false
  }
  return mapping.value.active.includes(uid) || mapping.value.observers.includes(uid)
}

function isSequencer(store: StoreView, id: SynchronizerId, uid: string): boolean {
  const record = store.active(sequencerStateKey(id.logical))
  return record !== undefined && isMemberOf(mappingOf(record), uid)
}

function checkHosting(
  hosting: PartyToParticipant,
  { facts }: ParsedTransaction,
  { store, id }: Context,
): void {
  const { mapping } = facts
  if (
    mapping.$case === 'partyToParticipant' &&
    mapping.selfKey === 'usable' &&
    store.state.isSelfAuthorizationBlocked(mapping.namespace)
  ) {
    throw new CantonError(
      'TOPOLOGY_NAMESPACE_HAS_BEEN_REVOKED',
      'the root key has ended this namespace',
    )
  }
  const before = hostsOf(store.active(facts.uniqueKey))
  for (const { participantUid } of hosting.participants) {
    const uid = participantUidText(participantUid)
    if (before.has(uid)) continue
    if (store.active(trustCertificateKey(uid, id.logical)) === undefined) {
      throw new CantonError(
        'TOPOLOGY_UNKNOWN_MEMBERS',
        `the participant ${uid} is not on this synchronizer`,
      )
    }
    if (store.active(ownerToKeyKey(uid)) === undefined) {
      throw new CantonError('TOPOLOGY_INSUFFICIENT_KEYS', `the participant ${uid} has no keys`)
    }
  }
  const ofParticipant = store.active(trustCertificateKey(hosting.party, id.logical)) !== undefined
  if (ofParticipant && !isAdminParty(hosting)) {
    throw new CantonError(
      'TOPOLOGY_PARTY_ID_CONFLICT_WITH_ADMIN_PARTY',
      'the party has the identifier of a participant',
    )
  }
}

function hostsOf(record: Parameters<typeof mappingOf>[0] | undefined): ReadonlySet<string> {
  if (record === undefined) return new Set()
  const mapping = mappingOf(record)
  if (mapping.$case !== 'partyToParticipant') return new Set()
  return new Set(mapping.value.participants.map((host) => participantUidText(host.participantUid)))
}

/** The party of a participant itself: hosted there alone, with SUBMISSION. */
function isAdminParty({ party, threshold, participants }: PartyToParticipant): boolean {
  const [host, other] = participants
  return (
    other === undefined &&
    host !== undefined &&
    threshold === 1 &&
    host.permission === SUBMISSION &&
    participantUidText(host.participantUid) === party
  )
}

function checkTrustCertificate(
  { participantUid }: SynchronizerTrustCertificate,
  { facts }: ParsedTransaction,
  { store, id, effective }: Context,
): void {
  const uid = participantUidText(participantUid)
  const last = store.last(facts.uniqueKey)
  if (last?.facts.operation === 'remove') throw rejoin('the trust certificate')
  if (last === undefined) checkAdmission(uid, store, id, effective)
  if (store.active(ownerToKeyKey(uid)) === undefined) {
    throw new CantonError('TOPOLOGY_INSUFFICIENT_KEYS', `the participant ${uid} has no keys`)
  }
  const party = store.active(partyToParticipantKey(uid))
  const mapping = party === undefined ? undefined : mappingOf(party)
  if (mapping?.$case === 'partyToParticipant' && !isAdminParty(mapping.value)) {
    throw new CantonError(
      'TOPOLOGY_PARTICIPANT_ID_CONFLICT_WITH_PARTY',
      'there is a party with the identifier of this participant',
    )
  }
}

function checkAdmission(
  uid: string,
  store: StoreView,
  id: SynchronizerId,
  effective: bigint,
): void {
  const parameters = store.active(synchronizerParametersKey(id.logical))
  const mapping = parameters === undefined ? undefined : mappingOf(parameters)
  if (mapping?.$case !== 'synchronizerParametersState') return
  const restriction = mapping.value.synchronizerParameters?.onboardingRestriction ?? 0
  const refused = (why: string): CantonError =>
    new CantonError('TOPOLOGY_PARTICIPANT_ONBOARDING_REFUSED', why)
  if (LOCKED.includes(restriction)) throw refused('the synchronizer is locked')
  if (!RESTRICTED.includes(restriction)) return
  const permission = store.active(permissionKey(uid, id.logical))
  const granted = permission === undefined ? undefined : mappingOf(permission)
  if (granted?.$case !== 'participantPermission') {
    throw refused('the synchronizer has given this participant no permission')
  }
  if ((granted.value.loginAfter ?? 0n) > effective) {
    throw refused('the permission of this participant is for later')
  }
}

function checkMediators(
  mediators: MediatorSynchronizerState,
  transaction: ParsedTransaction,
  context: Context,
): void {
  checkNewMembers(mediators, transaction, context)
  const members = [...mediators.active, ...mediators.observers]
  for (const record of context.store.activeOf(MDS_CODE)) {
    const other = mappingOf(record)
    if (other.$case !== 'mediatorSynchronizerState' || other.value.group === mediators.group) {
      continue
    }
    if (members.some((uid) => isMemberOf(other, uid))) {
      throw new CantonError(
        'TOPOLOGY_MEDIATORS_ALREADY_IN_OTHER_GROUPS',
        `a mediator is in group ${other.value.group} already`,
      )
    }
  }
}

function checkNewMembers(
  { active, observers }: MediatorSynchronizerState | SequencerSynchronizerState,
  { facts }: ParsedTransaction,
  { store }: Context,
): void {
  const before = store.active(facts.uniqueKey)
  const mapping = before === undefined ? undefined : mappingOf(before)
  for (const uid of [...active, ...observers]) {
    if (mapping !== undefined && isMemberOf(mapping, uid)) continue
    if (store.active(ownerToKeyKey(uid)) === undefined) {
      throw new CantonError('TOPOLOGY_INSUFFICIENT_KEYS', `the member ${uid} has no keys`)
    }
  }
}
