/** From a spec to the bytes of topology transactions (docs/spec.md). */
import { toHex } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import type { Finding } from '../base/finding-codes.ts'
import { mappingUniqueKey } from '../topology/unique-key.ts'
import type { KnownMapping } from '../topology/mapping.ts'
import { readSigningPublicKey } from '../topology/signing-key.ts'
import { MAX_SERIAL, readTransaction, type ReadTransaction } from '../topology/transaction.ts'
import { encodeMessage, wrap } from '../wire/codec.ts'
import type { SigningPublicKey, TopologyTransaction } from '../wire/generated/schema.ts'
import { differencesOfValues } from './compare.ts'
import { ADD_REPLACE, mappingName, REMOVE } from './names.ts'
import { asCantonRewrites } from './rewrite.ts'
import { checkRules, FINAL_REMOVAL, type BuildOptions, type TransactionDraft } from './rules.ts'
import type { SpecTransaction } from './spec.ts'

const byFingerprint = (a: SigningPublicKey, b: SigningPublicKey): number => {
  const { fingerprint: left = '' } = readSigningPublicKey(a)
  const { fingerprint: right = '' } = readSigningPublicKey(b)
  return left < right ? -1 : left === right ? 0 : 1
}

/** Keys in the order in which Canton writes them, so that equal content gives equal bytes. */
function inOrder(mapping: KnownMapping): KnownMapping {
  if (mapping.$case === 'partyToKeyMapping') {
    const signingKeys = mapping.value.signingKeys.toSorted(byFingerprint)
    return { $case: mapping.$case, value: { ...mapping.value, signingKeys } }
  }
  if (mapping.$case === 'partyToParticipant') {
    const own = mapping.value.partySigningKeys
    if (own === undefined) return mapping
    const partySigningKeys = { ...own, keys: own.keys.toSorted(byFingerprint) }
    return { $case: mapping.$case, value: { ...mapping.value, partySigningKeys } }
  }
  return mapping
}

function findingRefusal(finding: Finding, name: string): CantosignError {
  return new CantosignError(
    finding.code,
    `the ${name} asked for is not sound: ${finding.message} at ${finding.path}`,
    'change what is asked for: a transaction with any finding is not built',
    { details: { finding } },
  )
}

/**
 * Encodes a transaction in the form that Canton takes as it is: fields ascending, SPKI keys,
 * explicit spec and usage (docs/protocol/wire.md section 2). What comes out was read again and has
 * no finding at all.
 * @throws CantosignError `build-rule`, or the code of the finding that it would have
 */
export function buildTransaction(
  draft: TransactionDraft,
  options: BuildOptions = {},
): ReadTransaction & { readonly value: TopologyTransaction } {
  checkRules(draft, options)
  const { operation, serial } = draft
  const mapping = { mapping: inOrder(draft.mapping) }
  const bytes = wrap(encodeMessage('TopologyTransaction', { operation, serial, mapping }))
  const read = readTransaction(bytes)
  const [finding] = read.findings
  if (finding !== undefined) throw findingRefusal(finding, mappingName(draft.mapping.$case))
  if (read.value === undefined) throw new Error('bytes that were just encoded cannot be read')
  return { ...read, value: read.value }
}

/** A transaction that another one is to follow: fully authorized, with its mapping. */
export interface PreviousTransaction {
  readonly operation: number
  readonly serial: number
  readonly mapping: KnownMapping
}

function mismatch(message: string, hint: string): CantosignError {
  return new CantosignError('previous-mismatch', message, hint)
}

/**
 * What the next transaction may build upon.
 * @throws CantosignError `previous-mismatch` if the transaction has findings that would be refused
 * or no mapping
 */
export function previousOf(read: ReadTransaction): PreviousTransaction {
  const mapping = read.value?.mapping?.mapping
  const problem = read.findings.find(({ code }) => !ALLOWED_IN_PREVIOUS.has(code))
  if (read.value === undefined || mapping === undefined || problem !== undefined) {
    const why =
      problem === undefined ? 'it has no mapping' : `${problem.message} at ${problem.path}`
    throw mismatch(
      `the previous transaction is not sound: ${why}`,
      'see what it is with inspect, and take the active transaction from the network',
    )
  }
  const { operation, serial } = read.value
  return { operation, serial, mapping: asCantonRewrites(mapping) }
}

/** Findings that say nothing against the content: what is built upon it is written anew. */
const ALLOWED_IN_PREVIOUS: ReadonlySet<string> = new Set([
  'legacy-field',
  'unpacked-enum',
  'explicit-default',
  'non-ascending-fields',
  'version-first',
  'submission-with-threshold',
])

/**
 * The serial after a previous transaction.
 * @throws CantosignError `previous-mismatch` if nothing can follow
 */
export function nextSerial(previous: PreviousTransaction): number {
  if (previous.serial >= MAX_SERIAL) {
    throw mismatch('the previous transaction has the last serial there is', 'nothing can follow it')
  }
  return previous.serial + 1
}

const keyOf = (mapping: KnownMapping): string | undefined => {
  const key = mappingUniqueKey(mapping)
  return key === undefined ? undefined : toHex(key)
}

function follow(
  transaction: SpecTransaction,
  previous: PreviousTransaction | undefined,
): TransactionDraft {
  const { operation, mapping } = transaction
  const name = mappingName(mapping.$case)
  if (previous === undefined) {
    return { operation, mapping, serial: transaction.serial ?? 1 }
  }
  const serial = nextSerial(previous)
  if (transaction.serial !== undefined && transaction.serial !== serial) {
    throw mismatch(
      `${name} asks for serial ${transaction.serial}, and serial ${previous.serial} comes before it`,
      `leave serial out, or say ${serial}`,
    )
  }
  const instead = previous.operation === REMOVE ? FINAL_REMOVAL[mapping.$case] : undefined
  if (operation === ADD_REPLACE && instead !== undefined) {
    throw mismatch(`the ${name} was removed, and no node takes it again`, instead)
  }
  if (operation === REMOVE) {
    if (previous.operation === REMOVE) {
      throw mismatch(`${name} is removed already`, 'there is nothing left to remove')
    }
    const [difference] = differencesOfValues(
      { operation, serial, mapping: previous.mapping },
      { operation, serial, mapping },
    )
    if (difference !== undefined) {
      throw mismatch(
        `a removal repeats what it removes, and ${difference.path} differs: ${difference.expected} before, ${difference.found} now`,
        'repeat the previous mapping as it is, or use build revoke --previous',
      )
    }
  }
  return { operation, mapping, serial }
}

/**
 * Gives every transaction of a spec its serial: the one after the previous transaction of the same
 * unique key (one of `previous`, or an earlier one of the spec), else the one it names, else 1.
 * @throws CantosignError `previous-mismatch`: a serial that does not follow, a removal of something
 * else, or a previous transaction that nothing in the spec follows
 */
export function resolveSerials(
  transactions: readonly SpecTransaction[],
  previous: readonly PreviousTransaction[] = [],
): readonly TransactionDraft[] {
  const last = new Map<string, PreviousTransaction>()
  const unused = new Set<string>()
  for (const one of previous) {
    const key = keyOf(one.mapping)
    if (key === undefined) continue
    if (last.has(key)) {
      throw mismatch(
        `two previous transactions are given for the same ${mappingName(one.mapping.$case)}`,
        'give the active one only',
      )
    }
    last.set(key, one)
    unused.add(key)
  }
  const drafts = transactions.map((transaction) => {
    const key = keyOf(transaction.mapping)
    const draft = follow(transaction, key === undefined ? undefined : last.get(key))
    if (key !== undefined) {
      last.set(key, draft)
      unused.delete(key)
    }
    return draft
  })
  const [left] = unused
  const stray = left === undefined ? undefined : last.get(left)
  if (stray !== undefined) {
    throw mismatch(
      `no transaction asked for follows the previous ${mappingName(stray.mapping.$case)}`,
      'give the transaction that is to be changed: same party, same namespace and key, same member',
    )
  }
  return drafts
}

/** @throws what `resolveSerials` and `buildTransaction` throw */
export function buildSpec(
  transactions: readonly SpecTransaction[],
  previous: readonly PreviousTransaction[] = [],
  options: BuildOptions = {},
): readonly ReturnType<typeof buildTransaction>[] {
  return resolveSerials(transactions, previous).map((draft) => buildTransaction(draft, options))
}

/** A first transaction, or the one after a previous transaction of the same unique key. */
export function replaceDraft(
  mapping: KnownMapping,
  previous?: PreviousTransaction,
): TransactionDraft {
  const serial = previous === undefined ? 1 : nextSerial(previous)
  return { operation: ADD_REPLACE, serial, mapping }
}
