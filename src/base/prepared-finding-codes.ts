/**
 * Findings about prepared Daml transactions (docs/protocol/prepared-transactions.md section 4).
 * `refuse` stands among the refusals and nothing lifts it; `allow` stands among the warnings.
 */
export const PREPARED_FINDING_CODES = {
  // one form only: what a node reads in its own order or spelling has no single hash
  'unsorted-parties': { severity: 'refuse', meaning: 'a set of parties that is not in order' },
  'duplicate-party': { severity: 'refuse', meaning: 'a party twice in a set of parties' },
  'unsorted-text-map': { severity: 'refuse', meaning: 'keys of a text map that are not in order' },
  'duplicate-map-key': { severity: 'refuse', meaning: 'a key twice in a text map' },
  'unsorted-input-contracts': {
    severity: 'refuse',
    meaning: 'input contracts that are not in the order of their contract ids',
  },
  'duplicate-input-contract': { severity: 'refuse', meaning: 'an input contract listed twice' },
  'empty-record-label': { severity: 'refuse', meaning: 'a record field without a label' },
  'bad-numeric': { severity: 'refuse', meaning: 'a numeric that no node would accept' },
  'numeric-minus-zero': {
    severity: 'refuse',
    meaning: 'a numeric of minus zero, which a node hashes as zero',
  },
  'bad-contract-id': {
    severity: 'refuse',
    meaning: 'a contract id that is not lower-case hex of a known version and length',
  },
  'bad-node-id': {
    severity: 'refuse',
    meaning: 'a node id that is not a plain decimal number up to 2147483647',
  },
  'uuid-not-canonical': {
    severity: 'refuse',
    meaning: 'a transaction uuid that is not 36 characters of lower-case hex and hyphens',
  },
  'bad-seed': { severity: 'refuse', meaning: 'a node seed that is not 32 bytes' },
  'bad-key-hash': { severity: 'refuse', meaning: 'a contract key hash that is not 32 bytes' },
  'time-out-of-range': {
    severity: 'refuse',
    meaning: 'a time or date outside the years 1 to 9999',
  },
  'time-bound-unlimited': {
    severity: 'refuse',
    meaning: 'a ledger time bound at the end of the range, which a node reads as absent',
  },
  'time-bounds-inverted': {
    severity: 'refuse',
    meaning: 'an earliest ledger time after the latest',
  },
  'mediator-group-out-of-range': {
    severity: 'refuse',
    meaning: 'a mediator group above 2147483647',
  },

  'missing-value': {
    severity: 'refuse',
    meaning: 'a Daml value is missing where there must be one; nothing can be hashed',
  },
  'missing-content': {
    severity: 'refuse',
    meaning: 'a node or input contract without content; nothing can be hashed',
  },

  // the tree
  'no-root': { severity: 'refuse', meaning: 'a transaction without a root node' },
  'several-roots': {
    severity: 'refuse',
    meaning: 'more than one root node, which is never confirmed',
  },
  'root-kind': { severity: 'refuse', meaning: 'a root node that is neither create nor exercise' },
  'duplicate-node': { severity: 'refuse', meaning: 'two nodes with one node id' },
  'missing-node': { severity: 'refuse', meaning: 'a root or child that is not among the nodes' },
  'node-cycle': { severity: 'refuse', meaning: 'a node that is its own descendant' },
  'node-shared': { severity: 'refuse', meaning: 'a node reached more than once' },
  'unreachable-node': {
    severity: 'refuse',
    meaning: 'a node that no root reaches; the hash does not cover it',
  },
  'duplicate-seed': { severity: 'refuse', meaning: 'two seeds for one node' },
  'missing-seed': { severity: 'refuse', meaning: 'an exercise node without its seed' },
  'create-without-seed': {
    severity: 'refuse',
    meaning: 'a create node without its seed, which can be hashed and which nodes refuse',
  },
  'superfluous-seed': {
    severity: 'refuse',
    meaning: 'a seed for no create or exercise node; the hash does not cover it',
  },

  // versions and the hashing scheme
  'unknown-lf-version': {
    severity: 'refuse',
    meaning: 'a Daml-LF version this tool does not know',
  },
  'lf-version-not-in-scheme': {
    severity: 'refuse',
    meaning: 'a Daml-LF version newer than the hashing scheme allows',
  },
  'lf-version-above-transaction': {
    severity: 'refuse',
    meaning: 'a node with a newer Daml-LF version than its transaction',
  },
  'key-not-in-lf-version': {
    severity: 'refuse',
    meaning: 'a contract key on a node whose Daml-LF version has none',
  },
  'query-not-in-scheme': {
    severity: 'refuse',
    meaning: 'a query by key, which the hashing scheme cannot encode',
  },
  'key-not-signed': {
    severity: 'refuse',
    meaning: 'a contract key that the hashing scheme leaves out',
  },
  'by-key-not-signed': {
    severity: 'refuse',
    meaning: 'a by_key flag that the hashing scheme leaves out',
  },
  'external-call-not-signed': {
    severity: 'refuse',
    meaning: 'results of external calls that the hashing scheme leaves out',
  },
  'global-key-mapping-not-signed': {
    severity: 'refuse',
    meaning: 'a global key mapping: deprecated, always empty, in no hash',
  },
  'max-record-time-not-signed': {
    severity: 'allow',
    meaning: 'a max_record_time that the hashing scheme leaves out: it is no expiry',
  },
  'event-blob-not-signed': {
    severity: 'allow',
    meaning: 'event blobs of input contracts, which no hash covers',
  },
  'synchronizer-id-form': {
    severity: 'allow',
    meaning: 'a synchronizer id in the form of a protocol version without this hashing scheme',
  },
  'mediator-group-not-zero': {
    severity: 'allow',
    meaning: 'a mediator group other than 0, which participants do not write',
  },

  // contracts and authority
  'duplicate-contract': { severity: 'refuse', meaning: 'two nodes that create one contract id' },
  'created-contract-is-input': {
    severity: 'refuse',
    meaning: 'a create node with the contract id of an input contract',
  },
  'created-contract-suffix': {
    severity: 'refuse',
    meaning: 'a create node whose contract id has a suffix already',
  },
  'input-contract-without-suffix': {
    severity: 'refuse',
    meaning: 'an input contract whose contract id has no suffix',
  },
  'input-contract-missing': {
    severity: 'refuse',
    meaning: 'a used contract that is neither an input contract nor created before',
  },
  'input-contract-unused': { severity: 'refuse', meaning: 'an input contract that no node uses' },
  'contract-used-before-creation': {
    severity: 'refuse',
    meaning: 'a contract used before the node that creates it',
  },
  'contract-differs': {
    severity: 'refuse',
    meaning: 'a node that describes a contract otherwise than its creation does',
  },
  'root-authority': {
    severity: 'refuse',
    meaning: 'a root node that needs the authority of a party outside act_as',
  },
  'act-as-unneeded': {
    severity: 'allow',
    meaning: 'a party in act_as whose authority the root node does not need',
  },

  // other than asked for
  'other-root-kind': { severity: 'refuse', meaning: 'another kind of root node than asked for' },
  'other-template': { severity: 'refuse', meaning: 'another template than asked for' },
  'other-package': { severity: 'refuse', meaning: 'another package than asked for' },
  'other-contract': { severity: 'refuse', meaning: 'another contract than asked for' },
  'other-interface': { severity: 'refuse', meaning: 'another interface than asked for' },
  'other-choice': { severity: 'refuse', meaning: 'another choice than asked for' },
  'other-argument': { severity: 'refuse', meaning: 'another argument than asked for' },
  'other-key': { severity: 'refuse', meaning: 'another contract key than asked for' },
  'other-act-as': { severity: 'refuse', meaning: 'other acting parties than asked for' },
  'other-command-id': { severity: 'refuse', meaning: 'another command id than asked for' },
  'other-synchronizer': { severity: 'refuse', meaning: 'another synchronizer than asked for' },
} as const
