/** Options of `reassign`. */
import type { OptionSpec } from '../command.ts'
import { LEDGER_CONNECTION } from './connection-options.ts'

export const REASSIGN_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'party',
    kind: 'string',
    value: 'PARTY',
    describe: 'in whose name: a stakeholder of the contracts (when a reassignment begins)',
  },
  {
    name: 'from',
    kind: 'string',
    value: 'SYNCHRONIZER',
    describe: 'the synchronizer that the contracts are on (when a reassignment begins)',
  },
  {
    name: 'to',
    kind: 'string',
    value: 'SYNCHRONIZER',
    describe: 'the synchronizer that they go to (when a reassignment begins)',
  },
  {
    name: 'record',
    kind: 'string',
    value: 'FILE',
    path: true,
    describe: 'keeps how far it is; given again, it goes on from there',
  },
  {
    name: 'user-id',
    kind: 'string',
    value: 'USER',
    describe: 'the user of the Ledger API, where the token does not say it',
  },
  ...LEDGER_CONNECTION,
]
