/**
 * What a node answers when it refuses: Canton's error codes with their categories
 * (docs/protocol/nodes.md section 6). Some categories hide the code from the client.
 */

/** Number and gRPC status of every category; `redacted` ones reach the client without their code. */
export const CATEGORIES = {
  contention: { id: 2, grpc: 10, redacted: false },
  deadline: { id: 3, grpc: 4, redacted: false },
  internal: { id: 4, grpc: 13, redacted: true },
  alarm: { id: 5, grpc: 3, redacted: true },
  unauthenticated: { id: 6, grpc: 16, redacted: true },
  permissionDenied: { id: 7, grpc: 7, redacted: true },
  independent: { id: 8, grpc: 3, redacted: false },
  state: { id: 9, grpc: 9, redacted: false },
  exists: { id: 10, grpc: 6, redacted: false },
  missing: { id: 11, grpc: 5, redacted: false },
  outOfRange: { id: 12, grpc: 11, redacted: false },
  unimplemented: { id: 14, grpc: 12, redacted: false },
} as const
export type Category = keyof typeof CATEGORIES

/** Every code that the sandbox gives, with its category. */
export const CANTON_ERRORS = {
  PROTO_DESERIALIZATION_FAILURE: 'independent',

  TOPOLOGY_UNAUTHORIZED_TRANSACTION: 'alarm',
  TOPOLOGY_INVALID_TX_SIGNATURE: 'alarm',
  TOPOLOGY_MANAGER_ALARM: 'alarm',
  TOPOLOGY_SERIAL_MISMATCH: 'state',
  TOPOLOGY_MAPPING_ALREADY_EXISTS: 'exists',
  TOPOLOGY_MULTI_TRANSACTION_HASH_MISMATCH: 'state',
  TOPOLOGY_INVALID_SYNCHRONIZER: 'independent',
  TOPOLOGY_NO_CORRESPONDING_ACTIVE_TX_TO_REVOKE: 'state',
  TOPOLOGY_REMOVE_MUST_NOT_CHANGE_MAPPING: 'state',
  TOPOLOGY_CANNOT_REMOVE_MAPPING: 'independent',
  TOPOLOGY_INVALID_MAPPING: 'independent',
  TOPOLOGY_NAMESPACE_ALREADY_IN_USE: 'exists',
  TOPOLOGY_NAMESPACE_HAS_BEEN_REVOKED: 'exists',
  TOPOLOGY_CONFIRMING_THRESHOLD_CANNOT_BE_REACHED: 'exists',
  TOPOLOGY_SIGNING_THRESHOLD_CANNOT_BE_REACHED: 'exists',
  TOPOLOGY_UNKNOWN_MEMBERS: 'missing',
  TOPOLOGY_INSUFFICIENT_KEYS: 'state',
  TOPOLOGY_PARTY_ID_CONFLICT_WITH_ADMIN_PARTY: 'exists',
  TOPOLOGY_PARTICIPANT_ID_CONFLICT_WITH_PARTY: 'exists',
  TOPOLOGY_PARTICIPANT_ONBOARDING_REFUSED: 'state',
  TOPOLOGY_MEMBER_CANNOT_REJOIN_SYNCHRONIZER: 'state',
  TOPOLOGY_MEDIATORS_ALREADY_IN_OTHER_GROUPS: 'state',
  TOPOLOGY_INVALID_OWNER_TO_KEY_MAPPING: 'independent',
  TOPOLOGY_INVALID_REMOVAL_OF_OWNER_TO_KEY_MAPPING: 'independent',
  TOPOLOGY_DANGEROUS_COMMAND_REQUIRES_FORCE_ALIEN_MEMBER: 'state',
  TOPOLOGY_INCREASE_OF_PREPARATION_TIME_TOLERANCE: 'state',
  TOPOLOGY_DISABLE_PARTY_WITH_ACTIVE_CONTRACTS: 'state',
  TOPOLOGY_INSUFFICIENT_PERMISSION_FOR_SIGNATORY_PARTY: 'state',
  TOPOLOGY_CANNOT_VET_DUE_TO_MISSING_PACKAGES: 'missing',
  TOPOLOGY_STORE_NOT_FOUND: 'missing',
  TOPOLOGY_TEMPORARY_STORE_ALREADY_EXISTS: 'exists',
  TOPOLOGY_TRANSACTION_NOT_FOUND: 'missing',
  TOPOLOGY_SECRET_KEY_NOT_IN_STORE: 'state',
  TOPOLOGY_NO_APPROPRIATE_SIGNING_KEY_IN_STORE: 'missing',
  TOPOLOGY_TOO_MANY_PENDING_TOPOLOGY_TRANSACTIONS: 'contention',
  TOPOLOGY_INVALID_QUERY_TIME: 'state',
  TOPOLOGY_LSU_TOPOLOGY_FREEZE: 'state',
  TOPOLOGY_NO_LSU_ANNOUNCED: 'state',
  TOPOLOGY_INVALID_SUCCESSOR_PHYSICAL_SYNCHRONIZER_ID: 'independent',
  LSU_SEQUENCER_SUCCESSOR_INVALID_SUCCESSOR_PSID: 'independent',
  TOPOLOGY_INVALID_UPGRADE_TIME: 'state',

  // The Ledger API.
  INVALID_ARGUMENT: 'independent',
  MISSING_FIELD: 'independent',
  INVALID_FIELD: 'independent',
  EXTERNAL_PARTY_ALREADY_EXISTS: 'independent',
  FAILED_TO_PREPARE_TRANSACTION: 'independent',
  FAILED_TO_EXECUTE_TRANSACTION: 'independent',
  CONTRACT_NOT_FOUND: 'missing',
  DUPLICATE_COMMAND: 'exists',
  OFFSET_AFTER_LEDGER_END: 'outOfRange',
  USER_NOT_FOUND: 'missing',
  UNAUTHENTICATED: 'unauthenticated',
  PERMISSION_DENIED: 'permissionDenied',
  UNIMPLEMENTED: 'unimplemented',

  // The status of a completion.
  DUPLICATE_CONFIRMATION_REQUEST_UUID: 'state',
  LOCAL_VERDICT_PREPARATION_TIME_OUT_OF_BOUND: 'state',
  LOCAL_VERDICT_MAX_RECORD_TIME_EXCEEDED: 'state',
  LOCAL_VERDICT_INACTIVE_CONTRACTS: 'missing',

  // Replication of a party.
  INVALID_ARGUMENT_PARTY_MANAGEMENT_ERROR: 'independent',
  INVALID_STATE_PARTY_MANAGEMENT_ERROR: 'state',
  INVALID_TIMESTAMP_PARTY_MANAGEMENT_ERROR: 'outOfRange',
  PARTY_ACS_EXPORT_MISSING_TARGET_ONBOARDING_MAPPING: 'state',
  PARTY_ONBOARDING_CLEARANCE_MISSING_MAPPING: 'state',
  SYNCHRONIZER_NOT_FOUND: 'missing',
} as const satisfies Readonly<Record<string, Category>>
export type CantonErrorCode = keyof typeof CANTON_ERRORS

/** A refusal of the sandbox's node, before anything is hidden from the client. */
export class CantonError extends Error {
  readonly code: CantonErrorCode

  /** @param cause what is wrong, in words of this tool */
  constructor(code: CantonErrorCode, cause: string) {
    super(cause)
    this.name = 'CantonError'
    this.code = code
  }

  get category(): Category {
    return CANTON_ERRORS[this.code]
  }
}
