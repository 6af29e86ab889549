/** `completion`: the completion script of a shell, made from the command table. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import type { CommandRun } from '../command.ts'
import { bashCompletion } from '../present/completion-bash.ts'
import { fishCompletion } from '../present/completion-fish.ts'
import { zshCompletion } from '../present/completion-zsh.ts'

const SCRIPTS = { bash: bashCompletion, fish: fishCompletion, zsh: zshCompletion }

// eslint-disable-next-line @typescript-eslint/require-await -- a command is asynchronous by its type
export const run: CommandRun = async (args, io, commands) => {
  const shell = args.positional('shell') as keyof typeof SCRIPTS
  const script = SCRIPTS[shell](io.program.name, commands)
  io.stdout.write(args.json ? `${JSON.stringify({ shell, script })}\n` : script)
  return ExitStatus.done
}
