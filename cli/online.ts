/** The program `cantosign-online`: every command of the air-gapped half, so that one tool is enough. */
import { start } from './start.ts'

// What libraries use of Node.js is of no interest to who runs a command.
process.noDeprecation = true
// The vendors' packages would believe whoever answers; our own connections ask for a certificate anyway.
delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']

await start(
  'cantosign-online',
  import.meta.url,
  async () => (await import('./commands/online-table.ts')).ONLINE_COMMANDS,
  {
    connectedKeys: async () => {
      const { connectedKeys } = await import('../src/kms/index.ts')
      return connectedKeys(process.env)
    },
  },
)
