/** The audit log among the commands, as data. */
import type { CommandSpec, OptionSpec } from '../command.ts'

export const AUDIT_LOG_OPTION: OptionSpec = {
  name: 'audit-log',
  kind: 'string',
  value: 'FILE',
  path: true,
  describe: 'add what is signed or refused to FILE before anything is handed out',
}

export const AUDIT_VERIFY_COMMAND: CommandSpec = {
  words: ['audit', 'verify'],
  describe: 'verify the chain of an audit log',
  positionals: [{ name: 'file', describe: 'an audit log' }],
  options: [
    {
      name: 'head',
      kind: 'strings',
      value: 'HASH',
      describe: 'an entry that the log has to hold, by its hash',
    },
  ],
  examples: ['audit verify log', 'audit verify log --head HASH'],
  prints: true,
  load: () => import('./audit-verify.ts'),
}
