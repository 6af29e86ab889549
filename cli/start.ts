/** What both executables do first: answer `--version`, then load the rest. */
import { fileURLToPath } from 'node:url'
import type { CommandSpec } from './command.ts'
import { asksForVersion, versionText } from './version.ts'

/**
 * @param url of the module that was started
 * @param load gives the command table; called unless the version was asked for
 */
export async function start(
  name: string,
  url: string,
  load: () => Promise<readonly CommandSpec[]>,
): Promise<void> {
  const path = fileURLToPath(url)
  const argv = process.argv.slice(2)
  if (asksForVersion(argv)) {
    process.stdout.write(versionText(name, path, argv.includes('--json')))
    return
  }
  const [{ runProcess }, commands] = await Promise.all([import('./process.ts'), load()])
  await runProcess(name, path, commands)
}
