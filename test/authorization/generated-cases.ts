/** Invented histories and transactions for the referee, and the same as real messages. */
import { evaluate } from '../../src/authorization/evaluate.ts'
import { readTransactionFacts, type TransactionFacts } from '../../src/authorization/facts.ts'
import type { AuthorizationResult } from '../../src/authorization/result.ts'
import { TopologyState } from '../../src/authorization/state.ts'
import { toHex } from '../../src/base/bytes.ts'
import { hash } from '../../src/crypto/hash.ts'
import type { KnownMapping } from '../../src/topology/mapping.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import { decodeMessage, encodeMessage, wrap } from '../../src/wire/codec.ts'
import type { NamespaceDelegation, SigningPublicKey } from '../../src/wire/generated/schema.ts'
import type { Random } from '../fuzz/random.ts'
import { ed25519Key, type TestKey } from '../package/support.ts'
import {
  mappingName,
  type RefCase,
  type RefHost,
  type RefKey,
  type RefMapping,
  type RefRecord,
  type RefTransaction,
} from './referee.ts'

const KEYS: readonly TestKey[] = Array.from({ length: 10 }, (_, i) => ed25519Key(i + 1))
const BY_FINGERPRINT = new Map<string, TestKey>(KEYS.map((key) => [key.fingerprint, key]))
const FINGERPRINTS: readonly string[] = KEYS.map(({ fingerprint }) => fingerprint)
/** Namespaces with a root key; the other keys are delegates and members. */
const ROOTS = FINGERPRINTS.slice(0, 4)
const DECENTRALIZED = [201, 202].map((byte) => toHex(hash(37, Uint8Array.of(byte))))
const SYNCHRONIZER_NAME = 'sync'

const chance = (random: Random, percent: number): boolean => random.below(100) < percent

function some(random: Random, items: readonly string[], percent: number): readonly string[] {
  return items.filter(() => chance(random, percent))
}

function someOrOne(random: Random, items: readonly string[], percent: number): readonly string[] {
  const chosen = some(random, items, percent)
  return chosen.length > 0 ? chosen : [random.pick(items)]
}

const anyNamespace = (random: Random): string =>
  chance(random, 30) ? random.pick(DECENTRALIZED) : random.pick(ROOTS)

type Restriction = (RefMapping & { readonly kind: 'delegation' })['restriction']

function restriction(random: Random): Restriction {
  if (chance(random, 40)) return 'all'
  if (chance(random, 40)) return 'all-but-delegations'
  const codes = [1, 3, 4, 5, 9, 11, 18].filter(() => chance(random, 40))
  return codes.length > 0 ? codes : [9]
}

const USAGES: readonly (readonly number[])[] = [
  [],
  [1],
  [1, 4],
  [1, 4, 5],
  [4],
  [4, 5],
  [2],
  [3, 4],
]

/** A root certificate has to allow delegations. */
function forRoot(from: Restriction): Restriction {
  return typeof from === 'string' ? 'all' : [...new Set([1, ...from])]
}

function keyList(random: Random): readonly RefKey[] {
  return someOrOne(random, FINGERPRINTS, 20).map((fingerprint) => ({
    fingerprint,
    usage: random.pick(USAGES),
  }))
}

function hosts(random: Random): readonly RefHost[] {
  return ['p1', 'p2', 'p3'].flatMap((name, i) => {
    if (chance(random, 40)) return []
    const namespace = random.below(5) === 0 ? (DECENTRALIZED[0] ?? '') : (ROOTS[i] ?? '')
    const uid = `${name}::${namespace}`
    return [{ uid, namespace, permission: 1 + random.below(3), onboarding: chance(random, 25) }]
  })
}

type Kind = RefMapping['kind']
const KINDS: readonly Kind[] = [
  'delegation',
  'definition',
  'owner-keys',
  'party-keys',
  'hosting',
  'hosting',
  'hosting',
  'plain',
]
const PLAIN_CODES = [5, 6, 7, 8, 11, 12, 13, 17, 19, 20]

function mappingOf(random: Random, kind: Kind, namespace: string): RefMapping {
  switch (kind) {
    case 'delegation': {
      const root = random.pick(ROOTS)
      const isRoot = chance(random, 40)
      const target = isRoot ? root : random.pick(FINGERPRINTS)
      const chosen = restriction(random)
      return {
        kind,
        namespace: root,
        target,
        restriction: target === root ? forRoot(chosen) : chosen,
      }
    }
    case 'definition': {
      const owners = someOrOne(random, ROOTS, 60)
      const threshold = 1 + random.below(owners.length)
      return { kind, namespace: random.pick(DECENTRALIZED), owners, threshold }
    }
    case 'owner-keys':
      return { kind, id: `PAR::member::${namespace}`, namespace, keys: keyList(random) }
    case 'party-keys':
      return { kind, id: `party::${namespace}`, namespace, keys: keyList(random) }
    case 'hosting': {
      const list = chance(random, 55) ? keyList(random) : undefined
      const self = chance(random, 50)
        ? [{ fingerprint: namespace, usage: random.pick(USAGES) }]
        : []
      const withSelf =
        list === undefined || !BY_FINGERPRINT.has(namespace)
          ? list
          : [
              ...self,
              ...list.filter(({ fingerprint }) => self.length === 0 || fingerprint !== namespace),
            ]
      return {
        kind,
        party: `party::${namespace}`,
        namespace,
        threshold: 1 + random.below(2),
        hosts: hosts(random),
        keys: withSelf === undefined ? undefined : { threshold: 1, list: withSelf },
      }
    }
    case 'plain':
      return { kind, code: random.pick(PLAIN_CODES), id: 'x', namespace }
  }
}

/** The same mapping with something else in it. */
function changed(random: Random, mapping: RefMapping): RefMapping {
  switch (mapping.kind) {
    case 'delegation':
      return mapping.target === mapping.namespace
        ? { ...mapping, restriction: chance(random, 50) ? 'all' : [1, 9] }
        : { ...mapping, restriction: restriction(random) }
    case 'definition': {
      const owners = someOrOne(random, ROOTS, 60)
      return { ...mapping, owners, threshold: 1 + random.below(owners.length) }
    }
    case 'owner-keys':
    case 'party-keys': {
      const kept = mapping.keys.filter(() => chance(random, 75))
      const own = new Set(kept.map(({ fingerprint }) => fingerprint))
      const fresh = keyList(random).filter(({ fingerprint }) => !own.has(fingerprint))
      const keys = [...kept, ...fresh]
      return { ...mapping, keys: keys.length > 0 ? keys : mapping.keys }
    }
    case 'hosting': {
      const kept = mapping.hosts.filter(() => chance(random, 80))
      const moved = kept.map((host) => ({
        ...host,
        permission: chance(random, 25) ? 1 + random.below(3) : host.permission,
        onboarding: chance(random, 25) ? !host.onboarding : host.onboarding,
      }))
      const uids = new Set(mapping.hosts.map(({ uid }) => uid))
      const added = chance(random, 25) ? hosts(random).filter(({ uid }) => !uids.has(uid)) : []
      const threshold = chance(random, 15) ? mapping.threshold + 1 : mapping.threshold
      const other = mappingOf(random, 'hosting', mapping.namespace)
      const keys = chance(random, 20) && other.kind === 'hosting' ? other.keys : mapping.keys
      return { ...mapping, hosts: [...moved, ...added], threshold, keys }
    }
    case 'plain':
      return mapping
  }
}

let names = 0
const named = (operation: 'replace' | 'remove', mapping: RefMapping): RefTransaction => ({
  name: `${operation} ${names++} ${JSON.stringify(mapping)}`,
  operation,
  mapping,
})

function history(random: Random): readonly RefRecord[] {
  const records: RefRecord[] = []
  const add = (mapping: RefMapping, signers: readonly string[], percentRemoved: number): void => {
    records.push({ ...named('replace', mapping), signers })
    if (!chance(random, percentRemoved)) return
    const by = chance(random, 70) ? signers : [random.pick(FINGERPRINTS)]
    records.push({ ...named('remove', mapping), signers: by })
  }
  for (const root of ROOTS) {
    if (chance(random, 10)) continue
    const foreign = chance(random, 10) ? [random.pick(FINGERPRINTS)] : [root]
    const mapping = { kind: 'delegation', namespace: root, target: root } as const
    add({ ...mapping, restriction: chance(random, 80) ? 'all' : [1, 9] }, foreign, 6)
    // Keys 5 to 7 form chains, the others hang from anywhere.
    const chain = [root, ...FINGERPRINTS.slice(4, 7)]
    chain.slice(1).forEach((target, i) => {
      if (chance(random, 35)) return
      const signer = chance(random, 75) ? chain[i] : random.pick(FINGERPRINTS)
      add(
        { kind: 'delegation', namespace: root, target, restriction: restriction(random) },
        [signer ?? root],
        12,
      )
    })
  }
  for (const namespace of DECENTRALIZED) {
    if (chance(random, 20)) continue
    const owners = someOrOne(random, ROOTS, 65)
    const mapping = {
      kind: 'definition',
      namespace,
      owners,
      threshold: 1 + random.below(owners.length),
    } as const
    add(mapping, owners, 8)
  }
  return records
}

/** A history, a transaction that may follow it, and signers of whom some are entitled. */
export function generatedCase(random: Random): RefCase {
  const before = history(random)
  const mapping = mappingOf(random, random.pick(KINDS), anyNamespace(random))
  const withPrevious: RefRecord[] = [...before]
  const operation = chance(random, 20) ? 'remove' : 'replace'
  let judged = named(operation, mapping)
  if (chance(random, 55)) {
    const signers = some(random, FINGERPRINTS, 30)
    const isRemoved = chance(random, 12)
    const previous = { ...named(isRemoved ? 'remove' : 'replace', mapping), signers }
    withPrevious.push(previous)
    const content =
      operation === 'remove' && chance(random, 70) ? mapping : changed(random, mapping)
    judged = chance(random, 6)
      ? { name: previous.name, operation: previous.operation, mapping }
      : named(operation, content)
  }
  const rate = random.pick([8, 20, 40, 70, 90])
  const onlyRoot = chance(random, 35) && mapping.kind === 'delegation'
  const signers = onlyRoot ? [mapping.namespace] : some(random, FINGERPRINTS, rate)
  const invalid = chance(random, 12) ? some(random, signers, 25) : []
  return {
    history: withPrevious,
    synchronizer: random.pick([ROOTS[3] ?? '', DECENTRALIZED[1] ?? '']),
    judged,
    valid: signers.filter((one) => !invalid.includes(one)),
    invalid,
    snapshot: chance(random, 45),
  }
}

/** The key as a message; a key that has no private part here cannot be one. */
function keyMessage({ fingerprint, usage }: RefKey): SigningPublicKey {
  const key = BY_FINGERPRINT.get(fingerprint)
  if (key === undefined) throw new Error(`no key ${fingerprint}`)
  return { format: 4, publicKey: key.key.spki, scheme: 0, usage, keySpec: 1 }
}

function restrictionMessage(from: Restriction): NamespaceDelegation['restriction'] {
  if (from === 'all') return { $case: 'canSignAllMappings', value: {} }
  if (from === 'all-but-delegations') {
    return { $case: 'canSignAllButNamespaceDelegations', value: {} }
  }
  return { $case: 'canSignSpecificMapings', value: { mappings: from } }
}

function plainMessage(code: number, namespace: string, synchronizer: string): KnownMapping {
  const participantUid = `x::${namespace}`
  const synchronizerId = `${SYNCHRONIZER_NAME}::${synchronizer}`
  switch (code) {
    case 5:
      return {
        $case: 'synchronizerTrustCertificate',
        value: { participantUid, synchronizerId, featureFlags: [] },
      }
    case 6:
      return {
        $case: 'participantPermission',
        value: {
          synchronizerId,
          participantUid: `x::${synchronizer}`,
          permission: 1,
          limits: undefined,
          loginAfter: undefined,
        },
      }
    case 7:
      return { $case: 'partyHostingLimits', value: { synchronizerId, party: `x::${synchronizer}` } }
    case 8:
      return { $case: 'vettedPackages', value: { participantUid, packageIds: [], packages: [] } }
    case 11:
      return {
        $case: 'synchronizerParametersState',
        value: { synchronizerId, synchronizerParameters: undefined },
      }
    case 12:
      return {
        $case: 'mediatorSynchronizerState',
        value: { synchronizerId, group: 0, threshold: 1, active: [participantUid], observers: [] },
      }
    case 13:
      return {
        $case: 'sequencerSynchronizerState',
        value: { synchronizerId, threshold: 1, active: [participantUid], observers: [] },
      }
    case 17:
      return {
        $case: 'sequencingDynamicParametersState',
        value: { synchronizerId, sequencingParameters: undefined },
      }
    case 19:
      return {
        $case: 'synchronizerUpgradeAnnouncement',
        value: {
          successorPhysicalSynchronizerId: `${synchronizerId}::35-1`,
          upgradeTime: undefined,
        },
      }
    case 20: {
      const value = encodeMessage('LsuSequencerConnectionSuccessor', {
        sequencerId: `SEQ::x::${namespace}`,
        successorPhysicalSynchronizerId: `${synchronizerId}::35-1`,
        connection: { endpoints: ['https://example.org:1'], customTrustCertificates: undefined },
      })
      return { $case: 'sequencerConnectionSuccessor', value }
    }
    default:
      throw new Error(`no plain mapping with code ${code}`)
  }
}

/** Codes whose authority is the synchronizer, whatever else they name. */
const OF_SYNCHRONIZER: ReadonlySet<number> = new Set([6, 7, 11, 12, 13, 17, 19])

function mappingMessage(mapping: RefMapping, synchronizer: string): KnownMapping {
  switch (mapping.kind) {
    case 'delegation':
      return {
        $case: 'namespaceDelegation',
        value: {
          namespace: mapping.namespace,
          targetKey: keyMessage({ fingerprint: mapping.target, usage: [1] }),
          isRootDelegation: false,
          restriction: restrictionMessage(mapping.restriction),
        },
      }
    case 'definition':
      return {
        $case: 'decentralizedNamespaceDefinition',
        value: {
          decentralizedNamespace: mapping.namespace,
          threshold: mapping.threshold,
          owners: mapping.owners,
        },
      }
    case 'owner-keys':
      return {
        $case: 'ownerToKeyMapping',
        value: {
          member: mapping.id,
          publicKeys: mapping.keys.map((key) => ({
            key: { $case: 'signingPublicKey', value: keyMessage(key) },
          })),
        },
      }
    case 'party-keys':
      return {
        $case: 'partyToKeyMapping',
        value: { party: mapping.id, threshold: 1, signingKeys: mapping.keys.map(keyMessage) },
      }
    case 'hosting':
      return {
        $case: 'partyToParticipant',
        value: {
          party: mapping.party,
          threshold: mapping.threshold,
          participants: mapping.hosts.map(({ uid, permission, onboarding }) => ({
            participantUid: uid,
            permission,
            onboarding: onboarding ? {} : undefined,
          })),
          partySigningKeys:
            mapping.keys === undefined
              ? undefined
              : { threshold: mapping.keys.threshold, keys: mapping.keys.list.map(keyMessage) },
        },
      }
    case 'plain':
      return plainMessage(mapping.code, mapping.namespace, synchronizer)
  }
}

/** The referee's view, corrected for mappings that only the synchronizer authorizes. */
export function settled(input: RefCase): RefCase {
  const fix = <T extends RefTransaction>(one: T): T =>
    one.mapping.kind === 'plain' && OF_SYNCHRONIZER.has(one.mapping.code)
      ? { ...one, mapping: { ...one.mapping, namespace: input.synchronizer } }
      : one
  return { ...input, history: input.history.map(fix), judged: fix(input.judged) }
}

const factsByContent = new Map<string, TransactionFacts>()

/** Encoded, hashed and decoded; the same roots and chains occur in many histories. */
function facts(one: RefTransaction, serial: number, synchronizer: string): TransactionFacts {
  const content = JSON.stringify([one.operation, one.mapping, serial, synchronizer])
  const known = factsByContent.get(content)
  if (known !== undefined) return known
  const data = encodeMessage('TopologyTransaction', {
    operation: one.operation === 'replace' ? 1 : 2,
    serial,
    mapping: { mapping: mappingMessage(one.mapping, synchronizer) },
  })
  const bytes = wrap(data)
  const reading = readTransactionFacts({
    bytes,
    hash: transactionHash(bytes),
    value: decodeMessage('TopologyTransaction', data),
    findings: [],
    unknownFields: [],
    canonical: true,
  })
  if (!reading.ok) throw new Error(`${reading.problem}: ${one.name}`)
  factsByContent.set(content, reading.facts)
  return reading.facts
}

/** The answer of the calculator, from encoded transactions. */
export function calculated(
  input: RefCase,
  completeness: 'complete' | 'partial' = 'complete',
): AuthorizationResult {
  const { synchronizer } = input
  const state = new TopologyState({
    completeness,
    store: { $case: 'synchronizer', id: `${SYNCHRONIZER_NAME}::${synchronizer}` },
  })
  const names = new Map<string, number>()
  const lastSerials = new Map<string, number>()
  const read = (one: RefTransaction): TransactionFacts => {
    const key = mappingName(one.mapping)
    const serial = names.get(one.name) ?? (lastSerials.get(key) ?? 0) + 1
    lastSerials.set(key, serial)
    names.set(one.name, serial)
    return facts(one, serial, synchronizer)
  }
  for (const record of input.history) {
    state.apply({ ...read(record), signers: new Set(record.signers) })
  }
  const signers = {
    valid: new Set(input.valid),
    invalid: new Set(input.invalid),
    unverifiable: new Set<string>(),
  }
  return evaluate(read(input.judged), signers, state, input.snapshot ? 'snapshot' : 'strict')
}
