/** The air-gapped program `cantosign`. */
import { start } from './start.ts'

await start(
  'cantosign',
  import.meta.url,
  async () => (await import('./commands/table.ts')).COMMANDS,
)
