/** External parties and who hosts them (docs/protocol/construction.md). */
import type { PublicKey } from '../../crypto/public-key.ts'
import type { Namespace } from '../../ident/fingerprint.ts'
import {
  parseUniqueIdentifier,
  uniqueIdentifierText,
  type UniqueIdentifier,
} from '../../ident/identifiers.ts'
import type { HostingParticipant, PartyToParticipant } from '../../wire/generated/schema.ts'
import { replaceDraft, type PreviousTransaction } from '../build.ts'
import { signingPublicKey } from '../keys.ts'
import { Permission, Usage } from '../names.ts'
import type { ReleaseLine, TransactionDraft } from '../rules.ts'
import { nothingChanges, rootDelegation } from './namespaces.ts'
import { previousMapping, refusal, refuseRepeated } from './refusal.ts'

/** A participant and what it may do for the party. */
export interface Host {
  readonly participant: UniqueIdentifier
  /** ParticipantPermission: 1 submission, 2 confirmation, 3 observation. */
  readonly permission: number
}

const hostText = (host: Host): string => uniqueIdentifierText(host.participant)

function hosting(host: Host, onboarding: boolean): HostingParticipant {
  return {
    participantUid: hostText(host),
    permission: host.permission,
    onboarding: onboarding ? {} : undefined,
  }
}

const NAMESPACE_AND_PROTOCOL = [Usage.namespace, Usage.protocol]

export interface ExternalPartyRequest {
  /** The part of the party id before `::`. */
  readonly hint: string
  /**
   * A key whose fingerprint is the namespace: the party authorizes itself. Or the namespace alone,
   * where its root delegation or decentralized definition is on the network already.
   */
  readonly control:
    | { readonly $case: 'key'; readonly key: PublicKey }
    | { readonly $case: 'namespace'; readonly namespace: Namespace }
  /** Keys for Daml transactions beside the namespace key. */
  readonly signingKeys: readonly PublicKey[]
  /** How many of all the listed keys sign a Daml transaction; may be left out for one key. */
  readonly signingThreshold: number | undefined
  readonly hosts: readonly Host[]
  /** How many hosts confirm; may be left out where one host confirms. */
  readonly threshold: number | undefined
  readonly release: ReleaseLine
}

/**
 * The transactions that found an external party: one self-signed partyToParticipant, or for release
 * line 3.3, which knows no such thing, a root delegation, a partyToKeyMapping and a
 * partyToParticipant.
 * @throws CantosignError `build-rule`, `identifier-invalid`
 */
export function externalParty(request: ExternalPartyRequest): readonly TransactionDraft[] {
  const { control, hosts } = request
  const namespace = control.$case === 'key' ? control.key.fingerprint : control.namespace
  const party = `${request.hint}::${namespace}`
  parseUniqueIdentifier(party, 'party')
  const threshold = confirmationThreshold(hosts, request.threshold)
  const root = control.$case === 'key' ? [control.key] : []
  const keys = [...root, ...request.signingKeys]
  if (keys.length === 0) {
    throw refusal(
      'the party would have no key to sign Daml transactions with',
      'name one: --signing-key FILE',
    )
  }
  refuseRepeated(
    keys.map(({ fingerprint }) => fingerprint),
    'the key',
  )
  const signingThreshold = request.signingThreshold ?? (keys.length === 1 ? 1 : undefined)
  if (signingThreshold === undefined) {
    throw refusal(
      `the party has ${keys.length} keys and no signing threshold`,
      'say how many of them have to sign: --signing-threshold N',
    )
  }
  const listed = [
    ...root.map((key) => signingPublicKey(key, NAMESPACE_AND_PROTOCOL)),
    ...request.signingKeys.map((key) => signingPublicKey(key, [Usage.protocol])),
  ]
  const participants = hosts.map((host) => hosting(host, false))
  if (request.release === '3.3') {
    if (control.$case !== 'key') {
      throw refusal(
        'the form for release line 3.3 needs the namespace key itself',
        'name it: --namespace-key FILE',
      )
    }
    return [
      rootDelegation(control.key, NAMESPACE_AND_PROTOCOL),
      replaceDraft({
        $case: 'partyToKeyMapping',
        value: { party, threshold: signingThreshold, signingKeys: listed },
      }),
      replaceDraft({
        $case: 'partyToParticipant',
        value: { party, threshold, participants, partySigningKeys: undefined },
      }),
    ]
  }
  const partySigningKeys = { keys: listed, threshold: signingThreshold }
  return [
    replaceDraft({
      $case: 'partyToParticipant',
      value: { party, threshold, participants, partySigningKeys },
    }),
  ]
}

function confirmationThreshold(hosts: readonly Host[], asked: number | undefined): number {
  if (hosts.length === 0) {
    throw refusal('no host is named', 'name each one: --host PARTICIPANT=confirmation')
  }
  refuseRepeated(hosts.map(hostText), 'the host')
  const confirming = hosts.filter(({ permission }) => permission !== Permission.observation)
  if (confirming.length === 0) {
    throw refusal(
      'every host only observes: nothing of the party could be confirmed',
      'give at least one host the permission confirmation',
    )
  }
  const threshold = asked ?? (confirming.length === 1 ? 1 : undefined)
  if (threshold === undefined) {
    throw refusal(
      `${confirming.length} hosts confirm and no confirmation threshold is given`,
      'say how many of them have to confirm: --threshold N',
    )
  }
  if (threshold > confirming.length) {
    throw refusal(
      `the confirmation threshold is ${threshold} and only ${confirming.length} hosts confirm`,
      'name more hosts with confirmation, or lower --threshold',
    )
  }
  return threshold
}

export interface HostingChange {
  readonly previous: PreviousTransaction
  readonly addHosts: readonly Host[]
  readonly removeHosts: readonly UniqueIdentifier[]
  /** New permissions of present hosts. */
  readonly permissions: readonly Host[]
  /** Hosts that get the onboarding flag: listed, contracts not yet imported. */
  readonly onboarding: readonly UniqueIdentifier[]
  /** Hosts that lose the flag. */
  readonly onboarded: readonly UniqueIdentifier[]
  /** `undefined` keeps it. */
  readonly threshold: number | undefined
}

/**
 * A change of a party's hosting: exactly what is asked for and nothing else, serial plus one.
 * @throws CantosignError `build-rule`, `previous-mismatch`
 */
export function changedHosting(change: HostingChange): TransactionDraft {
  const before = previousMapping(change.previous, 'partyToParticipant')
  const hosts = new Map(before.participants.map((host) => [host.participantUid, host]))
  refuseContradictions(change)
  for (const host of change.removeHosts) {
    present(hosts, uniqueIdentifierText(host))
    hosts.delete(uniqueIdentifierText(host))
  }
  for (const host of change.permissions) {
    const old = present(hosts, hostText(host))
    if (old.permission === host.permission) {
      throw refusal(`${hostText(host)} has this permission already`, 'leave it out')
    }
    hosts.set(hostText(host), { ...old, permission: host.permission })
  }
  for (const host of change.addHosts) {
    if (hosts.has(hostText(host))) {
      throw refusal(
        `${hostText(host)} is a host already`,
        'to change what it may do, use --permission',
      )
    }
    hosts.set(hostText(host), hosting(host, false))
  }
  for (const [list, onboarding] of [
    [change.onboarding, {}],
    [change.onboarded, undefined],
  ] as const) {
    for (const uid of list) {
      const host = present(hosts, uniqueIdentifierText(uid))
      if ((host.onboarding === undefined) === (onboarding === undefined)) {
        throw refusal(
          `${host.participantUid} ${onboarding === undefined ? 'is not being onboarded' : 'is being onboarded already'}`,
          'leave it out',
        )
      }
      hosts.set(host.participantUid, { ...host, onboarding })
    }
  }
  return hostingDraft(change, before, [...hosts.values()])
}

function hostingDraft(
  change: HostingChange,
  before: PartyToParticipant,
  participants: readonly HostingParticipant[],
): TransactionDraft {
  const threshold = change.threshold ?? before.threshold
  const untouched =
    participants.length === before.participants.length &&
    participants.every((host, i) => host === before.participants[i])
  if (untouched && threshold === before.threshold) throw nothingChanges(change.previous)
  if (change.threshold === before.threshold) {
    throw refusal(`the confirmation threshold is ${threshold} already`, 'leave out --threshold')
  }
  if (participants.length === 0) {
    throw refusal(
      'the party would be left without a host',
      'to give the party up, use build revoke --previous',
    )
  }
  if (threshold > participants.length) {
    throw refusal(
      `the confirmation threshold is ${threshold} and there would be only ${participants.length} hosts`,
      'say the new one: --threshold N',
    )
  }
  return replaceDraft(
    { $case: 'partyToParticipant', value: { ...before, participants, threshold } },
    change.previous,
  )
}

/** Two requests about one host would depend on their order. */
function refuseContradictions(change: HostingChange): void {
  const asked = [
    ...change.addHosts.map(hostText),
    ...change.removeHosts.map(uniqueIdentifierText),
    ...change.permissions.map(hostText),
  ]
  refuseRepeated(asked, 'the host')
  const flags = [...change.onboarding, ...change.onboarded].map(uniqueIdentifierText)
  refuseRepeated(flags, 'the host')
  const removed = new Set(change.removeHosts.map(uniqueIdentifierText))
  const both = flags.find((uid) => removed.has(uid))
  if (both !== undefined) {
    throw refusal(`${both} is removed and has its onboarding flag changed`, 'ask for one of them')
  }
}

function present(
  hosts: ReadonlyMap<string, HostingParticipant>,
  participantUid: string,
): HostingParticipant {
  const host = hosts.get(participantUid)
  if (host !== undefined) return host
  throw refusal(
    `${participantUid} does not host the party`,
    `the hosts are ${[...hosts.keys()].join(', ') || 'none'}`,
  )
}
