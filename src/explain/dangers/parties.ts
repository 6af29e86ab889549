/** Dangers of hosting and of the keys of a party (docs/protocol/authorization.md). */
import { participantUidText } from '../../ident/identifiers.ts'
import type {
  HostingParticipant,
  PartyToKeyMapping,
  PartyToParticipant,
  SigningPublicKey,
} from '../../wire/generated/schema.ts'
import type { ExplainContext } from '../context.ts'
import { enumWords } from '../details.ts'
import { confirmingHosts, selfKey } from '../mappings/parties.ts'
import { quoteText } from '../quote.ts'
import {
  counted,
  hasUsage,
  keyName,
  KeyUsage,
  listed,
  namespacePart,
  Permission,
} from '../words.ts'
import { dangerIf, isOwn, newIn, type Change } from './change.ts'
import type { Danger } from './codes.ts'

const hostNamespace = (host: HostingParticipant): string =>
  namespacePart(participantUidText(host.participantUid))

type Hosts = ReadonlyMap<string, HostingParticipant>

/** Of two entries for one participant nodes keep the one with more rights, then the first. */
function hostsOf(mapping: PartyToParticipant | undefined): Hosts {
  const hosts = new Map<string, HostingParticipant>()
  for (const host of mapping?.participants ?? []) {
    const name = participantUidText(host.participantUid)
    const earlier = hosts.get(name)
    if (earlier === undefined || host.permission < earlier.permission) hosts.set(name, host)
  }
  return hosts
}

const names = (hosts: readonly HostingParticipant[]): string =>
  listed(hosts.map(({ participantUid }) => quoteText(participantUid)))

const permissionWords = (host: HostingParticipant): string =>
  enumWords('ParticipantPermission', host.permission)

/** Confirming hosts by operator; those of the party's own namespace are the party itself. */
function operatorsAlone(mapping: PartyToParticipant): readonly (readonly HostingParticipant[])[] {
  const groups = new Map<string, HostingParticipant[]>()
  for (const host of confirmingHosts(mapping)) {
    const namespace = hostNamespace(host)
    if (namespace === namespacePart(mapping.party)) continue
    const group = groups.get(namespace)
    if (group === undefined) groups.set(namespace, [host])
    else group.push(host)
  }
  return [...groups.values()].filter((group) => group.length >= mapping.threshold)
}

function confirmationDangers({ current, previous }: Change<PartyToParticipant>): readonly Danger[] {
  const { threshold } = current
  const before = new Set(
    confirmingHosts(previous ?? current).map((host) => participantUidText(host.participantUid)),
  )
  const added = confirmingHosts(current).filter(
    (host) =>
      !before.has(participantUidText(host.participantUid)) &&
      hostNamespace(host) !== namespacePart(current.party),
  )
  const confirming = confirmingHosts(current).length
  const alone = operatorsAlone(current)
  return [
    ...dangerIf(
      previous !== undefined && threshold < previous.threshold,
      'confirmation-threshold-lowered',
      () =>
        `${counted(threshold, 'confirmation')} will do where ${previous?.threshold ?? 0} were needed`,
    ),
    ...dangerIf(
      current.participants.length > 0 && threshold > confirming,
      'confirmation-threshold-unreachable',
      () =>
        `${counted(threshold, 'confirmation')} needed and ${counted(confirming, 'confirming host')}: nothing can be confirmed for the party`,
    ),
    ...dangerIf(
      confirming > 1 && threshold === confirming,
      'confirmation-all-needed',
      () => `all ${confirming} confirming hosts are needed: one that fails blocks the party`,
    ),
    ...dangerIf(
      alone.length > 0,
      'host-confirms-alone',
      () => `without anybody else confirming for the party: ${alone.map(names).join('; or ')}`,
    ),
    ...dangerIf(
      threshold > 1 && added.length >= threshold,
      'hosts-added-suffice',
      () =>
        `hosts that did not confirm before reach the threshold of ${threshold} by themselves: ${names(added)}`,
    ),
  ]
}

function hostDangers(change: Change<PartyToParticipant>): readonly Danger[] {
  const { current, previous, context } = change
  const before = hostsOf(previous)
  const after = hostsOf(current)
  const known = previous !== undefined
  const pairs = [...after].map(([uid, host]) => ({ host, was: before.get(uid) }))
  const submitting = pairs.filter(
    ({ host, was }) =>
      host.permission === Permission.submission &&
      was?.permission !== Permission.submission &&
      hostNamespace(host) !== namespacePart(current.party),
  )
  const raised = pairs.flatMap(({ host, was }) =>
    was !== undefined && host.permission > 0 && host.permission < was.permission
      ? [
          `${quoteText(host.participantUid)} from ${permissionWords(was)} to ${permissionWords(host)}`,
        ]
      : [],
  )
  const unready = pairs.filter(
    ({ host, was }) => known && was === undefined && host.onboarding === undefined,
  )
  const ended = pairs.filter(
    ({ host, was }) => was?.onboarding !== undefined && host.onboarding === undefined,
  )
  const dropped = [...before].filter(([uid]) => !after.has(uid)).map(([, host]) => host)
  const lowered = pairs.flatMap(({ host, was }) =>
    was !== undefined && was.permission > 0 && host.permission > was.permission ? [host] : [],
  )
  return [
    ...dangerIf(
      submitting.length > 0,
      'host-may-submit',
      () =>
        `${names(submitting.map(({ host }) => host))} may act for the party without a signature of the party`,
    ),
    ...dangerIf(
      raised.length > 0,
      'host-permission-raised',
      () => `a permission rises: ${listed(raised)}`,
    ),
    ...dangerIf(
      unready.length > 0 && before.size > 0,
      'host-without-onboarding',
      () =>
        `${names(unready.map(({ host }) => host))} counts as a full host at once: if the party has contracts, it lacks them`,
    ),
    ...dangerIf(
      ended.length > 0,
      'onboarding-ended',
      () =>
        `${names(ended.map(({ host }) => host))} counts as having imported all contracts of the party`,
    ),
    ...dangerIf(
      dropped.length > 0,
      'host-removed',
      () => `no longer a host of the party: ${names(dropped)}`,
    ),
    ...dangerIf(
      isOwn(context, ...[...dropped, ...lowered].map(hostNamespace)),
      'own-control-lost',
      () => 'a participant of yours is dropped, or its permission is lowered',
    ),
  ]
}

/** A list of keys with how many of them sign. */
interface Signers {
  readonly keys: readonly SigningPublicKey[]
  readonly threshold: number
}

const fingerprintsOf = (keys: readonly SigningPublicKey[], context: ExplainContext): string[] =>
  keys.flatMap((key) => context.fingerprintOf(key) ?? [])

/** Dangers of keys that sign for the party now and did not before. */
function newSignerDangers(
  current: Signers,
  previous: Signers | undefined,
  context: ExplainContext,
): readonly Danger[] {
  const after = fingerprintsOf(current.keys, context)
  const added = newIn(fingerprintsOf(previous?.keys ?? [], context), after)
  const { threshold } = current
  const alone = added.length > 0 && added.length >= threshold
  return [
    ...dangerIf(
      previous !== undefined && threshold < previous.threshold,
      'signing-threshold-lowered',
      () =>
        `${counted(threshold, 'key')} will do where ${previous?.threshold ?? 0} had to sign for the party`,
    ),
    ...dangerIf(alone, 'party-key-acts-alone', () =>
      threshold > 1
        ? `new, and any ${threshold} of them sign for the party by themselves: ${listed(added)}`
        : `new, and each signs for the party by itself: ${listed(added)}`,
    ),
    ...dangerIf(
      added.length > 0 && !alone,
      'party-key-added',
      () => `new, and takes part in ${threshold} of ${after.length}: ${listed(added)}`,
    ),
  ]
}

/** Dangers of a change of the keys that sign for the party. */
function signerDangers(
  current: Signers | undefined,
  previous: Signers | undefined,
  context: ExplainContext,
): readonly Danger[] {
  const before = fingerprintsOf(previous?.keys ?? [], context)
  const removed = newIn(fingerprintsOf(current?.keys ?? [], context), before)
  return [
    ...(current === undefined ? [] : newSignerDangers(current, previous, context)),
    ...dangerIf(
      current !== undefined && removed.length > 0,
      'party-key-removed',
      () => `no longer a key of the party: ${listed(removed)}`,
    ),
    ...dangerIf(
      previous !== undefined && current === undefined,
      'party-keys-dropped',
      () => `no longer keys of the party here: ${listed(removed)}`,
    ),
    ...dangerIf(
      isOwn(context, ...removed),
      'own-control-lost',
      () => 'a key of yours signs for the party no longer',
    ),
  ]
}

/** Dangers of the keys as they are listed, whatever was before. */
function keyListDangers({ keys, threshold }: Signers, context: ExplainContext): readonly Danger[] {
  const unfit = keys.filter((key) => !hasUsage(key, KeyUsage.protocol))
  return [
    ...dangerIf(
      keys.length > 1 && threshold === keys.length,
      'signing-all-needed',
      () => `all ${keys.length} keys have to sign for the party: the loss of one blocks it`,
    ),
    ...dangerIf(
      unfit.length > 0,
      'party-key-without-protocol',
      () =>
        `listed to sign for the party, and without PROTOCOL usage: ${listed(unfit.map((key) => keyName(key, context)))}`,
    ),
  ]
}

function selfDangers({
  current,
  previous,
  context,
}: Change<PartyToParticipant>): readonly Danger[] {
  const self = selfKey(current, context)
  const had = previous !== undefined && selfKey(previous, context) !== undefined
  const keys = new Set(fingerprintsOf(current.partySigningKeys?.keys ?? [], context))
  const holders = current.participants.filter((host) => {
    const namespace = hostNamespace(host)
    return namespace !== namespacePart(current.party) && keys.has(namespace)
  })
  return [
    ...dangerIf(
      had && self === undefined,
      'self-authorization-lost',
      () =>
        `the key ${quoteText(namespacePart(current.party))} is taken out of the list: this change and all later ones need a root delegation of that namespace`,
    ),
    ...dangerIf(
      self !== undefined && !hasUsage(self, KeyUsage.namespace),
      'self-key-without-namespace',
      () =>
        'the key that is the namespace of the party is listed without NAMESPACE usage: nodes reject its signature on this transaction',
    ),
    ...dangerIf(
      holders.length > 0,
      'host-holds-party-key',
      () => `the namespace key of a host signs for the party: ${names(holders)}`,
    ),
  ]
}

export function partyHostingDangers(change: Change<PartyToParticipant>): readonly Danger[] {
  const { current, previous, operation, context } = change
  if (operation === 'remove') {
    return dangerIf(
      true,
      'party-removed',
      () =>
        `the party ${quoteText(current.party)} has no host any more, and its contracts cannot be used`,
    )
  }
  const keys = current.partySigningKeys
  return [
    ...dangerIf(
      current.participants.length === 0,
      'party-without-hosts',
      () => `the party ${quoteText(current.party)} is hosted nowhere`,
    ),
    ...hostDangers(change),
    ...confirmationDangers(change),
    ...(keys === undefined ? [] : keyListDangers(keys, context)),
    ...selfDangers(change),
    ...dangerIf(
      keys === undefined && previous?.partySigningKeys !== undefined,
      'party-keys-elsewhere',
      () =>
        'what signs for the party from now on is its PartyToKeyMapping, now or later: which keys that lists is not said here',
    ),
    ...(previous === undefined ? [] : signerDangers(keys, previous.partySigningKeys, context)),
  ]
}

export function partyKeyDangers(change: Change<PartyToKeyMapping>): readonly Danger[] {
  const { current, previous, operation, context } = change
  const signers: Signers = { keys: current.signingKeys, threshold: current.threshold }
  if (operation === 'remove') return signerDangers(undefined, signers, context)
  const always = keyListDangers(signers, context)
  if (previous !== undefined) {
    const before = { keys: previous.signingKeys, threshold: previous.threshold }
    return [...always, ...signerDangers(signers, before, context)]
  }
  // A party that lists keys where it is hosted gets more of them by a first mapping of this kind.
  const hosted = context.hostedKeys?.(current.party) ?? []
  const added = hosted.flatMap((one) => newSignerDangers(signers, one, context))
  return [...always, ...new Map(added.map((one) => [one.message, one])).values()]
}
