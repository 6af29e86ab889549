import { fc } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { transactionLines } from '../../cli/present/transaction.ts'
import { escapeText } from '../../src/base/text.ts'
import { statementContext, transactionReport } from '../../src/explain/report.ts'
import { describeTransaction } from '../../src/explain/statement.ts'
import { mappingRows, type KnownMapping } from '../../src/topology/mapping.ts'
import { readTransaction } from '../../src/topology/transaction.ts'
import type { FieldSchema } from '../../src/wire/field-schema.ts'
import type { TopologyTransaction } from '../../src/wire/generated/schema.ts'
import { schemaOf, type MessageName } from '../../src/wire/schema.ts'
import { messageArbitrary } from '../support/message-arbitrary.ts'
import { fixture, fromBase64, fromHex } from '../support/vectors.ts'
import {
  ALICE,
  definition,
  definitionTransaction,
  delegation,
  delegationTransaction,
  fingerprint,
  host,
  hostingTransaction,
  key,
  namespace,
  Permission,
  rootDelegation,
  transaction,
  Usage,
} from './samples.ts'

/** Everything that is printed of a transaction, apart from its hash, as one text. */
function printed(value: TopologyTransaction): readonly string[] {
  const statement = describeTransaction(value, statementContext)
  return transactionLines({
    hash: `1220${'0'.repeat(64)}`,
    operation: String(value.operation),
    serial: value.serial,
    mapping: { type: value.mapping?.mapping?.$case ?? '' },
    protoVersion: 30,
    proposal: null,
    signatures: [],
    unknownFields: [],
    canonical: true,
    summary: statement.summary,
    statement,
    findings: [],
  })
}

/** The sentences alone. */
function sentences(value: TopologyTransaction): string {
  const { summary, statements } = describeTransaction(value, statementContext)
  return [summary, ...statements].join('\n')
}

// ---- every value of the vectors is in the text

interface Vector {
  readonly name: string
  readonly bytes: Uint8Array
  readonly decoded: unknown
}

function vectors(): readonly Vector[] {
  const synthetic = fixture('synthetic-topology/transactions.json') as {
    transactions: { mapping: string; transaction_base64: string; decoded: unknown }[]
  }
  const delegations = fixture('namespace-delegations/reference-script-certificates.json') as {
    cases: { name: string; prepared_transaction_hex: string; decoded: unknown }[]
  }
  const signing = fixture('end-to-end/signing.json') as {
    onboarding: { transactions: { transaction_base64: string; decoded: unknown }[] }[]
  }
  return [
    ...synthetic.transactions.map((one, i) => ({
      name: `synthetic ${i}, ${one.mapping}`,
      bytes: fromBase64(one.transaction_base64),
      decoded: one.decoded,
    })),
    ...delegations.cases.map((one) => ({
      name: one.name,
      bytes: fromHex(one.prepared_transaction_hex),
      decoded: one.decoded,
    })),
    ...signing.onboarding.flatMap(({ transactions }, i) =>
      transactions.map((one, j) => ({
        name: `end to end ${i}.${j}`,
        bytes: fromBase64(one.transaction_base64),
        decoded: one.decoded,
      })),
    ),
  ]
}

/** Values of the decoded JSON as they have to occur; enum names are printed without their prefix. */
function leaves(json: unknown): readonly string[] {
  if (Array.isArray(json)) return json.flatMap(leaves)
  if (typeof json === 'object' && json !== null) return Object.values(json).flatMap(leaves)
  if (typeof json === 'boolean') return []
  const text = String(json)
  const prefix =
    /^(TOPOLOGY_CHANGE_OP|PARTICIPANT_PERMISSION|PARTICIPANT_FEATURE_FLAG|TOPOLOGY_MAPPING_CODE|ONBOARDING_RESTRICTION|SIGNING_KEY_(SPEC|USAGE|SCHEME)|CRYPTO_KEY_FORMAT|ENCRYPTION_KEY_(SPEC|SCHEME))_/
  return [text.replace(prefix, '')]
}

describe('the text of a transaction', () => {
  test.each(vectors().map((one) => [one.name, one] as const))(
    'holds every value of %s',
    (_name, { bytes, decoded }) => {
      const read = readTransaction(bytes)
      const text = transactionLines(transactionReport(read)).join('\n')
      const { operation, ...rest } = decoded as { operation: string }
      expect(text).toContain(operation.endsWith('REMOVE') ? 'remove' : 'replace')
      for (const leaf of leaves(rest)) expect(text).toContain(escapeText(leaf))
      expect(text).not.toMatch(/undefined|\[object|NaN/)
    },
  )

  test('covers every mapping of the registry', () => {
    const seen = new Set(
      vectors().map(({ bytes }) => readTransaction(bytes).value?.mapping?.mapping?.$case),
    )
    const unseen = mappingRows().filter(({ $case }) => !seen.has($case))
    expect(unseen.map(({ $case }) => $case)).toEqual(['purgeTopologyTxs'])
  })
})

// ---- what the sentences say

const participant = `p1::${namespace('1')}`
const synchronizer = `s::${namespace('5')}`

interface Fact {
  readonly what: string
  readonly value: TopologyTransaction
  readonly says: readonly (string | RegExp)[]
  readonly never: readonly (string | RegExp)[]
}

const facts: readonly Fact[] = [
  {
    what: 'a first root delegation',
    value: delegationTransaction(rootDelegation()),
    says: [fingerprint(0), 'root', 'every kind of mapping, including further delegations'],
    never: ['Replaces', 'Ends', 'except', 'usage PROTOCOL'],
  },
  {
    what: 'a root delegation replaced',
    value: delegationTransaction(rootDelegation(), 3),
    says: ['Replaces', 'serial 3', 'without a root', fingerprint(0)],
    never: ['Founds'],
  },
  {
    what: 'a root delegation removed',
    value: delegationTransaction(rootDelegation(), 2, 'remove'),
    says: ['Ends the namespace', 'for good', 'cannot be undone', fingerprint(0)],
    never: ['Gives', 'Founds', 'may sign'],
  },
  {
    what: 'an intermediate delegation',
    value: delegationTransaction(delegation()),
    says: [fingerprint(1), fingerprint(0), 'every kind of mapping except delegations', 'alone'],
    never: ['including further delegations', 'Takes from', 'flag', 'replaced'],
  },
  {
    what: 'a delegation by the old flag',
    value: delegationTransaction(delegation({ restriction: undefined, isRootDelegation: true })),
    says: ['is_root_delegation', 'every kind of mapping, including further delegations'],
    never: ['except delegations'],
  },
  {
    what: 'a delegation without flag and restriction',
    value: delegationTransaction(delegation({ restriction: undefined })),
    says: ['No restriction is written', 'except delegations'],
    never: ['including further'],
  },
  {
    what: 'a flag beside a restriction',
    value: delegationTransaction(delegation({ isRootDelegation: true })),
    says: ['refuse', 'is_root_delegation'],
    never: ['including further'],
  },
  {
    what: 'a delegation with a list',
    value: delegationTransaction(
      delegation({
        restriction: {
          $case: 'canSignSpecificMapings',
          value: { mappings: [18, 17, 99] },
        },
      }),
    ),
    says: [
      'only mappings of the kinds PartyToKeyMapping, DynamicSequencingParametersState, unknown mapping code 99',
    ],
    never: ['every kind', 'further delegations', 'LsuAnnouncement'],
  },
  {
    what: 'a list that holds delegations',
    value: delegationTransaction(
      delegation({ restriction: { $case: 'canSignSpecificMapings', value: { mappings: [1] } } }),
    ),
    says: ['NamespaceDelegation (this includes further delegations)'],
    never: ['every kind'],
  },
  {
    what: 'a revocation',
    value: delegationTransaction(delegation(), 2, 'remove'),
    says: ['Takes from', fingerprint(1), fingerprint(0), 'never be delegated to again'],
    never: ['Gives', 'Ends the namespace', 'replaced'],
  },
  {
    what: 'a delegation without a key',
    value: delegationTransaction(delegation({ targetKey: undefined })),
    says: ['no key at all', 'nodes refuse it'],
    never: ['root'],
  },
  {
    what: 'a delegation to bytes that are no key',
    value: delegationTransaction(
      delegation({ targetKey: { ...key(1), publicKey: Uint8Array.of(1) } }),
    ),
    says: ['a key that this tool cannot read'],
    never: [fingerprint(1)],
  },
  {
    what: 'a decentralized namespace',
    value: definitionTransaction(),
    says: ['Founds', namespace('d'), '2 of 3 owners', ...definition().owners, 'Every owner has'],
    never: ['Changes', 'Removes', '3 of 3'],
  },
  {
    what: 'a change of owners',
    value: definitionTransaction({}, 2),
    says: ['Changes', 'quorum that was in force before'],
    never: ['Founds', 'first definition'],
  },
  {
    what: 'a decentralized namespace removed',
    value: definitionTransaction({}, 2, 'remove'),
    says: ['Removes', 'Nobody can sign', namespace('d')],
    never: ['Founds', 'Any 2 of 3'],
  },
  {
    what: 'a party on three hosts',
    value: hostingTransaction(),
    says: [ALICE, '3 participants', '2 of 3 confirming hosts', participant, fingerprint(0)],
    never: ['SUBMISSION', 'OBSERVATION', 'onboarding', 'Ends', 'Changes', 'cannot be reached'],
  },
  {
    what: 'hosts with each permission and the onboarding flag',
    value: hostingTransaction({
      threshold: 1,
      participants: [
        host('p1', Permission.submission),
        host('p2'),
        host('p3', Permission.observation, true),
      ],
    }),
    says: [
      /p1::1220\w+ may submit.* without a signature of the party \(SUBMISSION\)\./,
      /p2::1220\w+ may confirm.*\(CONFIRMATION\)\.\n/,
      /p3::1220\w+ may only observe.*\(OBSERVATION\).*has not yet imported the contracts/,
      '1 of 2 confirming hosts: each of them alone',
    ],
    never: [/p2::.*without a signature/, /p3::.*confirms what/, /p[12]::.*onboarding/],
  },
  {
    what: 'a permission that is none',
    value: hostingTransaction({ participants: [host('p1', 0), host('p2', 9)] }),
    says: ['UNSPECIFIED', 'unknown 9', 'no permission that nodes accept', 'cannot be reached'],
    never: ['may confirm', 'may submit', 'may only observe'],
  },
  {
    what: 'the self-authorizing key',
    value: hostingTransaction(),
    says: [/the namespace of the party itself.*without any delegation/],
    never: ['not valid', 'No signing keys'],
  },
  {
    what: 'a self-authorizing key without the usage',
    value: hostingTransaction({
      partySigningKeys: { keys: [key(0, [Usage.protocol])], threshold: 1 },
    }),
    says: ['without NAMESPACE usage', 'not valid'],
    never: ['authorizes this mapping'],
  },
  {
    what: 'a party with separate keys',
    value: hostingTransaction({ partySigningKeys: { keys: [key(1), key(2)], threshold: 2 } }),
    says: ['2 of 2 keys', fingerprint(1), fingerprint(2), 'PROOF_OF_OWNERSHIP'],
    never: ['namespace of the party itself', 'each of them alone signs'],
  },
  {
    what: 'keys of which one suffices',
    value: hostingTransaction({ partySigningKeys: { keys: [key(1), key(2)], threshold: 1 } }),
    says: ['1 of 2 keys: each of them alone signs'],
    never: ['cannot be reached'],
  },
  {
    what: 'a signing threshold that cannot be reached',
    value: hostingTransaction({ partySigningKeys: { keys: [key(1)], threshold: 2 } }),
    says: ['2 of 1 key, which cannot be reached'],
    never: [],
  },
  {
    what: 'a party without signing keys',
    value: hostingTransaction({ partySigningKeys: undefined }),
    says: ['No signing keys'],
    never: ['signs for the party'],
  },
  {
    what: 'a party removed',
    value: hostingTransaction({}, 2, 'remove'),
    says: ['Ends the hosting', ALICE, 'what is removed'],
    never: ['Hosts the party', 'Changes'],
  },
  {
    what: 'keys of a party',
    value: transaction({
      $case: 'partyToKeyMapping',
      value: { party: ALICE, threshold: 2, signingKeys: [key(0), key(1, []), key(2)] },
    }),
    says: [ALICE, '2 of 3 keys', fingerprint(1), 'every usage (none is listed)'],
    never: ['Removes', 'alone'],
  },
  {
    what: 'keys of a party removed',
    value: transaction(
      {
        $case: 'partyToKeyMapping',
        value: { party: ALICE, threshold: 1, signingKeys: [key(0)] },
      },
      2,
      'remove',
    ),
    says: ['Removes', 'can no longer sign', fingerprint(0)],
    never: ['Lists'],
  },
  {
    what: 'keys of a node',
    value: transaction({
      $case: 'ownerToKeyMapping',
      value: {
        member: `SEQ::${participant}`,
        publicKeys: [
          { key: { $case: 'signingPublicKey', value: key(0, [3]) } },
          {
            key: {
              $case: 'encryptionPublicKey',
              value: { format: 4, publicKey: Uint8Array.of(1), scheme: 0, keySpec: 1 },
            },
          },
          { key: undefined },
        ],
      },
    }),
    says: [
      `the sequencer SEQ::${participant}`,
      '3 keys',
      fingerprint(0),
      'SEQUENCER_AUTHENTICATION',
      'encryption, EC_P256',
      'no key at all',
    ],
    never: ['Removes', 'the participant'],
  },
  {
    what: 'keys of a node removed',
    value: transaction(
      {
        $case: 'ownerToKeyMapping',
        value: { member: `PAR::${participant}`, publicKeys: [] },
      },
      2,
      'remove',
    ),
    says: ['Removes all keys', 'never join the synchronizer again'],
    never: ['Lists'],
  },
  {
    what: 'leaving a synchronizer',
    value: transaction(
      {
        $case: 'synchronizerTrustCertificate',
        value: { participantUid: participant, synchronizerId: synchronizer, featureFlags: [] },
      },
      2,
      'remove',
    ),
    says: ['leaves', participant, synchronizer, 'never join'],
    never: ['joins', 'trusts'],
  },
  {
    what: 'an unknown feature',
    value: transaction({
      $case: 'synchronizerTrustCertificate',
      value: { participantUid: participant, synchronizerId: synchronizer, featureFlags: [2, 44] },
    }),
    says: ['joins', 'ENABLE_MULTI_SYNCHRONIZER and unknown 44'],
    never: ['leaves'],
  },
  {
    what: 'packages with and without a time',
    value: transaction({
      $case: 'vettedPackages',
      value: {
        participantUid: participant,
        packageIds: ['aa'],
        packages: [
          {
            packageId: 'bb',
            validFromInclusive: { seconds: 1n, nanos: 0 },
            validUntilExclusive: undefined,
          },
          { packageId: 'cc', validFromInclusive: undefined, validUntilExclusive: undefined },
        ],
      },
    }),
    says: ['exactly 3 packages', 'bb counts only from 1970-01-01T00:00:01Z'],
    never: ['until', 'cc counts', 'no package'],
  },
  {
    what: 'mediators',
    value: transaction({
      $case: 'mediatorSynchronizerState',
      value: {
        synchronizerId: synchronizer,
        group: 7,
        threshold: 1,
        active: ['m1', 'm2'],
        observers: ['m3'],
      },
    }),
    says: ['group 7', synchronizer, '1 of 2 active mediators', 'm3 only observes'],
    never: ['sequencer', 'm1 only'],
  },
  {
    what: 'sequencers removed',
    value: transaction(
      {
        $case: 'sequencerSynchronizerState',
        value: { synchronizerId: synchronizer, threshold: 1, active: ['q'], observers: [] },
      },
      2,
      'remove',
    ),
    says: ['Removes the sequencers', synchronizer, 'what is removed'],
    never: ['Sets', 'mediator'],
  },
  {
    what: 'a purge',
    value: transaction({
      $case: 'purgeTopologyTxs',
      value: {
        synchronizerId: synchronizer,
        mappings: [
          { mapping: { $case: 'decentralizedNamespaceDefinition', value: definition() } },
          { mapping: undefined },
        ],
      },
    }),
    says: ['Purges 2 mappings', 'release line 3.3', 'Removes the decentralized namespace'],
    never: ['Founds'],
  },
  {
    what: 'a successor that reads in two ways',
    value: transaction({
      $case: 'sequencerConnectionSuccessor',
      value: Uint8Array.of(0x0a, 0x01, 0x73),
    }),
    says: ['two release lines', 'CgFz'],
    never: ['Nodes will connect'],
  },
  {
    what: 'no operation',
    value: { ...hostingTransaction(), operation: 0 },
    says: ['neither replace nor remove', 'UNSPECIFIED'],
    never: ['Hosts'],
  },
  {
    what: 'an operation nobody knows',
    value: { ...hostingTransaction(), operation: 8 },
    says: ['unknown 8'],
    never: ['Hosts'],
  },
  {
    what: 'no mapping',
    value: { operation: 1, serial: 1, mapping: undefined },
    says: ['no mapping that this tool knows'],
    never: [],
  },
]

describe('the sentences', () => {
  test.each(facts.map((fact) => [fact.what, fact] as const))('about %s', (_what, fact) => {
    const text = sentences(fact.value)
    for (const phrase of fact.says) {
      if (typeof phrase === 'string') expect(text).toContain(phrase)
      else expect(text).toMatch(phrase)
    }
    for (const phrase of fact.never) {
      if (typeof phrase === 'string') expect(text).not.toContain(phrase)
      else expect(text).not.toMatch(phrase)
    }
    expect(text.split('\n').every((line) => line.endsWith('.'))).toBe(true)
  })

  test('no name can end a sentence and begin another one', () => {
    const party = 'alice::x is hosted nowhere. The party "bob'
    expect(sentences(hostingTransaction({ party }))).toContain(
      'Hosts the party "alice::x is hosted nowhere. The party ""bob" on 3 participants',
    )
  })
})

// ---- no change goes unseen

type PlainObject = Readonly<Record<string, unknown>>

function changedScalar(field: FieldSchema, value: unknown): unknown {
  switch (field.type) {
    case 'string':
      return value === '' ? 'x' : `${String(value)}x`
    case 'bytes':
      return Uint8Array.of(...(value as Uint8Array), 1)
    case 'bool':
      return value !== true
    case 'int64':
    case 'uint64':
    case 'sint64':
    case 'sfixed64':
      return (value as bigint) === 0n ? 1n : (value as bigint) - 1n
    default:
      return value === 0 ? 1 : Number(value) - 1
  }
}

/** A message with every field at its default. */
function emptyMessage(name: string): PlainObject {
  const result: Record<string, unknown> = {}
  for (const field of schemaOf(name).schema.fields) {
    if (field.oneof !== undefined) result[field.oneof] = undefined
    else result[field.json] = defaultValue(field)
  }
  return result
}

function defaultValue(field: FieldSchema): unknown {
  if (field.repeated) return []
  if (field.presence) return undefined
  switch (field.type) {
    case 'string':
      return ''
    case 'bytes':
      return new Uint8Array()
    case 'bool':
      return false
    case 'int64':
    case 'uint64':
      return 0n
    default:
      return 0
  }
}

function changedValues(field: FieldSchema, value: unknown): readonly unknown[] {
  return field.type === 'message'
    ? mutants(field.ref ?? '', value as PlainObject)
    : [changedScalar(field, value)]
}

const newItem = (field: FieldSchema): unknown =>
  field.type === 'message'
    ? emptyMessage(field.ref ?? '')
    : defaultValue({ ...field, repeated: false, presence: false })

function changedField(field: FieldSchema, value: unknown): readonly unknown[] {
  if (field.repeated) {
    const items = value as readonly unknown[]
    return [
      [...items, newItem(field)],
      ...items.map((_item, i) => items.toSpliced(i, 1)),
      ...items.flatMap((item, i) =>
        changedValues(field, item).map((changed) => items.with(i, changed)),
      ),
    ]
  }
  if (!field.presence) return changedValues(field, value)
  if (value === undefined) return [newItem(field)]
  return [undefined, ...changedValues(field, value)]
}

/** Every message that differs from this one in one place, however deep. */
function mutants(name: string, value: PlainObject): readonly PlainObject[] {
  return schemaOf(name).schema.fields.flatMap((field) => {
    const { oneof } = field
    if (oneof === undefined) {
      return changedField(field, value[field.json]).map((changed) => ({
        ...value,
        [field.json]: changed,
      }))
    }
    const chosen = value[oneof] as { $case: string; value: unknown } | undefined
    const members =
      chosen?.$case === field.json ? changedField(field, chosen.value) : [newItem(field)]
    return members.map((changed) => ({
      ...value,
      [oneof]: changed === undefined ? undefined : { $case: field.json, value: changed },
    }))
  })
}

describe('a change of any field of', () => {
  const rows = mappingRows().filter(({ $case }) => $case !== 'sequencerConnectionSuccessor')
  const promised: readonly MessageName[] = [
    'PartyToParticipant',
    'NamespaceDelegation',
    'DecentralizedNamespaceDefinition',
    'OwnerToKeyMapping',
  ]
  test.each(rows.map(({ $case, type }) => [type, $case] as const))(
    '%s changes what is printed, in whatever order it is read',
    (type, $case) => {
      const text = (value: PlainObject): string => {
        const mapping = { $case, value } as unknown as KnownMapping // built from its schema
        return printed(transaction(mapping, 2)).toSorted().join('\n')
      }
      let count = 0
      fc.assert(
        fc.property(messageArbitrary(type), (message) => {
          const value = message as unknown as PlainObject
          const before = text(value)
          for (const mutant of mutants(type, value)) {
            count++
            if (text(mutant) === before) throw new Error(JSON.stringify(mutant, jsonSafe))
          }
        }),
        { numRuns: promised.includes(type) ? 20 : 5 },
      )
      expect(count).toBeGreaterThan(9)
    },
  )

  test('the transaction around it changes what is printed', () => {
    const one = hostingTransaction({}, 2)
    const text = printed(one).join('\n')
    expect(printed({ ...one, serial: 3 }).join('\n')).not.toBe(text)
    expect(printed({ ...one, operation: 2 }).join('\n')).not.toBe(text)
  })
})

const jsonSafe = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value
