/** What concerns a whole synchronizer in sentences (docs/protocol/construction.md). */
import { toHex } from '../../base/bytes.ts'
import { mappingRow, type KnownMapping } from '../../topology/mapping.ts'
import type {
  DynamicSequencingParametersState,
  LsuAnnouncement,
  MediatorSynchronizerState,
  PurgeTopologyTransaction,
  SequencerSynchronizerState,
  SynchronizerParametersState,
} from '../../wire/generated/schema.ts'
import { readSuccessor } from '../../wire/successor.ts'
import { bytesWords, enumWords, timeWords } from '../details.ts'
import { quoteText } from '../quote.ts'
import { counted, type Operation, type Sentences } from '../words.ts'

const RESTRICTION_WORDS: Readonly<Record<number, string>> = {
  1: 'any participant may join',
  2: 'nobody new may join',
  3: 'only participants with a permission may join',
  4: 'nobody new may join, and a permission would be needed as well',
}

export function describeSynchronizerParameters(
  mapping: SynchronizerParametersState,
  operation: Operation,
): Sentences {
  const synchronizer = quoteText(mapping.synchronizerId)
  if (operation === 'remove') {
    return {
      summary: `Removes the parameters of the synchronizer ${synchronizer}: nodes refuse that.`,
      statements: [],
    }
  }
  const parameters = mapping.synchronizerParameters
  if (parameters === undefined) {
    return {
      summary: `Sets the parameters of the synchronizer ${synchronizer}, but names none.`,
      statements: [],
    }
  }
  const restriction = enumWords('OnboardingRestriction', parameters.onboardingRestriction)
  const words = RESTRICTION_WORDS[parameters.onboardingRestriction] ?? 'no rule that nodes accept'
  return {
    summary: `Sets all parameters of the synchronizer ${synchronizer}, for everybody on it.`,
    statements: [
      `Who may join: ${words} (${restriction}).`,
      parameters.trafficControl === undefined
        ? 'Traffic control is off: sending is not limited by paid traffic.'
        : `Traffic control is given; sending beyond it is ${parameters.trafficControl.enforceRateLimiting ? 'refused' : 'not refused'}.`,
      'Times and limits stand below; every one that is not given is at its default or absent.',
    ],
  }
}

export function describeSequencingParameters(
  mapping: DynamicSequencingParametersState,
  operation: Operation,
): Sentences {
  const synchronizer = quoteText(mapping.synchronizerId)
  const payload = mapping.sequencingParameters?.payload
  const content =
    payload === undefined
      ? 'It holds no parameters.'
      : `The parameters are for the sequencers only and are not read here; in hexadecimal: ${payload.length === 0 ? 'no bytes' : toHex(payload)}.`
  return {
    summary:
      operation === 'remove'
        ? `Removes the sequencing parameters of the synchronizer ${synchronizer}.`
        : `Sets the sequencing parameters of the synchronizer ${synchronizer}.`,
    statements: [content],
  }
}

interface Members {
  readonly threshold: number
  readonly active: readonly string[]
  readonly observers: readonly string[]
}

function memberStatements(members: Members, noun: string): readonly string[] {
  return [
    ...members.active.map((member) => `The ${noun} ${quoteText(member)} is active.`),
    ...members.observers.map(
      (member) => `The ${noun} ${quoteText(member)} only observes and decides nothing.`,
    ),
    `Any ${members.threshold} of ${counted(members.active.length, `active ${noun}`)} decide together.`,
  ]
}

function describeGroup(
  members: Members,
  noun: string,
  place: string,
  operation: Operation,
): Sentences {
  if (operation === 'remove') {
    return {
      summary: `Removes the ${noun}s ${place}.`,
      statements: ['What follows describes what is removed.', ...memberStatements(members, noun)],
    }
  }
  return {
    summary: `Sets the ${noun}s ${place}: ${members.threshold} of ${counted(members.active.length, `active ${noun}`)} decide.`,
    statements: memberStatements(members, noun),
  }
}

export function describeMediatorState(
  mapping: MediatorSynchronizerState,
  operation: Operation,
): Sentences {
  const place = `of group ${mapping.group} on the synchronizer ${quoteText(mapping.synchronizerId)}`
  return describeGroup(mapping, 'mediator', place, operation)
}

export function describeSequencerState(
  mapping: SequencerSynchronizerState,
  operation: Operation,
): Sentences {
  const place = `of the synchronizer ${quoteText(mapping.synchronizerId)}`
  return describeGroup(mapping, 'sequencer', place, operation)
}

export function describeUpgradeAnnouncement(
  mapping: LsuAnnouncement,
  operation: Operation,
): Sentences {
  const successor = quoteText(mapping.successorPhysicalSynchronizerId)
  const time =
    mapping.upgradeTime === undefined
      ? 'at no time that is given'
      : `at ${timeWords('Timestamp', mapping.upgradeTime)}`
  return operation === 'remove'
    ? {
        summary: `Takes back the announcement that the synchronizer moves to ${successor} ${time}.`,
        statements: ['Other topology changes of the synchronizer become possible again.'],
      }
    : {
        summary: `Announces that the synchronizer moves to ${successor} ${time}.`,
        statements: [
          'While the announcement stands, every other topology change of the synchronizer is refused, except where sequencers name their successors.',
        ],
      }
}

export function describeSuccessor(bytes: Uint8Array, operation: Operation): Sentences {
  const successor = readSuccessor(bytes)
  if (successor.form === 'ambiguous') {
    return {
      summary:
        'Names where a sequencer is found after an upgrade, in an encoding that two release lines read differently.',
      statements: [`What it says depends on the reader: ${bytesWords(bytes)}.`],
    }
  }
  const sequencer = quoteText(successor.value.sequencerId)
  const target = quoteText(
    successor.form === '3.5'
      ? successor.value.successorPhysicalSynchronizerId
      : successor.value.synchronizerId,
  )
  const connection =
    successor.form === '3.5'
      ? successor.value.connection
      : successor.value.connection?.connectionType?.value
  const endpoints = connection?.endpoints ?? []
  const certificates = connection?.customTrustCertificates
  return {
    summary:
      operation === 'remove'
        ? `Takes back where the sequencer ${sequencer} is found after the upgrade of ${target}.`
        : `Names where the sequencer ${sequencer} is found after the upgrade of ${target}.`,
    statements: [
      ...(endpoints.length === 0
        ? ['No address is given.']
        : endpoints.map((endpoint) => `Nodes will connect to ${quoteText(endpoint)}.`)),
      certificates === undefined
        ? 'Its certificate is checked as usual.'
        : `They trust the certificates that are given here: ${bytesWords(certificates)}.`,
      `This is the form of release line ${successor.form}.`,
    ],
  }
}

/** @param describeInner what the removal of one mapping means */
export function describePurge(
  mapping: PurgeTopologyTransaction,
  operation: Operation,
  describeInner: (mapping: KnownMapping) => Sentences,
): Sentences {
  const synchronizer = quoteText(mapping.synchronizerId)
  const count = counted(mapping.mappings.length, 'mapping')
  return {
    summary:
      operation === 'remove'
        ? `Takes back the purge of ${count} on the synchronizer ${synchronizer} (release line 3.3).`
        : `Purges ${count} from the synchronizer ${synchronizer}, whoever owns them (release line 3.3).`,
    statements: mapping.mappings.map(({ mapping: inner }) =>
      inner === undefined
        ? 'One entry holds no mapping that this tool knows.'
        : `${mappingRow(inner.$case).type}: ${describeInner(inner).summary}`,
    ),
  }
}
