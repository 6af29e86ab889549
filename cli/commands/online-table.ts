/** Every command of the online half, as data. */
import type { CommandSpec } from '../command.ts'
import { ANY_CONNECTION } from '../online/connection-options.ts'
import { COMMANDS } from './table.ts'

export const ONLINE_COMMANDS: readonly CommandSpec[] = [
  ...COMMANDS,
  {
    words: ['info'],
    describe: 'say who a participant is and what the token may do there',
    positionals: [],
    options: ANY_CONNECTION,
    prints: true,
    load: () => import('../online/info.ts'),
  },
]
