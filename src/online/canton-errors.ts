/**
 * The error codes of Canton that calls of this tool can meet: what each means here, and what helps.
 * Codes are Canton's own; a participant may give others, which are shown as they come.
 */

export interface CantonErrorHelp {
  /** What is wrong, after `the participant refused`. */
  readonly meaning: string
  /** What to do: a flag, a file or a command. */
  readonly hint: string
  /** True where the same call may succeed a little later. */
  readonly passing?: true
}

const force = (flag: string): string =>
  `if that is meant, the operator of the node does it with FORCE_FLAG_${flag} in its console: submit sends no force flags`

const TOPOLOGY: Readonly<Record<string, CantonErrorHelp>> = {
  TOPOLOGY_UNAUTHORIZED_TRANSACTION: {
    meaning: 'a signature that the transaction needs is missing, or a signer may not sign it',
    hint: 'see who is missing with: verify PACKAGE --state FILE, with the state from: state export',
  },
  TOPOLOGY_INVALID_TX_SIGNATURE: {
    meaning: 'a signature does not verify over the hash of the transaction',
    hint: 'find it with: verify PACKAGE --signatures-only, and have its key sign again with: sign',
  },
  TOPOLOGY_MANAGER_ALARM: {
    meaning: 'the node takes the transaction for an attack or an impossible state',
    hint: 'check the serial with: inspect PACKAGE (2147483647 is the last one), and ask the operator for the log of the node',
  },
  TOPOLOGY_MANAGER_INTERNAL_ERROR: {
    meaning: 'the node found its own state inconsistent',
    hint: 'give the operator the request id of --json; the package stays good for submit',
  },
  TOPOLOGY_SERIAL_MISMATCH: {
    meaning: 'the serial is not the next one: another transaction of this mapping came first',
    hint: 'fetch what is in force with: fetch --in-force, and build again on it; signatures of the old serial are void',
  },
  TOPOLOGY_MAPPING_ALREADY_EXISTS: {
    meaning: 'the same mapping is in force already',
    hint: 'there is nothing to do: see it with: watch PACKAGE',
  },
  TOPOLOGY_MULTI_TRANSACTION_HASH_MISMATCH: {
    meaning: 'a combined signature does not cover the transaction that it stands at',
    hint: 'find it with: verify PACKAGE, and sign the set again with: sign --combined',
  },
  TOPOLOGY_INVALID_SYNCHRONIZER: {
    meaning: 'the mapping names another synchronizer than the one it was sent to',
    hint: 'compare the id in the mapping (inspect PACKAGE) with --synchronizer',
  },
  TOPOLOGY_NO_CORRESPONDING_ACTIVE_TX_TO_REVOKE: {
    meaning: 'what is to be removed is not in force',
    hint: 'see what is in force with: state export --namespace or --party, then inspect',
  },
  TOPOLOGY_REMOVE_MUST_NOT_CHANGE_MAPPING: {
    meaning: 'a removal has another content than what is in force',
    hint: 'build the removal from the present transaction: fetch --in-force, then build with --previous FILE',
  },
  TOPOLOGY_CANNOT_REMOVE_MAPPING: {
    meaning: 'this kind of mapping cannot be removed, only replaced',
    hint: 'build a replacement with: build -f SPEC.yaml and operation: replace',
  },
  TOPOLOGY_INVALID_MAPPING: {
    meaning: 'the content of the mapping breaks a rule',
    hint: 'see the findings of: inspect PACKAGE, and build it anew with: build',
  },
  TOPOLOGY_NAMESPACE_ALREADY_IN_USE: {
    meaning: 'the namespace exists already as one of the other kind',
    hint: 'see what holds it with: state export --namespace NAMESPACE, then inspect',
  },
  TOPOLOGY_NAMESPACE_HAS_BEEN_REVOKED: {
    meaning: 'the delegation or the root of the namespace was removed, which is final',
    hint: 'sign with another key of the namespace: see those in force with state export --namespace NAMESPACE',
  },
  TOPOLOGY_CONFIRMING_THRESHOLD_CANNOT_BE_REACHED: {
    meaning: 'the confirmation threshold is above the number of hosts that confirm',
    hint: `build it again with a lower threshold or more hosts; ${force('ALLOW_CONFIRMING_THRESHOLD_CANNOT_BE_MET')}`,
  },
  TOPOLOGY_SIGNING_THRESHOLD_CANNOT_BE_REACHED: {
    meaning: 'the threshold of signing keys is above their number',
    hint: 'build it again with a lower threshold or more keys: build hosting --previous FILE',
  },
  TOPOLOGY_UNKNOWN_MEMBERS: {
    meaning: 'a participant that is named has not joined the synchronizer',
    hint: 'compare the participant ids of inspect PACKAGE with: info on that participant, and connect it first',
  },
  TOPOLOGY_INSUFFICIENT_KEYS: {
    meaning: 'a member that is named has published no keys',
    hint: 'its operator connects it first; see its id with: info',
  },
  TOPOLOGY_PARTY_ID_CONFLICT_WITH_ADMIN_PARTY: {
    meaning: 'the party id is that of the admin party of a participant',
    hint: 'choose another hint: party generate --hint NAME',
  },
  TOPOLOGY_PARTICIPANT_ID_CONFLICT_WITH_PARTY: {
    meaning: 'the participant id is that of a party',
    hint: 'the participant needs another id; see the present one with: info',
  },
  TOPOLOGY_PARTICIPANT_ONBOARDING_REFUSED: {
    meaning: 'the synchronizer does not let this participant join',
    hint: 'its owners have to permit it: build -f SPEC.yaml with participantSynchronizerPermission, signed by them',
  },
  TOPOLOGY_MEMBER_CANNOT_REJOIN_SYNCHRONIZER: {
    meaning: 'a member that left the synchronizer cannot come back',
    hint: 'use another member; see those of the package with: inspect PACKAGE',
  },
  TOPOLOGY_MEDIATORS_ALREADY_IN_OTHER_GROUPS: {
    meaning: 'a mediator stands in another group already',
    hint: 'see the groups with: state export --all and inspect, then build it again with build -f',
  },
  TOPOLOGY_INVALID_OWNER_TO_KEY_MAPPING: {
    meaning:
      'the list of keys lacks a kind that the member needs, or holds one that cannot be used',
    hint: 'build it again with: build owner-to-key, with a signing and an encryption key',
  },
  TOPOLOGY_INVALID_REMOVAL_OF_OWNER_TO_KEY_MAPPING: {
    meaning: 'the keys of a member that is in use cannot be removed',
    hint: 'replace them instead: build owner-to-key --previous FILE',
  },
  TOPOLOGY_ILLEGAL_REMOVAL_OF_ACTIVE_TRANSACTIONS: {
    meaning: 'the participant still hosts parties',
    hint: 'take its parties away first, each with: build hosting --previous FILE',
  },
  TOPOLOGY_DANGEROUS_COMMAND_REQUIRES_FORCE_ALIEN_MEMBER: {
    meaning: 'the mapping is about another member than the node that it was sent to',
    hint: `send it to that member with --admin-api; ${force('ALIEN_MEMBER')}`,
  },
  TOPOLOGY_INCREASE_OF_PREPARATION_TIME_TOLERANCE: {
    meaning: 'a longer preparation time tolerance could let signed transactions be repeated',
    hint: `lower preparationTimeRecordTimeTolerance in the SPEC; ${force('PREPARATION_TIME_RECORD_TIME_TOLERANCE_INCREASE')}`,
  },
  TOPOLOGY_VALUE_OUT_OF_BOUNDS: {
    meaning: 'a parameter of the synchronizer is outside its bounds',
    hint: `see the value with: inspect PACKAGE; ${force('ALLOW_OUT_OF_BOUNDS_VALUE')}`,
  },
  TOPOLOGY_DISABLE_PARTY_WITH_ACTIVE_CONTRACTS: {
    meaning: 'the party has active contracts on the participant that would stop hosting it',
    hint: `move or archive the contracts first; ${force('DISABLE_PARTY_WITH_ACTIVE_CONTRACTS')}`,
  },
  TOPOLOGY_INSUFFICIENT_SIGNATORY_ASSIGNING_PARTICIPANTS: {
    meaning: 'too few participants would be left to assign contracts that the party signed',
    hint: `keep more confirming hosts in: build hosting; ${force('ALLOW_INSUFFICIENT_SIGNATORY_ASSIGNING_PARTICIPANTS_FOR_PARTY')}`,
  },
  TOPOLOGY_INSUFFICIENT_PERMISSION_FOR_SIGNATORY_PARTY: {
    meaning: 'a host would lose the permission that contracts the party signed need',
    hint: `keep its permission in: build hosting; ${force('ALLOW_INSUFFICIENT_PARTICIPANT_PERMISSION_FOR_SIGNATORY_PARTY')}`,
  },
  TOPOLOGY_DEPENDENCIES_NOT_VETTED: {
    meaning: 'a package is vetted without those that it needs',
    hint: `add them to packages in the SPEC; ${force('ALLOW_UNVETTED_DEPENDENCIES')}`,
  },
  TOPOLOGY_CANNOT_VET_DUE_TO_MISSING_PACKAGES: {
    meaning: 'the participant does not have a package that is to be vetted',
    hint: `upload the DAR file to the participant first; ${force('ALLOW_UNKNOWN_PACKAGE')}`,
  },
  NOT_VALID_UPGRADE_PACKAGE: {
    meaning: 'a package is no valid upgrade of one with its name that is vetted',
    hint: 'see the package ids with: inspect PACKAGE, and have the DAR file built anew',
  },
  DAML_PRIM_NOT_UTILITY_PACKAGE: {
    meaning: 'a package claims a name that belongs to the language itself',
    hint: 'leave the package id out of the SPEC',
  },
  KNOWN_PACKAGE_VERSION: {
    meaning: 'another package with the same name and version is there already',
    hint: 'give the DAR file a new version, and take its package id into the SPEC',
  },
  PREVIEW_FEATURE: {
    meaning: 'the call is a feature that the node has switched off',
    hint: 'see the release of the node with: info; its operator decides about preview features in the configuration file',
  },
  TOPOLOGY_STORE_NOT_FOUND: {
    meaning: 'the node has no topology store of this synchronizer',
    hint: 'see the synchronizers it is connected to with: info, and name one with --synchronizer',
  },
  TOPOLOGY_STORE_NOT_INITIALIZED: {
    meaning: 'the topology store is not ready yet',
    hint: 'run the command again in a minute; info shows whether the synchronizer is connected',
    passing: true,
  },
  TOPOLOGY_TEMPORARY_STORE_ALREADY_EXISTS: {
    meaning: 'a temporary store of this name exists',
    hint: 'choose another name for the store, in the console command that made it',
  },
  TOPOLOGY_TRANSACTION_NOT_FOUND: {
    meaning: 'the store has no transaction with this hash',
    hint: 'list what is pending with: proposals, and compare the hash with: hash FILE',
  },
  TOPOLOGY_TOO_MANY_TRANSACTION_WITH_HASH: {
    meaning: 'the hash fits several transactions of the store',
    hint: 'submit the package itself, which holds the transaction: submit PACKAGE',
  },
  TOPOLOGY_SECRET_KEY_NOT_IN_STORE: {
    meaning: 'the node does not hold the key that it was asked to sign with',
    hint: 'sign where the key is: fetch the package, then sign --key KEY',
  },
  TOPOLOGY_NO_APPROPRIATE_SIGNING_KEY_IN_STORE: {
    meaning: 'the node holds no key that may sign this',
    hint: 'sign where such a key is: fetch the package, then sign --key KEY; see who may with: verify',
  },
  TOPOLOGY_TOO_MANY_PENDING_TOPOLOGY_TRANSACTIONS: {
    meaning: 'the node has too many transactions waiting to be sequenced',
    hint: 'run submit again a little later; repeating it is harmless',
    passing: true,
  },
  TOPOLOGY_MISSING_MAPPING: {
    meaning: 'the parameters of the synchronizer are not known to the node',
    hint: 'see whether the synchronizer is connected with: info, and name it with --synchronizer',
  },
  TOPOLOGY_INCONSISTENT_SNAPSHOT: {
    meaning: 'a snapshot contradicts itself',
    hint: 'check the file with: verify FILE, and take it anew with: state export',
  },
  TOPOLOGY_INVALID_QUERY_TIME: {
    meaning: 'the time that was asked for lies outside what the node has',
    hint: 'see the release with info; fetch and state export ask for what is in force, which needs no time',
  },
  TOPOLOGY_LSU_TOPOLOGY_FREEZE: {
    meaning: 'the synchronizer is being upgraded and its topology is frozen',
    hint: 'submit PACKAGE again after the upgrade: signatures are not bound to the synchronizer',
  },
  TOPOLOGY_NO_LSU_ANNOUNCED: {
    meaning: 'no upgrade of the synchronizer is announced',
    hint: 'see the announcements with: state export and inspect',
  },
  TOPOLOGY_ONGOING_SYNCHRONIZER_UPGRADE: {
    meaning: 'the synchronizer is being upgraded and its topology is frozen',
    hint: 'submit PACKAGE again after the upgrade: signatures are not bound to the synchronizer',
  },
  TOPOLOGY_NO_ONGOING_SYNCHRONIZER_UPGRADE: {
    meaning: 'no upgrade of the synchronizer is announced',
    hint: 'see the announcements with: state export and inspect',
  },
  TOPOLOGY_INVALID_SUCCESSOR_PHYSICAL_SYNCHRONIZER_ID: {
    meaning: 'the successor is no later form of the same synchronizer',
    hint: 'compare the ids of inspect PACKAGE with that of info: version or serial has to grow',
  },
  LSU_SEQUENCER_SUCCESSOR_INVALID_SUCCESSOR_PSID: {
    meaning: 'the successor of a sequencer names another synchronizer than the announcement',
    hint: 'compare both with: inspect PACKAGE and state export',
  },
  TOPOLOGY_INVALID_SUCCESSOR: {
    meaning: 'the successor is no later form of the same synchronizer',
    hint: 'compare the ids of inspect PACKAGE with that of info: version or serial has to grow',
  },
  TOPOLOGY_INVALID_UPGRADE_TIME: {
    meaning: 'the time of the upgrade does not lie ahead',
    hint: 'write a later upgradeTime into the SPEC and build it again: build -f SPEC.yaml',
  },
  TOPOLOGY_REMOVING_LAST_KEY_MUST_BE_FORCED: {
    meaning: 'the last key of its kind would be removed',
    hint: 'keep a key of each kind in: build owner-to-key',
  },
  TOPOLOGY_REMOVING_KEY_DANGLING_TRANSACTIONS_MUST_BE_FORCED: {
    meaning: 'transactions in force rest on the delegation that is removed',
    hint: 'have them signed again by another key first: see them with state export --namespace',
  },
  TOPOLOGY_ILLEGAL_REMOVAL_OF_SYNCHRONIZER_TRUST_CERTIFICATE: {
    meaning: 'the participant still hosts parties on the synchronizer',
    hint: 'take its parties away first, each with: build hosting --previous FILE',
  },
  TOPOLOGY_PACKAGE_ID_IN_USE: {
    meaning: 'active contracts need the package that is no longer vetted',
    hint: 'keep the package id in packages of the SPEC',
  },
  TOPOLOGY_DANGEROUS_VETTING_COMMAND_REQUIRES_FORCE_FLAG: {
    meaning: 'the change of vetted packages could stop contracts',
    hint: `keep the package ids in the SPEC; ${force('ALLOW_UNVET_PACKAGE')}`,
  },
  TOPOLOGY_UNKNOWN_PARTIES: {
    meaning: 'a party that is named is not known on the synchronizer',
    hint: 'compare the party id of inspect PACKAGE with that of: state export --party PARTY',
  },
  TOPOLOGY_TIMEOUT_WAITING_FOR_TRANSACTION: {
    meaning: 'the transaction did not become effective while the node waited',
    hint: 'it may still do so: follow it with: watch PACKAGE',
    passing: true,
  },
  PROTO_DESERIALIZATION_FAILURE: {
    meaning: 'the node cannot read a part of the request: it may be of an older release',
    hint: 'see the release with: info, and the findings of: inspect PACKAGE',
  },
}

const REPLICATION: Readonly<Record<string, CantonErrorHelp>> = {
  INVALID_ARGUMENT_PARTY_MANAGEMENT_ERROR: {
    meaning: 'a parameter of the replication does not fit the state of the node',
    hint: 'compare party, synchronizer and participant with: info and state export --party PARTY',
  },
  INVALID_STATE_PARTY_MANAGEMENT_ERROR: {
    meaning: 'the node is not in the state that this step needs',
    hint: 'see whether it is connected with: info; an import needs it disconnected',
  },
  INVALID_TIMESTAMP_PARTY_MANAGEMENT_ERROR: {
    meaning: 'the node has not processed the time that was asked for',
    hint: 'run replicate again a little later: it goes on where it stopped',
    passing: true,
  },
  UNPROCESSED_REQUESTED_TIMESTAMP: {
    meaning: 'the node has not processed the time that was asked for',
    hint: 'run replicate again a little later: it goes on where it stopped',
    passing: true,
  },
  IO_STREAM_PARTY_MANAGEMENT_ERROR: {
    meaning: 'the stream of contracts was damaged on its way',
    hint: 'run the command again; the file of an export that failed is not left behind',
  },
  EFFECTIVE_PARTY_TO_PARTICIPANT_MAPPING_NOT_FOUND: {
    meaning: 'the party is not hosted there in the way that this step needs',
    hint: 'see its hosts with: state export --party PARTY and inspect',
  },
  PARTY_ACS_EXPORT_MISSING_TARGET_ONBOARDING_MAPPING: {
    meaning: 'the target does not host the party with the onboarding flag',
    hint: 'the change of hosting with the flag comes first: build hosting, sign, submit --wait',
  },
  PARTY_ACS_IMPORT_MISSING_ONBOARDING_MAPPING: {
    meaning: 'this participant does not host the party with the onboarding flag',
    hint: 'the change of hosting with the flag comes first: build hosting, sign, submit --wait',
  },
  PARTY_ONBOARDING_CLEARANCE_MISSING_MAPPING: {
    meaning: 'there is no onboarding flag of this party to clear here',
    hint: 'see its hosts with: state export --party PARTY and inspect',
  },
  EXACT_RECORD_TIME_MATCH_NOT_FOUND: {
    meaning: 'nothing happened at exactly the time that was asked for',
    hint: 'take the time from: state export --party PARTY and inspect',
  },
}

const SUBMISSION: Readonly<Record<string, CantonErrorHelp>> = {
  EXTERNAL_PARTY_ALREADY_EXISTS: {
    meaning: 'the party is allocated already',
    hint: 'there is nothing to do: see it with: state export --party PARTY',
  },
  FAILED_TO_PREPARE_TRANSACTION: {
    meaning: 'the transaction cannot be prepared',
    hint: 'see the cause; the command file may hold one command only, and its contracts have to be visible to the participant',
  },
  FAILED_TO_EXECUTE_TRANSACTION: {
    meaning: 'the signed transaction is not taken',
    hint: 'check it with: verify PACKAGE --state FILE; a missing signature, a key that the party does not list or another --hashing-scheme ends here',
  },
  MISSING_FIELD: {
    meaning: 'a field of the request is missing',
    hint: 'see the cause; a participant of another release may ask for more: info shows it',
  },
  INVALID_FIELD: {
    meaning: 'a field of the request has a value that is not taken',
    hint: 'see the cause; ids are written in full, as info and inspect show them',
  },
  INVALID_ARGUMENT: {
    meaning: 'the request is not taken as it is',
    hint: 'see the cause, and compare synchronizer and participants with: info',
  },
  INVALID_DEDUPLICATION_PERIOD: {
    meaning: 'the deduplication period is longer than the participant keeps',
    hint: 'execute it with: transaction execute, which leaves the period to the participant',
  },
  NEGATIVE_OFFSET: {
    meaning: 'an offset is below zero',
    hint: 'leave out --begin-offset',
  },
  LEDGER_TIME_OUTSIDE_BOUNDS: {
    meaning: 'the ledger time is outside what the signed transaction allows',
    hint: 'prepare it again with: transaction prepare, sign and execute without delay',
  },
  CONTRACT_NOT_FOUND: {
    meaning: 'a contract that is used is not there or not visible',
    hint: 'check the contract id in the command file; disclose the contract with --disclosed-contracts FILE',
  },
  CONTRACT_NOT_ACTIVE: {
    meaning: 'a contract that is used was archived meanwhile',
    hint: 'prepare the transaction again on the present contract: transaction prepare',
  },
  PRESCRIBED_SYNCHRONIZER_ID_MISMATCH: {
    meaning: 'the contracts are not on the synchronizer that was asked for',
    hint: 'leave out --synchronizer, or name the one that the contracts are on',
  },
  DISCLOSED_CONTRACTS_SYNCHRONIZER_ID_MISMATCH: {
    meaning: 'disclosed contracts are on another synchronizer',
    hint: 'get the file of --disclosed-contracts anew from who disclosed them',
  },
  UNRESOLVED_PACKAGE_NAME: {
    meaning: 'no vetted package fits a package name of the command',
    hint: 'check the name in the command file, and that the DAR file is uploaded',
  },
  DUPLICATE_COMMAND: {
    meaning: 'a command with this id was taken already',
    hint: 'the first submission counts: see it with: transaction execute --wait, or prepare again with another --command-id',
  },
  SUBMISSION_ALREADY_IN_FLIGHT: {
    meaning: 'the same command is being processed',
    hint: 'wait for its outcome: transaction execute --wait',
    passing: true,
  },
  DUPLICATE_CONFIRMATION_REQUEST_UUID: {
    meaning: 'the signed transaction was sequenced before: it can be used once only',
    hint: 'see what became of it in the ledger; prepare and sign anew: transaction prepare',
  },
  UPDATE_NOT_FOUND: {
    meaning: 'the participant knows no such update, or the user may not see it',
    hint: 'see the rights of the token with: info',
  },
  COMPLETION_NOT_FOUND: {
    meaning: 'the participant knows no completion of this transaction',
    hint: 'only the participant that executed has it: check --ledger-api',
  },
  LOCAL_VERDICT_MALFORMED_REQUEST: {
    meaning: 'a confirming participant finds a signature or the request wrong',
    hint: 'check it with: verify PACKAGE --state FILE',
  },
  LOCAL_VERDICT_FAILED_MODEL_CONFORMANCE_CHECK: {
    meaning: 'a confirming participant computes another result',
    hint: 'check that all hosts have the same DAR files, then prepare again: transaction prepare',
  },
  LOCAL_VERDICT_INACTIVE_CONTRACTS: {
    meaning: 'a contract that is used is no longer active',
    hint: 'prepare the transaction again on the present contract: transaction prepare',
  },
  LOCAL_VERDICT_LOCKED_CONTRACTS: {
    meaning: 'a contract that is used is in use by another transaction',
    hint: 'prepare and sign again: transaction prepare; a signed transaction can be used once only',
  },
  LOCAL_VERDICT_TIMEOUT: {
    meaning: 'the confirmations did not come in time',
    hint: 'prepare and sign again: transaction prepare; a signed transaction can be used once only',
  },
  LOCAL_VERDICT_PREPARATION_TIME_OUT_OF_BOUND: {
    meaning: 'the transaction was prepared too long ago, or the clock of the participant is wrong',
    hint: 'prepare it again with: transaction prepare, and sign sooner',
  },
  LOCAL_VERDICT_LEDGER_TIME_OUT_OF_BOUND: {
    meaning:
      'the transaction reads the time and took longer than the synchronizer allows, about a minute',
    hint: 'prepare it again with: transaction prepare, sign and execute without delay',
  },
  LOCAL_VERDICT_MAX_RECORD_TIME_EXCEEDED: {
    meaning: 'the latest record time of the transaction has passed',
    hint: 'prepare it again with a later --max-record-time',
  },
}

const REASSIGNMENT: Readonly<Record<string, CantonErrorHelp>> = {
  REASSIGNMENT_VALIDATION_FAILED: {
    meaning: 'the reassignment breaks a rule: stakeholders, hosting or vetting do not fit',
    hint: 'check the hosts on both synchronizers with: state export --party PARTY',
  },
  UNASSIGNMENT_ACTIVENESS_CHECK_FAILED: {
    meaning: 'the contract is not active on the source synchronizer',
    hint: 'check the contract id and the source with: info',
  },
  ASSIGNMENT_ALREADY_COMPLETED: {
    meaning: 'the contract is assigned already',
    hint: 'there is nothing to do: info shows the synchronizers',
  },
  INCONSISTENT_REASSIGNMENT_ID: {
    meaning: 'the reassignment id does not fit source and target',
    hint: 'take the id as the unassignment printed it with --json',
  },
}

const TABLE: ReadonlyMap<string, CantonErrorHelp> = new Map(
  Object.entries({ ...TOPOLOGY, ...REPLICATION, ...SUBMISSION, ...REASSIGNMENT }),
)

const MEDIATOR: CantonErrorHelp = {
  meaning: 'the mediator rejected the transaction',
  hint: 'see the cause; prepare and sign again: transaction prepare',
}

/** Every code that has a row of its own. */
export const KNOWN_CANTON_ERRORS: readonly string[] = [...TABLE.keys()]

/** What a code means; `undefined` for one that is not in the tables. */
export function cantonErrorHelp(code: string): CantonErrorHelp | undefined {
  return TABLE.get(code) ?? (code.startsWith('MEDIATOR_SAYS_') ? MEDIATOR : undefined)
}
