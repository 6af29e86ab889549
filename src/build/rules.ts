/**
 * What this tool refuses to build although the bytes would be sound: nodes would refuse it, or
 * nobody can mean it (docs/protocol/construction.md, docs/protocol/signatures.md section 4).
 */
import { CantosignError } from '../base/errors.ts'
import { readMemberId, readUniqueIdentifier } from '../ident/identifiers.ts'
import type { KnownMapping } from '../topology/mapping.ts'
import { readSigningPublicKey } from '../topology/signing-key.ts'
import type {
  OwnerToKeyMapping,
  PartyToParticipant,
  SigningPublicKey,
} from '../wire/generated/schema.ts'
import { ADD_REPLACE, Permission, REMOVE, Usage } from './names.ts'

/** Release lines whose rules differ for a builder (docs/protocol/wire.md). */
export type ReleaseLine = '3.3' | '3.4' | '3.5'

export interface BuildOptions {
  /** Allows SUBMISSION for a host of a party with signing keys of its own. */
  readonly allowSubmission?: boolean
  /** The oldest release line that has to understand the transactions; 3.5 if left out. */
  readonly release?: ReleaseLine
}

/** A transaction that can be encoded: everything is decided. */
export interface TransactionDraft {
  /** TopologyChangeOp: 1 replace, 2 remove. */
  readonly operation: number
  readonly serial: number
  readonly mapping: KnownMapping
}

/**
 * Mappings whose removal is the end of them, and what to do instead (docs/protocol/nodes.md section 3;
 * release line 3.3 alone took a delegation again).
 */
export const FINAL_REMOVAL: Partial<Readonly<Record<KnownMapping['$case'], string>>> = {
  namespaceDelegation: 'delegate to another key; a namespace whose root was removed is over',
  decentralizedNamespaceDefinition: 'found another namespace: this one has no owners any more',
  ownerToKeyMapping: 'give the member another identifier: it cannot come back to the synchronizer',
  synchronizerTrustCertificate:
    'give the participant another identifier: it cannot come back to the synchronizer',
}

function broken(message: string, hint: string): CantosignError {
  return new CantosignError('build-rule', message, hint)
}

/** @throws CantosignError `build-rule` */
export function checkRules(draft: TransactionDraft, options: BuildOptions): void {
  const { mapping, operation } = draft
  checkRelease(mapping, options.release ?? '3.5')
  if (operation === REMOVE) {
    checkRemoval(mapping)
    return
  }
  switch (mapping.$case) {
    case 'partyToParticipant':
      checkHosting(mapping.value, options)
      return
    case 'partyToKeyMapping':
      checkProtocolKeys(mapping.value.signingKeys, 'partyToKeyMapping.signingKeys')
      return
    case 'ownerToKeyMapping':
      checkOwnerKeys(mapping.value)
      return
    default:
      return
  }
}

function checkRelease(mapping: KnownMapping, release: ReleaseLine): void {
  if (mapping.$case === 'sequencingDynamicParametersState' && release !== '3.5') {
    throw broken(
      `in release line ${release} dynamicSequencingParametersState replaces synchronizerParametersState`,
      'build it for release line 3.5 or later',
    )
  }
  if (mapping.$case !== 'partyToParticipant' || release !== '3.3') return
  const { partySigningKeys, participants } = mapping.value
  if (partySigningKeys !== undefined) {
    throw broken(
      'nodes of release line 3.3 ignore partySigningKeys: the party would have no keys there',
      'list the keys in a partyToKeyMapping instead',
    )
  }
  if (participants.some(({ onboarding }) => onboarding !== undefined)) {
    throw broken(
      'nodes of release line 3.3 ignore the onboarding flag: the host would be active at once',
      'leave the flag out, or build for release line 3.4 or later',
    )
  }
}

function checkRemoval(mapping: KnownMapping): void {
  if (mapping.$case === 'synchronizerParametersState') {
    throw broken(
      'synchronizerParametersState cannot be removed, only replaced',
      'say operation: replace with the parameters that shall hold',
    )
  }
}

function checkProtocolKeys(keys: readonly SigningPublicKey[], path: string): void {
  keys.forEach((key, i) => {
    if (!key.usage.includes(Usage.protocol)) {
      throw broken(
        `${path}[${i}]: a signing key of a party without the usage protocol signs no Daml transaction`,
        'add protocol to its usage',
      )
    }
  })
}

function checkHosting(mapping: PartyToParticipant, options: BuildOptions): void {
  const { party, participants, partySigningKeys } = mapping
  const external = partySigningKeys !== undefined
  const submitting = participants.find(({ permission }) => permission === Permission.submission)
  if (external && submitting !== undefined && options.allowSubmission !== true) {
    throw broken(
      `${submitting.participantUid} would get SUBMISSION for a party that signs with keys of its own`,
      'give confirmation or observation, or say --allow-submission if it is really meant',
    )
  }
  const admin = participants.find(({ participantUid }) => participantUid === party)
  const isAdminParty =
    participants.length === 1 &&
    admin?.permission === Permission.submission &&
    mapping.threshold === 1
  if (admin !== undefined && !isAdminParty) {
    throw broken(
      `the party has the identifier of the participant ${admin.participantUid}`,
      'name the party otherwise: this identifier is for the admin party of that participant alone',
    )
  }
  if (partySigningKeys === undefined) return
  checkProtocolKeys(partySigningKeys.keys, 'partyToParticipant.partySigningKeys.keys')
  const uid = readUniqueIdentifier(party)
  const root: string | undefined = uid.ok ? uid.value.namespace : undefined
  partySigningKeys.keys.forEach((key, i) => {
    const isRoot = root !== undefined && readSigningPublicKey(key).fingerprint === root
    if (isRoot && !key.usage.includes(Usage.namespace)) {
      throw broken(
        `partyToParticipant.partySigningKeys.keys[${i}] is the namespace key of the party and lacks the usage namespace`,
        'add namespace to its usage: without it every signature of this key on this transaction is refused',
      )
    }
  })
}

function checkOwnerKeys(mapping: OwnerToKeyMapping): void {
  const kinds = mapping.publicKeys.map(({ key }) => key?.$case)
  if (!kinds.includes('signingPublicKey')) {
    throw broken('ownerToKeyMapping has no signing key', 'list the protocol key of the member')
  }
  const member = readMemberId(mapping.member)
  const isParticipant = member.ok && member.value.code === 'PAR'
  if (isParticipant && !kinds.includes('encryptionPublicKey')) {
    throw broken(
      'ownerToKeyMapping of a participant has no encryption key',
      'list its encryption key as well',
    )
  }
}

/**
 * What is allowed and seldom meant, as sentences for the builder. Whoever signs sees the dangers of
 * src/explain instead.
 */
export function remarksOf(draft: TransactionDraft): readonly string[] {
  const { mapping } = draft
  if (draft.operation !== ADD_REPLACE) return []
  if (mapping.$case === 'partyToKeyMapping') {
    return [
      'nodes of release line 3.3 read the keys of a party in partyToKeyMapping alone, and a party does not authorize itself there: its namespace needs a root delegation. From release line 3.4 on, list the keys in partyToParticipant instead, not in both',
    ]
  }
  if (mapping.$case !== 'partyToParticipant') return []
  const { participants, threshold } = mapping.value
  const confirming = participants.filter(({ permission }) => permission !== Permission.observation)
  const importing = confirming.filter(({ onboarding }) => onboarding !== undefined)
  const remarks: string[] = []
  if (confirming.length < threshold) {
    remarks.push(
      `the confirmation threshold is ${threshold} and ${confirming.length} of the hosts confirm: nothing of the party can be confirmed`,
    )
  } else if (confirming.length - importing.length < threshold) {
    remarks.push(
      `the confirmation threshold of ${threshold} is reached only once a host that is being onboarded takes part`,
    )
  }
  return remarks
}
