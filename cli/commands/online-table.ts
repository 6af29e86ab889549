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
    examples: ['info --profile bank'],
    prints: true,
    load: () => import('../online/info.ts'),
  },
  {
    words: ['proposals'],
    describe: 'list what waits for signatures, and for whose',
    positionals: [],
    options: PROPOSALS_OPTIONS,
    examples: ['proposals --profile bank --mine 1220…'],
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
    examples: [
      'fetch 1220… --profile bank -o change.cantosign.json',
      'fetch --in-force --party alice::1220… --mapping party-to-participant --profile bank -o party.cert',
    ],
    load: () => import('../online/fetch.ts'),
  },
  {
    words: ['submit'],
    describe: 'verify a package, hand it in and read it back',
    positionals: [{ name: 'package', describe: 'a signing package' }],
    options: SUBMIT_OPTIONS,
    examples: ['submit signed.cantosign.json --profile bank --wait'],
    makesNoFile: true,
    load: () => import('../online/submit.ts'),
  },
  {
    words: ['watch'],
    describe: 'follow a package until it is in force or overtaken',
    positionals: [{ name: 'package', describe: 'a signing package' }],
    options: WATCH_OPTIONS,
    examples: ['watch signed.cantosign.json --profile bank'],
    prints: true,
    load: () => import('../online/watch.ts'),
  },
  {
    words: ['reassign'],
    describe: 'move contracts of a party from one synchronizer to another',
    positionals: [{ name: 'contracts', variadic: true, optional: true, describe: 'contract ids' }],
    options: REASSIGN_OPTIONS,
    examples: [
      'reassign 00ab… --party alice::1220… --from one::1220… --to two::1220… --record FILE --profile bank',
    ],
    makesNoFile: true,
    load: () => import('../online/reassign.ts'),
  },
  {
    words: ['replicate'],
    describe: 'give a party one more host with its contracts, step by step',
    positionals: [],
    options: REPLICATE_OPTIONS,
    examples: [
      'replicate -d alice --party alice::1220… --source one --target two --permission observation',
      'replicate -d alice --signed signed.cantosign.json',
    ],
    makesNoFile: true,
    load: () => import('../online/replicate.ts'),
  },
  SANDBOX_COMMAND,
  {
    words: ['state', 'export'],
    describe: 'write topology state for use without a network',
    positionals: [],
    options: STATE_EXPORT_OPTIONS,
    examples: ['state export --party alice::1220… --profile bank -o state.bin'],
    load: () => import('../online/state-export.ts'),
  },
  {
    words: ['party', 'generate'],
    describe: 'have a participant propose the topology of a new external party, and check it',
    positionals: [],
    options: PARTY_GENERATE_OPTIONS,
    examples: [
      'party generate --hint alice --public-key alice.pub.der --profile bank -o alice.cantosign.json',
    ],
    load: () => import('../online/party-generate.ts'),
  },
  {
    words: ['party', 'allocate'],
    describe: 'allocate an external party with a signed package',
    positionals: [{ name: 'package', describe: 'a signing package' }],
    options: PARTY_ALLOCATE_OPTIONS,
    examples: ['party allocate signed.cantosign.json --profile bank --wait'],
    makesNoFile: true,
    load: () => import('../online/party-allocate.ts'),
  },
  {
    words: ['transaction', 'prepare'],
    describe: 'have a Daml transaction prepared, and check that it is what was asked for',
    positionals: [{ name: 'command', describe: 'one command in JSON, as the Ledger API takes it' }],
    options: TRANSACTION_PREPARE_OPTIONS,
    examples: [
      'transaction prepare command.json --act-as alice::1220… --profile bank -o pay.cantosign.json',
    ],
    load: () => import('../online/transaction-prepare.ts'),
  },
  {
    words: ['transaction', 'execute'],
    describe: 'hand in a signed Daml transaction',
    positionals: [{ name: 'package', describe: 'a signing package with Daml transactions' }],
    options: TRANSACTION_EXECUTE_OPTIONS,
    examples: ['transaction execute signed.cantosign.json --profile bank --wait'],
    makesNoFile: true,
    load: () => import('../online/transaction-execute.ts'),
  },
]
