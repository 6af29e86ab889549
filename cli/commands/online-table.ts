/** Every command of the online half, as data. */
import type { CommandSpec } from '../command.ts'
import { ANY_CONNECTION } from '../online/connection-options.ts'
import {
  PARTY_ALLOCATE_OPTIONS,
  PARTY_GENERATE_OPTIONS,
  TRANSACTION_EXECUTE_OPTIONS,
  TRANSACTION_PREPARE_OPTIONS,
} from '../online/party-options.ts'
import { REASSIGN_OPTIONS } from '../online/reassign-options.ts'
import { REPLICATE_OPTIONS } from '../online/replicate-options.ts'
import { connectedRow } from '../online/connected-row.ts'
import { SANDBOX_COMMAND } from '../online/sandbox-options.ts'
import {
  FETCH_OPTIONS,
  PROPOSALS_OPTIONS,
  STATE_EXPORT_OPTIONS,
  SUBMIT_OPTIONS,
  WATCH_OPTIONS,
} from '../online/topology-options.ts'
import { COMMANDS } from './table.ts'

export const ONLINE_COMMANDS: readonly CommandSpec[] = [
  ...COMMANDS.map(connectedRow),
  {
    words: ['info'],
    describe: 'say who a participant is and what the token may do there',
    positionals: [],
    options: ANY_CONNECTION,
    prints: true,
    load: () => import('../online/info.ts'),
  },
  {
    words: ['proposals'],
    describe: 'list what waits for signatures, and for whose',
    positionals: [],
    options: PROPOSALS_OPTIONS,
    prints: true,
    load: () => import('../online/proposals.ts'),
  },
  {
    words: ['fetch'],
    describe: 'write a package from proposals, with the state that a signer needs',
    positionals: [
      {
        name: 'hashes',
        variadic: true,
        optional: true,
        describe: 'transaction hashes, as proposals lists them',
      },
    ],
    options: FETCH_OPTIONS,
    load: () => import('../online/fetch.ts'),
  },
  {
    words: ['submit'],
    describe: 'verify a package, hand it in and read it back',
    positionals: [{ name: 'package', describe: 'a signing package' }],
    options: SUBMIT_OPTIONS,
    makesNoFile: true,
    load: () => import('../online/submit.ts'),
  },
  {
    words: ['watch'],
    describe: 'follow a package until it is in force or overtaken',
    positionals: [{ name: 'package', describe: 'a signing package' }],
    options: WATCH_OPTIONS,
    prints: true,
    load: () => import('../online/watch.ts'),
  },
  {
    words: ['reassign'],
    describe: 'move contracts of a party from one synchronizer to another',
    positionals: [{ name: 'contracts', variadic: true, optional: true, describe: 'contract ids' }],
    options: REASSIGN_OPTIONS,
    makesNoFile: true,
    load: () => import('../online/reassign.ts'),
  },
  {
    words: ['replicate'],
    describe: 'give a party one more host with its contracts, step by step',
    positionals: [],
    options: REPLICATE_OPTIONS,
    makesNoFile: true,
    load: () => import('../online/replicate.ts'),
  },
  SANDBOX_COMMAND,
  {
    words: ['state', 'export'],
    describe: 'write topology state for use without a network',
    positionals: [],
    options: STATE_EXPORT_OPTIONS,
    load: () => import('../online/state-export.ts'),
  },
  {
    words: ['party', 'generate'],
    describe: 'have a participant propose the topology of a new external party, and check it',
    positionals: [],
    options: PARTY_GENERATE_OPTIONS,
    load: () => import('../online/party-generate.ts'),
  },
  {
    words: ['party', 'allocate'],
    describe: 'allocate an external party with a signed package',
    positionals: [{ name: 'package', describe: 'a signing package' }],
    options: PARTY_ALLOCATE_OPTIONS,
    makesNoFile: true,
    load: () => import('../online/party-allocate.ts'),
  },
  {
    words: ['transaction', 'prepare'],
    describe: 'have a Daml transaction prepared, and check that it is what was asked for',
    positionals: [{ name: 'command', describe: 'one command in JSON, as the Ledger API takes it' }],
    options: TRANSACTION_PREPARE_OPTIONS,
    load: () => import('../online/transaction-prepare.ts'),
  },
  {
    words: ['transaction', 'execute'],
    describe: 'hand in a signed Daml transaction',
    positionals: [{ name: 'package', describe: 'a signing package with Daml transactions' }],
    options: TRANSACTION_EXECUTE_OPTIONS,
    makesNoFile: true,
    load: () => import('../online/transaction-execute.ts'),
  },
]
