/** PartyManagementService of the Ledger API: an external party is set up (docs/protocol/nodes.md section 8). */
import { Usage } from '../../build/names.ts'
import { effectiveUsages } from '../../authorization/usage.ts'
import type { PublicKey } from '../../crypto/public-key.ts'
import { signingPublicKey } from '../../build/keys.ts'
import { participantUidText, readUniqueIdentifier } from '../../ident/identifiers.ts'
import { isRootDelegation } from '../../topology/check/namespaces.ts'
import { signingKeysOf } from '../../topology/keys.ts'
import { combinedHash } from '../../topology/namespace.ts'
import { readSigningPublicKey } from '../../topology/signing-key.ts'
import { encodeMessage, wrap } from '../../wire/codec.ts'
import type {
  HostingParticipant,
  PartyToParticipant,
  Signature,
} from '../../wire/generated/schema.ts'
import { CantonError } from './canton-error.ts'
import { mergeSignatures, type KeptSignature } from './kept-signature.ts'
import { parseTransaction, type ParsedTransaction, type Submitted } from './submitted.ts'
import { addTransactions, signTransaction, type WritingNode } from './topology-write.ts'

const SUBMISSION = 1
const CONFIRMATION = 2
const OBSERVATION = 3
const MAX_OWNERS = 10

export interface GenerateRequest {
  /** Logical id. */
  readonly synchronizer: string
  readonly partyHint: string
  readonly publicKey: PublicKey
  readonly localObservationOnly: boolean
  readonly otherConfirming: readonly string[]
  /** 0: as many as confirm. */
  readonly threshold: number
  readonly observing: readonly string[]
}

export interface GeneratedParty {
  readonly partyId: string
  readonly fingerprint: string
  /** A wrapped TopologyTransaction each. */
  readonly transactions: readonly Uint8Array[]
  /** 34 bytes over all of them. */
  readonly multiHash: Uint8Array
}

export interface OnboardingTransaction {
  /** A wrapped TopologyTransaction. */
  readonly transaction: Uint8Array
  readonly signatures: readonly Signature[]
}

export interface AllocateRequest {
  /** Logical or physical id. */
  readonly synchronizer: string
  readonly transactions: readonly OnboardingTransaction[]
  /** Each over all of the transactions. */
  readonly multiHashSignatures: readonly Signature[]
}

const refuse = (cause: string): CantonError => new CantonError('INVALID_ARGUMENT', cause)

function requireConnected({ participant }: WritingNode): void {
  if (!participant.connected) throw refuse('the node is not connected to the synchronizer')
}

function checkUids(own: string, lists: readonly string[]): void {
  const seen = new Set<string>()
  for (const uid of lists) {
    if (!readUniqueIdentifier(uid).ok || uid.startsWith('PAR::')) {
      throw refuse(`${uid} is not the uid of a participant`)
    }
    if (uid === own) throw refuse('this node is listed beside itself')
    if (seen.has(uid)) throw refuse(`${uid} is listed twice`)
    seen.add(uid)
  }
}

/** Writes nothing. @throws CantonError INVALID_ARGUMENT */
export function generateExternalParty(node: WritingNode, request: GenerateRequest): GeneratedParty {
  const { participant } = node
  const { publicKey, partyHint, otherConfirming, observing } = request
  if (request.synchronizer !== participant.synchronizer.logical) {
    throw refuse('the synchronizer is not known')
  }
  requireConnected(node)
  const { fingerprint } = publicKey
  const party = `${partyHint}::${fingerprint}`
  if (!readUniqueIdentifier(party).ok) throw refuse('the hint is not valid')
  checkUids(participant.uid, [...otherConfirming, ...observing])
  const host = (participantUid: string, permission: number): HostingParticipant => ({
    participantUid,
    permission,
    onboarding: undefined,
  })
  const participants = [
    host(participant.uid, request.localObservationOnly ? OBSERVATION : CONFIRMATION),
    ...otherConfirming.map((uid) => host(uid, CONFIRMATION)),
    ...observing.map((uid) => host(uid, OBSERVATION)),
  ]
  const confirming = participants.filter(({ permission }) => permission === CONFIRMATION).length
  const threshold = request.threshold === 0 ? confirming : request.threshold
  if (confirming === 0) throw refuse('no participant confirms for the party')
  if (threshold > confirming) throw refuse('the threshold is above the number of confirming hosts')
  const usage = [Usage.namespace, Usage.proofOfOwnership, Usage.protocol]
  const key = { ...signingPublicKey(publicKey, usage), usage }
  const bytes = wrap(
    encodeMessage('TopologyTransaction', {
      operation: 1,
      serial: 1,
      mapping: {
        mapping: {
          $case: 'partyToParticipant',
          value: {
            party,
            threshold,
            participants,
            partySigningKeys: { keys: [key], threshold: 1 },
          },
        },
      },
    }),
  )
  const { hash } = parseTransaction(bytes)
  return { partyId: party, fingerprint, transactions: [bytes], multiHash: combinedHash([hash]) }
}

interface Given extends ParsedTransaction {
  readonly signatures: readonly KeptSignature[]
}

function read(request: AllocateRequest): readonly Given[] {
  const parsed = request.transactions.map(({ transaction, signatures }) => ({
    ...parsedOrRefused(transaction),
    single: signatures,
  }))
  const hashes = parsed.map(({ hash }) => hash)
  const multi = request.multiHashSignatures.map((wire): KeptSignature => ({ wire, hashes }))
  return parsed.map(({ single, ...one }) => {
    const own = single.map((wire): KeptSignature => ({ wire, hashes: undefined }))
    // A signature over the one transaction comes before one over all by the same key.
    return { ...one, signatures: mergeSignatures([], [...own, ...multi]) }
  })
}

function parsedOrRefused(transaction: Uint8Array): ParsedTransaction {
  try {
    return parseTransaction(transaction)
  } catch (error) {
    if (error instanceof CantonError) throw refuse(error.message)
    throw error
  }
}

interface Onboarding {
  readonly hosting: Given & { readonly value: PartyToParticipant }
  /** Delegations and definitions that are submitted before it. */
  readonly namespace: readonly Given[]
}

/** @throws CantonError INVALID_ARGUMENT */
function sort(given: readonly Given[], own: string): Onboarding {
  const found = given.flatMap((one) => {
    const { mapping } = one
    return mapping.$case === 'partyToParticipant' ? [{ ...one, value: mapping.value }] : []
  })
  const [hosting, second] = found
  for (const { facts, mapping } of given) {
    const allowed =
      mapping.$case === 'namespaceDelegation' ||
      mapping.$case === 'decentralizedNamespaceDefinition' ||
      mapping.$case === 'partyToParticipant' ||
      mapping.$case === 'partyToKeyMapping'
    if (!allowed) throw refuse(`a ${mapping.$case} is no part of the setup of a party`)
    if (facts.operation === 'remove') throw refuse('nothing is removed when a party is set up')
    if (facts.serial !== 1) throw refuse('the serial of every transaction is 1')
  }
  if (hosting === undefined || second !== undefined) {
    throw refuse('there has to be exactly one PartyToParticipant')
  }
  checkHosts(hosting.value, own)
  checkKeys(hosting, given)
  return { hosting, namespace: namespaceTransactions(hosting, given) }
}

function checkHosts({ participants }: PartyToParticipant, own: string): void {
  if (participants.some(({ permission }) => permission === SUBMISSION)) {
    throw refuse('no host may have SUBMISSION')
  }
  if (!participants.some(({ permission }) => permission === CONFIRMATION)) {
    throw refuse('no host has CONFIRMATION')
  }
  const here = participants.find((host) => participantUidText(host.participantUid) === own)
  if (here === undefined) throw refuse('this node is not among the hosts')
}

/** Keys are in the PartyToParticipant or in a signed PartyToKeyMapping, and not in both. */
function checkKeys({ value, facts }: Onboarding['hosting'], given: readonly Given[]): void {
  const inMapping = given.filter(
    ({ mapping, signatures }) => mapping.$case === 'partyToKeyMapping' && signatures.length > 0,
  )
  if (inMapping.length > 1) throw refuse('there is more than one PartyToKeyMapping')
  const [separate] = inMapping
  const inHosting = value.partySigningKeys !== undefined
  if (inHosting === (separate !== undefined)) {
    throw refuse('signing keys have to be in exactly one of the two mappings')
  }
  const keys = inHosting
    ? value.partySigningKeys.keys
    : separate === undefined
      ? []
      : signingKeysOf(separate.mapping).map(({ key }) => key)
  for (const key of keys) {
    const usages = effectiveUsages(key.usage) ?? []
    if (!usages.includes(Usage.protocol)) throw refuse('a signing key lacks the usage PROTOCOL')
    const isOwn = (readSigningPublicKey(key).fingerprint as string) === facts.mapping.namespace
    if (isOwn && !usages.includes(Usage.namespace)) {
      throw refuse("the namespace's key lacks the usage NAMESPACE")
    }
  }
}

function namespaceTransactions(
  { facts }: Onboarding['hosting'],
  given: readonly Given[],
): readonly Given[] {
  // What nobody has signed is left out without a word.
  const signed = given.filter(({ signatures }) => signatures.length > 0)
  const delegations = signed.filter(({ mapping }) => mapping.$case === 'namespaceDelegation')
  const definitions = signed.filter(
    ({ mapping }) => mapping.$case === 'decentralizedNamespaceDefinition',
  )
  const { namespace } = facts.mapping
  const [definition, more] = definitions
  if (more !== undefined) throw refuse('there is more than one definition')
  const definitionFacts = definition?.facts.mapping
  if (definitionFacts?.$case !== 'decentralizedNamespaceDefinition' || definition === undefined) {
    const [delegation, other] = delegations
    if (other !== undefined) throw refuse('there is more than one delegation')
    if (delegation === undefined) return []
    const { mapping } = delegation
    if (
      mapping.$case !== 'namespaceDelegation' ||
      !isRootDelegation(mapping.value) ||
      mapping.value.namespace !== namespace
    ) {
      throw refuse('the delegation is no root delegation of the namespace of the party')
    }
    return [rootSignatureOnly(delegation)]
  }
  if (definitionFacts.namespace !== namespace) {
    throw refuse('the definition is for another namespace than that of the party')
  }
  if (definitionFacts.owners.length > MAX_OWNERS) throw refuse('the definition has too many owners')
  const owners = new Set<string>(definitionFacts.owners)
  const ofOwners = delegations.filter(({ facts: one }) => owners.has(one.mapping.namespace))
  return [...ofOwners.slice(0, MAX_OWNERS).map(rootSignatureOnly), definition]
}

/** Of a delegation only the signature of the namespace's own key is kept. */
function rootSignatureOnly(given: Given): Given {
  const { namespace } = given.facts.mapping
  return {
    ...given,
    signatures: given.signatures.filter(({ wire }) => wire.signedBy === namespace),
  }
}

/**
 * Adds the node's own signature and submits.
 * @returns the party, and whether it needs nobody else: then it takes effect by itself
 * @throws CantonError
 */
export function allocateExternalParty(
  node: WritingNode,
  request: AllocateRequest,
  now: bigint,
): { readonly party: string; readonly complete: boolean } {
  const { participant } = node
  const { synchronizer } = participant
  if (
    request.synchronizer !== synchronizer.logical &&
    request.synchronizer !== synchronizer.physical
  ) {
    throw refuse('the synchronizer is not known')
  }
  requireConnected(node)
  const { hosting, namespace } = sort(read(request), participant.uid)
  const { party, participants } = hosting.value
  const [only, other] = participants
  if (other === undefined && only?.permission !== CONFIRMATION) {
    throw refuse('the only host has to confirm')
  }
  const { store } = synchronizer
  if (store.active(hosting.facts.uniqueKey) !== undefined) {
    throw new CantonError('EXTERNAL_PARTY_ALREADY_EXISTS', 'the party is there already')
  }
  const flags = new Set<number>()
  const proposal: Submitted = { ...hosting, proposal: true }
  const signed = signTransaction(proposal, store, participant, [], flags)
  const batch = [...namespace.map((one): Submitted => ({ ...one, proposal: false })), signed]
  try {
    addTransactions(node, store, batch, { flags, expectFull: false, now })
  } catch (error) {
    if (error instanceof CantonError && error.category !== 'alarm') throw refuse(error.message)
    throw error
  }
  return { party, complete: store.active(hosting.facts.uniqueKey) !== undefined }
}
