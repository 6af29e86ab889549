/** What an explanation may know beside the transaction itself. */
import type { PartyToParticipant, SigningPublicKey } from '../wire/generated/schema.ts'

export interface ExplainContext {
  /** Fingerprint of a signing key of the wire; `undefined` for bytes that are no key. */
  readonly fingerprintOf: (key: SigningPublicKey) => string | undefined
  /** Fingerprints of the signer's own keys and namespaces, if they are known. */
  readonly own?: ReadonlySet<string>
  /** The fingerprint of the key that signs. */
  readonly signer?: string
  /** The keys that the hosting of a party lists or may list, each list as far as it is known. */
  readonly hostedKeys?: (
    party: string,
  ) => readonly NonNullable<PartyToParticipant['partySigningKeys']>[]
}
