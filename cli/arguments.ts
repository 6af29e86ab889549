/**
 * Any command line, read by yargs from the command table and held to it strictly: help, mistakes, and
 * spellings that plain-arguments.ts leaves to it.
 */
import yargs, { type Argv } from 'yargs'
import { CantosignError } from '../src/base/errors.ts'
import { CommandArguments, type CommandCall } from './command-arguments.ts'
import { GLOBAL_OPTIONS, pattern, type CommandSpec, type OptionSpec } from './command.ts'
import { helpText } from './present/help.ts'

export type ParsedCommandLine =
  ({ readonly $case: 'run' } & CommandCall) | { readonly $case: 'help'; readonly text: string }

/** A mistake on the command line; `hint` says what to type. */
function usage(message: string, hint: string): CantosignError {
  return new CantosignError('usage', message, hint)
}

function declare(parser: Argv, options: readonly OptionSpec[]): Argv {
  let result = parser
  for (const option of options) {
    result = result.option(option.name, {
      describe: option.describe,
      ...(option.alias === undefined ? {} : { alias: option.alias }),
      ...(option.choices === undefined ? {} : { choices: option.choices }),
      ...(option.kind === 'flag'
        ? { type: 'boolean' as const }
        : { type: 'string' as const, requiresArg: true }),
    })
  }
  return result
}

function checkValues(
  options: readonly OptionSpec[],
  values: Readonly<Record<string, unknown>>,
): void {
  for (const option of options) {
    const value = values[option.name]
    if (Array.isArray(value) && option.kind !== 'strings') {
      throw usage(
        `--${option.name} is given more than once`,
        'give it once: which of two values was meant cannot be guessed',
      )
    }
    for (const text of Array.isArray(value) ? value : [value]) {
      if (text === '') {
        throw usage(`--${option.name} has an empty value`, `give --${option.name} a value`)
      }
    }
  }
}

const optionsOf = (commands: readonly CommandSpec[]): readonly OptionSpec[] => [
  ...GLOBAL_OPTIONS,
  ...commands.flatMap(({ options }) => options),
]

/**
 * The first option that no command has: yargs takes the word behind it for its value, and then
 * complains about what is missing.
 */
function unknownOption(
  commands: readonly CommandSpec[],
  argv: readonly string[],
): string | undefined {
  const known = new Set(['--help', '--version'])
  for (const { name } of optionsOf(commands)) known.add(`--${name}`)
  const end = argv.indexOf('--')
  return argv
    .slice(0, end === -1 ? undefined : end)
    .map((word) => word.replace(/=.*$/s, ''))
    .find((word) => word.startsWith('--') && !known.has(word))
}

/**
 * The words for yargs, which would take a word behind a flag for its value (`true`, `false`), read
 * any other value of a flag as false, and pass over a lone dash and all that stands behind `--`.
 * @throws CantosignError `usage` for a flag with a value, an option without the one it needs, and
 * for `-` where a file is meant
 */
function wordsForYargs(
  commands: readonly CommandSpec[],
  argv: readonly string[],
): readonly string[] {
  const options = optionsOf(commands)
  const isFlag = (name: string): boolean =>
    options.some((one) => one.name === name && one.kind === 'flag') &&
    options.every((one) => one.name !== name || one.kind === 'flag')
  const takesValue = (word: string | undefined): boolean =>
    options.some(
      ({ name, alias, kind }) =>
        kind !== 'flag' && (word === `--${name}` || (alias !== undefined && word === `-${alias}`)),
    )
  const end = argv.indexOf('--')
  const last = argv[end - 1]
  if (end !== -1 && takesValue(last)) {
    throw usage(`${last} has no value`, `give ${last} a value before the --`)
  }
  return argv.flatMap((word, i) => {
    const behind = end !== -1 && i >= end
    if (word === '-' && (behind || !takesValue(argv[i - 1]))) {
      throw usage('- is no file: standard input is not read', 'name a file')
    }
    // The same file under a name that is no option.
    if (behind) return i === end ? [] : [word.startsWith('-') ? `./${word}` : word]
    const [, name, value] = /^--([a-z0-9-]+)(=.*)?$/s.exec(word) ?? []
    if (name === undefined || !isFlag(name)) return word
    if (value !== undefined) {
      throw usage(`--${name} takes no value`, `write --${name}, or leave it out`)
    }
    return `${word}=true`
  })
}

/** The words of a line that are no options; values of options may be among them. */
const plainWords = (argv: readonly string[]): readonly string[] =>
  argv.filter((word) => !word.startsWith('-'))

/** The words of the command that a line names, the first one of several, or none. */
function namedWords(commands: readonly CommandSpec[], argv: readonly string[]): readonly string[] {
  const [first = '', second] = plainWords(argv)
  const group = commands.filter(({ words }) => words[0] === first)
  const found = group.find(({ words }) => words[1] === undefined || words[1] === second)
  return found?.words ?? group[0]?.words.slice(0, 1) ?? []
}

function helpOf(name: string, commands: readonly CommandSpec[], argv: readonly string[]): string {
  const named = namedWords(commands, argv)
  return helpText(name, commands, named, plainWords(argv)[named.length])
}

const oneOf = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`

/** A mistake that yargs found, in the words of the command line. */
function mistakeText(
  commands: readonly CommandSpec[],
  named: readonly string[],
  error: unknown,
): string {
  const text = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').trim()
  const command = commands.find(({ words }) => words.join() === named.join())
  if (command !== undefined && /^Not enough non-option arguments/.test(text)) {
    const before = named.slice(0, -1).map((word) => `${word} `)
    return `${before.join('')}${pattern(command).replace(' ', ' needs ')}`
  }
  const [, unknown] = /^Unknown (?:argument|command)s?: ([^,]+)/.exec(text) ?? []
  if (unknown !== undefined) {
    return command === undefined
      ? `there is no command ${[...named, unknown].join(' ')}`
      : `${named.join(' ')} does not take ${unknown}`
  }
  const [, option = ''] = /^Not enough arguments following: (\S+)/.exec(text) ?? []
  if (option !== '') return `${option.length === 1 ? '-' : '--'}${option} has no value`
  const [, argument = '', given = ''] =
    /^Invalid values: Argument: (\S+), Given: "(.*)", Choices: /.exec(text) ?? []
  const choices = (options: readonly { name: string; choices?: readonly string[] }[]) =>
    options.find(({ name }) => name === argument)?.choices?.join(', ')
  const ofOption = choices(command?.options ?? [])
  if (ofOption !== undefined) return `--${argument} ${given} is none of ${ofOption}`
  const ofPositional = choices(command?.positionals ?? [])
  if (ofPositional !== undefined) return `${given} is none of ${ofPositional}`
  return text.charAt(0).toLowerCase() + text.slice(1)
}

/**
 * Reads a command line against the command table.
 * @throws CantosignError `usage`
 */
export async function parseCommandLine(
  name: string,
  version: string,
  commands: readonly CommandSpec[],
  argv: readonly string[],
): Promise<ParsedCommandLine> {
  if (argv[0] === 'help') {
    return { $case: 'help', text: helpOf(name, commands, argv.slice(1)) }
  }
  const words = wordsForYargs(commands, argv)
  let chosen: { command: CommandSpec; values: Readonly<Record<string, unknown>> } | undefined
  const parser = yargs([])
    .scriptName(name)
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'duplicate-arguments-array': true,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'short-option-groups': false,
    })
    .version(version)
    .help()
    .exitProcess(false)
    .showHelpOnFail(false)
    .strict()
    .demandCommand(1, 'no command is given')
  const all = declare(parser, GLOBAL_OPTIONS)

  const groups = new Map<string, CommandSpec[]>()
  for (const command of commands) {
    const first = command.words[0] ?? ''
    groups.set(first, [...(groups.get(first) ?? []), command])
  }
  const add = (to: Argv, command: CommandSpec): Argv =>
    to.command(
      pattern(command),
      command.describe,
      (builder) => {
        let result = declare(builder, command.options)
        for (const positional of command.positionals) {
          result = result.positional(positional.name, {
            describe: positional.describe,
            type: 'string',
            ...(positional.choices === undefined ? {} : { choices: positional.choices }),
          })
        }
        return result
      },
      (values) => {
        chosen = { command, values }
      },
    )
  for (const [first, members] of groups) {
    const only = members[0]
    if (only !== undefined && members.length === 1 && only.words.length === 1) add(all, only)
    else {
      all.command(first, first, (builder) => {
        const words = members.map(({ words: [, second = ''] }) => second)
        let result = builder.demandCommand(1, `${first} needs one more word: ${oneOf(words)}`)
        for (const member of members) result = add(result, member)
        return result
      })
    }
  }

  const named = namedWords(commands, argv)
  // With a callback, yargs hands some mistakes to it and throws others.
  let mistake: unknown
  try {
    await all.parseAsync([...words], {}, (error: unknown) => {
      mistake = error
    })
    if (mistake instanceof Error) throw mistake
  } catch (error) {
    if (error instanceof CantosignError) throw error
    const hint = `see ${[name, ...named, '--help'].join(' ')}`
    const unknown = unknownOption(commands, argv)
    if (unknown !== undefined) throw usage(`there is no option ${unknown}`, hint)
    throw usage(mistakeText(commands, named, error), hint)
  }
  if (chosen === undefined) return { $case: 'help', text: helpOf(name, commands, argv) }
  const { command, values } = chosen
  checkValues([...GLOBAL_OPTIONS, ...command.options], values)
  return { $case: 'run', command, args: new CommandArguments(values) }
}
