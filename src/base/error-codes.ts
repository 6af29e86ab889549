/**
 * Every code the tool can give, with the exit status it leads to (docs/errors.md). Codes are
 * stable: scripts compare them. One reason, one code; a code is never reused.
 *
 * Codes of findings (what is odd about a transaction) live in `finding-codes.ts`; when a finding
 * stops a command, the error carries the finding's code.
 */
import type { FindingCode } from './finding-codes.ts'

/** Exit statuses of both executables. */
export const ExitStatus = {
  done: 0,
  internal: 1,
  usage: 2,
  malformed: 3,
  unverified: 4,
  keyFailed: 5,
  incomplete: 6,
  network: 7,
  refused: 8,
  interrupted: 130,
} as const
export type ExitStatus = (typeof ExitStatus)[keyof typeof ExitStatus]

export const ERROR_CODES = {
  'internal-fault': { exit: 1, meaning: 'the program itself failed; please report it' },

  usage: { exit: 2, meaning: 'the command line is not understood' },
  'hashing-scheme-missing': {
    exit: 2,
    meaning: 'neither the command line nor the file says which hashing scheme is meant',
  },
  'hashing-scheme-differs': {
    exit: 2,
    meaning: 'the hashing scheme that is asked for is not the one that a file says',
  },
  'hashing-scheme-unknown': { exit: 2, meaning: 'the text names no hashing scheme' },
  'output-missing': { exit: 2, meaning: 'a command that writes was given no -o or -d' },
  'output-exists': { exit: 2, meaning: 'the output file exists and --force was not given' },
  'output-is-input': { exit: 2, meaning: 'the output would replace an input' },
  'sandbox-locked': { exit: 2, meaning: 'another sandbox keeps its state in the same file' },
  'sandbox-port': { exit: 2, meaning: 'a port that the sandbox is to listen on is taken' },
  'output-unwritable': {
    exit: 2,
    meaning: 'the output cannot be written where it was asked for',
  },
  'output-to-terminal': { exit: 2, meaning: 'binary output was asked for on a terminal' },
  'json-with-stdout': { exit: 2, meaning: '--json and -o - both claim standard output' },
  'blind-missing': { exit: 2, meaning: 'a bare hash is signed only with --blind --detached' },
  'blind-not-hash': { exit: 2, meaning: '--blind is for a bare 34-byte hash only' },
  'export-target': {
    exit: 2,
    meaning: 'an export needs to be told where it goes, such as the synchronizer',
  },
  'address-missing': { exit: 2, meaning: 'nothing says where the API is that a command calls' },
  'address-invalid': { exit: 2, meaning: 'an address of an API or proxy is not understood' },
  'plaintext-refused': {
    exit: 2,
    meaning: 'a connection without TLS would leave this machine and --plaintext was not given',
  },
  'synchronizer-unclear': {
    exit: 2,
    meaning: 'a participant has several synchronizers and none was named',
  },
  'profile-unknown': { exit: 2, meaning: 'the configuration has no profile of this name' },
  'key-uri-invalid': { exit: 2, meaning: 'a key URI is not of the form that its scheme has' },
  'no-terminal': {
    exit: 2,
    meaning: 'a question has to be asked, there is no terminal and no --yes',
  },

  'sandbox-state': { exit: 3, meaning: 'the state file of a sandbox cannot be read' },
  'config-invalid': { exit: 3, meaning: 'the configuration file is not as docs/config.md says' },
  'command-invalid': {
    exit: 3,
    meaning: 'a file does not hold one command of the JSON Ledger API',
  },
  'mapping-not-followed': {
    exit: 3,
    meaning: 'a transaction has a mapping that cannot be looked up in a store',
  },
  'token-invalid': { exit: 3, meaning: 'a token file holds nothing that can be a token' },
  'tls-file-invalid': { exit: 3, meaning: 'a certificate or key for TLS cannot be used' },
  'file-unreadable': { exit: 3, meaning: 'a file cannot be read' },
  'file-too-large': { exit: 3, meaning: 'a file is larger than the limit for what it holds' },
  'file-empty': { exit: 3, meaning: 'a file holds nothing' },
  'file-unrecognised': { exit: 3, meaning: 'a file holds nothing this tool knows' },
  'file-kind': { exit: 3, meaning: 'a file holds something else than the command works on' },
  'gzip-invalid': { exit: 3, meaning: 'compressed data is damaged' },
  'gzip-ratio': { exit: 3, meaning: 'compressed data expands beyond the allowed ratio' },
  'hashing-scheme-unsupported': {
    exit: 3,
    meaning: 'a hashing scheme that exists and is not for use here: V1 or V4',
  },
  'prepare-answer': {
    exit: 3,
    meaning: 'a JSON file is not what the Ledger API answers to a prepare call',
  },
  'prepared-hash-undetermined': {
    exit: 3,
    meaning: 'implementations could differ on the hash of a prepared transaction',
  },
  'party-signatures': {
    exit: 3,
    meaning: 'a JSON file is not a document of party signatures over a prepared transaction',
  },
  'bad-hex': { exit: 3, meaning: 'text that must be hexadecimal is not' },
  'bad-base64': { exit: 3, meaning: 'text that must be base64 is not' },
  'proto-json': {
    exit: 3,
    meaning: 'JSON that does not have the form of the message it stands for',
  },

  'key-der': {
    exit: 3,
    meaning: 'the key is not strict DER (minimal definite lengths, exact tags, nothing trailing)',
  },
  'key-pem': { exit: 3, meaning: 'the PEM armour is damaged or its label does not fit' },
  'key-pem-several': { exit: 3, meaning: 'the file holds more than one PEM block' },
  'key-structure': {
    exit: 3,
    meaning: 'the DER is sound but is not the structure its container prescribes',
  },
  'key-version': { exit: 3, meaning: 'the key container has a version this tool does not know' },
  'key-algorithm': {
    exit: 3,
    meaning: 'the key is of an algorithm that Canton does not sign with',
  },
  'key-parameters': {
    exit: 3,
    meaning: 'the algorithm parameters of the key are not the named, standard ones',
  },
  'key-scalar': { exit: 3, meaning: 'the private scalar is out of range or of the wrong length' },
  'key-point': {
    exit: 3,
    meaning: 'the public key is not a point of its curve, or not in its one valid encoding',
  },
  'key-weak': { exit: 3, meaning: 'the public key is a point of small order' },
  'key-public-mismatch': {
    exit: 5,
    meaning: 'the public key inside the file does not belong to its private key',
  },
  'key-not-private': {
    exit: 3,
    meaning: 'a private key is needed and the file holds a public one',
  },
  'key-not-public': { exit: 3, meaning: 'a public key is needed and the file holds a private one' },
  'key-not-a-key': { exit: 3, meaning: 'the file holds no key container this tool knows' },
  'key-certificate': { exit: 3, meaning: 'the file is a certificate, not a key' },
  'key-encryption': {
    exit: 3,
    meaning: 'the key is encrypted in a way that signing does not take',
  },
  'key-kdf-bounds': {
    exit: 3,
    meaning: 'the key derivation parameters are outside the allowed bounds',
  },
  'key-container-not-for-signing': {
    exit: 3,
    meaning: 'this container is read by key show and key convert, not for signing',
  },
  'key-container-unsupported': {
    exit: 3,
    meaning: 'the key is in a container of another program that this tool does not read',
  },
  'key-ambiguous': { exit: 3, meaning: 'the raw bytes fit more than one curve' },

  'identifier-invalid': { exit: 3, meaning: 'an identifier is not of the form Canton gives it' },
  'hash-invalid': { exit: 3, meaning: 'a hash is not 34 bytes beginning 1220' },
  'limit-exceeded': { exit: 3, meaning: 'an input is larger than a stated limit' },

  'yaml-invalid': { exit: 3, meaning: 'a file is not the plain YAML that this tool reads' },
  'spec-invalid': { exit: 3, meaning: 'a spec lacks a field, or holds one it may not have' },
  'spec-key': { exit: 3, meaning: 'a public key named by a spec is missing or not the one meant' },
  'build-rule': { exit: 3, meaning: 'a transaction that was asked for would break a rule' },
  'previous-mismatch': {
    exit: 3,
    meaning: 'the previous transaction is not one that the asked transaction can follow',
  },
  'policy-invalid': { exit: 3, meaning: 'a policy lacks a field, or holds one it may not have' },

  'package-json': { exit: 3, meaning: 'a package is not JSON in UTF-8' },
  'package-trailing-data': { exit: 3, meaning: 'something stands behind the end of a package' },
  'package-duplicate-property': {
    exit: 3,
    meaning: 'an object of a package has one property twice',
  },
  'package-format': { exit: 3, meaning: 'the JSON is not a signing package' },
  'package-version': { exit: 3, meaning: 'a package of a version this tool does not read' },
  'package-unknown-property': {
    exit: 3,
    meaning: 'a package has a property that its format does not have',
  },
  'package-missing-property': { exit: 3, meaning: 'a package lacks a property' },
  'package-value': { exit: 3, meaning: 'a value in a package has the wrong type or form' },
  'answer-differs': {
    exit: 4,
    meaning: 'a participant answers something else than it was asked for',
  },
  'not-authorized': { exit: 4, meaning: 'a node would reject a transaction: who signed may not' },
  'package-hash-mismatch': {
    exit: 4,
    meaning: 'a hash or fingerprint in a package is not the one of the bytes beside it',
  },
  'package-summary-mismatch': {
    exit: 4,
    meaning: 'the summary in a package does not say what the bytes beside it say',
  },
  'package-duplicate-transaction': { exit: 3, meaning: 'a package has one transaction twice' },
  'package-duplicate-signature': {
    exit: 3,
    meaning: 'a package has one signature twice, or two valid ones by one key over one hash',
  },
  'package-duplicate-entry': { exit: 3, meaning: 'a package has some other entry twice' },
  'package-combined-coverage': {
    exit: 3,
    meaning: 'a combined signing lists a hash that is not where it says it is',
  },
  'package-combined-uncarried': {
    exit: 3,
    meaning: 'a combined signature covers root delegations of other owners only',
  },
  'package-transactions-differ': {
    exit: 3,
    meaning: 'packages to be combined do not hold the same transactions in the same order',
  },
  'package-fields-differ': {
    exit: 3,
    meaning: 'packages to be combined say different things about themselves',
  },
  'package-transaction-absent': {
    exit: 3,
    meaning: 'the package does not hold the transaction that is named',
  },
  'export-not-allocatable': {
    exit: 3,
    meaning: 'the Ledger API does not allocate an external party with such transactions',
  },

  'signature-self-check': {
    exit: 5,
    meaning: 'a signature just made does not verify with the second implementation',
  },
  'signer-output': {
    exit: 5,
    meaning: 'a signer gave a public key or signature that is not of the form it has to be',
  },
  'signer-key-mismatch': { exit: 5, meaning: 'a signer holds another key than the one asked for' },
  'key-passphrase': { exit: 5, meaning: 'the passphrase does not open the key' },
  'key-passphrase-needed': {
    exit: 5,
    meaning: 'the key is encrypted and no passphrase can be asked for',
  },
  'passphrase-unreadable': { exit: 5, meaning: 'the passphrase file or descriptor cannot be read' },
  'passphrase-invalid': {
    exit: 5,
    meaning: 'the passphrase is empty, too long or holds a line break',
  },
  'key-file-mode': { exit: 5, meaning: 'the key file can be read by group or others' },
  'key-file-mount': { exit: 5, meaning: 'the key lies on a file system that keeps no permissions' },
  'key-uri': { exit: 5, meaning: 'no signer of this program takes such a key URI' },
  'signer-timeout': { exit: 5, meaning: 'a signer gave no answer in the time it had' },
  'signer-command-start': { exit: 5, meaning: 'the command of an exec: key cannot be started' },
  'signer-command-failed': {
    exit: 5,
    meaning: 'the command of an exec: key ended with a failure',
  },
  'agent-unreachable': { exit: 5, meaning: 'no SSH agent answers at the socket' },
  'agent-answer': { exit: 5, meaning: 'an SSH agent gave an answer that is none' },
  'agent-refused': { exit: 5, meaning: 'an SSH agent does not do what it is asked for' },
  'agent-key-absent': { exit: 5, meaning: 'an SSH agent does not hold the key' },
  'agent-key-type': {
    exit: 5,
    meaning: 'an SSH agent holds the key, and its signatures are not for Canton',
  },
  'pkcs11js-missing': {
    exit: 5,
    meaning: 'the package pkcs11js, which reaches PKCS#11 tokens, is not installed',
  },
  'token-module': { exit: 5, meaning: 'a PKCS#11 module cannot be loaded' },
  'token-absent': { exit: 5, meaning: 'no token fits the key URI' },
  'token-ambiguous': { exit: 5, meaning: 'several tokens fit the key URI' },
  'token-pin': { exit: 5, meaning: 'a token does not take the PIN' },
  'token-pin-locked': { exit: 5, meaning: 'a token is locked, or would be by one more wrong PIN' },
  'token-pin-needed': { exit: 5, meaning: 'a token wants its PIN and nobody can be asked for it' },
  'token-key-absent': { exit: 5, meaning: 'no key on the token fits the key URI' },
  'token-key-ambiguous': { exit: 5, meaning: 'several keys on the token fit the key URI' },
  'token-key-exists': { exit: 5, meaning: 'a new key would share its label or id with another' },
  'token-key-usage': { exit: 5, meaning: 'a token does not let the key sign' },
  'token-public-key': { exit: 5, meaning: 'a token does not tell the public key of the key' },
  'token-mechanism': { exit: 5, meaning: 'a token does not make signatures or keys of this kind' },
  'token-removed': { exit: 5, meaning: 'a token has gone and did not come back' },
  'token-failed': { exit: 5, meaning: 'a token or its module failed' },

  'audit-log-unwritable': { exit: 2, meaning: 'an audit log does not take an entry' },
  'audit-log-locked': {
    exit: 2,
    meaning: 'another process writes to an audit log and does not end',
  },
  'audit-log-broken': {
    exit: 4,
    meaning: 'an entry of an audit log was changed, removed or put in',
  },
  'audit-log-shortened': {
    exit: 4,
    meaning: 'an audit log does not hold an entry that it is known to have held',
  },
  'audit-log-torn': { exit: 6, meaning: 'the last line of an audit log is not whole' },

  'kms-package-missing': {
    exit: 5,
    meaning: 'the package of a vendor that reaches its key management service is not installed',
  },
  'kms-unreachable': { exit: 5, meaning: 'a key management service cannot be reached' },
  'kms-credentials': {
    exit: 5,
    meaning: 'a key management service does not accept who is asking, or nobody is named',
  },
  'kms-key-absent': { exit: 5, meaning: 'a key management service does not have the key' },
  'kms-key-exists': {
    exit: 5,
    meaning: 'a new key would have the name of another one in a key management service',
  },
  'kms-key-state': {
    exit: 5,
    meaning: 'a key management service does not let the key be used as it is now',
  },
  'kms-key-usage': {
    exit: 5,
    meaning: 'a key of a key management service does not sign, or not for Canton',
  },
  'kms-throttled': { exit: 5, meaning: 'a key management service is asked too often' },
  'kms-refused': { exit: 5, meaning: 'a key management service refused a request' },
  'kms-answer': {
    exit: 5,
    meaning: 'a key management service gave an answer that is not what its protocol says',
  },

  'prepared-hash-mismatch': {
    exit: 4,
    meaning: 'a hash that goes with a prepared transaction is not the one of its bytes',
  },
  'state-invalid': {
    exit: 4,
    meaning: 'the topology state holds a signature that does not verify',
  },
  'signatures-missing': { exit: 6, meaning: 'a signature is needed and the file has none' },
  'signature-unverifiable': {
    exit: 6,
    meaning: 'a signature cannot be verified because the key that made it is not known',
  },
  'signer-key-unknown': {
    exit: 6,
    meaning: 'the public key of a signer is not known, so its signature cannot be checked',
  },

  'proposal-missing': {
    exit: 7,
    meaning: 'the store has no proposal of this hash, or none that fits',
  },
  'in-force-unclear': {
    exit: 7,
    meaning: 'no transaction in force fits what was asked for, or several do',
  },
  'transaction-rejected': {
    exit: 7,
    meaning: 'a Daml transaction was handed in, and the network rejected it',
  },
  'serial-taken': {
    exit: 7,
    meaning: 'another transaction of the same mapping took effect with this serial or a later one',
  },
  'synchronizer-unknown': {
    exit: 7,
    meaning: 'a participant does not have the topology of the synchronizer that is meant',
  },
  'replication-locked': { exit: 2, meaning: 'another run works in the directory of a replication' },
  'replication-plan': {
    exit: 2,
    meaning: 'what is asked for is not what the replication in the directory was begun with',
  },
  'replication-step': {
    exit: 2,
    meaning: 'a step of a replication was asked for out of its order',
  },
  'reassignment-plan': {
    exit: 2,
    meaning: 'what is asked for is not what the record of a reassignment has',
  },
  'reassignment-record-invalid': {
    exit: 3,
    meaning: 'the record of a reassignment is damaged or was edited',
  },
  'reassignment-not-connected': {
    exit: 8,
    meaning: 'a participant is not connected to both synchronizers of a reassignment',
  },
  'replication-state-invalid': {
    exit: 3,
    meaning: 'the state file of a replication is damaged or was edited',
  },
  'replication-package': { exit: 3, meaning: 'a package holds something else than the proposal' },
  'replication-file': {
    exit: 4,
    meaning: 'a file with contracts is not the one that was exported',
  },
  'replication-waiting': {
    exit: 6,
    meaning: 'a replication goes on when somebody has signed, confirmed or waited',
  },
  'replication-outcome': {
    exit: 6,
    meaning: 'an import was begun and it is not known how it ended',
  },
  'replication-node': {
    exit: 8,
    meaning: 'a participant is not the one that the replication is between',
  },
  'replication-hosting': {
    exit: 8,
    meaning: 'the party is not hosted in the way that the next step of a replication needs',
  },
  'replication-unvetted': { exit: 8, meaning: 'the target has not vetted packages that it needs' },
  'replication-order': {
    exit: 8,
    meaning: 'a participant is not in the state that the order of a replication demands',
  },

  'connection-failed': { exit: 7, meaning: 'no connection to an API came about, or it broke' },
  'proxy-failed': { exit: 7, meaning: 'the proxy gave no connection' },
  'tls-failed': {
    exit: 7,
    meaning: 'the other side is not who it should be, or does not accept this one',
  },
  'deadline-exceeded': { exit: 7, meaning: 'an answer did not come in time' },
  'response-malformed': { exit: 7, meaning: 'an answer of a participant cannot be read' },
  'response-too-large': { exit: 7, meaning: 'an answer exceeds the message limit' },
  'outcome-unknown': {
    exit: 7,
    meaning:
      'a call that changes something got no answer that can be read: it may have taken effect or not',
  },
  'ledger-unauthenticated': {
    exit: 7,
    meaning: 'the participant takes no call without a valid token',
  },
  'ledger-forbidden': { exit: 7, meaning: 'the token does not allow the call' },
  'ledger-unsupported': { exit: 7, meaning: 'the participant does not have the call' },
  'ledger-busy': { exit: 7, meaning: 'the participant cannot take the call now' },
  'ledger-refused': { exit: 7, meaning: 'the participant refused, with an error code of Canton' },
  'ledger-redacted': {
    exit: 7,
    meaning:
      'the participant refused and does not say why: authorization, signature or a fault of its own',
  },
  'ledger-failed': { exit: 7, meaning: 'the participant failed without an error code of Canton' },

  'key-unneeded': { exit: 8, meaning: 'no requirement of the transaction asks for this key' },
  'key-already-signed': { exit: 8, meaning: 'this key has signed already' },
  'combined-root-delegation': {
    exit: 8,
    meaning: 'a combined signature would be carried by root delegations of other owners only',
  },
  'prepared-refused': {
    exit: 8,
    meaning: 'a prepared transaction has a defect for which it is not signed',
  },
  'party-not-acting': { exit: 8, meaning: 'a party that is named does not act' },
  'danger-not-accepted': {
    exit: 8,
    meaning: 'the transaction carries a grave danger that was not accepted by name',
  },
  'expectation-mismatch': {
    exit: 8,
    meaning: 'what is to be signed differs from what was agreed beforehand',
  },
  'policy-refused': { exit: 8, meaning: 'the policy does not allow what is to be signed' },
  declined: { exit: 8, meaning: 'the person did not confirm' },

  interrupted: { exit: 130, meaning: 'stopped from outside' },
} as const satisfies Record<string, { readonly exit: ExitStatus; readonly meaning: string }>

export type ErrorCode = keyof typeof ERROR_CODES | FindingCode

/**
 * The exit status that an error with this code leads to. A finding that stops a command is 3, but
 * a signature that is sound in form and does not verify is 4.
 */
export function exitStatusOf(code: ErrorCode): ExitStatus {
  if (code === 'signature-invalid') return ExitStatus.unverified
  return code in ERROR_CODES
    ? ERROR_CODES[code as keyof typeof ERROR_CODES].exit
    : ExitStatus.malformed
}
