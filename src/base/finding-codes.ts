import { PREPARED_FINDING_CODES } from './prepared-finding-codes.ts'

/**
 * Findings: what is odd about received bytes, as data. Each has a severity:
 *
 * - `fatal`: the bytes cannot all be placed; nothing after the finding is read, every command stops;
 * - `refuse`: shown by inspect and verify, not signed (some only unless accepted by name);
 * - `allow`: named and allowed.
 *
 * `acceptable` says whether `--accept-finding CODE` can lift a refusal. It cannot where there would
 * be nothing meaningful to sign.
 */
export type Severity = 'fatal' | 'refuse' | 'allow'

interface FindingRule {
  readonly severity: Severity
  readonly acceptable?: true
  readonly meaning: string
}

export const FINDING_CODES = {
  // the wire
  truncated: {
    severity: 'fatal',
    meaning: 'data end inside a tag, varint, fixed value or length-delimited value',
  },
  'length-overflow': { severity: 'fatal', meaning: 'a length of 2^31 or more' },
  'varint-overflow': {
    severity: 'fatal',
    meaning: 'a varint longer than 10 bytes or above 64 bits',
  },
  'invalid-tag': { severity: 'fatal', meaning: 'field number 0 or above 2^29-1' },
  'group-or-invalid-wire-type': { severity: 'fatal', meaning: 'wire type 3, 4 (groups), 6 or 7' },
  'trailing-bytes': { severity: 'fatal', meaning: 'bytes after the end that belong to no record' },
  'bad-version': { severity: 'fatal', meaning: 'the wrapper version is missing or not 30' },
  'nesting-too-deep': { severity: 'fatal', meaning: 'messages nested deeper than the limit' },
  'list-too-long': {
    severity: 'fatal',
    meaning: 'more numbers in one list than any mapping has a use for',
  },
  'too-many-findings': {
    severity: 'fatal',
    meaning: 'more defects in one transaction than are listed',
  },
  'unknown-field': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'a field number that the message does not have in any release line',
  },
  'reserved-field': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'a field number that the message reserves',
  },
  'duplicate-field': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'a singular field that occurs more than once',
  },
  'oneof-conflict': { severity: 'refuse', acceptable: true, meaning: 'two members of one oneof' },
  'wrong-wire-type': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'a known field with a wire type that does not fit its type',
  },
  'non-minimal-varint': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'a tag, length or value written with more bytes than needed',
  },
  'value-out-of-range': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'a value outside the range of its declared type',
  },
  'invalid-utf8': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'a string field that is not UTF-8',
  },
  'unsafe-text': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'control, bidirectional, zero-width or tag characters in a string',
  },
  'unknown-enum': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'an enum number without a meaning',
  },
  'escaped-text': {
    severity: 'allow',
    meaning: 'free text with characters that do not show as they are; it is shown escaped',
  },
  'empty-data': { severity: 'refuse', meaning: 'a wrapper without content' },
  'legacy-field': {
    severity: 'allow',
    meaning:
      'a removed or deprecated field that live networks carry; no authority, part of the hash',
  },
  'unpacked-enum': {
    severity: 'allow',
    meaning: 'a repeated enum written unpacked or in several chunks',
  },
  'explicit-default': { severity: 'allow', meaning: 'a default value written on the wire' },
  'non-ascending-fields': {
    severity: 'allow',
    meaning: 'fields of a message not in ascending order',
  },
  'version-first': { severity: 'allow', meaning: 'a wrapper with version before data' },

  // what a transaction says
  'unspecified-enum': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'an enum that must be set is 0 or missing',
  },
  'missing-field': { severity: 'refuse', acceptable: true, meaning: 'a required field is missing' },
  'missing-mapping': {
    severity: 'refuse',
    meaning: 'a transaction without a mapping this tool knows',
  },
  'bad-serial': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'a serial that is 0, missing, negative or above 2147483647',
  },
  'max-serial': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'serial 2147483647: nothing can follow it',
  },
  'bad-identifier': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'an identifier outside its character set or shape',
  },
  'restriction-conflict': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'is_root_delegation together with a restriction',
  },
  'empty-restriction-list': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'a list of allowed mappings without entries',
  },
  'root-cannot-delegate': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'a root delegation whose restriction excludes namespace delegations',
  },
  'duplicate-entry': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'an element twice in a list that is a set',
  },
  'threshold-out-of-range': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'a threshold of 0 or above what it counts',
  },
  'too-many-keys': { severity: 'refuse', acceptable: true, meaning: 'more than 20 keys' },
  'empty-list': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'a list that must not be empty is',
  },
  'members-overlap': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'a member both active and observing',
  },
  'validity-inverted': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'a validity that ends before it begins',
  },
  'namespace-mismatch': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'a first decentralized namespace that is not the hash of its owners',
  },
  'bad-key': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'public key bytes that do not fit their format and key spec',
  },
  'bad-key-usage': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'a key usage that Canton forbids, or without NAMESPACE where it is needed',
  },
  'legacy-key-id-mismatch': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'the old key id is not the fingerprint computed from the key',
  },
  'compressed-point': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'an EC key with a compressed point: another fingerprint for the same key',
  },
  'ambiguous-encoding': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'bytes that two release lines read differently',
  },
  'ml-dsa-65-unsupported': {
    severity: 'refuse',
    acceptable: true,
    meaning: 'an ML-DSA-65 key or signature: known, not supported',
  },
  'submission-with-threshold': {
    severity: 'allow',
    meaning: 'a participant with SUBMISSION while the confirmation threshold is above one',
  },

  // signatures
  'no-signature': { severity: 'refuse', meaning: 'a signed transaction without a signature' },
  'empty-signature': { severity: 'refuse', meaning: 'a signature entry without signature bytes' },
  'bad-signature-length': {
    severity: 'refuse',
    meaning: 'an Ed25519 signature that is not 64 bytes',
  },
  'bad-der-signature': { severity: 'refuse', meaning: 'an ECDSA signature that is not strict DER' },
  'format-algorithm-mismatch': {
    severity: 'refuse',
    meaning: 'a signature format, algorithm and key spec that do not fit',
  },
  'signature-invalid': {
    severity: 'refuse',
    meaning: 'a well-formed signature that does not verify',
  },
  'duplicate-signer': { severity: 'refuse', meaning: 'two signatures by one key' },
  'signature-delegation': {
    severity: 'refuse',
    meaning: 'a session key delegation on a topology signature',
  },
  'multi-hash-mismatch': {
    severity: 'refuse',
    meaning: 'a multi-transaction signature that does not cover this transaction',
  },
  'bad-hash': {
    severity: 'refuse',
    meaning: 'a transaction hash that is not 34 bytes beginning 1220',
  },
  'unknown-signer': {
    severity: 'allow',
    meaning: 'a signature by a key that the file does not contain',
  },
  'legacy-signature': {
    severity: 'allow',
    meaning: 'a signature in the old RAW format or without an algorithm',
  },

  ...PREPARED_FINDING_CODES,
} as const satisfies Record<string, FindingRule>

export type FindingCode = keyof typeof FINDING_CODES

/** One finding at one place. */
export interface Finding {
  readonly code: FindingCode
  /** Proto field names from the outermost message, `[i]` a list index, `#n` an unknown field. */
  readonly path: string
  /** Offset in bytes from the start of the input; `undefined` where no single place can be named. */
  readonly offset: number | undefined
  /** One sentence, lower case, no full stop. */
  readonly message: string
}

export function severityOf(code: FindingCode): Severity {
  return FINDING_CODES[code].severity
}

/** True if `--accept-finding` can lift the refusal that this code causes. */
export function isAcceptable(code: FindingCode): boolean {
  return 'acceptable' in FINDING_CODES[code]
}
