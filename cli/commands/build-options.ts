/** The options of `build`, and which kind takes which: help, completion and the command read this. */
import type { OptionSpec } from '../command.ts'
import { limitOption } from './limits.ts'

/** What can be built from options alone; everything else is said in a spec. */
export const BUILD_KINDS = [
  'root-delegation',
  'delegation',
  'revoke',
  'decentralized-namespace',
  'external-party',
  'hosting',
  'signing-keys',
  'owner-to-key',
  'party-to-key',
] as const
export type BuildKind = (typeof BUILD_KINDS)[number]

/** `spec` stands for `build -f`. */
export type BuildForm = BuildKind | 'spec'

interface BuildOption extends OptionSpec {
  readonly forms: readonly BuildForm[]
}

const keyFile = { value: 'FILE', path: true } as const

const OPTIONS: readonly BuildOption[] = [
  {
    name: 'file',
    alias: 'f',
    kind: 'string',
    ...keyFile,
    describe: 'build what the spec in FILE says',
    forms: ['spec'],
  },
  {
    name: 'previous',
    kind: 'strings',
    ...keyFile,
    describe: 'the transaction in force that is to be changed or removed',
    forms: [
      'spec',
      'delegation',
      'revoke',
      'decentralized-namespace',
      'hosting',
      'signing-keys',
      'owner-to-key',
    ],
  },
  {
    name: 'namespace-key',
    kind: 'string',
    ...keyFile,
    describe: 'public key whose fingerprint is the namespace',
    forms: ['root-delegation', 'delegation', 'revoke', 'external-party'],
  },
  {
    name: 'namespace',
    kind: 'string',
    value: 'FINGERPRINT',
    describe: 'the namespace, where its key is not at hand or there is none',
    forms: ['delegation', 'external-party'],
  },
  {
    name: 'target-key',
    kind: 'string',
    ...keyFile,
    describe: 'public key that shall act for the namespace',
    forms: ['delegation'],
  },
  {
    name: 'restriction',
    kind: 'strings',
    value: 'WHAT',
    describe: 'what the target may sign: all, all-but-namespace-delegations, or mappings by name',
    forms: ['delegation'],
  },
  {
    name: 'owner',
    kind: 'strings',
    value: 'FINGERPRINT',
    describe: 'namespace of an owner of a new decentralized namespace',
    forms: ['decentralized-namespace'],
  },
  {
    name: 'add-owner',
    kind: 'strings',
    value: 'FINGERPRINT',
    describe: 'namespace of an owner to add',
    forms: ['decentralized-namespace'],
  },
  {
    name: 'remove-owner',
    kind: 'strings',
    value: 'FINGERPRINT',
    describe: 'namespace of an owner to remove',
    forms: ['decentralized-namespace'],
  },
  {
    name: 'threshold',
    kind: 'string',
    value: 'N',
    describe: 'how many owners sign, or how many hosts confirm',
    forms: ['decentralized-namespace', 'external-party', 'hosting'],
  },
  {
    name: 'party',
    kind: 'string',
    value: 'NAME',
    describe: 'name of a new party before ::, for party-to-key the whole party id',
    forms: ['external-party', 'party-to-key'],
  },
  {
    name: 'signing-key',
    kind: 'strings',
    ...keyFile,
    describe: 'public key that signs for the party (owner-to-key: protocol and authentication)',
    forms: ['external-party', 'party-to-key', 'owner-to-key'],
  },
  {
    name: 'signing-threshold',
    kind: 'string',
    value: 'N',
    describe: 'how many keys of the party sign a Daml transaction',
    forms: ['external-party', 'party-to-key', 'signing-keys'],
  },
  {
    name: 'host',
    kind: 'strings',
    value: 'UID=PERMISSION',
    describe: 'participant that hosts the new party, with confirmation or observation',
    forms: ['external-party'],
  },
  {
    name: 'add-host',
    kind: 'strings',
    value: 'UID=PERMISSION',
    describe: 'participant to add as a host',
    forms: ['hosting'],
  },
  {
    name: 'remove-host',
    kind: 'strings',
    value: 'UID',
    describe: 'host to remove',
    forms: ['hosting'],
  },
  {
    name: 'permission',
    kind: 'strings',
    value: 'UID=PERMISSION',
    describe: 'new permission of a host',
    forms: ['hosting'],
  },
  {
    name: 'onboarding',
    kind: 'strings',
    value: 'UID',
    describe: 'mark a host as not having imported the contracts yet',
    forms: ['hosting'],
  },
  {
    name: 'onboarded',
    kind: 'strings',
    value: 'UID',
    describe: 'take that mark from a host',
    forms: ['hosting'],
  },
  {
    name: 'add-key',
    kind: 'strings',
    ...keyFile,
    describe: 'public key to add to those of the party',
    forms: ['signing-keys'],
  },
  {
    name: 'remove-key',
    kind: 'strings',
    value: 'FINGERPRINT',
    describe: 'key to remove',
    forms: ['signing-keys', 'owner-to-key'],
  },
  {
    name: 'drop-namespace-key',
    kind: 'flag',
    describe: 'allow removing the key by which the party authorizes itself',
    forms: ['signing-keys'],
  },
  {
    name: 'member',
    kind: 'string',
    value: 'MEMBER',
    describe: 'PAR::…, MED::… or SEQ::… whose keys these are',
    forms: ['owner-to-key'],
  },
  {
    name: 'protocol-key',
    kind: 'strings',
    ...keyFile,
    describe: 'public key of the member for protocol messages',
    forms: ['owner-to-key'],
  },
  {
    name: 'authentication-key',
    kind: 'strings',
    ...keyFile,
    describe: 'public key with which the member authenticates at sequencers',
    forms: ['owner-to-key'],
  },
  {
    name: 'encryption-key',
    kind: 'strings',
    ...keyFile,
    describe: 'encryption key of the member (DER SubjectPublicKeyInfo)',
    forms: ['owner-to-key'],
  },
  {
    name: 'allow-submission',
    kind: 'flag',
    describe: 'allow the permission submission for a party with keys of its own',
    forms: ['spec', 'external-party', 'hosting'],
  },
  {
    name: 'for-release',
    kind: 'string',
    value: 'LINE',
    choices: ['3.3', '3.4', '3.5'],
    describe: 'the oldest release line that has to understand it (3.5)',
    forms: ['spec', 'external-party', 'hosting'],
  },
]

/** Facts for the package that go with every kind. */
const PACKAGE_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'state',
    kind: 'strings',
    ...keyFile,
    describe: 'put the signed transactions and keys of FILE into the package, for who has to judge',
  },
  {
    name: 'synchronizer',
    kind: 'string',
    value: 'ID',
    describe: 'synchronizer that the package is meant for (signatures do not bind it)',
  },
  {
    name: 'requested-by',
    kind: 'string',
    value: 'TEXT',
    describe: 'who asks for the signatures',
  },
  { name: 'reason', kind: 'string', value: 'TEXT', describe: 'why, for whoever signs' },
  {
    name: 'valid-until',
    kind: 'string',
    value: 'TEXT',
    describe: 'until when it should be signed; nothing enforces it',
  },
  {
    name: 'proposal',
    kind: 'string',
    value: 'BOOL',
    choices: ['true', 'false'],
    describe: 'the proposal flag (false for delegations, true otherwise)',
  },
]

export const BUILD_OPTIONS: readonly OptionSpec[] = [...OPTIONS, ...PACKAGE_OPTIONS, limitOption]

/** The options that this form does not take. */
export function foreignOptions(form: BuildForm): readonly OptionSpec[] {
  return OPTIONS.filter(({ forms }) => !forms.includes(form))
}
