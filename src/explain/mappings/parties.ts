/** Hosting and keys of parties in sentences (docs/protocol/authorization.md). */
import type {
  HostingParticipant,
  PartyHostingLimits,
  PartyToKeyMapping,
  PartyToParticipant,
  SigningPublicKey,
} from '../../wire/generated/schema.ts'
import type { ExplainContext } from '../context.ts'
import { enumWords } from '../details.ts'
import { quoteText } from '../quote.ts'
import {
  counted,
  hasUsage,
  keyName,
  keyWords,
  KeyUsage,
  namespacePart,
  Permission,
  sentence,
  type Operation,
  type Sentences,
} from '../words.ts'

/** Hosts whose confirmation counts: SUBMISSION includes CONFIRMATION. */
export function confirmingHosts(mapping: PartyToParticipant): readonly HostingParticipant[] {
  return mapping.participants.filter(
    ({ permission }) =>
      permission === Permission.submission || permission === Permission.confirmation,
  )
}

/** The key whose fingerprint is the party's own namespace, if it is listed. */
export function selfKey(
  mapping: PartyToParticipant,
  context: ExplainContext,
): SigningPublicKey | undefined {
  const namespace = namespacePart(mapping.party)
  return mapping.partySigningKeys?.keys.find((key) => context.fingerprintOf(key) === namespace)
}

const PERMISSION_WORDS: Readonly<Record<number, string>> = {
  [Permission.submission]:
    'may submit, confirm and observe: it can act for the party by itself, without a signature of the party',
  [Permission.confirmation]:
    'may confirm and observe: it checks and confirms what happens to the party and sees its contracts',
  [Permission.observation]:
    'may only observe: it sees the contracts of the party and confirms nothing',
}

function hostStatement(host: HostingParticipant): string {
  const permission = enumWords('ParticipantPermission', host.permission)
  const words = PERMISSION_WORDS[host.permission] ?? 'has no permission that nodes accept'
  const onboarding =
    host.onboarding === undefined
      ? ''
      : ' It is listed, but has not yet imported the contracts of the party (onboarding flag).'
  return `The participant ${quoteText(host.participantUid)} ${words} (${permission}).${onboarding}`
}

function thresholdStatement(mapping: PartyToParticipant): string {
  const count = confirmingHosts(mapping).length
  const of = `${mapping.threshold} of ${counted(count, 'confirming host')}`
  if (mapping.threshold > count) {
    return `Confirmation needs ${of}, which cannot be reached: nothing can be confirmed for the party.`
  }
  return mapping.threshold === 1 && count > 1
    ? `Confirmation needs ${of}: each of them alone confirms for the party.`
    : `Confirmation needs ${of} for everything that happens to the party.`
}

function signersStatement(threshold: number, keys: readonly SigningPublicKey[]): string {
  const of = `${threshold} of ${counted(keys.length, 'key')}`
  if (threshold > keys.length) {
    return `Daml transactions of the party need the signatures of ${of}, which cannot be reached.`
  }
  return threshold === 1 && keys.length > 1
    ? `Daml transactions of the party need the signatures of ${of}: each of them alone signs for it.`
    : `Daml transactions of the party need the signatures of ${of}.`
}

function keyStatements(mapping: PartyToParticipant, context: ExplainContext): readonly string[] {
  const { partySigningKeys } = mapping
  if (partySigningKeys === undefined) {
    return [
      'No signing keys of the party are listed here: they stand in a PartyToKeyMapping, or the party is not signed for externally.',
    ]
  }
  const { keys, threshold } = partySigningKeys
  const self = selfKey(mapping, context)
  return [
    signersStatement(threshold, keys),
    ...keys.map((key) => `${sentence(keyWords(key, context))} signs for the party.`),
    ...(self === undefined ? [] : selfStatements(self, context)),
  ]
}

function selfStatements(self: SigningPublicKey, context: ExplainContext): readonly string[] {
  const key = sentence(keyName(self, context))
  return hasUsage(self, KeyUsage.namespace)
    ? [
        `${key} is the namespace of the party itself: as long as it is listed here, its signature authorizes this mapping without any delegation.`,
      ]
    : [
        `${key} is the namespace of the party itself, but is listed without NAMESPACE usage: its signature on this mapping is not valid.`,
      ]
}

export function describePartyHosting(
  mapping: PartyToParticipant,
  operation: Operation,
  serial: number,
  context: ExplainContext,
): Sentences {
  const party = quoteText(mapping.party)
  const { participants } = mapping
  const count = counted(participants.length, 'participant')
  const facts = [
    ...participants.map(hostStatement),
    thresholdStatement(mapping),
    ...keyStatements(mapping, context),
  ]
  if (operation === 'remove') {
    return {
      summary: `Ends the hosting of the party ${party} altogether.`,
      statements: [
        `No participant hosts the party ${party} any more: its contracts cannot be used until it is hosted again.`,
        'What follows describes what is removed.',
        ...facts,
      ],
    }
  }
  const hosts = participants.length === 0 ? 'no participant' : count
  const opening =
    serial > 1 ? `Changes the hosting of the party ${party} to` : `Hosts the party ${party} on`
  const confirming = counted(confirmingHosts(mapping).length, 'confirming host')
  return {
    summary: `${opening} ${hosts}: ${mapping.threshold} of ${confirming} needed.`,
    statements: facts,
  }
}

export function describePartyKeys(
  mapping: PartyToKeyMapping,
  operation: Operation,
  context: ExplainContext,
): Sentences {
  const party = quoteText(mapping.party)
  const { signingKeys, threshold } = mapping
  const facts = [
    signersStatement(threshold, signingKeys),
    ...signingKeys.map((key) => `${sentence(keyWords(key, context))} signs for the party.`),
    'From release line 3.4 on such keys can stand in PartyToParticipant instead.',
  ]
  if (operation === 'remove') {
    return {
      summary: `Removes the signing keys of the party ${party}.`,
      statements: [
        'The party can no longer sign Daml transactions with these keys, unless they are listed in its PartyToParticipant.',
        'What follows describes what is removed.',
        ...facts,
      ],
    }
  }
  return {
    summary: `Lists the signing keys of the party ${party}: ${threshold} of ${counted(signingKeys.length, 'key')} needed.`,
    statements: facts,
  }
}

export function describePartyHostingLimits(
  mapping: PartyHostingLimits,
  operation: Operation,
): Sentences {
  const party = quoteText(mapping.party)
  const synchronizer = quoteText(mapping.synchronizerId)
  return {
    summary:
      operation === 'remove'
        ? `Removes the hosting limits of the party ${party} on the synchronizer ${synchronizer}.`
        : `Sets hosting limits of the party ${party} on the synchronizer ${synchronizer}.`,
    statements: [
      'The mapping names the party and the synchronizer and no number: in the release lines this tool knows it sets no limit by itself.',
    ],
  }
}
