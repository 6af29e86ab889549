import { describe, expect, test } from 'vitest'
import type { ExplainContext } from '../../src/explain/context.ts'
import { findConflicts, findDangers, type DangerCode } from '../../src/explain/dangers.ts'
import { DANGER_CODES } from '../../src/explain/dangers/codes.ts'
import { PREPARED_DANGER_CODES } from '../../src/explain/dangers/prepared-codes.ts'
import { statementContext } from '../../src/explain/report.ts'
import { readTransaction } from '../../src/topology/transaction.ts'
import { encodeMessage, wrap } from '../../src/wire/codec.ts'
import type { TopologyTransaction } from '../../src/wire/generated/schema.ts'
import {
  ALICE,
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

const withOwn = (...own: readonly string[]): ExplainContext => ({
  ...statementContext,
  own: new Set(own),
})

const all = { $case: 'canSignAllMappings', value: {} } as const
const only = (...mappings: readonly number[]) =>
  ({ $case: 'canSignSpecificMapings', value: { mappings } }) as const

const packages = (
  packageIds: readonly string[],
  serial: number,
  operation: 'replace' | 'remove' = 'replace',
): TopologyTransaction =>
  transaction(
    {
      $case: 'vettedPackages',
      value: { participantUid: `p::${namespace('1')}`, packageIds, packages: [] },
    },
    serial,
    operation,
  )

const partyKeys = (
  indices: readonly number[],
  threshold: number,
  serial = 1,
  operation: 'replace' | 'remove' = 'replace',
): TopologyTransaction =>
  transaction(
    {
      $case: 'partyToKeyMapping',
      value: { party: ALICE, threshold, signingKeys: indices.map((i) => key(i)) },
    },
    serial,
    operation,
  )

const memberKeys = (
  indices: readonly number[],
  serial = 1,
  operation: 'replace' | 'remove' = 'replace',
): TopologyTransaction =>
  transaction(
    {
      $case: 'ownerToKeyMapping',
      value: {
        member: `PAR::p::${namespace('1')}`,
        publicKeys: indices.map((i) => ({ key: { $case: 'signingPublicKey', value: key(i) } })),
      },
    },
    serial,
    operation,
  )

const mediators = (
  active: readonly string[],
  threshold: number,
  serial: number,
  operation: 'replace' | 'remove' = 'replace',
): TopologyTransaction =>
  transaction(
    {
      $case: 'mediatorSynchronizerState',
      value: {
        synchronizerId: `s::${namespace('5')}`,
        group: 0,
        threshold,
        active,
        observers: [],
      },
    },
    serial,
    operation,
  )

const trust = (operation: 'replace' | 'remove', serial = 1): TopologyTransaction =>
  transaction(
    {
      $case: 'synchronizerTrustCertificate',
      value: {
        participantUid: `p::${namespace('1')}`,
        synchronizerId: `s::${namespace('5')}`,
        featureFlags: operation === 'replace' ? [2] : [],
      },
    },
    serial,
    operation,
  )

const announcement = (operation: 'replace' | 'remove'): TopologyTransaction =>
  transaction(
    {
      $case: 'synchronizerUpgradeAnnouncement',
      value: {
        successorPhysicalSynchronizerId: `s::${namespace('5')}::35-1`,
        upgradeTime: { seconds: 0n, nanos: 0 },
      },
    },
    1,
    operation,
  )

const purge: TopologyTransaction = transaction({
  $case: 'purgeTopologyTxs',
  value: { synchronizerId: `s::${namespace('5')}`, mappings: [] },
})

interface Case {
  readonly what: string
  readonly current: TopologyTransaction
  readonly previous?: TopologyTransaction
  readonly context?: ExplainContext
  /** Exactly these, beside `signature-unbound`, which is always there. */
  readonly codes: readonly DangerCode[]
  /** What the first of them has to name. */
  readonly names?: readonly string[]
}

const hostingBefore = hostingTransaction({}, 4)
const next = (
  changes: Parameters<typeof hostingTransaction>[0],
  operation: 'replace' | 'remove' = 'replace',
): TopologyTransaction => hostingTransaction(changes, 5, operation)

const joining = (name: string): ReturnType<typeof host> => host(name, Permission.confirmation, true)
const three = [host('p1'), host('p2'), host('p3')]

const cases: readonly Case[] = [
  // Delegations
  { what: 'a first root delegation', current: delegationTransaction(rootDelegation()), codes: [] },
  {
    what: 'a first root delegation by its own key',
    current: delegationTransaction(rootDelegation()),
    context: withOwn(fingerprint(0)),
    codes: [],
  },
  {
    what: 'a first root delegation by another key',
    current: delegationTransaction(rootDelegation()),
    context: { ...withOwn(fingerprint(1)), signer: fingerprint(1) },
    codes: ['root-foreign-signature'],
    names: [fingerprint(0)],
  },
  {
    what: 'a first root delegation by a delegate, which may act for the namespace',
    current: delegationTransaction(rootDelegation()),
    context: { ...withOwn(fingerprint(0), fingerprint(1)), signer: fingerprint(1) },
    codes: ['root-foreign-signature'],
    names: [fingerprint(0)],
  },
  {
    what: 'a first root delegation by the root',
    current: delegationTransaction(rootDelegation()),
    context: { ...withOwn(fingerprint(0)), signer: fingerprint(0) },
    codes: [],
  },
  {
    what: 'a root delegation replaced',
    current: delegationTransaction(rootDelegation(), 2),
    previous: delegationTransaction(rootDelegation(), 1),
    codes: ['root-delegation-changed'],
    names: [fingerprint(0)],
  },
  {
    what: 'a root delegation replaced, and what was before is not known',
    current: delegationTransaction(rootDelegation(), 2),
    codes: ['root-delegation-changed', 'previous-unknown'],
  },
  {
    what: 'a root delegation removed, even as the first transaction there is',
    current: delegationTransaction(rootDelegation(), 1, 'remove'),
    codes: ['root-delegation-removed'],
    names: [fingerprint(0)],
  },
  {
    what: 'one’s own root delegation removed',
    current: delegationTransaction(rootDelegation(), 2, 'remove'),
    previous: delegationTransaction(rootDelegation(), 1),
    context: withOwn(fingerprint(0)),
    codes: ['root-delegation-removed', 'own-control-lost'],
  },
  {
    what: 'a delegate for everything but delegations',
    current: delegationTransaction(delegation()),
    codes: ['delegate-full-rights'],
    names: [fingerprint(1), fingerprint(0)],
  },
  {
    what: 'a delegate without a written restriction',
    current: delegationTransaction(delegation({ restriction: undefined })),
    codes: ['delegate-full-rights'],
  },
  {
    what: 'a delegate by the old flag, which means everything',
    current: delegationTransaction(delegation({ restriction: undefined, isRootDelegation: true })),
    codes: ['delegate-may-delegate'],
  },
  {
    what: 'a delegate for everything',
    current: delegationTransaction(delegation({ restriction: all })),
    codes: ['delegate-may-delegate'],
    names: [fingerprint(1)],
  },
  {
    what: 'a delegate whose list holds delegations',
    current: delegationTransaction(delegation({ restriction: only(8, 1) })),
    codes: ['delegate-may-delegate'],
  },
  {
    what: 'a delegate who decides over parties',
    current: delegationTransaction(delegation({ restriction: only(9, 8) })),
    codes: ['delegate-controls-parties'],
    names: ['PartyToParticipant'],
  },
  {
    what: 'a delegate for packages alone',
    current: delegationTransaction(delegation({ restriction: only(8) })),
    codes: [],
  },
  {
    what: 'field number 16, which is not the code of PartyToKeyMapping',
    current: delegationTransaction(delegation({ restriction: only(16) })),
    codes: [],
  },
  {
    what: 'a delegate who may sign more than before',
    current: delegationTransaction(delegation({ restriction: only(8, 5) }), 2),
    previous: delegationTransaction(delegation({ restriction: only(8) }), 1),
    codes: ['delegation-widened'],
    names: ['SynchronizerTrustCertificate'],
  },
  {
    what: 'a delegate who may sign less',
    current: delegationTransaction(delegation({ restriction: only(8) }), 2),
    previous: delegationTransaction(delegation({ restriction: only(8, 5) }), 1),
    codes: [],
  },
  {
    what: 'oneself as a delegate who may sign less',
    current: delegationTransaction(delegation({ restriction: only(8) }), 2),
    previous: delegationTransaction(delegation({ restriction: only(8, 5) }), 1),
    context: withOwn(fingerprint(1)),
    codes: ['own-control-lost'],
  },
  {
    what: 'a delegation revoked',
    current: delegationTransaction(delegation(), 2, 'remove'),
    previous: delegationTransaction(delegation(), 1),
    codes: ['delegation-removed'],
    names: [fingerprint(1)],
  },
  {
    what: 'one’s own delegation revoked',
    current: delegationTransaction(delegation(), 2, 'remove'),
    previous: delegationTransaction(delegation(), 1),
    context: withOwn(fingerprint(1)),
    codes: ['delegation-removed', 'own-control-lost'],
  },
  {
    what: 'a delegation revoked that was written in the old way',
    current: delegationTransaction(delegation(), 2, 'remove'),
    previous: delegationTransaction(delegation({ restriction: undefined }), 1),
    codes: ['delegation-removed'],
  },
  {
    what: 'a delegation revoked with another restriction',
    current: delegationTransaction(delegation({ restriction: all }), 2, 'remove'),
    previous: delegationTransaction(delegation(), 1),
    codes: ['delegation-removed', 'removal-differs'],
  },
  {
    what: 'a delegation revoked twice',
    current: delegationTransaction(delegation(), 3, 'remove'),
    previous: delegationTransaction(delegation(), 2, 'remove'),
    codes: ['delegation-removed', 'removal-differs'],
  },

  // Decentralized namespaces
  { what: 'two of three owners', current: definitionTransaction(), codes: [] },
  {
    what: 'a single owner',
    current: definitionTransaction({ threshold: 1, owners: [namespace('a')] }),
    codes: [],
  },
  {
    what: 'one of three owners',
    current: definitionTransaction({ threshold: 1 }),
    codes: ['owner-acts-alone'],
  },
  {
    what: 'all owners needed',
    current: definitionTransaction({ threshold: 3 }),
    codes: ['owners-all-needed'],
  },
  {
    what: 'half of the owners',
    current: definitionTransaction({ owners: ['a', 'b', 'c', 'e'].map(namespace) }),
    codes: ['owners-minority-suffices'],
  },
  {
    what: 'an owner listed twice to look like a majority',
    current: definitionTransaction({ owners: ['a', 'b', 'b'].map(namespace) }),
    codes: ['owners-all-needed'],
  },
  {
    what: 'a threshold lowered',
    current: definitionTransaction({ threshold: 2 }, 2),
    previous: definitionTransaction({ threshold: 3 }, 1),
    codes: ['owner-threshold-lowered'],
    names: ['2', '3'],
  },
  {
    what: 'a threshold raised',
    current: definitionTransaction({ threshold: 3 }, 2),
    previous: definitionTransaction({ threshold: 2 }, 1),
    codes: ['owners-all-needed'],
  },
  {
    what: 'an owner exchanged',
    current: definitionTransaction({ owners: ['a', 'b', 'e'].map(namespace) }, 2),
    previous: definitionTransaction({}, 1),
    codes: ['owner-added', 'owner-removed'],
    names: [namespace('e')],
  },
  {
    what: 'as many new owners as are needed',
    current: definitionTransaction({ owners: ['a', 'b', 'c', 'e', 'f'].map(namespace) }, 2),
    previous: definitionTransaction({}, 1),
    codes: ['owners-added-suffice', 'owner-added', 'owners-minority-suffices'],
    names: [namespace('e'), namespace('f'), '2'],
  },
  {
    what: 'the only owner exchanged',
    current: definitionTransaction({ owners: ['e'].map(namespace), threshold: 1 }, 2),
    previous: definitionTransaction({ owners: ['a'].map(namespace), threshold: 1 }, 1),
    codes: ['owners-added-suffice', 'owner-added', 'owner-removed'],
  },
  {
    what: 'owners in another order',
    current: definitionTransaction({ owners: ['c', 'a', 'b'].map(namespace) }, 2),
    previous: definitionTransaction({}, 1),
    codes: [],
  },
  {
    what: 'oneself removed as an owner',
    current: definitionTransaction({ owners: ['a', 'b', 'e'].map(namespace) }, 2),
    previous: definitionTransaction({}, 1),
    context: withOwn(namespace('c')),
    codes: ['owner-added', 'owner-removed', 'own-control-lost'],
  },
  {
    what: 'a decentralized namespace removed',
    current: definitionTransaction({}, 2, 'remove'),
    previous: definitionTransaction({}, 1),
    context: withOwn(namespace('a')),
    codes: ['decentralized-namespace-removed', 'own-control-lost'],
  },

  // Parties
  { what: 'a party on three hosts', current: hostingTransaction(), codes: [] },
  {
    what: 'a party that nobody else confirms for',
    current: hostingTransaction({ threshold: 1, participants: [host('p1')] }),
    codes: ['host-confirms-alone'],
    names: [`p1::${namespace('1')}`],
  },
  {
    what: 'two hosts of one operator that reach the threshold',
    current: hostingTransaction({
      participants: [host('p1'), host('q1'), host('p3')],
    }),
    codes: ['host-confirms-alone'],
    names: ['p1::', 'q1::'],
  },
  {
    what: 'new hosts of two operators that reach the threshold together',
    current: next({ participants: [...three, joining('p4'), joining('r5')] }),
    previous: hostingBefore,
    codes: ['hosts-added-suffice'],
    names: ['p4::', 'r5::'],
  },
  {
    what: 'new hosts of which the threshold asks for more',
    current: next({
      participants: [...three, joining('p4'), joining('r5')],
      threshold: 3,
    }),
    previous: hostingBefore,
    codes: [],
  },
  {
    what: 'observers of one operator, who confirm nothing',
    current: hostingTransaction({
      participants: [...three, host('q1', Permission.observation)],
    }),
    codes: [],
  },
  {
    what: 'all confirming hosts needed',
    current: hostingTransaction({ threshold: 3 }),
    codes: ['confirmation-all-needed'],
  },
  {
    what: 'a threshold that observers cannot fill',
    current: hostingTransaction({
      participants: [host('p1'), host('p2', Permission.observation)],
    }),
    codes: ['confirmation-threshold-unreachable'],
  },
  {
    what: 'a host with SUBMISSION',
    current: hostingTransaction({
      participants: [...three, host('p4', Permission.submission)],
    }),
    codes: ['host-may-submit'],
    names: ['p4::'],
  },
  {
    what: 'a host with SUBMISSION that is of the party’s own namespace',
    current: hostingTransaction({
      participants: [
        ...three,
        { participantUid: `node::${fingerprint(0)}`, permission: 1, onboarding: undefined },
      ],
    }),
    codes: [],
  },
  {
    what: 'a host raised to SUBMISSION',
    current: next({ participants: [host('p1', Permission.submission), host('p2'), host('p3')] }),
    previous: hostingBefore,
    codes: ['host-may-submit', 'host-permission-raised'],
    names: ['p1::'],
  },
  {
    what: 'a host raised to CONFIRMATION',
    current: next({}),
    previous: hostingTransaction(
      { participants: [host('p1', Permission.observation), host('p2'), host('p3')] },
      4,
    ),
    codes: ['host-permission-raised'],
    names: ['p1::', 'OBSERVATION', 'CONFIRMATION'],
  },
  {
    what: 'a host that had SUBMISSION before',
    current: next({ participants: [...three, host('p4', Permission.submission)], threshold: 2 }),
    previous: hostingTransaction(
      { participants: [...three, host('p4', Permission.submission)] },
      4,
    ),
    codes: [],
  },
  {
    what: 'a host added with the onboarding flag',
    current: next({ participants: [...three, host('p4', Permission.observation, true)] }),
    previous: hostingBefore,
    codes: [],
  },
  {
    what: 'a host added without the onboarding flag',
    current: next({ participants: [...three, host('p4', Permission.observation)] }),
    previous: hostingBefore,
    codes: ['host-without-onboarding'],
    names: ['p4::'],
  },
  {
    what: 'an onboarding flag cleared',
    current: next({}),
    previous: hostingTransaction(
      { participants: [host('p1', 2, true), host('p2'), host('p3')] },
      4,
    ),
    codes: ['onboarding-ended'],
    names: ['p1::'],
  },
  {
    what: 'a host dropped',
    current: next({ participants: [host('p1'), host('p2')], threshold: 2 }),
    previous: hostingBefore,
    codes: ['host-removed', 'confirmation-all-needed'],
    names: ['p3::'],
  },
  {
    what: 'one’s own host dropped',
    current: next({ participants: [host('p1'), host('p2')] }),
    previous: hostingBefore,
    context: withOwn(namespace('3')),
    codes: ['host-removed', 'own-control-lost', 'confirmation-all-needed'],
  },
  {
    what: 'one’s own host lowered',
    current: next({ participants: [...three, host('p4', Permission.observation)] }),
    previous: hostingTransaction({ participants: [...three, host('p4')] }, 4),
    context: withOwn(namespace('4')),
    codes: ['own-control-lost'],
  },
  {
    what: 'a host named with PAR:: before and without it now',
    current: next({}),
    previous: hostingTransaction(
      {
        participants: three.map((one) => ({
          ...one,
          participantUid: `PAR::${one.participantUid}`,
        })),
      },
      4,
    ),
    codes: [],
  },
  {
    what: 'a host whose identifier is PAR dropped',
    current: next({}),
    previous: hostingTransaction(
      { participants: [...three, { ...host('p4'), participantUid: `PAR::${namespace('4')}` }] },
      4,
    ),
    context: withOwn(namespace('4')),
    codes: ['host-removed', 'own-control-lost'],
    names: ['PAR::'],
  },
  {
    what: 'all hosts dropped',
    current: next({ participants: [] }),
    previous: hostingBefore,
    codes: ['party-without-hosts', 'host-removed'],
  },
  {
    what: 'a confirmation threshold lowered',
    current: next({ threshold: 2, participants: [...three, host('p4')] }),
    previous: hostingTransaction({ threshold: 3, participants: [...three, host('p4')] }, 4),
    codes: ['confirmation-threshold-lowered'],
    names: ['2', '3'],
  },
  {
    what: 'a party removed',
    current: next({}, 'remove'),
    previous: hostingBefore,
    codes: ['party-removed'],
    names: [ALICE],
  },
  {
    what: 'a party removed as it never was',
    current: next({ threshold: 3 }, 'remove'),
    previous: hostingBefore,
    codes: ['party-removed', 'removal-differs'],
  },
  {
    what: 'a key added that signs by itself',
    current: next({ partySigningKeys: { keys: [key(0), key(1)], threshold: 1 } }),
    previous: hostingBefore,
    codes: ['party-key-acts-alone'],
    names: [fingerprint(1)],
  },
  {
    what: 'a key added that signs with another',
    current: next({ partySigningKeys: { keys: [key(0), key(1), key(2)], threshold: 2 } }),
    previous: hostingTransaction({ partySigningKeys: { keys: [key(0), key(1)], threshold: 2 } }, 4),
    codes: ['party-key-added'],
    names: [fingerprint(2)],
  },
  {
    what: 'a host listed twice to look like an observer: nodes keep the entry with more rights',
    current: next({
      participants: [
        ...three,
        host('p4', Permission.submission),
        host('p4', Permission.observation),
      ],
    }),
    previous: hostingBefore,
    codes: ['host-may-submit', 'host-without-onboarding'],
  },
  {
    what: 'as many keys added as are needed',
    current: next({ partySigningKeys: { keys: [key(0), key(1), key(2)], threshold: 2 } }),
    previous: hostingBefore,
    codes: ['party-key-acts-alone'],
    names: [fingerprint(1), fingerprint(2), 'any 2 of them'],
  },
  {
    what: 'a key dropped, and it is one’s own',
    current: next({ partySigningKeys: { keys: [key(0)], threshold: 1 } }),
    previous: hostingTransaction({ partySigningKeys: { keys: [key(0), key(1)], threshold: 1 } }, 4),
    context: withOwn(fingerprint(1)),
    codes: ['party-key-removed', 'own-control-lost'],
    names: [fingerprint(1)],
  },
  {
    what: 'a signing threshold lowered',
    current: next({ partySigningKeys: { keys: [key(0), key(1)], threshold: 1 } }),
    previous: hostingTransaction({ partySigningKeys: { keys: [key(0), key(1)], threshold: 2 } }, 4),
    codes: ['signing-threshold-lowered'],
  },
  {
    what: 'the key that authorizes the party itself rotated away',
    current: next({ partySigningKeys: { keys: [key(1)], threshold: 1 } }),
    previous: hostingBefore,
    codes: ['self-authorization-lost', 'party-key-acts-alone', 'party-key-removed'],
    names: [fingerprint(0)],
  },
  {
    what: 'all signing keys dropped',
    current: next({ partySigningKeys: undefined }),
    previous: hostingBefore,
    codes: ['party-keys-elsewhere', 'self-authorization-lost', 'party-keys-dropped'],
    names: ['PartyToKeyMapping'],
  },
  {
    what: 'all keys needed',
    current: hostingTransaction({ partySigningKeys: { keys: [key(0), key(1)], threshold: 2 } }),
    codes: ['signing-all-needed'],
  },
  {
    what: 'a key without PROTOCOL usage',
    current: hostingTransaction({
      partySigningKeys: { keys: [key(0), key(1, [Usage.namespace])], threshold: 1 },
    }),
    codes: ['party-key-without-protocol'],
    names: [fingerprint(1)],
  },
  {
    what: 'a key without any listed usage, which means every one',
    current: hostingTransaction({ partySigningKeys: { keys: [key(0, [])], threshold: 1 } }),
    codes: [],
  },
  {
    what: 'a key with the dropped usage alone, which means every one too',
    current: hostingTransaction({ partySigningKeys: { keys: [key(0, [2])], threshold: 1 } }),
    codes: [],
  },
  {
    what: 'the namespace key listed without NAMESPACE usage',
    current: hostingTransaction({
      partySigningKeys: { keys: [key(0, [Usage.protocol])], threshold: 1 },
    }),
    codes: ['self-key-without-namespace'],
  },
  {
    what: 'a signing key that is the namespace of a host',
    current: hostingTransaction({
      participants: [
        ...three,
        { participantUid: `n::${fingerprint(1)}`, permission: 2, onboarding: undefined },
      ],
      partySigningKeys: { keys: [key(0), key(1)], threshold: 1 },
    }),
    codes: ['host-holds-party-key'],
    names: ['n::'],
  },
  {
    what: 'the same behind the old PAR::, with an identifier that begins like a fingerprint',
    current: hostingTransaction({
      participants: [
        ...three,
        { participantUid: `PAR::1220n::${fingerprint(1)}`, permission: 2, onboarding: undefined },
      ],
      partySigningKeys: { keys: [key(0), key(1)], threshold: 1 },
    }),
    codes: ['host-holds-party-key'],
    names: ['1220n::'],
  },

  // Keys of parties and members
  { what: 'first keys of a party', current: partyKeys([0], 1), codes: [] },
  {
    what: 'a key of a party exchanged',
    current: partyKeys([1], 1, 2),
    previous: partyKeys([0], 1, 1),
    codes: ['party-key-acts-alone', 'party-key-removed'],
    names: [fingerprint(1)],
  },
  {
    what: 'the keys of a party removed',
    current: partyKeys([0], 1, 2, 'remove'),
    previous: partyKeys([0], 1, 1),
    codes: ['party-keys-dropped'],
    names: [fingerprint(0)],
  },
  { what: 'first keys of a member', current: memberKeys([0]), codes: [] },
  {
    what: 'a key of a member exchanged',
    current: memberKeys([1], 2),
    previous: memberKeys([0], 1),
    context: withOwn(fingerprint(0)),
    codes: ['member-key-added', 'member-key-removed', 'own-control-lost'],
    names: [fingerprint(1)],
  },
  {
    what: 'the keys of a member removed',
    current: memberKeys([0], 2, 'remove'),
    previous: memberKeys([0], 1),
    codes: ['member-keys-removed'],
  },

  // Nodes and synchronizers
  { what: 'joining a synchronizer', current: trust('replace'), codes: [] },
  {
    what: 'leaving a synchronizer, whatever the flags were',
    current: trust('remove', 2),
    previous: trust('replace'),
    codes: ['participant-leaves'],
  },
  {
    what: 'a package no longer vetted',
    current: packages(['a', 'c'], 2),
    previous: packages(['a', 'b'], 1),
    codes: ['package-unvetted'],
    names: [' b'],
  },
  {
    what: 'a package more',
    current: packages(['a', 'b'], 2),
    previous: packages(['a'], 1),
    codes: [],
  },
  {
    what: 'no package vetted any more',
    current: packages(['a'], 2, 'remove'),
    previous: packages(['a'], 1),
    codes: ['package-unvetted'],
  },
  {
    what: 'a mediator dropped and the threshold lowered',
    current: mediators(['a', 'b'], 1, 2),
    previous: mediators(['a', 'c'], 2, 1),
    codes: ['member-dropped', 'member-threshold-lowered'],
    names: ['c'],
  },
  {
    what: 'mediators removed',
    current: mediators(['a', 'b'], 1, 2, 'remove'),
    previous: mediators(['a', 'b'], 1, 1),
    codes: ['member-dropped'],
  },
  { what: 'an upgrade announced', current: announcement('replace'), codes: ['topology-freeze'] },
  { what: 'an announcement taken back', current: announcement('remove'), codes: [] },
  { what: 'a purge', current: purge, codes: ['mappings-purged'] },

  // Serials and previous transactions
  {
    what: 'a serial that jumps',
    current: definitionTransaction({}, 7),
    previous: definitionTransaction({}, 1),
    codes: ['serial-jump'],
    names: ['7', '1'],
  },
  {
    what: 'a serial that is taken',
    current: definitionTransaction({}, 3),
    previous: definitionTransaction({}, 3),
    codes: ['serial-taken'],
    names: ['serial is 3'],
  },
  {
    what: 'a serial below the one in force',
    current: definitionTransaction({}, 2),
    previous: definitionTransaction({}, 3),
    codes: ['serial-taken'],
  },
  {
    what: 'the last serial there is',
    current: definitionTransaction({}, 2_147_483_647),
    previous: definitionTransaction({}, 2_147_483_646),
    codes: ['serial-last'],
  },
  {
    what: 'a previous transaction about another party',
    current: hostingTransaction({}, 5),
    previous: hostingTransaction({ party: `bob::${fingerprint(0)}` }, 4),
    codes: ['previous-unrelated', 'previous-unknown'],
  },
  {
    what: 'a previous transaction of another kind',
    current: hostingTransaction({}, 5),
    previous: partyKeys([0], 1, 4),
    codes: ['previous-unrelated', 'previous-unknown'],
  },
  {
    what: 'a previous transaction about another delegate',
    current: delegationTransaction(delegation({ restriction: only(8) }), 2),
    previous: delegationTransaction(delegation({ targetKey: key(2, [1]) }), 1),
    codes: ['previous-unrelated', 'previous-unknown'],
  },
  {
    what: 'a party that comes back after a removal as it was',
    current: next({}),
    previous: hostingTransaction({}, 4, 'remove'),
    codes: [],
  },
  {
    what: 'a party that comes back after a removal with less than it had',
    current: next({ threshold: 2, partySigningKeys: { keys: [key(1)], threshold: 1 } }),
    previous: hostingTransaction({ threshold: 3 }, 4, 'remove'),
    codes: [
      'confirmation-threshold-lowered',
      'self-authorization-lost',
      'party-key-acts-alone',
      'party-key-removed',
    ],
    names: ['2', '3'],
  },
]

const codesOf = (one: Case): readonly string[] =>
  findDangers(one.current, one.context ?? statementContext, one.previous).map(({ code }) => code)

describe('dangers', () => {
  test.each(cases.map((one) => [one.what, one] as const))('%s', (_what, one) => {
    const dangers = findDangers(one.current, one.context ?? statementContext, one.previous)
    expect(dangers.map(({ code }) => code).sort()).toEqual(
      [...one.codes, 'signature-unbound'].sort(),
    )
    const first = dangers.find(({ code }) => code === one.codes[0])
    for (const name of one.names ?? []) expect(first?.message).toContain(name)
    for (const { code, grave, message } of dangers) {
      expect(grave).toBe(DANGER_CODES[code].grave)
      expect(message).toMatch(/[^.]$/)
      expect(message).not.toMatch(/undefined|\[object/)
      expect(message).not.toMatch(/\b(your|own) the\b/)
    }
  })

  test('every code about topology has a case that shows it', () => {
    const shown = new Set(cases.flatMap(codesOf))
    const missing = Object.keys(DANGER_CODES).filter(
      (code) => !shown.has(code) && !(code in PREPARED_DANGER_CODES),
    )
    expect(missing).toEqual(['conflicting-transactions', 'previous-too-many'])
  })

  test('those that lie in a change need what was before', () => {
    const alone = new Set(
      cases.flatMap((one) => findDangers(one.current, statementContext).map(({ code }) => code)),
    )
    for (const code of [
      'owner-threshold-lowered',
      'owner-added',
      'owners-added-suffice',
      'owner-removed',
      'confirmation-threshold-lowered',
      'hosts-added-suffice',
      'party-keys-elsewhere',
      'signing-threshold-lowered',
      'party-key-acts-alone',
      'party-key-added',
      'self-authorization-lost',
      'host-removed',
      'member-key-added',
      'delegation-widened',
      'serial-jump',
      'serial-taken',
      'removal-differs',
    ]) {
      expect(alone.has(code as DangerCode), code).toBe(false)
    }
  })

  test('what a signature leaves open is said of every mapping, and what it binds', () => {
    const of = (one: TopologyTransaction): string =>
      findDangers(one, statementContext).find(({ code }) => code === 'signature-unbound')
        ?.message ?? ''
    expect(of(hostingTransaction())).toContain('binds no synchronizer')
    expect(of(trust('replace'))).toContain('binds the synchronizer')
    expect(of(trust('replace'))).toContain('no time')
  })

  test('a transaction without a mapping has none: it cannot be signed', () => {
    const empty: TopologyTransaction = { operation: 1, serial: 1, mapping: undefined }
    expect(findDangers(empty, statementContext)).toEqual([])
  })
})

describe('conflicts', () => {
  const read = (value: TopologyTransaction): ReturnType<typeof readTransaction> =>
    readTransaction(wrap(encodeMessage('TopologyTransaction', value)))

  test('two different transactions for one serial of one party', () => {
    const [danger, ...more] = findConflicts([
      read(hostingTransaction({}, 5)),
      read(hostingTransaction({ threshold: 1 }, 5)),
    ])
    expect(more).toEqual([])
    expect(danger).toMatchObject({ code: 'conflicting-transactions', grave: true })
    expect(danger?.message).toContain('PartyToParticipant')
    expect(danger?.message).toContain('serial 5')
  })

  test('a replacement and a removal at the same serial', () => {
    const found = findConflicts([
      read(delegationTransaction(delegation(), 2)),
      read(delegationTransaction(delegation({ restriction: all }), 2, 'remove')),
    ])
    expect(found.length).toBe(1)
  })

  test.each([
    ['one transaction twice', hostingTransaction({}, 5), hostingTransaction({}, 5)],
    ['two serials', hostingTransaction({}, 5), hostingTransaction({ threshold: 1 }, 6)],
    [
      'two parties',
      hostingTransaction({}, 5),
      hostingTransaction({ party: `bob::${fingerprint(0)}` }, 5),
    ],
    [
      'two delegates',
      delegationTransaction(delegation()),
      delegationTransaction(delegation({ targetKey: key(2, [1]) })),
    ],
    ['two kinds of mapping', hostingTransaction({}, 5), partyKeys([0], 1, 5)],
    ['purges, which have no key', purge, purge],
  ] as const)('none for %s', (_what, a, b) => {
    expect(findConflicts([read(a), read(b)])).toEqual([])
  })

  test('two encodings of one content are two transactions', () => {
    const one = read(hostingTransaction({}, 5))
    const other = { ...one, hash: Uint8Array.of(...one.hash).reverse() }
    expect(findConflicts([one, other]).length).toBe(1)
  })
})
