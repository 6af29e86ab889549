/**
 * A topology store: records in the order in which they were taken, what of them is in force, and the
 * decision about the next one (docs/protocol/nodes.md sections 1 and 2). Of time it knows what it is told.
 */
import { equalBytes } from '../../base/bytes.ts'
import { evaluate } from '../../authorization/evaluate.ts'
import type { TransactionFacts } from '../../authorization/facts.ts'
import type { AuthorizationResult, Signers } from '../../authorization/result.ts'
import { TopologyState, type Store } from '../../authorization/state.ts'
import type { PublicKey } from '../../crypto/public-key.ts'
import { verifySignature } from '../../crypto/signature.ts'
import { isFingerprint } from '../../ident/fingerprint.ts'
import { signingKeysOf } from '../../topology/keys.ts'
import { combinedHash } from '../../topology/namespace.ts'
import { judgeSignature } from '../../topology/signature.ts'
import { readSigningPublicKey } from '../../topology/signing-key.ts'
import { MAX_SERIAL } from '../../topology/transaction.ts'
import { CantonError } from './canton-error.ts'
import { mergeSignatures, type KeptSignature } from './kept-signature.ts'
import { checkMappingAgainstState } from './mapping-checks.ts'
import { mappingOf, type StoredTransaction, type StoreId, type StoreView } from './stored.ts'
import type { ParsedTransaction, Submitted } from './submitted.ts'

/** A transaction that a store takes: nothing is stored yet. */
export interface Accepted {
  readonly submitted: ParsedTransaction
  /** Of the stored ones and the new ones those that count. */
  readonly signatures: readonly KeptSignature[]
  /** Something is missing. */
  readonly proposal: boolean
}

export interface Times {
  readonly sequenced: bigint
  readonly validFrom: bigint
}

export class TopologyStore implements StoreView {
  readonly id: StoreId
  readonly #state: TopologyState
  readonly #records: StoredTransaction[] = []
  /** Index of the last accepted record of a unique key, REPLACE or REMOVE. */
  readonly #last = new Map<string, number>()
  /** Index of the last accepted record with a hash. */
  readonly #accepted = new Map<string, number>()
  /** Index of the open proposal with a hash. */
  readonly #proposals = new Map<string, number>()
  readonly #proposalsByKey = new Map<string, Set<string>>()
  /** Unique keys that have a record, by mapping code. */
  readonly #keysByCode = new Map<number, Set<string>>()
  readonly #publicKeys = new Map<string, PublicKey>()

  /** @param state what is in force; left out for a new store */
  constructor(id: StoreId, state = emptyState(id)) {
    this.id = id
    this.#state = state
  }

  get state(): TopologyState {
    return this.#state
  }

  get records(): readonly StoredTransaction[] {
    return this.#records
  }

  last(uniqueKey: string): StoredTransaction | undefined {
    const at = this.#last.get(uniqueKey)
    return at === undefined ? undefined : this.#records[at]
  }

  active(uniqueKey: string): StoredTransaction | undefined {
    const last = this.last(uniqueKey)
    return last?.facts.operation === 'replace' ? last : undefined
  }

  history(uniqueKey: string): readonly StoredTransaction[] {
    return this.#records.filter(
      ({ facts, proposal, rejectionReason }) =>
        facts.uniqueKey === uniqueKey && !proposal && rejectionReason === undefined,
    )
  }

  *activeOf(code: number): Generator<StoredTransaction> {
    for (const key of this.#keysByCode.get(code) ?? []) {
      const record = this.active(key)
      if (record !== undefined) yield record
    }
  }

  proposal(hash: string): StoredTransaction | undefined {
    const at = this.#proposals.get(hash)
    return at === undefined ? undefined : this.#records[at]
  }

  /** The record in force or open proposal with this hash. */
  find(hash: string): StoredTransaction | undefined {
    const open = this.proposal(hash)
    if (open !== undefined) return open
    const record = this.#records[this.#accepted.get(hash) ?? -1]
    return record !== undefined && this.last(record.facts.uniqueKey) === record ? record : undefined
  }

  publicKey(fingerprint: string): PublicKey | undefined {
    return this.#publicKeys.get(fingerprint)
  }

  /** What is stored with the hash of a submission, in force or proposed. */
  #storedWith({ facts }: ParsedTransaction): StoredTransaction | undefined {
    const last = this.last(facts.uniqueKey)
    return last?.facts.hash === facts.hash ? last : this.proposal(facts.hash)
  }

  /** True if the store has the transaction and all of these signers already. */
  bringsNothing(submitted: Submitted): boolean {
    const stored = this.#storedWith(submitted)
    if (stored === undefined) return false
    const merged = mergeSignatures(stored.signatures, submitted.signatures)
    return merged.length === stored.signatures.length
  }

  /**
   * Decides about a transaction in the newest state, in Canton's order: the coverage of signatures
   * over several transactions, the serial, the rules of the mapping, then the authorization.
   * @param effective when it would take effect
   * @throws CantonError
   */
  judge(submitted: Submitted, options: { expectFull: boolean; effective: bigint }): Accepted {
    const { facts, hash } = submitted
    for (const { hashes } of submitted.signatures) {
      if (hashes !== undefined && !hashes.some((one) => equalBytes(one, hash))) {
        throw new CantonError(
          'TOPOLOGY_MULTI_TRANSACTION_HASH_MISMATCH',
          'a signature over several transactions does not cover this one',
        )
      }
    }
    const stored = this.#storedWith(submitted)
    const signatures = mergeSignatures(stored?.signatures ?? [], submitted.signatures)
    const last = this.last(facts.uniqueKey)
    if (last?.facts.hash !== facts.hash) {
      checkSerial(facts, last)
      if (this.id.$case === 'synchronizer') {
        checkMappingAgainstState(submitted, this, this.id, options.effective)
      }
    }
    const signers = this.#signersOf(submitted, signatures)
    const mode = this.id.$case === 'temporary' ? 'snapshot' : 'strict'
    const result = evaluate(facts, signers, this.#state, mode)
    const complete = result.status === 'authorized'
    if (!complete) refuseUnless(result, options.expectFull || !submitted.proposal)
    const superfluous = new Set(result.superfluous)
    return {
      submitted,
      signatures: signatures.filter(({ wire }) => !superfluous.has(wire.signedBy)),
      proposal: !complete,
    }
  }

  /** Stores what `judge` accepted; what it takes the place of ends when it takes effect. */
  commit(accepted: Accepted, { sequenced, validFrom }: Times): StoredTransaction {
    const { submitted, signatures, proposal } = accepted
    const { facts, bytes } = submitted
    const stored: StoredTransaction = {
      facts,
      bytes,
      signatures,
      proposal,
      sequenced,
      validFrom,
      validUntil: undefined,
      rejectionReason: undefined,
    }
    this.put(stored)
    return stored
  }

  /** Stores a transaction that was sequenced and then refused: it has no effect. */
  reject(submitted: Submitted, times: Times, rejectionReason: string): void {
    const { facts, bytes, signatures, proposal } = submitted
    this.#records.push({
      facts,
      bytes,
      signatures,
      proposal,
      ...times,
      validUntil: times.validFrom,
      rejectionReason,
    })
  }

  /** Stores a record as it is, without any decision: one that was decided about before. */
  put(stored: StoredTransaction): void {
    const { facts, proposal, validFrom, rejectionReason, validUntil } = stored
    const at = this.#records.push(stored) - 1
    if (rejectionReason !== undefined) return
    this.#learnKeys(stored)
    if (proposal) {
      if (validUntil !== undefined) return
      this.#endProposal(facts.hash, facts.uniqueKey, validFrom)
      this.#proposals.set(facts.hash, at)
      const hashes = this.#proposalsByKey.get(facts.uniqueKey) ?? new Set()
      this.#proposalsByKey.set(facts.uniqueKey, hashes.add(facts.hash))
      return
    }
    this.#end(this.#last.get(facts.uniqueKey), validFrom)
    this.#last.set(facts.uniqueKey, at)
    this.#accepted.set(facts.hash, at)
    const { code } = facts.mapping
    this.#keysByCode.set(code, (this.#keysByCode.get(code) ?? new Set()).add(facts.uniqueKey))
    this.#state.put({
      ...facts,
      signers: new Set(stored.signatures.map(({ wire }) => wire.signedBy)),
    })
    for (const hash of this.#proposalsByKey.get(facts.uniqueKey) ?? []) {
      const open = this.proposal(hash)
      if (open !== undefined && open.facts.serial <= facts.serial) {
        this.#endProposal(hash, facts.uniqueKey, validFrom)
      }
    }
  }

  /** A store of its own with the same records: for a batch that is taken whole or not at all. */
  fork(): TopologyStore {
    const copy = new TopologyStore(this.id, this.#state.copy())
    for (const record of this.#records) copy.#records.push(record)
    for (const [key, at] of this.#last) copy.#last.set(key, at)
    for (const [hash, at] of this.#accepted) copy.#accepted.set(hash, at)
    for (const [hash, at] of this.#proposals) copy.#proposals.set(hash, at)
    for (const [key, hashes] of this.#proposalsByKey) copy.#proposalsByKey.set(key, new Set(hashes))
    for (const [code, keys] of this.#keysByCode) copy.#keysByCode.set(code, new Set(keys))
    for (const [fingerprint, key] of this.#publicKeys) copy.#publicKeys.set(fingerprint, key)
    return copy
  }

  #end(at: number | undefined, time: bigint): void {
    const record = at === undefined ? undefined : this.#records[at]
    if (at === undefined || record === undefined || record.validUntil !== undefined) return
    this.#records[at] = { ...record, validUntil: time }
  }

  #endProposal(hash: string, uniqueKey: string, time: bigint): void {
    this.#end(this.#proposals.get(hash), time)
    this.#proposals.delete(hash)
    const hashes = this.#proposalsByKey.get(uniqueKey)
    hashes?.delete(hash)
    if (hashes?.size === 0) this.#proposalsByKey.delete(uniqueKey)
  }

  #learnKeys(stored: Pick<StoredTransaction, 'bytes'>): void {
    for (const { key } of signingKeysOf(mappingOf(stored))) {
      const reading = readSigningPublicKey(key)
      if (reading.key !== undefined) this.#publicKeys.set(reading.key.fingerprint, reading.key)
    }
  }

  #signersOf({ mapping, hash }: ParsedTransaction, signatures: readonly KeptSignature[]): Signers {
    const inside = new Map<string, PublicKey>()
    for (const { key } of signingKeysOf(mapping)) {
      const reading = readSigningPublicKey(key)
      if (reading.key !== undefined) inside.set(reading.key.fingerprint, reading.key)
    }
    const sets = {
      valid: new Set<string>(),
      invalid: new Set<string>(),
      unverifiable: new Set<string>(),
    }
    for (const { wire, hashes } of signatures) {
      const { signedBy } = wire
      const key = isFingerprint(signedBy)
        ? (inside.get(signedBy) ?? this.#publicKeys.get(signedBy))
        : undefined
      const { check, settled } = judgeSignature(wire, key)
      const message = hashes === undefined ? hash : combinedHash(hashes)
      const verifies = check !== undefined && verifySignature(check.key, message, check.signature)
      sets[check === undefined ? settled : verifies ? 'valid' : 'invalid'].add(signedBy)
    }
    return sets
  }
}

function emptyState(id: StoreId): TopologyState {
  const store: Store =
    id.$case === 'synchronizer' ? { $case: 'synchronizer', id: id.logical } : { $case: 'other' }
  return new TopologyState({ completeness: 'complete', store })
}

function checkSerial(facts: TransactionFacts, last: StoredTransaction | undefined): void {
  if (last === undefined) return
  if (last.facts.serial === MAX_SERIAL) {
    throw new CantonError('TOPOLOGY_MANAGER_ALARM', 'nothing can follow the greatest serial')
  }
  const expected = last.facts.serial + 1
  if (facts.serial !== expected) {
    throw new CantonError(
      'TOPOLOGY_SERIAL_MISMATCH',
      `serial ${facts.serial} was given where ${expected} comes next`,
    )
  }
}

function refuseUnless({ status, reasons }: AuthorizationResult, expectFull: boolean): void {
  const codes = new Set(reasons.map(({ code }) => code))
  if (codes.has('wrong-synchronizer')) {
    throw new CantonError(
      'TOPOLOGY_INVALID_SYNCHRONIZER',
      'the mapping is for another synchronizer than that of the store',
    )
  }
  const bad = ['invalid-signature', 'self-key-without-namespace-usage', 'signature-unverifiable']
  if (reasons.some(({ code }) => bad.includes(code))) {
    throw new CantonError('TOPOLOGY_INVALID_TX_SIGNATURE', 'a signature does not verify')
  }
  if (status === 'incomplete' && !expectFull) return
  throw new CantonError(
    'TOPOLOGY_UNAUTHORIZED_TRANSACTION',
    status === 'incomplete'
      ? 'signatures are missing and full authorization was asked for'
      : 'no signature stands for a namespace that is asked for',
  )
}
