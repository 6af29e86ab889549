/** Options of the commands for external parties and their transactions. */
import type { OptionSpec } from '../command.ts'
import { limitOption } from '../commands/limits.ts'
import { LEDGER_CONNECTION } from './connection-options.ts'
import { ALLOCATION, TEXTS, WAIT_TIMEOUT } from './topology-options.ts'

const SYNCHRONIZER: OptionSpec = {
  name: 'synchronizer',
  kind: 'string',
  value: 'ID',
  describe: 'the synchronizer that is meant',
}

const USER: OptionSpec = {
  name: 'user-id',
  kind: 'string',
  value: 'USER',
  describe: 'the user that the call is for (that of the token)',
}

export const PARTY_GENERATE_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'hint',
    kind: 'string',
    value: 'NAME',
    describe: 'name of the party, before ::',
  },
  {
    name: 'public-key',
    kind: 'string',
    value: 'FILE',
    path: true,
    describe: 'the key of the party: its namespace and its signatures',
  },
  {
    name: 'observation-only',
    kind: 'flag',
    describe: 'the participant that is asked only observes',
  },
  {
    name: 'confirming',
    kind: 'strings',
    value: 'PARTICIPANT',
    describe: 'another participant that hosts the party and confirms',
  },
  {
    name: 'observing',
    kind: 'strings',
    value: 'PARTICIPANT',
    describe: 'another participant that hosts the party and observes',
  },
  {
    name: 'threshold',
    kind: 'string',
    value: 'N',
    describe: 'how many hosts confirm (all that may)',
  },
  SYNCHRONIZER,
  ...TEXTS,
  ...LEDGER_CONNECTION,
]

export const PARTY_ALLOCATE_OPTIONS: readonly OptionSpec[] = [
  { name: 'wait', kind: 'flag', describe: 'wait until the participant sees the party hosted' },
  WAIT_TIMEOUT,
  limitOption,
  ...ALLOCATION,
  SYNCHRONIZER,
  ...LEDGER_CONNECTION,
]

const HASHING_SCHEME: OptionSpec = {
  name: 'hashing-scheme',
  kind: 'string',
  value: 'SCHEME',
  choices: ['v2', 'v3'],
  describe: 'the hashing scheme to prepare for (v2)',
}

export const TRANSACTION_PREPARE_OPTIONS: readonly OptionSpec[] = [
  { name: 'act-as', kind: 'strings', value: 'PARTY', describe: 'a party that acts and signs' },
  {
    name: 'read-as',
    kind: 'strings',
    value: 'PARTY',
    describe: 'a party whose contracts are seen',
  },
  { name: 'command-id', kind: 'string', value: 'ID', describe: 'the id of the command, signed' },
  {
    name: 'disclosed-contracts',
    kind: 'string',
    value: 'FILE',
    path: true,
    describe: 'contracts that others disclosed: a JSON list as the Ledger API takes it',
  },
  {
    name: 'max-record-time',
    kind: 'string',
    value: 'TIME',
    describe: 'not to be executed later than this, as 2030-01-31T12:00:00Z',
  },
  HASHING_SCHEME,
  USER,
  SYNCHRONIZER,
  ...TEXTS,
  ...LEDGER_CONNECTION,
]

export const TRANSACTION_EXECUTE_OPTIONS: readonly OptionSpec[] = [
  { name: 'wait', kind: 'flag', describe: 'wait for the outcome' },
  WAIT_TIMEOUT,
  {
    name: 'begin-offset',
    kind: 'string',
    value: 'OFFSET',
    describe: 'look for the outcome of an earlier attempt from this offset on (0)',
  },
  {
    name: 'state',
    kind: 'strings',
    value: 'FILE',
    path: true,
    describe: 'state that says which keys the parties have, and how many have to sign',
  },
  limitOption,
  USER,
  ...LEDGER_CONNECTION,
]
