/**
 * The state that a signer needs to judge transactions: what proves who may sign for every namespace
 * that they name, and what was in force before them, each from its beginning, since state is
 * believed only as far as its own signatures prove it (docs/protocol/authorization.md section 11).
 */
import { toBase64, toHex } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import { readTransactionFacts, type TransactionFacts } from '../authorization/facts.ts'
import { firstRequirement, referencedBy } from '../authorization/requirement.ts'
import { readPhysicalSynchronizerId, readUniqueIdentifier } from '../ident/identifiers.ts'
import { DEFAULT_LIMITS, type PackageLimits } from '../package/model.ts'
import type { MappingCase } from '../topology/mapping.ts'
import type { SnapshotRecord } from '../topology/snapshot.ts'
import type { ReadTransaction } from '../topology/transaction.ts'
import type { AdminApi } from './admin.ts'
import type { ChosenStore } from './store.ts'
import { listTopology } from './topology-query.ts'

const AUTHORITY: readonly MappingCase[] = [
  'namespaceDelegation',
  'decentralizedNamespaceDefinition',
]

/** Namespaces that are asked for: a participant could name new ones without end. */
const MAX_NAMESPACES = 10_000

function tooMuch(what: string): CantosignError {
  return new CantosignError(
    'limit-exceeded',
    `the state that is needed ${what}`,
    'fetch fewer transactions at once; if there is one alone, the participant gives more than belongs to it',
  )
}

/** Calls that are under way at once. */
const AT_ONCE = 4

/** What else a mapping is judged by, of its own namespace. */
interface Followed {
  readonly namespace: string
  readonly mapping: MappingCase
  readonly uniqueKeys: Set<string>
}

function namespacesOfFacts({ mapping }: TransactionFacts): readonly string[] {
  const hosts =
    mapping.$case === 'partyToParticipant'
      ? [...mapping.hosts.values()].map(({ namespace }) => namespace)
      : []
  const owners = mapping.$case === 'decentralizedNamespaceDefinition' ? mapping.owners : []
  return [
    mapping.namespace,
    ...hosts,
    ...owners,
    ...referencedBy(firstRequirement(mapping)).namespaces,
  ]
}

class Gathering {
  readonly records = new Map<string, SnapshotRecord>()
  readonly #namespaces = new Set<string>()
  readonly #open: string[] = []
  readonly #followed = new Map<string, Followed>()
  readonly #openFollowed: Followed[] = []
  readonly #limits: PackageLimits
  #bytes = 0

  constructor(limits: PackageLimits) {
    this.#limits = limits
  }

  addNamespaces(names: readonly string[]): void {
    for (const name of names) {
      if (this.#namespaces.has(name)) continue
      if (this.#namespaces.size === MAX_NAMESPACES) {
        throw tooMuch(`names more than ${MAX_NAMESPACES} namespaces`)
      }
      this.#namespaces.add(name)
      this.#open.push(name)
    }
  }

  /** Asks for what a transaction names, and for what it follows. */
  follow(transaction: ReadTransaction): void {
    const reading = readTransactionFacts(transaction)
    const mapping = transaction.value?.mapping?.mapping?.$case
    if (!reading.ok || mapping === undefined) return
    const { facts } = reading
    this.addNamespaces(namespacesOfFacts(facts))
    if (AUTHORITY.includes(mapping) || facts.uniqueKey === undefined) return
    const name = `${facts.mapping.namespace} ${mapping}`
    const known = this.#followed.get(name)
    if (known !== undefined) {
      known.uniqueKeys.add(facts.uniqueKey)
      return
    }
    const followed = {
      namespace: facts.mapping.namespace,
      mapping,
      uniqueKeys: new Set([facts.uniqueKey]),
    }
    this.#followed.set(name, followed)
    this.#openFollowed.push(followed)
  }

  /** Adds a record; what it names is asked for as well. */
  add(record: SnapshotRecord): void {
    const identity = toBase64(record.signed.bytes)
    if (this.records.has(identity)) return
    this.#bytes += record.signed.bytes.length
    const { state, packageBytes } = this.#limits
    if (this.records.size === state || this.#bytes > packageBytes) {
      throw tooMuch(`has more than ${state} transactions or ${packageBytes} bytes`)
    }
    this.records.set(identity, record)
    const reading = readTransactionFacts(record.signed.transaction)
    if (reading.ok) this.addNamespaces(namespacesOfFacts(reading.facts))
  }

  nextNamespaces(): readonly string[] {
    return this.#open.splice(0, AT_ONCE)
  }

  nextFollowed(): readonly Followed[] {
    return this.#openFollowed.splice(0, AT_ONCE)
  }
}

/** The namespace of a synchronizer: its owner may remove what it likes. */
function ownerOf(synchronizerId: string | undefined): readonly string[] {
  if (synchronizerId === undefined) return []
  const physical = readPhysicalSynchronizerId(synchronizerId)
  if (physical.ok) return [physical.value.logical.namespace]
  const logical = readUniqueIdentifier(synchronizerId)
  return logical.ok ? [logical.value.namespace] : []
}

const uniqueKeyOf = (transaction: ReadTransaction): string | undefined => {
  const reading = readTransactionFacts(transaction)
  return reading.ok ? reading.facts.uniqueKey : undefined
}

/**
 * Gathers state from a store, by filtered calls.
 * @param namespaces asked for beside those that the transactions name
 * @param limits what is gathered is no more than a package may hold
 * @returns records as they were received, in no order
 * @throws CantosignError `limit-exceeded`, and as the calls
 */
export async function gatherState(
  admin: AdminApi,
  store: ChosenStore,
  transactions: readonly ReadTransaction[],
  namespaces: readonly string[] = [],
  limits: PackageLimits = DEFAULT_LIMITS,
): Promise<readonly SnapshotRecord[]> {
  const gathering = new Gathering(limits)
  gathering.addNamespaces([...ownerOf(store.synchronizerId), ...namespaces])
  for (const transaction of transactions) gathering.follow(transaction)
  const history = { store: store.id, proposals: false, time: 'history' } as const
  for (;;) {
    const names = gathering.nextNamespaces()
    const followed = gathering.nextFollowed()
    if (names.length === 0 && followed.length === 0) break
    const authority = await Promise.all(
      names.map((namespace) => listTopology(admin, { ...history, namespace, mappings: AUTHORITY })),
    )
    // A filter may be taken for the beginning of a namespace.
    for (const record of authority.flat()) {
      const reading = readTransactionFacts(record.signed.transaction)
      if (reading.ok && names.includes(reading.facts.mapping.namespace)) gathering.add(record)
    }
    const before = await Promise.all(
      followed.map(({ namespace, mapping }) =>
        listTopology(admin, { ...history, namespace, mappings: [mapping] }),
      ),
    )
    followed.forEach(({ uniqueKeys }, i) => {
      for (const record of before[i] ?? []) {
        const key = uniqueKeyOf(record.signed.transaction)
        if (key !== undefined && uniqueKeys.has(key)) gathering.add(record)
      }
    })
  }
  return [...gathering.records.values()]
}

/** Of each unique key, the hash of what is in force in a list of records. */
export function inForce(records: readonly SnapshotRecord[]): ReadonlyMap<string, SnapshotRecord> {
  const last = new Map<string, SnapshotRecord>()
  for (const record of records) {
    if (record.item?.validUntil !== undefined) continue
    const key = uniqueKeyOf(record.signed.transaction)
    if (key === undefined) continue
    const known = last.get(key)?.signed.transaction.value?.serial ?? 0
    // Of several records of one transaction the last has the most signatures.
    if ((record.signed.transaction.value?.serial ?? 0) >= known) last.set(key, record)
  }
  return last
}

/** Hash of a record's transaction in 68 hex characters. */
export function hashOf({ signed }: SnapshotRecord): string {
  return toHex(signed.transaction.hash)
}
