/**
 * Plain command lines, read without a library: a command, then its arguments and options in full.
 * Nearly every call is one, and loading yargs takes longer than signing. Whatever is spelled in
 * another way, or may be a mistake, is left to yargs; a property test holds the two to one answer.
 */
import { CommandArguments, type CommandCall } from './command-arguments.ts'
import { GLOBAL_OPTIONS, type CommandSpec, type OptionSpec } from './command.ts'

type Values = Record<string, true | string | string[]>

/** The command that the first words name, one word or two. */
function commandOf(
  commands: readonly CommandSpec[],
  argv: readonly string[],
): CommandSpec | undefined {
  return commands.find(({ words }) => words.every((word, i) => argv[i] === word))
}

interface Spelled {
  readonly option: OptionSpec
  /** What stands behind an equals sign. */
  readonly value: string | undefined
}

/** `--name`, `--name=value` or `-n`. */
function spelled(options: readonly OptionSpec[], token: string): Spelled | undefined {
  const [, long, value] = /^--([a-z0-9-]+)(?:=(.*))?$/s.exec(token) ?? []
  const option = options.find(({ name, alias }) =>
    long === undefined ? alias !== undefined && token === `-${alias}` : name === long,
  )
  return option === undefined ? undefined : { option, value }
}

/** Not a value, or not one that every reader takes as it is: yargs takes quotes away. */
function isDoubtful(value: string | undefined): boolean {
  return value === undefined || value === '' || /^['"]|^-./s.test(value)
}

/** False if the value does not fit the option. */
function add(values: Values, { name, kind, choices }: OptionSpec, value: string): boolean {
  if (choices !== undefined && !choices.includes(value)) return false
  const before = values[name]
  if (kind === 'strings') {
    if (Array.isArray(before)) before.push(value)
    else values[name] = [value]
    return true
  }
  if (before !== undefined) return false
  values[name] = value
  return true
}

/** False if the number of arguments or one of them does not fit. */
function addPositionals(
  values: Values,
  { positionals }: CommandSpec,
  given: readonly string[],
): boolean {
  let used = 0
  for (const { name, variadic, optional, choices } of positionals) {
    const own = given.slice(used, variadic ? undefined : used + 1)
    used += own.length
    const [first] = own
    if (first === undefined) {
      if (optional) continue
      return false
    }
    if (choices !== undefined && own.some((value) => !choices.includes(value))) return false
    values[name] = variadic ? [...own] : first
  }
  return used === given.length
}

/** The call that a plain command line makes, or `undefined` for any other line. */
export function readPlainCommandLine(
  commands: readonly CommandSpec[],
  argv: readonly string[],
): CommandCall | undefined {
  const command = commandOf(commands, argv)
  if (command === undefined) return undefined
  const options = [...GLOBAL_OPTIONS, ...command.options]
  const values: Values = {}
  const given: string[] = []
  for (let i = command.words.length; i < argv.length; i++) {
    const token = argv[i]
    // A lone dash is a value and no argument.
    if (token === undefined || token === '-' || isDoubtful(token)) {
      const found = spelled(options, token ?? '')
      if (found === undefined) return undefined
      const { option } = found
      if (option.kind === 'flag') {
        if (found.value !== undefined) return undefined
        values[option.name] = true
        continue
      }
      const value = found.value ?? argv[++i]
      if (value === undefined || isDoubtful(value) || !add(values, option, value)) return undefined
    } else given.push(token)
  }
  if (!addPositionals(values, command, given)) return undefined
  return { command, args: new CommandArguments(values) }
}
