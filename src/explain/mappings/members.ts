/** Keys, permissions and packages of nodes in sentences (docs/protocol/construction.md). */
import { encryptionKeyFingerprint } from '../../topology/signing-key.ts'
import type {
  OwnerToKeyMapping,
  ParticipantSynchronizerPermission,
  PublicKey,
  SynchronizerTrustCertificate,
  VettedPackages,
} from '../../wire/generated/schema.ts'
import type { ExplainContext } from '../context.ts'
import { enumWords, microsecondsWords, timeWords } from '../details.ts'
import { quoteText } from '../quote.ts'
import { counted, keyWords, listed, sentence, type Operation, type Sentences } from '../words.ts'

const MEMBER_WORDS: Readonly<Record<string, string>> = {
  PAR: 'participant',
  MED: 'mediator',
  SEQ: 'sequencer',
}

/** `the participant PAR::…` */
function memberWords(member: string): string {
  return `the ${MEMBER_WORDS[member.slice(0, 3)] ?? 'member'} ${quoteText(member)}`
}

function keyStatement({ key }: PublicKey, context: ExplainContext): string {
  switch (key?.$case) {
    case undefined:
      return 'One entry holds no key at all.'
    case 'signingPublicKey':
      return `${sentence(keyWords(key.value, context))} signs as this member.`
    case 'encryptionPublicKey': {
      const spec = enumWords('EncryptionKeySpec', key.value.keySpec)
      const fingerprint = encryptionKeyFingerprint(key.value) ?? 'unknown'
      return `What is sent to this member can be encrypted for the key ${fingerprint} (encryption, ${spec}).`
    }
  }
}

export function describeMemberKeys(
  mapping: OwnerToKeyMapping,
  operation: Operation,
  context: ExplainContext,
): Sentences {
  const member = memberWords(mapping.member)
  const count = counted(mapping.publicKeys.length, 'key')
  const facts = mapping.publicKeys.map((key) => keyStatement(key, context))
  if (operation === 'remove') {
    return {
      summary: `Removes all keys of ${member}.`,
      statements: [
        'Without keys it can take part in nothing.',
        'This cannot be undone: from release line 3.4 on the member can never join the synchronizer again.',
        'What follows describes what is removed.',
        ...facts,
      ],
    }
  }
  return {
    summary: `Lists the keys of ${member}: ${count}, and no others.`,
    statements: [
      ...facts,
      'Whoever holds one of the signing keys acts as this member, within the usage of the key.',
    ],
  }
}

export function describeTrustCertificate(
  mapping: SynchronizerTrustCertificate,
  operation: Operation,
): Sentences {
  const participant = quoteText(mapping.participantUid)
  const synchronizer = quoteText(mapping.synchronizerId)
  const flags = mapping.featureFlags.map((flag) => enumWords('ParticipantFeatureFlag', flag))
  if (operation === 'remove') {
    return {
      summary: `The participant ${participant} leaves the synchronizer ${synchronizer} for good.`,
      statements: [
        'It can never join this synchronizer again: what it hosts there has to be moved before.',
      ],
    }
  }
  return {
    summary: `The participant ${participant} joins the synchronizer ${synchronizer} and trusts it.`,
    statements: [
      flags.length === 0
        ? 'It announces no feature.'
        : `It announces the ${flags.length === 1 ? 'feature' : 'features'} ${listed(flags)}.`,
    ],
  }
}

export function describeParticipantPermission(
  mapping: ParticipantSynchronizerPermission,
  operation: Operation,
): Sentences {
  const participant = quoteText(mapping.participantUid)
  const synchronizer = quoteText(mapping.synchronizerId)
  const permission = enumWords('ParticipantPermission', mapping.permission)
  const rate = mapping.limits?.confirmationRequestsMaxRate
  const facts = [
    rate === undefined
      ? 'No limit of its own is set for it.'
      : `It may send ${rate} confirmation requests a second at most.`,
    mapping.loginAfter === undefined
      ? 'It may connect at any time.'
      : `It may connect only after ${microsecondsWords(mapping.loginAfter)}.`,
  ]
  return operation === 'remove'
    ? {
        summary: `Takes from the participant ${participant} its own permission (${permission}) on the synchronizer ${synchronizer}.`,
        statements: [
          'What the synchronizer grants to everybody applies to it again; on a restricted synchronizer it is shut out.',
          'What follows describes what is removed.',
          ...facts,
        ],
      }
    : {
        summary: `Grants the participant ${participant} the permission ${permission} at most on the synchronizer ${synchronizer}.`,
        statements: facts,
      }
}

export function describeVettedPackages(mapping: VettedPackages, operation: Operation): Sentences {
  const participant = quoteText(mapping.participantUid)
  const { packageIds, packages } = mapping
  const total = counted(packageIds.length + packages.length, 'package')
  const limited = packages.flatMap((one) => {
    const { validFromInclusive: from, validUntilExclusive: until } = one
    if (from === undefined && until === undefined) return []
    const start = from === undefined ? '' : ` from ${timeWords('Timestamp', from)}`
    const end = until === undefined ? '' : ` until before ${timeWords('Timestamp', until)}`
    return [`The package ${quoteText(one.packageId)} counts only${start}${end}.`]
  })
  if (operation === 'remove') {
    return {
      summary: `The participant ${participant} vets no package any more (${total} before).`,
      statements: [
        'Transactions that need one of these packages are no longer accepted there: contracts of its parties can become unusable.',
        ...limited,
      ],
    }
  }
  return {
    summary: `The participant ${participant} vets exactly ${total}: it runs Daml code of these and of no others.`,
    statements: [
      'A package that was vetted before and is not in the list is vetted no longer.',
      ...limited,
    ],
  }
}
