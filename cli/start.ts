/**
 * What both executables do first: answer `--version`, then load what the command line asks for. The program
 * file holds this and nothing that a part shares, so that it can speak when parts are missing.
 */
import { fileURLToPath } from 'node:url'
import type { CommandSpec } from './command.ts'
import { programIntegrity, VERSION, type Program } from './version.ts'

/** Put into the program file by scripts/build.mjs, which makes the parts. */
declare const CANTOSIGN_PARTS: Readonly<Record<string, string>>

/** True if the command line asks for the version: a value is never spelled like this option. */
function asksForVersion(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return argv.slice(0, end === -1 ? undefined : end).includes('--version')
}

function fail(name: string, json: boolean, message: string): void {
  const code = 'program-altered'
  const hint = 'do not use it: get the program again from its publisher, with all its files'
  process.exitCode = 1
  if (json) {
    process.stdout.write(`${JSON.stringify({ error: { code, message, hint, details: {} } })}\n`)
  } else {
    process.stderr.write(`${name}: error: ${message} [${code}]\n${name}: hint: ${hint}\n`)
  }
}

/** The version, and a SHA-256 that stands for the whole program once its parts were compared. */
function printVersion({ name, version, integrity }: Program, json: boolean): void {
  const { sha256, altered } = integrity()
  const [part] = altered
  if (part !== undefined) fail(name, json, `${part} is missing or is not the part this program has`)
  else if (json) {
    process.stdout.write(`${JSON.stringify({ name, version, sha256 })}\n`)
  } else process.stdout.write(`${name} ${version}\nsha256 ${sha256}\n`)
}

/**
 * @param url of the module that was started
 * @param load gives the command table; not called if the version was asked for
 */
export async function start(
  name: string,
  url: string,
  load: () => Promise<readonly CommandSpec[]>,
): Promise<void> {
  const path = fileURLToPath(url)
  const program: Program = {
    name,
    version: VERSION,
    path,
    integrity: () => programIntegrity({ path, parts: CANTOSIGN_PARTS }),
  }
  const argv = process.argv.slice(2)
  const json = argv.includes('--json')
  if (asksForVersion(argv)) {
    printVersion(program, json)
    return
  }
  let run: () => Promise<void>
  try {
    const [{ runProcess }, commands] = await Promise.all([import('./process.ts'), load()])
    run = () => runProcess(program, commands)
  } catch {
    fail(name, json, 'a part of the program is missing or damaged')
    return
  }
  await run()
}
