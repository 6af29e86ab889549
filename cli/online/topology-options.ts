/** Options of commands that work on a topology store. */
import type { OptionSpec } from '../command.ts'
import { limitOption } from '../commands/limits.ts'
import { ADMIN_CONNECTION, ANY_CONNECTION } from './connection-options.ts'
import { mappingSlugs } from './mapping-names.ts'

export const SYNCHRONIZER: OptionSpec = {
  name: 'synchronizer',
  kind: 'string',
  value: 'ID',
  describe: 'the synchronizer that is meant, or authorized for the own store of the node',
}

const FILTERS: readonly OptionSpec[] = [
  {
    name: 'namespace',
    kind: 'strings',
    value: 'FINGERPRINT',
    describe: 'only what belongs to this namespace',
  },
  { name: 'party', kind: 'strings', value: 'PARTY', describe: 'only what is about this party' },
  {
    name: 'mapping',
    kind: 'strings',
    value: 'KIND',
    choices: mappingSlugs(),
    describe: 'only mappings of this kind',
  },
]

export const TEXTS: readonly OptionSpec[] = [
  {
    name: 'requested-by',
    kind: 'string',
    value: 'TEXT',
    describe: 'who asks for the signatures, for people to read',
  },
  { name: 'reason', kind: 'string', value: 'TEXT', describe: 'why, for people to read' },
  {
    name: 'valid-until',
    kind: 'string',
    value: 'TEXT',
    describe: 'until when, for people to read; nothing enforces it',
  },
]

export const WAIT_TIMEOUT: OptionSpec = {
  name: 'wait-timeout',
  kind: 'string',
  value: 'SECONDS',
  describe: 'how long to wait at most',
}

/** What allocation over the Ledger API takes beside a package. */
export const ALLOCATION: readonly OptionSpec[] = [
  {
    name: 'identity-provider',
    kind: 'string',
    value: 'ID',
    describe: 'the identity provider that the party belongs to (the default one)',
  },
  {
    name: 'user-id',
    kind: 'string',
    value: 'USER',
    describe: 'the user that the call is for (that of the token)',
  },
]

export const PROPOSALS_OPTIONS: readonly OptionSpec[] = [
  SYNCHRONIZER,
  ...FILTERS,
  {
    name: 'mine',
    kind: 'strings',
    value: 'FINGERPRINT',
    describe: 'a key or namespace of yours: proposals that wait for it are marked',
  },
  ...ADMIN_CONNECTION,
]

export const FETCH_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'package',
    kind: 'string',
    value: 'FILE',
    path: true,
    describe: 'add the present state to the package in FILE, in place of fetching proposals',
  },
  {
    name: 'in-force',
    kind: 'flag',
    describe: 'fetch the transaction that is in force, for build --previous',
  },
  limitOption,
  SYNCHRONIZER,
  ...FILTERS,
  ...TEXTS,
  ...ADMIN_CONNECTION,
]

export const SUBMIT_OPTIONS: readonly OptionSpec[] = [
  { name: 'wait', kind: 'flag', describe: 'wait until the transactions are in force' },
  WAIT_TIMEOUT,
  {
    name: 'accept-finding',
    kind: 'strings',
    value: 'CODE',
    describe: 'hand on a transaction although it has this finding',
  },
  limitOption,
  ...ALLOCATION,
  SYNCHRONIZER,
  ...ANY_CONNECTION,
]

export const WATCH_OPTIONS: readonly OptionSpec[] = [
  WAIT_TIMEOUT,
  limitOption,
  SYNCHRONIZER,
  ...ADMIN_CONNECTION,
]

export const STATE_EXPORT_OPTIONS: readonly OptionSpec[] = [
  { name: 'all', kind: 'flag', describe: 'the whole store' },
  {
    name: 'history',
    kind: 'flag',
    describe: 'with --all: what is no longer in force as well',
  },
  SYNCHRONIZER,
  ...FILTERS,
  ...ADMIN_CONNECTION,
]
