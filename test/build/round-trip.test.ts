/** Building, reading and the inverse, for every mapping that can be built. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { buildTransaction } from '../../src/build/build.ts'
import { differencesOfValues } from '../../src/build/compare.ts'
import { compareTransaction } from '../../src/build/expectation.ts'
import { encryptionKeyFromSpki, signingPublicKey } from '../../src/build/keys.ts'
import type { TransactionDraft } from '../../src/build/rules.ts'
import { mappingRows, type KnownMapping } from '../../src/topology/mapping.ts'
import { decentralizedNamespace } from '../../src/topology/namespace.ts'
import { encodeMessage } from '../../src/wire/codec.ts'
import { fixture, fixtureBytes, fromBase64 } from '../support/vectors.ts'
import { readTransaction } from '../../src/topology/transaction.ts'
import { specOf, specText } from './spec-of.ts'
import { key, keys, namespaceOf, specFrom, uid } from './support.ts'

const aKey = fc.nat(keys.length - 1).map(key)
const names = fc.constantFrom('alice', 'participant1', 'a b', 'x:y', 'global-domain', 'p_2')
const aUid = fc.tuple(names, aKey).map(([name, own]) => uid(name, own))
const someUids = fc.uniqueArray(aUid, { minLength: 1, maxLength: 5 })
const namespace = aKey.map(namespaceOf)
const usages = fc.uniqueArray(fc.constantFrom(1, 3, 4), { minLength: 1 })
const distinctKeys = fc
  .uniqueArray(fc.nat(keys.length - 1), { minLength: 1 })
  .map((list) => list.map(key))
const signingKeys = (needed: number): fc.Arbitrary<ReturnType<typeof signingPublicKey>[]> =>
  fc
    .tuple(distinctKeys, usages)
    .map(([list, usage]) => list.map((own) => signingPublicKey(own, [...usage, needed, 1, 4])))
const upTo = (most: number): fc.Arbitrary<number> => fc.integer({ min: 1, max: Math.max(most, 1) })
const seconds = fc.bigInt({ min: 0n, max: 4_000_000_000n })
const nanos = fc.constantFrom(0, 1, 1000, 123_000_000, 999_999_999)
const time = fc.record({ seconds, nanos })
const hexId = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex'))
const rsa = encryptionKeyFromSpki(fixtureBytes('keys/bad-rsa2048.spki.der'))
const uint32 = fc.integer({ min: 0, max: 4_294_967_295 })
const maybe = <T>(own: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(own, { nil: undefined })

const restriction: fc.Arbitrary<
  Extract<KnownMapping, { $case: 'namespaceDelegation' }>['value']['restriction']
> = fc.oneof(
  fc.constant({ $case: 'canSignAllMappings' as const, value: {} }),
  fc
    .uniqueArray(fc.constantFrom(1, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 17, 18, 19, 20), {
      minLength: 1,
    })
    .map((codes) => ({
      $case: 'canSignSpecificMapings' as const,
      value: { mappings: [1, ...codes.filter((code) => code !== 1)].sort((a, b) => a - b) },
    })),
)

const members = <T extends object>(more: fc.Arbitrary<T>) =>
  fc.tuple(someUids, aUid, more).chain(([list, synchronizerId, rest]) =>
    fc
      .record({ threshold: upTo(list.length), cut: fc.nat(list.length - 1) })
      .map(({ threshold, cut }) => ({
        synchronizerId,
        threshold: Math.min(threshold, list.length - cut),
        active: list.slice(cut),
        observers: list.slice(0, cut),
        ...rest,
      })),
  )

const hosting = fc
  .tuple(someUids, distinctKeys, aUid)
  .chain(([list, own, party]) =>
    fc.record({
      party: fc.constant(
        party.startsWith('alice') ? party : `alice${party.slice(party.indexOf('::'))}`,
      ),
      threshold: upTo(list.length),
      participants: fc.tuple(
        ...list.map((participantUid) =>
          fc.record({
            participantUid: fc.constant(participantUid.replace(/^alice/, 'host')),
            permission: fc.constantFrom(2, 3),
            onboarding: fc.constantFrom({}, undefined),
          }),
        ),
      ),
      partySigningKeys: maybe(
        fc.record({
          keys: fc.constant(own.map((one) => signingPublicKey(one, [1, 4]))),
          threshold: upTo(own.length),
        }),
      ),
    }),
  )
  .filter(
    ({ participants }) =>
      new Set(participants.map((one) => one.participantUid)).size === participants.length,
  )

const duration = maybe(fc.record({ seconds, nanos }))

const mapping: Readonly<Record<string, fc.Arbitrary<KnownMapping>>> = {
  namespaceDelegation: fc
    .record({
      namespace,
      targetKey: signingKeys(1).map((list) => list[0]),
      restriction,
      isRootDelegation: fc.constant(false),
    })
    .map((value) => ({ $case: 'namespaceDelegation', value })),
  decentralizedNamespaceDefinition: fc.uniqueArray(namespace, { minLength: 1 }).chain((owners) =>
    upTo(owners.length).map((threshold) => ({
      $case: 'decentralizedNamespaceDefinition' as const,
      value: { decentralizedNamespace: decentralizedNamespace(owners), threshold, owners },
    })),
  ),
  ownerToKeyMapping: fc
    .tuple(signingKeys(4), fc.constantFrom('PAR', 'MED', 'SEQ'), aUid)
    .map(([list, code, own]) => ({
      $case: 'ownerToKeyMapping',
      value: {
        member: `${code}::${own}`,
        publicKeys: [
          { key: { $case: 'encryptionPublicKey', value: rsa } },
          ...list.map((value) => ({ key: { $case: 'signingPublicKey' as const, value } })),
        ],
      },
    })),
  synchronizerTrustCertificate: fc
    .record({ participantUid: aUid, synchronizerId: aUid, featureFlags: fc.subarray([1, 2]) })
    .map((value) => ({ $case: 'synchronizerTrustCertificate', value })),
  participantPermission: fc
    .record({
      synchronizerId: aUid,
      participantUid: aUid,
      permission: fc.constantFrom(1, 2, 3),
      limits: maybe(fc.record({ confirmationRequestsMaxRate: uint32 })),
      loginAfter: maybe(fc.bigInt({ min: 0n, max: 9_223_372_036_854_775_807n })),
    })
    .map((value) => ({ $case: 'participantPermission', value })),
  partyHostingLimits: fc
    .record({ synchronizerId: aUid, party: aUid })
    .map((value) => ({ $case: 'partyHostingLimits', value })),
  vettedPackages: fc
    .record({
      participantUid: aUid,
      ids: fc.uniqueArray(hexId, { minLength: 1, maxLength: 6 }),
      cut: fc.nat(6),
      from: maybe(time),
    })
    .map(({ participantUid, ids, cut, from }) => ({
      $case: 'vettedPackages',
      value: {
        participantUid,
        packageIds: ids.slice(0, cut),
        packages: ids.slice(cut).map((packageId) => ({
          packageId,
          validFromInclusive: from,
          validUntilExclusive:
            from === undefined ? undefined : { ...from, seconds: from.seconds + 1n },
        })),
      },
    })),
  partyToParticipant: hosting.map((value) => ({ $case: 'partyToParticipant', value })),
  synchronizerParametersState: fc
    .record({
      synchronizerId: aUid,
      synchronizerParameters: fc.record({
        confirmationResponseTimeout: duration,
        mediatorReactionTimeout: duration,
        assignmentExclusivityTimeout: duration,
        ledgerTimeRecordTimeTolerance: duration,
        reconciliationInterval: duration,
        mediatorDeduplicationTimeout: duration,
        maxRequestSize: uint32,
        onboardingRestriction: fc.constantFrom(1, 2, 3, 4),
        participantSynchronizerLimits: maybe(fc.record({ confirmationRequestsMaxRate: uint32 })),
        sequencerAggregateSubmissionTimeout: duration,
        trafficControl: maybe(
          fc.record({
            maxBaseTrafficAmount: fc.bigInt({ min: 0n, max: 18_446_744_073_709_551_615n }),
            maxBaseTrafficAccumulationDuration: duration,
            readVsWriteScalingFactor: uint32,
            setBalanceRequestSubmissionWindowSize: duration,
            enforceRateLimiting: fc.boolean(),
            baseEventCost: maybe(fc.bigInt({ min: 0n, max: 18_446_744_073_709_551_615n })),
            freeConfirmationResponses: fc.boolean(),
          }),
        ),
        acsCommitmentsCatchup: maybe(
          fc.record({ catchupIntervalSkip: uint32, nrIntervalsToTriggerCatchup: uint32 }),
        ),
        preparationTimeRecordTimeTolerance: duration,
      }),
    })
    .map((value) => ({ $case: 'synchronizerParametersState', value })),
  mediatorSynchronizerState: members(fc.record({ group: fc.nat(2_147_483_647) })).map((value) => ({
    $case: 'mediatorSynchronizerState',
    value,
  })),
  sequencerSynchronizerState: members(fc.constant({})).map((value) => ({
    $case: 'sequencerSynchronizerState',
    value,
  })),
  sequencingDynamicParametersState: fc
    .record({
      synchronizerId: aUid,
      sequencingParameters: fc.record({ payload: fc.uint8Array({ minLength: 1 }) }),
    })
    .map((value) => ({ $case: 'sequencingDynamicParametersState', value })),
  partyToKeyMapping: fc.tuple(aUid, signingKeys(4)).chain(([party, list]) =>
    upTo(list.length).map((threshold) => ({
      $case: 'partyToKeyMapping' as const,
      value: { party, threshold, signingKeys: list },
    })),
  ),
  synchronizerUpgradeAnnouncement: fc.tuple(aUid, time).map(([own, upgradeTime]) => ({
    $case: 'synchronizerUpgradeAnnouncement',
    value: { successorPhysicalSynchronizerId: `${own}::35-2`, upgradeTime },
  })),
  sequencerConnectionSuccessor: fc
    .record({
      own: aUid,
      synchronizer: aUid,
      endpoints: fc.uniqueArray(
        fc.constantFrom('https://a.example:1', 'http://b.example', 'c.example:443'),
        {
          minLength: 1,
        },
      ),
      customTrustCertificates: maybe(fc.uint8Array({ minLength: 1 })),
      old: fc.boolean(),
    })
    .map(({ own, synchronizer, endpoints, customTrustCertificates, old }) => ({
      $case: 'sequencerConnectionSuccessor',
      value: old
        ? encodeMessage('SequencerConnectionSuccessor', {
            sequencerId: `SEQ::${own}`,
            synchronizerId: synchronizer,
            connection: {
              connectionType: {
                $case: 'grpc',
                value: { endpoints, customTrustCertificates: undefined },
              },
            },
          })
        : encodeMessage('LsuSequencerConnectionSuccessor', {
            sequencerId: `SEQ::${own}`,
            successorPhysicalSynchronizerId: `${synchronizer}::34-0`,
            connection: { endpoints, customTrustCertificates },
          }),
    })),
}

const transaction = (own: fc.Arbitrary<KnownMapping>): fc.Arbitrary<TransactionDraft> =>
  fc.record({
    operation: fc.constantFrom(1, 2),
    serial: fc.integer({ min: 1, max: 2_147_483_646 }),
    mapping: own,
  })

const buildable = mappingRows()
  .map(({ $case }) => $case)
  .filter(($case) => $case !== 'purgeTopologyTxs')

describe.each(buildable)('%s', ($case) => {
  const own = transaction(
    mapping[$case] ??
      fc.constant({ $case: 'partyHostingLimits', value: { synchronizerId: '', party: '' } }),
  ).filter(
    // Nodes never take this one, and neither does the builder.
    (draft) => !(draft.operation === 2 && $case === 'synchronizerParametersState'),
  )

  test.prop([own], { numRuns: 25 })(
    'what is built reads back to the spec that asked for it',
    (draft) => {
      const built = buildTransaction(draft)
      const { operation, serial, mapping: read } = built.value
      if (read?.mapping === undefined) throw new Error('no mapping')
      const back = { operation, serial, mapping: read.mapping }
      expect(differencesOfValues(draft, back)).toEqual([])
      const text = specText([back])
      const [again] = specFrom(text).transactions
      if (again === undefined) throw new Error('no transaction')
      const rebuilt = buildTransaction({ ...again, serial: again.serial ?? 0 })
      expect(Buffer.from(rebuilt.bytes).equals(built.bytes)).toBe(true)
      expect(compareTransaction(draft, rebuilt)).toEqual([])
    },
  )

  test.prop([own, own, fc.nat()], { numRuns: 100 })(
    'a field with another value shows as a difference',
    (draft, other, n) => {
      const fields = ['operation', 'serial', ...fieldsOf(draft.mapping)]
      const changed = withFieldOf(draft, other, fields[n % fields.length] ?? '')
      const differences = differencesOfValues(draft, changed)
      const [left, right] = [bytesOf(draft), bytesOf(changed)]
      if (left.equals(right)) expect(differences).toEqual([])
      // Lists that are sets may be in either order: then these are other bytes and the same values.
      else if (differences.length === 0) expect(left.toSorted()).toEqual(right.toSorted())
    },
  )
})

/** The fields of a mapping; the bytes of a successor are changed as a whole. */
const fieldsOf = ({ value }: KnownMapping): readonly string[] =>
  value instanceof Uint8Array ? ['mapping'] : Object.keys(value)

/** A draft with one field, its own or of its mapping, as another one has it. */
function withFieldOf(
  draft: TransactionDraft,
  other: TransactionDraft,
  field: string,
): TransactionDraft {
  if (field === 'operation') return { ...draft, operation: other.operation }
  if (field === 'serial') return { ...draft, serial: other.serial }
  if (field === 'mapping') return { ...draft, mapping: other.mapping }
  const { $case, value } = draft.mapping
  const of: unknown = Reflect.get(other.mapping.value, field)
  return {
    ...draft,
    mapping: { $case, value: Object.assign({}, value, { [field]: of }) } as KnownMapping,
  }
}

const bytesOf = ({ operation, serial, mapping: own }: TransactionDraft): Buffer =>
  Buffer.from(
    encodeMessage('TopologyTransaction', { operation, serial, mapping: { mapping: own } }),
  )

test('the generator knows every mapping that can be built', () => {
  expect(Object.keys(mapping).sort()).toEqual([...buildable].sort())
})

describe('specOf', () => {
  test('refuses what a spec cannot say instead of saying something else', () => {
    const value = {
      namespace: key(0).fingerprint,
      targetKey: {
        ...signingPublicKey(key(0), [1]),
        format: 3,
        publicKey: key(0).spki.subarray(-32),
      },
      isRootDelegation: false,
      restriction: { $case: 'canSignAllMappings' as const, value: {} },
    }
    const draft = (more: object): TransactionDraft => ({
      operation: 1,
      serial: 1,
      mapping: { $case: 'namespaceDelegation', value: { ...value, ...more } },
    })
    for (const more of [
      {},
      { targetKey: undefined },
      { targetKey: signingPublicKey(key(0), [1]), isRootDelegation: true },
      { targetKey: signingPublicKey(key(0), [1]), restriction: undefined },
      { targetKey: { ...signingPublicKey(key(0), [1]), scheme: 1 } },
      { targetKey: { ...signingPublicKey(key(0), [1]), usage: [] } },
      { targetKey: { ...signingPublicKey(key(0), [1]), usage: [1, 4] } },
      { targetKey: { ...signingPublicKey(key(0), [1]), usage: [1, 2] } },
      { targetKey: { ...signingPublicKey(key(0), [1]), usage: [1, 77] } },
    ]) {
      expect(() => specOf([draft(more)])).toThrow('no spec can say')
    }
    const sound = draft({ targetKey: signingPublicKey(key(0), [1]) })
    expect(() => specOf([sound])).not.toThrow()
    expect(() => specOf([{ ...sound, operation: 3 }])).toThrow('no spec can say')
  })

  test('writes the spec of real onboarding transactions', () => {
    const { onboarding } = fixture('end-to-end/signing.json') as {
      readonly onboarding: readonly {
        readonly transactions: readonly { readonly transaction_base64: string }[]
      }[]
    }
    for (const { transaction_base64 } of onboarding.flatMap((one) => one.transactions)) {
      const bytes = fromBase64(transaction_base64)
      const { value } = readTransaction(bytes)
      const own = value?.mapping?.mapping
      if (value === undefined || own === undefined) throw new Error('unreadable fixture')
      const [again] = specFrom(specText([{ ...value, mapping: own }])).transactions
      if (again === undefined) throw new Error('no transaction')
      const rebuilt = buildTransaction({ ...again, serial: again.serial ?? 0 })
      expect(Buffer.from(rebuilt.bytes).equals(bytes)).toBe(true)
    }
  })
})
