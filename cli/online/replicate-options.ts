/** Options of `replicate`. */
import { STEPS } from '../../src/online/replication/state.ts'
import type { OptionSpec } from '../command.ts'
import { SYNCHRONIZER, WAIT_TIMEOUT } from './topology-options.ts'

export const REPLICATE_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'directory',
    alias: 'd',
    kind: 'string',
    value: 'DIR',
    path: true,
    describe: 'where the state, the package and the contracts of this replication are',
  },
  {
    name: 'source',
    kind: 'string',
    value: 'NAME',
    describe: 'the profile of the participant that hosts the party',
  },
  {
    name: 'target',
    kind: 'string',
    value: 'NAME',
    describe: 'the profile of the participant that is to host it',
  },
  {
    name: 'party',
    kind: 'string',
    value: 'PARTY',
    describe: 'the party (when a replication begins)',
  },
  {
    name: 'permission',
    kind: 'string',
    value: 'PERMISSION',
    choices: ['confirmation', 'observation'],
    describe: 'what the target may do for the party (when a replication begins)',
  },
  SYNCHRONIZER,
  {
    name: 'source-participant',
    kind: 'string',
    value: 'UID',
    describe: 'the id of the source, where it cannot be asked (when a replication begins)',
  },
  {
    name: 'target-participant',
    kind: 'string',
    value: 'UID',
    describe: 'the id of the target, where it cannot be asked (when a replication begins)',
  },
  {
    name: 'needs-package',
    kind: 'strings',
    value: 'ID',
    describe: 'a Daml package that the target must have vetted, in place of all of the source',
  },
  {
    name: 'signed',
    kind: 'string',
    value: 'FILE',
    path: true,
    describe: 'the package that came back from the party',
  },
  {
    name: 'backed-up',
    kind: 'flag',
    describe: 'the database of the target is backed up',
  },
  {
    name: 'imported',
    kind: 'flag',
    describe: 'an import that was interrupted has ended well, as the log of the target says',
  },
  {
    name: 'import-again',
    kind: 'flag',
    describe: 'an import that was interrupted came to nothing, as the log of the target says',
  },
  {
    name: 'step',
    kind: 'string',
    value: 'STEP',
    choices: STEPS,
    describe: 'do this step alone; refused unless it is the next',
  },
  { name: 'dry-run', kind: 'flag', describe: 'check and say what comes next; change nothing' },
  WAIT_TIMEOUT,
  {
    name: 'config',
    kind: 'string',
    value: 'FILE',
    path: true,
    describe: 'the configuration file (~/.config/cantosign/config.yaml)',
  },
  {
    name: 'timeout',
    kind: 'string',
    value: 'SECONDS',
    describe: 'how long a call may take (30)',
  },
]
