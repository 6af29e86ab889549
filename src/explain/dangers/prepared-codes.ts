/** Dangers of signing a prepared Daml transaction; part of the list in codes.ts. */
export const PREPARED_DANGER_CODES = {
  'acts-for-others': {
    grave: false,
    meaning: 'parties that are not the signer act too: the signature joins its authority to theirs',
  },
  'signer-does-not-act': {
    grave: false,
    meaning: 'no party of the signer acts: the transaction does not need this signature',
  },
  'reads-as-others': {
    grave: false,
    meaning:
      'a contract is used of which no acting party is a stakeholder: it was read with the rights of others, or disclosed',
  },
  'writes-as-others': {
    grave: false,
    meaning:
      'below the root the authority of parties is used that do not act: they gave it with a contract',
  },
  'executable-by-others': {
    grave: false,
    meaning:
      'whoever holds the signed transaction can execute it, on any participant of the synchronizer, until its time is over',
  },
  'valid-long': {
    grave: false,
    meaning: 'the signed transaction can be executed for more than 24 hours',
  },
  'prepared-in-future': {
    grave: false,
    meaning:
      'the preparation time lies ahead of the clock here: one of the two is wrong, and the transaction can be executed for longer than it seems',
  },
  'prepared-long-ago': {
    grave: false,
    meaning:
      'the transaction was prepared more than 24 hours ago: unless the synchronizer allows more, it cannot be executed any more',
  },
  'time-over': {
    grave: false,
    meaning: 'a time until which the transaction can be executed has passed by the clock here',
  },
  'ledger-time-bound': {
    grave: false,
    meaning: 'the transaction depends on the ledger time and fails outside its bounds',
  },
  'package-changed': {
    grave: false,
    meaning: 'a contract is used through another package than it was created with',
  },
  'own-contract-archived': {
    grave: false,
    meaning: 'a contract that the signer is a signatory of is archived',
  },
} as const satisfies Readonly<Record<string, { readonly grave: boolean; readonly meaning: string }>>
