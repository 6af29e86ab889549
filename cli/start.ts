/** What both executables do first: answer `--version`, then load what the command line asks for. */
import { fileURLToPath } from 'node:url'
import type { CommandSpec } from './command.ts'
import { programHash, VERSION, type Program } from './version.ts'

/** True if the command line asks for the version: a value is never spelled like this option. */
function asksForVersion(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return argv.slice(0, end === -1 ? undefined : end).includes('--version')
}

function printVersion({ name, version, path }: Program, json: boolean): void {
  const sha256 = programHash(path)
  process.stdout.write(
    json
      ? `${JSON.stringify({ name, version, sha256 })}\n`
      : `${name} ${version}\nsha256 ${sha256}\n`,
  )
}

/**
 * @param url of the module that was started
 * @param load gives the command table; not called if the version was asked for
 * @param connected what only the program with a network has
 */
export async function start(
  name: string,
  url: string,
  load: () => Promise<readonly CommandSpec[]>,
  connected: Pick<Program, 'connectedKeys'> = {},
): Promise<void> {
  const program: Program = { name, version: VERSION, path: fileURLToPath(url), ...connected }
  const argv = process.argv.slice(2)
  if (asksForVersion(argv)) {
    printVersion(program, argv.includes('--json'))
    return
  }
  const [{ runProcess }, commands] = await Promise.all([import('./process.ts'), load()])
  await runProcess(program, commands)
}
