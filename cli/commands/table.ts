/** Every command of the air-gapped half, as data: help, parsing and completion read this table. */
import type { CommandSpec, OptionSpec } from '../command.ts'
import { limitOption } from './limits.ts'
import { AUDIT_LOG_OPTION, AUDIT_VERIFY_COMMAND } from './audit-options.ts'
import { BUILD_KINDS, BUILD_OPTIONS, foreignOptions } from './build-options.ts'
import { EXPORT_FORMATS } from './export-formats.ts'
import { KINDS } from './kinds.ts'
import { SIGNER_OPTIONS } from './signer-options.ts'
import { partyOption, transactionCommands } from './transaction-options.ts'

const passphrase: readonly OptionSpec[] = [
  {
    name: 'passphrase-file',
    kind: 'string',
    value: 'FILE',
    path: true,
    describe: 'read the passphrase of the key from FILE',
  },
  {
    name: 'passphrase-fd',
    kind: 'string',
    value: 'N',
    describe: 'read the passphrase of the key from file descriptor N',
  },
]

const newPassphrase: readonly OptionSpec[] = [
  {
    name: 'new-passphrase-file',
    kind: 'string',
    value: 'FILE',
    path: true,
    describe: 'read the passphrase of the new file from FILE',
  },
  {
    name: 'new-passphrase-fd',
    kind: 'string',
    value: 'N',
    describe: 'read the passphrase of the new file from file descriptor N',
  },
]

const noEncrypt: OptionSpec = {
  name: 'no-encrypt',
  kind: 'flag',
  describe: 'write the private key without encryption',
}

const key: OptionSpec = {
  name: 'key',
  kind: 'string',
  value: 'KEY',
  path: true,
  describe: 'the key: a file, pkcs11:…, exec:… or ssh-agent:…',
}

const acceptMountPermissions: OptionSpec = {
  name: 'accept-mount-permissions',
  kind: 'flag',
  describe: 'take a key from a file system that keeps no permissions',
}

const state: OptionSpec = {
  name: 'state',
  kind: 'strings',
  value: 'FILE',
  path: true,
  describe:
    'state and keys beside the file: signed transactions, a snapshot, a package, a public key; they prove who may sign and what is in force',
}

export const COMMANDS: readonly CommandSpec[] = [
  {
    words: ['inspect'],
    describe: 'tell what a file is and what it says',
    positionals: [
      { name: 'files', variadic: true, describe: 'transactions, snapshots, hashes, keys' },
    ],
    options: [
      {
        name: 'type',
        kind: 'string',
        value: 'KIND',
        choices: KINDS,
        describe: 'refuse a file that is of another kind',
      },
      {
        name: 'ndjson',
        kind: 'flag',
        describe: 'print one transaction a line as JSON, nothing else',
      },
      limitOption,
    ],
    examples: [
      'inspect party.cantosign.json',
      'inspect 01-party-to-participant.cert state.bin --json',
    ],
    prints: true,
    load: () => import('./inspect.ts'),
  },
  {
    words: ['hash'],
    describe: 'print the recomputed hash of a transaction, or of each in a package',
    positionals: [{ name: 'files', variadic: true, describe: 'transaction files' }],
    options: [
      { name: 'multi', kind: 'flag', describe: 'print the combined hash of all the files' },
      limitOption,
    ],
    examples: ['hash party.cantosign.json', 'hash --multi first.prep second.prep'],
    prints: true,
    load: () => import('./hash.ts'),
  },
  {
    words: ['sign'],
    describe: 'show what a transaction authorizes and sign it',
    positionals: [
      { name: 'file', describe: 'a signing package, a transaction, or with --blind a bare hash' },
    ],
    options: [
      key,
      {
        name: 'transaction',
        kind: 'strings',
        value: 'HASH',
        describe: 'sign only this transaction of the package',
      },
      {
        name: 'combined',
        kind: 'flag',
        describe: 'make one signature over all transactions that are signed together',
      },
      { name: 'detached', kind: 'flag', describe: 'write the bare signature bytes' },
      state,
      {
        name: 'expect',
        kind: 'string',
        value: 'SPEC',
        path: true,
        describe: 'refuse unless every field is as this spec says',
      },
      {
        name: 'policy',
        kind: 'string',
        value: 'FILE',
        path: true,
        describe: 'let this policy decide, without a question',
      },
      {
        name: 'blind',
        kind: 'flag',
        describe: 'sign a bare 34-byte hash without seeing what it stands for',
      },
      {
        name: 'proposal',
        kind: 'string',
        value: 'BOOL',
        choices: ['true', 'false'],
        describe: 'the proposal flag of the signed transaction',
      },
      {
        name: 'accept-finding',
        kind: 'strings',
        value: 'CODE',
        describe: 'sign although the transaction has this finding',
      },
      {
        name: 'accept-danger',
        kind: 'strings',
        value: 'CODE',
        describe: 'sign although the transaction has this grave danger',
      },
      partyOption,
      { name: 'allow-unneeded', kind: 'flag', describe: 'sign with a key that nothing asks for' },
      {
        name: 'fast',
        kind: 'flag',
        describe: 'of many signatures let the second implementation check a sample, not all',
      },
      AUDIT_LOG_OPTION,
      acceptMountPermissions,
      ...SIGNER_OPTIONS,
      ...passphrase,
      limitOption,
    ],
    examples: [
      'sign party.cantosign.json --key alice.der -o signed.cantosign.json',
      'sign party.cantosign.json --key alice.der --expect agreed.yaml -o signed.cantosign.json',
      'sign party.cantosign.json --key alice.der --policy policy.yaml --audit-log log -o out.cantosign.json',
    ],
    load: () => import('./sign.ts'),
  },
  {
    words: ['attach'],
    describe: 'add a signature that was made elsewhere to a package',
    positionals: [{ name: 'package', describe: 'a signing package' }],
    options: [
      {
        name: 'signature',
        kind: 'string',
        value: 'FILE',
        path: true,
        describe: 'the signature bytes: 64 for Ed25519, DER for ECDSA',
      },
      {
        name: 'signed-by',
        kind: 'string',
        value: 'FINGERPRINT',
        describe: 'the fingerprint of the key that signed',
      },
      {
        name: 'transaction',
        kind: 'strings',
        value: 'HASH',
        describe: 'the transaction that was signed, or with --combined one of those covered',
      },
      {
        name: 'combined',
        kind: 'flag',
        describe: 'the signature is over the combined hash of the transactions',
      },
      {
        name: 'public-key',
        kind: 'strings',
        value: 'FILE',
        path: true,
        describe: 'the public key, where the package does not hold it',
      },
      partyOption,
      { name: 'allow-unneeded', kind: 'flag', describe: 'take a signature that nothing asks for' },
      {
        name: 'accept-danger',
        kind: 'strings',
        value: 'CODE',
        describe: 'take it although it freezes a root delegation: root-foreign-signature',
      },
      state,
      limitOption,
    ],
    examples: [
      'attach party.cantosign.json --signature hsm.sig --signed-by 1220… -o signed.cantosign.json',
    ],
    load: () => import('./attach.ts'),
  },
  {
    words: ['combine'],
    describe: 'merge copies of one package into one with the signatures of all',
    positionals: [{ name: 'packages', variadic: true, describe: 'copies of one signing package' }],
    options: [state, limitOption],
    examples: ['combine from-alice.cantosign.json from-bob.cantosign.json -o all.cantosign.json'],
    load: () => import('./combine.ts'),
  },
  {
    words: ['verify'],
    describe: 'verify every signature and say who has signed and who is missing',
    positionals: [
      { name: 'file', describe: 'a signing package, a transaction, a list or a snapshot' },
    ],
    options: [
      {
        name: 'signatures-only',
        kind: 'flag',
        describe: 'verify signatures, decide nothing about authorization',
      },
      {
        name: 'strict',
        kind: 'flag',
        describe: 'judge a snapshot without the relaxations with which nodes take one in',
      },
      {
        name: 'trust',
        kind: 'strings',
        value: 'FINGERPRINT',
        describe: 'a namespace that you know: what rests on any other is called unknown',
      },
      state,
      limitOption,
    ],
    examples: [
      'verify signed.cantosign.json',
      'verify 01-party-to-participant.cert --state network.snapshot --trust 1220…',
    ],
    prints: true,
    load: () => import('./verify.ts'),
  },
  {
    words: ['export'],
    describe: 'write the files that Canton takes',
    positionals: [{ name: 'file', describe: 'a signing package or a transaction file' }],
    options: [
      {
        name: 'format',
        kind: 'string',
        value: 'FORMAT',
        choices: EXPORT_FORMATS,
        describe: 'what to write',
      },
      {
        name: 'directory',
        alias: 'd',
        kind: 'string',
        value: 'DIR',
        path: true,
        describe: 'where to write',
      },
      {
        name: 'proposal',
        kind: 'string',
        value: 'BOOL',
        choices: ['true', 'false'],
        describe: 'the proposal flag (by default false only where nothing is missing)',
      },
      {
        name: 'store',
        kind: 'string',
        value: 'STORE',
        describe: 'where the transactions go: a synchronizer id, or authorized',
      },
      {
        name: 'node',
        kind: 'string',
        value: 'NAME',
        describe: 'name of the node in the console (participant1)',
      },
      {
        name: 'accept-finding',
        kind: 'strings',
        value: 'CODE',
        describe: 'hand on a transaction although it has this finding',
      },
      {
        name: 'allow-unverifiable',
        kind: 'flag',
        describe: 'hand on signatures whose key is not known',
      },
      state,
      limitOption,
    ],
    examples: [
      'export signed.cantosign.json --format console -d out',
      'export party.cantosign.json --format hash -d to-sign',
    ],
    load: () => import('./export.ts'),
  },
  {
    words: ['build'],
    describe: 'build topology transactions as a signing package',
    positionals: [
      { name: 'kind', optional: true, choices: BUILD_KINDS, describe: 'what to build, without -f' },
    ],
    options: BUILD_OPTIONS,
    foreignTo: (choice) => foreignOptions(BUILD_KINDS.find((kind) => kind === choice) ?? 'spec'),
    examples: [
      'build root-delegation --namespace-key root.pub.der -o namespace.cantosign.json',
      'build hosting --previous party.cert --add-host node2::1220…=observation -o change.cantosign.json',
      'build -f spec.yaml -o change.cantosign.json',
    ],
    load: () => import('./build.ts'),
  },
  {
    words: ['key', 'generate'],
    describe: 'make a key',
    positionals: [],
    options: [
      {
        name: 'key',
        kind: 'string',
        value: 'URI',
        describe: 'make it on a token: pkcs11:token=LABEL;object=LABEL?module-path=FILE',
      },
      {
        name: 'key-spec',
        kind: 'string',
        value: 'SPEC',
        choices: ['ed25519', 'p256', 'p384', 'secp256k1'],
        describe: 'the kind of key',
      },
      {
        name: 'to',
        kind: 'string',
        value: 'FORM',
        choices: ['pkcs8-der', 'pkcs8-pem'],
        describe: 'the form of the file (pkcs8-der)',
      },
      {
        name: 'kdf',
        kind: 'string',
        value: 'KDF',
        choices: ['pbkdf2', 'scrypt'],
        describe: 'how the passphrase becomes a key (pbkdf2)',
      },
      noEncrypt,
      ...passphrase,
      ...newPassphrase,
    ],
    examples: ['key generate --key-spec ed25519 -o root.der'],
    load: () => import('./key-generate.ts'),
  },
  {
    words: ['key', 'show'],
    describe: 'say what a key is and what to do with it',
    positionals: [{ name: 'file', optional: true, describe: 'any key file' }],
    options: [key, ...SIGNER_OPTIONS, ...passphrase],
    examples: [
      'key show root.der',
      "key show --key 'pkcs11:token=LABEL;object=LABEL?module-path=/usr/lib/module.so'",
    ],
    prints: true,
    load: () => import('./key-show.ts'),
  },
  {
    words: ['key', 'list'],
    describe: 'show the keys on a token or in an agent, each with its URI',
    positionals: [{ name: 'uri', describe: 'pkcs11:?module-path=FILE, or ssh-agent:' }],
    options: [...SIGNER_OPTIONS.filter(({ name }) => name === 'timeout'), ...passphrase],
    examples: [
      "key list 'pkcs11:?module-path=/usr/lib/softhsm/libsofthsm2.so'",
      'key list ssh-agent:',
    ],
    prints: true,
    load: () => import('./key-list.ts'),
  },
  {
    words: ['key', 'convert'],
    describe: 'write a key in another form',
    positionals: [{ name: 'file', describe: 'any key file' }],
    options: [
      {
        name: 'to',
        kind: 'string',
        value: 'FORM',
        choices: ['pkcs8-der', 'pkcs8-pem', 'spki-der', 'spki-pem', 'raw', 'canton'],
        describe: 'the form to write',
      },
      {
        name: 'kdf',
        kind: 'string',
        value: 'KDF',
        choices: ['pbkdf2', 'scrypt'],
        describe: 'how the new passphrase becomes a key (pbkdf2)',
      },
      {
        name: 'usage',
        kind: 'strings',
        value: 'USAGE',
        choices: ['namespace', 'protocol', 'proof-of-ownership', 'sequencer-authentication'],
        describe: 'usages to write into --to canton',
      },
      noEncrypt,
      ...passphrase,
      ...newPassphrase,
    ],
    examples: ['key convert root.der --to spki-der -o root.pub.der'],
    load: () => import('./key-convert.ts'),
  },
  ...transactionCommands([
    AUDIT_LOG_OPTION,
    key,
    acceptMountPermissions,
    ...SIGNER_OPTIONS,
    ...passphrase,
  ]),
  {
    words: ['namespace', 'decentralized'],
    describe: 'compute the namespace that owners hash to',
    positionals: [],
    options: [
      { name: 'owner', kind: 'strings', value: 'FINGERPRINT', describe: 'namespace of an owner' },
    ],
    examples: ['namespace decentralized --owner 1220… --owner 1220…'],
    prints: true,
    load: () => import('./namespace-decentralized.ts'),
  },
  {
    words: ['doctor'],
    describe: 'say whether this machine is fit for an offline ceremony',
    positionals: [],
    options: [
      {
        name: 'expect-sha256',
        kind: 'string',
        value: 'HEX',
        describe: 'the SHA-256 that this program must have',
      },
    ],
    examples: ['doctor', 'doctor --expect-sha256 HEX'],
    prints: true,
    load: () => import('./doctor.ts'),
  },
  AUDIT_VERIFY_COMMAND,
  {
    words: ['completion'],
    describe: 'print the completion script of a shell',
    positionals: [{ name: 'shell', choices: ['bash', 'zsh', 'fish'], describe: 'the shell' }],
    options: [],
    examples: ['completion bash'],
    prints: true,
    load: () => import('./completion.ts'),
  },
]
