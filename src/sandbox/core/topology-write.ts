/** What TopologyManagerWriteService does, for one participant (docs/protocol/nodes.md sections 1 and 5). */
import { asCantonRewrites } from '../../build/rewrite.ts'
import { participantUidText } from '../../ident/identifiers.ts'
import type { KnownMapping } from '../../topology/mapping.ts'
import { encodeMessage, wrap } from '../../wire/codec.ts'
import type { HostingParticipant } from '../../wire/generated/schema.ts'
import { CantonError } from './canton-error.ts'
import { sameMapping } from './mapping-checks.ts'
import { mergeSignatures } from './kept-signature.ts'
import { MAX_PENDING, type Participant } from './participant.ts'
import { chooseSigningKeys } from './signing-choice.ts'
import { mappingOf, type StoredTransaction } from './stored.ts'
import { checkSubmission, ForceFlag, type ReceivingNode } from './submission-checks.ts'
import { parseTransaction, type ParsedTransaction, type Submitted } from './submitted.ts'
import type { TopologyStore } from './topology-store.ts'

/** What is asked for; serial 0 leaves it to the node. */
export interface Proposal {
  readonly operation: 'replace' | 'remove'
  readonly serial: number
  readonly mapping: KnownMapping
}

export interface WriteOptions {
  readonly flags: ReadonlySet<number>
  /** The caller asks for full authorization. */
  readonly expectFull: boolean
  /** Microseconds. */
  readonly now: bigint
}

/** The participant and what its checks ask the ledger about. */
export interface WritingNode extends ReceivingNode {
  readonly participant: Participant
}

/** Of two entries for one participant the one with more rights stays, then the first. */
function distinctHosts(hosts: readonly HostingParticipant[]): readonly HostingParticipant[] {
  const kept = new Map<string, HostingParticipant>()
  for (const host of hosts) {
    const uid = participantUidText(host.participantUid)
    const earlier = kept.get(uid)
    if (earlier === undefined || host.permission < earlier.permission) kept.set(uid, host)
  }
  return [...kept.values()]
}

/** The mapping as Canton writes it anew: nothing of the caller's encoding is kept. */
function rewritten(mapping: KnownMapping): KnownMapping {
  const clean = asCantonRewrites(mapping)
  if (clean.$case === 'partyToParticipant') {
    const participants = distinctHosts(clean.value.participants)
    return { $case: clean.$case, value: { ...clean.value, participants } }
  }
  if (clean.$case === 'decentralizedNamespaceDefinition') {
    const owners = [...new Set(clean.value.owners)]
    return { $case: clean.$case, value: { ...clean.value, owners } }
  }
  return clean
}

/**
 * The transaction for a proposal: the one that is there if it says the same, else a new one.
 * @throws CantonError
 */
export function generateTransaction(store: TopologyStore, proposal: Proposal): ParsedTransaction {
  const mapping = rewritten(proposal.mapping)
  const operation = proposal.operation === 'replace' ? 1 : 2
  const write = (serial: number): ParsedTransaction =>
    parseTransaction(
      wrap(encodeMessage('TopologyTransaction', { operation, serial, mapping: { mapping } })),
    )
  const last = store.last(write(1).facts.uniqueKey)
  const isSame =
    last?.facts.operation === proposal.operation && sameMapping(mappingOf(last), mapping)
  const same = isSame ? last : undefined
  const chosen = same?.facts.serial ?? (last === undefined ? 1 : last.facts.serial + 1)
  if (proposal.serial !== 0 && proposal.serial !== chosen) {
    throw same === undefined
      ? new CantonError(
          'TOPOLOGY_SERIAL_MISMATCH',
          `serial ${proposal.serial} was given where ${chosen} comes next`,
        )
      : new CantonError(
          'TOPOLOGY_MAPPING_ALREADY_EXISTS',
          `the same mapping is there with serial ${chosen}`,
        )
  }
  return same === undefined ? write(chosen) : parseTransaction(same.bytes)
}

function signWith(
  parsed: ParsedTransaction,
  keys: readonly string[],
  { vault }: Participant,
  stored: Submitted['signatures'],
): Submitted['signatures'] {
  const own = keys.map((key) => ({ wire: vault.sign(key, parsed.hash), hashes: undefined }))
  return mergeSignatures(stored, own)
}

/** SignTransactions: nothing is stored, nothing is verified. @throws CantonError */
export function signTransaction(
  submitted: Submitted,
  store: TopologyStore,
  participant: Participant,
  signedBy: readonly string[],
  flags: ReadonlySet<number>,
): Submitted {
  const keys = chooseSigningKeys(
    submitted.facts,
    store,
    participant.vault,
    signedBy,
    flags.has(ForceFlag.allowUnvalidatedSigningKeys),
  )
  const signatures = signWith(submitted, keys, participant, submitted.signatures)
  return { ...submitted, signatures }
}

/**
 * Authorize with a proposal: builds, signs with the node's keys, adds.
 * @throws CantonError
 */
export function authorizeProposal(
  node: WritingNode,
  store: TopologyStore,
  proposal: Proposal,
  signedBy: readonly string[],
  options: WriteOptions,
): Submitted {
  const parsed = generateTransaction(store, proposal)
  const unsigned: Submitted = { ...parsed, signatures: [], proposal: !options.expectFull }
  const signed = signTransaction(unsigned, store, node.participant, signedBy, options.flags)
  if (store.bringsNothing(signed)) {
    throw new CantonError('TOPOLOGY_MAPPING_ALREADY_EXISTS', 'the same mapping is there already')
  }
  addTransactions(node, store, [signed], options)
  return signed
}

/** Authorize with a hash: signs what the store has. @throws CantonError */
export function authorizeHash(
  node: WritingNode,
  store: TopologyStore,
  hash: string,
  signedBy: readonly string[],
  options: WriteOptions,
): Submitted {
  const found = store.find(hash)
  if (found === undefined) {
    throw new CantonError('TOPOLOGY_TRANSACTION_NOT_FOUND', 'the store has no such transaction')
  }
  const stored: Submitted = {
    ...parseTransaction(found.bytes),
    signatures: found.signatures,
    proposal: !options.expectFull,
  }
  const signed = signTransaction(stored, store, node.participant, signedBy, options.flags)
  addTransactions(node, store, [signed], options)
  return signed
}

/**
 * AddTransactions. On a synchronizer the batch is taken whole or not at all; elsewhere what is valid
 * stays and the first refusal is answered.
 * @throws CantonError
 */
export function addTransactions(
  node: WritingNode,
  store: TopologyStore,
  transactions: readonly Submitted[],
  options: WriteOptions,
): void {
  const { participant } = node
  const { id } = store
  if (id.$case === 'synchronizer' && countPending(participant) >= MAX_PENDING) {
    throw new CantonError(
      'TOPOLOGY_TOO_MANY_PENDING_TOPOLOGY_TRANSACTIONS',
      'too many transactions of this node are on their way',
    )
  }
  for (const one of transactions) checkSubmission(one, store, node, options.flags)
  const news = transactions.filter((one) => !store.bringsNothing(one))
  if (id.$case === 'synchronizer') {
    submit(participant, news, options)
    return
  }
  addFinal(store, news, options)
  if (id.$case === 'authorized') dispatch(participant, options.now)
}

function countPending({ pending }: Participant): number {
  return pending.reduce((sum, { transactions }) => sum + transactions.length, 0)
}

function submit(
  participant: Participant,
  transactions: readonly Submitted[],
  { expectFull, now }: WriteOptions,
): void {
  if (transactions.length === 0) return
  const { synchronizer } = participant
  synchronizer.preview(transactions, expectFull, now)
  if (participant.connected) synchronizer.sequence(transactions, expectFull, now)
  else participant.pending.push({ transactions, expectFull })
}

/** The authorized store and temporary ones decide at once and for good. */
function addFinal(
  store: TopologyStore,
  transactions: readonly Submitted[],
  { expectFull, now }: WriteOptions,
): void {
  let refusal: CantonError | undefined
  for (const one of transactions) {
    try {
      const accepted = store.judge(one, { expectFull, effective: now })
      store.commit(accepted, { sequenced: now, validFrom: now })
    } catch (error) {
      if (!(error instanceof CantonError)) throw error
      refusal ??= error
    }
  }
  if (refusal !== undefined) throw refusal
}

/** Sends what the authorized store has taken since the last time to the synchronizer. */
function dispatch(participant: Participant, now: bigint): void {
  if (!participant.connected) return
  const { authorized, synchronizer } = participant
  const news = authorized.records.slice(participant.dispatched)
  participant.dispatched = authorized.records.length
  const batch = news
    .filter(({ facts: { mapping } }) => {
      const named = mapping.$case === 'plain' ? mapping.synchronizer : undefined
      return named === undefined || named === synchronizer.logical
    })
    .map(asSubmitted)
    .filter((one) => !synchronizer.store.bringsNothing(one))
  if (batch.length > 0) synchronizer.sequence(batch, false, now)
}

/** A stored transaction as it would be submitted again. */
function asSubmitted({ bytes, signatures, proposal }: StoredTransaction): Submitted {
  return { ...parseTransaction(bytes), signatures, proposal }
}

/** Ends the connection: from now on the participant learns nothing of the synchronizer. */
export function disconnect(participant: Participant, now: bigint): void {
  participant.disconnectedAt ??= now
}

/** Connects again and sends what has waited. */
export function connect(participant: Participant, now: bigint): void {
  if (participant.connected) return
  participant.disconnectedAt = undefined
  for (const { transactions, expectFull } of participant.pending.splice(0)) {
    participant.synchronizer.sequence(transactions, expectFull, now)
  }
  dispatch(participant, now)
}
