/**
 * What of a transaction bears on authority, in a form that is small enough to be kept for every
 * active mapping of a network: identifiers and fingerprints as text, no bytes of the input.
 */
import { toHex } from '../base/bytes.ts'
import { isNamespace, type Fingerprint, type Namespace } from '../ident/fingerprint.ts'
import {
  readMemberId,
  readParticipantUid,
  readPhysicalSynchronizerId,
  readUniqueIdentifier,
  uniqueIdentifierText,
} from '../ident/identifiers.ts'
import { canSign, effectiveRestriction, type Restriction } from '../topology/check/namespaces.ts'
import { namespacesOf, signingKeysOf } from '../topology/keys.ts'
import { mappingRow, mappingRows, type KnownMapping } from '../topology/mapping.ts'
import { readSigningPublicKey } from '../topology/signing-key.ts'
import type { ReadTransaction } from '../topology/transaction.ts'
import { mappingUniqueKey } from '../topology/unique-key.ts'
import { decodeMessage } from '../wire/codec.ts'
import type {
  DecentralizedNamespaceDefinition,
  LsuSequencerConnectionSuccessor,
  NamespaceDelegation,
  PartyToParticipant,
  SigningPublicKey,
} from '../wire/generated/schema.ts'
import { readSuccessor } from '../wire/successor.ts'
import { effectiveUsages, maySignForNamespaces } from './usage.ts'

export type Operation = 'replace' | 'remove'

export interface DelegationFacts {
  readonly $case: 'namespaceDelegation'
  readonly code: number
  readonly namespace: Namespace
  readonly target: Fingerprint
  readonly restriction: Restriction
}

export interface DefinitionFacts {
  readonly $case: 'decentralizedNamespaceDefinition'
  readonly code: number
  readonly namespace: Namespace
  /** Each once. */
  readonly owners: readonly Namespace[]
  readonly threshold: number
}

/** Signing keys by their whole content (`fingerprint/spec/usages`), as Canton compares them. */
export type KeysByContent = ReadonlyMap<string, Fingerprint>

export interface ListedKeysFacts {
  readonly $case: 'ownerToKeyMapping' | 'partyToKeyMapping'
  readonly code: number
  readonly namespace: Namespace
  readonly keys: KeysByContent
}

export interface Host {
  readonly namespace: Namespace
  /** 1 SUBMISSION, 2 CONFIRMATION, 3 OBSERVATION: the smaller, the higher. */
  readonly permission: number
  readonly onboarding: boolean
}

export interface HostingFacts {
  readonly $case: 'partyToParticipant'
  readonly code: number
  readonly namespace: Namespace
  readonly threshold: number
  /** By uid without `PAR::`. */
  readonly hosts: ReadonlyMap<string, Host>
  readonly signingKeys: { readonly threshold: number; readonly keys: KeysByContent } | undefined
  /** Whether the party's own key is listed, and with the usage that makes it stand for the party. */
  readonly selfKey: 'absent' | 'usable' | 'without-namespace-usage'
}

/** A mapping that one namespace authorizes, whatever was there before. */
export interface PlainFacts {
  readonly $case: 'plain'
  readonly code: number
  readonly namespace: Namespace
  /** The logical synchronizer that the mapping names. */
  readonly synchronizer: string | undefined
}

export type MappingFacts =
  DelegationFacts | DefinitionFacts | ListedKeysFacts | HostingFacts | PlainFacts

/** A transaction without its signatures. */
export interface TransactionFacts {
  /** Hex of 68 characters. */
  readonly hash: string
  readonly operation: Operation
  readonly serial: number
  /** Hex of the unique key; `undefined` for PurgeTopologyTransaction, which replaces nothing. */
  readonly uniqueKey: string | undefined
  readonly mapping: MappingFacts
}

/** `refused`: no node reads it. Otherwise this tool alone cannot tell. */
export type FactsReading<T> =
  | { readonly ok: true; readonly facts: T }
  | { readonly ok: false; readonly refused: boolean; readonly problem: string }

class Unreadable extends Error {
  readonly refused: boolean

  constructor(problem: string, refused: boolean) {
    super(problem)
    this.refused = refused
  }
}

const refuse = (problem: string): Unreadable => new Unreadable(problem, true)

interface KeyFacts {
  readonly fingerprint: Fingerprint
  readonly content: string
  readonly forNamespaces: boolean
}

function keyFacts(key: SigningPublicKey, what: string): KeyFacts {
  const { fingerprint, keySpec } = readSigningPublicKey(key)
  if (fingerprint === undefined) throw new Unreadable(`${what} is not a key this tool knows`, false)
  const usages = effectiveUsages(key.usage)
  if (usages === undefined) throw refuse(`${what} has usages that nodes refuse`)
  return {
    fingerprint,
    content: `${fingerprint}/${keySpec}/${usages.join(',')}`,
    forNamespaces: maySignForNamespaces(usages),
  }
}

const KNOWN_CODES: ReadonlySet<number> = new Set(mappingRows().map(({ code }) => code))
const DELEGATION_CODE = mappingRow('namespaceDelegation').code

function restrictionOf(delegation: NamespaceDelegation): Restriction {
  if (delegation.isRootDelegation && delegation.restriction !== undefined) {
    throw refuse('is_root_delegation stands beside a restriction')
  }
  const restriction = effectiveRestriction(delegation)
  if (restriction.$case !== 'specific') return restriction
  const codes = [...new Set(restriction.codes)]
  if (codes.length === 0) throw refuse('the restriction lists no mapping')
  if (codes.some((code) => !KNOWN_CODES.has(code))) {
    throw refuse('the restriction lists an unknown mapping code')
  }
  return { $case: 'specific', codes }
}

function namespaceText(text: string, what: string): Namespace {
  if (isNamespace(text)) return text
  throw new Unreadable(`${what} is not 68 lower-case hex characters beginning 1220`, false)
}

function delegationFacts(code: number, delegation: NamespaceDelegation): DelegationFacts {
  const namespace = namespaceText(delegation.namespace, 'namespace')
  if (delegation.targetKey === undefined) throw refuse('target_key is missing')
  const target = keyFacts(delegation.targetKey, 'target_key')
  if (!target.forNamespaces) throw refuse('target_key lacks the usage NAMESPACE')
  const restriction = restrictionOf(delegation)
  const isRoot: boolean = (target.fingerprint as string) === namespace
  if (isRoot && !canSign(restriction, DELEGATION_CODE)) {
    throw refuse('the root key is delegated to without NamespaceDelegation')
  }
  return {
    $case: 'namespaceDelegation',
    code,
    namespace,
    target: target.fingerprint,
    restriction,
  }
}

function definitionFacts(
  code: number,
  definition: DecentralizedNamespaceDefinition,
): DefinitionFacts {
  const owners = [
    ...new Set(definition.owners.map((owner, i) => namespaceText(owner, `owners[${i}]`))),
  ]
  const { threshold } = definition
  if (threshold < 1 || threshold > owners.length) {
    throw refuse(`the threshold ${threshold} is not between 1 and the number of owners`)
  }
  return {
    $case: 'decentralizedNamespaceDefinition',
    code,
    namespace: namespaceText(definition.decentralizedNamespace, 'decentralized_namespace'),
    owners,
    threshold,
  }
}

function listedKeys(mapping: KnownMapping): KeysByContent {
  const keys = signingKeysOf(mapping).map(({ key, path }) => keyFacts(key, path))
  return new Map(keys.map(({ content, fingerprint }) => [content, fingerprint]))
}

/** Of two entries for one participant nodes keep the one with more rights, then the first. */
function hostsOf(mapping: PartyToParticipant): ReadonlyMap<string, Host> {
  const hosts = new Map<string, Host>()
  mapping.participants.forEach(({ participantUid, permission, onboarding }, i) => {
    const uid = readParticipantUid(participantUid)
    if (!uid.ok) throw new Unreadable(`participants[${i}] is not valid: ${uid.problem}`, false)
    if (permission < 1 || permission > 3) throw refuse(`participants[${i}] has no permission`)
    const text = uniqueIdentifierText(uid.value)
    const earlier = hosts.get(text)
    if (earlier !== undefined && earlier.permission <= permission) return
    const { namespace } = uid.value
    hosts.set(text, { namespace, permission, onboarding: onboarding !== undefined })
  })
  return hosts
}

function hostingFacts(
  code: number,
  mapping: KnownMapping & { readonly $case: 'partyToParticipant' },
): HostingFacts {
  const { party, threshold, partySigningKeys } = mapping.value
  const uid = readUniqueIdentifier(party)
  if (!uid.ok) throw new Unreadable(`party is not valid: ${uid.problem}`, false)
  if (threshold < 1) throw refuse('the confirmation threshold is 0')
  const { namespace } = uid.value
  const keys = (partySigningKeys?.keys ?? []).map((key, i) =>
    keyFacts(key, `party_signing_keys.keys[${i}]`),
  )
  if (partySigningKeys !== undefined && (keys.length === 0 || partySigningKeys.threshold < 1)) {
    throw refuse('party_signing_keys has no key or the threshold 0')
  }
  if (new Set(keys.map(({ fingerprint }) => fingerprint)).size !== keys.length) {
    throw refuse('party_signing_keys lists a key twice')
  }
  const own = keys.find(({ fingerprint }) => (fingerprint as string) === namespace)
  return {
    $case: 'partyToParticipant',
    code,
    namespace,
    threshold,
    hosts: hostsOf(mapping.value),
    signingKeys:
      partySigningKeys === undefined
        ? undefined
        : {
            threshold: partySigningKeys.threshold,
            keys: new Map(keys.map(({ content, fingerprint }) => [content, fingerprint])),
          },
    selfKey:
      own === undefined ? 'absent' : own.forNamespaces ? 'usable' : 'without-namespace-usage',
  }
}

/**
 * The identifiers of a SequencerConnectionSuccessor. Both encodings have them in the same two
 * fields, so authority is clear even where the connection is not.
 */
function successorIdentifiers(bytes: Uint8Array): {
  readonly sequencerId: string
  readonly synchronizer: string | undefined
} {
  const reading = readSuccessor(bytes)
  if (reading.form === '3.4') {
    const { sequencerId, synchronizerId } = reading.value
    return { sequencerId, synchronizer: synchronizerId }
  }
  const value = reading.form === '3.5' ? reading.value : decodeSuccessor(bytes)
  const named = value.successorPhysicalSynchronizerId
  const physical = readPhysicalSynchronizerId(named)
  const logical = physical.ok ? physical.value.logical : undefined
  const isLogical = logical === undefined && readUniqueIdentifier(named).ok
  return {
    sequencerId: value.sequencerId,
    synchronizer:
      logical === undefined ? (isLogical ? named : undefined) : uniqueIdentifierText(logical),
  }
}

function decodeSuccessor(bytes: Uint8Array): LsuSequencerConnectionSuccessor {
  try {
    return decodeMessage('LsuSequencerConnectionSuccessor', bytes)
  } catch {
    throw new Unreadable('the successor connection is not a message of any release line', false)
  }
}

function onlyNamespace(mapping: KnownMapping): Namespace {
  if (mapping.$case === 'sequencerConnectionSuccessor') {
    const sequencer = readMemberId(successorIdentifiers(mapping.value).sequencerId)
    if (!sequencer.ok)
      throw new Unreadable(`sequencer_id is not valid: ${sequencer.problem}`, false)
    return sequencer.value.uid.namespace
  }
  const [namespace] = namespacesOf(mapping)
  if (namespace !== undefined) return namespace
  throw new Unreadable('the identifier that names its authority is not valid', false)
}

/** The logical synchronizer that a mapping names as its own, if it names one. */
function synchronizerOf(mapping: KnownMapping): string | undefined {
  switch (mapping.$case) {
    case 'synchronizerTrustCertificate':
    case 'participantPermission':
    case 'partyHostingLimits':
    case 'synchronizerParametersState':
    case 'sequencingDynamicParametersState':
    case 'mediatorSynchronizerState':
    case 'sequencerSynchronizerState':
    case 'purgeTopologyTxs':
      return mapping.value.synchronizerId
    case 'synchronizerUpgradeAnnouncement': {
      const id = readPhysicalSynchronizerId(mapping.value.successorPhysicalSynchronizerId)
      return id.ok ? uniqueIdentifierText(id.value.logical) : undefined
    }
    case 'sequencerConnectionSuccessor':
      return successorIdentifiers(mapping.value).synchronizer
    default:
      return undefined
  }
}

function mappingFacts(mapping: KnownMapping): MappingFacts {
  const { code } = mappingRow(mapping.$case)
  switch (mapping.$case) {
    case 'namespaceDelegation':
      return delegationFacts(code, mapping.value)
    case 'decentralizedNamespaceDefinition':
      return definitionFacts(code, mapping.value)
    case 'ownerToKeyMapping':
    case 'partyToKeyMapping':
      return {
        $case: mapping.$case,
        code,
        namespace: onlyNamespace(mapping),
        keys: listedKeys(mapping),
      }
    case 'partyToParticipant':
      return hostingFacts(code, mapping)
    default:
      return {
        $case: 'plain',
        code,
        namespace: onlyNamespace(mapping),
        synchronizer: synchronizerOf(mapping),
      }
  }
}

/** Reads what a mapping says about authority. Nothing is thrown. */
function readMappingFacts(mapping: KnownMapping): FactsReading<MappingFacts> {
  try {
    return { ok: true, facts: mappingFacts(mapping) }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return { ok: false, refused: error.refused, problem: error.message }
  }
}

const OPERATIONS: Readonly<Record<number, Operation>> = { 1: 'replace', 2: 'remove' }

/** Reads what a transaction says about authority. Nothing is thrown. */
export function readTransactionFacts(transaction: ReadTransaction): FactsReading<TransactionFacts> {
  const { value, hash } = transaction
  const mapping = value?.mapping?.mapping
  if (value === undefined || mapping === undefined) {
    return { ok: false, refused: false, problem: 'there is no mapping that this tool knows' }
  }
  const operation = OPERATIONS[value.operation]
  if (operation === undefined) {
    return { ok: false, refused: true, problem: 'the operation is not set or not known' }
  }
  const reading = readMappingFacts(mapping)
  if (!reading.ok) return reading
  const uniqueKey = mappingUniqueKey(mapping)
  return {
    ok: true,
    facts: {
      hash: toHex(hash),
      operation,
      serial: value.serial,
      uniqueKey: uniqueKey === undefined ? undefined : toHex(uniqueKey),
      mapping: reading.facts,
    },
  }
}
