/** What the calculator answers (docs/protocol/authorization.md). */
import type { Fingerprint, Namespace } from '../ident/fingerprint.ts'

/**
 * - `authorized`: nothing is missing; the transaction may take effect;
 * - `incomplete`: a namespace signature is there, something else is missing: a proposal;
 * - `unauthorized`: a node rejects it, also as a proposal;
 * - `unknown`: state that is not at hand decides between the others.
 */
export type AuthorizationStatus = 'authorized' | 'incomplete' | 'unauthorized' | 'unknown'

/**
 * `strict` is how a node judges a new transaction. `snapshot` adds the two relaxations with which
 * nodes take in a snapshot (docs/protocol/authorization.md section 10).
 */
export type AuthorizationMode = 'strict' | 'snapshot'

/** A relaxation without which the transaction would be incomplete. */
export type Relaxation = 'missing-extra-keys' | 'raised-permission'

/** The claimed signers of one transaction by what their signatures are worth; a key is in one set. */
export interface Signers {
  readonly valid: ReadonlySet<string>
  readonly invalid: ReadonlySet<string>
  /** The key is not known, or of a kind that this tool cannot verify with. */
  readonly unverifiable: ReadonlySet<string>
}

/** An owner of a decentralized namespace that has not signed yet. */
export interface OpenOwner {
  readonly namespace: Namespace
  /** Any one of these; sorted. Empty: nobody can, as far as the state shows. */
  readonly candidates: readonly Fingerprint[]
}

export interface MissingNamespace {
  readonly namespace: Namespace
  /** `unknown`: the state has neither a root certificate nor a definition, and may be partial. */
  readonly kind: 'normal' | 'decentralized' | 'unknown'
  /** How many more: 1, or the number of owners that still have to sign. */
  readonly need: number
  /** Of how many in all: 1, or the threshold. */
  readonly of: number
  /** Keys of which any one helps; sorted. Fewer than `need`: it cannot be met in this state. */
  readonly candidates: readonly Fingerprint[]
  /** For a decentralized namespace. */
  readonly openOwners: readonly OpenOwner[]
}

/** One way of meeting what several ways can meet. */
export interface Alternative {
  readonly namespaces: readonly MissingNamespace[]
  /** Extra keys, each of which has to sign. */
  readonly keys: readonly Fingerprint[]
}

export interface Missing {
  /** Needed in any case. */
  readonly namespaces: readonly MissingNamespace[]
  /** Extra keys that are needed in any case; each has to sign itself. */
  readonly keys: readonly Fingerprint[]
  /** One entry for each OR that is not met, nor would be by what is missing in any case. */
  readonly anyOf: readonly (readonly Alternative[])[]
}

/** Why the status is not `authorized`, or what is notable about it. */
export const AUTHORIZATION_REASONS = {
  'no-signature': 'nobody has signed',
  'no-usable-signature': 'none of the signers may sign for anything the transaction asks',
  'no-namespace-signature':
    'only listed keys have signed; a signature that stands for a namespace is needed first',
  'invalid-signature': 'a signature that would count does not verify',
  'self-key-without-namespace-usage':
    'the listed key of the party itself has signed and lacks the usage NAMESPACE in this mapping',
  'signatures-missing': 'signatures are missing',
  'waits-for-batch':
    'nothing is missing here, but a transaction before it in the same batch is not complete',
  'root-certificate-foreign-signer':
    'a root certificate that another key has signed too is judged as an ordinary delegation',
  'root-alone-is-safe':
    'delegates could sign this root certificate, but only the root key alone keeps the namespace intact',
  'wrong-synchronizer': 'the mapping names another synchronizer than that of the store',
  'already-active': 'the same transaction is in force already',
  'mapping-refused': 'no node reads this mapping',
  'mapping-unreadable': 'this tool cannot read what the mapping says about authority',
  'removal-of-other-content':
    'a PartyToParticipant is removed that is not the one in force; the rules do not say who may',
  'previous-unknown': 'the previous transaction of this mapping is not proved by the state',
  'serial-used': 'the state has a transaction of this mapping with this serial or a later one',
  'serial-gap': 'the serial does not follow that of the transaction before it',
  'authority-unknown': 'a signer may be entitled by a delegation that the state does not have',
  'signature-unverifiable': 'a signature that would count cannot be verified',
  'synchronizer-unknown': 'the synchronizer is not known, and its owner may remove any mapping',
  'namespace-not-trusted':
    'it rests on a namespace that nobody vouches for here, whoever holds its key',
} as const

export type ReasonCode = keyof typeof AUTHORIZATION_REASONS

export interface Reason {
  readonly code: ReasonCode
  /** Signers, namespaces or identifiers that it is about; raw text from outside. */
  readonly subjects: readonly string[]
  /** What exactly is wrong, where the code alone does not say it. */
  readonly detail?: string
}

/** State without which the question cannot be answered. */
export type NeededState =
  /** The root certificate of the namespace or, if it is decentralized, its definition. */
  | { readonly $case: 'namespace'; readonly namespace: Namespace }
  /** Delegations of the namespace to these keys, if there are any. */
  | {
      readonly $case: 'delegations'
      readonly namespace: Namespace
      readonly keys: readonly string[]
    }
  /** The record of the same mapping with this serial, and what proves it. */
  | { readonly $case: 'previous'; readonly uniqueKey: string; readonly serial: number }
  /** The public key of a signer. */
  | { readonly $case: 'key'; readonly fingerprint: string }
  /** Which synchronizer the transaction is for. */
  | { readonly $case: 'synchronizer' }

/**
 * What the answer takes for granted because no file can prove it
 * (docs/protocol/authorization.md section 11).
 */
export type Assumption =
  /** No delegation of the namespace that the answer uses was replaced or removed since. */
  | { readonly $case: 'no-later-revocation'; readonly namespace: Namespace }
  /** No later definition of the decentralized namespace exists. */
  | { readonly $case: 'no-later-definition'; readonly namespace: Namespace }
  /** Nothing else has used this serial, or a later one, of the same mapping. */
  | { readonly $case: 'serial-free'; readonly serial: number }
  /** The network took the state that is used, or transactions before it: a signature proves who signed, not that. */
  | { readonly $case: 'accepted-by-network' }
  /** Whoever is called missing has no further delegate who signed already. */
  | { readonly $case: 'no-further-delegation' }

export interface AuthorizationResult {
  readonly status: AuthorizationStatus
  /** Signers that are valid and count; sorted. */
  readonly signed: readonly Fingerprint[]
  /** Signers that count for nothing: a node drops them unseen; sorted. */
  readonly superfluous: readonly string[]
  /** Signers whose signature does not verify, whether it would count or not; sorted. */
  readonly invalid: readonly string[]
  readonly unverifiable: readonly string[]
  readonly missing: Missing
  readonly reasons: readonly Reason[]
  /** Only if the status is `unknown`. */
  readonly neededState: readonly NeededState[]
  /** Empty for a complete state. */
  readonly assumptions: readonly Assumption[]
  /** Only in mode `snapshot`. */
  readonly relaxations: readonly Relaxation[]
}

export const NOTHING_MISSING: Missing = { namespaces: [], keys: [], anyOf: [] }
