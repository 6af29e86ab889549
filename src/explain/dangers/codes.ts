/**
 * Every danger that is named before a signature (docs/errors.md lists them). Codes are stable:
 * scripts and policies compare them.
 *
 * A danger is grave if it could, by itself, take a party, a namespace or a member from its holder
 * without a way back or without anybody noticing. A grave one has to be accepted by name.
 */
import { PREPARED_DANGER_CODES } from './prepared-codes.ts'

export interface DangerRow {
  readonly grave: boolean
  readonly meaning: string
}

export const DANGER_CODES = {
  'signature-unbound': {
    grave: false,
    meaning:
      'a topology signature names no time, not the proposal flag and, for most mappings, no synchronizer: it can be used elsewhere and later',
  },
  'conflicting-transactions': {
    grave: true,
    meaning:
      'two different transactions for the same thing and serial: others choose which one takes effect',
  },
  'previous-unrelated': {
    grave: true,
    meaning: 'the state given as previous is about something else: no change can be judged by it',
  },
  'previous-unknown': {
    grave: false,
    meaning: 'the serial says that something is changed, and what stood before is not known here',
  },
  'previous-too-many': {
    grave: true,
    meaning:
      'more transactions may stand before it than it is compared with: what it takes away is not told in full',
  },
  'serial-jump': {
    grave: false,
    meaning: 'the serial is not the one after the serial of the previous transaction',
  },
  'serial-taken': {
    grave: true,
    meaning:
      'the serial is not above the one in force: the transaction is stale, or goes back to an older state elsewhere',
  },
  'serial-last': {
    grave: true,
    meaning: 'the largest serial there is: nothing can ever follow, the state is frozen',
  },
  'removal-differs': {
    grave: false,
    meaning: 'a removal whose content is not that of the previous transaction: nodes refuse it',
  },
  'own-control-lost': {
    grave: true,
    meaning: 'the signer loses a power of its own by this transaction',
  },

  'root-delegation-changed': {
    grave: true,
    meaning:
      'the root delegation of a namespace is replaced: unless the root key alone signs it, the namespace is left without a root',
  },
  'root-delegation-removed': {
    grave: true,
    meaning: 'the root delegation of a namespace is removed: the namespace ends for good',
  },
  'root-foreign-signature': {
    grave: true,
    meaning: 'a root delegation is to be signed by another key than the root: it freezes the root',
  },
  'delegate-may-delegate': {
    grave: true,
    meaning:
      'a delegate may sign delegations: it can add keys, and remove or replace the root delegation itself',
  },
  'delegate-full-rights': {
    grave: false,
    meaning: 'a delegate may sign every mapping of the namespace except delegations',
  },
  'delegate-controls-parties': {
    grave: false,
    meaning: 'a delegate with a list of mappings may change hosts, keys or owners',
  },
  'delegation-widened': {
    grave: false,
    meaning: 'an existing delegate may sign mappings that it could not sign before',
  },
  'delegation-removed': {
    grave: false,
    meaning: 'a delegation is removed: the same key can never be delegated to again',
  },

  'owner-added': { grave: false, meaning: 'a new owner shares the decentralized namespace' },
  'owners-added-suffice': {
    grave: true,
    meaning: 'the new owners reach the threshold without any of those before them',
  },
  'owner-removed': { grave: false, meaning: 'an owner loses its share of the namespace' },
  'owner-threshold-lowered': {
    grave: true,
    meaning: 'fewer owners than before act for the decentralized namespace',
  },
  'owner-acts-alone': {
    grave: true,
    meaning: 'every single one of several owners acts for the decentralized namespace alone',
  },
  'owners-minority-suffices': {
    grave: false,
    meaning: 'half of the owners or fewer suffice: two groups can act against each other',
  },
  'owners-all-needed': {
    grave: false,
    meaning: 'all owners are needed: one lost key blocks the namespace for good',
  },
  'decentralized-namespace-removed': {
    grave: true,
    meaning: 'a decentralized namespace is removed: nothing below it can be changed any more',
  },

  'confirmation-threshold-lowered': {
    grave: true,
    meaning: 'fewer hosts than before have to confirm for the party',
  },
  'confirmation-threshold-unreachable': {
    grave: false,
    meaning: 'fewer confirming hosts than the threshold asks for: the party can do nothing',
  },
  'confirmation-all-needed': {
    grave: false,
    meaning: 'every confirming host is needed: one that is down or unwilling blocks the party',
  },
  'host-confirms-alone': {
    grave: false,
    meaning: 'the hosts of one operator reach the confirmation threshold by themselves',
  },
  'hosts-added-suffice': {
    grave: false,
    meaning: 'hosts that did not confirm before reach the confirmation threshold by themselves',
  },
  'host-may-submit': {
    grave: true,
    meaning: 'a host of another operator may act for the party without its signature',
  },
  'host-permission-raised': { grave: false, meaning: 'a host gets a higher permission' },
  'host-without-onboarding': {
    grave: false,
    meaning: 'a host is added to an existing party without the onboarding flag',
  },
  'onboarding-ended': {
    grave: false,
    meaning: 'the onboarding flag of a host is cleared: it counts as having all contracts',
  },
  'host-removed': { grave: false, meaning: 'a host of the party is dropped' },
  'party-without-hosts': { grave: false, meaning: 'the party has no host any more' },
  'party-removed': { grave: false, meaning: 'the hosting of a party is removed altogether' },

  'signing-threshold-lowered': {
    grave: true,
    meaning: 'fewer keys than before sign for the party',
  },
  'signing-all-needed': {
    grave: false,
    meaning: 'all keys of the party are needed: one lost key blocks it',
  },
  'party-key-acts-alone': {
    grave: true,
    meaning: 'a new key signs for the party by itself, or new keys do together',
  },
  'party-key-added': { grave: false, meaning: 'a new key takes part in signing for the party' },
  'party-key-removed': { grave: false, meaning: 'a key signs for the party no longer' },
  'party-keys-dropped': {
    grave: false,
    meaning: 'the party keeps no signing keys of its own in this mapping',
  },
  'party-keys-elsewhere': {
    grave: true,
    meaning:
      'the party lists no keys any more where it is hosted: whichever keys its PartyToKeyMapping lists sign for it instead',
  },
  'party-key-without-protocol': {
    grave: false,
    meaning: 'a listed key that may not sign Daml transactions, which is what it is listed for',
  },
  'self-key-without-namespace': {
    grave: false,
    meaning:
      'the key that is the namespace of the party is listed without NAMESPACE usage: its signature here is invalid',
  },
  'self-authorization-lost': {
    grave: true,
    meaning:
      'the key that authorizes the party by being listed is dropped: without a root delegation the party can never be changed again',
  },
  'host-holds-party-key': {
    grave: true,
    meaning: 'a signing key of the party is the namespace key of one of its hosts',
  },

  'member-key-added': { grave: false, meaning: 'a new key acts as the member' },
  'member-key-removed': { grave: false, meaning: 'a key no longer acts as the member' },
  'member-keys-removed': {
    grave: true,
    meaning: 'the keys of a member are removed: it can never come back to the synchronizer',
  },
  'participant-leaves': {
    grave: true,
    meaning: 'a participant leaves the synchronizer and can never come back',
  },
  'package-unvetted': {
    grave: false,
    meaning: 'packages are vetted no longer: contracts that need them cannot be used there',
  },

  'member-dropped': {
    grave: false,
    meaning: 'an active mediator or sequencer is dropped from the synchronizer',
  },
  'member-threshold-lowered': {
    grave: true,
    meaning: 'fewer mediators or sequencers than before decide for the synchronizer',
  },
  'topology-freeze': {
    grave: false,
    meaning: 'an announced upgrade stops every other topology change of the synchronizer',
  },
  'mappings-purged': {
    grave: true,
    meaning: 'mappings are removed without the consent of those who own them',
  },

  ...PREPARED_DANGER_CODES,
} as const satisfies Readonly<Record<string, DangerRow>>

export type DangerCode = keyof typeof DANGER_CODES

export interface Danger {
  readonly code: DangerCode
  readonly grave: boolean
  /** One sentence; holds names as they were received: a presenter escapes it. */
  readonly message: string
}

/** A danger with the graveness of its row. */
export function danger(code: DangerCode, message: string): Danger {
  return { code, grave: DANGER_CODES[code].grave, message }
}
