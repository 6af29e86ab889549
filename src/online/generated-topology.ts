/**
 * What a participant proposes as the topology of a new party (docs/protocol/nodes.md section 8), held
 * against what was asked for.
 * Nothing that it says about its own answer is used: hashes and fingerprints are computed, and every
 * transaction is read by the strict reader.
 */
import { equalBytes, toHex } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import { escapeText } from '../base/text.ts'
import type { PublicKey } from '../crypto/public-key.ts'
import { isRootDelegation } from '../topology/check/namespaces.ts'
import { mappingRow } from '../topology/mapping.ts'
import { combinedHash } from '../topology/namespace.ts'
import { refusals } from '../topology/signed-transaction.ts'
import { readSigningPublicKey } from '../topology/signing-key.ts'
import { readTransaction, type ReadTransaction } from '../topology/transaction.ts'
import type { PartyToParticipant, SigningPublicKey } from '../wire/generated/schema.ts'
import type { GenerateAnswer } from './ledger.ts'

/** What was asked of a participant. */
export interface AskedParty {
  readonly hint: string
  readonly key: PublicKey
  /** The participant that was asked. */
  readonly participant: string
  readonly observationOnly: boolean
  readonly confirming: readonly string[]
  readonly observing: readonly string[]
  /** 0: as many as confirm. */
  readonly threshold: number
}

const REPLACE = 1
const CONFIRMATION = 2
const OBSERVATION = 3

function differs(what: string): CantosignError {
  return new CantosignError(
    'answer-differs',
    `the participant answers something else than was asked for: ${what}`,
    'do not sign it; ask another participant, or build the transaction here: build external-party',
  )
}

/** The hosts that were asked for, by participant id. */
function askedHosts(asked: AskedParty): ReadonlyMap<string, number> {
  return new Map([
    [asked.participant, asked.observationOnly ? OBSERVATION : CONFIRMATION],
    ...asked.confirming.map((uid) => [uid, CONFIRMATION] as const),
    ...asked.observing.map((uid) => [uid, OBSERVATION] as const),
  ])
}

function checkKeys(keys: readonly SigningPublicKey[], threshold: number, asked: AskedParty): void {
  const fingerprints = keys.map((key) => readSigningPublicKey(key).fingerprint)
  if (fingerprints.length !== 1 || fingerprints[0] !== asked.key.fingerprint || threshold !== 1) {
    throw differs('the party would sign with other keys than the one that was given')
  }
}

function checkHosting(mapping: PartyToParticipant, asked: AskedParty, party: string): void {
  if (mapping.party !== party) throw differs(`the party is ${escapeText(mapping.party)}`)
  const wanted = askedHosts(asked)
  const given = mapping.participants
  if (given.length !== wanted.size) throw differs('the number of hosts')
  for (const { participantUid, permission, onboarding } of given) {
    if (wanted.get(participantUid) !== permission || onboarding !== undefined) {
      throw differs(`the host ${escapeText(participantUid)} and its permission`)
    }
  }
  const confirming = [...wanted.values()].filter((one) => one === CONFIRMATION).length
  const threshold = asked.threshold === 0 ? confirming : asked.threshold
  if (mapping.threshold !== threshold) {
    throw differs(`the confirmation threshold is ${mapping.threshold}, not ${threshold}`)
  }
}

/** @returns true if it says which keys sign for the party */
function checkTransaction(transaction: ReadTransaction, asked: AskedParty, party: string): boolean {
  const [finding] = refusals(transaction.findings)
  if (finding !== undefined) {
    throw differs(`${finding.message} at ${finding.path} in ${toHex(transaction.hash)}`)
  }
  const { operation, serial, mapping: outer } = transaction.value ?? {}
  const mapping = outer?.mapping
  if (operation !== REPLACE || serial !== 1) throw differs('a transaction that is not a first one')
  if (mapping === undefined) throw differs('a mapping that this tool does not know')
  switch (mapping.$case) {
    case 'partyToParticipant': {
      checkHosting(mapping.value, asked, party)
      const keys = mapping.value.partySigningKeys
      if (keys !== undefined) checkKeys(keys.keys, keys.threshold, asked)
      return keys !== undefined
    }
    case 'namespaceDelegation':
      if (!isRootDelegation(mapping.value) || mapping.value.namespace !== asked.key.fingerprint) {
        throw differs('a delegation of the namespace to another key')
      }
      return false
    case 'partyToKeyMapping':
      if (mapping.value.party !== party) throw differs('keys of another party')
      checkKeys(mapping.value.signingKeys, mapping.value.threshold, asked)
      return true
    default:
      throw differs(`a ${mappingRow(mapping.$case).type}`)
  }
}

/**
 * Reads and checks what a participant generated.
 * @returns the transactions in their order
 * @throws CantosignError `answer-differs`
 */
export function checkGenerated(
  answer: GenerateAnswer,
  asked: AskedParty,
): readonly ReadTransaction[] {
  const party = `${asked.hint}::${asked.key.fingerprint}`
  if (answer.fingerprint !== asked.key.fingerprint) {
    throw differs(`the fingerprint of the key is ${escapeText(answer.fingerprint)}`)
  }
  if (answer.partyId !== party) throw differs(`the party id is ${escapeText(answer.partyId)}`)
  const transactions = answer.transactions.map((bytes) => readTransaction(bytes))
  const sources = transactions.map((transaction) => checkTransaction(transaction, asked, party))
  const cases = transactions.map(({ value }) => value?.mapping?.mapping?.$case)
  if (new Set(cases).size !== cases.length || !cases.includes('partyToParticipant')) {
    throw differs('which transactions there are')
  }
  if (sources.filter((one) => one).length !== 1) {
    throw differs('the signing keys of the party stand in no transaction, or in several')
  }
  const combined = combinedHash(transactions.map(({ hash }) => hash))
  if (!equalBytes(combined, answer.multiHash)) {
    throw differs(
      `the combined hash that it names, ${toHex(answer.multiHash)}, is not that of its transactions, ${toHex(combined)}`,
    )
  }
  return transactions
}
