/** Options of keys that are no files, as rows of the command table. */
import type { OptionSpec } from '../command.ts'

/** Beside `--key` and the passphrase options, wherever something is signed. */
export const SIGNER_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'public-key',
    kind: 'string',
    value: 'FILE',
    path: true,
    describe: 'the public key that --key has to have; exec: needs it',
  },
  {
    name: 'timeout',
    kind: 'string',
    value: 'SECONDS',
    describe: 'how long exec: and ssh-agent: may take for an answer (60)',
  },
  {
    name: 'command-takes',
    kind: 'string',
    value: 'WHAT',
    choices: ['message', 'digest'],
    describe: 'what the command of exec: is given for an EC key (message)',
  },
  {
    name: 'command-gives',
    kind: 'string',
    value: 'FORM',
    choices: ['der', 'concat'],
    describe: 'how the command of exec: answers for an EC key (der)',
  },
]
