/**
 * What only the node that receives a request checks, unless it is told to let it pass
 * (docs/protocol/nodes.md section 4).
 */
import { participantUidText } from '../../ident/identifiers.ts'
import type {
  MediatorSynchronizerState,
  PartyToParticipant,
  SequencerSynchronizerState,
  SynchronizerParametersState,
  VettedPackages,
} from '../../wire/generated/schema.ts'
import { CantonError } from './canton-error.ts'
import { mappingOf, type StoreView } from './stored.ts'
import type { ParsedTransaction } from './submitted.ts'
import { microsOf } from './times.ts'

/** Numbers of ForceFlag. */
export const ForceFlag = {
  alienMember: 1,
  allowUnknownPackage: 4,
  disablePartyWithActiveContracts: 6,
  allowUnvalidatedSigningKeys: 7,
  preparationTimeToleranceIncrease: 9,
  insufficientPermissionForSignatory: 10,
  confirmingThresholdCannotBeMet: 14,
} as const
const GREATEST_FLAG = 14
const OBSERVATION = 3

/** The node that receives the request, as far as the checks ask about it. */
export interface ReceivingNode {
  /** Without `PAR::`. */
  readonly uid: string
  hasPackage(packageId: string): boolean
  /** True if the node holds an active contract with the party as signatory. */
  isSignatory(party: string): boolean
  /** True if the node holds an active contract of the party at all. */
  hasContracts(party: string): boolean
}

/** @throws CantonError PROTO_DESERIALIZATION_FAILURE on a flag that the node does not know */
export function readForceFlags(flags: readonly number[]): ReadonlySet<number> {
  const unknown = flags.find((flag) => flag < 1 || flag > GREATEST_FLAG)
  if (unknown !== undefined) {
    throw new CantonError('PROTO_DESERIALIZATION_FAILURE', `${unknown} is no force flag`)
  }
  return new Set(flags)
}

/** @throws CantonError */
export function checkSubmission(
  transaction: ParsedTransaction,
  store: StoreView,
  node: ReceivingNode,
  flags: ReadonlySet<number>,
): void {
  const { mapping } = transaction
  switch (mapping.$case) {
    case 'ownerToKeyMapping': {
      const { member } = mapping.value
      requireOwn(member.slice(member.indexOf('::') + 2), node, flags)
      return
    }
    case 'vettedPackages':
      requireOwn(participantUidText(mapping.value.participantUid), node, flags)
      checkVetting(mapping.value, transaction, node, flags)
      return
    case 'partyToKeyMapping':
      requireReachable(mapping.value.threshold, mapping.value.signingKeys.length)
      return
    case 'partyToParticipant':
      checkHosting(mapping.value, transaction, store, node, flags)
      return
    case 'synchronizerParametersState':
      checkTolerance(mapping.value, transaction, store, flags)
      return
    case 'mediatorSynchronizerState':
    case 'sequencerSynchronizerState':
      checkNoRejoin(mapping.value, transaction, store)
      return
    default:
      return
  }
}

function requireOwn(uid: string, node: ReceivingNode, flags: ReadonlySet<number>): void {
  if (uid === node.uid || flags.has(ForceFlag.alienMember)) return
  throw new CantonError(
    'TOPOLOGY_DANGEROUS_COMMAND_REQUIRES_FORCE_ALIEN_MEMBER',
    `the mapping is for the member ${uid}, which is not this node`,
  )
}

function requireReachable(threshold: number, keys: number): void {
  if (threshold <= keys) return
  throw new CantonError(
    'TOPOLOGY_SIGNING_THRESHOLD_CANNOT_BE_REACHED',
    `${threshold} signatures are asked for and there are ${keys} keys`,
  )
}

function checkVetting(
  { packageIds, packages }: VettedPackages,
  { facts }: ParsedTransaction,
  node: ReceivingNode,
  flags: ReadonlySet<number>,
): void {
  if (facts.operation === 'remove' || flags.has(ForceFlag.allowUnknownPackage)) return
  const all = [...packageIds, ...packages.map(({ packageId }) => packageId)]
  const missing = all.find((id) => !node.hasPackage(id))
  if (missing === undefined) return
  throw new CantonError(
    'TOPOLOGY_CANNOT_VET_DUE_TO_MISSING_PACKAGES',
    `this node does not have the package ${missing}`,
  )
}

function checkHosting(
  hosting: PartyToParticipant,
  { facts }: ParsedTransaction,
  store: StoreView,
  node: ReceivingNode,
  flags: ReadonlySet<number>,
): void {
  const { threshold, participants, partySigningKeys, party } = hosting
  // Observers count as well, and a party without hosts may have any threshold.
  if (
    participants.length > 0 &&
    threshold > participants.length &&
    !flags.has(ForceFlag.confirmingThresholdCannotBeMet)
  ) {
    throw new CantonError(
      'TOPOLOGY_CONFIRMING_THRESHOLD_CANNOT_BE_REACHED',
      `${threshold} confirmations are asked for and there are ${participants.length} hosts`,
    )
  }
  if (partySigningKeys !== undefined) {
    requireReachable(partySigningKeys.threshold, partySigningKeys.keys.length)
  }
  const before = permissionOn(store, facts.uniqueKey, node.uid)
  if (before === undefined) return
  const own =
    facts.operation === 'remove'
      ? undefined
      : participants.find(({ participantUid }) => participantUidText(participantUid) === node.uid)
  if (
    own === undefined &&
    node.hasContracts(party) &&
    !flags.has(ForceFlag.disablePartyWithActiveContracts)
  ) {
    throw new CantonError(
      'TOPOLOGY_DISABLE_PARTY_WITH_ACTIVE_CONTRACTS',
      'this node would stop hosting the party and holds contracts of it',
    )
  }
  if (
    own?.permission === OBSERVATION &&
    before < OBSERVATION &&
    node.isSignatory(party) &&
    !flags.has(ForceFlag.insufficientPermissionForSignatory)
  ) {
    throw new CantonError(
      'TOPOLOGY_INSUFFICIENT_PERMISSION_FOR_SIGNATORY_PARTY',
      'this node would only observe a party that is signatory of contracts it holds',
    )
  }
}

function permissionOn(store: StoreView, uniqueKey: string, uid: string): number | undefined {
  const record = store.active(uniqueKey)
  const mapping = record?.facts.mapping
  return mapping?.$case === 'partyToParticipant' ? mapping.hosts.get(uid)?.permission : undefined
}

/** A longer tolerance passes up to half of the time for which the mediator remembers requests. */
function checkTolerance(
  { synchronizerParameters: parameters }: SynchronizerParametersState,
  { facts }: ParsedTransaction,
  store: StoreView,
  flags: ReadonlySet<number>,
): void {
  const record = store.active(facts.uniqueKey)
  const before = record === undefined ? undefined : mappingOf(record)
  if (before?.$case !== 'synchronizerParametersState') return
  if (facts.operation === 'remove' || parameters === undefined) return
  if (flags.has(ForceFlag.preparationTimeToleranceIncrease)) return
  const old = before.value.synchronizerParameters?.preparationTimeRecordTimeTolerance
  const { preparationTimeRecordTimeTolerance: next, mediatorDeduplicationTimeout: memory } =
    parameters
  if (old === undefined || next === undefined || memory === undefined) return
  if (microsOf(next) <= microsOf(old) || microsOf(next) * 2n <= microsOf(memory)) return
  throw new CantonError(
    'TOPOLOGY_INCREASE_OF_PREPARATION_TIME_TOLERANCE',
    'the tolerance would grow above half of the time for which requests are remembered',
  )
}

function checkNoRejoin(
  { active, observers }: MediatorSynchronizerState | SequencerSynchronizerState,
  { facts }: ParsedTransaction,
  store: StoreView,
): void {
  if (facts.operation === 'remove') return
  const present = new Set(membersOf(store.active(facts.uniqueKey)))
  const past = new Set(store.history(facts.uniqueKey).flatMap(membersOf))
  const back = [...active, ...observers].find((uid) => past.has(uid) && !present.has(uid))
  if (back === undefined) return
  throw new CantonError(
    'TOPOLOGY_MEMBER_CANNOT_REJOIN_SYNCHRONIZER',
    `the member ${back} was removed before`,
  )
}

function membersOf(record: Parameters<typeof mappingOf>[0] | undefined): readonly string[] {
  const mapping = record === undefined ? undefined : mappingOf(record)
  return mapping?.$case === 'mediatorSynchronizerState' ||
    mapping?.$case === 'sequencerSynchronizerState'
    ? [...mapping.value.active, ...mapping.value.observers]
    : []
}
